#include "server/cursor.h"

#include <string.h>

#include "base/digest.h"
#include "base/text.h"

#define CURSOR_CHECK_SIZE 6

static enum result cursor_check(struct arena *arena, const char *list, const char *key, uint8_t out[CURSOR_CHECK_SIZE])
{
	const char *text = arena_printf(arena, "cursor\n%s\n%s", list, key);
	uint8_t digest[DIGEST_SIZE];
	if (text == NULL)
		return RESULT_NO_MEMORY;
	enum result result = digest_sha256(text, strlen(text), digest);
	if (result == RESULT_OK)
		memcpy(out, digest, CURSOR_CHECK_SIZE);
	return result;
}

char *cursor_encode(struct arena *arena, const char *list, const char *key)
{
	size_t length = strlen(key);
	uint8_t *bytes = arena_alloc(arena, CURSOR_CHECK_SIZE + length + 1);
	if (bytes == NULL || cursor_check(arena, list, key, bytes) != RESULT_OK)
		return NULL;
	memcpy(bytes + CURSOR_CHECK_SIZE, key, length + 1);
	return text_base64url_encode(arena, bytes, CURSOR_CHECK_SIZE + length);
}

enum result cursor_decode(struct arena *arena, const char *list, const char *cursor, const char **ret_key)
{
	uint8_t *bytes;
	size_t length;
	size_t cursor_length = strlen(cursor);
	if (cursor_length == 0 || cursor_length > CURSOR_TEXT_MAX)
		return RESULT_INVALID;
	enum result result = text_base64url_decode(arena, cursor, cursor_length, &bytes, &length);
	if (result == RESULT_NO_MEMORY)
		return result;
	if (result != RESULT_OK || length <= CURSOR_CHECK_SIZE)
		return RESULT_INVALID;
	const uint8_t *rest = bytes + CURSOR_CHECK_SIZE;
	size_t key_length = length - CURSOR_CHECK_SIZE;
	if (memchr(rest, '\0', key_length) != NULL)
		return RESULT_INVALID;
	uint8_t check[CURSOR_CHECK_SIZE];
	char *key = arena_strndup(arena, (const char *)rest, key_length);
	if (key == NULL || cursor_check(arena, list, key, check) != RESULT_OK)
		return RESULT_NO_MEMORY;
	if (memcmp(check, bytes, CURSOR_CHECK_SIZE) != 0)
		return RESULT_INVALID;
	*ret_key = key;
	return RESULT_OK;
}
