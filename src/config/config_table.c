#include "config/config_table.h"

#include <string.h>

#include "base/text.h"
#include "secrets/reference.h"

#define FIELD(member) .offset = offsetof(struct config, member)
#define TEXT_KEY(in, key, member, checker)                                                                             \
	{                                                                                                                  \
		.section = in, .name = key, .kind = CONFIG_TEXT, FIELD(member), .check = checker                               \
	}
#define URL_KEY(in, key, member, checker)                                                                              \
	{                                                                                                                  \
		.section = in, .name = key, .kind = CONFIG_URL, FIELD(member), .check = checker                                \
	}
#define UNBUILT_KEY(in, key, member, checker)                                                                          \
	{                                                                                                                  \
		.section = in, .name = key, .kind = CONFIG_TEXT, FIELD(member), .check = checker, .unbuilt = true              \
	}

const struct config_key config_keys[] = {
    TEXT_KEY("server", "listen", listen, config_check_listen),
    URL_KEY("server", "public_url", public_url, config_check_url),
    TEXT_KEY("server", "tls_cert", tls_cert, config_check_path),
    TEXT_KEY("server", "tls_key", tls_key, config_check_path),
    {.section = "server", .name = "behind_proxy", .kind = CONFIG_SWITCH, FIELD(behind_proxy)},
    TEXT_KEY("store", "url", store_url, config_check_store),
    TEXT_KEY("secrets", "master_key", master_key, config_check_reference),
    {.section = "secrets", .name = "allow", FIELD(allow), .check = config_check_allow, .may_be_empty = true},
    URL_KEY("entra", "login_url", login_url, config_check_origin),
    URL_KEY("entra", "graph_url", graph_url, config_check_origin),
    TEXT_KEY("entra", "ca_file", ca_file, config_check_path),
    TEXT_KEY("entra", "bindable_groups", bindable_groups, config_check_groups),
    {.section = "entra", .name = "check_seconds", .kind = CONFIG_NUMBER, FIELD(check_seconds), .min = 1, .max = 86400},
    URL_KEY("http", "proxy", proxy, config_check_proxy),
    URL_KEY("jira", "site_url", jira_site_url, config_check_origin),
    URL_KEY("jira", "api_url", jira_api_url, config_check_url),
    TEXT_KEY("jira", "auth", jira_auth, config_check_jira_auth),
    TEXT_KEY("jira", "user", jira_user, NULL),
    TEXT_KEY("jira", "token", jira_token, config_check_reference),
    TEXT_KEY("jira", "client_id", jira_client_id, NULL),
    TEXT_KEY("jira", "client_secret", jira_client_secret, config_check_reference),
    URL_KEY("jira", "token_url", jira_token_url, config_check_url),
    {.section = "jira", .name = "webhook_secret", .kind = CONFIG_SECRETS, FIELD(webhook_secrets)},
    TEXT_KEY("jira", "automation_token", automation_token, config_check_reference),
    {.section = "jira", .name = "sweep_seconds", .kind = CONFIG_NUMBER, FIELD(sweep_seconds), .min = 1, .max = 86400},
    UNBUILT_KEY("forge", "app_id", forge_app_id, NULL),
    UNBUILT_KEY("forge", "jwks_url", forge_jwks_url, config_check_url),
    UNBUILT_KEY("auth", "issuer", auth_issuer, config_check_url),
    UNBUILT_KEY("auth", "client_id", auth_client_id, NULL),
    UNBUILT_KEY("auth", "client_secret", auth_client_secret, config_check_reference),
    UNBUILT_KEY("auth", "roles_claim", auth_roles_claim, NULL),
    UNBUILT_KEY("auth", "roles", auth_roles, NULL),
    {.section = "retention", .name = "inbox_days", .kind = CONFIG_NUMBER, FIELD(inbox_days), .min = 1, .max = 3650},
    TEXT_KEY("log", "level", log_level, config_check_level),
};
const size_t config_key_count = ARRAY_SIZE(config_keys);

