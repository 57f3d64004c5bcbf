/* What is answered: CONTRACT section 3, "Objects", for OpenAPI. Every member is present in every answer, so all are
 * required and the ones that may have no value are nullable; a unit test renders each object and checks it against its
 * shape. */
#include "domain/expiry_warning.h"
#include "server/shapes.h"

#define MUST SHAPE_REQUIRED
#define MAY_BE_NULL (SHAPE_REQUIRED | SHAPE_NULLABLE)
#define STRING(name)                                                                                                   \
	{                                                                                                                  \
		name, SHAPE_STRING, MUST                                                                                       \
	}
#define STRING_OR_NULL(name)                                                                                           \
	{                                                                                                                  \
		name, SHAPE_STRING, MAY_BE_NULL                                                                                \
	}
#define INSTANT(name)                                                                                                  \
	{                                                                                                                  \
		name, SHAPE_STRING, MUST, .pattern = SHAPE_INSTANT                                                             \
	}
#define INSTANT_OR_NULL(name)                                                                                          \
	{                                                                                                                  \
		name, SHAPE_STRING, MAY_BE_NULL, .pattern = SHAPE_INSTANT                                                      \
	}
#define NUMBER(name)                                                                                                   \
	{                                                                                                                  \
		name, SHAPE_INTEGER, MUST, 0, INT32_MAX                                                                        \
	}
#define NUMBER_OR_NULL(name)                                                                                           \
	{                                                                                                                  \
		name, SHAPE_INTEGER, MAY_BE_NULL, 0, INT32_MAX                                                                 \
	}
#define FLAG(name)                                                                                                     \
	{                                                                                                                  \
		name, SHAPE_BOOLEAN, MUST                                                                                      \
	}
#define ONE_OF(name, listed)                                                                                           \
	{                                                                                                                  \
		name, SHAPE_STRING, MUST, .values = (listed)                                                                   \
	}
#define LIST(name, member)                                                                                             \
	{                                                                                                                  \
		name, SHAPE_OBJECTS, MUST, .shape = (member)                                                                   \
	}

/* ---- the rest of the manners ---- */

static const struct shape_field fault_fields[] = {
    STRING("path"), STRING("code"), STRING("detail"), {"line", SHAPE_INTEGER, 0, .about = "Of an import"}};
static const struct shape answer_fault = SHAPE("Fault", fault_fields);

static const struct shape_field problem_fields[] = {
    STRING("type"),
    STRING("title"),
    NUMBER("status"),
    STRING("detail"),
    STRING("code"),
    {"errors", SHAPE_OBJECTS, 0, .shape = &answer_fault},
    {"truncated", SHAPE_BOOLEAN, 0, .about = "Of an import: there are more errors than these"},
};
const struct shape answer_problem = SHAPE("Problem", problem_fields);

static const struct shape_field health_fields[] = {STRING("status")};
const struct shape answer_health = SHAPE("Health", health_fields);

static const char *const values_role[] = {"admin", "approver", "auditor", "requester", NULL};
static const char *const values_kind[] = {"token", "session", NULL};
static const struct shape_field me_fields[] = {
    STRING("principalId"),
    ONE_OF("kind", values_kind),
    ONE_OF("role", values_role),
    STRING_OR_NULL("accountId"),
};
const struct shape answer_me = SHAPE("Principal", me_fields);

/* ---- connectors ---- */

static const struct shape_field config_fields[] = {STRING("tenantId"), STRING("clientId"),
                                                   ONE_OF("cloud", values_cloud)};
static const struct shape answer_config = SHAPE("ConnectorConfig", config_fields);

static const char *const values_credential_kind[] = {"clientSecret", "certificate", "federated", NULL};
static const char *const values_credential_source[] = {"sealed", "reference", NULL};
static const struct shape_field credential_fields[] = {
    ONE_OF("kind", values_credential_kind),
    ONE_OF("source", values_credential_source),
    STRING_OR_NULL("reference"),
    INSTANT_OR_NULL("expiresAt"),
    INSTANT_OR_NULL("storedAt"),
};
static const struct shape answer_credential = SHAPE("Credential", credential_fields);

static const struct shape_field evidence_fields[] = {
    NUMBER_OR_NULL("httpStatus"),     NUMBER_OR_NULL("aadsts"),        STRING_OR_NULL("graphCode"),
    STRING_OR_NULL("correlationId"),  STRING_OR_NULL("traceId"),       STRING_OR_NULL("requestId"),
    {"missing", SHAPE_STRINGS, MUST}, {"excess", SHAPE_STRINGS, MUST}, STRING_OR_NULL("groupId"),
};
static const struct shape answer_evidence = SHAPE("Evidence", evidence_fields);

