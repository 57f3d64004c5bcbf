/* Every byte that goes to Graph leaves from here.
 *
 * What may be sent is checked here once more, after the code that wrote it: a GET, a $batch, memberships added, one
 * membership taken away, one group created. A DELETE whose path is not exactly /groups/{id}/members/{id}/$ref is
 * refused without a connection, since without that ending Graph deletes the *user*; so is a PATCH of a group whose body
 * is anything but links to members. */
#include "connector/entra/graph_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/throttle_gate.h"
#include "connector/entra/token.h"
#include "connector/entra/token_request.h"
#include "connector/entra/transport.h"
#include "connector/entra/unit_budget.h"
#include "http/retry.h"

#define RESPONSE_CEILING (4 * 1024 * 1024)
#define SCRATCH_CEILING (3 * RESPONSE_CEILING)
#define RETRY_AFTER_CAP_MS (3600 * 1000)
#define HEADERS_MAX 6
#define UNIQUE_NAME_MAX 64

struct exchange {
	struct http_header headers[HEADERS_MAX];
	char client_request_id[ID_SIZE];
	struct http_request request;
};

const char *graph_method_name(enum graph_method method)
{
	static const char *const names[] = {
	    [GRAPH_GET] = "GET",    [GRAPH_POST] = "POST",    [GRAPH_DELETE] = "DELETE",
	    [GRAPH_LINK] = "PATCH", [GRAPH_UPSERT] = "PATCH",
	};
	return names[method];
}

static bool take_literal(const char **at, const char *literal)
{
	if (!text_starts_with(*at, literal))
		return false;
	*at += strlen(literal);
	return true;
}

static bool take_id(const char **at)
{
	char id[ID_SIZE] = "";
	if (strlen(*at) < ID_SIZE - 1)
		return false;
	memcpy(id, *at, ID_SIZE - 1);
	if (!text_is_uuid(id))
		return false;
	*at += ID_SIZE - 1;
	return true;
}

static bool take_unique_name(const char **at)
{
	size_t length = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789-");
	*at += length;
	return length > 0 && length <= UNIQUE_NAME_MAX;
}

static bool upsert_is_allowed(const char *path)
{
	const char *at = path;
	return take_literal(&at, "/groups(uniqueName='") && take_unique_name(&at) && text_equal(at, "')");
}

/* "https://…/directoryObjects/{id}", quotes and all. */
static bool take_link(const char **at)
{
	static const char ending[] = "/directoryObjects/";
	if (!take_literal(at, "\"https://"))
		return false;
	size_t host = strcspn(*at, "/\"\\");
	*at += host;
	return host > 0 && take_literal(at, "/v1.0") && take_literal(at, ending) && take_id(at) && take_literal(at, "\"");
}

static bool links_are_allowed(const char *path, const char *body)
{
	const char *at = path;
	if (body == NULL || !take_literal(&at, "/groups/") || !take_id(&at) || *at != '\0')
		return false;
	at = body;
	if (!take_literal(&at, GRAPH_LINKS_BEGIN) || !take_link(&at))
		return false;
	for (size_t links = 1; links < GRAPH_LINKS_MAX && *at == ','; links++)
		if (!take_literal(&at, ",") || !take_link(&at))
			return false;
	return text_equal(at, GRAPH_LINKS_END);
}

bool graph_request_is_allowed(enum graph_method method, const char *path, const char *body)
{
	const char *at = path;
	if (method == GRAPH_GET)
		return path[0] == '/';
	if (method == GRAPH_UPSERT)
		return upsert_is_allowed(path);
	if (method == GRAPH_LINK)
		return links_are_allowed(path, body);
	if (method == GRAPH_POST && (text_equal(path, "/$batch") || text_equal(path, "/groups")))
		return true;
	if (!take_literal(&at, "/groups/") || !take_id(&at) || !take_literal(&at, "/members/"))
		return false;
	if (method == GRAPH_DELETE && (!take_id(&at) || !take_literal(&at, "/")))
		return false;
	return text_equal(at, "$ref");
}

