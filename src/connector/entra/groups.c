/* Reading groups. A flag decides whether a group can be managed at all, so every flag is asked for by name, and one
 * that does not come back is unknown, which counts against the group (domain/catalog.h). */
#include "connector/entra/groups.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/bindable.h"
#include "connector/entra/odata.h"
#include "connector/entra/transport.h"

#define SELECT                                                                                                         \
	"$select=id,displayName,description,groupTypes,securityEnabled,mailEnabled,onPremisesSyncEnabled,"                 \
	"isAssignableToRole,"                                                                                              \
	"isManagementRestricted,membershipRule,membershipRuleProcessingState,resourceProvisioningOptions,visibility"
#define SEARCH_MAX CONNECTOR_SEARCH_MAX
#define SEARCH_PAGES_MAX 20 /* of one list: a page may be short, or empty, and the list go on */
#define DELETED_PAGES_MAX 5

static enum known known_of(const json_t *object, const char *name, enum known when_null)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_null(value))
		return when_null;
	if (!json_is_boolean(value))
		return KNOWN_NOT;
	return json_is_true(value) ? KNOWN_TRUE : KNOWN_FALSE;
}

static enum known types_have(const json_t *object, const char *type)
{
	const json_t *types = json_object_get(object, "groupTypes");
	if (!json_is_array(types))
		return KNOWN_NOT;
	for (size_t i = 0; i < json_array_size(types); i++) {
		const char *name = json_string_value(json_array_get(types, i));
		if (name == NULL)
			return KNOWN_NOT;
		if (text_equal_fold(name, type))
			return KNOWN_TRUE;
	}
	return KNOWN_FALSE;
}

static enum known visibility_is_hidden(const json_t *object)
{
	const json_t *value = json_object_get(object, "visibility");
	if (json_is_null(value))
		return KNOWN_FALSE;
	const char *name = json_string_value(value);
	if (name == NULL)
		return KNOWN_NOT;
	return text_equal_fold(name, "HiddenMembership") ? KNOWN_TRUE : KNOWN_FALSE;
}

enum result entra_group_facts_read(const json_t *object, struct arena *arena, struct group_facts *ret_facts)
{
	struct group_facts facts = {
	    .dynamic = types_have(object, "DynamicMembership"),
	    .unified = types_have(object, "Unified"),
	    .on_premises = known_of(object, "onPremisesSyncEnabled", KNOWN_FALSE),
	    .role_assignable = known_of(object, "isAssignableToRole", KNOWN_FALSE),
	    .management_restricted = known_of(object, "isManagementRestricted", KNOWN_FALSE),
	    .mail_enabled = known_of(object, "mailEnabled", KNOWN_NOT),
	    .security_enabled = known_of(object, "securityEnabled", KNOWN_NOT),
	    .hidden_membership = visibility_is_hidden(object),
	};
	enum result result = json_copy_string(object, "id", arena, &facts.group_id);
	if (result == RESULT_OK)
		result = json_copy_string(object, "displayName", arena, &facts.display_name);
	if (result == RESULT_OK)
		result = json_copy_string(object, "description", arena, &facts.description);
	if (result != RESULT_OK)
		return result;
	if (facts.group_id == NULL || !text_is_uuid(facts.group_id))
		return RESULT_INVALID;
	*ret_facts = facts;
	return RESULT_OK;
}

char *entra_group_path(struct arena *arena, const char *group_id)
{
	return arena_printf(arena, "/groups/%s?" SELECT, group_id);
}

char *entra_group_nickname_path(struct arena *arena, const char *nickname)
{
	struct text path = TEXT_INIT(2048);
	text_append(&path, "/groups?" SELECT "&$top=2&$filter=mailNickname%20eq%20");
	odata_append_literal(&path, nickname);
	char *copy = text_failed(&path) ? NULL : arena_strdup(arena, path.data);
	text_done(&path);
	return copy;
}

static enum result bad_group(enum result result, struct error *error)
{
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
	                 "Microsoft Graph answered with something else than the group.");
}

