/* base64, base64url and hex. Decoders accept exactly what an encoder could have written (missing padding aside): two
 * different texts never decode to the same bytes. */
#include <string.h>

#include "base/text.h"

static const char plain_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *encode(struct arena *arena, const char *alphabet, bool padded, const uint8_t *bytes, size_t length)
{
	if (length > SIZE_MAX / 4)
		return NULL;
	char *out = arena_alloc(arena, (length + 2) / 3 * 4 + 1);
	if (out == NULL)
		return NULL;
	char *at = out;
	for (size_t i = 0; i < length; i += 3) {
		size_t here = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)bytes[i] << 16;
		if (here > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (here > 2)
			group |= bytes[i + 2];
		for (size_t k = 0; k < here + 1; k++)
			*at++ = alphabet[group >> (18 - 6 * k) & 63];
		for (size_t k = here; padded && k < 3; k++)
			*at++ = '=';
	}
	return out; /* the arena's zeroes end it */
}

char *text_base64_encode(struct arena *arena, const uint8_t *bytes, size_t length)
{
	return encode(arena, plain_alphabet, true, bytes, length);
}

char *text_base64url_encode(struct arena *arena, const uint8_t *bytes, size_t length)
{
	return encode(arena, url_alphabet, false, bytes, length);
}

static int digit_value(const char *alphabet, char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	return digit == alphabet[62] ? 62 : digit == alphabet[63] ? 63 : -1;
}

/* The length without padding; false if there is padding but not the right amount. */
static bool strip_padding(const char *string, size_t *length)
{
	size_t stripped = *length;
	while (stripped > 0 && *length - stripped < 2 && string[stripped - 1] == '=')
		stripped--;
	if (stripped != *length && *length % 4 != 0)
		return false;
	*length = stripped;
	return stripped % 4 != 1;
}

static enum result decode(struct arena *arena, const char *alphabet, const char *string, size_t length,
                          uint8_t **ret_bytes, size_t *ret_length)
{
	if (!strip_padding(string, &length))
		return RESULT_INVALID;
	size_t size = length / 4 * 3 + (length % 4 == 0 ? 0 : length % 4 - 1);
	uint8_t *out = arena_alloc(arena, size + 1); /* a NUL behind the bytes */
	if (out == NULL)
		return RESULT_NO_MEMORY;
	uint32_t bits = 0;
	unsigned pending = 0;
	size_t at = 0;
	for (size_t i = 0; i < length; i++) {
		int value = digit_value(alphabet, string[i]);
		if (value < 0)
			return RESULT_INVALID;
		bits = bits << 6 | (uint32_t)value;
		pending += 6;
		if (pending >= 8) {
			pending -= 8;
			out[at++] = (uint8_t)(bits >> pending);
		}
	}
	if ((bits & ((1U << pending) - 1)) != 0)
		return RESULT_INVALID;
	*ret_bytes = out;
	*ret_length = size;
	return RESULT_OK;
}

enum result text_base64_decode(struct arena *arena, const char *string, size_t length, uint8_t **ret_bytes,
                               size_t *ret_length)
{
	return decode(arena, plain_alphabet, string, length, ret_bytes, ret_length);
}

enum result text_base64url_decode(struct arena *arena, const char *string, size_t length, uint8_t **ret_bytes,
                                  size_t *ret_length)
{
	return decode(arena, url_alphabet, string, length, ret_bytes, ret_length);
}

void text_hex_encode(const uint8_t *bytes, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < length; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * length] = '\0';
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

enum result text_hex_decode(const char *string, size_t length, uint8_t *out)
{
	if (length % 2 != 0)
		return RESULT_INVALID;
	for (size_t i = 0; i < length; i++) {
		if (hex_value(string[i]) < 0)
			return RESULT_INVALID;
	}
	for (size_t i = 0; i < length; i += 2)
		out[i / 2] = (uint8_t)(hex_value(string[i]) << 4 | hex_value(string[i + 1]));
	return RESULT_OK;
}
