#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/text.h"

static struct arena *arena;

static const char *nested(int levels, char open, char close)
{
	struct text text = TEXT_INIT(10000);
	for (int i = 0; i < levels; i++)
		text_append_char(&text, open);
	for (int i = 0; i < levels; i++)
		text_append_char(&text, close);
	char *taken = text_take(&text);
	const char *kept = arena_strdup(arena, taken);
	memory_free(taken);
	return kept;
}

static void texts_that_are_json_are_read(void **state)
{
	(void)state;
	const char *const rows[] = {"{}",
	                            "[]",
	                            " {\"a\" : [1, 2.5, -3e2, true, false, null, \"x\"]}\r\n\t",
	                            "\"text\"",
	                            "7",
	                            "null",
	                            "{\"\":1}",
	                            "\"\\ud83d\\ude00 \\u00e9 \xc3\xa9\"",
	                            "[\"[[[[\\\"[[[[\"]",
	                            nested(64, '[', ']')};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *value = NULL;
		struct error error;
		assert_int_equal(json_read(rows[i], strlen(rows[i]), &value, &error), RESULT_OK);
		assert_non_null(value);
		json_decref(value);
	}
}

#define ROW(text)                                                                                                      \
	{                                                                                                                  \
		text, sizeof(text) - 1                                                                                         \
	}

static void texts_that_are_not_strict_json_are_refused_with_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t length;
	} rows[] = {
	    ROW(""),
	    ROW(" "),
	    ROW("{"),
	    ROW("{}x"),
	    ROW("{} {}"),
	    ROW("{}\0"),
	    ROW("\0{}"),
	    ROW("{\"a\":1,\"a\":1}"),
	    ROW("[{\"b\":{\"a\":1,\"a\":2}}]"),
	    ROW("{\"a\":1,}"),
	    ROW("[1,]"),
	    ROW("[01]"),
	    ROW("[+1]"),
	    ROW("[.5]"),
	    ROW("[1.]"),
	    ROW("[NaN]"),
	    ROW("[Infinity]"),
	    ROW("{'a':1}"),
	    ROW("{a:1}"),
	    ROW("// c\n{}"),
	    ROW("[\"\\u0000\"]"),
	    ROW("[\"a\0b\"]"),
	    ROW("{\"a\\u0000b\":1}"),
	    ROW("[\"\xff\"]"),
	    ROW("[\"\xed\xa0\x80\"]"),
	    ROW("[\"\\ud800\"]"),
	    ROW("[\"\\udc00\"]"),
	    ROW("[\"\t\"]"),
	    ROW("[\"\\x\"]"),
	    ROW("[\"open]"),
	    ROW("[99999999999999999999999]"),
	    ROW("[1e999]"),
	    ROW("\xef\xbb\xbf{}"),
	    ROW("[1 2]"),
	    ROW("{\"a\" 1}"),
	    ROW("tru"),
	    ROW("]"),
	    ROW("[\"\xc0\x80\"]"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *value = (json_t *)&rows;
		int line = 0, column = 0;
		struct error error;
		assert_int_equal(json_read_at(rows[i].bytes, rows[i].length, &value, &line, &column, &error), RESULT_INVALID);
		assert_string_equal(error.code, "json_malformed");
		assert_true(line >= 1 && column >= 1);
		assert_ptr_equal(value, &rows); /* untouched */
	}
}

static void nesting_deeper_than_64_is_refused_before_anything_is_built(void **state)
{
	(void)state;
	json_t *value;
	struct error error;
	int line, column;
	const char *deep = nested(65, '[', ']');
	assert_int_equal(json_read_at(deep, strlen(deep), &value, &line, &column, &error), RESULT_INVALID);
	assert_string_equal(error.code, "json_malformed");
	assert_int_equal(column, 65);
	deep = nested(5000, '[', ' ');
	uint64_t count = memory_count();
	assert_int_equal(json_read(deep, strlen(deep), &value, NULL), RESULT_INVALID);
	assert_int_equal(memory_count(), count);
}

