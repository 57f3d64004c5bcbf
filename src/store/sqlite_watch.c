/* Watched groups: when they are checked, and the walks through their members.
 *
 * What holds here: the pages of a walk are collected beside what holds (changes in member_change, everybody under a new
 * generation), and where it goes on is kept with each page; so a walk survives the end of the process, and one that
 * fails leaves members, link and findings as they were. With its last page the walk becomes what holds, in one
 * transaction, together with the link from which the next one begins. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

static const char *const phase_names[WATCH_PHASE_MAX] = {
    [WATCH_IDLE] = "idle",         [WATCH_WALK] = "walk",     [WATCH_APPLY] = "apply",     [WATCH_COMPARE] = "compare",
    [WATCH_FINDINGS] = "findings", [WATCH_GRANTS] = "grants", [WATCH_CONFIRM] = "confirm", [WATCH_DROP] = "drop",
};

static enum watch_phase phase_parse(const char *name)
{
	int at = text_find_name(phase_names, WATCH_PHASE_MAX, name);
	return at < 0 ? WATCH_IDLE : (enum watch_phase)at;
}

/* ---- when ---- */

#define CHECK_LIVE(statuses)                                                                                           \
	"SELECT job_id FROM job j WHERE j.kind = 'memberCheck' AND j.subject = ?1 AND j.status IN (" statuses              \
	") ORDER BY job_key DESC LIMIT 1"

static void member_check_queue(struct session *session, const char *connector_id)
{
	job_start(session,
	          &(struct job_start){.kind = JOB_MEMBER_CHECK, .connector_id = connector_id, .subject = connector_id});
	sql_run(session, "UPDATE connector SET members_checked_at = ?2 WHERE connector_id = ?1",
	        SQL_ARGS(sql_text(connector_id), sql_int(session->now)));
}

static enum result check_start_work(struct session *session, struct sqlite_write *write)
{
	const char *job_id;

	if (connector_key_of(session, write->id) == 0)
		return refuse_not_found(write, "connector");
	if (!sql_exists(session, CHECK_LIVE("'queued'"), SQL_ARGS(sql_text(write->id))))
		member_check_queue(session, write->id);
	job_id = sql_ask_text(session, write->arena, CHECK_LIVE("'queued'"), SQL_ARGS(sql_text(write->id)));
	if (job_id == NULL)
		return session->fault != RESULT_OK ? session->fault : RESULT_UNAVAILABLE;
	*(const char **)write_out(write) = job_id;
	return RESULT_OK;
}

enum result sqlite_op_member_check_start(struct store *store, const char *connector_id, struct arena *arena,
                                         const char **ret_job_id, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = check_start_work,
	                                                  .id = connector_id,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_job_id,
	                                                  .ret_size = sizeof(*ret_job_id)});
}

#define BOUND "EXISTS (SELECT 1 FROM tool t WHERE t.connector_key = w.connector_key AND t.group_id = w.group_id)"
#define NEVER_WATCHED                                                                                                  \
	"EXISTS (SELECT 1 FROM tool t WHERE t.connector_key = c.connector_key AND t.group_id IS NOT NULL AND NOT EXISTS "  \
	"(SELECT 1 FROM group_watch w WHERE w.connector_key = t.connector_key AND w.group_id = t.group_id))"
#define DUE                                                                                                            \
	"SELECT c.connector_id FROM connector c WHERE c.enabled = 1 AND (" NEVER_WATCHED                                   \
	" OR (c.members_checked_at < ?1 AND EXISTS (SELECT 1 FROM group_watch w WHERE w.connector_key = "                  \
	"c.connector_key))) AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = 'memberCheck' AND j.subject = "             \
	"c.connector_id AND j.status IN ('queued', 'running', 'waiting')) ORDER BY c.members_checked_at"

static void label_read(struct cursor *cursor, void *item)
{
	*(const char **)item = cursor_text(cursor);
}

static const struct row_type label_row = {sizeof(const char *), label_read, NULL};

static enum result checks_due_work(struct session *session, struct sqlite_write *write)
{
	const int64_t *before = write->in;
	const char **connectors = NULL;
	size_t count = 0;
	enum result result = sql_read_list(session, session->scratch, &label_row, SQLITE_WHOLE_LIST, DUE,
	                                   SQL_ARGS(sql_int(*before)), &connectors, &count, NULL);

	for (size_t at = 0; result == RESULT_OK && at < count; at++)
		member_check_queue(session, connectors[at]);
	return result;
}

enum result sqlite_op_member_check_enqueue_due(struct store *store, int64_t checked_before, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = checks_due_work, .in = &checked_before, .error = error});
}

/* ---- what is watched ---- */

