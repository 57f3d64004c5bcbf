/* One exchange.
 *
 * Bodies go out through a read callback. libcurl repeats a request by itself when a kept connection turns out to be
 * dead, and cannot know whether the other side acted on it first. So only for methods that are idempotent (RFC 9110
 * section 9.2.2) is it given the means to begin the body again; a POST or PATCH whose body has begun ends as
 * HTTP_FAILURE_RESET, with maybe_sent, and its sender decides. One without a body gets a connection of its own.
 *
 * What comes back is bounded while it streams: the header block by LARGEST_HEADER_BLOCK, the body, after decompression,
 * by max_response_bytes. */
#include "http/transfer.h"

#include <string.h>

#include "http/failure.h"
#include "http/url.h"

#define LARGEST_HEADER_BLOCK (64 * 1024)
#define LARGEST_REQUEST_HEADER (64 * 1024)
#define UPLOAD_BUFFER (16 * 1024)
#define MOST_HEADERS 256

static size_t take_header(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t length = size * count;
	if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		text_done(&transfer->header_block);
		return length;
	}
	if (transfer->body.length > 0)
		return length; /* trailers say nothing that we use */
	if (length > LARGEST_HEADER_BLOCK - transfer->header_block.length) {
		transfer->failure = HTTP_FAILURE_TOO_LARGE;
		return 0;
	}
	text_append_bytes(&transfer->header_block, bytes, length);
	if (!text_failed(&transfer->header_block))
		return length;
	transfer->no_memory = true;
	return 0;
}

/* The answer is one whose body is not collected. */
static bool is_handed_on(const struct transfer *transfer)
{
	long status = 0;
	if (transfer->request->take == NULL)
		return false;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t length = size * count;
	if (is_handed_on(transfer)) {
		if (transfer->request->take(transfer->request->take_context, bytes, length))
			return length;
		transfer->failure = HTTP_FAILURE_CANCELLED;
		return 0;
	}
	if (length > transfer->body.ceiling - transfer->body.length) {
		transfer->failure = HTTP_FAILURE_TOO_LARGE;
		return 0;
	}
	text_append_bytes(&transfer->body, bytes, length);
	if (!text_failed(&transfer->body))
		return length;
	transfer->no_memory = true;
	return 0;
}

static size_t give_body(char *out, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t left = transfer->request->body_length - transfer->body_sent;
	size_t length = left < size * count ? left : size * count;
	if (length > 0)
		memcpy(out, (const char *)transfer->request->body + transfer->body_sent, length);
	transfer->body_sent += length;
	return length;
}

static int rewind_body(void *data, curl_off_t offset, int origin)
{
	struct transfer *transfer = data;
	if (origin != SEEK_SET || offset < 0 || (size_t)offset > transfer->request->body_length)
		return CURL_SEEKFUNC_FAIL;
	transfer->body_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* RFC 9110: what a method's or a header's name may be made of. */
static bool is_token(const char *string)
{
	static const char characters[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	return !text_is_empty(string) && string[strspn(string, characters)] == '\0';
}

static bool is_header_value(const char *string)
{
	for (; *string != '\0'; string++) {
		unsigned char byte = (unsigned char)*string;
		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return false;
	}
	return true;
}

static bool is_sendable(const struct http_request *request)
{
	if (!is_token(request->method) || request->timeout_ms <= 0 || request->max_response_bytes == 0)
		return false;
	for (size_t i = 0; i < request->header_count; i++) {
		if (!is_token(request->headers[i].name) || !is_header_value(request->headers[i].value))
			return false;
	}
	return true;
}

static bool append_line(struct transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->header_list, line);
	if (longer == NULL)
		return false;
	transfer->header_list = longer;
	return true;
}

static bool append_header(struct transfer *transfer, const struct http_header *header)
{
	_cleanup_(text_done) struct text line = TEXT_INIT(LARGEST_REQUEST_HEADER);
	text_append(&line, header->name);
	/* libcurl's notation for a header without a value. */
	text_append(&line, *header->value == '\0' ? ";" : ": ");
	text_append(&line, header->value);
	return !text_failed(&line) && append_line(transfer, line.data);
}

static bool set_headers(struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	bool typed = false;
	for (size_t i = 0; i < request->header_count; i++) {
		typed = typed || text_equal_fold(request->headers[i].name, "Content-Type");
		if (!append_header(transfer, &request->headers[i]))
			return false;
	}
	/* What libcurl would add of itself: a media type of forms, and a wait for "100 Continue". */
	if ((!typed && !append_line(transfer, "Content-Type:")) || !append_line(transfer, "Expect:"))
		return false;
	return curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->header_list) == CURLE_OK;
}

