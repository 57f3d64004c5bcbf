#include "worker/scheduler.h"

#include "base/log.h"

#define CHECKPOINT_EVERY_MS 60000
#define CHECK_LOOKS 60
#define EXPIRY_EVERY_MS 1000
#define STOP_EVERY_MS 500
#define CHECK_LEAST_MS 1000
#define PURGE_EVERY_MS (60LL * 60 * 1000)
#define DAY_MS (24LL * 60 * 60 * 1000)
#define AGAIN_MS 5000 /* after a failure of the store */

void scheduler_init(struct scheduler *scheduler, const struct worker_options *options)
{
	int64_t now = clock_monotonic_ms(options->clock);
	*scheduler = (struct scheduler){.options = options,
	                                .sweep_at = now,
	                                .check_at = now,
	                                .checkpoint_at = now,
	                                .purge_at = now,
	                                .expiry_at = now,
	                                .stop_at = now};
}

static enum result sweep(const struct scheduler *scheduler)
{
	struct error error;
	if (scheduler->options->jira == NULL)
		return RESULT_OK;
	return scheduler->options->store->ops->sweep_enqueue(scheduler->options->store, &error);
}

/* A connector is due once its interval is over; looked for a few times in each. */
static enum result check(const struct scheduler *scheduler)
{
	struct error error;
	int64_t before = clock_now_ms(scheduler->options->clock) - scheduler->options->check_seconds * 1000LL;
	enum result result = scheduler->options->store->ops->check_enqueue_due(scheduler->options->store, before, &error);
	if (result != RESULT_OK)
		return result;
	return scheduler->options->store->ops->member_check_enqueue_due(scheduler->options->store, before, &error);
}

static int64_t check_every_ms(const struct scheduler *scheduler)
{
	int64_t part = scheduler->options->check_seconds * 1000LL / CHECK_LOOKS;
	return part < CHECK_LEAST_MS ? CHECK_LEAST_MS : part;
}

static enum result checkpoint(const struct scheduler *scheduler)
{
	bool added = false;
	struct error error;
	return scheduler->options->store->ops->audit_checkpoint_add(scheduler->options->store, &added, &error);
}

static enum result purge(const struct scheduler *scheduler)
{
	struct error error;
	int64_t before = clock_now_ms(scheduler->options->clock) - scheduler->options->inbox_days * DAY_MS;
	return scheduler->options->store->ops->purge(scheduler->options->store, before, &error);
}

static void run_if_due(const struct scheduler *scheduler, const char *name, int64_t now, int64_t *due_at,
                       int64_t every_ms, enum result (*run)(const struct scheduler *scheduler))
{
	if (now < *due_at)
		return;
	enum result result = run(scheduler);
	*due_at = now + (result == RESULT_OK || every_ms < AGAIN_MS ? every_ms : AGAIN_MS);
	if (result != RESULT_OK)
		log_warning("scheduler.failed", "what", name, "result", result_name(result));
}

/* Step by step while there is more: leases are kept in between. */
static void advance(const struct scheduler *scheduler, const char *name, int64_t now, int64_t *due_at, int64_t every_ms,
                    enum result (*step)(struct store *store, bool *ret_more, struct error *error))
{
	bool more = false;
	struct error error;
	if (now < *due_at)
		return;
	enum result result = step(scheduler->options->store, &more, &error);
	if (result != RESULT_OK)
		log_warning("scheduler.failed", "what", name, "result", result_name(result));
	*due_at = result == RESULT_OK && more ? now : now + every_ms;
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t scheduler_tick(struct scheduler *scheduler)
{
	const struct store_ops *ops = scheduler->options->store->ops;
	int64_t now = clock_monotonic_ms(scheduler->options->clock);
	int64_t sweep_every_ms = (scheduler->options->sweep_seconds < 1 ? 1 : scheduler->options->sweep_seconds) * 1000LL;
	run_if_due(scheduler, "sweep", now, &scheduler->sweep_at, sweep_every_ms, sweep);
	run_if_due(scheduler, "check", now, &scheduler->check_at, check_every_ms(scheduler), check);
	run_if_due(scheduler, "checkpoint", now, &scheduler->checkpoint_at, CHECKPOINT_EVERY_MS, checkpoint);
	run_if_due(scheduler, "purge", now, &scheduler->purge_at, PURGE_EVERY_MS, purge);
	advance(scheduler, "expiry", now, &scheduler->expiry_at, EXPIRY_EVERY_MS, ops->expiry_advance);
	advance(scheduler, "stop", now, &scheduler->stop_at, STOP_EVERY_MS, ops->stop_advance);
	int64_t next = earliest(earliest(scheduler->sweep_at, scheduler->check_at),
	                        earliest(scheduler->checkpoint_at, scheduler->purge_at));
	next = earliest(next, earliest(scheduler->expiry_at, scheduler->stop_at));
	now = clock_monotonic_ms(scheduler->options->clock);
	return next > now ? next - now : 0;
}

void scheduler_done(struct scheduler *scheduler)
{
	enum result result = checkpoint(scheduler);
	if (result != RESULT_OK)
		log_warning("scheduler.failed", "what", "checkpoint", "result", result_name(result));
}
