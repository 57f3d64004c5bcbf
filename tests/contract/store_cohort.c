/* The store's contract: many jobs at once — claimed under one fence, written down, kept and settled together. */
#include "store_scene.h"

#define MANY 100
#define GROUP_B "bbbbbbbb-1111-4111-8111-111111111111"
#define GROUP_C "cccccccc-1111-4111-8111-111111111111"

struct cohort {
	struct job *jobs;
	size_t count;
};

static struct cohort claim_more(struct scene *scene, const struct job *job, size_t limit)
{
	struct cohort cohort = {0};

	assert_ok(DO(scene, job_claim_more, job, "w1", SCENE_LEASE, limit, scene->arena, &cohort.jobs, &cohort.count));
	return cohort;
}

static struct job read_job(struct scene *scene, const char *job_id)
{
	struct job job;

	assert_ok(DO(scene, job_read, job_id, scene->arena, &job));
	return job;
}

static struct job job_of(struct scene *scene, const struct grant *grant)
{
	struct job job;

	assert_ok(DO(scene, job_find_of_grant, grant->grant_id, scene->arena, &job));
	return job;
}

static struct grant grant_many(struct scene *scene, const char *tool_id, int first, int count)
{
	struct grant grant = {0};

	for (int at = first; at < first + count; at++)
		grant = scene_grant(scene, tool_id, arena_printf(scene->arena, "account-%s-%d", tool_id, at), NULL);
	return grant;
}

static void tool_of_group(struct scene *scene, const char *tool_id, const char *connector_id, const char *group_id)
{
	scene_tool(scene, tool_id, connector_id);
	assert_ok(scene_bind(scene, tool_id, group_id, true));
}

static void assert_account(struct scene *scene, const struct job *job, const char *account_id)
{
	struct grant grant;

	assert_ok(DO(scene, grant_read, job->grant_id, scene->arena, &grant));
	assert_string_equal(grant.account_id, account_id);
}

static void settle(struct scene *scene, struct job_settlement *settlements, size_t count)
{
	DO(scene, job_settle_all, &worker_actor, settlements, count, scene->arena);
}

static void settle_done(struct scene *scene, const struct job *jobs, size_t count)
{
	static const struct job_outcome done = {.status = JOB_SUCCEEDED};
	struct job_settlement *settlements = arena_array(scene->arena, count, sizeof(*settlements));

	for (size_t at = 0; at < count; at++)
		settlements[at] = (struct job_settlement){.job = &jobs[at], .outcome = &done};
	settle(scene, settlements, count);
	for (size_t at = 0; at < count; at++)
		assert_ok(settlements[at].result);
}

/* ---- claiming ---- */

static void the_oldest_are_taken_first_under_the_same_fence_and_each_once(void **state)
{
	struct scene *scene = *state;
	struct cohort cohort, rest;
	struct job first;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 10);
	first = scene_claim(scene, JOB_PROVISION);
	assert_account(scene, &first, "account-chat-0");
	scene_pass(scene, 10);
	cohort = claim_more(scene, &first, 5);
	assert_int_equal(cohort.count, 5);
	for (size_t at = 0; at < cohort.count; at++) {
		assert_account(scene, &cohort.jobs[at], arena_printf(scene->arena, "account-chat-%zu", at + 1));
		assert_int_equal(cohort.jobs[at].fence, first.fence);
		assert_int_equal(cohort.jobs[at].status, JOB_RUNNING);
		assert_int_equal(cohort.jobs[at].attempts, 1);
	}
	rest = claim_more(scene, &first, 10);
	assert_int_equal(rest.count, 4);
	assert_account(scene, &rest.jobs[0], "account-chat-6");
	assert_account(scene, &rest.jobs[3], "account-chat-9");
	assert_int_equal(claim_more(scene, &first, 10).count, 0);
	assert_int_equal(claim_more(scene, &first, 0).count, 0);
}

