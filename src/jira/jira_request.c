/* One exchange with Jira.
 *
 * What holds here: the answers of a call, or of several made at once, live in an arena of their own, which is wiped
 * with the Authorization header in it; nothing of an answer's body reaches an error's sentence, since Jira's error
 * pages quote what people wrote. A quota that Jira says is used up for the whole site (RateLimit-Reason "jira-quota-…")
 * silences every call until its Retry-After is over; a burst limit concerns the one endpoint, and so the one job. */
#include "jira/jira_request.h"

#include <stdatomic.h>
#include <string.h>

#include "http/client.h"
#include "http/retry.h"

#define CALL_TIMEOUT_MS 20000
#define ANSWER_MAX ((size_t)8 * 1024 * 1024)
#define SCRATCH_MAX (4 * ANSWER_MAX)
#define RETRY_AFTER_CAP_MS ((int64_t)3600 * 1000)

struct jira {
	struct jira_options options;
	char *api_url; /* without a slash at its end */
	struct jira_token token;
	_Atomic int64_t silent_until; /* monotonic ms; 0: Jira has not asked us to be */
};

struct exchange {
	const struct jira_call *call;
	struct http_header headers[3];
	struct http_response response;
	enum result result; /* RESULT_OK: an answer came, of any status */
	struct error error;
};

static enum result out_of_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static bool options_are_whole(const struct jira_options *options)
{
	if (!options->http || !options->clock || text_is_empty(options->site_url))
		return false;
	switch (options->auth) {
	case JIRA_AUTH_BASIC:
		return !text_is_empty(options->user) && options->token;
	case JIRA_AUTH_BEARER:
		return options->token != NULL;
	case JIRA_AUTH_OAUTH:
		return !text_is_empty(options->client_id) && options->client_secret && !text_is_empty(options->token_url);
	}
	return false;
}

enum result jira_new(const struct jira_options *options, struct jira **ret_jira, struct error *error)
{
	if (!options_are_whole(options))
		return error_set(error, RESULT_INVALID, "validation_failed",
		                 "The [jira] section lacks what its kind of authentication needs.");
	struct jira *jira = memory_calloc(1, sizeof(*jira));
	if (!jira)
		return out_of_memory(error);
	jira->options = *options;
	jira->api_url = memory_strdup(text_is_empty(options->api_url) ? options->site_url : options->api_url);
	if (!jira->api_url) {
		memory_free(jira);
		return out_of_memory(error);
	}
	size_t length = strlen(jira->api_url);
	while (length > 0 && jira->api_url[length - 1] == '/')
		jira->api_url[--length] = '\0';
	jira_token_init(&jira->token);
	*ret_jira = jira;
	return RESULT_OK;
}

void jira_free(struct jira *jira)
{
	if (!jira)
		return;
	jira_token_done(&jira->token);
	memory_free(jira->api_url);
	memory_free(jira);
}

const char *jira_site(const struct jira *jira)
{
	return jira->options.site_url;
}

const struct jira_options *jira_options_of(const struct jira *jira)
{
	return &jira->options;
}

enum result jira_bad_response(struct error *error, const char *sentence)
{
	error_set(error, RESULT_PROTOCOL, "jira_bad_response", "%s", sentence);
	if (error)
		error->retryable = true;
	return RESULT_PROTOCOL;
}

enum result jira_path(struct arena *arena, const char *prefix, const char *part, const char *suffix,
                      const char **ret_path)
{
	struct text path = TEXT_INIT(8192);
	text_append(&path, prefix);
	text_append_percent(&path, part);
	text_append(&path, suffix);
	const char *copy = text_failed(&path) ? NULL : arena_strndup(arena, path.data, path.length);
	text_done(&path);
	if (!copy)
		return RESULT_NO_MEMORY;
	*ret_path = copy;
	return RESULT_OK;
}

