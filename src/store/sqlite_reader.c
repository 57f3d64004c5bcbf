/* The readers: a few connections that only read, opened when first needed, shared by all threads. In WAL mode each sees
 * the last commit that was complete when its statement began, and never waits for the writer. */
#include "store/sqlite_store.h"

static enum result reader_open(struct sqlite_store *store, struct sqlite_connection **ret_connection)
{
	enum result result = sqlite_connection_open(store->path, SQLITE_FOR_READING, ret_connection, NULL);

	if (result == RESULT_OK)
		sqlite_connection_guard(*ret_connection);
	return result;
}

static enum result reader_take(struct sqlite_store *store, struct sqlite_connection **ret_connection)
{
	enum result result = RESULT_OK;
	bool open = false;

	pthread_mutex_lock(&store->readers_mutex);
	while (store->reader_count == 0 && store->reader_total == SQLITE_READERS_MAX)
		pthread_cond_wait(&store->reader_free, &store->readers_mutex);
	if (store->reader_count > 0) {
		*ret_connection = store->readers[--store->reader_count];
	} else {
		store->reader_total++;
		open = true;
	}
	pthread_mutex_unlock(&store->readers_mutex);
	if (!open)
		return RESULT_OK;
	result = reader_open(store, ret_connection);
	if (result != RESULT_OK) {
		pthread_mutex_lock(&store->readers_mutex);
		store->reader_total--;
		pthread_cond_signal(&store->reader_free);
		pthread_mutex_unlock(&store->readers_mutex);
	}
	return result;
}

enum result sqlite_reader_begin(struct sqlite_store *store, struct session *ret_session)
{
	struct sqlite_connection *connection = NULL;
	enum result result = reader_take(store, &connection);

	if (result == RESULT_OK)
		*ret_session = (struct session){.store = store, .connection = connection, .now = clock_now_ms(store->clock)};
	return result;
}

void sqlite_reader_end(struct session *session)
{
	struct sqlite_store *store = session->store;

	pthread_mutex_lock(&store->readers_mutex);
	store->readers[store->reader_count++] = session->connection;
	pthread_cond_signal(&store->reader_free);
	pthread_mutex_unlock(&store->readers_mutex);
}

void sqlite_readers_close(struct sqlite_store *store)
{
	while (store->reader_count > 0)
		sqlite_connection_close(store->readers[--store->reader_count]);
}

enum result sqlite_read_one(struct store *store, struct arena *arena, const struct row_type *type, const char *sql,
                            const struct sql_value *values, void *ret_item)
{
	struct session session;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	result = sql_read_one(&session, arena, type, sql, values, ret_item);
	sqlite_reader_end(&session);
	return result;
}

enum result sqlite_read_list(struct store *store, struct arena *arena, const struct row_type *type, int limit,
                             const char *sql, const struct sql_value *values, void *ret_items, size_t *ret_count,
                             const char **ret_next)
{
	struct session session;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	result = sql_read_list(&session, arena, type, limit, sql, values, ret_items, ret_count, ret_next);
	sqlite_reader_end(&session);
	return result;
}
