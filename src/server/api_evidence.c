/* Evidence of a period: a file for an auditor, streamed.
 *
 * The cases come first, then the findings, then the events, up to a checkpoint that was signed after the last of those
 * was read: so none of them shows anything whose event is missing because it happened while the file was made. All of
 * it passes through the digest on its way out, and the seal comes last. */
#include "server/api.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "domain/evidence_file.h"
#include "server/evidence.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define PIECE_CASES 50
#define PIECE_FINDINGS 200
#define PIECE_EVENTS 200

enum part { PART_BEGIN, PART_CASES, PART_FINDINGS, PART_CHAIN, PART_EVENTS, PART_END, PART_OVER };

struct evidence_stream {
	struct call_stream stream; /* first */
	enum part part;
	struct evidence_about about;
	struct evidence_span span;
	struct evidence_counts counts;
	struct digest_stream *digest;
};

static struct evidence_stream *evidence_of(const struct api_call *call)
{
	return (struct evidence_stream *)call->stream;
}

/* ---- the period ---- */

/* A day, or an instant; *ret_at stays what it was if none was given. `end`: a day is meant with all of it. */
static bool read_date(const char *text, bool end, int64_t *ret_at)
{
	char instant[40];

	if (text == NULL)
		return true;
	if (strlen(text) != strlen("2026-01-31"))
		return clock_parse(text, ret_at) == RESULT_OK;
	snprintf(instant, sizeof(instant), "%sT00:00:00Z", text);
	if (clock_parse(instant, ret_at) != RESULT_OK)
		return false;
	*ret_at += end ? DAY_MS : 0;
	return true;
}

static enum result read_filter(struct api_call *call, struct evidence_filter *ret_filter)
{
	const char *tool_id = call_query(call, "toolId");
	struct evidence_filter filter = {
	    .to = call_now_ms(call) + 1000, /* events know whole seconds */
	    .tool_id = arena_strdup(call->request_arena, tool_id),
	};

	if (!read_date(call_query(call, "from"), false, &filter.from))
		return call_fault(call, "from", "malformed", "must be a date (2026-01-31) or an instant of RFC 3339");
	if (!read_date(call_query(call, "to"), true, &filter.to))
		return call_fault(call, "to", "malformed", "must be a date (2026-01-31) or an instant of RFC 3339");
	if (filter.to <= filter.from)
		return call_fault(call, "to", "out_of_range", "must not be before from");
	if (tool_id != NULL && filter.tool_id == NULL)
		return RESULT_NO_MEMORY;
	*ret_filter = filter;
	return RESULT_OK;
}

/* ---- cases ---- */

static enum result read_case(struct api_call *call, const struct access_request *request, struct evidence_case *ret_one)
{
	struct store *store = call_store(call);
	struct evidence_case one = {.request = *request, .has_grant = request->grant_id != NULL};
	enum result result = RESULT_OK;

	if (one.has_grant)
		result = store->ops->grant_read(store, request->grant_id, call->arena, &one.grant);
	if (one.has_grant && result == RESULT_OK)
		result = store->ops->grant_history(store, request->grant_id, call->arena, &one.history, &one.history_count);
	if (one.has_grant && result == RESULT_OK)
		result = store->ops->audit_list_of_grant(store, request->grant_id, call->arena, &one.events, &one.event_count);
	if (result == RESULT_OK)
		*ret_one = one;
	return result;
}

static enum result fill_case(struct api_call *call, struct text *piece, const struct access_request *request)
{
	struct evidence_stream *evidence = evidence_of(call);
	struct evidence_case one = {0};
	enum result result = read_case(call, request, &one);

	if (result != RESULT_OK)
		return result;
	evidence->counts.requests++;
	evidence->counts.grants += one.has_grant;
	if (evidence->stream.csv)
		evidence_csv_case(piece, &one, call->arena);
	else
		evidence_page_case(piece, &one, call->arena);
	snprintf(evidence->stream.after_id, sizeof(evidence->stream.after_id), "%s", request->request_id);
	return RESULT_OK;
}