static void another_servers_byte_order_mark_is_skipped_and_ours_to_refuse_in_a_request(void **state)
{
	(void)state;
	static const char marked[] = "\xef\xbb\xbf{}";
	json_t *value = NULL;
	assert_int_equal(json_read_answer(marked, strlen(marked), &value), RESULT_OK);
	assert_true(json_is_object(value));
	json_decref(value);
	assert_int_equal(json_read(marked, strlen(marked), &value, NULL), RESULT_INVALID);
	assert_int_equal(json_read_answer(marked, 3, &value), RESULT_INVALID);
	assert_int_equal(json_read_answer(marked, 2, &value), RESULT_INVALID);
	assert_int_equal(json_read_answer("", 0, &value), RESULT_INVALID);
}

static void a_malformed_text_is_told_by_line_and_column_without_quoting_it(void **state)
{
	(void)state;
	static const char text[] = "{\n  \"clientSecret\": hunter2\n}";
	json_t *value;
	struct error error;
	int line, column;
	assert_int_equal(json_read_at(text, sizeof(text) - 1, &value, &line, &column, &error), RESULT_INVALID);
	assert_int_equal(line, 2);
	assert_true(column > 15);
	assert_null(strstr(error.detail, "hunter"));
	assert_non_null(strstr(error.detail, "ine 2"));
}

static const char sample[] =
    "{\"requestTypeIds\":[\"25\",\"exactly-14-chr\"],\"fields\":{\"status\":{\"id\":\"3\",\"name\":\"Done\"},\"n\":7,"
    "\"yes\":true,\"s\":\"12\"},\"long\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}";

static void running_out_of_memory_while_reading_is_told_never_half_read(void **state)
{
	(void)state;
	uint64_t nth = 1;
	for (;; nth++) {
		json_t *value = NULL;
		struct error error;
		memory_fail_nth(nth);
		enum result result = json_read(sample, sizeof(sample) - 1, &value, &error);
		if (result == RESULT_OK) {
			json_decref(value);
			break;
		}
		assert_int_equal(result, RESULT_NO_MEMORY);
		assert_null(value);
	}
	memory_fail_nth(0);
	assert_true(nth > 10);
}

static bool build(void)
{
	_cleanup_(arena_freep) struct arena *own = arena_new(1 << 20);
	_cleanup_(json_decrefp) json_t *object = json_object();
	bool failed = own == NULL;
	json_t *list = json_array();
	if (json_array_append_new(list, json_integer(7)) != 0)
		failed = true;
	json_put(object, "list", list, &failed);
	json_put_string(object, "name", "ChatGPT Enterprise", &failed);
	json_put_time(object, "createdAt", 1795426200000, &failed);
	if (failed)
		return false;
	const char *compact = json_write(own, object), *canonical = json_write_canonical(own, object);
	if (compact == NULL || canonical == NULL)
		return false;
	assert_string_equal(compact,
	                    "{\"list\":[7],\"name\":\"ChatGPT Enterprise\",\"createdAt\":\"2026-11-23T09:30:00Z\"}");
	assert_string_equal(canonical,
	                    "{\"createdAt\":\"2026-11-23T09:30:00Z\",\"list\":[7],\"name\":\"ChatGPT Enterprise\"}");
	return true;
}

static void running_out_of_memory_while_writing_never_gives_a_shorter_text(void **state)
{
	(void)state;
	uint64_t nth = 1;
	for (;; nth++) {
		memory_fail_nth(nth);
		if (build())
			break;
	}
	memory_fail_nth(0);
	assert_true(nth > 10);
}

static void getters_give_the_default_for_anything_unexpected(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *value = NULL;
	assert_int_equal(json_read(sample, sizeof(sample) - 1, &value, NULL), RESULT_OK);
	assert_string_equal(json_string_at(value, "fields.status.name"), "Done");
	assert_int_equal(json_integer_at(value, "fields.n", -1), 7);
	assert_true(json_bool_at(value, "fields.yes", false));
	assert_null(json_string_at(value, "fields.status"));
	assert_null(json_string_at(value, "fields.status.name.more"));
	assert_null(json_string_at(value, "fields.n"));
	assert_null(json_string_at(value, "requestTypeIds.0"));
	assert_null(json_string_at(value, "nowhere.at.all"));
	assert_null(json_string_at(NULL, "fields"));
	assert_int_equal(json_integer_at(value, "fields.s", -1), -1);
	assert_int_equal(json_integer_at(value, "fields.yes", -1), -1);
	assert_true(json_bool_at(value, "fields.n", true));
	assert_ptr_equal(json_at(value, ""), value);
}

