/* The worker's threads, on a store that only knows a queue of jobs: none is lost, none is done twice, none outlives the
 * stop. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "worker/job_run.h"
#include "worker/lease_keeper.h"
#include "worker/planner.h"

#define JOBS 200

static struct {
	pthread_mutex_t lock;
	int queued; /* ids below it are there to claim */
	int claimed;
	atomic_int done[JOBS];
	atomic_int finished, running, most_running, sweeps, checks, checkpoints, purges, renewals;
	atomic_bool hold;   /* attempts last until it is cleared */
	atomic_bool broken; /* the store cannot serve */
} fake;

static enum result fake_claim(struct store *store, const char *holder, int64_t lease_ms, struct arena *arena,
                              struct job *ret_job, int64_t *ret_next_due)
{
	(void)store, (void)holder;
	assert_int_equal(lease_ms, LEASE_MS);
	if (fake.broken)
		return RESULT_UNAVAILABLE;
	pthread_mutex_lock(&fake.lock);
	int id = fake.claimed < fake.queued ? fake.claimed++ : -1;
	pthread_mutex_unlock(&fake.lock);
	*ret_next_due = 0;
	if (id < 0)
		return RESULT_NOT_FOUND;
	*ret_job = (struct job){.job_id = arena_printf(arena, "%d", id),
	                        .kind = JOB_PROVISION,
	                        .connector_id = arena_printf(arena, "c-%d", id),
	                        .attempts = 1,
	                        .fence = id + 1};
	return RESULT_OK;
}

/* Every tenth brings the next one along. */
static enum result fake_claim_more(struct store *store, const struct job *job, const char *holder, int64_t lease_ms,
                                   size_t limit, struct arena *arena, struct job **ret_jobs, size_t *ret_count)
{
	(void)store, (void)holder;
	assert_int_equal(lease_ms, LEASE_MS);
	assert_true(limit > 0);
	pthread_mutex_lock(&fake.lock);
	int id = job->fence % 10 == 0 && fake.claimed < fake.queued ? fake.claimed++ : -1;
	pthread_mutex_unlock(&fake.lock);
	*ret_count = id < 0 ? 0 : 1;
	*ret_jobs = arena_array(arena, 1, sizeof(**ret_jobs));
	**ret_jobs = (struct job){
	    .job_id = arena_printf(arena, "%d", id), .kind = JOB_PROVISION, .attempts = 1, .fence = job->fence};
	return RESULT_OK;
}

/* Unreadable: it is for the run itself to find out why, and nothing limits it. */
static enum result fake_connector_read(struct store *store, const char *id, struct arena *arena,
                                       struct connector_settings *ret_connector)
{
	(void)store, (void)id, (void)arena, (void)ret_connector;
	return RESULT_NOT_FOUND;
}

static void fake_end(const struct job *job)
{
	int64_t id = 0;
	assert_int_equal(text_parse_int(job->job_id, 0, JOBS - 1, &id), RESULT_OK);
	fake.done[id]++;
	fake.finished++;
}

static enum result fake_finish(struct store *store, const struct job *job, const struct job_outcome *outcome,
                               struct error *error)
{
	(void)store, (void)error;
	assert_int_equal(outcome->status, JOB_SUCCEEDED);
	fake_end(job);
	return RESULT_OK;
}

static enum result fake_renew(struct store *store, const struct job *job, int64_t lease_ms, struct error *error)
{
	(void)store, (void)lease_ms, (void)error;
	assert_non_null(job->job_id);
	fake.renewals++;
	return RESULT_OK;
}

static enum result fake_sweep(struct store *store, struct error *error)
{
	(void)store, (void)error;
	fake.sweeps++;
	return RESULT_OK;
}

static enum result fake_check(struct store *store, int64_t tested_before, struct error *error)
{
	(void)store, (void)tested_before, (void)error;
	fake.checks++;
	return RESULT_OK;
}

static enum result fake_member_check(struct store *store, int64_t checked_before, struct error *error)
{
	(void)store, (void)checked_before, (void)error;
	return RESULT_OK;
}

static enum result fake_checkpoint(struct store *store, bool *ret_added, struct error *error)
{
	(void)store, (void)error;
	*ret_added = false;
	fake.checkpoints++;
	return RESULT_OK;
}

static enum result fake_expiry(struct store *store, bool *ret_more, struct error *error)
{
	(void)store, (void)error;
	*ret_more = false;
	return RESULT_OK;
}

static enum result fake_purge(struct store *store, int64_t before, struct error *error)
{
	(void)store, (void)before, (void)error;
	fake.purges++;
	return RESULT_OK;
}

static const struct store_ops fake_ops = {
    .name = "fake",
    .job_claim = fake_claim,
    .job_claim_more = fake_claim_more,
    .connector_read = fake_connector_read,
    .job_finish = fake_finish,
    .job_renew = fake_renew,
    .sweep_enqueue = fake_sweep,
    .check_enqueue_due = fake_check,
    .member_check_enqueue_due = fake_member_check,
    .audit_checkpoint_add = fake_checkpoint,
    .purge = fake_purge,
    .expiry_advance = fake_expiry,
    .stop_advance = fake_expiry,
};

static struct job_attempt attempt(void)
{
	int now = ++fake.running;
	int most = fake.most_running;
	while (now > most && !atomic_compare_exchange_weak(&fake.most_running, &most, now))
		;
	while (fake.hold)
		usleep(1000);
	fake.running--;
	return job_attempt_succeeded();
}

