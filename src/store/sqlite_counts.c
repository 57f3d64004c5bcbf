/* Counts for /metrics, and the purge of what has served its time. */
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define JOBS_KEPT_MS (90 * DAY_MS)
#define PURGE_STEP 2000 /* rows in one transaction: nobody waits long behind it */

static void count_requests(struct session *session, struct store_counts *counts)
{
	struct cursor cursor =
	    cursor_open(session, NULL, "SELECT status, count(*) FROM access_request GROUP BY status", NULL);
	enum request_status status;

	while (cursor_next(&cursor))
		if (request_status_parse(cursor_peek(&cursor), &status) == RESULT_OK)
			counts->requests[status] = cursor_int(&cursor);
	cursor_close(&cursor);
}

static void count_grants(struct session *session, struct store_counts *counts)
{
	struct cursor cursor =
	    cursor_open(session, NULL, "SELECT status, count(*) FROM access_grant GROUP BY status", NULL);
	enum grant_status status;

	while (cursor_next(&cursor))
		if (grant_status_parse(cursor_peek(&cursor), &status) == RESULT_OK)
			counts->grants[status] = cursor_int(&cursor);
	cursor_close(&cursor);
}

static void count_jobs(struct session *session, struct store_counts *counts)
{
	struct cursor cursor = cursor_open(session, NULL, "SELECT status, count(*) FROM job GROUP BY status", NULL);
	enum job_status status;

	while (cursor_next(&cursor))
		if (job_status_parse(cursor_peek(&cursor), &status) == RESULT_OK)
			counts->jobs[status] = cursor_int(&cursor);
	cursor_close(&cursor);
}

enum result sqlite_op_counts(struct store *store, struct store_counts *ret_counts)
{
	struct store_counts counts = {0};
	struct session session;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	count_requests(&session, &counts);
	count_grants(&session, &counts);
	count_jobs(&session, &counts);
	(void)sql_ask(&session, "SELECT count(*) FROM inbox_event WHERE status = 'received'", NULL, &counts.inbox_received);
	(void)sql_ask(&session, "SELECT count(*) FROM connector WHERE health = 'failed'", NULL, &counts.connectors_failed);
	(void)sql_ask(&session, "SELECT coalesce(max(seq), 0) FROM audit_event", NULL, &counts.audit_seq);
	sqlite_reader_end(&session);
	if (session.fault == RESULT_OK)
		*ret_counts = counts;
	return session.fault;
}

struct purging {
	int64_t inbox_before;
};

/* An event that is not settled yet stays, however old: it was acknowledged. */
static enum result purge_step(struct session *session, struct sqlite_write *write)
{
	const struct purging *purging = write->in;
	int *ret_dropped = write_out(write);

	sql_run(session,
	        "DELETE FROM inbox_event WHERE event_key IN (SELECT event_key FROM inbox_event WHERE received_at < ?1 AND "
	        "status <> 'received' ORDER BY received_at LIMIT ?2)",
	        SQL_ARGS(sql_int(purging->inbox_before), sql_int(PURGE_STEP)));
	*ret_dropped = sql_changes(session);
	sql_run(session,
	        "DELETE FROM idempotency WHERE (principal_id, route, key) IN (SELECT principal_id, route, key FROM "
	        "idempotency WHERE created_at <= ?1 LIMIT ?2)",
	        SQL_ARGS(sql_int(session->now - IDEMPOTENCY_KEPT_MS), sql_int(PURGE_STEP)));
	*ret_dropped += sql_changes(session);
	sql_run(
	    session,
	    "DELETE FROM job WHERE job_key IN (SELECT job_key FROM job WHERE updated_at < ?1 AND status IN ('succeeded', "
	    "'manualFollowUp', 'cancelled') LIMIT ?2)",
	    SQL_ARGS(sql_int(session->now - JOBS_KEPT_MS), sql_int(PURGE_STEP)));
	*ret_dropped += sql_changes(session);
	return RESULT_OK;
}

enum result sqlite_op_purge(struct store *store, int64_t inbox_before, struct error *error)
{
	struct purging purging = {inbox_before};
	int dropped = 1;
	enum result result = RESULT_OK;

	while (result == RESULT_OK && dropped > 0)
		result = sqlite_write(
		    store,
		    &(struct sqlite_write){
		        .work = purge_step, .in = &purging, .error = error, .ret = &dropped, .ret_size = sizeof(dropped)});
	return result;
}
