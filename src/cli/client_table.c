#include "cli/client_table.h"

#include "base/text.h"

#define FIELDS(list) .fields = list, .field_count = ARRAY_SIZE(list)
#define COLUMNS(list) .columns = list, .column_count = ARRAY_SIZE(list)
#define VERBS(list) list, ARRAY_SIZE(list)

/* ---- connector ---- */

#define CONNECTOR_FIELDS                                                                                               \
	{{"--name", "NAME", "what people call it", false}, "name", FIELD_TEXT},                                            \
	    {{"--description", "TEXT", "a sentence about it", false}, "description", FIELD_TEXT},                          \
	    {{"--group-mode", "MODE", "bind or create", false}, "groupMode", FIELD_TEXT},                                  \
	    {{"--tenant-id", "ID", "Directory (tenant) ID", false}, "config.tenantId", FIELD_TEXT},                        \
	    {{"--client-id", "ID", "Application (client) ID", false}, "config.clientId", FIELD_TEXT},                      \
	    {{"--cloud", "CLOUD", "global, usgov, usgovdod or china", false}, "config.cloud", FIELD_TEXT},                 \
	    {{"--secret-file", "FILE", "a file with the client secret, - for standard input", false},                      \
	     "config.clientSecret",                                                                                        \
	     FIELD_SECRET_FILE},                                                                                           \
	{                                                                                                                  \
		{"--secret-ref", "REF", "or a secret reference for the service to read", false}, "config.secretRef",           \
		    FIELD_TEXT                                                                                                 \
	}

static const struct client_field connector_create[] = {
    {{"--id", "CONNECTOR-ID", "lower-case letters, digits, hyphens", false}, "connectorId", FIELD_TEXT},
    CONNECTOR_FIELDS,
};
static const struct client_field connector_update[] = {CONNECTOR_FIELDS};
static const struct client_field group_search[] = {
    {{"--search", "TEXT", "part of the group's name", false}, "search", FIELD_QUERY},
};
static const struct client_column connector_columns[] = {
    {"CONNECTOR", "connectorId"},   {"NAME", "name"},          {"HEALTH", "health"},
    {"ENABLED", "enabled"},         {"CLOUD", "config.cloud"}, {"TOOLS", "toolCount"},
    {"HELD", "heldRemovals.count"}, {"STALE", "stale"},        {"TENANT", "config.tenantId"},
};
static const struct client_column group_columns[] = {
    {"GROUP", "groupId"}, {"MANAGEABLE", "manageable"}, {"CODE", "code"}, {"NAME", "displayName"}};
static const struct client_column check_columns[] = {{"GROUP", "groupId"},
                                                     {"CODE", "code"},
                                                     {"CHECKED", "checkedAt"},
                                                     {"ALL READ", "fullReadAt"},
                                                     {"NAME", "displayName"}};
static const struct client_verb connector_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/connectors", "", "all connectors", COLUMNS(connector_columns)},
    {"show", CLIENT_SHOW, "GET", "/connectors/{}", "CONNECTOR-ID", "one connector"},
    {"create", CLIENT_CREATE, "POST", "/connectors", "", "a new one, from --file or options", FIELDS(connector_create),
     .fixed = "{\"type\":\"entra\"}"},
    {"update", CLIENT_REPLACE, "PUT", "/connectors/{}", "CONNECTOR-ID",
     "changes what the options say; --file is the whole object", FIELDS(connector_update)},
    {"delete", CLIENT_DELETE, "DELETE", "/connectors/{}", "CONNECTOR-ID", "deletes one that nothing uses"},
    {"test", CLIENT_REPORT, "POST", "/connectors/{}/test", "CONNECTOR-ID", "tests the connection; exit 1 if it fails"},
    {"enable", CLIENT_ACT, "POST", "/connectors/{}/enable", "CONNECTOR-ID", "lets its jobs run"},
    {"disable", CLIENT_ACT, "POST", "/connectors/{}/disable", "CONNECTOR-ID", "lets its jobs wait"},
    {"release-removals", CLIENT_ACT, "POST", "/connectors/{}/held-removals/release", "CONNECTOR-ID",
     "lets its held removals go on: these people leave"},
    {"cancel-removals", CLIENT_ACT, "POST", "/connectors/{}/held-removals/cancel", "CONNECTOR-ID",
     "drops its held removals; their grants need a person"},
    {"check", CLIENT_ACT, "POST", "/connectors/{}/check", "CONNECTOR-ID",
     "checks who is in its groups against what was approved"},
    {"checks", CLIENT_LIST, "GET", "/connectors/{}/checks", "CONNECTOR-ID", "how the last check of each group went",
     COLUMNS(check_columns)},
    {"groups", CLIENT_LIST, "GET", "/connectors/{}/groups", "CONNECTOR-ID",
     "groups of the directory, and whether they fit", FIELDS(group_search), COLUMNS(group_columns)},
};

