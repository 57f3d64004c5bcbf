/* The writer: one thread, one queue, many operations to a commit.
 *
 * What holds here:
 * - An operation is either wholly in the transaction or not at all: each has its savepoint, and one that fails is
 * rolled back to it without disturbing its neighbours.
 * - Nobody is told of success before COMMIT has returned, which with synchronous=FULL means: it is on the disk. While
 * one commit waits for the disk the next group gathers in the queue, so that many callers share one wait.
 * - If the group cannot be committed, nobody succeeded.
 * - The head of the audit chain is signed once a group, last thing before the commit. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "store/sqlite_store.h"
#include "store/sqlite_work.h"

#define SCRATCH_CEILING (16u << 20)

static void write_fail(struct sqlite_write *write, enum result result, const char *detail)
{
	write->result = error_set(write->error, result, "unavailable", "%s", detail);
	if (write->error != NULL)
		write->error->retryable = true;
}

static void control(struct session *session, const char *sql)
{
	sql_run(session, sql, NULL);
}

/* Back to the savepoint; false if the whole transaction is gone (disk full, memory: SQLite then rolls back by itself).
 */
static bool undo_operation(struct sqlite_store *store)
{
	struct session session = {.store = store, .connection = store->writer};

	if (sqlite3_get_autocommit(store->writer->db))
		return false;
	control(&session, "ROLLBACK TO operation");
	control(&session, "RELEASE operation");
	return session.fault == RESULT_OK;
}

/* One operation; false if the transaction is lost. */
static bool run_operation(struct sqlite_store *store, struct sqlite_write *write)
{
	struct audit_position before = store->audit;
	struct session session = {
	    .store = store,
	    .connection = store->writer,
	    .scratch = store->scratch,
	    .now = clock_now_ms(store->clock),
	    .error = write->error,
	};

	control(&session, "SAVEPOINT operation");
	if (session.fault == RESULT_OK)
		write->result = write->work(&session, write);
	if (session.fault != RESULT_OK)
		write->result = session.fault;
	arena_reset(store->scratch);
	if (write->result != RESULT_OK) {
		store->audit = before;
		return undo_operation(store);
	}
	control(&session, "RELEASE operation");
	if (session.fault != RESULT_OK)
		write->result = session.fault;
	return session.fault == RESULT_OK;
}

static bool begin_group(struct sqlite_store *store, struct error *error)
{
	struct session session = {.store = store, .connection = store->writer, .error = error};

	store->audit = (struct audit_position){0};
	control(&session, "BEGIN IMMEDIATE");
	return session.fault == RESULT_OK;
}

static bool commit_group(struct sqlite_store *store, struct error *error)
{
	struct session session = {
	    .store = store,
	    .connection = store->writer,
	    .scratch = store->scratch,
	    .now = clock_now_ms(store->clock),
	    .error = error,
	};

	if (store->audit.advanced)
		audit_sign_head(&session);
	control(&session, "COMMIT");
	arena_reset(store->scratch);
	return session.fault == RESULT_OK;
}

static void abandon_group(struct sqlite_store *store)
{
	struct session session = {.store = store, .connection = store->writer};

	if (!sqlite3_get_autocommit(store->writer->db))
		control(&session, "ROLLBACK");
}

/* Gives every operation of the group its result. */
static void run_group(struct sqlite_store *store, struct sqlite_write *first)
{
	struct error error = {0};
	bool held = begin_group(store, &error);

	for (struct sqlite_write *write = first; held && write != NULL; write = write->next)
		held = run_operation(store, write);
	if (held)
		held = commit_group(store, &error);
	if (held)
		return;
	abandon_group(store);
	for (struct sqlite_write *write = first; write != NULL; write = write->next)
		write_fail(write, RESULT_UNAVAILABLE,
		           error.detail[0] != '\0' ? error.detail : "The database could not keep this change.");
}

/* Cuts at most a group off the queue's front. */
static struct sqlite_write *queue_take(struct sqlite_store *store)
{
	struct sqlite_write *first = store->queue_first, **end = &store->queue_first;

	for (int count = 0; *end != NULL && count < SQLITE_GROUP_MAX; count++)
		end = &(*end)->next;
	store->queue_first = *end;
	*end = NULL;
	if (store->queue_first == NULL)
		store->queue_last = &store->queue_first;
	return first;
}

static struct sqlite_write *queue_wait(struct sqlite_store *store)
{
	struct sqlite_write *first;

	pthread_mutex_lock(&store->queue_mutex);
	while (store->queue_first == NULL && !store->stopping)
		pthread_cond_wait(&store->queue_filled, &store->queue_mutex);
	first = store->queue_first != NULL ? queue_take(store) : NULL;
	pthread_mutex_unlock(&store->queue_mutex);
	return first;
}

static void tell_listener(struct sqlite_store *store)
{
	void (*changed)(void *context);
	void *context;

	pthread_mutex_lock(&store->settings_mutex);
	changed = store->changed;
	context = store->changed_context;
	pthread_mutex_unlock(&store->settings_mutex);
	if (changed != NULL)
		changed(context);
}

static void *writer_run(void *argument)
{
	struct sqlite_store *store = argument;
	struct sqlite_write *first;

	while ((first = queue_wait(store)) != NULL) {
		bool changed = false;
		int before = sqlite3_total_changes(store->writer->db);

		run_group(store, first);
		while (first != NULL) {
			struct sqlite_write *write = first;
			first = write->next; /* read before the post: the caller's stack goes with it */
			changed = changed || write->result == RESULT_OK;
			sem_post(&write->done);
		}
		if (changed && sqlite3_total_changes(store->writer->db) != before)
			tell_listener(store);
	}
	return NULL;
}

enum result sqlite_write(struct store *base, struct sqlite_write *write)
{
	struct sqlite_store *store = sqlite_store_of(base);
	bool refused;

	write->next = NULL;
	if (sem_init(&write->done, 0, 0) != 0)
		return error_set(write->error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	pthread_mutex_lock(&store->queue_mutex);
	refused = store->stopping;
	if (!refused) {
		*store->queue_last = write;
		store->queue_last = &write->next;
		pthread_cond_signal(&store->queue_filled);
	}
	pthread_mutex_unlock(&store->queue_mutex);
	if (refused)
		write_fail(write, RESULT_UNAVAILABLE, "The store is closing.");
	else
		while (sem_wait(&write->done) != 0 && errno == EINTR)
			;
	sem_destroy(&write->done);
	if (write->result != RESULT_OK)
		return write->result;
	if (write->idempotency != NULL && write->replay.replayed)
		*write->idempotency = write->replay;
	else if (write->ret != NULL)
		memcpy(write->ret, write->staging, write->ret_size);
	return RESULT_OK;
}

enum result sqlite_writer_start(struct sqlite_store *store)
{
	store->queue_last = &store->queue_first;
	store->scratch = arena_new(SCRATCH_CEILING);
	if (store->scratch == NULL)
		return RESULT_NO_MEMORY;
	if (pthread_create(&store->writer_thread, NULL, writer_run, store) != 0) {
		arena_freep(&store->scratch);
		return RESULT_NO_MEMORY;
	}
	return RESULT_OK;
}

void sqlite_writer_stop(struct sqlite_store *store)
{
	pthread_mutex_lock(&store->queue_mutex);
	store->stopping = true;
	pthread_cond_signal(&store->queue_filled);
	pthread_mutex_unlock(&store->queue_mutex);
	pthread_join(store->writer_thread, NULL);
	arena_freep(&store->scratch);
}
