/* Stops: all access to one tool, or all of one person, taken away at once.
 *
 * What holds here: what a stop covers is on disk, grant by grant, before the first of them is touched. It is closed
 * with that: of a stopped tool nobody is granted anything any more, and what a person is granted after their stop was
 * approved after it. Grants are then asked back some at a time, each by the one function that moves grants, with the
 * admin as the actor, so that a crash in between loses nothing: whoever is still `waiting` is next. Those who are not
 * in their group yet come first, so that as few as can be are put in only to be taken out.
 *
 * A person asked for these removals: the brake does not hold them, and lets go of what it holds of them.
 *
 * The admin's reason lies in the stop's row, where it can be erased; the event has its salted hash. */
#include "store/sqlite_stop.h"

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "domain/code.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"

/* So many in one transaction: nobody waits long behind it. */
#define STOP_STEP 200

static const char *kind_name(enum stop_kind kind)
{
	return kind == STOP_TOOL ? "tool" : "person";
}

bool tool_is_stopped(struct session *session, const char *tool_id)
{
	return sql_exists(session, "SELECT 1 FROM tool WHERE tool_id = ?1 AND stop_key IS NOT NULL",
	                  SQL_ARGS(sql_text(tool_id)));
}

bool person_is_known(struct session *session, const char *account_id)
{
	return sql_exists(session,
	                  "SELECT 1 FROM access_request WHERE account_id = ?1 UNION ALL SELECT 1 FROM access_grant WHERE "
	                  "account_id = ?1 UNION ALL SELECT 1 FROM identity_mapping WHERE account_id = ?1",
	                  SQL_ARGS(sql_text(account_id)));
}

/* ---- what became of those that it covers ---- */

static const char *outcome_of(enum grant_event event, enum grant_status to)
{
	if (to == GRANT_MANUAL_FOLLOW_UP)
		return "failed";
	if (grant_is_open(to))
		return "leaving";
	return event == GRANT_EVENT_KEPT || event == GRANT_EVENT_KEPT_BY_HAND ? "kept" : "removed";
}

/* One that is still to be asked back stays so until it has ended: an expiry may be held, what a stop asks for is not.
 */
void stop_note(struct session *session, int64_t grant_key, enum grant_event event, enum grant_status to)
{
	sql_run(session, "UPDATE stop_grant SET outcome = ?2 WHERE grant_key = ?1 AND (?3 OR outcome <> 'waiting')",
	        SQL_ARGS(sql_int(grant_key), sql_text(outcome_of(event, to)), sql_int(!grant_is_open(to))));
}

/* ---- asking them back ---- */

struct covered {
	int64_t place, grant_key;
	const char *grant_id;
	enum stop_kind kind;
	struct actor actor;
};

static void covered_read(struct cursor *cursor, void *item)
{
	struct covered *covered = item;

	covered->place = cursor_int(cursor);
	covered->grant_key = cursor_int(cursor);
	covered->grant_id = cursor_text(cursor);
	covered->kind = text_equal(cursor_peek(cursor), "tool") ? STOP_TOOL : STOP_PERSON;
	covered->actor.kind = cursor_text(cursor);
	covered->actor.id = cursor_text(cursor);
}

static const struct row_type covered_row = {sizeof(struct covered), covered_read, NULL};

static void outcome_set(struct session *session, int64_t place, const char *outcome)
{
	sql_run(session, "UPDATE stop_grant SET outcome = ?2 WHERE place = ?1",
	        SQL_ARGS(sql_int(place), sql_text(outcome)));
}

/* A removal by time that is under way already goes on as one that was asked for. */
static void ask_for_unasked(struct session *session, int64_t grant_key)
{
	sql_run(session,
	        "UPDATE job SET unasked = 0 WHERE grant_key = ?1 AND unasked = 1 AND status IN ('queued', 'running', "
	        "'waiting')",
	        SQL_ARGS(sql_int(grant_key)));
}

static enum result ask_back(struct session *session, const struct sqlite_write *write, const struct covered *covered)
{
	const char *code = covered->kind == STOP_TOOL ? "tool_stopped" : "person_revoked";
	const struct code *known = code_find(code);
	struct grant_change change = {
	    .event = GRANT_EVENT_REVOKE, .code = code, .reason = known != NULL ? known->summary : code};
	struct sqlite_write one = {.actor = &covered->actor, .id = covered->grant_id, .in = &change, .error = write->error};
	enum result result;

	outcome_set(session, covered->place, "leaving");
	result = grant_move(session, &one);
	if (result == RESULT_OK)
		ask_for_unasked(session, covered->grant_key);
	/* One that has ended is asked for nothing more. */
	if (result == RESULT_CONFLICT)
		outcome_set(session, covered->place, "removed");
	return result == RESULT_CONFLICT ? RESULT_OK : result;
}

