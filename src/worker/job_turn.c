#include "worker/job_turn.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "worker/backlog.h"
#include "worker/job_run.h"

#define ATTEMPT_ARENA_CEILING (32 * 1024 * 1024)
#define CLAIM_ARENA_CEILING (128 * 1024 * 1024)
#define LOOK_MAX_MS 5000
#define MANY_JOBS 100
#define OVERDUE_WAIT_MS 100
#define STORE_FAILED_WAIT_MS 1000
#define NO_JIRA_WAIT_MS 60000

/* What each kind of job is done by; the two that change memberships are done together, by the planner. */
static const struct {
	struct job_attempt (*run)(const struct job_context *context);
	bool needs_jira;
} kinds[JOB_KIND_MAX] = {
    [JOB_INTAKE] = {job_run_intake, true},
    [JOB_SWEEP] = {job_run_sweep, true},
    [JOB_WRITE_BACK] = {job_run_write_back, true},
    [JOB_CHECK] = {job_run_check, false},
    [JOB_CREATE_GROUP] = {job_run_create_group, false},
    [JOB_MEMBER_CHECK] = {job_run_member_check, false},
};

static void attempt_log(const struct job *job, const struct job_attempt *attempt, enum result written)
{
	const struct job_outcome *outcome = &attempt->outcome;
	bool lost = written == RESULT_CONFLICT;
	enum log_level level = LOG_LEVEL_INFO;
	if (outcome->status == JOB_WAITING)
		level = outcome->error_code == NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
	log_event(level, "job.attempt", "jobId", job->job_id, "kind", job_kind_name(job->kind), "status",
	          lost ? "leaseLost" : job_status_name(outcome->status), "code", outcome->error_code, "grantId",
	          job->grant_id, "requestId", job->request_id, "connectorId", job->connector_id, "stored",
	          written == RESULT_OK || lost ? NULL : result_name(written), NULL);
}

static struct job_attempt attempt_make(const struct job_context *context)
{
	const struct job *job = context->job;
	if (kinds[job->kind].needs_jira && context->options->jira == NULL)
		return job_attempt_wait_ms(context, NO_JIRA_WAIT_MS, "jira_not_configured", "There is no [jira] section.");
	return kinds[job->kind].run(context);
}

static void run_alone(const struct job_turn *turn, const struct job *job)
{
	const struct worker_options *options = turn->options;
	_cleanup_(arena_freep) struct arena *arena = arena_new(ATTEMPT_ARENA_CEILING);
	if (arena == NULL)
		return;
	struct job_context context = {.options = options, .job = job, .arena = arena};
	struct job_attempt attempt = attempt_make(&context);
	enum result written = RESULT_OK;
	struct error error;
	if (!attempt.settled)
		written = options->store->ops->job_finish(options->store, job, &attempt.outcome, &error);
	attempt_log(job, &attempt, written);
}

static void run_together(const struct job_turn *turn, const struct job *first, struct arena *claimed)
{
	const struct backlog backlog = {
	    .options = turn->options, .circuit = turn->circuit, .holder = turn->holder, .lease_ms = LEASE_MS};
	struct planned_job *planned = NULL;
	size_t count = backlog_run(&backlog, first, claimed, &planned);
	for (size_t i = 0; i < count; i++)
		attempt_log(planned[i].job, &planned[i].attempt, planned[i].written);
	if (count >= MANY_JOBS)
		memory_give_back();
}

/* How long until the store says that something may be due. */
static int64_t delay_until(const struct worker_options *options, int64_t next_due)
{
	int64_t delay = next_due == 0 ? LOOK_MAX_MS : next_due - clock_now_ms(options->clock);
	/* What is due and yet was not given out waits for somebody's lease: that one's end wakes us anyway. */
	if (delay <= 0)
		return OVERDUE_WAIT_MS;
	return delay > LOOK_MAX_MS ? LOOK_MAX_MS : delay;
}

bool job_turn_take(const struct job_turn *turn, int64_t *ret_delay_ms)
{
	const struct worker_options *options = turn->options;
	_cleanup_(arena_freep) struct arena *claimed = arena_new(CLAIM_ARENA_CEILING);
	struct job job;
	int64_t next_due = 0;
	enum result result = claimed == NULL ? RESULT_NO_MEMORY
	                                     : options->store->ops->job_claim(options->store, turn->holder, LEASE_MS,
	                                                                      claimed, &job, &next_due);
	if (result != RESULT_OK) {
		*ret_delay_ms = result == RESULT_NOT_FOUND ? delay_until(options, next_due) : STORE_FAILED_WAIT_MS;
		if (result != RESULT_NOT_FOUND)
			log_warning("job.claimFailed", "result", result_name(result));
		return false;
	}
	if (turn->claimed != NULL)
		turn->claimed(turn->context);
	lease_slot_show(turn->slot, &job, options->clock);
	if (job.kind == JOB_PROVISION || job.kind == JOB_DEPROVISION)
		run_together(turn, &job, claimed);
	else
		run_alone(turn, &job);
	lease_slot_clear(turn->slot);
	return true;
}
