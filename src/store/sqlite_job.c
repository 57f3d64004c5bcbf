/* Jobs: how they start, end, wait and are held. How they are handed out: sqlite_job_claim.c; what their holders do:
 * sqlite_job_lease.c.
 *
 * What holds here: `queued` means due now; `waiting` means due at next_attempt_at, unless `held`: then it waits for its
 * connector to be enabled or for an incident to pass, and only job_place() or a probe moves it. `held` 2 is the brake's
 * (sqlite_brake.c): it goes before all others, and no probe takes such a job. At most one provision
 * or deprovision job of a grant is unfinished, apart from one that was running when the next began. */
#include <stdio.h>

#include "base/text.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_filter.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

static void job_read(struct cursor *cursor, void *item)
{
	struct job *job = item;

	job->job_id = cursor_text(cursor);
	if (job_kind_parse(cursor_peek(cursor), &job->kind) != RESULT_OK ||
	    job_status_parse(cursor_peek(cursor), &job->status) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A job of the database has an unknown kind or status.");
	job->bulk = cursor_int(cursor) == JOB_PRIORITY_BULK;
	job->grant_id = cursor_text(cursor);
	job->request_id = cursor_text(cursor);
	job->connector_id = cursor_text(cursor);
	job->group_id = cursor_text(cursor);
	job->subject = cursor_text(cursor);
	job->inbox_event_id = cursor_text(cursor);
	job->attempts = (int)cursor_int(cursor);
	job->next_attempt_at = cursor_int(cursor);
	job->fence = cursor_int(cursor);
	job->progress = cursor_text(cursor);
	job->error_code = cursor_text(cursor);
	job->error_detail = cursor_text(cursor);
	job->error_request_id = cursor_text(cursor);
	job->error_client_request_id = cursor_text(cursor);
	job->created_at = cursor_int(cursor);
	job->updated_at = cursor_int(cursor);
}

static const char *job_list_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct job *)item)->job_id;
}

const struct row_type job_row = {sizeof(struct job), job_read, job_list_key};

/* ---- holding ---- */

#define PENDING "job.connector_id = ?1 AND job.status IN ('queued', 'waiting')"
#define PLACEABLE PENDING " AND job.held <> 2 AND job.kind IN " JOB_HELD_KINDS
/* Unasked, not sent, and of a group with a hold, unless nobody would be removed. */
#define BRAKED_DETAIL                                                                                                  \
	"CASE h.reason WHEN 'clockJump' THEN 'The clock of the machine jumped, so that nothing is removed by it: set it "  \
	"right, then release or cancel.' ELSE 'Unusually many removals that nobody asked for one by one are due: an "      \
	"administrator releases or cancels them.' END"
#define PLACE_BRAKED                                                                                                   \
	"UPDATE job SET status = 'waiting', held = 2, next_attempt_at = 0, error_code = 'removals_held', error_detail "    \
	"= " BRAKED_DETAIL                                                                                                 \
	", updated_at = ?2 FROM removal_hold h WHERE h.connector_id = ?1 AND h.group_id = job.group_id AND "               \
	"job.unasked = 1 AND job.sent = 0 AND job.held <> 2 AND NOT EXISTS (SELECT 1 FROM access_grant g WHERE "           \
	"g.grant_key = job.grant_key AND " BRAKE_KEPT("g", "?2") ") AND " PENDING
#define PLACE_DISABLED                                                                                                 \
	"UPDATE job SET status = 'waiting', held = 1, next_attempt_at = 0, error_code = 'connector_disabled', "            \
	"error_detail = 'The connector is disabled.', updated_at = ?2 WHERE (held = 0 OR error_code IS NOT "               \
	"'connector_disabled') AND " PLACEABLE
#define PLACE_RELEASED                                                                                                 \
	"UPDATE job SET status = 'queued', held = 0, next_attempt_at = ?2, error_code = NULL, error_detail = NULL, "       \
	"updated_at = ?2 WHERE held = 1 AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.connector_id = "                  \
	"job.connector_id AND i.group_id IN ('', job.group_id)) AND " PLACEABLE
/* A job that met the failure itself keeps its name; one that never got that far only knows that its connector fails. */
#define ONLY_WAITS "i.group_id = '' AND job.attempts = 0"
#define HELD_CODE "CASE WHEN " ONLY_WAITS " THEN 'connector_failing' ELSE i.code END"
#define HELD_DETAIL "CASE WHEN " ONLY_WAITS " THEN i.code || ': ' || i.detail ELSE i.detail END"
#define PLACE_HELD                                                                                                     \
	"UPDATE job SET status = 'waiting', held = 1, next_attempt_at = i.next_probe_at, error_code = " HELD_CODE          \
	", error_detail = " HELD_DETAIL ", updated_at = ?2 FROM incident i WHERE i.connector_id = ?1 AND i.group_id IN "   \
	"('', job.group_id) AND (job.held = 0 OR job.next_attempt_at <> i.next_probe_at OR job.error_code IS "             \
	"NOT " HELD_CODE ") AND " PLACEABLE
