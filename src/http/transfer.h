/* One exchange: a request turned into a libcurl handle, what comes back, and how it ended. Private to this folder. */
#ifndef AIC_HTTP_TRANSFER_H
#define AIC_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "base/text.h"
#include "http/client.h"

struct waiting; /* client.c: who is told when transfers end */

struct transfer {
	const struct http_request *request; /* of the caller, who waits */
	CURL *easy;
	struct curl_slist *header_list;
	size_t body_sent;
	struct text header_block; /* of the last answer: interim ones (1xx) are dropped */
	struct text body;
	enum http_failure failure; /* set by the callbacks, before libcurl tells its own reason */
	bool no_memory;
	CURLcode code; /* how libcurl ended */
	char fault[CURL_ERROR_SIZE];
	struct waiting *waiting;
	struct transfer *next, *previous; /* in the client's queue or list of running ones */
};

/* What every exchange of one client has in common. */
struct transfer_settings {
	const char *proxy;
	const char *user_agent;
	curl_ssl_ctx_callback trust; /* sets the trust anchors */
	void *trust_data;
};

/* Refuses what must not be sent: RESULT_DENIED (URL), RESULT_INVALID (method, header), or RESULT_NO_MEMORY, with
 * transfer->failure set. Call transfer_done in any case. */
enum result transfer_prepare(struct transfer *transfer, const struct http_request *request,
                             const struct transfer_settings *settings, struct error *error) MUST_CHECK;
/* After libcurl ended (or the client gave up: failure is HTTP_FAILURE_CANCELLED): moves the answer into the arena. */
enum result transfer_finish(struct transfer *transfer, struct arena *arena, struct http_response *ret_response,
                            struct error *error) MUST_CHECK;
void transfer_done(struct transfer *transfer);

#endif
