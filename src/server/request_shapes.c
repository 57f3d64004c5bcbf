/* What clients send. Texts other than names may be empty (CONTRACT, Manners); what a test of the connection is to judge
 * (a tenant, a client id, a secret) is held to its length alone. Members that may be missing are read with a default.
 */
#include "domain/expiry_warning.h"
#include "domain/extension.h"
#include "server/shapes.h"

#define REQUIRED SHAPE_REQUIRED

const char *const values_connector_type[] = {"entra", NULL};
const char *const values_group_mode[] = {"bind", "create", NULL};
const char *const values_cloud[] = {"global", "usgov", "usgovdod", "china", NULL};
const char *const values_health[] = {"untested", "passed", "warning", "failed", NULL};
const char *const values_risk[] = {"low", "medium", "high", "critical", NULL};
const char *const values_drift[] = {"report", "settle", NULL};
const char *const values_approval[] = {"jsm", "status", "console", NULL};

const struct shape shape_nothing = {.name = "Nothing"};

/* ---- connectors ---- */

static const struct shape_field certificate_fields[] = {
    {"keyRef", SHAPE_STRING, REQUIRED, 0, LENGTH_URL, SHAPE_REFERENCE},
    {"certRef", SHAPE_STRING, REQUIRED, 0, LENGTH_URL, SHAPE_REFERENCE},
};
static const struct shape shape_certificate = SHAPE("CertificateCredential", certificate_fields);

static const struct shape_field federated_fields[] = {
    {"tokenRef", SHAPE_STRING, REQUIRED, 0, LENGTH_URL, SHAPE_REFERENCE},
};
static const struct shape shape_federated = SHAPE("FederatedCredential", federated_fields);

static const struct shape_field config_fields[] = {
    {"tenantId", SHAPE_STRING, REQUIRED, 0, LENGTH_ID, .about = "Directory (tenant) ID"},
    {"clientId", SHAPE_STRING, REQUIRED, 0, LENGTH_ID, .about = "Application (client) ID"},
    {"cloud", SHAPE_STRING, 0, 0, 16, .values = values_cloud},
    {"clientSecret", SHAPE_STRING, SHAPE_SECRET, 0, LENGTH_TEXT, .about = "Sealed on arrival; never read back"},
    {"secretRef", SHAPE_STRING, 0, 0, LENGTH_URL, SHAPE_REFERENCE},
    {"certificate", SHAPE_OBJECT, .shape = &shape_certificate},
    {"federated", SHAPE_OBJECT, .shape = &shape_federated},
};
static const struct shape shape_config = SHAPE("ConnectorConfigInput", config_fields);

#define CONNECTOR_COMMON                                                                                               \
	{"name", SHAPE_STRING, REQUIRED, 1, LENGTH_NAME}, {"description", SHAPE_STRING, 0, 0, LENGTH_TEXT},                \
	    {"groupMode", SHAPE_STRING, 0, 0, 16, .values = values_group_mode},                                            \
	    {"config", SHAPE_OBJECT, REQUIRED, .shape = &shape_config}, {"enabled", SHAPE_BOOLEAN, SHAPE_READ_ONLY},       \
	    {"credential", SHAPE_ANY, SHAPE_READ_ONLY}, {"health", SHAPE_STRING, SHAPE_READ_ONLY},                         \
	    {"lastTest", SHAPE_ANY, SHAPE_READ_ONLY}, {"toolCount", SHAPE_INTEGER, SHAPE_READ_ONLY},                       \
	    {"heldRemovals", SHAPE_ANY, SHAPE_READ_ONLY}, {"lastUsedAt", SHAPE_STRING, SHAPE_READ_ONLY},                   \
	    {"stale", SHAPE_ANY, SHAPE_READ_ONLY}, {"createdAt", SHAPE_STRING, SHAPE_READ_ONLY},                           \
	{                                                                                                                  \
		"updatedAt", SHAPE_STRING, SHAPE_READ_ONLY                                                                     \
	}

