/* What is, against what was approved.
 *
 * One member at a time, and always both ways: who is in the group needs an open grant there, and whose grant is active
 * has to be in the group. So it does not matter whether the directory's side changed or ours, how often a thing is
 * said, or that a comparison is done twice. What is looked at is what changed: the directory's changes, and the grants
 * that changed since the last walk began (and for as long before as a change may take to be seen everywhere); after a
 * walk from the beginning, everybody.
 *
 * A member who is missing is first a suspect, and becomes a finding by a second, plain read; so is one who is present
 * while a change of ours is young. Grants on their way (pending, or with a person) are nobody's finding. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

#define STEP_ROWS 1000

#define OF_MEMBER "connector_id = ?1 AND group_id = ?2 AND lower(external_user_id) = ?3"
#define MEMBER_GRANT(where) "SELECT 1 FROM access_grant INDEXED BY access_grant_by_member WHERE " OF_MEMBER where
#define LIVE "connector_id = ?1 AND group_id = ?2 AND member_id = ?3 AND status <> 'resolved'"

/* ---- one member ---- */

struct membership_now {
	struct watch_row *watch;
	const char *member_id;
	const char *kind; /* NULL: is not in the group */
	bool approved;    /* an open grant is about them there */
	bool recent;      /* something of ours about them changed lately */
};

static struct membership_now membership_ask(struct session *session, struct watch_row *watch, const char *member_id)
{
	const struct sql_value *of = SQL_ARGS(sql_text(watch->connector_id), sql_text(watch->group_id), sql_text(member_id),
	                                      sql_int(session->now - SETTLING_MS));
	const struct sql_value *of_member =
	    SQL_ARGS(sql_text(watch->connector_id), sql_text(watch->group_id), sql_text(member_id));

	return (struct membership_now){
	    .watch = watch,
	    .member_id = member_id,
	    .kind =
	        sql_ask_text(session, session->scratch,
	                     "SELECT kind FROM group_member WHERE watch_key = ?1 AND generation = ?2 AND member_id = ?3",
	                     SQL_ARGS(sql_int(watch->key), sql_int(watch->generation), sql_text(member_id))),
	    .approved = sql_exists(session, MEMBER_GRANT(" AND status IN " GRANT_OPEN), of_member),
	    .recent = sql_exists(session,
	                         MEMBER_GRANT(" AND updated_at > ?4") " UNION ALL SELECT 1 FROM finding INDEXED BY "
	                                                              "finding_by_member WHERE connector_id = "
	                                                              "?1 AND group_id = ?2 AND member_id = ?3 AND "
	                                                              "resolution = 'takenOut' AND resolved_at > ?4",
	                         of),
	};
}

struct live_finding {
	int64_t key;
	enum finding_class class;
	enum finding_status status;
	const char *finding_id, *grant_id, *grant_status;
	bool held; /* its removal is, by the brake */
};

