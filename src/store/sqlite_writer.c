/* The writer: one thread, one queue, many operations to a commit.
 *
 * What holds here:
 * - An operation is either wholly in the transaction or not at all: each has its savepoint, and one that fails is
 * rolled back to it without disturbing its neighbours. Those that may be done twice share a savepoint, since SQLite
 * copies every page that is changed behind one: if one of them must be undone, all are, and are done again one by one.
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

/* Outside an operation: a failure is the transaction's. */
static bool control_group(struct sqlite_store *store, const char *sql, struct error *error)
{
	struct session session = {.store = store, .connection = store->writer, .error = error};

	control(&session, sql);
	return session.fault == RESULT_OK;
}

static struct session session_for(struct sqlite_store *store, const struct sqlite_write *write)
{
	return (struct session){
	    .store = store,
	    .connection = store->writer,
	    .scratch = store->scratch,
	    .now = clock_now_ms(store->clock),
	    .error = write->error,
	};
}

static void do_operation(struct sqlite_store *store, struct sqlite_write *write)
{
	struct session session = session_for(store, write);

	write->result = write->work(&session, write);
	if (session.fault != RESULT_OK)
		write->result = session.fault;
	arena_reset(store->scratch);
}

/* One operation; false if the transaction is lost. */
static bool run_operation(struct sqlite_store *store, struct sqlite_write *write)
{
	struct audit_position before = store->audit;

	if (!control_group(store, "SAVEPOINT operation", write->error))
		return false;
	do_operation(store, write);
	if (write->result == RESULT_OK)
		return control_group(store, "RELEASE operation", write->error);
	store->audit = before;
	return undo_operation(store);
}

/* One of several in a savepoint: false if it left something behind that is to be undone. */
static bool try_operation(struct sqlite_store *store, struct sqlite_write *write)
{
	int before = sqlite3_total_changes(store->writer->db);

	do_operation(store, write);
	return write->result == RESULT_OK ||
	       (!sqlite3_get_autocommit(store->writer->db) && sqlite3_total_changes(store->writer->db) == before);
}

static void write_forget(struct sqlite_write *write)
{
	write->result = RESULT_OK;
	memset(write->staging, 0, sizeof(write->staging));
	if (write->error != NULL)
		*write->error = (struct error){0};
}

/* The operations from `first` up to `end`, which may be done twice; false if the transaction is lost. */
static bool run_together(struct sqlite_store *store, struct sqlite_write *first, struct sqlite_write *end)
{
	struct audit_position before = store->audit;
	bool whole = true;

	if (!control_group(store, "SAVEPOINT operation", first->error))
		return false;
	for (struct sqlite_write *write = first; whole && write != end; write = write->next)
		whole = try_operation(store, write);
	if (whole)
		return control_group(store, "RELEASE operation", first->error);
	store->audit = before;
	if (!undo_operation(store))
		return false;
	for (struct sqlite_write *write = first; write != end; write = write->next) {
		write_forget(write);
		if (!run_operation(store, write))
			return false;
	}
	return true;
}

static struct sqlite_write *together_end(struct sqlite_write *first)
{
	struct sqlite_write *end = first;

	while (end != NULL && end->repeatable)
		end = end->next;
	return end;
}

static bool run_operations(struct sqlite_store *store, struct sqlite_write *first)
{
	struct sqlite_write *next;
	bool held = true;

	for (struct sqlite_write *write = first; held && write != NULL; write = next) {
		next = write->repeatable ? together_end(write) : write->next;
		held = write->repeatable ? run_together(store, write, next) : run_operation(store, write);
	}
	return held;
}

