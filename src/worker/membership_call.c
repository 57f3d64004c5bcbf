#include "worker/membership_call.h"

#include "base/json.h"
#include "base/text.h"

#define DISABLED_WAIT_MS 5000
#define LOST_ANSWER_WAIT_MS 1000

bool membership_call_goes_on(const struct membership_call *call)
{
	return call->end == MEMBERSHIP_END_NONE;
}

bool membership_call_end(struct membership_call *call, struct job_attempt attempt)
{
	call->end = MEMBERSHIP_END_OUTCOME;
	call->attempt = attempt;
	call->attempt.outcome.sent = call->progress.sent || call->progress.wrote;
	bool keeps = call->progress.sent || call->progress.unsent || call->progress.wrote;
	if (keeps && attempt.outcome.status == JOB_WAITING && attempt.outcome.progress == NULL)
		call->attempt.outcome.progress = membership_progress_write(&call->progress, call->context.arena);
	return false;
}

bool membership_call_end_store(struct membership_call *call, enum result result)
{
	if (result == RESULT_CONFLICT)
		return membership_call_end(call, job_attempt_cancelled(arena_strdup(call->context.arena, call->error.code),
		                                                       "The grant or its job changed meanwhile."));
	if (text_is_empty(call->error.code))
		error_set(&call->error, result, "unavailable", "The store could not be used (%s).", result_name(result));
	return membership_call_end(call, job_attempt_wait(&call->context, &call->error));
}

/* An admin looked at the membership and wants it gone, or its tool settles by itself: it is removed like one of ours,
 * whoever made it, and was seen. */
static bool begin_of_finding(struct membership_call *call)
{
	struct finding finding;
	enum result result =
	    call->store->ops->finding_read(call->store, call->context.job->subject, call->context.arena, &finding);
	if (result == RESULT_NOT_FOUND)
		return membership_call_end(call, job_attempt_cancelled("not_found", "The finding does not exist."));
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	if (finding.status != FINDING_SETTLING || !text_equal(finding.job_id, call->context.job->job_id))
		return membership_call_end(call, job_attempt_cancelled("conflict", "The finding is settled already."));
	call->finding_id = finding.finding_id;
	call->grant = (struct grant){
	    .grant_id = "",
	    .status = GRANT_PENDING_DEPROVISION,
	    .connector_id = finding.connector_id,
	    .group_id = finding.group_id,
	    .external_user_id = finding.member_id,
	    .active_at = finding.found_at,
	};
	call->user_id = finding.member_id;
	return true;
}

bool membership_call_begin(struct membership_call *call, const struct job_context *context, enum grant_status expected)
{
	*call = (struct membership_call){.context = *context, .store = context->options->store};
	call->error.retry_after_ms = -1;
	membership_progress_read(context->job->progress, &call->progress);
	call->repeated = call->progress.wrote;
	if (context->job->grant_id == NULL && context->job->subject != NULL)
		return begin_of_finding(call);
	enum result result =
	    call->store->ops->grant_read(call->store, context->job->grant_id, context->arena, &call->grant);
	if (result == RESULT_NOT_FOUND)
		return membership_call_end(call, job_attempt_cancelled("not_found", "The grant does not exist."));
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	if (call->grant.status != expected)
		return membership_call_end(call,
		                           job_attempt_cancelled("conflict", "The grant does not wait for this any more."));
	call->user_id = call->grant.external_user_id;
	return true;
}

static bool leads_elsewhere(const struct membership_call *call, const struct connector_call *connector)
{
	return connector->ops == NULL ||
	       (call->grant.tenant_id != NULL && !text_equal(call->grant.tenant_id, connector->settings.tenant_id));
}

bool membership_call_open(struct membership_call *call, enum result opened, const struct connector_call *connector)
{
	if (call->grant.connector_id == NULL || call->grant.group_id == NULL)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "group_not_bound",
		                                 "The tool had no connector or no entitlement group.", NULL);
	if (opened == RESULT_NOT_FOUND)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "group_not_bound",
		                                 "The connector of this grant does not exist any more.", NULL);
	if (opened != RESULT_OK)
		return membership_call_end_store(call, opened);
	if (leads_elsewhere(call, connector))
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "connector_failing",
		                                 "The connector does not lead to the directory that this grant is about.",
		                                 NULL);
	if (!connector->settings.enabled)
		return membership_call_end(call, job_attempt_wait_ms(&call->context, DISABLED_WAIT_MS, "connector_disabled",
		                                                     "The connector is disabled."));
	call->connector = connector;
	return true;
}