static void several_groups_are_merged_by_their_oldest_and_taken_with_their_leases(void **state)
{
	struct scene *scene = *state;
	struct cohort cohort;
	struct job first, other;

	scene_catalog(scene);
	tool_of_group(scene, "code", "entra", GROUP_B);
	(void)grant_many(scene, "chat", 0, 1);
	for (int at = 1; at < 5; at++)
		(void)grant_many(scene, at % 2 == 0 ? "chat" : "code", at, 1);
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, 3);
	assert_int_equal(cohort.count, 3);
	assert_account(scene, &cohort.jobs[0], "account-code-1");
	assert_account(scene, &cohort.jobs[1], "account-code-3");
	assert_account(scene, &cohort.jobs[2], "account-chat-2");
	assert_false(scene_claims(scene, &other)); /* both groups are theirs */
}

/* What one PATCH can write stays together; age decides between the groups, and urgency before it. */
static void of_interleaved_groups_twenty_of_each_are_taken_in_a_row(void **state)
{
	static const struct {
		const char *group_id;
		bool bulk;
		size_t count;
	} expected[] = {{GROUP_B, false, 10}, {SCENE_GROUP, false, 9}, {SCENE_GROUP, true, 20},
	                {GROUP_B, true, 20},  {SCENE_GROUP, true, 11}, {GROUP_B, true, 10}};
	struct scene *scene = *state;
	struct cohort cohort;
	struct job first;
	size_t at = 0;

	scene_catalog(scene);
	tool_of_group(scene, "code", "entra", GROUP_B);
	for (int each = 0; each < 41; each++) {
		(void)grant_many(scene, "chat", each, 1);
		(void)grant_many(scene, "code", each, 1);
	}
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, 80);
	assert_int_equal(cohort.count, 80);
	for (size_t block = 0; block < ARRAY_SIZE(expected); block++) {
		for (size_t end = at + expected[block].count; at < end; at++) {
			assert_string_equal(cohort.jobs[at].group_id, expected[block].group_id);
			assert_int_equal(cohort.jobs[at].bulk, expected[block].bulk);
		}
	}
	assert_int_equal(at, cohort.count);
}

static void a_group_that_another_worker_is_at_is_left_to_it(void **state)
{
	struct scene *scene = *state;
	struct job first, other;
	struct cohort cohort;

	scene_catalog(scene);
	tool_of_group(scene, "code", "entra", GROUP_B);
	tool_of_group(scene, "draw", "entra", GROUP_C);
	(void)grant_many(scene, "code", 0, 3);
	other = scene_claim(scene, JOB_PROVISION);
	assert_string_equal(other.group_id, GROUP_B);
	(void)grant_many(scene, "chat", 0, 3);
	(void)grant_many(scene, "draw", 0, 3);
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, 100);
	assert_int_equal(cohort.count, 5);
	for (size_t at = 0; at < cohort.count; at++)
		assert_string_not_equal(cohort.jobs[at].group_id, GROUP_B);
	assert_int_equal(claim_more(scene, &other, 100).count, 2);
}

static void a_held_group_another_connector_and_other_kinds_are_not_touched(void **state)
{
	struct scene *scene = *state;
	struct incident incident = {
	    .connector_id = "entra", .group_id = GROUP_B, .code = "graph_denied", .next_probe_at = SCENE_START + 1000};
	struct job first;
	struct cohort cohort;

	scene_catalog(scene);
	scene_connector(scene, "other");
	tool_of_group(scene, "code", "entra", GROUP_B);
	tool_of_group(scene, "away", "other", SCENE_GROUP);
	(void)grant_many(scene, "code", 0, 2);
	first = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, job_hold, &first, &incident, &scene->error));
	(void)grant_many(scene, "chat", 0, 3);
	(void)grant_many(scene, "away", 0, 3);
	assert_ok(DO(scene, sweep_enqueue, &scene->error));
	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	first = scene_claim(scene, JOB_PROVISION);
	scene_pass(scene, 2000); /* a probe is due, and is not theirs */
	cohort = claim_more(scene, &first, 100);
	assert_int_equal(cohort.count, 2);
	for (size_t at = 0; at < cohort.count; at++) {
		assert_string_equal(cohort.jobs[at].connector_id, "entra");
		assert_string_equal(cohort.jobs[at].group_id, SCENE_GROUP);
	}
	assert_string_equal(scene_claim(scene, JOB_PROVISION).group_id, GROUP_B);
}

