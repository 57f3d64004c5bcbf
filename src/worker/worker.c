/* The worker's threads.
 *
 * Worker threads claim due jobs from the store and do them, one each, or those of one connector together where they
 * change memberships; one more thread is the scheduler and keeps leases. All that must survive is in the store: a
 * thread that dies with its job leaves a lease that runs out, and another claims it.
 *
 * Sleeping: a commit wakes one thread, and a thread that found a job wakes the next before it begins, so that a burst
 * fills all threads and a single job costs one claim. Of those asleep one, the watch, sleeps only until the next job is
 * due (and never long, since a clock may be set); the others sleep until they are woken. */
#include "worker/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/id.h"
#include "worker/job_turn.h"
#include "worker/scheduler.h"

#define THREADS_MAX 64
#define SCHEDULER_MAX_MS 1000

struct worker_thread {
	struct worker *worker;
	pthread_t thread;
	char holder[ID_SIZE + 16];
	struct lease_slot slot;
};

struct worker {
	struct worker_options options;
	struct scheduler scheduler;
	struct circuit circuit;
	pthread_t scheduler_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;         /* for worker threads */
	pthread_cond_t drained_changed; /* for the scheduler */
	bool stopping;
	bool drained;    /* no attempt runs any more */
	bool look;       /* something may be due */
	bool watched;    /* a thread sleeps as the watch */
	int64_t wake_at; /* when the watch gets up, on CLOCK_MONOTONIC */
	int started;
	struct worker_thread threads[THREADS_MAX];
};

/* The real clock: sleeping is not what a simulated one simulates. */
static int64_t sleep_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void sleep_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t at_ms)
{
	struct timespec at = {.tv_sec = at_ms / 1000, .tv_nsec = (at_ms % 1000) * 1000000};
	pthread_cond_timedwait(condition, lock, &at);
}

void worker_wake(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	if (!worker->look) {
		worker->look = true;
		pthread_cond_signal(&worker->changed);
	}
	pthread_mutex_unlock(&worker->lock);
}

/* True if there is to be looked for jobs, false if the worker stops. */
static bool wait_for_work(struct worker *worker, int64_t delay_ms)
{
	int64_t wake_at = sleep_now_ms() + delay_ms;
	pthread_mutex_lock(&worker->lock);
	if (worker->watched && wake_at < worker->wake_at) {
		worker->wake_at = wake_at;
		pthread_cond_broadcast(&worker->changed); /* the watch must get up earlier than it meant to */
	}
	bool watch = false;
	while (!worker->stopping && !worker->look) {
		if (!watch && !worker->watched) {
			watch = worker->watched = true;
			worker->wake_at = wake_at;
		}
		if (!watch)
			pthread_cond_wait(&worker->changed, &worker->lock);
		else if (sleep_now_ms() >= worker->wake_at)
			break;
		else
			sleep_until(&worker->changed, &worker->lock, worker->wake_at);
	}
	if (watch) {
		worker->watched = false;
		pthread_cond_signal(&worker->changed); /* another takes the watch over */
	}
	worker->look = false;
	bool go_on = !worker->stopping;
	pthread_mutex_unlock(&worker->lock);
	return go_on;
}

static bool is_stopping(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	bool stopping = worker->stopping;
	pthread_mutex_unlock(&worker->lock);
	return stopping;
}

static void wake_next(void *context)
{
	worker_wake(context);
}

static void *worker_main(void *argument)
{
	struct worker_thread *self = argument;
	const struct job_turn turn = {.options = &self->worker->options,
	                              .circuit = &self->worker->circuit,
	                              .holder = self->holder,
	                              .slot = &self->slot,
	                              .claimed = wake_next,
	                              .context = self->worker};
	int64_t delay_ms = 0;
	while (!is_stopping(self->worker)) {
		if (!job_turn_take(&turn, &delay_ms) && !wait_for_work(self->worker, delay_ms))
			break;
	}
	return NULL;
}

static void *scheduler_main(void *argument)
{
	struct worker *worker = argument;
	pthread_mutex_lock(&worker->lock);
	while (!worker->drained) {
		pthread_mutex_unlock(&worker->lock);
		int64_t delay = scheduler_tick(&worker->scheduler);
		for (int at = 0; at < worker->options.threads; at++)
			lease_slot_keep(&worker->threads[at].slot, worker->options.store, worker->options.clock);
		if (delay > SCHEDULER_MAX_MS)
			delay = SCHEDULER_MAX_MS;
		pthread_mutex_lock(&worker->lock);
		if (!worker->drained)
			sleep_until(&worker->drained_changed, &worker->lock, sleep_now_ms() + delay);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

static void condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

static struct worker *worker_new(const struct worker_options *options)
{
	struct worker *worker = memory_calloc(1, sizeof(*worker));
	char id[ID_SIZE];
	if (worker == NULL)
		return NULL;
	worker->options = *options;
	if (worker->options.threads < 1 || worker->options.threads > THREADS_MAX)
		worker->options.threads = 4;
	pthread_mutex_init(&worker->lock, NULL);
	condition_init(&worker->changed);
	condition_init(&worker->drained_changed);
	scheduler_init(&worker->scheduler, &worker->options);
	circuit_init(&worker->circuit);
	id_random(id); /* of this process's run: a lease of an earlier one is nobody's */
	for (int at = 0; at < worker->options.threads; at++) {
		worker->threads[at].worker = worker;
		snprintf(worker->threads[at].holder, sizeof(worker->threads[at].holder), "%s-%d", id, at);
		lease_slot_init(&worker->threads[at].slot);
	}
	return worker;
}

static void worker_free(struct worker *worker)
{
	for (int at = 0; at < worker->options.threads; at++)
		lease_slot_done(&worker->threads[at].slot);
	circuit_done(&worker->circuit);
	pthread_cond_destroy(&worker->changed);
	pthread_cond_destroy(&worker->drained_changed);
	pthread_mutex_destroy(&worker->lock);
	memory_free(worker);
}

/* The scheduler last, since it keeps the leases of attempts that are still running. */
static void threads_join(struct worker *worker, bool scheduler_runs)
{
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	for (int at = 0; at < worker->started; at++)
		pthread_join(worker->threads[at].thread, NULL);
	pthread_mutex_lock(&worker->lock);
	worker->drained = true;
	pthread_cond_broadcast(&worker->drained_changed);
	pthread_mutex_unlock(&worker->lock);
	if (scheduler_runs)
		pthread_join(worker->scheduler_thread, NULL);
}

enum result worker_start(const struct worker_options *options, struct worker **ret_worker, struct error *error)
{
	struct worker *worker = worker_new(options);
	if (worker == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	while (worker->started < worker->options.threads) {
		struct worker_thread *thread = &worker->threads[worker->started];
		if (pthread_create(&thread->thread, NULL, worker_main, thread) != 0)
			break;
		worker->started++;
	}
	bool all = worker->started == worker->options.threads;
	if (all && pthread_create(&worker->scheduler_thread, NULL, scheduler_main, worker) == 0) {
		*ret_worker = worker;
		return RESULT_OK;
	}
	threads_join(worker, false);
	worker_free(worker);
	return error_set(error, RESULT_UNAVAILABLE, "internal", "The worker's threads could not be started.");
}

void worker_stop(struct worker *worker)
{
	if (worker == NULL)
		return;
	threads_join(worker, true);
	scheduler_done(&worker->scheduler);
	worker_free(worker);
}