static void builders_remember_a_failure_and_leak_nothing(void **state)
{
	(void)state;
	bool failed = false;
	json_put(NULL, "a", json_integer(1), &failed);
	assert_true(failed);
	_cleanup_(json_decrefp) json_t *object = json_object();
	failed = false;
	json_put(object, "a", NULL, &failed);
	assert_true(failed);
	failed = false;
	json_put_string(object, "a", "not \xff utf-8", &failed);
	assert_true(failed);
	failed = false;
	json_put_string(object, "a", NULL, &failed);
	json_put_time(object, "b", 0, &failed);
	assert_false(failed);
	assert_string_equal(json_write(arena, object), "{\"a\":null,\"b\":null}");
}

static void canonical_text_is_that_of_rfc_8785(void **state)
{
	(void)state;
	/* The sorting example of RFC 8785 section 3.2.3, with integers and the escapes of section 3.2.2.2. */
	static const char in[] =
	    "{\"\\u20ac\":\"Euro\",\"\\r\":\"CR\",\"\\ufb33\":\"Dalet\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Smile\","
	    "\"\\u0080\":\"Control\",\"\\u00f6\":\"O\\u000f\\n\\/\\\"\\\\\"}";
	static const char out[] =
	    "{\"\\r\":\"CR\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"O\\u000f\\n/\\\"\\\\\","
	    "\"\xe2\x82\xac\":\"Euro\",\"\xf0\x9f\x98\x80\":\"Smile\",\"\xef\xac\xb3\":\"Dalet\"}";
	_cleanup_(json_decrefp) json_t *value = NULL;
	assert_int_equal(json_read(in, sizeof(in) - 1, &value, NULL), RESULT_OK);
	assert_string_equal(json_write_canonical(arena, value), out);
}

static void what_has_no_canonical_text_gets_none(void **state)
{
	(void)state;
	static const char *const bad[] = {"[1.5]", "[9007199254740993]", "[-9007199254740993]", "{\"a\":[{\"b\":1.0}]}"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(json_decrefp) json_t *value = NULL;
		assert_int_equal(json_read(bad[i], strlen(bad[i]), &value, NULL), RESULT_OK);
		assert_null(json_write_canonical(arena, value));
	}
	assert_null(json_write_canonical(arena, NULL));
	assert_null(json_write(arena, NULL));
	_cleanup_(json_decrefp) json_t *edge = NULL;
	assert_int_equal(json_read("[9007199254740992,-0,true,null,{},[]]", 37, &edge, NULL), RESULT_OK);
	assert_string_equal(json_write_canonical(arena, edge), "[9007199254740992,0,true,null,{},[]]");
}

static int make_arena(void **state)
{
	(void)state;
	memory_install_library_hooks();
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
	    cmocka_unit_test(texts_that_are_json_are_read),
	    cmocka_unit_test(texts_that_are_not_strict_json_are_refused_with_their_place),
	    cmocka_unit_test(nesting_deeper_than_64_is_refused_before_anything_is_built),
	    cmocka_unit_test(another_servers_byte_order_mark_is_skipped_and_ours_to_refuse_in_a_request),
	    cmocka_unit_test(a_malformed_text_is_told_by_line_and_column_without_quoting_it),
	    cmocka_unit_test(running_out_of_memory_while_reading_is_told_never_half_read),
	    cmocka_unit_test(running_out_of_memory_while_writing_never_gives_a_shorter_text),
	    cmocka_unit_test(getters_give_the_default_for_anything_unexpected),
	    cmocka_unit_test(builders_remember_a_failure_and_leak_nothing),
	    cmocka_unit_test(canonical_text_is_that_of_rfc_8785),
	    cmocka_unit_test(what_has_no_canonical_text_gets_none),
	};
	return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
