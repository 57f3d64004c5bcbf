/* hot_paths PATH ROUNDS [DATABASE]: does one of the product's hot paths ROUNDS times, for ./bench --instructions, which
 * counts the instructions of a run with few rounds and of one with more: their difference is the path's, of all
 * threads, without whatever came before. `hot_paths --list` names the paths; `hot_paths --prepare 1 DATABASE` makes the
 * database that the path of the store works on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "connector/entra/batch.h"
#include "domain/audit_chain.h"
#include "engine_store.h"
#include "hot_engine.h"
#include "jira/webhook.h"
#include "null_store.h"

#define TEXT_CEILING (4u << 20)
#define MEMBERS 999
#define JOBS 400
#define GROUPS 20
#define LEASE_MS 3600000 /* valgrind is slow */
#define PREPARED 4       /* rounds that the database is good for */

static const char *database;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "hot_paths: %s\n", what);
	exit(1);
}

static struct arena *arena_or_end(size_t ceiling)
{
	struct arena *arena = arena_new(ceiling);
	must(arena != NULL, "no memory");
	return arena;
}

/* ---- a page of members ---- */

static void page_write(struct text *page)
{
	text_append(page,
	            "{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#directoryObjects\",\"value\":[");
	for (size_t i = 0; i < MEMBERS; i++)
		text_printf(page, "%s{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"" NULL_STORE_USER "\"}",
		            i > 0 ? "," : "", i);
	text_append(page, "]}");
}

static void page_rounds(size_t rounds)
{
	struct text page = TEXT_INIT(TEXT_CEILING);
	page_write(&page);
	for (; rounds > 0; rounds--) {
		json_t *value = NULL;
		must(json_read_answer(page.data, page.length, &value) == RESULT_OK, "the page");
		must(json_array_size(json_object_get(value, "value")) == MEMBERS, "the page's members");
		json_decref(value);
	}
	text_done(&page);
}

/* ---- a batch's answers ---- */

static json_t *envelope_make(void)
{
	json_t *responses = json_array();
	for (int i = 0; i < BATCH_MAX; i++) {
		char id[8];
		snprintf(id, sizeof(id), "%d", (i * 7) % BATCH_MAX + 1); /* in any order */
		json_array_append_new(responses, json_pack("{s:s,s:i,s:{s:s},s:{s:s}}", "id", id, "status", 200, "headers",
		                                           "request-id", "77777777-7777-4777-8777-777777777777", "body", "id",
		                                           "e0000000-0000-4000-8000-000000000001"));
	}
	return json_pack("{s:o}", "responses", responses);
}

static void batch_rounds(size_t rounds)
{
	json_t *envelope = envelope_make();
	struct batch_item items[BATCH_MAX];
	for (; rounds > 0; rounds--) {
		batch_sort(envelope, BATCH_MAX, 1700000000000LL, items);
		must(items[BATCH_MAX - 1].status == 200, "the batch");
	}
	json_decref(envelope);
}

/* ---- a webhook ---- */

static void webhook_rounds(size_t rounds)
{
	static const char secret[] = "a secret of thirty-two characters";
	static const char body[] =
	    "{\"timestamp\":1700000000000,\"webhookEvent\":\"jira:issue_updated\",\"issue_event_type_name\":\"issue_"
	    "generic\","
	    "\"user\":{\"accountId\":\"712020:aa\",\"displayName\":\"Ada\"},\"issue\":{\"id\":\"10042\",\"key\":\"AIC-42\","
	    "\"fields\":{\"summary\":\"Please\",\"status\":{\"id\":\"3\",\"name\":\"Waiting\"}}},\"changelog\":{\"id\":"
	    "\"1\","
	    "\"items\":[{\"field\":\"status\",\"from\":\"1\",\"to\":\"3\"}]}}";
	const struct webhook_secret secrets[] = {{secret, sizeof(secret) - 1}};
	uint8_t digest[DIGEST_SIZE];
	char header[16 + DIGEST_HEX_SIZE] = "sha256=";
	struct arena *arena = arena_or_end(1 << 20);
	must(digest_hmac_sha256(secret, sizeof(secret) - 1, body, sizeof(body) - 1, digest) == RESULT_OK, "the digest");
	text_hex_encode(digest, DIGEST_SIZE, header + strlen(header));
	for (; rounds > 0; rounds--) {
		struct webhook_hint hint;
		arena_reset(arena);
		must(webhook_signature_holds(header, body, sizeof(body) - 1, secrets, 1), "the signature");
		must(webhook_read(body, sizeof(body) - 1, arena, &hint) == RESULT_OK && hint.issue_id != NULL, "the webhook");
	}
	arena_free(arena);
}

/* ---- an audit event ---- */

static void audit_rounds(size_t rounds)
{
	struct audit_event event = {.seq = 1,
	                            .at = 1700000000000LL,
	                            .actor_kind = "system",
	                            .actor_id = "worker",
	                            .action = "grant.activated",
	                            .target_kind = "grant",
	                            .target_id = "01900000-0000-7000-8000-000000000001",
	                            .outcome = "ok",
	                            .detail = "{\"requestId\":\"77777777-7777-4777-8777-777777777777\",\"from\":"
	                                      "\"pendingProvision\",\"to\":\"active\"}",
	                            .prev_hash = AUDIT_GENESIS};
	struct arena *arena = arena_or_end(1 << 20);
	char hash[DIGEST_HEX_SIZE];
	for (; rounds > 0; rounds--, event.seq++) {
		arena_reset(arena);
		must(audit_event_hash(&event, arena, hash) == RESULT_OK, "the hash");
	}
	arena_free(arena);
}

