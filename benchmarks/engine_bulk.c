/* engine_bulk STORE COUNT GROUPS [RECORD]: the engine alone (backlog, planner, connector, HTTP client), one run after
 * another, against a sandbox: COUNT users into GROUPS groups. STORE is "null" (null_store.h) or the URL of a new
 * database. Prints one line of JSON: ms, cpuMs, peakKib, calls, active. With RECORD, what it sends is written there for
 * replay.c. Sandbox and credential come from the environment, as for sdk_bulk.js.
 *
 * Linked with --wrap for the two calls of http/client.h, so that what is sent is seen where it leaves the engine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "bench_connector.h"
#include "connector/connector.h"
#include "engine_store.h"
#include "spent.h"
#include "worker/backlog.h"

#define LEASE_MS 60000
#define CLAIM_ARENA_CEILING (128u << 20)

static FILE *record;
static long calls;

/* ---- what is sent ---- */

enum result __real_http_client_perform(struct http_client *client, const struct http_request *request,
                                       struct arena *arena, struct http_response *ret_response, struct error *error);
enum result __real_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors);
enum result __wrap_http_client_perform(struct http_client *client, const struct http_request *request,
                                       struct arena *arena, struct http_response *ret_response, struct error *error);
enum result __wrap_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors);

/* Requests that go out together are a wave. The one for the token is the replay's own. */
static void note_wave(const struct http_request *requests, size_t count)
{
	calls += (long)count;
	if (record == NULL || requests[0].secret_body)
		return;
	fprintf(record, "%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		fprintf(record, "%s %s %zu\n", requests[i].method, requests[i].url, requests[i].body_length);
		fwrite(requests[i].body_length > 0 ? requests[i].body : "", 1, requests[i].body_length, record);
		fputc('\n', record);
	}
}

enum result __wrap_http_client_perform(struct http_client *client, const struct http_request *request,
                                       struct arena *arena, struct http_response *ret_response, struct error *error)
{
	note_wave(request, 1);
	return __real_http_client_perform(client, request, arena, ret_response, error);
}

enum result __wrap_http_client_perform_all(struct http_client *client, const struct http_request *requests,
                                           size_t count, struct arena *arena, struct http_response *ret_responses,
                                           enum result *ret_results, struct error *ret_errors)
{
	note_wave(requests, count);
	return __real_http_client_perform_all(client, requests, count, arena, ret_responses, ret_results, ret_errors);
}

/* ---- the engine ---- */

/* False when nothing is due. */
static bool run_one(const struct backlog *backlog)
{
	struct store *store = backlog->options->store;
	struct arena *claimed = arena_new(CLAIM_ARENA_CEILING);
	struct planned_job *planned = NULL;
	struct job job;
	int64_t next_due = 0;
	if (claimed == NULL)
		abort();
	enum result result = store->ops->job_claim(store, backlog->holder, LEASE_MS, claimed, &job, &next_due);
	if (result == RESULT_OK)
		(void)backlog_run(backlog, &job, claimed, &planned);
	arena_free(claimed);
	return result == RESULT_OK;
}

static void measure(const struct worker_options *options, struct engine_store *engine, size_t count)
{
	struct circuit circuit;
	const struct backlog backlog = {.options = options, .circuit = &circuit, .holder = "bench", .lease_ms = LEASE_MS};
	circuit_init(&circuit);
	struct spent before = spent_so_far();
	while (run_one(&backlog))
		;
	struct spent used = spent_since(&before);
	size_t active = engine_store_active(engine);
	printf("{\"ms\":%lld,\"cpuMs\":%.1f,\"peakKib\":%ld,\"calls\":%ld,\"active\":%zu}\n", used.ms, used.cpu_ms,
	       used.peak_kib, calls, active);
	if (active != count) {
		fprintf(stderr, "of %zu memberships %zu are active\n", count, active);
		exit(1);
	}
	circuit_done(&circuit);
}

int main(int argc, char **argv)
{
	memory_install_library_hooks(); /* as the service does: what is freed is wiped */
	memory_keep_little();
	size_t count = argc > 3 ? (size_t)atol(argv[2]) : 0;
	size_t groups = argc > 3 ? (size_t)atol(argv[3]) : 0;
	if (argc < 4 || argc > 5 || count < 1 || groups < 1) {
		fprintf(stderr, "usage: engine_bulk null|sqlite:FILE COUNT GROUPS [RECORD]\n");
		return 2;
	}
	if (argc == 5 && (record = fopen(argv[4], "we")) == NULL) {
		perror(argv[4]);
		return 1;
	}
	struct bench_connector bench;
	bench_connector_open(&bench);
	struct engine_store engine;
	engine_store_open(&engine, argv[1], &bench.settings, count, groups);
	const struct worker_options options = {.store = engine.store,
	                                       .clock = clock_system(),
	                                       .environment = &bench.environment,
	                                       .allow = {.text = BENCH_CONNECTOR_ALLOW}};
	measure(&options, &engine, count);
	bench_connector_close(&bench);
	engine_store_close(&engine);
	if (record != NULL && fclose(record) != 0)
		return 1;
	return 0;
}
