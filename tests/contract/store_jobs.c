/* The store's contract: jobs, leases and fences, incidents. */
#include "store_scene.h"

static struct job read_job(struct scene *scene, const char *job_id)
{
	struct job job;

	assert_ok(DO(scene, job_read, job_id, scene->arena, &job));
	return job;
}

static int64_t next_due(struct scene *scene)
{
	struct job job;
	int64_t due = -1;

	assert_int_equal(DO(scene, job_claim, "w1", SCENE_LEASE, scene->arena, &job, &due), RESULT_NOT_FOUND);
	return due;
}

static void the_more_urgent_and_then_the_older_job_is_done_first(void **state)
{
	struct scene *scene = *state;
	struct request_change refuse = {.event = REQUEST_EVENT_REFUSE, .code = "tool_unknown"};
	struct access_request request;
	struct job first, second;

	scene_catalog(scene);
	assert_ok(DO(scene, sweep_enqueue, &scene->error));
	request = scene_request(scene, "chat", "account-9", "9");
	assert_ok(DO(scene, request_apply, &jira, request.request_id, &refuse, scene->arena, &request, &scene->error));
	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	assert_ok(DO(scene, intake_enqueue, "2", &scene->error));
	first = scene_claim(scene, JOB_INTAKE);
	second = scene_claim(scene, JOB_INTAKE);
	assert_string_equal(first.subject, "1");
	assert_string_equal(second.subject, "2");
	assert_true(second.fence > first.fence);
	(void)scene_claim(scene, JOB_WRITE_BACK);
	(void)scene_claim(scene, JOB_SWEEP);
	assert_int_equal(next_due(scene), SCENE_START + SCENE_LEASE);
}

static void a_waiting_job_comes_back_when_it_is_due_with_what_it_kept(void **state)
{
	struct scene *scene = *state;
	struct job_outcome outcome = {.status = JOB_WAITING,
	                              .next_attempt_at = SCENE_START + 500,
	                              .progress = "{\"page\":2}",
	                              .error_code = "graph_throttled",
	                              .error_detail = "Wait.",
	                              .error_request_id = "r-1",
	                              .error_client_request_id = "c-1"};
	struct job job;

	assert_int_equal(next_due(scene), 0);
	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	job = scene_claim(scene, JOB_INTAKE);
	assert_int_equal(job.status, JOB_RUNNING);
	assert_int_equal(job.attempts, 1);
	assert_ok(DO(scene, job_finish, &job, &outcome, &scene->error));
	assert_int_equal(next_due(scene), SCENE_START + 500);
	job = read_job(scene, job.job_id);
	assert_int_equal(job.status, JOB_WAITING);
	assert_string_equal(job.error_client_request_id, "c-1");
	scene_pass(scene, 500);
	job = scene_claim(scene, JOB_INTAKE);
	assert_int_equal(job.attempts, 2);
	assert_string_equal(job.progress, "{\"page\":2}");
	outcome = (struct job_outcome){.status = JOB_SUCCEEDED};
	assert_ok(DO(scene, job_finish, &job, &outcome, &scene->error));
	job = read_job(scene, job.job_id);
	assert_int_equal(job.status, JOB_SUCCEEDED);
	assert_null(job.error_code);
	assert_int_equal(job.next_attempt_at, 0);
}