enum result graph_session_init(const struct connector_environment *environment, const struct connector_target *target,
                               struct arena *arena, struct graph_session *ret_session, struct error *error)
{
	struct graph_session session = {
	    .environment = environment,
	    .target = target,
	    .arena = arena,
	    .deadline_ms = entra_deadline(environment->clock, target->deadline_ms),
	};
	enum result result = entra_place_find(environment, target->settings, arena, &session.place, error);
	if (result == RESULT_OK)
		*ret_session = session;
	return result;
}

void graph_answer_done(struct graph_answer *answer)
{
	json_decref(answer->body);
	answer->body = NULL;
	answer->fault = (struct graph_fault){0};
}

static enum result session_ask_token(struct graph_session *session, const char **ret_token, struct error *error)
{
	struct entra_token_answer answer = {0};
	enum result result = entra_token_request(session->environment, session->target, &session->place,
	                                         session->deadline_ms, session->arena, &answer, error);
	if (result == RESULT_OK)
		*ret_token = answer.access_token;
	return result;
}

/* `rejected` NULL: any token will do. */
static enum result session_find_token(struct graph_session *session, const char *rejected, struct error *error)
{
	const struct entra_token_need need = {
	    .environment = session->environment,
	    .target = session->target,
	    .place = &session->place,
	    .deadline_ms = session->deadline_ms,
	};
	if (session->past_caches)
		return session_ask_token(session, &session->token, error);
	if (rejected != NULL)
		return entra_token_renew(&need, rejected, session->arena, &session->token, error);
	return entra_token_get(&need, session->arena, &session->token, error);
}

static enum result exchange_prepare(const struct graph_session *session, const struct graph_request *request,
                                    struct arena *scratch, struct exchange *exchange, struct error *error)
{
	const char *url = request->url;
	if (url == NULL)
		url = arena_printf(scratch, "%s/v1.0%s", session->place.graph, request->path);
	const char *bearer = arena_printf(scratch, "Bearer %s", session->token);
	if (url == NULL || bearer == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	id_random(exchange->client_request_id);
	exchange->headers[0] = (struct http_header){"Authorization", bearer};
	exchange->headers[1] = (struct http_header){"Accept", "application/json"};
	exchange->headers[2] = (struct http_header){"client-request-id", exchange->client_request_id};
	size_t headers = 3;
	if (request->body != NULL)
		exchange->headers[headers++] = (struct http_header){"Content-Type", "application/json"};
	if (request->eventual)
		exchange->headers[headers++] = (struct http_header){"ConsistencyLevel", "eventual"};
	if (request->method == GRAPH_UPSERT)
		exchange->headers[headers++] = (struct http_header){"Prefer", "create-if-missing"};
	int64_t longest_ms = request->patience_ms != 0 ? request->patience_ms : ENTRA_CALL_TIMEOUT_MS;
	exchange->request = (struct http_request){
	    .method = graph_method_name(request->method),
	    .url = url,
	    .headers = exchange->headers,
	    .header_count = headers,
	    .body = request->body,
	    .body_length = request->body != NULL ? strlen(request->body) : 0,
	    .timeout_ms = entra_time_left(session->environment->clock, session->deadline_ms, longest_ms),
	    .max_response_bytes = RESPONSE_CEILING,
	};
	if (exchange->request.timeout_ms == 0)
		return entra_transport_out_of_time(ENTRA_SIDE_GRAPH, error);
	return RESULT_OK;
}

static void take_uuid_header(const struct http_response *response, const char *name, char out[64])
{
	const char *value = http_response_header(response, name);
	if (value != NULL && text_is_uuid(value))
		memcpy(out, value, strlen(value) + 1);
}

static void answer_take_trace(struct graph_answer *answer, const struct http_response *response,
                              const struct exchange *exchange)
{
	memcpy(answer->trace.client_request_id, exchange->client_request_id, ID_SIZE);
	take_uuid_header(response, "request-id", answer->trace.request_id);
	const char *named = answer->fault.request_id;
	if (answer->trace.request_id[0] == '\0' && named != NULL && text_is_uuid(named))
		memcpy(answer->trace.request_id, named, strlen(named) + 1);
}

static void error_take_trace(struct error *error, const struct connector_trace *trace)
{
	if (error == NULL)
		return;
	memcpy(error->request_id, trace->request_id, sizeof(error->request_id));
	memcpy(error->client_request_id, trace->client_request_id, sizeof(error->client_request_id));
}

/* An answer whose body cannot be read is still judged by its status where that alone says enough. A 407 says that it is
 * a proxy that speaks. */
static bool status_speaks_alone(int status, bool empty_body)
{
	return status == 429 || status >= 500 || (status >= 400 && status != 407 && empty_body);
}

static enum result answer_judge(struct graph_session *session, const struct http_response *response, bool wants_body,
                                struct graph_answer *answer, struct error *error)
{
	bool empty = response->body_length == 0;
	enum result result = RESULT_OK;
	if (!empty)
		result = json_read_answer(response->body, response->body_length, &answer->body);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	bool is_object = json_is_object(answer->body);
	if (answer->status >= 200 && answer->status < 300) {
		if (is_object || (empty && !wants_body))
			return RESULT_OK;
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer->status, error);
	}
	bool told = is_object && graph_fault_read(answer->body, &answer->fault);
	if (answer->status < 400 || (!told && !is_object && !status_speaks_alone(answer->status, empty)))
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer->status, error);
	if (answer->status == 429 || (answer->status == 503 && answer->retry_after_ms > 0))
		throttle_gate_close(&session->place, session->target->settings, clock_monotonic_ms(session->environment->clock),
		                    answer->retry_after_ms);
	return graph_fault_fill(answer->status, &answer->fault, answer->retry_after_ms, error);
}