static bool begin_group(struct sqlite_store *store, struct error *error)
{
	store->audit = (struct audit_position){0};
	return control_group(store, "BEGIN IMMEDIATE", error);
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

static void run_alone(struct sqlite_store *store, struct sqlite_write *write)
{
	struct session session = session_for(store, write);

	write->result = write->work(&session, write);
	arena_reset(store->scratch);
}

/* With nobody beside it an operation needs no savepoint: where it fails, nothing is to be kept. */
static bool run_only(struct sqlite_store *store, struct sqlite_write *write, struct error *error)
{
	if (!begin_group(store, error))
		return false;
	do_operation(store, write);
	if (write->result == RESULT_OK)
		return commit_group(store, error);
	abandon_group(store);
	return true;
}

/* Gives every operation of the group its result. */
static void run_group(struct sqlite_store *store, struct sqlite_write *first)
{
	struct error error = {0};
	bool held;

	if (first->alone) {
		run_alone(store, first);
		return;
	}
	if (first->next == NULL)
		held = run_only(store, first, &error);
	else
		held = begin_group(store, &error) && run_operations(store, first) && commit_group(store, &error);
	if (held)
		return;
	abandon_group(store);
	for (struct sqlite_write *write = first; write != NULL; write = write->next)
		write_fail(write, RESULT_UNAVAILABLE,
		           error.detail[0] != '\0' ? error.detail : "The database could not keep this change.");
}

/* Cuts at most a group off the queue's front; one that must run alone is a group of its own. */
static struct sqlite_write *queue_take(struct sqlite_store *store)
{
	struct sqlite_write *first = store->queue_first, **end = &store->queue_first;
	int most = first->alone ? 1 : SQLITE_GROUP_MAX;

	for (int count = 0; *end != NULL && count < most && (count == 0 || !(*end)->alone); count++)
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

static void write_prepare(struct sqlite_write *write)
{
	write->next = NULL;
	write->queued = sem_init(&write->done, 0, 0) == 0;
	if (!write->queued)
		write->result = error_set(write->error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static void write_refuse_closing(struct sqlite_write *write)
{
	sem_destroy(&write->done);
	write->queued = false;
	write_fail(write, RESULT_UNAVAILABLE, "The store is closing.");
}

/* All in one piece, so that they share a group where nothing stands before them. */
static void queue_add(struct sqlite_store *store, struct sqlite_write *writes, size_t count)
{
	pthread_mutex_lock(&store->queue_mutex);
	for (size_t at = 0; at < count; at++) {
		if (!writes[at].queued)
			continue;
		if (store->stopping) {
			write_refuse_closing(&writes[at]);
			continue;
		}
		*store->queue_last = &writes[at];
		store->queue_last = &writes[at].next;
	}
	pthread_cond_signal(&store->queue_filled);
	pthread_mutex_unlock(&store->queue_mutex);
}

/* Waits until it is done, and gives back what it staged. */
static void write_await(struct sqlite_write *write)
{
	if (!write->queued)
		return;
	while (sem_wait(&write->done) != 0 && errno == EINTR)
		;
	sem_destroy(&write->done);
	if (write->result != RESULT_OK)
		return;
	if (write->idempotency != NULL && write->replay.replayed)
		*write->idempotency = write->replay;
	else if (write->ret != NULL)
		memcpy(write->ret, write->staging, write->ret_size);
}

void sqlite_write_all(struct store *store, struct sqlite_write *writes, size_t count)
{
	for (size_t at = 0; at < count; at++)
		write_prepare(&writes[at]);
	queue_add(sqlite_store_of(store), writes, count);
	for (size_t at = 0; at < count; at++)
		write_await(&writes[at]);
}

/* Describes and tells without writing anything. */
static void series_fail(const struct sqlite_series *series)
{
	for (size_t at = 0; at < series->count; at++) {
		struct sqlite_write write = {0};

		series->describe(series, at, &write);
		write.result = error_set(write.error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		series->tell(series, at, &write);
	}
}

void sqlite_write_series(struct store *store, const struct sqlite_series *series, struct arena *arena)
{
	struct sqlite_write *writes = arena_array(arena, SQLITE_GROUP_MAX, sizeof(*writes));

	if (writes == NULL) {
		series_fail(series);
		return;
	}
	for (size_t done = 0; done < series->count; done += SQLITE_GROUP_MAX) {
		size_t left = series->count - done, count = left < SQLITE_GROUP_MAX ? left : SQLITE_GROUP_MAX;

		for (size_t at = 0; at < count; at++) {
			writes[at] = (struct sqlite_write){.actor = series->actor};
			series->describe(series, done + at, &writes[at]);
		}
		sqlite_write_all(store, writes, count);
		for (size_t at = 0; at < count; at++)
			series->tell(series, done + at, &writes[at]);
	}
}

enum result sqlite_write(struct store *store, struct sqlite_write *write)
{
	sqlite_write_all(store, write, 1);
	return write->result;
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