/* Among the deleted groups, by the list: where an item cannot be read by its id. Best effort: a refusal means "no". */
static void deleted_list_ask(struct graph_session *session, const char *const *ids, size_t count, bool *deleted)
{
	struct odata_walk walk;
	odata_walk_init(&walk, &session->place, DELETED_PAGES_MAX);
	struct graph_request request = {.method = GRAPH_GET,
	                                .path = "/directory/deletedItems/microsoft.graph.group?$select=id&$top=999"};
	for (size_t left = 1; left > 0;) {
		_cleanup_(graph_answer_done) struct graph_answer answer = {0};
		if (graph_perform(session, &request, &answer, NULL) != RESULT_OK)
			break;
		left = 0;
		for (size_t i = 0; i < count; i++) {
			deleted[i] = deleted[i] || odata_page_lists(answer.body, ids[i]);
			left += deleted[i] ? 0 : 1;
		}
		const char *url = NULL;
		if (left == 0 || odata_walk_next(&walk, answer.body, session->arena, &url, NULL) != RESULT_OK || url == NULL)
			break;
		request = (struct graph_request){.method = GRAPH_GET, .url = url};
	}
	odata_walk_done(&walk);
}

static bool deleted_item_is(const struct graph_answer *answer, enum result result, const char *group_id)
{
	const char *id = result == RESULT_OK ? json_string_value(json_object_get(answer->body, "id")) : NULL;
	return id != NULL && text_equal_fold(id, group_id);
}

/* At most GRAPH_AT_ONCE_MAX; the same best effort. */
static void deleted_items_ask(struct graph_session *session, const char *const *ids, size_t count, bool *deleted)
{
	struct graph_request *requests = arena_array(session->arena, count, sizeof(*requests));
	struct graph_answer *answers = arena_array(session->arena, count, sizeof(*answers));
	enum result *results = arena_array(session->arena, count, sizeof(*results));
	struct error *errors = arena_array(session->arena, count, sizeof(*errors));
	if (requests == NULL || answers == NULL || results == NULL || errors == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		requests[i].method = GRAPH_GET;
		requests[i].path = arena_printf(session->arena, "/directory/deletedItems/%s", ids[i]);
		if (requests[i].path == NULL)
			return;
	}
	if (graph_perform_all(session, requests, count, answers, results, errors) != RESULT_OK)
		return;
	for (size_t i = 0; i < count; i++) {
		deleted[i] = deleted_item_is(&answers[i], results[i], ids[i]);
		graph_answer_done(&answers[i]);
	}
}

void entra_groups_find_deleted(struct graph_session *session, const char *const *ids, size_t count, bool *ret_deleted)
{
	bool all = true;
	memset(ret_deleted, 0, count * sizeof(*ret_deleted));
	for (size_t start = 0; start < count; start += GRAPH_AT_ONCE_MAX) {
		size_t block = count - start < GRAPH_AT_ONCE_MAX ? count - start : GRAPH_AT_ONCE_MAX;
		deleted_items_ask(session, ids + start, block, ret_deleted + start);
	}
	for (size_t i = 0; i < count; i++)
		all = all && ret_deleted[i];
	if (!all)
		deleted_list_ask(session, ids, count, ret_deleted);
}

enum result entra_group_missing_fill(bool deleted, struct error *error)
{
	struct error before = error != NULL ? *error : (struct error){0};
	if (deleted)
		error_set(error, RESULT_NOT_FOUND, "group_deleted",
		          "The group was deleted; Entra still keeps it among its deleted groups.");
	else
		error_set(error, RESULT_NOT_FOUND, "group_missing", "No group in the directory has that object id.");
	if (error != NULL) {
		error->retry_after_ms = -1;
		error->http_status = before.http_status;
		memcpy(error->remote_code, before.remote_code, sizeof(error->remote_code));
		memcpy(error->request_id, before.request_id, sizeof(error->request_id));
		memcpy(error->client_request_id, before.client_request_id, sizeof(error->client_request_id));
	}
	return RESULT_NOT_FOUND;
}

enum result entra_group_explain_missing(struct graph_session *session, const char *group_id, struct error *error)
{
	bool deleted;
	entra_groups_find_deleted(session, &group_id, 1, &deleted);
	return entra_group_missing_fill(deleted, error);
}

