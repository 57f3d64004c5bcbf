/* Jobs, handed out: claims, leases, fences. What their holders do: sqlite_job_lease.c.
 *
 * What holds here: every claim takes a number from one counter that only grows, the fence; it stands in the job and,
 * where the job acts on a group, in that group's lease. Whoever claimed one job may claim more under the same fence. A
 * worker whose lease ran out still knows its old fence, and every change that it tries with it is refused, whether or
 * not somebody else has taken the job since. While an incident covers a connector or a group, its jobs are held, and
 * when the probe is due exactly one of them is let through. */
#include "store/sqlite_job_queue.h"
#include "store/sqlite_ops.h"

struct lease_asked {
	const char *holder;
	int64_t lease_ms;
};

struct claimed {
	bool found;
	int64_t next_due;
	struct job job;
};

/* How far down the queue is looked before the groups are asked one by one. */
#define QUEUE_LOOK "64"

#define GROUP_FREE(of)                                                                                                 \
	"NOT EXISTS (SELECT 1 FROM group_lease l WHERE l.connector_id = " of ".connector_id AND l.group_id = " of          \
	".group_id AND l.expires_at > ?1)"
#define CLAIM_ISSUE_FREE                                                                                               \
	"(j.kind <> 'intake' OR j.subject IS NULL OR NOT EXISTS (SELECT 1 FROM job o WHERE o.kind = 'intake' AND "         \
	"o.subject = j.subject AND o.status = 'running'))"
#define CLAIM_WORK_FREE JOB_GRANT_FREE("j") " AND " CLAIM_ISSUE_FREE
/* A connector that is paused, a group that is leased, a grant or an issue that another running job is at: not now. */
#define CLAIM_FREE "(j.group_id IS NULL OR (" PAUSE_SPARES("j", "j") " AND " GROUP_FREE("j") ")) AND " CLAIM_WORK_FREE
#define PROBE_GROUP_FREE GROUP_FREE("i")
#define PROBE_SPARED PAUSE_SPARES("j", "i")

static void text_read(struct cursor *cursor, void *item)
{
	*(const char **)item = cursor_text(cursor);
}

static const struct row_type text_row = {sizeof(const char *), text_read, NULL};

/* Mostly it is not, and to ask costs less than to change nothing. */
#define PROMOTION_DUE                                                                                                  \
	"SELECT 1 FROM job INDEXED BY job_waiting WHERE status = 'waiting' AND held = 0 AND next_attempt_at <= ?1 UNION "  \
	"ALL SELECT 1 FROM job INDEXED BY job_running WHERE status = 'running' AND lease_expires_at <= ?1 LIMIT 1"

void queue_promote(struct session *session)
{
	const struct sql_value *now = SQL_ARGS(sql_int(session->now));
	const char **connectors = NULL;
	size_t count = 0;

	if (!sql_exists(session, PROMOTION_DUE, now))
		return;
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
	        "lease_expires_at = 0, sent = 1, " /* by whoever was lost, for all we know */
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
	    "SELECT j.job_key FROM incident i CROSS JOIN job j INDEXED BY job_held ON j.connector_id = i.connector_id AND "
	    "(i.group_id = '' OR i.group_id = j.group_id) JOIN connector c ON c.connector_id = j.connector_id AND "
	    "c.enabled = 1 WHERE i.next_probe_at <= ?1 AND " PROBE_GROUP_FREE " AND " PROBE_SPARED
	    " AND j.status IN ('queued', 'waiting') AND j.held = 1 AND NOT EXISTS "
	    "(SELECT 1 FROM incident other WHERE other.connector_id = j.connector_id AND other.group_id IN ('', "
	    "j.group_id) AND other.next_probe_at > ?1) AND " CLAIM_FREE
	    " ORDER BY j.priority, j.attempts, j.job_key LIMIT 1",
	    SQL_ARGS(sql_int(session->now)), &key);
	return key;
}

static void head_read(struct cursor *cursor, void *item)
{
	struct queue_stream *stream = item;

	stream->priority = cursor_int(cursor);
	stream->head = cursor_int(cursor);
}

static const struct row_type head_row = {sizeof(struct queue_stream), head_read, NULL};

/* The first that is free, wherever in the queue it stands: of those without a group, or of the groups' streams. */
static int64_t claim_anywhere(struct session *session)
{
	struct queue_stream first = {0}, *streams;
	size_t count;

	(void)!sql_read_one(session, session->scratch, &head_row,
	                    "SELECT j.priority, j.job_key FROM job j INDEXED BY job_queue_without_group WHERE j.status = "
	                    "'queued' AND j.group_id IS NULL AND " CLAIM_WORK_FREE
	                    " ORDER BY j.priority, j.job_key LIMIT 1",
	                    NULL, &first);
	queue_streams(session, NULL, 0, &streams, &count);
	for (size_t at = 0; at < count; at++) {
		if (first.head == 0 || queue_precedes(&streams[at], &first))
			first = streams[at];
	}
	return first.head;
}

static int64_t claim_queued(struct session *session)
{
	int64_t key = 0;

	/* Mostly one of the first is free; where they stand behind leased groups, so may thousands behind them. */
	if (sql_ask(
	        session,
	        "SELECT j.job_key FROM (SELECT * FROM job INDEXED BY job_queue WHERE status = 'queued' ORDER BY priority, "
	        "job_key LIMIT " QUEUE_LOOK ") j WHERE " CLAIM_FREE " ORDER BY j.priority, j.job_key LIMIT 1",
	        SQL_ARGS(sql_int(session->now)), &key))
		return key;
	return claim_anywhere(session);
}

