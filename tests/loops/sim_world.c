#include "sim_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "jira/webhook.h"
#include "sim_clock.h"
#include "sim_database.h"
#include "sim_memory.h"
#include "sim_net.h"

#define SECRET "sBx8Q~sandbox-value-not-a-secret-0001"
#define TENANT "8f1c2d3e-4a5b-4c6d-8e7f-901a2b3c4d5e"
#define CLIENT "3c9d8b7a-6f5e-4d4c-9b3a-2a1908f7e6d5"

struct world world = {.sweep_seconds = 300, .check_seconds = 3600};
const struct actor world_admin = {.kind = "token", .id = "admin-1"};

/* What a process keeps in memory of the issues it saw goes with it. */
static int64_t processes;

void __real_intake_seen_note(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version);
bool __real_intake_seen_has(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version);
void __wrap_intake_seen_note(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version);
bool __wrap_intake_seen_has(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version);

void __wrap_intake_seen_note(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version)
{
	__real_intake_seen_note(site, issue_id, updated_at, (processes << 32) + settings_version);
}

bool __wrap_intake_seen_has(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version)
{
	return __real_intake_seen_has(site, issue_id, updated_at, (processes << 32) + settings_version);
}

static void must(enum result result, const char *what)
{
	if (result == RESULT_OK)
		return;
	fprintf(stderr, "the test itself failed: %s: %s\n", what, result_name(result));
	abort();
}

/* ---- the process ---- */

