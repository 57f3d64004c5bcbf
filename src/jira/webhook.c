/* A webhook's body is a hint and nothing more: who may be asked about. The signature is looked at before a single byte
 * of it is parsed, and whatever the bytes are afterwards, the answer is a hint or a reason why there is none. */
#include "jira/webhook.h"

#include <ctype.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "jira/jira_value.h"

#define ISSUE_ID_MAX 64
#define ISSUE_KEY_MAX 255
#define EVENT_TYPE_MAX 255

static bool digest_matches(const char *hex, const void *body, size_t length, const struct webhook_secret *secret)
{
	uint8_t digest[DIGEST_SIZE];
	char expected[DIGEST_HEX_SIZE];
	if (digest_hmac_sha256(secret->bytes, secret->length, body, length, digest) != RESULT_OK)
		return false;
	text_hex_encode(digest, sizeof(digest), expected);
	return text_equal_secret(expected, DIGEST_HEX_SIZE - 1, hex, DIGEST_HEX_SIZE - 1);
}

bool webhook_signature_holds(const char *header, const void *body, size_t length, const struct webhook_secret *secrets,
                             size_t secret_count)
{
	static const char method[] = "sha256=";
	if (!header || !text_starts_with(header, method))
		return false;
	const char *given = header + sizeof(method) - 1;
	if (strlen(given) != DIGEST_HEX_SIZE - 1)
		return false;
	char hex[DIGEST_HEX_SIZE];
	for (size_t i = 0; i < DIGEST_HEX_SIZE; i++) {
		if (i < DIGEST_HEX_SIZE - 1 && !isxdigit((unsigned char)given[i]))
			return false;
		hex[i] = (char)tolower((unsigned char)given[i]);
	}
	/* Every secret is tried, so that the time taken does not tell which one holds. */
	bool holds = false;
	for (size_t i = 0; i < secret_count; i++) {
		if (secrets[i].length > 0 && digest_matches(hex, body, length, &secrets[i]))
			holds = true;
	}
	return holds;
}

static bool is_issue_id(const char *text)
{
	size_t length = text ? strlen(text) : 0;
	return length > 0 && length <= ISSUE_ID_MAX && strspn(text, "0123456789") == length;
}

/* AIC-7: letters, digits and underscores, begun by a letter; a dash; digits. */
static bool is_issue_key(const char *text)
{
	if (!text || !isalpha((unsigned char)text[0]) || strlen(text) > ISSUE_KEY_MAX)
		return false;
	const char *at = text;
	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	if (*at != '-')
		return false;
	at++;
	size_t digits = strspn(at, "0123456789");
	return digits > 0 && at[digits] == '\0';
}

static enum result hint_set_none(struct webhook_hint *hint, const char *code, const char *reason)
{
	hint->issue_id = NULL;
	hint->issue_key = NULL;
	hint->code = code;
	hint->reason = reason;
	return RESULT_OK;
}

static enum result hint_of_value(const json_t *value, struct arena *arena, struct webhook_hint *hint)
{
	const char *type = json_string_at(value, "webhookEvent");
	if (!text_is_empty(type) && strlen(type) <= EVENT_TYPE_MAX) {
		hint->event_type = arena_strdup(arena, type);
		if (!hint->event_type)
			return RESULT_NO_MEMORY;
	}
	const json_t *issue = json_is_object(value) ? json_object_get(value, "issue") : NULL;
	const json_t *id = json_is_object(issue) ? json_object_get(issue, "id") : NULL;
	const json_t *key = json_is_object(issue) ? json_object_get(issue, "key") : NULL;
	if (jira_value_id(id, arena, &hint->issue_id) != RESULT_OK ||
	    jira_value_id(key, arena, &hint->issue_key) != RESULT_OK)
		return RESULT_NO_MEMORY;
	if (!is_issue_id(hint->issue_id))
		hint->issue_id = NULL;
	if (!is_issue_key(hint->issue_key))
		hint->issue_key = NULL;
	if (!hint->issue_id && !hint->issue_key)
		return hint_set_none(hint, "webhook_not_an_issue", "The event names no issue.");
	return RESULT_OK;
}

enum result webhook_read(const char *body, size_t length, struct arena *arena, struct webhook_hint *ret_hint)
{
	struct webhook_hint hint = {0};
	struct error error = {0};
	_cleanup_(json_decrefp) json_t *value = NULL;
	enum result result = json_read(body, length, &value, &error);
	if (result == RESULT_NO_MEMORY)
		return result;
	if (result != RESULT_OK) {
		const char *reason = arena_strdup(arena, error.detail);
		if (!reason)
			return RESULT_NO_MEMORY;
		result = hint_set_none(&hint, "json_malformed", reason);
	} else {
		result = hint_of_value(value, arena, &hint);
	}
	if (result == RESULT_OK)
		*ret_hint = hint;
	return result;
}

enum result webhook_read_automation(const char *body, size_t length, struct arena *arena, const char **ret_issue_key,
                                    struct error *error)
{
	_cleanup_(json_decrefp) json_t *value = NULL;
	enum result result = json_read(body, length, &value, error);
	if (result != RESULT_OK)
		return result;
	const json_t *key = json_is_object(value) ? json_object_get(value, "issueKey") : NULL;
	if (!json_is_string(key) || !is_issue_key(json_string_value(key)))
		return error_set(error, RESULT_INVALID, "validation_failed",
		                 "issueKey must be the key of an issue, such as \"AIC-7\".");
	const char *copy = arena_strdup(arena, json_string_value(key));
	if (!copy)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	*ret_issue_key = copy;
	return RESULT_OK;
}
