/* Catalog tools and the groups that control them. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define TOOL_BY_ID "SELECT " TOOL_COLUMNS " FROM tool t WHERE t.tool_id = ?1"

static void group_read(struct cursor *cursor, struct entitlement_group *group)
{
	group->mode = cursor_text(cursor);
	group->group_id = cursor_text(cursor);
	group->display_name = cursor_text(cursor);
	group->manageable = cursor_bool(cursor);
	group->code = cursor_text(cursor);
	group->checked_at = cursor_int(cursor);
	group->allow_shared = cursor_bool(cursor);
}

/* Kept as a JSON array of numbers. */
static void warnings_read(struct cursor *cursor, struct expiry_warnings *warnings)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	const char *text = cursor_peek(cursor);

	if (json_read(text, strlen(text), &list, NULL) != RESULT_OK) {
		session_fail(cursor->session, RESULT_PROTOCOL, "A tool of the database has unreadable warning days.");
		return;
	}
	*warnings = (struct expiry_warnings){.count = json_array_size(list)};
	if (warnings->count > EXPIRY_WARNING_DAYS_MOST)
		warnings->count = EXPIRY_WARNING_DAYS_MOST;
	for (size_t at = 0; at < warnings->count; at++)
		warnings->days[at] = (int)json_integer_value(json_array_get(list, at));
}

static const char *warnings_write(struct session *session, const struct expiry_warnings *warnings)
{
	const char *text = "";

	for (size_t at = 0; text != NULL && at < warnings->count; at++)
		text = arena_printf(session->scratch, "%s%s%d", text, at > 0 ? "," : "", warnings->days[at]);
	text = text != NULL ? arena_printf(session->scratch, "[%s]", text) : NULL;
	if (text == NULL)
		session_fail(session, RESULT_NO_MEMORY, "Out of memory while keeping a tool.");
	return text;
}

static void tool_read(struct cursor *cursor, void *item)
{
	struct tool *tool = item;

	tool->tool_id = cursor_text(cursor);
	tool->name = cursor_text(cursor);
	tool->vendor = cursor_text(cursor);
	tool->url = cursor_text(cursor);
	tool->description = cursor_text(cursor);
	tool->risk = cursor_text(cursor);
	tool->default_duration_days = (int)cursor_int(cursor);
	tool->max_duration_days = (int)cursor_int(cursor);
	tool->requestable = cursor_bool(cursor);
	warnings_read(cursor, &tool->expiry_warnings);
	tool->review_before_expiry = cursor_bool(cursor);
	tool->review_days = (int)cursor_int(cursor);
	tool->connector_id = cursor_text(cursor);
	group_read(cursor, &tool->group);
	tool->group_job_id = cursor_text(cursor);
	tool->drift = cursor_text(cursor);
	tool->stopped = cursor_bool(cursor);
	tool->created_at = cursor_int(cursor);
	tool->updated_at = cursor_int(cursor);
	tool->version = cursor_int(cursor);
}

static const char *tool_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct tool *)item)->tool_id;
}

const struct row_type tool_row = {sizeof(struct tool), tool_read, tool_key};

enum result tool_get(struct session *session, struct arena *arena, const char *tool_id, struct tool *ret_tool)
{
	return sql_read_one(session, arena, &tool_row, TOOL_BY_ID, SQL_ARGS(sql_text(tool_id)), ret_tool);
}

enum result tool_load(struct session *session, struct sqlite_write *write, struct arena *arena, struct tool *ret_tool)
{
	enum result result = tool_get(session, arena, write->id, ret_tool);

	if (result == RESULT_NOT_FOUND)
		return refuse_not_found(write, "tool");
	return result;
}

/* Gives back the tool as it now is. */
static enum result tool_give(struct session *session, struct sqlite_write *write)
{
	return tool_load(session, write, write->arena, write_out(write));
}

static bool tool_has_grants(struct session *session, const char *tool_id)
{
	return sql_exists(session, "SELECT 1 FROM access_grant WHERE tool_id = ?1 AND status IN " GRANT_OPEN,
	                  SQL_ARGS(sql_text(tool_id)));
}

