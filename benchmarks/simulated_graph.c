#include "simulated_graph.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"
#include "faults.h"
#include "jira_webhook.h"
#include "null_store.h"
#include "web.h"

#define REQUEST_CEILING (64u << 20)
#define WRITES 3000
#define WINDOW_MS 150000

struct http_client {
	struct simulated_graph *graph;
};

static void *need(void *block)
{
	if (block == NULL)
		abort();
	return block;
}

/* The sandbox reads the machine's clock and moves it by an offset. */
static void clock_set(struct simulated_graph *graph)
{
	graph->sandbox.faults.clock_offset_ms = graph->time->now - clock_now_ms(clock_system());
}

static json_t *headers_of(const struct http_request *request)
{
	json_t *headers = need(json_object());
	for (size_t i = 0; i < request->header_count; i++) {
		char name[64] = "";
		for (size_t at = 0; at + 1 < sizeof(name) && request->headers[i].name[at] != '\0'; at++)
			name[at] = (char)tolower((unsigned char)request->headers[i].name[at]);
		json_object_set_new(headers, name, json_string(request->headers[i].value));
	}
	return headers;
}

static void response_take_headers(const struct reply *reply, struct arena *arena, struct http_response *response)
{
	const char *name;
	json_t *value;
	response->headers = need(arena_array(arena, json_object_size(reply->headers) + 1, sizeof(*response->headers)));
	json_object_foreach(reply->headers, name, value)
	{
		char *lower = need(arena_strdup(arena, name));
		for (char *at = lower; *at != '\0'; at++)
			*at = (char)tolower((unsigned char)*at);
		response->headers[response->header_count++] =
		    (struct http_header){lower, need(arena_strdup(arena, json_string_value(value)))};
	}
}

static void response_take(const struct reply *reply, struct arena *arena, struct http_response *response)
{
	*response = (struct http_response){.status = reply->status, .http_version = 2};
	char *text = reply->json != NULL ? need(json_dumps(reply->json, JSON_COMPACT)) : NULL;
	const char *body = text != NULL ? text : reply->text != NULL ? reply->text : "";
	response->body = need(arena_strdup(arena, body));
	response->body_length = strlen(body);
	free(text);
	response_take_headers(reply, arena, response);
}

/* ---- what is noted ---- */

/* When the wait that this answer, or item, asks for is over; 0: it asks for none. */
static int64_t wait_asked(struct simulated_graph *graph, int status, const char *retry_after)
{
	if (status != 429)
		return 0;
	graph->throttled++;
	return graph->time->now + (retry_after != NULL ? strtol(retry_after, NULL, 10) * 1000 : 0);
}

static int64_t waits_asked(struct simulated_graph *graph, const struct reply *reply)
{
	int64_t latest = wait_asked(graph, reply->status, json_string_at(reply->headers, "Retry-After"));
	size_t index;
	json_t *item;
	json_array_foreach(json_object_get(reply->json, "responses"), index, item)
	{
		const char *told = json_string_at(json_object_get(item, "headers"), "Retry-After");
		int64_t until = wait_asked(graph, (int)json_integer_at(item, "status", 0), told);
		latest = until > latest ? until : latest;
	}
	return latest;
}

static void watches_look(struct simulated_graph *graph)
{
	for (size_t i = graph->watched; i < graph->watch_count; i++) {
		struct simulated_watch *watch = &graph->watches[i];
		const json_t *group = directory_group(&graph->sandbox, watch->group_id, false);
		if (watch->seen_at == 0 && group != NULL && membership_exists(group, watch->user_id))
			watch->seen_at = graph->time->now;
	}
	while (graph->watched < graph->watch_count && graph->watches[graph->watched].seen_at != 0)
		graph->watched++;
}

/* ---- in the place of http/client.c ---- */

static int64_t serve(struct simulated_graph *graph, const struct http_request *asked, struct arena *arena,
                     struct http_response *response)
{
	struct arena *scratch = need(arena_new(REQUEST_CEILING));
	struct reply reply = {0};
	struct request request = {.arena = scratch,
	                          .method = asked->method,
	                          .headers = headers_of(asked),
	                          .body = asked->body != NULL ? asked->body : "",
	                          .length = asked->body_length,
	                          .origin = graph->origin};
	if (!text_starts_with(asked->url, graph->origin) ||
	    !request_read_target(&request, asked->url + strlen(graph->origin)))
		abort();
	pthread_mutex_lock(&graph->sandbox.lock);
	clock_set(graph);
	entra_handle(&graph->sandbox, &request, &reply);
	watches_look(graph);
	pthread_mutex_unlock(&graph->sandbox.lock);
	int64_t wait = waits_asked(graph, &reply);
	response_take(&reply, arena, response);
	json_decref(request.headers);
	request_done(&request);
	reply_done(&reply);
	arena_free(scratch);
	return wait;
}