static bool is_idempotent(const char *method)
{
	return !text_equal(method, "POST") && !text_equal(method, "PATCH");
}

/* libcurl copies the texts that it is given. Each line is one setting; the first that fails ends it. */
#define SET(option, value)                                                                                             \
	do {                                                                                                               \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK)                                                         \
			return false;                                                                                              \
	} while (0)

static bool set_method_and_body(struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	const struct http_request *request = transfer->request;
	bool idempotent = is_idempotent(request->method);
	bool carries = request->body_length > 0 || !idempotent || text_equal(request->method, "PUT");

	if (text_equal(request->method, "HEAD")) {
		SET(CURLOPT_NOBODY, 1L);
		return true;
	}
	if (carries) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
		SET(CURLOPT_READFUNCTION, give_body);
		SET(CURLOPT_READDATA, transfer);
		SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
	}
	if (carries && idempotent) {
		SET(CURLOPT_SEEKFUNCTION, rewind_body);
		SET(CURLOPT_SEEKDATA, transfer);
	}
	if (!idempotent && request->body_length == 0)
		SET(CURLOPT_FRESH_CONNECT, 1L);
	if (!text_equal(request->method, carries ? "POST" : "GET"))
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	return true;
}

static bool set_route(struct transfer *transfer, const struct transfer_settings *settings)
{
	CURL *easy = transfer->easy;
	const struct http_request *request = transfer->request;
	bool encrypted = strncasecmp(request->url, "https:", 6) == 0;

	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, settings->proxy == NULL ? "" : settings->proxy); /* "": not from the environment either */
	SET(CURLOPT_NOPROXY, "localhost,127.0.0.0/8,::1");
	if (request->unix_socket != NULL)
		SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
	SET(CURLOPT_HTTP_VERSION, request->secret_body ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
	/* Wait for a connection under way and share it, rather than open one more: where HTTP/2 may come of it. */
	SET(CURLOPT_PIPEWAIT, encrypted && !request->secret_body ? 1L : 0L);
	/* A connection that carried a secret over HTTP/1.1 must not become the one that everything else then uses. */
	SET(CURLOPT_FORBID_REUSE, request->secret_body ? 1L : 0L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	return true;
}

static bool set_trust(struct transfer *transfer, const struct transfer_settings *settings)
{
	CURL *easy = transfer->easy;
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_CAINFO, NULL); /* libcurl would read the whole bundle for each connection */
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_SSL_CTX_FUNCTION, settings->trust);
	SET(CURLOPT_SSL_CTX_DATA, settings->trust_data);
	return true;
}

static bool set_answer(struct transfer *transfer, const struct transfer_settings *settings)
{
	CURL *easy = transfer->easy;
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)transfer->request->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)transfer->request->timeout_ms);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(CURLOPT_USERAGENT, settings->user_agent);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_ERRORBUFFER, transfer->fault);
	SET(CURLOPT_PRIVATE, transfer);
	return true;
}

static enum result refuse_url(struct transfer *transfer, uint64_t failures, struct error *error)
{
	if (memory_failures() != failures) { /* the question could not be answered */
		transfer->failure = HTTP_FAILURE_OTHER;
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is not enough memory to send a request.");
	}
	transfer->failure = HTTP_FAILURE_REFUSED_URL;
	return error_set(error, RESULT_DENIED, NULL, "Requests go to https addresses, or to http on this machine, only.");
}

