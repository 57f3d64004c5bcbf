/* How an issue looks from outside, and the routes for the issue itself, its properties and its history. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "jira.h"

json_t *status_view(const struct sandbox *sandbox, const char *id)
{
	char self[160];
	char category_self[160];
	const char *category = status_category(id);
	bool done = text_equal(category, "done");
	bool fresh = text_equal(category, "new");
	int number = done ? 3 : fresh ? 2 : 4;
	snprintf(self, sizeof(self), "%s/rest/api/3/status/%s", sandbox->jira_url, id);
	snprintf(category_self, sizeof(category_self), "%s/rest/api/3/statuscategory/%d", sandbox->jira_url, number);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:{s:s,s:i,s:s,s:s,s:s}}", "self", self, "description", "", "iconUrl",
	                 sandbox->jira_url, "name", status_name(id), "id", id, "statusCategory", "self", category_self,
	                 "id", number, "key", category, "colorName",
	                 done    ? "green"
	                 : fresh ? "blue-gray"
	                         : "yellow",
	                 "name",
	                 done    ? "Done"
	                 : fresh ? "To Do"
	                         : "In Progress");
}

static json_t *project_field(const struct sandbox *sandbox, const char *key)
{
	char self[160];
	bool desk = text_equal(key, JIRA_PROJECT);
	snprintf(self, sizeof(self), "%s/rest/api/3/project/%s", sandbox->jira_url, desk ? "10001" : "10002");
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "self", self, "id", desk ? "10001" : "10002", "key", key, "name",
	                 desk ? "AI Clearance" : "Operations", "projectTypeKey", desk ? "service_desk" : "software",
	                 "simplified", 0);
}

static json_t *type_field(const struct sandbox *sandbox)
{
	char self[160];
	snprintf(self, sizeof(self), "%s/rest/api/3/issuetype/10100", sandbox->jira_url);
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:i}", "self", self, "id", "10100", "description", "", "name",
	                 "Service Request", "subtask", 0, "hierarchyLevel", 0);
}

static json_t *request_type_field(const json_t *issue)
{
	return json_pack("{s:{s:s,s:s,s:s,s:s},s:{s:s,s:s,s:o}}", "requestType", "id", JIRA_REQUEST_TYPE, "name",
	                 "Request AI tool access", "serviceDeskId", JIRA_SERVICE_DESK, "portalId", JIRA_SERVICE_DESK,
	                 "currentStatus", "status", status_name(issue_string(issue, "status")), "statusCategory",
	                 text_equal(status_category(issue_string(issue, "status")), "done") ? "DONE" : "INDETERMINATE",
	                 "statusDate", jira_date_view(json_integer_at(issue, "updated", 0)));
}

json_t *issue_fields_view(const struct sandbox *sandbox, const json_t *issue, bool for_webhook)
{
	char created[JIRA_DATE_SIZE];
	char updated[JIRA_DATE_SIZE];
	const char *status = issue_string(issue, "status");
	size_t index;
	json_t *approval;
	jira_date(json_integer_at(issue, "created", 0), created);
	jira_date(json_integer_at(issue, "updated", 0), updated);
	json_t *fields = json_pack("{s:o,s:o,s:o,s:n,s:[],s:s,s:s,s:o,s:o,s:n,s:n,s:n}", "issuetype", type_field(sandbox),
	                           "project", project_field(sandbox, issue_string(issue, "projectKey")), "status",
	                           status_view(sandbox, status), "resolution", "labels", "created", created, "updated",
	                           updated, "creator", account_view(sandbox, issue_string(issue, "creator"), !for_webhook),
	                           "reporter", account_view(sandbox, issue_string(issue, "reporter"), !for_webhook),
	                           "assignee", "description", "customfield_10051");
	json_object_update(fields, json_object_get(issue, "fields"));
	if (!json_object_get(fields, "summary"))
		json_object_set_new(fields, "summary", json_string("AI tool access"));
	if (!issue_has_approvals(issue))
		return fields;
	json_t *approvals = json_array();
	json_array_foreach(json_object_get(issue, "approvals"), index, approval)
	    json_array_append_new(approvals, approval_view(sandbox, issue, approval, NULL));
	json_object_set_new(fields, JIRA_FIELD_APPROVALS, approvals);
	if (issue_string(issue, "requestTypeId"))
		json_object_set_new(fields, JIRA_FIELD_REQUEST_TYPE, request_type_field(issue));
	return fields;
}

static bool list_names(const char *list, const char *name)
{
	for (const char *at = list; *at;) {
		size_t length = strcspn(at, ",");
		if (strlen(name) == length && strncmp(at, name, length) == 0)
			return true;
		at += length + (at[length] == ',');
	}
	return false;
}

/* NULL: all. `*all` and `*navigable` too; `-name` leaves one out. */
static void fields_limit(json_t *fields, const char *wanted)
{
	const char *name;
	json_t *value;
	void *next;
	char minus[128];
	if (!wanted)
		return;
	bool all = list_names(wanted, "*all") || list_names(wanted, "*navigable") || wanted[0] == '-';
	json_object_foreach_safe(fields, next, name, value)
	{
		snprintf(minus, sizeof(minus), "-%s", name);
		if (list_names(wanted, minus) || (!all && !list_names(wanted, name)))
			json_object_del(fields, name);
	}
}

