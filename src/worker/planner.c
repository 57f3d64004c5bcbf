/* The order of steps is provision.c's and deprovision.c's; here they are taken side by side.
 *
 * Removals that end without a write (another grant keeps the user, nothing was ever written) are settled before the
 * provisionings begin: an approval and a removal of the same membership that undo each other cost no write at all. */
#include "worker/planner.h"

#include "worker/deprovision.h"
#include "worker/lease_keeper.h"
#include "worker/planner_run.h"
#include "worker/provision.h"

/* Asking Jira again about an old approval takes several round trips, one after another. The rest comes again. */
#define WORDS_AT_ONCE 20
#define WORDS_MS 20000
#define LATER_MS 100

static void begin_all(struct planner_run *run, struct job_context *contexts)
{
	for (size_t i = 0; i < run->count; i++)
		if (contexts[i].job->kind == JOB_DEPROVISION)
			(void)deprovision_begin(&run->calls[i], &contexts[i]);
		else
			run->calls[i].context = contexts[i];
	planner_settle(run);
	for (size_t i = 0; i < run->count; i++)
		if (contexts[i].job->kind == JOB_PROVISION)
			(void)provision_begin(&run->calls[i], &contexts[i]);
}

static void confirm_words(struct planner_run *run)
{
	int asked = 0;
	int64_t until = clock_monotonic_ms(run->options->clock) + WORDS_MS;
	EACH_CALL (run, call, JOB_PROVISION) {
		if (!provision_word_is_old(call))
			continue;
		if (asked++ < WORDS_AT_ONCE && clock_monotonic_ms(run->options->clock) < until)
			(void)provision_confirm_word(call);
		else
			(void)membership_call_end(call, job_attempt_wait_ms(&call->context, LATER_MS, NULL, NULL));
	}
}

static void open_connector(struct planner_run *run)
{
	const char *connector_id = run->count > 0 ? run->calls[0].context.job->connector_id : NULL;
	enum result opened = RESULT_NOT_FOUND;
	if (connector_id != NULL)
		opened = connector_call_open(&run->calls[0].context, connector_id, &run->connector);
	EACH_CALL (run, call, JOB_KIND_MAX)
		(void)membership_call_open(call, opened, &run->connector);
}

static void look_first(struct planner_run *run)
{
	EACH_CALL (run, call, JOB_PROVISION)
		call->wants_look = true;
	EACH_CALL (run, call, JOB_DEPROVISION)
		(void)deprovision_plan(call);
	planner_look(run);
}

/* Nothing is written to the directory before this is on disk. */
static void intend(struct planner_run *run)
{
	struct store *store = run->options->store;
	struct membership_intent *intents = arena_array(run->arena, run->count, sizeof(*intents));
	size_t count = 0;
	EACH_CALL (run, call, JOB_PROVISION) {
		if (intents == NULL) {
			(void)membership_call_end_store(call, RESULT_NO_MEMORY);
			continue;
		}
		intents[count++] = (struct membership_intent){
		    .grant_id = call->grant.grant_id,
		    .job_id = call->context.job->job_id,
		    .fence = call->context.job->fence,
		    .external_user_id = call->user_id,
		    .found_member = call->member,
		    .never_sent = call->progress.unsent,
		};
	}
	if (count == 0)
		return;
	store->ops->grant_intend_memberships(store, intents, count, run->arena);
	const struct membership_intent *intent = intents;
	EACH_CALL (run, call, JOB_PROVISION) {
		call->origin = intent->before;
		call->error = intent->error;
		if (intent->result != RESULT_OK)
			(void)membership_call_end_store(call, intent->result);
		intent++;
	}
}

static void decide(struct planner_run *run)
{
	EACH_CALL (run, call, JOB_PROVISION)
		(void)provision_decide(call);
	EACH_CALL (run, call, JOB_DEPROVISION)
		if (!call->wants_write)
			(void)deprovision_decide(call);
}

static void verify(struct planner_run *run)
{
	planner_look(run);
	EACH_CALL (run, call, JOB_PROVISION)
		(void)provision_verify(call);
	EACH_CALL (run, call, JOB_DEPROVISION)
		(void)deprovision_verify(call);
}

/* Whoever lost the jobs to another must not write any more; the writes end before the lease can. */
static bool lease_holds(struct planner_run *run)
{
	struct store *store = run->options->store;
	struct error error = {.retry_after_ms = -1};
	enum result result = RESULT_OK;
	if (run->count > 0)
		result = store->ops->job_renew(store, run->calls[0].context.job, LEASE_MS, &error);
	EACH_CALL (run, call, JOB_KIND_MAX) {
		call->error = error;
		if (result != RESULT_OK)
			(void)membership_call_end_store(call, result);
	}
	return result == RESULT_OK;
}

static void run_steps(struct planner_run *run, struct job_context *contexts)
{
	begin_all(run, contexts);
	confirm_words(run);
	open_connector(run);
	planner_find_users(run);
	EACH_CALL (run, call, JOB_PROVISION)
		(void)provision_wait_for_removal(call);
	planner_check_groups(run);
	look_first(run);
	intend(run);
	decide(run);
	if (lease_holds(run))
		planner_write(run);
	verify(run);
	planner_settle(run);
}

/* Without memory even for beginning, the leases run out and the jobs come again. */
static bool run_prepare(struct planner_run *run, struct planned_job *jobs, struct job_context **ret_contexts)
{
	struct job_context *contexts = arena_array(run->arena, run->count, sizeof(*contexts));
	run->calls = arena_array(run->arena, run->count, sizeof(*run->calls));
	if (contexts == NULL || run->calls == NULL)
		return false;
	for (size_t i = 0; i < run->count; i++)
		contexts[i] = (struct job_context){.options = run->options, .job = jobs[i].job, .arena = run->arena};
	*ret_contexts = contexts;
	return true;
}

void planner_run(const struct worker_options *options, struct planned_job *jobs, size_t count, struct arena *arena)
{
	struct planner_run run = {.options = options, .arena = arena, .count = count};
	struct job_context *contexts = NULL;
	if (!run_prepare(&run, jobs, &contexts)) {
		for (size_t i = 0; i < count; i++)
			jobs[i].written = RESULT_NO_MEMORY;
		return;
	}
	run_steps(&run, contexts);
	for (size_t i = 0; i < count; i++) {
		jobs[i].attempt = run.calls[i].attempt;
		jobs[i].written = run.calls[i].written;
	}
}
