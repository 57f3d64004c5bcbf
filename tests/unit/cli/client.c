/* What is sent: options become members, ids cannot leave their place in a path, a secret comes from a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/client_body.h"

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(16 << 20);
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

struct spoken {
	const struct client_verb *verb;
	struct option_row options[ARGUMENTS_MOST];
	struct arguments arguments;
};

static void speak(struct spoken *spoken, const char *noun, const char *verb, size_t positional, int argc,
                  const char *const *words)
{
	char *argv[16];

	spoken->verb = client_verb_find(client_noun_find(noun), verb);
	assert_non_null(spoken->verb);
	for (size_t i = 0; i < spoken->verb->field_count; i++)
		spoken->options[i] = spoken->verb->fields[i].option;
	for (int i = 0; i < argc; i++)
		argv[i] = (char *)words[i];
	assert_int_equal(
	    arguments_parse(spoken->options, spoken->verb->field_count, positional, argc, argv, &spoken->arguments, NULL),
	    RESULT_OK);
}

#define SPEAK(spoken, noun, verb, positional, ...)                                                                     \
	do {                                                                                                               \
		const char *words[] = {__VA_ARGS__};                                                                           \
		speak(spoken, noun, verb, positional, (int)ARRAY_SIZE(words), words);                                          \
	} while (0)

static const char *body_of(const struct spoken *spoken, const char *start)
{
	json_t *body = NULL;
	char *written;

	assert_int_equal(json_read(start, strlen(start), &body, NULL), RESULT_OK);
	assert_int_equal(client_body_fill(spoken->verb, &spoken->arguments, arena, body, NULL), RESULT_OK);
	written = json_write_canonical(arena, body);
	json_decref(body);
	assert_non_null(written);
	return written;
}

static void options_become_members_where_they_belong(void **state)
{
	struct spoken spoken;

	(void)state;
	SPEAK(&spoken, "connector", "create", 0, "--id", "entra", "--tenant-id", "t", "--secret-ref=env:X");
	assert_string_equal(body_of(&spoken, "{}"), "{\"config\":{\"secretRef\":\"env:X\",\"tenantId\":\"t\"},"
	                                            "\"connectorId\":\"entra\",\"type\":\"entra\"}");
	SPEAK(&spoken, "tool", "bind", 1, "chat", "--group", "g", "--allow-shared");
	assert_string_equal(body_of(&spoken, "{}"), "{\"allowShared\":true,\"groupId\":\"g\",\"mode\":\"bind\"}");
	SPEAK(&spoken, "tool", "update", 1, "chat", "--connector", "none", "--max-days", "30", "--requestable", "no");
	assert_string_equal(body_of(&spoken, "{\"connectorId\":\"x\",\"name\":\"N\"}"),
	                    "{\"connectorId\":null,\"maxDurationDays\":30,\"name\":\"N\",\"requestable\":false}");
	SPEAK(&spoken, "settings", "update", 0, "--projects", "AIC, HR,", "--comment", "yes", "--approvers", "");
	assert_string_equal(body_of(&spoken, "{\"writeBack\":{\"comment\":false,\"transitionOnActive\":\"x\"}}"),
	                    "{\"allowedApprovers\":[],\"projectKeys\":[\"AIC\",\"HR\"],"
	                    "\"writeBack\":{\"comment\":true,\"transitionOnActive\":\"x\"}}");
}

static void a_value_of_the_wrong_kind_is_not_sent(void **state)
{
	struct spoken spoken;
	json_t *body = json_object();
	struct error error;

	(void)state;
	SPEAK(&spoken, "tool", "create", 0, "--max-days", "many");
	assert_int_equal(client_body_fill(spoken.verb, &spoken.arguments, arena, body, &error), RESULT_INVALID);
	assert_non_null(strstr(error.detail, "--max-days"));
	SPEAK(&spoken, "tool", "create", 0, "--requestable", "perhaps");
	assert_int_equal(client_body_fill(spoken.verb, &spoken.arguments, arena, body, &error), RESULT_INVALID);
	SPEAK(&spoken, "tool", "create", 0, "--name", "\xff");
	assert_int_equal(client_body_fill(spoken.verb, &spoken.arguments, arena, body, &error), RESULT_INVALID);
	json_decref(body);
}

static void a_secret_comes_from_a_file_and_loses_its_newline(void **state)
{
	char path[] = "/tmp/aic-client-XXXXXX";
	int file = mkstemp(path);
	struct spoken spoken;

	(void)state;
	assert_int_equal(write(file, "s3cret\n", 7), 7);
	assert_int_equal(close(file), 0);
	SPEAK(&spoken, "connector", "update", 1, "entra", "--secret-file", path);
	assert_string_equal(body_of(&spoken, "{}"), "{\"config\":{\"clientSecret\":\"s3cret\"}}");
	assert_int_equal(unlink(path), 0);
}

static void an_id_stays_in_its_place_in_the_path(void **state)
{
	struct spoken spoken;

	(void)state;
	SPEAK(&spoken, "grant", "revoke", 1, "../connectors/x?y#z");
	assert_string_equal(client_path(spoken.verb, &spoken.arguments, NULL, arena),
	                    "/grants/..%2Fconnectors%2Fx%3Fy%23z/revoke");
	SPEAK(&spoken, "request", "list", 0, "--status", "pending", "--issue", "A&B=1");
	assert_string_equal(client_path(spoken.verb, &spoken.arguments, "limit=5", arena),
	                    "/requests?status=pending&issueKey=A%26B%3D1&limit=5");
	SPEAK(&spoken, "connector", "groups", 1, "entra", "--search", "ai tools");
	assert_string_equal(client_path(spoken.verb, &spoken.arguments, NULL, arena),
	                    "/connectors/entra/groups?search=ai%20tools");
}

/* A trial run that was sent without its mark would be the real one. */
static void a_dry_run_is_asked_for_in_the_path_and_not_in_the_body(void **state)
{
	struct spoken spoken;

	(void)state;
	SPEAK(&spoken, "tool", "stop", 1, "chat", "--dry-run", "--reason", "A leak");
	assert_string_equal(client_path(spoken.verb, &spoken.arguments, "limit=200", arena),
	                    "/tools/chat/stop?dryRun=true&limit=200");
	assert_string_equal(body_of(&spoken, "{}"), "{\"reason\":\"A leak\"}");
	SPEAK(&spoken, "person", "revoke", 1, "712020:a/b");
	assert_string_equal(client_path(spoken.verb, &spoken.arguments, NULL, arena), "/people/712020%3Aa%2Fb/revoke");
}

static void a_file_must_be_an_object(void **state)
{
	static const char *const wrong[] = {"[1]", "{\"a\":1,\"a\":2}", "{\"a\":", ""};
	struct error error;
	json_t *body = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char path[] = "/tmp/aic-client-XXXXXX";
		int file = mkstemp(path);

		assert_int_equal(write(file, wrong[i], strlen(wrong[i])), (ssize_t)strlen(wrong[i]));
		assert_int_equal(close(file), 0);
		assert_int_equal(client_body_read_file(path, arena, &body, &error), RESULT_INVALID);
		assert_int_equal(unlink(path), 0);
	}
	assert_null(body);
	assert_int_equal(client_body_read_file("/nonexistent", arena, &body, &error), RESULT_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(options_become_members_where_they_belong),
	    TEST(a_value_of_the_wrong_kind_is_not_sent),
	    TEST(a_secret_comes_from_a_file_and_loses_its_newline),
	    TEST(an_id_stays_in_its_place_in_the_path),
	    TEST(a_dry_run_is_asked_for_in_the_path_and_not_in_the_body),
	    TEST(a_file_must_be_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
