/* Stops, read: how far one has come, and whom it covers or would cover. */
#include "base/text.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_stop.h"

/* ---- the stop ---- */

#define COUNT_OF(outcome)                                                                                              \
	"(SELECT count(*) FROM stop_grant p INDEXED BY stop_grant_by_outcome WHERE p.stop_key = s.stop_key AND p.outcome " \
	"= '" outcome "')"
#define STOP_SELECT                                                                                                    \
	"SELECT s.stopped_at, s.actor_kind, s.actor_id, s.reason, s.total, " COUNT_OF("removed") ", " COUNT_OF(            \
	    "kept") ", " COUNT_OF("failed") " FROM stop s WHERE s.stop_key = "
#define LAST_OF(kind) "(SELECT max(stop_key) FROM stop WHERE kind = '" kind "' AND subject = ?1)"

static void stop_read(struct cursor *cursor, void *item)
{
	struct stop *stop = item;

	stop->stopped_at = cursor_int(cursor);
	stop->actor_kind = cursor_text(cursor);
	stop->actor_id = cursor_text(cursor);
	stop->reason = cursor_text(cursor);
	stop->total = cursor_int(cursor);
	stop->done = cursor_int(cursor);
	stop->kept = cursor_int(cursor);
	stop->failed = cursor_int(cursor);
}

static const struct row_type stop_row = {sizeof(struct stop), stop_read, NULL};

enum result sqlite_op_stop_read(struct store *store, enum stop_kind kind, const char *subject, struct arena *arena,
                                struct stop *ret_stop)
{
	return sqlite_read_one(store, arena, &stop_row,
	                       kind == STOP_TOOL ? STOP_SELECT "(SELECT stop_key FROM tool WHERE tool_id = ?1)"
	                                         : STOP_SELECT LAST_OF("person"),
	                       SQL_ARGS(sql_text(subject)), ret_stop);
}

/* ---- whom another grant keeps ---- */

/* The rule by which a removal finds out (sqlite_membership.c, OTHER_HOLDS), for a grant `g` at the instant ?2, with one
 * difference: what ends with `g` keeps nobody, and neither does one whose time is over. */
#define ELSEWHERE                                                                                                      \
	"NOT EXISTS (SELECT 1 FROM identity_mapping i JOIN connector c ON c.connector_key = i.connector_key WHERE "        \
	"i.account_id = g.account_id AND c.connector_id = g.connector_id AND coalesce(i.resolved_object_id, "              \
	"i.external_id) <> g.external_user_id COLLATE NOCASE)"
#define KEEPER(outside)                                                                                                \
	"(SELECT o.grant_key FROM access_grant o WHERE " BRAKE_OTHER(                                                      \
	    "g") " AND o.external_user_id = g.external_user_id AND " outside                                               \
	         " AND " BRAKE_KEEPS("o", "?2") " UNION ALL SELECT o.grant_key FROM access_grant o WHERE " BRAKE_OTHER(    \
	             "g") " AND o.account_id = g.account_id AND o.external_user_id IS NULL AND o.status = "                \
	                  "'pendingProvision' AND g.external_user_id IS NOT NULL AND " outside " AND " ELSEWHERE           \
	                  " LIMIT 1)"
#define KEEPER_OF_TOOL KEEPER("o.tool_id <> g.tool_id")
#define KEEPER_OF_PERSON KEEPER("o.account_id IS NOT g.account_id")

/* ---- a preview ---- */

/* Materialized: who keeps whom is asked for once a grant. */
#define PREVIEW(of, keeper)                                                                                            \
	"WITH listed AS MATERIALIZED (SELECT g.membership_preexisting AS preexisting, " keeper                             \
	" IS NOT NULL AS kept FROM access_grant g WHERE g." of " = ?1 AND g.status IN " GRANT_OPEN                         \
	") SELECT count(*), coalesce(sum(kept), 0), coalesce(sum(NOT kept AND preexisting), 0), (SELECT count(*) FROM "    \
	"access_request WHERE " of " = ?1 AND status = 'pending') FROM listed"

static void preview_read(struct cursor *cursor, void *item)
{
	struct stop_preview *preview = item;

	preview->total = cursor_int(cursor);
	preview->kept = cursor_int(cursor);
	preview->failed = cursor_int(cursor);
	preview->requests = cursor_int(cursor);
	preview->removed = preview->total - preview->kept - preview->failed;
}

static const struct row_type preview_row = {sizeof(struct stop_preview), preview_read, NULL};

