#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jira/adf.h"
#include "jira/jira_value.h"

static struct arena *arena;

static int arena_setup(void **state)
{
	(void)state;
	arena = arena_new((size_t)8 * 1024 * 1024);
	return arena ? 0 : -1;
}

static int arena_teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static json_t *json_of(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	return value;
}

static const char *text_of(const char *json)
{
	_cleanup_(json_decrefp) json_t *value = json_of(json);
	const char *text = "untouched";
	assert_int_equal(jira_value_text(value, arena, &text), RESULT_OK);
	return text;
}

static void a_tool_is_read_from_text_option_list_or_document(void **state)
{
	(void)state;
	assert_string_equal(text_of("\"  ChatGPT Enterprise \\n\""), "ChatGPT Enterprise");
	assert_string_equal(text_of("{\"self\":\"x\",\"value\":\"chatgpt\",\"id\":\"10\"}"), "chatgpt");
	assert_string_equal(text_of("[{\"value\":\"first\"},{\"value\":\"second\"}]"), "first");
	assert_string_equal(text_of("90"), "90");
	assert_string_equal(text_of("90.0"), "90");
	assert_string_equal(text_of("{\"type\":\"doc\",\"version\":1,\"content\":[{\"type\":\"paragraph\",\"content\":["
	                            "{\"type\":\"text\",\"text\":\"one \"},{\"type\":\"text\",\"text\":\"two\"}]},"
	                            "{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"three\"}]}]}"),
	                    "one two\nthree");
}

static void a_field_of_another_kind_is_empty_and_not_guessed(void **state)
{
	(void)state;
	static const char *const values[] = {
	    "null",
	    "true",
	    "\"\"",
	    "\" \\t\\n \"",
	    "[]",
	    "{}",
	    "{\"value\":{}}",
	    "{\"value\":\"\"}",
	    "[[]]",
	    "[null]",
	    "{\"type\":\"doc\"}",
	    "{\"type\":\"doc\",\"content\":{}}",
	    "{\"type\":\"doc\",\"content\":[7,null,[],{\"text\":5}]}",
	    "1e300",
	};
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_null(text_of(values[i]));
}

static void a_person_is_an_account_id_and_nothing_else(void **state)
{
	(void)state;
	static const struct {
		const char *json, *account;
	} values[] = {
	    {"{\"accountId\":\"qm:a7:5ad6\",\"displayName\":\"x\"}", "qm:a7:5ad6"},
	    {"[{\"accountId\":\"712020:u-1\"}]", "712020:u-1"},
	    {"{\"displayName\":\"Kim\",\"emailAddress\":\"kim@example.com\"}", NULL},
	    {"{\"accountId\":7}", NULL},
	    {"{\"accountId\":\"\"}", NULL},
	    {"\"712020:u-1\"", NULL},
	    {"null", NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_(json_decrefp) json_t *value = json_of(values[i].json);
		const char *account = "untouched";
		assert_int_equal(jira_value_account(value, arena, &account), RESULT_OK);
		if (values[i].account)
			assert_string_equal(account, values[i].account);
		else
			assert_null(account);
	}
}

static void an_instant_is_read_in_every_spelling(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		int64_t at;
	} dates[] = {
	    {"{\"epochMillis\":1475046060000}", 1475046060000},
	    {"{\"iso8601\":\"2016-09-28T14:01:00+0700\"}", 1475046060000},
	    {"{\"epochMillis\":\"soon\",\"jira\":\"2016-09-28T14:01:00.000+0700\"}", 1475046060000},
	    {"\"2016-09-28T07:01:00.000+0000\"", 1475046060000},
	    {"{\"friendly\":\"Today\"}", 0},
	    {"\"Today\"", 0},
	    {"null", 0},
	    {"[]", 0},
	    {"{\"epochMillis\":-5}", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
		_cleanup_(json_decrefp) json_t *value = json_of(dates[i].json);
		assert_int_equal(jira_value_date(value), dates[i].at);
	}
}

static void a_document_of_any_depth_is_read_and_not_followed_forever(void **state)
{
	(void)state;
	json_t *inner = json_pack("{s:s, s:s}", "type", "text", "text", "deep");
	for (int i = 0; i < 500; i++)
		inner = json_pack("{s:s, s:[o]}", "type", "doc", "content", inner);
	assert_non_null(inner);
	struct text text = TEXT_INIT(100);
	adf_text_append(&text, inner);
	assert_false(text_failed(&text));
	assert_true(text.length < 100);
	text_done(&text);
	json_decref(inner);
}

static void a_long_document_is_cut_at_the_ceiling_and_fails_nothing(void **state)
{
	(void)state;
	json_t *content = json_array();
	for (int i = 0; i < 1000; i++)
		json_array_append_new(content, json_pack("{s:s, s:s}", "type", "text", "text", "0123456789"));
	json_t *document = json_pack("{s:s, s:o}", "type", "doc", "content", content);
	struct text text = TEXT_INIT(64);
	adf_text_append(&text, document);
	assert_false(text_failed(&text));
	assert_true(text.length > 40 && text.length < 64);
	text_done(&text);
	json_decref(document);
}

static void a_comment_keeps_its_lines_as_paragraphs(void **state)
{
	(void)state;
	json_t *document = adf_document_new("Access to \"X\" is active.\n\nReference \xc3\xa4");
	assert_non_null(document);
	char *text = json_write(arena, document);
	assert_string_equal(text,
	                    "{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":"
	                    "\"text\",\"text\":\"Access to \\\"X\\\" is active.\"}]},{\"type\":\"paragraph\","
	                    "\"content\":[]},{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":"
	                    "\"Reference \xc3\xa4\"}]}]}");
	struct text back = TEXT_INIT(1000);
	adf_text_append(&back, document);
	assert_string_equal(back.data, "Access to \"X\" is active.\n\nReference \xc3\xa4\n");
	text_done(&back);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tool_is_read_from_text_option_list_or_document),
	    cmocka_unit_test(a_field_of_another_kind_is_empty_and_not_guessed),
	    cmocka_unit_test(a_person_is_an_account_id_and_nothing_else),
	    cmocka_unit_test(an_instant_is_read_in_every_spelling),
	    cmocka_unit_test(a_document_of_any_depth_is_read_and_not_followed_forever),
	    cmocka_unit_test(a_long_document_is_cut_at_the_ceiling_and_fails_nothing),
	    cmocka_unit_test(a_comment_keeps_its_lines_as_paragraphs),
	};
	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