#define PLACE_ONE " AND job.job_key = ?3"

static bool job_nothing_holds(struct session *session, const char *connector_id)
{
	return !sql_exists(
	    session,
	    "SELECT 1 FROM connector WHERE connector_id = ?1 AND enabled = 0 UNION ALL SELECT 1 FROM incident "
	    "WHERE connector_id = ?1 UNION ALL SELECT 1 FROM job WHERE connector_id = ?1 AND held = 1 UNION ALL SELECT 1 "
	    "FROM removal_hold WHERE connector_id = ?1 LIMIT 1",
	    SQL_ARGS(sql_text(connector_id)));
}

/* One job, or (0) all of the connector. */
static void place(struct session *session, const char *connector_id, int64_t job_key)
{
	bool one = job_key != 0;
	/* ?3 stands in PLACE_ONE only */
	const struct sql_value values[] = {sql_text(connector_id),
	                                   sql_int(session->now),
	                                   one ? sql_int(job_key) : (struct sql_value){.kind = SQL_END},
	                                   {.kind = SQL_END}};
	int64_t enabled = 1;

	if (job_nothing_holds(session, connector_id))
		return;
	sql_run(session, one ? PLACE_BRAKED PLACE_ONE : PLACE_BRAKED, values);
	(void)sql_ask(session, "SELECT enabled FROM connector WHERE connector_id = ?1", SQL_ARGS(sql_text(connector_id)),
	              &enabled);
	if (!enabled) {
		sql_run(session, one ? PLACE_DISABLED PLACE_ONE : PLACE_DISABLED, values);
		return;
	}
	sql_run(session, one ? PLACE_RELEASED PLACE_ONE : PLACE_RELEASED, values);
	sql_run(session, one ? PLACE_HELD PLACE_ONE : PLACE_HELD, values);
}

void job_place(struct session *session, const char *connector_id)
{
	place(session, connector_id, 0);
}

/* ---- starting ---- */

/* So many provision and deprovision jobs of a connector within that time are a burst: what comes on top is bulk. */
#define BURST_JOBS 20
#define BURST_MS 10000

static bool is_burst(struct session *session, const char *connector_id)
{
	int64_t since = session->now - BURST_MS + 1, started = 0;
	char least[ID_SIZE];

	/* The id bounds the look; after a clock that went back ids run ahead of it, so created_at has the word. */
	id_least(since, least);
	(void)sql_ask(session,
	              "SELECT count(*) FROM (SELECT created_at FROM job INDEXED BY job_by_connector WHERE connector_id = "
	              "?1 AND job_id >= ?2 AND kind IN ('provision', 'deprovision') ORDER BY job_id DESC LIMIT ?4) WHERE "
	              "created_at >= ?3",
	              SQL_ARGS(sql_text(connector_id), sql_text(least), sql_int(since), sql_int(BURST_JOBS)), &started);
	return started == BURST_JOBS;
}

/* Smaller is more urgent: what a person or Jira asked for, then what tells Jira, then what looks by itself. */
static int job_priority(struct session *session, const struct job_start *start)
{
	static const int priorities[JOB_KIND_MAX] = {
	    [JOB_INTAKE] = JOB_PRIORITY_SINGLE,
	    [JOB_PROVISION] = JOB_PRIORITY_SINGLE,
	    [JOB_DEPROVISION] = JOB_PRIORITY_SINGLE,
	    [JOB_CREATE_GROUP] = JOB_PRIORITY_FREE,
	    [JOB_WRITE_BACK] = 20,
	    [JOB_SWEEP] = 30,
	    [JOB_CHECK] = 30,
	    [JOB_MEMBER_CHECK] = 30,
	};
	bool in_burst =
	    (start->kind == JOB_PROVISION || start->kind == JOB_DEPROVISION) && is_burst(session, start->connector_id);

	return in_burst ? JOB_PRIORITY_BULK : priorities[start->kind];
}

