/* The stage for the store's contract suite: a fresh database in a directory of its own, a clock moved by hand, and
 * short ways to the things that most tests begin with. Every implementation must pass the suite; only scene_open()
 * knows which one stands on the stage. */
#ifndef AIC_TESTS_STORE_SCENE_H
#define AIC_TESTS_STORE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "store/store.h"

#define SCENE_START INT64_C(1763884800000) /* 2025-11-23 */
#define SCENE_LEASE 60000
#define SCENE_GROUP "11111111-1111-4111-8111-111111111111"
#define SCENE_USER "22222222-2222-4222-8222-222222222222"
#define SCENE_SITE "https://example.atlassian.net"

struct scene {
	char directory[64];
	char path[96];
	char url[112];
	struct clock_manual clock;
	struct audit_key *key;
	struct audit_signer signer;
	struct store *store;
	struct arena *arena;
	struct error error;
	int next_id;
};

static const struct actor admin = {.kind = "token", .id = "admin-1"};
static const struct actor jira = {.kind = "jira", .id = "account-approver"};
static const struct actor worker_actor = {.kind = "system", .id = "worker"};

/* scene->store->ops->name(scene->store, …) */
#define DO(scene, operation, ...) ((scene)->store->ops->operation((scene)->store, ##__VA_ARGS__))
#define assert_ok(call) assert_int_equal((call), RESULT_OK)
#define assert_refused(scene, call, result_, code_)                                                                    \
	do {                                                                                                               \
		(scene)->error = (struct error){0};                                                                            \
		assert_int_equal((call), (result_));                                                                           \
		assert_string_equal((scene)->error.code, (code_));                                                             \
	} while (0)

static inline enum result scene_try_open(struct scene *scene, bool exclusive, bool create, struct store **ret_store)
{
	struct store_options options = {
	    .url = scene->url, .clock = &scene->clock.clock, .exclusive = exclusive, .create = create};

	scene->error = (struct error){0};
	return store_open(&options, ret_store, &scene->error);
}

static inline void scene_open(struct scene *scene)
{
	assert_ok(scene_try_open(scene, true, true, &scene->store));
	scene->store->ops->set_audit_signer(scene->store, &scene->signer);
}

static inline void scene_close(struct scene *scene)
{
	if (scene->store != NULL)
		scene->store->ops->close(scene->store);
	scene->store = NULL;
}

static inline int scene_setup(void **state)
{
	static const uint8_t seed[32] = {1, 2, 3};
	struct scene *scene = memory_calloc(1, sizeof(*scene));

	assert_non_null(scene);
	snprintf(scene->directory, sizeof(scene->directory), "/tmp/aic-store-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	snprintf(scene->path, sizeof(scene->path), "%s/clearance.db", scene->directory);
	snprintf(scene->url, sizeof(scene->url), "sqlite:%s", scene->path);
	clock_manual_init(&scene->clock, SCENE_START);
	assert_ok(audit_key_from_seed(seed, &scene->key));
	scene->signer.key = scene->key;
	scene->arena = arena_new(64u << 20);
	assert_non_null(scene->arena);
	scene_open(scene);
	*state = scene;
	return 0;
}

static inline int scene_teardown(void **state)
{
	struct scene *scene = *state;
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	char path[128];

	scene_close(scene);
	for (size_t at = 0; at < ARRAY_SIZE(suffixes); at++) {
		snprintf(path, sizeof(path), "%s%s", scene->path, suffixes[at]);
		(void)unlink(path);
	}
	(void)rmdir(scene->directory);
	audit_key_free(scene->key);
	arena_free(scene->arena);
	memory_free(scene);
	return 0;
}

/* As after a restart of the service. */
static inline void scene_reopen(struct scene *scene)
{
	scene_close(scene);
	scene_open(scene);
}

static inline void scene_pass(struct scene *scene, int64_t ms)
{
	clock_manual_advance(&scene->clock, ms);
}

/* ---- things ---- */

static inline struct connector_settings scene_connector_value(const char *connector_id)
{
	return (struct connector_settings){
	    .connector_id = connector_id,
	    .type = "entra",
	    .name = "Entra",
	    .description = "",
	    .group_mode = "bind",
	    .enabled = true,
	    .tenant_id = "33333333-3333-4333-8333-333333333333",
	    .client_id = "44444444-4444-4444-8444-444444444444",
	    .cloud = "global",
	    .credential = {.kind = CREDENTIAL_CLIENT_SECRET,
	                   .source = CREDENTIAL_SEALED,
	                   .sealed = (const uint8_t *)"sealed bytes",
	                   .sealed_length = 12},
	};
}

static inline void scene_connector(struct scene *scene, const char *connector_id)
{
	struct connector_settings connector = scene_connector_value(connector_id);

	assert_ok(DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error));
}