static void a_connector_that_was_disabled_meanwhile_gives_no_more(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector;
	struct job first;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 3);
	first = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", false, scene->arena, &connector, &scene->error));
	assert_int_equal(claim_more(scene, &first, 10).count, 0);
}

static void the_removal_of_a_grant_waits_for_its_own_provisioning(void **state)
{
	struct scene *scene = *state;
	struct job first, removal;
	struct cohort cohort;
	struct grant grant;

	scene_catalog(scene);
	grant = grant_many(scene, "chat", 0, 1);
	first = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	(void)grant_many(scene, "chat", 1, 2);
	cohort = claim_more(scene, &first, 10);
	assert_int_equal(cohort.count, 2);
	assert_account(scene, &cohort.jobs[0], "account-chat-1");
	assert_account(scene, &cohort.jobs[1], "account-chat-2");
	removal = job_of(scene, &grant);
	assert_int_equal(removal.kind, JOB_DEPROVISION);
	settle_done(scene, &first, 1);
	cohort = claim_more(scene, &cohort.jobs[0], 10); /* whoever of the cohort still runs may ask */
	assert_int_equal(cohort.count, 1);
	assert_string_equal(cohort.jobs[0].job_id, removal.job_id);
}

static void one_whose_time_has_come_meanwhile_is_taken_too(void **state)
{
	struct scene *scene = *state;
	struct job_outcome later = {.status = JOB_WAITING, .next_attempt_at = SCENE_START + 500};
	struct job first, waited;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 2);
	waited = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, job_finish, &waited, &later, &scene->error));
	first = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(claim_more(scene, &first, 5).count, 0);
	scene_pass(scene, 500);
	assert_string_equal(claim_more(scene, &first, 5).jobs[0].job_id, waited.job_id);
}

static void what_stands_behind_many_leased_groups_is_found(void **state)
{
	struct scene *scene = *state;
	struct job job;

	scene_catalog(scene);
	tool_of_group(scene, "code", "entra", GROUP_B);
	(void)grant_many(scene, "chat", 0, MANY);
	(void)scene_claim(scene, JOB_PROVISION);
	(void)grant_many(scene, "code", 0, 2);
	assert_string_equal(scene_claim(scene, JOB_PROVISION).group_id, GROUP_B);
	assert_false(scene_claims(scene, &job));
	assert_ok(DO(scene, sweep_enqueue, &scene->error));
	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	(void)scene_claim(scene, JOB_INTAKE);
	(void)scene_claim(scene, JOB_SWEEP);
}

/* ---- leases ---- */

static void a_group_is_given_back_by_the_last_of_its_cohort(void **state)
{
	struct scene *scene = *state;
	struct cohort cohort;
	struct job first, other;

	scene_catalog(scene);
	tool_of_group(scene, "code", "entra", GROUP_B);
	(void)grant_many(scene, "chat", 0, 3);
	(void)grant_many(scene, "code", 0, 1);
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, 10);
	assert_int_equal(cohort.count, 3);
	(void)grant_many(scene, "chat", 3, 1);
	(void)grant_many(scene, "code", 1, 1);
	settle_done(scene, &first, 1);
	settle_done(scene, &cohort.jobs[0], 1);
	assert_false(scene_claims(scene, &other));
	settle_done(scene, &cohort.jobs[2], 1); /* the only one of its group */
	assert_string_equal(scene_claim(scene, JOB_PROVISION).group_id, GROUP_B);
	assert_false(scene_claims(scene, &other));
	settle_done(scene, &cohort.jobs[1], 1);
	other = scene_claim(scene, JOB_PROVISION);
	assert_account(scene, &other, "account-chat-3");
}

static void one_renewal_keeps_all_even_after_the_first_has_ended(void **state)
{
	struct scene *scene = *state;
	struct cohort cohort;
	struct job first, other;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 4);
	first = scene_claim(scene, JOB_PROVISION);
	scene_pass(scene, SCENE_LEASE / 2);
	cohort = claim_more(scene, &first, 2);
	scene_pass(scene, SCENE_LEASE - 1); /* all have the lease of the last claim */
	settle_done(scene, &first, 1);
	assert_ok(DO(scene, job_renew, &first, SCENE_LEASE, &scene->error));
	scene_pass(scene, SCENE_LEASE - 1);
	assert_false(scene_claims(scene, &other));
	settle_done(scene, cohort.jobs, cohort.count);
	assert_refused(scene, DO(scene, job_renew, &first, SCENE_LEASE, &scene->error), RESULT_CONFLICT, "lease_lost");
	(void)scene_claim(scene, JOB_PROVISION);
}