/* ---- tool ---- */

#define TOOL_FIELDS                                                                                                    \
	{{"--name", "NAME", "what people call it", false}, "name", FIELD_TEXT},                                            \
	    {{"--vendor", "VENDOR", "who makes it", false}, "vendor", FIELD_TEXT},                                         \
	    {{"--tool-url", "URL", "its page", false}, "url", FIELD_TEXT},                                                 \
	    {{"--description", "TEXT", "a sentence about it", false}, "description", FIELD_TEXT},                          \
	    {{"--risk", "RISK", "low, medium, high or critical", false}, "risk", FIELD_TEXT},                              \
	    {{"--default-days", "N", "how long a grant lasts if nobody says", false},                                      \
	     "defaultDurationDays",                                                                                        \
	     FIELD_NUMBER},                                                                                                \
	    {{"--max-days", "N", "the longest grant", false}, "maxDurationDays", FIELD_NUMBER},                            \
	    {{"--requestable", "yes|no", "whether people may ask for it", false}, "requestable", FIELD_YES_NO},            \
	    {{"--warning-days", "N,N", "days before the end on which the issue is told, or none", false},                  \
	     "expiryWarningDays",                                                                                          \
	     FIELD_NUMBERS},                                                                                               \
	    {{"--drift", "report|settle", "what a check settles by itself", false}, "drift", FIELD_TEXT},                  \
	    {{"--review", "yes|no", "whether an approver is asked before the end if it is still needed", false},           \
	     "reviewBeforeExpiry",                                                                                         \
	     FIELD_YES_NO},                                                                                                \
	    {{"--review-days", "N", "so many days before the end", false}, "reviewDays", FIELD_NUMBER},                    \
	{                                                                                                                  \
		{"--connector", "CONNECTOR-ID", "which connector controls it, or none", false}, "connectorId",                 \
		    FIELD_TEXT_OR_NONE                                                                                         \
	}

