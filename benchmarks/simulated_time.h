/* Simulated time for several threads: a clock that stands still while anybody works, and jumps to the next moment that
 * somebody waits for.
 *
 * The threads are actors; exactly one of them runs at any moment, and hands over only where it sleeps or ends. So what
 * they do takes no simulated time, happens in one order, and ten minutes last as long as the work in them. */
#ifndef AIC_BENCHMARKS_SIMULATED_TIME_H
#define AIC_BENCHMARKS_SIMULATED_TIME_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define SIMULATED_ACTORS_MAX 16

struct simulated_time {
	struct clock clock; /* wall and monotonic are the same; first */
	_Atomic int64_t now;
	pthread_mutex_t lock;
	size_t count;
	size_t running; /* whose turn it is */
	struct simulated_actor {
		void (*main)(void *context);
		void *context;
		struct simulated_time *time;
		size_t number;
		pthread_t thread;
		pthread_cond_t turn;
		int64_t wake_at;
		bool idle; /* sleeps, and may be woken */
		bool ended, joined;
	} actors[SIMULATED_ACTORS_MAX];
};

void simulated_time_init(struct simulated_time *time, int64_t now_ms);
void simulated_time_add(struct simulated_time *time, void (*main)(void *context), void *context);
/* Until all that were added since the last time have ended. */
void simulated_time_run(struct simulated_time *time);
void simulated_time_done(struct simulated_time *time);

/* By the actor that runs. */
void simulated_time_sleep(struct simulated_time *time, int64_t ms);
/* No longer than until then; simulated_time_wake ends it. */
void simulated_time_idle(struct simulated_time *time, int64_t until_ms);
/* Whoever idles wakes up, now. */
void simulated_time_wake(struct simulated_time *time);

#endif
