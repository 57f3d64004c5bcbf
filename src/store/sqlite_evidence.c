/* What evidence is made of: the stretch of the chain that holds a period, and the requests, grants and
 * findings that lived in it. */
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"
#include "store/sqlite_work.h"

/* seq 0: there is none. */
static void checkpoint_find(struct session *session, const char *sql, int64_t seq, struct audit_checkpoint *ret_found)
{
	*ret_found = (struct audit_checkpoint){0};
	(void)!sql_read_one(session, NULL, &audit_checkpoint_row, sql, SQL_ARGS(sql_int(seq)), ret_found);
}

/* A clock that was set back makes events that are younger and earlier: the stretch is as long as it must be to hold all
 * of the period. */
static void span_bounds(struct session *session, const struct evidence_filter *filter, int64_t *ret_first,
                        int64_t *ret_last)
{
	struct cursor cursor =
	    cursor_open(session, NULL, "SELECT min(seq), max(seq) FROM audit_event WHERE at >= ?1 AND at < ?2",
	                SQL_ARGS(sql_int(filter->from), sql_int(filter->to)));
	int64_t last = 0;

	*ret_first = *ret_last = 0;
	if (cursor_next(&cursor)) {
		*ret_first = cursor_int(&cursor);
		*ret_last = cursor_int(&cursor);
	}
	cursor_close(&cursor);
	if (*ret_first > 0)
		return;
	/* Nothing happened: the place in the chain where it would stand. */
	(void)sql_ask(session, "SELECT coalesce(max(seq), 0) FROM audit_event WHERE at < ?1", SQL_ARGS(sql_int(filter->to)),
	              &last);
	*ret_last = last > 0 ? last : 1;
	*ret_first = last + 1;
}

static bool tool_is_known(struct session *session, const char *tool_id)
{
	return sql_exists(session,
	                  "SELECT 1 FROM tool WHERE tool_id = ?1 UNION ALL SELECT 1 FROM retired_id WHERE kind = 'tool' "
	                  "AND id = ?1",
	                  SQL_ARGS(sql_text(tool_id)));
}

static void span_read(struct session *session, const struct evidence_filter *filter, struct evidence_span *ret_span)
{
	int64_t first, last;

	span_bounds(session, filter, &first, &last);
	checkpoint_find(session,
	                "SELECT seq, hash, at, signature FROM audit_checkpoint WHERE seq < ?1 ORDER BY seq DESC LIMIT 1",
	                first, &ret_span->before);
	checkpoint_find(session,
	                "SELECT seq, hash, at, signature FROM audit_checkpoint WHERE seq >= ?1 ORDER BY seq LIMIT 1", last,
	                &ret_span->after);
}

enum result sqlite_op_evidence_span(struct store *store, const struct evidence_filter *filter,
                                    struct evidence_span *ret_span)
{
	struct evidence_span span = {0};
	struct session session;
	bool known = true;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	if (filter->tool_id != NULL)
		known = tool_is_known(&session, filter->tool_id);
	if (known)
		span_read(&session, filter, &span);
	result = session.fault;
	sqlite_reader_end(&session);
	if (result == RESULT_OK && !known)
		return RESULT_NOT_FOUND;
	if (result == RESULT_OK)
		*ret_span = span;
	return result;
}

/* A request ends when it is decided against, or with its grant, or the one whose end it moved: all are then changed no
 * more. */
#define LIVED                                                                                                          \
	"r.created_at < ?2 AND (r.status = 'pending' OR r.updated_at >= ?1 OR EXISTS (SELECT 1 FROM access_grant g WHERE " \
	"g.request_key = r.request_key AND (g.status IN " GRANT_OPEN                                                       \
	" OR g.updated_at >= ?1)) OR EXISTS (SELECT 1 FROM access_grant g WHERE g.grant_key = r.extends_grant_key AND "    \
	"(g.status IN " GRANT_OPEN " OR g.updated_at >= ?1)))"

enum result sqlite_op_evidence_requests(struct store *store, const struct evidence_filter *filter, const char *after_id,
                                        int limit, struct arena *arena, struct access_request **ret_requests,
                                        size_t *ret_count)
{
	return sqlite_read_list(store, arena, &request_type, limit,
	                        "SELECT " REQUEST_COLUMNS " FROM access_request r WHERE r.request_id > ?3 AND " LIVED
	                        " AND (?4 IS NULL OR +r.tool_id = ?4) ORDER BY r.request_id LIMIT ?5",
	                        SQL_ARGS(sql_int(filter->from), sql_int(filter->to), sql_text(after_id),
	                                 sql_text(filter->tool_id), sql_int(limit)),
	                        ret_requests, ret_count, NULL);
}

/* Of a tool: what was found about it, about a grant of it, or in the group that it has. */
#define OF_TOOL                                                                                                        \
	"(f.tool_id = ?4 OR EXISTS (SELECT 1 FROM access_grant g WHERE g.grant_key = f.grant_key AND g.tool_id = ?4) OR "  \
	"EXISTS (SELECT 1 FROM tool t JOIN connector c ON c.connector_key = t.connector_key WHERE t.tool_id = ?4 AND "     \
	"t.group_id = f.group_id AND c.connector_id = f.connector_id))"

enum result sqlite_op_evidence_findings(struct store *store, const struct evidence_filter *filter, const char *after_id,
                                        int limit, struct arena *arena, struct finding **ret_findings,
                                        size_t *ret_count)
{
	return sqlite_read_list(store, arena, &finding_type, limit,
	                        "SELECT " FINDING_COLUMNS
	                        " FROM finding f WHERE f.finding_id > ?3 AND +f.status <> 'suspected' AND f.found_at < ?2 "
	                        "AND (f.resolved_at = 0 OR f.resolved_at >= ?1) AND (?4 IS NULL OR " OF_TOOL
	                        ") ORDER BY f.finding_id LIMIT ?5",
	                        SQL_ARGS(sql_int(filter->from), sql_int(filter->to), sql_text(after_id),
	                                 sql_text(filter->tool_id), sql_int(limit)),
	                        ret_findings, ret_count, NULL);
}
