#include "control.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "directory.h"
#include "faults.h"
#include "jira.h"
#include "jira_webhook.h"
#include "request_log.h"

#define TEST_GROUP "90000000-0000-4000-8000-000000000001"

static void control_fail(struct reply *reply, const char *reason)
{
	reply_json(reply, 422, json_pack("{s:s}", "error", reason));
}

json_t *control_ready(const struct sandbox *sandbox)
{
	json_t *accounts = json_object();
	const char *id;
	json_t *account;
	json_object_foreach(sandbox->site.accounts, id, account)
	{
		const char *token = json_string_at(account, "token");
		if (!token || strncmp(token, "sandbox-jira-user", 17) == 0)
			continue;
		json_object_set_new(
		    accounts, token + strlen("sandbox-jira-"),
		    json_pack("{s:s,s:s?,s:s}", "accountId", id, "email", json_string_at(account, "email"), "token", token));
	}
	return json_pack(
	    "{s:s,s:s?,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}}",
	    "entraUrl", sandbox->entra_url, "entraHttpsUrl", sandbox->entra_https_url[0] ? sandbox->entra_https_url : NULL,
	    "jiraUrl", sandbox->jira_url, "tenantId", SANDBOX_TENANT_ID, "tenantDomain", SANDBOX_TENANT_DOMAIN, "clientId",
	    SANDBOX_CLIENT_ID, "clientSecret", SANDBOX_CLIENT_SECRET, "servicePrincipalId", SANDBOX_SERVICE_PRINCIPAL_ID,
	    "testGroupId", TEST_GROUP, "testGroupName", "AI Clearance - Test Tool - Users", "jira", "user",
	    "aiclearance@contoso.example", "token", "sandbox-jira-bot", "oauthClientId", "sandbox-service-account",
	    "oauthClientSecret", "sandbox-oauth-value-not-a-secret", "cloudId", SANDBOX_CLOUD_ID, "projectKey",
	    JIRA_PROJECT, "plainProjectKey", JIRA_PLAIN_PROJECT, "serviceDeskId", JIRA_SERVICE_DESK, "requestTypeId",
	    JIRA_REQUEST_TYPE, "toolField", JIRA_FIELD_TOOL, "purposeField", JIRA_FIELD_PURPOSE, "durationField",
	    JIRA_FIELD_DURATION, "accounts", accounts);
}

static json_t *groups_describe(const struct sandbox *sandbox)
{
	json_t *groups = json_array();
	const char *id;
	json_t *group;
	json_object_foreach(sandbox->directory.groups, id, group)
	{
		json_t *members = json_array();
		const char *member;
		json_t *place;
		if (json_object_size(json_object_get(group, "members")) <= 5000)
			json_object_foreach(json_object_get(group, "members"), member, place)
			    json_array_append_new(members, json_string(member));
		json_t *owners = json_array();
		json_object_foreach(json_object_get(group, "owners"), member, place)
		    json_array_append_new(owners, json_string(member));
		json_array_append_new(
		    groups, json_pack("{s:o,s:O,s:s,s:s?,s:I,s:o}", "owners", owners, "properties", directory_properties(group),
		                      "id", id, "displayName", json_string_at(group, "properties.displayName"), "memberCount",
		                      (json_int_t)json_object_size(json_object_get(group, "members")), "members", members));
	}
	return groups;
}

static json_t *state_describe(const struct sandbox *sandbox)
{
	const struct sandbox_directory *directory = &sandbox->directory;
	json_t *issues = json_array();
	const char *id;
	json_t *issue;
	json_object_foreach(sandbox->site.issues, id, issue) json_array_append(issues, issue);
	return json_pack("{s:I,s:{s:I,s:o,s:O,s:I,s:I},s:{s:O,s:o,s:I},s:o}", "nowMs", (json_int_t)sandbox_now_ms(sandbox),
	                 "entra", "danger", (json_int_t)directory->danger, "groups", groups_describe(sandbox),
	                 "application", directory->application, "userCount", (json_int_t)json_object_size(directory->users),
	                 "deletedCount", (json_int_t)json_object_size(directory->deleted), "jira", "settings",
	                 sandbox->site.settings, "issues", issues, "accountCount",
	                 (json_int_t)json_object_size(sandbox->site.accounts), "webhook", webhooks_describe(sandbox));
}

