#include "jira/jira_token.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "http/client.h"
#include "http/retry.h"

#define TOKEN_TIMEOUT_MS 15000
#define TOKEN_ANSWER_MAX (64 * 1024)
#define TOKEN_LIFETIME_DEFAULT 3600
#define TOKEN_EARLY_MS (5 * 60 * 1000)

void jira_token_init(struct jira_token *token)
{
	*token = (struct jira_token){0};
	pthread_mutex_init(&token->lock, NULL);
}

void jira_token_done(struct jira_token *token)
{
	secret_done(&token->value);
	pthread_mutex_destroy(&token->lock);
}

/* RFC 6749 section 4.4.2, the client's credentials in the form. */
static enum result token_form(const struct jira_options *options, struct arena *arena, const char **ret_form,
                              struct error *error)
{
	struct secret secret = {0};
	enum result result = options->client_secret->fetch(options->client_secret, &secret, error);
	if (result != RESULT_OK)
		return result;
	struct text form = TEXT_INIT(256 * 1024);
	text_append(&form, "grant_type=client_credentials&client_id=");
	text_append_percent(&form, options->client_id);
	text_append(&form, "&client_secret=");
	text_append_percent(&form, secret.bytes);
	secret_done(&secret);
	const char *copy = text_failed(&form) ? NULL : arena_strndup(arena, form.data, form.length);
	text_done(&form);
	if (!copy)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	*ret_form = copy;
	return RESULT_OK;
}

/* The sentence never quotes the answer: an error page may echo what was sent. */
static enum result token_refused(const struct http_response *response, struct error *error)
{
	int status = response->status;
	if (status == 429 || status >= 500) {
		enum result result = status == 429 ? RESULT_THROTTLED : RESULT_UNAVAILABLE;
		error_set(error, result, status == 429 ? "jira_throttled" : "jira_unavailable",
		          "Jira's token endpoint answered %d.", status);
		if (error) {
			error->retryable = true;
			error->retry_after_ms = retry_after_ms(http_response_header(response, "retry-after"), 0, 3600 * 1000);
		}
		return result;
	}
	if (status >= 400)
		return error_set(error, RESULT_DENIED, "jira_denied",
		                 "Jira's token endpoint refused the client credentials (%d).", status);
	return error_set(error, RESULT_PROTOCOL, "jira_bad_response",
	                 "Jira's token endpoint answered %d, which is not a token.", status);
}

static enum result token_keep(struct jira_token *token, const struct jira_options *options, const json_t *answer,
                              struct error *error)
{
	const char *text = json_string_at(answer, "access_token");
	if (text_is_empty(text) || strlen(text) > 32 * 1024 || strpbrk(text, "\r\n"))
		return error_set(error, RESULT_PROTOCOL, "jira_bad_response",
		                 "Jira's token endpoint answered without a token.");
	int64_t lifetime = json_integer_at(answer, "expires_in", TOKEN_LIFETIME_DEFAULT);
	if (lifetime < 1 || lifetime > 30 * 24 * 3600)
		lifetime = TOKEN_LIFETIME_DEFAULT;
	struct secret fresh = {0};
	if (secret_new(text, strlen(text), &fresh) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	secret_done(&token->value);
	token->value = fresh;
	int64_t early = lifetime * 1000 / 4 < TOKEN_EARLY_MS ? lifetime * 1000 / 4 : TOKEN_EARLY_MS;
	token->refresh_at = clock_monotonic_ms(options->clock) + lifetime * 1000 - early;
	token->generation++;
	return RESULT_OK;
}

static enum result token_exchange(const struct jira_options *options, struct arena *scratch,
                                  struct http_response *ret_response, struct error *error)
{
	const char *form = NULL;
	enum result result = token_form(options, scratch, &form, error);
	if (result != RESULT_OK)
		return result;
	static const struct http_header headers[] = {
	    {"Content-Type", "application/x-www-form-urlencoded"},
	    {"Accept", "application/json"},
	};
	const struct http_request request = {
	    .method = "POST",
	    .url = options->token_url,
	    .headers = headers,
	    .header_count = ARRAY_SIZE(headers),
	    .body = form,
	    .body_length = strlen(form),
	    .secret_body = true,
	    .timeout_ms = TOKEN_TIMEOUT_MS,
	    .max_response_bytes = TOKEN_ANSWER_MAX,
	};
	struct error failure = {0};
	result = http_client_perform(options->http, &request, scratch, ret_response, &failure);
	if (result == RESULT_OK)
		return RESULT_OK;
	if (result == RESULT_NO_MEMORY)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	error_set(error, RESULT_UNAVAILABLE, "jira_unavailable", "Jira's token endpoint gave no answer: %.300s",
	          failure.detail);
	if (error)
		error->retryable = true;
	return RESULT_UNAVAILABLE;
}

static enum result token_fetch(struct jira_token *token, const struct jira_options *options, struct error *error)
{
	_cleanup_(arena_freep) struct arena *scratch = arena_new(1024 * 1024);
	if (!scratch)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	struct http_response response = {0};
	enum result result = token_exchange(options, scratch, &response, error);
	if (result != RESULT_OK)
		return result;
	if (response.status != 200)
		return token_refused(&response, error);
	_cleanup_(json_decrefp) json_t *answer = NULL;
	result = json_read(response.body, response.body_length, &answer, NULL);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	if (result != RESULT_OK)
		return error_set(error, RESULT_PROTOCOL, "jira_bad_response", "Jira's token endpoint did not answer in JSON.");
	return token_keep(token, options, answer, error);
}

enum result jira_token_header(struct jira_token *token, const struct jira_options *options, uint64_t refused,
                              struct arena *arena, const char **ret_header, uint64_t *ret_generation,
                              struct error *error)
{
	pthread_mutex_lock(&token->lock);
	bool stale = !token->value.bytes || clock_monotonic_ms(options->clock) >= token->refresh_at ||
	             (refused != 0 && refused == token->generation);
	enum result result = stale ? token_fetch(token, options, error) : RESULT_OK;
	if (result == RESULT_OK) {
		const char *header = arena_printf(arena, "Bearer %s", token->value.bytes);
		if (header) {
			*ret_header = header;
			*ret_generation = token->generation;
		} else {
			result = error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		}
	}
	pthread_mutex_unlock(&token->lock);
	return result;
}
