#include "jira/jira_value.h"

#include <string.h>

#include "base/clock.h"
#include "jira/adf.h"

#define FIELD_TEXT_MAX (32 * 1024)

static enum result keep(struct arena *arena, const char *bytes, size_t length, const char **ret_text)
{
	const char *copy = arena_strndup(arena, bytes, length);
	if (!copy)
		return RESULT_NO_MEMORY;
	*ret_text = copy;
	return RESULT_OK;
}

static bool is_blank(char character)
{
	return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

static enum result keep_trimmed(struct arena *arena, const char *text, const char **ret_text)
{
	size_t length = strlen(text);
	while (length > 0 && is_blank(*text)) {
		text++;
		length--;
	}
	while (length > 0 && is_blank(text[length - 1]))
		length--;
	if (length == 0 || length > FIELD_TEXT_MAX) {
		*ret_text = NULL;
		return RESULT_OK;
	}
	return keep(arena, text, length, ret_text);
}

enum result jira_value_id(const json_t *value, struct arena *arena, const char **ret_text)
{
	if (json_is_integer(value)) {
		const char *text = arena_printf(arena, "%lld", (long long)json_integer_value(value));
		if (!text)
			return RESULT_NO_MEMORY;
		*ret_text = text;
		return RESULT_OK;
	}
	size_t length = json_is_string(value) ? json_string_length(value) : 0;
	if (length == 0 || length > FIELD_TEXT_MAX) {
		*ret_text = NULL;
		return RESULT_OK;
	}
	return keep(arena, json_string_value(value), length, ret_text);
}

static enum result document_text(const json_t *document, struct arena *arena, const char **ret_text)
{
	struct text text = TEXT_INIT(FIELD_TEXT_MAX + 1);
	adf_text_append(&text, document);
	enum result result = RESULT_OK;
	if (text_failed(&text))
		result = RESULT_NO_MEMORY;
	else if (text.data)
		result = keep_trimmed(arena, text.data, ret_text);
	else
		*ret_text = NULL;
	text_done(&text);
	return result;
}

/* A number that stands in a number field as 90.0 is the integer 90. */
static enum result number_text(const json_t *value, struct arena *arena, const char **ret_text)
{
	if (json_is_integer(value))
		return jira_value_id(value, arena, ret_text);
	double number = json_real_value(value);
	*ret_text = NULL;
	if (!(number >= -1e15 && number <= 1e15))
		return RESULT_OK;
	long long whole = (long long)number;
	const char *text =
	    (double)whole == number ? arena_printf(arena, "%lld", whole) : arena_printf(arena, "%.6f", number);
	if (!text)
		return RESULT_NO_MEMORY;
	*ret_text = text;
	return RESULT_OK;
}

enum result jira_value_text(const json_t *value, struct arena *arena, const char **ret_text)
{
	if (json_is_array(value))
		value = json_array_get(value, 0);
	if (json_is_string(value))
		return keep_trimmed(arena, json_string_value(value), ret_text);
	if (json_is_number(value))
		return number_text(value, arena, ret_text);
	if (json_is_object(value)) {
		if (text_equal(json_string_at(value, "type"), "doc"))
			return document_text(value, arena, ret_text);
		const char *option = json_string_at(value, "value");
		if (option)
			return keep_trimmed(arena, option, ret_text);
	}
	*ret_text = NULL;
	return RESULT_OK;
}

enum result jira_value_account(const json_t *value, struct arena *arena, const char **ret_account)
{
	if (json_is_array(value))
		value = json_array_get(value, 0);
	const char *account = json_string_at(value, "accountId");
	if (text_is_empty(account) || strlen(account) > 128) {
		*ret_account = NULL;
		return RESULT_OK;
	}
	return keep(arena, account, strlen(account), ret_account);
}

int64_t jira_value_date(const json_t *value)
{
	int64_t at = 0;
	if (json_is_string(value))
		return clock_parse(json_string_value(value), &at) == RESULT_OK ? at : 0;
	at = json_integer_at(value, "epochMillis", 0);
	if (at > 0)
		return at;
	const char *text = json_string_at(value, "iso8601");
	if (text && clock_parse(text, &at) == RESULT_OK)
		return at;
	text = json_string_at(value, "jira");
	return text && clock_parse(text, &at) == RESULT_OK ? at : 0;
}

bool jira_value_bool(const json_t *value, bool otherwise)
{
	if (json_is_boolean(value))
		return json_is_true(value);
	const char *text = json_string_value(value);
	if (text_equal(text, "true"))
		return true;
	return text_equal(text, "false") ? false : otherwise;
}
