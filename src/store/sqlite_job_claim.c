/* Jobs, handed out: claims, leases, fences.
 *
 * What holds here: every claim takes a number from one counter that only grows, the fence; it stands in the job and,
 * where the job acts on a group, in that group's lease. A worker whose lease ran out still knows its old fence, and
 * every change that it tries with it is refused, whether or not somebody else has taken the job since. While an
 * incident covers a connector or a group, its jobs are held, and when the probe is due exactly one of them is let
 * through. */
#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

struct lease_asked {
	const char *holder;
	int64_t lease_ms;
};

struct claimed {
	bool found;
	int64_t next_due;
	struct job job;
};

/* A group that is leased, a grant or an issue that another running job is at: not now. */
#define CLAIM_FREE                                                                                                     \
	"(j.group_id IS NULL OR NOT EXISTS (SELECT 1 FROM group_lease l WHERE l.connector_id = j.connector_id AND "        \
	"l.group_id = j.group_id AND l.expires_at > ?1)) AND (j.grant_key IS NULL OR NOT EXISTS (SELECT 1 FROM job o "     \
	"WHERE o.grant_key = j.grant_key AND o.status = 'running')) AND (j.kind <> 'intake' OR j.subject IS NULL OR NOT "  \
	"EXISTS (SELECT 1 FROM job o WHERE o.kind = 'intake' AND o.subject = j.subject AND o.status = 'running' AND "      \
	"o.status IN ('queued', 'running', 'waiting')))"

static void text_read(struct cursor *cursor, void *item)
{
	*(const char **)item = cursor_text(cursor);
}

static const struct row_type text_row = {sizeof(const char *), text_read, NULL};

/* Jobs whose time has come, and those whose holder is lost, are queued. */
static void claim_promote(struct session *session)
{
	const struct sql_value *now = SQL_ARGS(sql_int(session->now));
	const char **connectors = NULL;
	size_t count = 0;

	sql_run(session,
	        "UPDATE job INDEXED BY job_waiting SET status = 'queued', updated_at = ?1 WHERE status = 'waiting' AND "
	        "held = 0 AND "
	        "next_attempt_at <= ?1",
	        now);
	(void)!sql_read_list(session, session->scratch, &text_row, SQLITE_WHOLE_LIST,
	                     "SELECT DISTINCT connector_id FROM job INDEXED BY job_running WHERE status = 'running' AND "
	                     "lease_expires_at <= ?1 AND "
	                     "connector_id IS NOT NULL",
	                     now, &connectors, &count, NULL);
	sql_run(session,
	        "UPDATE job INDEXED BY job_running SET status = 'queued', next_attempt_at = ?1, lease_holder = NULL, "
	        "lease_expires_at = 0, "
	        "updated_at = ?1 WHERE status = 'running' AND lease_expires_at <= ?1",
	        now);
	for (size_t at = 0; at < count; at++)
		job_place(session, connectors[at]);
}

/* One held job where a probe is due and nothing else holds it. The one that was tried least, so that a job which fails
 * for reasons of its own does not speak for all the others for ever. */
static int64_t claim_probe(struct session *session)
{
	int64_t key = 0;

	(void)sql_ask(
	    session,
	    "SELECT j.job_key FROM incident i CROSS JOIN job j ON j.connector_id = i.connector_id AND (i.group_id = "
	    "'' OR i.group_id = j.group_id) JOIN connector c ON c.connector_id = j.connector_id AND c.enabled = 1 "
	    "WHERE i.next_probe_at <= ?1 AND j.status IN ('queued', 'waiting') AND j.held = 1 AND NOT EXISTS "
	    "(SELECT 1 FROM incident other WHERE other.connector_id = j.connector_id AND other.group_id IN ('', "
	    "j.group_id) AND other.next_probe_at > ?1) AND " CLAIM_FREE
	    " ORDER BY j.priority, j.attempts, j.job_key LIMIT 1",
	    SQL_ARGS(sql_int(session->now)), &key);
	return key;
}

