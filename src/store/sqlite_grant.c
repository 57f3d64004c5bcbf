/* Grants, read. How they change: sqlite_grant_change.c. */
#include "base/text.h"
#include "store/sqlite_filter.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

static enum grant_action action_of(const char *name)
{
	if (text_equal(name, "provision"))
		return GRANT_ACTION_PROVISION;
	return text_equal(name, "deprovision") ? GRANT_ACTION_DEPROVISION : GRANT_ACTION_NONE;
}

static void grant_status_read(struct cursor *cursor, enum grant_status *status)
{
	if (grant_status_parse(cursor_peek(cursor), status) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A grant of the database has an unknown status.");
}

static void follow_up_read(struct cursor *cursor, struct grant_follow_up *follow_up)
{
	follow_up->action = action_of(cursor_peek(cursor));
	follow_up->code = cursor_text(cursor);
	follow_up->reason = cursor_text(cursor);
	follow_up->candidates = cursor_text(cursor);
	follow_up->since = cursor_int(cursor);
}

static void grant_row_read(struct cursor *cursor, void *item)
{
	struct grant_row *row = item;
	struct grant *grant = &row->grant;

	row->key = cursor_int(cursor);
	row->request_key = cursor_int(cursor);
	grant->grant_id = cursor_text(cursor);
	grant->request_id = cursor_text(cursor);
	grant->issue_key = cursor_text(cursor);
	grant->tool_id = cursor_text(cursor);
	grant->account_id = cursor_text(cursor);
	grant->connector_id = cursor_text(cursor);
	grant->tenant_id = cursor_text(cursor);
	grant->group_id = cursor_text(cursor);
	grant->external_user_id = cursor_text(cursor);
	grant_status_read(cursor, &grant->status);
	grant_status_read(cursor, &grant->ends_as);
	grant->membership_preexisting = cursor_bool(cursor);
	grant->duration_days = (int)cursor_int(cursor);
	grant->active_at = cursor_int(cursor);
	grant->expires_at = cursor_int(cursor);
	grant->code = cursor_text(cursor);
	grant->reason = cursor_text(cursor);
	follow_up_read(cursor, &grant->follow_up);
	grant->created_at = cursor_int(cursor);
	grant->updated_at = cursor_int(cursor);
	grant->version = cursor_int(cursor);
	row->saved = (struct grant_target){grant->connector_id, grant->tenant_id, grant->group_id, grant->external_user_id};
}

static void grant_read(struct cursor *cursor, void *item)
{
	struct grant_row row = {0};

	grant_row_read(cursor, &row);
	*(struct grant *)item = row.grant;
}

static const char *grant_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct grant *)item)->grant_id;
}

const struct row_type grant_row_type = {sizeof(struct grant_row), grant_row_read, NULL};
const struct row_type grant_type = {sizeof(struct grant), grant_read, grant_key};

#define GRANT_SELECT "SELECT " GRANT_COLUMNS GRANT_FROM

enum result grant_get(struct session *session, struct arena *arena, const char *grant_id, struct grant_row *ret_row)
{
	return sql_read_one(session, arena, &grant_row_type, GRANT_SELECT " WHERE g.grant_id = ?1",
	                    SQL_ARGS(sql_text(grant_id)), ret_row);
}

enum result sqlite_op_grant_read(struct store *store, const char *grant_id, struct arena *arena,
                                 struct grant *ret_grant)
{
	return sqlite_read_one(store, arena, &grant_type, GRANT_SELECT " WHERE g.grant_id = ?1",
	                       SQL_ARGS(sql_text(grant_id)), ret_grant);
}

static void history_read(struct cursor *cursor, void *item)
{
	struct grant_history *line = item;

	line->at = cursor_int(cursor);
	line->from = cursor_text(cursor);
	line->to = cursor_text(cursor);
	line->actor_kind = cursor_text(cursor);
	line->actor_id = cursor_text(cursor);
	line->code = cursor_text(cursor);
}

static const struct row_type history_row = {sizeof(struct grant_history), history_read, NULL};

enum result sqlite_op_grant_history(struct store *store, const char *grant_id, struct arena *arena,
                                    struct grant_history **ret_history, size_t *ret_count)
{
	return sqlite_read_list(store, arena, &history_row, SQLITE_WHOLE_LIST,
	                        "SELECT at, from_status, to_status, actor_kind, actor_id, code FROM grant_history WHERE "
	                        "grant_key = (SELECT grant_key FROM access_grant WHERE grant_id = ?1) ORDER BY history_key",
	                        SQL_ARGS(sql_text(grant_id)), ret_history, ret_count, NULL);
}

/* LEFT JOIN where one row always matches: it tells the planner to begin with the grants, in their order. */
#define GRANT_LIST                                                                                                     \
	"SELECT " GRANT_COLUMNS " FROM access_grant g LEFT JOIN access_request r ON r.request_key = g.request_key"
#define GRANT_LIST_BY_ISSUE                                                                                            \
	"SELECT " GRANT_COLUMNS " FROM access_request r CROSS JOIN access_grant g ON g.request_key = r.request_key"

enum result sqlite_op_grant_list(struct store *store, const struct request_filter *filter, const struct page *page,
                                 struct arena *arena, struct grant **ret_grants, size_t *ret_count,
                                 const char **ret_next)
{
	const struct filter_term terms[] = {
	    {"r.issue_key = ", "+r.issue_key = ", filter->issue_key, false},
	    {"g.account_id = ", "+g.account_id = ", filter->account_id, false},
	    {"g.tool_id = ", "+g.tool_id = ", filter->tool_id, false},
	    {"g.status = ", "+g.status = ", filter->status, true},
	};
	bool by_issue = filter->issue_key != NULL;
	struct filter_query query;

	filter_build(&query, by_issue ? GRANT_LIST_BY_ISSUE : GRANT_LIST, by_issue ? "+g.grant_id" : "g.grant_id", terms,
	             ARRAY_SIZE(terms), page);
	return sqlite_read_list(store, arena, &grant_type, page_limit(page), query.sql, query.values, ret_grants, ret_count,
	                        ret_next);
}

/* Whose end the issue moved: it holds that access as much as the one by which it came. */
#define EXTENDED_BY_ISSUE                                                                                              \
	" FROM access_request x JOIN access_grant g ON g.grant_key = x.extends_grant_key JOIN access_request r ON "        \
	"r.request_key = g.request_key WHERE x.site = ?1 AND x.issue_id = ?2 AND x.status = 'approved' AND g.status "      \
	"IN " GRANT_OPEN

enum result sqlite_op_grant_list_open_of_issue(struct store *store, const char *site, const char *issue_id,
                                               struct arena *arena, struct grant **ret_grants, size_t *ret_count)
{
	return sqlite_read_list(store, arena, &grant_type, SQLITE_WHOLE_LIST,
	                        GRANT_LIST_BY_ISSUE " WHERE r.site = ?1 AND r.issue_id = ?2 AND g.status IN " GRANT_OPEN
	                                            " UNION SELECT " GRANT_COLUMNS EXTENDED_BY_ISSUE " ORDER BY 3",
	                        SQL_ARGS(sql_text(site), sql_text(issue_id)), ret_grants, ret_count, NULL);
}
