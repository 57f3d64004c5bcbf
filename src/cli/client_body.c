#include "cli/client_body.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define LARGEST_FILE ((size_t)1024 * 1024)
#define LARGEST_UPLOAD ((size_t)32 * 1024 * 1024)
#define LARGEST_SECRET ((size_t)64 * 1024)

static const char *file_name(const char *path)
{
	return text_equal(path, "-") ? "Standard input" : path;
}

static enum result read_whole(const char *path, size_t ceiling, struct arena *arena, char **ret_bytes,
                              size_t *ret_length, struct error *error)
{
	FILE *file = text_equal(path, "-") ? stdin : fopen(path, "re");
	const char *name = file_name(path);
	char *bytes = arena_alloc(arena, ceiling + 2);
	size_t length = 0;
	bool failed = false;

	if (file && bytes) {
		(void)setvbuf(file, NULL, _IONBF, 0); /* a secret must not stay behind in a buffer */
		length = fread(bytes, 1, ceiling + 1, file);
		failed = ferror(file) != 0;
	}
	if (!bytes || !file || failed)
		(void)error_set(error, RESULT_IO, NULL, "%s cannot be read: %s.", name, strerror(errno));
	if (file && file != stdin)
		(void)fclose(file);
	if (!bytes || !file || failed)
		return RESULT_IO;
	if (length > ceiling)
		return error_set(error, RESULT_TOO_LARGE, NULL, "%s is larger than %zu KiB.", name, ceiling / 1024);
	bytes[length] = '\0';
	*ret_bytes = bytes;
	*ret_length = length;
	return RESULT_OK;
}

enum result client_body_read_bytes(const char *path, struct arena *arena, const char **ret_bytes, size_t *ret_length,
                                   struct error *error)
{
	char *bytes = NULL;
	enum result result = read_whole(path, LARGEST_UPLOAD, arena, &bytes, ret_length, error);

	*ret_bytes = bytes;
	return result;
}

enum result client_body_read_file(const char *path, struct arena *arena, json_t **ret_body, struct error *error)
{
	char *bytes = NULL;
	size_t length = 0;
	json_t *body = NULL;
	struct error why = {0};
	enum result result = read_whole(path, LARGEST_FILE, arena, &bytes, &length, error);

	if (result != RESULT_OK)
		return result;
	result = json_read(bytes, length, &body, &why);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "%s: %s", file_name(path), why.detail);
	if (!json_is_object(body)) {
		json_decref(body);
		return error_set(error, RESULT_INVALID, NULL, "%s is not a JSON object.", file_name(path));
	}
	*ret_body = body;
	return RESULT_OK;
}

/* Sets "a.b" in an object, making "a" if it is not there or no object. Takes `value` over. */
static bool set_member(json_t *object, const char *path, json_t *value)
{
	const char *dot = strchr(path, '.');
	char name[64];
	json_t *inner;

	if (!value || !dot)
		return json_object_set_new(object, path, value) == 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
	inner = json_object_get(object, name);
	if (!json_is_object(inner)) {
		inner = json_object();
		if (json_object_set_new(object, name, inner) != 0) {
			json_decref(value);
			return false;
		}
	}
	return json_object_set_new(inner, dot + 1, value) == 0;
}

static json_t *texts_value(const char *list)
{
	json_t *array = json_array();

	while (array && *list) {
		size_t length = strcspn(list, ",");
		const char *start = list + strspn(list, " ");
		size_t end = length;

		while (end > 0 && list[end - 1] == ' ')
			end--;
		if (start < list + end &&
		    json_array_append_new(array, json_stringn(start, (size_t)(list + end - start))) != 0) {
			json_decref(array);
			return NULL;
		}
		list += length + (list[length] == ',');
	}
	return array;
}

/* Turns each text into its number. */
static enum result numbers_value(const struct client_field *field, const char *given, json_t **ret_value,
                                 struct error *error)
{
	_cleanup_(json_decrefp) json_t *list = texts_value(text_equal(given, "none") ? "" : given);

	for (size_t i = 0; i < json_array_size(list); i++) {
		int64_t number = 0;
		if (text_parse_int(json_string_value(json_array_get(list, i)), -1000000000, 1000000000, &number) != RESULT_OK)
			return error_set(error, RESULT_INVALID, NULL, "%s is a list of whole numbers.", field->option.name);
		if (json_array_set_new(list, i, json_integer(number)) != 0)
			return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory.");
	}
	if (list == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory.");
	*ret_value = TAKE_PTR(list);
	return RESULT_OK;
}

static enum result secret_value(const char *path, struct arena *arena, json_t **ret_value, struct error *error)
{
	char *bytes = NULL;
	size_t length = 0;
	enum result result = read_whole(path, LARGEST_SECRET, arena, &bytes, &length, error);