static const struct shape_field connector_create_fields[] = {
    {"connectorId", SHAPE_STRING, REQUIRED, 0, 0, SHAPE_LABEL},
    {"type", SHAPE_STRING, REQUIRED, 0, 32, .values = values_connector_type},
    CONNECTOR_COMMON,
};
const struct shape shape_connector_create = SHAPE("ConnectorCreate", connector_create_fields);

static const struct shape_field connector_replace_fields[] = {
    {"connectorId", SHAPE_STRING, SHAPE_READ_ONLY},
    {"type", SHAPE_STRING, SHAPE_READ_ONLY},
    CONNECTOR_COMMON,
};
const struct shape shape_connector_replace = SHAPE("ConnectorReplace", connector_replace_fields);

/* ---- tools ---- */

#define TOOL_COMMON                                                                                                    \
	{"name", SHAPE_STRING, REQUIRED, 1, LENGTH_NAME}, {"vendor", SHAPE_STRING, 0, 0, LENGTH_NAME},                     \
	    {"url", SHAPE_STRING, 0, 0, LENGTH_URL}, {"description", SHAPE_STRING, 0, 0, LENGTH_TEXT},                     \
	    {"risk", SHAPE_STRING, 0, 0, 16, .values = values_risk}, {"defaultDurationDays", SHAPE_INTEGER, 0, 1, 3650},   \
	    {"maxDurationDays", SHAPE_INTEGER, 0, 1, 3650}, {"requestable", SHAPE_BOOLEAN, 0},                             \
	    {"expiryWarningDays",                                                                                          \
	     SHAPE_INTEGERS,                                                                                               \
	     0,                                                                                                            \
	     1,                                                                                                            \
	     EXPIRY_WARNING_DAY_MAX,                                                                                       \
	     .most = EXPIRY_WARNING_DAYS_MOST,                                                                             \
	     .about = "Days before the end on which the issue is told; without it 7 and 1, empty: never"},                 \
	    {"reviewBeforeExpiry", SHAPE_BOOLEAN, 0,                                                                       \
	     .about = "An approver is asked before the end whether access should go on; false if not given"},              \
	    {"reviewDays", SHAPE_INTEGER, 0, 1, REVIEW_DAYS_MAX, .about = "So many days before the end; 14 if not given"}, \
	    {"connectorId", SHAPE_STRING, SHAPE_NULLABLE, 0, 0, SHAPE_LABEL},                                              \
	    {"drift", SHAPE_STRING, 0, 0, 16, .values = values_drift, .about = "What a check settles by itself"},          \
	    {"entitlementGroup", SHAPE_ANY, SHAPE_READ_ONLY},                                                              \
	{                                                                                                                  \
		"stop", SHAPE_ANY, SHAPE_READ_ONLY                                                                             \
	}

static const struct shape_field tool_create_fields[] = {
    {"toolId", SHAPE_STRING, REQUIRED, 0, 0, SHAPE_LABEL},
    TOOL_COMMON,
};
const struct shape shape_tool_create = SHAPE("ToolCreate", tool_create_fields);

static const struct shape_field tool_replace_fields[] = {
    {"toolId", SHAPE_STRING, SHAPE_READ_ONLY},
    TOOL_COMMON,
};
const struct shape shape_tool_replace = SHAPE("ToolReplace", tool_replace_fields);

static const struct shape_field group_bind_fields[] = {
    {"mode", SHAPE_STRING, REQUIRED, 0, 16, .values = values_group_mode},
    {"groupId", SHAPE_STRING, 0, 0, 0, SHAPE_UUID},
    {"allowShared", SHAPE_BOOLEAN, 0, .about = "Another tool may be controlled by the same group"},
    {"displayName", SHAPE_STRING, 0, 0, LENGTH_GROUP_NAME,
     .about = "Of a group that is created; without one: AI Clearance - the tool's name - Users"},
    {"description", SHAPE_STRING, 0, 0, LENGTH_GROUP_TEXT},
};
const struct shape shape_group_bind = SHAPE("EntitlementGroupBind", group_bind_fields);

/* ---- identity mappings ---- */