double graph_limit_used(const char *value)
{
	char *end = NULL;
	double used = value != NULL ? strtod(value, &end) : 0;
	return end != value && used > 0 && used < 100 ? used : 0;
}

static enum result exchange_judge(struct graph_session *session, const struct exchange *exchange, enum result result,
                                  const struct http_response *response, struct graph_answer *ret_answer,
                                  struct error *error)
{
	struct graph_answer answer = {.retry_after_ms = -1};
	if (result != RESULT_OK) {
		memcpy(answer.trace.client_request_id, exchange->client_request_id, ID_SIZE);
		result = entra_transport_fill(ENTRA_SIDE_GRAPH, result, response, error);
	} else {
		answer.status = response->status;
		answer.server_time_ms = entra_server_time(response);
		answer.limit_used = graph_limit_used(http_response_header(response, "x-ms-throttle-limit-percentage"));
		answer.retry_after_ms = retry_after_ms(http_response_header(response, "retry-after"),
		                                       clock_now_ms(session->environment->clock), RETRY_AFTER_CAP_MS);
		bool wants_body = strcmp(exchange->request.method, "GET") == 0 ||
		                  text_ends_with(exchange->request.url, "/$batch") ||
		                  text_ends_with(exchange->request.url, "/v1.0/groups");
		result = answer_judge(session, response, wants_body, &answer, error);
		answer_take_trace(&answer, response, exchange);
	}
	if (result != RESULT_OK)
		error_take_trace(error, &answer.trace);
	*ret_answer = answer;
	return result;
}

enum result graph_hold_back(int64_t wait_ms, struct error *error)
{
	error_set(error, RESULT_THROTTLED, "graph_throttled", "Microsoft Graph asked this app to wait; nothing was sent.");
	if (error != NULL) {
		error->retryable = true;
		error->retry_after_ms = wait_ms;
	}
	return RESULT_THROTTLED;
}

/* Nothing is sent while Graph asked us to wait. */
static enum result session_pass_gate(const struct graph_session *session, struct error *error)
{
	if (session->past_caches)
		return RESULT_OK;
	int64_t wait = throttle_gate_wait_ms(&session->place, session->target->settings,
	                                     clock_monotonic_ms(session->environment->clock));
	return wait == 0 ? RESULT_OK : graph_hold_back(wait, error);
}

int64_t graph_request_units(const struct graph_request *request)
{
	if (request->units > 0)
		return request->units;
	return request->method == GRAPH_GET ? unit_budget_cost(request->url != NULL ? request->url : request->path) : 1;
}

