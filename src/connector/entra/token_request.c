/* The credential's way: out of its source into locked pages, encoded into locked pages, onto the wire, wiped. It is
 * never in a growing buffer, a log, an error, or the cache of tokens; the refusal's text is not shown either, since a
 * strange server could repeat in it what it was sent. */
#include "connector/entra/token_request.h"

#include <string.h>

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "connector/entra/client_assertion.h"
#include "connector/entra/token_error.h"
#include "connector/entra/transport.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define SKEW_MS (120 * 1000)
#define TOKEN_RESPONSE_CEILING (256 * 1024)
#define TOKEN_LENGTH_CEILING (64 * 1024)
#define TOKEN_LIFETIME_CEILING_S (28 * 24 * 3600)

static bool byte_is_unreserved(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static size_t encoded_length(const char *bytes, size_t length)
{
	size_t total = 0;
	for (size_t i = 0; i < length; i++)
		total += byte_is_unreserved((unsigned char)bytes[i]) ? 1 : 3;
	return total;
}

static char *encode_onto(char *out, const char *bytes, size_t length)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (byte_is_unreserved(byte)) {
			*out++ = (char)byte;
			continue;
		}
		*out++ = '%';
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
	return out;
}

enum result entra_token_form_write(const struct entra_token_form *form, struct secret *ret_body)
{
	const struct {
		const char *name;
		const char *value;
		size_t length;
	} fields[] = {
	    {"client_id=", form->client_id, strlen(form->client_id)},
	    {"&scope=", form->scope, strlen(form->scope)},
	    {"&grant_type=", "client_credentials", strlen("client_credentials")},
	    {"&client_assertion_type=", ASSERTION_TYPE, form->proof_is_assertion ? strlen(ASSERTION_TYPE) : 0},
	    {form->proof_is_assertion ? "&client_assertion=" : "&client_secret=", form->proof->bytes, form->proof->length},
	};
	size_t total = 0;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].length > 0)
			total += strlen(fields[i].name) + encoded_length(fields[i].value, fields[i].length);
	struct secret body = {0};
	enum result result = secret_new(NULL, total, &body);
	if (result != RESULT_OK)
		return result;
	char *out = body.bytes;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].length == 0)
			continue;
		memcpy(out, fields[i].name, strlen(fields[i].name));
		out = encode_onto(out + strlen(fields[i].name), fields[i].value, fields[i].length);
	}
	*ret_body = body;
	return RESULT_OK;
}

/* What one exchange is about. */
struct exchange {
	const struct connector_environment *environment;
	const struct connector_target *target;
	const struct entra_place *place;
	const char *url;
	struct arena *scratch;
	bool secret_is_guid;
};

static enum result source_fetch(const struct secret_source *source, const char *what, struct secret *ret_secret,
                                struct error *error)
{
	struct secret secret = {0};
	if (source == NULL)
		return error_set(error, RESULT_INVALID, "secret_missing", "The connector has no %s.", what);
	enum result result = source->fetch(source, &secret, error);
	if (result != RESULT_OK)
		return result;
	if (secret.length == 0) {
		secret_done(&secret);
		return error_set(error, RESULT_INVALID, "secret_missing", "The connector's %s is empty.", what);
	}
	*ret_secret = secret;
	return RESULT_OK;
}

/* The audience is the endpoint that it is sent to: an operator's login_url may be another name of the same cloud's (the
 * Chinese one has two), and Entra compares with the name that it was called by. */
static enum result assertion_make(const struct exchange *exchange, struct secret *ret_proof, struct error *error)
{
	_cleanup_(secret_done) struct secret key = {0};
	_cleanup_(secret_done) struct secret certificate = {0};
	const struct client_assertion assertion = {
	    .client_id = exchange->target->settings->client_id,
	    .audience = exchange->url,
	    .now_ms = clock_now_ms(exchange->environment->clock),
	};
	const struct client_certificate pair = {.key = &key, .certificate = &certificate};
	enum result result = source_fetch(exchange->target->secret, "private key", &key, error);
	if (result == RESULT_OK)
		result = source_fetch(exchange->target->certificate, "certificate", &certificate, error);
	if (result == RESULT_OK)
		result = client_assertion_sign(&assertion, &pair, exchange->scratch, ret_proof, error);
	return result;
}

