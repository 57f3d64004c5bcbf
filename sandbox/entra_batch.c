/* $batch: up to 20 calls in one, answered in any order (and here in a shuffled one, so that nobody relies on it). */
#include <ctype.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "entra.h"
#include "faults.h"
#include "request_log.h"

#define BATCH_MAX 20

static void lower_copy(const char *from, char *out, size_t size)
{
	size_t i = 0;
	for (; i < size - 1 && from[i]; i++)
		out[i] = (char)tolower((unsigned char)from[i]);
	out[i] = '\0';
}

static bool item_valid(struct entra_call *call, const json_t *item, json_t *ids)
{
	char id[128];
	const char *given = json_string_at(item, "id");
	const char *url = json_string_at(item, "url");
	if (!given || !*given || !json_string_at(item, "method") || !url || !*url || text_starts_with(url, "http")) {
		entra_fail(call, 400, "BadRequest", "Invalid batch payload format.");
		return false;
	}
	lower_copy(given, id, sizeof(id));
	if (json_object_get(ids, id)) {
		entra_fail(call, 400, "BadRequest", "Batch request id '%s' is not unique.", given);
		return false;
	}
	json_object_set_new(ids, id, json_false());
	return true;
}

static bool batch_valid(struct entra_call *call, const json_t *items, json_t *ids)
{
	size_t index;
	size_t at;
	json_t *item;
	json_t *needed;
	char id[128];
	if (!json_is_array(items) || json_array_size(items) == 0) {
		entra_fail(call, 400, "BadRequest", "Invalid batch payload format.");
		return false;
	}
	if (json_array_size(items) > BATCH_MAX) {
		entra_fail(call, 400, "BadRequest", "Number of batch request steps exceeds the maximum value of 20.");
		return false;
	}
	json_array_foreach(items, index, item) if (!item_valid(call, item, ids)) return false;
	json_array_foreach(items, index, item)
	{
		json_array_foreach(json_object_get(item, "dependsOn"), at, needed)
		{
			lower_copy(json_string_value(needed) ? json_string_value(needed) : "", id, sizeof(id));
			if (json_object_get(ids, id))
				continue;
			entra_fail(call, 400, "BadRequest", "Batch request dependsOn names an id that does not exist.");
			return false;
		}
	}
	return true;
}

static json_t *item_headers(const struct entra_call *call, const json_t *item)
{
	json_t *headers = json_object();
	const char *name;
	json_t *value;
	char lowered[128];
	json_object_foreach(json_object_get(item, "headers"), name, value)
	{
		lower_copy(name, lowered, sizeof(lowered));
		json_object_set(headers, lowered, value);
	}
	json_object_set_new(headers, "authorization", json_string(request_header(call->request, "authorization")));
	json_object_set_new(headers, "user-agent", json_string(request_header(call->request, "user-agent")));
	return headers;
}

static json_t *answer_of(struct reply *reply, const char *id)
{
	json_t *headers = json_object();
	if (reply->json)
		json_object_set_new(
		    headers, "Content-Type",
		    json_string("application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
		                "charset=utf-8"));
	json_object_set_new(headers, "Cache-Control", json_string("no-cache"));
	if (reply->headers)
		json_object_update(headers, reply->headers);
	json_t *answer = json_pack("{s:s,s:i,s:o}", "id", id, "status", reply->status, "headers", headers);
	if (reply->json)
		json_object_set(answer, "body", reply->json);
	else if (reply->text && *reply->text)
		json_object_set_new(answer, "body", json_string(reply->text));
	return answer;
}

static void item_run(struct entra_call *call, const json_t *item, struct request *request, struct reply *reply)
{
	const json_t *body = json_object_get(item, "body");
	const char *url = json_string_at(item, "url");
	struct arena *arena = call->request->arena;
	const char *target = arena_printf(arena, "/v1.0%s%s", url[0] == '/' ? "" : "/", url);
	if (body) {
		request->body = json_is_string(body) ? json_string_value(body) : json_write(arena, body);
		request->length = request->body ? strlen(request->body) : 0;
	}
	if (!target || !request_read_target(request, target)) {
		entra_fail(call, 400, "BadRequest", "Malformed url.");
		return;
	}
	struct fault fault = faults_take_item(call->sandbox, request->method, request->path);
	if (body && !request_header(request, "content-type")) {
		struct entra_call inner = *call;
		inner.request = request;
		inner.reply = reply;
		entra_fail(&inner, 400, "BadRequest", "Write requests require the Content-Type header declaration.");
	} else if (!fault.action || fault.applies) {
		entra_graph(call->sandbox, request, reply);
	}
	faults_act(&fault, reply);
	fault_done(&fault);
	request_log_add(call->sandbox, "entra", request, reply);
}