static void a_lost_cohort_is_done_again_and_its_old_holder_can_settle_nothing(void **state)
{
	struct scene *scene = *state;
	struct job_outcome done = {.status = JOB_SUCCEEDED};
	struct incident incident = {.connector_id = "entra", .code = "graph_denied", .next_probe_at = SCENE_START};
	struct grant_change member = {.event = GRANT_EVENT_MEMBER};
	struct cohort old, now;
	struct job first, again;
	struct job_settlement settlements[4];

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 4);
	first = scene_claim(scene, JOB_PROVISION);
	old = claim_more(scene, &first, 10);
	assert_int_equal(old.count, 3);
	scene_pass(scene, SCENE_LEASE);
	again = scene_claim(scene, JOB_PROVISION);
	assert_string_equal(again.job_id, first.job_id);
	now = claim_more(scene, &again, 10);
	assert_int_equal(now.count, 3);
	assert_int_equal(now.jobs[0].attempts, 2);
	assert_int_equal(DO(scene, job_claim_more, &first, "w1", SCENE_LEASE, 1, scene->arena, &now.jobs, &now.count),
	                 RESULT_CONFLICT);
	assert_int_equal(now.count, 3);
	member.job_id = old.jobs[1].job_id;
	member.fence = old.jobs[1].fence;
	settlements[0] = (struct job_settlement){.job = &old.jobs[0], .outcome = &done};
	settlements[1] = (struct job_settlement){.job = &old.jobs[1], .grant_id = old.jobs[1].grant_id, .change = &member};
	settlements[2] = (struct job_settlement){.job = &old.jobs[2], .incident = &incident};
	settlements[3] = (struct job_settlement){.job = &again, .outcome = &done};
	settle(scene, settlements, 4);
	for (size_t at = 0; at < 3; at++) {
		assert_int_equal(settlements[at].result, RESULT_CONFLICT);
		assert_string_equal(settlements[at].error.code, "lease_lost");
		assert_int_equal(read_job(scene, now.jobs[at].job_id).status, JOB_RUNNING);
	}
	assert_ok(settlements[3].result);
	assert_int_equal(read_job(scene, again.job_id).status, JOB_SUCCEEDED);
}

static void after_a_crash_a_whole_cohort_goes_on_within_seconds(void **state)
{
	struct scene *scene = *state;
	struct cohort cohort;
	struct job first;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 5);
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, 10);
	settle_done(scene, cohort.jobs, 1);
	scene_reopen(scene);
	scene_pass(scene, 3000);
	first = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(claim_more(scene, &first, 10).count, 3);
	assert_int_equal(scene_count_jobs(scene, "provision", "succeeded"), 1);
}

/* ---- settling ---- */