void job_start(struct session *session, const struct job_start *start)
{
	char fresh[ID_SIZE];

	id_new(session->now, fresh);
	sql_run(session,
	        "INSERT INTO job (job_id, kind, status, priority, grant_key, request_key, connector_id, group_id, subject, "
	        "inbox_event_id, dedup, next_attempt_at, created_at, updated_at, progress, unasked) VALUES (?1, ?2, "
	        "'queued', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?11, ?12, ?13) ON CONFLICT (dedup) WHERE dedup IS "
	        "NOT NULL DO NOTHING",
	        SQL_ARGS(sql_text(start->job_id != NULL ? start->job_id : fresh), sql_text(job_kind_name(start->kind)),
	                 sql_int(job_priority(session, start)), sql_key(start->grant_key), sql_key(start->request_key),
	                 sql_text(start->connector_id), sql_text(start->group_id), sql_text(start->subject),
	                 sql_text(start->inbox_event_id), sql_text(start->dedup), sql_int(session->now),
	                 sql_text(start->progress), sql_int(start->unasked)));
	if (start->connector_id != NULL && sql_changes(session) > 0)
		place(session, start->connector_id, sqlite3_last_insert_rowid(session->connection->db));
}

static bool write_back_wanted(struct session *session, int64_t request_key, const char *subject)
{
	/* without settings a comment is wanted */
	return sql_exists(
	    session,
	    "SELECT 1 FROM access_request r LEFT JOIN intake_settings s WHERE r.request_key = ?1 AND r.issue_id "
	    "IS NOT NULL AND (coalesce(s.write_back_comment, 1) <> 0 OR (s.transition_on_active IS NOT NULL "
	    "AND (?2 = 'active' OR ?2 = 'extended')))",
	    SQL_ARGS(sql_int(request_key), sql_text(subject)));
}

void write_back_start(struct session *session, int64_t request_key, int64_t grant_key, const char *subject,
                      int64_t round)
{
	char dedup[96];

	if (!write_back_wanted(session, request_key, subject))
		return;
	snprintf(dedup, sizeof(dedup), "writeBack:%lld:%s:%lld", (long long)request_key, subject, (long long)round);
	job_start(session, &(struct job_start){.kind = JOB_WRITE_BACK,
	                                       .grant_key = grant_key,
	                                       .request_key = request_key,
	                                       .subject = subject,
	                                       .dedup = dedup});
}

/* ---- leases and ends ---- */

/* A success shows that the group, and the connector, answer again. */
static void incident_pass(struct session *session, const char *connector_id, const char *group_id)
{
	bool whole;

	if (!sql_exists(session, "SELECT 1 FROM incident WHERE connector_id = ?1", SQL_ARGS(sql_text(connector_id))))
		return;
	whole = sql_exists(session, "SELECT 1 FROM incident WHERE connector_id = ?1 AND group_id = ''",
	                   SQL_ARGS(sql_text(connector_id)));
	sql_run(session, "DELETE FROM incident WHERE connector_id = ?1 AND (+group_id = '' OR +group_id = ?2)",
	        SQL_ARGS(sql_text(connector_id), sql_text(group_id)));
	if (sql_changes(session) > 0)
		job_place(session, connector_id);
	if (whole)
		check_start(session, connector_id);
}

bool job_fence_holds(struct session *session, const char *job_id, int64_t fence, int64_t *ret_key)
{
	int64_t key = 0;
	bool holds = sql_ask(session,
	                     "SELECT job_key FROM job WHERE job_id = ?1 AND fence = ?2 AND status = 'running' AND "
	                     "lease_expires_at > ?3",
	                     SQL_ARGS(sql_text(job_id), sql_int(fence), sql_int(session->now)), &key);

	if (holds && ret_key != NULL)
		*ret_key = key;
	return holds;
}

enum result refuse_lease_lost(struct sqlite_write *write)
{
	return write_refuse(write, RESULT_CONFLICT, "lease_lost", "The lease of this job is held by nobody or by another.");
}

struct job_place_of {
	const char *kind, *connector_id, *group_id;
	int64_t fence;
};

static void place_read(struct cursor *cursor, void *item)
{
	struct job_place_of *place = item;

	place->kind = cursor_text(cursor);
	place->connector_id = cursor_text(cursor);
	place->group_id = cursor_text(cursor);
	place->fence = cursor_int(cursor);
}

static const struct row_type place_row = {sizeof(struct job_place_of), place_read, NULL};

/* The last of its fence in a group gives the group back. */
static void group_lease_end(struct session *session, const struct job_place_of *place)
{
	sql_run(session,
	        "DELETE FROM group_lease WHERE connector_id = ?1 AND group_id = ?2 AND fence = ?3 AND NOT EXISTS (SELECT 1 "
	        "FROM job INDEXED BY job_running_fence WHERE status = 'running' AND fence = ?3 AND connector_id = ?1 AND "
	        "group_id = ?2)",
	        SQL_ARGS(sql_text(place->connector_id), sql_text(place->group_id), sql_int(place->fence)));
}

