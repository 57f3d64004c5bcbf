/* The sweep, and telling Jira. */
#include "intake_stage.h"

static enum job_status sweep(struct world *w)
{
	const struct job job = {.job_id = "x", .kind = JOB_SWEEP, .attempts = 1};
	const struct job_context context = {.options = &w->options, .job = &job, .arena = w->scene->arena};
	return job_run_sweep(&context).outcome.status;
}

static void sweep_finds(const char *updated)
{
	static char body[256];
	snprintf(body, sizeof(body), "{\"issues\":[{\"id\":\"10042\",\"fields\":{\"updated\":\"%s\"}}]}", updated);
	canned_add(&server, "POST", "/rest/api/3/search/jql", 200, body);
}

static void an_event_lost_for_a_day_is_found_by_the_sweep(void **state)
{
	struct world *w = *state;
	canned_reset(&server);
	sweep_finds("2025-11-23T08:00:00.000+0000");
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_non_null(strstr(server.body, "updated >= -1440m"));
	assert_int_equal(scene_count_jobs(w->scene, "intake", "queued"), 1);
	scene_pass(w->scene, 26 * INT64_C(3600000));
	sweep_finds("2025-11-23T08:00:00.000+0000");
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_non_null(strstr(server.body, "updated >= -1570m"));
	canned_add(&server, "POST", "/rest/api/3/search/jql", 503, "{}");
	scene_pass(w->scene, INT64_C(3600000));
	assert_int_equal(sweep(w), JOB_WAITING);
	sweep_finds("2025-11-23T08:00:00.000+0000");
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_non_null(strstr(server.body, "updated >= -70m"));
}

static void a_sweep_that_was_cut_short_goes_on_where_it_ended(void **state)
{
	struct world *w = *state;
	static char page[200 * 1024];
	size_t length = (size_t)snprintf(page, sizeof(page), "{\"nextPageToken\":\"next\",\"issues\":[");
	for (int i = 0; i < 2000; i++)
		length += (size_t)snprintf(page + length, sizeof(page) - length,
		                           "%s{\"id\":\"7\",\"fields\":{\"updated\":\"2025-11-23T06:00:00.000Z\"}}",
		                           i > 0 ? "," : "");
	snprintf(page + length, sizeof(page) - length, "]}");
	static char other[200 * 1024];
	snprintf(other, sizeof(other), "{\"nextPageToken\":\"more\"%s", strchr(page, ','));
	canned_reset(&server);
	for (int i = 0; i < 6; i++)
		canned_add(&server, "POST", "/rest/api/3/search/jql", 200, i % 2 ? other : page);
	scene_pass(w->scene, 60000); /* 08:01 */
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	canned_reset(&server);
	sweep_finds("2025-11-23T08:00:00.000+0000");
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_non_null(strstr(server.body, "updated >= -131m"));
}

static void an_issue_that_has_settled_costs_the_sweep_nothing_until_it_changes(void **state)
{
	struct world *w = *state;
	/* An instant that no other test has settled at. */
	issue_updated = "2025-11-23T08:30:00.000+0000";
	jira_says(w, "Declined", "chat", approval("1", 1, "declined", "boss"), "");
	run(w);
	sweep_finds("2025-11-23T08:30:00.000+0000");
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_int_equal(scene_count_jobs(w->scene, "intake", "queued"), 1);
	struct job job = scene_claim(w->scene, JOB_INTAKE);
	assert_string_equal(job.subject, "10042");
	const struct job_outcome done = {.status = JOB_SUCCEEDED};
	assert_ok(DO(w->scene, job_finish, &job, &done, &w->scene->error));
	run(w);
	sweep_finds("2025-11-23T08:30:00.000+0000");
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_int_equal(scene_count_jobs(w->scene, "intake", "queued"), 0);
	sweep_finds("2025-11-23T08:30:01.000+0000");
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_int_equal(scene_count_jobs(w->scene, "intake", "queued"), 1);
}

static void a_pending_request_is_asked_about_even_if_nothing_is_heard(void **state)
{
	struct world *w = *state;
	jira_says(w, "Waiting", "chat", "", "");
	run(w);
	canned_add(&server, "POST", "/rest/api/3/search/jql", 200, "{\"issues\":[]}")->again = true;
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_int_equal(scene_count_jobs(w->scene, "intake", "queued"), 0);
	scene_pass(w->scene, 11 * 60000);
	assert_int_equal(sweep(w), JOB_SUCCEEDED);
	assert_int_equal(scene_count_jobs(w->scene, "intake", "queued"), 1);
}

static enum job_status write_back(struct world *w, const char *subject, const char *request_id, int attempts)
{
	const struct job job = {.job_id = "0193f5a0-0000-7000-8000-000000000009",
	                        .kind = JOB_WRITE_BACK,
	                        .subject = subject,
	                        .request_id = request_id,
	                        .attempts = attempts};
	const struct job_context context = {.options = &w->options, .job = &job, .arena = w->scene->arena};
	return job_run_write_back(&context).outcome.status;
}

static void an_issue_is_told_how_it_ended_and_only_once(void **state)
{
	struct world *w = *state;
	jira_says(w, "Waiting", "unheard-of", "", "");
	run(w);
	const char *request_id = newest(w).request_id;
	canned_add(&server, "POST", "/rest/api/3/issue/10042/comment", 201, "{}");
	assert_int_equal(write_back(w, "refused", request_id, 1), JOB_SUCCEEDED);
	assert_non_null(strstr(server.body, "unheard-of"));
	assert_non_null(strstr(server.body, "AI Clearance reference 0193f5a0-0000-7000-8000-000000000009"));
	assert_null(strstr(server.body, "kim"));
	canned_add(
	    &server, "GET", "/rest/api/3/issue/10042/comment?startAt=0&maxResults=100&orderBy=-created", 200,
	    "{\"total\":1,\"comments\":[{\"body\":\"AI Clearance reference 0193f5a0-0000-7000-8000-000000000009\"}]}");
	assert_int_equal(write_back(w, "refused", request_id, 2), JOB_SUCCEEDED);
	assert_int_equal(canned_asked(&server, "POST /rest/api/3/issue/10042/comment"), 1);
	canned_add(&server, "POST", "/rest/api/3/issue/10042/comment", 404, "{}");
	assert_int_equal(write_back(w, "refused", request_id, 1), JOB_SUCCEEDED);
	canned_add(&server, "POST", "/rest/api/3/issue/10042/comment", 503, "{}");
	assert_int_equal(write_back(w, "refused", request_id, 1), JOB_WAITING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_event_lost_for_a_day_is_found_by_the_sweep),
	    CASE(a_sweep_that_was_cut_short_goes_on_where_it_ended),
	    CASE(an_issue_that_has_settled_costs_the_sweep_nothing_until_it_changes),
	    CASE(a_pending_request_is_asked_about_even_if_nothing_is_heard),
	    CASE(an_issue_is_told_how_it_ended_and_only_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
