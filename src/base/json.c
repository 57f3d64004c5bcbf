/* Strict JSON reading, careful getters, builders. Writing is in json_write.c. */
#include "base/json.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define DEEPEST_NESTING 64

struct place {
	int line;
	int column;
};

/* jansson stops at 2048 levels, far above ours. Brackets outside strings are counted before anything is built; a text
 * that is malformed in another way may be miscounted, but is refused all the same. Gives the offending byte's offset,
 * or `length`. */
static size_t find_too_deep(const char *bytes, size_t length)
{
	int depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < length; i++) {
		char byte = bytes[i];
		if (quoted) {
			if (byte == '\\')
				i++;
			else if (byte == '"')
				quoted = false;
		} else if (byte == '"') {
			quoted = true;
		} else if (byte == '{' || byte == '[') {
			if (++depth > DEEPEST_NESTING)
				return i;
		} else if (byte == '}' || byte == ']') {
			depth--;
		}
	}
	return length;
}

static struct place place_of(const char *bytes, size_t offset)
{
	struct place place = {1, 1};
	for (size_t i = 0; i < offset; i++) {
		if (bytes[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)bytes[i] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

static enum result refuse(struct place place, const char *why, int *ret_line, int *ret_column, struct error *error)
{
	*ret_line = place.line;
	*ret_column = place.column;
	return error_set(error, RESULT_INVALID, "json_malformed", "Line %d, column %d: %s.", place.line, place.column, why);
}

/* jansson's own texts quote the input, which may hold a secret: only the kind of fault is told. */
static const char *fault_sentence(enum json_error_code code)
{
	switch (code) {
	case json_error_invalid_utf8:
		return "the text is not valid UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a string holds the NUL character";
	case json_error_duplicate_key:
		return "a key appears twice in one object";
	case json_error_premature_end_of_input:
		return "the text ends too early";
	case json_error_end_of_input_expected:
		return "something follows the JSON text";
	case json_error_numeric_overflow:
		return "a number is too large";
	case json_error_stack_overflow:
		return "the nesting is too deep";
	default:
		return "this is not JSON";
	}
}

enum result json_read_at(const char *bytes, size_t length, json_t **ret_value, int *ret_line, int *ret_column,
                         struct error *error)
{
	size_t too_deep = find_too_deep(bytes, length);
	if (too_deep < length)
		return refuse(place_of(bytes, too_deep), "the nesting is too deep", ret_line, ret_column, error);

	json_error_t fault;
	uint64_t failures = memory_failures();
	/* jansson's lexer drops a character and goes on when its buffer cannot grow: if that was a closing quote, it reads
	 * and writes beyond the buffer. So it must not meet a failed allocation. */
	memory_insist(true);
	json_t *value = json_loadb(length == 0 ? "" : bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
	memory_insist(false);
	if (memory_failures() != failures) {
		json_decref(value);
		return error_set(error, RESULT_NO_MEMORY, "", "There is not enough memory to read the JSON text.");
	}
	if (value != NULL) {
		*ret_value = value;
		return RESULT_OK;
	}
	if (fault.text[0] == '\0' || json_error_code(&fault) == json_error_out_of_memory)
		return error_set(error, RESULT_NO_MEMORY, "", "There is not enough memory to read the JSON text.");
	struct place place = {fault.line < 1 ? 1 : fault.line, fault.column < 1 ? 1 : fault.column};
	return refuse(place, fault_sentence(json_error_code(&fault)), ret_line, ret_column, error);
}

enum result json_read(const char *bytes, size_t length, json_t **ret_value, struct error *error)
{
	int line, column;
	return json_read_at(bytes, length, ret_value, &line, &column, error);
}

enum result json_read_answer(const char *bytes, size_t length, json_t **ret_value)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t skipped = length >= sizeof(mark) - 1 && memcmp(bytes, mark, sizeof(mark) - 1) == 0 ? sizeof(mark) - 1 : 0;
	return json_read(bytes + skipped, length - skipped, ret_value, NULL);
}

const json_t *json_at(const json_t *value, const char *path)
{
	while (value != NULL && *path != '\0') {
		size_t length = strcspn(path, ".");
		value = json_object_getn(value, path, length); /* NULL for anything but an object */
		path += length;
		if (*path == '.')
			path++;
	}
	return value;
}

const char *json_string_at(const json_t *value, const char *path)
{
	return json_string_value(json_at(value, path));
}

int64_t json_integer_at(const json_t *value, const char *path, int64_t otherwise)
{
	const json_t *member = json_at(value, path);
	return json_is_integer(member) ? json_integer_value(member) : otherwise;
}

bool json_bool_at(const json_t *value, const char *path, bool otherwise)
{
	const json_t *member = json_at(value, path);
	return json_is_boolean(member) ? json_is_true(member) : otherwise;
}

void json_put(json_t *object, const char *key, json_t *value, bool *failed)
{
	if (json_object_set_new(object, key, value) != 0) /* takes `value` in any case, and accepts NULL for both */
		*failed = true;
}

void json_put_string(json_t *object, const char *key, const char *value, bool *failed)
{
	json_put(object, key, value == NULL ? json_null() : json_string(value), failed);
}

void json_put_time(json_t *object, const char *key, int64_t at_ms, bool *failed)
{
	char text[CLOCK_TEXT_SIZE];
	if (at_ms != 0)
		clock_format(at_ms, text);
	json_put_string(object, key, at_ms == 0 ? NULL : text, failed);
}

enum result json_copy_string(const json_t *object, const char *name, struct arena *arena, const char **ret_string)
{
	const char *value = json_string_value(json_object_get(object, name));
	const char *copy = arena_strdup(arena, value);
	if (value != NULL && copy == NULL)
		return RESULT_NO_MEMORY;
	*ret_string = copy;
	return RESULT_OK;
}
