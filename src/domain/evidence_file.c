#include "domain/evidence_file.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define RECORD_BEGIN "<script type=\"application/json\" data-record=\""
#define RECORD_MIDDLE "\">"
#define RECORD_END "</script>"
#define SEAL_KIND "seal"
#define SEAL_BEGIN RECORD_BEGIN SEAL_KIND RECORD_MIDDLE
#define SEAL_LABEL "evidence"
#define FILE_END "</body></html>\n"

/* A line of the file is one line, whatever somebody wrote. */
static const char *reference_of(char character)
{
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
		return "&#10;";
	default:
		return "&#13;";
	}
}

void evidence_append_text(struct text *page, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t plain = strcspn(text, "&<>\"'\n\r");

		text_append_bytes(page, text, plain);
		text += plain;
		if (*text != '\0')
			text_append(page, reference_of(*text++));
	}
}

/* In a script nothing is a reference, but "<" could end it: JSON has another way to write that. */
static void append_script_json(struct text *page, const char *json)
{
	while (*json != '\0') {
		size_t plain = strcspn(json, "<");

		text_append_bytes(page, json, plain);
		json += plain;
		if (*json == '<') {
			text_append(page, "\\u003c");
			json++;
		}
	}
}

void evidence_append_record(struct text *page, const char *kind, const json_t *value, struct arena *arena)
{
	const char *json = value != NULL ? json_write(arena, value) : NULL;

	if (json == NULL) {
		page->failed = true;
		return;
	}
	text_append(page, RECORD_BEGIN);
	text_append(page, kind);
	text_append(page, RECORD_MIDDLE);
	append_script_json(page, json);
	text_append(page, RECORD_END "\n");
}

static void append_seal_line(struct text *page, const struct audit_checkpoint *seal, struct arena *arena)
{
	_cleanup_(json_decrefp) json_t *value = audit_checkpoint_to_json(seal, arena);

	evidence_append_record(page, SEAL_KIND, value, arena);
	text_append(page, FILE_END);
}

enum result evidence_append_seal(struct text *page, const struct audit_key *key, int64_t seq, const char *hash,
                                 int64_t at, struct arena *arena)
{
	struct audit_checkpoint seal = {.seq = seq, .at = at};

	snprintf(seal.hash, sizeof(seal.hash), "%s", hash);
	if (audit_checkpoint_sign(key, SEAL_LABEL, &seal) != RESULT_OK)
		return RESULT_NO_MEMORY;
	append_seal_line(page, &seal, arena);
	return text_failed(page) ? RESULT_NO_MEMORY : RESULT_OK;
}

/* ---- reading ---- */

static bool ends_with(const char *line, size_t length, const char *end)
{
	size_t size = strlen(end);

	return length >= size && memcmp(line + length - size, end, size) == 0;
}

static enum result read_record(const char *at, const char *end, char ret_kind[EVIDENCE_KIND_SIZE], json_t **ret_value)
{
	const char *quote = memchr(at, '"', (size_t)(end - at));
	size_t size = quote != NULL ? (size_t)(quote - at) : 0;
	char kind[EVIDENCE_KIND_SIZE] = "";
	enum result result;

	if (size == 0 || size >= sizeof(kind) || (size_t)(end - quote) < strlen(RECORD_MIDDLE RECORD_END) ||
	    memcmp(quote, RECORD_MIDDLE, strlen(RECORD_MIDDLE)) != 0 ||
	    !ends_with(quote, (size_t)(end - quote), RECORD_END))
		return RESULT_INVALID;
	memcpy(kind, at, size);
	at = quote + strlen(RECORD_MIDDLE);
	result = json_read(at, (size_t)(end - at) - strlen(RECORD_END), ret_value, NULL);
	if (result == RESULT_OK)
		memcpy(ret_kind, kind, sizeof(kind));
	return result;
}

enum result evidence_line_record(const char *line, size_t length, char ret_kind[EVIDENCE_KIND_SIZE], json_t **ret_value)
{
	const char *begin;

	if (length > 0 && line[length - 1] == '\n')
		length--;
	begin = memmem(line, length, RECORD_BEGIN, strlen(RECORD_BEGIN));
	if (begin == NULL)
		return RESULT_NOT_FOUND;
	return read_record(begin + strlen(RECORD_BEGIN), line + length, ret_kind, ret_value);
}

bool evidence_line_is_seal(const char *line, size_t length)
{
	return length >= strlen(SEAL_BEGIN) && memcmp(line, SEAL_BEGIN, strlen(SEAL_BEGIN)) == 0;
}

enum result evidence_line_check_seal(const char *line, size_t length, const struct audit_key *key, const char *hash,
                                     struct arena *arena, struct audit_checkpoint *ret_seal)
{
	_cleanup_(text_done) struct text again = TEXT_INIT((size_t)4096);
	_cleanup_(json_decrefp) json_t *value = NULL;
	char kind[EVIDENCE_KIND_SIZE];
	const char *newline = memchr(line, '\n', length);
	struct audit_checkpoint seal;
	enum result result;

	if (newline == NULL)
		return RESULT_INVALID;
	result = evidence_line_record(line, (size_t)(newline - line), kind, &value);
	if (result != RESULT_OK)
		return result == RESULT_NO_MEMORY ? result : RESULT_INVALID;
	if (!audit_checkpoint_from_json(value, arena, &seal) || !text_equal(seal.hash, hash) ||
	    !audit_checkpoint_verify(key, SEAL_LABEL, &seal))
		return RESULT_INVALID;
	/* What no signature covers has only one way to be written. */
	append_seal_line(&again, &seal, arena);
	if (text_failed(&again))
		return RESULT_NO_MEMORY;
	if (again.length != length || memcmp(again.data, line, length) != 0)
		return RESULT_INVALID;
	*ret_seal = seal;
	return RESULT_OK;
}
