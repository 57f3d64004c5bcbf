/* How attempts end and how long jobs pause. */
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
#include "worker/membership_progress.h"

#define NOW 1700000000000LL

struct scene {
	struct clock_manual clock;
	struct worker_options options;
	struct job job;
	struct job_context context;
};

static void scene_begin(struct scene *scene)
{
	*scene = (struct scene){.job = {.job_id = "j", .attempts = 1}};
	clock_manual_init(&scene->clock, NOW);
	scene->options.clock = &scene->clock.clock;
	scene->context = (struct job_context){&scene->options, &scene->job, arena_new(1 << 16)};
	assert_non_null(scene->context.arena);
}

static void scene_end(struct scene *scene)
{
	arena_free(scene->context.arena);
}

static void a_job_never_comes_back_before_the_other_side_allows_it(void **state)
{
	(void)state;
	_cleanup_(scene_end) struct scene scene;
	scene_begin(&scene);
	struct error error = {.code = "graph_throttled", .retry_after_ms = 17000};
	for (scene.job.attempts = 1; scene.job.attempts < 5; scene.job.attempts++) {
		struct job_attempt attempt = job_attempt_wait(&scene.context, &error);
		assert_false(attempt.settled);
		assert_int_equal(attempt.outcome.status, JOB_WAITING);
		assert_int_equal(attempt.outcome.next_attempt_at, NOW + 17000);
	}
}

static void pauses_stay_within_their_window_and_their_cap(void **state)
{
	(void)state;
	_cleanup_(scene_end) struct scene scene;
	scene_begin(&scene);
	struct error error = {.code = "graph_unavailable", .retry_after_ms = -1};
	static const struct {
		int attempts;
		int64_t most;
	} cases[] = {{1, 500}, {2, 1000}, {5, 8000}, {11, 300000}, {1000, 300000}};
	for (size_t at = 0; at < ARRAY_SIZE(cases); at++) {
		scene.job.attempts = cases[at].attempts;
		for (int round = 0; round < 50; round++) {
			struct job_attempt attempt = job_attempt_wait(&scene.context, &error);
			assert_in_range(attempt.outcome.next_attempt_at, NOW + 1, NOW + cases[at].most);
			arena_reset(scene.context.arena);
		}
	}
}

static void an_outcome_outlives_the_error_that_it_tells_of(void **state)
{
	(void)state;
	_cleanup_(scene_end) struct scene scene;
	scene_begin(&scene);
	struct error error = {.retry_after_ms = -1};
	strcpy(error.code, "graph_unavailable");
	strcpy(error.detail, "It said 503.");
	strcpy(error.request_id, "r-1");
	struct job_attempt attempt = job_attempt_wait(&scene.context, &error);
	memset(&error, 'x', sizeof(error));
	assert_string_equal(attempt.outcome.error_code, "graph_unavailable");
	assert_string_equal(attempt.outcome.error_detail, "It said 503.");
	assert_string_equal(attempt.outcome.error_request_id, "r-1");
	assert_null(attempt.outcome.error_client_request_id);
	assert_null(attempt.outcome.progress); /* what the job knew, it keeps */
}

static void ends_are_what_they_say(void **state)
{
	(void)state;
	_cleanup_(scene_end) struct scene scene;
	scene_begin(&scene);
	assert_int_equal(job_attempt_succeeded().outcome.status, JOB_SUCCEEDED);
	assert_false(job_attempt_succeeded().settled);
	struct job_attempt cancelled = job_attempt_cancelled("conflict", "No.");
	assert_int_equal(cancelled.outcome.status, JOB_CANCELLED);
	assert_string_equal(cancelled.outcome.error_code, "conflict");
	struct job_attempt wait = job_attempt_wait_ms(&scene.context, 250, NULL, NULL);
	assert_int_equal(wait.outcome.next_attempt_at, NOW + 250);
	assert_null(wait.outcome.error_code);
}

static void a_change_not_yet_seen_is_looked_for_with_growing_pauses(void **state)
{
	(void)state;
	static const int64_t expected[] = {250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000};
	for (size_t at = 0; at < ARRAY_SIZE(expected); at++) {
		struct membership_progress progress = {.wrote = true, .checks = (int)at + 1};
		assert_int_equal(membership_progress_delay_ms(&progress), expected[at]);
		assert_int_equal(membership_progress_repeat_is_due(&progress), (at + 1) % 4 == 0);
	}
}

static void patience_ends_after_a_quarter_of_an_hour(void **state)
{
	(void)state;
	struct membership_progress progress = {0};
	assert_true(membership_progress_repeat_is_due(&progress)); /* nothing written yet */
	assert_false(membership_progress_is_hopeless(&progress, NOW));
	progress = (struct membership_progress){.wrote = true, .since = NOW};
	assert_false(membership_progress_repeat_is_due(&progress));
	assert_false(membership_progress_is_hopeless(&progress, NOW + 15 * 60 * 1000 - 1));
	assert_true(membership_progress_is_hopeless(&progress, NOW + 15 * 60 * 1000));
}

static void progress_comes_back_as_it_was_kept(void **state)
{
	(void)state;
	_cleanup_(scene_end) struct scene scene;
	scene_begin(&scene);
	struct membership_progress kept = {.wrote = true, .since = NOW, .checks = 7, .trace = {"r-1", "c-1"}};
	struct membership_progress back;
	membership_progress_read(membership_progress_write(&kept, scene.context.arena), &back);
	assert_memory_equal(&back.trace, &kept.trace, sizeof(kept.trace));
	assert_true(back.wrote && back.since == NOW && back.checks == 7);
	static const char *const wrong[] = {NULL, "", "[]", "{", "{\"wrote\":1}", "{\"checks\":-5}"};
	for (size_t at = 0; at < ARRAY_SIZE(wrong); at++) {
		membership_progress_read(wrong[at], &back);
		assert_false(back.wrote);
		assert_int_equal(back.checks, 0);
	}
	membership_progress_read("{\"wrote\":true,\"checks\":9000000000000}", &back);
	assert_true(back.checks > 0);
}

static void an_incident_is_probed_ever_more_seldom_but_not_forgotten(void **state)
{
	(void)state;
	static const int64_t expected[] = {10000, 10000, 20000, 40000, 80000, 160000, 300000, 300000};
	for (size_t attempts = 0; attempts < ARRAY_SIZE(expected); attempts++)
		assert_int_equal(job_hold_delay_ms((int)attempts), expected[attempts]);
	assert_int_equal(job_hold_delay_ms(INT32_MAX), 300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_job_never_comes_back_before_the_other_side_allows_it),
	    cmocka_unit_test(pauses_stay_within_their_window_and_their_cap),
	    cmocka_unit_test(an_outcome_outlives_the_error_that_it_tells_of),
	    cmocka_unit_test(ends_are_what_they_say),
	    cmocka_unit_test(a_change_not_yet_seen_is_looked_for_with_growing_pauses),
	    cmocka_unit_test(patience_ends_after_a_quarter_of_an_hour),
	    cmocka_unit_test(progress_comes_back_as_it_was_kept),
	    cmocka_unit_test(an_incident_is_probed_ever_more_seldom_but_not_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