/* Users and groups: merged by id; "deleted": true removes, "restored": true brings back; "members" (groups) replaces
 * who is in. */
static void objects_put(struct sandbox *sandbox, const json_t *list, bool groups)
{
	size_t index;
	size_t at;
	json_t *wanted;
	json_t *member;
	json_array_foreach(list, index, wanted)
	{
		const char *id = json_string_at(wanted, "id");
		if (json_bool_at(wanted, "deleted", false)) {
			directory_delete(sandbox, id ? id : "");
			continue;
		}
		if (json_bool_at(wanted, "restored", false)) {
			(void)directory_restore(sandbox, id ? id : "");
			continue;
		}
		_cleanup_(json_decrefp) json_t *properties = json_copy(wanted);
		json_t *members = json_object_get(wanted, "members");
		json_object_del(properties, "members");
		json_t *record = groups ? directory_put_group(sandbox, properties) : directory_put_user(sandbox, properties);
		if (!groups || !members)
			continue;
		membership_clear(sandbox, record);
		json_array_foreach(members, at, member) membership_add(sandbox, record, json_string_value(member));
	}
}

/* A member by its id, or an object {"id", "type": "device"} for one that is no user. */
static void member_put(struct sandbox *sandbox, json_t *group, const json_t *wanted)
{
	const char *id = json_is_object(wanted) ? json_string_at(wanted, "id") : json_string_value(wanted);
	const char *type = json_string_at(wanted, "type");
	char kind[64];
	if (!id || membership_exists(group, id))
		return;
	snprintf(kind, sizeof(kind), "#microsoft.graph.%s", type ? type : "user");
	if (type)
		json_object_set_new(json_object_get(group, "kinds"), id, json_string(kind));
	membership_add(sandbox, group, id);
}

/* {"groupId", "add": […], "remove": […], "fill": N}: membership changed behind the product's back; `fill` adds N ids
 * that have no user behind them, for measuring with large groups. */
static void membership_put(struct sandbox *sandbox, const json_t *wanted)
{
	json_t *group = directory_group(sandbox, json_string_at(wanted, "groupId"), false);
	size_t index;
	json_t *id;
	if (!group)
		return;
	json_array_foreach(json_object_get(wanted, "add"), index, id) member_put(sandbox, group, id);
	json_array_foreach(json_object_get(wanted, "remove"), index, id)
	    membership_remove(sandbox, group, json_string_value(id) ? json_string_value(id) : "");
	for (int64_t i = 0; i < json_integer_at(wanted, "fill", 0); i++) {
		char member[48];
		snprintf(member, sizeof(member), "f0000000-0000-4000-8000-%012lld", (long long)i);
		json_object_set_new(json_object_get(group, "members"), member, json_integer(++sandbox->directory.sequence));
	}
}

/* {"secret", "secretExpiresAt"} replace the app's one secret; other keys are taken over. */
static void application_put(struct sandbox *sandbox, const json_t *wanted)
{
	json_t *application = sandbox->directory.application;
	json_t *secret = json_array_get(json_object_get(application, "secrets"), 0);
	const char *value = json_string_at(wanted, "secret");
	_cleanup_(json_decrefp) json_t *rest = json_copy((json_t *)(uintptr_t)wanted);
	json_object_del(rest, "secret");
	json_object_del(rest, "secretExpiresAt");
	json_object_update(application, rest);
	if (secret && value) {
		json_object_set_new(secret, "value", json_string(value));
		json_object_set_new(secret, "hint", json_stringn(value, strnlen(value, 3)));
	}
	if (secret && json_string_at(wanted, "secretExpiresAt"))
		json_object_set(secret, "endDateTime", json_object_get(wanted, "secretExpiresAt"));
}