static const char *const values_check[] = {"credential", "reach-login", "token",  "permissions",       "reach-graph",
                                           "read-users", "read-groups", "groups", "credential-expiry", NULL};
static const char *const values_check_outcome[] = {"passed", "warning", "failed", "skipped", NULL};
static const struct shape_field check_fields[] = {
    ONE_OF("check", values_check),
    ONE_OF("outcome", values_check_outcome),
    STRING("code"),
    STRING("summary"),
    STRING_OR_NULL("remedy"),
    {"evidence", SHAPE_OBJECT, MUST, .shape = &answer_evidence},
};
static const struct shape answer_check = SHAPE("Check", check_fields);

static const char *const values_outcome[] = {"passed", "warning", "failed", NULL};
static const struct shape_field test_fields[] = {
    STRING("connectorId"), ONE_OF("outcome", values_outcome), INSTANT("startedAt"),
    NUMBER("durationMs"),  LIST("checks", &answer_check),
};
const struct shape answer_test = SHAPE("ConnectionTest", test_fields);

static const char *const values_held_reason[] = {"tooMany", "clockJump", NULL};
static const struct shape_field held_group_fields[] = {STRING("groupId"), NUMBER("count"),
                                                       ONE_OF("reason", values_held_reason), INSTANT("since")};
static const struct shape answer_held_group = SHAPE("HeldGroup", held_group_fields);

static const struct shape_field held_fields[] = {NUMBER("count"), ONE_OF("reason", values_held_reason),
                                                 INSTANT("since"), LIST("groups", &answer_held_group)};
static const struct shape answer_held = SHAPE("HeldRemovals", held_fields);

static const struct shape_field connector_fields[] = {
    STRING("connectorId"),
    ONE_OF("type", values_connector_type),
    STRING("name"),
    STRING("description"),
    ONE_OF("groupMode", values_group_mode),
    FLAG("enabled"),
    {"config", SHAPE_OBJECT, MUST, .shape = &answer_config},
    {"credential", SHAPE_OBJECT, MUST, .shape = &answer_credential},
    ONE_OF("health", values_health),
    {"lastTest", SHAPE_OBJECT, MAY_BE_NULL, .shape = &answer_test},
    NUMBER("toolCount"),
    {"heldRemovals", SHAPE_OBJECT, 0, .shape = &answer_held,
     .about = "Removals that wait for an admin's release or cancel; absent, where there are none"},
    INSTANT_OR_NULL("lastUsedAt"),
    {"stale", SHAPE_BOOLEAN, 0, .about = "True, where nothing used it for 30 days; else absent"},
    INSTANT("createdAt"),
    INSTANT("updatedAt"),
    {"jobId", SHAPE_STRING, 0, .about = "In a 202 only"},
};
const struct shape answer_connector = SHAPE("Connector", connector_fields);

static const struct shape_field candidate_fields[] = {
    STRING("groupId"), STRING("displayName"), STRING_OR_NULL("description"), FLAG("manageable"), STRING("code"),
};
const struct shape answer_group_candidate = SHAPE("GroupCandidate", candidate_fields);

/* ---- stops ---- */

static const struct shape_field actor_fields[] = {STRING("kind"), STRING("id")};
static const struct shape answer_actor = SHAPE("Actor", actor_fields);

static const struct shape_field stop_fields[] = {
    INSTANT("stoppedAt"),
    {"actor", SHAPE_OBJECT, MUST, .shape = &answer_actor},
    {"reason", SHAPE_STRING, 0, .about = "Absent where none was given, where it was erased, and for other roles"},
    {"total", SHAPE_INTEGER, MUST, 0, INT32_MAX,
     .about = "Grants that it covers; those that done, kept and failed do not count are on their way out"},
    {"done", SHAPE_INTEGER, MUST, 0, INT32_MAX, .about = "Ended, and out of the group"},
    {"kept", SHAPE_INTEGER, MUST, 0, INT32_MAX,
     .about = "Ended, but another grant, or an admin, left them in the group"},
    {"failed", SHAPE_INTEGER, MUST, 0, INT32_MAX, .about = "Need a person: see follow-ups"},
};
static const struct shape answer_stop = SHAPE("Stop", stop_fields);

