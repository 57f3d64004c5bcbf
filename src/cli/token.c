/* token create, list, revoke: on the service's own machine, beside a running service or before there is one. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/api_token.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/service_config.h"
#include "cli/table.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define LONGEST_NAME 200

static const struct option_row create_options[] = {
    {"--config", "FILE", "the service's config file", true},
    {"--role", "ROLE", "admin, approver, auditor or requester", true},
    {"--name", "NAME", "what the token is for", true},
    {"--account-id", "ID", "the Atlassian account of its holder: needed to decide and to request", false},
    {"--expires-days", "N", "1 to 3650; without it the token never expires", false},
};
static const struct option_row list_options[] = {
    {"--config", "FILE", "the service's config file", true},
    {"--json", NULL, "for machines", false},
};
static const struct option_row revoke_options[] = {{"--config", "FILE", "the service's config file", true}};

static const struct actor cli_actor = {.kind = "system", .id = "cli"};

struct wanted_token {
	const char *name;
	enum role role;
	const char *account_id;
	int64_t expires_days; /* 0: never */
};

static bool is_plain_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return length > 0 && length <= LONGEST_NAME && text_is_utf8(name, length);
}

static enum result read_wanted(const struct arguments *arguments, struct wanted_token *ret_wanted, struct error *error)
{
	struct wanted_token wanted = {.name = arguments_get(arguments, "--name"),
	                              .account_id = arguments_get(arguments, "--account-id")};
	const char *days = arguments_get(arguments, "--expires-days");

	if (role_parse(arguments_get(arguments, "--role"), &wanted.role) != RESULT_OK)
		return error_set(error, RESULT_INVALID, NULL, "--role must be admin, approver, auditor or requester.");
	if (!is_plain_name(wanted.name))
		return error_set(error, RESULT_INVALID, NULL, "--name must be 1 to %d characters of text.", LONGEST_NAME);
	if (wanted.account_id && (!is_plain_name(wanted.account_id) || strlen(wanted.account_id) > 128))
		return error_set(error, RESULT_INVALID, NULL, "--account-id must be 1 to 128 characters of text.");
	if (days && text_parse_int(days, 1, 3650, &wanted.expires_days) != RESULT_OK)
		return error_set(error, RESULT_INVALID, NULL, "--expires-days must be a whole number from 1 to 3650.");
	*ret_wanted = wanted;
	return RESULT_OK;
}

static enum exit_code issue(struct service_store *store, const struct wanted_token *wanted)
{
	int64_t now = clock_now_ms(clock_system());
	int64_t expires_at = wanted->expires_days ? now + wanted->expires_days * DAY_MS : 0;
	char token[API_TOKEN_SIZE];
	char principal_id[ID_SIZE];
	char until[CLOCK_TEXT_SIZE] = "never";
	struct error error = {0};

	if (api_token_issue(store->store, &cli_actor, wanted->name, wanted->role, wanted->account_id, now, expires_at,
	                    token, principal_id, &error) != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "%s", error.detail);
	if (expires_at)
		clock_format(expires_at, until);
	(void)printf("Token %s, role %s, expires: %s. It is shown once, here:\n%s\n", principal_id, role_name(wanted->role),
	             until, token);
	memory_wipe(token, sizeof(token));
	return EXIT_HELD;
}

static enum exit_code create(const struct arguments *arguments, const struct config *config)
{
	_cleanup_(service_store_close) struct service_store store = {0};
	struct wanted_token wanted = {0};
	struct error error = {0};
	enum exit_code code;

