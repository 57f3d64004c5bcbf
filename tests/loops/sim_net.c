#include "sim_net.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "control.h"
#include "directory.h"
#include "entra.h"
#include "http/client.h"
#include "jira.h"
#include "jira_webhook.h"
#include "request_log.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "web.h"

#define ARENA_CEILING (64u << 20)
#define FIRST_PORT 10000

const char *const net_fault_names[NET_FAULTS] = {
    [NET_FINE] = "none",
    [NET_REFUSED] = "connection refused",
    [NET_RESET_BEFORE] = "reset before it was carried out",
    [NET_RESET_AFTER] = "reset after it was carried out",
    [NET_TIMEOUT_BEFORE] = "timeout, not carried out",
    [NET_TIMEOUT_AFTER] = "timeout, carried out",
    [NET_503_BEFORE] = "503, not carried out",
    [NET_503_AFTER] = "503, carried out",
    [NET_429] = "429",
    [NET_403] = "403",
    [NET_CUT] = "cut body",
};

static struct {
	struct sandbox sandbox;
	json_t *kept_directory, *kept_site;
	enum net_fault (*decide)(void *context, const struct net_call *call);
	void *context;
	void (*meanwhile)(const struct net_call *call);
	uint64_t calls;
	int port;
	char entra_url[64];
} net;

enum result __wrap_http_client_new(const struct http_client_options *options, struct http_client **ret_client,
                                   struct error *error);
void __wrap_http_client_free(struct http_client *client);
enum result __wrap_http_client_perform(struct http_client *client, const struct http_request *request,
                                       struct arena *arena, struct http_response *ret_response, struct error *error);
enum result __wrap_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors);

/* ---- the sandbox, called ---- */

struct served {
	struct arena *arena;
	int status;
	const char *body;
	json_t *headers; /* owned */
};

static void serve_locked(struct request *request, bool jira, struct served *served)
{
	struct reply reply = {.status = 500};
	request->received_ms = sim_now_ms();
	if (request->segments > 0 && text_equal(request->segment[0], "control"))
		control_handle(&net.sandbox, request, &reply);
	else if (jira)
		jira_handle(&net.sandbox, request, &reply);
	else
		entra_handle(&net.sandbox, request, &reply);
	served->status = reply.status;
	served->body = reply.json != NULL ? json_write(served->arena, reply.json) : reply.text;
	served->headers = json_incref(reply.headers);
	reply_done(&reply);
}

static struct served serve(bool jira, const char *method, const char *target, json_t *headers, const char *body,
                           size_t length)
{
	struct served served = {.arena = arena_new(ARENA_CEILING)};
	struct request request = {.arena = served.arena,
	                          .method = method,
	                          .headers = headers,
	                          .body = body != NULL ? body : "",
	                          .length = length,
	                          .origin = jira ? NET_JIRA : net.entra_url};
	if (served.arena == NULL || !request_read_target(&request, target))
		abort();
	pthread_mutex_lock(&net.sandbox.lock);
	serve_locked(&request, jira, &served);
	request_log_reset(&net.sandbox);
	pthread_mutex_unlock(&net.sandbox.lock);
	request_done(&request);
	return served;
}

static void served_done(struct served *served)
{
	json_decref(served->headers);
	arena_free(served->arena);
	*served = (struct served){0};
}

/* ---- the client ---- */

static json_t *headers_of(const struct http_request *request)
{
	json_t *headers = json_object();
	for (size_t i = 0; i < request->header_count; i++) {
		char name[128] = "";
		for (size_t at = 0; request->headers[i].name[at] != '\0' && at + 1 < sizeof(name); at++)
			name[at] = (char)tolower((unsigned char)request->headers[i].name[at]);
		json_object_set_new(headers, name, json_string(request->headers[i].value));
	}
	return headers;
}

static const char *target_of(const char *url)
{
	const char *slash = strchr(url + strlen("http://"), '/');
	return slash != NULL ? slash : "/";
}

static enum result fail(enum http_failure failure, struct http_response *response, struct error *error)
{
	enum result result = failure == HTTP_FAILURE_TIMEOUT ? RESULT_TIMEOUT : RESULT_UNAVAILABLE;
	response->failure = failure;
	response->maybe_sent = failure != HTTP_FAILURE_CONNECT;
	(void)error_set(error, result, NULL, "The simulated network failed (%d).", (int)failure);
	if (error != NULL)
		error->retryable = true;
	return result;
}

