/* The program: one table of commands. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/client_table.h"
#include "cli/command.h"

static const struct command commands[] = {
    {"serve", "the service: serve --config FILE", command_serve},
    {"check-config", "every fault of a config file with its line", command_check_config},
    {"token", "API tokens: create, list, revoke", command_token},
    {"secrets", "rotate: another master key, beside a running service", command_secrets},
    {"audit", "the audit trail: verify, list, export, checkpoints, public-key", command_audit},
};

static void print_noun(const struct client_noun *noun, FILE *into)
{
	(void)fprintf(into, "  %-14s %s: ", noun->name, noun->summary);
	for (size_t i = 0; i < noun->verb_count; i++)
		(void)fprintf(into, "%s%s", i > 0 ? ", " : "", noun->verbs[i].name);
	(void)fputc('\n', into);
}

static void print_help(FILE *into)
{
	(void)fprintf(into, "AI Clearance " AIC_VERSION ": access to AI tools by approval in Jira and a group in Entra\n\n"
	                    "usage: aiclearance COMMAND …\n\nOn the machine of the service:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		(void)fprintf(into, "  %-14s %s\n", commands[i].name, commands[i].summary);
	(void)fprintf(into, "\nThe API from a terminal (AICLEARANCE_URL, AICLEARANCE_TOKEN):\n");
	(void)fprintf(into, "  %-14s %s\n", "evidence", "requests, grants and events of a period in one sealed file");
	for (size_t i = 0; i < client_noun_count; i++)
		if (!text_equal(client_nouns[i].name, "audit"))
			print_noun(&client_nouns[i], into);
	(void)fprintf(into, "\n\"aiclearance COMMAND --help\" tells more; \"aiclearance --version\" the version.\n"
	                    "Exit: 0 it held, 1 it did not, 2 usage, 3 the service could not be reached.\n");
}

static enum exit_code run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (text_equal(name, "--version")) {
		(void)printf("aiclearance " AIC_VERSION "\n");
		return EXIT_HELD;
	}
	if (!name || text_equal(name, "--help") || text_equal(name, "-h") || text_equal(name, "help")) {
		print_help(name ? stdout : stderr);
		return name ? EXIT_HELD : EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (text_equal(commands[i].name, name))
			return commands[i].run(argc - 2, argv + 2);
	if (text_equal(name, "evidence"))
		return command_evidence(argc - 2, argv + 2);
	if (client_noun_find(name))
		return command_client(name, argc - 2, argv + 2);
	return command_fail(EXIT_USAGE, "There is no command \"%.60s\"; \"aiclearance --help\" lists them.", name);
}

int main(int argc, char **argv)
{
	enum exit_code code;

	memory_keep_little();
	memory_install_library_hooks();
	(void)signal(SIGPIPE, SIG_IGN);
	code = run(argc, argv);
	if (fflush(stdout) != 0 && code == EXIT_HELD)
		code = EXIT_DID_NOT_HOLD;
	return (int)code;
}
