/* Outgoing HTTP: libcurl's multi interface on one thread of its own (DESIGN section 5).
 *
 * HTTP/2 where the server speaks it, connections reused, no redirects, no proxy from the environment, https only (http
 * to loopback), TLS 1.2 or newer, CURLOPT_QUICK_EXIT and an own resolve cache so that a hanging resolver cannot freeze
 * the thread. Bodies are bounded by the caller. Retrying is not its business (http/retry.h). */
#ifndef AIC_HTTP_CLIENT_H
#define AIC_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

/* Why no HTTP answer came. */
enum http_failure {
	HTTP_FAILURE_NONE,
	HTTP_FAILURE_REFUSED_URL, /* not https, or http to another host than loopback; or it holds a '#' */
	HTTP_FAILURE_RESOLVE,
	HTTP_FAILURE_CONNECT,
	HTTP_FAILURE_TLS, /* handshake or certificate */
	HTTP_FAILURE_TIMEOUT,
	HTTP_FAILURE_RESET,     /* closed, or cut, before the answer was whole */
	HTTP_FAILURE_TOO_LARGE, /* the body passed max_response_bytes */
	HTTP_FAILURE_CANCELLED, /* the client is being freed */
	HTTP_FAILURE_OTHER,
};

struct http_header {
	const char *name;
	const char *value;
};

struct http_request {
	const char *method; /* "GET" … */
	const char *url;
	const struct http_header *headers; /* of the caller; User-Agent and Accept-Encoding are set by the client */
	size_t header_count;
	const void *body; /* must stay valid until the call returns or the callback ran; not copied */
	size_t body_length;
	int64_t timeout_ms;        /* of the whole exchange; > 0 */
	size_t max_response_bytes; /* > 0 */
	const char *unix_socket;   /* NULL: TCP */
	/* NULL, or where the body of a 2xx answer goes piece by piece, on the client's thread, instead of into the
	 * response; max_response_bytes is then about other answers. False ends the exchange as cancelled. */
	bool (*take)(void *context, const void *bytes, size_t length);
	void *take_context;
	bool secret_body; /* the body holds a credential: HTTP/1.1, since the HTTP/2 library does not wipe its buffers */
};

/* Lives in the arena given. An HTTP answer of any status is RESULT_OK. */
struct http_response {
	int status;
	struct http_header *headers; /* names in lower case */
	size_t header_count;
	char *body; /* NUL-terminated beyond its length */
	size_t body_length;
	enum http_failure failure; /* set when the result is not RESULT_OK, too */
	bool maybe_sent;           /* with a failure: the request may have reached the other side */
	long http_version;         /* 1 or 2 */
	int64_t elapsed_ms;
};

/* The first header of that name (case-insensitive), or NULL. */
const char *http_response_header(const struct http_response *response, const char *name);

struct http_client_options {
	const char *ca_file; /* extra trust anchors for every request, beside the system's; NULL */
	const char *proxy;   /* "http://host:port"; NULL: none */
	const char *user_agent;
	int max_connections_per_host; /* 0: 256 */
};

struct http_client;
enum result http_client_new(const struct http_client_options *options, struct http_client **ret_client,
                            struct error *error) MUST_CHECK;
void http_client_free(struct http_client *client); /* cancels what runs, joins the thread; accepts NULL */

/* Blocks the calling thread until the answer is whole. RESULT_OK for any HTTP status; else RESULT_UNAVAILABLE (resolve,
 * connect, reset, cancelled), RESULT_TIMEOUT, RESULT_DENIED (TLS, refused URL), RESULT_TOO_LARGE, RESULT_NO_MEMORY,
 * RESULT_PROTOCOL (what came is not HTTP), RESULT_INVALID (a method, header or limit that cannot be sent). ret_response
 * is filled with failure and maybe_sent on those as well (the one exception to "untouched on failure"). POST and PATCH
 * are never sent twice. */
enum result http_client_perform(struct http_client *client, const struct http_request *request, struct arena *arena,
                                struct http_response *ret_response, struct error *error) MUST_CHECK;

/* Several at once, in parallel, each with its own result, and error (ret_errors may be NULL); returns when all are
 * done.
 */
enum result http_client_perform_all(struct http_client *client, const struct http_request *requests, size_t count,
                                    struct arena *arena, struct http_response *ret_responses, enum result *ret_results,
                                    struct error *ret_errors) MUST_CHECK;

#endif