static void accounts_put(struct sandbox *sandbox, const json_t *list)
{
	size_t index;
	json_t *wanted;
	json_array_foreach(list, index, wanted)
	{
		const char *id = json_string_at(wanted, "accountId");
		if (!id)
			continue;
		if (json_bool_at(wanted, "deleted", false)) {
			json_object_del(sandbox->site.accounts, id);
			continue;
		}
		if (!account_find(sandbox, id))
			json_object_set_new(sandbox->site.accounts, id,
			                    json_pack("{s:s,s:s,s:s,s:b,s:b,s:b}", "accountId", id, "accountType", "atlassian",
			                              "displayName", id, "hidden", 0, "active", 1, "admin", 0));
		json_object_update(json_object_get(sandbox->site.accounts, id), wanted);
	}
}

static void users_generate(struct sandbox *sandbox, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		char id[48];
		char upn[64];
		snprintf(id, sizeof(id), "e0000000-0000-4000-8000-%012lld", (long long)i);
		snprintf(upn, sizeof(upn), "made%07lld@" SANDBOX_TENANT_DOMAIN, (long long)i);
		_cleanup_(json_decrefp) json_t *user =
		    json_pack("{s:s,s:s,s:s,s:s,s:b,s:s}", "id", id, "userPrincipalName", upn, "displayName", upn, "mail", upn,
		              "accountEnabled", 1, "userType", "Member");
		json_t *record = directory_put_user(sandbox, user);
		json_object_set_new(record, "createdAt", json_integer(0));
	}
}

static void state_put(struct sandbox *sandbox, const json_t *wanted)
{
	const json_t *application = json_object_get(wanted, "application");
	const json_t *settings = json_object_get(wanted, "settings");
	const json_t *membership = json_object_get(wanted, "membership");
	objects_put(sandbox, json_object_get(wanted, "users"), false);
	objects_put(sandbox, json_object_get(wanted, "groups"), true);
	accounts_put(sandbox, json_object_get(wanted, "accounts"));
	users_generate(sandbox, json_integer_at(wanted, "generateUsers", 0));
	if (application)
		application_put(sandbox, application);
	if (membership)
		membership_put(sandbox, membership);
	if (json_is_object(settings))
		json_object_update(sandbox->site.settings, (json_t *)(uintptr_t)settings);
	webhooks_configure(sandbox, json_object_get(wanted, "webhook"));
}

static void faults_route(struct sandbox *sandbox, const struct request *request, struct reply *reply)
{
	_cleanup_(json_decrefp) json_t *body = request_json(request);
	const char *reason = NULL;
	if (text_equal(request->method, "PUT") && !faults_configure(sandbox, body, &reason))
		control_fail(reply, reason);
	else
		reply_json(reply, 200, faults_describe(sandbox));
}

static void state_route(struct sandbox *sandbox, const struct request *request, struct reply *reply)
{
	_cleanup_(json_decrefp) json_t *body = request_json(request);
	if (text_equal(request->method, "PUT")) {
		if (!json_is_object(body)) {
			control_fail(reply, "an object is expected");
			return;
		}
		state_put(sandbox, body);
		if (request_query(request, "quiet")) {
			reply_empty(reply, 204);
			return;
		}
	}
	reply_json(reply, 200, state_describe(sandbox));
}

void control_handle(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	const char *what = request->segments > 1 ? request->segment[1] : "";
	const char *since = request_query(request, "since");
	bool get = text_equal(request->method, "GET");
	bool put = text_equal(request->method, "PUT");
	int64_t from = 0;
	if (text_equal(what, "faults") && (get || put)) {
		faults_route(sandbox, request, reply);
	} else if (text_equal(what, "state") && (get || put)) {
		state_route(sandbox, request, reply);
	} else if (text_equal(what, "requests") && get) {
		if (since && text_parse_int(since, 0, INT64_MAX, &from) != RESULT_OK)
			from = 0;
		reply_json(reply, 200, request_log_list(sandbox, from));
	} else if (text_equal(what, "requests") && text_equal(request->method, "DELETE")) {
		request_log_reset(sandbox);
		reply_empty(reply, 204);
	} else if (text_equal(what, "ready") && get) {
		reply_json(reply, 200, control_ready(sandbox));
	} else if (text_equal(what, "reset") && text_equal(request->method, "POST")) {
		sandbox_reset(sandbox);
		reply_json(reply, 200, json_pack("{s:b}", "reset", 1));
	} else {
		reply_json(reply, 404, json_pack("{s:s}", "error", "There is no such control; see sandbox/README.md."));
	}
}