/* Into the caller's memory, which may run out. */
static enum result take(const struct served *served, struct arena *arena, struct http_response *response,
                        struct error *error)
{
	const char *name;
	json_t *value;
	size_t count = json_object_size(served->headers);
	response->status = served->status;
	response->http_version = 2;
	response->headers = arena_array(arena, count + 1, sizeof(*response->headers));
	response->body = arena_strdup(arena, served->body != NULL ? served->body : "");
	if (response->headers == NULL || response->body == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is not enough memory to take the answer.");
	response->body_length = strlen(response->body);
	json_object_foreach(served->headers, name, value)
	{
		char *lower = arena_strdup(arena, name);
		char *copy = arena_strdup(arena, json_string_value(value));
		if (lower == NULL || copy == NULL)
			return error_set(error, RESULT_NO_MEMORY, NULL, "There is not enough memory to take the answer.");
		for (char *at = lower; *at != '\0'; at++)
			*at = (char)tolower((unsigned char)*at);
		response->headers[response->header_count++] = (struct http_header){lower, copy};
	}
	return RESULT_OK;
}

static void say(struct served *served, enum net_fault fault)
{
	static const char graph[] = "{\"error\":{\"code\":\"%s\",\"message\":\"Simulated.\",\"innerError\":{}}}";
	int status = fault == NET_429 ? 429 : fault == NET_403 ? 403 : 503;
	const char *code = status == 429   ? "TooManyRequests"
	                   : status == 403 ? "Authorization_RequestDenied"
	                                   : "ServiceUnavailable";
	served->status = status;
	served->body = arena_printf(served->arena, graph, code); /* NOLINT */
	json_decref(served->headers);
	served->headers = json_object();
	if (fault == NET_429)
		json_object_set_new(served->headers, "Retry-After", json_string("7"));
}

static bool is_carried_out(enum net_fault fault)
{
	return fault == NET_FINE || fault == NET_RESET_AFTER || fault == NET_TIMEOUT_AFTER || fault == NET_503_AFTER ||
	       fault == NET_CUT;
}

static enum result answer(const struct served *served, enum net_fault fault, int64_t timeout_ms, struct arena *arena,
                          struct http_response *response, struct error *error)
{
	switch (fault) {
	case NET_REFUSED:
		return fail(HTTP_FAILURE_CONNECT, response, error);
	case NET_RESET_BEFORE:
	case NET_RESET_AFTER:
		return fail(HTTP_FAILURE_RESET, response, error);
	case NET_TIMEOUT_BEFORE:
	case NET_TIMEOUT_AFTER:
		sim_pass_ms(timeout_ms);
		return fail(HTTP_FAILURE_TIMEOUT, response, error);
	case NET_CUT: {
		enum result result = take(served, arena, response, error);
		if (result == RESULT_OK) {
			response->body_length /= 2;
			response->body[response->body_length] = '\0';
		}
		return result;
	}
	default:
		return take(served, arena, response, error);
	}
}

static enum result perform(const struct http_request *request, struct arena *arena, struct http_response *response,
                           struct error *error)
{
	struct served served = {0};
	*response = (struct http_response){.maybe_sent = true};
	sim_memory_outside();
	const struct net_call call = {
	    .jira = text_starts_with(request->url, NET_JIRA), .method = request->method, .path = target_of(request->url)};
	net.calls++;
	enum net_fault fault = net.decide != NULL ? net.decide(net.context, &call) : NET_FINE;
	if (net.meanwhile != NULL)
		net.meanwhile(&call);
	json_t *headers = headers_of(request);
	if (is_carried_out(fault))
		served = serve(call.jira, request->method, call.path, headers, request->body, request->body_length);
	else
		served.arena = arena_new(ARENA_CEILING);
	json_decref(headers);
	if (fault == NET_429 || fault == NET_403 || fault == NET_503_BEFORE || fault == NET_503_AFTER)
		say(&served, fault);
	log_debug("net.call", "method", call.method, "path", call.path, "fault", net_fault_names[fault], "body",
	          call.jira ? NULL : request->body, "answer", call.jira ? NULL : served.body);
	if (net.meanwhile != NULL)
		net.meanwhile(&call);
	sim_memory_inside();
	enum result result = answer(&served, fault, request->timeout_ms, arena, response, error);
	sim_memory_outside();
	served_done(&served);
	sim_memory_inside();
	return result;
}

enum result __wrap_http_client_new(const struct http_client_options *options, struct http_client **ret_client,
                                   struct error *error)
{
	(void)options, (void)error;
	*ret_client = (struct http_client *)(void *)&net;
	return RESULT_OK;
}

void __wrap_http_client_free(struct http_client *client)
{
	(void)client;
}

enum result __wrap_http_client_perform(struct http_client *client, const struct http_request *request,
                                       struct arena *arena, struct http_response *ret_response, struct error *error)
{
	(void)client;
	sim_pass_ms(NET_LATENCY_MS);
	return perform(request, arena, ret_response, error);
}

enum result __wrap_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors)
{
	(void)client;
	sim_pass_ms(NET_LATENCY_MS);
	for (size_t i = 0; i < count; i++)
		ret_results[i] = perform(&requests[i], arena, &ret_responses[i], ret_errors != NULL ? &ret_errors[i] : NULL);
	return RESULT_OK;
}