/* A test's record, of a credential version. */
#define TEST(version, outcome_, report_, expires_at)                                                                   \
	(&(struct connector_test_record){.credential_version = (version),                                                  \
	                                 .outcome = (outcome_),                                                            \
	                                 .report = (report_),                                                              \
	                                 .credential_expires_at = (expires_at)})

static inline struct tool scene_tool_value(const char *tool_id, const char *connector_id)
{
	return (struct tool){.tool_id = tool_id,
	                     .name = tool_id,
	                     .vendor = "",
	                     .url = "",
	                     .description = "",
	                     .risk = "low",
	                     .default_duration_days = 90,
	                     .max_duration_days = 180,
	                     .requestable = true,
	                     .connector_id = connector_id};
}

static inline void scene_tool(struct scene *scene, const char *tool_id, const char *connector_id)
{
	struct tool tool = scene_tool_value(tool_id, connector_id);

	assert_ok(DO(scene, tool_create, &admin, &tool, NULL, scene->arena, &scene->error));
}

static inline enum result scene_bind(struct scene *scene, const char *tool_id, const char *group_id, bool shared)
{
	struct entitlement_group group = {.mode = "bind",
	                                  .group_id = group_id,
	                                  .display_name = "A group",
	                                  .manageable = true,
	                                  .code = "group_ok",
	                                  .allow_shared = shared};
	struct tool tool;

	return DO(scene, tool_bind_group, &admin, tool_id, &group, scene->arena, &tool, &scene->error);
}

/* A connector "entra" and a tool "chat" bound to SCENE_GROUP. */
static inline void scene_catalog(struct scene *scene)
{
	scene_connector(scene, "entra");
	scene_tool(scene, "chat", "entra");
	assert_ok(scene_bind(scene, "chat", SCENE_GROUP, true));
}

static inline const char *scene_new_id(struct scene *scene)
{
	char *id = arena_alloc(scene->arena, ID_SIZE);

	assert_non_null(id);
	id_new(clock_now_ms(&scene->clock.clock), id);
	return id;
}

/* Filed here (issue_id NULL) or in Jira. */
static inline struct access_request scene_request_value(struct scene *scene, const char *tool_id,
                                                        const char *account_id, const char *issue_id)
{
	return (struct access_request){
	    .request_id = scene_new_id(scene),
	    .site = issue_id != NULL ? SCENE_SITE : NULL,
	    .issue_id = issue_id,
	    .issue_key = issue_id != NULL ? arena_printf(scene->arena, "AIC-%s", issue_id) : NULL,
	    .tool_id = tool_id,
	    .tool_text = tool_id,
	    .account_id = account_id,
	    .filed_by = account_id,
	    .purpose = "Summarise meetings",
	    .duration_days = 90,
	    .approval = issue_id != NULL ? "jsm" : "console",
	    .status = REQUEST_PENDING,
	};
}

static inline struct access_request scene_request(struct scene *scene, const char *tool_id, const char *account_id,
                                                  const char *issue_id)
{
	struct access_request value = scene_request_value(scene, tool_id, account_id, issue_id), request;

	assert_ok(DO(scene, request_create, &jira, &value, false, NULL, NULL, scene->arena, &request, &scene->error));
	return request;
}

