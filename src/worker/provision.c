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
#define LOST_ANSWER_WAIT_MS 1000
#define WORD_GOOD_FOR_MS (15 * 60 * 1000)

/* A removal of the same membership comes first: the two must not overtake each other. */
static bool wait_for_removal(struct membership_call *call)
{
	bool under_way = false;
	enum result result =
	    call->store->ops->grant_removal_under_way(call->store, &call->grant, call->user_id, &under_way);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	if (!under_way)
		return true;
	return membership_call_end(call, job_attempt_wait_ms(call->context, REMOVAL_WAIT_MS, NULL, NULL));
}

static bool is_word_of_jira(const struct access_request *request)
{
	return request->issue_id != NULL &&
	       (text_equal(request->approval, "jsm") || text_equal(request->approval, "status"));
}

/* Once something was written there is nothing left to prevent. */
static bool confirm_word(struct membership_call *call)
{
	struct access_request request;
	if (call->progress.wrote)
		return true;
	enum result result =
	    call->store->ops->request_read(call->store, call->grant.request_id, call->context->arena, &request);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	int64_t now = clock_now_ms(call->context->options->clock);
	if (!is_word_of_jira(&request) || now - request.asked_at <= WORD_GOOD_FOR_MS)
		return true;
	bool holds = false;
	result = intake_confirm(call->context, &request, &holds, &call->error);
	if (result != RESULT_OK)
		return membership_call_end(call, job_attempt_wait(call->context, &call->error));
	if (!holds)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "approval_not_verified",
		                                 "Jira, asked again, does not show the approval as it was.", NULL);
	return true;
}

static bool check_group(struct membership_call *call)
{
	struct connector_group_check check;
	if (call->progress.wrote)
		return true;
	if (call->ops->read_group(call->context->options->environment, &call->target, call->grant.group_id,
	                          call->context->arena, &check, &call->error) != RESULT_OK)
		return membership_call_end_error(call);
	if (!check.manageable)
		return membership_call_end_group(call, check.code, "The group cannot be managed by this connector.");
	return true;
}

/* *ret_first: nothing was on record of this membership, so nothing was ever written. */
static bool intend(struct membership_call *call, bool found_member, bool *ret_first)
{
	const struct job *job = call->context->job;
	enum membership_origin origin = MEMBERSHIP_UNKNOWN;
	enum result result = call->store->ops->membership_origin(call->store, call->grant.connector_id,
	                                                         call->grant.group_id, call->user_id, &origin);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	*ret_first = origin == MEMBERSHIP_UNKNOWN;
	result = call->store->ops->grant_intend_membership(call->store, call->grant.grant_id, job->job_id, job->fence,
	                                                   call->user_id, found_member, &origin, &call->error);
	return result == RESULT_OK || membership_call_end_store(call, result);
}

static bool end_member(struct membership_call *call)
{
	return membership_call_end_grant(call, GRANT_EVENT_MEMBER, NULL, NULL, NULL);
}

static bool mark_preexisting(struct membership_call *call)
{
	const struct job *job = call->context->job;
	enum result result = call->store->ops->grant_mark_preexisting(call->store, call->grant.grant_id, job->job_id,
	                                                              job->fence, call->user_id, &call->error);
	return result == RESULT_OK || membership_call_end_store(call, result);
}

/* Sends the add. *ret_evident: the directory says itself that the user is a member. */
static bool write_member(struct membership_call *call, bool first, bool *ret_evident)
{
	bool already = false;
	bool repeated = call->progress.wrote;
	struct connector_trace trace = {0};
	enum result result = call->ops->add_member(call->context->options->environment, &call->target, call->grant.group_id,
	                                           call->user_id, call->context->arena, &already, &trace, &call->error);
	if (result == RESULT_TIMEOUT) /* it may have been done: the next attempt begins by looking */
		return membership_call_end(
		    call, job_attempt_wait_ms(call->context, LOST_ANSWER_WAIT_MS, call->error.code, call->error.detail));
	if (result != RESULT_OK)
		return membership_call_end_error(call);
	membership_call_note_write(call, &trace);
	*ret_evident = already && repeated;
	return !(already && first) || mark_preexisting(call);
}

static bool add_and_verify(struct membership_call *call, bool first)
{
	bool evident = false;
	if (!write_member(call, first, &evident))
		return false;
	if (!evident && !membership_call_is_member(call, &evident))
		return false;
	return evident ? end_member(call) : membership_call_end_unseen(call);
}

static bool make_member(struct membership_call *call)
{
	bool member = false;
	bool first = false;
	if (!membership_call_is_member(call, &member) || !intend(call, member, &first))
		return false;
	if (member)
		return end_member(call);
	if (membership_progress_repeat_is_due(&call->progress))
		return add_and_verify(call, first);
	return membership_call_end_unseen(call);
}

struct job_attempt job_run_provision(const struct job_context *context)
{
	struct membership_call call;
	if (membership_call_begin(&call, context, GRANT_PENDING_PROVISION) && wait_for_removal(&call) &&
	    confirm_word(&call) && membership_call_open(&call) && provision_find_user(&call) && wait_for_removal(&call) &&
	    check_group(&call))
		make_member(&call);
	return call.attempt;
}