static enum result fill_cases(struct api_call *call, struct text *piece)
{
	struct evidence_stream *evidence = evidence_of(call);
	struct store *store = call_store(call);
	struct access_request *requests = NULL;
	size_t count = 0;
	enum result result = store->ops->evidence_requests(store, &evidence->about.filter, evidence->stream.after_id,
	                                                   PIECE_CASES, call->arena, &requests, &count);

	for (size_t at = 0; result == RESULT_OK && at < count; at++)
		result = fill_case(call, piece, &requests[at]);
	if (result != RESULT_OK || count == PIECE_CASES)
		return result;
	evidence->part = evidence->stream.csv ? PART_OVER : PART_FINDINGS;
	evidence->stream.after_id[0] = '\0';
	if (!evidence->stream.csv)
		evidence_page_findings(piece, &evidence->counts);
	return RESULT_OK;
}

/* ---- findings ---- */

static enum result fill_findings(struct api_call *call, struct text *piece)
{
	struct evidence_stream *evidence = evidence_of(call);
	struct store *store = call_store(call);
	struct finding *findings = NULL;
	size_t count = 0;
	enum result result = store->ops->evidence_findings(store, &evidence->about.filter, evidence->stream.after_id,
	                                                   PIECE_FINDINGS, call->arena, &findings, &count);

	if (result != RESULT_OK)
		return result;
	for (size_t at = 0; at < count; at++)
		evidence_page_finding(piece, &findings[at], call->arena);
	evidence->counts.findings += (int64_t)count;
	if (count == PIECE_FINDINGS)
		snprintf(evidence->stream.after_id, sizeof(evidence->stream.after_id), "%s", findings[count - 1].finding_id);
	else
		evidence->part = PART_CHAIN;
	return RESULT_OK;
}

/* ---- the chain ---- */

static enum result find_span(struct api_call *call)
{
	struct evidence_stream *evidence = evidence_of(call);
	struct store *store = call_store(call);
	bool added = false;
	enum result result = store->ops->evidence_span(store, &evidence->about.filter, &evidence->span);

	if (result != RESULT_OK || evidence->span.after.seq > 0)
		return result;
	result = store->ops->audit_checkpoint_add(store, &added, &call->error);
	if (result == RESULT_OK)
		result = store->ops->evidence_span(store, &evidence->about.filter, &evidence->span);
	return result == RESULT_OK && evidence->span.after.seq == 0 ? RESULT_UNAVAILABLE : result;
}

static enum result fill_chain(struct api_call *call, struct text *piece)
{
	struct evidence_stream *evidence = evidence_of(call);
	enum result result = find_span(call);

	if (result != RESULT_OK)
		return result;
	evidence_page_chain(piece, &evidence->span, &evidence->counts, call->arena);
	evidence->stream.after = evidence->span.before.seq;
	evidence->part = PART_EVENTS;
	return RESULT_OK;
}

static enum result fill_events(struct api_call *call, struct text *piece)
{
	struct evidence_stream *evidence = evidence_of(call);
	struct store *store = call_store(call);
	int64_t left = evidence->span.after.seq - evidence->stream.after;
	int limit = left < PIECE_EVENTS ? (int)left : PIECE_EVENTS;
	struct audit_event *events = NULL;
	size_t count = 0;
	enum result result = RESULT_OK;

	if (limit > 0)
		result = store->ops->audit_read_from(store, evidence->stream.after, limit, call->arena, &events, &count);
	if (result == RESULT_OK && count < (size_t)limit)
		result = RESULT_PROTOCOL; /* a checkpoint names an event that is not there */
	for (size_t at = 0; result == RESULT_OK && at < count; at++) {
		evidence_page_event(piece, &events[at], call->arena);
		evidence->stream.after = events[at].seq;
		evidence->counts.events++;
	}
	if (evidence->stream.after >= evidence->span.after.seq)
		evidence->part = PART_END;
	return result;
}

/* ---- the file ---- */

static enum result fill_seal(struct api_call *call, struct text *piece)
{
	struct evidence_stream *evidence = evidence_of(call);
	const struct audit_key *key = call->context->options.audit_key;
	char hash[DIGEST_HEX_SIZE];
	enum result result;

