/* Deprovisioning: takes a grant's user out of the group, if it was we who put them in and nothing else keeps them
 * there.
 *
 * The user is the one that was pinned before the first write, whatever names have become. Where none was pinned,
 * nothing was ever written. "Not a member" ends the grant only after our own remove was accepted; and where the add may
 * still be spreading (it was never seen), not at the first word. */
#include "worker/deprovision.h"

#include "base/text.h"

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

static bool read_origin(struct membership_call *call)
{
	if (call->grant.connector_id == NULL || call->grant.group_id == NULL)
		return end_removed(call);
	if (call->finding_id != NULL) {
		call->origin = MEMBERSHIP_OURS;
		return true;
	}
	enum result result = call->store->ops->membership_origin(call->store, call->grant.connector_id,
	                                                         call->grant.group_id, call->user_id, &call->origin);
	if (result == RESULT_NOT_FOUND) {
		call->origin = MEMBERSHIP_UNKNOWN;
		return true;
	}
	return result == RESULT_OK || membership_call_end_store(call, result);
}

bool deprovision_begin(struct membership_call *call, const struct job_context *context)
{
	return membership_call_begin(call, context, GRANT_PENDING_DEPROVISION) && check_nothing_written(call) &&
	       check_other_grants(call) && read_origin(call);
}

/* While the add may still surface, each round removes again; else a removal that is merely not seen yet is looked for,
 * and sent again now and then while it is not. */
static bool removes_at_once(const struct membership_call *call)
{
	return call->origin == MEMBERSHIP_OURS && (!call->progress.wrote || call->grant.active_at == 0);
}

bool deprovision_plan(struct membership_call *call)
{
	call->wants_write = removes_at_once(call);
	call->wants_look = !call->wants_write;
	return true;
}

bool deprovision_decide(struct membership_call *call)
{
	if (!call->member)
		return end_removed(call);
	/* Whoever is in the group was put there by somebody else, or nothing is on record of a write by us. */
	if (call->origin != MEMBERSHIP_OURS)
		return end_not_ours(call);
	if (!membership_progress_repeat_is_due(&call->progress))
		return membership_call_end_unseen(call);
	call->wants_write = true;
	return true;
}

bool deprovision_take_write(struct membership_call *call, const struct connector_change *change)
{
	call->error = change->error;
	call->of_group = change->of_group;
	call->progress.sent = call->progress.sent || change->result == RESULT_OK || change->result == RESULT_TIMEOUT;
	if (change->result == RESULT_TIMEOUT)
		return membership_call_end_unknown(call);
	if (change->result != RESULT_OK)
		return membership_call_end_error(call);
	membership_call_note_write(call, &change->trace);
	call->was_there = !change->already;
	call->wants_look = true;
	return true;
}

/* An add that was sent but never seen may still surface after a remove that found nothing. */
static bool is_doubtful(const struct membership_call *call)
{
	return !call->was_there && call->grant.active_at == 0 && call->progress.checks < DOUBTFUL_ROUNDS;
}

bool deprovision_verify(struct membership_call *call)
{
	return call->member || is_doubtful(call) ? membership_call_end_unseen(call) : end_removed(call);
}
