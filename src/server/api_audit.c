/* The audit chain: page by page, or whole, as a file.
 *
 * An export may be longer than memory: it is rendered piece by piece, each piece from one page of the store, oldest
 * first, and ends at the newest event that there is when it gets there. */
#include "server/api.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "server/csv_cell.h"
#include "server/render.h"

#define EXPORT_EVENTS 200

enum result api_audit_list(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct audit_event *events;
	size_t count;
	const char *next;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->audit_list(store, &page, call->arena, &events, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, audit_event_to_json(&events[i], true)) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_audit_checkpoints(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct audit_checkpoint *checkpoints;
	size_t count;
	const char *next;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->audit_checkpoint_list(store, &page, call->arena, &checkpoints, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, audit_checkpoint_to_json(&checkpoints[i], call->arena)) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_audit_public_key(struct api_call *call)
{
	bool failed = false;
	const struct audit_key *key = call->context->options.audit_key;
	const char *pem = key != NULL ? audit_key_public_pem(key, call->arena) : NULL;
	if (pem == NULL)
		return RESULT_UNAVAILABLE;
	json_t *value = json_object();
	json_put_string(value, "publicKey", pem, &failed);
	if (failed) {
		json_decref(value);
		return RESULT_NO_MEMORY;
	}
	return call_answer(call, 200, value);
}

/* ---- export
 * -------------------------------------------------------------------------------------------------------------------
 */

static void export_csv(struct text *piece, const struct audit_event *event)
{
	char at[CLOCK_TEXT_SIZE];
	clock_format(event->at, at);
	text_printf(piece, "%lld,%s,", (long long)event->seq, at);
	csv_append_cell(piece, event->actor_kind, ",");
	csv_append_cell(piece, event->actor_id, ",");
	csv_append_cell(piece, event->action, ",");
	csv_append_cell(piece, event->target_kind, ",");
	csv_append_cell(piece, event->target_id, ",");
	csv_append_cell(piece, event->outcome, ",");
	csv_append_cell(piece, event->detail, ",");
	csv_append_cell(piece, event->prev_hash, ",");
	csv_append_cell(piece, event->hash, "\r\n");
}

static enum result export_jsonl(struct api_call *call, struct text *piece, const struct audit_event *event)
{
	_cleanup_(json_decrefp) json_t *value = audit_event_to_json(event, true);
	const char *line = value != NULL ? json_write(call->arena, value) : NULL;
	if (line == NULL)
		return RESULT_NO_MEMORY;
	text_append(piece, line);
	text_append_char(piece, '\n');
	return RESULT_OK;
}

static enum result export_fill(struct api_call *call, struct text *piece)
{
	struct store *store = call_store(call);
	struct call_stream *stream = call->stream;
	struct audit_event *events;
	size_t count;
	enum result result = store->ops->audit_read_from(store, stream->after, EXPORT_EVENTS, call->arena, &events, &count);
	if (result != RESULT_OK)
		return result;
	if (!stream->started && stream->csv)
		text_append(piece, "seq,at,actorKind,actorId,action,targetKind,targetId,outcome,detail,prevHash,hash\r\n");
	stream->started = true;
	for (size_t i = 0; i < count && result == RESULT_OK; i++) {
		if (stream->csv)
			export_csv(piece, &events[i]);
		else
			result = export_jsonl(call, piece, &events[i]);
		stream->after = events[i].seq;
	}
	return result == RESULT_OK && text_failed(piece) ? RESULT_NO_MEMORY : result;
}

enum result api_audit_export(struct api_call *call)
{
	struct call_stream *stream = arena_alloc(call->request_arena, sizeof *stream);
	if (stream == NULL)
		return RESULT_NO_MEMORY;
	const char *format = call_query(call, "format");
	stream->csv = text_equal(format, "csv");
	stream->fill = export_fill;
	call->stream = stream;
	call->status = 200;
	call->content_type = stream->csv ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8";
	call_answer_header(call, "Content-Disposition",
	                   stream->csv ? "attachment; filename=\"audit-events.csv\""
	                               : "attachment; filename=\"audit-events.jsonl\"");
	return RESULT_OK;
}