void planner_run(const struct worker_options *options, struct planned_job *jobs, size_t count, struct arena *arena)
{
	(void)options;
	assert_non_null(arena);
	struct job_attempt made = attempt();
	for (size_t i = 0; i < count; i++) {
		jobs[i].attempt = made;
		fake_end(jobs[i].job);
	}
}

struct job_attempt job_run_intake(const struct job_context *context)
{
	(void)context;
	return attempt();
}

struct job_attempt job_run_sweep(const struct job_context *context)
{
	(void)context;
	return attempt();
}

struct job_attempt job_run_write_back(const struct job_context *context)
{
	(void)context;
	return attempt();
}

static struct store fake_store = {&fake_ops};
static struct clock_manual clock_by_hand;

static struct worker *start(struct jira *jira)
{
	struct worker_options options = {.store = &fake_store,
	                                 .clock = &clock_by_hand.clock,
	                                 .jira = jira,
	                                 .threads = 4,
	                                 .sweep_seconds = 300,
	                                 .check_seconds = 3600,
	                                 .inbox_days = 30};
	struct worker *worker = NULL;
	struct error error;
	assert_int_equal(worker_start(&options, &worker, &error), RESULT_OK);
	return worker;
}

static int begin(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	clock_manual_init(&clock_by_hand, 1700000000000);
	fake.queued = fake.claimed = 0;
	for (size_t at = 0; at < JOBS; at++)
		fake.done[at] = 0;
	fake.finished = fake.running = fake.most_running = fake.sweeps = fake.checkpoints = fake.purges = fake.renewals =
	    fake.checks = 0;
	fake.hold = fake.broken = false;
	return pthread_mutex_init(&fake.lock, NULL);
}

static void put(struct worker *worker, int count)
{
	pthread_mutex_lock(&fake.lock);
	fake.queued += count;
	pthread_mutex_unlock(&fake.lock);
	worker_wake(worker);
}

/* Gives up after a minute: then the assertion that follows fails. */
static void wait_for(atomic_int *counter, int count)
{
	for (int turn = 0; turn < 60000 && *counter < count; turn++)
		usleep(1000);
	assert_true(*counter >= count);
}

static void every_job_is_done_once(void **state)
{
	(void)state;
	struct worker *worker = start(NULL);
	for (int at = 0; at < JOBS / 2; at++)
		put(worker, 1);
	put(worker, JOBS / 2);
	wait_for(&fake.finished, JOBS);
	worker_stop(worker);
	for (size_t at = 0; at < JOBS; at++)
		assert_int_equal(fake.done[at], 1);
}

static void a_burst_fills_all_threads(void **state)
{
	(void)state;
	fake.hold = true;
	struct worker *worker = start(NULL);
	put(worker, 10);
	wait_for(&fake.running, 4);
	assert_int_equal(fake.most_running, 4);
	fake.hold = false;
	wait_for(&fake.finished, 10);
	worker_stop(worker);
	assert_int_equal(fake.most_running, 4);
}

static void a_long_attempt_keeps_its_lease(void **state)
{
	(void)state;
	fake.hold = true;
	struct worker *worker = start(NULL);
	put(worker, 1);
	wait_for(&fake.running, 1);
	clock_manual_advance(&clock_by_hand, LEASE_MS / 3);
	wait_for(&fake.renewals, 1);
	fake.hold = false;
	wait_for(&fake.finished, 1);
	worker_stop(worker);
	assert_int_equal(fake.renewals, 1);
}

static void *let_go(void *unused)
{
	(void)unused;
	usleep(50000);
	fake.hold = false;
	return NULL;
}

static void a_running_attempt_is_not_cut_off_by_the_stop(void **state)
{
	(void)state;
	fake.hold = true;
	struct worker *worker = start(NULL);
	put(worker, 1);
	wait_for(&fake.running, 1);
	pthread_t helper;
	assert_int_equal(pthread_create(&helper, NULL, let_go, NULL), 0);
	worker_stop(worker);
	pthread_join(helper, NULL);
	assert_int_equal(fake.finished, 1);
	assert_int_equal(fake.running, 0);
}

static void a_store_that_recovers_finds_the_worker_still_there(void **state)
{
	(void)state;
	fake.broken = true;
	struct worker *worker = start(NULL);
	put(worker, 3);
	usleep(20000);
	assert_int_equal(fake.finished, 0);
	fake.broken = false;
	wait_for(&fake.finished, 3);
	worker_stop(worker);
}

static void lost_events_are_looked_for_at_the_start_and_in_time(void **state)
{
	(void)state;
	struct worker *worker = start((struct jira *)&fake);
	wait_for(&fake.sweeps, 1);
	wait_for(&fake.purges, 1);
	clock_manual_advance(&clock_by_hand, 300000);
	wait_for(&fake.sweeps, 2);
	wait_for(&fake.checkpoints, 2);
	worker_stop(worker);
	assert_int_equal(fake.sweeps, 2);
	assert_int_equal(fake.purges, 1);
	assert_int_equal(fake.checkpoints, 3); /* one more at the end */
}

static void without_jira_nothing_is_swept(void **state)
{
	(void)state;
	struct worker *worker = start(NULL);
	wait_for(&fake.purges, 1);
	worker_stop(worker);
	worker_stop(NULL);
	assert_int_equal(fake.sweeps, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_job_is_done_once),
	    TEST(a_burst_fills_all_threads),
	    TEST(a_long_attempt_keeps_its_lease),
	    TEST(a_running_attempt_is_not_cut_off_by_the_stop),
	    TEST(a_store_that_recovers_finds_the_worker_still_there),
	    TEST(lost_events_are_looked_for_at_the_start_and_in_time),
	    TEST(without_jira_nothing_is_swept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