static void a_job_that_only_stood_in_line_waits_no_longer_for_it(void **state)
{
	struct scene *scene = *state;
	const struct job_outcome outcome = {
	    .status = JOB_WAITING, .next_attempt_at = SCENE_START + 10, .error_code = "graph_throttled", .untried = true};
	struct job job;

	scene_catalog(scene);
	scene_grant(scene, "chat", "account-1", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(job.attempts, 1);
	assert_ok(DO(scene, job_finish, &job, &outcome, &scene->error));
	assert_int_equal(read_job(scene, job.job_id).attempts, 0);
	scene_pass(scene, 10);
	assert_int_equal(scene_claim(scene, JOB_PROVISION).attempts, 1);
}

static void a_holder_whose_lease_ran_out_can_change_nothing(void **state)
{
	struct scene *scene = *state;
	struct job_outcome outcome = {.status = JOB_SUCCEEDED};
	struct grant_change member = {.event = GRANT_EVENT_MEMBER};
	struct job old, now;
	struct grant grant;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	old = scene_claim(scene, JOB_PROVISION);
	scene_pass(scene, SCENE_LEASE);
	assert_refused(scene, DO(scene, job_renew, &old, SCENE_LEASE, &scene->error), RESULT_CONFLICT, "lease_lost");
	now = scene_claim(scene, JOB_PROVISION);
	assert_string_equal(now.job_id, old.job_id);
	assert_true(now.fence > old.fence);
	assert_refused(scene, DO(scene, job_finish, &old, &outcome, &scene->error), RESULT_CONFLICT, "lease_lost");
	assert_refused(scene, scene_intend(scene, &old, SCENE_USER, false).result, RESULT_CONFLICT, "lease_lost");
	member.job_id = old.job_id;
	member.fence = old.fence;
	assert_refused(scene, scene_apply(scene, grant.grant_id, member, &grant), RESULT_CONFLICT, "lease_lost");
	assert_int_equal(read_job(scene, old.job_id).status, JOB_RUNNING);
	scene_pass(scene, SCENE_LEASE - 1);
	assert_ok(DO(scene, job_renew, &now, SCENE_LEASE, &scene->error));
	scene_pass(scene, SCENE_LEASE - 1);
	assert_ok(DO(scene, job_finish, &now, &outcome, &scene->error));
}

static void after_a_crash_what_was_running_goes_on_within_seconds(void **state)
{
	struct scene *scene = *state;
	struct job_outcome outcome = {.status = JOB_SUCCEEDED};
	struct job old, now;

	scene_catalog(scene);
	scene_grant(scene, "chat", "account-1", NULL);
	old = scene_claim(scene, JOB_PROVISION);
	scene_reopen(scene);
	assert_int_equal(next_due(scene), clock_now_ms(&scene->clock.clock) + 3000);
	scene_pass(scene, 3000);
	now = scene_claim(scene, JOB_PROVISION);
	assert_string_equal(now.job_id, old.job_id);
	assert_refused(scene, DO(scene, job_finish, &old, &outcome, &scene->error), RESULT_CONFLICT, "lease_lost");
}

static void one_group_is_worked_on_by_one_job_at_a_time(void **state)
{
	struct scene *scene = *state;
	struct job_outcome outcome = {.status = JOB_SUCCEEDED};
	struct job first, second, other;

	scene_catalog(scene);
	scene_tool(scene, "code", "entra");
	assert_ok(scene_bind(scene, "code", SCENE_USER, false));
	(void)scene_grant(scene, "chat", "account-1", NULL);
	(void)scene_grant(scene, "chat", "account-2", NULL);
	(void)scene_grant(scene, "code", "account-3", NULL);
	first = scene_claim(scene, JOB_PROVISION);
	other = scene_claim(scene, JOB_PROVISION);
	assert_string_equal(first.group_id, SCENE_GROUP);
	assert_string_equal(other.group_id, SCENE_USER);
	assert_false(scene_claims(scene, &second));
	assert_ok(DO(scene, job_finish, &first, &outcome, &scene->error));
	second = scene_claim(scene, JOB_PROVISION);
	assert_string_equal(second.group_id, SCENE_GROUP);
	assert_true(second.fence > other.fence);
}

static void two_looks_at_one_issue_do_not_run_side_by_side(void **state)
{
	struct scene *scene = *state;
	struct job job;

	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	(void)scene_claim(scene, JOB_INTAKE);
	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	assert_false(scene_claims(scene, &job));
}

static void jobs_of_a_disabled_connector_wait_and_come_back(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector;
	struct job job;
	int64_t seq;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", false, scene->arena, &connector, &scene->error));
	assert_false(connector.enabled);
	(void)scene_grant(scene, "chat", "account-2", NULL);
	assert_int_equal(scene_count_jobs(scene, "provision", "waiting"), 2);
	assert_int_equal(next_due(scene), 0);
	seq = scene_audit_seq(scene);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", false, scene->arena, &connector, &scene->error));
	assert_int_equal(scene_audit_seq(scene), seq);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", true, scene->arena, &connector, &scene->error));
	job = scene_claim(scene, JOB_PROVISION);
	assert_null(job.error_code);
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 1);
}

static void a_job_that_was_running_when_its_connector_was_disabled_waits_after_it(void **state)
{
	struct scene *scene = *state;
	struct job_outcome outcome = {.status = JOB_WAITING, .next_attempt_at = SCENE_START + 1};
	struct connector_settings connector;
	struct job job;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", false, scene->arena, &connector, &scene->error));
	assert_ok(DO(scene, job_finish, &job, &outcome, &scene->error));
	scene_pass(scene, 1000);
	assert_int_equal(next_due(scene), 0);
	job = read_job(scene, job.job_id);
	assert_string_equal(job.error_code, "connector_disabled");
	assert_int_equal(job.next_attempt_at, 0);
}

