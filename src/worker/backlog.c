#include "worker/backlog.h"

#include "base/text.h"
#include "worker/connector_call.h"

/* While a doubtful connector is tried with one job, nobody else tries it; longer than a call lasts. */
#define TRIAL_MS 60000

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
	if (first->connector_id == NULL ||
	    store->ops->connector_read(store, first->connector_id, arena, &settings) != RESULT_OK)
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

static void wait_for_room(const struct backlog *backlog, const struct job *job, const struct connector_room *room,
                          struct arena *arena, struct planned_job *planned)
{
	struct store *store = backlog->options->store;
	const struct job_context context = {.options = backlog->options, .job = job, .arena = arena};
	struct error error;
	planned->attempt =
	    job_attempt_wait_ms(&context, room->changes == 0 ? room->wait_ms : room->bulk_wait_ms, "graph_throttled",
	                        "What Microsoft Graph lets this app write for now is used up.");
	planned->written = store->ops->job_finish(store, job, &planned->attempt.outcome, &error);
}

/* The claimed job and the others; NULL if there is no memory. */
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

/* All of them waited in vain for an answer. */
static bool is_silent(const struct planned_job *planned, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!connector_error_is_silence(planned[i].attempt.outcome.error_code))
			return false;
	return true;
}

static void circuit_note(const struct backlog *backlog, const char *connector_id, bool silent, bool doubtful)
{
	if (silent) {
		connector_leave(backlog, connector_id, false, circuit_silent_ms(backlog->circuit, connector_id));
		return;
	}
	circuit_answered(backlog->circuit, connector_id);
	if (doubtful)
		connector_leave(backlog, connector_id, false, 0);
}

size_t backlog_run(const struct backlog *backlog, const struct job *first, struct arena *claimed,
                   struct planned_job **ret_planned)
{
	const char *connector_id = first->connector_id;
	struct connector_room room = room_of(backlog, first, claimed);
	bool doubtful = connector_id != NULL && circuit_is_doubtful(backlog->circuit, connector_id);
	size_t limit = connector_id != NULL ? limit_of(backlog, first, &room) : 1;
	size_t count = 0;
	if (doubtful && limit > 0) {
		connector_leave(backlog, connector_id, false, TRIAL_MS);
		limit = 1;
	}
	struct planned_job *planned = jobs_plan(backlog, first, limit, claimed, &count);
	if (planned == NULL)
		return 0;
	*ret_planned = planned;
	if (limit == 0) {
		wait_for_room(backlog, first, &room, claimed, planned);
		return count;
	}
	planner_run(backlog->options, planned, count, claimed);
	if (connector_id != NULL)
		circuit_note(backlog, connector_id, is_silent(planned, count), doubtful);
	return count;
}