static json_t *item_answer(struct entra_call *call, const json_t *item, bool *ret_good)
{
	_cleanup_(json_decrefp) json_t *headers = item_headers(call, item);
	struct request request = {.arena = call->request->arena,
	                          .method = json_string_at(item, "method"),
	                          .headers = headers,
	                          .body = "",
	                          .origin = call->request->origin,
	                          .batched = true};
	struct reply reply = {.status = 500};
	item_run(call, item, &request, &reply);
	json_t *answer = answer_of(&reply, json_string_at(item, "id"));
	*ret_good = reply.status < 400;
	request_done(&request);
	reply_done(&reply);
	return answer;
}

/* 1: all done well, 0: one has failed, -1: one is still open. */
static int dependencies_state(const json_t *item, const json_t *ids)
{
	size_t index;
	json_t *needed;
	int state = 1;
	char id[128];
	json_array_foreach(json_object_get(item, "dependsOn"), index, needed)
	{
		lower_copy(json_string_value(needed), id, sizeof(id));
		const json_t *done = json_object_get(ids, id);
		if (json_is_false(done))
			return -1;
		if (json_is_null(done))
			state = 0;
	}
	return state;
}

/* In `ids`, false is open, true done well, null failed. */
static bool batch_step(struct entra_call *call, const json_t *items, json_t *ids, json_t *responses)
{
	bool moved = false;
	size_t index;
	json_t *item;
	char id[128];
	json_array_foreach(items, index, item)
	{
		bool good = false;
		lower_copy(json_string_at(item, "id"), id, sizeof(id));
		if (!json_is_false(json_object_get(ids, id)))
			continue;
		int state = dependencies_state(item, ids);
		if (state < 0)
			continue;
		if (state == 0)
			json_array_append_new(responses, json_pack("{s:s,s:i,s:{s:{s:s,s:s}}}", "id", json_string_at(item, "id"),
			                                           "status", 424, "body", "error", "code", "FailedDependency",
			                                           "message", "A request that this one depends on has failed."));
		else
			json_array_append_new(responses, item_answer(call, item, &good));
		json_object_set_new(ids, id, good ? json_true() : json_null());
		moved = true;
	}
	return moved;
}

static void shuffle(json_t *array)
{
	for (size_t left = json_array_size(array); left > 1; left--) {
		json_t *moved = json_incref(json_array_get(array, (size_t)id_random_below(left)));
		for (size_t i = 0; i < json_array_size(array); i++) {
			if (json_array_get(array, i) != moved)
				continue;
			json_array_remove(array, i);
			break;
		}
		json_array_append_new(array, moved);
	}
}

static bool any_throttled(const json_t *responses)
{
	size_t index;
	json_t *response;
	json_array_foreach(responses, index, response) if (json_integer_at(response, "status", 0) == 429) return true;
	return false;
}

void entra_batch(struct entra_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	_cleanup_(json_decrefp) json_t *ids = json_object();
	const json_t *items = json_object_get(body, "requests");
	if (call->request->batched) {
		entra_fail(call, 400, "BadRequest", "A batch cannot contain a batch.");
		return;
	}
	if (!batch_valid(call, items, ids))
		return;
	json_t *responses = json_array();
	while (batch_step(call, items, ids, responses))
		;
	if (json_array_size(responses) < json_array_size(items)) {
		json_decref(responses);
		entra_fail(call, 400, "BadRequest", "The dependsOn members form a circle.");
		return;
	}
	shuffle(responses);
	bool refused = call->sandbox->faults.throttle.envelope_424 && any_throttled(responses);
	reply_json(call->reply, refused ? 424 : 200, json_pack("{s:o}", "responses", responses));
}
