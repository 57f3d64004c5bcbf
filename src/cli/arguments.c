#include "cli/arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static int find_option(const struct arguments *arguments, const char *argument, size_t length)
{
	for (size_t i = 0; i < arguments->option_count; i++)
		if (strlen(arguments->options[i].name) == length && strncmp(arguments->options[i].name, argument, length) == 0)
			return (int)i;
	return -1;
}

/* Takes the option at argv[*at], and its value from there or from the next argument. */
static enum result take_option(struct arguments *arguments, int argc, char **argv, int *at, struct error *error)
{
	const char *argument = argv[*at];
	const char *equals = strchr(argument, '=');
	size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
	int index = find_option(arguments, argument, length);
	const char *value = equals ? equals + 1 : NULL;

	if (index < 0)
		return error_set(error, RESULT_INVALID, NULL, "There is no option %.*s here.", (int)length, argument);
	if (arguments->values[index])
		return error_set(error, RESULT_INVALID, NULL, "%s is given twice.", arguments->options[index].name);
	if (!arguments->options[index].value_name) {
		if (value)
			return error_set(error, RESULT_INVALID, NULL, "%s takes no value.", arguments->options[index].name);
		value = "";
	} else if (!value) {
		if (*at + 1 >= argc)
			return error_set(error, RESULT_INVALID, NULL, "%s needs a value: %s.", arguments->options[index].name,
			                 arguments->options[index].value_name);
		value = argv[++*at];
	}
	arguments->values[index] = value;
	return RESULT_OK;
}

static enum result check_complete(const struct arguments *arguments, size_t positional, struct error *error)
{
	for (size_t i = 0; i < arguments->option_count; i++)
		if (arguments->options[i].required && !arguments->values[i])
			return error_set(error, RESULT_INVALID, NULL, "%s %s is missing.", arguments->options[i].name,
			                 arguments->options[i].value_name);
	if (arguments->positional_count < positional)
		return error_set(error, RESULT_INVALID, NULL, "An argument is missing.");
	return RESULT_OK;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

enum result arguments_parse(const struct option_row *options, size_t option_count, size_t positional, int argc,
                            char **argv, struct arguments *ret_arguments, struct error *error)
{
	struct arguments arguments = {.options = options, .option_count = option_count};
	bool only_positional = false;
	enum result result = RESULT_OK;

	if (option_count > ARGUMENTS_MOST || positional > ARRAY_SIZE(arguments.positional))
		return error_set(error, RESULT_INVALID, NULL, "This command has more options than can be read.");
	arguments.help = asks_for_help(argc, argv);
	for (int at = 0; at < argc && !arguments.help && result == RESULT_OK; at++) {
		if (!only_positional && strcmp(argv[at], "--") == 0)
			only_positional = true;
		else if (!only_positional && argv[at][0] == '-' && argv[at][1])
			result = take_option(&arguments, argc, argv, &at, error);
		else if (arguments.positional_count == positional)
			result = error_set(error, RESULT_INVALID, NULL, "\"%.60s\" is one argument too many.", argv[at]);
		else
			arguments.positional[arguments.positional_count++] = argv[at];
	}
	if (result == RESULT_OK && !arguments.help)
		result = check_complete(&arguments, positional, error);
	if (result == RESULT_OK)
		*ret_arguments = arguments;
	return result;
}

const char *arguments_get(const struct arguments *arguments, const char *name)
{
	int index = find_option(arguments, name, strlen(name));

	return index < 0 ? NULL : arguments->values[index];
}

void arguments_print_options(const struct option_row *options, size_t option_count)
{
	for (size_t i = 0; i < option_count; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s", options[i].name, options[i].value_name ? " " : "",
		               options[i].value_name ? options[i].value_name : "");
		(void)printf("  %-28s %s%s\n", left, options[i].help, options[i].required ? " (required)" : "");
	}
	(void)printf("  %-28s %s\n", "--help", "this text");
}
