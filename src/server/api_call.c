#include "server/api_call.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "server/cursor.h"
#include "server/problem.h"
#include "server/route.h"

void api_call_done(struct api_call *call)
{
	json_decref(call->json);
	json_decref(call->query);
	call->json = NULL;
	call->query = NULL;
}

struct store *call_store(const struct api_call *call)
{
	return call->context->options.store;
}

int64_t call_now_ms(const struct api_call *call)
{
	return clock_now_ms(call->context->options.clock);
}

struct actor call_actor(const struct api_call *call)
{
	return (struct actor){.kind = call->principal.kind, .id = call->principal.principal_id};
}

const char *call_query(const struct api_call *call, const char *name)
{
	return json_string_at(call->query, name);
}

const char *call_text(const struct api_call *call, const char *path, const char *otherwise)
{
	const char *value = json_string_at(call->json, path);
	return value != NULL ? value : otherwise;
}

void call_forget_body(struct api_call *call)
{
	if (call->body != NULL)
		memory_wipe(call->body, call->body_length);
	call->body_length = 0;
}

void call_wake_worker(const struct api_call *call)
{
	const struct server_options *options = &call->context->options;
	if (options->wake_worker != NULL)
		options->wake_worker(options->wake_context);
}

enum result call_page(struct api_call *call, struct page *ret_page)
{
	struct page page = {.limit = (int)json_integer_at(call->query, "limit", 50)};
	const char *cursor = call_query(call, "cursor");
	if (cursor != NULL) {
		enum result result = cursor_decode(call->arena, call->route->pattern, cursor, &page.after);
		if (result == RESULT_INVALID)
			return call_fault(call, "cursor", "malformed", "is not a cursor of this list");
		if (result != RESULT_OK)
			return result;
	}
	*ret_page = page;
	return RESULT_OK;
}

void call_answer_header(struct api_call *call, const char *name, const char *value)
{
	if (call->answer_header_count < CALL_HEADERS_MAX && value != NULL)
		call->answer_headers[call->answer_header_count++] = (struct call_argument){name, value};
}

static void call_set_answer(struct api_call *call, int status, const char *content_type, const char *text)
{
	call->status = status;
	call->content_type = content_type;
	call->answer = text;
	call->answer_length = text != NULL ? strlen(text) : 0;
}

enum result call_entity_tag(struct arena *arena, const char *text, const char **ret_tag)
{
	char hex[DIGEST_HEX_SIZE];
	enum result result = digest_sha256_hex(text, strlen(text), hex);
	if (result != RESULT_OK)
		return result;
	/* 128 bits say "the same" safely enough, in a header that people read. */
	const char *tag = arena_printf(arena, "\"%.32s\"", hex);
	if (tag == NULL)
		return RESULT_NO_MEMORY;
	*ret_tag = tag;
	return RESULT_OK;
}

static enum result tag_object(struct api_call *call, const char *text)
{
	const char *tag = NULL;
	enum result result = call_entity_tag(call->arena, text, &tag);
	if (result == RESULT_OK)
		call_answer_header(call, "ETag", tag);
	return result;
}

enum result call_answer(struct api_call *call, int status, json_t *value)
{
	_cleanup_(json_decrefp) json_t *owned = value;
	const char *text = owned != NULL ? json_write(call->arena, owned) : NULL;
	if (text == NULL)
		return RESULT_NO_MEMORY;
	if (call->route != NULL && call->route->answer == ROUTE_OBJECT && status < 300) {
		enum result result = tag_object(call, text);
		if (result != RESULT_OK)
			return result;
	}
	call_set_answer(call, status, "application/json", text);
	return RESULT_OK;
}

enum result call_answer_job(struct api_call *call, json_t *value, const char *job_id)
{
	enum result result = call_answer(call, 200, json_incref(value));
	bool failed = result != RESULT_OK;
	if (job_id != NULL && !failed) {
		json_put_string(value, "jobId", job_id, &failed);
		const char *text = failed ? NULL : json_write(call->arena, value);
		result = text != NULL ? RESULT_OK : RESULT_NO_MEMORY;
		if (text != NULL)
			call_set_answer(call, 202, "application/json", text);
	}
	json_decref(value);
	return result;
}