static enum result refuse_has_grants(struct sqlite_write *write)
{
	return write_refuse(write, RESULT_CONFLICT, "tool_has_grants", "Grants of this tool have not ended.");
}

/* The connector that a tool names must exist; none is fine. */
static enum result tool_connector(struct session *session, struct sqlite_write *write, const struct tool *tool,
                                  int64_t *ret_key)
{
	int64_t key = connector_key_of(session, tool->connector_id);

	if (tool->connector_id != NULL && key == 0)
		return refuse_not_found(write, "connector");
	*ret_key = key;
	return RESULT_OK;
}

static enum result tool_insert(struct session *session, struct sqlite_write *write)
{
	const struct tool *tool = write->in;
	int64_t created_at = tool->created_at != 0 ? tool->created_at : session->now, connector_key = 0;
	enum result result;

	if (idempotency_answered(session, write, &result))
		return result;
	if (sql_exists(session, "SELECT 1 FROM tool WHERE tool_id = ?1", SQL_ARGS(sql_text(tool->tool_id))))
		return write_refuse(write, RESULT_CONFLICT, "already_exists", "There is a tool with this id already.");
	if (label_retired(session, "tool", tool->tool_id))
		return write_refuse(write, RESULT_CONFLICT, "id_retired",
		                    "A tool with this id was deleted; ids are not used again.");
	result = tool_connector(session, write, tool, &connector_key);
	if (result != RESULT_OK)
		return result;
	sql_run(
	    session,
	    "INSERT INTO tool (tool_id, name, vendor, url, description, risk, default_duration_days, max_duration_days, "
	    "requestable, connector_key, created_at, updated_at, expiry_warning_days, drift, review_before_expiry, "
	    "review_days, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, coalesce(?14, "
	    "'report'), ?15, ?16, 1)",
	    SQL_ARGS(sql_text(tool->tool_id), sql_text(tool->name), sql_text(tool->vendor), sql_text(tool->url),
	             sql_text(tool->description), sql_text(tool->risk), sql_int(tool->default_duration_days),
	             sql_int(tool->max_duration_days), sql_int(tool->requestable), sql_key(connector_key),
	             sql_int(created_at), sql_int(tool->updated_at != 0 ? tool->updated_at : created_at),
	             sql_text(warnings_write(session, &tool->expiry_warnings)), sql_text(tool->drift),
	             sql_int(tool->review_before_expiry), sql_int(tool->review_days)));
	audit_append(session, write->actor, "tool.created", "tool", tool->tool_id, "ok",
	             audit_detail(session, NULL, "connectorId", tool->connector_id, "risk", tool->risk, NULL));
	idempotency_keep(session, write);
	return RESULT_OK;
}

enum result sqlite_op_tool_create(struct store *store, const struct actor *actor, const struct tool *tool,
                                  struct idempotency *idempotency, struct arena *arena, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = tool_insert,
	                                                  .actor = actor,
	                                                  .in = tool,
	                                                  .idempotency = idempotency,
	                                                  .arena = arena,
	                                                  .error = error});
}

enum result sqlite_op_tool_read(struct store *store, const char *tool_id, struct arena *arena, struct tool *ret_tool)
{
	return sqlite_read_one(store, arena, &tool_row, TOOL_BY_ID, SQL_ARGS(sql_text(tool_id)), ret_tool);
}

enum result sqlite_op_tool_list(struct store *store, const struct page *page, struct arena *arena,
                                struct tool **ret_tools, size_t *ret_count, const char **ret_next)
{
	return sqlite_read_list(store, arena, &tool_row, page_limit(page),
	                        "SELECT " TOOL_COLUMNS " FROM tool t WHERE t.tool_id > ?1 ORDER BY t.tool_id LIMIT ?2",
	                        SQL_ARGS(sql_text(page_after_up(page)), sql_int(page_limit(page) + 1)), ret_tools,
	                        ret_count, ret_next);
}