static int64_t claim_queued(struct session *session)
{
	int64_t key = 0;

	(void)sql_ask(session,
	              "SELECT j.job_key FROM job j INDEXED BY job_queue WHERE j.status = 'queued' AND " CLAIM_FREE
	              " ORDER BY j.priority, j.job_key LIMIT 1",
	              SQL_ARGS(sql_int(session->now)), &key);
	return key;
}

/* When something may be due; 0: nothing is known. */
static int64_t claim_next_due(struct session *session)
{
	int64_t due = 0;

	(void)sql_ask(session,
	              "SELECT min(at) FROM (SELECT min(next_attempt_at) AS at FROM job INDEXED BY job_waiting WHERE status "
	              "= 'waiting' AND held = 0 "
	              "UNION ALL SELECT min(lease_expires_at) FROM job INDEXED BY job_running WHERE status = 'running' "
	              "UNION ALL SELECT "
	              "min(i.next_probe_at) FROM incident i WHERE EXISTS (SELECT 1 FROM job j WHERE j.connector_id = "
	              "i.connector_id AND j.held = 1))",
	              NULL, &due);
	return due;
}

static void claim_take(struct session *session, int64_t job_key, const struct lease_asked *asked)
{
	int64_t fence = 0, until = session->now + asked->lease_ms;

	(void)sql_ask(session, "UPDATE fence_counter SET value = value + 1 RETURNING value", NULL, &fence);
	sql_run(session,
	        "UPDATE job SET status = 'running', held = 0, attempts = attempts + 1, next_attempt_at = 0, fence = ?2, "
	        "lease_holder = ?3, lease_expires_at = ?4, updated_at = ?5 WHERE job_key = ?1",
	        SQL_ARGS(sql_int(job_key), sql_int(fence), sql_text(asked->holder), sql_int(until), sql_int(session->now)));
	sql_run(
	    session,
	    "INSERT INTO group_lease (connector_id, group_id, job_key, fence, expires_at) SELECT connector_id, group_id, "
	    "job_key, fence, lease_expires_at FROM job WHERE job_key = ?1 AND connector_id IS NOT NULL AND group_id IS "
	    "NOT NULL ON CONFLICT (connector_id, group_id) DO UPDATE SET job_key = excluded.job_key, fence = "
	    "excluded.fence, expires_at = excluded.expires_at",
	    SQL_ARGS(sql_int(job_key)));
	/* Where it is a probe, the next one is not due before this one had its time. */
	sql_run(session,
	        "UPDATE incident SET next_probe_at = ?2 WHERE EXISTS (SELECT 1 FROM job j WHERE j.job_key = ?1 AND j.kind "
	        "IN " JOB_HELD_KINDS " AND j.connector_id = incident.connector_id AND incident.group_id IN ('', "
	        "j.group_id))",
	        SQL_ARGS(sql_int(job_key), sql_int(until)));
}

static enum result claim_work(struct session *session, struct sqlite_write *write)
{
	struct claimed *claimed = write_out(write);
	int64_t job_key;

	claim_promote(session);
	job_key = claim_probe(session);
	if (job_key == 0)
		job_key = claim_queued(session);
	if (job_key == 0) {
		claimed->next_due = claim_next_due(session);
		return RESULT_OK;
	}
	claim_take(session, job_key, write->in);
	claimed->found = true;
	return sql_read_one(session, write->arena, &job_row, "SELECT " JOB_COLUMNS " FROM job j WHERE j.job_key = ?1",
	                    SQL_ARGS(sql_int(job_key)), &claimed->job);
}