/* Three grants, their group held by an incident until SCENE_START + 1000. */
static struct job open_incident(struct scene *scene, const char *group_id)
{
	struct incident incident = {.connector_id = "entra",
	                            .group_id = group_id,
	                            .code = "graph_denied",
	                            .detail = "Forbidden.",
	                            .next_probe_at = SCENE_START + 1000};
	struct job job;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	(void)scene_grant(scene, "chat", "account-2", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, job_hold, &job, &incident, &scene->error));
	(void)scene_grant(scene, "chat", "account-3", NULL);
	assert_int_equal(scene_count_jobs(scene, "provision", "waiting"), 3);
	return job;
}

static void an_incident_holds_the_group_lets_one_probe_through_and_passes(void **state)
{
	struct scene *scene = *state;
	struct job_outcome outcome = {.status = JOB_SUCCEEDED};
	struct job job = open_incident(scene, SCENE_GROUP), probe, other;
	int64_t seq = scene_audit_seq(scene);
	struct incident again = {
	    .connector_id = "entra", .group_id = SCENE_GROUP, .code = "graph_denied", .next_probe_at = SCENE_START + 5000};

	assert_string_equal(read_job(scene, job.job_id).error_code, "graph_denied");
	assert_int_equal(next_due(scene), SCENE_START + 1000);
	scene_pass(scene, 1000);
	probe = scene_claim(scene, JOB_PROVISION);
	assert_false(scene_claims(scene, &other));
	assert_ok(DO(scene, job_hold, &probe, &again, &scene->error));
	assert_int_equal(scene_audit_seq(scene), seq); /* one incident, one event */
	assert_int_equal(next_due(scene), SCENE_START + 5000);
	scene_pass(scene, 4000);
	probe = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, job_finish, &probe, &outcome, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 2);
	(void)scene_claim(scene, JOB_PROVISION);
}

static void a_probe_that_only_stood_in_line_leaves_the_next_one_its_turn_at_once(void **state)
{
	struct scene *scene = *state;
	const struct job_outcome untried = {.status = JOB_WAITING, .next_attempt_at = SCENE_START + 1000, .untried = true};
	struct job probe;

	(void)open_incident(scene, SCENE_GROUP);
	scene_pass(scene, 1000);
	probe = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, job_finish, &probe, &untried, &scene->error));
	(void)scene_claim(scene, JOB_PROVISION);
}

static void a_group_that_is_found_fine_goes_on_though_its_connector_fails_for_another(void **state)
{
	struct scene *scene = *state;
	const struct entitlement_group groups[] = {
	    {.group_id = "00000000-0000-4000-8000-00000000dead", .code = "group_deleted", .checked_at = SCENE_START},
	    {.group_id = SCENE_GROUP, .manageable = true, .code = "group_ok", .checked_at = SCENE_START}};
	struct connector_test_record record = {
	    .credential_version = 1, .outcome = "failed", .report = "{}", .groups = groups, .group_count = 1};

	(void)open_incident(scene, SCENE_GROUP);
	assert_ok(DO(scene, connector_save_test, &admin, "entra", &record, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "provision", "waiting"), 3);
	record.group_count = 2;
	assert_ok(DO(scene, connector_save_test, &admin, "entra", &record, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 3);
}

static void one_job_that_always_fails_does_not_speak_for_the_others(void **state)
{
	struct scene *scene = *state;
	struct job job = open_incident(scene, NULL), probe;

	scene_pass(scene, 1000);
	probe = scene_claim(scene, JOB_PROVISION);
	assert_string_not_equal(probe.job_id, job.job_id);
}

static void an_incident_of_the_connector_ends_with_a_test_that_passes(void **state)
{
	struct scene *scene = *state;

	(void)open_incident(scene, NULL);
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "failed", "{}", 0), &scene->error));
	assert_int_equal(scene_count_jobs(scene, "provision", "waiting"), 3);
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "warning", "{}", 0), &scene->error));
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 3);
}

static void jobs_that_wait_for_a_failing_connector_say_so_and_name_the_cause(void **state)
{
	struct scene *scene = *state;
	struct job met = open_incident(scene, NULL);
	struct job_filter filter = {.kind = "provision", .status = "waiting"};
	struct page page = {.limit = 200};
	struct job *jobs = NULL;
	const char *next = NULL;
	size_t count = 0;

	assert_string_equal(read_job(scene, met.job_id).error_code, "graph_denied");
	assert_ok(DO(scene, job_list, &filter, &page, scene->arena, &jobs, &count, &next));
	assert_int_equal(count, 3);
	for (size_t at = 0; at < count; at++) {
		if (strcmp(jobs[at].job_id, met.job_id) == 0)
			continue;
		assert_string_equal(jobs[at].error_code, "connector_failing");
		assert_string_equal(jobs[at].error_detail, "graph_denied: Forbidden.");
	}
}

