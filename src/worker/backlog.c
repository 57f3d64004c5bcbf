#include "worker/backlog.h"

#include "base/text.h"
#include "worker/connector_call.h"

/* While a doubtful connector is tried with one job, nobody else tries it; longer than a call lasts. */
#define TRIAL_MS 60000
/* Of one connector at the same time: others need threads too, and a single approval one beside a backlog. */
#define BULK_RUNS_MAX 2
#define RUNS_MAX 4
#define BUSY_MS 500
/* No bulk job is claimed in vain while as many runs as may be are under way. The end of one of them ends it; after a
 * crash nobody does. */
#define FULL_MS 10000

static void connector_leave(const struct backlog *backlog, const char *connector_id, bool bulk_only, int64_t for_ms)
{
	struct store *store = backlog->options->store;
	struct error error;
	int64_t until = for_ms > 0 ? clock_now_ms(backlog->options->clock) + for_ms : 0;
	/* If it fails, the jobs are claimed once more in vain. */
	(void)!store->ops->connector_pause(store, connector_id, bulk_only, until, &error);
}

/* Unlimited, where the connector cannot be asked: the run itself will say why. */
static struct connector_room room_of(const struct backlog *backlog, const struct job *first, struct arena *arena)
{
	struct connector_room room = {.changes = PLANNER_JOBS_MAX, .bulk_changes = PLANNER_JOBS_MAX};
	struct connector_settings settings;
	struct store *store = backlog->options->store;
	if (store->ops->connector_read(store, first->connector_id, arena, &settings) != RESULT_OK)
		return room;
	const struct connector_ops *ops = connector_registry_find(settings.type);
	if (ops != NULL && settings.enabled)
		ops->room(backlog->options->environment, &settings, &room);
	return room;
}

/* How many jobs may go out now, the first among them. */
static size_t limit_of(const struct backlog *backlog, const struct job *first, const struct connector_room *room)
{
	if (room->changes == 0)
		connector_leave(backlog, first->connector_id, false, room->wait_ms);
	else if (room->bulk_changes == 0)
		connector_leave(backlog, first->connector_id, true, room->bulk_wait_ms);
	size_t limit = first->bulk || room->bulk_changes > 0 ? room->bulk_changes : room->changes;
	return limit < PLANNER_JOBS_MAX ? limit : PLANNER_JOBS_MAX;
}

/* The claimed job, and others up to `limit` with it; NULL if there is no memory. */
static struct planned_job *jobs_plan(const struct backlog *backlog, const struct job *first, size_t limit,
                                     struct arena *arena, size_t *ret_count)
{
	struct store *store = backlog->options->store;
	struct job *more = NULL;
	size_t count = 0;
	if (limit > 1 && store->ops->job_claim_more(store, first, backlog->holder, backlog->lease_ms, limit - 1, arena,
	                                            &more, &count) != RESULT_OK)
		count = 0;
	struct planned_job *planned = arena_array(arena, count + 1, sizeof(*planned));
	if (planned == NULL)
		return NULL;
	planned[0].job = first;
	for (size_t i = 0; i < count; i++)
		planned[i + 1].job = &more[i];
	*ret_count = count + 1;
	return planned;
}

enum heard { HEARD_UNASKED, HEARD_SILENCE, HEARD_ANSWER };

/* What one job tells of its directory: nothing, where it ended before that was asked. */
static enum heard heard_by(const struct job_attempt *attempt)
{
	const char *code = attempt->outcome.error_code;
	if (connector_error_is_silence(code))
		return HEARD_SILENCE;
	bool waits = attempt->outcome.status == JOB_WAITING && !attempt->settled;
	bool of_directory = code != NULL && (text_starts_with(code, "graph_") || text_starts_with(code, "login_"));
	bool unasked = attempt->outcome.status == JOB_CANCELLED || (waits && !of_directory);
	return unasked ? HEARD_UNASKED : HEARD_ANSWER;
}