static void units_spend(const struct graph_session *session, const struct graph_request *request)
{
	unit_budget_spend(&session->place, session->target->settings, graph_request_units(request),
	                  clock_monotonic_ms(session->environment->clock));
}

void graph_note_usage(const struct graph_session *session, int status, double limit_used)
{
	int64_t now_ms = clock_monotonic_ms(session->environment->clock);
	if (limit_used > 0)
		unit_budget_hear(&session->place, session->target->settings, limit_used, now_ms);
	else if (status == 429)
		unit_budget_refused(&session->place, session->target->settings, now_ms);
}

static void usage_hear(const struct graph_session *session, const struct graph_request *request,
                       const struct graph_answer *answer)
{
	if (request->use.singles + request->use.link_requests == 0)
		graph_note_usage(session, answer->status, answer->limit_used);
}

static enum result exchange_once(struct graph_session *session, const struct graph_request *request,
                                 struct graph_answer *ret_answer, struct error *error)
{
	_cleanup_(arena_freep) struct arena *scratch = arena_new(SCRATCH_CEILING);
	if (scratch == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	struct exchange exchange;
	enum result result = exchange_prepare(session, request, scratch, &exchange, error);
	if (result != RESULT_OK)
		return result;
	struct http_response response = {0};
	units_spend(session, request);
	result = http_client_perform(session->environment->http, &exchange.request, scratch, &response, NULL);
	result = exchange_judge(session, &exchange, result, &response, ret_answer, error);
	usage_hear(session, request, ret_answer);
	return result;
}

static enum result request_check(const struct graph_request *request, struct error *error)
{
	if (request->url != NULL ? request->method == GRAPH_GET
	                         : graph_request_is_allowed(request->method, request->path, request->body))
		return RESULT_OK;
	return error_set(error, RESULT_INVALID, "validation_failed", "That request is not one that this product sends.");
}

enum result graph_session_ready(struct graph_session *session, struct error *error)
{
	enum result result = session_pass_gate(session, error);
	if (result == RESULT_OK && session->token == NULL)
		result = session_find_token(session, NULL, error);
	return result;
}

enum result graph_session_renew(struct graph_session *session, const char *rejected, struct error *error)
{
	return session->token == rejected ? session_find_token(session, rejected, error) : RESULT_OK;
}

/* After a 401 that means the token alone: with a new one, once. */
static enum result perform_again(struct graph_session *session, const struct graph_request *request,
                                 struct graph_answer *answer, struct error *error)
{
	graph_answer_done(answer);
	enum result result = session_find_token(session, session->token, error);
	if (result == RESULT_OK)
		result = session_pass_gate(session, error);
	return result == RESULT_OK ? exchange_once(session, request, answer, error) : result;
}

enum result graph_perform(struct graph_session *session, const struct graph_request *request,
                          struct graph_answer *ret_answer, struct error *error)
{
	*ret_answer = (struct graph_answer){.retry_after_ms = -1};
	enum result result = request_check(request, error);
	if (result == RESULT_OK)
		result = graph_session_ready(session, error);
	if (result != RESULT_OK)
		return result;
	result = exchange_once(session, request, ret_answer, error);
	if (result != RESULT_OK && graph_fault_is_token(ret_answer->status, &ret_answer->fault))
		return perform_again(session, request, ret_answer, error);
	return result;
}

static enum result exchanges_prepare(struct graph_session *session, const struct graph_request *requests, size_t count,
                                     struct arena *scratch, struct exchange *exchanges, struct http_request *https,
                                     struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		enum result result = request_check(&requests[i], error);
		if (result == RESULT_OK)
			result = exchange_prepare(session, &requests[i], scratch, &exchanges[i], error);
		if (result != RESULT_OK)
			return result;
		https[i] = exchanges[i].request;
	}
	return RESULT_OK;
}