enum result entra_group_fetch(struct graph_session *session, const char *group_id, struct group_facts *ret_facts,
                              struct error *error)
{
	if (!text_is_uuid(group_id))
		return error_set(error, RESULT_NOT_FOUND, "group_missing", "The id of the group is not an object id.");
	const char *path = entra_group_path(session->arena, group_id);
	if (path == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct graph_request request = {.method = GRAPH_GET, .path = path};
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result = graph_perform(session, &request, &answer, error);
	if (graph_fault_is_missing(answer.status, &answer.fault))
		return entra_group_explain_missing(session, group_id, error);
	if (result == RESULT_NOT_FOUND)
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer.status, error);
	if (result != RESULT_OK)
		return result;
	struct group_facts facts;
	result = entra_group_facts_read(answer.body, session->arena, &facts);
	if (result != RESULT_OK || !text_equal_fold(facts.group_id, group_id))
		return bad_group(result, error);
	*ret_facts = facts;
	return RESULT_OK;
}

void entra_group_check_fill(const struct group_facts *facts, bool allowed, struct connector_group_check *ret_check)
{
	*ret_check = (struct connector_group_check){.facts = *facts};
	ret_check->code = group_facts_code(facts, &ret_check->manageable);
	if (!allowed) {
		ret_check->code = "group_not_allowed";
		ret_check->manageable = false;
	}
}

enum result entra_read_group(const struct connector_environment *environment, const struct connector_target *target,
                             const char *group_id, struct arena *arena, struct connector_group_check *ret_group,
                             struct error *error)
{
	struct graph_session session;
	enum result result = graph_session_init(environment, target, arena, &session, error);
	if (result != RESULT_OK)
		return result;
	struct group_facts facts;
	bool allowed;
	result = entra_group_fetch(&session, group_id, &facts, error);
	if (result == RESULT_OK)
		result = bindable_check(&session, &facts, &allowed, error);
	if (result == RESULT_OK)
		entra_group_check_fill(&facts, allowed, ret_group);
	return result;
}

struct found_groups {
	struct group_facts facts[SEARCH_MAX];
	size_t count;
	size_t most; /* that are wanted */
};

static char *path_take(struct text *path, struct arena *arena)
{
	char *copy = text_failed(path) ? NULL : arena_strdup(arena, path->data);
	text_done(path);
	return copy;
}

/* Groups whose name begins so; all, if nothing is searched for. */
static char *beginning_path(struct arena *arena, const char *search, size_t most)
{
	struct text path = TEXT_INIT(16 * 1024);
	text_printf(&path, "/groups?%s&$top=%zu", SELECT, most);
	if (!text_is_empty(search)) {
		text_append(&path, "&$filter=startswith(displayName,");
		odata_append_literal(&path, search);
		text_append_char(&path, ')');
	}
	return path_take(&path, arena);
}

/* Groups that have these words anywhere in their name. */
static char *words_path(struct arena *arena, const char *search, size_t most)
{
	struct text path = TEXT_INIT(16 * 1024);
	text_printf(&path, "/groups?%s&$top=%zu&$count=true&$search=%%22displayName%%3A", SELECT, most);
	for (const char *at = search; *at != '\0'; at++) {
		const char one[2] = {*at, '\0'};
		if (*at == '"' || *at == '\\')
			text_append(&path, "%5C");
		text_append_percent(&path, one);
	}
	text_append(&path, "%22");
	return path_take(&path, arena);
}

/* Fills `allowed` for groups whose facts are known. */
static enum result judge_all(struct graph_session *session, const struct group_facts *facts, size_t count,
                             bool *allowed, struct error *error)
{
	const char *rule = session->environment->bindable_groups;
	const char *ids[SEARCH_MAX];
	for (size_t i = 0; i < count; i++) {
		ids[i] = facts[i].group_id;
		allowed[i] = bindable_judge(rule, facts[i].group_id, facts[i].display_name) == BINDABLE_YES;
	}
	if (!bindable_is_owned_mode(rule))
		return RESULT_OK;
	return bindable_find_owned(session, ids, count, allowed, error);
}

