/* Suspects: members about whom a second look decides.
 *
 * One negative read never flips a state: replicas of the directory were seen to contradict each other. Where nothing of
 * ours about the member changed within the time that a change may take to be seen everywhere, the second look settles
 * it. Else there have to be two of them, some seconds apart, both of one opinion. */
#include "base/text.h"
#include "domain/code.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

#define LOOK_AGAIN_MS 4000

/* A suspect that was looked at waits for the next look; `wait` is LOOK_AGAIN_MS as a parameter. */
#define NEXT_LOOK(wait) "CASE WHEN looks = 0 THEN found_at ELSE looked_at + " wait " END"
#define SUSPECTED "connector_id = ?1 AND group_id = ?2 AND status = 'suspected'"

int64_t suspects_due(struct session *session, const struct watch_row *watch)
{
	int64_t due = 0;

	(void)sql_ask(session, "SELECT min(" NEXT_LOOK("?3") ") FROM finding INDEXED BY finding_suspected WHERE " SUSPECTED,
	              SQL_ARGS(sql_text(watch->connector_id), sql_text(watch->group_id), sql_int(LOOK_AGAIN_MS)), &due);
	return due;
}

static void suspect_read(struct cursor *cursor, void *item)
{
	struct watch_suspect *suspect = item;

	suspect->finding_id = cursor_text(cursor);
	if (finding_class_parse(cursor_peek(cursor), &suspect->class) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A finding of the database has an unknown class.");
	suspect->member_id = cursor_text(cursor);
}

static const struct row_type suspect_row = {sizeof(struct watch_suspect), suspect_read, NULL};

enum result sqlite_op_watch_suspects(struct store *store, int64_t watch_key, int limit, struct arena *arena,
                                     struct watch_suspect **ret_suspects, size_t *ret_count)
{
	return sqlite_read_list(
	    store, arena, &suspect_row, limit,
	    "SELECT f.finding_id, f.class, f.member_id FROM group_watch w JOIN connector c ON c.connector_key = "
	    "w.connector_key JOIN finding f INDEXED BY finding_suspected ON f.connector_id = c.connector_id AND f.group_id "
	    "= "
	    "w.group_id AND f.status = 'suspected' WHERE w.watch_key = ?1 AND " NEXT_LOOK(
	        "?4") " <= ?2 ORDER BY f.finding_key LIMIT ?3",
	    SQL_ARGS(sql_int(watch_key), sql_int(clock_now_ms(sqlite_store_of(store)->clock)), sql_int(limit),
	             sql_int(LOOK_AGAIN_MS)),
	    ret_suspects, ret_count, NULL);
}

static bool is_young(struct session *session, const struct watch_row *watch, const char *member_id)
{
	return sql_exists(
	    session,
	    "SELECT 1 FROM access_grant INDEXED BY access_grant_by_member WHERE connector_id = ?1 AND group_id "
	    "= ?2 AND lower(external_user_id) = ?3 AND updated_at > ?4",
	    SQL_ARGS(sql_text(watch->connector_id), sql_text(watch->group_id), sql_text(member_id),
	             sql_int(session->now - SETTLING_MS)));
}

static void count_found(struct session *session, const struct watch_row *watch)
{
	sql_run(session, "UPDATE group_watch SET found = found + 1 WHERE watch_key = ?1", SQL_ARGS(sql_int(watch->key)));
}

static bool settles_by_itself(struct session *session, const char *grant_id)
{
	return sql_exists(session,
	                  "SELECT 1 FROM access_grant g JOIN tool t ON t.tool_id = g.tool_id WHERE g.grant_id = ?1 AND "
	                  "t.drift = 'settle'",
	                  SQL_ARGS(sql_text(grant_id)));
}

/* The grant goes to a person, and where its tool settles by itself, on to a retry. */
static enum result missing_confirmed(struct session *session, struct sqlite_write *write, const struct watch_row *watch,
                                     const struct finding_row *row)
{
	const struct code *code = code_find(finding_class_code(FINDING_MISSING));
	struct grant_change change = {
	    .event = GRANT_EVENT_MEMBER_LOST,
	    .code = code->code,
	    .reason = code->summary,
	    .detail = audit_detail(session, NULL, "findingId", row->finding.finding_id, NULL),
	};
	enum result result = grant_move_also(session, write, &actor_worker, row->finding.grant_id, &change);

	if (result != RESULT_OK)
		return result;
	sql_run(session, "UPDATE finding SET status = 'open' WHERE finding_key = ?1", SQL_ARGS(sql_int(row->key)));
	count_found(session, watch);
	if (!settles_by_itself(session, row->finding.grant_id))
		return RESULT_OK;
	change = (struct grant_change){.event = GRANT_EVENT_RETRY, .detail = change.detail};
	result = grant_move_also(session, write, &actor_worker, row->finding.grant_id, &change);
	if (result == RESULT_OK)
		finding_resolve(session, row->key, "putBack", &actor_worker, NULL);
	return result;
}

static enum result suspect_hold(struct session *session, struct sqlite_write *write, struct watch_row *watch,
                                const struct finding_row *row)
{
	if (row->looks == 0 && is_young(session, watch, row->finding.member_id)) {
		sql_run(session, "UPDATE finding SET looks = 1, looked_at = ?2 WHERE finding_key = ?1",
		        SQL_ARGS(sql_int(row->key), sql_int(session->now)));
		return RESULT_OK;
	}
	if (row->finding.class == FINDING_MISSING)
		return missing_confirmed(session, write, watch, row);
	sql_run(session, "UPDATE finding SET status = 'open' WHERE finding_key = ?1", SQL_ARGS(sql_int(row->key)));
	count_found(session, watch);
	finding_settle_itself(session, watch, row->finding.finding_id);
	return RESULT_OK;
}

/* Whatever moved meanwhile on our side, a grant that is not active any more above all. */
static bool still_stands(struct session *session, const struct finding_row *row)
{
	if (row->finding.class == FINDING_MISSING)
		return sql_exists(session, "SELECT 1 FROM access_grant WHERE grant_key = ?1 AND status = 'active'",
		                  SQL_ARGS(sql_int(row->grant_key)));
	return !sql_exists(
	    session,
	    "SELECT 1 FROM access_grant INDEXED BY access_grant_by_member WHERE connector_id = ?1 AND group_id "
	    "= ?2 AND lower(external_user_id) = ?3 AND status IN " GRANT_OPEN,
	    SQL_ARGS(sql_text(row->finding.connector_id), sql_text(row->finding.group_id),
	             sql_text(row->finding.member_id)));
}

static enum result suspect_judge(struct session *session, struct sqlite_write *write, struct watch_row *watch,
                                 const struct watch_suspect *suspect)
{
	struct finding_row row;
	enum result result =
	    sql_read_one(session, session->scratch, &finding_row_type,
	                 "SELECT " FINDING_COLUMNS " FROM finding f WHERE f.finding_id = ?1 AND f.status = 'suspected'",
	                 SQL_ARGS(sql_text(suspect->finding_id)), &row);

	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	bool present = row.finding.class == FINDING_PRESENT;
	if (suspect->member == present && still_stands(session, &row))
		return suspect_hold(session, write, watch, &row);
	sql_run(session, "DELETE FROM finding WHERE finding_key = ?1", SQL_ARGS(sql_int(row.key)));
	return RESULT_OK;
}

static enum result watch_confirm_work(struct session *session, struct sqlite_write *write)
{
	const struct watch_work *work = write->in;
	const struct watch_suspect *suspects = work->what;
	struct watch_row watch = {0};
	enum result result = watch_load(session, write, work->job, work->watch_key, &watch);

	for (size_t at = 0; result == RESULT_OK && at < work->count; at++)
		result = suspect_judge(session, write, &watch, &suspects[at]);
	if (result == RESULT_OK && watch.removes)
		brake_review(session, watch.connector_id, watch.group_id);
	return result;
}

enum result sqlite_op_watch_confirm(struct store *store, const struct job *job, int64_t watch_key,
                                    const struct watch_suspect *suspects, size_t count, struct error *error)
{
	struct watch_work work = {.job = job, .watch_key = watch_key, .what = suspects, .count = count};

	return sqlite_write(store, &(struct sqlite_write){.work = watch_confirm_work, .in = &work, .error = error});
}
