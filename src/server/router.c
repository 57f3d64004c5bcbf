/* Runs one call: who asks, may they, what do they say, then the handler.
 *
 * The order is chosen so that a stranger learns nothing: unknown paths aside, no answer depends on a body or an id
 * before the token and the role were looked at. A handler that is run again (?wait=) comes in at the handler. */
#include "server/router.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth/api_token.h"
#include "base/json.h"
#include "base/text.h"
#include "server/problem.h"

static enum result router_find(struct api_call *call)
{
	struct route_match match;
	enum result result = router_match(call->method, call->path, call->request_arena, &match);
	if (result != RESULT_OK)
		return result;
	if (!match.path_known)
		return call_refuse(call, 404, "not_found", "There is nothing at this path.");
	if (match.route == NULL) {
		call_answer_header(call, "Allow", arena_strdup(call->arena, match.allow));
		return call_refuse(call, 405, "method_not_allowed", "This path answers to: %s.", match.allow);
	}
	call->route = match.route;
	memcpy(call->parameters, match.parameters, sizeof match.parameters);
	return RESULT_OK;
}

static enum result router_authorize(struct api_call *call)
{
	const struct route *route = call->route;
	if (route->roles == 0)
		return RESULT_OK;
	enum result result = api_token_authenticate(call_store(call), call->headers.authorization, call_now_ms(call),
	                                            call->request_arena, &call->principal, &call->error);
	if (result == RESULT_DENIED)
		return call_refuse(call, 401, "unauthenticated", "%s", call->error.detail);
	if (result != RESULT_OK)
		return result;
	if (!((unsigned)call->principal.role & route->roles))
		return call_refuse(call, 403, "forbidden", "The role %s may not do this.", role_name(call->principal.role));
	return RESULT_OK;
}

/* "application/json", in any case, with at most a charset of UTF-8 behind it. */
static bool router_is_json(const char *content_type)
{
	static const char wanted[] = "application/json";
	if (content_type == NULL || strncasecmp(content_type, wanted, sizeof wanted - 1) != 0)
		return false;
	const char *rest = content_type + sizeof wanted - 1;
	rest += strspn(rest, " \t");
	if (*rest == '\0')
		return true;
	if (*rest++ != ';')
		return false;
	rest += strspn(rest, " \t");
	return strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0 || *rest == '\0';
}

static enum result router_check_csv(struct api_call *call)
{
	const char *type = call->headers.content_type;
	size_t length = type != NULL ? strcspn(type, "; \t") : 0;
	if (length != strlen("text/csv") || strncasecmp(type, "text/csv", length) != 0)
		return call_refuse(call, 415, "media_type", "Send the file as Content-Type: text/csv.");
	return RESULT_OK;
}

static enum result router_read_body(struct api_call *call)
{
	const struct route *route = call->route;
	if (call->body_too_large)
		return call_refuse(call, 413, "body_too_large", "The body may have at most %zu bytes.", route->body_limit);
	if (route->flags & ROUTE_CSV)
		return router_check_csv(call);
	if (route->request == NULL || (route->flags & ROUTE_RAW))
		return RESULT_OK;
	if (call->body_length == 0 && (route->flags & ROUTE_BODY_OPTIONAL))
		return RESULT_OK;
	if (!router_is_json(call->headers.content_type))
		return call_refuse(call, 415, "media_type", "Send the body as Content-Type: application/json.");
	int line = 0;
	int column = 0;
	enum result result = json_read_at(call->body != NULL ? call->body : "", call->body_length, &call->json, &line,
	                                  &column, &call->error);
	if (result == RESULT_INVALID)
		return call_refuse(call, 400, "json_malformed", "The body is not JSON as it is asked for: line %d, column %d.",
		                   line, column);
	if (result != RESULT_OK)
		return result;
	shape_check(route->request, call->json, call->request_arena, call->faults);
	return RESULT_OK;
}

static const struct shape_field *router_query_field(const struct shape *query, const char *name)
{
	for (size_t i = 0; query != NULL && i < query->count; i++) {
		if (strcmp(query->fields[i].name, name) == 0)
			return &query->fields[i];
	}
	return NULL;
}

