/* Provisioning: puts a grant's user into the group.
 *
 * In this order, so that a crash at any point leaves something that the next attempt settles by looking: Jira's word,
 * who it is, whether the group may be written to, what is there now, what we are about to do (on disk, under our
 * fence), the write, and a read that shows it. Nothing is written to the directory unless the intent is on disk; the
 * grant becomes active only once the directory shows, or says, that the user is a member.
 *
 * A read may be behind the truth. So one who was not seen in the group, and whom the directory calls a member already
 * when the first write of all is sent, was there before us. After any earlier write, which may have been applied
 * whatever was heard of it, "already" proves nothing of the kind. */
#include "worker/provision.h"

#include "base/text.h"

#define REMOVAL_WAIT_MS 1000
#define WORD_GOOD_FOR_MS (15 * 60 * 1000)

/* A removal of the same membership comes first: the two must not overtake each other. */
bool provision_wait_for_removal(struct membership_call *call)
{
	bool under_way = false;
	enum result result =
	    call->store->ops->grant_removal_under_way(call->store, &call->grant, call->user_id, &under_way);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	if (!under_way)
		return true;
	return membership_call_end(call, job_attempt_wait_ms(&call->context, REMOVAL_WAIT_MS, NULL, NULL));
}

static bool read_request(struct membership_call *call)
{
	enum result result =
	    call->store->ops->request_read(call->store, call->grant.request_id, call->context.arena, &call->request);
	return result == RESULT_OK || membership_call_end_store(call, result);
}

bool provision_begin(struct membership_call *call, const struct job_context *context)
{
	return membership_call_begin(call, context, GRANT_PENDING_PROVISION) && provision_wait_for_removal(call) &&
	       read_request(call);
}

static bool is_word_of_jira(const struct access_request *request)
{
	return request->issue_id != NULL &&
	       (text_equal(request->approval, "jsm") || text_equal(request->approval, "status"));
}

/* Once something was written there is nothing left to prevent. */
bool provision_word_is_old(const struct membership_call *call)
{
	int64_t now = clock_now_ms(call->context.options->clock);
	return !call->progress.wrote && is_word_of_jira(&call->request) && now - call->request.asked_at > WORD_GOOD_FOR_MS;
}

bool provision_confirm_word(struct membership_call *call)
{
	bool holds = false;
	enum result result = intake_confirm(&call->context, &call->request, &holds, &call->error);
	if (result != RESULT_OK)
		return membership_call_end(call, job_attempt_wait(&call->context, &call->error));
	if (!holds)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "approval_not_verified",
		                                 "Jira, asked again, does not show the approval as it was.", NULL);
	return true;
}

bool provision_take_group(struct membership_call *call, const struct connector_group_check *check)
{
	return check->manageable ||
	       membership_call_end_group(call, check->code, "The group cannot be managed by this connector.");
}

static bool end_member(struct membership_call *call)
{
	return membership_call_end_grant(call, GRANT_EVENT_MEMBER, NULL, NULL, NULL);
}

bool provision_decide(struct membership_call *call)
{
	if (call->member)
		return end_member(call);
	if (!membership_progress_repeat_is_due(&call->progress))
		return membership_call_end_unseen(call);
	call->wants_write = true;
	return true;
}

static bool mark_preexisting(struct membership_call *call)
{
	const struct job *job = call->context.job;
	enum result result = call->store->ops->grant_mark_preexisting(call->store, call->grant.grant_id, job->job_id,
	                                                              job->fence, call->user_id, &call->error);
	return result == RESULT_OK || membership_call_end_store(call, result);
}

/* Nothing was on record of this membership, so nothing was ever written. */
static bool was_there_before_us(const struct membership_call *call, bool already)
{
	return already && call->origin == MEMBERSHIP_UNKNOWN;
}

/* For certain — it was never sent, or refused as such; a 5xx may have been carried out — and nothing before it. Whoever
 * is found in the group the next time was put there by somebody else. */
static bool was_not_written(const struct membership_call *call, const struct connector_change *change)
{
	bool never_sent = change->trace.client_request_id[0] == '\0';
	bool refused = change->error.http_status >= 400 && change->error.http_status < 500;
	bool certain = change->result != RESULT_OK && change->result != RESULT_TIMEOUT && (never_sent || refused);
	return certain && call->origin == MEMBERSHIP_UNKNOWN && !change->already;
}

bool provision_take_write(struct membership_call *call, const struct connector_change *change)
{
	call->error = change->error;
	call->of_group = change->of_group;
	if (was_there_before_us(call, change->already) && !mark_preexisting(call))
		return false;
	call->progress.unsent = was_not_written(call, change);
	if (change->result == RESULT_TIMEOUT)
		return membership_call_end_unknown(call);
	if (change->result != RESULT_OK)
		return membership_call_end_error(call);
	membership_call_note_write(call, &change->trace);
	/* After an earlier write of ours the directory's word is enough. */
	if (change->already && call->repeated)
		return end_member(call);
	call->wants_look = true;
	return true;
}

bool provision_verify(struct membership_call *call)
{
	return call->member ? end_member(call) : membership_call_end_unseen(call);
}
