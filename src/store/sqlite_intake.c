/* Intake settings: one row, or the defaults while there is none. */
#include <jansson.h>

#include "base/json.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#include <string.h>

#define INTAKE_COLUMNS                                                                                                 \
	"project_keys, request_type_ids, tool_field, purpose_field, duration_field, beneficiary, approval, "               \
	"allowed_approvers, allowed_authors, approved_statuses, denied_statuses, revoked_statuses, "                       \
	"match_portal_customers, write_back_comment, transition_on_active, extension_request_type_ids, extension_field, "  \
	"updated_at, version"
#define INTAKE_SELECT "SELECT " INTAKE_COLUMNS " FROM intake_settings"

/* A column that holds a JSON array of strings. */
static const char *const *list_read(struct cursor *cursor)
{
	const char *text = cursor_peek(cursor), **list = NULL;
	json_t *array = NULL;
	size_t count = 0;

	if (json_read(text, strlen(text), &array, NULL) == RESULT_OK)
		list = arena_array(cursor->arena, json_array_size(array) + 1, sizeof(*list));
	for (size_t at = 0; list != NULL && at < json_array_size(array); at++) {
		const char *value = json_string_value(json_array_get(array, at));
		if (value != NULL)
			list[count++] = arena_strdup(cursor->arena, value);
		if (count > 0 && list[count - 1] == NULL)
			list = NULL;
	}
	json_decref(array);
	if (list == NULL)
		session_fail(cursor->session, RESULT_NO_MEMORY, "Out of memory while reading the intake settings.");
	return list;
}

static const char *list_write(struct session *session, const char *const *list)
{
	json_t *array = json_array();
	const char *text = NULL;
	bool failed = array == NULL;

	for (; !failed && list != NULL && *list != NULL; list++)
		failed = json_array_append_new(array, json_string(*list)) != 0;
	if (!failed)
		text = json_write(session->scratch, array);
	json_decref(array);
	if (text == NULL)
		session_fail(session, RESULT_NO_MEMORY, "Out of memory while keeping the intake settings.");
	return text;
}

static void intake_row_read(struct cursor *cursor, void *item)
{
	struct intake_settings *settings = item;

	settings->project_keys = list_read(cursor);
	settings->request_type_ids = list_read(cursor);
	settings->tool_field = cursor_text(cursor);
	settings->purpose_field = cursor_text(cursor);
	settings->duration_field = cursor_text(cursor);
	settings->beneficiary = cursor_text(cursor);
	settings->approval = cursor_text(cursor);
	settings->allowed_approvers = list_read(cursor);
	settings->allowed_authors = list_read(cursor);
	settings->approved_statuses = list_read(cursor);
	settings->denied_statuses = list_read(cursor);
	settings->revoked_statuses = list_read(cursor);
	settings->match_portal_customers = cursor_bool(cursor);
	settings->write_back_comment = cursor_bool(cursor);
	settings->transition_on_active = cursor_text(cursor);
	settings->extension_request_type_ids = list_read(cursor);
	settings->extension_field = cursor_text(cursor);
	settings->updated_at = cursor_int(cursor);
	settings->version = cursor_int(cursor);
}

static const struct row_type intake_row = {sizeof(struct intake_settings), intake_row_read, NULL};

enum result sqlite_op_intake_read(struct store *store, struct arena *arena, struct intake_settings *ret_settings)
{
	enum result result = sqlite_read_one(store, arena, &intake_row, INTAKE_SELECT, NULL, ret_settings);

	if (result != RESULT_NOT_FOUND)
		return result;
	intake_settings_default(ret_settings);
	return RESULT_OK;
}

static void intake_put(struct session *session, const struct intake_settings *settings)
{
	sql_run(
	    session,
	    "INSERT INTO intake_settings (one, " INTAKE_COLUMNS ") VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
	    "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 1) ON CONFLICT (one) DO UPDATE SET project_keys = "
	    "excluded.project_keys, "
	    "request_type_ids = excluded.request_type_ids, tool_field = excluded.tool_field, purpose_field = "
	    "excluded.purpose_field, duration_field = excluded.duration_field, beneficiary = excluded.beneficiary, "
	    "approval = excluded.approval, allowed_approvers = excluded.allowed_approvers, allowed_authors = "
	    "excluded.allowed_authors, approved_statuses = excluded.approved_statuses, denied_statuses = "
	    "excluded.denied_statuses, revoked_statuses = excluded.revoked_statuses, match_portal_customers = "
	    "excluded.match_portal_customers, write_back_comment = excluded.write_back_comment, transition_on_active = "
	    "excluded.transition_on_active, extension_request_type_ids = excluded.extension_request_type_ids, "
	    "extension_field = excluded.extension_field, updated_at = excluded.updated_at, version = version + 1",
	    SQL_ARGS(sql_text(list_write(session, settings->project_keys)),
	             sql_text(list_write(session, settings->request_type_ids)), sql_text(settings->tool_field),
	             sql_text(settings->purpose_field), sql_text(settings->duration_field), sql_text(settings->beneficiary),
	             sql_text(settings->approval), sql_text(list_write(session, settings->allowed_approvers)),
	             sql_text(list_write(session, settings->allowed_authors)),
	             sql_text(list_write(session, settings->approved_statuses)),
	             sql_text(list_write(session, settings->denied_statuses)),
	             sql_text(list_write(session, settings->revoked_statuses)), sql_int(settings->match_portal_customers),
	             sql_int(settings->write_back_comment), sql_text(settings->transition_on_active),
	             sql_text(list_write(session, settings->extension_request_type_ids)),
	             sql_text(settings->extension_field != NULL ? settings->extension_field : ""), sql_int(session->now)));
}

static enum result intake_change(struct session *session, struct sqlite_write *write)
{
	const struct intake_settings *settings = write->in;
	int64_t present = 0;
	enum result result;

	(void)sql_ask(session, "SELECT version FROM intake_settings", NULL, &present);
	result = version_check(write, present);
	if (result != RESULT_OK)
		return result;
	intake_put(session, settings);
	audit_append(session, write->actor, "settings.intakeUpdated", "settings", "intake", "ok",
	             audit_detail(session, NULL, "approval", settings->approval, NULL));
	return sql_read_one(session, write->arena, &intake_row, INTAKE_SELECT, NULL, write_out(write));
}

enum result sqlite_op_intake_write(struct store *store, const struct actor *actor,
                                   const struct intake_settings *settings, int64_t expected_version,
                                   struct arena *arena, struct intake_settings *ret_settings, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = intake_change,
	                                                  .actor = actor,
	                                                  .in = settings,
	                                                  .expected_version = expected_version,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_settings,
	                                                  .ret_size = sizeof(*ret_settings)});
}