/* The JSON value that an argument stands for; a number that is none stays a string, and the shape finds it. */
static json_t *router_query_value(const struct shape_field *field, const char *text)
{
	int64_t number;
	if (field->type == SHAPE_INTEGER && text_parse_int(text, INT32_MIN, INT32_MAX, &number) == RESULT_OK)
		return json_integer(number);
	if (field->type == SHAPE_BOOLEAN && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		return json_boolean(text[0] == 't');
	return json_string(text);
}

static enum result router_read_argument(struct api_call *call, const struct call_argument *argument)
{
	const char *name = NULL;
	const char *value = NULL;
	enum result result = router_unescape(call->request_arena, argument->name, strlen(argument->name), &name);
	if (result == RESULT_OK)
		result = router_unescape(call->request_arena, argument->value, strlen(argument->value), &value);
	if (result != RESULT_OK)
		return result;
	const struct shape_field *field = name != NULL ? router_query_field(call->route->query, name) : NULL;
	char path[65];
	snprintf(path, sizeof path, "%.64s", name != NULL ? name : "?");
	if (!text_is_utf8(path, strlen(path)))
		snprintf(path, sizeof path, "?");
	if (field == NULL)
		shape_fault_add(call->faults, call->request_arena, path, "unknown_key",
		                "there is no such query parameter here");
	else if (value == NULL)
		shape_fault_add(call->faults, call->request_arena, path, "malformed", "must be percent-encoded UTF-8");
	else if (json_object_get(call->query, name) != NULL)
		shape_fault_add(call->faults, call->request_arena, path, "malformed", "was given twice");
	else if (json_object_set_new(call->query, name, router_query_value(field, value)) != 0)
		return RESULT_NO_MEMORY;
	return RESULT_OK;
}

static enum result router_read_query(struct api_call *call)
{
	call->query = json_object();
	if (call->query == NULL)
		return RESULT_NO_MEMORY;
	/* Jira hangs arguments of its own on a webhook's URL; nothing is read from them. */
	if (call->route->flags & ROUTE_RAW)
		return RESULT_OK;
	if (call->argument_count > CALL_ARGUMENTS_MAX)
		return call_fault(call, "?", "too_long", "at most %d query parameters", CALL_ARGUMENTS_MAX);
	for (size_t i = 0; i < call->argument_count; i++) {
		enum result result = router_read_argument(call, &call->arguments[i]);
		if (result != RESULT_OK)
			return result;
	}
	if (call->route->query != NULL)
		shape_check(call->route->query, call->query, call->request_arena, call->faults);
	return RESULT_OK;
}

static enum result router_check_faults(struct api_call *call)
{
	if (call->faults->failed)
		return RESULT_NO_MEMORY;
	if (call->faults->count == 0)
		return RESULT_OK;
	const struct shape_fault *first = &call->faults->items[0];
	return error_set(&call->error, RESULT_INVALID, "validation_failed", "%s%s%s.", first->path,
	                 first->path[0] != '\0' ? ": " : "", first->detail);
}

typedef enum result router_step(struct api_call *call);

/* One after the other, until one has answered. */
static enum result router_steps(struct api_call *call, router_step *const *steps, size_t count)
{
	if (call->faults == NULL)
		call->faults = arena_alloc(call->request_arena, sizeof *call->faults);
	if (call->faults == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < count && call->status == 0; i++) {
		enum result result = steps[i](call);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

static enum result router_prepare(struct api_call *call)
{
	static router_step *const steps[] = {
	    router_find, router_authorize, router_read_body, router_read_query, router_check_faults, call_look_for_replay,
	};
	enum result result =
	    router_steps(call, steps + (call->admitted ? 2 : 0), ARRAY_SIZE(steps) - (call->admitted ? 2 : 0));
	/* What was said is in call->json now; the raw bytes may hold a secret. */
	if (result == RESULT_OK && call->route != NULL && !(call->route->flags & (ROUTE_RAW | ROUTE_CSV)))
		call_forget_body(call);
	return result;
}

static void router_last_resort(struct api_call *call)
{
	call->status = 503;
	call->content_type = "application/problem+json";
	call->answer = PROBLEM_LAST_RESORT;
	call->answer_length = sizeof PROBLEM_LAST_RESORT - 1;
	call->answer_header_count = 0;
	call->stream = NULL;
}

static enum result router_take_turn(struct api_call *call)
{
	bool taken = atomic_exchange(&call->context->importing, true);
	call->has_import_turn = !taken;
	if (!taken)
		return RESULT_OK;
	call_answer_header(call, "Retry-After", "5");
	return call_refuse(call, 503, "unavailable", "Another import is under way; send the file again when it has ended.");
}

void router_leave(struct api_call *call)
{
	if (call->has_import_turn)
		atomic_store(&call->context->importing, false);
	call->has_import_turn = false;
}

void router_admit(struct api_call *call)
{
	static router_step *const steps[] = {router_find, router_authorize, router_check_csv, router_take_turn};
	enum result result = router_steps(call, steps, ARRAY_SIZE(steps));
	call->admitted = true;
	if (result != RESULT_OK && call_answer_result(call, result) != RESULT_OK)
		router_last_resort(call);
	if (call->status != 0)
		atomic_fetch_add(&call->context->answered[call->status / 100 % 6], 1);
}

void router_run(struct api_call *call)
{
	bool again = call->query != NULL;
	call->park = false;
	enum result result = again ? RESULT_OK : router_prepare(call);
	if (result == RESULT_OK && call->status == 0)
		result = call->route->handle(call);
	if (result != RESULT_OK && call_answer_result(call, result) != RESULT_OK)
		router_last_resort(call);
	if (call->park)
		return;
	if (call->status == 0)
		router_last_resort(call);
	atomic_fetch_add(&call->context->answered[call->status / 100 % 6], 1);
	call_forget_body(call);
	api_call_done(call);
}