/* ---- the durable store's part of a run ---- */

static void settle(struct store *store, struct job *const *jobs, struct arena *arena)
{
	static const struct actor worker = {.kind = "system", .id = "worker"};
	struct membership_intent *intents = arena_array(arena, JOBS, sizeof(*intents));
	struct grant_change *changes = arena_array(arena, JOBS, sizeof(*changes));
	struct job_settlement *settlements = arena_array(arena, JOBS, sizeof(*settlements));
	must(intents != NULL && changes != NULL && settlements != NULL, "no memory");
	for (size_t i = 0; i < JOBS; i++) {
		const struct job *job = jobs[i];
		intents[i] = (struct membership_intent){.grant_id = job->grant_id,
		                                        .job_id = job->job_id,
		                                        .fence = job->fence,
		                                        .external_user_id = arena_printf(arena, NULL_STORE_USER, i)};
		changes[i] = (struct grant_change){.event = GRANT_EVENT_MEMBER, .job_id = job->job_id, .fence = job->fence};
		settlements[i] = (struct job_settlement){.job = job, .grant_id = job->grant_id, .change = &changes[i]};
	}
	store->ops->grant_intend_memberships(store, intents, JOBS, arena);
	store->ops->job_settle_all(store, &worker, settlements, JOBS, arena);
	for (size_t i = 0; i < JOBS; i++)
		must(intents[i].result == RESULT_OK && settlements[i].result == RESULT_OK, "a settlement");
}

static void store_round(struct store *store)
{
	struct arena *arena = arena_or_end(64u << 20);
	struct job first, *more = NULL, *jobs[JOBS] = {&first};
	size_t count = 0;
	int64_t due = 0;
	must(store->ops->job_claim(store, "hot", LEASE_MS, arena, &first, &due) == RESULT_OK, "a claim");
	must(store->ops->job_claim_more(store, &first, "hot", LEASE_MS, JOBS - 1, arena, &more, &count) == RESULT_OK &&
	         count == JOBS - 1,
	     "399 more");
	for (size_t i = 0; i < count; i++)
		jobs[i + 1] = &more[i];
	settle(store, jobs, arena);
	arena_free(arena);
}

static void store_rounds(size_t rounds)
{
	struct engine_store engine;
	char url[4096];
	must(database != NULL && rounds <= PREPARED, "the path of the store needs a database");
	snprintf(url, sizeof(url), "sqlite:%s", database);
	engine_store_reopen(&engine, url);
	for (; rounds > 0; rounds--)
		store_round(engine.store);
	engine_store_close(&engine);
}

static void database_prepare(void)
{
	static const struct connector_settings connector = {
	    .connector_id = "bench",
	    .type = "entra",
	    .name = "Bench",
	    .description = "",
	    .group_mode = "bind",
	    .enabled = true,
	    .tenant_id = "33333333-3333-4333-8333-333333333333",
	    .client_id = "44444444-4444-4444-8444-444444444444",
	    .cloud = "global",
	    .credential = {.source = CREDENTIAL_REFERENCE, .reference = "env:NONE"},
	};
	struct engine_store engine;
	char url[4096];
	snprintf(url, sizeof(url), "sqlite:%s", database);
	engine_store_open(&engine, url, &connector, (size_t)JOBS * PREPARED, GROUPS);
	engine_store_close(&engine);
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	void (*rounds)(size_t rounds);
	size_t unit;       /* so many of it are a round */
	const char *alone; /* the function that is to be counted, on its own thread; NULL: the difference of two runs */
	const char *what;
} paths[] = {
    {"graph-page", page_rounds, 1, NULL, "a page of 999 members read"},
    {"batch-answers", batch_rounds, 20, NULL, "20 answers of a $batch sorted, 20 times"},
    {"webhook", webhook_rounds, 20, NULL, "a webhook's signature checked and its body read, 20 times"},
    {"audit-hash", audit_rounds, 20, NULL, "an audit event's canonical text written and hashed, 20 times"},
    {"store-400", store_rounds, 1, NULL, "400 jobs claimed, intended and settled in the durable store"},
    {"engine-400", hot_engine_rounds, 1, "hot_engine_replay",
     "400 additions through planner and connector, on a null store and recorded answers"},
};

int main(int argc, char **argv)
{
	memory_install_library_hooks();
	database = argc > 3 ? argv[3] : NULL;
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
			printf("%s\t%s\t%s\n", paths[i].name, paths[i].alone != NULL ? paths[i].alone : "", paths[i].what);
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "--prepare") == 0) {
		database_prepare();
		return 0;
	}
	for (size_t i = 0; argc >= 3 && i < ARRAY_SIZE(paths); i++)
		if (strcmp(argv[1], paths[i].name) == 0) {
			paths[i].rounds(paths[i].unit * (size_t)atol(argv[2]));
			return 0;
		}
	fprintf(stderr, "usage: hot_paths PATH ROUNDS [DATABASE] | --list | --prepare 1 DATABASE\n");
	return 2;
}
