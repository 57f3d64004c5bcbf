/* The store's contract: what is part of a burst, what waits behind it, and pauses. */
#include "store_scene.h"

#define MANY 100
#define BURST 20
#define BURST_MS 10000
#define UNTIL (SCENE_START + 1000)

static const struct job_outcome done = {.status = JOB_SUCCEEDED};

static struct job job_of(struct scene *scene, const char *grant_id)
{
	struct job job;

	assert_ok(DO(scene, job_find_of_grant, grant_id, scene->arena, &job));
	return job;
}

/* The job of one more approval. */
static struct job approve(struct scene *scene, const char *tool_id)
{
	const char *account_id = arena_printf(scene->arena, "account-%d", scene->next_id++);

	return job_of(scene, scene_grant(scene, tool_id, account_id, NULL).grant_id);
}

static struct job approve_many(struct scene *scene, const char *tool_id, int count)
{
	struct job job = {0};

	while (count-- > 0)
		job = approve(scene, tool_id);
	return job;
}

static void other_connector(struct scene *scene)
{
	scene_connector(scene, "other");
	scene_tool(scene, "away", "other");
	assert_ok(scene_bind(scene, "away", SCENE_GROUP, true));
}

static void pause_jobs(struct scene *scene, bool bulk_only, int64_t until)
{
	assert_ok(DO(scene, connector_pause, "entra", bulk_only, until, &scene->error));
}

static size_t claim_more(struct scene *scene, const struct job *job, size_t limit, struct job **ret_jobs)
{
	size_t count = 0;

	assert_ok(DO(scene, job_claim_more, job, "w1", SCENE_LEASE, limit, scene->arena, ret_jobs, &count));
	return count;
}

static void finish(struct scene *scene, const struct job *jobs, size_t count)
{
	for (size_t at = 0; at < count; at++)
		assert_ok(DO(scene, job_finish, &jobs[at], &done, &scene->error));
}

/* Nothing can be claimed; when something may. */
static int64_t next_due(struct scene *scene)
{
	struct job job;
	int64_t due = -1;

	assert_int_equal(DO(scene, job_claim, "w1", SCENE_LEASE, scene->arena, &job, &due), RESULT_NOT_FOUND);
	return due;
}

/* ---- bursts ---- */

static void what_comes_after_twenty_within_ten_seconds_is_bulk_until_they_have_passed(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	other_connector(scene);
	for (int at = 0; at < BURST; at++)
		assert_false(approve(scene, "chat").bulk);
	assert_true(approve(scene, "chat").bulk);
	assert_false(approve(scene, "away").bulk);
	scene_pass(scene, BURST_MS - 1);
	assert_true(approve(scene, "chat").bulk);
	scene_pass(scene, 1);
	assert_false(approve(scene, "chat").bulk);
}

