#include "cli/api_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/waiting.h"
#include "domain/code.h"

#define DEFAULT_URL "http://127.0.0.1:8480"
#define TIMEOUT_MS INT64_C(600000)
#define LARGEST_ANSWER ((size_t)512 * 1024 * 1024)

static enum exit_code set_base(struct api_client *client, const char *url)
{
	size_t length;

	if (!url)
		url = getenv("AICLEARANCE_URL");
	if (text_is_empty(url))
		url = DEFAULT_URL;
	if (text_starts_with(url, "unix:/")) {
		client->unix_socket = arena_strdup(client->arena, url + strlen("unix:"));
		url = "http://localhost";
	} else if (!text_starts_with(url, "http://") && !text_starts_with(url, "https://")) {
		return command_fail(EXIT_USAGE,
		                    "AICLEARANCE_URL must begin with https://, http:// (this machine only) or unix:/.");
	}
	length = strlen(url);
	while (length > 0 && url[length - 1] == '/')
		length--;
	client->base = arena_strndup(client->arena, url, length);
	return client->base ? EXIT_HELD : command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
}

enum exit_code api_client_open(const char *url, const char *ca_file, struct arena *arena, struct api_client *ret_client)
{
	struct api_client client = {.arena = arena};
	struct http_client_options options = {.ca_file = ca_file, .user_agent = "aiclearance-cli/" AIC_VERSION};
	const char *token = getenv("AICLEARANCE_TOKEN");
	struct error error = {0};
	enum exit_code code = set_base(&client, url);

	if (code != EXIT_HELD)
		return code;
	if (text_is_empty(token) || strpbrk(token, "\r\n"))
		return command_fail(EXIT_USAGE,
		                    "AICLEARANCE_TOKEN is not set: put an API token there (aiclearance token create).");
	client.authorization = arena_printf(arena, "Bearer %s", token);
	if (!client.authorization)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	if (http_client_new(&options, &client.http, &error) != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "%s", error.detail);
	*ret_client = client;
	return EXIT_HELD;
}

void api_client_close(struct api_client *client)
{
	http_client_free(client->http);
	client->http = NULL;
}

void api_answer_done(struct api_answer *answer)
{
	json_decref(answer->json);
	answer->json = NULL;
}

static size_t make_headers(const struct api_client *client, const struct api_call_made *call,
                           struct http_header headers[6])
{
	size_t count = 0;

	headers[count++] = (struct http_header){"Authorization", client->authorization};
	headers[count++] = (struct http_header){"Accept", "application/json, application/problem+json, */*"};
	if (call->body || call->file)
		headers[count++] = (struct http_header){"Content-Type", call->file ? "text/csv" : "application/json"};
	if (call->if_match)
		headers[count++] = (struct http_header){"If-Match", call->if_match};
	if (call->idempotency_key)
		headers[count++] = (struct http_header){"Idempotency-Key", call->idempotency_key};
	return count;
}

static enum exit_code no_answer(const struct api_client *client, const struct http_response *response,
                                const struct error *error)
{
	if (response->failure == HTTP_FAILURE_REFUSED_URL)
		return command_fail(EXIT_NOT_REACHED, "%s: the service is only spoken to over https, or http on this machine.",
		                    client->base);
	if (client->unix_socket)
		return command_fail(
		    EXIT_NOT_REACHED,
		    "The service could not be reached at unix:%s: does it run, and may this user open that socket?",
		    client->unix_socket);
	return command_fail(EXIT_NOT_REACHED, "The service could not be reached: %s%s", error->detail,
	                    response->failure == HTTP_FAILURE_TLS
	                        ? " If its certificate is signed by an authority of your own, name that with --ca-file."
	                        : "");
}

static bool write_piece(void *context, const void *bytes, size_t length)
{
	return fwrite(bytes, 1, length, context) == length;
}