static inline struct access_request scene_approve(struct scene *scene, const char *request_id, const char *approval_id)
{
	const char *const consumed[] = {approval_id, NULL};
	struct request_change change = {
	    .event = REQUEST_EVENT_APPROVE, .decided_by = "account-approver", .decision = "{}", .consumed = consumed};
	struct access_request request;

	assert_ok(DO(scene, request_apply, &jira, request_id, &change, scene->arena, &request, &scene->error));
	return request;
}

/* A request of the account, approved: its grant, pending provision. */
static inline struct grant scene_grant(struct scene *scene, const char *tool_id, const char *account_id,
                                       const char *issue_id)
{
	struct access_request request = scene_request(scene, tool_id, account_id, issue_id);
	struct grant grant;

	request = scene_approve(scene, request.request_id, scene_new_id(scene));
	assert_int_equal(request.status, REQUEST_APPROVED);
	assert_non_null(request.grant_id);
	assert_ok(DO(scene, grant_read, request.grant_id, scene->arena, &grant));
	return grant;
}

static inline bool scene_claims(struct scene *scene, struct job *ret_job)
{
	int64_t next_due = 0;
	enum result result = DO(scene, job_claim, "w1", SCENE_LEASE, scene->arena, ret_job, &next_due);

	assert_true(result == RESULT_OK || result == RESULT_NOT_FOUND);
	return result == RESULT_OK;
}

static inline struct job scene_claim(struct scene *scene, enum job_kind kind)
{
	struct job job = {0};

	assert_true(scene_claims(scene, &job));
	assert_int_equal(job.kind, kind);
	return job;
}

static inline enum result scene_apply(struct scene *scene, const char *grant_id, struct grant_change change,
                                      struct grant *ret_grant)
{
	return DO(scene, grant_apply, &worker_actor, grant_id, &change, scene->arena, ret_grant, &scene->error);
}

/* What a worker writes down before it writes to Graph. */
static inline struct membership_intent scene_intend(struct scene *scene, const struct job *job, const char *user,
                                                    bool found_member)
{
	struct membership_intent intent = {.grant_id = job->grant_id,
	                                   .job_id = job->job_id,
	                                   .fence = job->fence,
	                                   .external_user_id = user,
	                                   .found_member = found_member};

	DO(scene, grant_intend_memberships, &intent, 1, scene->arena);
	scene->error = intent.error;
	return intent;
}

/* Claims the provision job of the only grant that waits and makes it a member. */
static inline struct grant scene_provision(struct scene *scene, const char *user)
{
	struct job job = scene_claim(scene, JOB_PROVISION);
	struct grant grant;

	assert_ok(scene_intend(scene, &job, user, false).result);
	assert_ok(scene_apply(scene, job.grant_id,
	                      (struct grant_change){.event = GRANT_EVENT_MEMBER, .job_id = job.job_id, .fence = job.fence},
	                      &grant));
	return grant;
}

static inline void scene_no_write_back(struct scene *scene)
{
	struct intake_settings settings, kept;

	intake_settings_default(&settings);
	settings.write_back_comment = false;
	assert_ok(DO(scene, intake_write, &admin, &settings, 0, scene->arena, &kept, &scene->error));
}

static inline size_t scene_count_jobs(struct scene *scene, const char *kind, const char *status)
{
	struct job_filter filter = {.kind = kind, .status = status};
	struct page page = {.limit = 200};
	struct job *jobs = NULL;
	const char *next = NULL;
	size_t count = 0;

	assert_ok(DO(scene, job_list, &filter, &page, scene->arena, &jobs, &count, &next));
	return count;
}

static inline int64_t scene_audit_seq(struct scene *scene)
{
	struct store_counts counts;

	assert_ok(DO(scene, counts, &counts));
	return counts.audit_seq;
}

#define scene_test(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

#endif