enum result http_client_perform_all(struct http_client *client, const struct http_request *requests, size_t count,
                                    struct arena *arena, struct http_response *ret_responses, enum result *ret_results,
                                    struct error *ret_errors)
{
	struct simulated_graph *graph = client->graph;
	int64_t wait = 0;
	(void)ret_errors;
	graph->calls += (int64_t)count;
	graph->early += graph->time->now < graph->closed_until ? (int64_t)count : 0;
	simulated_time_sleep(graph->time, graph->latency_ms / 2);
	for (size_t i = 0; i < count; i++) {
		int64_t asked = serve(graph, &requests[i], arena, &ret_responses[i]);
		wait = asked > wait ? asked : wait;
		ret_results[i] = RESULT_OK;
	}
	simulated_time_sleep(graph->time, graph->latency_ms - graph->latency_ms / 2);
	if (wait > graph->closed_until)
		graph->closed_until = wait;
	return RESULT_OK;
}

enum result http_client_perform(struct http_client *client, const struct http_request *request, struct arena *arena,
                                struct http_response *ret_response, struct error *error)
{
	enum result result = RESULT_OK;
	(void)error;
	return http_client_perform_all(client, request, 1, arena, ret_response, &result, NULL);
}

/* ---- life ---- */

void simulated_graph_open(struct simulated_graph *graph, struct simulated_time *time, int64_t latency_ms)
{
	static int opened;
	*graph = (struct simulated_graph){.time = time, .latency_ms = latency_ms};
	snprintf(graph->origin, sizeof(graph->origin), "https://graph-%d.test", ++opened);
	graph->client = need(calloc(1, sizeof(*graph->client)));
	graph->client->graph = graph;
	if (sandbox_start(&graph->sandbox) != RESULT_OK)
		abort();
}

static void throttle_set(struct simulated_graph *graph, int64_t link_cost)
{
	const char *reason = NULL;
	json_t *wanted = need(json_pack("{s:{s:i,s:i,s:I}}", "throttle", "writes", WRITES, "windowMs", WINDOW_MS,
	                                "linkCost", (json_int_t)link_cost));
	if (!faults_configure(&graph->sandbox, wanted, &reason))
		abort();
	json_decref(wanted);
}

static void user_put(struct sandbox *sandbox, size_t number)
{
	char id[48], name[64];
	snprintf(id, sizeof(id), NULL_STORE_USER, number);
	snprintf(name, sizeof(name), "made%zu@" SANDBOX_TENANT_DOMAIN, number);
	json_t *user = need(json_pack("{s:s,s:s,s:s,s:s,s:b,s:s}", "id", id, "userPrincipalName", name, "displayName", name,
	                              "mail", name, "accountEnabled", 1, "userType", "Member"));
	json_object_set_new(directory_put_user(sandbox, user), "createdAt", json_integer(0));
	json_decref(user);
}

static void group_put(struct sandbox *sandbox, size_t number)
{
	char id[48], name[32];
	snprintf(id, sizeof(id), NULL_STORE_GROUP, number);
	snprintf(name, sizeof(name), "bulk%zu", number);
	json_t *group = need(json_pack("{s:s,s:s,s:s,s:b,s:b,s:[],s:n,s:n,s:n,s:n,s:[]}", "id", id, "displayName", name,
	                               "mailNickname", name, "securityEnabled", 1, "mailEnabled", 0, "groupTypes",
	                               "onPremisesSyncEnabled", "isAssignableToRole", "isManagementRestricted",
	                               "membershipRule", "resourceProvisioningOptions"));
	json_t *record = directory_put_group(sandbox, group);
	json_object_set_new(record, "createdAt", json_integer(0));
	json_object_clear(json_object_get(record, "members"));
	json_decref(group);
}

void simulated_graph_fill(struct simulated_graph *graph, size_t people, size_t groups, int64_t link_cost)
{
	pthread_mutex_lock(&graph->sandbox.lock);
	throttle_set(graph, link_cost);
	for (size_t i = 0; i < people; i++)
		user_put(&graph->sandbox, i);
	for (size_t i = 0; i < groups; i++)
		group_put(&graph->sandbox, i);
	pthread_mutex_unlock(&graph->sandbox.lock);
}

void simulated_graph_close(struct simulated_graph *graph)
{
	pthread_mutex_lock(&graph->sandbox.lock);
	graph->sandbox.stopping = true;
	pthread_cond_broadcast(&graph->sandbox.wake);
	pthread_mutex_unlock(&graph->sandbox.lock);
	webhooks_stop(&graph->sandbox);
	sandbox_stop(&graph->sandbox);
	free(graph->client);
}