enum result sqlite_op_job_claim(struct store *store, const char *holder, int64_t lease_ms, struct arena *arena,
                                struct job *ret_job, int64_t *ret_next_due)
{
	struct lease_asked asked = {holder, lease_ms};
	struct claimed claimed = {0};
	enum result result = sqlite_write(
	    store, &(struct sqlite_write){
	               .work = claim_work, .in = &asked, .arena = arena, .ret = &claimed, .ret_size = sizeof(claimed)});

	if (result != RESULT_OK)
		return result;
	if (!claimed.found) {
		*ret_next_due = claimed.next_due;
		return RESULT_NOT_FOUND;
	}
	*ret_job = claimed.job;
	return RESULT_OK;
}

/* ---- after a crash ---- */

/* What a dead process sent may still be on its way: long enough for that to arrive before somebody else acts. */
#define CLAIM_ORPHAN_MS 3000

static enum result orphans_work(struct session *session, struct sqlite_write *write)
{
	const struct sql_value *until = SQL_ARGS(sql_int(session->now + CLAIM_ORPHAN_MS));

	(void)write;
	sql_run(session,
	        "UPDATE job INDEXED BY job_running SET lease_expires_at = ?1 WHERE status = 'running' AND lease_expires_at "
	        "> ?1",
	        until);
	sql_run(session, "UPDATE group_lease SET expires_at = ?1 WHERE expires_at > ?1", until);
	return RESULT_OK;
}

enum result sqlite_claims_orphan(struct sqlite_store *store, struct error *error)
{
	return sqlite_write(&store->store, &(struct sqlite_write){.work = orphans_work, .error = error});
}

/* ---- what a holder does ---- */

struct holding {
	const struct job *job;
	int64_t lease_ms;
	const struct job_outcome *outcome;
	const struct incident *incident;
};

static bool holding_check(struct session *session, const struct holding *holding, int64_t *ret_key)
{
	return job_fence_holds(session, holding->job->job_id, holding->job->fence, ret_key);
}

static enum result renew_work(struct session *session, struct sqlite_write *write)
{
	const struct holding *holding = write->in;
	int64_t job_key = 0, until = session->now + holding->lease_ms;

	if (!holding_check(session, holding, &job_key))
		return refuse_lease_lost(write);
	sql_run(session, "UPDATE job SET lease_expires_at = ?2 WHERE job_key = ?1",
	        SQL_ARGS(sql_int(job_key), sql_int(until)));
	sql_run(session, "UPDATE group_lease SET expires_at = ?2 WHERE job_key = ?1",
	        SQL_ARGS(sql_int(job_key), sql_int(until)));
	return RESULT_OK;
}

enum result sqlite_op_job_renew(struct store *store, const struct job *job, int64_t lease_ms, struct error *error)
{
	struct holding holding = {.job = job, .lease_ms = lease_ms};

	return sqlite_write(store, &(struct sqlite_write){.work = renew_work, .in = &holding, .error = error});
}

static enum result finish_work(struct session *session, struct sqlite_write *write)
{
	const struct holding *holding = write->in;
	int64_t job_key = 0;

	if (!holding_check(session, holding, &job_key))
		return refuse_lease_lost(write);
	job_end(session, job_key, holding->outcome);
	return RESULT_OK;
}

enum result sqlite_op_job_finish(struct store *store, const struct job *job, const struct job_outcome *outcome,
                                 struct error *error)
{
	struct holding holding = {.job = job, .outcome = outcome};

	return sqlite_write(store, &(struct sqlite_write){.work = finish_work, .in = &holding, .error = error});
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
	const struct holding *holding = write->in;
	const struct incident *incident = holding->incident;
	struct job_outcome outcome = {.status = JOB_WAITING,
	                              .next_attempt_at = incident->next_probe_at,
	                              .error_code = incident->code,
	                              .error_detail = incident->detail};
	int64_t job_key = 0;

	if (!holding_check(session, holding, &job_key))
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
	struct holding holding = {.job = job, .incident = incident};

	return sqlite_write(store, &(struct sqlite_write){.work = hold_work, .in = &holding, .error = error});
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