static void tool_forget_group(struct session *session, const char *tool_id)
{
	sql_run(session,
	        "UPDATE tool SET group_mode = NULL, group_id = NULL, group_display_name = NULL, group_manageable = 0, "
	        "group_code = NULL, group_checked_at = 0, group_allow_shared = 0, group_job_id = NULL WHERE tool_id = ?1",
	        SQL_ARGS(sql_text(tool_id)));
}

/* Of the group that is bound, or of one that is being created: whatever is made of it is bound to nothing. */
static void tool_let_go(struct session *session, const struct sqlite_write *write, const struct tool *present)
{
	if (present->group.group_id == NULL && present->group_job_id == NULL)
		return;
	creation_cancel(session, present->group_job_id);
	tool_forget_group(session, write->id);
	audit_append(session, write->actor, "tool.groupUnbound", "tool", write->id, "ok",
	             audit_detail(session, NULL, "groupId", present->group.group_id, "jobId", present->group_job_id, NULL));
}

static enum result tool_change(struct session *session, struct sqlite_write *write)
{
	const struct tool *tool = write->in;
	int64_t connector_key = 0;
	struct tool present;
	bool moves;
	enum result result = tool_load(session, write, session->scratch, &present);

	if (result == RESULT_OK)
		result = version_check(write, present.version);
	if (result == RESULT_OK)
		result = tool_connector(session, write, tool, &connector_key);
	if (result != RESULT_OK)
		return result;
	moves = !text_equal(present.connector_id, tool->connector_id);
	if (moves && tool_has_grants(session, write->id))
		return refuse_has_grants(write);
	if (moves)
		tool_let_go(session, write, &present);
	sql_run(
	    session,
	    "UPDATE tool SET name = ?2, vendor = ?3, url = ?4, description = ?5, risk = ?6, default_duration_days = ?7, "
	    "max_duration_days = ?8, requestable = ?9, connector_key = ?10, updated_at = ?11, expiry_warning_days = ?12, "
	    "drift = coalesce(?13, 'report'), review_before_expiry = ?14, review_days = ?15, version = version + 1 WHERE "
	    "tool_id = ?1",
	    SQL_ARGS(sql_text(write->id), sql_text(tool->name), sql_text(tool->vendor), sql_text(tool->url),
	             sql_text(tool->description), sql_text(tool->risk), sql_int(tool->default_duration_days),
	             sql_int(tool->max_duration_days), sql_int(tool->requestable), sql_key(connector_key),
	             sql_int(session->now), sql_text(warnings_write(session, &tool->expiry_warnings)),
	             sql_text(tool->drift), sql_int(tool->review_before_expiry), sql_int(tool->review_days)));
	audit_append(
	    session, write->actor, "tool.updated", "tool", write->id, "ok",
	    audit_detail(session, NULL, "connectorId", tool->connector_id, "risk", tool->risk, "drift", tool->drift, NULL));
	return tool_give(session, write);
}

enum result sqlite_op_tool_update(struct store *store, const struct actor *actor, const struct tool *tool,
                                  int64_t expected_version, struct arena *arena, struct tool *ret_tool,
                                  struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = tool_change,
	                                                  .actor = actor,
	                                                  .id = tool->tool_id,
	                                                  .in = tool,
	                                                  .expected_version = expected_version,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_tool,
	                                                  .ret_size = sizeof(*ret_tool)});
}

static enum result tool_remove(struct session *session, struct sqlite_write *write)
{
	struct tool present;
	enum result result = tool_load(session, write, session->scratch, &present);

	if (result == RESULT_OK)
		result = version_check(write, present.version);
	if (result != RESULT_OK)
		return result;
	if (tool_has_grants(session, write->id))
		return refuse_has_grants(write);
	sql_run(session, "DELETE FROM tool WHERE tool_id = ?1", SQL_ARGS(sql_text(write->id)));
	label_retire(session, "tool", write->id);
	audit_append(session, write->actor, "tool.deleted", "tool", write->id, "ok", NULL);
	return RESULT_OK;
}

