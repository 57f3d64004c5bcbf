/* Importing identity mappings: all rows of a file, or none.
 *
 * The rows stay in the caller's memory; the writer goes over them twice, first to find what is wrong, then to write.
 * What needs no database, pairs that stand in the file twice, is found before, on the caller's thread. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

struct importing {
	const struct mapping_import *import;
	const int64_t *first_lines; /* per row: the line where its pair stood first; 0: nowhere before */
};

/* ---- pairs that stand there twice ---- */

static int pair_compare(const void *left, const void *right)
{
	const struct mapping_row *a = *(const struct mapping_row *const *)left;
	const struct mapping_row *b = *(const struct mapping_row *const *)right;
	int order = strcmp(a->account_id, b->account_id);

	if (order == 0)
		order = strcmp(a->connector_id, b->connector_id);
	if (order == 0)
		order = (a > b) - (a < b);
	return order;
}

static bool pair_same(const struct mapping_row *a, const struct mapping_row *b)
{
	return text_equal(a->account_id, b->account_id) && text_equal(a->connector_id, b->connector_id);
}

static enum result repeats_find(const struct mapping_import *import, struct arena *arena, int64_t **ret_first_lines)
{
	size_t count = import->row_count;
	const struct mapping_row **sorted = memory_calloc(count > 0 ? count : 1, sizeof(const struct mapping_row *));
	int64_t *first_lines = arena_alloc(arena, (count > 0 ? count : 1) * sizeof(*first_lines));
	const struct mapping_row *first = NULL;

	if (sorted == NULL || first_lines == NULL) {
		memory_free(sorted);
		return RESULT_NO_MEMORY;
	}
	for (size_t at = 0; at < count; at++)
		sorted[at] = &import->rows[at];
	qsort(sorted, count, sizeof(*sorted), pair_compare);
	for (size_t at = 0; at < count; at++) {
		bool repeats = first != NULL && pair_same(first, sorted[at]);

		first_lines[sorted[at] - import->rows] = repeats ? first->line : 0;
		if (!repeats)
			first = sorted[at];
	}
	memory_free(sorted);
	*ret_first_lines = first_lines;
	return RESULT_OK;
}

/* ---- what is wrong ---- */

static void error_add(struct sqlite_write *write, int64_t line, const char *code, const char *path, const char *detail)
{
	struct mapping_import *out = write_out(write);

	if (out->error_count == MAPPING_IMPORT_ERRORS_MAX) {
		out->truncated = true;
		return;
	}
	out->errors[out->error_count++] =
	    (struct mapping_import_error){.line = line, .code = code, .path = path, .detail = detail};
}

/* The connector's key, asked again only where the name changes from one row to the next. */
struct connector_seen {
	const char *connector_id;
	int64_t key;
};

static int64_t seen_key(struct session *session, struct connector_seen *seen, const char *connector_id)
{
	if (!text_equal(seen->connector_id, connector_id))
		*seen = (struct connector_seen){connector_id, connector_key_of(session, connector_id)};
	return seen->key;
}

static void errors_find(struct session *session, struct sqlite_write *write)
{
	const struct importing *importing = write->in;
	const struct mapping_import *import = importing->import;
	struct connector_seen seen = {0};

	for (size_t at = 0; at < import->row_count; at++) {
		const struct mapping_row *row = &import->rows[at];

		if (importing->first_lines[at] != 0)
			error_add(write, row->line, "duplicate", "accountId",
			          arena_printf(write->arena, "stands on line %lld for this connector already",
			                       (long long)importing->first_lines[at]));
		if (seen_key(session, &seen, row->connector_id) == 0)
			error_add(write, row->line, "not_one_of", "connectorId", "there is no such connector");
	}
}

/* ---- writing ---- */

struct mapping_present {
	int64_t key;
	const char *external_id;
	const char *note;
};

static void present_read(struct cursor *cursor, void *item)
{
	struct mapping_present *present = item;

	present->key = cursor_int(cursor);
	present->external_id = cursor_text(cursor);
	present->note = cursor_text(cursor);
}

static const struct row_type present_row = {sizeof(struct mapping_present), present_read, NULL};

static void row_insert(struct session *session, const struct mapping_row *row, int64_t connector_key)
{
	char mapping_id[ID_SIZE];

	id_new(session->now, mapping_id);
	sql_run(session,
	        "INSERT INTO identity_mapping (mapping_id, account_id, connector_key, external_id, note, created_at, "
	        "updated_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1)",
	        SQL_ARGS(sql_text(mapping_id), sql_text(row->account_id), sql_key(connector_key),
	                 sql_text(row->external_id), sql_text(row->note != NULL ? row->note : ""), sql_int(session->now)));
}