json_t *issue_view(const struct sandbox *sandbox, const json_t *issue, const char *fields)
{
	char self[160];
	json_t *shown = issue_fields_view(sandbox, issue, false);
	fields_limit(shown, fields);
	snprintf(self, sizeof(self), "%s/rest/api/3/issue/%s", sandbox->jira_url, issue_string(issue, "id"));
	return json_pack("{s:s,s:s?,s:s,s:s?,s:o}", "expand", "renderedFields,names,schema,operations,editmeta,changelog",
	                 "id", issue_string(issue, "id"), "self", self, "key", issue_string(issue, "key"), "fields", shown);
}

/* REST leaves out what a history item has no value for; webhooks write null. */
json_t *history_view(const struct sandbox *sandbox, const json_t *history)
{
	char created[JIRA_DATE_SIZE];
	json_t *items = json_array();
	size_t index;
	json_t *item;
	const char *name;
	json_t *value;
	jira_date(json_integer_at(history, "created", 0), created);
	json_array_foreach(json_object_get(history, "items"), index, item)
	{
		json_t *shown = json_object();
		json_object_foreach(item, name, value) if (!json_is_null(value)) json_object_set(shown, name, value);
		json_array_append_new(items, shown);
	}
	return json_pack("{s:s?,s:o,s:s,s:o}", "id", json_string_at(history, "id"), "author",
	                 account_view(sandbox, json_string_at(history, "author"), true), "created", created, "items",
	                 items);
}

static json_t *issue_or_404(struct jira_call *call)
{
	json_t *issue = issue_find(call->sandbox, call->parameter[0]);
	if (!issue)
		jira_fail(call, 404, "Issue does not exist or you do not have permission to see it.");
	return issue;
}

static json_t *properties_view(const json_t *issue, const char *wanted)
{
	json_t *shown = json_object();
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(issue, "properties"), key,
	                    value) if (list_names(wanted, "*all") || list_names(wanted, key))
	    json_object_set(shown, key, value);
	return shown;
}

void jira_issue_get(struct jira_call *call)
{
	const char *properties = request_query(call->request, "properties");
	const char *expand = request_query(call->request, "expand");
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	json_t *view = issue_view(call->sandbox, issue, request_query(call->request, "fields"));
	if (properties)
		json_object_set_new(view, "properties", properties_view(issue, properties));
	if (expand && list_names(expand, "changelog")) {
		json_t *histories = json_array();
		const json_t *all = json_object_get(issue, "histories");
		for (size_t i = json_array_size(all); i > 0; i--)
			json_array_append_new(histories, history_view(call->sandbox, json_array_get(all, i - 1)));
		int count = (int)json_array_size(histories);
		json_object_set_new(
		    view, "changelog",
		    json_pack("{s:i,s:i,s:i,s:o}", "startAt", 0, "maxResults", count, "total", count, "histories", histories));
	}
	reply_json(call->reply, 200, view);
}

void jira_issue_create(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const char *project = json_string_at(body, "fields.project.key");
	const char *project_id = json_string_at(body, "fields.project.id");
	const char *reporter = json_string_at(body, "fields.reporter.accountId");
	const char *field = NULL;
	const char *wrong = NULL;
	char self[160];
	if (!project && text_equal(project_id, "10001"))
		project = JIRA_PROJECT;
	if (!text_equal(project, JIRA_PROJECT) && !text_equal(project, JIRA_PLAIN_PROJECT)) {
		jira_fail_field(call, "project", "valid project is required");
		return;
	}
	if (!json_string_at(body, "fields.summary")) {
		jira_fail_field(call, "summary", "You must specify a summary of the issue.");
		return;
	}
	if (!account_find(call->sandbox, reporter))
		reporter = json_string_at(call->account, "accountId");
	json_t *issue =
	    issue_create(call->sandbox, project, NULL, reporter, json_object_get(body, "fields"), &field, &wrong);
	if (!issue) {
		jira_fail_field(call, field, wrong);
		return;
	}
	snprintf(self, sizeof(self), "%s/rest/api/3/issue/%s", call->sandbox->jira_url, issue_string(issue, "id"));
	reply_json(
	    call->reply, 201,
	    json_pack("{s:s?,s:s?,s:s}", "id", issue_string(issue, "id"), "key", issue_string(issue, "key"), "self", self));
}

