#include "hot_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connector/connector.h"
#include "null_store.h"
#include "simulated_graph.h"
#include "simulated_time.h"
#include "worker/planner.h"

#define START_MS 1700000000000LL
#define JOBS 400
#define GROUPS 20
#define ANSWERS_MAX 1024
#define ARENA_CEILING (128u << 20)

static struct answers {
	struct arena *arena; /* NULL: answers are not recorded yet */
	bool replaying;
	struct http_response all[ANSWERS_MAX];
	size_t count, next;
} answers;

enum result __real_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors);
enum result __wrap_http_client_perform(struct http_client *client, const struct http_request *request,
                                       struct arena *arena, struct http_response *ret_response, struct error *error);
enum result __wrap_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors);

static void *need(void *block)
{
	if (block == NULL)
		abort();
	return block;
}

static struct http_response copy(const struct http_response *from, struct arena *arena)
{
	struct http_response to = *from;
	to.body = need(arena_strndup(arena, from->body, from->body_length));
	to.headers = need(arena_array(arena, from->header_count + 1, sizeof(*to.headers)));
	for (size_t i = 0; i < from->header_count; i++)
		to.headers[i] = (struct http_header){need(arena_strdup(arena, from->headers[i].name)),
		                                     need(arena_strdup(arena, from->headers[i].value))};
	return to;
}

enum result __wrap_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors)
{
	if (!answers.replaying)
		(void)!__real_http_client_perform_all(client, requests, count, arena, ret_responses, ret_results, ret_errors);
	for (size_t i = 0; i < count; i++) {
		if (answers.next == ANSWERS_MAX || (answers.replaying && answers.next == answers.count))
			abort();
		ret_results[i] = RESULT_OK;
		if (answers.replaying)
			ret_responses[i] = copy(&answers.all[answers.next++], arena);
		else
			answers.all[answers.next++] = copy(&ret_responses[i], answers.arena);
	}
	return RESULT_OK;
}

enum result __wrap_http_client_perform(struct http_client *client, const struct http_request *request,
                                       struct arena *arena, struct http_response *ret_response, struct error *error)
{
	enum result result = RESULT_OK;
	(void)error;
	return __wrap_http_client_perform_all(client, request, 1, arena, ret_response, &result, NULL);
}

static const struct connector_settings connector = {
    .connector_id = "hot",
    .type = "entra",
    .name = "",
    .description = "",
    .group_mode = "bind",
    .enabled = true,
    .tenant_id = SANDBOX_TENANT_ID,
    .client_id = SANDBOX_CLIENT_ID,
    .cloud = "global",
    .credential = {.kind = CREDENTIAL_CLIENT_SECRET,
                   .source = CREDENTIAL_REFERENCE,
                   .reference = "env:HOT_ENGINE_SECRET",
                   .version = 1},
};

struct hot_engine {
	size_t rounds;
	struct simulated_time time;
	struct simulated_graph graph;
	struct connector_environment environment;
};

/* All additions, as one run of the planner. */
static void run_once(struct hot_engine *engine)
{
	struct null_store *null_store = null_store_new(&engine->time.clock, &connector, GROUPS);
	struct store *store = null_store_ops(null_store);
	const struct worker_options options = {.store = store,
	                                       .clock = &engine->time.clock,
	                                       .environment = &engine->environment,
	                                       .allow = {.text = "env:HOT_*"}};
	struct arena *arena = need(arena_new(ARENA_CEILING));
	struct planned_job *planned = need(arena_array(arena, JOBS, sizeof(*planned)));
	struct job first, *more = NULL;
	size_t count = 0;
	int64_t due = 0;
	for (size_t i = 0; i < JOBS; i++)
		(void)null_store_add(null_store, i % GROUPS, i, true);
	if (store->ops->job_claim(store, "hot", 1, arena, &first, &due) != RESULT_OK ||
	    store->ops->job_claim_more(store, &first, "hot", 1, JOBS - 1, arena, &more, &count) != RESULT_OK)
		abort();
	for (size_t i = 0; i < JOBS; i++)
		planned[i].job = i == 0 ? &first : &more[i - 1];
	planner_run(&options, planned, JOBS, arena);
	if (null_store_count(null_store).active != JOBS) {
		fprintf(stderr, "hot_paths: of 400 additions %zu were done (%s)\n", null_store_count(null_store).active,
		        null_store_count(null_store).code);
		exit(1);
	}
	arena_free(arena);
	null_store_free(null_store);
}

__attribute__((noinline)) void hot_engine_replay(struct hot_engine *engine)
{
	answers.next = 0;
	run_once(engine);
}

static void engine_main(void *context)
{
	struct hot_engine *engine = context;
	/* Somebody else's first call has asked for the token, which the recorded answers are not to hold. */
	for (int times = 0; times < 2; times++) {
		answers.next = 0;
		simulated_graph_fill(&engine->graph, JOBS, GROUPS, 1);
		run_once(engine);
	}
	answers.count = answers.next;
	answers.replaying = true;
	for (size_t i = 0; i < engine->rounds; i++)
		hot_engine_replay(engine);
}

void hot_engine_rounds(size_t rounds)
{
	struct hot_engine *engine = need(calloc(1, sizeof(*engine)));
	setenv("HOT_ENGINE_SECRET", SANDBOX_CLIENT_SECRET, 1);
	answers.arena = need(arena_new(ARENA_CEILING));
	engine->rounds = rounds;
	simulated_time_init(&engine->time, START_MS);
	simulated_graph_open(&engine->graph, &engine->time, 0);
	engine->environment = (struct connector_environment){.http = engine->graph.client,
	                                                     .clock = &engine->time.clock,
	                                                     .login_url = engine->graph.origin,
	                                                     .graph_url = engine->graph.origin,
	                                                     .bindable_groups = "any"};
	simulated_time_add(&engine->time, engine_main, engine);
	simulated_time_run(&engine->time);
	connector_registry_find("entra")->forget(connector.connector_id);
	simulated_graph_close(&engine->graph);
	simulated_time_done(&engine->time);
	arena_free(answers.arena);
	free(engine);
}
