#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void a_text_never_grows_beyond_its_ceiling(void **state)
{
	(void)state;
	for (size_t ceiling = 0; ceiling < 200; ceiling++) {
		_cleanup_(text_done) struct text text = TEXT_INIT(ceiling);
		for (size_t i = 0; i < ceiling; i++)
			text_append_char(&text, 'x');
		assert_false(text_failed(&text));
		assert_int_equal(text.length, ceiling);
		text_append_char(&text, 'x');
		assert_true(text_failed(&text));
		assert_int_equal(text.length, ceiling);
		assert_null(text_take(&text));
	}
}

static void a_failed_text_stays_failed_so_that_no_hole_can_appear(void **state)
{
	(void)state;
	_cleanup_(text_done) struct text text = TEXT_INIT(10);
	text_append(&text, "12345678");
	text_append(&text, "too long");
	text_append(&text, "9");
	assert_true(text_failed(&text));
	assert_string_equal(text.data, "12345678");
	text_printf(&text, "%d", 9);
	assert_string_equal(text.data, "12345678");
}

static void what_is_appended_is_what_is_taken(void **state)
{
	(void)state;
	struct text text = TEXT_INIT(1 << 20);
	char expected[20001] = "";
	size_t length = 0;
	for (int i = 0; i < 1000; i++) {
		text_printf(&text, "%d,", i);
		length += (size_t)sprintf(expected + length, "%d,", i);
	}
	text_append_bytes(&text, "\0z", 2);
	char *taken = text_take(&text);
	assert_string_equal(taken, expected);
	assert_memory_equal(taken + length, "\0z", 3);
	memory_free(taken);
	assert_null(text.data);
	taken = text_take(&text);
	assert_string_equal(taken, "");
	memory_free(taken);
}

static bool build(void)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(1 << 20);
	for (int i = 0; i < 300; i++) {
		text_append(&text, "tool");
		text_printf(&text, "-%d", i);
		text_append_json(&text, "a \"quoted\"\n name");
		text_append_percent(&text, "a b");
	}
	_cleanup_(memory_freep) char *taken = text_take(&text);
	return taken != NULL;
}

static void running_out_of_memory_at_any_point_is_told_and_leaks_nothing(void **state)
{
	(void)state;
	uint64_t nth = 1;
	for (;; nth++) {
		memory_fail_nth(nth);
		if (build())
			break;
	}
	memory_fail_nth(0);
	assert_true(nth > 3);
}

