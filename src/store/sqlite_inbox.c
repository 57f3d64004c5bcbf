/* The inbox: events that were acknowledged, each with the intake job that it started. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define EVENT_COLUMNS                                                                                                  \
	"event_id, source, webhook_identifier, body_hash, issue_id, issue_key, event_type, status, code, reason, "         \
	"request_id, received_at"

static void event_read(struct cursor *cursor, void *item)
{
	struct inbox_event *event = item;

	event->event_id = cursor_text(cursor);
	event->source = cursor_text(cursor);
	event->webhook_identifier = cursor_text(cursor);
	cursor_fixed(cursor, event->body_hash, sizeof(event->body_hash));
	event->issue_id = cursor_text(cursor);
	event->issue_key = cursor_text(cursor);
	event->event_type = cursor_text(cursor);
	event->status = cursor_text(cursor);
	event->code = cursor_text(cursor);
	event->reason = cursor_text(cursor);
	event->request_id = cursor_text(cursor);
	event->received_at = cursor_int(cursor);
}

static const struct row_type event_row = {sizeof(struct inbox_event), event_read, NULL};

/* An event of the same issue whose job has not begun: it will see whatever this one is about. One that runs may have
 * asked Jira before that happened, so it stands for nobody else. */
static const char *automation_unread(struct session *session, const char *issue_key)
{
	return sql_ask_text(
	    session, session->scratch,
	    "SELECT e.event_id FROM job j JOIN inbox_event e ON e.event_id = j.inbox_event_id WHERE j.kind = "
	    "'intake' AND j.subject = ?1 AND " JOB_NOT_BEGUN("j") " AND e.source = 'automation' "
	                                                          "AND e.status = 'received' ORDER BY j.job_key LIMIT 1",
	    SQL_ARGS(sql_text(issue_key)));
}

/* The event that this one repeats; NULL: none. *ret_again: only the bytes are the same, which two different moments of
 * an issue can be said in, so the issue is to be looked at again. */
static const char *event_repeated(struct session *session, const struct inbox_event *event, bool *ret_again)
{
	const char *first = NULL;

	if (text_equal(event->source, "automation"))
		return automation_unread(session, event->issue_key);
	if (event->webhook_identifier != NULL)
		first =
		    sql_ask_text(session, session->scratch,
		                 "SELECT event_id FROM inbox_event WHERE webhook_identifier = ?1 ORDER BY event_key LIMIT 1",
		                 SQL_ARGS(sql_text(event->webhook_identifier)));
	if (first != NULL)
		return first;
	first = sql_ask_text(session, session->scratch,
	                     "SELECT event_id FROM inbox_event WHERE body_hash = ?1 AND source <> 'automation'",
	                     SQL_ARGS(sql_bytes(event->body_hash, sizeof(event->body_hash))));
	*ret_again = first != NULL;
	return first;
}

/* Unless a job that has not begun will look at it anyway. */
static void intake_look_again(struct session *session, const char *issue)
{
	if (!sql_exists(session, "SELECT 1 FROM job j WHERE kind = 'intake' AND subject = ?1 AND " JOB_NOT_BEGUN("j"),
	                SQL_ARGS(sql_text(issue))))
		job_start(session, &(struct job_start){.kind = JOB_INTAKE, .subject = issue});
}

static void event_insert(struct session *session, const struct inbox_event *event)
{
	sql_run(session,
	        "INSERT INTO inbox_event (" EVENT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	        SQL_ARGS(sql_text(event->event_id), sql_text(event->source), sql_text(event->webhook_identifier),
	                 sql_bytes(event->body_hash, sizeof(event->body_hash)), sql_text(event->issue_id),
	                 sql_text(event->issue_key), sql_text(event->event_type),
	                 sql_text(event->status != NULL ? event->status : "received"), sql_text(event->code),
	                 sql_text(event->reason), sql_text(event->request_id),
	                 sql_int(event->received_at != 0 ? event->received_at : session->now)));
}

static enum result event_add(struct session *session, struct sqlite_write *write)
{
	const struct inbox_event *event = write->in;
	const char *issue = event->issue_id != NULL ? event->issue_id : event->issue_key;
	bool readable = event->status == NULL || text_equal(event->status, "received");
	bool again = false;
	const char *first = event_repeated(session, event, &again);
	char *ret_event_id = write_out(write);

	strncpy(ret_event_id, first != NULL ? first : event->event_id, ID_SIZE - 1);
	if (first != NULL && again && readable && issue != NULL)
		intake_look_again(session, issue);
	if (first != NULL)
		return RESULT_OK;
	event_insert(session, event);
	if (readable)
		job_start(session,
		          &(struct job_start){.kind = JOB_INTAKE, .subject = issue, .inbox_event_id = event->event_id});
	return RESULT_OK;
}

enum result sqlite_op_inbox_add(struct store *store, const struct inbox_event *event, char ret_event_id[37],
                                struct error *error)
{
	return sqlite_write(store,
	                    &(struct sqlite_write){
	                        .work = event_add, .in = event, .error = error, .ret = ret_event_id, .ret_size = ID_SIZE});
}

enum result sqlite_op_inbox_read(struct store *store, const char *event_id, struct arena *arena,
                                 struct inbox_event *ret_event)
{
	return sqlite_read_one(store, arena, &event_row, "SELECT " EVENT_COLUMNS " FROM inbox_event WHERE event_id = ?1",
	                       SQL_ARGS(sql_text(event_id)), ret_event);
}

struct settlement {
	const char *status, *code, *reason, *request_id;
};

static enum result event_settle(struct session *session, struct sqlite_write *write)
{
	const struct settlement *settlement = write->in;

	sql_run(session, "UPDATE inbox_event SET status = ?2, code = ?3, reason = ?4, request_id = ?5 WHERE event_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_text(settlement->status), sql_text(settlement->code),
	                 sql_text(settlement->reason), sql_text(settlement->request_id)));
	return sql_changes(session) > 0 ? RESULT_OK : refuse_not_found(write, "inbox event");
}

enum result sqlite_op_inbox_finish(struct store *store, const char *event_id, const char *status, const char *code,
                                   const char *reason, const char *request_id, struct error *error)
{
	struct settlement settlement = {status, code, reason, request_id};

	return sqlite_write(
	    store, &(struct sqlite_write){.work = event_settle, .id = event_id, .in = &settlement, .error = error});
}

static enum result intake_start(struct session *session, struct sqlite_write *write)
{
	intake_look_again(session, write->id);
	return RESULT_OK;
}

enum result sqlite_op_intake_enqueue(struct store *store, const char *issue, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = intake_start, .id = issue, .error = error});
}

static enum result sweep_start(struct session *session, struct sqlite_write *write)
{
	(void)write;
	if (!sql_exists(session, "SELECT 1 FROM job WHERE kind = 'sweep' AND status IN ('queued', 'running', 'waiting')",
	                NULL))
		job_start(session, &(struct job_start){.kind = JOB_SWEEP});
	return RESULT_OK;
}

enum result sqlite_op_sweep_enqueue(struct store *store, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = sweep_start, .error = error});
}
