/* One page of the delta query of one group.
 *
 * The first round lists everybody, the next ones what changed; both look alike, and both may say a thing twice. The
 * links hold the whole question: they are followed verbatim, and only to the place that we ask anyway. A link lives for
 * seven days; what Graph answers to an older one has been documented as 410 with a Location and as a 40x with
 * syncStateNotFound. The Location is not followed: the same question from the beginning is the same. */
#include "connector/entra/member_delta.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/odata.h"
#include "connector/entra/transport.h"

#define TYPE_PREFIX "#microsoft.graph."

static enum result bad_page(struct error *error, const char *sentence)
{
	return error_set(error, RESULT_PROTOCOL, "graph_bad_response", "%s", sentence);
}

static bool fault_says(const struct graph_fault *fault, const char *word)
{
	return fault->code != NULL && strcasestr(fault->code, word) != NULL;
}

/* A link that Graph no longer knows, of a round or of a page. */
static bool is_expired(int status, const struct graph_fault *fault)
{
	if (status == 410)
		return true;
	return status >= 400 && status < 500 &&
	       (fault_says(fault, "syncState") || fault_says(fault, "resync") || fault_says(fault, "ExpiredPageToken"));
}

static const char *first_path(struct arena *arena, const char *group_id)
{
	return arena_printf(arena, "/groups/delta?$select=id,displayName,members&$filter=id%%20eq%%20%%27%s%%27", group_id);
}

static enum member_kind kind_of(const json_t *member)
{
	const char *type = json_string_value(json_object_get(member, "@odata.type"));
	if (type == NULL || !text_starts_with(type, TYPE_PREFIX))
		return MEMBER_UNKNOWN;
	return member_kind_parse(type + strlen(TYPE_PREFIX));
}

static enum result member_read(const json_t *object, struct arena *arena, struct member_change *ret_change,
                               struct error *error)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	if (id == NULL || !text_is_uuid(id))
		return bad_page(error, "Microsoft Graph named a member without an object id.");
	char *copy = arena_strdup(arena, id);
	if (copy == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	for (char *at = copy; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	*ret_change = (struct member_change){
	    .id = copy, .kind = kind_of(object), .removed = json_object_get(object, "@removed") != NULL};
	return RESULT_OK;
}

static bool is_of_group(const json_t *entry, const char *group_id)
{
	const char *id = json_string_value(json_object_get(entry, "id"));
	return id != NULL && text_equal_fold(id, group_id);
}

static size_t members_count(const json_t *value, const char *group_id)
{
	size_t count = 0;
	for (size_t at = 0; at < json_array_size(value); at++)
		if (is_of_group(json_array_get(value, at), group_id))
			count += json_array_size(json_object_get(json_array_get(value, at), "members@delta"));
	return count;
}

static enum result entry_read(const json_t *entry, struct arena *arena, struct connector_member_page *page,
                              struct error *error)
{
	const json_t *members = json_object_get(entry, "members@delta");
	enum result result = RESULT_OK;
	page->group_seen = true;
	page->group_gone = json_object_get(entry, "@removed") != NULL;
	for (size_t at = 0; result == RESULT_OK && at < json_array_size(members); at++)
		result = member_read(json_array_get(members, at), arena, &page->changes[page->count++], error);
	return result;
}

static enum result value_read(const json_t *body, const char *group_id, struct arena *arena,
                              struct connector_member_page *page, struct error *error)
{
	const json_t *value = json_object_get(body, "value");
	if (!json_is_array(value))
		return bad_page(error, "Microsoft Graph's page has no value.");
	page->changes = arena_array(arena, members_count(value, group_id) + 1, sizeof(*page->changes));
	if (page->changes == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	enum result result = RESULT_OK;
	for (size_t at = 0; result == RESULT_OK && at < json_array_size(value); at++)
		if (is_of_group(json_array_get(value, at), group_id))
			result = entry_read(json_array_get(value, at), arena, page, error);
	return result;
}

static enum result links_read(const struct entra_place *place, const json_t *body, const char *asked,
                              struct arena *arena, struct connector_member_page *page, struct error *error)
{
	enum result result = odata_link_read(place, body, "@odata.nextLink", arena, &page->next, error);
	if (result == RESULT_OK && page->next == NULL)
		result = odata_link_read(place, body, "@odata.deltaLink", arena, &page->resume, error);
	if (result != RESULT_OK)
		return result;
	if (page->next == NULL && page->resume == NULL)
		return bad_page(error, "Microsoft Graph's list of changes ends without a link to go on from.");
	if (page->next != NULL && asked != NULL && strcmp(page->next, asked) == 0)
		return bad_page(error, "Microsoft Graph's list leads back to a page that was read before.");
	return RESULT_OK;
}

static enum result page_ask(struct graph_session *session, const char *group_id, const char *link, struct arena *arena,
                            struct connector_member_page *page, struct error *error)
{
	struct graph_request request = {.method = GRAPH_GET, .url = link};
	if (link == NULL)
		request.path = first_path(arena, group_id);
	if (link == NULL && request.path == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result = graph_perform(session, &request, &answer, error);
	page->expired = result != RESULT_OK && link != NULL && is_expired(answer.status, &answer.fault);
	if (page->expired)
		return RESULT_OK;
	if (result == RESULT_OK)
		result = links_read(&session->place, answer.body, link, arena, page, error);
	return result == RESULT_OK ? value_read(answer.body, group_id, arena, page, error) : result;
}

enum result entra_read_members(const struct connector_environment *environment, const struct connector_target *target,
                               const char *group_id, const char *link, struct arena *arena,
                               struct connector_member_page *ret_page, struct error *error)
{
	struct graph_session session;
	struct connector_member_page page = {0};
	if (!text_is_uuid(group_id))
		return error_set(error, RESULT_NOT_FOUND, "group_missing", "That is not the object id of a group.");
	enum result result = graph_session_init(environment, target, arena, &session, error);
	if (result != RESULT_OK)
		return result;
	if (link != NULL && !odata_link_leads_home(&session.place, link))
		page.expired = true; /* of another Graph than the one that is set by now */
	else
		result = page_ask(&session, group_id, link, arena, &page, error);
	if (result == RESULT_OK)
		*ret_page = page;
	return result;
}
