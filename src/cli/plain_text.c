#include "cli/plain_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LONGEST ((size_t)1024 * 1024)

/* The next character of valid UTF-8, or 0xFFFFFFFF and one byte taken where it is not. */
static uint32_t next_character(const unsigned char **at)
{
	const unsigned char *bytes = *at;
	size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	uint32_t character;

	/* A NUL inside ends the string, so a cut sequence is never read beyond it. */
	if (strnlen((const char *)bytes, length) < length || !text_is_utf8((const char *)bytes, length)) {
		*at += 1;
		return UINT32_MAX;
	}
	character = length == 1 ? bytes[0] : bytes[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++)
		character = character << 6 | (bytes[i] & 0x3fu);
	*at += length;
	return character;
}

static bool is_blank(uint32_t character)
{
	return character == '\t' || character == '\n' || character == '\r' || character == 0x2028 || character == 0x2029;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x061c || character == 0xfeff ||
	       (character >= 0x200b && character <= 0x200f) || (character >= 0x202a && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

void plain_text_append(struct text *text, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;

	while (*at) {
		const unsigned char *start = at;
		uint32_t character = next_character(&at);

		if (character == UINT32_MAX)
			text_append_char(text, '?');
		else if (is_blank(character))
			text_append_char(text, ' ');
		else if (!is_control(character))
			text_append_bytes(text, start, (size_t)(at - start));
	}
}

const char *plain_text(struct arena *arena, const char *string)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(LONGEST);

	if (!string || !*string)
		return "";
	plain_text_append(&text, string);
	if (text_failed(&text))
		return NULL;
	return arena_strdup(arena, text.data ? text.data : "");
}

static bool is_combining(uint32_t character)
{
	return (character >= 0x300 && character <= 0x36f) || (character >= 0xfe00 && character <= 0xfe0f);
}

static bool is_wide(uint32_t character)
{
	return (character >= 0x1100 && character <= 0x115f) || (character >= 0x2e80 && character <= 0xa4cf) ||
	       (character >= 0xac00 && character <= 0xd7a3) || (character >= 0xf900 && character <= 0xfaff) ||
	       (character >= 0xfe30 && character <= 0xfe6f) || (character >= 0xff00 && character <= 0xff60) ||
	       (character >= 0x1f300 && character <= 0x1faff) || (character >= 0x20000 && character <= 0x3fffd);
}

static size_t width_of_bytes(const char *string, size_t length)
{
	const unsigned char *at = (const unsigned char *)string;
	const unsigned char *end = at + length;
	size_t width = 0;

	while (at < end) {
		uint32_t character = next_character(&at);

		if (!is_combining(character))
			width += character != UINT32_MAX && is_wide(character) ? 2 : 1;
	}
	return width;
}

size_t plain_text_width(const char *string)
{
	return width_of_bytes(string, strlen(string));
}

/* The bytes up to the end of the word that begins here: a blank, a line's end or the string's. */
static size_t word_length(const char *string)
{
	return strcspn(string, " \n");
}

/* Appends one line, its end included; a line that goes on stands two columns further in. */
static const char *append_line(struct text *into, const char *line, size_t width)
{
	size_t indent = strspn(line, " ");
	size_t column = 0;

	while (*line && *line != '\n') {
		size_t blanks = strspn(line, " ");
		size_t length = word_length(line + blanks);
		size_t wide = width_of_bytes(line + blanks, length);

		if (column > indent && column + blanks + wide > width) {
			text_append_char(into, '\n');
			for (column = 0; column < indent + 2; column++)
				text_append_char(into, ' ');
		} else {
			text_append_bytes(into, line, blanks);
			column += blanks;
		}
		text_append_bytes(into, line + blanks, length);
		column += wide;
		line += blanks + length;
	}
	if (!*line)
		return line;
	text_append_char(into, '\n');
	return line + 1;
}

void plain_text_append_wrapped(struct text *into, const char *plain, size_t width)
{
	while (*plain)
		plain = append_line(into, plain, width);
}
