#include <string.h>

#include "jira/jira_request.h"
#include "jira/jira_value.h"

/* 254 characters are the longest address there can be (RFC 5321). */
static enum result email_keep(const char *email, struct arena *arena, const char **ret_email)
{
	*ret_email = NULL;
	if (text_is_empty(email) || strlen(email) > 254 || !strchr(email, '@'))
		return RESULT_OK;
	*ret_email = arena_strdup(arena, email);
	return *ret_email ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result user_of_value(const json_t *value, const char *asked, struct arena *arena, struct jira_user *user,
                                 struct error *error)
{
	if (!text_equal(json_string_at(value, "accountId"), asked))
		return jira_bad_response(error, "Jira answered about another user than the one asked for.");
	user->account_id = arena_strdup(arena, asked);
	if (!user->account_id || jira_value_id(json_at(value, "accountType"), arena, &user->account_type) != RESULT_OK ||
	    email_keep(json_string_at(value, "emailAddress"), arena, &user->email) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	/* Portal-only accounts of service projects have ids of their own, should the type not be told. */
	if (!user->account_type && text_starts_with(asked, "qm:"))
		user->account_type = "customer";
	user->active = jira_value_bool(json_at(value, "active"), false);
	return RESULT_OK;
}

/* An address that Jira will not tell (403, 404, or a 401 for want of a scope) is hidden: not a failure. */
static enum result email_read(struct jira *jira, struct arena *arena, struct jira_user *user, struct error *error)
{
	const char *path = NULL;
	if (jira_path(arena, "/rest/api/3/user/email?accountId=", user->account_id, "", &path) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct jira_call call = {.method = "GET", .path = path, .gone_code = "not_found", .gone_what = "The address"};
	_cleanup_(json_decrefp) json_t *value = NULL;
	enum result result = jira_call(jira, &call, &value, error);
	if (result == RESULT_DENIED || result == RESULT_NOT_FOUND || result == RESULT_PROTOCOL)
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	if (email_keep(json_string_at(value, "email"), arena, &user->email) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

enum result jira_user_read(struct jira *jira, const char *account_id, struct arena *arena, struct jira_user *ret_user,
                           struct error *error)
{
	const char *path = NULL;
	if (jira_path(arena, "/rest/api/3/user?accountId=", account_id, "", &path) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct jira_call call = {.method = "GET", .path = path, .gone_code = "not_found", .gone_what = "The account"};
	_cleanup_(json_decrefp) json_t *value = NULL;
	enum result result = jira_call(jira, &call, &value, error);
	if (result != RESULT_OK)
		return result;
	struct jira_user user = {0};
	result = user_of_value(value, account_id, arena, &user, error);
	if (result == RESULT_OK && !user.email)
		result = email_read(jira, arena, &user, error);
	if (result == RESULT_OK)
		*ret_user = user;
	return result;
}
