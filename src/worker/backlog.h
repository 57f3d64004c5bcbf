/* How much of a connector's work is taken on at once: as much as may be written now. Private to worker/.
 *
 * What may not go out yet stays in the queue, and the connector is paused in the store until it may; so a backlog does
 * not turn round and round, and others' work goes on. */
#ifndef AIC_WORKER_BACKLOG_H
#define AIC_WORKER_BACKLOG_H

#include <stddef.h>

#include "worker/circuit.h"
#include "worker/planner.h"

struct backlog {
	const struct worker_options *options;
	struct circuit *circuit;
	const char *holder;
	int64_t lease_ms;
};

/* Does `first`, a claimed provision or deprovision job, and what else its connector has to do. All of it lives in
 * `claimed`. How many jobs that were; 0 if memory ran out (their leases run out, and they come again). */
size_t backlog_run(const struct backlog *backlog, const struct job *first, struct arena *claimed,
                   struct planned_job **ret_planned);

#endif