const char *const values_stop_outcome[] = {"waiting", "leaving", "removed", "kept", "failed", NULL};
static const struct shape_field stop_item_fields[] = {
    STRING("grantId"),
    STRING("toolId"),
    STRING_OR_NULL("accountId"),
    STRING_OR_NULL("connectorId"),
    STRING_OR_NULL("groupId"),
    STRING_OR_NULL("externalUserId"),
    ONE_OF("status", values_grant_status),
    ONE_OF("outcome", values_stop_outcome),
    STRING_OR_NULL("keptByGrantId"),
    STRING_OR_NULL("keptByToolId"),
};
const struct shape answer_stop_item = SHAPE("StopItem", stop_item_fields);

static const struct shape_field stop_preview_fields[] = {
    {"dryRun", SHAPE_BOOLEAN, MUST},
    NUMBER("total"),
    {"removed", SHAPE_INTEGER, MUST, 0, INT32_MAX, .about = "Would leave their group"},
    {"kept", SHAPE_INTEGER, MUST, 0, INT32_MAX, .about = "Another grant would keep them in it"},
    {"failed", SHAPE_INTEGER, MUST, 0, INT32_MAX, .about = "Would need a person: were in it before us"},
    {"pendingRequests", SHAPE_INTEGER, MUST, 0, INT32_MAX,
     .about = "Of a person: would be cancelled; of a tool: would be refused once they are approved"},
    LIST("items", &answer_stop_item),
    STRING_OR_NULL("nextCursor"),
};
const struct shape answer_stop_preview = SHAPE("StopPreview", stop_preview_fields);

static const struct shape_field person_fields[] = {
    STRING("accountId"),
    NUMBER("openGrants"),
    NUMBER("pendingRequests"),
    {"stop", SHAPE_OBJECT, 0, .shape = &answer_stop,
     .about = "How all access of this person was last revoked; absent: never"},
};
const struct shape answer_person = SHAPE("Person", person_fields);

/* ---- tools, mappings ---- */

static const struct shape_field group_fields[] = {
    ONE_OF("mode", values_group_mode),
    STRING("groupId"),
    STRING_OR_NULL("displayName"),
    FLAG("manageable"),
    STRING_OR_NULL("code"),
    INSTANT_OR_NULL("checkedAt"),
};
static const struct shape answer_group = SHAPE("EntitlementGroup", group_fields);

static const struct shape_field tool_fields[] = {
    STRING("toolId"),
    STRING("name"),
    STRING("vendor"),
    STRING("url"),
    STRING("description"),
    ONE_OF("risk", values_risk),
    NUMBER("defaultDurationDays"),
    NUMBER("maxDurationDays"),
    FLAG("requestable"),
    {"expiryWarningDays", SHAPE_INTEGERS, MUST, 1, EXPIRY_WARNING_DAY_MAX,
     .about = "Days before the end on which the issue is told"},
    FLAG("reviewBeforeExpiry"),
    NUMBER("reviewDays"),
    STRING_OR_NULL("connectorId"),
    ONE_OF("drift", values_drift),
    {"entitlementGroup", SHAPE_OBJECT, MAY_BE_NULL, .shape = &answer_group},
    {"stop", SHAPE_OBJECT, 0, .shape = &answer_stop,
     .about = "That the tool is under; absent, where it is not stopped"},
    {"jobId", SHAPE_STRING, 0, .about = "In a 202 only"},
};
const struct shape answer_tool = SHAPE("Tool", tool_fields);

static const struct shape_field user_fields[] = {STRING("objectId"), STRING_OR_NULL("userPrincipalName")};
static const struct shape answer_user = SHAPE("DirectoryUser", user_fields);

static const struct shape_field mapping_fields[] = {
    STRING("mappingId"),
    STRING("accountId"),
    STRING("connectorId"),
    STRING("externalId"),
    STRING("note"),
    {"resolved", SHAPE_OBJECT, MAY_BE_NULL, .shape = &answer_user},
    {"code", SHAPE_STRING, MAY_BE_NULL, .about = "What the last check found: mapping, mapping_target_missing …"},
    INSTANT_OR_NULL("checkedAt"),
};
const struct shape answer_mapping = SHAPE("IdentityMapping", mapping_fields);

static const struct shape_field import_fields[] = {
    NUMBER("created"),
    NUMBER("updated"),
    NUMBER("unchanged"),
    {"dryRun", SHAPE_BOOLEAN, SHAPE_REQUIRED},
};
const struct shape answer_import = SHAPE("MappingImport", import_fields);

static const struct shape_field user_candidate_fields[] = {
    STRING("objectId"),
    STRING_OR_NULL("userPrincipalName"),
    STRING_OR_NULL("mail"),
    STRING_OR_NULL("userType"),
    {"accountEnabled", SHAPE_BOOLEAN, MAY_BE_NULL},
};
static const struct shape answer_user_candidate = SHAPE("UserCandidate", user_candidate_fields);

