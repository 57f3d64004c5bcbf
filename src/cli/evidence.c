/* evidence: a period's evidence, from the service into a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/api_client.h"
#include "cli/arguments.h"
#include "secrets/secret.h"

#define ARENA_CEILING ((size_t)64 * 1024 * 1024)

static const struct option_row options[] = {
    {"--from", "DATE", "the first day, or an instant (2026-01-31T00:00:00Z)", true},
    {"--to", "DATE", "the last day, or the instant before which it ends", true},
    {"--tool", "TOOL-ID", "requests and grants of this tool only", false},
    {"--format", "FORMAT", "html, the sealed file (if not given), or csv, a table of the grants", false},
    {"--out", "FILE", "where it is written", true},
    {"--url", "URL", "the service, instead of AICLEARANCE_URL", false},
    {"--ca-file", "FILE", "trust this certificate authority too", false},
};

static const char *make_path(const struct arguments *arguments, struct arena *arena)
{
	static const char *const parameters[][2] = {
	    {"--from", "?from="}, {"--to", "&to="}, {"--tool", "&toolId="}, {"--format", "&format="}};
	_cleanup_(text_done) struct text path = TEXT_INIT((size_t)16 * 1024);

	text_append(&path, "/evidence");
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		const char *given = arguments_get(arguments, parameters[i][0]);

		if (!given)
			continue;
		text_append(&path, parameters[i][1]);
		text_append_percent(&path, given);
	}
	return text_failed(&path) ? NULL : arena_strdup(arena, path.data);
}

/* Into a file beside it first, so that what stands there in the end is whole: the file holds personal data, and is its
 * owner's alone. */
static FILE *open_part(const char *part)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file && fd >= 0)
		(void)close(fd);
	return file;
}

static enum exit_code keep_part(FILE *file, const char *part, const char *path)
{
	bool written = fflush(file) == 0 && fsync(fileno(file)) == 0;

	written = fclose(file) == 0 && written;
	if (written && rename(part, path) == 0)
		return EXIT_HELD;
	return command_fail(EXIT_DID_NOT_HOLD, "%s cannot be written: %s.", path, strerror(errno));
}

static enum exit_code fetch(const struct api_client *api, const struct arguments *arguments, FILE *file)
{
	_cleanup_(api_answer_done) struct api_answer answer = {0};
	struct api_call_made call = {.method = "GET", .path = make_path(arguments, api->arena), .into = file};
	enum exit_code code;

	if (!call.path)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	code = api_client_send(api, &call, &answer);
	if (code == EXIT_HELD && (answer.status < 200 || answer.status > 299))
		code = api_answer_explain(&answer);
	return code;
}

static enum exit_code write_evidence(const struct api_client *api, const struct arguments *arguments)
{
	const char *path = arguments_get(arguments, "--out");
	const char *part = arena_printf(api->arena, "%s.part", path);
	FILE *file = part ? open_part(part) : NULL;
	enum exit_code code;

	if (!file)
		return command_fail(EXIT_DID_NOT_HOLD, "%s cannot be written: %s.", path, strerror(errno));
	code = fetch(api, arguments, file);
	if (code == EXIT_HELD)
		code = keep_part(file, part, path);
	else
		(void)fclose(file);
	if (code != EXIT_HELD)
		(void)unlink(part);
	return code;
}

static enum exit_code run(const struct arguments *arguments)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(ARENA_CEILING);
	struct api_client api = {0};
	enum exit_code code;

	if (!arena)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	secret_forbid_dumps();
	code = api_client_open(arguments_get(arguments, "--url"), arguments_get(arguments, "--ca-file"), arena, &api);
	if (code == EXIT_HELD)
		code = write_evidence(&api, arguments);
	api_client_close(&api);
	return code;
}

enum exit_code command_evidence(int argc, char **argv)
{
	static const char usage[] = "aiclearance evidence --from DATE --to DATE [--tool TOOL-ID] --out FILE";
	struct arguments arguments;
	struct error error = {0};

	if (arguments_parse(options, ARRAY_SIZE(options), 0, argc, argv, &arguments, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s Usage: %s", error.detail, usage);
	if (!arguments.help)
		return run(&arguments);
	(void)printf(
	    "usage: %s\n\nRequests, decisions, grants and audit events of a period, in one file: a page that a person "
	    "reads and\nprints, sealed as a whole. `aiclearance audit verify --export FILE --public-key FILE` proves "
	    "it on any\nmachine. With --format csv, a table for spreadsheets, which proves nothing.\n\n",
	    usage);
	arguments_print_options(options, ARRAY_SIZE(options));
	return EXIT_HELD;
}
