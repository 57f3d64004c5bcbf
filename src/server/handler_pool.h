/* A fixed set of threads that run handlers, with a bounded queue before them. */
#ifndef AIC_SERVER_HANDLER_POOL_H
#define AIC_SERVER_HANDLER_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"

/* The first member of what is queued; owned by the submitter, who may free it once `run` was called. */
struct handler_work {
	struct handler_work *next;
	void (*run)(struct handler_work *work);
};

struct handler_pool;
enum result handler_pool_new(int threads, size_t queue_limit, struct handler_pool **ret_pool) MUST_CHECK;
/* False: the queue is full, or the pool is being stopped. Never blocks. */
bool handler_pool_submit(struct handler_pool *pool, struct handler_work *work) MUST_CHECK;
/* Runs what is queued and joins the threads; from then on nothing is taken. */
void handler_pool_stop(struct handler_pool *pool);
void handler_pool_free(struct handler_pool *pool); /* stops; accepts NULL */

#endif
