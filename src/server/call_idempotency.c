/* Idempotency keys (CONTRACT, Manners).
 *
 * The answer of a POST that creates is rendered before the write, with every id and instant in it chosen here, and goes
 * into the store in the same transaction as the object. A second request with the same key is then answered from the
 * record, byte for byte. The body itself is never kept, only its HMAC under a key of this installation: a body may hold
 * a client secret, and a plain hash of it could be guessed at. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/id.h"
#include "base/json.h"
#include "server/api_call.h"
#include "server/problem.h"
#include "server/route.h"

#define IDEMPOTENCY_META "idempotency.key"
#define IDEMPOTENCY_KEY_MAX 255

static enum result idempotency_key_load(struct api_context *context, struct store *store, struct arena *arena)
{
	uint8_t *bytes;
	size_t length;
	enum result result = store->ops->meta_read(store, IDEMPOTENCY_META, arena, &bytes, &length);
	if (result != RESULT_OK)
		return result;
	if (length != sizeof context->idempotency_key)
		return RESULT_PROTOCOL;
	memcpy(context->idempotency_key, bytes, length);
	return RESULT_OK;
}

enum result api_context_init(struct api_context *context, const struct server_options *options, struct error *error)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(64 << 10);
	if (arena == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is no memory left.");
	memset(context, 0, sizeof *context);
	context->options = *options;
	struct store *store = options->store;
	enum result result = idempotency_key_load(context, store, arena);
	if (result == RESULT_NOT_FOUND) {
		uint8_t fresh[32];
		id_random_bytes(fresh, sizeof fresh);
		result = store->ops->meta_write_once(store, IDEMPOTENCY_META, fresh, sizeof fresh, error);
		/* Somebody else's came first: that one counts. */
		if (result == RESULT_OK || result == RESULT_CONFLICT)
			result = idempotency_key_load(context, store, arena);
	}
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The store gives no key for idempotent requests.");
	return RESULT_OK;
}

static bool idempotency_key_is_valid(const char *key)
{
	size_t length = strlen(key);
	if (length == 0 || length > IDEMPOTENCY_KEY_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (key[i] < 0x20 || key[i] > 0x7e)
			return false;
	}
	return true;
}

static enum result idempotency_prepare(struct api_call *call)
{
	struct idempotency *record = &call->idempotency;
	if (!idempotency_key_is_valid(call->headers.idempotency_key))
		return call_fault(call, "Idempotency-Key", "malformed", "must be 1 to %d printable ASCII characters",
		                  IDEMPOTENCY_KEY_MAX);
	record->principal_id = call->principal.principal_id;
	record->key = call->headers.idempotency_key;
	/* A key that is used on one object says nothing about another. */
	const char *object = call->parameters[0];
	record->route = arena_printf(call->request_arena, "%s %s%s%s", call->route->method, call->route->pattern,
	                             object != NULL ? " " : "", object != NULL ? object : "");
	if (record->route == NULL)
		return RESULT_NO_MEMORY;
	return digest_hmac_sha256(call->context->idempotency_key, sizeof call->context->idempotency_key,
	                          call->body != NULL ? call->body : "", call->body_length, record->request_hash);
}

static enum result idempotency_answer(struct api_call *call)
{
	const struct idempotency *record = &call->idempotency;
	const char *text = record->response != NULL ? record->response : "";
	const char *tag = NULL;
	enum result result = RESULT_OK;
	if (record->status == 201) /* another is not the object alone */
		result = call_entity_tag(call->arena, text, &tag);
	if (result != RESULT_OK)
		return result;
	call->status = record->status;
	call->content_type = "application/json";
	call->answer = text;
	call->answer_length = strlen(text);
	call_answer_header(call, "ETag", tag);
	call_answer_header(call, "Location", record->location);
	call_answer_header(call, "Idempotency-Replayed", "true");
	return RESULT_OK;
}

enum result call_look_for_replay(struct api_call *call)
{
	if (!(call->route->flags & ROUTE_CREATES) || call->headers.idempotency_key == NULL)
		return RESULT_OK;
	enum result result = idempotency_prepare(call);
	if (result != RESULT_OK)
		return result;
	struct store *store = call_store(call);
	result = store->ops->idempotency_find(store, call->arena, &call->idempotency, &call->error);
	if (result == RESULT_OK)
		return idempotency_answer(call);
	if (result != RESULT_NOT_FOUND)
		return result;
	call->idempotent = true;
	call->idempotency.replayed = false;
	return RESULT_OK;
}

/* `text` NULL: there was no memory for it. */
static enum result first_answer_keep(struct api_call *call, int status, const char *location, const char *text,
                                     struct idempotency **ret_record)
{
	if (text == NULL)
		return RESULT_NO_MEMORY;
	call->idempotency.status = status;
	call->idempotency.location = location;
	call->idempotency.response = text;
	*ret_record = &call->idempotency;
	return RESULT_OK;
}

enum result call_first_answer(struct api_call *call, const char *location, const json_t *value,
                              struct idempotency **ret_record)
{
	if (value == NULL || location == NULL)
		return RESULT_NO_MEMORY;
	*ret_record = NULL;
	return call->idempotent ? first_answer_keep(call, 201, location, json_write(call->arena, value), ret_record)
	                        : RESULT_OK;
}

enum result call_first_answer_job(struct api_call *call, const json_t *value, const char *job_id,
                                  struct idempotency **ret_record)
{
	bool failed = false;
	*ret_record = NULL;
	if (!call->idempotent)
		return RESULT_OK;
	_cleanup_(json_decrefp) json_t *whole = json_copy((json_t *)value);
	json_put_string(whole, "jobId", job_id, &failed);
	return first_answer_keep(call, 202, NULL, failed ? NULL : json_write(call->arena, whole), ret_record);
}

enum result call_answer_first(struct api_call *call, const char *location, json_t *value)
{
	if (call->idempotent && call->idempotency.replayed) {
		json_decref(value);
		return idempotency_answer(call);
	}
	return call_answer_created(call, location, value);
}

enum result call_answer_first_job(struct api_call *call, json_t *value, const char *job_id)
{
	if (call->idempotent && call->idempotency.replayed) {
		json_decref(value);
		return idempotency_answer(call);
	}
	return call_answer_job(call, value, job_id);
}
