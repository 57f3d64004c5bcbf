/* The Jira site's routes. */
#include "jira.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pages.h"

struct route {
	const char *method;
	const char *pattern;
	jira_handler *handle;
};

static const struct route routes[] = {
    {"GET", "api/3/serverInfo", jira_server_info},
    {"GET", "api/3/myself", jira_myself},
    {"GET", "api/3/mypermissions", jira_permissions},
    {"POST", "api/3/permissions/check", jira_permissions_check},
    {"GET", "api/3/user", jira_user},
    {"GET", "api/3/user/email", jira_user_email},
    {"GET", "api/3/user/search", jira_user_search},
    {"GET", "api/3/field", jira_fields},
    {"GET", "api/3/status", jira_statuses},
    {"GET", "api/3/issuetype", jira_issue_types},
    {"GET", "api/3/project/search", jira_projects},
    {"GET", "api/3/project/{}", jira_project},
    {"GET", "api/3/search/jql", jira_search},
    {"POST", "api/3/search/jql", jira_search},
    {"POST", "api/3/issue", jira_issue_create},
    {"GET", "api/3/issue/{}", jira_issue_get},
    {"PUT", "api/3/issue/{}", jira_issue_put},
    {"DELETE", "api/3/issue/{}", jira_issue_delete},
    {"GET", "api/3/issue/{}/changelog", jira_changelog},
    {"GET", "api/3/issue/{}/comment", jira_comments_list},
    {"POST", "api/3/issue/{}/comment", jira_comment_add},
    {"GET", "api/3/issue/{}/transitions", jira_transitions_list},
    {"POST", "api/3/issue/{}/transitions", jira_transition_do},
    {"GET", "api/3/issue/{}/properties", jira_properties_list},
    {"GET", "api/3/issue/{}/properties/{}", jira_property_get},
    {"PUT", "api/3/issue/{}/properties/{}", jira_property_put},
    {"GET", "servicedeskapi/servicedesk", jira_desks},
    {"GET", "servicedeskapi/servicedesk/{}", jira_desk},
    {"GET", "servicedeskapi/servicedesk/{}/requesttype", jira_request_types},
    {"GET", "servicedeskapi/servicedesk/{}/requesttype/{}", jira_request_type},
    {"GET", "servicedeskapi/servicedesk/{}/requesttype/{}/field", jira_request_fields},
    {"GET", "servicedeskapi/requesttype", jira_request_types},
    {"POST", "servicedeskapi/request", jira_request_create},
    {"GET", "servicedeskapi/request", jira_request_list},
    {"GET", "servicedeskapi/request/{}", jira_request_get},
    {"GET", "servicedeskapi/request/{}/status", jira_request_status},
    {"GET", "servicedeskapi/request/{}/comment", jira_portal_comments},
    {"POST", "servicedeskapi/request/{}/comment", jira_portal_comment_add},
    {"GET", "servicedeskapi/request/{}/transition", jira_portal_transitions},
    {"POST", "servicedeskapi/request/{}/transition", jira_portal_transition_do},
    {"GET", "servicedeskapi/request/{}/approval", jira_approvals_list},
    {"GET", "servicedeskapi/request/{}/approval/{}", jira_approval_get},
    {"POST", "servicedeskapi/request/{}/approval/{}", jira_approval_answer},
};

static bool servicedesk(const struct jira_call *call)
{
	return strstr(call->request->path, "/rest/servicedeskapi/") != NULL;
}

void jira_fail(struct jira_call *call, int status, const char *format, ...)
{
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	const char *text = text_is_utf8(message, strlen(message)) ? message : "The request is not valid.";
	reply_json(call->reply, status,
	           servicedesk(call) ? json_pack("{s:s,s:{s:s,s:[]}}", "errorMessage", text, "i18nErrorMessage", "i18nKey",
	                                         "sd.error", "parameters")
	                             : json_pack("{s:[s],s:{}}", "errorMessages", text, "errors"));
}

void jira_fail_field(struct jira_call *call, const char *field, const char *message)
{
	if (servicedesk(call))
		jira_fail(call, 400, "%s: %s", field, message);
	else
		reply_json(call->reply, 400, json_pack("{s:[],s:{s:s}}", "errorMessages", "errors", field, message));
}

static void api_handle(struct jira_call *call, const char *const *segments, size_t count)
{
	bool known = false;
	call->account = jira_authenticate(call->sandbox, call->request);
	if (!call->account) {
		jira_fail(call, 401, "Client must be authenticated to access this resource.");
		reply_header(call->reply, "WWW-Authenticate", "Basic realm=\"Sandbox Jira\"");
		return;
	}
	reply_header(call->reply, "X-AACCOUNTID", json_string_at(call->account, "accountId"));
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!path_fits(routes[i].pattern, segments, count, call->parameter))
			continue;
		known = true;
		if (!text_equal(routes[i].method, call->request->method))
			continue;
		routes[i].handle(call);
		return;
	}
	jira_fail(call, known ? 405 : 404, known ? "Method Not Allowed" : "There is no such resource.");
}

void jira_handle(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	struct jira_call call = {.sandbox = sandbox, .request = request, .reply = reply};
	const char *const *segments = request->segment;
	size_t count = request->segments;
	/* api.atlassian.com/ex/jira/{cloudId} in front, for tokens that only work there. */
	if (count > 3 && text_equal(segments[0], "ex") && text_equal(segments[1], "jira") &&
	    text_equal(segments[2], SANDBOX_CLOUD_ID)) {
		segments += 3;
		count -= 3;
	}
	if (count > 0 && text_equal(segments[0], "rest"))
		api_handle(&call, segments + 1, count - 1);
	else if (count == 2 && text_equal(segments[0], "oauth") && text_equal(segments[1], "token"))
		jira_oauth_token(sandbox, request, reply);
	else if (count == 2 && text_equal(segments[0], "_edge") && text_equal(segments[1], "tenant_info"))
		reply_json(reply, 200, json_pack("{s:s}", "cloudId", SANDBOX_CLOUD_ID));
	else
		page_jira(sandbox, request, reply);
}
