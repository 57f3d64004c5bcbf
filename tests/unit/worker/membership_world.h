/* A store with one grant, and a directory with one group, for the tests of provision and deprovision. Both write down
 * what was asked of them. Defines what the jobs would otherwise take from connector/, jira/ and intake_confirm.c. */
#ifndef AIC_TESTS_MEMBERSHIP_WORLD_H
#define AIC_TESTS_MEMBERSHIP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"
#include "worker/job_run.h"
#include "worker/membership_call.h"
#include "worker/planner.h"

#define NOW 1700000000000LL
#define USER "11111111-1111-1111-1111-111111111111"

static struct world {
	/* The store. */
	struct store store;
	struct clock_manual clock;
	struct worker_options options;
	struct connector_environment environment;
	struct job job;
	struct job_context context;
	struct grant grant;
	struct access_request request;
	struct connector_settings settings;
	struct identity_mapping mapping;
	struct intake_settings intake;
	bool has_mapping, removal_under_way, other_open;
	enum membership_origin origin;
	enum result intend_result, apply_result, renew_result;
	/* What the store was told. */
	int intents, applied, holds, pins, finished;
	bool intended_found;
	enum grant_event event;
	char code[48], hold_code[48], candidates[512], detail[256];
	const char *hold_group;
	/* The directory. */
	bool member;      /* as written */
	int hidden_reads; /* so many reads show the state before the write */
	bool shown;       /* what stale reads show */
	int stale_reads;  /* so many reads show nobody */
	int writes, reads, questions;
	struct identity_match match;
	struct identity_question asked;
	struct connector_group_check group;
	enum result write_result, read_result;
	bool told_already; /* with a failure: the directory said "already" before it */
	struct error failure;
	bool write_is_lost; /* it is done, and the answer is lost */
	/* Jira. */
	struct jira_user jira_user;
	enum result jira_result, confirm_result;
	bool word_holds;
	int confirms;
} world;

static enum result fake_grant_read(struct store *store, const char *id, struct arena *arena, struct grant *ret_grant)
{
	(void)store, (void)id, (void)arena;
	*ret_grant = world.grant;
	return RESULT_OK;
}

static void fake_apply(struct job_settlement *settlement)
{
	const struct grant_change *change = settlement->change;
	if (world.apply_result != RESULT_OK) {
		settlement->result = error_set(&settlement->error, world.apply_result, "lease_lost", "The lease is lost.");
		return;
	}
	assert_string_equal(change->job_id, world.job.job_id);
	assert_int_equal(change->fence, world.job.fence);
	bool unchanged;
	assert_int_equal(grant_next(world.grant.status, world.grant.follow_up.action, world.grant.ends_as, change->event,
	                            &world.grant.status, &unchanged),
	                 RESULT_OK);
	world.applied++;
	world.event = change->event;
	snprintf(world.code, sizeof(world.code), "%s", change->code == NULL ? "" : change->code);
	snprintf(world.candidates, sizeof(world.candidates), "%s", change->candidates == NULL ? "" : change->candidates);
	snprintf(world.detail, sizeof(world.detail), "%s", change->detail == NULL ? "" : change->detail);
}

static void fake_hold(const struct incident *incident)
{
	world.holds++;
	world.hold_group = incident->group_id;
	snprintf(world.hold_code, sizeof(world.hold_code), "%s", incident->code);
	assert_true(incident->next_probe_at > NOW);
}

static void fake_settle_all(struct store *store, const struct actor *actor, struct job_settlement *settlements,
                            size_t count, struct arena *arena)
{
	(void)store, (void)arena;
	assert_int_equal(count, 1);
	assert_string_equal(actor->kind, "system");
	settlements->result = RESULT_OK;
	if (settlements->change != NULL)
		fake_apply(settlements);
	else if (settlements->incident != NULL)
		fake_hold(settlements->incident);
	else
		world.finished++;
}

