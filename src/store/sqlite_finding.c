/* Findings, read. How they come and go: sqlite_compare.c, sqlite_finding_confirm.c, sqlite_finding_settle.c. */
#include "base/text.h"
#include "store/sqlite_filter.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

static void what_read(struct cursor *cursor, struct finding *finding)
{
	if (finding_class_parse(cursor_peek(cursor), &finding->class) != RESULT_OK ||
	    finding_status_parse(cursor_peek(cursor), &finding->status) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A finding of the database has an unknown class or status.");
}

static void end_read(struct cursor *cursor, struct finding *finding)
{
	finding->found_at = cursor_int(cursor);
	finding->resolved_at = cursor_int(cursor);
	finding->resolution = cursor_text(cursor);
	finding->settled_by_kind = cursor_text(cursor);
	finding->settled_by_id = cursor_text(cursor);
	finding->reason = cursor_text(cursor);
	finding->job_id = cursor_text(cursor);
	finding->version = cursor_int(cursor);
}

static void finding_row_read(struct cursor *cursor, void *item)
{
	struct finding_row *row = item;
	struct finding *finding = &row->finding;

	row->key = cursor_int(cursor);
	row->grant_key = cursor_int(cursor);
	row->looks = cursor_int(cursor);
	finding->finding_id = cursor_text(cursor);
	what_read(cursor, finding);
	finding->connector_id = cursor_text(cursor);
	finding->tenant_id = cursor_text(cursor);
	finding->group_id = cursor_text(cursor);
	finding->tool_id = cursor_text(cursor);
	finding->member_id = cursor_text(cursor);
	finding->member_kind = member_kind_parse(cursor_peek(cursor));
	finding->grant_id = cursor_text(cursor);
	finding->account_id = cursor_text(cursor);
	finding->preexisting = cursor_bool(cursor);
	finding->code = cursor_text(cursor);
	finding->detail = cursor_text(cursor);
	end_read(cursor, finding);
}

static void finding_read(struct cursor *cursor, void *item)
{
	struct finding_row row = {0};

	finding_row_read(cursor, &row);
	*(struct finding *)item = row.finding;
}

static const char *finding_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct finding *)item)->finding_id;
}

const struct row_type finding_row_type = {sizeof(struct finding_row), finding_row_read, NULL};
const struct row_type finding_type = {sizeof(struct finding), finding_read, finding_key};

#define FINDING_BY_ID "SELECT " FINDING_COLUMNS " FROM finding f WHERE f.finding_id = ?1 AND f.status <> 'suspected'"

enum result finding_get(struct session *session, struct arena *arena, const char *finding_id,
                        struct finding_row *ret_row)
{
	return sql_read_one(session, arena, &finding_row_type, FINDING_BY_ID, SQL_ARGS(sql_text(finding_id)), ret_row);
}

enum result sqlite_op_finding_read(struct store *store, const char *finding_id, struct arena *arena,
                                   struct finding *ret_finding)
{
	return sqlite_read_one(store, arena, &finding_type, FINDING_BY_ID, SQL_ARGS(sql_text(finding_id)), ret_finding);
}

enum result sqlite_op_finding_list(struct store *store, const struct finding_filter *filter, const struct page *page,
                                   struct arena *arena, struct finding **ret_findings, size_t *ret_count,
                                   const char **ret_next)
{
	const struct filter_term terms[] = {
	    {"f.tool_id = ", "+f.tool_id = ", filter->tool_id, false},
	    {"f.status = ", "+f.status = ", filter->status, false},
	    {"f.class = ", "+f.class = ", filter->class, true},
	    {"f.connector_id = ", "+f.connector_id = ", filter->connector_id, false},
	};
	struct filter_query query;

	filter_build(&query, FINDING_LIST, "f.finding_id", terms, ARRAY_SIZE(terms), page);
	return sqlite_read_list(store, arena, &finding_type, page_limit(page), query.sql, query.values, ret_findings,
	                        ret_count, ret_next);
}

void finding_resolve(struct session *session, int64_t finding_key_, const char *resolution, const struct actor *actor,
                     const char *reason)
{
	sql_run(
	    session,
	    "UPDATE finding SET status = 'resolved', resolution = ?2, resolved_at = ?3, settled_by_kind = "
	    "coalesce(?4, settled_by_kind), settled_by_id = coalesce(?5, settled_by_id), reason = coalesce(?6, reason), "
	    "detail = NULL, version = version + 1 WHERE finding_key = ?1",
	    SQL_ARGS(sql_int(finding_key_), sql_text(resolution), sql_int(session->now),
	             sql_text(actor != NULL ? actor->kind : NULL), sql_text(actor != NULL ? actor->id : NULL),
	             sql_text(reason)));
}

bool finding_removal_under_way(struct session *session, const char *connector_id, const char *group_id,
                               const char *member_id)
{
	return member_id != NULL &&
	       sql_exists(session,
	                  "SELECT 1 FROM finding f WHERE f.connector_id = ?1 AND f.group_id = ?2 AND f.member_id = "
	                  "lower(?3) AND f.status <> 'resolved' AND f.status = 'settling' AND NOT EXISTS (SELECT 1 FROM "
	                  "job j WHERE j.job_id = f.job_id AND j.held = 2)",
	                  SQL_ARGS(sql_text(connector_id), sql_text(group_id), sql_text(member_id)));
}
