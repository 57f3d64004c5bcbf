#include <string.h>

#include "base/text.h"
#include "jira.h"

const json_t *account_find(const struct sandbox *sandbox, const char *account_id)
{
	return account_id ? json_object_get(sandbox->site.accounts, account_id) : NULL;
}

static json_t *avatars(void)
{
	const char *url = "https://avatar-management.services.atlassian.com/default/24";
	return json_pack("{s:s,s:s,s:s,s:s}", "48x48", url, "24x24", url, "16x16", url, "32x32", url);
}

static const char *account_self(const struct sandbox *sandbox, const char *account_id, char out[512])
{
	struct text encoded = TEXT_INIT(1024);
	text_append_percent(&encoded, account_id);
	snprintf(out, 512, "%s/rest/api/3/user?accountId=%s", sandbox->jira_url, encoded.data ? encoded.data : "");
	text_done(&encoded);
	return out;
}

json_t *account_view(const struct sandbox *sandbox, const char *account_id, bool with_email)
{
	char self[512];
	const json_t *account = account_find(sandbox, account_id);
	if (!account)
		return json_null();
	json_t *view = json_pack("{s:s,s:s,s:o,s:s?,s:b,s:s,s:s?}", "self", account_self(sandbox, account_id, self),
	                         "accountId", account_id, "avatarUrls", avatars(), "displayName",
	                         json_string_at(account, "displayName"), "active", json_bool_at(account, "active", true),
	                         "timeZone", "Etc/UTC", "accountType", json_string_at(account, "accountType"));
	if (with_email && !json_bool_at(account, "hidden", false) && json_string_at(account, "email"))
		json_object_set(view, "emailAddress", json_object_get(account, "email"));
	return view;
}

json_t *account_view_customer(const struct sandbox *sandbox, const char *account_id)
{
	char self[512];
	const json_t *account = account_find(sandbox, account_id);
	if (!account)
		return json_object();
	account_self(sandbox, account_id, self);
	json_t *view = json_pack("{s:s,s:s?,s:b,s:s,s:{s:s,s:o,s:s}}", "accountId", account_id, "displayName",
	                         json_string_at(account, "displayName"), "active", json_bool_at(account, "active", true),
	                         "timeZone", "Etc/UTC", "_links", "jiraRest", self, "avatarUrls", avatars(), "self", self);
	if (!json_bool_at(account, "hidden", false) && json_string_at(account, "email"))
		json_object_set(view, "emailAddress", json_object_get(account, "email"));
	return view;
}

void jira_myself(struct jira_call *call)
{
	json_t *view = account_view(call->sandbox, json_string_at(call->account, "accountId"), true);
	json_object_set_new(view, "locale", json_string("en_US"));
	reply_json(call->reply, 200, view);
}

void jira_user(struct jira_call *call)
{
	const char *id = request_query(call->request, "accountId");
	if (!id)
		jira_fail(call, 400, "The query parameter accountId is required.");
	else if (!account_find(call->sandbox, id))
		jira_fail(call, 404, "Specified user does not exist or you do not have required permissions");
	else
		reply_json(call->reply, 200, account_view(call->sandbox, id, true));
}

/* Only apps that Atlassian approved may ask; settings.userEmail says whether the caller counts as one. */
void jira_user_email(struct jira_call *call)
{
	const char *id = request_query(call->request, "accountId");
	const json_t *account = account_find(call->sandbox, id);
	if (!json_bool_at(call->sandbox->site.settings, "userEmail", false))
		jira_fail(call, 401, "This resource is only available to approved apps.");
	else if (!account)
		jira_fail(call, 404, "Specified user does not exist or you do not have required permissions");
	else
		reply_json(call->reply, 200,
		           json_pack("{s:s,s:s?}", "accountId", id, "email", json_string_at(account, "email")));
}

void jira_user_search(struct jira_call *call)
{
	const char *words = request_query(call->request, "query");
	json_t *found = json_array();
	const char *id;
	json_t *account;
	json_object_foreach(call->sandbox->site.accounts, id, account)
	{
		const char *name = json_string_at(account, "displayName");
		const char *email = json_bool_at(account, "hidden", false) ? NULL : json_string_at(account, "email");
		if (words && ((name && strcasestr(name, words)) || (email && strcasestr(email, words))))
			json_array_append_new(found, account_view(call->sandbox, id, true));
	}
	reply_json(call->reply, 200, found);
}

void jira_permissions(struct jira_call *call)
{
	const char *wanted = request_query(call->request, "permissions");
	json_t *permissions = json_object();
	if (!wanted || !*wanted) {
		json_decref(permissions);
		jira_fail(call, 400, "The 'permissions' query parameter is required.");
		return;
	}
	for (const char *at = wanted; *at;) {
		size_t length = strcspn(at, ",");
		char *key = arena_strndup(call->request->arena, at, length);
		bool global = text_equal(key, "ADMINISTER");
		bool have = !global || json_bool_at(call->account, "admin", false);
		json_object_set_new(permissions, key ? key : "",
		                    json_pack("{s:s,s:s?,s:s?,s:s,s:s,s:b}", "id", "0", "key", key, "name", key, "type",
		                              global ? "GLOBAL" : "PROJECT", "description", "", "havePermission", have));
		at += length + (at[length] == ',');
	}
	reply_json(call->reply, 200, json_pack("{s:o}", "permissions", permissions));
}

void jira_permissions_check(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const char *id = json_string_at(body, "accountId");
	const json_t *account = id ? account_find(call->sandbox, id) : call->account;
	json_t *held = json_array();
	size_t index;
	json_t *name;
	if (id && !text_equal(id, json_string_at(call->account, "accountId")) &&
	    !json_bool_at(call->account, "admin", false)) {
		json_decref(held);
		jira_fail(call, 403, "You cannot check permissions of another user.");
		return;
	}
	json_array_foreach(json_object_get(body, "globalPermissions"), index,
	                   name) if (!text_equal(json_string_value(name), "ADMINISTER") ||
	                             json_bool_at(account, "admin", false)) json_array_append(held, name);
	reply_json(call->reply, 200, json_pack("{s:[],s:o}", "projectPermissions", "globalPermissions", held));
}