static void watch_read(struct cursor *cursor, void *item)
{
	struct group_watch *watch = item;

	watch->key = cursor_int(cursor);
	watch->group_id = cursor_text(cursor);
	watch->display_name = cursor_text(cursor);
	watch->phase = phase_parse(cursor_peek(cursor));
	watch->delta_link = cursor_text(cursor);
	watch->walk_link = cursor_text(cursor);
	watch->walk_full = cursor_bool(cursor);
	watch->walk_pages = cursor_int(cursor);
	watch->walk_began_at = cursor_int(cursor);
	watch->walked_at = cursor_int(cursor);
	watch->checked_at = cursor_int(cursor);
	watch->full_at = cursor_int(cursor);
	watch->tried_at = cursor_int(cursor);
	watch->code = cursor_text(cursor);
	watch->detail = cursor_text(cursor);
}

static const struct row_type watch_type = {sizeof(struct group_watch), watch_read, NULL};

#define WATCH_LIST                                                                                                     \
	"SELECT w.watch_key, w.group_id, (SELECT t.group_display_name FROM tool t WHERE t.connector_key = "                \
	"w.connector_key "                                                                                                 \
	"AND t.group_id = w.group_id LIMIT 1), w.phase, w.delta_link, w.walk_link, w.walk_full, w.walk_pages, "            \
	"w.walk_began_at, w.walked_at, w.checked_at, w.full_at, w.tried_at, w.code, w.detail FROM group_watch w JOIN "     \
	"connector c ON "                                                                                                  \
	"c.connector_key = w.connector_key WHERE c.connector_id = ?1 AND " BOUND " ORDER BY w.group_id"

struct watches_given {
	struct group_watch *watches;
	size_t count;
};

/* Findings of a group that no tool has any more say nothing about what was approved. */
static void unbound_forget(struct session *session, const char *connector_id)
{
	sql_run(session,
	        "UPDATE finding SET status = 'resolved', resolution = 'unbound', resolved_at = ?2, version = version + 1 "
	        "WHERE connector_id = ?1 AND status IN ('suspected', 'open') AND group_id IN (SELECT w.group_id FROM "
	        "group_watch w JOIN connector c ON c.connector_key = w.connector_key WHERE c.connector_id = ?1 AND "
	        "NOT " BOUND ")",
	        SQL_ARGS(sql_text(connector_id), sql_int(session->now)));
	sql_run(session,
	        "DELETE FROM group_watch WHERE watch_key IN (SELECT w.watch_key FROM group_watch w JOIN connector c ON "
	        "c.connector_key = w.connector_key WHERE c.connector_id = ?1 AND NOT " BOUND ")",
	        SQL_ARGS(sql_text(connector_id)));
}

void findings_of_connector_close(struct session *session, const char *connector_id)
{
	sql_run(session,
	        "UPDATE finding SET status = 'resolved', resolution = 'unbound', resolved_at = ?2, version = version + 1 "
	        "WHERE connector_id = ?1 AND status <> 'resolved'",
	        SQL_ARGS(sql_text(connector_id), sql_int(session->now)));
}

static enum result watch_open_work(struct session *session, struct sqlite_write *write)
{
	const struct job *job = write->in;
	struct watches_given *given = write_out(write);

	if (!job_fence_holds(session, job->job_id, job->fence, NULL))
		return refuse_lease_lost(write);
	/* Two would take each other's pages for their own: whoever was there first goes on. */
	if (sql_exists(session,
	               "SELECT 1 FROM job j WHERE j.kind = 'memberCheck' AND j.subject = ?1 AND j.status = 'running' AND "
	               "j.status IN ('queued', 'running', 'waiting') AND j.fence < ?2 AND j.lease_expires_at > ?3",
	               SQL_ARGS(sql_text(job->connector_id), sql_int(job->fence), sql_int(session->now))))
		return write_refuse(write, RESULT_UNAVAILABLE, "check_running",
		                    "Another check of this connector is under way.");
	unbound_forget(session, job->connector_id);
	sql_run(session,
	        "INSERT OR IGNORE INTO group_watch (connector_key, group_id, phase) SELECT DISTINCT t.connector_key, "
	        "t.group_id, 'idle' FROM tool t JOIN connector c ON c.connector_key = t.connector_key WHERE c.connector_id "
	        "= ?1 AND t.group_id IS NOT NULL",
	        SQL_ARGS(sql_text(job->connector_id)));
	return sql_read_list(session, write->arena, &watch_type, SQLITE_WHOLE_LIST, WATCH_LIST,
	                     SQL_ARGS(sql_text(job->connector_id)), &given->watches, &given->count, NULL);
}

