/* Matching by address asks six questions in one $batch. Two of them count (user principal name, mail); the others exist
 * to find the people whom a match could be mistaken for.
 *
 * A server that answers more than it was asked must not put a stranger into a group: what comes back by name or mail is
 * compared with the address again. Beyond ASCII, which spellings are one name is the directory's own affair (case,
 * accents): what differs there is not taken, but is a candidate. The question for the #EXT# form may be refused as
 * unsupported and is then left out; it can only ever add a candidate. */
#include "connector/entra/users.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/odata.h"
#include "connector/entra/transport.h"

#define SELECT "$select=id,userPrincipalName,mail,userType,accountEnabled"
#define ADDRESS_CEILING 320
#define PAGES_MAX 5
#define FOUND_MAX 32

struct found_users {
	struct directory_user users[FOUND_MAX];
	size_t count;
};

static const struct {
	const char *before;
	const char *prefix; /* inside the literal */
	const char *after;
	bool external;
} queries[ENTRA_USER_QUERIES] = {
    [ENTRA_USER_BY_UPN] = {"userPrincipalName%20eq%20", "", "", false},
    [ENTRA_USER_BY_MAIL] = {"mail%20eq%20", "", "", false},
    [ENTRA_USER_BY_PRIMARY_ADDRESS] = {"proxyAddresses/any(p:p%20eq%20", "SMTP:", ")", false},
    [ENTRA_USER_BY_PROXY_ADDRESS] = {"proxyAddresses/any(p:p%20eq%20", "smtp:", ")", false},
    [ENTRA_USER_BY_OTHER_MAIL] = {"otherMails/any(m:m%20eq%20", "", ")", false},
    [ENTRA_USER_BY_EXTERNAL_NAME] = {"startswith(userPrincipalName,", "", ")", true},
};

/* "alice@contoso.com" -> "alice_contoso.com#EXT#@" */
static char *external_name(const char *address, struct arena *arena)
{
	const char *at = strrchr(address, '@');
	return arena_printf(arena, "%.*s_%s#EXT#@", (int)(at - address), address, at + 1);
}

char *entra_user_query_path(enum entra_user_query query, const char *address, struct arena *arena)
{
	char *value = queries[query].external ? external_name(address, arena)
	                                      : arena_printf(arena, "%s%s", queries[query].prefix, address);
	if (value == NULL)
		return NULL;
	struct text path = TEXT_INIT(8192);
	text_append(&path, "/users?" SELECT "&$filter=");
	text_append(&path, queries[query].before);
	odata_append_literal(&path, value);
	text_append(&path, queries[query].after);
	char *copy = text_failed(&path) ? NULL : arena_strdup(arena, path.data);
	text_done(&path);
	return copy;
}

enum result entra_user_read(const json_t *object, struct arena *arena, struct directory_user *ret_user)
{
	struct directory_user user = {.account_enabled = KNOWN_NOT};
	enum result result = json_copy_string(object, "id", arena, &user.object_id);
	if (result == RESULT_OK)
		result = json_copy_string(object, "userPrincipalName", arena, &user.user_principal_name);
	if (result == RESULT_OK)
		result = json_copy_string(object, "mail", arena, &user.mail);
	if (result == RESULT_OK)
		result = json_copy_string(object, "userType", arena, &user.user_type);
	if (result != RESULT_OK)
		return result;
	if (user.object_id == NULL || !text_is_uuid(user.object_id))
		return RESULT_INVALID;
	const json_t *enabled = json_object_get(object, "accountEnabled");
	if (json_is_boolean(enabled))
		user.account_enabled = json_is_true(enabled) ? KNOWN_TRUE : KNOWN_FALSE;
	*ret_user = user;
	return RESULT_OK;
}

static enum result bad_user(enum result result, struct error *error)
{
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
	                 "Microsoft Graph named a user without an object id.");
}