enum exit_code api_client_send(const struct api_client *client, const struct api_call_made *call,
                               struct api_answer *ret_answer)
{
	struct http_header headers[6];
	struct http_request request = {.method = call->method,
	                               .url = arena_printf(client->arena, "%s/api/v1%s", client->base, call->path),
	                               .headers = headers,
	                               .header_count = make_headers(client, call, headers),
	                               .timeout_ms = TIMEOUT_MS,
	                               .max_response_bytes = LARGEST_ANSWER,
	                               .unix_socket = client->unix_socket,
	                               .take = call->into ? write_piece : NULL,
	                               .take_context = call->into};
	const char *body = call->body ? json_write(client->arena, call->body) : NULL;
	struct http_response response = {0};
	struct api_answer answer = {0};
	struct error error = {0};
	struct waiting waiting;
	enum result result;

	if (!request.url || (call->body && !body))
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	request.body = call->file ? call->file : body;
	request.body_length = call->file ? call->file_length : body ? strlen(body) : 0;
	request.secret_body = body != NULL; /* it may hold a client secret */
	waiting_start(&waiting);
	result = http_client_perform(client->http, &request, client->arena, &response, &error);
	waiting_stop(&waiting);
	if (result != RESULT_OK && call->into && ferror(call->into))
		return command_fail(EXIT_DID_NOT_HOLD, "The file cannot be written: is the disk full?");
	if (result != RESULT_OK)
		return no_answer(client, &response, &error);
	answer.status = response.status;
	answer.body = response.body ? response.body : "";
	answer.length = response.body_length;
	answer.etag = http_response_header(&response, "etag");
	if (answer.length > 0)
		(void)!json_read(answer.body, answer.length, &answer.json, NULL);
	*ret_answer = answer;
	return EXIT_HELD;
}

/* A single error without a line is what the sentence above it says already. */
static void explain_errors(const json_t *errors)
{
	size_t index;
	const json_t *error;

	if (json_array_size(errors) == 1 && !json_object_get(json_array_get(errors, 0), "line"))
		return;

	json_array_foreach(errors, index, error)
	{
		const char *path = json_string_at(error, "path");
		const char *detail = json_string_at(error, "detail");
		int64_t line = json_integer_at(error, "line", 0);

		if (line > 0)
			(void)command_fail(EXIT_HELD, "  line %lld: %s%s%s", (long long)line, path ? path : "",
			                   text_is_empty(path) ? "" : ": ", detail ? detail : "");
		else
			(void)command_fail(EXIT_HELD, "  %s: %s", path ? path : "", detail ? detail : "");
	}
}

/* What to do, from the table of codes, where the answer does not say it already: in its sentence, in a list of what is
 * wrong, or in the report of a connection test. */
static void explain_remedy(const struct api_answer *answer, const char *detail)
{
	const struct code *code = code_find(json_string_at(answer->json, "code"));

	if (!code || !code->remedy || (detail && strstr(detail, code->remedy)) || json_object_get(answer->json, "errors") ||
	    json_object_get(answer->json, "report"))
		return;
	(void)command_fail(EXIT_HELD, "  → %s", code->remedy);
}

enum exit_code api_answer_explain(const struct api_answer *answer)
{
	const char *code = json_string_at(answer->json, "code");
	const char *detail = json_string_at(answer->json, "detail");
	const char *title = json_string_at(answer->json, "title");

	if (!code)
		return command_fail(EXIT_NOT_REACHED, "HTTP %d came, but not from this service: is AICLEARANCE_URL right?",
		                    answer->status);
	(void)command_fail(EXIT_DID_NOT_HOLD, "%s (%s)", detail ? detail : title ? title : "It did not hold.", code);
	explain_errors(json_object_get(answer->json, "errors"));
	explain_remedy(answer, detail);
	if (json_bool_at(answer->json, "truncated", false))
		(void)command_fail(EXIT_HELD, "  There are more.");
	return EXIT_DID_NOT_HOLD;
}
