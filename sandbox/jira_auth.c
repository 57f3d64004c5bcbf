/* Who calls: an API token with an e-mail address (basic), a token alone (bearer), or a token from POST /oauth/token. */
#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "jira.h"

static const json_t *account_by_token(const struct sandbox *sandbox, const char *user, const char *token)
{
	const char *id;
	json_t *account;
	json_object_foreach(sandbox->site.accounts, id, account)
	{
		const char *known = json_string_at(account, "token");
		const char *email = json_string_at(account, "email");
		if (!known || !text_equal_secret(known, strlen(known), token, strlen(token)))
			continue;
		if (!user || (email && text_equal_fold(email, user)))
			return account;
	}
	return NULL;
}

static const json_t *basic(struct sandbox *sandbox, const struct request *request, const char *encoded)
{
	uint8_t *bytes;
	size_t length;
	if (text_base64_decode(request->arena, encoded, strlen(encoded), &bytes, &length) != RESULT_OK)
		return NULL;
	char *pair = arena_strndup(request->arena, (const char *)bytes, length);
	char *colon = pair ? strchr(pair, ':') : NULL;
	if (!colon)
		return NULL;
	*colon = '\0';
	return account_by_token(sandbox, pair, colon + 1);
}

static const json_t *bearer(struct sandbox *sandbox, const char *token)
{
	const json_t *issued = json_object_get(sandbox->site.oauth_tokens, token);
	if (!issued)
		return account_by_token(sandbox, NULL, token);
	if (json_integer_at(issued, "expiresAt", 0) <= sandbox_now_ms(sandbox))
		return NULL;
	return account_find(sandbox, json_string_at(issued, "accountId"));
}

const json_t *jira_authenticate(struct sandbox *sandbox, const struct request *request)
{
	const char *header = request_header(request, "authorization");
	const json_t *account = NULL;
	if (header && strncasecmp(header, "basic ", 6) == 0)
		account = basic(sandbox, request, header + 6);
	else if (header && strncasecmp(header, "bearer ", 7) == 0)
		account = bearer(sandbox, header + 7);
	return json_bool_at(account, "active", false) ? account : NULL;
}

/* The body is JSON or a form; Atlassian takes both. */
void jira_oauth_token(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	json_t *body = request_json(request);
	if (!body)
		body = request_read_form(request->arena, request->body, request->length);
	request_keep(request, body ? body : json_object());
	const json_t *settings = sandbox->site.settings;
	bool known = text_equal(json_string_at(body, "client_id"), json_string_at(settings, "oauth.clientId")) &&
	             text_equal(json_string_at(body, "client_secret"), json_string_at(settings, "oauth.clientSecret"));
	if (!text_equal(json_string_at(body, "grant_type"), "client_credentials")) {
		reply_json(reply, 400,
		           json_pack("{s:s,s:s}", "error", "unsupported_grant_type", "error_description",
		                     "Only client_credentials is offered."));
		return;
	}
	if (!known) {
		reply_json(reply, 401, json_pack("{s:s,s:s}", "error", "access_denied", "error_description", "Unauthorized"));
		return;
	}
	char token[ID_SIZE];
	int64_t lifetime = json_integer_at(settings, "oauth.lifetimeSeconds", 3600);
	id_random(token);
	json_object_set_new(sandbox->site.oauth_tokens, token,
	                    json_pack("{s:s?,s:I}", "accountId", json_string_at(settings, "oauth.accountId"), "expiresAt",
	                              (json_int_t)sandbox_now_ms(sandbox) + (json_int_t)lifetime * 1000));
	reply_json(reply, 200,
	           json_pack("{s:s,s:I,s:s,s:s}", "access_token", token, "expires_in", (json_int_t)lifetime, "token_type",
	                     "Bearer", "scope", "read:jira-work write:jira-work read:jira-user read:servicedesk-request"));
}
