/* Requests, grants, jobs, and what happened. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

static json_t *render_done(json_t *object, bool failed)
{
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

json_t *render_request(const struct access_request *request)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "requestId", request->request_id, &failed);
	json_put_string(object, "issueKey", request->issue_key, &failed);
	json_put_string(object, "issueId", request->issue_id, &failed);
	json_put_string(object, "toolId", request->tool_id, &failed);
	json_put_string(object, "toolText", request->tool_text, &failed);
	json_put_string(object, "accountId", request->account_id, &failed);
	json_put_string(object, "purpose", request->purpose != NULL ? request->purpose : "", &failed);
	json_put(object, "durationDays", request->duration_days > 0 ? json_integer(request->duration_days) : json_null(),
	         &failed);
	json_put_string(object, "approval", request->approval, &failed);
	json_put_string(object, "status", request_status_name(request->status), &failed);
	json_put_string(object, "code", request->code, &failed);
	json_put_string(object, "reason", request->reason, &failed);
	json_put_string(object, "decidedBy", request->decided_by, &failed);
	json_put_time(object, "decidedAt", request->decided_at, &failed);
	json_put_string(object, "grantId", request->grant_id, &failed);
	if (request->kind != REQUEST_ACCESS) {
		json_put_string(object, "kind", request_kind_name(request->kind), &failed);
		json_put_string(object, "extendsGrantId", request->extends_grant_id, &failed);
	}
	json_put_time(object, "createdAt", request->created_at, &failed);
	return render_done(object, failed);
}

static json_t *render_candidates(const char *text)
{
	json_t *value = NULL;
	if (text != NULL && json_read(text, strlen(text), &value, NULL) == RESULT_OK && json_is_array(value))
		return value;
	json_decref(value);
	return json_array();
}

static json_t *render_follow_up(const struct grant_follow_up *follow_up, bool *failed)
{
	if (follow_up->action == GRANT_ACTION_NONE)
		return json_null();
	json_t *object = json_object();
	json_put_string(object, "action", grant_action_name(follow_up->action), failed);
	json_put_string(object, "code", follow_up->code, failed);
	json_put_string(object, "reason", follow_up->reason, failed);
	json_put(object, "candidates", render_candidates(follow_up->candidates), failed);
	json_put_time(object, "since", follow_up->since, failed);
	return object;
}

static json_t *render_history(const struct grant_history *entry, bool *failed)
{
	json_t *actor = json_object();
	json_put_string(actor, "kind", entry->actor_kind, failed);
	json_put_string(actor, "id", entry->actor_id, failed);
	json_t *object = json_object();
	json_put_time(object, "at", entry->at, failed);
	json_put_string(object, "from", entry->from, failed);
	json_put_string(object, "to", entry->to, failed);
	json_put(object, "actor", actor, failed);
	json_put_string(object, "code", entry->code, failed);
	return object;
}

json_t *render_grant(const struct grant *grant, const struct grant_history *history, size_t count)
{
	bool failed = false;
	json_t *entries = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(entries, render_history(&history[i], &failed)) != 0)
			failed = true;
	}
	json_t *object = json_object();
	json_put_string(object, "grantId", grant->grant_id, &failed);
	json_put_string(object, "requestId", grant->request_id, &failed);
	json_put_string(object, "issueKey", grant->issue_key, &failed);
	json_put_string(object, "toolId", grant->tool_id, &failed);
	json_put_string(object, "accountId", grant->account_id, &failed);
	json_put_string(object, "connectorId", grant->connector_id, &failed);
	json_put_string(object, "tenantId", grant->tenant_id, &failed);
	json_put_string(object, "groupId", grant->group_id, &failed);
	json_put_string(object, "externalUserId", grant->external_user_id, &failed);
	json_put_string(object, "status", grant_status_name(grant->status), &failed);
	json_put(object, "membershipPreexisting", json_boolean(grant->membership_preexisting), &failed);
	json_put_time(object, "activeAt", grant->active_at, &failed);
	json_put_time(object, "expiresAt", grant->expires_at, &failed);
	json_put_string(object, "code", grant->code, &failed);
	json_put_string(object, "reason", grant->reason, &failed);
	json_put(object, "followUp", render_follow_up(&grant->follow_up, &failed), &failed);
	json_put(object, "history", entries, &failed);
	return render_done(object, failed);
}

static json_t *render_job_error(const struct job *job, bool *failed)
{
	if (job->error_code == NULL)
		return json_null();
	json_t *object = json_object();
	json_put_string(object, "code", job->error_code, failed);
	json_put_string(object, "detail", job->error_detail, failed);
	json_put_string(object, "requestId", job->error_request_id, failed);
	json_put_string(object, "clientRequestId", job->error_client_request_id, failed);
	return object;
}

json_t *render_job(const struct job *job)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "jobId", job->job_id, &failed);
	json_put_string(object, "kind", job_kind_name(job->kind), &failed);
	json_put_string(object, "grantId", job->grant_id, &failed);
	json_put_string(object, "connectorId", job->connector_id, &failed);
	json_put_string(object, "status", job_status_name(job->status), &failed);
	json_put(object, "attempts", json_integer(job->attempts), &failed);
	json_put_time(object, "nextAttemptAt", job->next_attempt_at, &failed);
	json_put(object, "lastError", render_job_error(job, &failed), &failed);
	return render_done(object, failed);
}

json_t *render_inbox_event(const struct inbox_event *event)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "eventId", event->event_id, &failed);
	json_put_string(object, "status", event->status, &failed);
	json_put_string(object, "code", event->code, &failed);
	json_put_string(object, "reason", event->reason, &failed);
	json_put_string(object, "requestId", event->request_id, &failed);
	json_put_time(object, "receivedAt", event->received_at, &failed);
	return render_done(object, failed);
}