static void many_are_settled_in_one_call_each_with_its_own_end(void **state)
{
	struct scene *scene = *state;
	struct job_outcome later = {
	    .status = JOB_WAITING, .next_attempt_at = SCENE_START + 500, .error_code = "graph_throttled"};
	struct job_settlement settlements[MANY];
	struct grant_change changes[MANY];
	struct cohort cohort;
	struct job first;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, MANY + 1);
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, MANY);
	assert_int_equal(cohort.count, MANY);
	for (size_t at = 0; at < MANY; at++) {
		const struct job *job = &cohort.jobs[at];

		changes[at] = (struct grant_change){.event = GRANT_EVENT_MEMBER, .job_id = job->job_id, .fence = job->fence};
		settlements[at] = (struct job_settlement){.job = job, .grant_id = job->grant_id, .change = &changes[at]};
	}
	changes[10].event = GRANT_EVENT_KEPT_BY_HAND; /* not allowed now */
	settlements[20].grant_id = "no-such-grant";
	settlements[30] = (struct job_settlement){.job = &cohort.jobs[30], .outcome = &later};
	settle(scene, settlements, MANY);
	for (size_t at = 0; at < MANY; at++) {
		enum result expected = at == 10 ? RESULT_CONFLICT : at == 20 ? RESULT_NOT_FOUND : RESULT_OK;
		enum job_status status = at == 30 ? JOB_WAITING : expected == RESULT_OK ? JOB_SUCCEEDED : JOB_RUNNING;

		assert_int_equal(settlements[at].result, expected);
		assert_int_equal(settlements[at].error.code[0] == '\0', expected == RESULT_OK);
		assert_int_equal(read_job(scene, cohort.jobs[at].job_id).status, status);
	}
	assert_string_equal(settlements[10].error.code, "conflict");
	scene_reopen(scene);
	assert_int_equal(scene_count_jobs(scene, "provision", "succeeded"), MANY - 3);
	assert_int_equal(scene_count_jobs(scene, "provision", "waiting"), 1);
}

/* The incident is told once; the others only wait. Whichever comes first, all are held, and all come back. */
static void a_cohort_that_meets_one_incident_is_held_and_comes_back_whole(struct scene *scene, size_t told_by)
{
	struct incident incident = {
	    .connector_id = "entra", .group_id = SCENE_GROUP, .code = "graph_denied", .next_probe_at = SCENE_START + 1000};
	struct job_outcome later = {
	    .status = JOB_WAITING, .next_attempt_at = SCENE_START + 10, .error_code = "graph_denied"};
	struct job_settlement settlements[3];
	struct cohort cohort;
	struct job first;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 5);
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, 3);
	for (size_t at = 0; at < 3; at++)
		settlements[at] = (struct job_settlement){.job = &cohort.jobs[at], .outcome = &later};
	settlements[told_by] = (struct job_settlement){.job = &cohort.jobs[told_by], .incident = &incident};
	settle(scene, settlements, 3);
	for (size_t at = 0; at < 3; at++) {
		struct job job = read_job(scene, cohort.jobs[at].job_id);

		assert_ok(settlements[at].result);
		assert_int_equal(job.status, JOB_WAITING);
		assert_string_equal(job.error_code, "graph_denied");
		assert_int_equal(job.next_attempt_at, SCENE_START + 1000);
	}
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 0);
	settle_done(scene, &first, 1); /* it got through after all: that ends the incident */
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 4);
	assert_null(read_job(scene, cohort.jobs[0].job_id).error_code);
}

static void an_incident_that_the_first_of_a_cohort_tells_holds_all_of_it(void **state)
{
	a_cohort_that_meets_one_incident_is_held_and_comes_back_whole(*state, 0);
}

static void an_incident_that_the_last_of_a_cohort_tells_holds_all_of_it(void **state)
{
	a_cohort_that_meets_one_incident_is_held_and_comes_back_whole(*state, 2);
}

/* ---- intents ---- */

