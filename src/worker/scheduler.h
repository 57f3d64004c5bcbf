/* What time asks for: ends and warnings of grants, sweeps, checkpoints of the audit chain, dropping what is kept no
 * longer. Private to worker/. One thread. */
#ifndef AIC_WORKER_SCHEDULER_H
#define AIC_WORKER_SCHEDULER_H

#include <stdint.h>

#include "worker/worker.h"

struct scheduler {
	const struct worker_options *options;
	int64_t sweep_at; /* on the monotonic clock; all due at the start */
	int64_t check_at;
	int64_t checkpoint_at;
	int64_t purge_at;
	int64_t expiry_at;
	int64_t stop_at;
};

void scheduler_init(struct scheduler *scheduler, const struct worker_options *options);
/* Does what is due; gives the milliseconds until something will be. */
int64_t scheduler_tick(struct scheduler *scheduler);
/* A last checkpoint, so that a tail cut off while the service is down is found. */
void scheduler_done(struct scheduler *scheduler);

#endif