static void fake_intend(struct store *store, struct membership_intent *intents, size_t count, struct arena *arena)
{
	(void)store, (void)arena;
	assert_int_equal(count, 1);
	intents->result = RESULT_OK;
	if (world.intend_result != RESULT_OK) {
		intents->result = error_set(&intents->error, world.intend_result, "lease_lost", "The lease is lost.");
		return;
	}
	assert_string_equal(intents->external_user_id, USER);
	assert_true(world.intents > 0 || world.writes == 0); /* nothing is written before the intent is on disk */
	intents->before = intents->never_sent ? MEMBERSHIP_UNKNOWN : world.origin;
	if (world.intents++ == 0 || intents->never_sent) {
		world.intended_found = intents->found_member;
		world.origin = intents->found_member ? MEMBERSHIP_PREEXISTING : MEMBERSHIP_OURS;
	}
	world.grant.external_user_id = USER;
	intents->origin = world.origin;
}

static enum result fake_mark(struct store *store, const char *id, const char *job_id, int64_t fence,
                             const char *user_id, struct error *error)
{
	(void)store, (void)id, (void)job_id, (void)fence, (void)error;
	assert_string_equal(user_id, USER);
	assert_true(world.intents > 0);
	world.origin = MEMBERSHIP_PREEXISTING;
	return RESULT_OK;
}

static enum result fake_origin(struct store *store, const char *connector_id, const char *group_id, const char *user_id,
                               enum membership_origin *ret_origin)
{
	(void)store, (void)connector_id, (void)group_id, (void)user_id;
	*ret_origin = world.origin;
	return RESULT_OK;
}

static enum result fake_other_open(struct store *store, const struct grant *grant, bool *ret_exists)
{
	(void)store, (void)grant;
	*ret_exists = world.other_open;
	return RESULT_OK;
}

static enum result fake_removal(struct store *store, const struct grant *grant, const char *user_id, bool *ret_exists)
{
	(void)store, (void)grant, (void)user_id;
	*ret_exists = world.removal_under_way;
	return RESULT_OK;
}

static enum result fake_connector_read(struct store *store, const char *id, struct arena *arena,
                                       struct connector_settings *ret_connector)
{
	(void)store, (void)id, (void)arena;
	*ret_connector = world.settings;
	return RESULT_OK;
}

static enum result fake_mapping_find(struct store *store, const char *account_id, const char *connector_id,
                                     struct arena *arena, struct identity_mapping *ret_mapping)
{
	(void)store, (void)account_id, (void)connector_id, (void)arena;
	if (!world.has_mapping)
		return RESULT_NOT_FOUND;
	*ret_mapping = world.mapping;
	return RESULT_OK;
}

static enum result fake_mapping_save_checks(struct store *store, const struct actor *actor,
                                            const struct mapping_check *checks, size_t count, struct error *error)
{
	(void)store, (void)actor, (void)error;
	assert_int_equal(count, 1);
	assert_string_equal(checks->code, "mapping");
	assert_string_equal(checks->object_id, USER);
	world.pins++;
	return RESULT_OK;
}

static enum result fake_intake_read(struct store *store, struct arena *arena, struct intake_settings *ret_settings)
{
	(void)store, (void)arena;
	*ret_settings = world.intake;
	return RESULT_OK;
}

static enum result fake_request_read(struct store *store, const char *id, struct arena *arena,
                                     struct access_request *ret_request)
{
	(void)store, (void)id, (void)arena;
	*ret_request = world.request;
	return RESULT_OK;
}

static enum result fake_renew(struct store *store, const struct job *job, int64_t lease_ms, struct error *error)
{
	(void)store, (void)job, (void)lease_ms;
	if (world.renew_result != RESULT_OK)
		return error_set(error, world.renew_result, "lease_lost", "The lease is lost.");
	return RESULT_OK;
}

