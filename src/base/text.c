/* Text buffers, and the questions asked of strings. Encodings are in encode.c.
 *
 * Invariant of struct text: length <= ceiling, and data[length] is NUL once data is there. A failed text ignores every
 * further append, so that what it holds is never a text with a hole. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST_BUFFER 64

/* Makes room for `more` bytes and the NUL. */
static bool reserve(struct text *text, size_t more)
{
	if (text->failed)
		return false;
	if (text->ceiling == SIZE_MAX || more > text->ceiling || text->length > text->ceiling - more) {
		text->failed = true;
		return false;
	}
	size_t needed = text->length + more + 1;
	if (needed <= text->capacity)
		return true;
	size_t capacity = text->capacity * 2;
	if (capacity < SMALLEST_BUFFER)
		capacity = SMALLEST_BUFFER;
	if (capacity < needed)
		capacity = needed;
	if (capacity > text->ceiling + 1)
		capacity = text->ceiling + 1;
	char *data = memory_realloc(text->data, capacity);
	if (data == NULL) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void text_append_bytes(struct text *text, const void *bytes, size_t length)
{
	if (!reserve(text, length))
		return;
	if (length > 0)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_append(struct text *text, const char *string)
{
	text_append_bytes(text, string, strlen(string));
}

void text_append_char(struct text *text, char character)
{
	text_append_bytes(text, &character, 1);
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if (!reserve(text, (size_t)length))
		return;
	va_start(arguments, format);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
}

bool text_failed(const struct text *text)
{
	return text->failed;
}

char *text_take(struct text *text)
{
	if (text->failed)
		return NULL;
	if (text->data == NULL)
		return memory_strdup("");
	char *data = TAKE_PTR(text->data);
	text->length = text->capacity = 0;
	return data;
}

void text_done(struct text *text)
{
	memory_free(text->data);
	*text = TEXT_INIT(text->ceiling);
}

bool text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int text_find_name(const char *const *names, int count, const char *name)
{
	for (int at = 0; name != NULL && at < count; at++)
		if (strcmp(names[at], name) == 0)
			return at;
	return -1;
}

static unsigned char fold(char character)
{
	unsigned char byte = (unsigned char)character;
	return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

bool text_equal_fold(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	while (*a != '\0' && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return fold(*a) == fold(*b);
}

bool text_starts_with(const char *string, const char *prefix)
{
	return string != NULL && strncmp(string, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *string, const char *suffix)
{
	if (string == NULL)
		return false;
	size_t length = strlen(string), wanted = strlen(suffix);
	return length >= wanted && memcmp(string + length - wanted, suffix, wanted) == 0;
}

bool text_is_empty(const char *string)
{
	return string == NULL || *string == '\0';
}

bool text_is_uuid(const char *string)
{
	if (string == NULL || strlen(string) != 36)
		return false;
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? string[i] != '-' : strchr("0123456789abcdefABCDEF", string[i]) == NULL)
			return false;
	}
	return true;
}

/* Length of the well-formed UTF-8 sequence (Unicode table 3-7) that begins at `bytes`; 0 if there is none. */
static size_t sequence_length(const unsigned char *bytes, size_t left)
{
	unsigned char lead = bytes[0];
	if (lead < 0x80)
		return 1;
	size_t length = lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) == 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
	if (length == 0 || length > left)
		return 0;
	/* Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte. */
	unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (bytes[1] < lowest || bytes[1] > highest)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool text_is_utf8(const char *bytes, size_t length)
{
	const unsigned char *at = (const unsigned char *)bytes;
	while (length > 0) {
		size_t step = sequence_length(at, length);
		if (step == 0)
			return false;
		at += step;
		length -= step;
	}
	return true;
}

bool text_equal_secret(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned difference = a_length != b_length;
	/* With another length `a` is compared with itself: the time says only how long `a` is. */
	const char *other = difference ? a : b;
	for (size_t i = 0; i < a_length; i++)
		difference |= (unsigned char)(a[i] ^ other[i]);
	return *(volatile unsigned *)&difference == 0;
}

enum result text_parse_int(const char *string, int64_t min, int64_t max, int64_t *ret_value)
{
	if (text_is_empty(string))
		return RESULT_INVALID;
	bool negative = *string == '-';
	const char *at = string + negative;
	if (*at == '\0')
		return RESULT_INVALID;
	int64_t value = 0;
	for (; *at != '\0'; at++) {
		if (*at < '0' || *at > '9')
			return RESULT_INVALID;
		int digit = *at - '0';
		/* Counted downwards for a negative number, so that INT64_MIN can be reached. */
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return RESULT_INVALID;
	}
	if (value < min || value > max)
		return RESULT_INVALID;
	*ret_value = value;
	return RESULT_OK;
}

void text_append_percent(struct text *text, const char *string)
{
	for (; *string != '\0'; string++) {
		unsigned char byte = (unsigned char)*string;
		bool unreserved = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		                  (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
		if (unreserved)
			text_append_char(text, (char)byte);
		else
			text_printf(text, "%%%02X", byte);
	}
}

/* The two-character escape of a byte, or NULL. */
static const char *short_escape(unsigned char byte)
{
	switch (byte) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

/* How many bytes from here on stand for themselves in a JSON string, and for a character each. */
static size_t plain_length(const unsigned char *bytes, size_t left)
{
	size_t length = 0;
	while (length < left && bytes[length] >= 0x20 && bytes[length] < 0x80 && bytes[length] != '"' &&
	       bytes[length] != '\\')
		length++;
	return length;
}

/* One character that is not plain; how many bytes it has. */
static size_t append_unplain(struct text *text, const unsigned char *at, size_t left)
{
	size_t step = sequence_length(at, left);
	const char *escape = short_escape(*at);
	if (step == 0)
		text_append(text, "\xef\xbf\xbd"); /* U+FFFD for a byte that is not UTF-8 */
	else if (escape != NULL)
		text_append(text, escape);
	else if (*at < 0x20)
		text_printf(text, "\\u%04x", *at);
	else
		text_append_bytes(text, at, step);
	return step == 0 ? 1 : step;
}

void text_append_json(struct text *text, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;
	size_t left = strlen(string);
	text_append_char(text, '"');
	while (left > 0) {
		size_t step = plain_length(at, left);
		if (step > 0)
			text_append_bytes(text, at, step);
		else
			step = append_unplain(text, at, left);
		at += step;
		left -= step;
	}
	text_append_char(text, '"');
}