static const struct client_field tool_create[] = {
    {{"--id", "TOOL-ID", "lower-case letters, digits, hyphens", false}, "toolId", FIELD_TEXT},
    TOOL_FIELDS,
};
static const struct client_field tool_update[] = {TOOL_FIELDS};
static const struct client_field tool_bind[] = {
    {{"--group", "GROUP-ID", "the group's object id", true}, "groupId", FIELD_TEXT},
    {{"--allow-shared", NULL, "even if another tool has the same group", false}, "allowShared", FIELD_SWITCH},
};
static const struct client_field tool_create_group[] = {
    {{"--display-name", "NAME", "instead of: AI Clearance - the tool's name - Users", false},
     "displayName",
     FIELD_TEXT},
    {{"--description", "TEXT", "of the group", false}, "description", FIELD_TEXT},
};
static const struct client_field stop_fields[] = {
    {{"--reason", "TEXT", "kept with the stop, beside the audit trail", false}, "reason", FIELD_TEXT},
    {{"--dry-run", NULL, "who would lose what, and nothing is done", false}, "dryRun", FIELD_QUERY_TRUE},
};
static const struct client_field stop_filters[] = {
    {{"--outcome", "OUTCOME", "only waiting, leaving, removed, kept or failed", false}, "outcome", FIELD_QUERY},
};
static const struct client_column stop_columns[] = {
    {"GRANT", "grantId"}, {"ACCOUNT", "accountId"}, {"TOOL", "toolId"},          {"USER", "externalUserId"},
    {"STATUS", "status"}, {"OUTCOME", "outcome"},   {"KEPT BY", "keptByToolId"}, {"BY GRANT", "keptByGrantId"},
};
static const struct client_column tool_columns[] = {
    {"TOOL", "toolId"},
    {"NAME", "name"},
    {"RISK", "risk"},
    {"REQUESTABLE", "requestable"},
    {"STOPPED", "stop.stoppedAt"},
    {"CONNECTOR", "connectorId"},
    {"CHECKED", "entitlementGroup.code"},
    {"GROUP", "entitlementGroup.displayName"},
};
static const struct client_verb tool_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/tools", "", "the catalog", COLUMNS(tool_columns)},
    {"show", CLIENT_SHOW, "GET", "/tools/{}", "TOOL-ID", "one tool"},
    {"create", CLIENT_CREATE, "POST", "/tools", "", "a new one, from --file or options", FIELDS(tool_create)},
    {"update", CLIENT_REPLACE, "PUT", "/tools/{}", "TOOL-ID",
     "changes what the options say; --file is the whole object", FIELDS(tool_update)},
    {"delete", CLIENT_DELETE, "DELETE", "/tools/{}", "TOOL-ID", "deletes one without open grants"},
    {"bind", CLIENT_ACT, "POST", "/tools/{}/entitlement-group", "TOOL-ID", "binds the group that controls it",
     FIELDS(tool_bind), .fixed = "{\"mode\":\"bind\"}"},
    {"create-group", CLIENT_ACT, "POST", "/tools/{}/entitlement-group", "TOOL-ID",
     "has the group created that controls it", FIELDS(tool_create_group), .fixed = "{\"mode\":\"create\"}"},
    {"unbind", CLIENT_DELETE, "DELETE", "/tools/{}/entitlement-group", "TOOL-ID", "forgets its group; the group stays"},
    {"stop", CLIENT_ACT, "POST", "/tools/{}/stop", "TOOL-ID", "takes all access to it away and gives no more",
     FIELDS(stop_fields), COLUMNS(stop_columns), .confirms = true},
    {"resume", CLIENT_ACT, "POST", "/tools/{}/resume", "TOOL-ID", "lets it be asked for again; gives nobody back"},
    {"stop-list", CLIENT_LIST, "GET", "/tools/{}/stop", "TOOL-ID", "whom its last stop covers, and what became of each",
     FIELDS(stop_filters), COLUMNS(stop_columns)},
};

/* ---- mapping ---- */

static const struct client_field mapping_create[] = {
    {{"--account", "ACCOUNT-ID", "the Atlassian account", false}, "accountId", FIELD_TEXT},
    {{"--connector", "CONNECTOR-ID", "in which directory", false}, "connectorId", FIELD_TEXT},
    {{"--external-id", "ID", "object id or user principal name", false}, "externalId", FIELD_TEXT},
    {{"--note", "TEXT", "why it is so", false}, "note", FIELD_TEXT},
};
static const struct client_field mapping_update[] = {
    {{"--external-id", "ID", "object id or user principal name", false}, "externalId", FIELD_TEXT},
    {{"--note", "TEXT", "why it is so", false}, "note", FIELD_TEXT},
};
static const struct client_field mapping_resolve[] = {
    {{"--connector", "CONNECTOR-ID", "in which directory", true}, "connectorId", FIELD_TEXT},
    {{"--account", "ACCOUNT-ID", "the Atlassian account", false}, "accountId", FIELD_TEXT},
    {{"--email", "ADDRESS", "its e-mail address", false}, "email", FIELD_TEXT},
};
static const struct client_column mapping_columns[] = {{"MAPPING", "mappingId"},        {"ACCOUNT", "accountId"},
                                                       {"CONNECTOR", "connectorId"},    {"EXTERNAL", "externalId"},
                                                       {"PINNED", "resolved.objectId"}, {"CHECKED", "code"}};
static const struct client_field mapping_import[] = {
    {{"--dry-run", NULL, "finds out everything, writes nothing", false}, "dryRun", FIELD_QUERY_TRUE}};
static const struct client_field mapping_list[] = {
    {{"--connector", "CONNECTOR-ID", "only in that directory", false}, "connectorId", FIELD_QUERY},
    {{"--account", "ACCOUNT-ID", "only of that account", false}, "accountId", FIELD_QUERY},
    {{"--code", "CODE", "only those whose last check said so: mapping_target_missing …", false}, "code", FIELD_QUERY}};
