/* servicedeskapi: requests, the desk, its request type and fields. */
#include <stdio.h>

#include "base/text.h"
#include "jira.h"

/* One page of `all`, which is consumed. The page size is what the site gives at most, however much is asked for. */
json_t *jira_page_view(struct jira_call *call, json_t *all, int64_t page_size)
{
	int64_t start = 0;
	int64_t limit = page_size;
	const char *start_text = request_query(call->request, "start");
	const char *limit_text = request_query(call->request, "limit");
	struct arena *arena = call->request->arena;
	const char *base = arena_printf(arena, "%s/rest/servicedeskapi", call->sandbox->jira_url);
	if (start_text && text_parse_int(start_text, 0, INT32_MAX, &start) != RESULT_OK)
		start = 0;
	if (limit_text && text_parse_int(limit_text, 1, page_size, &limit) != RESULT_OK)
		limit = page_size;
	int64_t total = (int64_t)json_array_size(all);
	json_t *values = json_array();
	for (int64_t i = start; i < total && i < start + limit; i++)
		json_array_append(values, json_array_get(all, (size_t)i));
	json_decref(all);
	bool last = start + limit >= total;
	json_t *links = json_pack("{s:s,s:s,s:s}", "self",
	                          arena_printf(arena, "%s%s?start=%lld&limit=%lld", call->sandbox->jira_url,
	                                       call->request->path, (long long)start, (long long)limit),
	                          "base", base, "context", "");
	if (!last)
		json_object_set_new(links, "next",
		                    json_string(arena_printf(arena, "%s%s?start=%lld&limit=%lld", call->sandbox->jira_url,
		                                             call->request->path, (long long)start + limit, (long long)limit)));
	return json_pack("{s:[],s:I,s:I,s:I,s:b,s:o,s:o}", "_expands", "size", (json_int_t)json_array_size(values), "start",
	                 (json_int_t)start, "limit", (json_int_t)limit, "isLastPage", last, "_links", links, "values",
	                 values);
}

static json_t *field_values(const json_t *issue)
{
	json_t *values = json_array();
	const char *name;
	json_t *value;
	json_object_foreach(json_object_get(issue, "fields"), name, value)
	    json_array_append_new(values, json_pack("{s:s,s:s,s:O}", "fieldId", name, "label", name, "value", value));
	return values;
}

static json_t *request_view(const struct jira_call *call, const json_t *issue)
{
	struct arena *arena = call->request->arena;
	const char *base = call->sandbox->jira_url;
	const char *id = issue_string(issue, "id");
	const char *status = issue_string(issue, "status");
	const char *summary = json_string_at(issue, "fields.summary");
	return json_pack("{s:[sssssss],s:s?,s:s?,s:s,s:s,s:s,s:o,s:o,s:o,s:{s:s,s:s,s:o},s:{s:s,s:s,s:s,s:s}}", "_expands",
	                 "participant", "status", "sla", "requestType", "serviceDesk", "attachment", "comment", "issueId",
	                 id, "issueKey", issue_string(issue, "key"), "summary", summary ? summary : "AI tool access",
	                 "requestTypeId", JIRA_REQUEST_TYPE, "serviceDeskId", JIRA_SERVICE_DESK, "createdDate",
	                 jira_date_view(json_integer_at(issue, "created", 0)), "reporter",
	                 account_view_customer(call->sandbox, issue_string(issue, "reporter")), "requestFieldValues",
	                 field_values(issue), "currentStatus", "status", status_name(status), "statusCategory",
	                 text_equal(status_category(status), "done") ? "DONE" : "INDETERMINATE", "statusDate",
	                 jira_date_view(json_integer_at(issue, "updated", 0)), "_links", "jiraRest",
	                 arena_printf(arena, "%s/rest/api/2/issue/%s", base, id), "web",
	                 arena_printf(arena, "%s/servicedesk/customer/portal/%s/%s", base, JIRA_SERVICE_DESK,
	                              issue_string(issue, "key")),
	                 "agent", arena_printf(arena, "%s/browse/%s", base, issue_string(issue, "key")), "self",
	                 arena_printf(arena, "%s/rest/servicedeskapi/request/%s", base, id));
}