static enum heard heard_by_all(const struct planned_job *planned, size_t count)
{
	enum heard heard = HEARD_UNASKED;
	for (size_t i = 0; i < count && heard != HEARD_ANSWER; i++) {
		enum heard one = heard_by(&planned[i].attempt);
		if (one != HEARD_UNASKED)
			heard = one;
	}
	return heard;
}

static void circuit_note(const struct backlog *backlog, const char *connector_id, enum heard heard, bool doubtful)
{
	if (heard == HEARD_SILENCE) {
		connector_leave(backlog, connector_id, false, circuit_silent_ms(backlog->circuit, connector_id));
		return;
	}
	if (heard == HEARD_ANSWER)
		circuit_answered(backlog->circuit, connector_id);
	if (doubtful)
		connector_leave(backlog, connector_id, false, 0);
}

/* One job that was claimed and is not done now. */
static size_t put_back(const struct backlog *backlog, const struct job *job, int64_t for_ms, const char *code,
                       const char *detail, struct arena *arena, struct planned_job **ret_planned)
{
	struct store *store = backlog->options->store;
	const struct job_context context = {.options = backlog->options, .job = job, .arena = arena};
	struct error error;
	size_t count = 0;
	struct planned_job *planned = jobs_plan(backlog, job, 1, arena, &count);
	if (planned == NULL)
		return 0;
	planned->attempt = job_attempt_wait_ms(&context, for_ms, code, detail);
	planned->attempt.outcome.untried = true;
	planned->written = store->ops->job_finish(store, job, &planned->attempt.outcome, &error);
	*ret_planned = planned;
	return count;
}

/* As much as may go out now. */
static size_t run_now(const struct backlog *backlog, const struct job *first, struct arena *claimed,
                      struct planned_job **ret_planned)
{
	const char *connector_id = first->connector_id;
	struct connector_room room = room_of(backlog, first, claimed);
	bool doubtful = circuit_is_doubtful(backlog->circuit, connector_id);
	size_t limit = limit_of(backlog, first, &room);
	size_t count = 0;
	if (limit == 0)
		return put_back(backlog, first, room.changes == 0 ? room.wait_ms : room.bulk_wait_ms, "graph_throttled",
		                "What Microsoft Graph lets this app write for now is used up.", claimed, ret_planned);
	if (doubtful) {
		connector_leave(backlog, connector_id, false, TRIAL_MS);
		limit = 1;
	}
	struct planned_job *planned = jobs_plan(backlog, first, limit, claimed, &count);
	if (planned == NULL)
		return 0;
	*ret_planned = planned;
	if (circuit_runs(backlog->circuit, connector_id) >= BULK_RUNS_MAX)
		connector_leave(backlog, connector_id, true, FULL_MS);
	planner_run(backlog->options, planned, count, claimed);
	circuit_note(backlog, connector_id, heard_by_all(planned, count), doubtful);
	return count;
}

static size_t run_unbound(const struct backlog *backlog, const struct job *job, struct arena *arena,
                          struct planned_job **ret_planned)
{
	size_t count = 0;
	struct planned_job *planned = jobs_plan(backlog, job, 1, arena, &count);
	if (planned == NULL)
		return 0;
	planner_run(backlog->options, planned, count, arena);
	*ret_planned = planned;
	return count;
}

size_t backlog_run(const struct backlog *backlog, const struct job *first, struct arena *claimed,
                   struct planned_job **ret_planned)
{
	if (first->connector_id == NULL)
		return run_unbound(backlog, first, claimed, ret_planned);
	if (!circuit_begin(backlog->circuit, first->connector_id, first->bulk ? BULK_RUNS_MAX : RUNS_MAX)) {
		/* The job is due at once, so that it travels with the others as soon as the pause is over. */
		connector_leave(backlog, first->connector_id, first->bulk, BUSY_MS);
		return put_back(backlog, first, 0, NULL, NULL, claimed, ret_planned);
	}
	size_t count = run_now(backlog, first, claimed, ret_planned);
	bool was_full = circuit_runs(backlog->circuit, first->connector_id) == BULK_RUNS_MAX;
	circuit_end(backlog->circuit, first->connector_id);
	if (was_full)
		connector_leave(backlog, first->connector_id, true, 0);
	return count;
}
