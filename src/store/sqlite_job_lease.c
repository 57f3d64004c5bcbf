/* Jobs, held: what the holder of a lease does with it.
 *
 * What holds here: every change names the fence under which it is made, and is refused once that fence no longer holds.
 * Several jobs may run under one fence: they keep their leases together, but each ends by itself. */
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"
#include "store/sqlite_work.h"

bool lease_renew(struct session *session, int64_t fence, int64_t until)
{
	sql_run(session,
	        "UPDATE job INDEXED BY job_running_fence SET lease_expires_at = ?2 WHERE status = 'running' AND fence = ?1 "
	        "AND lease_expires_at > ?3",
	        SQL_ARGS(sql_int(fence), sql_int(until), sql_int(session->now)));
	if (sql_changes(session) == 0)
		return false;
	sql_run(session, "UPDATE group_lease SET expires_at = ?2 WHERE fence = ?1",
	        SQL_ARGS(sql_int(fence), sql_int(until)));
	return true;
}

struct renewal {
	int64_t fence, lease_ms;
};

static enum result renew_work(struct session *session, struct sqlite_write *write)
{
	const struct renewal *renewal = write->in;

	return lease_renew(session, renewal->fence, session->now + renewal->lease_ms) ? RESULT_OK
	                                                                              : refuse_lease_lost(write);
}

enum result sqlite_op_job_renew(struct store *store, const struct job *job, int64_t lease_ms, struct error *error)
{
	struct renewal renewal = {job->fence, lease_ms};

	return sqlite_write(store, &(struct sqlite_write){.work = renew_work, .in = &renewal, .error = error});
}

static bool settlement_holds(struct session *session, const struct job_settlement *settlement, int64_t *ret_key)
{
	return job_fence_holds(session, settlement->job->job_id, settlement->job->fence, ret_key);
}

/* The next probe of an incident waits until this one had its time; one that was not made takes none. */
static void probe_give_back(struct session *session, int64_t job_key)
{
	sql_run(session,
	        "UPDATE incident SET next_probe_at = ?2 WHERE next_probe_at > ?2 AND EXISTS (SELECT 1 FROM job j WHERE "
	        "j.job_key = ?1 AND j.lease_expires_at = incident.next_probe_at AND j.connector_id = incident.connector_id "
	        "AND (incident.group_id = '' OR incident.group_id = j.group_id))",
	        SQL_ARGS(sql_int(job_key), sql_int(session->now)));
}

static enum result finish_work(struct session *session, struct sqlite_write *write)
{
	const struct job_settlement *settlement = write->in;
	int64_t job_key = 0;

	if (!settlement_holds(session, settlement, &job_key))
		return refuse_lease_lost(write);
	if (settlement->outcome->untried)
		probe_give_back(session, job_key);
	job_end(session, job_key, settlement->outcome);
	return RESULT_OK;
}

enum result sqlite_op_job_finish(struct store *store, const struct job *job, const struct job_outcome *outcome,
                                 struct error *error)
{
	struct job_settlement settlement = {.job = job, .outcome = outcome};

	return sqlite_write(store, &(struct sqlite_write){.work = finish_work, .in = &settlement, .error = error});
}

bool incident_open(struct session *session, const struct incident *incident)
{
	const char *group_id = incident->group_id != NULL ? incident->group_id : "";
	bool open = sql_exists(session, "SELECT 1 FROM incident WHERE connector_id = ?1 AND group_id = ?2",
	                       SQL_ARGS(sql_text(incident->connector_id), sql_text(group_id)));

	sql_run(
	    session,
	    "INSERT INTO incident (connector_id, group_id, code, detail, since, next_probe_at, attempts) VALUES (?1, ?2, "
	    "?3, ?4, ?5, ?6, 1) ON CONFLICT (connector_id, group_id) DO UPDATE SET code = excluded.code, detail = "
	    "excluded.detail, next_probe_at = excluded.next_probe_at, attempts = attempts + 1",
	    SQL_ARGS(sql_text(incident->connector_id), sql_text(group_id), sql_text(incident->code),
	             sql_text(incident->detail), sql_int(incident->since != 0 ? incident->since : session->now),
	             sql_int(incident->next_probe_at)));
	if (!open)
		audit_append(session, &actor_worker, "connector.incidentOpened", "connector", incident->connector_id, "failed",
		             audit_detail(session, NULL, "code", incident->code, "groupId", incident->group_id, NULL));
	return !open;
}

static enum result hold_work(struct session *session, struct sqlite_write *write)
{
	const struct job_settlement *settlement = write->in;
	const struct incident *incident = settlement->incident;
	struct job_outcome outcome = {.status = JOB_WAITING,
	                              .next_attempt_at = incident->next_probe_at,
	                              .error_code = incident->code,
	                              .error_detail = incident->detail};
	int64_t job_key = 0;

	if (!settlement_holds(session, settlement, &job_key))
		return refuse_lease_lost(write);
	if (incident_open(session, incident) && incident->group_id == NULL)
		check_start(session, incident->connector_id);
	job_end(session, job_key, &outcome);
	job_place(session, incident->connector_id);
	return RESULT_OK;
}

enum result sqlite_op_job_hold(struct store *store, const struct job *job, const struct incident *incident,
                               struct error *error)
{
	struct job_settlement settlement = {.job = job, .incident = incident};

	return sqlite_write(store, &(struct sqlite_write){.work = hold_work, .in = &settlement, .error = error});
}

static void settlement_describe(const struct sqlite_series *series, size_t at, struct sqlite_write *write)
{
	struct job_settlement *settlement = (struct job_settlement *)series->items + at;

	settlement->error = (struct error){0};
	write->error = &settlement->error;
	write->in = settlement;
	write->repeatable = true;
	if (settlement->change != NULL) {
		write->work = settlement->finding_id != NULL ? finding_end_removal : grant_move;
		write->id = settlement->finding_id != NULL ? settlement->finding_id : settlement->grant_id;
		write->in = settlement->change;
	} else {
		write->work = settlement->incident != NULL ? hold_work : finish_work;
	}
}

static void settlement_tell(const struct sqlite_series *series, size_t at, struct sqlite_write *write)
{
	((struct job_settlement *)series->items)[at].result = write->result;
}

void sqlite_op_job_settle_all(struct store *store, const struct actor *actor, struct job_settlement *settlements,
                              size_t count, struct arena *arena)
{
	struct sqlite_series series = {
	    .actor = actor, .items = settlements, .count = count, .describe = settlement_describe, .tell = settlement_tell};

	sqlite_write_series(store, &series, arena);
}

struct progress_kept {
	const struct job *job;
	const char *progress;
};

static enum result progress_work(struct session *session, struct sqlite_write *write)
{
	const struct progress_kept *kept = write->in;
	int64_t job_key = 0;

	if (!job_fence_holds(session, kept->job->job_id, kept->job->fence, &job_key))
		return refuse_lease_lost(write);
	sql_run(session, "UPDATE job SET progress = ?2, updated_at = ?3 WHERE job_key = ?1",
	        SQL_ARGS(sql_int(job_key), sql_text(kept->progress), sql_int(session->now)));
	return RESULT_OK;
}

enum result sqlite_op_job_save_progress(struct store *store, const struct job *job, const char *progress,
                                        struct error *error)
{
	struct progress_kept kept = {job, progress};

	return sqlite_write(store, &(struct sqlite_write){.work = progress_work, .in = &kept, .error = error});
}