enum result transfer_prepare(struct transfer *transfer, const struct http_request *request,
                             const struct transfer_settings *settings, struct error *error)
{
	transfer->request = request;
	transfer->header_block = TEXT_INIT(LARGEST_HEADER_BLOCK);
	transfer->body = TEXT_INIT(request->max_response_bytes);
	uint64_t failures = memory_failures();
	if (!url_is_allowed(request->url))
		return refuse_url(transfer, failures, error);
	transfer->failure = HTTP_FAILURE_OTHER;
	if (!is_sendable(request))
		return error_set(error, RESULT_INVALID, NULL,
		                 "The request has a method, a header or a limit that cannot be used.");
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL || !set_method_and_body(transfer) || !set_route(transfer, settings) ||
	    !set_trust(transfer, settings) || !set_answer(transfer, settings) || !set_headers(transfer))
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is not enough memory to send a request.");
	transfer->failure = HTTP_FAILURE_NONE;
	return RESULT_OK;
}

/* One line of a header block, its end found; false if it is none ("", a folded line). */
static bool split_header(struct arena *arena, const char *line, size_t length, struct http_header *ret_header,
                         bool *ret_no_memory)
{
	const char *colon = memchr(line, ':', length);
	if (colon == NULL || colon == line || *line == ' ' || *line == '\t')
		return false;
	const char *value = colon + 1, *end = line + length;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && strchr(" \t\r", end[-1]) != NULL)
		end--;
	char *name = arena_strndup(arena, line, (size_t)(colon - line));
	char *copy = arena_strndup(arena, value, (size_t)(end - value));
	if (name == NULL || copy == NULL) {
		*ret_no_memory = true;
		return false;
	}
	for (char *at = name; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
	}
	*ret_header = (struct http_header){name, copy};
	return true;
}

static bool split_headers(const struct text *block, struct arena *arena, struct http_response *response)
{
	size_t lines = 0;
	for (size_t i = 0; i < block->length; i++)
		lines += block->data[i] == '\n';
	size_t most = lines < MOST_HEADERS ? lines : MOST_HEADERS;
	struct http_header *headers = arena_array(arena, most, sizeof(*headers));
	if (headers == NULL)
		return false;
	size_t count = 0;
	bool no_memory = false;
	const char *at = block->data, *end = at + block->length;
	while (at < end && count < most) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline == NULL ? end : newline;
		count += split_header(arena, at, (size_t)(stop - at), &headers[count], &no_memory);
		at = stop + (newline != NULL);
	}
	response->headers = headers;
	response->header_count = count;
	return !no_memory;
}

static enum result deliver(struct transfer *transfer, struct arena *arena, struct http_response *response)
{
	long status = 0, version = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
	response->status = (int)status;
	response->http_version = version == CURL_HTTP_VERSION_2_0 ? 2 : 1;
	const char *body = transfer->body.length == 0 ? "" : transfer->body.data;
	response->body = arena_strndup(arena, body, transfer->body.length);
	response->body_length = transfer->body.length;
	if (response->body == NULL || !split_headers(&transfer->header_block, arena, response))
		return RESULT_NO_MEMORY;
	return RESULT_OK;
}

enum result transfer_finish(struct transfer *transfer, struct arena *arena, struct http_response *ret_response,
                            struct error *error)
{
	struct http_response response = {.failure = HTTP_FAILURE_NONE};
	curl_off_t elapsed_us = 0;
	long sent = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &elapsed_us);
	curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
	response.elapsed_ms = elapsed_us / 1000;

	bool cut_short = transfer->failure != HTTP_FAILURE_NONE || transfer->no_memory || transfer->code != CURLE_OK;
	enum result result = cut_short ? RESULT_OK : deliver(transfer, arena, &response);
	if (!cut_short && result == RESULT_OK) {
		*ret_response = response;
		return RESULT_OK;
	}
	if (result != RESULT_OK) {
		transfer->no_memory = true;
		response = (struct http_response){.elapsed_ms = response.elapsed_ms};
	}
	result = failure_describe(transfer, sent > 0, &response, error);
	*ret_response = response;
	return result;
}

void transfer_done(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->header_list);
	text_done(&transfer->header_block);
	text_done(&transfer->body);
	transfer->easy = NULL;
	transfer->header_list = NULL;
}

const char *http_response_header(const struct http_response *response, const char *name)
{
	for (size_t i = 0; i < response->header_count; i++) {
		if (text_equal_fold(response->headers[i].name, name))
			return response->headers[i].value;
	}
	return NULL;
}
