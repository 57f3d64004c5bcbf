/* What has served its time is dropped, a few thousand rows to a transaction, so that nobody waits long behind it.
 *
 * What stays however old it is: an event that is not settled, since it was acknowledged; a job that is not final, or
 * whose grant or request is still open, since the job's mark keeps the same word from being said twice; the last
 * attempt to create a group that a tool still lacks, since it knows what may have been made; a finding that still
 * stands, settled or not yet; and everything of the audit chain. */
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define JOBS_KEPT_MS (90 * DAY_MS)
#define TESTS_KEPT_MS (90 * DAY_MS)
#define FINDINGS_KEPT_MS (90 * DAY_MS)
#define PURGE_STEP 2000

#define JOB_NEEDED                                                                                                     \
	"(EXISTS (SELECT 1 FROM access_grant g WHERE g.grant_key = job.grant_key AND g.status IN " GRANT_OPEN ") OR "      \
	"EXISTS (SELECT 1 FROM access_request r WHERE r.request_key = job.request_key AND r.status = 'pending') OR "       \
	"(kind = 'createGroup' AND status = 'manualFollowUp' AND EXISTS (SELECT 1 FROM tool t WHERE t.tool_id = "          \
	"job.subject AND t.group_id IS NULL)))"

/* Where the walk through the finished jobs stands: they are passed once, the ones that stay too. */
struct purging {
	int64_t inbox_before;
	int64_t jobs_at, jobs_key;
	bool jobs_done;
};

struct purged {
	int64_t jobs_at, jobs_key;
	bool jobs_done;
	int dropped;
};

static int purge_inbox(struct session *session, int64_t before)
{
	sql_run(session,
	        "DELETE FROM inbox_event WHERE event_key IN (SELECT event_key FROM inbox_event WHERE received_at < ?1 AND "
	        "status <> 'received' ORDER BY received_at LIMIT ?2)",
	        SQL_ARGS(sql_int(before), sql_int(PURGE_STEP)));
	return sql_changes(session);
}

static int purge_idempotency(struct session *session)
{
	sql_run(session,
	        "DELETE FROM idempotency WHERE (principal_id, route, key) IN (SELECT principal_id, route, key FROM "
	        "idempotency WHERE created_at <= ?1 LIMIT ?2)",
	        SQL_ARGS(sql_int(session->now - IDEMPOTENCY_KEPT_MS), sql_int(PURGE_STEP)));
	return sql_changes(session);
}

/* The report goes, what it came to (the connector's health) stays. */
static int purge_tests(struct session *session)
{
	sql_run(session, "UPDATE connector SET last_test = NULL WHERE last_test IS NOT NULL AND tested_at < ?1",
	        SQL_ARGS(sql_int(session->now - TESTS_KEPT_MS)));
	return sql_changes(session);
}

static int purge_findings(struct session *session)
{
	sql_run(session,
	        "DELETE FROM finding WHERE finding_key IN (SELECT finding_key FROM finding INDEXED BY finding_by_age WHERE "
	        "status = 'resolved' AND resolved_at < ?1 ORDER BY resolved_at LIMIT ?2)",
	        SQL_ARGS(sql_int(session->now - FINDINGS_KEPT_MS), sql_int(PURGE_STEP)));
	return sql_changes(session);
}

/* The last job of the next step: everything behind `purging`'s place up to it is looked at now. */
static void purge_jobs_end(struct session *session, const struct purging *purging, struct purged *ret_purged)
{
	struct cursor cursor =
	    cursor_open(session, NULL,
	                "SELECT updated_at, job_key FROM job INDEXED BY job_finished WHERE " JOB_FINAL(
	                    "job") " AND updated_at >= ?1 AND updated_at < ?2 AND "
	                           "(updated_at > ?1 OR job_key > ?3) ORDER BY updated_at, job_key LIMIT 1 OFFSET ?4",
	                SQL_ARGS(sql_int(purging->jobs_at), sql_int(session->now - JOBS_KEPT_MS),
	                         sql_int(purging->jobs_key), sql_int(PURGE_STEP - 1)));

	if (cursor_next(&cursor)) {
		ret_purged->jobs_at = cursor_int(&cursor);
		ret_purged->jobs_key = cursor_int(&cursor);
	} else {
		ret_purged->jobs_done = true;
		ret_purged->jobs_at = session->now - JOBS_KEPT_MS - 1;
		ret_purged->jobs_key = INT64_MAX;
	}
	cursor_close(&cursor);
}

static int purge_jobs(struct session *session, const struct purging *purging, struct purged *ret_purged)
{
	purge_jobs_end(session, purging, ret_purged);
	sql_run(session,
	        "DELETE FROM job WHERE job_key IN (SELECT job_key FROM job INDEXED BY job_finished WHERE " JOB_FINAL(
	            "job") " AND updated_at >= ?1 AND updated_at <= ?3 AND (updated_at > ?1 OR job_key > ?2) AND "
	                   "(updated_at < ?3 OR "
	                   "job_key <= ?4) AND NOT " JOB_NEEDED ")",
	        SQL_ARGS(sql_int(purging->jobs_at), sql_int(purging->jobs_key), sql_int(ret_purged->jobs_at),
	                 sql_int(ret_purged->jobs_key)));
	return sql_changes(session);
}

static enum result purge_step(struct session *session, struct sqlite_write *write)
{
	const struct purging *purging = write->in;
	struct purged *ret_purged = write_out(write);

	*ret_purged = (struct purged){.jobs_done = purging->jobs_done};
	ret_purged->dropped = purge_inbox(session, purging->inbox_before);
	ret_purged->dropped += purge_idempotency(session);
	ret_purged->dropped += purge_tests(session);
	ret_purged->dropped += purge_findings(session);
	if (!purging->jobs_done)
		ret_purged->dropped += purge_jobs(session, purging, ret_purged);
	return RESULT_OK;
}

enum result sqlite_op_purge(struct store *store, int64_t inbox_before, struct error *error)
{
	struct purging purging = {.inbox_before = inbox_before};
	struct purged purged = {.dropped = 1};
	enum result result = RESULT_OK;

	while (result == RESULT_OK && (purged.dropped > 0 || !purged.jobs_done)) {
		result = sqlite_write(
		    store, &(struct sqlite_write){
		               .work = purge_step, .in = &purging, .error = error, .ret = &purged, .ret_size = sizeof(purged)});
		purging.jobs_at = purged.jobs_at;
		purging.jobs_key = purged.jobs_key;
		purging.jobs_done = purged.jobs_done;
	}
	return result == RESULT_OK ? sqlite_compact_if_asked(store, error) : result;
}