static bool answers_the_question(enum entra_user_query query, const char *address, const struct directory_user *user)
{
	if (query == ENTRA_USER_BY_UPN)
		return user->user_principal_name != NULL && text_equal_fold(user->user_principal_name, address);
	if (query == ENTRA_USER_BY_MAIL)
		return user->mail != NULL && text_equal_fold(user->mail, address);
	return true;
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

/* Not the same to us, but perhaps to the directory. */
static bool is_other_spelling(const char *asked, const char *told)
{
	return told != NULL && !(is_ascii(asked) && is_ascii(told));
}

static struct found_users *list_of(struct found_users *lists, enum entra_user_query query)
{
	return query == ENTRA_USER_BY_UPN ? &lists[0] : query == ENTRA_USER_BY_MAIL ? &lists[1] : &lists[2];
}

/* NULL: no list, since the user was not asked for. */
static struct found_users *list_for(struct found_users *lists, enum entra_user_query query, const char *address,
                                    const struct directory_user *user)
{
	const char *told = query == ENTRA_USER_BY_UPN ? user->user_principal_name : user->mail;
	if (answers_the_question(query, address, user))
		return list_of(lists, query);
	return is_other_spelling(address, told) ? &lists[2] : NULL;
}

static enum result page_take(const json_t *page, enum entra_user_query query, const char *address, struct arena *arena,
                             struct found_users *lists, struct error *error)
{
	const json_t *value = json_object_get(page, "value");
	if (!json_is_array(value))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list of users is not a list.");
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct directory_user user;
		enum result result = entra_user_read(json_array_get(value, i), arena, &user);
		if (result != RESULT_OK)
			return bad_user(result, error);
		struct found_users *list = list_for(lists, query, address, &user);
		if (list != NULL && list->count < FOUND_MAX)
			list->users[list->count++] = user;
	}
	return RESULT_OK;
}

/* The pages after the first one. */
static enum result rest_take(struct graph_session *session, const json_t *first, enum entra_user_query query,
                             const char *address, struct found_users *lists, struct error *error)
{
	const struct found_users *found = list_of(lists, query);
	struct odata_walk walk;
	odata_walk_init(&walk, &session->place, PAGES_MAX);
	struct graph_answer answer = {0};
	const json_t *page = first;
	const char *url = NULL;
	enum result result = odata_walk_next(&walk, page, session->arena, &url, error);
	while (result == RESULT_OK && url != NULL && found->count < FOUND_MAX) {
		graph_answer_done(&answer);
		const struct graph_request request = {.method = GRAPH_GET, .url = url};
		result = graph_perform(session, &request, &answer, error);
		if (result == RESULT_OK)
			result = page_take(answer.body, query, address, session->arena, lists, error);
		if (result == RESULT_OK)
			result = odata_walk_next(&walk, answer.body, session->arena, &url, error);
	}
	graph_answer_done(&answer);
	odata_walk_done(&walk);
	return result;
}

static enum result item_take(struct graph_session *session, enum entra_user_query query, const char *address,
                             const struct batch_item *item, struct found_users *lists, struct error *error)
{
	if (query == ENTRA_USER_BY_EXTERNAL_NAME && item->status == 400)
		return RESULT_OK;
	if (item->result != RESULT_OK) {
		if (error != NULL)
			*error = item->error;
		return item->result;
	}
	enum result result = page_take(item->body, query, address, session->arena, lists, error);
	return result == RESULT_OK ? rest_take(session, item->body, query, address, lists, error) : result;
}

/* lists: by name, by mail, by anything else. */
static enum result address_ask(struct graph_session *session, const char *address, struct found_users *lists,
                               struct error *error)
{
	struct graph_request requests[ENTRA_USER_QUERIES];
	struct batch_item items[ENTRA_USER_QUERIES];
	for (int query = 0; query < ENTRA_USER_QUERIES; query++) {
		const char *path = entra_user_query_path((enum entra_user_query)query, address, session->arena);
		if (path == NULL)
			return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		requests[query] = (struct graph_request){.method = GRAPH_GET, .path = path};
	}
	struct graph_answer answer = {0};
	enum result result = batch_perform(session, requests, ENTRA_USER_QUERIES, &answer, items, error);
	for (int query = 0; result == RESULT_OK && query < ENTRA_USER_QUERIES; query++)
		result = item_take(session, (enum entra_user_query)query, address, &items[query], lists, error);
	graph_answer_done(&answer);
	return result;
}

static bool address_is_askable(const char *address)
{
	const char *at = strrchr(address, '@');
	return at != NULL && at != address && at[1] != '\0' && strlen(address) <= ADDRESS_CEILING;
}

