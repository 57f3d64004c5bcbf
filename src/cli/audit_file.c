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
	if (!audit_checkpoint_from_json(json_is_array(items) ? json_array_get(items, 0) : value, arena, ret_checkpoint))
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
	if (!audit_event_from_json(value, arena, ret_event))
		return error_set(error, RESULT_INVALID, NULL, "The line is not an event in the form in which it was hashed.");
	return RESULT_OK;
}
