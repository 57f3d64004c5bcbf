/* The planner: provision and deprovision jobs of one connector, done together.
 *
 * Takes them through the same steps side by side, so that what is asked of the directory, and what is written down, is
 * asked and written for all of them at once; each job keeps its own outcome. One job alone takes the same way. Private
 * to worker/. */
#ifndef AIC_WORKER_PLANNER_H
#define AIC_WORKER_PLANNER_H

#include <stddef.h>

#include "worker/job_run.h"

/* As many jobs as are taken on at once: a $batch of twenty PATCHes of twenty. */
#define PLANNER_JOBS_MAX 400

struct planned_job {
	const struct job *job;      /* in: claimed; all of one connector and one fence */
	struct job_attempt attempt; /* out: how it went, settled in the store already */
	enum result written;        /* out: what the store said to that */
};

/* Never fails: every failure is some job's outcome. */
void planner_run(const struct worker_options *options, struct planned_job *jobs, size_t count, struct arena *arena);

#endif
