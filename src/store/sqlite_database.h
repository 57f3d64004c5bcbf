/* One connection to the database file, and what is true of every one of them. */
#ifndef AIC_STORE_SQLITE_DATABASE_H
#define AIC_STORE_SQLITE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/result.h"

#define SQLITE_STATEMENTS_MAX 512

struct sqlite_statement {
	sqlite3_stmt *statement;
	uint32_t hash;
	bool busy; /* a cursor is open on it */
};

struct sqlite_connection {
	sqlite3 *db;
	size_t statement_count;
	struct sqlite_statement statements[SQLITE_STATEMENTS_MAX]; /* open addressing by the hash of their text */
	bool guarded;                                              /* the authorizer is on */
};

enum sqlite_access { SQLITE_FOR_READING, SQLITE_FOR_WRITING };

/* Routes SQLite's memory through base/memory; once, before the first connection. */
void sqlite_database_use_memory(void);
/* The file must exist. Pragmas are set. */
enum result sqlite_connection_open(const char *path, enum sqlite_access access,
                                   struct sqlite_connection **ret_connection, struct error *error) MUST_CHECK;
/* From now on nothing but reading, inserting, and updating or deleting outside the audit tables is prepared on it. */
void sqlite_connection_guard(struct sqlite_connection *connection);
/* Rewrites the whole file without its free space, and empties the log. Returns SQLite's code. */
int sqlite_connection_compact(struct sqlite_connection *connection);
void sqlite_connection_close(struct sqlite_connection *connection); /* accepts NULL */

/* What a code of SQLite means to a caller of the store. */
enum result sqlite_result(int code);
/* Fills *error from the connection's last failure. */
enum result sqlite_error(struct sqlite_connection *connection, int code, struct error *error);

#endif
