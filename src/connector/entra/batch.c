/* Items answer for themselves: each has its own status, headers and body, and may be throttled while its neighbour
 * succeeded. The ids are the positions, from "1"; answers are found by id, never by place. An item that the answer
 * leaves out was not answered, which is not success. */
#include "connector/entra/batch.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/throttle_gate.h"
#include "http/retry.h"

#define BATCH_BODY_CEILING (256 * 1024)
#define RETRY_AFTER_CAP_MS (3600 * 1000)

static void item_write(struct text *text, size_t position, bool chained, const struct graph_request *request)
{
	text_printf(text, "%s{\"id\":\"%zu\",\"method\":\"%s\",\"url\":", position > 1 ? "," : "", position,
	            graph_method_name(request->method));
	text_append_json(text, request->path);
	if (request->body != NULL) {
		text_append(text, ",\"headers\":{\"Content-Type\":\"application/json\"},\"body\":");
		text_append(text, request->body);
	}
	if (chained && position > 1)
		text_printf(text, ",\"dependsOn\":[\"%zu\"]", position - 1);
	text_append_char(text, '}');
}

enum result batch_write(const struct graph_request *requests, size_t count, bool chained, struct text *body,
                        struct graph_request *ret_request, struct error *error)
{
	if (count == 0 || count > BATCH_MAX)
		return error_set(error, RESULT_INVALID, "validation_failed", "A batch holds between 1 and %d requests.",
		                 BATCH_MAX);
	*body = TEXT_INIT(BATCH_BODY_CEILING);
	text_append(body, "{\"requests\":[");
	for (size_t i = 0; i < count; i++) {
		const struct graph_request *request = &requests[i];
		if (request->path == NULL || !graph_request_is_allowed(request->method, request->path, request->body))
			return error_set(error, RESULT_INVALID, "validation_failed",
			                 "That request is not one that this product sends.");
		item_write(body, i + 1, chained, request);
	}
	text_append(body, "]}");
	if (text_failed(body))
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	*ret_request = (struct graph_request){.method = GRAPH_POST, .path = "/$batch", .body = body->data};
	for (size_t i = 0; i < count; i++) {
		ret_request->use.singles += requests[i].use.singles;
		ret_request->use.link_requests += requests[i].use.link_requests;
		ret_request->use.links += requests[i].use.links;
		ret_request->units += graph_request_units(&requests[i]);
	}
	return RESULT_OK;
}

static const char *header_of(const json_t *headers, const char *name)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)headers, key, value)
	{
		if (text_equal_fold(key, name))
			return json_string_value(value);
	}
	return NULL;
}

/* 1-based; 0 if it is not one of ours. */
static size_t position_of(const json_t *id, size_t count)
{
	int64_t position = 0;
	if (json_is_integer(id))
		position = json_integer_value(id);
	else if (!json_is_string(id) || text_parse_int(json_string_value(id), 1, (int64_t)count, &position) != RESULT_OK)
		return 0;
	return position >= 1 && position <= (int64_t)count ? (size_t)position : 0;
}

static void item_read(const json_t *response, int64_t now_ms, struct batch_item *item)
{
	*item = (struct batch_item){.status = (int)json_integer_at(response, "status", 0)};
	item->body = json_object_get(response, "body");
	const json_t *headers = json_object_get(response, "headers");
	item->limit_used = graph_limit_used(header_of(headers, "x-ms-throttle-limit-percentage"));
	const char *request_id = header_of(headers, "request-id");
	if (request_id != NULL && text_is_uuid(request_id))
		memcpy(item->trace.request_id, request_id, strlen(request_id) + 1);
	if (item->status >= 200 && item->status < 300) {
		item->result = RESULT_OK;
		return;
	}
	int64_t wait = retry_after_ms(header_of(headers, "retry-after"), now_ms, RETRY_AFTER_CAP_MS);
	if (item->status < 400 || item->status > 599) {
		item->result = error_set(&item->error, RESULT_PROTOCOL, "graph_bad_response",
		                         "An item of Microsoft Graph's batch answer has no status that can be understood.");
		return;
	}
	graph_fault_read(item->body, &item->fault);
	item->result = graph_fault_fill(item->status, &item->fault, wait, &item->error);
	if (item->trace.request_id[0] != '\0')
		memcpy(item->error.request_id, item->trace.request_id, sizeof(item->error.request_id));
}