static enum result match_by_address(struct graph_session *session, const char *address,
                                    struct identity_match *ret_match, struct error *error)
{
	struct found_users *lists = arena_array(session->arena, 3, sizeof(*lists));
	if (lists == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	if (address_is_askable(address)) {
		enum result result = address_ask(session, address, lists, error);
		if (result != RESULT_OK)
			return result;
	}
	const struct identity_answers answers = {
	    .by_upn = lists[0].users,
	    .by_upn_count = lists[0].count,
	    .by_mail = lists[1].users,
	    .by_mail_count = lists[1].count,
	    .by_alias = lists[2].users,
	    .by_alias_count = lists[2].count,
	};
	if (identity_match_address(&answers, session->arena, ret_match) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

char *entra_user_path(struct arena *arena, const char *id_or_name)
{
	char *path = odata_user_path(arena, id_or_name);
	return path != NULL ? arena_printf(arena, "%s?" SELECT, path) : NULL;
}

enum result entra_user_take(const struct user_answer *answer, const char *id_or_name, struct arena *arena,
                            struct directory_user *ret_user, struct error *error)
{
	struct directory_user user;
	if (graph_fault_is_missing(answer->status, answer->fault))
		return error_set(error, RESULT_NOT_FOUND, "user_not_found",
		                 "Nobody in the directory answers to that id or name.");
	if (answer->result == RESULT_NOT_FOUND)
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer->status, error);
	if (answer->result != RESULT_OK)
		return answer->result;
	enum result result = entra_user_read(answer->body, arena, &user);
	if (result != RESULT_OK)
		return bad_user(result, error);
	const char *named = text_is_uuid(id_or_name) ? user.object_id : user.user_principal_name;
	if (is_other_spelling(id_or_name, named) && !text_equal_fold(named, id_or_name))
		return error_set(error, RESULT_NOT_FOUND, "user_not_found",
		                 "Nobody in the directory answers to that name as it is written.");
	if (named == NULL || !text_equal_fold(named, id_or_name))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph answered with another user than the one asked for.");
	*ret_user = user;
	return RESULT_OK;
}

/* RESULT_NOT_FOUND if nobody answers to the name. */
static enum result user_fetch(struct graph_session *session, const char *id_or_name, struct directory_user *ret_user,
                              struct error *error)
{
	char *path = entra_user_path(session->arena, id_or_name);
	if (path == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct graph_request request = {.method = GRAPH_GET, .path = path};
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result = graph_perform(session, &request, &answer, error);
	const struct user_answer told = {result, answer.status, answer.body, &answer.fault};
	return entra_user_take(&told, id_or_name, session->arena, ret_user, error);
}

enum result entra_user_exists(struct graph_session *session, const char *object_id, struct error *error)
{
	struct directory_user user;
	return user_fetch(session, object_id, &user, error);
}

bool entra_user_is_askable(const char *id_or_name)
{
	return text_is_uuid(id_or_name) || (strchr(id_or_name, '@') != NULL && strlen(id_or_name) <= ADDRESS_CEILING);
}

static enum result match_by_mapping(struct graph_session *session, const struct identity_question *question,
                                    struct identity_match *ret_match, struct error *error)
{
	const char *name = question->mapping_external_id;
	struct directory_user user;
	enum result result = RESULT_NOT_FOUND;
	if (entra_user_is_askable(name))
		result = user_fetch(session, name, &user, error);
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		return result;
	const struct directory_user *found = result == RESULT_OK ? &user : NULL;
	if (identity_match_mapping(found, question->pinned_object_id, session->arena, ret_match) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

enum result entra_match_user(const struct connector_environment *environment, const struct connector_target *target,
                             const struct identity_question *question, struct arena *arena,
                             struct identity_match *ret_match, struct error *error)
{
	if (text_is_empty(question->mapping_external_id) && text_is_empty(question->address)) {
		*ret_match = (struct identity_match){
		    .outcome = IDENTITY_NOT_FOUND,
		    .code = "email_hidden",
		    .reason = "Jira does not show this person's e-mail address, and there is no identity mapping for them.",
		};
		return RESULT_OK;
	}
	struct graph_session session;
	enum result result = graph_session_init(environment, target, arena, &session, error);
	if (result != RESULT_OK)
		return result;
	if (!text_is_empty(question->mapping_external_id))
		return match_by_mapping(&session, question, ret_match, error);
	return match_by_address(&session, question->address, ret_match, error);
}