static enum result basic_header(const struct jira_options *options, const struct secret *token, struct arena *arena,
                                const char **ret_header, struct error *error)
{
	char *pair = arena_printf(arena, "%s:%s", options->user, token->bytes);
	char *encoded = pair ? text_base64_encode(arena, (const uint8_t *)pair, strlen(pair)) : NULL;
	const char *header = encoded ? arena_printf(arena, "Basic %s", encoded) : NULL;
	if (!header)
		return out_of_memory(error);
	*ret_header = header;
	return RESULT_OK;
}

static enum result authorization(struct jira *jira, uint64_t refused, struct arena *arena, const char **ret_header,
                                 uint64_t *ret_generation, struct error *error)
{
	const struct jira_options *options = &jira->options;
	if (options->auth == JIRA_AUTH_OAUTH)
		return jira_token_header(&jira->token, options, refused, arena, ret_header, ret_generation, error);
	struct secret token = {0};
	enum result result = options->token->fetch(options->token, &token, error);
	if (result != RESULT_OK)
		return result;
	if (options->auth == JIRA_AUTH_BASIC) {
		result = basic_header(options, &token, arena, ret_header, error);
	} else {
		const char *header = arena_printf(arena, "Bearer %s", token.bytes);
		result = header ? RESULT_OK : out_of_memory(error);
		if (header)
			*ret_header = header;
	}
	secret_done(&token);
	return result;
}

static enum result throttled(struct jira *jira, const struct http_response *response, struct error *error)
{
	const struct clock *clock = jira->options.clock;
	int64_t wait =
	    retry_after_ms(http_response_header(response, "retry-after"), clock_now_ms(clock), RETRY_AFTER_CAP_MS);
	const char *reason = http_response_header(response, "ratelimit-reason");
	if (wait > 0 && reason && text_starts_with(reason, "jira-quota"))
		atomic_store(&jira->silent_until, clock_monotonic_ms(clock) + wait);
	error_set(error, RESULT_THROTTLED, "jira_throttled", "Jira asks to be called less often.");
	if (error) {
		error->retryable = true;
		error->retry_after_ms = wait;
		error->http_status = 429;
	}
	return RESULT_THROTTLED;
}

static enum result still_silent(struct jira *jira, struct error *error)
{
	int64_t until = atomic_load(&jira->silent_until);
	int64_t now = clock_monotonic_ms(jira->options.clock);
	if (until == 0 || now >= until)
		return RESULT_OK;
	error_set(error, RESULT_THROTTLED, "jira_throttled", "Jira's quota for this site is used up; it asked us to wait.");
	if (error) {
		error->retryable = true;
		error->retry_after_ms = until - now;
	}
	return RESULT_THROTTLED;
}

static enum result unavailable(const struct jira *jira, const struct http_response *response, struct error *error)
{
	error_set(error, RESULT_UNAVAILABLE, "jira_unavailable", "Jira cannot answer now (%d).", response->status);
	if (error) {
		error->retryable = true;
		error->retry_after_ms = retry_after_ms(http_response_header(response, "retry-after"),
		                                       clock_now_ms(jira->options.clock), RETRY_AFTER_CAP_MS);
	}
	return RESULT_UNAVAILABLE;
}

static enum result status_failure(struct jira *jira, const struct jira_call *call, const struct http_response *response,
                                  struct error *error)
{
	int status = response->status;
	enum result result;
	if (status == 429)
		return throttled(jira, response, error);
	if (status >= 500 || status == 408 || status == 409 || status == 425)
		result = unavailable(jira, response, error);
	else if (status == 401 || status == 403)
		result = error_set(error, RESULT_DENIED, "jira_denied", "Jira refused our account (%d).", status);
	else if (status == 404)
		result = error_set(error, RESULT_NOT_FOUND, call->gone_code ? call->gone_code : "issue_gone",
		                   "%s does not exist in Jira, or our account may not see it.",
		                   call->gone_what ? call->gone_what : "The issue");
	else
		result =
		    error_set(error, RESULT_PROTOCOL, "jira_bad_response", "Jira answered %d, which was not expected.", status);
	if (error)
		error->http_status = status;
	return result;
}