enum result sqlite_op_watch_open(struct store *store, const struct job *job, struct arena *arena,
                                 struct group_watch **ret_watches, size_t *ret_count, struct error *error)
{
	struct watches_given given = {0};
	enum result result = sqlite_write(store, &(struct sqlite_write){.work = watch_open_work,
	                                                                .in = job,
	                                                                .arena = arena,
	                                                                .error = error,
	                                                                .ret = &given,
	                                                                .ret_size = sizeof(given)});

	if (result != RESULT_OK)
		return result;
	*ret_watches = given.watches;
	*ret_count = given.count;
	return RESULT_OK;
}

enum result sqlite_op_watch_list(struct store *store, const char *connector_id, struct arena *arena,
                                 struct group_watch **ret_watches, size_t *ret_count)
{
	return sqlite_read_list(store, arena, &watch_type, SQLITE_WHOLE_LIST, WATCH_LIST, SQL_ARGS(sql_text(connector_id)),
	                        ret_watches, ret_count, NULL);
}

static void row_read(struct cursor *cursor, void *item)
{
	struct watch_row *row = item;

	row->key = cursor_int(cursor);
	row->connector_id = cursor_text(cursor);
	row->group_id = cursor_text(cursor);
	row->phase = phase_parse(cursor_peek(cursor));
	row->walk_full = cursor_bool(cursor);
	row->generation = cursor_int(cursor);
	row->staging = cursor_int(cursor);
	row->position = cursor_text(cursor);
	row->since = cursor_int(cursor);
	row->full_at = cursor_int(cursor);
}

static const struct row_type row_type = {sizeof(struct watch_row), row_read, NULL};

enum result watch_load(struct session *session, struct sqlite_write *write, const struct job *job, int64_t watch_key,
                       struct watch_row *ret_watch)
{
	enum result result;

	if (!job_fence_holds(session, job->job_id, job->fence, NULL))
		return refuse_lease_lost(write);
	result = sql_read_one(session, session->scratch, &row_type,
	                      "SELECT w.watch_key, c.connector_id, w.group_id, w.phase, w.walk_full, w.generation, "
	                      "w.staging, w.position, w.since, w.full_at FROM group_watch w JOIN "
	                      "connector c ON c.connector_key = w.connector_key WHERE w.watch_key = ?1",
	                      SQL_ARGS(sql_int(watch_key)), ret_watch);
	return result == RESULT_NOT_FOUND ? refuse_not_found(write, "watched group") : result;
}

void watch_set_phase(struct session *session, struct watch_row *watch, enum watch_phase phase, const char *position)
{
	watch->phase = phase;
	watch->position = position;
	sql_run(session, "UPDATE group_watch SET phase = ?2, position = ?3 WHERE watch_key = ?1",
	        SQL_ARGS(sql_int(watch->key), sql_text(phase_names[phase]), sql_text(position)));
}

/* ---- walking ---- */

/* Rows of a walk that never ended are waste under a number of their own. */
static void walk_begin(struct session *session, struct watch_row *watch, const struct watch_page *page)
{
	sql_run(session, "DELETE FROM member_change WHERE watch_key = ?1", SQL_ARGS(sql_int(watch->key)));
	watch->walk_full = page->full;
	watch->staging++;
	sql_run(session,
	        "UPDATE group_watch SET phase = 'walk', walk_full = ?2, walk_pages = 0, staging = ?3, "
	        "walk_began_at = ?4, found = 0, closed = 0 WHERE watch_key = ?1",
	        SQL_ARGS(sql_int(watch->key), sql_int(page->full), sql_int(watch->staging), sql_int(session->now)));
}

static void member_take(struct session *session, const struct watch_row *watch, const struct member_change *change)
{
	const struct sql_value key = sql_int(watch->key), id = sql_text(change->id);
	const char *kind = member_kind_name(change->kind);

	if (!watch->walk_full)
		sql_run(session,
		        "INSERT OR REPLACE INTO member_change (watch_key, member_id, kind, removed) VALUES (?1, ?2, ?3, ?4)",
		        SQL_ARGS(key, id, sql_text(kind), sql_int(change->removed)));
	else if (change->removed)
		sql_run(session, "DELETE FROM group_member WHERE watch_key = ?1 AND generation = ?2 AND member_id = ?3",
		        SQL_ARGS(key, sql_int(watch->staging), id));
	else
		sql_run(session,
		        "INSERT OR REPLACE INTO group_member (watch_key, generation, member_id, kind) VALUES (?1, ?2, ?3, ?4)",
		        SQL_ARGS(key, sql_int(watch->staging), id, sql_text(kind)));
}

