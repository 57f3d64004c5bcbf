/* check-config: what `serve` would refuse is an error; what it would only find out later is a warning. */
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/service_config.h"
#include "secrets/reference.h"

static const struct option_row options[] = {{"--config", "FILE", "the config file", true}};

static int warn_of_reference(const char *name, const char *reference)
{
	_cleanup_(secret_done) struct secret secret = {0};
	struct error error = {0};

	if (!reference || secret_reference_read(reference, &secret, &error) == RESULT_OK)
		return 0;
	(void)command_fail(EXIT_HELD, "warning: %s: %s", name, error.detail);
	return 1;
}

static int warn_of_file(const char *name, const char *path)
{
	if (!path || access(path, R_OK) == 0)
		return 0;
	(void)command_fail(EXIT_HELD, "warning: %s: %s cannot be read by this user.", name, path);
	return 1;
}

/* May differ for the service's own user: so these never fail the check. */
static int warn(const struct config *config, struct arena *arena)
{
	const char *const *unbuilt = config_unbuilt(config, arena);
	int warnings = warn_of_reference("[secrets] master_key", config->master_key);

	warnings += warn_of_reference("[jira] token", config->jira_token);
	warnings += warn_of_reference("[jira] client_secret", config->jira_client_secret);
	warnings += warn_of_reference("[jira] webhook_secret", config->webhook_secrets[0]);
	warnings += warn_of_reference("[jira] webhook_secret", config->webhook_secrets[1]);
	warnings += warn_of_reference("[jira] automation_token", config->automation_token);
	warnings += warn_of_file("[server] tls_cert", config->tls_cert);
	warnings += warn_of_file("[server] tls_key", config->tls_key);
	warnings += warn_of_file("[entra] ca_file", config->ca_file);
	for (; unbuilt && *unbuilt; unbuilt++, warnings++)
		(void)command_fail(EXIT_HELD, "warning: %s is accepted, but the part that uses it is not built yet.", *unbuilt);
	return warnings;
}

enum exit_code command_check_config(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)4 * 1024 * 1024);
	struct arguments arguments;
	struct config config;
	struct error error = {0};
	enum exit_code code;
	int warnings;

	if (!arena)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	if (arguments_parse(options, ARRAY_SIZE(options), 0, argc, argv, &arguments, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	if (arguments.help) {
		(void)printf(
		    "usage: aiclearance check-config --config FILE\n\nPrints every fault of the file with its line.\n\n");
		arguments_print_options(options, ARRAY_SIZE(options));
		return EXIT_HELD;
	}
	code = service_config_read(arguments_get(&arguments, "--config"), arena, &config);
	if (code != EXIT_HELD)
		return code;
	warnings = warn(&config, arena);
	(void)printf("The config file is right%s.\n", warnings > 0 ? "; see the warnings" : "");
	return EXIT_HELD;
}
