/* Inside the planner: one run of it, and the steps that ask the directory. */
#ifndef AIC_WORKER_PLANNER_RUN_H
#define AIC_WORKER_PLANNER_RUN_H

#include "worker/membership_call.h"

struct planner_run {
	const struct worker_options *options;
	struct arena *arena;
	struct membership_call *calls;
	size_t count;
	struct connector_call connector;
};

/* Every call of that kind that has not ended. */
#define EACH_CALL(run, call, wanted)                                                                                   \
	for (struct membership_call *call = (run)->calls; call < (run)->calls + (run)->count; call++)                      \
		if (membership_call_goes_on(call) && ((wanted) == JOB_KIND_MAX || call->context.job->kind == (wanted)))

/* Who they are: Jira's addresses, then the directory's word, for all provisionings at once. */
void planner_find_users(struct planner_run *run);
/* Whether their groups can be written to: each group is asked about once. */
void planner_check_groups(struct planner_run *run);
/* Looks for every call that wants it: sets `member`. */
void planner_look(struct planner_run *run);
/* Sends what every call wants written. */
void planner_write(struct planner_run *run);
/* Brings what has ended to the store. */
void planner_settle(struct planner_run *run);

#endif