void batch_sort(const json_t *envelope, size_t count, int64_t now_ms, struct batch_item *ret_items)
{
	for (size_t i = 0; i < count; i++) {
		ret_items[i] = (struct batch_item){0};
		ret_items[i].result = error_set(&ret_items[i].error, RESULT_PROTOCOL, "graph_bad_response",
		                                "Microsoft Graph's batch answer leaves out an item that was asked.");
		ret_items[i].error.retryable = true;
		ret_items[i].error.retry_after_ms = -1;
	}
	const json_t *responses = json_object_get(envelope, "responses");
	for (size_t i = 0; i < json_array_size(responses); i++) {
		const json_t *response = json_array_get(responses, i);
		size_t position = position_of(json_object_get(response, "id"), count);
		if (position != 0 && ret_items[position - 1].status == 0)
			item_read(response, now_ms, &ret_items[position - 1]);
	}
}

static void item_note(const struct graph_session *session, const struct connector_trace *trace, struct batch_item *item)
{
	memcpy(item->trace.client_request_id, trace->client_request_id, sizeof(item->trace.client_request_id));
	if (item->trace.request_id[0] == '\0')
		memcpy(item->trace.request_id, trace->request_id, sizeof(item->trace.request_id));
	if (item->result == RESULT_OK)
		return;
	memcpy(item->error.client_request_id, trace->client_request_id, sizeof(item->error.client_request_id));
	if (item->error.request_id[0] == '\0')
		memcpy(item->error.request_id, trace->request_id, sizeof(item->error.request_id));
	if (item->status == 429 || (item->status == 503 && item->error.retry_after_ms > 0))
		throttle_gate_close(&session->place, session->target->settings, clock_monotonic_ms(session->environment->clock),
		                    item->error.retry_after_ms);
}

enum result batch_read(const struct graph_session *session, const struct graph_answer *answer, enum result result,
                       size_t count, struct batch_item *ret_items, struct error *error)
{
	bool has_items = json_is_array(json_object_get(answer->body, "responses"));
	if (result != RESULT_OK && !(answer->status == 424 && has_items))
		return result;
	if (!has_items)
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's batch answer holds no list of responses.");
	batch_sort(answer->body, count, clock_now_ms(session->environment->clock), ret_items);
	for (size_t i = 0; i < count; i++)
		item_note(session, &answer->trace, &ret_items[i]);
	return RESULT_OK;
}

/* Reads alone: what writes tell of their limit goes another way (write_budget.h). */
static void items_note_usage(const struct graph_session *session, const struct graph_request *request,
                             const struct batch_item *items, size_t count)
{
	double used = 0;
	int status = 0;
	if (request->use.singles + request->use.link_requests > 0)
		return;
	for (size_t i = 0; i < count; i++) {
		used = items[i].limit_used > used ? items[i].limit_used : used;
		status = items[i].status == 429 ? 429 : status;
	}
	graph_note_usage(session, status, used);
}

bool batch_is_refused(const struct graph_answer *answer, enum result result)
{
	if (result == RESULT_TOO_LARGE)
		return true;
	if (result == RESULT_OK || result == RESULT_THROTTLED || answer->status == 0)
		return false;
	return result == RESULT_PROTOCOL || (answer->status >= 400 && answer->status < 500 && answer->status != 401);
}

enum result batch_perform(struct graph_session *session, const struct graph_request *requests, size_t count,
                          struct graph_answer *ret_answer, struct batch_item *ret_items, struct error *error)
{
	*ret_answer = (struct graph_answer){.retry_after_ms = -1};
	_cleanup_(text_done) struct text body = {0};
	struct graph_request request;
	enum result result = batch_write(requests, count, false, &body, &request, error);
	if (result != RESULT_OK)
		return result;
	result = graph_perform(session, &request, ret_answer, error);
	result = batch_read(session, ret_answer, result, count, ret_items, error);
	if (result == RESULT_OK)
		items_note_usage(session, &request, ret_items, count);
	return result;
}

/* Those calls whose envelope could be written, in one go. */
static void calls_send(struct graph_session *session, struct batch_call *const *calls,
                       const struct graph_request *requests, size_t count)
{
	struct graph_answer answers[BATCH_CALLS_MAX];
	enum result results[BATCH_CALLS_MAX];
	struct error errors[BATCH_CALLS_MAX];
	(void)graph_perform_all(session, requests, count, answers, results, errors);
	for (size_t i = 0; i < count; i++) {
		struct batch_call *call = calls[i];
		call->answer = answers[i];
		call->error = errors[i];
		call->result = batch_read(session, &call->answer, results[i], call->count, call->items, &call->error);
		if (call->result == RESULT_OK)
			items_note_usage(session, &requests[i], call->items, call->count);
	}
}