static enum result fake_save_progress(struct store *store, const struct job *job, const char *progress,
                                      struct error *error)
{
	(void)store, (void)job, (void)error;
	world.job.progress = progress;
	return RESULT_OK;
}

static const struct store_ops fake_store_ops = {
    .name = "fake",
    .grant_read = fake_grant_read,
    .grant_intend_memberships = fake_intend,
    .job_settle_all = fake_settle_all,
    .job_renew = fake_renew,
    .job_save_progress = fake_save_progress,
    .grant_mark_preexisting = fake_mark,
    .membership_origin = fake_origin,
    .grant_other_open = fake_other_open,
    .grant_removal_under_way = fake_removal,
    .connector_read = fake_connector_read,
    .mapping_find = fake_mapping_find,
    .mapping_save_checks = fake_mapping_save_checks,
    .intake_read = fake_intake_read,
    .request_read = fake_request_read,
};

static enum result fake_match(const struct connector_environment *environment, const struct connector_target *target,
                              const struct identity_question *questions, size_t count, struct arena *arena,
                              struct identity_match *ret_matches, struct error *ret_errors, struct error *error)
{
	(void)environment, (void)target, (void)arena, (void)ret_errors, (void)error;
	assert_int_equal(count, 1);
	world.questions++;
	world.asked = *questions;
	*ret_matches = world.match;
	return RESULT_OK;
}

static void fake_read_groups(const struct connector_environment *environment, const struct connector_target *target,
                             const char *const *group_ids, size_t count, struct arena *arena,
                             struct connector_group_check *ret_groups, struct error *ret_errors)
{
	(void)environment, (void)target, (void)group_ids, (void)arena;
	assert_int_equal(count, 1);
	*ret_groups = world.group;
	*ret_errors = (struct error){.retry_after_ms = -1};
}

static bool shown_member(void)
{
	if (world.stale_reads > 0) {
		world.stale_reads--;
		return false;
	}
	if (world.writes > 0 && world.hidden_reads > 0) {
		world.hidden_reads--;
		return world.shown;
	}
	return world.member;
}

static void fake_look(const struct connector_environment *environment, const struct connector_target *target,
                      struct connector_look *looks, size_t count)
{
	(void)environment, (void)target;
	assert_int_equal(count, 1);
	world.reads++;
	looks->result = world.read_result;
	if (world.read_result != RESULT_OK)
		looks->error = world.failure;
	else
		looks->member = shown_member();
}

static void fake_change(const struct connector_environment *environment, const struct connector_target *target,
                        struct connector_change *changes, size_t count)
{
	(void)environment, (void)target;
	assert_int_equal(count, 1);
	assert_true(changes->removal || world.intents > 0);
	world.writes++;
	changes->result = world.write_result;
	if (world.write_result != RESULT_OK) {
		if (world.write_is_lost)
			world.member = !changes->removal;
		changes->error = world.failure;
		changes->already = world.told_already;
		return;
	}
	changes->already = world.member == !changes->removal;
	world.member = !changes->removal;
	strcpy(changes->trace.request_id, "graph-1");
	strcpy(changes->trace.client_request_id, "ours-1");
}

static const struct connector_ops fake_connector_ops = {
    .type = "fake",
    .match_users = fake_match,
    .read_groups = fake_read_groups,
    .look_members = fake_look,
    .change_members = fake_change,
};

const struct connector_ops *connector_registry_find(const char *type)
{
	return text_equal(type, "fake") ? &fake_connector_ops : NULL;
}

void jira_users_read(struct jira *jira, const char *const *account_ids, size_t count, struct arena *arena,
                     struct jira_user *ret_users, enum result *ret_results, struct error *ret_errors)
{
	(void)jira, (void)account_ids, (void)arena;
	assert_int_equal(count, 1);
	*ret_results = world.jira_result;
	if (world.jira_result != RESULT_OK)
		(void)error_set(ret_errors, world.jira_result, "jira_unavailable", "No answer.");
	else
		*ret_users = world.jira_user;
}

