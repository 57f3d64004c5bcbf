/* Small named values, labels that were given up, versions, pages: what belongs to no entity alone. */
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define META_MAX (64u << 10)

struct bytes {
	const uint8_t *value;
	size_t length;
};

static void bytes_read(struct cursor *cursor, void *item)
{
	struct bytes *bytes = item;

	bytes->value = cursor_bytes(cursor, &bytes->length);
}

static const struct row_type bytes_row = {sizeof(struct bytes), bytes_read, NULL};

enum result sqlite_op_meta_read(struct store *store, const char *name, struct arena *arena, uint8_t **ret_value,
                                size_t *ret_length)
{
	struct bytes bytes;
	enum result result = sqlite_read_one(store, arena, &bytes_row, "SELECT value FROM meta WHERE name = ?1",
	                                     SQL_ARGS(sql_text(name)), &bytes);

	if (result != RESULT_OK)
		return result;
	*ret_value = (uint8_t *)bytes.value;
	*ret_length = bytes.length;
	return RESULT_OK;
}

static enum result meta_put(struct session *session, struct sqlite_write *write)
{
	const struct bytes *bytes = write->in;

	if (write->flag && sql_exists(session, "SELECT 1 FROM meta WHERE name = ?1", SQL_ARGS(sql_text(write->id))))
		return write_refuse(write, RESULT_CONFLICT, "already_exists", "\"%s\" has a value already.", write->id);
	sql_run(session,
	        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	        SQL_ARGS(sql_text(write->id), sql_bytes(bytes->value, bytes->length)));
	return RESULT_OK;
}

static enum result meta_store(struct store *store, const char *name, const uint8_t *value, size_t length, bool once,
                              struct error *error)
{
	struct bytes bytes = {value, length};

	if (length > META_MAX)
		return error_set(error, RESULT_TOO_LARGE, NULL, "A named value is at most 64 KiB.");
	return sqlite_write(
	    store, &(struct sqlite_write){.work = meta_put, .id = name, .in = &bytes, .flag = once, .error = error});
}

enum result sqlite_op_meta_write(struct store *store, const char *name, const uint8_t *value, size_t length,
                                 struct error *error)
{
	return meta_store(store, name, value, length, false, error);
}

enum result sqlite_op_meta_write_once(struct store *store, const char *name, const uint8_t *value, size_t length,
                                      struct error *error)
{
	return meta_store(store, name, value, length, true, error);
}

bool label_retired(struct session *session, const char *kind, const char *id)
{
	return sql_exists(session, "SELECT 1 FROM retired_id WHERE kind = ?1 AND id = ?2",
	                  SQL_ARGS(sql_text(kind), sql_text(id)));
}

void label_retire(struct session *session, const char *kind, const char *id)
{
	sql_run(session, "INSERT INTO retired_id (kind, id, retired_at) VALUES (?1, ?2, ?3)",
	        SQL_ARGS(sql_text(kind), sql_text(id), sql_int(session->now)));
}

enum result version_check(struct sqlite_write *write, int64_t present)
{
	if (write->expected_version == 0 || write->expected_version == present)
		return RESULT_OK;
	return write_refuse(write, RESULT_PRECONDITION, "precondition_failed", "It was changed since it was read.");
}

enum result refuse_not_found(struct sqlite_write *write, const char *what)
{
	return write_refuse(write, RESULT_NOT_FOUND, "not_found", "There is no such %s.", what);
}

int page_limit(const struct page *page)
{
	if (page->limit < 1)
		return 1;
	return page->limit > 200 ? 200 : page->limit;
}

const char *page_after_up(const struct page *page)
{
	return page->after != NULL ? page->after : "";
}

const char *page_after_down(const struct page *page)
{
	return page->after != NULL ? page->after : "~";
}