int config_key_find(const char *section, const char *name)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (text_equal(config_keys[i].section, section) && text_equal(config_keys[i].name, name))
			return (int)i;
	return -1;
}

void config_set_defaults(struct config *config)
{
	config->listen = "127.0.0.1:8480";
	config->bindable_groups = "any";
	config->sweep_seconds = 300;
	config->check_seconds = 3600;
	config->inbox_days = 30;
	config->log_level = "info";
}

static enum result bad(const char *reason, const char **ret_reason)
{
	*ret_reason = reason;
	return RESULT_INVALID;
}

static enum result store_text(const struct config_key *key, const char *value, struct config *config, char *field)
{
	char *copy = arena_strdup(config->arena, value);

	if (!copy)
		return RESULT_NO_MEMORY;
	if (key->kind == CONFIG_URL && text_ends_with(copy, "/"))
		copy[strlen(copy) - 1] = '\0';
	*(const char **)(void *)field = copy;
	return RESULT_OK;
}

static enum result store_switch(const char *value, char *field, const char **ret_reason)
{
	if (!text_equal(value, "true") && !text_equal(value, "false"))
		return bad("must be true or false", ret_reason);
	*(bool *)field = text_equal(value, "true");
	return RESULT_OK;
}

static enum result store_number(const struct config_key *key, const char *value, struct config *config, char *field,
                                const char **ret_reason)
{
	int64_t number = 0;

	if (text_parse_int(value, key->min, key->max, &number) != RESULT_OK)
		return bad(arena_printf(config->arena, "must be a whole number from %d to %d", key->min, key->max), ret_reason);
	*(int *)(void *)field = (int)number;
	return RESULT_OK;
}

static char *trimmed(struct arena *arena, const char *start, const char *end)
{
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return arena_strndup(arena, start, (size_t)(end - start));
}

static enum result store_secrets(const char *value, struct config *config, char *field, const char **ret_reason)
{
	const char *comma = strchr(value, ',');
	const char *end = value + strlen(value);
	const char **into = (const char **)(void *)field;
	char *first = trimmed(config->arena, value, comma ? comma : end);
	char *second = comma ? trimmed(config->arena, comma + 1, end) : NULL;

	if (!first || (comma && !second))
		return RESULT_NO_MEMORY;
	if (!secret_reference_is_valid(first) || (comma && !secret_reference_is_valid(second)))
		return bad(
		    "must be one secret reference, or two with a comma between them (env:NAME, file:/path, systemd:NAME), "
		    "never the secret itself",
		    ret_reason);
	into[0] = first;
	into[1] = second;
	return RESULT_OK;
}

enum result config_key_store(const struct config_key *key, const char *value, struct config *config,
                             const char **ret_reason)
{
	char *field = (char *)config + key->offset;
	const char *reason = NULL;

	if (!*value && !key->may_be_empty)
		return bad("is empty; leave the key out if you do not need it", ret_reason);
	if (key->check)
		reason = key->check(value);
	if (reason)
		return bad(reason, ret_reason);
	switch (key->kind) {
	case CONFIG_SWITCH:
		return store_switch(value, field, ret_reason);
	case CONFIG_NUMBER:
		return store_number(key, value, config, field, ret_reason);
	case CONFIG_SECRETS:
		return store_secrets(value, config, field, ret_reason);
	case CONFIG_TEXT:
	case CONFIG_URL:
		break;
	}
	return store_text(key, value, config, field);
}

const char *const *config_unbuilt(const struct config *config, struct arena *arena)
{
	const char **names = arena_array(arena, config_key_count + 1, sizeof(*names));
	size_t count = 0;

	if (!names)
		return NULL;
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (!key->unbuilt || !*(const char *const *)(const void *)((const char *)config + key->offset))
			continue;
		names[count] = arena_printf(arena, "%s.%s", key->section, key->name);
		if (!names[count])
			return NULL;
		count++;
	}
	return names;
}