static enum result transport_failure(enum result result, const struct error *failure, struct error *error)
{
	if (result == RESULT_NO_MEMORY)
		return out_of_memory(error);
	if (result == RESULT_TOO_LARGE)
		return jira_bad_response(error, "Jira's answer is larger than any that it should give.");
	error_set(error, RESULT_UNAVAILABLE, "jira_unavailable", "Jira gave no answer: %.300s", failure->detail);
	if (error)
		error->retryable = true;
	return RESULT_UNAVAILABLE;
}

static enum result request_write(struct jira *jira, struct exchange *exchange, const char *authorization,
                                 struct arena *scratch, struct http_request *ret_request, struct error *error)
{
	const struct jira_call *call = exchange->call;
	const char *url = arena_printf(scratch, "%s%s", jira->api_url, call->path);
	if (!url)
		return out_of_memory(error);
	exchange->headers[0] = (struct http_header){"Authorization", authorization};
	exchange->headers[1] = (struct http_header){"Accept", "application/json"};
	exchange->headers[2] = (struct http_header){"Content-Type", "application/json"};
	*ret_request = (struct http_request){
	    .method = call->method,
	    .url = url,
	    .headers = exchange->headers,
	    .header_count = call->body ? 3 : 2,
	    .body = call->body,
	    .body_length = call->body ? strlen(call->body) : 0,
	    .timeout_ms = CALL_TIMEOUT_MS,
	    .max_response_bytes = ANSWER_MAX,
	};
	return RESULT_OK;
}

/* All at once, with one authorization. Fails only where nothing was sent; else each exchange has its result, and any
 * HTTP answer is RESULT_OK. */
static enum result exchanges_perform(struct jira *jira, struct exchange *const *exchanges, size_t count,
                                     uint64_t refused, struct arena *scratch, uint64_t *ret_generation,
                                     struct error *error)
{
	struct http_request requests[JIRA_CALLS_MAX];
	struct http_response responses[JIRA_CALLS_MAX] = {0};
	enum result results[JIRA_CALLS_MAX];
	struct error failures[JIRA_CALLS_MAX] = {0};
	const char *header = NULL;
	enum result result = authorization(jira, refused, scratch, &header, ret_generation, error);
	for (size_t i = 0; result == RESULT_OK && i < count; i++)
		result = request_write(jira, exchanges[i], header, scratch, &requests[i], error);
	if (result != RESULT_OK)
		return result;
	if (http_client_perform_all(jira->options.http, requests, count, scratch, responses, results, failures) !=
	    RESULT_OK)
		return out_of_memory(error);
	for (size_t i = 0; i < count; i++) {
		exchanges[i]->response = responses[i];
		exchanges[i]->result = results[i];
		if (results[i] != RESULT_OK)
			exchanges[i]->result = transport_failure(results[i], &failures[i], &exchanges[i]->error);
	}
	return RESULT_OK;
}

/* Those whose token was refused, once more, with a new one. */
static void exchanges_repeat(struct jira *jira, struct exchange *exchanges, size_t count, uint64_t refused,
                             struct arena *scratch)
{
	struct exchange *again[JIRA_CALLS_MAX];
	size_t repeated = 0;
	for (size_t i = 0; i < count; i++)
		if (exchanges[i].result == RESULT_OK && exchanges[i].response.status == 401)
			again[repeated++] = &exchanges[i];
	if (repeated == 0 || jira->options.auth != JIRA_AUTH_OAUTH)
		return;
	struct error error = {.retry_after_ms = -1};
	uint64_t generation = 0;
	enum result result = exchanges_perform(jira, again, repeated, refused, scratch, &generation, &error);
	for (size_t i = 0; result != RESULT_OK && i < repeated; i++) {
		again[i]->result = result;
		again[i]->error = error;
	}
}