void world_begin(void)
{
	sim_memory_install();
	setenv("SIM_ENTRA_SECRET", SECRET, 1);
	log_set_level(getenv("SIM_LOG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	sim_clock_set(WORLD_START);
	sim_memory_outside();
	net_open();
	snprintf(world.directory, sizeof(world.directory), "%s/aic-loop-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(world.directory) == NULL)
		abort();
	static const uint8_t seed[32] = {7, 7, 7};
	must(audit_key_from_seed(seed, &world.key), "the audit key");
	world.signer.key = world.key;
	sim_memory_inside();
}

void world_end(void)
{
	database_remove("world.db");
	database_remove("kept.db");
	database_remove("yesterday.db");
	(void)rmdir(world.directory);
	audit_key_free(world.key);
	sim_memory_outside();
	net_close();
	sim_memory_inside();
}

/* ---- the service ---- */

static enum result fetch_bot_token(const struct secret_source *source, struct secret *ret_secret, struct error *error)
{
	static const char token[] = "sandbox-jira-bot";
	(void)source, (void)error;
	return secret_new(token, sizeof(token) - 1, ret_secret);
}

static const struct secret_source bot_token = {.fetch = fetch_bot_token};

/* While time passes in a long attempt, the scheduler's thread keeps leases. */
static void keep_leases(void)
{
	for (int i = 0; i < WORLD_THREADS; i++)
		lease_slot_keep(&world.slots[i], world.store, sim_clock());
}

static void store_begin(void)
{
	char url[192];
	struct error error = {0};
	snprintf(url, sizeof(url), "sqlite:%s/world.db", world.directory);
	const struct store_options options = {.url = url, .clock = sim_clock(), .exclusive = true, .create = true};
	must(store_open(&options, &world.real, &error), error.detail);
	world.real->ops->set_audit_signer(world.real, &world.signer);
	must(store_fault_wrap(world.real, &world.store), "the store that fails");
}

static void service_begin(void)
{
	struct error error = {0};
	store_begin();
	struct http_client *http = NULL;
	must(http_client_new(&(struct http_client_options){.user_agent = "simulation"}, &http, &error), "the network");
	const struct jira_options jira = {
	    .http = http, .clock = sim_clock(), .site_url = NET_JIRA, .auth = JIRA_AUTH_BEARER, .token = &bot_token};
	must(jira_new(&jira, &world.jira, &error), "Jira's client");
	world.environment = (struct connector_environment){
	    .clock = sim_clock(), .login_url = net_entra_url(), .graph_url = net_entra_url(), .bindable_groups = "any"};
	world.options = (struct worker_options){.store = world.store,
	                                        .clock = sim_clock(),
	                                        .environment = &world.environment,
	                                        .jira = world.jira,
	                                        .allow = {.text = "env:SIM_*"},
	                                        .sweep_seconds = world.sweep_seconds,
	                                        .check_seconds = world.check_seconds,
	                                        .inbox_days = 30};
	circuit_init(&world.circuit);
	scheduler_init(&world.scheduler, &world.options);
	world.runs++;
	processes++;
	for (int i = 0; i < WORLD_THREADS; i++) {
		snprintf(world.holders[i], sizeof(world.holders[i]), "run%d-%d", world.runs, i);
		lease_slot_init(&world.slots[i]);
		world.at_work[i] = false;
	}
	sim_clock_hook(keep_leases);
}

static void service_end(void)
{
	sim_clock_hook(NULL);
	for (int i = 0; i < WORLD_THREADS; i++)
		lease_slot_done(&world.slots[i]);
	circuit_done(&world.circuit);
	jira_free(world.jira);
	world.store->ops->close(world.store);
	world.store = world.real = NULL;
	connector_registry_find("entra")->forget("one");
	connector_registry_find("entra")->forget("two");
}

void world_die(void)
{
	world.dead = true;
	store_fault_fail_from(world.store, 1, RESULT_UNAVAILABLE);
}

void world_stop(void)
{
	sim_memory_outside();
	world.dead = false;
	service_end();
	sim_memory_inside();
}

void world_start(void)
{
	sim_memory_outside();
	service_begin();
	sim_memory_inside();
}

void world_restart(void)
{
	world_stop();
	world_start();
}

void world_copy_database(void)
{
	world_stop();
	database_copy("world.db", "yesterday.db");
	world_start();
}

void world_restore_database(void)
{
	world_stop();
	database_copy("yesterday.db", "world.db");
	world_start();
}

/* ---- what is set up ---- */

const char *world_tool_name(int tool)
{
	static const char *const names[WORLD_TOOLS] = {"Tool A", "Tool B", "Tool C", "Tool D", "Tool E"};
	return names[tool];
}

static const char *tool_id(int tool)
{
	static const char *const ids[WORLD_TOOLS] = {"tool-a", "tool-b", "tool-c", "tool-d", "tool-e"};
	return ids[tool];
}

const char *world_group_id(int tool)
{
	static const char *const ids[WORLD_GROUPS] = {
	    "90000000-0000-4000-8000-000000000001", "90000000-0000-4000-8000-000000000002",
	    "90000000-0000-4000-8000-000000000003", "90000000-0000-4000-8000-000000000004"};
	return ids[tool % WORLD_GROUPS];
}

void world_user_id(int person, char ret_id[40])
{
	snprintf(ret_id, 40, "c0000000-0000-4000-8000-%012d", person);
}

static void connector_make(const char *id, struct arena *arena)
{
	struct error error = {0};
	const struct connector_settings settings = {.connector_id = id,
	                                            .type = "entra",
	                                            .name = id,
	                                            .description = "",
	                                            .group_mode = "bind",
	                                            .enabled = true,
	                                            .tenant_id = TENANT,
	                                            .client_id = CLIENT,
	                                            .cloud = "global",
	                                            .created_at = WORLD_START,
	                                            .updated_at = WORLD_START,
	                                            .credential = {.kind = CREDENTIAL_CLIENT_SECRET,
	                                                           .source = CREDENTIAL_REFERENCE,
	                                                           .reference = "env:SIM_ENTRA_SECRET",
	                                                           .stored_at = WORLD_START,
	                                                           .version = 1}};
	must(world.real->ops->connector_create(world.real, &world_admin, &settings, NULL, arena, &error), "a connector");
}

static void tool_make(int tool, struct arena *arena)
{
	struct error error = {0};
	const struct tool value = {.tool_id = tool_id(tool),
	                           .name = world_tool_name(tool),
	                           .vendor = "",
	                           .url = "",
	                           .description = "",
	                           .risk = "low",
	                           .default_duration_days = 90,
	                           .max_duration_days = 180,
	                           .requestable = true,
	                           .connector_id = tool % WORLD_CONNECTORS == 0 ? "one" : "two"};
	const struct entitlement_group group = {.mode = "bind",
	                                        .group_id = world_group_id(tool),
	                                        .display_name = "A group",
	                                        .manageable = true,
	                                        .code = "group_ok",
	                                        .allow_shared = true};
	struct tool kept;
	must(world.real->ops->tool_create(world.real, &world_admin, &value, NULL, arena, &error), "a tool");
	must(world.real->ops->tool_bind_group(world.real, &world_admin, value.tool_id, &group, arena, &kept, &error),
	     "a group");
}

static void intake_make(struct arena *arena)
{
	static const char *const projects[] = {"AIC", NULL}, *const removed[] = {"Access removed", NULL};
	struct intake_settings settings, kept;
	struct error error = {0};
	intake_settings_default(&settings);
	settings.project_keys = projects;
	settings.tool_field = "customfield_10050";
	settings.purpose_field = "customfield_10051";
	settings.duration_field = "customfield_10052";
	settings.beneficiary = "reporter";
	settings.approval = "jsm";
	settings.revoked_statuses = removed;
	must(world.real->ops->intake_write(world.real, &world_admin, &settings, 0, arena, &kept, &error), "intake");
}

void world_open(void)
{
	sim_memory_outside();
	_cleanup_(arena_freep) struct arena *arena = arena_new(8 << 20);
	net_reset();
	net_move_entra();
	database_remove("world.db");
	service_begin();
	connector_make("one", arena);
	connector_make("two", arena);
	json_t *names = json_array();
	for (int tool = 0; tool < WORLD_TOOLS; tool++) {
		tool_make(tool, arena);
		json_array_append_new(names, json_string(world_tool_name(tool)));
	}
	intake_make(arena);
	json_decref(net_control("PUT", "/control/state", json_pack("{s:{s:o}}", "settings", "tools", names)));
	sim_memory_inside();
}

void world_close(void)
{
	sim_memory_outside();
	service_end();
	database_remove("world.db");
	sim_memory_inside();
}

static int64_t kept_at;

void world_keep(void)
{
	sim_memory_outside();
	service_end();
	database_copy("world.db", "kept.db");
	net_keep();
	kept_at = sim_now_ms();
	service_begin();
	sim_memory_inside();
}

void world_put_back(void)
{
	sim_memory_outside();
	if (world.store != NULL)
		service_end();
	database_copy("kept.db", "world.db");
	sim_clock_set(kept_at);
	net_put_back();
	net_move_entra();
	world.runs = 0;
	world.lose_events = world.dead = false;
	service_begin();
	sim_memory_inside();
}

/* ---- the server's part: Jira's webhooks ---- */

static enum result event_accept(const json_t *event, struct arena *arena)
{
	const char *body = json_string_at(event, "body");
	struct webhook_hint hint = {0};
	struct error error = {0};
	char event_id[ID_SIZE];
	enum result result = webhook_read(body, strlen(body), arena, &hint);
	if (result != RESULT_OK)
		return result;
	id_new(sim_now_ms(), event_id);
	struct inbox_event inbox = {.event_id = event_id,
	                            .source = "jira",
	                            .webhook_identifier = json_string_at(event, "id"),
	                            .issue_id = hint.issue_id,
	                            .issue_key = hint.issue_key,
	                            .event_type = hint.event_type,
	                            .status = hint.code == NULL ? "received" : "ignored",
	                            .code = hint.code,
	                            .reason = hint.reason,
	                            .received_at = sim_now_ms()};
	result = digest_sha256(body, strlen(body), inbox.body_hash);
	return result != RESULT_OK ? result : world.store->ops->inbox_add(world.store, &inbox, event_id, &error);
}

/* What is not put on disk is sent again. */
static void events_arrive(void)
{
	for (json_t *event; (event = net_event_take()) != NULL; json_decref(event)) {
		_cleanup_(arena_freep) struct arena *arena = arena_new(4 << 20);
		if (world.lose_events)
			continue;
		if (arena != NULL && event_accept(event, arena) == RESULT_OK)
			continue;
		net_event_return(event);
		json_decref(event);
		break;
	}
}

/* ---- turns ---- */

bool world_turn(int at, int64_t *ret_delay_ms)
{
	const struct job_turn turn = {
	    .options = &world.options, .circuit = &world.circuit, .holder = world.holders[at], .slot = &world.slots[at]};
	events_arrive();
	(void)scheduler_tick(&world.scheduler);
	world.at_work[at] = true;
	world.depth++;
	bool taken = job_turn_take(&turn, ret_delay_ms);
	world.depth--;
	world.at_work[at] = false;
	if (world.dead && world.depth == 0)
		world_restart();
	return taken;
}

/* A removal that is held waits for an admin. */
static bool is_for_ever(const struct job *job)
{
	return job->kind == JOB_SWEEP || job->kind == JOB_CHECK || text_equal(job->error_code, "removals_held");
}

static size_t jobs_open(struct arena *arena, bool print)
{
	static const char *const open[] = {"queued", "running", "waiting"};
	size_t left = 0;
	for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
		const struct job_filter filter = {.status = open[i]};
		const struct page page = {.limit = 200};
		struct job *jobs = NULL;
		size_t count = 0;
		const char *next = NULL;
		must(world.real->ops->job_list(world.real, &filter, &page, arena, &jobs, &count, &next), "the list of jobs");
		for (size_t at = 0; at < count; at++) {
			left += is_for_ever(&jobs[at]) ? 0 : 1;
			if (print && !is_for_ever(&jobs[at]))
				printf("#   %s %s, attempts %d, due in %lld ms: %s\n", open[i], job_kind_name(jobs[at].kind),
				       jobs[at].attempts, (long long)(jobs[at].next_attempt_at - sim_now_ms()),
				       jobs[at].error_code != NULL ? jobs[at].error_code : "-");
		}
	}
	return left;
}

bool world_is_quiet(void)
{
	sim_memory_outside();
	_cleanup_(arena_freep) struct arena *arena = arena_new(16 << 20);
	json_t *event = net_event_take();
	bool quiet = event == NULL && jobs_open(arena, false) == 0;
	if (event != NULL)
		net_event_return(event);
	json_decref(event);
	sim_memory_inside();
	return quiet;
}

void world_print_open_jobs(void)
{
	sim_memory_outside();
	_cleanup_(arena_freep) struct arena *arena = arena_new(16 << 20);
	(void)jobs_open(arena, true);
	sim_memory_inside();
}

bool world_settle(int64_t limit_ms)
{
	int64_t until = sim_now_ms() + limit_ms;
	int64_t delay_ms = 0;
	while (sim_now_ms() < until) {
		if (world_turn(0, &delay_ms))
			continue;
		if (world_is_quiet())
			return true;
		sim_pass_ms(delay_ms < 1 ? 1 : delay_ms);
	}
	return false;
}

/* ---- what people do in Jira ---- */

void world_file(int person, int tool, int days, char ret_key[16])
{
	char nick[16], duration[16];
	snprintf(nick, sizeof(nick), "user%03d", person);
	snprintf(duration, sizeof(duration), "%d", days);
	sim_memory_outside();
	json_t *fields = json_pack("{s:s,s:{s:s},s:s,s:s}", "summary", "Access", "customfield_10050", "value",
	                           world_tool_name(tool), "customfield_10051", "To try it", "customfield_10052", duration);
	json_t *made = net_ask_jira(
	    nick, "POST", "/rest/servicedeskapi/request",
	    json_pack("{s:s,s:s,s:o}", "serviceDeskId", "10", "requestTypeId", "25", "requestFieldValues", fields));
	snprintf(ret_key, 16, "%s", json_string_at(made, "issueKey"));
	json_decref(made);
	sim_memory_inside();
}

static void answer(const char *issue_key, const char *decision)
{
	char path[160];
	sim_memory_outside();
	snprintf(path, sizeof(path), "/rest/servicedeskapi/request/%s/approval", issue_key);
	json_t *page = net_ask_jira("ben", "GET", path, NULL);
	json_t *all = json_object_get(page, "values");
	json_t *last = json_array_get(all, json_array_size(all) - 1);
	snprintf(path, sizeof(path), "/rest/servicedeskapi/request/%s/approval/%s", issue_key, json_string_at(last, "id"));
	json_decref(net_ask_jira("ben", "POST", path, json_pack("{s:s}", "decision", decision)));
	json_decref(page);
	sim_memory_inside();
}

void world_approve(const char *issue_key)
{
	answer(issue_key, "approve");
}

void world_decline(const char *issue_key)
{
	answer(issue_key, "decline");
}

bool world_take_away(const char *issue_key)
{
	char path[160];
	bool offered = false;
	size_t at;
	json_t *transition;
	sim_memory_outside();
	snprintf(path, sizeof(path), "/rest/api/3/issue/%s/transitions", issue_key);
	json_t *offers = net_ask_jira("cleo", "GET", path, NULL);
	json_array_foreach(json_object_get(offers, "transitions"), at, transition) offered =
	    offered || text_equal(json_string_at(transition, "id"), "31");
	if (offered)
		json_decref(net_ask_jira("cleo", "POST", path, json_pack("{s:{s:s}}", "transition", "id", "31")));
	json_decref(offers);
	sim_memory_inside();
	return offered;
}

/* ---- the audit trail ---- */

static const char *trail_fault(struct arena *arena, struct audit_verifier *verifier)
{
	for (int64_t seq = 0;;) {
		struct audit_event *events = NULL;
		size_t count = 0;
		must(world.real->ops->audit_read_from(world.real, seq, 200, arena, &events, &count), "the audit trail");
		for (size_t i = 0; i < count; i++) {
			if (audit_verifier_add(verifier, &events[i], arena) != RESULT_OK)
				return arena_strdup(arena, verifier->reason);
			seq = events[i].seq;
		}
		if (count == 0)
			return NULL;
	}
}

const char *world_audit_fault(struct arena *arena)
{
	struct audit_verifier verifier;
	struct audit_checkpoint head;
	audit_verifier_init(&verifier);
	const char *fault = trail_fault(arena, &verifier);
	if (fault != NULL)
		return fault;
	must(world.real->ops->audit_head(world.real, &head), "the head of the audit trail");
	if (!audit_checkpoint_verify(world.key, "head", &head) || !text_equal(head.hash, verifier.prev_hash))
		return "the signed head does not name the last event";
	return NULL;
}
