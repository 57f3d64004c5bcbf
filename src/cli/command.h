/* What a command is: a name, a line for --help, and a function. The tables of commands are the truth: --help is made
 * from them. */
#ifndef AIC_CLI_COMMAND_H
#define AIC_CLI_COMMAND_H

#include "base/macro.h"
#include "base/result.h"

enum exit_code {
	EXIT_HELD = 0, /* it held; a warning too */
	EXIT_DID_NOT_HOLD = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_REACHED = 3, /* the service could not be reached */
};

/* `argv` begins after the command's own words: argc arguments. */
struct command {
	const char *name;
	const char *summary;
	enum exit_code (*run)(int argc, char **argv);
};

enum exit_code command_serve(int argc, char **argv);
enum exit_code command_check_config(int argc, char **argv);
enum exit_code command_token(int argc, char **argv);
enum exit_code command_secrets(int argc, char **argv);
/* `audit verify`, and whatever else `audit` can do, through the API. */
enum exit_code command_audit(int argc, char **argv);
enum exit_code command_audit_verify(int argc, char **argv);
enum exit_code command_evidence(int argc, char **argv);
/* The API from a terminal: `noun` is one of client_table.h. */
enum exit_code command_client(const char *noun, int argc, char **argv);

/* Prints "aiclearance: <sentence>" to standard error and gives the exit code back. Control characters are taken out. */
enum exit_code command_fail(enum exit_code code, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
