/* The shapes of this API's bodies, arguments and answers. */
#ifndef AIC_SERVER_SHAPES_H
#define AIC_SERVER_SHAPES_H

#include "server/shape.h"

/* what is sent (request_shapes.c) */
extern const struct shape shape_nothing; /* {} */
extern const struct shape shape_connector_create;
extern const struct shape shape_connector_replace;
extern const struct shape shape_tool_create;
extern const struct shape shape_tool_replace;
extern const struct shape shape_group_bind;
extern const struct shape shape_mapping_create;
extern const struct shape shape_mapping_replace;
extern const struct shape shape_resolve;
extern const struct shape shape_intake;
extern const struct shape shape_request_create;
extern const struct shape shape_comment;
extern const struct shape shape_grant_resolve;
extern const struct shape shape_grant_extend;
extern const struct shape shape_person_erase;
extern const struct shape shape_reason;
extern const struct shape shape_finding_adopt;
extern const struct shape shape_stop;
extern const struct shape shape_webhook;
extern const struct shape shape_automation;

/* what is asked for (query_shapes.c) */
extern const struct shape query_page;
extern const struct shape query_mappings;
extern const struct shape query_dry_run;
extern const struct shape query_requests;
extern const struct shape query_grants;
extern const struct shape query_jobs;
extern const struct shape query_findings;
extern const struct shape query_wait;
extern const struct shape query_search;
extern const struct shape query_export;
extern const struct shape query_evidence;
extern const struct shape query_stop;
extern const struct shape query_stop_list;

/* what is answered (answer_shapes.c) */
extern const struct shape answer_problem;
extern const struct shape answer_health;
extern const struct shape answer_me;
extern const struct shape answer_connector;
extern const struct shape answer_test;
extern const struct shape answer_group_candidate;
extern const struct shape answer_tool;
extern const struct shape answer_mapping;
extern const struct shape answer_import;
extern const struct shape answer_resolve;
extern const struct shape answer_request;
extern const struct shape answer_grant;
extern const struct shape answer_job;
extern const struct shape answer_finding;
extern const struct shape answer_group_check;
extern const struct shape answer_audit_event;
extern const struct shape answer_checkpoint;
extern const struct shape answer_public_key;
extern const struct shape answer_erasure;
extern const struct shape answer_stop_item;
extern const struct shape answer_stop_preview;
extern const struct shape answer_person;
extern const struct shape answer_inbox_event;
extern const struct shape answer_event_id;

/* values that several tables name; NULL-terminated */
extern const char *const values_connector_type[];
extern const char *const values_group_mode[];
extern const char *const values_cloud[];
extern const char *const values_health[];
extern const char *const values_risk[];
extern const char *const values_drift[];
extern const char *const values_finding_class[];
extern const char *const values_finding_status[];
extern const char *const values_approval[];
extern const char *const values_request_status[];
extern const char *const values_request_kind[];
extern const char *const values_grant_status[];
extern const char *const values_job_status[];
extern const char *const values_job_kind[];
extern const char *const values_stop_outcome[];

#define LENGTH_NAME 200
#define LENGTH_TEXT 4000
#define LENGTH_URL 2000
#define LENGTH_ACCOUNT 128
#define LENGTH_ID 255
#define LENGTH_GROUP_NAME 256  /* of Graph */
#define LENGTH_GROUP_TEXT 1024 /* of Graph */
#define LIST_MAX 200

#endif
