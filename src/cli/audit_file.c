#include "cli/audit_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#define SMALL_FILE ((size_t)256 * 1024)
#define LONGEST_EVENT ((size_t)1024 * 1024)

static void close_filep(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

static enum result read_small(const char *path, struct arena *arena, char **ret_bytes, size_t *ret_length,
                              struct error *error)
{
	_cleanup_(close_filep) FILE *file = fopen(path, "re");
	char *bytes = arena_alloc(arena, SMALL_FILE + 1);
	size_t length;

	if (!bytes)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read %s.", path);
	if (!file)
		return error_set(error, RESULT_IO, NULL, "%s cannot be opened: %s.", path, strerror(errno));
	length = fread(bytes, 1, SMALL_FILE, file);
	if (ferror(file))
		return error_set(error, RESULT_IO, NULL, "%s cannot be read.", path);
	bytes[length] = '\0';
	*ret_bytes = bytes;
	*ret_length = length;
	return RESULT_OK;
}

static bool checkpoint_from_json(const json_t *value, struct arena *arena, struct audit_checkpoint *ret_checkpoint)
{
	const char *hash = json_string_at(value, "hash");
	const char *at = json_string_at(value, "at");
	const char *signature = json_string_at(value, "signature");
	struct audit_checkpoint checkpoint = {.seq = json_integer_at(value, "seq", 0)};
	uint8_t *bytes = NULL;
	size_t length = 0;

	if (checkpoint.seq < 1 || !hash || strlen(hash) != DIGEST_HEX_SIZE - 1 || !at || !signature ||
	    clock_parse(at, &checkpoint.at) != RESULT_OK ||
	    text_base64_decode(arena, signature, strlen(signature), &bytes, &length) != RESULT_OK ||
	    length != AUDIT_SIGNATURE_SIZE)
		return false;
	memcpy(checkpoint.hash, hash, DIGEST_HEX_SIZE);
	memcpy(checkpoint.signature, bytes, AUDIT_SIGNATURE_SIZE);
	*ret_checkpoint = checkpoint;
	return true;
}

enum result audit_file_read_checkpoint(const char *path, struct audit_checkpoint *ret_checkpoint, struct error *error)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(SMALL_FILE * 8);
	_cleanup_(json_decrefp) json_t *value = NULL;
	const json_t *items;
	char *bytes = NULL;
	size_t length = 0;
	enum result result;

	if (!arena)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read %s.", path);
	result = read_small(path, arena, &bytes, &length, error);
	if (result != RESULT_OK)
		return result;
	result = json_read(bytes, length, &value, error);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "%s is not JSON.", path);
	items = json_object_get(value, "items");
	if (!checkpoint_from_json(json_is_array(items) ? json_array_get(items, 0) : value, arena, ret_checkpoint))
		return error_set(error, RESULT_INVALID, NULL,
		                 "%s is no checkpoint: {\"seq\":…,\"hash\":…,\"at\":…,\"signature\":…} is expected.", path);
	return RESULT_OK;
}

enum result audit_file_read_public_key(const char *path, struct audit_key **ret_key, struct error *error)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(SMALL_FILE * 8);
	_cleanup_(json_decrefp) json_t *value = NULL;
	const char *pem;
	char *bytes = NULL;
	size_t length = 0;
	enum result result;

	if (!arena)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read %s.", path);
	result = read_small(path, arena, &bytes, &length, error);
	if (result != RESULT_OK)
		return result;
	pem = bytes;
	if (json_read(bytes, length, &value, NULL) == RESULT_OK)
		pem = json_string_at(value, "publicKey");
	if (!pem || audit_key_from_public_pem(pem, ret_key) != RESULT_OK)
		return error_set(error, RESULT_INVALID, NULL, "%s holds no Ed25519 public key (PEM, or {\"publicKey\":\"…\"}).",
		                 path);
	return RESULT_OK;
}

static bool event_from_json(const json_t *value, struct arena *arena, struct audit_event *ret_event)
{
	const char *at = json_string_at(value, "at");
	const json_t *detail = json_object_get(value, "detail");
	struct audit_event event = {
	    .seq = json_integer_at(value, "seq", 0),
	    .actor_kind = arena_strdup(arena, json_string_at(value, "actor.kind")),
	    .actor_id = arena_strdup(arena, json_string_at(value, "actor.id")),
	    .action = arena_strdup(arena, json_string_at(value, "action")),
	    .target_kind = arena_strdup(arena, json_string_at(value, "target.kind")),
	    .target_id = arena_strdup(arena, json_string_at(value, "target.id")),
	    .outcome = arena_strdup(arena, json_string_at(value, "outcome")),
	    .detail = json_is_object(detail) ? json_write(arena, detail) : NULL,
	    .prev_hash = arena_strdup(arena, json_string_at(value, "prevHash")),
	    .hash = arena_strdup(arena, json_string_at(value, "hash")),
	};
	_cleanup_(json_decrefp) json_t *again = NULL;

	if (!at || clock_parse(at, &event.at) != RESULT_OK || !event.detail || !event.hash ||
	    strlen(event.hash) != DIGEST_HEX_SIZE - 1)
		return false;
	/* What the line says beyond the event, no hash would cover: it must be the event and nothing else. */
	again = audit_event_to_json(&event, true);
	if (!again || !json_equal(again, value))
		return false;
	*ret_event = event;
	return true;
}

/* A line of at most LONGEST_EVENT bytes; *ret_any false at the end of the file. */
static enum result read_line(FILE *file, struct text *line, bool *ret_any)
{
	int character = getc(file);

	*ret_any = character != EOF;
	for (; character != EOF && character != '\n'; character = getc(file))
		text_append_char(line, (char)character);
	if (ferror(file))
		return RESULT_IO;
	return text_failed(line) ? RESULT_INVALID : RESULT_OK;
}

enum result audit_file_next_event(FILE *file, struct arena *arena, struct audit_event *ret_event, struct error *error)
{
	_cleanup_(text_done) struct text line = TEXT_INIT(LONGEST_EVENT);
	_cleanup_(json_decrefp) json_t *value = NULL;
	bool any = false;
	enum result result = read_line(file, &line, &any);

	if (result == RESULT_IO)
		return error_set(error, RESULT_IO, NULL, "The export cannot be read.");
	if (result != RESULT_OK)
		return error_set(error, RESULT_INVALID, NULL, "The line is longer than any event.");
	if (!any)
		return RESULT_NOT_FOUND;
	result = json_read(line.data ? line.data : "", line.length, &value, NULL);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Not enough memory to read the export.");
	if (result != RESULT_OK)
		return error_set(error, RESULT_INVALID, NULL, "The line is not one whole JSON object.");
	if (!event_from_json(value, arena, ret_event))
		return error_set(error, RESULT_INVALID, NULL, "The line is not an event in the form in which it was hashed.");
	return RESULT_OK;
}
