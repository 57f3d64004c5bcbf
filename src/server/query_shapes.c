/* What may stand behind the question mark. */
#include "server/shapes.h"

const char *const values_request_status[] = {"pending", "approved", "denied", "cancelled", "refused", NULL};
const char *const values_request_kind[] = {"access", "extension", "review", NULL};
const char *const values_grant_status[] = {"pendingProvision", "active",         "pendingDeprovision", "revoked",
                                           "expired",          "manualFollowUp", "notGranted",         NULL};
const char *const values_job_status[] = {"queued",         "running",   "waiting", "succeeded",
                                         "manualFollowUp", "cancelled", NULL};
const char *const values_job_kind[] = {"intake", "sweep",       "provision",   "deprovision", "writeBack",
                                       "check",  "createGroup", "memberCheck", NULL};

#define PAGE_FIELDS                                                                                                    \
	{"limit", SHAPE_INTEGER, 0, 1, 200, .about = "Members on a page; 50 if not given"},                                \
	{                                                                                                                  \
		"cursor", SHAPE_STRING, 0, 1, 512, .about = "nextCursor of the page before"                                    \
	}

static const struct shape_field page_fields[] = {PAGE_FIELDS};
const struct shape query_page = SHAPE("PageQuery", page_fields);

static const char *const values_mapping_code[] = {"mapping", "mapping_target_missing", "mapping_target_disabled",
                                                  "mapping_target_changed", NULL};
static const struct shape_field mapping_fields[] = {
    PAGE_FIELDS,
    {"connectorId", SHAPE_STRING, 0, 1, LENGTH_NAME},
    {"accountId", SHAPE_STRING, 0, 1, LENGTH_ACCOUNT},
    {"code", SHAPE_STRING, .max = 32, .values = values_mapping_code, .about = "What the last check of its user found"},
};
const struct shape query_mappings = SHAPE("MappingQuery", mapping_fields);

static const struct shape_field request_fields[] = {
    PAGE_FIELDS,
    {"status", SHAPE_STRING, .max = 32, .values = values_request_status},
    {"toolId", SHAPE_STRING, 0, 1, LENGTH_NAME},
    {"accountId", SHAPE_STRING, 0, 1, LENGTH_ACCOUNT},
    {"issueKey", SHAPE_STRING, 0, 1, LENGTH_ID},
    {"kind", SHAPE_STRING, .max = 32, .values = values_request_kind},
};
const struct shape query_requests = SHAPE("RequestQuery", request_fields);

static const struct shape_field grant_fields[] = {
    PAGE_FIELDS,
    {"status", SHAPE_STRING, .max = 32, .values = values_grant_status},
    {"toolId", SHAPE_STRING, 0, 1, LENGTH_NAME},
    {"accountId", SHAPE_STRING, 0, 1, LENGTH_ACCOUNT},
    {"issueKey", SHAPE_STRING, 0, 1, LENGTH_ID},
};
const struct shape query_grants = SHAPE("GrantQuery", grant_fields);

static const struct shape_field job_fields[] = {
    PAGE_FIELDS,
    {"status", SHAPE_STRING, .max = 32, .values = values_job_status},
    {"connectorId", SHAPE_STRING, 0, 1, LENGTH_NAME},
    {"kind", SHAPE_STRING, .max = 32, .values = values_job_kind},
};
const struct shape query_jobs = SHAPE("JobQuery", job_fields);

const char *const values_finding_class[] = {"approvedButMissing", "presentWithoutApproval", NULL};
const char *const values_finding_status[] = {"open", "settling", "resolved", NULL};
static const struct shape_field finding_fields[] = {
    PAGE_FIELDS,
    {"connectorId", SHAPE_STRING, 0, 1, LENGTH_NAME},
    {"toolId", SHAPE_STRING, 0, 1, LENGTH_NAME},
    {"class", SHAPE_STRING, .max = 32, .values = values_finding_class},
    {"status", SHAPE_STRING, .max = 32, .values = values_finding_status},
};
const struct shape query_findings = SHAPE("FindingQuery", finding_fields);

static const struct shape_field dry_run_fields[] = {
    {"dryRun", SHAPE_BOOLEAN, .about = "Finds out everything, writes nothing"},
};
const struct shape query_dry_run = SHAPE("DryRunQuery", dry_run_fields);

static const struct shape_field stop_fields[] = {
    PAGE_FIELDS,
    {"dryRun", SHAPE_BOOLEAN, .about = "Tells what it would do, page by page, and does nothing"},
};
const struct shape query_stop = SHAPE("StopQuery", stop_fields);

static const struct shape_field stop_list_fields[] = {
    PAGE_FIELDS,
    {"outcome", SHAPE_STRING, .max = 16, .values = values_stop_outcome},
};
const struct shape query_stop_list = SHAPE("StopListQuery", stop_list_fields);

static const struct shape_field wait_fields[] = {
    {"wait", SHAPE_INTEGER, 0, 0, 20, .about = "Seconds to wait for the next change of state"},
};
const struct shape query_wait = SHAPE("WaitQuery", wait_fields);

static const struct shape_field search_fields[] = {
    PAGE_FIELDS,
    {"search", SHAPE_STRING, 0, 0, LENGTH_GROUP_NAME,
     .about = "How the group's name begins, or words in it; all groups without"},
};
const struct shape query_search = SHAPE("SearchQuery", search_fields);

static const char *const values_format[] = {"jsonl", "csv", NULL};
static const struct shape_field export_fields[] = {
    {"format", SHAPE_STRING, 0, 1, 8, .values = values_format, .about = "jsonl if not given"},
};
const struct shape query_export = SHAPE("ExportQuery", export_fields);

static const char *const values_evidence_format[] = {"html", "csv", NULL};
static const struct shape_field evidence_fields[] = {
    {"from", SHAPE_STRING, 0, 10, 40, .about = "A day, or an instant of RFC 3339; the beginning if not given"},
    {"to", SHAPE_STRING, 0, 10, 40,
     .about = "A day with all of it, or the instant before which it ends; now if not given"},
    {"toolId", SHAPE_STRING, 0, 1, LENGTH_NAME, .about = "Requests and grants of this tool only"},
    {"format", SHAPE_STRING, 0, 1, 8, .values = values_evidence_format, .about = "html, the sealed file, if not given"},
};
const struct shape query_evidence = SHAPE("EvidenceQuery", evidence_fields);
