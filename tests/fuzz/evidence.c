/* An evidence file comes from wherever an auditor got it. Whatever it holds: no crash, no more memory than its lines
 * ask for, and one that holds does so no more with its last byte changed. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "domain/evidence_check.h"
#include "domain/evidence_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t line_end(const char *bytes, size_t size, size_t at)
{
	const char *newline = memchr(bytes + at, '\n', size - at);
	return newline != NULL ? (size_t)(newline - bytes) + 1 : size;
}

/* The key that the file itself names, so that what lies behind it is reached too. */
static enum result own_key(const char *bytes, size_t size, struct audit_key **ret_key)
{
	for (size_t at = 0, end; at < size; at = end) {
		_cleanup_(json_decrefp) json_t *value = NULL;
		char kind[EVIDENCE_KIND_SIZE];
		end = line_end(bytes, size, at);
		if (evidence_line_record(bytes + at, end - at, kind, &value) != RESULT_OK || strcmp(kind, EVIDENCE_ABOUT) != 0)
			continue;
		const char *pem = json_string_at(value, "publicKey");
		return pem != NULL ? audit_key_from_public_pem(pem, ret_key) : RESULT_INVALID;
	}
	return RESULT_INVALID;
}

static enum result verify(const char *bytes, size_t size, const struct audit_key *key, struct arena *arena)
{
	struct evidence_check check;
	enum result result = evidence_check_begin(&check, key, NULL);
	for (size_t at = 0, end; result == RESULT_OK && at < size; at = end) {
		end = line_end(bytes, size, at);
		result = evidence_check_line(&check, bytes + at, end - at, arena);
		arena_reset(arena);
	}
	if (result == RESULT_OK)
		result = evidence_check_end(&check, arena);
	if (result == RESULT_INVALID && check.reason[0] == '\0')
		abort();
	evidence_check_done(&check);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(64u << 20);
	_cleanup_(audit_key_freep) struct audit_key *key = NULL;
	char *copy = malloc(size + 1);
	if (arena == NULL || copy == NULL)
		abort();
	memcpy(copy, data, size);
	if (own_key(copy, size, &key) == RESULT_OK || audit_key_generate(&key) == RESULT_OK) {
		bool held = verify(copy, size, key, arena) == RESULT_OK;
		if (held) {
			copy[size - 2] ^= 1;
			if (verify(copy, size, key, arena) == RESULT_OK)
				abort();
		}
	}
	free(copy);
	return 0;
}