enum result sqlite_op_tool_delete(struct store *store, const struct actor *actor, const char *tool_id,
                                  int64_t expected_version, struct error *error)
{
	return sqlite_write(
	    store,
	    &(struct sqlite_write){
	        .work = tool_remove, .actor = actor, .id = tool_id, .expected_version = expected_version, .error = error});
}

enum result tool_check_bind(struct session *session, struct sqlite_write *write, const struct tool *tool,
                            const struct entitlement_group *group)
{
	if (tool->connector_id == NULL)
		return write_refuse(write, RESULT_CONFLICT, "connector_not_tested",
		                    "The tool has no connector; choose one and test it first.");
	if (tool->group.group_id != NULL && !text_equal(tool->group.group_id, group->group_id) &&
	    tool_has_grants(session, write->id))
		return refuse_has_grants(write);
	if (!group->allow_shared &&
	    sql_exists(session,
	               "SELECT 1 FROM tool WHERE group_id = ?1 COLLATE NOCASE AND tool_id <> ?2 AND group_allow_shared = 0",
	               SQL_ARGS(sql_text(group->group_id), sql_text(write->id))))
		return write_refuse(write, RESULT_CONFLICT, "group_already_bound", "Another tool is controlled by this group.");
	return RESULT_OK;
}

void tool_put_group(struct session *session, const char *tool_id, const struct entitlement_group *group)
{
	sql_run(
	    session,
	    "UPDATE tool SET group_mode = ?2, group_id = ?3, group_display_name = ?4, group_manageable = ?5, group_code "
	    "= ?6, group_checked_at = ?7, group_allow_shared = ?8, group_job_id = NULL, updated_at = ?9, version = version "
	    "+ 1 WHERE "
	    "tool_id = ?1",
	    SQL_ARGS(sql_text(tool_id), sql_text(group->mode), sql_text(group->group_id), sql_text(group->display_name),
	             sql_int(group->manageable), sql_text(group->code), sql_int(group->checked_at),
	             sql_int(group->allow_shared), sql_int(session->now)));
}

static enum result tool_bind(struct session *session, struct sqlite_write *write)
{
	const struct entitlement_group *group = write->in;
	struct tool present;
	bool same;
	enum result result = tool_load(session, write, session->scratch, &present);

	if (result == RESULT_OK)
		result = tool_check_bind(session, write, &present, group);
	if (result != RESULT_OK)
		return result;
	same = text_equal(present.group.group_id, group->group_id) && text_equal(present.group.mode, group->mode) &&
	       present.group.allow_shared == group->allow_shared;
	if (same) {
		group_keep_check(session, connector_key_of(session, present.connector_id), group);
		return tool_give(session, write);
	}
	tool_put_group(session, write->id, group);
	audit_append(session, write->actor, "tool.groupBound", "tool", write->id, "ok",
	             audit_detail(session, NULL, "connectorId", present.connector_id, "groupId", group->group_id, "mode",
	                          group->mode, "code", group->code, NULL));
	return tool_give(session, write);
}

enum result sqlite_op_tool_bind_group(struct store *store, const struct actor *actor, const char *tool_id,
                                      const struct entitlement_group *group, struct arena *arena, struct tool *ret_tool,
                                      struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = tool_bind,
	                                                  .actor = actor,
	                                                  .id = tool_id,
	                                                  .in = group,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_tool,
	                                                  .ret_size = sizeof(*ret_tool)});
}

static enum result tool_unbind(struct session *session, struct sqlite_write *write)
{
	struct tool present;
	enum result result = tool_load(session, write, session->scratch, &present);

	if (result != RESULT_OK)
		return result;
	if (present.group.group_id != NULL && tool_has_grants(session, write->id))
		return refuse_has_grants(write);
	tool_let_go(session, write, &present);
	if (present.group.group_id != NULL)
		sql_run(session, "UPDATE tool SET updated_at = ?2, version = version + 1 WHERE tool_id = ?1",
		        SQL_ARGS(sql_text(write->id), sql_int(session->now)));
	return RESULT_OK;
}

