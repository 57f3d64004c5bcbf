/* Deprovisioning: takes a grant's user out of the group, if it was we who put them in and nothing else keeps them
 * there.
 *
 * The user is the one that was pinned before the first write, whatever names have become. Where none was pinned,
 * nothing was ever written. "Not a member" ends the grant only after our own remove was accepted; and where the add may
 * still be spreading (it was never seen), not at the first word. */
#include "worker/membership_call.h"

#include "base/text.h"

#define LOST_ANSWER_WAIT_MS 1000
#define DOUBTFUL_ROUNDS 4

static bool end_removed(struct membership_call *call)
{
	return membership_call_end_grant(call, GRANT_EVENT_NOT_MEMBER, NULL, NULL, NULL);
}

static bool end_not_ours(struct membership_call *call)
{
	return membership_call_end_grant(call, GRANT_EVENT_NOT_OURS, "membership_not_ours",
	                                 "The user was in the group before this grant, so only a person may decide to take "
	                                 "them out.",
	                                 NULL);
}

static bool check_nothing_written(struct membership_call *call)
{
	return call->user_id != NULL || end_removed(call);
}

/* Once a removal was sent it is too late to keep anything: whoever was approved since then waits for us, and is put in
 * again. To end here would let them take a membership for theirs that is about to vanish. */
static bool check_other_grants(struct membership_call *call)
{
	bool kept = false;
	if (call->progress.sent)
		return true;
	enum result result = call->store->ops->grant_other_open(call->store, &call->grant, &kept);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	if (kept)
		return membership_call_end_grant(call, GRANT_EVENT_KEPT, NULL,
		                                 "Another open grant keeps the user in the group.", NULL);
	return true;
}

static bool read_origin(struct membership_call *call, enum membership_origin *ret_origin)
{
	if (call->grant.connector_id == NULL || call->grant.group_id == NULL)
		return end_removed(call);
	enum result result = call->store->ops->membership_origin(call->store, call->grant.connector_id,
	                                                         call->grant.group_id, call->user_id, ret_origin);
	if (result == RESULT_NOT_FOUND) {
		*ret_origin = MEMBERSHIP_UNKNOWN;
		return true;
	}
	return result == RESULT_OK || membership_call_end_store(call, result);
}

/* Whoever is in the group was put there by somebody else, or nothing is on record of a write by us. */
static bool settle_not_ours(struct membership_call *call)
{
	bool member = false;
	if (!membership_call_is_member(call, &member))
		return false;
	return member ? end_not_ours(call) : end_removed(call);
}

/* *ret_was_there: the directory knew the membership and took it away. */
static bool write_removal(struct membership_call *call, bool *ret_was_there)
{
	bool already = false;
	struct connector_trace trace = {0};
	enum result result =
	    call->ops->remove_member(call->context->options->environment, &call->target, call->grant.group_id,
	                             call->user_id, call->context->arena, &already, &trace, &call->error);
	call->progress.sent = call->progress.sent || result == RESULT_OK || result == RESULT_TIMEOUT;
	if (result == RESULT_TIMEOUT)
		return membership_call_end(
		    call, job_attempt_wait_ms(call->context, LOST_ANSWER_WAIT_MS, call->error.code, call->error.detail));
	if (result != RESULT_OK)
		return membership_call_end_error(call);
	membership_call_note_write(call, &trace);
	*ret_was_there = !already;
	return true;
}

/* An add that was sent but never seen may still surface after a remove that found nothing. */
static bool is_doubtful(const struct membership_call *call, bool was_there)
{
	return !was_there && call->grant.active_at == 0 && call->progress.checks < DOUBTFUL_ROUNDS;
}

static bool remove_and_verify(struct membership_call *call)
{
	bool was_there = false;
	bool member = false;
	if (!write_removal(call, &was_there) || !membership_call_is_member(call, &member))
		return false;
	if (member || is_doubtful(call, was_there))
		return membership_call_end_unseen(call);
	return end_removed(call);
}

/* While the add may still surface, each round removes again; else a removal that is merely not seen yet is looked for,
 * and sent again now and then while it is not. */
static bool make_not_member(struct membership_call *call)
{
	bool member = false;
	if (!call->progress.wrote || call->grant.active_at == 0)
		return remove_and_verify(call);
	if (!membership_call_is_member(call, &member))
		return false;
	if (!member)
		return end_removed(call);
	return membership_progress_repeat_is_due(&call->progress) ? remove_and_verify(call)
	                                                          : membership_call_end_unseen(call);
}

static bool settle(struct membership_call *call, enum membership_origin origin)
{
	switch (origin) {
	case MEMBERSHIP_PREEXISTING:
	case MEMBERSHIP_UNKNOWN:
		return membership_call_open(call) && settle_not_ours(call);
	case MEMBERSHIP_OURS:
		break;
	}
	return membership_call_open(call) && make_not_member(call);
}

struct job_attempt job_run_deprovision(const struct job_context *context)
{
	struct membership_call call;
	enum membership_origin origin = MEMBERSHIP_UNKNOWN;
	if (membership_call_begin(&call, context, GRANT_PENDING_DEPROVISION) && check_nothing_written(&call) &&
	    check_other_grants(&call) && read_origin(&call, &origin))
		settle(&call, origin);
	return call.attempt;
}