static const struct client_verb mapping_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/identity-mappings", "", "all mappings", FIELDS(mapping_list),
     COLUMNS(mapping_columns)},
    {"show", CLIENT_SHOW, "GET", "/identity-mappings/{}", "MAPPING-ID", "one mapping"},
    {"create", CLIENT_CREATE, "POST", "/identity-mappings", "", "a new one, from --file or options",
     FIELDS(mapping_create)},
    {"update", CLIENT_REPLACE, "PUT", "/identity-mappings/{}", "MAPPING-ID",
     "changes what the options say; --file is the whole object", FIELDS(mapping_update)},
    {"delete", CLIENT_DELETE, "DELETE", "/identity-mappings/{}", "MAPPING-ID", "deletes it"},
    {"import", CLIENT_UPLOAD, "POST", "/identity-mappings/import", "", "all rows of a CSV file, or none",
     FIELDS(mapping_import)},
    {"export", CLIENT_STREAM, "GET", "/identity-mappings/export", "", "all mappings as a CSV file"},
    {"resolve", CLIENT_ACT, "POST", "/identity-mappings/resolve", "", "who a person would be, and why; changes nothing",
     FIELDS(mapping_resolve)},
};

/* ---- request, grant, follow-up ---- */

static const struct client_field work_filters[] = {
    {{"--status", "STATUS", "only of that status", false}, "status", FIELD_QUERY},
    {{"--tool", "TOOL-ID", "only of that tool", false}, "toolId", FIELD_QUERY},
    {{"--account", "ACCOUNT-ID", "only of that account", false}, "accountId", FIELD_QUERY},
    {{"--issue", "KEY", "only of that Jira issue", false}, "issueKey", FIELD_QUERY},
};
static const struct client_field review_filters[] = {
    {{"--status", "STATUS", "only of that status: pending are those to answer", false}, "status", FIELD_QUERY},
    {{"--tool", "TOOL-ID", "only of that tool", false}, "toolId", FIELD_QUERY},
    {{"--account", "ACCOUNT-ID", "only of that account", false}, "accountId", FIELD_QUERY},
};
static const struct client_field request_create[] = {
    {{"--tool", "TOOL-ID", "which tool", false}, "toolId", FIELD_TEXT},
    {{"--account", "ACCOUNT-ID", "for whom, if not for yourself", false}, "accountId", FIELD_TEXT},
    {{"--purpose", "TEXT", "what for", false}, "purpose", FIELD_TEXT},
    {{"--days", "N", "for how long", false}, "durationDays", FIELD_NUMBER},
};
static const struct client_field grant_extend[] = {
    {{"--purpose", "TEXT", "what for", false}, "purpose", FIELD_TEXT},
    {{"--days", "N", "for how long, from the approval on", false}, "durationDays", FIELD_NUMBER},
};
static const struct client_field comment_field[] = {{{"--comment", "TEXT", "why", false}, "comment", FIELD_TEXT}};
static const struct client_field wait_field[] = {
    {{"--wait", "SECONDS", "answer at the next change of state (at most 20)", false}, "wait", FIELD_QUERY}};
static const struct client_field grant_resolve[] = {
    {{"--external-id", "GUID", "go on with this directory user", false}, "externalId", FIELD_TEXT},
    {{"--save-mapping", NULL, "and map the account to that user from now on", false}, "saveMapping", FIELD_SWITCH},
    {{"--outcome", "OUTCOME", "or close: notGranted, removedByHand, keptByHand", false}, "outcome", FIELD_TEXT},
    {{"--reason", "TEXT", "why it is closed", false}, "reason", FIELD_TEXT},
};
static const struct client_column request_columns[] = {
    {"REQUEST", "requestId"}, {"ISSUE", "issueKey"},    {"STATUS", "status"},
    {"TOOL", "toolId"},       {"ACCOUNT", "accountId"}, {"DAYS", "durationDays"},
    {"CREATED", "createdAt"}, {"CODE", "code"},         {"KIND", "kind"}};
static const struct client_column review_columns[] = {
    {"REVIEW", "requestId"},   {"STATUS", "status"},     {"TOOL", "toolId"},          {"ACCOUNT", "accountId"},
    {"KEEPS", "durationDays"}, {"CREATED", "createdAt"}, {"GRANT", "extendsGrantId"}, {"CODE", "code"}};
static const struct client_column grant_columns[] = {
    {"GRANT", "grantId"},     {"ISSUE", "issueKey"},    {"STATUS", "status"}, {"TOOL", "toolId"},
    {"ACCOUNT", "accountId"}, {"EXPIRES", "expiresAt"}, {"CODE", "code"}};