static void removals_are_part_of_a_burst_and_other_kinds_are_not(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct job job;

	scene_catalog(scene);
	assert_ok(DO(scene, sweep_enqueue, &scene->error));
	for (int at = 0; at < MANY; at++)
		assert_ok(DO(scene, intake_enqueue, arena_printf(scene->arena, "%d", at), &scene->error));
	job = approve_many(scene, "chat", BURST - 1);
	assert_ok(scene_apply(scene, job.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	job = job_of(scene, job.grant_id);
	assert_int_equal(job.kind, JOB_DEPROVISION);
	assert_false(job.bulk);
	job = approve(scene, "chat");
	assert_true(job.bulk);
	assert_ok(scene_apply(scene, job.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	assert_true(job_of(scene, job.grant_id).bulk);
}

static void a_single_approval_overtakes_five_hundred_of_a_burst(void **state)
{
	struct scene *scene = *state;
	struct job first, single, *more = NULL;

	scene_catalog(scene);
	(void)approve_many(scene, "chat", BURST + 500);
	scene_pass(scene, BURST_MS);
	first = scene_claim(scene, JOB_PROVISION);
	single = approve(scene, "chat");
	assert_int_equal(claim_more(scene, &first, BURST + 10, &more), BURST + 10);
	assert_string_equal(more[BURST - 1].job_id, single.job_id);
	assert_true(more[BURST].bulk);
	finish(scene, &first, 1);
	finish(scene, more, BURST + 10);
	single = approve(scene, "chat");
	assert_string_equal(scene_claim(scene, JOB_PROVISION).job_id, single.job_id);
}

/* ---- pauses ---- */

static void a_pause_of_bulk_lets_single_ones_through_and_ends_by_itself(void **state)
{
	struct scene *scene = *state;
	struct job first, *more = NULL;
	int64_t seq;

	scene_catalog(scene);
	(void)approve_many(scene, "chat", BURST + MANY);
	seq = scene_audit_seq(scene);
	pause_jobs(scene, true, UNTIL);
	assert_int_equal(scene_audit_seq(scene), seq);
	first = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(claim_more(scene, &first, BURST + MANY, &more), BURST - 1);
	finish(scene, &first, 1);
	finish(scene, more, BURST - 1);
	assert_int_equal(next_due(scene), UNTIL);
	scene_reopen(scene);
	scene_pass(scene, 999);
	assert_int_equal(next_due(scene), UNTIL);
	scene_pass(scene, 1);
	first = scene_claim(scene, JOB_PROVISION);
	assert_true(first.bulk);
	assert_int_equal(claim_more(scene, &first, BURST + MANY, &more), MANY - 1);
}

static void a_pause_of_all_holds_what_is_queued_and_nothing_else(void **state)
{
	const struct group_order order = {.job_id = SCENE_USER, .progress = "{}"};
	struct scene *scene = *state;
	const char *job_id;
	struct tool tool;

	scene_catalog(scene);
	other_connector(scene);
	scene_tool(scene, "code", "entra");
	(void)approve_many(scene, "chat", BURST + MANY);
	pause_jobs(scene, false, UNTIL);
	assert_int_equal(next_due(scene), UNTIL);
	(void)approve_many(scene, "away", 1);
	assert_ok(DO(scene, sweep_enqueue, &scene->error));
	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	assert_ok(DO(scene, tool_start_group, &admin, "code", &order, NULL, scene->arena, &tool, &job_id, &scene->error));
	(void)scene_claim(scene, JOB_CREATE_GROUP);
	assert_string_equal(scene_claim(scene, JOB_PROVISION).connector_id, "other");
	(void)scene_claim(scene, JOB_INTAKE);
	(void)scene_claim(scene, JOB_SWEEP);
	assert_int_equal(next_due(scene), UNTIL);
	scene_pass(scene, 1000);
	assert_string_equal(scene_claim(scene, JOB_PROVISION).connector_id, "entra");
}

static void a_holder_gets_no_more_of_a_connector_that_was_paused_meanwhile(void **state)
{
	struct scene *scene = *state;
	struct job first, *more = NULL;

	scene_catalog(scene);
	(void)approve_many(scene, "chat", 3);
	first = scene_claim(scene, JOB_PROVISION);
	pause_jobs(scene, false, UNTIL);
	assert_int_equal(claim_more(scene, &first, 10, &more), 0);
	pause_jobs(scene, false, 0);
	assert_int_equal(claim_more(scene, &first, 10, &more), 2);
}

static void a_later_pause_replaces_the_earlier_but_one_of_bulk_none_of_all(void **state)
{
	struct scene *scene = *state;
	struct job job;

	scene_catalog(scene);
	assert_refused(scene, DO(scene, connector_pause, "gone", false, UNTIL, &scene->error), RESULT_NOT_FOUND,
	               "not_found");
	pause_jobs(scene, false, UNTIL);
	assert_int_equal(next_due(scene), 0); /* nothing waits behind it */
	(void)approve_many(scene, "chat", 2);
	pause_jobs(scene, false, UNTIL + 500);
	assert_int_equal(next_due(scene), UNTIL + 500);
	pause_jobs(scene, false, UNTIL);
	assert_int_equal(next_due(scene), UNTIL);
	pause_jobs(scene, true, UNTIL + 500);
	pause_jobs(scene, true, 0);
	assert_int_equal(next_due(scene), UNTIL);
	scene_pass(scene, 1000);
	pause_jobs(scene, true, UNTIL + 500);
	job = scene_claim(scene, JOB_PROVISION);
	finish(scene, &job, 1);
	pause_jobs(scene, false, UNTIL + 1);
	assert_int_equal(next_due(scene), UNTIL + 1);
	pause_jobs(scene, false, 0);
	(void)scene_claim(scene, JOB_PROVISION);
}

static void a_probe_waits_for_the_end_of_a_pause_that_holds_it(void **state)
{
	struct scene *scene = *state;
	struct incident incident = {
	    .connector_id = "entra", .group_id = SCENE_GROUP, .code = "graph_denied", .next_probe_at = SCENE_START + 100};
	struct job job;

	scene_catalog(scene);
	(void)approve_many(scene, "chat", BURST + 2);
	job = scene_claim(scene, JOB_PROVISION);
	pause_jobs(scene, false, UNTIL);
	assert_ok(DO(scene, job_hold, &job, &incident, &scene->error));
	scene_pass(scene, 100);
	assert_int_equal(next_due(scene), UNTIL);
	pause_jobs(scene, false, 0);
	pause_jobs(scene, true, UNTIL);
	job = scene_claim(scene, JOB_PROVISION); /* a single one is spared, and probes */
	assert_false(job.bulk);
	for (int at = 0; at < BURST; at++) { /* all single ones end; what is left is bulk, and held again */
		finish(scene, &job, 1);
		if (at < BURST - 1)
			job = scene_claim(scene, JOB_PROVISION);
	}
	pause_jobs(scene, false, 0);
	job = scene_claim(scene, JOB_PROVISION);
	assert_true(job.bulk);
	incident.next_probe_at = SCENE_START + 200;
	assert_ok(DO(scene, job_hold, &job, &incident, &scene->error));
	pause_jobs(scene, true, UNTIL);
	assert_int_equal(next_due(scene), UNTIL);
	scene_pass(scene, 100);
	assert_int_equal(next_due(scene), UNTIL);
	scene_pass(scene, 800);
	assert_true(scene_claim(scene, JOB_PROVISION).bulk);
}

static void a_paused_connector_that_is_disabled_says_so_and_is_tried_once_enabled(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector;
	struct job job;

	scene_catalog(scene);
	job = approve(scene, "chat");
	pause_jobs(scene, false, UNTIL);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", false, scene->arena, &connector, &scene->error));
	job = job_of(scene, job.grant_id);
	assert_int_equal(job.status, JOB_WAITING);
	assert_string_equal(job.error_code, "connector_disabled");
	assert_int_equal(next_due(scene), 0);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", true, scene->arena, &connector, &scene->error));
	assert_int_equal(job_of(scene, job.grant_id).status, JOB_QUEUED);
	(void)scene_claim(scene, JOB_PROVISION);
}

static void a_paused_connector_can_be_deleted(void **state)
{
	struct scene *scene = *state;

	scene_connector(scene, "entra");
	pause_jobs(scene, false, UNTIL);
	assert_ok(DO(scene, connector_delete, &admin, "entra", 0, &scene->error));
	assert_int_equal(DO(scene, connector_pause, "entra", false, UNTIL, &scene->error), RESULT_NOT_FOUND);
	assert_int_equal(next_due(scene), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(what_comes_after_twenty_within_ten_seconds_is_bulk_until_they_have_passed),
	    scene_test(removals_are_part_of_a_burst_and_other_kinds_are_not),
	    scene_test(a_single_approval_overtakes_five_hundred_of_a_burst),
	    scene_test(a_pause_of_bulk_lets_single_ones_through_and_ends_by_itself),
	    scene_test(a_pause_of_all_holds_what_is_queued_and_nothing_else),
	    scene_test(a_holder_gets_no_more_of_a_connector_that_was_paused_meanwhile),
	    scene_test(a_later_pause_replaces_the_earlier_but_one_of_bulk_none_of_all),
	    scene_test(a_probe_waits_for_the_end_of_a_pause_that_holds_it),
	    scene_test(a_paused_connector_that_is_disabled_says_so_and_is_tried_once_enabled),
	    scene_test(a_paused_connector_can_be_deleted),
	};

	return cmocka_run_group_tests_name("store: pause", tests, NULL, NULL);
}