static enum result federated_fetch(const struct exchange *exchange, struct secret *ret_proof, struct error *error)
{
	struct secret token = {0};
	enum result result = source_fetch(exchange->target->secret, "federated token", &token, error);
	if (result == RESULT_OK)
		result = federated_token_check(&token, clock_now_ms(exchange->environment->clock), error);
	if (result == RESULT_OK)
		*ret_proof = token;
	else
		secret_done(&token);
	return result;
}

static enum result proof_make(struct exchange *exchange, struct secret *ret_proof, struct error *error)
{
	enum result result;
	switch (exchange->target->settings->credential.kind) {
	case CREDENTIAL_CERTIFICATE:
		return assertion_make(exchange, ret_proof, error);
	case CREDENTIAL_FEDERATED:
		return federated_fetch(exchange, ret_proof, error);
	case CREDENTIAL_CLIENT_SECRET:
		break;
	}
	result = source_fetch(exchange->target->secret, "client secret", ret_proof, error);
	if (result == RESULT_OK)
		exchange->secret_is_guid = text_is_uuid(ret_proof->bytes);
	return result;
}

static enum result body_write(struct exchange *exchange, struct secret *ret_body, struct error *error)
{
	_cleanup_(secret_done) struct secret proof = {0};
	const struct connector_settings *settings = exchange->target->settings;
	enum result result = proof_make(exchange, &proof, error);
	if (result != RESULT_OK)
		return result;
	char *scope = entra_place_scope(exchange->place, exchange->scratch);
	if (scope == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct entra_token_form form = {
	    .client_id = settings->client_id,
	    .scope = scope,
	    .proof = &proof,
	    .proof_is_assertion = settings->credential.kind != CREDENTIAL_CLIENT_SECRET,
	};
	if (entra_token_form_write(&form, ret_body) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

static bool token_is_printable(const char *token)
{
	size_t length = strlen(token);
	for (size_t i = 0; i < length; i++)
		if (token[i] <= 0x20 || token[i] >= 0x7f)
			return false;
	return length > 0 && length <= TOKEN_LENGTH_CEILING;
}

/* expires_in is a number in v2.0's answers, and was a string in v1.0's. */
static int64_t lifetime_ms(const json_t *body)
{
	int64_t seconds = json_integer_at(body, "expires_in", 0);
	const char *string = json_string_at(body, "expires_in");
	if (string != NULL && text_parse_int(string, 0, INT64_MAX, &seconds) != RESULT_OK)
		seconds = 0;
	if (seconds < 0)
		seconds = 0;
	return (seconds > TOKEN_LIFETIME_CEILING_S ? TOKEN_LIFETIME_CEILING_S : seconds) * 1000;
}

static enum result answer_take(const struct http_response *response, const json_t *body, struct arena *arena,
                               struct entra_token_answer *ret_answer, struct error *error)
{
	const char *token = json_string_at(body, "access_token");
	if (token == NULL || !token_is_printable(token))
		return entra_transport_bad_response(ENTRA_SIDE_LOGIN, response->status, error);
	struct entra_token_answer answer = {0};
	answer.access_token = arena_strdup(arena, token);
	if (answer.access_token == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	answer.expires_in_ms = lifetime_ms(body);
	answer.server_time_ms = entra_server_time(response);
	const char *trace = http_response_header(response, "x-ms-request-id");
	if (trace != NULL && text_is_uuid(trace))
		memcpy(answer.trace_id, trace, strlen(trace) + 1);
	*ret_answer = answer;
	return RESULT_OK;
}

static bool clock_is_off(const struct exchange *exchange, const struct http_response *response)
{
	int64_t server = entra_server_time(response);
	int64_t apart = clock_now_ms(exchange->environment->clock) - server;
	return server != 0 && (apart > SKEW_MS || apart < -SKEW_MS);
}

static enum result exchange_judge(const struct exchange *exchange, const struct http_response *response,
                                  struct arena *arena, struct entra_token_answer *ret_answer, struct error *error)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	enum result result = json_read_answer(response->body != NULL ? response->body : "", response->body_length, &body);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	const json_t *object = json_is_object(body) ? body : NULL;
	bool refused = json_string_at(object, "access_token") == NULL && entra_token_error_number(object) != 0;
	if (response->status == 200 && object != NULL && !refused)
		return answer_take(response, object, arena, ret_answer, error);
	result = entra_token_error_fill(response->status, object, exchange->secret_is_guid,
	                                http_response_header(response, "retry-after"),
	                                clock_now_ms(exchange->environment->clock), error);
	entra_token_error_by_kind(exchange->target->settings->credential.kind, clock_is_off(exchange, response), object,
	                          error);
	return result;
}

static enum result exchange_perform(const struct exchange *exchange, const struct secret *body, int64_t timeout_ms,
                                    const char *client_request_id, struct http_response *response, struct error *error)
{
	const struct http_header headers[] = {
	    {"Content-Type", "application/x-www-form-urlencoded"},
	    {"Accept", "application/json"},
	    {"client-request-id", client_request_id},
	    {"return-client-request-id", "true"},
	};
	const struct http_request request = {
	    .method = "POST",
	    .url = exchange->url,
	    .headers = headers,
	    .header_count = ARRAY_SIZE(headers),
	    .body = body->bytes,
	    .body_length = body->length,
	    .secret_body = true,
	    .timeout_ms = timeout_ms,
	    .max_response_bytes = TOKEN_RESPONSE_CEILING,
	};
	enum result result = http_client_perform(exchange->environment->http, &request, exchange->scratch, response, NULL);
	if (result == RESULT_OK)
		return RESULT_OK;
	return entra_transport_fill(ENTRA_SIDE_LOGIN, result, response, error);
}

static char *token_url(const struct entra_place *place, const char *tenant, struct arena *scratch)
{
	struct text url = TEXT_INIT(4096);
	text_append(&url, place->login);
	text_append_char(&url, '/');
	text_append_percent(&url, tenant);
	text_append(&url, "/oauth2/v2.0/token");
	char *copy = text_failed(&url) ? NULL : arena_strdup(scratch, url.data);
	text_done(&url);
	return copy;
}

static void note_correlation(const char *client_request_id, char out[64])
{
	if (out[0] == '\0')
		memcpy(out, client_request_id, ID_SIZE);
}

static enum result request_within(struct exchange *exchange, int64_t deadline_ms, struct arena *arena,
                                  struct entra_token_answer *ret_answer, struct error *error)
{
	_cleanup_(secret_done) struct secret body = {0};
	enum result result = body_write(exchange, &body, error);
	if (result != RESULT_OK)
		return result;
	int64_t timeout_ms = entra_time_left(exchange->environment->clock, deadline_ms, ENTRA_CALL_TIMEOUT_MS);
	if (timeout_ms == 0)
		return entra_transport_out_of_time(ENTRA_SIDE_LOGIN, error);
	char client_request_id[ID_SIZE];
	id_random(client_request_id);
	struct http_response response = {0};
	result = exchange_perform(exchange, &body, timeout_ms, client_request_id, &response, error);
	secret_done(&body);
	body = (struct secret){0};
	if (result == RESULT_OK)
		result = exchange_judge(exchange, &response, arena, ret_answer, error);
	if (result == RESULT_OK)
		note_correlation(client_request_id, ret_answer->correlation_id);
	else if (error != NULL) {
		memcpy(error->client_request_id, client_request_id, ID_SIZE);
		if (error->http_status != 0)
			note_correlation(client_request_id, error->correlation_id);
	}
	return result;
}

enum result entra_token_request(const struct connector_environment *environment, const struct connector_target *target,
                                const struct entra_place *place, int64_t deadline_ms, struct arena *arena,
                                struct entra_token_answer *ret_answer, struct error *error)
{
	_cleanup_(arena_freep) struct arena *scratch = arena_new(4 * TOKEN_RESPONSE_CEILING);
	struct exchange exchange = {
	    .environment = environment, .target = target, .place = place, .scratch = scratch, .url = NULL};
	if (scratch != NULL)
		exchange.url = token_url(place, target->settings->tenant_id, scratch);
	if (exchange.url == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return request_within(&exchange, deadline_ms, arena, ret_answer, error);
}
