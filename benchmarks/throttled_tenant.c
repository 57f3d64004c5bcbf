#include "throttled_tenant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connector/connector.h"
#include "null_store.h"
#include "secrets/credential_opener.h"
#include "simulated_graph.h"
#include "simulated_time.h"
#include "worker/backlog.h"

#define START_MS 1700000000000LL
#define WINDOW_MS 150000
#define WRITES 3000
#define WORKERS 4 /* as the service has */
#define LEASE_MS 60000
#define LONGEST_IDLE_MS 5000
#define OVERDUE_WAIT_MS 100
#define CLAIM_ARENA_CEILING (128u << 20)
#define SINGLE_EVERY_MS 37000
#define PEOPLE_MAX 500
#define SPARE 1.15 /* the backlog must not end before the time does */

struct tenant {
	const struct throttled_options *options;
	struct simulated_time time;
	struct simulated_graph graph;
	struct null_store *null_store;
	struct worker_options worker;
	struct connector_environment environment;
	struct circuit circuit;
	int64_t end_ms;
	size_t people, groups;
	struct simulated_watch *watches;
	int64_t *asked_at;
	size_t singles;
};

static const struct connector_settings connector = {
    .connector_id = "throttled",
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
                   .reference = "env:THROTTLED_TENANT_SECRET",
                   .version = 1},
};

/* ---- the actors ---- */

/* As worker.c: claim, run, else sleep until something may be due or somebody wakes us. */
static void work_once(struct tenant *tenant)
{
	struct store *store = null_store_ops(tenant->null_store);
	const struct backlog backlog = {
	    .options = &tenant->worker, .circuit = &tenant->circuit, .holder = "w", .lease_ms = LEASE_MS};
	struct arena *claimed = arena_new(CLAIM_ARENA_CEILING);
	struct planned_job *planned = NULL;
	struct job job;
	int64_t due = 0;
	if (claimed == NULL)
		abort();
	if (store->ops->job_claim(store, backlog.holder, LEASE_MS, claimed, &job, &due) == RESULT_OK) {
		simulated_time_wake(&tenant->time);
		(void)backlog_run(&backlog, &job, claimed, &planned);
		arena_free(claimed);
		return;
	}
	arena_free(claimed);
	int64_t now = tenant->time.now;
	int64_t until = due == 0 || due > now + LONGEST_IDLE_MS ? now + LONGEST_IDLE_MS : due;
	simulated_time_idle(&tenant->time, until > now ? until : now + OVERDUE_WAIT_MS);
}

/* The token is fetched before the threads begin: whoever waits for another's fetch waits in real time. */
static void first_call(void *context)
{
	struct tenant *tenant = context;
	struct credential_opener opener;
	struct connector_group_check check;
	struct error error = {0};
	struct arena *arena = arena_new(CLAIM_ARENA_CEILING);
	char group_id[64];
	snprintf(group_id, sizeof(group_id), NULL_STORE_GROUP, (size_t)0);
	credential_opener_init(&opener, &connector, NULL, tenant->worker.allow);
	const struct connector_target target = {.settings = &connector, .secret = &opener.source};
	if (arena == NULL || connector_registry_find("entra")->read_group(&tenant->environment, &target, group_id, arena,
	                                                                  &check, &error) != RESULT_OK) {
		fprintf(stderr, "no group could be read: %s\n", error.detail);
		abort();
	}
	arena_free(arena);
}

static void worker_main(void *context)
{
	struct tenant *tenant = context;
	while (tenant->time.now < tenant->end_ms)
		work_once(tenant);
}

/* Approvals of a person each, whom the backlog does not know, spread over the groups. */
static void singles_main(void *context)
{
	struct tenant *tenant = context;
	for (size_t i = 0; i < tenant->singles; i++) {
		simulated_time_sleep(&tenant->time, SINGLE_EVERY_MS);
		struct simulated_watch *watch = &tenant->watches[i];
		size_t group = (i * 7) % tenant->groups;
		size_t person = tenant->people + i;
		snprintf(watch->group_id, sizeof(watch->group_id), NULL_STORE_GROUP, group);
		snprintf(watch->user_id, sizeof(watch->user_id), NULL_STORE_USER, person);
		tenant->asked_at[i] = tenant->time.now;
		tenant->graph.watch_count = i + 1;
		(void)null_store_add(tenant->null_store, group, person, false);
	}
}

static void woken(void *context)
{
	simulated_time_wake(context);
}