void jira_issue_put(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const json_t *fields = json_object_get(body, "fields");
	const char *field = NULL;
	const char *wrong = NULL;
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	if (!json_is_object(fields))
		jira_fail(call, 400, "one of 'fields' or 'update' required");
	else if (!issue_set_fields(call->sandbox, issue, json_string_at(call->account, "accountId"), fields, &field,
	                           &wrong))
		jira_fail_field(call, field, wrong);
	else
		reply_empty(call->reply, 204);
}

void jira_issue_delete(struct jira_call *call)
{
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	issue_delete(call->sandbox, issue, json_string_at(call->account, "accountId"));
	reply_empty(call->reply, 204);
}

/* Oldest first, as /changelog has it. */
void jira_changelog(struct jira_call *call)
{
	int64_t start = 0;
	int64_t limit = 100;
	const char *start_text = request_query(call->request, "startAt");
	const char *limit_text = request_query(call->request, "maxResults");
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	if ((start_text && text_parse_int(start_text, 0, INT32_MAX, &start) != RESULT_OK) ||
	    (limit_text && text_parse_int(limit_text, 1, INT32_MAX, &limit) != RESULT_OK)) {
		jira_fail(call, 400, "startAt and maxResults must be whole numbers.");
		return;
	}
	int64_t most = json_integer_at(call->sandbox->site.settings, "changelogPageSize", 100);
	limit = limit > most ? most : limit;
	const json_t *all = json_object_get(issue, "histories");
	int64_t total = (int64_t)json_array_size(all);
	json_t *values = json_array();
	for (int64_t i = start; i < total && i < start + limit; i++)
		json_array_append_new(values, history_view(call->sandbox, json_array_get(all, (size_t)i)));
	bool last = start + limit >= total;
	const char *base = arena_printf(call->request->arena, "%s/rest/api/3/issue/%s/changelog?maxResults=%lld&startAt=",
	                                call->sandbox->jira_url, issue_string(issue, "id"), (long long)limit);
	json_t *page =
	    json_pack("{s:s,s:I,s:I,s:I,s:b,s:o}", "self",
	              arena_printf(call->request->arena, "%s%lld", base, (long long)start), "maxResults", (json_int_t)limit,
	              "startAt", (json_int_t)start, "total", (json_int_t)total, "isLast", last, "values", values);
	if (!last)
		json_object_set_new(page, "nextPage",
		                    json_string(arena_printf(call->request->arena, "%s%lld", base, (long long)start + limit)));
	reply_json(call->reply, 200, page);
}

void jira_properties_list(struct jira_call *call)
{
	json_t *issue = issue_or_404(call);
	json_t *keys = json_array();
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(issue, "properties"), key, value)
	    json_array_append_new(keys, json_pack("{s:s,s:s}", "key", key, "self", call->sandbox->jira_url));
	if (issue)
		reply_json(call->reply, 200, json_pack("{s:o}", "keys", keys));
	else
		json_decref(keys);
}

void jira_property_get(struct jira_call *call)
{
	json_t *issue = issue_or_404(call);
	json_t *value = json_object_get(json_object_get(issue, "properties"), call->parameter[1]);
	if (issue && value)
		reply_json(call->reply, 200, json_pack("{s:s,s:O}", "key", call->parameter[1], "value", value));
	else if (issue)
		jira_fail(call, 404, "The property '%s' does not exist.", call->parameter[1]);
}

void jira_property_put(struct jira_call *call)
{
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	json_t *value = json_loadb(call->request->body, call->request->length, JSON_DECODE_ANY, NULL);
	json_t *properties = json_object_get(issue, "properties");
	bool existed = json_object_get(properties, call->parameter[1]) != NULL;
	if (!value || call->request->length > 32768) {
		json_decref(value);
		jira_fail(call, 400, "The property value is not JSON, or longer than 32768 characters.");
		return;
	}
	json_object_set_new(properties, call->parameter[1], value);
	reply_json(call->reply, existed ? 200 : 201, json_object());
}