static void an_answer_about_one_group_does_not_hold_the_others(void **state)
{
	struct scene *scene = *state;
	struct job job;

	(void)open_incident(scene, SCENE_GROUP);
	scene_tool(scene, "code", "entra");
	assert_ok(scene_bind(scene, "code", SCENE_USER, false));
	(void)scene_grant(scene, "code", "account-7", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_string_equal(job.group_id, SCENE_USER);
}

static void a_probe_that_is_lost_does_not_end_the_incident(void **state)
{
	struct scene *scene = *state;
	struct job probe, other;

	(void)open_incident(scene, SCENE_GROUP);
	scene_pass(scene, 1000);
	probe = scene_claim(scene, JOB_PROVISION);
	scene_pass(scene, SCENE_LEASE);
	other = scene_claim(scene, JOB_PROVISION);
	assert_true(other.fence > probe.fence);
	assert_false(scene_claims(scene, &probe));
	assert_int_equal(scene_count_jobs(scene, "provision", "waiting"), 2);
}

static void the_counts_tell_what_there_is(void **state)
{
	struct scene *scene = *state;
	struct store_counts counts;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	(void)scene_request(scene, "chat", "account-2", NULL);
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "failed", "{}", 0), &scene->error));
	assert_ok(DO(scene, counts, &counts));
	assert_int_equal(counts.requests[REQUEST_APPROVED], 1);
	assert_int_equal(counts.requests[REQUEST_PENDING], 1);
	assert_int_equal(counts.grants[GRANT_PENDING_PROVISION], 1);
	assert_int_equal(counts.jobs[JOB_QUEUED], 1);
	assert_int_equal(counts.connectors_failed, 1);
}

static void old_finished_jobs_are_purged_and_live_ones_are_not(void **state)
{
	struct scene *scene = *state;
	struct job_outcome outcome = {.status = JOB_SUCCEEDED};
	struct job job;

	assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
	assert_ok(DO(scene, intake_enqueue, "2", &scene->error));
	job = scene_claim(scene, JOB_INTAKE);
	assert_ok(DO(scene, job_finish, &job, &outcome, &scene->error));
	scene_pass(scene, INT64_C(91) * 86400000);
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_int_equal(DO(scene, job_read, job.job_id, scene->arena, &job), RESULT_NOT_FOUND);
	assert_int_equal(scene_count_jobs(scene, NULL, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(the_more_urgent_and_then_the_older_job_is_done_first),
	    scene_test(a_waiting_job_comes_back_when_it_is_due_with_what_it_kept),
	    scene_test(a_job_that_only_stood_in_line_waits_no_longer_for_it),
	    scene_test(a_holder_whose_lease_ran_out_can_change_nothing),
	    scene_test(after_a_crash_what_was_running_goes_on_within_seconds),
	    scene_test(one_group_is_worked_on_by_one_job_at_a_time),
	    scene_test(two_looks_at_one_issue_do_not_run_side_by_side),
	    scene_test(jobs_of_a_disabled_connector_wait_and_come_back),
	    scene_test(a_job_that_was_running_when_its_connector_was_disabled_waits_after_it),
	    scene_test(an_incident_holds_the_group_lets_one_probe_through_and_passes),
	    scene_test(a_probe_that_only_stood_in_line_leaves_the_next_one_its_turn_at_once),
	    scene_test(a_group_that_is_found_fine_goes_on_though_its_connector_fails_for_another),
	    scene_test(one_job_that_always_fails_does_not_speak_for_the_others),
	    scene_test(an_incident_of_the_connector_ends_with_a_test_that_passes),
	    scene_test(jobs_that_wait_for_a_failing_connector_say_so_and_name_the_cause),
	    scene_test(an_answer_about_one_group_does_not_hold_the_others),
	    scene_test(a_probe_that_is_lost_does_not_end_the_incident),
	    scene_test(the_counts_tell_what_there_is),
	    scene_test(old_finished_jobs_are_purged_and_live_ones_are_not),
	};

	return cmocka_run_group_tests_name("store: jobs", tests, NULL, NULL);
}
