/* The handlers: one file an object (api_*.c), one function a route. */
#ifndef AIC_SERVER_API_H
#define AIC_SERVER_API_H

#include "base/macro.h"
#include "base/result.h"
#include "server/api_call.h"

#define API_HANDLER(name) enum result name(struct api_call *call) MUST_CHECK

API_HANDLER(api_health);
API_HANDLER(api_ready);
API_HANDLER(api_metrics);
API_HANDLER(api_openapi);
API_HANDLER(api_me);

API_HANDLER(api_connector_list);
API_HANDLER(api_connector_create);
API_HANDLER(api_connector_read);
API_HANDLER(api_connector_replace);
API_HANDLER(api_connector_delete);
API_HANDLER(api_connector_test);
API_HANDLER(api_connector_enable);
API_HANDLER(api_connector_disable);
API_HANDLER(api_connector_release_removals);
API_HANDLER(api_connector_cancel_removals);
API_HANDLER(api_connector_groups);
API_HANDLER(api_connector_check);
API_HANDLER(api_connector_checks);

API_HANDLER(api_tool_list);
API_HANDLER(api_tool_create);
API_HANDLER(api_tool_read);
API_HANDLER(api_tool_replace);
API_HANDLER(api_tool_delete);
API_HANDLER(api_tool_bind_group);
API_HANDLER(api_tool_unbind_group);
API_HANDLER(api_tool_stop);
API_HANDLER(api_tool_stop_list);
API_HANDLER(api_tool_resume);

API_HANDLER(api_mapping_list);
API_HANDLER(api_mapping_create);
API_HANDLER(api_mapping_read);
API_HANDLER(api_mapping_replace);
API_HANDLER(api_mapping_delete);
API_HANDLER(api_mapping_resolve);
API_HANDLER(api_mapping_import);
API_HANDLER(api_mapping_export);

API_HANDLER(api_intake_read);
API_HANDLER(api_intake_replace);

API_HANDLER(api_request_list);
API_HANDLER(api_request_create);
API_HANDLER(api_request_read);
API_HANDLER(api_request_approve);
API_HANDLER(api_request_deny);
API_HANDLER(api_request_cancel);

API_HANDLER(api_grant_list);
API_HANDLER(api_grant_read);
API_HANDLER(api_grant_extend);
API_HANDLER(api_grant_revoke);
API_HANDLER(api_grant_retry);
API_HANDLER(api_grant_resolve);
API_HANDLER(api_follow_up_list);

API_HANDLER(api_finding_list);
API_HANDLER(api_finding_read);
API_HANDLER(api_finding_put_back);
API_HANDLER(api_finding_take_out);
API_HANDLER(api_finding_adopt);

API_HANDLER(api_job_list);
API_HANDLER(api_job_read);

API_HANDLER(api_audit_list);
API_HANDLER(api_audit_export);
API_HANDLER(api_audit_checkpoints);
API_HANDLER(api_audit_public_key);

API_HANDLER(api_evidence);
API_HANDLER(api_person_erase);
API_HANDLER(api_person_read);
API_HANDLER(api_person_revoke);
API_HANDLER(api_person_revoke_list);

API_HANDLER(api_inbox_read);
API_HANDLER(api_hook_jira);
API_HANDLER(api_hook_automation);

/* What waits for Graph or Jira must be over by then, counted from the arrival of the request: the contract gives 25 s.
 */
#define API_OUTBOUND_MS 22000

/* A connector and how to ask it; lives in the call's arena. */
struct api_connector {
	struct connector_settings settings;
	const struct connector_ops *ops;
	struct connector_target target;
};
/* RESULT_NOT_FOUND if there is none. */
enum result api_connector_open(struct api_call *call, const char *connector_id, struct api_connector *ret_connector)
    MUST_CHECK;
/* Points the target at these settings (which must outlive it). RESULT_TIMEOUT if too little time is left to ask. */
enum result api_connector_aim(struct api_call *call, const struct connector_settings *settings,
                              struct api_connector *ret_connector) MUST_CHECK;
/* The connection test; the caller owns ret_test->report. */
enum result api_connector_run_test(struct api_call *call, const struct api_connector *connector,
                                   struct connector_test *ret_test) MUST_CHECK;
/* Keeps the report as the connector's last test, and what it found about bound groups on their tools. */
enum result api_connector_save_test(struct api_call *call, const struct connector_settings *settings,
                                    const struct connector_test *test) MUST_CHECK;

/* The tool that the path names, with how far its stop has come. */
enum result api_tool_open(struct api_call *call, struct tool *ret_tool) MUST_CHECK;
/* The same, where If-Match, if there is one, is about it as it is (call_match). */
enum result api_tool_match(struct api_call *call, struct tool *ret_tool, int64_t *ret_expected) MUST_CHECK;
/* Fills in how far the stop of a tool has come that was just read, before it is rendered. */
enum result api_tool_see(struct api_call *call, struct tool *tool) MUST_CHECK;
/* The grant that the path names; RESULT_NOT_FOUND also for one that is not the caller's to see. */
enum result api_grant_open(struct api_call *call, struct grant *ret_grant) MUST_CHECK;
/* Filing in mode console. RESULT_OK with call->status set: the caller, or the tool and the body's durationDays (the
 * tool's default, if there is none), are refused. */
enum result api_request_check_filer(struct api_call *call) MUST_CHECK;
enum result api_request_check_tool(struct api_call *call, const char *tool_id, struct tool *ret_tool, int *ret_days)
    MUST_CHECK;
/* Files it, by the caller's hand: who filed, purpose, mode, status and instants are filled in. Answers 201. */
enum result api_request_file(struct api_call *call, struct access_request *request) MUST_CHECK;

/* A job that acts on the grant, for the jobId of a 202; NULL: none is known. */
const char *api_job_of_grant(struct api_call *call, const char *grant_id);

#endif