static bool is_found(const struct found_groups *found, const char *group_id)
{
	for (size_t i = 0; i < found->count; i++)
		if (text_equal_fold(found->facts[i].group_id, group_id))
			return true;
	return false;
}

static enum result list_read(const json_t *list, struct arena *arena, struct found_groups *found, struct error *error)
{
	if (!json_is_array(list))
		return bad_group(RESULT_PROTOCOL, error);
	for (size_t i = 0; i < json_array_size(list) && found->count < found->most; i++) {
		struct group_facts *facts = &found->facts[found->count];
		enum result result = entra_group_facts_read(json_array_get(list, i), arena, facts);
		if (result != RESULT_OK)
			return bad_group(result, error);
		if (!is_found(found, facts->group_id))
			found->count++;
	}
	return RESULT_OK;
}

/* One page. *ret_url is where the list goes on; NULL at its end, or if nothing more is wanted. */
static enum result page_ask(struct graph_session *session, struct odata_walk *walk, const struct graph_request *request,
                            struct found_groups *found, const char **ret_url, struct error *error)
{
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result = graph_perform(session, request, &answer, error);
	if (result == RESULT_OK)
		result = list_read(json_object_get(answer.body, "value"), session->arena, found, error);
	if (result != RESULT_OK || found->count == found->most)
		return result;
	return odata_walk_next(walk, answer.body, session->arena, ret_url, error);
}

/* Until as many are found as are wanted. The header is not part of the link that leads on: it is sent with each page.
 */
static enum result list_ask(struct graph_session *session, const char *path, bool eventual, struct found_groups *found,
                            struct error *error)
{
	if (path == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	struct odata_walk walk;
	odata_walk_init(&walk, &session->place, SEARCH_PAGES_MAX + 1);
	struct graph_request request = {.method = GRAPH_GET, .path = path, .eventual = eventual};
	enum result result = RESULT_OK;
	for (size_t page = 0; page < SEARCH_PAGES_MAX; page++) {
		const char *url = NULL;
		result = page_ask(session, &walk, &request, found, &url, error);
		if (result != RESULT_OK || url == NULL)
			break;
		request = (struct graph_request){.method = GRAPH_GET, .url = url, .eventual = eventual};
	}
	odata_walk_done(&walk);
	return result;
}

/* Those that begin so come first, from the directory itself. Graph's index may add others; where it cannot be asked,
 * the first are the answer. */
static enum result names_search(struct graph_session *session, const char *search, struct found_groups *found,
                                struct error *error)
{
	enum result result = list_ask(session, beginning_path(session->arena, search, found->most), false, found, error);
	if (result != RESULT_OK || text_is_empty(search) || found->count == found->most)
		return result;
	result = list_ask(session, words_path(session->arena, search, found->most), true, found, NULL);
	return result == RESULT_NO_MEMORY ? error_set(error, result, NULL, "Out of memory.") : RESULT_OK;
}

enum result entra_search_groups(const struct connector_environment *environment, const struct connector_target *target,
                                const char *search, size_t most, struct arena *arena,
                                struct connector_group_check **ret_groups, size_t *ret_count, struct error *error)
{
	struct graph_session session;
	enum result result = graph_session_init(environment, target, arena, &session, error);
	if (result != RESULT_OK)
		return result;
	bool allowed[SEARCH_MAX] = {false};
	struct found_groups *found = arena_alloc(arena, sizeof(*found));
	struct connector_group_check *groups = arena_array(arena, SEARCH_MAX, sizeof(*groups));
	if (found == NULL || groups == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	found->count = 0;
	found->most = most < SEARCH_MAX ? most : SEARCH_MAX;
	result = names_search(&session, search, found, error);
	if (result == RESULT_OK)
		result = judge_all(&session, found->facts, found->count, allowed, error);
	if (result != RESULT_OK)
		return result;
	for (size_t i = 0; i < found->count; i++)
		entra_group_check_fill(&found->facts[i], allowed[i], &groups[i]);
	*ret_groups = groups;
	*ret_count = found->count;
	return RESULT_OK;
}