/* One round: all of them at the same time, each judged by its own answer. Anything but RESULT_OK: nothing was sent. */
static enum result round_perform(struct graph_session *session, const struct graph_request *requests, size_t count,
                                 struct graph_answer *answers, enum result *results, struct error *errors,
                                 struct error *error)
{
	_cleanup_(arena_freep) struct arena *scratch = arena_new((count + 1) * SCRATCH_CEILING);
	if (scratch == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	struct exchange *exchanges = arena_array(scratch, count, sizeof(*exchanges));
	struct http_request *https = arena_array(scratch, count, sizeof(*https));
	struct http_response *responses = arena_array(scratch, count, sizeof(*responses));
	if (exchanges == NULL || https == NULL || responses == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	enum result result = exchanges_prepare(session, requests, count, scratch, exchanges, https, error);
	if (result != RESULT_OK)
		return result;
	for (size_t i = 0; i < count; i++)
		units_spend(session, &requests[i]);
	result = http_client_perform_all(session->environment->http, https, count, scratch, responses, results, NULL);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Nothing could be sent (%s).", result_name(result));
	for (size_t i = 0; i < count; i++) {
		results[i] = exchange_judge(session, &exchanges[i], results[i], &responses[i], &answers[i], &errors[i]);
		usage_hear(session, &requests[i], &answers[i]);
	}
	return RESULT_OK;
}

static size_t tokens_refused(const struct graph_answer *answers, const enum result *results, size_t count,
                             size_t *places)
{
	size_t refused = 0;
	for (size_t i = 0; i < count; i++)
		if (results[i] != RESULT_OK && graph_fault_is_token(answers[i].status, &answers[i].fault))
			places[refused++] = i;
	return refused;
}

/* Those whose token was not taken, once more with one new token for all of them. Where there is none to be had, no
 * memory or no time left, what was answered first stands. */
static void round_again(struct graph_session *session, const struct graph_request *requests, size_t count,
                        struct graph_answer *answers, enum result *results, struct error *errors)
{
	size_t *places = arena_array(session->arena, count, sizeof(*places));
	size_t refused = places != NULL ? tokens_refused(answers, results, count, places) : 0;
	if (refused == 0)
		return;
	struct graph_request *again = arena_array(session->arena, refused, sizeof(*again));
	struct graph_answer *new_answers = arena_array(session->arena, refused, sizeof(*new_answers));
	enum result *new_results = arena_array(session->arena, refused, sizeof(*new_results));
	struct error *new_errors = arena_array(session->arena, refused, sizeof(*new_errors));
	if (again == NULL || new_answers == NULL || new_results == NULL || new_errors == NULL)
		return;
	for (size_t i = 0; i < refused; i++) {
		again[i] = requests[places[i]];
		new_errors[i] = (struct error){.retry_after_ms = -1};
	}
	enum result result = session_find_token(session, session->token, NULL);
	if (result == RESULT_OK)
		result = session_pass_gate(session, NULL);
	if (result == RESULT_OK)
		result = round_perform(session, again, refused, new_answers, new_results, new_errors, NULL);
	for (size_t i = 0; result == RESULT_OK && i < refused; i++) {
		graph_answer_done(&answers[places[i]]);
		answers[places[i]] = new_answers[i];
		results[places[i]] = new_results[i];
		errors[places[i]] = new_errors[i];
	}
}

static void fill_all(struct graph_answer *answers, enum result *results, struct error *errors, size_t count,
                     enum result result, const struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		answers[i] = (struct graph_answer){.retry_after_ms = -1};
		results[i] = result;
		errors[i] = *error;
	}
}

enum result graph_perform_all(struct graph_session *session, const struct graph_request *requests, size_t count,
                              struct graph_answer *ret_answers, enum result *ret_results, struct error *ret_errors)
{
	struct error own = {.retry_after_ms = -1};
	enum result result = graph_session_ready(session, &own);
	fill_all(ret_answers, ret_results, ret_errors, count, result, &own);
	if (result != RESULT_OK)
		return result;
	result = round_perform(session, requests, count, ret_answers, ret_results, ret_errors, &own);
	if (result != RESULT_OK)
		fill_all(ret_answers, ret_results, ret_errors, count, result, &own);
	else
		round_again(session, requests, count, ret_answers, ret_results, ret_errors);
	return result;
}