enum result intake_confirm(const struct job_context *context, const struct access_request *request, bool *ret_holds,
                           struct error *error)
{
	(void)context, (void)request;
	world.confirms++;
	if (world.confirm_result != RESULT_OK)
		return error_set(error, world.confirm_result, "jira_unavailable", "No answer.");
	*ret_holds = world.word_holds;
	return RESULT_OK;
}

static int world_begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.store.ops = &fake_store_ops;
	clock_manual_init(&world.clock, NOW);
	world.options = (struct worker_options){.store = &world.store,
	                                        .clock = &world.clock.clock,
	                                        .environment = &world.environment,
	                                        .jira = (struct jira *)&world};
	world.job = (struct job){.job_id = "job-1",
	                         .kind = JOB_PROVISION,
	                         .grant_id = "grant-1",
	                         .connector_id = "c",
	                         .attempts = 1,
	                         .fence = 9};
	world.context = (struct job_context){&world.options, &world.job, arena_new(16 << 20)};
	world.grant = (struct grant){.grant_id = "grant-1",
	                             .request_id = "request-1",
	                             .account_id = "acc",
	                             .connector_id = "c",
	                             .tenant_id = "t",
	                             .group_id = "g",
	                             .status = GRANT_PENDING_PROVISION,
	                             .ends_as = GRANT_REVOKED};
	world.request = (struct access_request){
	    .request_id = "request-1", .site = "s", .issue_id = "7", .approval = "jsm", .asked_at = NOW};
	world.settings =
	    (struct connector_settings){.connector_id = "c", .type = "fake", .enabled = true, .tenant_id = "t"};
	world.mapping = (struct identity_mapping){.mapping_id = "m", .external_id = "ann@x.org"};
	intake_settings_default(&world.intake);
	world.jira_user = (struct jira_user){.account_id = "acc", .account_type = "atlassian", .email = "ann@x.org"};
	world.match = (struct identity_match){.outcome = IDENTITY_MATCHED, .code = "upn", .user = {.object_id = USER}};
	world.group = (struct connector_group_check){.code = "group_ok", .manageable = true};
	world.word_holds = true;
	return world.context.arena == NULL;
}

static int world_end(void **state)
{
	(void)state;
	arena_free(world.context.arena);
	return 0;
}

/* Turns the grant into one whose user shall be taken out. */
static inline void world_deprovision(enum membership_origin origin, bool member)
{
	world.job.kind = JOB_DEPROVISION;
	world.grant.status = GRANT_PENDING_DEPROVISION;
	world.grant.external_user_id = USER;
	world.grant.active_at = NOW - 1000;
	world.origin = origin;
	world.member = world.shown = member;
}

static inline struct job_attempt world_attempt(void)
{
	struct planned_job planned = {.job = &world.job};
	planner_run(&world.options, &planned, 1, world.context.arena);
	struct job_attempt attempt = planned.attempt;
	if (attempt.outcome.progress != NULL)
		world.job.progress = attempt.outcome.progress;
	if (world.holds == 0 && attempt.outcome.status == JOB_WAITING)
		clock_manual_advance(&world.clock, attempt.outcome.next_attempt_at - clock_now_ms(&world.clock.clock));
	world.job.attempts++;
	return attempt;
}

/* Attempts until the job ends; how many. */
static inline int world_run(void)
{
	for (int attempts = 1; attempts <= 200; attempts++) {
		struct job_attempt attempt = world_attempt();
		if (attempt.outcome.status != JOB_WAITING || world.holds > 0)
			return attempts;
	}
	fail_msg("the job never ends");
	return 0;
}

static inline void world_fail_writes(enum result result, const char *code)
{
	world.write_result = result;
	world.failure = (struct error){.result = result, .retry_after_ms = -1};
	strcpy(world.failure.code, code);
}

#endif