/* Ids that an admin finds in Entra's log, for the audit event. */
static const char *trace_detail(struct membership_call *call)
{
	const struct connector_trace *trace = &call->progress.trace;
	if (trace->request_id[0] == '\0' && trace->client_request_id[0] == '\0')
		return NULL;
	bool failed = false;
	_cleanup_(json_decrefp) json_t *detail = json_object();
	json_put_string(detail, "requestId", trace->request_id, &failed);
	json_put_string(detail, "clientRequestId", trace->client_request_id, &failed);
	return failed ? NULL : json_write(call->context.arena, detail);
}

bool membership_call_end_grant(struct membership_call *call, enum grant_event event, const char *code,
                               const char *reason, const char *candidates)
{
	bool person = event == GRANT_EVENT_NEEDS_PERSON || event == GRANT_EVENT_NOT_OURS;
	call->end = MEMBERSHIP_END_GRANT;
	call->change = (struct grant_change){
	    .event = event,
	    .code = code,
	    .reason = reason,
	    .candidates = candidates,
	    .job_id = call->context.job->job_id,
	    .fence = call->context.job->fence,
	    .detail = trace_detail(call),
	    .unsent = event == GRANT_EVENT_NEEDS_PERSON && call->progress.unsent && !call->progress.wrote,
	};
	call->attempt = (struct job_attempt){
	    .settled = true,
	    .outcome = {.status = person ? JOB_MANUAL_FOLLOW_UP : JOB_SUCCEEDED, .error_code = code},
	};
	return false;
}

/* An incident keeps no progress. If it cannot be kept, a person is asked less than could be. */
static void keep_unsent(struct membership_call *call)
{
	struct error error;
	const char *progress = membership_progress_write(&call->progress, call->context.arena);
	if (call->progress.unsent && progress != NULL)
		(void)!call->store->ops->job_save_progress(call->store, call->context.job, progress, &error);
}

static bool end_held(struct membership_call *call, const char *group_id, const char *code, const char *detail)
{
	keep_unsent(call);
	call->end = MEMBERSHIP_END_HOLD;
	call->incident = (struct incident){
	    .connector_id = call->grant.connector_id, .group_id = group_id, .code = code, .detail = detail};
	job_incident_fill(&call->context, call->error.retry_after_ms, &call->incident);
	call->attempt = (struct job_attempt){
	    .settled = true,
	    .outcome = {.status = JOB_WAITING,
	                .error_code = code,
	                .error_detail = detail,
	                .next_attempt_at = call->incident.next_probe_at},
	};
	return false;
}

bool membership_call_end_group(struct membership_call *call, const char *code, const char *detail)
{
	call->error.retry_after_ms = -1;
	return end_held(call, call->grant.group_id, code, detail);
}

bool membership_call_end_error(struct membership_call *call)
{
	const char *code = arena_strdup(call->context.arena, call->error.code);
	const char *detail = arena_strdup(call->context.arena, call->error.detail);
	if (code == NULL || detail == NULL)
		return membership_call_end(call, job_attempt_wait(&call->context, &call->error));
	switch (connector_error_scope(&call->error)) {
	case CONNECTOR_SCOPE_USER:
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, code, detail, NULL);
	case CONNECTOR_SCOPE_GROUP:
		return end_held(call, call->grant.group_id, code, detail);
	case CONNECTOR_SCOPE_APP:
		return end_held(call, call->of_group ? call->grant.group_id : NULL, code, detail);
	case CONNECTOR_SCOPE_PASSING:
		break;
	}
	return membership_call_end(call, job_attempt_wait(&call->context, &call->error));
}

void membership_call_note_write(struct membership_call *call, const struct connector_trace *trace)
{
	if (!call->progress.wrote)
		call->progress.since = clock_now_ms(call->context.options->clock);
	call->progress.wrote = true;
	call->progress.unsent = false;
	call->progress.trace = *trace;
}

bool membership_call_end_unknown(struct membership_call *call)
{
	return membership_call_end(
	    call, job_attempt_wait_ms(&call->context, LOST_ANSWER_WAIT_MS, call->error.code, call->error.detail));
}

bool membership_call_end_unseen(struct membership_call *call)
{
	if (membership_progress_is_hopeless(&call->progress, clock_now_ms(call->context.options->clock)))
		return membership_call_end_grant(
		    call, GRANT_EVENT_NEEDS_PERSON, "graph_error",
		    "The directory accepted the change a quarter of an hour ago and still does not "
		    "show it.",
		    NULL);
	call->progress.checks++;
	struct job_attempt attempt =
	    job_attempt_wait_ms(&call->context, membership_progress_delay_ms(&call->progress), NULL, NULL);
	attempt.outcome.progress = membership_progress_write(&call->progress, call->context.arena);
	return membership_call_end(call, attempt);
}
