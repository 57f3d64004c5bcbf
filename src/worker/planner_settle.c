/* What has ended goes to the store, all of it at once.
 *
 * An answer about a group or the app holds all of its jobs: the first of them opens the incident, the others only wait,
 * and the store puts them beneath it. Incidents come last, because a success of the same run would pass for a sign that
 * the group answers again. What the store refuses (the lease is lost, the grant moved on) ends as an outcome
 * of the job, in a second round. */
#include "base/text.h"
#include "worker/planner_run.h"

static const struct actor worker = {.kind = "system", .id = "worker"};

static bool same_place(const struct incident *one, const struct incident *other)
{
	return text_equal(one->code, other->code) &&
	       (one->group_id == NULL ? other->group_id == NULL
	                              : other->group_id != NULL && text_equal(one->group_id, other->group_id));
}

static bool is_held_already(const struct job_settlement *settlements, size_t count, const struct incident *incident)
{
	for (size_t i = 0; i < count; i++)
		if (settlements[i].incident != NULL && same_place(settlements[i].incident, incident))
			return true;
	return false;
}

static void settlement_write(const struct membership_call *call, const struct job_settlement *before, size_t count,
                             struct job_settlement *ret_settlement)
{
	*ret_settlement = (struct job_settlement){.job = call->context.job};
	if (call->end == MEMBERSHIP_END_GRANT) {
		ret_settlement->grant_id = call->grant.grant_id;
		ret_settlement->finding_id = call->finding_id;
		ret_settlement->change = &call->change;
	} else if (call->end == MEMBERSHIP_END_HOLD && !is_held_already(before, count, &call->incident)) {
		ret_settlement->incident = &call->incident;
	} else {
		ret_settlement->outcome = &call->attempt.outcome;
	}
}

static bool is_unsettled(const struct membership_call *call)
{
	return call->end != MEMBERSHIP_END_NONE && call->end != MEMBERSHIP_END_SETTLED;
}

static void settlement_take(struct membership_call *call, const struct job_settlement *settlement)
{
	bool is_outcome = call->end == MEMBERSHIP_END_OUTCOME || settlement->outcome != NULL;
	call->written = settlement->result;
	if (settlement->result == RESULT_OK || is_outcome) {
		call->end = MEMBERSHIP_END_SETTLED;
		return;
	}
	call->error = settlement->error;
	(void)membership_call_end_store(call, settlement->result);
}

static size_t settlements_write(struct planner_run *run, bool held, struct job_settlement *settlements,
                                struct membership_call **calls, size_t count)
{
	for (size_t i = 0; i < run->count; i++) {
		struct membership_call *call = &run->calls[i];
		if (!is_unsettled(call) || (call->end == MEMBERSHIP_END_HOLD) != held)
			continue;
		settlement_write(call, settlements, count, &settlements[count]);
		calls[count++] = call;
	}
	return count;
}

/* False if there was nothing. */
static bool settle_once(struct planner_run *run, struct job_settlement *settlements, struct membership_call **calls)
{
	struct store *store = run->options->store;
	size_t count = settlements_write(run, false, settlements, calls, 0);
	count = settlements_write(run, true, settlements, calls, count);
	if (count == 0)
		return false;
	store->ops->job_settle_all(store, &worker, settlements, count, run->arena);
	for (size_t i = 0; i < count; i++)
		settlement_take(calls[i], &settlements[i]);
	return true;
}

void planner_settle(struct planner_run *run)
{
	struct job_settlement *settlements = arena_array(run->arena, run->count, sizeof(*settlements));
	struct membership_call **calls = arena_array(run->arena, run->count, sizeof(struct membership_call *));
	if (settlements == NULL || calls == NULL) /* the leases run out, and the jobs come again */
		return;
	while (settle_once(run, settlements, calls))
		;
}