static enum result ask_some(struct session *session, const struct sqlite_write *write, size_t *ret_count)
{
	struct covered *list = NULL;
	size_t count = 0;
	enum result result = sql_read_list(
	    session, session->scratch, &covered_row, STOP_STEP,
	    "SELECT p.place, p.grant_key, p.grant_id, s.kind, s.actor_kind, s.actor_id FROM stop_grant p INDEXED BY "
	    "stop_grant_waiting JOIN stop s ON s.stop_key = p.stop_key WHERE p.outcome = 'waiting' ORDER BY p.place LIMIT "
	    "?1",
	    SQL_ARGS(sql_int(STOP_STEP)), &list, &count, NULL);

	for (size_t at = 0; result == RESULT_OK && at < count; at++)
		result = ask_back(session, write, &list[at]);
	if (result == RESULT_OK)
		*ret_count = count;
	return result;
}

static enum result advance_work(struct session *session, struct sqlite_write *write)
{
	bool *ret_more = write_out(write);
	size_t count = 0;
	enum result result = ask_some(session, write, &count);

	*ret_more = count == STOP_STEP;
	return result;
}

enum result sqlite_op_stop_advance(struct store *store, bool *ret_more, struct error *error)
{
	struct session session;
	bool due;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The store could not be read.");
	due =
	    sql_exists(&session, "SELECT 1 FROM stop_grant INDEXED BY stop_grant_waiting WHERE outcome = 'waiting'", NULL);
	sqlite_reader_end(&session);
	if (session.fault != RESULT_OK)
		return error_set(error, session.fault, "unavailable", "The stops under way could not be read.");
	if (!due) {
		*ret_more = false;
		return RESULT_OK;
	}
	return sqlite_write(
	    store,
	    &(struct sqlite_write){.work = advance_work, .error = error, .ret = ret_more, .ret_size = sizeof(*ret_more)});
}

/* ---- beginning ---- */

#define COVER                                                                                                          \
	"INSERT INTO stop_grant (stop_key, grant_key, grant_id, outcome) SELECT ?1, grant_key, grant_id, 'waiting' FROM "  \
	"access_grant WHERE "
#define COVER_OPEN " = ?2 AND status IN " GRANT_OPEN " ORDER BY status <> 'pendingProvision', grant_key"

static int64_t cover(struct session *session, int64_t stop_key, const struct stop_order *order)
{
	int64_t total;

	sql_run(session, order->kind == STOP_TOOL ? COVER "tool_id" COVER_OPEN : COVER "account_id" COVER_OPEN,
	        SQL_ARGS(sql_int(stop_key), sql_text(order->subject)));
	total = sql_changes(session);
	sql_run(session, "UPDATE stop SET total = ?2 WHERE stop_key = ?1", SQL_ARGS(sql_int(stop_key), sql_int(total)));
	return total;
}

static int64_t stop_insert(struct session *session, const struct actor *actor, const struct stop_order *order,
                           const uint8_t salt[TEXT_SALT_SIZE])
{
	sql_run(
	    session,
	    "INSERT INTO stop (kind, subject, stopped_at, actor_kind, actor_id, reason, reason_salt, total) VALUES (?1, "
	    "?2, ?3, ?4, ?5, ?6, ?7, 0)",
	    SQL_ARGS(sql_text(kind_name(order->kind)), sql_text(order->subject), sql_int(session->now),
	             sql_text(actor->kind), sql_text(actor->id), sql_text(order->reason), sql_bytes(salt, TEXT_SALT_SIZE)));
	return sqlite3_last_insert_rowid(session->connection->db);
}

static void stop_tell(struct session *session, const struct actor *actor, const struct stop_order *order,
                      const uint8_t salt[TEXT_SALT_SIZE], int64_t grants, int64_t requests)
{
	_cleanup_(json_decrefp) json_t *detail = json_object();
	bool failed = false, of_tool = order->kind == STOP_TOOL;

	json_put(detail, "grants", json_integer(grants), &failed);
	if (!of_tool)
		json_put(detail, "requests", json_integer(requests), &failed);
	if (order->reason != NULL)
		json_put_string(detail, "reasonHash", salted_hash(session, salt, order->reason), &failed);
	const char *text = failed ? NULL : json_write(session->scratch, detail);
	if (text == NULL)
		session_fail(session, RESULT_NO_MEMORY, "Out of memory while a stop began.");
	audit_append(session, actor, of_tool ? "tool.stopped" : "person.revoked", kind_name(order->kind), order->subject,
	             "ok", text);
}

static enum result begin(struct session *session, const struct sqlite_write *write, int64_t requests, int64_t *ret_key)
{
	const struct stop_order *order = write->in;
	uint8_t salt[TEXT_SALT_SIZE];
	size_t asked = 0;
	int64_t key;