/* A probe waits for the end of a pause `p` too, unless there is one that it spares. */
#define PROBE_DUE                                                                                                      \
	"CASE WHEN EXISTS (SELECT 1 FROM job j INDEXED BY job_held WHERE j.connector_id = i.connector_id AND j.held = 1 "  \
	"AND " PROBE_SPARED ") THEN i.next_probe_at ELSE max(i.next_probe_at, coalesce(p.until, 0)) END"

/* When something may be due; 0: nothing is known. */
static int64_t claim_next_due(struct session *session)
{
	int64_t due = 0;

	(void)sql_ask(
	    session,
	    "SELECT min(at) FROM (SELECT min(next_attempt_at) AS at FROM job INDEXED BY job_waiting WHERE status "
	    "= 'waiting' AND held = 0 "
	    "UNION ALL SELECT min(lease_expires_at) FROM job INDEXED BY job_running WHERE status = 'running' "
	    "UNION ALL SELECT min(p.until) FROM connector_pause p WHERE p.until > ?1 AND EXISTS (SELECT 1 FROM job "
	    "j INDEXED BY job_queue_of_group WHERE j.status = 'queued' AND j.group_id IS NOT NULL AND "
	    "j.connector_id = p.connector_id AND j.priority >= p.priority) "
	    "UNION ALL SELECT min(" PROBE_DUE ") FROM incident i LEFT JOIN connector_pause p ON p.connector_id = "
	    "i.connector_id AND p.until > ?1 WHERE EXISTS (SELECT 1 FROM job j INDEXED BY job_held WHERE "
	    "j.connector_id = i.connector_id AND j.held = 1))",
	    SQL_ARGS(sql_int(session->now)), &due);
	return due;
}

bool job_take(struct session *session, int64_t job_key, int64_t fence, const char *holder, int64_t until)
{
	sql_run(session,
	        "UPDATE job SET status = 'running', held = 0, attempts = attempts + 1, next_attempt_at = 0, fence = ?2, "
	        "lease_holder = ?3, lease_expires_at = ?4, updated_at = ?5 WHERE job_key = ?1 AND " JOB_GRANT_FREE("job"),
	        SQL_ARGS(sql_int(job_key), sql_int(fence), sql_text(holder), sql_int(until), sql_int(session->now)));
	return sql_changes(session) > 0;
}

void job_take_group(struct session *session, int64_t job_key)
{
	sql_run(
	    session,
	    "INSERT INTO group_lease (connector_id, group_id, job_key, fence, expires_at) SELECT connector_id, group_id, "
	    "job_key, fence, lease_expires_at FROM job WHERE job_key = ?1 AND connector_id IS NOT NULL AND group_id IS "
	    "NOT NULL ON CONFLICT (connector_id, group_id) DO UPDATE SET job_key = excluded.job_key, fence = "
	    "excluded.fence, expires_at = excluded.expires_at",
	    SQL_ARGS(sql_int(job_key)));
}

static void claim_take(struct session *session, int64_t job_key, const struct lease_asked *asked)
{
	int64_t fence = 0, until = session->now + asked->lease_ms;

	sql_run(session, "UPDATE fence_counter SET value = value + 1", NULL);
	(void)sql_ask(session, "SELECT value FROM fence_counter", NULL, &fence);
	if (job_take(session, job_key, fence, asked->holder, until))
		job_take_group(session, job_key);
	if (!sql_exists(session, "SELECT 1 FROM incident", NULL))
		return;
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

	queue_promote(session);
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

/* What a dead process sent may still be on its way: long enough for that to arrive before somebody else acts. What it
 * sent for several jobs of a group may be a chain of up to twenty requests, which are carried out one after another:
 * twenty adds are one of them, and each removal is. */
#define CLAIM_ORPHAN_MS "3000"
#define CLAIM_ORPHAN_LINK_MS "500"
#define CLAIM_ORPHAN_LINKS "19"
#define CLAIM_ORPHAN_UNTIL(of)                                                                                         \
	"(?1 + " CLAIM_ORPHAN_MS " + " CLAIM_ORPHAN_LINK_MS " * min(" CLAIM_ORPHAN_LINKS                                   \
	", max(0, (SELECT (CAST(total(o.kind = 'provision') AS INTEGER) + 19) / 20 + CAST(total(o.kind = 'deprovision') "  \
	"AS INTEGER) - 1 FROM job o WHERE "                                                                                \
	"o.status = 'running' AND o.fence = " of ".fence AND o.connector_id = " of ".connector_id AND o.group_id = " of    \
	".group_id))))"

static enum result orphans_work(struct session *session, struct sqlite_write *write)
{
	const struct sql_value *now = SQL_ARGS(sql_int(session->now));

	(void)write;
	sql_run(
	    session,
	    "UPDATE group_lease SET expires_at = min(expires_at, " CLAIM_ORPHAN_UNTIL("group_lease") ") WHERE expires_at "
	                                                                                             "> ?1",
	    now);
	sql_run(session,
	        "UPDATE job INDEXED BY job_running SET lease_expires_at = min(lease_expires_at, " CLAIM_ORPHAN_UNTIL(
	            "job") ") WHERE status = 'running' AND lease_expires_at > ?1",
	        now);
	return RESULT_OK;
}

enum result sqlite_claims_orphan(struct sqlite_store *store, struct error *error)
{
	return sqlite_write(&store->store, &(struct sqlite_write){.work = orphans_work, .error = error});
}