static const struct shape_field mapping_create_fields[] = {
    {"mappingId", SHAPE_STRING, SHAPE_READ_ONLY},
    {"accountId", SHAPE_STRING, REQUIRED, 1, LENGTH_ACCOUNT},
    {"connectorId", SHAPE_STRING, REQUIRED, 0, 0, SHAPE_LABEL},
    {"externalId", SHAPE_STRING, REQUIRED, 1, LENGTH_ID, .about = "Object id or user principal name"},
    {"note", SHAPE_STRING, 0, 0, LENGTH_TEXT},
    {"resolved", SHAPE_ANY, SHAPE_READ_ONLY},
    {"code", SHAPE_ANY, SHAPE_READ_ONLY},
    {"checkedAt", SHAPE_ANY, SHAPE_READ_ONLY},
};
const struct shape shape_mapping_create = SHAPE("IdentityMappingCreate", mapping_create_fields);

static const struct shape_field mapping_replace_fields[] = {
    {"mappingId", SHAPE_STRING, SHAPE_READ_ONLY},   {"accountId", SHAPE_STRING, SHAPE_READ_ONLY},
    {"connectorId", SHAPE_STRING, SHAPE_READ_ONLY}, {"externalId", SHAPE_STRING, REQUIRED, 1, LENGTH_ID},
    {"note", SHAPE_STRING, 0, 0, LENGTH_TEXT},      {"resolved", SHAPE_ANY, SHAPE_READ_ONLY},
    {"code", SHAPE_ANY, SHAPE_READ_ONLY},           {"checkedAt", SHAPE_ANY, SHAPE_READ_ONLY},
};
const struct shape shape_mapping_replace = SHAPE("IdentityMappingReplace", mapping_replace_fields);

static const struct shape_field resolve_fields[] = {
    {"connectorId", SHAPE_STRING, REQUIRED, 0, 0, SHAPE_LABEL},
    {"accountId", SHAPE_STRING, SHAPE_NULLABLE, 1, LENGTH_ACCOUNT},
    {"email", SHAPE_STRING, SHAPE_NULLABLE, 1, 320},
};
const struct shape shape_resolve = SHAPE("IdentityResolve", resolve_fields);

/* ---- settings ---- */

static const struct shape_field write_back_fields[] = {
    {"comment", SHAPE_BOOLEAN, 0},
    {"transitionOnActive", SHAPE_STRING, SHAPE_NULLABLE, 1, LENGTH_ID, .about = "Id or exact name of a transition"},
};
static const struct shape shape_write_back = SHAPE("WriteBack", write_back_fields);

static const struct shape_field intake_fields[] = {
    {"projectKeys", SHAPE_STRINGS, 0, 0, LIST_MAX},
    {"requestTypeIds", SHAPE_STRINGS, 0, 0, LIST_MAX},
    {"extensionRequestTypeIds", SHAPE_STRINGS, 0, 0, LIST_MAX,
     .about = "An issue of such a type asks that access which its person has goes on for longer; absent: none does"},
    {"extensionField", SHAPE_STRING, 0, 0, LENGTH_ID,
     .about = "So does an issue with a value in this field; absent: none does"},
    {"toolField", SHAPE_STRING, 0, 0, LENGTH_ID},
    {"purposeField", SHAPE_STRING, 0, 0, LENGTH_ID},
    {"durationField", SHAPE_STRING, 0, 0, LENGTH_ID},
    {"beneficiary", SHAPE_STRING, 0, 1, LENGTH_ID, .about = "\"reporter\", or the id of a user field"},
    {"approval", SHAPE_STRING, 0, 0, 16, .values = values_approval},
    {"allowedApprovers", SHAPE_STRINGS, 0, 0, LIST_MAX},
    {"allowedAuthors", SHAPE_STRINGS, 0, 0, LIST_MAX},
    {"approvedStatuses", SHAPE_STRINGS, 0, 0, LIST_MAX},
    {"deniedStatuses", SHAPE_STRINGS, 0, 0, LIST_MAX},
    {"revokedStatuses", SHAPE_STRINGS, 0, 0, LIST_MAX},
    {"matchPortalCustomers", SHAPE_BOOLEAN, 0},
    {"writeBack", SHAPE_OBJECT, .shape = &shape_write_back},
};
const struct shape shape_intake = SHAPE("IntakeSettings", intake_fields);

/* ---- requests and grants ---- */