	evidence_page_end(piece, &evidence->span, &evidence->counts, call->arena);
	if (text_failed(piece))
		return RESULT_NO_MEMORY;
	result = digest_stream_add(evidence->digest, piece->data, piece->length);
	if (result == RESULT_OK)
		result = digest_stream_hex(evidence->digest, hash);
	if (result == RESULT_OK)
		result = evidence_append_seal(piece, key, evidence->span.after.seq, hash, call_now_ms(call), call->arena);
	evidence->part = PART_OVER;
	return result;
}

static enum result fill_part(struct api_call *call, struct text *piece)
{
	struct evidence_stream *evidence = evidence_of(call);

	switch (evidence->part) {
	case PART_BEGIN:
		if (evidence->stream.csv)
			evidence_csv_begin(piece);
		else
			evidence_page_begin(piece, &evidence->about, call->arena);
		evidence->part = PART_CASES;
		return RESULT_OK;
	case PART_CASES:
		return fill_cases(call, piece);
	case PART_FINDINGS:
		return fill_findings(call, piece);
	case PART_CHAIN:
		return fill_chain(call, piece);
	case PART_EVENTS:
		return fill_events(call, piece);
	case PART_END:
		return fill_seal(call, piece);
	case PART_OVER:
		break;
	}
	return RESULT_OK;
}

/* A part that has nothing to say is passed over: an empty piece would end the file. */
static enum result evidence_fill(struct api_call *call, struct text *piece)
{
	struct evidence_stream *evidence = evidence_of(call);
	enum result result = RESULT_OK;
	bool sealed = false;

	while (result == RESULT_OK && piece->length == 0 && evidence->part != PART_OVER) {
		sealed = evidence->part == PART_END;
		result = fill_part(call, piece);
	}
	if (result == RESULT_OK && text_failed(piece))
		result = RESULT_NO_MEMORY;
	if (result == RESULT_OK && !sealed)
		result = digest_stream_add(evidence->digest, piece->data, piece->length);
	return result;
}

static void evidence_done(struct api_call *call)
{
	digest_stream_free(evidence_of(call)->digest);
	evidence_of(call)->digest = NULL;
}

static enum result evidence_open(struct api_call *call, const struct evidence_filter *filter,
                                 struct evidence_stream **ret_evidence)
{
	struct evidence_stream *evidence = arena_alloc(call->request_arena, sizeof(*evidence));
	const struct audit_key *key = call->context->options.audit_key;

	if (evidence == NULL)
		return RESULT_NO_MEMORY;
	if (key == NULL)
		return RESULT_UNAVAILABLE;
	evidence->about = (struct evidence_about){
	    .filter = *filter,
	    .made_at = call_now_ms(call),
	    .made_by = arena_strdup(call->request_arena, call->principal.principal_id),
	    .public_key = audit_key_public_pem(key, call->request_arena),
	};
	if (evidence->about.made_by == NULL || evidence->about.public_key == NULL)
		return RESULT_NO_MEMORY;
	evidence->stream.fill = evidence_fill;
	evidence->stream.done = evidence_done;
	evidence->stream.csv = text_equal(call_query(call, "format"), "csv");
	*ret_evidence = evidence;
	return digest_stream_new(&evidence->digest);
}

enum result api_evidence(struct api_call *call)
{
	struct store *store = call_store(call);
	struct evidence_stream *evidence = NULL;
	struct evidence_filter filter;
	struct evidence_span span;
	enum result result = read_filter(call, &filter);

	if (result == RESULT_OK)
		result = store->ops->evidence_span(store, &filter, &span); /* is the tool one? */
	if (result == RESULT_OK)
		result = evidence_open(call, &filter, &evidence);
	if (result != RESULT_OK)
		return result;
	call->stream = &evidence->stream;
	call->status = 200;
	call->content_type = evidence->stream.csv ? "text/csv; charset=utf-8" : "text/html; charset=utf-8";
	call_answer_header(call, "Content-Disposition",
	                   evidence->stream.csv ? "attachment; filename=\"evidence.csv\""
	                                        : "attachment; filename=\"evidence.html\"");
	return RESULT_OK;
}
