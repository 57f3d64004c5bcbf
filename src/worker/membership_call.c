#include "worker/membership_call.h"

#include "base/json.h"
#include "base/text.h"

#define DISABLED_WAIT_MS 5000
/* A group of a million members is a thousand pages. */
#define LOOK_DEADLINE_MS 60000

bool membership_call_end(struct membership_call *call, struct job_attempt attempt)
{
	call->attempt = attempt;
	if (call->progress.sent && attempt.outcome.status == JOB_WAITING && attempt.outcome.progress == NULL)
		call->attempt.outcome.progress = membership_progress_write(&call->progress, call->context->arena);
	return false;
}

bool membership_call_end_store(struct membership_call *call, enum result result)
{
	if (result == RESULT_CONFLICT)
		return membership_call_end(call, job_attempt_cancelled(arena_strdup(call->context->arena, call->error.code),
		                                                       "The grant or its job changed meanwhile."));
	if (text_is_empty(call->error.code))
		error_set(&call->error, result, "unavailable", "The store could not be used (%s).", result_name(result));
	return membership_call_end(call, job_attempt_wait(call->context, &call->error));
}

bool membership_call_begin(struct membership_call *call, const struct job_context *context, enum grant_status expected)
{
	*call = (struct membership_call){.context = context, .store = context->options->store};
	call->error.retry_after_ms = -1;
	membership_progress_read(context->job->progress, &call->progress);
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

static bool is_where_it_was_pinned(const struct membership_call *call)
{
	return call->grant.tenant_id == NULL || text_equal(call->grant.tenant_id, call->settings.tenant_id);
}

bool membership_call_open(struct membership_call *call)
{
	const struct worker_options *options = call->context->options;
	if (call->grant.connector_id == NULL || call->grant.group_id == NULL)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "group_not_bound",
		                                 "The tool had no connector or no entitlement group.", NULL);
	enum result result =
	    call->store->ops->connector_read(call->store, call->grant.connector_id, call->context->arena, &call->settings);
	if (result == RESULT_NOT_FOUND)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "group_not_bound",
		                                 "The connector of this grant does not exist any more.", NULL);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	call->ops = connector_registry_find(call->settings.type);
	if (call->ops == NULL || !is_where_it_was_pinned(call))
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "connector_failing",
		                                 "The connector does not lead to the directory that this grant is about.",
		                                 NULL);
	if (!call->settings.enabled)
		return membership_call_end(call, job_attempt_wait_ms(call->context, DISABLED_WAIT_MS, "connector_disabled",
		                                                     "The connector is disabled."));
	credential_opener_init(&call->opener, &call->settings, options->master_key, options->allow);
	call->target = (struct connector_target){.settings = &call->settings,
	                                         .secret = &call->opener.source,
	                                         .certificate = credential_opener_certificate(&call->opener)};
	return true;
}

bool membership_call_is_member(struct membership_call *call, bool *ret_member)
{
	struct connector_target target = call->target;
	target.deadline_ms = clock_monotonic_ms(call->context->options->clock) + LOOK_DEADLINE_MS;
	if (call->ops->is_member(call->context->options->environment, &target, call->grant.group_id, call->user_id,
	                         call->context->arena, ret_member, &call->error) != RESULT_OK)
		return membership_call_end_error(call);
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
	return failed ? NULL : json_write(call->context->arena, detail);
}

bool membership_call_end_grant(struct membership_call *call, enum grant_event event, const char *code,
                               const char *reason, const char *candidates)
{
	static const struct actor worker = {.kind = "system", .id = "worker"};
	const struct job *job = call->context->job;
	struct grant_change change = {
	    .event = event,
	    .code = code,
	    .reason = reason,
	    .candidates = candidates,
	    .job_id = job->job_id,
	    .fence = job->fence,
	    .detail = trace_detail(call),
	};
	struct grant after;
	call->error = (struct error){.retry_after_ms = -1};
	enum result result = call->store->ops->grant_apply(call->store, &worker, call->grant.grant_id, &change,
	                                                   call->context->arena, &after, &call->error);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	struct job_attempt settled = {.settled = true, .outcome = {.status = JOB_SUCCEEDED, .error_code = code}};
	if (event == GRANT_EVENT_NEEDS_PERSON || event == GRANT_EVENT_NOT_OURS)
		settled.outcome.status = JOB_MANUAL_FOLLOW_UP;
	return membership_call_end(call, settled);
}

static bool end_held(struct membership_call *call, const char *group_id, const char *code, const char *detail)
{
	const struct incident incident = {
	    .connector_id = call->grant.connector_id, .group_id = group_id, .code = code, .detail = detail};
	struct error failure = {.retry_after_ms = -1};
	struct job_attempt held;
	enum result result = job_attempt_hold(call->context, &incident, call->error.retry_after_ms, &held, &failure);
	if (result == RESULT_OK)
		return membership_call_end(call, held);
	call->error = failure;
	return membership_call_end_store(call, result);
}

bool membership_call_end_group(struct membership_call *call, const char *code, const char *detail)
{
	call->error.retry_after_ms = -1;
	return end_held(call, call->grant.group_id, code, detail);
}

bool membership_call_end_error(struct membership_call *call)
{
	const char *code = arena_strdup(call->context->arena, call->error.code);
	const char *detail = arena_strdup(call->context->arena, call->error.detail);
	if (code == NULL || detail == NULL)
		return membership_call_end(call, job_attempt_wait(call->context, &call->error));
	switch (connector_error_scope(&call->error)) {
	case CONNECTOR_SCOPE_USER:
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, code, detail, NULL);
	case CONNECTOR_SCOPE_GROUP:
		return end_held(call, call->grant.group_id, code, detail);
	case CONNECTOR_SCOPE_APP:
		return end_held(call, NULL, code, detail);
	case CONNECTOR_SCOPE_PASSING:
		break;
	}
	return membership_call_end(call, job_attempt_wait(call->context, &call->error));
}

void membership_call_note_write(struct membership_call *call, const struct connector_trace *trace)
{
	if (!call->progress.wrote)
		call->progress.since = clock_now_ms(call->context->options->clock);
	call->progress.wrote = true;
	call->progress.trace = *trace;
}

bool membership_call_end_unseen(struct membership_call *call)
{
	if (membership_progress_is_hopeless(&call->progress, clock_now_ms(call->context->options->clock)))
		return membership_call_end_grant(
		    call, GRANT_EVENT_NEEDS_PERSON, "graph_error",
		    "The directory accepted the change a quarter of an hour ago and still does not "
		    "show it.",
		    NULL);
	call->progress.checks++;
	struct job_attempt attempt =
	    job_attempt_wait_ms(call->context, membership_progress_delay_ms(&call->progress), NULL, NULL);
	attempt.outcome.progress = membership_progress_write(&call->progress, call->context->arena);
	return membership_call_end(call, attempt);
}