/* ---- the scene ---- */

/* More than what may be written in that time. No pair of a person and a group stands in it twice. */
static void backlog_fill(struct tenant *tenant, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)null_store_add(tenant->null_store, i % tenant->groups, i / tenant->groups, true);
}

static void tenant_open(struct tenant *tenant, const struct throttled_options *options)
{
	int64_t windows = options->duration_ms / WINDOW_MS;
	double links = 20.0 * WRITES / (double)options->link_cost * (double)windows;
	size_t count = (size_t)(links * SPARE);
	*tenant = (struct tenant){.options = options, .end_ms = START_MS + options->duration_ms};
	tenant->people = count / 50 < PEOPLE_MAX ? count / 50 + 1 : PEOPLE_MAX;
	tenant->groups = (count + tenant->people - 1) / tenant->people;
	tenant->singles = (size_t)((options->duration_ms - 5000) / SINGLE_EVERY_MS);
	tenant->watches = calloc(tenant->singles + 1, sizeof(*tenant->watches));
	tenant->asked_at = calloc(tenant->singles + 1, sizeof(*tenant->asked_at));
	if (tenant->watches == NULL || tenant->asked_at == NULL)
		abort();
	setenv("THROTTLED_TENANT_SECRET", SANDBOX_CLIENT_SECRET, 1);
	simulated_time_init(&tenant->time, START_MS);
	simulated_graph_open(&tenant->graph, &tenant->time, options->latency_ms);
	simulated_graph_fill(&tenant->graph, tenant->people + tenant->singles, tenant->groups, options->link_cost);
	tenant->graph.watches = tenant->watches;
	tenant->null_store = null_store_new(&tenant->time.clock, &connector, tenant->groups);
	backlog_fill(tenant, count);
	circuit_init(&tenant->circuit);
	tenant->environment = (struct connector_environment){.http = tenant->graph.client,
	                                                     .clock = &tenant->time.clock,
	                                                     .login_url = tenant->graph.origin,
	                                                     .graph_url = tenant->graph.origin,
	                                                     .bindable_groups = "any"};
	tenant->worker = (struct worker_options){.store = null_store_ops(tenant->null_store),
	                                         .clock = &tenant->time.clock,
	                                         .environment = &tenant->environment,
	                                         .allow = {.text = "env:THROTTLED_*"}};
	tenant->worker.store->ops->set_listener(tenant->worker.store, woken, &tenant->time);
}

static void tenant_close(struct tenant *tenant)
{
	connector_registry_find("entra")->forget(connector.connector_id);
	circuit_done(&tenant->circuit);
	null_store_free(tenant->null_store);
	simulated_graph_close(&tenant->graph);
	simulated_time_done(&tenant->time);
	free(tenant->watches);
	free(tenant->asked_at);
}

static void figures_take(struct tenant *tenant, struct throttled_figures *figures)
{
	const struct null_store_counts counts = null_store_count(tenant->null_store);
	*figures = (struct throttled_figures){
	    .allowed = tenant->options->duration_ms / WINDOW_MS * WRITES,
	    .used = tenant->graph.sandbox.faults.throttle.allowed_writes,
	    .throttled = tenant->graph.throttled,
	    .early = tenant->graph.early,
	    .calls = tenant->graph.calls,
	    .memberships = counts.active,
	    .follow_ups = counts.follow_ups,
	    .singles = tenant->singles,
	};
	for (size_t i = 0; i < tenant->singles; i++) {
		int64_t took = tenant->watches[i].seen_at - tenant->asked_at[i];
		if (tenant->watches[i].seen_at == 0)
			figures->singles_unmet++;
		else if (took > figures->slowest_ms)
			figures->slowest_ms = took;
	}
}

void throttled_tenant_run(const struct throttled_options *options, struct throttled_figures *ret_figures)
{
	struct tenant *tenant = calloc(1, sizeof(*tenant));
	if (tenant == NULL)
		abort();
	tenant_open(tenant, options);
	simulated_time_add(&tenant->time, first_call, tenant);
	simulated_time_run(&tenant->time);
	for (int i = 0; i < WORKERS; i++)
		simulated_time_add(&tenant->time, worker_main, tenant);
	simulated_time_add(&tenant->time, singles_main, tenant);
	simulated_time_run(&tenant->time);
	figures_take(tenant, ret_figures);
	tenant_close(tenant);
	free(tenant);
}
