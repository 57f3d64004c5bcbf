/* Getting rid of what was deleted.
 *
 * secure_delete overwrites what a statement deletes, but not the copies that stayed behind in a page's free space when
 * the page was split or its rows moved, nor the older pages in the write-ahead log. Only writing the file anew gets rid
 * of those. An erasure leaves a mark that this is still to be done, in its own transaction, so that it is done even if
 * the machine stops in between. */
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define ASKED "erasure.compact"

void compaction_ask(struct session *session)
{
	sql_run(session, "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
	        SQL_ARGS(sql_text(ASKED), sql_bytes("1", 1)));
}

static enum result compact(struct session *session, struct sqlite_write *write)
{
	int code = sqlite_connection_compact(session->connection);

	if (code == SQLITE_OK)
		return RESULT_OK;
	return write_refuse(write, RESULT_UNAVAILABLE, "unavailable",
	                    "The free space of the database could not be cleaned now (SQLite says %d): somebody else uses "
	                    "the file, or there is no room for a copy of it.",
	                    code);
}

static enum result forget_asked(struct session *session, struct sqlite_write *write)
{
	(void)write;
	sql_run(session, "DELETE FROM meta WHERE name = ?1", SQL_ARGS(sql_text(ASKED)));
	return RESULT_OK;
}

enum result sqlite_compact(struct store *store, struct error *error)
{
	enum result result = sqlite_write(store, &(struct sqlite_write){.work = compact, .alone = true, .error = error});

	if (result == RESULT_OK)
		result = sqlite_write(store, &(struct sqlite_write){.work = forget_asked, .error = error});
	return result;
}

enum result sqlite_compact_if_asked(struct store *store, struct error *error)
{
	struct session session;
	bool asked;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The database cannot be read.");
	asked = sql_exists(&session, "SELECT 1 FROM meta WHERE name = ?1", SQL_ARGS(sql_text(ASKED)));
	result = session.fault;
	sqlite_reader_end(&session);
	return result == RESULT_OK && asked ? sqlite_compact(store, error) : result;
}