static enum result answer_read(const struct http_response *response, json_t **ret_value, struct error *error)
{
	if (!ret_value)
		return RESULT_OK;
	if (response->status == 204 || response->body_length == 0) {
		*ret_value = NULL;
		return RESULT_OK;
	}
	enum result result = json_read(response->body, response->body_length, ret_value, NULL);
	if (result == RESULT_OK)
		return RESULT_OK;
	if (result == RESULT_NO_MEMORY)
		return out_of_memory(error);
	return jira_bad_response(error, "Jira's answer is not JSON.");
}

static enum result exchange_judge(struct jira *jira, struct exchange *exchange, json_t **ret_value)
{
	const struct http_response *response = &exchange->response;
	if (exchange->result != RESULT_OK)
		return exchange->result;
	if (response->status < 200 || response->status > 299)
		return status_failure(jira, exchange->call, response, &exchange->error);
	return answer_read(response, ret_value, &exchange->error);
}

/* Fails only where nothing was sent. */
static enum result exchanges_begin(struct jira *jira, struct exchange *exchanges, size_t count, struct arena *scratch,
                                   struct error *error)
{
	struct exchange *all[JIRA_CALLS_MAX] = {0};
	uint64_t generation = 0;
	for (size_t i = 0; i < count; i++)
		all[i] = &exchanges[i];
	enum result result = exchanges_perform(jira, all, count, 0, scratch, &generation, error);
	if (result == RESULT_OK)
		exchanges_repeat(jira, exchanges, count, generation, scratch);
	return result;
}

/* ret_values NULL: what the answers hold is of no interest. */
static enum result calls_perform(struct jira *jira, const struct jira_call *calls, size_t count, json_t **ret_values,
                                 enum result *ret_results, struct error *ret_errors, struct error *error)
{
	enum result result = still_silent(jira, error);
	if (result != RESULT_OK)
		return result;
	_cleanup_(arena_freep) struct arena *scratch = arena_new(count * SCRATCH_MAX);
	struct exchange *exchanges = scratch ? arena_array(scratch, count, sizeof(*exchanges)) : NULL;
	if (!exchanges)
		return out_of_memory(error);
	for (size_t i = 0; i < count; i++)
		exchanges[i] = (struct exchange){.call = &calls[i], .error.retry_after_ms = -1};
	result = exchanges_begin(jira, exchanges, count, scratch, error);
	for (size_t i = 0; result == RESULT_OK && i < count; i++) {
		ret_results[i] = exchange_judge(jira, &exchanges[i], ret_values ? &ret_values[i] : NULL);
		ret_errors[i] = exchanges[i].error;
	}
	return result;
}

bool jira_call_all(struct jira *jira, const struct jira_call *calls, size_t count, json_t **ret_values,
                   enum result *ret_results, struct error *ret_errors)
{
	struct error error = {.retry_after_ms = -1};
	for (size_t i = 0; i < count; i++)
		ret_values[i] = NULL;
	enum result result = calls_perform(jira, calls, count, ret_values, ret_results, ret_errors, &error);
	for (size_t i = 0; result != RESULT_OK && i < count; i++) {
		ret_results[i] = result;
		ret_errors[i] = error;
	}
	return result == RESULT_OK;
}

enum result jira_call(struct jira *jira, const struct jira_call *call, json_t **ret_value, struct error *error)
{
	json_t *value = NULL;
	enum result own = RESULT_OK;
	struct error failure = {.retry_after_ms = -1};
	enum result result = calls_perform(jira, call, 1, ret_value ? &value : NULL, &own, &failure, &failure);
	if (result == RESULT_OK)
		result = own;
	if (result == RESULT_OK && ret_value)
		*ret_value = value;
	if (result != RESULT_OK && error)
		*error = failure;
	return result;
}