enum result sqlite_op_tool_unbind_group(struct store *store, const struct actor *actor, const char *tool_id,
                                        struct error *error)
{
	return sqlite_write(store,
	                    &(struct sqlite_write){.work = tool_unbind, .actor = actor, .id = tool_id, .error = error});
}

static void tool_id_read(struct cursor *cursor, void *item)
{
	*(struct tool *)item = (struct tool){.tool_id = cursor_text(cursor), .group.code = cursor_text(cursor)};
}

static const struct row_type tool_id_row = {sizeof(struct tool), tool_id_read, NULL};

/* Whoever looks after the tool learns that its group is not what it was. */
static void group_tell_change(struct session *session, int64_t connector_key, const struct entitlement_group *group)
{
	struct tool *tools = NULL;
	size_t count = 0;

	if (sql_read_list(session, session->scratch, &tool_id_row, SQLITE_WHOLE_LIST,
	                  "SELECT tool_id, group_code FROM tool WHERE connector_key = ?1 AND group_id = ?2 AND group_code "
	                  "IS NOT ?3",
	                  SQL_ARGS(sql_key(connector_key), sql_text(group->group_id), sql_text(group->code)), &tools,
	                  &count, NULL) != RESULT_OK)
		return;
	for (size_t at = 0; at < count; at++)
		audit_append(session, &actor_worker, "tool.groupChanged", "tool", tools[at].tool_id,
		             group->manageable ? "ok" : "failed",
		             audit_detail(session, NULL, "groupId", group->group_id, "from", tools[at].group.code, "to",
		                          group->code, NULL));
}

void group_keep_check(struct session *session, int64_t connector_key, const struct entitlement_group *group)
{
	group_tell_change(session, connector_key, group);
	sql_run(session,
	        "UPDATE tool SET group_display_name = coalesce(?3, group_display_name), group_manageable = ?4, "
	        "group_code = ?5, group_checked_at = ?6 WHERE connector_key = ?1 AND group_id = ?2",
	        SQL_ARGS(sql_key(connector_key), sql_text(group->group_id), sql_text(group->display_name),
	                 sql_int(group->manageable), sql_text(group->code), sql_int(group->checked_at)));
}

static enum result tool_keep_check(struct session *session, struct sqlite_write *write)
{
	group_keep_check(session, connector_key_of(session, write->id), write->in);
	return RESULT_OK;
}

enum result sqlite_op_tool_save_group_check(struct store *store, const char *connector_id,
                                            const struct entitlement_group *group, struct error *error)
{
	return sqlite_write(
	    store, &(struct sqlite_write){.work = tool_keep_check, .id = connector_id, .in = group, .error = error});
}

enum result sqlite_op_tool_list_bound(struct store *store, const char *connector_id, struct arena *arena,
                                      struct tool **ret_tools, size_t *ret_count)
{
	return sqlite_read_list(store, arena, &tool_row, SQLITE_WHOLE_LIST,
	                        "SELECT " TOOL_COLUMNS
	                        " FROM tool t WHERE t.connector_key = (SELECT connector_key FROM connector WHERE "
	                        "connector_id = ?1) AND t.group_id IS NOT NULL ORDER BY t.tool_id",
	                        SQL_ARGS(sql_text(connector_id)), ret_tools, ret_count, NULL);
}

enum result sqlite_op_tool_find_by_text(struct store *store, const char *text, struct arena *arena,
                                        struct tool *ret_tool)
{
	struct tool *tools = NULL;
	size_t count = 0;
	enum result result = sqlite_op_tool_read(store, text, arena, ret_tool);

	if (result != RESULT_NOT_FOUND)
		return result;
	result = sqlite_read_list(store, arena, &tool_row, 2,
	                          "SELECT " TOOL_COLUMNS " FROM tool t WHERE t.name = ?1 ORDER BY t.tool_id LIMIT 2",
	                          SQL_ARGS(sql_text(text)), &tools, &count, NULL);
	if (result != RESULT_OK)
		return result;
	if (count != 1)
		return RESULT_NOT_FOUND;
	*ret_tool = tools[0];
	return RESULT_OK;
}
