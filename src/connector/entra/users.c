/* A user that was asked for by name is the one that answers to that name: whoever else a server sends is nobody. Beyond
 * ASCII, which spellings are one name is the directory's own affair (case, accents). */
#include "connector/entra/users.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/odata.h"
#include "connector/entra/transport.h"

#define SELECT "$select=id,userPrincipalName,mail,userType,accountEnabled"
#define ADDRESS_CEILING 320

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

enum result entra_user_bad(enum result result, struct error *error)
{
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
	                 "Microsoft Graph named a user without an object id.");
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

bool entra_user_is_other_spelling(const char *asked, const char *told)
{
	return told != NULL && !(is_ascii(asked) && is_ascii(told)) && !text_equal_fold(told, asked);
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
		return entra_user_bad(result, error);
	const char *named = text_is_uuid(id_or_name) ? user.object_id : user.user_principal_name;
	if (entra_user_is_other_spelling(id_or_name, named))
		return error_set(error, RESULT_NOT_FOUND, "user_not_found",
		                 "Nobody in the directory answers to that name as it is written.");
	if (named == NULL || !text_equal_fold(named, id_or_name))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph answered with another user than the one asked for.");
	*ret_user = user;
	return RESULT_OK;
}

char *entra_users_path(struct arena *arena, const char *const *object_ids, size_t count)
{
	struct text path = TEXT_INIT(4096);
	text_append(&path, "/users?" SELECT "&$filter=id%20in%20(");
	for (size_t i = 0; i < count; i++) {
		text_append(&path, i > 0 ? "," : "");
		odata_append_literal(&path, object_ids[i]);
	}
	text_append(&path, ")");
	char *copy = text_failed(&path) ? NULL : arena_strdup(arena, path.data);
	text_done(&path);
	return copy;
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

bool entra_address_is_askable(const char *address)
{
	const char *at = strrchr(address, '@');
	return at != NULL && at != address && at[1] != '\0' && strlen(address) <= ADDRESS_CEILING;
}

bool entra_user_is_askable(const char *id_or_name)
{
	return text_is_uuid(id_or_name) || (strchr(id_or_name, '@') != NULL && strlen(id_or_name) <= ADDRESS_CEILING);
}
