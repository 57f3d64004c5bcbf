/* The API from a terminal: a noun, a verb, and what the table says about them. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/api_client.h"
#include "cli/client_body.h"
#include "cli/client_output.h"
#include "cli/client_table.h"
#include "cli/command.h"
#include "cli/plain_text.h"
#include "secrets/secret.h"

#define ARENA_CEILING ((size_t)1024 * 1024 * 1024)
#define OUTPUT_CEILING ((size_t)256 * 1024 * 1024)
#define NARROWEST 40 /* below that, broken lines are worse than long ones */

static const struct option_row json_option = {"--json", NULL, "for machines: what the API answers", false};
static const struct option_row file_option = {"--file", "FILE", "a JSON object, - for standard input", false};
static const struct option_row upload_option = {"--file", "FILE", "the CSV file; - for standard input", true};
static const struct option_row key_option = {"--idempotency-key", "KEY", "to repeat it safely; made anew if not given",
                                             false};
static const struct option_row limit_option = {"--limit", "N", "how many to a page, 1 to 200", false};
static const struct option_row all_option = {"--all", NULL, "all pages", false};
static const struct option_row url_option = {"--url", "URL", "the service, instead of AICLEARANCE_URL", false};
static const struct option_row ca_option = {"--ca-file", "FILE", "trust this certificate authority too", false};

/* One command on its way. */
struct client_run {
	const struct client_noun *noun;
	const struct client_verb *verb;
	struct arguments arguments;
	struct arena *arena;
	struct api_client api;
	struct option_row options[ARGUMENTS_MOST];
	size_t option_count;
};

static enum exit_code no_memory(void)
{
	return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
}

static const char *given(const struct client_run *run, const char *option)
{
	return arguments_get(&run->arguments, option);
}

static void add_option(struct client_run *run, const struct option_row *option)
{
	if (run->option_count < ARGUMENTS_MOST)
		run->options[run->option_count++] = *option;
}

static void collect_options(struct client_run *run)
{
	enum client_shape shape = run->verb->shape;

	for (size_t i = 0; i < run->verb->field_count; i++)
		add_option(run, &run->verb->fields[i].option);
	if (shape == CLIENT_CREATE || shape == CLIENT_REPLACE)
		add_option(run, &file_option);
	if (shape == CLIENT_UPLOAD)
		add_option(run, &upload_option);
	if (shape == CLIENT_CREATE)
		add_option(run, &key_option);
	if (shape == CLIENT_LIST) {
		add_option(run, &limit_option);
		add_option(run, &all_option);
	}
	if (shape != CLIENT_STREAM)
		add_option(run, &json_option);
	add_option(run, &url_option);
	add_option(run, &ca_option);
}

static size_t count_positional(const struct client_verb *verb)
{
	size_t count = 0;

	for (const char *at = verb->path; *at; at++)
		count += *at == '{';
	return count;
}

/* ---- output ---- */

static enum exit_code print_raw(const struct api_answer *answer)
{
	(void)fwrite(answer->body, 1, answer->length, stdout);
	if (answer->length > 0 && answer->body[answer->length - 1] != '\n')
		(void)putchar('\n');
	return EXIT_HELD;
}

static enum exit_code print_text(const struct text *text, bool whole)
{
	if (!whole || text_failed(text))
		return no_memory();
	(void)fputs(text->data ? text->data : "", stdout);
	return EXIT_HELD;
}

static enum exit_code print_object(const struct client_run *run, const struct api_answer *answer)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(OUTPUT_CEILING);

	if (given(run, "--json") || !json_is_object(answer->json))
		return print_raw(answer);
	return print_text(&text, client_output_object(answer->json, run->arena, &text));
}

