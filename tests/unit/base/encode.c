#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"

static struct arena *arena;

static void base64_of_the_rfc_is_ours(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *plain, *url;
	} rows[] = {{"", "", ""},
	            {"f", "Zg==", "Zg"},
	            {"fo", "Zm8=", "Zm8"},
	            {"foo", "Zm9v", "Zm9v"},
	            {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	            {"\xfb\xff\xbf", "+/+/", "-_-_"}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
		assert_string_equal(text_base64_encode(arena, bytes, strlen(rows[i].bytes)), rows[i].plain);
		assert_string_equal(text_base64url_encode(arena, bytes, strlen(rows[i].bytes)), rows[i].url);
	}
}

static void every_length_and_content_round_trips(void **state)
{
	(void)state;
	for (size_t length = 0; length < 300; length++) {
		uint8_t bytes[300], back[300], *decoded;
		char hex[601];
		size_t decoded_length;
		id_random_bytes(bytes, length);

		char *text = text_base64_encode(arena, bytes, length);
		assert_int_equal(text_base64_decode(arena, text, strlen(text), &decoded, &decoded_length), RESULT_OK);
		assert_int_equal(decoded_length, length);
		assert_memory_equal(decoded, bytes, length);
		assert_int_equal(decoded[length], 0);

		text = text_base64url_encode(arena, bytes, length);
		assert_int_equal(text_base64url_decode(arena, text, strlen(text), &decoded, &decoded_length), RESULT_OK);
		assert_int_equal(decoded_length, length);
		assert_memory_equal(decoded, bytes, length);

		text_hex_encode(bytes, length, hex);
		assert_int_equal(strlen(hex), 2 * length);
		assert_int_equal(text_hex_decode(hex, 2 * length, back), RESULT_OK);
		assert_memory_equal(back, bytes, length);
		arena_reset(arena);
	}
}

static void two_texts_never_decode_to_the_same_bytes(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "Z",    "Zg=", "Zh==", "Zh",     "Zm9",   "Zm8==", "Zm9v=",  "Zm9v====", "Zg=v",
	    "=Zg=", "=",   "Zm 8", "Zm8=\n", "Zm9v-", "Zm-_",  "Zm9v\n", "====",     "Zg==Zg=="};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t *decoded = NULL;
		size_t length = 99;
		assert_int_equal(text_base64_decode(arena, bad[i], strlen(bad[i]), &decoded, &length), RESULT_INVALID);
		assert_null(decoded);
		assert_int_equal(length, 99);
	}
	uint8_t *decoded;
	size_t length;
	assert_int_equal(text_base64_decode(arena, "Zg", 2, &decoded, &length), RESULT_OK); /* padding may be missing */
	assert_int_equal(text_base64url_decode(arena, "+/+/", 4, &decoded, &length), RESULT_INVALID);
	assert_int_equal(text_base64url_decode(arena, "Zg==", 4, &decoded, &length), RESULT_OK);
}

static void hex_takes_both_cases_and_nothing_else(void **state)
{
	(void)state;
	uint8_t out[4] = {9, 9, 9, 9};
	assert_int_equal(text_hex_decode("aAfF09", 6, out), RESULT_OK);
	assert_memory_equal(out, "\xaa\xff\x09\x09", 4);
	assert_int_equal(text_hex_decode("aaf", 3, out), RESULT_INVALID);
	assert_int_equal(text_hex_decode("00gg", 4, out), RESULT_INVALID);
	assert_memory_equal(out, "\xaa\xff\x09\x09", 4); /* untouched */
}

static void no_room_is_told_apart_from_bad_text(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *tiny = arena_new(16);
	uint8_t *decoded;
	size_t length;
	assert_int_equal(text_base64_decode(tiny, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 40, &decoded, &length),
	                 RESULT_NO_MEMORY);
	assert_null(text_base64_encode(tiny, (const uint8_t *)"0123456789abcdef", 16));
}

static int make_arena(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	return arena == NULL;
}

static int drop_arena(void **state)
{
	(void)state;
	arena_freep(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64_of_the_rfc_is_ours),
	    cmocka_unit_test(every_length_and_content_round_trips),
	    cmocka_unit_test(two_texts_never_decode_to_the_same_bytes),
	    cmocka_unit_test(hex_takes_both_cases_and_nothing_else),
	    cmocka_unit_test(no_room_is_told_apart_from_bad_text),
	};
	return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
