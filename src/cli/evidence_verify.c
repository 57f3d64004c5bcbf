#include "cli/evidence_verify.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define BUFFER ((size_t)64 * 1024)
#define LONGEST_LINE ((size_t)8 * 1024 * 1024)
#define SCRATCH_CEILING ((size_t)256 * 1024 * 1024)

bool evidence_verify_is_evidence(FILE *file)
{
	int first = getc(file);

	rewind(file);
	return first == '<';
}

static enum result end_line(struct evidence_check *check, struct text *line, struct arena *scratch)
{
	enum result result =
	    text_failed(line) ? RESULT_NO_MEMORY : evidence_check_line(check, line->data, line->length, scratch);

	arena_reset(scratch);
	line->length = 0;
	return result;
}

/* What was read, line by line; the last may be only the beginning of one. */
static enum result take_bytes(struct evidence_check *check, struct text *line, const char *bytes, size_t length,
                              struct arena *scratch)
{
	const char *end = bytes + length;
	enum result result = RESULT_OK;

	while (bytes < end && result == RESULT_OK) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline + 1 : end;

		text_append_bytes(line, bytes, (size_t)(stop - bytes));
		bytes = stop;
		if (newline || text_failed(line))
			result = end_line(check, line, scratch);
	}
	return result;
}

enum result evidence_verify_walk(FILE *file, struct evidence_check *check)
{
	_cleanup_(text_done) struct text line = TEXT_INIT(LONGEST_LINE);
	_cleanup_(arena_freep) struct arena *scratch = arena_new(SCRATCH_CEILING);
	_cleanup_(memory_freep) char *buffer = memory_alloc(BUFFER);
	enum result result = scratch && buffer ? RESULT_OK : RESULT_NO_MEMORY;
	size_t got = BUFFER;

	while (result == RESULT_OK && got > 0) {
		got = fread(buffer, 1, BUFFER, file);
		result = ferror(file) ? RESULT_IO : take_bytes(check, &line, buffer, got, scratch);
	}
	if (result == RESULT_OK && line.length > 0)
		result = end_line(check, &line, scratch);
	return result == RESULT_OK ? evidence_check_end(check, scratch) : result;
}

static void say_what_holds(const struct evidence_check *check)
{
	(void)printf("The evidence holds: %" PRId64 " request%s, %" PRId64 " grant%s, %" PRId64
	             " finding%s, events %" PRId64 " to %" PRId64 " (%" PRId64 ") without a gap.\n",
	             check->requests, check->requests == 1 ? "" : "s", check->grants, check->grants == 1 ? "" : "s",
	             check->findings, check->findings == 1 ? "" : "s", check->before.seq + 1, check->after.seq,
	             check->events);
	(void)printf("Period %s to %s, %s%s; made %s.\n", check->from[0] ? check->from : "the beginning", check->to,
	             check->tool_id[0] ? "tool " : "all tools", check->tool_id, check->made_at);
}

enum exit_code evidence_verify(FILE *file, const struct audit_key *key, const struct audit_checkpoint *since)
{
	struct evidence_check check;
	enum result result = evidence_check_begin(&check, key, since);
	enum exit_code code = EXIT_HELD;

	if (result == RESULT_OK)
		result = evidence_verify_walk(file, &check);
	if (result == RESULT_OK) {
		say_what_holds(&check);
	} else if (result == RESULT_INVALID) {
		(void)printf("The evidence does not hold.\n");
		if (check.bad_seq > 0)
			(void)printf("first bad sequence number: %" PRId64 "\n", check.bad_seq);
		(void)printf("%s\n", check.reason);
		code = EXIT_DID_NOT_HOLD;
	} else {
		code = command_fail(EXIT_DID_NOT_HOLD, "%s",
		                    result == RESULT_IO ? "The file cannot be read." : "Not enough memory to verify the file.");
	}
	evidence_check_done(&check);
	return code;
}
