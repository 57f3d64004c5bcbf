#include "domain/evidence_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "domain/evidence_file.h"

/* Records come in this order; a stage may be entered from an earlier one only. */
enum stage { STAGE_BEGIN, STAGE_PAGE, STAGE_REQUESTS, STAGE_FINDINGS, STAGE_CHAIN, STAGE_AFTER, STAGE_END };

#define LONGEST_SEAL ((size_t)4096)

static enum result PRINTF_LIKE(3, 4) fail(struct evidence_check *check, int64_t seq, const char *format, ...)
{
	va_list arguments;

	if (check->reason[0] != '\0')
		return RESULT_INVALID;
	check->bad_seq = seq;
	va_start(arguments, format);
	(void)vsnprintf(check->reason, sizeof(check->reason), format, arguments);
	va_end(arguments);
	return RESULT_INVALID;
}

static void keep(char *out, size_t size, const json_t *value, const char *name)
{
	const char *text = json_string_at(value, name);

	(void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static bool is_our_key(const struct evidence_check *check, const char *pem, struct arena *scratch)
{
	const char *ours = audit_key_public_pem(check->key, scratch);

	return pem != NULL && ours != NULL && text_equal(pem, ours);
}

static enum result take_about(struct evidence_check *check, const json_t *value, struct arena *scratch)
{
	if (json_integer_at(value, "form", 0) != EVIDENCE_FORM)
		return fail(check, 0, "The file is of a form that this version does not know.");
	if (!is_our_key(check, json_string_at(value, "publicKey"), scratch))
		return fail(check, 0, "The file names another public key than the one given.");
	keep(check->from, sizeof(check->from), value, "from");
	keep(check->to, sizeof(check->to), value, "to");
	keep(check->made_at, sizeof(check->made_at), value, "madeAt");
	keep(check->tool_id, sizeof(check->tool_id), value, "toolId");
	return RESULT_OK;
}

static enum result take_checkpoint(struct evidence_check *check, const json_t *value, struct arena *scratch,
                                   struct audit_checkpoint *ret_checkpoint)
{
	if (!audit_checkpoint_from_json(value, scratch, ret_checkpoint))
		return fail(check, 0, "A checkpoint of the file is none.");
	if (!audit_checkpoint_verify(check->key, "checkpoint", ret_checkpoint))
		return fail(check, ret_checkpoint->seq, "The signature of the checkpoint at this event does not hold.");
	return RESULT_OK;
}

/* A checkpoint that somebody kept: it names this event, and must name it by this hash. */
static enum result compare_since(struct evidence_check *check, int64_t seq, const char *hash)
{
	if (check->since == NULL || check->since->seq != seq || check->since_seen)
		return RESULT_OK;
	check->since_seen = true;
	if (!audit_checkpoint_verify(check->key, "checkpoint", check->since))
		return fail(check, seq, "The signature of the exported checkpoint does not hold.");
	if (!text_equal(check->since->hash, hash))
		return fail(check, seq, "The exported checkpoint names another hash for this event.");
	return RESULT_OK;
}

static enum result take_before(struct evidence_check *check, const json_t *value, struct arena *scratch)
{
	enum result result = take_checkpoint(check, value, scratch, &check->before);

	if (check->chained)
		return fail(check, 0, "There are two checkpoints before the first event.");
	if (result != RESULT_OK)
		return result;
	check->chained = true;
	audit_verifier_init_after(&check->verifier, check->before.seq, check->before.hash);
	return compare_since(check, check->before.seq, check->before.hash);
}

static enum result take_event(struct evidence_check *check, const json_t *value, struct arena *scratch)
{
	struct audit_event event;
	enum result result;

	check->chained = true;
	if (!audit_event_from_json(value, scratch, &event))
		return fail(check, check->verifier.next_seq, "The event is not in the form in which it was hashed.");
	result = audit_verifier_add(&check->verifier, &event, scratch);
	if (result == RESULT_INVALID)
		return fail(check, check->verifier.bad_seq, "%s", check->verifier.reason);
	if (result != RESULT_OK)
		return result;
	check->events++;
	return compare_since(check, event.seq, event.hash);
}

static enum result take_after(struct evidence_check *check, const json_t *value, struct arena *scratch)
{
	enum result result = take_checkpoint(check, value, scratch, &check->after);

	if (result != RESULT_OK)
		return result;
	if (check->after.seq != check->verifier.next_seq - 1)
		return fail(check, check->verifier.next_seq,
		            "The tail was cut: the signed checkpoint names event %" PRId64 ", but the last one is %" PRId64 ".",
		            check->after.seq, check->verifier.next_seq - 1);
	if (!text_equal(check->after.hash, check->verifier.prev_hash))
		return fail(check, check->after.seq, "The signed checkpoint names another hash for this event.");
	return RESULT_OK;
}

static enum result take_end(struct evidence_check *check, const json_t *value)
{
	/* A file of a version that knew no findings has none, and does not count them. */
	if (json_integer_at(value, "requests", -1) != check->requests ||
	    json_integer_at(value, "grants", -1) != check->grants ||
	    json_integer_at(value, "findings", 0) != check->findings ||
	    json_integer_at(value, "events", -1) != check->events)
		return fail(check, 0, "The file does not hold as many requests, grants, findings and events as it says.");
	return RESULT_OK;
}

/* False if a record of this stage may not come now. */
static bool advance(struct evidence_check *check, int from_least, int to)
{
	bool fits = check->stage >= from_least && check->stage <= to;

	check->stage = to;
	return fits;
}

static enum result out_of_order(struct evidence_check *check)
{
	return fail(check, 0, "The records of the file are not in their order.");
}

static enum result take_record(struct evidence_check *check, const char *kind, const json_t *value,
                               struct arena *scratch)
{
	bool once = check->stage < STAGE_AFTER;

	if (text_equal(kind, EVIDENCE_ABOUT)) {
		if (check->stage != STAGE_PAGE)
			return out_of_order(check);
		check->stage = STAGE_REQUESTS;
		return take_about(check, value, scratch);
	}
	if (text_equal(kind, EVIDENCE_REQUEST) || text_equal(kind, EVIDENCE_GRANT)) {
		check->requests += text_equal(kind, EVIDENCE_REQUEST);
		check->grants += text_equal(kind, EVIDENCE_GRANT);
		return advance(check, STAGE_REQUESTS, STAGE_REQUESTS) ? RESULT_OK : out_of_order(check);
	}
	if (text_equal(kind, EVIDENCE_FINDING)) {
		check->findings++;
		return advance(check, STAGE_REQUESTS, STAGE_FINDINGS) ? RESULT_OK : out_of_order(check);
	}
	if (text_equal(kind, EVIDENCE_BEFORE))
		return advance(check, STAGE_REQUESTS, STAGE_CHAIN) ? take_before(check, value, scratch) : out_of_order(check);
	if (text_equal(kind, EVIDENCE_EVENT))
		return advance(check, STAGE_REQUESTS, STAGE_CHAIN) ? take_event(check, value, scratch) : out_of_order(check);
	if (text_equal(kind, EVIDENCE_AFTER))
		return once && advance(check, STAGE_REQUESTS, STAGE_AFTER) ? take_after(check, value, scratch)
		                                                           : out_of_order(check);
	if (text_equal(kind, EVIDENCE_END))
		return advance(check, STAGE_AFTER, STAGE_END) ? take_end(check, value) : out_of_order(check);
	/* A part that a later version adds is under the seal like the others. */
	return RESULT_OK;
}

enum result evidence_check_begin(struct evidence_check *check, const struct audit_key *key,
                                 const struct audit_checkpoint *since)
{
	*check = (struct evidence_check){.key = key, .since = since, .tail = TEXT_INIT(LONGEST_SEAL)};
	audit_verifier_init(&check->verifier);
	return digest_stream_new(&check->digest);
}

/* What is not understood because memory ran out is no forgery. `failures`: what memory_failures() was before. */
static enum result unless_memory_ran_out(struct evidence_check *check, uint64_t failures, enum result result)
{
	if (result != RESULT_INVALID || memory_failures() == failures)
		return result;
	check->reason[0] = '\0';
	check->bad_seq = 0;
	return RESULT_NO_MEMORY;
}

static enum result take_line(struct evidence_check *check, const char *line, size_t length, struct arena *scratch)
{
	_cleanup_(json_decrefp) json_t *value = NULL;
	char kind[EVIDENCE_KIND_SIZE];
	enum result result = evidence_line_record(line, length, kind, &value);

	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	if (result == RESULT_INVALID)
		return fail(check, 0, "A record of the file is not one whole JSON value.");
	return result == RESULT_OK ? take_record(check, kind, value, scratch) : result;
}

static enum result check_line(struct evidence_check *check, const char *line, size_t length, struct arena *scratch)
{
	enum result result;

	if (check->sealed || evidence_line_is_seal(line, length)) {
		check->sealed = true;
		text_append_bytes(&check->tail, line, length);
		return text_failed(&check->tail) ? fail(check, 0, "Something follows the seal.") : RESULT_OK;
	}
	if (check->stage == STAGE_BEGIN && (length != strlen(EVIDENCE_BEGIN) || memcmp(line, EVIDENCE_BEGIN, length) != 0))
		return fail(check, 0, "The file does not begin as evidence does.");
	result = digest_stream_add(check->digest, line, length);
	if (result == RESULT_OK && check->stage != STAGE_BEGIN)
		return take_line(check, line, length, scratch);
	check->stage = STAGE_PAGE;
	return result;
}

enum result evidence_check_line(struct evidence_check *check, const char *line, size_t length, struct arena *scratch)
{
	uint64_t failures = memory_failures();

	if (check->reason[0] != '\0')
		return RESULT_INVALID;
	return unless_memory_ran_out(check, failures, check_line(check, line, length, scratch));
}

static enum result check_complete(struct evidence_check *check)
{
	if (!check->sealed)
		return fail(check, 0, "The file has no seal: its end is missing.");
	if (check->stage != STAGE_END)
		return fail(check, 0, "The file lacks records that every evidence file has.");
	if (check->since != NULL && !check->since_seen)
		return fail(check, 0,
		            "The exported checkpoint names event %" PRId64 ", which is not among the events %" PRId64
		            " to %" PRId64 " of this file: take one from within the period, or verify without.",
		            check->since->seq, check->before.seq, check->after.seq);
	return RESULT_OK;
}

static enum result check_seal(struct evidence_check *check, struct arena *scratch)
{
	char hash[DIGEST_HEX_SIZE];
	struct audit_checkpoint seal;
	enum result result = check_complete(check);

	if (result == RESULT_OK)
		result = digest_stream_hex(check->digest, hash);
	if (result == RESULT_OK)
		result = evidence_line_check_seal(check->tail.data, check->tail.length, check->key, hash, scratch, &seal);
	if (result == RESULT_INVALID)
		return fail(check, 0, "The seal does not hold: something in the file was changed.");
	if (result == RESULT_OK && seal.seq != check->after.seq)
		return fail(check, 0, "The seal names another last event.");
	return result;
}

enum result evidence_check_end(struct evidence_check *check, struct arena *scratch)
{
	uint64_t failures = memory_failures();

	if (check->reason[0] != '\0')
		return RESULT_INVALID;
	return unless_memory_ran_out(check, failures, check_seal(check, scratch));
}

void evidence_check_done(struct evidence_check *check)
{
	digest_stream_free(check->digest);
	text_done(&check->tail);
	check->digest = NULL;
}
