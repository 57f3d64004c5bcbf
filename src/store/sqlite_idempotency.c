/* Idempotency records (store.h, struct idempotency): looked at before anything else of an operation, written last, in
 * the same transaction as what they stand for. */
#include <string.h>

#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

struct record {
	uint8_t request_hash[32];
	int status;
	const char *location;
	const char *response;
};

static void record_read(struct cursor *cursor, void *item)
{
	struct record *record = item;

	cursor_fixed(cursor, record->request_hash, sizeof(record->request_hash));
	record->status = (int)cursor_int(cursor);
	record->location = cursor_text(cursor);
	record->response = cursor_text(cursor);
}

static const struct row_type record_row = {sizeof(struct record), record_read, NULL};

/* RESULT_OK: *ret_replay is the first answer. RESULT_NOT_FOUND: none is alive. RESULT_INVALID: another body. */
static enum result record_find(struct session *session, struct arena *arena, const struct idempotency *asked,
                               struct idempotency *ret_replay, struct error *error)
{
	struct record record;
	enum result result =
	    sql_read_one(session, arena, &record_row,
	                 "SELECT request_hash, status, location, response FROM idempotency WHERE principal_id = ?1 AND "
	                 "route = ?2 AND key = ?3 AND created_at > ?4",
	                 SQL_ARGS(sql_text(asked->principal_id), sql_text(asked->route), sql_text(asked->key),
	                          sql_int(session->now - IDEMPOTENCY_KEPT_MS)),
	                 &record);

	if (result != RESULT_OK)
		return result;
	if (memcmp(record.request_hash, asked->request_hash, sizeof(record.request_hash)) != 0)
		return error_set(error, RESULT_INVALID, "idempotency_key_reused",
		                 "This Idempotency-Key was used with another body within the last 24 hours.");
	*ret_replay = *asked;
	ret_replay->status = record.status;
	ret_replay->location = record.location;
	ret_replay->response = record.response;
	ret_replay->replayed = true;
	return RESULT_OK;
}

bool idempotency_answered(struct session *session, struct sqlite_write *write, enum result *ret_result)
{
	enum result result;

	if (write->idempotency == NULL)
		return false;
	result = record_find(session, write->arena, write->idempotency, &write->replay, write->error);
	if (result == RESULT_NOT_FOUND)
		return false;
	*ret_result = result;
	return true;
}

void idempotency_keep(struct session *session, const struct sqlite_write *write)
{
	const struct idempotency *record = write->idempotency;

	if (record == NULL)
		return;
	/* One that outlived its day gives way. */
	sql_run(session,
	        "INSERT OR REPLACE INTO idempotency (principal_id, route, key, request_hash, status, location, response, "
	        "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	        SQL_ARGS(sql_text(record->principal_id), sql_text(record->route), sql_text(record->key),
	                 sql_bytes(record->request_hash, sizeof(record->request_hash)), sql_int(record->status),
	                 sql_text(record->location), sql_text(record->response), sql_int(session->now)));
}

enum result sqlite_op_idempotency_find(struct store *store, struct arena *arena, struct idempotency *idempotency,
                                       struct error *error)
{
	struct session session;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	result = record_find(&session, arena, idempotency, idempotency, error);
	sqlite_reader_end(&session);
	return result;
}