void batch_perform_all(struct graph_session *session, struct batch_call *calls, size_t count)
{
	struct text bodies[BATCH_CALLS_MAX] = {0};
	struct graph_request written[BATCH_CALLS_MAX];
	struct batch_call *sent[BATCH_CALLS_MAX];
	size_t ready = 0;
	for (size_t i = 0; i < count; i++) {
		struct batch_call *call = &calls[i];
		call->answer = (struct graph_answer){.retry_after_ms = -1};
		call->error = (struct error){.retry_after_ms = -1};
		if (i >= BATCH_CALLS_MAX)
			call->result = error_set(&call->error, RESULT_INVALID, "validation_failed", "Too many batches at once.");
		else
			call->result = batch_write(call->requests, call->count, false, &bodies[i], &written[ready], &call->error);
		if (call->result == RESULT_OK)
			sent[ready++] = call;
	}
	if (ready > 0)
		calls_send(session, sent, written, ready);
	for (size_t i = 0; i < BATCH_CALLS_MAX; i++)
		text_done(&bodies[i]);
}

void batch_perform_single(struct graph_session *session, const struct graph_request *request,
                          struct graph_answer *ret_answer, struct batch_item *ret_item)
{
	*ret_item = (struct batch_item){.error = {.retry_after_ms = -1}};
	ret_item->result = graph_perform(session, request, ret_answer, &ret_item->error);
	ret_item->status = ret_answer->status;
	ret_item->body = ret_answer->body;
	ret_item->fault = ret_answer->fault;
	ret_item->limit_used = ret_answer->limit_used;
	ret_item->trace = ret_answer->trace;
}

static void single_tell(struct graph_session *session, const struct graph_request *request,
                        const struct batch_listener *listener)
{
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	struct batch_item item;
	batch_perform_single(session, request, &answer, &item);
	listener->hear(listener->context, 0, &item);
}

/* True if the exchange was answered at all. */
static bool call_tell(struct batch_call *call, size_t first, const struct batch_listener *listener)
{
	bool refused = batch_is_refused(&call->answer, call->result);
	bool answered = call->result == RESULT_OK || refused;
	for (size_t i = 0; i < call->count; i++) {
		struct batch_item whole = {.result = call->result, .status = call->answer.status, .error = call->error};
		if (refused)
			listener->hear(listener->context, first + i, NULL);
		else
			listener->hear(listener->context, first + i, call->result == RESULT_OK ? &call->items[i] : &whole);
	}
	graph_answer_done(&call->answer);
	return answered;
}

static size_t calls_fill(struct batch_call *calls, const struct graph_request *requests, size_t count)
{
	size_t filled = 0;
	for (size_t start = 0; start < count && filled < BATCH_CALLS_MAX; start += BATCH_MAX) {
		struct batch_call *call = &calls[filled++];
		call->count = count - start < BATCH_MAX ? count - start : BATCH_MAX;
		memcpy(call->requests, requests + start, call->count * sizeof(*requests));
	}
	return filled;
}

static void rest_fail(size_t first, size_t count, enum result result, const struct error *why,
                      const struct batch_listener *listener)
{
	for (size_t i = first; i < count; i++) {
		struct batch_item item = {.result = result, .error = *why};
		listener->hear(listener->context, i, &item);
	}
}

/* Of each round: whether anybody answered; ret_sent: how many requests it took. */
static bool round_perform(struct graph_session *session, struct batch_call *calls, const struct graph_request *requests,
                          size_t first, size_t count, size_t *ret_sent, const struct batch_listener *listener)
{
	size_t filled = calls_fill(calls, requests + first, count - first);
	bool answered = false;
	batch_perform_all(session, calls, filled);
	for (size_t i = 0; i < filled; i++) {
		size_t asked = calls[i].count;
		answered = call_tell(&calls[i], first, listener) || answered;
		first += asked;
		*ret_sent += asked;
	}
	return answered;
}

void batch_perform_each(struct graph_session *session, const struct graph_request *requests, size_t count,
                        const struct batch_listener *listener)
{
	if (count == 1) {
		single_tell(session, requests, listener);
		return;
	}
	size_t batches = (count + BATCH_MAX - 1) / BATCH_MAX;
	size_t at_once = batches < BATCH_CALLS_MAX ? batches : BATCH_CALLS_MAX;
	_cleanup_(memory_freep) struct batch_call *calls = memory_calloc(at_once, sizeof(*calls));
	struct error error = {.retry_after_ms = -1};
	if (calls == NULL && count > 0) {
		error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		rest_fail(0, count, RESULT_NO_MEMORY, &error, listener);
		return;
	}
	for (size_t sent = 0; sent < count;) {
		if (round_perform(session, calls, requests, sent, count, &sent, listener))
			continue;
		rest_fail(sent, count, calls[0].result, &calls[0].error, listener);
		return;
	}
}
