/* Identity mappings as a file: import and export.
 *
 * One import at a time; whoever sends one was let in, and has the turn, before the file came (router_admit). Its rows
 * lie in the body; what else it needs is in an arena of its own, and gone with it. */
#include "server/api.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "server/mapping_csv.h"
#include "server/render.h"

#define IMPORT_ARENA_CEILING ((size_t)64 << 20)
#define EXPORT_MAPPINGS 200

/* ---- import ---- */

static json_t *errors_render(const struct mapping_csv *csv, bool *failed)
{
	json_t *errors = json_array();
	for (size_t i = 0; i < csv->error_count; i++) {
		const struct mapping_import_error *error = &csv->errors[i];
		json_t *item = json_object();
		json_put(item, "line", json_integer(error->line), failed);
		json_put_string(item, "path", error->path, failed);
		json_put_string(item, "code", error->code, failed);
		json_put_string(item, "detail", error->detail, failed);
		if (json_array_append_new(errors, item) != 0)
			*failed = true;
	}
	return errors;
}

static enum result import_refuse(struct api_call *call, const struct mapping_csv *csv)
{
	bool failed = false;
	_cleanup_(json_decrefp) json_t *members = json_object();
	json_put(members, "errors", errors_render(csv, &failed), &failed);
	json_put(members, "truncated", json_boolean(csv->truncated), &failed);
	const char *detail = arena_printf(call->arena, "Nothing was imported: %s%zu error%s, the first on line %lld.",
	                                  csv->truncated ? "more than " : "", csv->error_count,
	                                  csv->error_count == 1 ? "" : "s", (long long)csv->errors[0].line);
	if (failed || detail == NULL)
		return RESULT_NO_MEMORY;
	return call_refuse_with(call, 422, "validation_failed", NULL, members, detail);
}

static enum result import_answer(struct api_call *call, const struct mapping_import *import)
{
	bool failed = false;
	json_t *value = json_object();
	json_put(value, "created", json_integer(import->created), &failed);
	json_put(value, "updated", json_integer(import->updated), &failed);
	json_put(value, "unchanged", json_integer(import->unchanged), &failed);
	json_put(value, "dryRun", json_boolean(import->dry_run), &failed);
	if (!failed)
		return call_answer(call, 200, value);
	json_decref(value);
	return RESULT_NO_MEMORY;
}

/* A file with wrong rows is held against the store too, so that all that is wrong is told at once. */
static enum result import_run(struct api_call *call, struct mapping_csv *csv, struct mapping_import *import,
                              struct arena *arena)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	bool dry_run = import->dry_run;
	import->rows = csv->rows;
	import->row_count = csv->row_count;
	import->dry_run = dry_run || csv->error_count > 0;
	enum result result = store->ops->mapping_import(store, &actor, import, arena, &call->error);
	import->dry_run = dry_run;
	for (size_t i = 0; result == RESULT_OK && i < import->error_count; i++)
		mapping_csv_add_error(csv, &import->errors[i]);
	csv->truncated = csv->truncated || import->truncated;
	return result;
}

enum result api_mapping_import(struct api_call *call)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(IMPORT_ARENA_CEILING);
	struct mapping_import import = {.dry_run = json_bool_at(call->query, "dryRun", false)};
	struct mapping_csv csv = {0};
	if (arena == NULL)
		return RESULT_NO_MEMORY;
	enum result result = digest_sha256(call->body, call->body_length, import.content_hash);
	if (result == RESULT_OK)
		result = mapping_csv_read(call->body, call->body_length, arena, &csv);
	if (result == RESULT_OK && (csv.row_count > 0 || csv.error_count == 0))
		result = import_run(call, &csv, &import, arena);
	if (result != RESULT_OK)
		return result;
	return csv.error_count > 0 ? import_refuse(call, &csv) : import_answer(call, &import);
}

/* ---- export ---- */

static enum result export_fill(struct api_call *call, struct text *piece)
{
	struct store *store = call_store(call);
	struct call_stream *stream = call->stream;
	const struct page page = {.limit = EXPORT_MAPPINGS, .after = stream->started ? stream->after_id : NULL};
	struct identity_mapping *mappings = NULL;
	size_t count = 0;
	const char *next = NULL;
	if (stream->started && stream->after_id[0] == '\0')
		return RESULT_OK;
	enum result result =
	    store->ops->mapping_list(store, &(struct mapping_filter){0}, &page, call->arena, &mappings, &count, &next);
	if (result != RESULT_OK)
		return result;
	if (!stream->started)
		mapping_csv_write_head(piece);
	stream->started = true;
	for (size_t i = 0; i < count; i++)
		mapping_csv_write(piece, &mappings[i]);
	snprintf(stream->after_id, sizeof(stream->after_id), "%s", next != NULL ? next : "");
	return text_failed(piece) ? RESULT_NO_MEMORY : RESULT_OK;
}

enum result api_mapping_export(struct api_call *call)
{
	struct call_stream *stream = arena_alloc(call->request_arena, sizeof(*stream));
	if (stream == NULL)
		return RESULT_NO_MEMORY;
	stream->fill = export_fill;
	call->stream = stream;
	call->status = 200;
	call->content_type = "text/csv; charset=utf-8";
	call_answer_header(call, "Content-Disposition", "attachment; filename=\"identity-mappings.csv\"");
	return RESULT_OK;
}