static const struct client_column follow_up_columns[] = {
    {"GRANT", "grantId"},      {"ISSUE", "issueKey"},       {"TOOL", "toolId"},        {"ACCOUNT", "accountId"},
    {"DO", "followUp.action"}, {"SINCE", "followUp.since"}, {"CODE", "followUp.code"}, {"WHY", "followUp.reason"}};
static const struct client_verb request_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/requests", "", "requests, newest first", FIELDS(work_filters),
     COLUMNS(request_columns)},
    {"show", CLIENT_SHOW, "GET", "/requests/{}", "REQUEST-ID", "one request"},
    {"create", CLIENT_CREATE, "POST", "/requests", "", "asks for access to a tool", FIELDS(request_create)},
    {"approve", CLIENT_ACT, "POST", "/requests/{}/approve", "REQUEST-ID", "grants it", FIELDS(comment_field)},
    {"deny", CLIENT_ACT, "POST", "/requests/{}/deny", "REQUEST-ID", "refuses it", FIELDS(comment_field)},
    {"cancel", CLIENT_ACT, "POST", "/requests/{}/cancel", "REQUEST-ID", "withdraws it", FIELDS(comment_field)},
};
static const struct client_verb grant_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/grants", "", "grants, newest first", FIELDS(work_filters), COLUMNS(grant_columns)},
    {"show", CLIENT_SHOW, "GET", "/grants/{}", "GRANT-ID", "one grant with its history", FIELDS(wait_field)},
    {"extend", CLIENT_CREATE, "POST", "/grants/{}/extend", "GRANT-ID", "asks that it goes on for longer",
     FIELDS(grant_extend)},
    {"revoke", CLIENT_ACT, "POST", "/grants/{}/revoke", "GRANT-ID", "takes the access away"},
    {"retry", CLIENT_ACT, "POST", "/grants/{}/retry", "GRANT-ID", "tries a manual follow-up again"},
    {"resolve", CLIENT_ACT, "POST", "/grants/{}/resolve", "GRANT-ID", "settles a manual follow-up",
     FIELDS(grant_resolve), .fixed = "{}"},
};
static const struct client_verb review_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/requests?kind=review", "", "reviews before the end of access, newest first",
     FIELDS(review_filters), COLUMNS(review_columns)},
    {"show", CLIENT_SHOW, "GET", "/requests/{}", "REVIEW-ID", "one review"},
    {"keep", CLIENT_ACT, "POST", "/requests/{}/approve", "REVIEW-ID", "access goes on by the tool's default duration",
     FIELDS(comment_field)},
    {"end", CLIENT_ACT, "POST", "/requests/{}/deny", "REVIEW-ID", "access ends when its time is over",
     FIELDS(comment_field)},
};
static const struct client_verb follow_up_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/follow-ups", "", "what waits for a person", COLUMNS(follow_up_columns)},
};

/* ---- finding ---- */

static const struct client_field finding_filters[] = {
    {{"--status", "STATUS", "only of that status: open, settling, resolved", false}, "status", FIELD_QUERY},
    {{"--class", "CLASS", "approvedButMissing or presentWithoutApproval", false}, "class", FIELD_QUERY},
    {{"--tool", "TOOL-ID", "only of that tool", false}, "toolId", FIELD_QUERY},
    {{"--connector", "CONNECTOR-ID", "only of that connector", false}, "connectorId", FIELD_QUERY},
};
static const struct client_field reason_field[] = {{{"--reason", "TEXT", "why", true}, "reason", FIELD_TEXT}};
static const struct client_field finding_adopt[] = {
    {{"--account", "ACCOUNT-ID", "the Atlassian account of that user", true}, "accountId", FIELD_TEXT},
    {{"--reason", "TEXT", "why they may have it", true}, "reason", FIELD_TEXT},
    {{"--tool", "TOOL-ID", "where several tools share the group", false}, "toolId", FIELD_TEXT},
    {{"--days", "N", "for how long, if not the tool's default", false}, "durationDays", FIELD_NUMBER},
};
static const struct client_column finding_columns[] = {
    {"FINDING", "findingId"},      {"STATUS", "status"},    {"CLASS", "class"},           {"TOOL", "toolId"},
    {"MEMBER", "member.objectId"}, {"KIND", "member.kind"}, {"BEFORE US", "preexisting"}, {"ACCOUNT", "accountId"},
    {"FOUND", "foundAt"},          {"ENDED", "resolution"}};