void job_end(struct session *session, int64_t job_key, const struct job_outcome *outcome)
{
	struct job_place_of at = {0};

	sql_run(session,
	        "UPDATE job SET status = ?2, held = 0, next_attempt_at = ?3, lease_holder = NULL, lease_expires_at = 0, "
	        "progress = coalesce(?4, progress), error_code = ?5, error_detail = ?6, error_request_id = ?7, "
	        "error_client_request_id = ?8, updated_at = ?9, sent = max(sent, ?10), attempts = attempts - (?11 AND "
	        "attempts > 0) WHERE job_key = ?1",
	        SQL_ARGS(sql_int(job_key), sql_text(job_status_name(outcome->status)),
	                 sql_int(outcome->status == JOB_WAITING ? outcome->next_attempt_at : 0),
	                 sql_text(outcome->progress), sql_text(outcome->error_code), sql_text(outcome->error_detail),
	                 sql_text(outcome->error_request_id), sql_text(outcome->error_client_request_id),
	                 sql_int(session->now), sql_int(outcome->sent), sql_int(outcome->untried)));
	if (sql_read_one(
	        session, session->scratch, &place_row,
	        "SELECT kind, connector_id, group_id, fence FROM job WHERE job_key = ?1 AND connector_id IS NOT NULL",
	        SQL_ARGS(sql_int(job_key)), &at) != RESULT_OK ||
	    text_equal(at.kind, job_kind_name(JOB_CHECK)) || text_equal(at.kind, job_kind_name(JOB_MEMBER_CHECK)))
		return; /* a check is no use of the connector, and its report says itself what it shows */
	bool is_creation = text_equal(at.kind, job_kind_name(JOB_CREATE_GROUP));
	if (at.group_id != NULL)
		group_lease_end(session, &at);
	connector_touch(session, at.connector_id);
	if (outcome->status == JOB_WAITING)
		place(session, at.connector_id, job_key);
	if (outcome->status == JOB_SUCCEEDED && (at.group_id != NULL || is_creation))
		incident_pass(session, at.connector_id, at.group_id);
}

void job_cancel_of_grant(struct session *session, int64_t grant_key)
{
	/* Mostly nothing is, and an UPDATE that finds nothing has opened every index before. */
	if (!sql_exists(session, "SELECT 1 FROM job WHERE grant_key = ?1 AND status IN ('queued', 'waiting')",
	                SQL_ARGS(sql_int(grant_key))))
		return;
	sql_run(
	    session,
	    "UPDATE job SET status = 'cancelled', held = 0, next_attempt_at = 0, updated_at = ?2 WHERE grant_key = ?1 AND "
	    "kind IN ('provision', 'deprovision') AND status IN ('queued', 'waiting')",
	    SQL_ARGS(sql_int(grant_key), sql_int(session->now)));
}

/* ---- reading ---- */

#define JOB_SELECT "SELECT " JOB_COLUMNS " FROM job j"

enum result sqlite_op_job_read(struct store *store, const char *job_id, struct arena *arena, struct job *ret_job)
{
	return sqlite_read_one(store, arena, &job_row, JOB_SELECT " WHERE j.job_id = ?1", SQL_ARGS(sql_text(job_id)),
	                       ret_job);
}

enum result sqlite_op_job_list(struct store *store, const struct job_filter *filter, const struct page *page,
                               struct arena *arena, struct job **ret_jobs, size_t *ret_count, const char **ret_next)
{
	const struct filter_term terms[] = {
	    {"j.connector_id = ", "+j.connector_id = ", filter->connector_id, false},
	    {"j.kind = ", "+j.kind = ", filter->kind, false},
	    {"j.status = ", "+j.status = ", filter->status, true},
	};
	struct filter_query query;

	filter_build(&query, JOB_SELECT, "j.job_id", terms, ARRAY_SIZE(terms), page);
	return sqlite_read_list(store, arena, &job_row, page_limit(page), query.sql, query.values, ret_jobs, ret_count,
	                        ret_next);
}

enum result sqlite_op_job_find_of_grant(struct store *store, const char *grant_id, struct arena *arena,
                                        struct job *ret_job)
{
	return sqlite_read_one(
	    store, arena, &job_row,
	    JOB_SELECT " WHERE j.grant_key = (SELECT grant_key FROM access_grant WHERE grant_id = ?1) AND j.kind IN "
	               "('provision', 'deprovision') AND j.status IN ('queued', 'running', 'waiting') ORDER BY "
	               "j.job_key DESC LIMIT 1",
	    SQL_ARGS(sql_text(grant_id)), ret_job);
}
