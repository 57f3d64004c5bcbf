/* Migrations (sqlite_migration.h).
 *
 * The table schema_migration tells what ran: its number, its name, the SHA-256 of its text. Everything happens in one
 * immediate transaction, so that two processes that start together do not both migrate, and a machine that dies in the
 * middle finds the old shape again. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "store/sqlite_database.h"
#include "store/sqlite_migration.h"

#define APPLICATION_ID 0x41494331 /* "AIC1", in the file's header */

static enum result fail(sqlite3 *db, int code, struct error *error)
{
	enum result result = sqlite_result(code);

	(void)error_set(error, result, "unavailable", "The database could not be brought up to date: %s.",
	                sqlite3_errmsg(db));
	return result;
}

/* The first column of the first row; `otherwise` if there is none. */
static int64_t ask_int(sqlite3 *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *statement = NULL;
	int64_t value = otherwise;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static enum result check_ours(sqlite3 *db, struct error *error)
{
	int64_t application = ask_int(db, "PRAGMA application_id", -1);
	int64_t tables = ask_int(db, "SELECT count(*) FROM sqlite_schema", -1);

	if (application == APPLICATION_ID || (application == 0 && tables == 0))
		return RESULT_OK;
	if (application < 0 || tables < 0)
		return fail(db, sqlite3_errcode(db), error);
	return error_set(error, RESULT_INVALID, "store_foreign", "The file is a database of something else.");
}

static enum result checksum(const struct sqlite_migration *migration, char ret_hex[DIGEST_HEX_SIZE])
{
	return digest_sha256_hex(migration->sql, strlen(migration->sql), ret_hex);
}

/* Compares one remembered migration with ours of the same number. */
static enum result check_one(int number, const char *remembered, struct error *error)
{
	char hex[DIGEST_HEX_SIZE];

	if ((size_t)number > sqlite_migration_count)
		return error_set(error, RESULT_CONFLICT, "store_newer",
		                 "The database was made by a newer version (its migration %d is unknown here); install that "
		                 "version, or restore a backup made before it.",
		                 number);
	if (number < 1 || checksum(&sqlite_migrations[number - 1], hex) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory while checking migrations.");
	if (strcmp(hex, remembered) != 0)
		return error_set(
		    error, RESULT_CONFLICT, "store_migration_changed",
		    "Migration %s is not the one that made this database; the program or the database was changed.",
		    sqlite_migrations[number - 1].name);
	return RESULT_OK;
}

/* *ret_done: how many have run. */
static enum result check_remembered(sqlite3 *db, size_t *ret_done, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	enum result result = RESULT_OK;
	size_t done = 0;
	int code = sqlite3_prepare_v2(db, "SELECT number, checksum FROM schema_migration ORDER BY number DESC", -1,
	                              &statement, NULL);

	while (code == SQLITE_OK && result == RESULT_OK && sqlite3_step(statement) == SQLITE_ROW) {
		const char *remembered = (const char *)sqlite3_column_text(statement, 1);
		result = check_one(sqlite3_column_int(statement, 0), remembered != NULL ? remembered : "", error);
		done++;
	}
	sqlite3_finalize(statement);
	if (code != SQLITE_OK)
		return fail(db, code, error);
	if (result == RESULT_OK)
		*ret_done = done;
	return result;
}

static enum result apply_one(sqlite3 *db, const struct sqlite_migration *migration, const struct clock *clock,
                             struct error *error)
{
	char hex[DIGEST_HEX_SIZE], *sql;
	int code;

	if (checksum(migration, hex) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory while migrating.");
	code = sqlite3_exec(db, migration->sql, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return fail(db, code, error);
	sql = sqlite3_mprintf("INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (%d, %Q, %Q, %lld)",
	                      migration->number, migration->name, hex, (long long)clock_now_ms(clock));
	code = sql != NULL ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	return code == SQLITE_OK ? RESULT_OK : fail(db, code, error);
}

static enum result migrate_within(sqlite3 *db, const struct clock *clock, struct error *error)
{
	char pragma[64];
	size_t done = 0;
	int code;
	enum result result = check_ours(db, error);

	if (result != RESULT_OK)
		return result;
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d", APPLICATION_ID);
	code = sqlite3_exec(db,
	                    "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
	                    "checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
	                    NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, pragma, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return fail(db, code, error);
	result = check_remembered(db, &done, error);
	for (size_t at = done; result == RESULT_OK && at < sqlite_migration_count; at++)
		result = apply_one(db, &sqlite_migrations[at], clock, error);
	return result;
}

enum result sqlite_migrate(sqlite3 *db, const struct clock *clock, struct error *error)
{
	int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	enum result result = code == SQLITE_OK ? migrate_within(db, clock, error) : fail(db, code, error);

	if (result == RESULT_OK) {
		code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		if (code != SQLITE_OK)
			result = fail(db, code, error);
	}
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}