static const struct shape_field request_create_fields[] = {
    {"toolId", SHAPE_STRING, REQUIRED, 0, LENGTH_NAME},
    {"accountId", SHAPE_STRING, SHAPE_NULLABLE, 1, LENGTH_ACCOUNT, .about = "Whom it is for; the caller if not given"},
    {"purpose", SHAPE_STRING, REQUIRED, 0, LENGTH_TEXT},
    {"durationDays", SHAPE_INTEGER, SHAPE_NULLABLE, 1, 3650, .about = "The tool's default if not given"},
};
const struct shape shape_request_create = SHAPE("RequestCreate", request_create_fields);

static const struct shape_field grant_extend_fields[] = {
    {"purpose", SHAPE_STRING, REQUIRED, 0, LENGTH_TEXT},
    {"durationDays", SHAPE_INTEGER, SHAPE_NULLABLE, 1, 3650,
     .about = "From the approval on; the tool's default if not given"},
};
const struct shape shape_grant_extend = SHAPE("GrantExtend", grant_extend_fields);

static const struct shape_field comment_fields[] = {
    {"comment", SHAPE_STRING, SHAPE_NULLABLE, 0, LENGTH_TEXT},
};
const struct shape shape_comment = SHAPE("Comment", comment_fields);

static const char *const values_resolve_outcome[] = {"notGranted", "removedByHand", "keptByHand", NULL};
static const struct shape_field grant_resolve_fields[] = {
    {"externalId", SHAPE_STRING, 0, 0, 0, SHAPE_UUID, .about = "Go on with this directory user"},
    {"saveMapping", SHAPE_BOOLEAN, 0, .about = "And map the account to that user from now on"},
    {"outcome", SHAPE_STRING, 0, 0, 32, .values = values_resolve_outcome, .about = "Or close the follow-up"},
    {"reason", SHAPE_STRING, 0, 0, LENGTH_TEXT},
};
const struct shape shape_grant_resolve = SHAPE("GrantResolve", grant_resolve_fields);

/* ---- people ---- */

static const struct shape_field person_erase_fields[] = {
    {"confirm", SHAPE_STRING, REQUIRED, 1, LENGTH_ACCOUNT, .about = "The account id once more"},
    {"reason", SHAPE_STRING, 0, 0, LENGTH_TEXT, .about = "Kept with the erasure; should name nobody"},
};
const struct shape shape_person_erase = SHAPE("PersonErase", person_erase_fields);

/* ---- findings ---- */

static const struct shape_field reason_fields[] = {
    {"reason", SHAPE_STRING, REQUIRED, 0, LENGTH_TEXT},
};
const struct shape shape_reason = SHAPE("Reason", reason_fields);

static const struct shape_field adopt_fields[] = {
    {"accountId", SHAPE_STRING, REQUIRED, 1, LENGTH_ACCOUNT, .about = "The Atlassian account of that directory user"},
    {"reason", SHAPE_STRING, REQUIRED, 0, LENGTH_TEXT},
    {"toolId", SHAPE_STRING, SHAPE_NULLABLE, 1, LENGTH_NAME, .about = "Where several tools share the group"},
    {"durationDays", SHAPE_INTEGER, 0, 1, 3650, .about = "The tool's default if not given"},
};
const struct shape shape_finding_adopt = SHAPE("FindingAdopt", adopt_fields);

/* ---- stops ---- */

static const struct shape_field stop_fields[] = {
    {"confirm", SHAPE_STRING, 0, 1, LENGTH_ACCOUNT, .about = "The id of the path once more; required, but with dryRun"},
    {"reason", SHAPE_STRING, 0, 0, LENGTH_TEXT, .about = "Kept with the stop"},
};
const struct shape shape_stop = SHAPE("StopOrder", stop_fields);

/* ---- hooks ---- */

/* Only for the document: the body of a webhook is read by jira/webhook.h, never by this table. */
const struct shape shape_webhook = {.name = "JiraWebhook"};

static const struct shape_field automation_fields[] = {
    {"issueKey", SHAPE_STRING, REQUIRED, 1, LENGTH_ID},
};
const struct shape shape_automation = SHAPE("JiraAutomation", automation_fields);