static bool subject_is_known(struct session *session, enum stop_kind kind, const char *subject)
{
	if (kind == STOP_PERSON)
		return person_is_known(session, subject);
	return sql_exists(session, "SELECT 1 FROM tool WHERE tool_id = ?1", SQL_ARGS(sql_text(subject)));
}

enum result sqlite_op_stop_preview(struct store *store, enum stop_kind kind, const char *subject,
                                   struct stop_preview *ret_preview)
{
	struct session session;
	struct stop_preview preview = {0};
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	result = RESULT_NOT_FOUND;
	if (subject_is_known(&session, kind, subject))
		result = sql_read_one(
		    &session, NULL, &preview_row,
		    kind == STOP_TOOL ? PREVIEW("tool_id", KEEPER_OF_TOOL) : PREVIEW("account_id", KEEPER_OF_PERSON),
		    SQL_ARGS(sql_text(subject), sql_int(clock_now_ms(sqlite_store_of(store)->clock))), &preview);
	sqlite_reader_end(&session);
	if (session.fault != RESULT_OK)
		return session.fault;
	if (result == RESULT_OK)
		*ret_preview = preview;
	return result;
}

/* ---- by name ---- */

/* The page first, by its index; who keeps whom is asked for those on it alone. ?3: where the page begins, ?4: its
 * length. */
#define PAGE_OPEN(of)                                                                                                  \
	"(SELECT grant_key, 'open' AS outcome FROM access_grant WHERE " of " = ?1 AND status IN " GRANT_OPEN               \
	" AND ?5 IS NULL AND grant_id < ?3 ORDER BY grant_id DESC LIMIT ?4)"
#define PAGE_COVERED(kind)                                                                                             \
	"(SELECT grant_key, outcome FROM stop_grant WHERE stop_key = " LAST_OF(                                            \
	    kind) " AND (?5 IS NULL OR outcome = ?5) AND grant_id < ?3 ORDER BY grant_id DESC LIMIT ?4)"
#define ITEMS(page, keeper)                                                                                            \
	"SELECT g.grant_id, g.tool_id, g.account_id, g.connector_id, g.group_id, g.external_user_id, g.status, CASE WHEN " \
	"p.outcome <> 'open' THEN p.outcome WHEN k.grant_key IS NOT NULL THEN 'kept' WHEN g.membership_preexisting THEN "  \
	"'failed' ELSE 'removed' END, k.grant_id, k.tool_id FROM " page                                                    \
	" p JOIN access_grant g ON g.grant_key = p.grant_key LEFT JOIN access_grant k ON p.outcome IN ('open', 'kept') "   \
	"AND k.grant_key = " keeper " ORDER BY g.grant_id DESC"

static void item_read(struct cursor *cursor, void *row)
{
	struct stop_item *item = row;

	item->grant_id = cursor_text(cursor);
	item->tool_id = cursor_text(cursor);
	item->account_id = cursor_text(cursor);
	item->connector_id = cursor_text(cursor);
	item->group_id = cursor_text(cursor);
	item->external_user_id = cursor_text(cursor);
	if (grant_status_parse(cursor_peek(cursor), &item->status) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A grant of the database has an unknown status.");
	item->outcome = cursor_text(cursor);
	item->kept_by_grant_id = cursor_text(cursor);
	item->kept_by_tool_id = cursor_text(cursor);
}

static const char *item_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct stop_item *)item)->grant_id;
}

static const struct row_type item_row = {sizeof(struct stop_item), item_read, item_key};

static const char *list_sql(const struct stop_filter *filter)
{
	if (filter->kind == STOP_TOOL)
		return filter->preview ? ITEMS(PAGE_OPEN("tool_id"), KEEPER_OF_TOOL)
		                       : ITEMS(PAGE_COVERED("tool"), KEEPER_OF_TOOL);
	return filter->preview ? ITEMS(PAGE_OPEN("account_id"), KEEPER_OF_PERSON)
	                       : ITEMS(PAGE_COVERED("person"), KEEPER_OF_PERSON);
}

enum result sqlite_op_stop_list(struct store *store, const struct stop_filter *filter, const struct page *page,
                                struct arena *arena, struct stop_item **ret_items, size_t *ret_count,
                                const char **ret_next)
{
	return sqlite_read_list(store, arena, &item_row, page_limit(page), list_sql(filter),
	                        SQL_ARGS(sql_text(filter->subject), sql_int(clock_now_ms(sqlite_store_of(store)->clock)),
	                                 sql_text(page_after_down(page)), sql_int(page_limit(page) + 1),
	                                 sql_text(filter->outcome)),
	                        ret_items, ret_count, ret_next);
}
