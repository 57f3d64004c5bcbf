/* Pauses: until one is over, claims pass over what it holds (PAUSE_SPARES). One row a connector; a row whose time is
 * over means nothing and stays until the next. What changes the connector, or shows that it works, ends it. */
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

static enum result pause_work(struct session *session, struct sqlite_write *write)
{
	const int64_t *until = write->in;
	int64_t priority = write->flag ? JOB_PRIORITY_BULK : JOB_PRIORITY_SINGLE;

	if (connector_key_of(session, write->id) == 0)
		return refuse_not_found(write, "connector");
	sql_run(
	    session,
	    "INSERT INTO connector_pause (connector_id, priority, until) VALUES (?1, ?2, ?3) ON CONFLICT (connector_id) "
	    "DO UPDATE SET priority = excluded.priority, until = excluded.until WHERE excluded.priority <= "
	    "connector_pause.priority OR connector_pause.until <= ?4",
	    SQL_ARGS(sql_text(write->id), sql_int(priority), sql_int(*until), sql_int(session->now)));
	return RESULT_OK;
}

void pause_end(struct session *session, const char *connector_id)
{
	sql_run(session, "DELETE FROM connector_pause WHERE connector_id = ?1", SQL_ARGS(sql_text(connector_id)));
}

enum result sqlite_op_connector_pause(struct store *store, const char *connector_id, bool bulk_only, int64_t until,
                                      struct error *error)
{
	return sqlite_write(store,
	                    &(struct sqlite_write){
	                        .work = pause_work, .id = connector_id, .flag = bulk_only, .in = &until, .error = error});
}
