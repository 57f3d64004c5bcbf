#include "base/macro.h"
#include "server/api.h"
#include "server/route.h"
#include "server/shapes.h"

#define A ROLE_ADMIN
#define P ROLE_APPROVER
#define U ROLE_AUDITOR
#define R ROLE_REQUESTER

#define JSON_LIMIT (64 << 10)
#define WEBHOOK_LIMIT (1 << 20)
#define CSV_LIMIT (32 << 20)

#define V1 "/api/v1"
#define CONNECTOR V1 "/connectors/{connectorId}"
#define TOOL V1 "/tools/{toolId}"
#define MAPPING V1 "/identity-mappings/{mappingId}"
#define REQUEST V1 "/requests/{requestId}"
#define GRANT V1 "/grants/{grantId}"
#define FINDING V1 "/findings/{findingId}"

/* method, path, roles, pool, kind of answer, flags */
#define ROUTE(verb, path, who, where, kind, marks)                                                                     \
	.method = (verb), .pattern = (path), .roles = (who), .pool = (where), .answer = (kind), .flags = (marks),          \
	.body_limit = JSON_LIMIT

static const struct route routes[] = {
    /* ---- system
       ---------------------------------------------------------------------------------------------------------- */
    {ROUTE("GET", "/healthz", 0, ROUTE_QUICK, ROUTE_DOCUMENT, 0), .response = &answer_health, .success = {200},
     .operation = "getHealth", .summary = "The process runs", .handle = api_health},
    {ROUTE("GET", "/readyz", 0, ROUTE_QUICK, ROUTE_DOCUMENT, 0), .response = &answer_health, .success = {200},
     .operation = "getReadiness", .summary = "The store answers and its migrations are done", .handle = api_ready},
    {ROUTE("GET", "/metrics", A | U, ROUTE_QUICK, ROUTE_TEXT, 0), .success = {200}, .operation = "getMetrics",
     .summary = "Counts, in the text format of Prometheus", .handle = api_metrics},
    {ROUTE("GET", V1 "/openapi.json", 0, ROUTE_QUICK, ROUTE_DOCUMENT, 0), .success = {200}, .operation = "getOpenapi",
     .summary = "This document", .handle = api_openapi},
    {ROUTE("GET", V1 "/me", ROLE_ANY, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_me, .success = {200},
     .operation = "getMe", .summary = "Who the token stands for", .handle = api_me},

    /* ---- connectors
       ------------------------------------------------------------------------------------------------------ */
    {ROUTE("GET", V1 "/connectors", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_page,
     .response = &answer_connector, .success = {200}, .operation = "listConnectors", .summary = "All connectors",
     .handle = api_connector_list},
    {ROUTE("POST", V1 "/connectors", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CREATES), .request = &shape_connector_create,
     .response = &answer_connector, .success = {201}, .problems = {409}, .operation = "createConnector",
     .summary = "Stores a connector, untested", .handle = api_connector_create},
    {ROUTE("GET", CONNECTOR, A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_connector, .success = {200},
     .problems = {404}, .operation = "getConnector", .summary = "One connector", .handle = api_connector_read},
    {ROUTE("PUT", CONNECTOR, A, ROUTE_WAITING, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_connector_replace,
     .response = &answer_connector, .success = {200}, .problems = {404, 409, 412}, .operation = "replaceConnector",
     .summary = "Replaces a connector; a new credential is tried first", .handle = api_connector_replace},
    {ROUTE("DELETE", CONNECTOR, A, ROUTE_QUICK, ROUTE_NOTHING, ROUTE_CONDITIONAL), .success = {204},
     .problems = {404, 409, 412}, .operation = "deleteConnector", .summary = "Deletes a connector and retires its id",
     .handle = api_connector_delete},
    {ROUTE("POST", CONNECTOR "/test", A, ROUTE_WAITING, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_test, .success = {200}, .problems = {404, 412},
     .operation = "testConnector", .summary = "Tests the connection and keeps the report",
     .handle = api_connector_test},
    {ROUTE("POST", CONNECTOR "/enable", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_connector, .success = {200}, .problems = {404, 412},
     .operation = "enableConnector", .summary = "Lets its jobs run", .handle = api_connector_enable},
    {ROUTE("POST", CONNECTOR "/disable", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_connector, .success = {200}, .problems = {404, 412},
     .operation = "disableConnector", .summary = "Makes its jobs wait", .handle = api_connector_disable},
    {ROUTE("POST", CONNECTOR "/held-removals/release", A, ROUTE_QUICK, ROUTE_OBJECT,
           ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_connector, .success = {200}, .problems = {404, 412},
     .operation = "releaseHeldRemovals", .summary = "Lets held removals go on",
     .handle = api_connector_release_removals},
    {ROUTE("POST", CONNECTOR "/held-removals/cancel", A, ROUTE_QUICK, ROUTE_OBJECT,
           ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_connector, .success = {200}, .problems = {404, 412},
     .operation = "cancelHeldRemovals", .summary = "Drops held removals; their grants need a person",
     .handle = api_connector_cancel_removals},
    {ROUTE("GET", CONNECTOR "/groups", A, ROUTE_WAITING, ROUTE_LIST, 0), .query = &query_search,
     .response = &answer_group_candidate, .success = {200}, .problems = {404, 502, 504},
     .operation = "searchConnectorGroups", .summary = "Groups of the directory, and whether each can be bound",
     .handle = api_connector_groups},

    {ROUTE("POST", CONNECTOR "/check", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_connector, .success = {202}, .problems = {404, 412},
     .operation = "checkConnectorMembers", .summary = "Checks who is in its groups against what was approved, by a job",
     .handle = api_connector_check},
    {ROUTE("GET", CONNECTOR "/checks", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_page,
     .response = &answer_group_check, .success = {200}, .problems = {404}, .operation = "listConnectorChecks",
     .summary = "How the last check of each bound group went", .handle = api_connector_checks},

    /* ---- tools
       ------------------------------------------------------------------------------------------------------------- */
    {ROUTE("GET", V1 "/tools", ROLE_ANY, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_page, .response = &answer_tool,
     .success = {200}, .operation = "listTools", .summary = "The catalog", .handle = api_tool_list},
    {ROUTE("POST", V1 "/tools", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CREATES), .request = &shape_tool_create,
     .response = &answer_tool, .success = {201}, .problems = {409}, .operation = "createTool",
     .summary = "Adds a tool to the catalog", .handle = api_tool_create},
    {ROUTE("GET", TOOL, ROLE_ANY, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_tool, .success = {200},
     .problems = {404}, .operation = "getTool", .summary = "One tool", .handle = api_tool_read},
    {ROUTE("PUT", TOOL, A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_tool_replace,
     .response = &answer_tool, .success = {200}, .problems = {404, 409, 412}, .operation = "replaceTool",
     .summary = "Replaces a tool", .handle = api_tool_replace},
    {ROUTE("DELETE", TOOL, A, ROUTE_QUICK, ROUTE_NOTHING, ROUTE_CONDITIONAL), .success = {204},
     .problems = {404, 409, 412}, .operation = "deleteTool", .summary = "Deletes a tool and retires its id",
     .handle = api_tool_delete},
    {ROUTE("POST", TOOL "/entitlement-group", A, ROUTE_WAITING, ROUTE_OBJECT, ROUTE_CREATES | ROUTE_CONDITIONAL),
     .request = &shape_group_bind, .response = &answer_tool, .success = {200, 202},
     .problems = {404, 409, 412, 502, 504}, .operation = "bindEntitlementGroup",
     .summary = "Binds the group that controls the tool, or has one created by a job", .handle = api_tool_bind_group},
    {ROUTE("DELETE", TOOL "/entitlement-group", A, ROUTE_QUICK, ROUTE_NOTHING, ROUTE_CONDITIONAL), .success = {204},
     .problems = {404, 409, 412}, .operation = "unbindEntitlementGroup",
     .summary = "Unbinds the group, which stays in the directory", .handle = api_tool_unbind_group},

    {ROUTE("POST", TOOL "/stop", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .query = &query_stop, .request = &shape_stop, .response = &answer_tool, .preview = &answer_stop_preview,
     .success = {200}, .problems = {404, 412}, .operation = "stopTool",
     .summary = "Takes all access to the tool away and gives no more; ?dryRun=true: from whom",
     .handle = api_tool_stop},
    {ROUTE("GET", TOOL "/stop", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_stop_list,
     .response = &answer_stop_item, .success = {200}, .problems = {404}, .operation = "listStopOfTool",
     .summary = "Whom the tool's last stop covers, and what became of each", .handle = api_tool_stop_list},
    {ROUTE("POST", TOOL "/resume", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_tool, .success = {200}, .problems = {404, 412},
     .operation = "resumeTool", .summary = "Lets a stopped tool be asked for again; gives nobody back",
     .handle = api_tool_resume},

    /* ---- identity mappings
       -------------------------------------------------------------------------------------------------- */
    {ROUTE("GET", V1 "/identity-mappings", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_mappings,
     .response = &answer_mapping, .success = {200}, .operation = "listIdentityMappings", .summary = "All mappings",
     .handle = api_mapping_list},
    {ROUTE("POST", V1 "/identity-mappings", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CREATES),
     .request = &shape_mapping_create, .response = &answer_mapping, .success = {201}, .problems = {409},
     .operation = "createIdentityMapping", .summary = "Says which directory user an account is",
     .handle = api_mapping_create},
    {ROUTE("POST", V1 "/identity-mappings/resolve", A, ROUTE_WAITING, ROUTE_DOCUMENT, 0), .request = &shape_resolve,
     .response = &answer_resolve, .success = {200}, .problems = {404, 502, 504}, .operation = "resolveIdentity",
     .summary = "What a provisioning would find, and why; changes nothing", .handle = api_mapping_resolve},
    {.method = "POST",
     .pattern = V1 "/identity-mappings/import",
     .roles = A,
     .pool = ROUTE_QUICK,
     .answer = ROUTE_DOCUMENT,
     .flags = ROUTE_CSV,
     .body_limit = CSV_LIMIT,
     .query = &query_dry_run,
     .response = &answer_import,
     .success = {200},
     .problems = {413, 415},
     .operation = "importIdentityMappings",
     .summary = "All rows of a CSV file, or none",
     .handle = api_mapping_import},
    {ROUTE("GET", V1 "/identity-mappings/export", A, ROUTE_QUICK, ROUTE_TEXT, 0), .media = {"text/csv"},
     .success = {200}, .operation = "exportIdentityMappings", .summary = "All mappings as a CSV file",
     .handle = api_mapping_export},
    {ROUTE("GET", MAPPING, A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_mapping, .success = {200},
     .problems = {404}, .operation = "getIdentityMapping", .summary = "One mapping", .handle = api_mapping_read},
    {ROUTE("PUT", MAPPING, A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_mapping_replace,
     .response = &answer_mapping, .success = {200}, .problems = {404, 412}, .operation = "replaceIdentityMapping",
     .summary = "Replaces target and note", .handle = api_mapping_replace},
    {ROUTE("DELETE", MAPPING, A, ROUTE_QUICK, ROUTE_NOTHING, ROUTE_CONDITIONAL), .success = {204},
     .problems = {404, 412}, .operation = "deleteIdentityMapping", .summary = "Deletes a mapping",
     .handle = api_mapping_delete},

    /* ---- settings
       -------------------------------------------------------------------------------------------------------------- */
    {ROUTE("GET", V1 "/settings/intake", A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &shape_intake,
     .success = {200}, .operation = "getIntakeSettings", .summary = "How requests come in from Jira",
     .handle = api_intake_read},
    {ROUTE("PUT", V1 "/settings/intake", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_intake,
     .response = &shape_intake, .success = {200}, .problems = {412}, .operation = "replaceIntakeSettings",
     .summary = "Replaces the intake settings", .handle = api_intake_replace},

    /* ---- requests
       ---------------------------------------------------------------------------------------------------------------
     */
    {ROUTE("GET", V1 "/requests", A | P | U | R, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_requests,
     .response = &answer_request, .success = {200}, .operation = "listRequests",
     .summary = "Requests, newest first; a requester sees their own", .handle = api_request_list},
    {ROUTE("POST", V1 "/requests", A | R, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CREATES), .request = &shape_request_create,
     .response = &answer_request, .success = {201}, .problems = {409}, .operation = "createRequest",
     .summary = "Asks for a tool (approval mode console)", .handle = api_request_create},
    {ROUTE("GET", REQUEST, A | P | U | R, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_request, .success = {200},
     .problems = {404}, .operation = "getRequest", .summary = "One request", .handle = api_request_read},
    {ROUTE("POST", REQUEST "/approve", A | P, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_comment, .response = &answer_request, .success = {202, 200}, .problems = {404, 409, 412},
     .operation = "approveRequest", .summary = "Approves a request of mode console", .handle = api_request_approve},
    {ROUTE("POST", REQUEST "/deny", A | P, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_comment, .response = &answer_request, .success = {200}, .problems = {404, 409, 412},
     .operation = "denyRequest", .summary = "Denies a request of mode console", .handle = api_request_deny},
    {ROUTE("POST", REQUEST "/cancel", A | P | R, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_comment, .response = &answer_request, .success = {200}, .problems = {404, 409, 412},
     .operation = "cancelRequest", .summary = "Cancels a pending request", .handle = api_request_cancel},

    /* ---- grants
       -------------------------------------------------------------------------------------------------------------------
     */
    {ROUTE("GET", V1 "/grants", A | P | U | R, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_grants,
     .response = &answer_grant, .success = {200}, .operation = "listGrants",
     .summary = "Grants, newest first; a requester sees their own", .handle = api_grant_list},
    {ROUTE("GET", GRANT, A | P | U | R, ROUTE_QUICK, ROUTE_OBJECT, 0), .query = &query_wait, .response = &answer_grant,
     .success = {200}, .problems = {404}, .operation = "getGrant", .summary = "One grant", .handle = api_grant_read},
    {ROUTE("POST", GRANT "/revoke", A | R, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_comment, .response = &answer_grant, .success = {202, 200}, .problems = {404, 409, 412},
     .operation = "revokeGrant", .summary = "Takes the access away", .handle = api_grant_revoke},
    {ROUTE("POST", GRANT "/extend", A | R, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CREATES), .request = &shape_grant_extend,
     .response = &answer_request, .success = {201}, .problems = {404, 409}, .operation = "extendGrant",
     .summary = "Asks that the access goes on (approval mode console): a request that moves the end once approved",
     .handle = api_grant_extend},
    {ROUTE("POST", GRANT "/retry", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL | ROUTE_BODY_OPTIONAL),
     .request = &shape_nothing, .response = &answer_grant, .success = {202, 200}, .problems = {404, 409, 412},
     .operation = "retryGrant", .summary = "Tries a manual follow-up again", .handle = api_grant_retry},
    {ROUTE("POST", GRANT "/resolve", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_grant_resolve,
     .response = &answer_grant, .success = {202, 200}, .problems = {404, 409, 412}, .operation = "resolveGrant",
     .summary = "Ends a manual follow-up: with a user, or by closing it", .handle = api_grant_resolve},
    {ROUTE("GET", V1 "/follow-ups", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_page, .response = &answer_grant,
     .success = {200}, .operation = "listFollowUps", .summary = "Grants that need a person",
     .handle = api_follow_up_list},

    /* ---- findings
       -----------------------------------------------------------------------------------------------------------------
     */
    {ROUTE("GET", V1 "/findings", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_findings,
     .response = &answer_finding, .success = {200}, .operation = "listFindings",
     .summary = "Where a group is not what was approved, newest first", .handle = api_finding_list},
    {ROUTE("GET", FINDING, A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_finding, .success = {200},
     .problems = {404}, .operation = "getFinding", .summary = "One finding", .handle = api_finding_read},
    {ROUTE("POST", FINDING "/put-back", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_reason,
     .response = &answer_finding, .success = {202, 200}, .problems = {404, 409, 412}, .operation = "putBackFinding",
     .summary = "Puts somebody back whose grant is open", .handle = api_finding_put_back},
    {ROUTE("POST", FINDING "/take-out", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_reason,
     .response = &answer_finding, .success = {202, 200}, .problems = {404, 409, 412}, .operation = "takeOutFinding",
     .summary = "Takes somebody out who has no grant", .handle = api_finding_take_out},
    {ROUTE("POST", FINDING "/adopt", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_CONDITIONAL), .request = &shape_finding_adopt,
     .response = &answer_finding, .success = {202, 200}, .problems = {404, 409, 412}, .operation = "adoptFinding",
     .summary = "Makes a grant for somebody who is in the group", .handle = api_finding_adopt},

    /* ---- jobs
       ----------------------------------------------------------------------------------------------------------------------
     */
    {ROUTE("GET", V1 "/jobs", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_jobs, .response = &answer_job,
     .success = {200}, .operation = "listJobs", .summary = "Jobs, newest first", .handle = api_job_list},
    {ROUTE("GET", V1 "/jobs/{jobId}", A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .query = &query_wait,
     .response = &answer_job, .success = {200}, .problems = {404}, .operation = "getJob", .summary = "One job",
     .handle = api_job_read},

    /* ---- audit
       -----------------------------------------------------------------------------------------------------------------------
     */
    {ROUTE("GET", V1 "/audit-events", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_page,
     .response = &answer_audit_event, .success = {200}, .operation = "listAuditEvents",
     .summary = "The audit chain, newest first", .handle = api_audit_list},
    {ROUTE("GET", V1 "/audit-events/export", A | U, ROUTE_QUICK, ROUTE_TEXT, 0), .query = &query_export,
     .media = {"application/jsonl", "text/csv"}, .success = {200}, .operation = "exportAuditEvents",
     .summary = "The audit chain as a file, oldest first", .handle = api_audit_export},
    {ROUTE("GET", V1 "/audit/checkpoints", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_page,
     .response = &answer_checkpoint, .success = {200}, .operation = "listAuditCheckpoints",
     .summary = "Signed checkpoints, newest first", .handle = api_audit_checkpoints},
    {ROUTE("GET", V1 "/audit/public-key", A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_public_key,
     .success = {200}, .operation = "getAuditPublicKey", .summary = "The key that checkpoints are verified with",
     .handle = api_audit_public_key},

    {ROUTE("GET", V1 "/evidence", A | U, ROUTE_QUICK, ROUTE_TEXT, 0), .query = &query_evidence,
     .media = {"text/html", "text/csv"}, .success = {200}, .problems = {404}, .operation = "getEvidence",
     .summary = "Requests, grants and events of a period in one sealed file", .handle = api_evidence},

    /* ---- people
       ----------------------------------------------------------------------------------------------------------------------
     */
    {ROUTE("POST", V1 "/people/{accountId}/erase", A, ROUTE_WAITING, ROUTE_OBJECT, 0), .request = &shape_person_erase,
     .response = &answer_erasure, .success = {200}, .problems = {404, 409}, .operation = "erasePerson",
     .summary = "Takes away a person's texts and names", .handle = api_person_erase},

    {ROUTE("GET", V1 "/people/{accountId}", A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_person,
     .success = {200}, .problems = {404}, .operation = "getPerson",
     .summary = "What is open of a person, and how their access was last revoked", .handle = api_person_read},
    {ROUTE("POST", V1 "/people/{accountId}/revoke", A, ROUTE_QUICK, ROUTE_OBJECT, ROUTE_BODY_OPTIONAL),
     .query = &query_stop, .request = &shape_stop, .response = &answer_person, .preview = &answer_stop_preview,
     .success = {200}, .problems = {404}, .operation = "revokePerson",
     .summary = "Takes all access of a person away and cancels their requests; ?dryRun=true: which",
     .handle = api_person_revoke},
    {ROUTE("GET", V1 "/people/{accountId}/revoke", A | U, ROUTE_QUICK, ROUTE_LIST, 0), .query = &query_stop_list,
     .response = &answer_stop_item, .success = {200}, .problems = {404}, .operation = "listRevokeOfPerson",
     .summary = "What was last revoked of a person, and what became of each", .handle = api_person_revoke_list},

    /* ---- inbox, hooks
       ------------------------------------------------------------------------------------------------------------------
     */
    {ROUTE("GET", V1 "/inbox-events/{eventId}", A | U, ROUTE_QUICK, ROUTE_OBJECT, 0), .response = &answer_inbox_event,
     .success = {200}, .problems = {404}, .operation = "getInboxEvent", .summary = "What became of an event from Jira",
     .handle = api_inbox_read},
    {.method = "POST",
     .pattern = "/hooks/jira",
     .flags = ROUTE_RAW,
     .answer = ROUTE_DOCUMENT,
     .body_limit = WEBHOOK_LIMIT,
     .request = &shape_webhook,
     .response = &answer_event_id,
     .success = {202},
     .problems = {401, 413},
     .operation = "receiveJiraWebhook",
     .summary = "A webhook of Jira, signed",
     .handle = api_hook_jira},
    {.method = "POST",
     .pattern = "/hooks/jira-automation",
     .flags = ROUTE_RAW,
     .answer = ROUTE_DOCUMENT,
     .body_limit = JSON_LIMIT,
     .request = &shape_automation,
     .response = &answer_event_id,
     .success = {202},
     .problems = {400, 401, 413, 422},
     .operation = "receiveJiraAutomation",
     .summary = "\"Send web request\" of Jira Automation",
     .handle = api_hook_automation},
};

const struct route *route_table(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(routes);
	return routes;
}