static const struct client_verb finding_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/findings", "", "where groups are not what was approved", FIELDS(finding_filters),
     COLUMNS(finding_columns)},
    {"show", CLIENT_SHOW, "GET", "/findings/{}", "FINDING-ID", "one finding"},
    {"put-back", CLIENT_ACT, "POST", "/findings/{}/put-back", "FINDING-ID", "puts somebody back whose grant is open",
     FIELDS(reason_field)},
    {"take-out", CLIENT_ACT, "POST", "/findings/{}/take-out", "FINDING-ID", "takes somebody out who has no grant",
     FIELDS(reason_field)},
    {"adopt", CLIENT_ACT, "POST", "/findings/{}/adopt", "FINDING-ID", "makes a grant for somebody who is in the group",
     FIELDS(finding_adopt)},
};

/* ---- job, audit, settings, inbox, me ---- */

static const struct client_field job_filters[] = {
    {{"--status", "STATUS", "only of that status", false}, "status", FIELD_QUERY},
    {{"--connector", "CONNECTOR-ID", "only of that connector", false}, "connectorId", FIELD_QUERY},
    {{"--kind", "KIND", "only of that kind", false}, "kind", FIELD_QUERY},
};
static const struct client_field export_fields[] = {
    {{"--format", "FORMAT", "jsonl or csv", false}, "format", FIELD_QUERY},
};
static const struct client_field intake_fields[] = {
    {{"--projects", "KEYS", "Jira project keys, comma-separated", false}, "projectKeys", FIELD_TEXTS},
    {{"--request-types", "IDS", "request type ids, comma-separated", false}, "requestTypeIds", FIELD_TEXTS},
    {{"--extension-types", "IDS", "request types that ask for an extension, comma-separated", false},
     "extensionRequestTypeIds",
     FIELD_TEXTS},
    {{"--extension-field", "ID", "a field whose value makes an issue ask for an extension", false},
     "extensionField",
     FIELD_TEXT},
    {{"--tool-field", "ID", "the field that names the tool", false}, "toolField", FIELD_TEXT},
    {{"--purpose-field", "ID", "the field with the purpose", false}, "purposeField", FIELD_TEXT},
    {{"--duration-field", "ID", "the field with the days", false}, "durationField", FIELD_TEXT},
    {{"--beneficiary", "WHO", "reporter, or the id of a user field", false}, "beneficiary", FIELD_TEXT},
    {{"--approval", "MODE", "jsm, status or console", false}, "approval", FIELD_TEXT},
    {{"--approvers", "ACCOUNTS", "only these count (jsm), comma-separated", false}, "allowedApprovers", FIELD_TEXTS},
    {{"--authors", "ACCOUNTS", "who may move the issue (status), comma-separated", false},
     "allowedAuthors",
     FIELD_TEXTS},
    {{"--approved-statuses", "NAMES", "mean approved (status), comma-separated", false},
     "approvedStatuses",
     FIELD_TEXTS},
    {{"--denied-statuses", "NAMES", "mean denied (status), comma-separated", false}, "deniedStatuses", FIELD_TEXTS},
    {{"--revoked-statuses", "NAMES", "take the access away (every mode), comma-separated", false},
     "revokedStatuses",
     FIELD_TEXTS},
    {{"--comment", "yes|no", "whether it answers with a comment", false}, "writeBack.comment", FIELD_YES_NO},
    {{"--transition", "NAME", "performed when access is active, or none", false},
     "writeBack.transitionOnActive",
     FIELD_TEXT_OR_NONE},
};
static const struct client_column job_columns[] = {{"JOB", "jobId"},
                                                   {"KIND", "kind"},
                                                   {"STATUS", "status"},
                                                   {"GRANT", "grantId"},
                                                   {"TRIES", "attempts"},
                                                   {"NEXT", "nextAttemptAt"},
                                                   {"LAST ERROR", "lastError.code"}};
static const struct client_column event_columns[] = {{"SEQ", "seq"},          {"AT", "at"},
                                                     {"ACTION", "action"},    {"OUTCOME", "outcome"},
                                                     {"TARGET", "target.id"}, {"ACTOR", "actor.kind"},
                                                     {"ACTOR ID", "actor.id"}};