static void intents_are_written_down_each_by_itself_and_outlive_a_crash(void **state)
{
	struct scene *scene = *state;
	struct membership_intent intents[MANY];
	struct cohort cohort;
	struct job first;
	struct grant grant;
	enum membership_origin origin;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, MANY + 1);
	first = scene_claim(scene, JOB_PROVISION);
	cohort = claim_more(scene, &first, MANY);
	for (size_t at = 0; at < MANY; at++)
		intents[at] = (struct membership_intent){.grant_id = cohort.jobs[at].grant_id,
		                                         .job_id = cohort.jobs[at].job_id,
		                                         .fence = cohort.jobs[at].fence,
		                                         .external_user_id = arena_printf(scene->arena, "user-%zu", at),
		                                         .found_member = at == 7};
	intents[8].fence--;
	assert_ok(scene_apply(scene, intents[9].grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	intents[10].grant_id = "no-such-grant";
	DO(scene, grant_intend_memberships, intents, MANY, scene->arena);
	for (size_t at = 0; at < MANY; at++) {
		bool refused = at >= 8 && at <= 10;

		assert_int_equal(intents[at].result, !refused ? RESULT_OK : at == 10 ? RESULT_NOT_FOUND : RESULT_CONFLICT);
		assert_string_equal(intents[at].error.code, !refused ? "" : at == 10 ? "not_found" : "lease_lost");
		if (refused)
			continue;
		assert_int_equal(intents[at].before, MEMBERSHIP_UNKNOWN);
		assert_int_equal(intents[at].origin, at == 7 ? MEMBERSHIP_PREEXISTING : MEMBERSHIP_OURS);
	}
	scene_reopen(scene);
	for (size_t at = 0; at < MANY; at++) {
		assert_ok(DO(scene, membership_origin, "entra", SCENE_GROUP, intents[at].external_user_id, &origin));
		assert_int_equal(origin, at >= 8 && at <= 10 ? MEMBERSHIP_UNKNOWN
		                         : at == 7           ? MEMBERSHIP_PREEXISTING
		                                             : MEMBERSHIP_OURS);
	}
	assert_ok(DO(scene, grant_read, intents[7].grant_id, scene->arena, &grant));
	assert_true(grant.membership_preexisting);
	assert_string_equal(grant.external_user_id, "user-7");
}

static void a_second_attempt_learns_what_the_first_wrote_down(void **state)
{
	struct scene *scene = *state;
	struct membership_intent intent;
	struct job job;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 1);
	job = scene_claim(scene, JOB_PROVISION);
	intent = scene_intend(scene, &job, SCENE_USER, false);
	assert_int_equal(intent.before, MEMBERSHIP_UNKNOWN);
	assert_int_equal(intent.origin, MEMBERSHIP_OURS);
	intent = scene_intend(scene, &job, SCENE_USER, true);
	assert_int_equal(intent.before, MEMBERSHIP_OURS);
	assert_int_equal(intent.origin, MEMBERSHIP_OURS);
}

/* A dead process's chain of requests is carried out one by one: the last may arrive long after the first. */
static void after_a_crash_a_long_chain_is_given_the_time_to_end(void **state)
{
	struct scene *scene = *state;
	struct job job;

	scene_catalog(scene);
	(void)grant_many(scene, "chat", 0, 41); /* three requests of up to twenty links */
	job = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(claim_more(scene, &job, 100).count, 40);
	scene_reopen(scene);
	scene_pass(scene, 3000 + 2 * 500 - 1);
	assert_false(scene_claims(scene, &job));
	scene_pass(scene, 1);
	assert_true(scene_claims(scene, &job));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(after_a_crash_a_long_chain_is_given_the_time_to_end),
	    scene_test(the_oldest_are_taken_first_under_the_same_fence_and_each_once),
	    scene_test(several_groups_are_merged_by_their_oldest_and_taken_with_their_leases),
	    scene_test(of_interleaved_groups_twenty_of_each_are_taken_in_a_row),
	    scene_test(a_group_that_another_worker_is_at_is_left_to_it),
	    scene_test(a_held_group_another_connector_and_other_kinds_are_not_touched),
	    scene_test(a_connector_that_was_disabled_meanwhile_gives_no_more),
	    scene_test(the_removal_of_a_grant_waits_for_its_own_provisioning),
	    scene_test(one_whose_time_has_come_meanwhile_is_taken_too),
	    scene_test(what_stands_behind_many_leased_groups_is_found),
	    scene_test(a_group_is_given_back_by_the_last_of_its_cohort),
	    scene_test(one_renewal_keeps_all_even_after_the_first_has_ended),
	    scene_test(a_lost_cohort_is_done_again_and_its_old_holder_can_settle_nothing),
	    scene_test(after_a_crash_a_whole_cohort_goes_on_within_seconds),
	    scene_test(many_are_settled_in_one_call_each_with_its_own_end),
	    scene_test(an_incident_that_the_first_of_a_cohort_tells_holds_all_of_it),
	    scene_test(an_incident_that_the_last_of_a_cohort_tells_holds_all_of_it),
	    scene_test(intents_are_written_down_each_by_itself_and_outlive_a_crash),
	    scene_test(a_second_attempt_learns_what_the_first_wrote_down),
	};

	return cmocka_run_group_tests_name("store: cohort", tests, NULL, NULL);
}
