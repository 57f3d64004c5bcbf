/* Taking a command line apart by a table of options. */
#ifndef AIC_CLI_ARGUMENTS_H
#define AIC_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"

#define ARGUMENTS_MOST 40

/* "--name VALUE" or "--name=VALUE"; with value_name NULL a switch. */
struct option_row {
	const char *name;       /* "--config" */
	const char *value_name; /* "FILE"; NULL: a switch */
	const char *help;
	bool required;
};

struct arguments {
	const struct option_row *options;
	size_t option_count;
	const char *values[ARGUMENTS_MOST]; /* by the table; a switch that is given has "" */
	const char *positional[4];
	size_t positional_count;
	bool help; /* --help or -h: nothing else was checked */
};

/* RESULT_INVALID with a sentence: unknown option, one twice, a missing value, a required one missing, another number of
 * positional arguments than `positional`. Everything after "--" is positional. */
enum result arguments_parse(const struct option_row *options, size_t option_count, size_t positional, int argc,
                            char **argv, struct arguments *ret_arguments, struct error *error) MUST_CHECK;

/* The value of an option of the table, or NULL if it was not given. */
const char *arguments_get(const struct arguments *arguments, const char *name);

/* Prints the options, one a line, for --help. */
void arguments_print_options(const struct option_row *options, size_t option_count);

#endif