	id_random_bytes(salt, sizeof(salt));
	key = stop_insert(session, write->actor, order, salt);
	stop_tell(session, write->actor, order, salt, cover(session, key, order), requests);
	*ret_key = key;
	return ask_some(session, write, &asked);
}

static enum result begin_tool(struct session *session, struct sqlite_write *write)
{
	const struct stop_order *order = write->in;
	struct tool present;
	int64_t key = 0;
	enum result result = tool_load(session, write, session->scratch, &present);

	if (result != RESULT_OK || present.stopped)
		return result;
	result = version_check(write, present.version);
	if (result == RESULT_OK)
		result = begin(session, write, 0, &key);
	if (result == RESULT_OK)
		sql_run(session, "UPDATE tool SET stop_key = ?2, updated_at = ?3, version = version + 1 WHERE tool_id = ?1",
		        SQL_ARGS(sql_text(order->subject), sql_int(key), sql_int(session->now)));
	return result;
}

/* ---- of a person ---- */

static void request_id_read(struct cursor *cursor, void *item)
{
	*(const char **)item = cursor_text(cursor);
}

static const struct row_type request_id_row = {sizeof(const char *), request_id_read, NULL};

/* Without a code, as a person's own word: an approval in Jira that began before is used up with it
 * (worker/intake_read.c). */
static enum result cancel_request(struct session *session, const struct sqlite_write *write, const char *request_id)
{
	const struct code *known = code_find("person_revoked");
	const struct request_change change = {.event = REQUEST_EVENT_CANCEL, .reason = known != NULL ? known->summary : ""};
	struct sqlite_write one = {
	    .actor = write->actor, .id = request_id, .in = &change, .arena = session->scratch, .error = write->error};

	return request_move(session, &one);
}

/* There is one a tool at most. */
static enum result cancel_requests(struct session *session, const struct sqlite_write *write, size_t *ret_count)
{
	const struct stop_order *order = write->in;
	const char **ids = NULL;
	enum result result =
	    sql_read_list(session, session->scratch, &request_id_row, SQLITE_WHOLE_LIST,
	                  "SELECT request_id FROM access_request WHERE account_id = ?1 AND status = 'pending' LIMIT ?2",
	                  SQL_ARGS(sql_text(order->subject), sql_int(SQLITE_WHOLE_LIST)), &ids, ret_count, NULL);

	for (size_t at = 0; result == RESULT_OK && at < *ret_count; at++)
		result = cancel_request(session, write, ids[at]);
	return result;
}

/* Something that no stop of this person has covered yet. */
static bool has_something(struct session *session, const char *account_id)
{
	return sql_exists(session,
	                  "SELECT 1 FROM access_request WHERE account_id = ?1 AND status = 'pending' UNION ALL SELECT 1 "
	                  "FROM access_grant g WHERE g.account_id = ?1 AND g.status IN " GRANT_OPEN
	                  " AND NOT EXISTS (SELECT 1 FROM stop_grant p JOIN stop s ON s.stop_key = p.stop_key WHERE "
	                  "p.grant_key = g.grant_key AND s.kind = 'person')",
	                  SQL_ARGS(sql_text(account_id)));
}

static enum result begin_person(struct session *session, struct sqlite_write *write)
{
	const struct stop_order *order = write->in;
	size_t requests = 0;
	int64_t key = 0;
	enum result result;

	if (!person_is_known(session, order->subject))
		return refuse_not_found(write, "person");
	if (!has_something(session, order->subject))
		return RESULT_OK;
	result = cancel_requests(session, write, &requests);
	return result == RESULT_OK ? begin(session, write, (int64_t)requests, &key) : result;
}

enum result sqlite_op_stop_begin(struct store *store, const struct actor *actor, const struct stop_order *order,
                                 int64_t expected_version, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = order->kind == STOP_TOOL ? begin_tool : begin_person,
	                                                  .actor = actor,
	                                                  .id = order->subject,
	                                                  .in = order,
	                                                  .expected_version = expected_version,
	                                                  .error = error});
}

/* ---- and on again ---- */

static enum result resume_work(struct session *session, struct sqlite_write *write)
{
	struct tool present;
	enum result result = tool_load(session, write, session->scratch, &present);

	if (result != RESULT_OK || !present.stopped)
		return result;
	result = version_check(write, present.version);
	if (result != RESULT_OK)
		return result;
	sql_run(session, "UPDATE tool SET stop_key = NULL, updated_at = ?2, version = version + 1 WHERE tool_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_int(session->now)));
	audit_append(session, write->actor, "tool.resumed", "tool", write->id, "ok", NULL);
	return RESULT_OK;
}

enum result sqlite_op_tool_resume(struct store *store, const struct actor *actor, const char *tool_id,
                                  int64_t expected_version, struct error *error)
{
	return sqlite_write(
	    store,
	    &(struct sqlite_write){
	        .work = resume_work, .actor = actor, .id = tool_id, .expected_version = expected_version, .error = error});
}