static void row_update(struct session *session, const struct mapping_row *row, const struct mapping_present *present)
{
	sql_run(session,
	        "UPDATE identity_mapping SET note = coalesce(?3, note), updated_at = ?4, version = version + 1, "
	        "resolved_object_id = iif(external_id = ?2, resolved_object_id, NULL), resolved_user_principal_name = "
	        "iif(external_id = ?2, resolved_user_principal_name, NULL), code = iif(external_id = ?2, code, NULL), "
	        "checked_at = iif(external_id = ?2, checked_at, 0), external_id = ?2 WHERE mapping_key = ?1",
	        SQL_ARGS(sql_key(present->key), sql_text(row->external_id), sql_text(row->note), sql_int(session->now)));
}

/* Rows are many: what one needs is given back before the next. */
static enum result row_put(struct session *session, const struct mapping_row *row, int64_t connector_key,
                           struct arena *scratch, struct mapping_import *out)
{
	struct mapping_present present = {0};
	enum result result = sql_read_one(session, scratch, &present_row,
	                                  "SELECT mapping_key, external_id, note FROM identity_mapping WHERE account_id = "
	                                  "?1 AND connector_key = ?2",
	                                  SQL_ARGS(sql_text(row->account_id), sql_key(connector_key)), &present);

	if (result == RESULT_NOT_FOUND) {
		out->created++;
		if (!out->dry_run)
			row_insert(session, row, connector_key);
	} else if (result != RESULT_OK) {
		return result;
	} else if (text_equal(present.external_id, row->external_id) &&
	           (row->note == NULL || text_equal(present.note, row->note))) {
		out->unchanged++;
	} else {
		out->updated++;
		if (!out->dry_run)
			row_update(session, row, &present);
	}
	return RESULT_OK;
}

static void import_tell(struct session *session, const struct sqlite_write *write, const struct mapping_import *out)
{
	char hash[DIGEST_HEX_SIZE];

	text_hex_encode(out->content_hash, sizeof(out->content_hash), hash);
	audit_append(session, write->actor, "mapping.imported", "mapping", "import", "ok",
	             audit_detail(session, NULL, "created", arena_printf(session->scratch, "%lld", (long long)out->created),
	                          "updated", arena_printf(session->scratch, "%lld", (long long)out->updated), "unchanged",
	                          arena_printf(session->scratch, "%lld", (long long)out->unchanged), "sha256", hash, NULL));
}

static enum result import_work(struct session *session, struct sqlite_write *write)
{
	const struct importing *importing = write->in;
	struct mapping_import *out = write_out(write);
	_cleanup_(arena_freep) struct arena *scratch = arena_new(64u << 10);
	struct connector_seen seen = {0};
	enum result result = scratch != NULL ? RESULT_OK : RESULT_NO_MEMORY;

	*out = *importing->import;
	errors_find(session, write);
	if (out->error_count > 0)
		return RESULT_OK;
	for (size_t at = 0; result == RESULT_OK && at < out->row_count; at++) {
		const struct mapping_row *row = &out->rows[at];

		result = row_put(session, row, seen_key(session, &seen, row->connector_id), scratch, out);
		arena_reset(scratch);
	}
	if (result == RESULT_OK && !out->dry_run)
		import_tell(session, write, out);
	return result;
}

enum result sqlite_op_mapping_import(struct store *store, const struct actor *actor, struct mapping_import *import,
                                     struct arena *arena, struct error *error)
{
	int64_t *first_lines = NULL;
	enum result result = repeats_find(import, arena, &first_lines);
	struct importing importing = {import, first_lines};

	import->created = import->updated = import->unchanged = 0;
	import->error_count = 0;
	import->truncated = false;
	import->errors = arena_alloc(arena, MAPPING_IMPORT_ERRORS_MAX * sizeof(*import->errors));
	if (result != RESULT_OK || import->errors == NULL)
		return error_set(error, RESULT_NO_MEMORY, "unavailable", "There is not memory enough for this import now.");
	return sqlite_write(store, &(struct sqlite_write){.work = import_work,
	                                                  .actor = actor,
	                                                  .in = &importing,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = import,
	                                                  .ret_size = sizeof(*import)});
}