	if (read_wanted(arguments, &wanted, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	code = service_store_open(config, true, &store);
	return code == EXIT_HELD ? issue(&store, &wanted) : code;
}

static const char *token_state(const struct api_token *token, int64_t now)
{
	if (token->revoked_at)
		return "revoked";
	return token->expires_at && token->expires_at <= now ? "expired" : "valid";
}

static json_t *token_json(const struct api_token *token, int64_t now)
{
	bool failed = false;
	json_t *object = json_object();

	json_put_string(object, "principalId", token->principal_id, &failed);
	json_put_string(object, "name", token->name, &failed);
	json_put_string(object, "role", role_name(token->role), &failed);
	json_put_string(object, "accountId", token->account_id, &failed);
	json_put_string(object, "state", token_state(token, now), &failed);
	json_put_time(object, "createdAt", token->created_at, &failed);
	json_put_time(object, "expiresAt", token->expires_at, &failed);
	json_put_time(object, "revokedAt", token->revoked_at, &failed);
	if (failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static enum exit_code print_json(const struct api_token *tokens, size_t count, struct arena *arena)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	int64_t now = clock_now_ms(clock_system());
	const char *written;

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(list, token_json(&tokens[i], now)) != 0)
			return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	written = json_write(arena, list);
	if (!written)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	(void)printf("{\"items\":%s,\"nextCursor\":null}\n", written);
	return EXIT_HELD;
}

static enum exit_code print_table(const struct api_token *tokens, size_t count, struct arena *arena)
{
	static const char *const headings[] = {"PRINCIPAL", "NAME", "ROLE", "STATE", "CREATED", "EXPIRES", "ACCOUNT"};
	_cleanup_(text_done) struct text text = TEXT_INIT((size_t)16 * 1024 * 1024);
	struct table *table = table_new(arena, headings, ARRAY_SIZE(headings));
	int64_t now = clock_now_ms(clock_system());

	for (size_t i = 0; table && i < count; i++) {
		const struct api_token *token = &tokens[i];
		char created[CLOCK_TEXT_SIZE];
		char expires[CLOCK_TEXT_SIZE] = "never";

		clock_format(token->created_at, created);
		if (token->expires_at)
			clock_format(token->expires_at, expires);
		table_add(table, (const char *[]){token->principal_id, token->name, role_name(token->role),
		                                  token_state(token, now), created, expires, token->account_id});
	}
	if (!table || !table_render(table, &text))
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	(void)fputs(text.data, stdout);
	return EXIT_HELD;
}

static enum exit_code list(const struct arguments *arguments, const struct config *config)
{
	_cleanup_(service_store_close) struct service_store store = {0};
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
	struct api_token *tokens = NULL;
	size_t count = 0;
	enum exit_code code = service_store_open(config, false, &store);

	if (code != EXIT_HELD)
		return code;
	if (!arena || store.store->ops->token_list(store.store, arena, &tokens, &count) != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "The tokens cannot be read from the store.");
	return arguments_get(arguments, "--json") ? print_json(tokens, count, arena) : print_table(tokens, count, arena);
}

static enum exit_code revoke(const struct arguments *arguments, const struct config *config)
{
	_cleanup_(service_store_close) struct service_store store = {0};
	const char *principal_id = arguments->positional[0];
	struct error error = {0};
	enum exit_code code = service_store_open(config, false, &store);
	enum result result;

	if (code != EXIT_HELD)
		return code;
	result = store.store->ops->token_revoke(store.store, &cli_actor, principal_id, &error);
	if (result == RESULT_NOT_FOUND)
		return command_fail(EXIT_DID_NOT_HOLD, "There is no token %s.", principal_id);
	if (result != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "%s", error.detail);
	(void)printf("Token %s is revoked; a running service refuses it within 5 seconds.\n", principal_id);
	return EXIT_HELD;
}

struct token_verb {
	const char *name;
	const char *usage;
	const struct option_row *options;
	size_t option_count;
	size_t positional;
	enum exit_code (*run)(const struct arguments *arguments, const struct config *config);
};

static const struct token_verb verbs[] = {
    {"create", "create --config FILE --role ROLE --name NAME [--account-id ID] [--expires-days N]", create_options,
     ARRAY_SIZE(create_options), 0, create},
    {"list", "list --config FILE [--json]", list_options, ARRAY_SIZE(list_options), 0, list},
    {"revoke", "revoke --config FILE PRINCIPAL-ID", revoke_options, ARRAY_SIZE(revoke_options), 1, revoke},
};

static void print_usage(FILE *into)
{
	(void)fprintf(into, "usage:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		(void)fprintf(into, "  aiclearance token %s\n", verbs[i].usage);
	(void)fprintf(into,
	              "\nA new token is printed once, alone on the last line; only its hash is stored. All of this works\n"
	              "beside a running service; create makes the store if there is none.\n");
}

static enum exit_code run_verb(const struct token_verb *verb, int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)4 * 1024 * 1024);
	struct arguments arguments;
	struct config config;
	struct error error = {0};
	enum exit_code code;

	if (!arena)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	if (arguments_parse(verb->options, verb->option_count, verb->positional, argc, argv, &arguments, &error) !=
	    RESULT_OK)
		return command_fail(EXIT_USAGE, "%s Usage: aiclearance token %s", error.detail, verb->usage);
	if (arguments.help) {
		(void)printf("usage: aiclearance token %s\n\n", verb->usage);
		arguments_print_options(verb->options, verb->option_count);
		return EXIT_HELD;
	}
	(void)umask(077);
	secret_forbid_dumps();
	code = service_config_read(arguments_get(&arguments, "--config"), arena, &config);
	return code == EXIT_HELD ? verb->run(&arguments, &config) : code;
}

enum exit_code command_token(int argc, char **argv)
{
	const char *name = argc > 0 ? argv[0] : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (text_equal(verbs[i].name, name))
			return run_verb(&verbs[i], argc - 1, argv + 1);
	if (text_equal(name, "--help") || text_equal(name, "-h")) {
		print_usage(stdout);
		return EXIT_HELD;
	}
	if (name)
		(void)command_fail(EXIT_USAGE, "There is no \"token %.60s\".", name);
	print_usage(stderr);
	return EXIT_USAGE;
}
