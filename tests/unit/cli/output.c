/* What a person sees: text from elsewhere cannot move the cursor, and columns stand under their headings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/client_output.h"
#include "cli/plain_text.h"
#include "cli/table.h"

static struct arena *arena;
static struct text text;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(4 << 20);
	text = TEXT_INIT(1 << 20);
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	text_done(&text);
	arena_free(arena);
	return 0;
}

static void a_name_cannot_drive_the_terminal(void **state)
{
	(void)state;
	assert_string_equal(plain_text(arena, "\x1b[2J\x1b]0;title\x07name\x7f"), "[2J]0;titlename");
	assert_string_equal(plain_text(arena, "a\nb\tc\rd"), "a b c d");
	assert_string_equal(plain_text(arena, "x\xc2\x9b"
	                                      "31my"),
	                    "x31my"); /* C1 CSI */
	assert_string_equal(plain_text(arena, "safe\xe2\x80\xae"
	                                      "exe.txt"),
	                    "safeexe.txt"); /* right-to-left override */
	assert_string_equal(plain_text(arena, "bad\xff\xc3"), "bad??");
	assert_string_equal(plain_text(arena, "Ærøskøbing 東京 ✔"), "Ærøskøbing 東京 ✔");
	assert_string_equal(plain_text(arena, NULL), "");
}

static void columns_stand_under_their_headings(void **state)
{
	static const char *const headings[] = {"ID", "NAME", "LAST"};
	struct table *table = table_new(arena, headings, 3);

	(void)state;
	assert_non_null(table);
	table_add(table, (const char *[]){"a", "Ærø", "x"});
	table_add(table, (const char *[]){"long-id", NULL, "y"});
	table_add(table, (const char *[]){"b", "東京", "z\nz"});
	assert_true(table_render(table, &text));
	assert_string_equal(text.data, "ID       NAME  LAST\n"
	                               "a        Ærø   x\n"
	                               "long-id  -     y\n"
	                               "b        東京  z z\n");
	assert_int_equal(table_rows(table), 3);
}

static void a_long_cell_does_not_push_the_others_away(void **state)
{
	static const char *const headings[] = {"NAME", "B"};
	struct table *table = table_new(arena, headings, 2);
	char name[300];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		memcpy(name + 2 * i, "ø", 2);
	name[200] = '\0';
	table_add(table, (const char *[]){name, name});
	assert_true(table_render(table, &text));
	assert_true(text_is_utf8(text.data, text.length));
	assert_non_null(strstr(text.data, "ø…  ø"));
	assert_non_null(strstr(text.data, name)); /* the last column stays whole */
}

static json_t *read_json(const char *string)
{
	json_t *value = NULL;

	assert_int_equal(json_read(string, strlen(string), &value, NULL), RESULT_OK);
	return value;
}

static void a_list_shows_nested_members_and_gaps(void **state)
{
	static const struct client_column columns[] = {{"A", "a"}, {"B", "b.c"}, {"D", "d"}};
	json_t *items = read_json("[{\"a\":1,\"b\":{\"c\":\"x\"},\"d\":[\"p\",\"q\"]},{\"a\":true,\"b\":null}]");

	(void)state;
	assert_true(client_output_list(items, columns, 3, arena, &text));
	assert_string_equal(text.data, "A    B  D\n1    x  p, q\nyes  -  -\n");
	json_decref(items);
}

static void an_object_shows_every_member(void **state)
{
	json_t *object = read_json("{\"id\":\"x\",\"config\":{\"cloud\":\"global\"},\"none\":null,"
	                           "\"history\":[{\"to\":\"active\",\"from\":null},{\"to\":\"revoked\"}],"
	                           "\"lastTest\":{\"outcome\":\"passed\",\"startedAt\":\"now\",\"checks\":[{\"a\":1}]}}");

	(void)state;
	assert_true(client_output_object(object, arena, &text));
	assert_string_equal(text.data, "id            x\n"
	                               "config.cloud  global\n"
	                               "none          -\n"
	                               "history 1     to: active\n"
	                               "history 2     to: revoked\n"
	                               "lastTest      passed at now\n");
	json_decref(object);
}

