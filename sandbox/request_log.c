#include "request_log.h"

#include <string.h>

#include "base/clock.h"
#include "request_tally.h"

#define KEPT 20000
#define DROPPED_AT_ONCE 2000
#define BODIES_KEPT 2000
#define BODY_LONGEST (64u << 10)

/* What was sent, as it was sent, so that a test can judge it. JSON alone: a form may carry a secret. Only of the newest
 * requests, because a bulk load sends a lot of it. */
static void body_keep(struct sandbox *sandbox, json_t *entry, const struct request *request)
{
	const char *type = request_header(request, "content-type");
	size_t count = json_array_size(sandbox->requests);
	if (type && strncasecmp(type, "application/json", 16) == 0 && request->length > 0 &&
	    request->length <= BODY_LONGEST)
		json_object_set_new(entry, "body", json_stringn(request->body, request->length));
	if (count > BODIES_KEPT)
		json_object_del(json_array_get(sandbox->requests, count - BODIES_KEPT - 1), "body");
}

void request_log_add(struct sandbox *sandbox, const char *site, const struct request *request,
                     const struct reply *reply)
{
	char at[CLOCK_TEXT_SIZE];
	clock_format(sandbox_now_ms(sandbox), at);
	sandbox->request_count++;
	sandbox->call_count += request->batched ? 0 : 1;
	json_t *entry =
	    json_pack("{s:I,s:s,s:I,s:s,s:s,s:s,s:i,s:b,s:s?,s:s?,s:s?,s:s?}", "seq", (json_int_t)sandbox->request_count,
	              "at", at, "atMs", (json_int_t)sandbox_now_ms(sandbox), "site", site, "method", request->method,
	              "path", request->path, "status", reply->transport == REPLY_WHOLE ? reply->status : 0, "batched",
	              request->batched, "permission", reply->permission, "requestId", reply->request_id, "clientRequestId",
	              request_header(request, "client-request-id"), "userAgent", request_header(request, "user-agent"));
	if (entry && request->received_ms > 0)
		json_object_set_new(entry, "receivedMs", json_integer(request->received_ms));
	if (entry && json_object_get(reply->headers, "Retry-After"))
		json_object_set(entry, "retryAfter", json_object_get(reply->headers, "Retry-After"));
	if (entry && json_object_size(request->query) > 0)
		json_object_set(entry, "query", request->query);
	body_keep(sandbox, entry, request);
	request_tally_add(sandbox, request);
	json_array_append_new(sandbox->requests, entry);
	while (json_array_size(sandbox->requests) > KEPT) {
		json_t *rest = json_array();
		for (size_t i = DROPPED_AT_ONCE; i < json_array_size(sandbox->requests); i++)
			json_array_append(rest, json_array_get(sandbox->requests, i));
		json_decref(sandbox->requests);
		sandbox->requests = rest;
	}
}

json_t *request_log_list(const struct sandbox *sandbox, int64_t since)
{
	json_t *list = json_array();
	size_t index;
	json_t *entry;
	json_array_foreach(sandbox->requests, index, entry) if (json_integer_at(entry, "seq", 0) > since)
	    json_array_append(list, entry);
	return json_pack("{s:I,s:I,s:o,s:O}", "count", (json_int_t)sandbox->request_count, "calls",
	                 (json_int_t)sandbox->call_count, "requests", list, "tally", sandbox->tally);
}

void request_log_reset(struct sandbox *sandbox)
{
	json_decref(sandbox->requests);
	sandbox->requests = json_array();
	sandbox->request_count = sandbox->call_count = 0;
	request_tally_reset(sandbox);
}