/* How many columns standard output has; 0 if it is no terminal, or does not say. */
static size_t terminal_width(void)
{
	struct winsize size = {0};

	if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

/* On a terminal, lines are broken between words; elsewhere a line stays a line, for whoever searches them. */
static enum exit_code print_report_text(const struct client_run *run, const json_t *report)
{
	_cleanup_(text_done) struct text lines = TEXT_INIT(OUTPUT_CEILING);
	_cleanup_(text_done) struct text wrapped = TEXT_INIT(OUTPUT_CEILING);
	bool whole = client_output_report(report, run->arena, &lines);
	size_t width = terminal_width();

	if (!whole || width < NARROWEST)
		return print_text(&lines, whole);
	plain_text_append_wrapped(&wrapped, lines.data ? lines.data : "", width);
	return print_text(&wrapped, true);
}

static enum exit_code print_report(const struct client_run *run, const struct api_answer *answer, const json_t *report)
{
	bool failed = text_equal(json_string_at(report, "outcome"), "failed");
	enum exit_code code = given(run, "--json") ? print_raw(answer) : print_report_text(run, report);

	return code == EXIT_HELD && failed ? EXIT_DID_NOT_HOLD : code;
}

/* ---- the shapes ---- */

/* Sends; a 4xx or 5xx is explained, with the report of a connection test that came with it. */
static enum exit_code send(const struct client_run *run, const struct api_call_made *call,
                           struct api_answer *ret_answer)
{
	enum exit_code code = api_client_send(&run->api, call, ret_answer);
	const json_t *report;

	if (code != EXIT_HELD || (ret_answer->status >= 200 && ret_answer->status < 300))
		return code;
	if (given(run, "--json") && ret_answer->json)
		(void)print_raw(ret_answer);
	code = api_answer_explain(ret_answer);
	report = json_object_get(ret_answer->json, "report");
	if (json_is_object(report) && !given(run, "--json"))
		(void)print_report(run, ret_answer, report);
	return code;
}

static enum exit_code run_show(struct client_run *run)
{
	_cleanup_(api_answer_done) struct api_answer answer = {0};
	struct api_call_made call = {.method = run->verb->method,
	                             .path = client_path(run->verb, &run->arguments, NULL, run->arena)};
	enum exit_code code;

	if (!call.path)
		return no_memory();
	code = send(run, &call, &answer);
	if (code != EXIT_HELD)
		return code;
	if (run->verb->shape == CLIENT_STREAM)
		return print_raw(&answer);
	if (run->verb->shape == CLIENT_REPORT)
		return print_report(run, &answer, answer.json);
	return print_object(run, &answer);
}

/* What an action would do is shown whole. */
static bool takes_all_pages(const struct client_run *run)
{
	return given(run, "--all") || run->verb->shape == CLIENT_ACT;
}

static const char *page_query(const struct client_run *run, const char *cursor)
{
	_cleanup_(text_done) struct text query = TEXT_INIT((size_t)16 * 1024);
	const char *limit = given(run, "--limit");

	if (takes_all_pages(run) && !limit)
		limit = "200";
	if (limit) {
		text_append(&query, "limit=");
		text_append_percent(&query, limit);
	}
	if (cursor) {
		text_append(&query, limit ? "&cursor=" : "cursor=");
		text_append_percent(&query, cursor);
	}
	return text_failed(&query) ? NULL : arena_strdup(run->arena, query.data);
}

/* Appends a page to `items`; *ret_cursor is the next one's, NULL on the last. What else it says goes to `beside`. */
static enum exit_code take_page(struct client_run *run, json_t *items, json_t *beside, const char **ret_cursor)
{
	_cleanup_(api_answer_done) struct api_answer answer = {0};
	struct api_call_made call = {.method = run->verb->method};
	json_t *page;
	enum exit_code code;

	call.path = client_path(run->verb, &run->arguments, page_query(run, *ret_cursor), run->arena);
	if (!call.path)
		return no_memory();
	code = send(run, &call, &answer);
	if (code != EXIT_HELD)
		return code;
	page = json_object_get(answer.json, "items");
	if (!json_is_array(page))
		return command_fail(EXIT_NOT_REACHED, "The answer is no list: is AICLEARANCE_URL right?");
	if (json_array_extend(items, page) != 0)
		return no_memory();
	*ret_cursor = arena_strdup(run->arena, json_string_at(answer.json, "nextCursor"));
	(void)json_object_del(answer.json, "items");
	return json_object_update(beside, answer.json) == 0 ? EXIT_HELD : no_memory();
}

static enum exit_code print_list(const struct client_run *run, json_t *items, json_t *beside, const char *cursor)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(OUTPUT_CEILING);
	const char *written;
	enum exit_code code;

	if (given(run, "--json")) {
		written = json_object_set(beside, "items", items) == 0 ? json_write(run->arena, beside) : NULL;
		if (!written)
			return no_memory();
		(void)printf("%s\n", written);
		return EXIT_HELD;
	}
	code = print_text(&text, client_output_list(items, run->verb->columns, run->verb->column_count, run->arena, &text));
	if (code == EXIT_HELD && json_array_size(items) == 0)
		(void)fprintf(stderr, "There are none.\n");
	if (code == EXIT_HELD && cursor)
		(void)fprintf(stderr, "There are more: --all shows them.\n");
	return code;
}