	if (result != RESULT_OK)
		return result;
	if (length > 0 && bytes[length - 1] == '\n')
		length--;
	if (length > 0 && bytes[length - 1] == '\r')
		length--;
	*ret_value = json_stringn(bytes, length);
	if (!*ret_value)
		return error_set(error, RESULT_INVALID, NULL, "%s is not text.", file_name(path));
	return RESULT_OK;
}

static enum result yes_no_value(const struct client_field *field, const char *given, json_t **ret_value,
                                struct error *error)
{
	if (!text_equal(given, "yes") && !text_equal(given, "no") && !text_equal(given, "true") &&
	    !text_equal(given, "false"))
		return error_set(error, RESULT_INVALID, NULL, "%s is yes or no.", field->option.name);
	*ret_value = json_boolean(text_equal(given, "yes") || text_equal(given, "true"));
	return RESULT_OK;
}

static enum result field_value(const struct client_field *field, const char *given, struct arena *arena,
                               json_t **ret_value, struct error *error)
{
	int64_t number = 0;

	switch (field->kind) {
	case FIELD_NUMBER:
		if (text_parse_int(given, -1000000000, 1000000000, &number) != RESULT_OK)
			return error_set(error, RESULT_INVALID, NULL, "%s is a whole number.", field->option.name);
		*ret_value = json_integer(number);
		break;
	case FIELD_YES_NO:
		return yes_no_value(field, given, ret_value, error);
	case FIELD_SWITCH:
		*ret_value = json_true();
		break;
	case FIELD_TEXTS:
		*ret_value = texts_value(given);
		break;
	case FIELD_NUMBERS:
		return numbers_value(field, given, ret_value, error);
	case FIELD_SECRET_FILE:
		return secret_value(given, arena, ret_value, error);
	case FIELD_TEXT_OR_NONE:
		*ret_value = text_equal(given, "none") ? json_null() : json_string(given);
		break;
	case FIELD_TEXT:
	case FIELD_QUERY:
	case FIELD_QUERY_TRUE:
		*ret_value = json_string(given);
		break;
	}
	if (!*ret_value)
		return error_set(error, RESULT_INVALID, NULL, "The value of %s is not UTF-8.", field->option.name);
	return RESULT_OK;
}

static bool is_query(const struct client_field *field)
{
	return field->kind == FIELD_QUERY || field->kind == FIELD_QUERY_TRUE;
}

/* It can be read once: a second reader would find it empty, and an empty secret would be stored. */
static bool wants_standard_input_twice(const struct client_verb *verb, const struct arguments *arguments)
{
	bool taken = text_equal(arguments_get(arguments, "--file"), "-");

	for (size_t i = 0; i < verb->field_count; i++)
		if (taken && verb->fields[i].kind == FIELD_SECRET_FILE &&
		    text_equal(arguments_get(arguments, verb->fields[i].option.name), "-"))
			return true;
	return false;
}

enum result client_body_fill(const struct client_verb *verb, const struct arguments *arguments, struct arena *arena,
                             json_t *body, struct error *error)
{
	if (verb->fixed) {
		_cleanup_(json_decrefp) json_t *fixed = NULL;

		if (json_read(verb->fixed, strlen(verb->fixed), &fixed, NULL) != RESULT_OK ||
		    json_object_update_missing(body, fixed) != 0)
			return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory.");
	}
	if (wants_standard_input_twice(verb, arguments))
		return error_set(error, RESULT_INVALID, NULL,
		                 "Standard input can only be read once: name a file for one of the two.");
	for (size_t i = 0; i < verb->field_count; i++) {
		const struct client_field *field = &verb->fields[i];
		const char *given = arguments_get(arguments, field->option.name);
		json_t *value = NULL;
		enum result result;

		if (!given || is_query(field))
			continue;
		result = field_value(field, given, arena, &value, error);
		if (result != RESULT_OK)
			return result;
		if (!set_member(body, field->member, value))
			return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory.");
	}
	return RESULT_OK;
}

bool client_body_is_given(const struct client_verb *verb, const struct arguments *arguments)
{
	for (size_t i = 0; i < verb->field_count; i++)
		if (!is_query(&verb->fields[i]) && arguments_get(arguments, verb->fields[i].option.name))
			return true;
	return false;
}

static void append_path(struct text *path, const struct client_verb *verb, const struct arguments *arguments)
{
	size_t positional = 0;

	for (const char *at = verb->path; *at; at++) {
		if (at[0] != '{') {
			text_append_char(path, *at);
			continue;
		}
		text_append_percent(path, arguments->positional[positional++]);
		at++;
	}
}

const char *client_path(const struct client_verb *verb, const struct arguments *arguments, const char *more_query,
                        struct arena *arena)
{
	_cleanup_(text_done) struct text path = TEXT_INIT((size_t)64 * 1024);
	char separator = strchr(verb->path, '?') ? '&' : '?';

	append_path(&path, verb, arguments);
	for (size_t i = 0; i < verb->field_count; i++) {
		const char *given = arguments_get(arguments, verb->fields[i].option.name);

		if (!given || !is_query(&verb->fields[i]))
			continue;
		text_printf(&path, "%c%s=", separator, verb->fields[i].member);
		text_append_percent(&path, verb->fields[i].kind == FIELD_QUERY_TRUE ? "true" : given);
		separator = '&';
	}
	if (more_query)
		text_printf(&path, "%c%s", separator, more_query);
	return text_failed(&path) ? NULL : arena_strdup(arena, path.data);
}
