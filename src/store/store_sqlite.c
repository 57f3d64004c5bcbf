/* The SQLite store: how it opens, how it closes, and its table of operations. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_migration.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_store.h"
#include "store/sqlite_work.h"

#define LOCK_PATH_SIZE (PATH_MAX + sizeof(".lock"))

#define SQLITE_ENTRY(name) .name = sqlite_op_##name,
static const struct store_ops sqlite_ops = {.name = "sqlite", SQLITE_OPERATIONS(SQLITE_ENTRY)};

/* ---- the file ---- */

/* The database is personal data and sealed secrets: nobody else reads it, whatever the umask. SQLite gives its side
 * files the mode of the database. */
static enum result file_make(const struct store_options *options, const char *path, struct error *error)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | (options->create ? O_CREAT : 0), 0600);
	int problem = errno;

	if (fd < 0 && problem == ENOENT && !options->create)
		return error_set(error, RESULT_NOT_FOUND, "store_missing", "There is no database at %s.", path);
	if (fd < 0)
		return error_set(error, RESULT_IO, NULL, "The database %s cannot be opened: %s.", path, strerror(problem));
	close(fd);
	return RESULT_OK;
}

/* Where the lock lies: beside the file itself, by whatever symbolic link it was opened. A second hard link would have a
 * lock, and a -wal, of its own beside it. */
static enum result lock_path(const struct sqlite_store *store, char path[LOCK_PATH_SIZE], struct error *error)
{
	char real[PATH_MAX];
	struct stat status;

	if (realpath(store->path, real) == NULL || stat(real, &status) != 0)
		return error_set(error, RESULT_IO, NULL, "The database %s cannot be found: %s.", store->path, strerror(errno));
	if (status.st_nlink > 1)
		return error_set(error, RESULT_INVALID, NULL,
		                 "The database %s has a second name (a hard link), under which its changes would be lost; "
		                 "remove that name or copy the file.",
		                 store->path);
	(void)snprintf(path, LOCK_PATH_SIZE, "%s.lock", real);
	return RESULT_OK;
}

/* One service to a file. The lock is the process's: it is gone with it, however it ends. */
static enum result lock_take(struct sqlite_store *store, struct error *error)
{
	char path[LOCK_PATH_SIZE];
	enum result result = lock_path(store, path, error);
	int fd;

	if (result != RESULT_OK)
		return result;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return error_set(error, RESULT_IO, NULL, "The lock file %s cannot be made: %s.", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return error_set(error, RESULT_CONFLICT, "store_in_use",
		                 "Another service is running on %s (it holds %s); only one may.", store->path, path);
	}
	store->lock_fd = fd;
	return RESULT_OK;
}

/* ---- opening and closing ---- */

static void store_free(struct sqlite_store *store)
{
	sqlite_readers_close(store);
	sqlite_connection_close(store->writer);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	pthread_mutex_destroy(&store->queue_mutex);
	pthread_cond_destroy(&store->queue_filled);
	pthread_mutex_destroy(&store->settings_mutex);
	pthread_mutex_destroy(&store->readers_mutex);
	pthread_cond_destroy(&store->reader_free);
	memory_free(store->path);
	memory_free(store);
}

static struct sqlite_store *store_new(const struct clock *clock, const char *path)
{
	struct sqlite_store *store = memory_calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->store.ops = &sqlite_ops;
	store->clock = clock;
	store->lock_fd = -1;
	store->path = memory_strdup(path);
	pthread_mutex_init(&store->queue_mutex, NULL);
	pthread_cond_init(&store->queue_filled, NULL);
	pthread_mutex_init(&store->settings_mutex, NULL);
	pthread_mutex_init(&store->readers_mutex, NULL);
	pthread_cond_init(&store->reader_free, NULL);
	if (store->path != NULL)
		return store;
	store_free(store);
	return NULL;
}

static enum result store_prepare(struct sqlite_store *store, const struct store_options *options, struct error *error)
{
	enum result result = file_make(options, store->path, error);

	if (result == RESULT_OK && options->exclusive)
		result = lock_take(store, error);
	if (result == RESULT_OK)
		result = sqlite_connection_open(store->path, SQLITE_FOR_WRITING, &store->writer, error);
	if (result == RESULT_OK)
		result = sqlite_migrate(store->writer->db, store->clock, error);
	if (result != RESULT_OK)
		return result;
	sqlite_connection_guard(store->writer);
	result = sqlite_writer_start(store);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "The store's writer could not be started.");
	if (options->exclusive)
		result = sqlite_claims_orphan(store, error);
	if (result != RESULT_OK)
		sqlite_writer_stop(store);
	return result;
}

enum result sqlite_store_open(const struct store_options *options, const char *path, struct store **ret_store,
                              struct error *error)
{
	struct sqlite_store *store;
	enum result result;

	sqlite_database_use_memory();
	store = store_new(options->clock, path);
	if (store == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory while opening the store.");
	result = store_prepare(store, options, error);
	if (result != RESULT_OK) {
		store_free(store);
		return result;
	}
	*ret_store = &store->store;
	return RESULT_OK;
}

void sqlite_op_close(struct store *base)
{
	struct sqlite_store *store = sqlite_store_of(base);

	sqlite_writer_stop(store);
	store_free(store);
}

enum result sqlite_op_ready(struct store *base, struct error *error)
{
	struct session session;
	enum result result = sqlite_reader_begin(sqlite_store_of(base), &session);
	int64_t migrations = 0;

	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The database cannot be read.");
	session.error = error;
	(void)sql_ask(&session, "SELECT count(*) FROM schema_migration", NULL, &migrations);
	sqlite_reader_end(&session);
	if (session.fault == RESULT_OK && (size_t)migrations < sqlite_migration_count)
		return error_set(error, RESULT_UNAVAILABLE, "unavailable", "The database is not up to date.");
	return session.fault;
}

void sqlite_op_set_listener(struct store *base, void (*changed)(void *context), void *context)
{
	struct sqlite_store *store = sqlite_store_of(base);

	pthread_mutex_lock(&store->settings_mutex);
	store->changed = changed;
	store->changed_context = context;
	pthread_mutex_unlock(&store->settings_mutex);
}