static json_t *request_or_404(struct jira_call *call)
{
	json_t *issue = issue_find(call->sandbox, call->parameter[0]);
	if (issue && issue_string(issue, "requestTypeId"))
		return issue;
	jira_fail(call, 404, "The request '%s' does not exist, or you do not have permission to see it.",
	          call->parameter[0]);
	return NULL;
}

void jira_request_create(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const json_t *fields = json_object_get(body, "requestFieldValues");
	const char *behalf = json_string_at(body, "raiseOnBehalfOf");
	const char *reporter = behalf ? behalf : json_string_at(call->account, "accountId");
	const char *field = "";
	const char *wrong = "";
	if (!text_equal(json_string_at(body, "serviceDeskId"), JIRA_SERVICE_DESK) ||
	    !text_equal(json_string_at(body, "requestTypeId"), JIRA_REQUEST_TYPE) || !json_is_object(fields)) {
		jira_fail(call, 400,
		          "Your request could not be created. Please check the fields have been correctly filled in.");
		return;
	}
	if (!account_find(call->sandbox, reporter)) {
		jira_fail(call, 400, "The user on whose behalf the request is raised does not exist.");
		return;
	}
	if (!json_object_get(fields, JIRA_FIELD_TOOL)) {
		jira_fail_field(call, JIRA_FIELD_TOOL, "Tool is required.");
		return;
	}
	json_t *issue = issue_create(call->sandbox, JIRA_PROJECT, JIRA_REQUEST_TYPE, reporter, fields, &field, &wrong);
	if (!issue) {
		jira_fail_field(call, field, wrong);
		return;
	}
	reply_json(call->reply, 201, request_view(call, issue));
}

void jira_request_get(struct jira_call *call)
{
	json_t *issue = request_or_404(call);
	if (issue)
		reply_json(call->reply, 200, request_view(call, issue));
}

void jira_request_list(struct jira_call *call)
{
	json_t *all = json_array();
	const char *id;
	json_t *issue;
	json_object_foreach(
	    call->sandbox->site.issues, id,
	    issue) if (issue_string(issue, "requestTypeId") &&
	               text_equal(issue_string(issue, "reporter"), json_string_at(call->account, "accountId")))
	    json_array_append_new(all, request_view(call, issue));
	reply_json(call->reply, 200, jira_page_view(call, all, 50));
}

static json_t *status_entry(const char *status, int64_t at)
{
	return json_pack("{s:s,s:s,s:o}", "status", status_name(status), "statusCategory",
	                 text_equal(status_category(status), "done") ? "DONE" : "INDETERMINATE", "statusDate",
	                 jira_date_view(at));
}

/* Newest first. */
void jira_request_status(struct jira_call *call)
{
	json_t *issue = request_or_404(call);
	if (!issue)
		return;
	json_t *all = json_array();
	const json_t *histories = json_object_get(issue, "histories");
	for (size_t i = json_array_size(histories); i > 0; i--) {
		const json_t *history = json_array_get(histories, i - 1);
		const json_t *item = json_array_get(json_object_get(history, "items"), 0);
		if (text_equal(json_string_at(item, "fieldId"), "status"))
			json_array_append_new(all,
			                      status_entry(json_string_at(item, "to"), json_integer_at(history, "created", 0)));
	}
	json_array_append_new(all, status_entry(STATUS_WAITING, json_integer_at(issue, "created", 0)));
	reply_json(call->reply, 200, jira_page_view(call, all, 50));
}

static json_t *desk_view(const struct sandbox *sandbox)
{
	char self[160];
	snprintf(self, sizeof(self), "%s/rest/servicedeskapi/servicedesk/" JIRA_SERVICE_DESK, sandbox->jira_url);
	return json_pack("{s:s,s:s,s:s,s:s,s:{s:s}}", "id", JIRA_SERVICE_DESK, "projectId", "10001", "projectName",
	                 "AI Clearance", "projectKey", JIRA_PROJECT, "_links", "self", self);
}

