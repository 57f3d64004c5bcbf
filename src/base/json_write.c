/* JSON writing: compact, and canonical (RFC 8785) for what is hashed or signed.
 *
 * Canonical form here: members sorted by their keys' UTF-16 code units, no white space, strings escaped as RFC 8785
 * section 3.2.2.2 says (which is what text_append_json writes), integers only. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define LARGEST_TEXT (64 * 1024 * 1024)
#define LARGEST_INTEGER (INT64_C(1) << 53)
#define DEEPEST_NESTING 64

static int append_chunk(const char *bytes, size_t length, void *data)
{
	struct text *text = data;
	text_append_bytes(text, bytes, length);
	return text_failed(text) ? -1 : 0;
}

char *json_write(struct arena *arena, const json_t *value)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(LARGEST_TEXT);
	if (value == NULL || json_dump_callback(value, append_chunk, &text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		return NULL;
	return arena_strndup(arena, text.data, text.length);
}

/* UTF-8 order is UTF-16 order but for one case: characters beyond U+FFFF are surrogate pairs there, below U+E000. */
static int compare_keys(const void *a, const void *b)
{
	const unsigned char *left = *(const unsigned char *const *)a;
	const unsigned char *right = *(const unsigned char *const *)b;
	while (*left != '\0' && *left == *right) {
		left++;
		right++;
	}
	if (*left >= 0xf0 && (*right == 0xee || *right == 0xef))
		return -1;
	if (*right >= 0xf0 && (*left == 0xee || *left == 0xef))
		return 1;
	return (int)*left - (int)*right;
}

static void append_canonical(struct text *text, const json_t *value, int depth);

static void append_object(struct text *text, const json_t *object, int depth)
{
	size_t count = 0;
	_cleanup_(memory_freep) const char **keys = memory_calloc(json_object_size(object), sizeof(*keys));
	if (keys == NULL) {
		text->failed = true;
		return;
	}
	const char *key;
	json_t *member;
	json_object_foreach((json_t *)object, key, member) keys[count++] = key;
	qsort(keys, count, sizeof(*keys), compare_keys);

	text_append_char(text, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text_append_char(text, ',');
		text_append_json(text, keys[i]);
		text_append_char(text, ':');
		append_canonical(text, json_object_get(object, keys[i]), depth + 1);
	}
	text_append_char(text, '}');
}

static void append_array(struct text *text, const json_t *array, int depth)
{
	text_append_char(text, '[');
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (i > 0)
			text_append_char(text, ',');
		append_canonical(text, json_array_get(array, i), depth + 1);
	}
	text_append_char(text, ']');
}

static void append_integer(struct text *text, json_int_t integer)
{
	if (integer < -LARGEST_INTEGER || integer > LARGEST_INTEGER)
		text->failed = true;
	else
		text_printf(text, "%" JSON_INTEGER_FORMAT, integer);
}

static void append_canonical(struct text *text, const json_t *value, int depth)
{
	if (value == NULL || depth > DEEPEST_NESTING || text_failed(text)) {
		text->failed = true;
		return;
	}
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		append_object(text, value, depth);
		break;
	case JSON_ARRAY:
		append_array(text, value, depth);
		break;
	case JSON_STRING:
		text_append_json(text, json_string_value(value));
		break;
	case JSON_INTEGER:
		append_integer(text, json_integer_value(value));
		break;
	case JSON_TRUE:
		text_append(text, "true");
		break;
	case JSON_FALSE:
		text_append(text, "false");
		break;
	case JSON_NULL:
		text_append(text, "null");
		break;
	default: /* reals */
		text->failed = true;
	}
}

char *json_write_canonical(struct arena *arena, const json_t *value)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(LARGEST_TEXT);
	append_canonical(&text, value, 0);
	return text_failed(&text) ? NULL : arena_strndup(arena, text.data, text.length);
}
