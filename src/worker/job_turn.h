/* One turn of one thread of the worker: to claim what is due, and to do it. Knows no thread and never sleeps, so that a
 * program on simulated time can take turns by itself. Private to worker/. */
#ifndef AIC_WORKER_JOB_TURN_H
#define AIC_WORKER_JOB_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/circuit.h"
#include "worker/lease_keeper.h"
#include "worker/worker.h"

struct job_turn {
	const struct worker_options *options;
	struct circuit *circuit;        /* shared by all threads */
	const char *holder;             /* names the thread in its leases */
	struct lease_slot *slot;        /* the thread's own */
	void (*claimed)(void *context); /* a job was claimed, and is not begun yet */
	void *context;
};

/* Claims and does one job, or several of one connector. Else false, and for how long there is nothing to do. */
bool job_turn_take(const struct job_turn *turn, int64_t *ret_delay_ms);

#endif
