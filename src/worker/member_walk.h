/* The walk of a membership check through one group of the directory. Private to worker/. */
#ifndef AIC_WORKER_MEMBER_WALK_H
#define AIC_WORKER_MEMBER_WALK_H

#include "store/store.h"
#include "worker/connector_call.h"
#include "worker/job_run.h"

enum walk_end {
	WALK_OVER,  /* the store has it all */
	WALK_LATER, /* its time is up: it goes on where it is */
	WALK_GONE,  /* the directory says that the group was deleted */
	WALK_FAILED,
};

/* Takes the group's pages into the store, from where `watch` is: a walk under way goes on, else one begins at the link
 * of the last, or at the beginning where there is none or it is too old. Ends at `until` (monotonic) at the latest, but
 * for the page in hand. WALK_FAILED: `error` says why; *ret_begin_anew: what was collected is of no use. */
enum walk_end member_walk(const struct job_context *context, struct connector_call *connector,
                          const struct group_watch *watch, int64_t until, bool *ret_begin_anew, struct error *error)
    MUST_CHECK;

#endif
