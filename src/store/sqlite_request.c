/* Requests, read. How they change: sqlite_request_change.c. */
#include <string.h>

#include "store/sqlite_filter.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

static void request_read_body(struct cursor *cursor, struct access_request *request)
{
	request->request_id = cursor_text(cursor);
	if (request_kind_parse(cursor_peek(cursor), &request->kind) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A request of the database is of an unknown kind.");
	request->site = cursor_text(cursor);
	request->issue_id = cursor_text(cursor);
	request->issue_key = cursor_text(cursor);
	request->tool_id = cursor_text(cursor);
	request->tool_text = cursor_text(cursor);
	request->account_id = cursor_text(cursor);
	request->filed_by = cursor_text(cursor);
	request->filed_by_principal = cursor_text(cursor);
	request->purpose = cursor_text(cursor);
	request->duration_days = (int)cursor_int(cursor);
	request->approval = cursor_text(cursor);
	if (request_status_parse(cursor_peek(cursor), &request->status) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A request of the database has an unknown status.");
	request->code = cursor_text(cursor);
	request->reason = cursor_text(cursor);
	request->decided_by = cursor_text(cursor);
	request->decided_at = cursor_int(cursor);
	request->decision = cursor_text(cursor);
	request->asked_at = cursor_int(cursor);
	request->grant_id = cursor_text(cursor);
	request->extends_grant_id = cursor_text(cursor);
	request->created_at = cursor_int(cursor);
	request->updated_at = cursor_int(cursor);
	request->version = cursor_int(cursor);
}

static void request_row_read(struct cursor *cursor, void *item)
{
	struct request_row *row = item;

	row->key = cursor_int(cursor);
	request_read_body(cursor, &row->request);
}

static void request_read(struct cursor *cursor, void *item)
{
	(void)cursor_int(cursor);
	request_read_body(cursor, item);
}

static const char *request_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct access_request *)item)->request_id;
}

const struct row_type request_row_type = {sizeof(struct request_row), request_row_read, NULL};
const struct row_type request_type = {sizeof(struct access_request), request_read, request_key};

#define REQUEST_SELECT "SELECT " REQUEST_COLUMNS " FROM access_request r"

enum result request_get(struct session *session, struct arena *arena, const char *request_id,
                        struct request_row *ret_row)
{
	return sql_read_one(session, arena, &request_row_type, REQUEST_SELECT " WHERE r.request_id = ?1",
	                    SQL_ARGS(sql_text(request_id)), ret_row);
}

enum result sqlite_op_request_read(struct store *store, const char *request_id, struct arena *arena,
                                   struct access_request *ret_request)
{
	return sqlite_read_one(store, arena, &request_type, REQUEST_SELECT " WHERE r.request_id = ?1",
	                       SQL_ARGS(sql_text(request_id)), ret_request);
}

enum result sqlite_op_request_list(struct store *store, const struct request_filter *filter, const struct page *page,
                                   struct arena *arena, struct access_request **ret_requests, size_t *ret_count,
                                   const char **ret_next)
{
	const struct filter_term terms[] = {
	    {"r.issue_key = ", "+r.issue_key = ", filter->issue_key, false},
	    {"r.account_id = ", "+r.account_id = ", filter->account_id, false},
	    {"r.tool_id = ", "+r.tool_id = ", filter->tool_id, false},
	    {"r.status = ", "+r.status = ", filter->status, true},
	    {"r.kind = ", "+r.kind = ", filter->kind, false},
	};
	struct filter_query query;

	filter_build(&query, REQUEST_SELECT, "r.request_id", terms, ARRAY_SIZE(terms), page);
	return sqlite_read_list(store, arena, &request_type, page_limit(page), query.sql, query.values, ret_requests,
	                        ret_count, ret_next);
}

enum result sqlite_op_request_list_of_issue(struct store *store, const char *site, const char *issue_id,
                                            struct arena *arena, struct access_request **ret_requests,
                                            size_t *ret_count)
{
	return sqlite_read_list(store, arena, &request_type, 200,
	                        REQUEST_SELECT
	                        " WHERE r.site = ?1 AND r.issue_id = ?2 ORDER BY r.request_id DESC LIMIT 200",
	                        SQL_ARGS(sql_text(site), sql_text(issue_id)), ret_requests, ret_count, NULL);
}

static void id_read(struct cursor *cursor, void *item)
{
	const char *id = cursor_text(cursor);

	memcpy(item, &id, sizeof(id));
}

static const struct row_type id_row = {sizeof(const char *), id_read, NULL};

enum result sqlite_op_request_consumed(struct store *store, const char *site, const char *issue_id, struct arena *arena,
                                       const char ***ret_ids)
{
	const char **ids = NULL, **ended;
	size_t count = 0;
	enum result result = sqlite_read_list(store, arena, &id_row, SQLITE_WHOLE_LIST,
	                                      "SELECT substr(u.id, length(r.issue_id) + 2) FROM access_request r JOIN "
	                                      "consumed_id u ON u.request_key = r.request_key WHERE "
	                                      "r.site = ?1 AND r.issue_id = ?2",
	                                      SQL_ARGS(sql_text(site), sql_text(issue_id)), &ids, &count, NULL);

	if (result != RESULT_OK)
		return result;
	ended = arena_array(arena, count + 1, sizeof(*ended));
	if (ended == NULL)
		return RESULT_NO_MEMORY;
	if (count > 0)
		memcpy(ended, ids, count * sizeof(*ids));
	*ret_ids = ended;
	return RESULT_OK;
}

enum result sqlite_op_request_list_stale(struct store *store, int64_t asked_before, int limit, struct arena *arena,
                                         struct access_request **ret_requests, size_t *ret_count)
{
	return sqlite_read_list(store, arena, &request_type, limit,
	                        REQUEST_SELECT " WHERE r.status = 'pending' AND r.issue_id IS NOT NULL AND r.asked_at < ?1 "
	                                       "ORDER BY r.asked_at LIMIT ?2",
	                        SQL_ARGS(sql_int(asked_before), sql_int(limit)), ret_requests, ret_count, NULL);
}