/* The counts of a preview, a line each, below its table. */
static enum exit_code print_beside(const struct client_run *run, json_t *beside)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(OUTPUT_CEILING);

	(void)json_object_del(beside, "nextCursor");
	if (given(run, "--json") || json_object_size(beside) == 0)
		return EXIT_HELD;
	text_append_char(&text, '\n');
	return print_text(&text, client_output_object(beside, run->arena, &text));
}

static enum exit_code run_list(struct client_run *run)
{
	_cleanup_(json_decrefp) json_t *items = json_array();
	_cleanup_(json_decrefp) json_t *beside = json_object();
	const char *cursor = NULL;
	enum exit_code code = EXIT_HELD;

	if (!items || !beside)
		return no_memory();
	do {
		code = take_page(run, items, beside, &cursor);
	} while (code == EXIT_HELD && cursor && takes_all_pages(run));
	if (code == EXIT_HELD)
		code = print_list(run, items, beside, cursor);
	return code == EXIT_HELD ? print_beside(run, beside) : code;
}

/* The body of a POST: the file, then the options over it. */
static enum exit_code make_body(struct client_run *run, json_t **ret_body)
{
	const char *file =
	    run->verb->shape == CLIENT_CREATE || run->verb->shape == CLIENT_REPLACE ? given(run, "--file") : NULL;
	_cleanup_(json_decrefp) json_t *body = file ? NULL : json_object();
	struct error error = {0};