static void an_object_within_a_part_is_told_from_its_neighbours(void **state)
{
	json_t *object = read_json("{\"history\":[{\"to\":\"active\",\"actor\":{\"kind\":\"jira\",\"id\":\"a\"},"
	                           "\"code\":\"upn\"}]}");

	(void)state;
	assert_true(client_output_object(object, arena, &text));
	assert_string_equal(text.data, "history 1  to: active, actor (kind: jira, id: a), code: upn\n");
	json_decref(object);
}

static void a_report_fits_the_terminal_and_breaks_between_words(void **state)
{
	(void)state;
	plain_text_append_wrapped(&text,
	                          "✔ token (token_ok): Entra issued a token.\n    → Open 東京 and grant it.\nshort\n", 20);
	assert_string_equal(text.data, "✔ token (token_ok):\n"
	                               "  Entra issued a\n"
	                               "  token.\n"
	                               "    → Open 東京 and\n"
	                               "      grant it.\n"
	                               "short\n");
	text.length = 0;
	plain_text_append_wrapped(&text, "a-word-that-is-wider-than-the-line next", 10);
	assert_string_equal(text.data, "a-word-that-is-wider-than-the-line\n  next");
}

static void a_failed_check_stands_with_its_remedy_and_the_ids_to_look_up(void **state)
{
	json_t *report = read_json(
	    "{\"connectorId\":\"entra\",\"outcome\":\"failed\",\"durationMs\":412,\"checks\":["
	    "{\"check\":\"credential\",\"outcome\":\"passed\",\"code\":\"credential_ok\",\"summary\":\"Fine.\",\"remedy\":"
	    "null,"
	    "\"evidence\":{\"httpStatus\":200}},"
	    "{\"check\":\"token\",\"outcome\":\"failed\",\"code\":\"secret_invalid\",\"summary\":\"Entra\\u001b[31m "
	    "refused.\","
	    "\"remedy\":\"Make a new secret.\",\"evidence\":{\"httpStatus\":401,\"aadsts\":7000215,\"graphCode\":null,"
	    "\"correlationId\":\"c-1\",\"missing\":[],\"excess\":[]}},"
	    "{\"check\":\"groups\",\"outcome\":\"passed\",\"code\":\"group_ok\",\"summary\":\"It exists.\",\"remedy\":null,"
	    "\"evidence\":{\"groupId\":\"g-1\"}},"
	    "{\"check\":\"permissions\",\"outcome\":\"warning\",\"code\":\"permission_excessive\",\"summary\":\"Much.\","
	    "\"remedy\":\"Drop it.\",\"evidence\":{\"excess\":[\"A\",\"B\"]}},"
	    "{\"check\":\"read-users\",\"outcome\":\"skipped\",\"code\":\"read_ok\",\"summary\":\"Not "
	    "tried.\",\"remedy\":null}]}");

	(void)state;
	assert_true(client_output_report(report, arena, &text));
	assert_string_equal(text.data, "✔ credential (credential_ok): Fine.\n"
	                               "✖ token (secret_invalid): Entra[31m refused.\n"
	                               "    → Make a new secret.\n"
	                               "    HTTP 401, AADSTS 7000215, correlation id c-1\n"
	                               "✔ groups g-1 (group_ok): It exists.\n"
	                               "! permissions (permission_excessive): Much.\n"
	                               "    → Drop it.\n"
	                               "    excess A, B\n"
	                               "· read-users (read_ok): Not tried.\n"
	                               "Connection test of entra: failed (412 ms)\n");
	json_decref(report);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_name_cannot_drive_the_terminal),
	    TEST(columns_stand_under_their_headings),
	    TEST(a_long_cell_does_not_push_the_others_away),
	    TEST(a_list_shows_nested_members_and_gaps),
	    TEST(an_object_shows_every_member),
	    TEST(an_object_within_a_part_is_told_from_its_neighbours),
	    TEST(a_report_fits_the_terminal_and_breaks_between_words),
	    TEST(a_failed_check_stands_with_its_remedy_and_the_ids_to_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