static const struct client_column checkpoint_columns[] = {{"SEQ", "seq"}, {"AT", "at"}, {"HASH", "hash"}};
static const struct client_verb job_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/jobs", "", "jobs, newest first", FIELDS(job_filters), COLUMNS(job_columns)},
    {"show", CLIENT_SHOW, "GET", "/jobs/{}", "JOB-ID", "one job", FIELDS(wait_field)},
};
static const struct client_verb audit_verbs[] = {
    {"list", CLIENT_LIST, "GET", "/audit-events", "", "audit events, newest first", COLUMNS(event_columns)},
    {"export", CLIENT_STREAM, "GET", "/audit-events/export", "", "all of them, oldest first, to standard output",
     FIELDS(export_fields)},
    {"checkpoints", CLIENT_LIST, "GET", "/audit/checkpoints", "", "signed checkpoints (--json: to keep elsewhere)",
     COLUMNS(checkpoint_columns)},
    {"public-key", CLIENT_STREAM, "GET", "/audit/public-key", "", "the key that verifies them"},
};
static const struct client_verb settings_verbs[] = {
    {"show", CLIENT_SHOW, "GET", "/settings/intake", "", "how requests come in from Jira"},
    {"update", CLIENT_REPLACE, "PUT", "/settings/intake", "",
     "changes what the options say; --file is the whole object", FIELDS(intake_fields)},
};
static const struct client_verb inbox_verbs[] = {
    {"show", CLIENT_SHOW, "GET", "/inbox-events/{}", "EVENT-ID", "what became of a webhook"},
};
static const struct client_field subject_erase[] = {
    {{"--reason", "TEXT", "kept with the erasure: should name nobody", false}, "reason", FIELD_TEXT},
};
static const struct client_verb subject_verbs[] = {
    {"erase", CLIENT_ACT, "POST", "/people/{}/erase", "ACCOUNT-ID",
     "takes away a person's texts and names; the audit trail stays whole", FIELDS(subject_erase), .confirms = true},
};
static const struct client_verb person_verbs[] = {
    {"show", CLIENT_SHOW, "GET", "/people/{}", "ACCOUNT-ID", "what is open of a person, and how it was last revoked"},
    {"revoke", CLIENT_ACT, "POST", "/people/{}/revoke", "ACCOUNT-ID",
     "takes all access of a person away and cancels their requests", FIELDS(stop_fields), COLUMNS(stop_columns),
     .confirms = true},
    {"revoke-list", CLIENT_LIST, "GET", "/people/{}/revoke", "ACCOUNT-ID",
     "what was last revoked, and what became of each", FIELDS(stop_filters), COLUMNS(stop_columns)},
};
static const struct client_verb me_verbs[] = {
    {"show", CLIENT_SHOW, "GET", "/me", "", "who this token is"},
};

const struct client_noun client_nouns[] = {
    {"connector", "links to directories", VERBS(connector_verbs)},
    {"tool", "the catalog tools", VERBS(tool_verbs)},
    {"mapping", "who is who", VERBS(mapping_verbs)},
    {"request", "what people asked for", VERBS(request_verbs)},
    {"grant", "who has access to what", VERBS(grant_verbs)},
    {"review", "whether access is still needed", VERBS(review_verbs)},
    {"follow-up", "what waits for a person", VERBS(follow_up_verbs)},
    {"finding", "where groups are not what was approved", VERBS(finding_verbs)},
    {"job", "work under way", VERBS(job_verbs)},
    {"audit", "the audit trail", VERBS(audit_verbs)},
    {"person", "people, by Atlassian account: what they have", VERBS(person_verbs)},
    {"subject", "people, by Atlassian account", VERBS(subject_verbs)},
    {"settings", "how requests come in from Jira", VERBS(settings_verbs)},
    {"inbox", "webhooks received", VERBS(inbox_verbs)},
    {"me", "who this token is", VERBS(me_verbs)},
};
const size_t client_noun_count = ARRAY_SIZE(client_nouns);

const struct client_noun *client_noun_find(const char *name)
{
	for (size_t i = 0; i < client_noun_count; i++)
		if (text_equal(client_nouns[i].name, name))
			return &client_nouns[i];
	return NULL;
}

const struct client_verb *client_verb_find(const struct client_noun *noun, const char *name)
{
	for (size_t i = 0; i < noun->verb_count; i++)
		if (text_equal(noun->verbs[i].name, name))
			return &noun->verbs[i];
	return NULL;
}