/* The walk is what holds from now on. */
static void walk_end(struct session *session, struct watch_row *watch, const struct watch_page *page)
{
	sql_run(session,
	        "UPDATE group_watch SET delta_link = ?2, walk_link = NULL, generation = ?3, since = walked_at, walked_at = "
	        "walk_began_at WHERE watch_key = ?1",
	        SQL_ARGS(sql_int(watch->key), sql_text(page->resume),
	                 sql_int(watch->walk_full ? watch->staging : watch->generation)));
	watch_set_phase(session, watch, watch->walk_full ? WATCH_COMPARE : WATCH_APPLY, "");
}

static enum result watch_take_work(struct session *session, struct sqlite_write *write)
{
	const struct watch_work *work = write->in;
	const struct watch_page *page = work->what;
	struct watch_row watch = {0};
	enum result result = watch_load(session, write, work->job, page->watch_key, &watch);

	if (result != RESULT_OK)
		return result;
	if (page->begins)
		walk_begin(session, &watch, page);
	for (size_t at = 0; at < page->count; at++)
		member_take(session, &watch, &page->changes[at]);
	sql_run(session, "UPDATE group_watch SET walk_link = ?2, walk_pages = walk_pages + 1 WHERE watch_key = ?1",
	        SQL_ARGS(sql_int(watch.key), sql_text(page->next)));
	if (page->next == NULL)
		walk_end(session, &watch, page);
	return RESULT_OK;
}

enum result sqlite_op_watch_take(struct store *store, const struct job *job, const struct watch_page *page,
                                 struct error *error)
{
	struct watch_work work = {.job = job, .what = page};

	return sqlite_write(store, &(struct sqlite_write){.work = watch_take_work, .in = &work, .error = error});
}

/* ---- the end of a check ---- */

static const char *count_text(struct session *session, int64_t count)
{
	return arena_printf(session->scratch, "%lld", (long long)count);
}

/* What an auditor wants to know of a check: what it changed, or that it cannot be done any more, or again. */
static void end_record(struct session *session, const struct watch_row *watch, const struct watch_end *end)
{
	int64_t found = 0, closed = 0;
	const char *before = sql_ask_text(session, session->scratch, "SELECT code FROM group_watch WHERE watch_key = ?1",
	                                  SQL_ARGS(sql_int(watch->key)));

	(void)sql_ask(session, "SELECT found FROM group_watch WHERE watch_key = ?1", SQL_ARGS(sql_int(watch->key)), &found);
	(void)sql_ask(session, "SELECT closed FROM group_watch WHERE watch_key = ?1", SQL_ARGS(sql_int(watch->key)),
	              &closed);
	bool counts = !end->failed && (found > 0 || closed > 0);
	if (!counts && text_equal(before != NULL ? before : "group_ok", end->code))
		return;
	audit_append(session, &actor_worker, "group.checked", "connector", watch->connector_id,
	             end->failed ? "failed" : "ok",
	             audit_detail(session, NULL, "groupId", watch->group_id, "code", end->code, "found",
	                          counts ? count_text(session, found) : NULL, "closed",
	                          counts ? count_text(session, closed) : NULL, NULL));
}

static enum result watch_end_work(struct session *session, struct sqlite_write *write)
{
	const struct watch_work *work = write->in;
	const struct watch_end *end = work->what;
	struct watch_row watch = {0};
	enum result result = watch_load(session, write, work->job, end->watch_key, &watch);

	if (result != RESULT_OK)
		return result;
	end_record(session, &watch, end);
	sql_run(
	    session,
	    "UPDATE group_watch SET code = ?2, detail = ?3, tried_at = ?4, checked_at = CASE WHEN ?5 THEN checked_at ELSE "
	    "?4 END, found = 0, closed = 0, delta_link = CASE WHEN ?6 THEN NULL ELSE delta_link END WHERE watch_key = ?1",
	    SQL_ARGS(sql_int(watch.key), sql_text(end->code), sql_text(end->detail), sql_int(session->now),
	             sql_int(end->failed), sql_int(end->forget)));
	if (end->begin_anew && watch.phase == WATCH_WALK) {
		sql_run(session, "UPDATE group_watch SET walk_link = NULL WHERE watch_key = ?1", SQL_ARGS(sql_int(watch.key)));
		watch_set_phase(session, &watch, WATCH_IDLE, "");
	}
	return RESULT_OK;
}

enum result sqlite_op_watch_end(struct store *store, const struct job *job, const struct watch_end *end,
                                struct error *error)
{
	struct watch_work work = {.job = job, .what = end};

	return sqlite_write(store, &(struct sqlite_write){.work = watch_end_work, .in = &work, .error = error});
}