	if (file && client_body_read_file(file, run->arena, &body, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	if (!body)
		return no_memory();
	if (client_body_fill(run->verb, &run->arguments, run->arena, body, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	if (run->verb->confirms && json_object_set_new(body, "confirm", json_string(run->arguments.positional[0])) != 0)
		return command_fail(EXIT_USAGE, "The argument is not UTF-8.");
	*ret_body = TAKE_PTR(body);
	return EXIT_HELD;
}

static enum exit_code run_post(struct client_run *run)
{
	_cleanup_(api_answer_done) struct api_answer answer = {0};
	_cleanup_(json_decrefp) json_t *body = NULL;
	char key[ID_SIZE];
	struct api_call_made call = {.method = run->verb->method,
	                             .path = client_path(run->verb, &run->arguments, NULL, run->arena)};
	enum exit_code code = EXIT_HELD;

	if (run->verb->shape == CLIENT_CREATE) {
		id_random(key);
		call.idempotency_key = given(run, "--idempotency-key") ? given(run, "--idempotency-key") : key;
	}
	if (run->verb->shape == CLIENT_CREATE || run->verb->fixed || run->verb->confirms ||
	    client_body_is_given(run->verb, &run->arguments))
		code = make_body(run, &body);
	if (code != EXIT_HELD)
		return code;
	if (!call.path)
		return no_memory();
	call.body = body;
	code = send(run, &call, &answer);
	return code == EXIT_HELD ? print_object(run, &answer) : code;
}

static enum exit_code run_upload(struct client_run *run)
{
	_cleanup_(api_answer_done) struct api_answer answer = {0};
	struct api_call_made call = {.method = run->verb->method,
	                             .path = client_path(run->verb, &run->arguments, NULL, run->arena)};
	struct error error = {0};
	enum exit_code code;

	if (!call.path)
		return no_memory();
	if (client_body_read_bytes(given(run, "--file"), run->arena, &call.file, &call.file_length, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	code = send(run, &call, &answer);
	return code == EXIT_HELD ? print_object(run, &answer) : code;
}

/* With a file the file is the object; with options alone they change what is there. */
static enum exit_code replacement(struct client_run *run, const struct api_answer *present, json_t **ret_body)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct error error = {0};

	if (given(run, "--file"))
		return make_body(run, ret_body);
	if (!client_body_is_given(run->verb, &run->arguments))
		return command_fail(EXIT_USAGE, "Nothing to change: --help lists the options.");
	body = json_deep_copy(present->json);
	if (!json_is_object(body))
		return no_memory();
	if (client_body_fill(run->verb, &run->arguments, run->arena, body, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	*ret_body = TAKE_PTR(body);
	return EXIT_HELD;
}

static enum exit_code run_replace(struct client_run *run)
{
	_cleanup_(api_answer_done) struct api_answer present = {0};
	_cleanup_(api_answer_done) struct api_answer answer = {0};
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct api_call_made call = {.method = "GET", .path = client_path(run->verb, &run->arguments, NULL, run->arena)};
	enum exit_code code;

	if (!call.path)
		return no_memory();
	code = send(run, &call, &present);
	if (code == EXIT_HELD)
		code = replacement(run, &present, &body);
	if (code != EXIT_HELD)
		return code;
	call = (struct api_call_made){.method = "PUT", .path = call.path, .body = body, .if_match = present.etag};
	code = send(run, &call, &answer);
	return code == EXIT_HELD ? print_object(run, &answer) : code;
}

static enum exit_code run_delete(struct client_run *run)
{
	_cleanup_(api_answer_done) struct api_answer answer = {0};
	struct api_call_made call = {.method = "DELETE", .path = client_path(run->verb, &run->arguments, NULL, run->arena)};
	enum exit_code code;

	if (!call.path)
		return no_memory();
	code = send(run, &call, &answer);
	if (code == EXIT_HELD)
		(void)puts(given(run, "--json") ? "{}" : "Done.");
	return code;
}

static enum exit_code run_verb(struct client_run *run)
{
	switch (run->verb->shape) {
	case CLIENT_LIST:
		return run_list(run);
	case CLIENT_ACT:
		return run->verb->columns && given(run, "--dry-run") ? run_list(run) : run_post(run);
	case CLIENT_CREATE:
		return run_post(run);
	case CLIENT_REPLACE:
		return run_replace(run);
	case CLIENT_DELETE:
		return run_delete(run);
	case CLIENT_UPLOAD:
		return run_upload(run);
	case CLIENT_SHOW:
	case CLIENT_REPORT:
	case CLIENT_STREAM:
		break;
	}
	return run_show(run);
}

/* ---- help and dispatch ---- */

static void print_noun(const struct client_noun *noun, FILE *into)
{
	(void)fprintf(into, "usage:\n");
	for (size_t i = 0; i < noun->verb_count; i++) {
		char left[80];

		(void)snprintf(left, sizeof(left), "aiclearance %s %s %s", noun->name, noun->verbs[i].name,
		               noun->verbs[i].arguments);
		(void)fprintf(into, "  %-54s %s\n", left, noun->verbs[i].summary);
	}
	if (text_equal(noun->name, "audit"))
		(void)fprintf(into, "  %-54s %s\n", "aiclearance audit verify",
		              "recomputes the trail, on its own machine or from files");
	(void)fprintf(
	    into, "\nAICLEARANCE_URL names the service (http://127.0.0.1:8480 if not set), AICLEARANCE_TOKEN holds an API\n"
	          "token. --help after a verb lists its options.\n");
}

static enum exit_code run_parsed(struct client_run *run)
{
	enum exit_code code = api_client_open(given(run, "--url"), given(run, "--ca-file"), run->arena, &run->api);

	if (code == EXIT_HELD)
		code = run_verb(run);
	api_client_close(&run->api);
	return code;
}

static enum exit_code start(const struct client_noun *noun, const struct client_verb *verb, int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(ARENA_CEILING);
	struct client_run run = {.noun = noun, .verb = verb, .arena = arena};
	struct error error = {0};

	if (!arena)
		return no_memory();
	collect_options(&run);
	if (arguments_parse(run.options, run.option_count, count_positional(verb), argc, argv, &run.arguments, &error) !=
	    RESULT_OK)
		return command_fail(EXIT_USAGE, "%s Usage: aiclearance %s %s%s%s; --help lists the options.", error.detail,
		                    noun->name, verb->name, *verb->arguments ? " " : "", verb->arguments);
	if (run.arguments.help) {
		(void)printf("usage: aiclearance %s %s%s%s [options]\n\n%s\n\n", noun->name, verb->name,
		             *verb->arguments ? " " : "", verb->arguments, verb->summary);
		arguments_print_options(run.options, run.option_count);
		return EXIT_HELD;
	}
	secret_forbid_dumps();
	return run_parsed(&run);
}

enum exit_code command_client(const char *name, int argc, char **argv)
{
	const struct client_noun *noun = client_noun_find(name);
	const struct client_verb *verb = noun && argc > 0 ? client_verb_find(noun, argv[0]) : NULL;
	bool help = argc > 0 && (text_equal(argv[0], "--help") || text_equal(argv[0], "-h"));

	if (verb)
		return start(noun, verb, argc - 1, argv + 1);
	if (!noun)
		return EXIT_USAGE;
	if (!help && argc > 0)
		(void)command_fail(EXIT_USAGE, "There is no \"%s %.60s\".", name, argv[0]);
	print_noun(noun, help ? stdout : stderr);
	return help ? EXIT_HELD : EXIT_USAGE;
}

enum exit_code command_audit(int argc, char **argv)
{
	if (argc > 0 && text_equal(argv[0], "verify"))
		return command_audit_verify(argc - 1, argv + 1);
	return command_client("audit", argc, argv);
}