const char *call_cursor(struct api_call *call, const char *next)
{
	return cursor_encode(call->arena, call->route->pattern, next);
}

enum result call_answer_list(struct api_call *call, json_t *items, const char *next)
{
	bool failed = false;
	const char *cursor = NULL;
	json_t *list = json_object();
	json_put(list, "items", items, &failed);
	if (next != NULL) {
		cursor = call_cursor(call, next);
		failed = failed || cursor == NULL;
	}
	json_put_string(list, "nextCursor", cursor, &failed);
	if (failed) {
		json_decref(list);
		return RESULT_NO_MEMORY;
	}
	return call_answer(call, 200, list);
}

enum result call_answer_nothing(struct api_call *call)
{
	call_set_answer(call, 204, NULL, NULL);
	return RESULT_OK;
}

enum result call_answer_text(struct api_call *call, const char *content_type, const char *text)
{
	if (text == NULL)
		return RESULT_NO_MEMORY;
	call_set_answer(call, 200, content_type, text);
	return RESULT_OK;
}

enum result call_answer_created(struct api_call *call, const char *location, json_t *value)
{
	call_answer_header(call, "Location", location);
	return call_answer(call, 201, value);
}

enum result call_refuse_with(struct api_call *call, int status, const char *code, const char *member, json_t *value,
                             const char *detail)
{
	_cleanup_(json_decrefp) json_t *problem = problem_new(status, code, detail, call->faults);
	if (problem == NULL || (member != NULL && json_object_set(problem, member, value) != 0) ||
	    (member == NULL && value != NULL && json_object_update(problem, value) != 0))
		return RESULT_NO_MEMORY;
	const char *text = json_write(call->arena, problem);
	if (text == NULL)
		return RESULT_NO_MEMORY;
	if (status == 401)
		call_answer_header(call, "WWW-Authenticate", "Bearer realm=\"aiclearance\"");
	call_set_answer(call, status, "application/problem+json", text);
	return RESULT_OK;
}

static enum result call_answer_problem(struct api_call *call, int status, const char *code, const char *detail)
{
	return call_refuse_with(call, status, code, NULL, NULL, detail);
}

enum result call_refuse(struct api_call *call, int status, const char *code, const char *format, ...)
{
	char detail[640];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, format, arguments);
	va_end(arguments);
	return call_answer_problem(call, status, code, detail);
}

enum result call_fault(struct api_call *call, const char *path, const char *code, const char *format, ...)
{
	char detail[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, format, arguments);
	va_end(arguments);
	shape_fault_add(call->faults, call->request_arena, path, code, "%s", detail);
	return error_set(&call->error, RESULT_INVALID, "validation_failed", "%s: %s.", path, detail);
}

enum result call_refuse_remote(struct api_call *call)
{
	const struct error *error = &call->error;
	int status = 502;
	if (error->result == RESULT_THROTTLED)
		status = 503;
	else if (error->result == RESULT_TIMEOUT)
		status = 504;
	else if (error->result == RESULT_NO_MEMORY)
		return RESULT_NO_MEMORY;
	if (status == 503) {
		int64_t seconds = error->retry_after_ms > 0 ? (error->retry_after_ms + 999) / 1000 : 10;
		call_answer_header(call, "Retry-After", arena_printf(call->arena, "%lld", (long long)seconds));
	}
	return call_answer_problem(call, status, error->code[0] != '\0' ? error->code : "unavailable", error->detail);
}

enum result call_answer_result(struct api_call *call, enum result result)
{
	if (result == RESULT_OK)
		return RESULT_OK;
	const char *code;
	if (call->error.result != result)
		error_set(&call->error, result, NULL, "%s", "");
	int status = problem_status(result, &call->error, &code);
	/* A store's or library's own sentence about a fault of ours may name a file; the code's sentence is for the caller.
	 */
	return call_answer_problem(call, status, code, status < 500 ? call->error.detail : NULL);
}

bool call_is_foreign(const struct api_call *call, const char *account_id)
{
	if (call->principal.role != ROLE_REQUESTER)
		return false;
	return call->principal.account_id == NULL || !text_equal(call->principal.account_id, account_id);
}
