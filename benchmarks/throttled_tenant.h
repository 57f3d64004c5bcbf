/* A tenant that allows 3,000 writes in 150 s, and a backlog that is larger than that, on simulated time: the real
 * backlog, planner and Entra connector over null_store.h, against the sandbox's Graph. Meanwhile single approvals
 * arrive. */
#ifndef AIC_BENCHMARKS_THROTTLED_TENANT_H
#define AIC_BENCHMARKS_THROTTLED_TENANT_H

#include <stddef.h>
#include <stdint.h>

struct throttled_options {
	int64_t link_cost;   /* of a PATCH of twenty */
	int64_t duration_ms; /* a multiple of the window */
	int64_t latency_ms;  /* of a call */
};

struct throttled_figures {
	int64_t allowed;      /* what the windows of that time allow */
	int64_t used;         /* what of it was written */
	int64_t throttled;    /* answers and items that were 429 */
	int64_t early;        /* calls before a Retry-After was over */
	int64_t calls;        /* to the tenant */
	size_t memberships;   /* that became active */
	size_t follow_ups;    /* that asked for a person: none may */
	size_t singles;       /* approvals that came in between */
	size_t singles_unmet; /* that were not in their group in the end */
	int64_t slowest_ms;   /* of the others: from the approval until the directory had it */
};

void throttled_tenant_run(const struct throttled_options *options, struct throttled_figures *ret_figures);

#endif
