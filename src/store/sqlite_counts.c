/* Counts for /metrics. */
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

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

/* Suspected ones are not said yet. */
static void count_findings(struct session *session, struct store_counts *counts)
{
	struct cursor cursor = cursor_open(
	    session, NULL, "SELECT class, count(*) FROM finding WHERE status IN ('open', 'settling') GROUP BY class", NULL);
	enum finding_class class;

	while (cursor_next(&cursor))
		if (finding_class_parse(cursor_peek(&cursor), &class) == RESULT_OK)
			counts->findings[class] = cursor_int(&cursor);
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
	count_findings(&session, &counts);
	(void)sql_ask(&session, "SELECT count(*) FROM inbox_event WHERE status = 'received'", NULL, &counts.inbox_received);
	(void)sql_ask(&session, "SELECT count(*) FROM connector WHERE health = 'failed'", NULL, &counts.connectors_failed);
	(void)sql_ask(&session, "SELECT count(*) FROM job WHERE held = 2", NULL, &counts.removals_held);
	(void)sql_ask(&session, "SELECT coalesce(max(seq), 0) FROM audit_event", NULL, &counts.audit_seq);
	sqlite_reader_end(&session);
	if (session.fault == RESULT_OK)
		*ret_counts = counts;
	return session.fault;
}
