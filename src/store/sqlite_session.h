/* SQL, spoken carefully: values are bound, statements are kept prepared per connection, and a failure is remembered.
 *
 * A `struct session` is one operation's use of a connection. The first failure of the database stays in `fault`; after
 * it every statement is skipped and every question answered "no row", so that an operation reads straight down and the
 * fault is looked at once, at its end, where it overrides whatever the operation believed. */
#ifndef AIC_STORE_SQLITE_SESSION_H
#define AIC_STORE_SQLITE_SESSION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/result.h"
#include "store/sqlite_database.h"

struct sqlite_store;

struct session {
	struct sqlite_store *store;
	struct sqlite_connection *connection;
	struct arena *scratch; /* of this operation; reset after it. NULL in a reading session */
	int64_t now;           /* asked once */
	enum result fault;
	struct error *error; /* may be NULL */
};

/* Remembers the first fault. */
void session_fail(struct session *session, enum result result, const char *format, ...) PRINTF_LIKE(3, 4);

enum sql_kind { SQL_END, SQL_NULL, SQL_TEXT, SQL_INTEGER, SQL_BYTES };
struct sql_value {
	enum sql_kind kind;
	const void *bytes;
	size_t length;
	int64_t integer;
};

static inline struct sql_value sql_text(const char *text)
{
	return (struct sql_value){.kind = text != NULL ? SQL_TEXT : SQL_NULL, .bytes = text};
}

static inline struct sql_value sql_int(int64_t integer)
{
	return (struct sql_value){.kind = SQL_INTEGER, .integer = integer};
}

/* A surrogate key; 0 is NULL. */
static inline struct sql_value sql_key(int64_t key)
{
	return (struct sql_value){.kind = key != 0 ? SQL_INTEGER : SQL_NULL, .integer = key};
}

static inline struct sql_value sql_bytes(const void *bytes, size_t length)
{
	return (struct sql_value){.kind = bytes != NULL ? SQL_BYTES : SQL_NULL, .bytes = bytes, .length = length};
}

/* The values of ?1, ?2 …; NULL where there are none. */
#define SQL_ARGS(...) ((const struct sql_value[]){__VA_ARGS__, {.kind = SQL_END}})

/* The rows of a query. The columns of a row are read from left to right. */
struct cursor {
	struct session *session;
	struct arena *arena; /* where texts go; may be NULL if none are read */
	sqlite3_stmt *statement;
	struct sqlite_statement *kept; /* NULL: not cached, finalized on close */
	int column;
};

struct cursor cursor_open(struct session *session, struct arena *arena, const char *sql,
                          const struct sql_value *values);
bool cursor_next(struct cursor *cursor); /* false: no more rows, or a fault */
void cursor_close(struct cursor *cursor);

const char *cursor_text(struct cursor *cursor); /* NULL for NULL */
int64_t cursor_int(struct cursor *cursor);      /* 0 for NULL */
bool cursor_bool(struct cursor *cursor);
const uint8_t *cursor_bytes(struct cursor *cursor, size_t *ret_length);
/* Exactly `length` bytes into `out`; anything else is a fault. */
void cursor_fixed(struct cursor *cursor, uint8_t *out, size_t length);
/* The next column as a borrowed text, valid until the row is left; "" for NULL. */
const char *cursor_peek(struct cursor *cursor);

/* A statement without rows. */
void sql_run(struct session *session, const char *sql, const struct sql_value *values);
int sql_changes(const struct session *session); /* rows that the last sql_run touched */
/* First column of the first row; false if there is none. */
bool sql_ask(struct session *session, const char *sql, const struct sql_value *values, int64_t *ret_value);
bool sql_exists(struct session *session, const char *sql, const struct sql_value *values);
/* The same for a text, in `arena`; NULL if there is no row or it is NULL. */
const char *sql_ask_text(struct session *session, struct arena *arena, const char *sql, const struct sql_value *values);

/* How rows become structures. */
struct row_type {
	size_t size;
	void (*read)(struct cursor *cursor, void *item);
	const char *(*key)(const void *item, struct arena *arena); /* of the list's order; NULL where there are no pages */
};

/* RESULT_NOT_FOUND if there is no row. */
enum result sql_read_one(struct session *session, struct arena *arena, const struct row_type *type, const char *sql,
                         const struct sql_value *values, void *ret_item) MUST_CHECK;
/* At most `limit` rows; ask the database for one more, and *ret_next (may be NULL) tells whether there was. */
enum result sql_read_list(struct session *session, struct arena *arena, const struct row_type *type, int limit,
                          const char *sql, const struct sql_value *values, void *ret_items, size_t *ret_count,
                          const char **ret_next) MUST_CHECK;

#endif
