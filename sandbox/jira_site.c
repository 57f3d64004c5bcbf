/* What the site says about itself: server, fields, statuses, projects. */
#include <stdio.h>

#include "base/text.h"
#include "jira.h"

void jira_server_info(struct jira_call *call)
{
	char now[JIRA_DATE_SIZE];
	jira_date(sandbox_now_ms(call->sandbox), now);
	reply_json(call->reply, 200,
	           json_pack("{s:s,s:s,s:s,s:[iii],s:s,s:i,s:s,s:s,s:s}", "baseUrl", call->sandbox->jira_url, "displayUrl",
	                     call->sandbox->jira_url, "version", "1001.0.0-SNAPSHOT", "versionNumbers", 1001, 0, 0,
	                     "deploymentType", "Cloud", "buildNumber", 100287, "buildDate", now, "serverTime", now,
	                     "serverTitle", "Sandbox Jira"));
}

static json_t *field_custom(const char *id, const char *name, const char *type, const char *custom, int number)
{
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:[s],s:{s:s,s:s,s:i}}", "id", id, "key", id, "name", name, "custom",
	                 1, "orderable", 1, "navigable", 1, "searchable", 1, "clauseNames", id, "schema", "type", type,
	                 "custom", custom, "customId", number);
}

static json_t *field_system(const char *id, const char *name, const char *type)
{
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:[s],s:{s:s,s:s}}", "id", id, "key", id, "name", name, "custom", 0,
	                 "orderable", 1, "navigable", 1, "searchable", 1, "clauseNames", id, "schema", "type", type,
	                 "system", id);
}

void jira_fields(struct jira_call *call)
{
	reply_json(call->reply, 200,
	           json_pack("[o,o,o,o,o,o,o,o,o,o]", field_system("summary", "Summary", "string"),
	                     field_system("status", "Status", "status"), field_system("reporter", "Reporter", "user"),
	                     field_system("created", "Created", "datetime"), field_system("updated", "Updated", "datetime"),
	                     field_custom(JIRA_FIELD_REQUEST_TYPE, "Request Type", "sd-customerrequesttype",
	                                  "com.atlassian.servicedesk:vp-origin", 10010),
	                     field_custom(JIRA_FIELD_APPROVALS, "Approvals", "sd-approvals",
	                                  "com.atlassian.servicedesk.approvals-plugin:sd-approvals", 10026),
	                     field_custom(JIRA_FIELD_TOOL, "Tool", "option",
	                                  "com.atlassian.jira.plugin.system.customfieldtypes:select", 10050),
	                     field_custom(JIRA_FIELD_PURPOSE, "Purpose", "string",
	                                  "com.atlassian.jira.plugin.system.customfieldtypes:textfield", 10051),
	                     field_custom(JIRA_FIELD_DURATION, "Duration", "number",
	                                  "com.atlassian.jira.plugin.system.customfieldtypes:float", 10052)));
}

void jira_statuses(struct jira_call *call)
{
	static const char *const ids[] = {STATUS_WAITING, STATUS_APPROVED, STATUS_DECLINED, STATUS_REMOVED, STATUS_ACTIVE};
	json_t *all = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		json_array_append_new(all, status_view(call->sandbox, ids[i]));
	reply_json(call->reply, 200, all);
}

static json_t *project_view(const struct sandbox *sandbox, bool desk)
{
	char self[160];
	snprintf(self, sizeof(self), "%s/rest/api/3/project/%s", sandbox->jira_url, desk ? "10001" : "10002");
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:b}", "self", self, "id", desk ? "10001" : "10002", "key",
	                 desk ? JIRA_PROJECT : JIRA_PLAIN_PROJECT, "name", desk ? "AI Clearance" : "Operations",
	                 "projectTypeKey", desk ? "service_desk" : "software", "simplified", 0, "style", "classic",
	                 "isPrivate", 0);
}

void jira_projects(struct jira_call *call)
{
	char self[160];
	snprintf(self, sizeof(self), "%s/rest/api/3/project/search", call->sandbox->jira_url);
	reply_json(call->reply, 200,
	           json_pack("{s:s,s:i,s:i,s:i,s:b,s:[o,o]}", "self", self, "maxResults", 50, "startAt", 0, "total", 2,
	                     "isLast", 1, "values", project_view(call->sandbox, true), project_view(call->sandbox, false)));
}

void jira_project(struct jira_call *call)
{
	const char *key = call->parameter[0];
	bool desk = text_equal_fold(key, JIRA_PROJECT) || text_equal(key, "10001");
	if (desk || text_equal_fold(key, JIRA_PLAIN_PROJECT) || text_equal(key, "10002"))
		reply_json(call->reply, 200, project_view(call->sandbox, desk));
	else
		jira_fail(call, 404, "No project could be found with key '%s'.", key);
}

void jira_issue_types(struct jira_call *call)
{
	char self[160];
	snprintf(self, sizeof(self), "%s/rest/api/3/issuetype/10100", call->sandbox->jira_url);
	reply_json(call->reply, 200,
	           json_pack("[{s:s,s:s,s:s,s:s,s:b,s:i}]", "self", self, "id", "10100", "description", "", "name",
	                     "Service Request", "subtask", 0, "hierarchyLevel", 0));
}
