/* Migrations: numbered SQL, embedded at build time, each run once and remembered with its checksum. */
#ifndef AIC_STORE_SQLITE_MIGRATION_H
#define AIC_STORE_SQLITE_MIGRATION_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/result.h"

struct sqlite_migration {
	int number;
	const char *name; /* "0001_first" */
	const char *sql;
};

/* Made by scripts/embed-migrations; ascending, without gaps. */
extern const struct sqlite_migration sqlite_migrations[];
extern const size_t sqlite_migration_count;

/* Brings the database to the newest shape, in one transaction. store_newer: it knows a migration that we do not.
 * store_migration_changed: one that ran reads differently now. store_foreign: it is not ours at all. */
enum result sqlite_migrate(sqlite3 *db, const struct clock *clock, struct error *error) MUST_CHECK;

#endif