void jira_desks(struct jira_call *call)
{
	reply_json(call->reply, 200, jira_page_view(call, json_pack("[o]", desk_view(call->sandbox)), 50));
}

static bool desk_known(struct jira_call *call)
{
	if (text_equal(call->parameter[0], JIRA_SERVICE_DESK) || text_equal(call->parameter[0], JIRA_PROJECT))
		return true;
	jira_fail(call, 404, "The service desk '%s' does not exist.", call->parameter[0]);
	return false;
}

void jira_desk(struct jira_call *call)
{
	if (desk_known(call))
		reply_json(call->reply, 200, desk_view(call->sandbox));
}

static json_t *request_type_view(const struct sandbox *sandbox)
{
	char self[200];
	snprintf(self, sizeof(self),
	         "%s/rest/servicedeskapi/servicedesk/" JIRA_SERVICE_DESK "/requesttype/" JIRA_REQUEST_TYPE,
	         sandbox->jira_url);
	return json_pack("{s:[],s:s,s:{s:s},s:s,s:s,s:s,s:s,s:s,s:s,s:[s]}", "_expands", "id", JIRA_REQUEST_TYPE, "_links",
	                 "self", self, "name", "Request AI tool access", "description", "Ask for access to an AI tool.",
	                 "helpText", "", "issueTypeId", "10100", "serviceDeskId", JIRA_SERVICE_DESK, "portalId",
	                 JIRA_SERVICE_DESK, "groupIds", "12");
}

void jira_request_types(struct jira_call *call)
{
	if (call->parameter[0] && !desk_known(call))
		return;
	reply_json(call->reply, 200, jira_page_view(call, json_pack("[o]", request_type_view(call->sandbox)), 50));
}

void jira_request_type(struct jira_call *call)
{
	if (!desk_known(call))
		return;
	if (text_equal(call->parameter[1], JIRA_REQUEST_TYPE))
		reply_json(call->reply, 200, request_type_view(call->sandbox));
	else
		jira_fail(call, 404, "The request type '%s' does not exist.", call->parameter[1]);
}

void jira_request_fields(struct jira_call *call)
{
	json_t *options = json_array();
	size_t index;
	json_t *tool;
	if (!desk_known(call))
		return;
	json_array_foreach(json_object_get(call->sandbox->site.settings, "tools"), index, tool)
	{
		char id[16];
		snprintf(id, sizeof(id), "%d", (int)(10200 + index));
		json_array_append_new(options, json_pack("{s:s,s:O,s:[]}", "value", id, "label", tool, "children"));
	}
	json_t *fields = json_pack(
	    "[{s:s,s:s,s:s,s:b,s:o,s:{s:s,s:s,s:i}},{s:s,s:s,s:s,s:b,s:[],s:{s:s,s:s,s:i}},{s:s,s:s,s:s,s:b,s:[],s:{s:s,s:"
	    "s,s:i}}]",
	    "fieldId", JIRA_FIELD_TOOL, "name", "Tool", "description", "", "required", 1, "validValues", options,
	    "jiraSchema", "type", "option", "custom", "com.atlassian.jira.plugin.system.customfieldtypes:select",
	    "customId", 10050, "fieldId", JIRA_FIELD_PURPOSE, "name", "Purpose", "description", "", "required", 0,
	    "validValues", "jiraSchema", "type", "string", "custom",
	    "com.atlassian.jira.plugin.system.customfieldtypes:textfield", "customId", 10051, "fieldId",
	    JIRA_FIELD_DURATION, "name", "Duration", "description", "days", "required", 0, "validValues", "jiraSchema",
	    "type", "number", "custom", "com.atlassian.jira.plugin.system.customfieldtypes:float", "customId", 10052);
	reply_json(call->reply, 200,
	           json_pack("{s:o,s:b,s:b}", "requestTypeFields", fields, "canRaiseOnBehalfOf", 1,
	                     "canAddRequestParticipants", 1));
}