void net_decide(enum net_fault (*decide)(void *context, const struct net_call *call), void *context)
{
	net.decide = decide;
	net.context = context;
}

void net_meanwhile(void (*meanwhile)(const struct net_call *call))
{
	net.meanwhile = meanwhile;
}

uint64_t net_count(void)
{
	return net.calls;
}

/* ---- the other side ---- */

/* Nothing is delivered by the sandbox's own thread: the test carries each event. */
static void hold_webhooks(void)
{
	json_t *wanted = json_pack("{s:s,s:b}", "url", "http://127.0.0.1:1/", "hold", 1);
	webhooks_configure(&net.sandbox, wanted);
	json_decref(wanted);
}

void net_open(void)
{
	if (sandbox_start(&net.sandbox) != RESULT_OK)
		abort();
	pthread_mutex_lock(&net.sandbox.lock);
	snprintf(net.sandbox.jira_url, sizeof(net.sandbox.jira_url), "%s", NET_JIRA);
	hold_webhooks();
	pthread_mutex_unlock(&net.sandbox.lock);
	net.port = FIRST_PORT;
	net_move_entra();
}

void net_close(void)
{
	pthread_mutex_lock(&net.sandbox.lock);
	net.sandbox.stopping = true;
	pthread_cond_broadcast(&net.sandbox.wake);
	pthread_mutex_unlock(&net.sandbox.lock);
	webhooks_stop(&net.sandbox);
	json_decref(net.kept_directory);
	json_decref(net.kept_site);
	net.kept_directory = net.kept_site = NULL;
	sandbox_stop(&net.sandbox);
}

void net_reset(void)
{
	pthread_mutex_lock(&net.sandbox.lock);
	sandbox_reset(&net.sandbox);
	hold_webhooks();
	pthread_mutex_unlock(&net.sandbox.lock);
}

static json_t *directory_pack(const struct sandbox_directory *directory)
{
	json_t *packed =
	    json_pack("{s:O,s:O,s:O,s:O,s:O,s:I,s:I}", "users", directory->users, "upns", directory->upns, "groups",
	              directory->groups, "deleted", directory->deleted, "application", directory->application, "sequence",
	              (json_int_t)directory->sequence, "danger", (json_int_t)directory->danger);
	json_t *copy = json_deep_copy(packed);
	json_decref(packed);
	return copy;
}

static json_t *site_pack(const struct sandbox_site *site)
{
	json_t *packed =
	    json_pack("{s:O,s:O,s:O,s:O,s:O,s:O,s:I,s:I}", "accounts", site->accounts, "issues", site->issues, "keys",
	              site->keys, "oauth", site->oauth_tokens, "settings", site->settings, "numbers", site->numbers,
	              "next_issue", (json_int_t)site->next_issue, "next_id", (json_int_t)site->next_id);
	json_t *copy = json_deep_copy(packed);
	json_decref(packed);
	return copy;
}

void net_keep(void)
{
	json_decref(net.kept_directory);
	json_decref(net.kept_site);
	net.kept_directory = directory_pack(&net.sandbox.directory);
	net.kept_site = site_pack(&net.sandbox.site);
}

static void put_back(json_t **place, const json_t *kept, const char *name)
{
	json_decref(*place);
	*place = json_deep_copy(json_object_get(kept, name));
}

