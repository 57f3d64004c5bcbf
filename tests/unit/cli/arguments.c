/* The command line: what is not understood is refused before anything happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/arguments.h"
#include "cli/client_table.h"

static const struct option_row options[] = {
    {"--config", "FILE", "", true},
    {"--name", "NAME", "", false},
    {"--json", NULL, "", false},
};

static struct arguments got;
static struct error error;

#define PARSE(positional, ...)                                                                                         \
	({                                                                                                                 \
		char *words[] = {__VA_ARGS__ NULL};                                                                            \
		arguments_parse(options, ARRAY_SIZE(options), positional, (int)ARRAY_SIZE(words) - 1, words, &got, &error);    \
	})
#define W(word) (char *)(word),

static void options_are_read_in_both_spellings(void **state)
{
	(void)state;
	assert_int_equal(PARSE(1, W("--config") W("a.conf") W("id") W("--name=x=y") W("--json")), RESULT_OK);
	assert_string_equal(arguments_get(&got, "--config"), "a.conf");
	assert_string_equal(arguments_get(&got, "--name"), "x=y");
	assert_non_null(arguments_get(&got, "--json"));
	assert_int_equal(got.positional_count, 1);
	assert_string_equal(got.positional[0], "id");
	assert_int_equal(PARSE(0, W("--config=") W("--name") W("-")), RESULT_OK);
	assert_string_equal(arguments_get(&got, "--config"), "");
	assert_string_equal(arguments_get(&got, "--name"), "-");
	assert_null(arguments_get(&got, "--json"));
	assert_null(arguments_get(&got, "--absent"));
}

static void what_is_mistyped_is_refused_by_name(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0, W("--confg") W("x")), RESULT_INVALID);
	assert_non_null(strstr(error.detail, "--confg"));
	assert_int_equal(PARSE(0, W("--conf") W("x")), RESULT_INVALID); /* no abbreviations */
	assert_int_equal(PARSE(0, W("--config")), RESULT_INVALID);
	assert_non_null(strstr(error.detail, "FILE"));
	assert_int_equal(PARSE(0, W("--config") W("a") W("--config") W("b")), RESULT_INVALID);
	assert_non_null(strstr(error.detail, "twice"));
	assert_int_equal(PARSE(0, W("--config") W("a") W("--json=yes")), RESULT_INVALID);
	assert_int_equal(PARSE(0, W("--name") W("a")), RESULT_INVALID);
	assert_non_null(strstr(error.detail, "--config"));
}

static void the_number_of_arguments_must_fit(void **state)
{
	(void)state;
	assert_int_equal(PARSE(1, W("--config") W("a")), RESULT_INVALID);
	assert_int_equal(PARSE(1, W("--config") W("a") W("b") W("c")), RESULT_INVALID);
	assert_non_null(strstr(error.detail, "\"c\""));
	assert_int_equal(PARSE(1, W("--config") W("a") W("--") W("--json")), RESULT_OK);
	assert_string_equal(got.positional[0], "--json");
	assert_null(arguments_get(&got, "--json"));
}

static void help_is_given_whatever_else_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(PARSE(1, W("--nonsense") W("--help")), RESULT_OK);
	assert_true(got.help);
	assert_int_equal(PARSE(0, W("-h")), RESULT_OK);
	assert_true(got.help);
	assert_int_equal(PARSE(1, W("--config") W("a") W("--") W("--help")), RESULT_OK);
	assert_false(got.help);
}

static bool has_columns(const struct client_verb *verb)
{
	return verb->column_count > 0 && verb->columns[0].path;
}

/* A slip in the table would show only to whoever types that command. */
static void every_verb_of_the_table_can_be_run(void **state)
{
	(void)state;
	assert_true(client_noun_count >= 9);
	for (size_t i = 0; i < client_noun_count; i++)
		for (size_t j = 0; j < client_nouns[i].verb_count; j++) {
			const struct client_verb *verb = &client_nouns[i].verbs[j];

			assert_ptr_equal(client_verb_find(&client_nouns[i], verb->name), verb);
			assert_true(verb->path[0] == '/');
			assert_true(verb->field_count + 8 <= ARGUMENTS_MOST);
			assert_true(!strchr(verb->path, '{') == !verb->arguments[0]);
			/* an action that confirms may have some for its dry run */
			assert_true(verb->shape == CLIENT_LIST ? has_columns(verb) : verb->confirms || !has_columns(verb));
			assert_true(verb->summary[0] != '\0');
			for (size_t k = 0; k < verb->field_count; k++) {
				assert_true(strncmp(verb->fields[k].option.name, "--", 2) == 0);
				bool is_switch = verb->fields[k].kind == FIELD_SWITCH || verb->fields[k].kind == FIELD_QUERY_TRUE;
				assert_true(is_switch == !verb->fields[k].option.value_name);
				for (size_t l = 0; l < k; l++)
					assert_string_not_equal(verb->fields[k].option.name, verb->fields[l].option.name);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_are_read_in_both_spellings), cmocka_unit_test(what_is_mistyped_is_refused_by_name),
	    cmocka_unit_test(the_number_of_arguments_must_fit),   cmocka_unit_test(help_is_given_whatever_else_is_wrong),
	    cmocka_unit_test(every_verb_of_the_table_can_be_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