static void json_literals_escape_all_that_json_demands(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"", "\"\""},
	    {"plain", "\"plain\""},
	    {"\"\\/\b\f\n\r\t", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
	    {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
	    {"h\xc3\xa9 \xf0\x9f\x98\x80", "\"h\xc3\xa9 \xf0\x9f\x98\x80\""},
	    {"bad\xff"
	     "end",
	     "\"bad\xef\xbf\xbd"
	     "end\""},
	    {"cut\xe2\x82", "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(text_done) struct text text = TEXT_INIT(1000);
		text_append_json(&text, rows[i].in);
		assert_string_equal(text.data, rows[i].out);
	}
}

static void percent_encoding_round_trips_every_byte(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		_cleanup_(text_done) struct text text = TEXT_INIT(100);
		char in[] = {'a', (char)byte, 'z', '\0'};
		text_append_percent(&text, in);
		if (text.length == 3) {
			assert_true(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", byte) != NULL);
			assert_string_equal(text.data, in);
			continue;
		}
		assert_int_equal(text.length, 5);
		assert_int_equal(text.data[1], '%');
		assert_int_equal(strtol((char[]){text.data[2], text.data[3], '\0'}, NULL, 16), byte);
		assert_true(text.data[2] < 'a' && text.data[3] < 'a');
	}
}

static void questions_about_strings(void **state)
{
	(void)state;
	assert_true(text_equal(NULL, NULL));
	assert_false(text_equal(NULL, ""));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", "A"));
	assert_true(text_equal_fold("Ann@Example.COM", "ann@example.com"));
	assert_false(text_equal_fold("ann", "anna"));
	assert_false(text_equal_fold("anna", "ann"));
	assert_false(text_equal_fold("[", "{")); /* differ by the case bit */
	assert_false(text_equal_fold("\xc3\x89", "\xc3\xa9"));
	assert_false(text_equal_fold(NULL, "a"));
	assert_true(text_starts_with("env:NAME", "env:"));
	assert_false(text_starts_with("en", "env:"));
	assert_false(text_starts_with(NULL, "x"));
	assert_true(text_ends_with("a/$ref", "/$ref"));
	assert_false(text_ends_with("$ref", "/$ref"));
	assert_true(text_is_empty(NULL));
	assert_true(text_is_empty(""));
	assert_false(text_is_empty(" "));
}

static void a_uuid_is_told_from_what_only_looks_like_one(void **state)
{
	(void)state;
	assert_true(text_is_uuid("01234567-89ab-cdef-ABCD-EF0123456789"));
	static const char *const bad[] = {
	    "",
	    "0123456789abcdefabcdef0123456789",
	    "01234567-89ab-cdef-ABCD-EF012345678",
	    "01234567-89ab-cdef-ABCD-EF01234567890",
	    "01234567-89ab-cdef-ABCD-EF012345678g",
	    "0123456--89ab-cdef-ABCD-EF0123456789",
	    "{1234567-89ab-cdef-ABCD-EF012345678}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_is_uuid(bad[i]));
	assert_false(text_is_uuid(NULL));
}

static void utf8_is_accepted_exactly_as_unicode_defines_it(void **state)
{
	(void)state;
	static const char *const good[] = {"",
	                                   "a",
	                                   "\x7f",
	                                   "\xc2\x80",
	                                   "\xdf\xbf",
	                                   "\xe0\xa0\x80",
	                                   "\xed\x9f\xbf",
	                                   "\xee\x80\x80",
	                                   "\xef\xbf\xbf",
	                                   "\xf0\x90\x80\x80",
	                                   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80",
	                                  "\xc0\x80",
	                                  "\xc1\xbf",
	                                  "\xc2",
	                                  "\xc2z",
	                                  "\xe0\x9f\xbf",
	                                  "\xed\xa0\x80",
	                                  "\xe2\x82",
	                                  "\xf0\x8f\xbf\xbf",
	                                  "\xf4\x90\x80\x80",
	                                  "\xf5\x80\x80\x80",
	                                  "\xff",
	                                  "\xf0\x9f\x98",
	                                  "\xe2\x28\xa1",
	                                  "ok\xfe"};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(text_is_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static void secrets_are_equal_only_if_every_byte_is(void **state)
{
	(void)state;
	assert_true(text_equal_secret("", 0, "", 0));
	assert_true(text_equal_secret("abc", 3, "abc", 3));
	assert_false(text_equal_secret("abc", 3, "abcd", 4));
	assert_false(text_equal_secret("abcd", 4, "abc", 3));
	assert_false(text_equal_secret("", 0, "a", 1));
	for (int i = 0; i < 32; i++) {
		char a[32], b[32];
		memset(a, 'q', 32);
		memcpy(b, a, 32);
		b[i] ^= (char)(1 << i % 8);
		assert_false(text_equal_secret(a, 32, b, 32));
	}
}

static void numbers_are_whole_and_within_bounds(void **state)
{
	(void)state;
	int64_t value = 77;
	assert_int_equal(text_parse_int("-9223372036854775808", INT64_MIN, INT64_MAX, &value), RESULT_OK);
	assert_true(value == INT64_MIN);
	assert_int_equal(text_parse_int("9223372036854775807", INT64_MIN, INT64_MAX, &value), RESULT_OK);
	assert_true(value == INT64_MAX);
	assert_int_equal(text_parse_int("200", 1, 200, &value), RESULT_OK);
	assert_int_equal(value, 200);
	static const char *const bad[] = {"",
	                                  "-",
	                                  "+1",
	                                  " 1",
	                                  "1 ",
	                                  "1.0",
	                                  "0x10",
	                                  "201",
	                                  "0",
	                                  "9223372036854775808",
	                                  "99999999999999999999999",
	                                  "1e2",
	                                  "--1",
	                                  "\xd9\xa1"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(text_parse_int(bad[i], 1, 200, &value), RESULT_INVALID);
	assert_int_equal(text_parse_int("-9223372036854775809", INT64_MIN, INT64_MAX, &value), RESULT_INVALID);
	assert_int_equal(text_parse_int(NULL, 1, 200, &value), RESULT_INVALID);
	assert_int_equal(value, 200); /* untouched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_text_never_grows_beyond_its_ceiling),
	    cmocka_unit_test(a_failed_text_stays_failed_so_that_no_hole_can_appear),
	    cmocka_unit_test(what_is_appended_is_what_is_taken),
	    cmocka_unit_test(running_out_of_memory_at_any_point_is_told_and_leaks_nothing),
	    cmocka_unit_test(json_literals_escape_all_that_json_demands),
	    cmocka_unit_test(percent_encoding_round_trips_every_byte),
	    cmocka_unit_test(questions_about_strings),
	    cmocka_unit_test(a_uuid_is_told_from_what_only_looks_like_one),
	    cmocka_unit_test(utf8_is_accepted_exactly_as_unicode_defines_it),
	    cmocka_unit_test(secrets_are_equal_only_if_every_byte_is),
	    cmocka_unit_test(numbers_are_whole_and_within_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
