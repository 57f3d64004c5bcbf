/* Statements and rows (sqlite_session.h). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite_session.h"

void session_fail(struct session *session, enum result result, const char *format, ...)
{
	char detail[256];
	va_list arguments;

	if (session->fault != RESULT_OK)
		return;
	session->fault = result;
	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	(void)error_set(session->error, result, result == RESULT_UNAVAILABLE ? "unavailable" : NULL, "%s", detail);
	if (session->error != NULL)
		session->error->retryable = result == RESULT_UNAVAILABLE;
}

static void session_fail_code(struct session *session, int code)
{
	if (session->fault == RESULT_OK)
		session->fault = sqlite_error(session->connection, code, session->error);
}

/* Eight bytes at a time: it is asked for every statement, and they are long. */
static uint32_t statement_hash(const char *sql)
{
	size_t left = strlen(sql);
	uint64_t hash = left;

	for (size_t step; left > 0; left -= step, sql += step) {
		uint64_t word = 0;
		step = left < sizeof(word) ? left : sizeof(word);
		memcpy(&word, sql, step);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

/* The slot of this text, or a free one; NULL if neither is to be had. */
static struct sqlite_statement *statement_slot(struct sqlite_connection *connection, const char *sql)
{
	uint32_t hash = statement_hash(sql);

	for (size_t probe = 0; probe < SQLITE_STATEMENTS_MAX; probe++) {
		struct sqlite_statement *slot = &connection->statements[(hash + probe) % SQLITE_STATEMENTS_MAX];
		if (slot->statement == NULL) {
			slot->hash = hash;
			return connection->statement_count < SQLITE_STATEMENTS_MAX * 3 / 4 ? slot : NULL;
		}
		if (slot->hash == hash && strcmp(sqlite3_sql(slot->statement), sql) == 0)
			return slot->busy ? NULL : slot;
	}
	return NULL;
}

static bool statement_prepare(struct cursor *cursor, const char *sql)
{
	struct session *session = cursor->session;
	struct sqlite_connection *connection = session->connection;
	struct sqlite_statement *slot = statement_slot(connection, sql);
	unsigned int flags = slot != NULL ? SQLITE_PREPARE_PERSISTENT : 0;
	int code;

	if (slot != NULL && slot->statement != NULL) {
		cursor->statement = slot->statement;
	} else {
		code = sqlite3_prepare_v3(connection->db, sql, -1, flags, &cursor->statement, NULL);
		if (code != SQLITE_OK) {
			session_fail_code(session, code);
			return false;
		}
	}
	if (slot == NULL)
		return true;
	if (slot->statement == NULL)
		connection->statement_count++;
	slot->statement = cursor->statement;
	slot->busy = true;
	cursor->kept = slot;
	return true;
}

static int statement_bind(sqlite3_stmt *statement, int at, const struct sql_value *value)
{
	switch (value->kind) {
	case SQL_TEXT:
		return sqlite3_bind_text(statement, at, value->bytes, -1, SQLITE_STATIC);
	case SQL_INTEGER:
		return sqlite3_bind_int64(statement, at, value->integer);
	case SQL_BYTES:
		return sqlite3_bind_blob64(statement, at, value->length > 0 ? value->bytes : "", value->length, SQLITE_STATIC);
	case SQL_NULL:
	case SQL_END:
		break;
	}
	return sqlite3_bind_null(statement, at);
}

struct cursor cursor_open(struct session *session, struct arena *arena, const char *sql, const struct sql_value *values)
{
	struct cursor cursor = {.session = session, .arena = arena};

	if (session->fault != RESULT_OK || !statement_prepare(&cursor, sql))
		return cursor;
	for (int at = 0; values != NULL && values[at].kind != SQL_END; at++) {
		int code = statement_bind(cursor.statement, at + 1, &values[at]);
		if (code != SQLITE_OK) {
			session_fail_code(session, code);
			break;
		}
	}
	return cursor;
}

bool cursor_next(struct cursor *cursor)
{
	int code;

	if (cursor->session->fault != RESULT_OK || cursor->statement == NULL)
		return false;
	cursor->column = 0;
	code = sqlite3_step(cursor->statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		session_fail_code(cursor->session, code);
	return code == SQLITE_ROW;
}

void cursor_close(struct cursor *cursor)
{
	if (cursor->statement == NULL)
		return;
	if (cursor->kept == NULL) {
		sqlite3_finalize(cursor->statement);
	} else {
		(void)sqlite3_reset(cursor->statement); /* its failure was seen by the step that it belongs to */
		(void)sqlite3_clear_bindings(cursor->statement);
		cursor->kept->busy = false;
	}
	cursor->statement = NULL;
}

const char *cursor_peek(struct cursor *cursor)
{
	const char *text = (const char *)sqlite3_column_text(cursor->statement, cursor->column++);

	return text != NULL ? text : "";
}

const char *cursor_text(struct cursor *cursor)
{
	int column = cursor->column++;
	const char *text = (const char *)sqlite3_column_text(cursor->statement, column);
	char *copy;

	if (text == NULL) {
		if (sqlite3_column_type(cursor->statement, column) != SQLITE_NULL)
			session_fail(cursor->session, RESULT_NO_MEMORY, "Out of memory while reading a row.");
		return NULL;
	}
	copy = arena_strndup(cursor->arena, text, (size_t)sqlite3_column_bytes(cursor->statement, column));
	if (copy == NULL)
		session_fail(cursor->session, RESULT_NO_MEMORY, "Out of memory while reading a row.");
	return copy;
}

int64_t cursor_int(struct cursor *cursor)
{
	return sqlite3_column_int64(cursor->statement, cursor->column++);
}

bool cursor_bool(struct cursor *cursor)
{
	return cursor_int(cursor) != 0;
}

const uint8_t *cursor_bytes(struct cursor *cursor, size_t *ret_length)
{
	int column = cursor->column++;
	const void *bytes = sqlite3_column_blob(cursor->statement, column);
	size_t length = (size_t)sqlite3_column_bytes(cursor->statement, column);
	uint8_t *copy;

	*ret_length = length;
	if (sqlite3_column_type(cursor->statement, column) == SQLITE_NULL)
		return NULL;
	copy = arena_alloc(cursor->arena, length > 0 ? length : 1);
	if (copy == NULL || (bytes == NULL && length > 0)) {
		session_fail(cursor->session, RESULT_NO_MEMORY, "Out of memory while reading a row.");
		return NULL;
	}
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

void cursor_fixed(struct cursor *cursor, uint8_t *out, size_t length)
{
	int column = cursor->column++;
	const void *bytes = sqlite3_column_blob(cursor->statement, column);

	if (bytes == NULL || (size_t)sqlite3_column_bytes(cursor->statement, column) != length)
		session_fail(cursor->session, RESULT_PROTOCOL, "A row of the database holds a value of the wrong length.");
	else
		memcpy(out, bytes, length);
}

void sql_run(struct session *session, const char *sql, const struct sql_value *values)
{
	struct cursor cursor = cursor_open(session, NULL, sql, values);

	while (cursor_next(&cursor))
		;
	cursor_close(&cursor);
}

int sql_changes(const struct session *session)
{
	return session->fault == RESULT_OK ? sqlite3_changes(session->connection->db) : 0;
}

bool sql_ask(struct session *session, const char *sql, const struct sql_value *values, int64_t *ret_value)
{
	struct cursor cursor = cursor_open(session, NULL, sql, values);
	bool found = cursor_next(&cursor);

	if (found)
		*ret_value = cursor_int(&cursor);
	cursor_close(&cursor);
	return found;
}

bool sql_exists(struct session *session, const char *sql, const struct sql_value *values)
{
	int64_t ignored;

	return sql_ask(session, sql, values, &ignored);
}

const char *sql_ask_text(struct session *session, struct arena *arena, const char *sql, const struct sql_value *values)
{
	struct cursor cursor = cursor_open(session, arena, sql, values);
	const char *text = cursor_next(&cursor) ? cursor_text(&cursor) : NULL;

	cursor_close(&cursor);
	return text;
}

enum result sql_read_one(struct session *session, struct arena *arena, const struct row_type *type, const char *sql,
                         const struct sql_value *values, void *ret_item)
{
	_Alignas(16) unsigned char item[512] = {0};
	struct cursor cursor = cursor_open(session, arena, sql, values);
	bool found = cursor_next(&cursor);

	if (found)
		type->read(&cursor, item);
	cursor_close(&cursor);
	if (session->fault != RESULT_OK)
		return session->fault;
	if (!found)
		return RESULT_NOT_FOUND;
	memcpy(ret_item, item, type->size);
	return RESULT_OK;
}

/* Room for one more item; the old array stays in the arena, which is freed as a whole. */
static unsigned char *list_grow(struct arena *arena, unsigned char *items, size_t size, size_t count, size_t *capacity)
{
	unsigned char *bigger;

	if (count < *capacity)
		return items;
	*capacity = *capacity > 0 ? *capacity * 2 : 16;
	bigger = arena_array(arena, *capacity, size);
	if (bigger != NULL && count > 0)
		memcpy(bigger, items, count * size);
	return bigger;
}

enum result sql_read_list(struct session *session, struct arena *arena, const struct row_type *type, int limit,
                          const char *sql, const struct sql_value *values, void *ret_items, size_t *ret_count,
                          const char **ret_next)
{
	struct cursor cursor = cursor_open(session, arena, sql, values);
	unsigned char *items = NULL;
	size_t count = 0, capacity = 0;
	bool more = false;
	const char *next = NULL;

	while (!more && cursor_next(&cursor)) {
		more = count == (size_t)limit;
		if (more)
			break;
		items = list_grow(arena, items, type->size, count, &capacity);
		if (items == NULL) {
			session_fail(session, RESULT_NO_MEMORY, "Out of memory while reading a list.");
			break;
		}
		type->read(&cursor, items + count * type->size);
		count++;
	}
	cursor_close(&cursor);
	if (session->fault == RESULT_OK && more && count > 0 && type->key != NULL) {
		next = type->key(items + (count - 1) * type->size, arena);
		if (next == NULL)
			session_fail(session, RESULT_NO_MEMORY, "Out of memory while reading a list.");
	}
	if (session->fault != RESULT_OK)
		return session->fault;
	memcpy(ret_items, &items, sizeof(items));
	*ret_count = count;
	if (ret_next != NULL)
		*ret_next = next;
	return RESULT_OK;
}