static const char *const values_match[] = {"matched", "notFound", "ambiguous", "refused", NULL};
static const struct shape_field resolve_fields[] = {
    ONE_OF("outcome", values_match),
    STRING("code"),
    {"user", SHAPE_OBJECT, MAY_BE_NULL, .shape = &answer_user},
    LIST("candidates", &answer_user_candidate),
    STRING("reason"),
};
const struct shape answer_resolve = SHAPE("IdentityAnswer", resolve_fields);

/* ---- requests, grants, jobs ---- */

static const char *const values_extending[] = {"extension", "review", NULL};
static const struct shape_field request_fields[] = {
    STRING("requestId"),
    STRING_OR_NULL("issueKey"),
    STRING_OR_NULL("issueId"),
    STRING_OR_NULL("toolId"),
    STRING_OR_NULL("toolText"),
    STRING_OR_NULL("accountId"),
    STRING("purpose"),
    NUMBER_OR_NULL("durationDays"),
    ONE_OF("approval", values_approval),
    ONE_OF("status", values_request_status),
    STRING_OR_NULL("code"),
    STRING_OR_NULL("reason"),
    STRING_OR_NULL("decidedBy"),
    INSTANT_OR_NULL("decidedAt"),
    STRING_OR_NULL("grantId"),
    {"kind", SHAPE_STRING, 0, .values = values_extending,
     .about =
         "extension: approved, it moves the end of a grant; review: the service asks before the end whether access "
         "should go on (approve keeps it, deny lets it end); absent of a request for access"},
    {"extendsGrantId", SHAPE_STRING, SHAPE_NULLABLE, .about = "The grant of these two; else absent"},
    INSTANT("createdAt"),
    {"jobId", SHAPE_STRING, 0, .about = "In a 202 only"},
};
const struct shape answer_request = SHAPE("Request", request_fields);

static const char *const values_action[] = {"provision", "deprovision", NULL};
static const struct shape_field follow_up_fields[] = {
    ONE_OF("action", values_action), STRING_OR_NULL("code"),
    STRING_OR_NULL("reason"),        LIST("candidates", &answer_user_candidate),
    INSTANT_OR_NULL("since"),
};
static const struct shape answer_follow_up = SHAPE("FollowUp", follow_up_fields);

static const struct shape_field history_fields[] = {
    INSTANT("at"),          STRING_OR_NULL("from"), STRING("to"), {"actor", SHAPE_OBJECT, MUST, .shape = &answer_actor},
    STRING_OR_NULL("code"),
};
static const struct shape answer_history = SHAPE("GrantHistory", history_fields);

static const struct shape_field grant_fields[] = {
    STRING("grantId"),
    STRING("requestId"),
    STRING_OR_NULL("issueKey"),
    STRING("toolId"),
    STRING_OR_NULL("accountId"),
    STRING_OR_NULL("connectorId"),
    STRING_OR_NULL("tenantId"),
    STRING_OR_NULL("groupId"),
    STRING_OR_NULL("externalUserId"),
    ONE_OF("status", values_grant_status),
    FLAG("membershipPreexisting"),
    INSTANT_OR_NULL("activeAt"),
    INSTANT_OR_NULL("expiresAt"),
    STRING_OR_NULL("code"),
    STRING_OR_NULL("reason"),
    {"followUp", SHAPE_OBJECT, MAY_BE_NULL, .shape = &answer_follow_up},
    LIST("history", &answer_history),
    {"jobId", SHAPE_STRING, 0, .about = "In a 202 only"},
};
const struct shape answer_grant = SHAPE("Grant", grant_fields);

static const struct shape_field job_error_fields[] = {
    STRING("code"),
    STRING_OR_NULL("detail"),
    STRING_OR_NULL("requestId"),
    STRING_OR_NULL("clientRequestId"),
};
static const struct shape answer_job_error = SHAPE("JobError", job_error_fields);

static const struct shape_field job_fields[] = {
    STRING("jobId"),
    ONE_OF("kind", values_job_kind),
    STRING_OR_NULL("grantId"),
    STRING_OR_NULL("connectorId"),
    ONE_OF("status", values_job_status),
    NUMBER("attempts"),
    INSTANT_OR_NULL("nextAttemptAt"),
    {"lastError", SHAPE_OBJECT, MAY_BE_NULL, .shape = &answer_job_error},
};
const struct shape answer_job = SHAPE("Job", job_fields);