static void live_read(struct cursor *cursor, void *item)
{
	struct live_finding *live = item;

	live->key = cursor_int(cursor);
	if (finding_class_parse(cursor_peek(cursor), &live->class) != RESULT_OK ||
	    finding_status_parse(cursor_peek(cursor), &live->status) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A finding of the database has an unknown class or status.");
	live->grant_id = cursor_text(cursor);
	live->grant_status = cursor_text(cursor);
	live->finding_id = cursor_text(cursor);
	live->held = cursor_bool(cursor);
}

static const struct row_type live_row = {sizeof(struct live_finding), live_read, NULL};

/* How a finding that holds no longer came to that; NULL: it holds. What is being settled is left to its job,
 * unless that is held. */
static const char *over_because(const struct membership_now *now, const struct live_finding *live)
{
	if (live->status == FINDING_SETTLING && !live->held)
		return NULL;
	if (live->class == FINDING_PRESENT)
		return now->kind == NULL ? "left" : now->approved ? "approved" : NULL;
	if (now->kind != NULL)
		return "returned";
	if (text_equal(live->grant_status, "active"))
		return live->status == FINDING_SUSPECTED ? NULL : "returned";
	if (live->status == FINDING_SUSPECTED)
		return "ended";
	return text_equal(live->grant_status, "manualFollowUp")     ? NULL
	       : text_equal(live->grant_status, "pendingProvision") ? "putBack"
	                                                            : "ended";
}

static void count_closed(struct session *session, const struct watch_row *watch)
{
	sql_run(session, "UPDATE group_watch SET closed = closed + 1 WHERE watch_key = ?1", SQL_ARGS(sql_int(watch->key)));
}

/* The member is back without us: the grant goes the way of a retry, which finds that and is active again. */
static void grant_return(struct session *session, const struct live_finding *live)
{
	const struct grant_change change = {.event = GRANT_EVENT_RETRY};
	struct sqlite_write none = {0};

	if (text_equal(live->grant_status, "manualFollowUp") &&
	    sql_exists(session,
	               "SELECT 1 FROM access_grant WHERE grant_id = ?1 AND follow_up_code = 'membership_removed_outside'",
	               SQL_ARGS(sql_text(live->grant_id))))
		(void)!grant_move_also(session, &none, &actor_worker, live->grant_id, &change);
}

static void removal_drop(struct session *session, const struct live_finding *live)
{
	struct finding_row row;

	if (finding_get(session, session->scratch, live->finding_id, &row) == RESULT_OK)
		finding_drop_removal(session, &row);
}

static void live_close(struct session *session, const struct membership_now *now, const struct live_finding *live)
{
	const char *because = over_because(now, live);

	if (because == NULL)
		return;
	if (live->status == FINDING_SUSPECTED) { /* it was never said */
		sql_run(session, "DELETE FROM finding WHERE finding_key = ?1", SQL_ARGS(sql_int(live->key)));
		return;
	}
	if (live->held)
		removal_drop(session, live);
	finding_resolve(session, live->key, because, NULL, NULL);
	count_closed(session, now->watch);
	if (text_equal(because, "returned"))
		grant_return(session, live);
}

/* ---- new findings ---- */

/* The one tool that the group controls; NULL: there are several. */
#define TOOL_OF_GROUP                                                                                                  \
	"(SELECT CASE WHEN count(*) = 1 THEN min(t.tool_id) END FROM tool t JOIN connector c ON c.connector_key = "        \
	"t.connector_key WHERE c.connector_id = ?3 AND t.group_id = ?4)"
/* Nobody of whom we know put them there: they were in the group before us. */
#define PREEXISTING                                                                                                    \
	"EXISTS (SELECT 1 FROM membership m JOIN connector c ON c.connector_key = m.connector_key WHERE c.connector_id = " \
	"?3 AND m.group_id = ?4 AND m.external_user_id = ?5 AND m.origin = 'preexisting') OR (?7 AND NOT EXISTS (SELECT "  \
	"1 FROM access_grant INDEXED BY access_grant_by_member WHERE connector_id = ?3 AND group_id = ?4 AND "             \
	"lower(external_user_id) = ?5))"

static void present_open(struct session *session, const struct membership_now *now)
{
	const struct watch_row *watch = now->watch;
	bool suspected = now->recent && member_kind_is_user(member_kind_parse(now->kind));
	char id[ID_SIZE];

	id_new(session->now, id);
	sql_run(session,
	        "INSERT INTO finding (finding_id, class, status, connector_id, group_id, tool_id, member_id, member_kind, "
	        "preexisting, code, found_at) VALUES (?1, 'presentWithoutApproval', ?2, ?3, ?4, " TOOL_OF_GROUP
	        ", ?5, ?6, " PREEXISTING ", ?8, ?9)",
	        SQL_ARGS(sql_text(id), sql_text(finding_status_name(suspected ? FINDING_SUSPECTED : FINDING_OPEN)),
	                 sql_text(watch->connector_id), sql_text(watch->group_id), sql_text(now->member_id),
	                 sql_text(now->kind), sql_int(watch->full_at == 0), sql_text(finding_class_code(FINDING_PRESENT)),
	                 sql_int(session->now)));
	if (suspected)
		return;
	sql_run(session, "UPDATE group_watch SET found = found + 1 WHERE watch_key = ?1", SQL_ARGS(sql_int(watch->key)));
	finding_settle_itself(session, now->watch, id);
}

static void missing_suspect(struct session *session, const struct membership_now *now)
{
	char id[ID_SIZE];

	/* One id for each row: a member seldom has two grants of the group. */
	id_new(session->now, id);
	while (sql_exists(
	    session,
	    MEMBER_GRANT(" AND status = 'active' AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.connector_id "
	                 "= ?1 AND f.group_id = ?2 AND f.member_id = ?3 AND f.status <> 'resolved' AND "
	                 "coalesce(f.grant_key, 0) = access_grant.grant_key)"),
	    SQL_ARGS(sql_text(now->watch->connector_id), sql_text(now->watch->group_id), sql_text(now->member_id)))) {
		sql_run(
		    session,
		    "INSERT INTO finding (finding_id, class, status, connector_id, group_id, tool_id, member_id, "
		    "member_kind, grant_key, preexisting, code, found_at) SELECT ?4, 'approvedButMissing', 'suspected', "
		    "connector_id, group_id, tool_id, ?3, 'user', grant_key, membership_preexisting, ?5, ?6 FROM "
		    "access_grant INDEXED BY access_grant_by_member WHERE " OF_MEMBER
		    " AND status = 'active' AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.connector_id = ?1 AND f.group_id "
		    "= ?2 AND f.member_id = ?3 AND f.status <> 'resolved' AND coalesce(f.grant_key, 0) = "
		    "access_grant.grant_key) LIMIT 1",
		    SQL_ARGS(sql_text(now->watch->connector_id), sql_text(now->watch->group_id), sql_text(now->member_id),
		             sql_text(id), sql_text(finding_class_code(FINDING_MISSING)), sql_int(session->now)));
		id_new(session->now, id);
	}
}

void member_compare(struct session *session, struct watch_row *watch, const char *member_id)
{
	struct membership_now now = membership_ask(session, watch, member_id);
	struct live_finding *live = NULL;
	bool present_known = false;
	size_t count = 0;

	if (sql_read_list(
	        session, session->scratch, &live_row, SQLITE_WHOLE_LIST,
	        "SELECT finding_key, class, status, (SELECT grant_id FROM access_grant g WHERE g.grant_key = "
	        "finding.grant_key), (SELECT status FROM access_grant g WHERE g.grant_key = finding.grant_key), "
	        "finding_id, "
	        "EXISTS (SELECT 1 FROM job j WHERE j.job_id = finding.job_id AND j.held = 2) FROM finding WHERE " LIVE,
	        SQL_ARGS(sql_text(watch->connector_id), sql_text(watch->group_id), sql_text(member_id)), &live, &count,
	        NULL) != RESULT_OK)
		return;
	for (size_t at = 0; at < count; at++) {
		present_known = present_known || live[at].class == FINDING_PRESENT;
		live_close(session, &now, &live[at]);
	}
	if (now.kind != NULL && !now.approved && !present_known)
		present_open(session, &now);
	if (now.kind == NULL)
		missing_suspect(session, &now);
}

/* ---- steps: each takes the next rows after `position`, and says whether there were any ---- */

struct row_at {
	const char *member_id;
	const char *position; /* after it */
	const char *kind;
	bool removed;
};

static void row_at_read(struct cursor *cursor, void *item)
{
	struct row_at *row = item;

	row->member_id = cursor_text(cursor);
	row->position = cursor_text(cursor);
	row->kind = cursor_text(cursor);
	row->removed = cursor_bool(cursor);
}

static const struct row_type row_at_type = {sizeof(struct row_at), row_at_read, NULL};

static void change_apply(struct session *session, const struct watch_row *watch, const struct row_at *row)
{
	const struct sql_value key = sql_int(watch->key), id = sql_text(row->member_id);

	if (row->removed)
		sql_run(session, "DELETE FROM group_member WHERE watch_key = ?1 AND generation = ?2 AND member_id = ?3",
		        SQL_ARGS(key, sql_int(watch->generation), id));
	else
		sql_run(session,
		        "INSERT OR REPLACE INTO group_member (watch_key, generation, member_id, kind) VALUES (?1, ?2, ?3, ?4)",
		        SQL_ARGS(key, sql_int(watch->generation), id, sql_text(row->kind)));
	sql_run(session, "DELETE FROM member_change WHERE watch_key = ?1 AND member_id = ?2", SQL_ARGS(key, id));
}

#define NEXT_CHANGES                                                                                                   \
	"SELECT member_id, '', kind, removed FROM member_change WHERE watch_key = ?1 AND ?2 IS NOT NULL AND ?3 IS NOT "    \
	"NULL ORDER BY member_id LIMIT ?4"
#define NEXT_MEMBERS                                                                                                   \
	"SELECT member_id, member_id, kind, 0 FROM group_member WHERE watch_key = ?1 AND generation = ?2 AND member_id > " \
	"?3 ORDER BY member_id LIMIT ?4"
/* Findings of members who are in the group were looked at with those. */
#define NEXT_FINDINGS                                                                                                  \
	"SELECT f.member_id, f.member_id, f.member_kind, 0 FROM group_watch w JOIN connector c ON c.connector_key = "      \
	"w.connector_key JOIN finding f INDEXED BY finding_live ON f.connector_id = c.connector_id AND f.group_id = "      \
	"w.group_id AND f.status <> 'resolved' WHERE w.watch_key = ?1 AND f.member_id > ?3 AND NOT EXISTS (SELECT 1 FROM " \
	"group_member m WHERE m.watch_key = ?1 AND m.generation = ?2 AND m.member_id = f.member_id) ORDER BY f.member_id " \
	"LIMIT ?4"
/* Position: "updated_at:grant_key", both with leading zeros. */
#define NEXT_GRANTS                                                                                                    \
	"SELECT lower(g.external_user_id), printf('%020d:%020d', g.updated_at, g.grant_key), NULL, 0 FROM group_watch w "  \
	"JOIN connector c ON c.connector_key = w.connector_key JOIN access_grant g INDEXED BY access_grant_changed ON "    \
	"g.connector_id = c.connector_id AND g.group_id = w.group_id WHERE w.watch_key = ?1 AND ?2 IS NOT NULL AND "       \
	"(g.updated_at, g.grant_key) > (CAST(substr(?3, 1, 20) AS INTEGER), CAST(substr(?3, 22) AS INTEGER)) ORDER BY "    \
	"g.updated_at, g.grant_key LIMIT ?4"
#define NEXT_WASTE                                                                                                     \
	"SELECT member_id, printf('%d', generation), kind, 0 FROM group_member WHERE watch_key = ?1 AND generation <> ?2 " \
	"AND ?3 IS NOT NULL LIMIT ?4"

static bool step_rows(struct session *session, struct watch_row *watch, const char *sql, int limit)
{
	struct row_at *rows = NULL;
	size_t count = 0;

	if (sql_read_list(
	        session, session->scratch, &row_at_type, limit, sql,
	        SQL_ARGS(sql_int(watch->key), sql_int(watch->generation), sql_text(watch->position), sql_int(limit)), &rows,
	        &count, NULL) != RESULT_OK)
		return false;
	for (size_t at = 0; at < count; at++) {
		if (watch->phase == WATCH_APPLY)
			change_apply(session, watch, &rows[at]);
		if (watch->phase == WATCH_DROP)
			sql_run(session, "DELETE FROM group_member WHERE watch_key = ?1 AND generation = ?2 AND member_id = ?3",
			        SQL_ARGS(sql_int(watch->key), sql_int(strtoll(rows[at].position, NULL, 10)),
			                 sql_text(rows[at].member_id)));
		else if (rows[at].member_id != NULL)
			member_compare(session, watch, rows[at].member_id);
	}
	if (count > 0)
		watch_set_phase(session, watch, watch->phase, rows[count - 1].position);
	return count > 0;
}

/* Where the look at our own changes begins: as far before the last walk as one of them may have been unseen then. */
static const char *grants_from(struct session *session, const struct watch_row *watch)
{
	int64_t since = watch->walk_full || watch->since == 0 ? 0 : watch->since - SETTLING_MS;
	return arena_printf(session->scratch, "%020lld:%020d", (long long)(since > 0 ? since : 0), 0);
}

static void full_end(struct session *session, const struct watch_row *watch)
{
	if (watch->walk_full)
		sql_run(session, "UPDATE group_watch SET full_at = walked_at WHERE watch_key = ?1",
		        SQL_ARGS(sql_int(watch->key)));
}

/* After the last row of a phase. */
static void step_on(struct session *session, struct watch_row *watch)
{
	switch (watch->phase) {
	case WATCH_COMPARE:
		watch_set_phase(session, watch, WATCH_FINDINGS, "");
		break;
	case WATCH_APPLY:
	case WATCH_FINDINGS:
		watch_set_phase(session, watch, WATCH_GRANTS, grants_from(session, watch));
		break;
	case WATCH_GRANTS:
		full_end(session, watch);
		watch_set_phase(session, watch, WATCH_CONFIRM, "");
		break;
	case WATCH_CONFIRM:
		watch_set_phase(session, watch, WATCH_DROP, "");
		break;
	default:
		watch_set_phase(session, watch, WATCH_IDLE, "");
		break;
	}
}

static bool step_some(struct session *session, struct watch_row *watch)
{
	switch (watch->phase) {
	case WATCH_APPLY:
		return step_rows(session, watch, NEXT_CHANGES, STEP_ROWS);
	case WATCH_COMPARE:
		return step_rows(session, watch, NEXT_MEMBERS, STEP_ROWS);
	case WATCH_FINDINGS:
		return step_rows(session, watch, NEXT_FINDINGS, STEP_ROWS);
	case WATCH_GRANTS:
		return step_rows(session, watch, NEXT_GRANTS, STEP_ROWS);
	case WATCH_DROP:
		return step_rows(session, watch, NEXT_WASTE, STEP_ROWS);
	default:
		return false;
	}
}

static enum result watch_step_work(struct session *session, struct sqlite_write *write)
{
	const struct watch_work *work = write->in;
	struct watch_step *step = write_out(write);
	struct watch_row watch = {0};
	enum result result = watch_load(session, write, work->job, work->watch_key, &watch);

	if (result != RESULT_OK)
		return result;
	if (watch.phase != WATCH_IDLE && watch.phase != WATCH_WALK) {
		step->look_at = watch.phase == WATCH_CONFIRM ? suspects_due(session, &watch) : 0;
		if (step->look_at != 0)
			(void)sql_ask(session,
			              "SELECT count(*) FROM (SELECT 1 FROM group_member WHERE watch_key = ?1 AND generation = ?2 "
			              "LIMIT 1000000)",
			              SQL_ARGS(sql_int(watch.key), sql_int(watch.generation)), &step->members);
		if (step->look_at == 0 && !step_some(session, &watch))
			step_on(session, &watch);
		/* All of the step are begun before the brake looks: no claim can come between. */
		if (watch.removes)
			brake_review(session, watch.connector_id, watch.group_id);
	}
	step->phase = watch.phase;
	step->more = step->look_at == 0 && watch.phase != WATCH_IDLE && watch.phase != WATCH_WALK;
	return RESULT_OK;
}

enum result sqlite_op_watch_step(struct store *store, const struct job *job, int64_t watch_key,
                                 struct watch_step *ret_step, struct error *error)
{
	struct watch_work work = {.job = job, .watch_key = watch_key};

	return sqlite_write(
	    store,
	    &(struct sqlite_write){
	        .work = watch_step_work, .in = &work, .error = error, .ret = ret_step, .ret_size = sizeof(*ret_step)});
}