void net_put_back(void)
{
	struct sandbox_directory *directory = &net.sandbox.directory;
	struct sandbox_site *site = &net.sandbox.site;
	pthread_mutex_lock(&net.sandbox.lock);
	put_back(&directory->users, net.kept_directory, "users");
	put_back(&directory->upns, net.kept_directory, "upns");
	put_back(&directory->groups, net.kept_directory, "groups");
	put_back(&directory->deleted, net.kept_directory, "deleted");
	put_back(&directory->application, net.kept_directory, "application");
	directory->sequence = json_integer_at(net.kept_directory, "sequence", 0);
	directory->danger = 0;
	put_back(&site->accounts, net.kept_site, "accounts");
	put_back(&site->issues, net.kept_site, "issues");
	put_back(&site->keys, net.kept_site, "keys");
	put_back(&site->oauth_tokens, net.kept_site, "oauth");
	put_back(&site->settings, net.kept_site, "settings");
	put_back(&site->numbers, net.kept_site, "numbers");
	site->next_issue = json_integer_at(net.kept_site, "next_issue", 0);
	site->next_id = json_integer_at(net.kept_site, "next_id", 0);
	json_array_clear(net.sandbox.webhooks.queue);
	pthread_mutex_unlock(&net.sandbox.lock);
}

const char *net_entra_url(void)
{
	return net.entra_url;
}

void net_move_entra(void)
{
	if (++net.port > 65000)
		net.port = FIRST_PORT;
	snprintf(net.entra_url, sizeof(net.entra_url), "http://127.0.0.1:%d", net.port);
	snprintf(net.sandbox.entra_url, sizeof(net.sandbox.entra_url), "%s", net.entra_url);
}

/* Takes over body and headers. */
static json_t *ask(bool jira, json_t *headers, const char *method, const char *path, json_t *body)
{
	sim_memory_outside();
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	struct served served = serve(jira, method, path, headers, text, text != NULL ? strlen(text) : 0);
	json_t *value = served.body != NULL ? json_loads(served.body, 0, NULL) : NULL;
	if (served.status >= 400) {
		fprintf(stderr, "%s %s %s: %d %s\n", method, path, text != NULL ? text : "", served.status, served.body);
		abort();
	}
	memory_free(text);
	json_decref(body);
	json_decref(headers);
	served_done(&served);
	sim_memory_inside();
	return value;
}

json_t *net_ask_jira(const char *nick, const char *method, const char *path, json_t *body)
{
	char bearer[96];
	snprintf(bearer, sizeof(bearer), "Bearer sandbox-jira-%s", nick);
	sim_memory_outside();
	json_t *answer = ask(true, json_pack("{s:s,s:s}", "authorization", bearer, "content-type", "application/json"),
	                     method, path, body);
	sim_memory_inside();
	return answer;
}

json_t *net_control(const char *method, const char *path, json_t *body)
{
	sim_memory_outside();
	json_t *answer = ask(false, json_pack("{s:s}", "content-type", "application/json"), method, path, body);
	sim_memory_inside();
	return answer;
}

json_t *net_event_take(void)
{
	sim_memory_outside();
	pthread_mutex_lock(&net.sandbox.lock);
	json_t *event = json_incref(json_array_get(net.sandbox.webhooks.queue, 0));
	if (event != NULL)
		json_array_remove(net.sandbox.webhooks.queue, 0);
	pthread_mutex_unlock(&net.sandbox.lock);
	sim_memory_inside();
	return event;
}

void net_event_return(json_t *event)
{
	sim_memory_outside();
	pthread_mutex_lock(&net.sandbox.lock);
	json_array_append(net.sandbox.webhooks.queue, event);
	pthread_mutex_unlock(&net.sandbox.lock);
	sim_memory_inside();
}

bool net_is_member(const char *group_id, const char *user_id)
{
	pthread_mutex_lock(&net.sandbox.lock);
	bool member = membership_exists(directory_group(&net.sandbox, group_id, false), user_id);
	pthread_mutex_unlock(&net.sandbox.lock);
	return member;
}

void net_member_set(const char *group_id, const char *user_id, bool member)
{
	sim_memory_outside();
	pthread_mutex_lock(&net.sandbox.lock);
	json_t *group = directory_group(&net.sandbox, group_id, false);
	if (member && !membership_exists(group, user_id))
		membership_add(&net.sandbox, group, user_id);
	else if (!member)
		membership_remove(&net.sandbox, group, user_id);
	pthread_mutex_unlock(&net.sandbox.lock);
	sim_memory_inside();
}

int64_t net_danger(void)
{
	return net.sandbox.directory.danger;
}