/* ---- findings ---- */

static const char *const values_member_kind[] = {"user",       "group",   "device", "servicePrincipal",
                                                 "orgContact", "unknown", NULL};
static const struct shape_field member_fields[] = {STRING("objectId"), ONE_OF("kind", values_member_kind)};
static const struct shape answer_member = SHAPE("Member", member_fields);

static const struct shape_field finding_fields[] = {
    STRING("findingId"),
    ONE_OF("class", values_finding_class),
    ONE_OF("status", values_finding_status),
    STRING("code"),
    {"detail", SHAPE_STRING, MAY_BE_NULL, .about = "Why it could not be settled"},
    STRING("connectorId"),
    STRING("groupId"),
    {"toolId", SHAPE_STRING, MAY_BE_NULL, .about = "Null where several tools share the group"},
    {"member", SHAPE_OBJECT, MUST, .shape = &answer_member},
    {"preexisting", SHAPE_BOOLEAN, MUST, .about = "Was in the group before us"},
    STRING_OR_NULL("grantId"),
    STRING_OR_NULL("accountId"),
    INSTANT("foundAt"),
    INSTANT_OR_NULL("resolvedAt"),
    {"resolution", SHAPE_STRING, MAY_BE_NULL,
     .about = "putBack, takenOut, adopted; or by itself: returned, left, approved, ended, unbound"},
    {"settledBy", SHAPE_OBJECT, MAY_BE_NULL, .shape = &answer_actor},
    STRING_OR_NULL("reason"),
    {"jobId", SHAPE_STRING, 0, .about = "In a 202 only"},
};
const struct shape answer_finding = SHAPE("Finding", finding_fields);

static const struct shape_field group_check_fields[] = {
    STRING("groupId"),
    STRING_OR_NULL("displayName"),
    {"code", SHAPE_STRING, MAY_BE_NULL, .about = "Of the group, or why the last check failed; null before the first"},
    STRING_OR_NULL("detail"),
    {"checkedAt", SHAPE_STRING, MAY_BE_NULL, .pattern = SHAPE_INSTANT, .about = "When a check last came to its end"},
    INSTANT_OR_NULL("triedAt"),
    {"fullReadAt", SHAPE_STRING, MAY_BE_NULL, .pattern = SHAPE_INSTANT, .about = "When all members were last listed"},
};
const struct shape answer_group_check = SHAPE("GroupCheck", group_check_fields);

/* ---- audit, inbox ---- */

static const char *const values_event_outcome[] = {"ok", "failed", NULL};
static const struct shape_field event_fields[] = {
    {"seq", SHAPE_INTEGER, MUST, 1, INT64_MAX},
    INSTANT("at"),
    {"actor", SHAPE_OBJECT, MUST, .shape = &answer_actor},
    STRING("action"),
    {"target", SHAPE_OBJECT, MUST, .shape = &answer_actor},
    ONE_OF("outcome", values_event_outcome),
    {"detail", SHAPE_ANY, MUST},
    STRING("prevHash"),
    STRING("hash"),
};
const struct shape answer_audit_event = SHAPE("AuditEvent", event_fields);

static const struct shape_field checkpoint_fields[] = {
    {"seq", SHAPE_INTEGER, MUST, 1, INT64_MAX},
    STRING("hash"),
    INSTANT("at"),
    {"signature", SHAPE_STRING, MUST, .about = "Ed25519 over the canonical JSON of the others, in base64"},
};
const struct shape answer_checkpoint = SHAPE("AuditCheckpoint", checkpoint_fields);

static const struct shape_field public_key_fields[] = {STRING("publicKey")};
const struct shape answer_public_key = SHAPE("AuditPublicKey", public_key_fields);

static const char *const values_inbox_status[] = {"received", "processed", "ignored", "failed", NULL};
static const struct shape_field inbox_fields[] = {
    STRING("eventId"),        ONE_OF("status", values_inbox_status), STRING_OR_NULL("code"),
    STRING_OR_NULL("reason"), STRING_OR_NULL("requestId"),           INSTANT("receivedAt"),
};
const struct shape answer_inbox_event = SHAPE("InboxEvent", inbox_fields);

static const struct shape_field erasure_fields[] = {
    STRING("accountId"), NUMBER("requests"), NUMBER("grants"), NUMBER("mappings"), NUMBER("tokens"), NUMBER("other"),
};
const struct shape answer_erasure = SHAPE("Erasure", erasure_fields);

static const struct shape_field event_id_fields[] = {STRING("eventId")};
const struct shape answer_event_id = SHAPE("EventId", event_id_fields);
