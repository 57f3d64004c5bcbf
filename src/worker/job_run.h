/* What a job kind is: one file each, one line in the table of job_turn.c. How to add one: docs/adding-a-job-kind.md. */
#ifndef AIC_WORKER_JOB_RUN_H
#define AIC_WORKER_JOB_RUN_H

#include <stdbool.h>

#include "base/macro.h"
#include "worker/worker.h"

/* What a running job may use. All borrowed. */
struct job_context {
	const struct worker_options *options; /* store, clock, environment, jira, keys */
	const struct job *job;                /* claimed; its fence names our lease */
	struct arena *arena;                  /* of this attempt */
};

/* How an attempt went. `settled`: the job was ended in the store already, nothing is left to write. Else the outcome is
 * written by job_finish. */
struct job_attempt {
	bool settled;
	struct job_outcome outcome;
};

/* The kinds that are done one by one; provision and deprovision are the planner's (planner.h).
 * Never fails: every failure is an outcome — SUCCEEDED, WAITING with a time and the error's code, MANUAL_FOLLOW_UP,
 * CANCELLED. Must not log secrets; logs at most one line. */
struct job_attempt job_run_intake(const struct job_context *context);
struct job_attempt job_run_sweep(const struct job_context *context);
struct job_attempt job_run_write_back(const struct job_context *context);
struct job_attempt job_run_check(const struct job_context *context);
struct job_attempt job_run_create_group(const struct job_context *context);
struct job_attempt job_run_member_check(const struct job_context *context);

/* Attempt outcomes that several kinds end in. */
struct job_attempt job_attempt_succeeded(void);
struct job_attempt job_attempt_cancelled(const char *code, const char *detail);
/* Waits: what the other side asked for, else backoff with full jitter (base 500 ms, cap 5 min). */
struct job_attempt job_attempt_wait(const struct job_context *context, const struct error *error);
/* Waits after Jira refused our account: 2 s, doubled with each attempt, up to 5 min. */
struct job_attempt job_attempt_wait_denied(const struct job_context *context, const struct error *error);
struct job_attempt job_attempt_wait_ms(const struct job_context *context, int64_t delay_ms, const char *code,
                                       const char *detail);

/* Waits, and holds the incident's group, or the whole connector where it names none, with it. What is left to say of
 * the incident (since, when it is probed next) is filled in here; `retry_after_ms` < 0: the other side asked for
 * nothing. */
enum result job_attempt_hold(const struct job_context *context, const struct incident *incident, int64_t retry_after_ms,
                             struct job_attempt *ret_attempt, struct error *error) MUST_CHECK;
/* The same, of an incident that goes to the store with others. */
void job_incident_fill(const struct job_context *context, int64_t retry_after_ms, struct incident *incident);
/* How long until a held group or connector is probed: 10 s, doubled with each attempt, up to 5 min. */
int64_t job_hold_delay_ms(int attempts);

/* Is Jira's word still what it was when the request was approved? (DESIGN section 7: asked again right before the first
 * membership write if older than 15 minutes.) RESULT_OK and *ret_holds; else Jira could not be asked. Sets the
 * request's asked_at in the store. */
enum result intake_confirm(const struct job_context *context, const struct access_request *request, bool *ret_holds,
                           struct error *error) MUST_CHECK;

#endif
