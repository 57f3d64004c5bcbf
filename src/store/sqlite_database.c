/* Connections (sqlite_database.h).
 *
 * What is true of every connection: WAL with synchronous=FULL, so that a commit that was reported is on the disk;
 * foreign keys; deleted content overwritten; temporary structures in memory, which is wiped when it is freed; and, once
 * guarded, an authorizer that lets nothing change the audit tables, the schema or the settings, whatever the statement.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite_database.h"

/* SQLite wants to know the size of its blocks: it stands before each of them. */
#define BLOCK_PREFIX 16

static void *block_alloc(int size)
{
	unsigned char *block = memory_alloc(BLOCK_PREFIX + (size_t)size);

	if (block == NULL)
		return NULL;
	memcpy(block, &size, sizeof(size));
	return block + BLOCK_PREFIX;
}

static void block_free(void *block)
{
	if (block != NULL)
		memory_free((unsigned char *)block - BLOCK_PREFIX);
}

static int block_size(void *block)
{
	int size = 0;

	if (block != NULL)
		memcpy(&size, (unsigned char *)block - BLOCK_PREFIX, sizeof(size));
	return size;
}

static void *block_realloc(void *block, int size)
{
	unsigned char *moved = memory_realloc((unsigned char *)block - BLOCK_PREFIX, BLOCK_PREFIX + (size_t)size);

	if (moved == NULL)
		return NULL;
	memcpy(moved, &size, sizeof(size));
	return moved + BLOCK_PREFIX;
}

static int block_round_up(int size)
{
	return (size + 7) & ~7;
}

static int block_init(void *unused)
{
	(void)unused;
	return SQLITE_OK;
}

static void block_shutdown(void *unused)
{
	(void)unused;
}

static void install_memory(void)
{
	static const struct sqlite3_mem_methods methods = {
	    .xMalloc = block_alloc,
	    .xFree = block_free,
	    .xRealloc = block_realloc,
	    .xSize = block_size,
	    .xRoundup = block_round_up,
	    .xInit = block_init,
	    .xShutdown = block_shutdown,
	};

	/* Refused if the process used SQLite before: then its memory is not ours to choose any more. */
	(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_initialize();
}

void sqlite_database_use_memory(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, install_memory);
}

enum result sqlite_result(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return RESULT_OK;
	case SQLITE_NOMEM:
		return RESULT_NO_MEMORY;
	case SQLITE_CONSTRAINT:
		return RESULT_CONFLICT;
	case SQLITE_AUTH:
		return RESULT_DENIED;
	case SQLITE_TOOBIG:
		return RESULT_TOO_LARGE;
	default:
		return RESULT_UNAVAILABLE;
	}
}

static const char *result_code(enum result result)
{
	switch (result) {
	case RESULT_UNAVAILABLE:
		return "unavailable";
	case RESULT_CONFLICT:
		return "conflict";
	default:
		return NULL;
	}
}

enum result sqlite_error(struct sqlite_connection *connection, int code, struct error *error)
{
	enum result result = sqlite_result(code);

	(void)error_set(error, result, result_code(result), "The database could not do it: %s (%d).",
	                sqlite3_errmsg(connection->db), sqlite3_extended_errcode(connection->db));
	if (error != NULL)
		error->retryable = result == RESULT_UNAVAILABLE;
	return result;
}

/* Every statement that is prepared passes by here. */
static int authorize(void *context, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
	(void)context, (void)second, (void)database, (void)trigger;
	switch (action) {
	case SQLITE_READ:
	case SQLITE_SELECT:
	case SQLITE_FUNCTION:
	case SQLITE_RECURSIVE:
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
	case SQLITE_INSERT:
		return SQLITE_OK;
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		if (first != NULL && (strcmp(first, "audit_event") == 0 || strcmp(first, "audit_checkpoint") == 0))
			return SQLITE_DENY;
		return SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

void sqlite_connection_guard(struct sqlite_connection *connection)
{
	(void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_set_authorizer(connection->db, authorize, NULL);
	connection->guarded = true;
}

/* The copy goes to a file, since it is as large as the database; to memory only where there is no place for a file.
 * What is copied is what is left: nothing that was deleted. */
static int vacuum(sqlite3 *db)
{
	int code = sqlite3_exec(db, "PRAGMA temp_store = FILE; VACUUM", NULL, NULL, NULL);
	int again = sqlite3_exec(db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);

	if ((code & 0xff) == SQLITE_CANTOPEN)
		code = sqlite3_exec(db, "VACUUM", NULL, NULL, NULL);
	return code != SQLITE_OK ? code : again;
}

int sqlite_connection_compact(struct sqlite_connection *connection)
{
	int code;

	(void)sqlite3_set_authorizer(connection->db, NULL, NULL); /* VACUUM attaches a database, and writes its schema */
	code = vacuum(connection->db);
	if (connection->guarded)
		sqlite_connection_guard(connection);
	if (code == SQLITE_OK)
		code = sqlite3_wal_checkpoint_v2(connection->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return code;
}

static int set_pragmas(sqlite3 *db, enum sqlite_access access)
{
	int code = sqlite3_exec(db,
	                        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA temp_store = MEMORY;"
	                        "PRAGMA cache_size = -2000; PRAGMA trusted_schema = OFF;",
	                        NULL, NULL, NULL);

	if (code != SQLITE_OK || access == SQLITE_FOR_READING)
		return code;
	return sqlite3_exec(db,
	                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
	                    "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864;",
	                    NULL, NULL, NULL);
}

enum result sqlite_connection_open(const char *path, enum sqlite_access access,
                                   struct sqlite_connection **ret_connection, struct error *error)
{
	struct sqlite_connection *connection = memory_calloc(1, sizeof(*connection));
	int flags = (access == SQLITE_FOR_READING ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
	enum result result;
	int code;

	if (connection == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory while opening the database.");
	code = sqlite3_open_v2(path, &connection->db, flags, NULL);
	if (code == SQLITE_OK) {
		(void)sqlite3_extended_result_codes(connection->db, 1);
		(void)sqlite3_busy_timeout(connection->db, 5000);
		code = set_pragmas(connection->db, access);
	}
	if (code == SQLITE_OK) {
		*ret_connection = connection;
		return RESULT_OK;
	}
	result = connection->db != NULL
	             ? sqlite_error(connection, code, error)
	             : error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory while opening the database.");
	sqlite_connection_close(connection);
	return result;
}

void sqlite_connection_close(struct sqlite_connection *connection)
{
	if (connection == NULL)
		return;
	for (size_t at = 0; at < SQLITE_STATEMENTS_MAX; at++)
		sqlite3_finalize(connection->statements[at].statement);
	(void)sqlite3_close(connection->db);
	memory_free(connection);
}
