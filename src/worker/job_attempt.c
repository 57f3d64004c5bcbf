#include "worker/job_run.h"

#include "base/id.h"
#include "base/text.h"

#define BACKOFF_BASE_MS 500
#define BACKOFF_CAP_MS (5 * 60 * 1000)
#define DENIED_FIRST_MS 2000
#define HOLD_BASE_MS 10000
#define HOLD_CAP_MS (5 * 60 * 1000)

struct job_attempt job_attempt_succeeded(void)
{
	return (struct job_attempt){.outcome = {.status = JOB_SUCCEEDED}};
}

struct job_attempt job_attempt_cancelled(const char *code, const char *detail)
{
	return (struct job_attempt){.outcome = {.status = JOB_CANCELLED, .error_code = code, .error_detail = detail}};
}

/* The error often lives on the stack of the job kind; the outcome outlives it. An empty text says nothing. */
static const char *keep(const struct job_context *context, const char *text)
{
	return text_is_empty(text) ? NULL : arena_strdup(context->arena, text);
}

static struct job_attempt wait_until(const struct job_context *context, int64_t delay_ms)
{
	return (struct job_attempt){
	    .outcome = {.status = JOB_WAITING, .next_attempt_at = clock_now_ms(context->options->clock) + delay_ms},
	};
}

struct job_attempt job_attempt_wait(const struct job_context *context, const struct error *error)
{
	uint64_t random;
	id_random_bytes((uint8_t *)&random, sizeof(random));
	struct job_attempt attempt = wait_until(context, job_backoff_ms(context->job->attempts, BACKOFF_BASE_MS,
	                                                                BACKOFF_CAP_MS, error->retry_after_ms, random));
	attempt.outcome.error_code = keep(context, error->code);
	attempt.outcome.error_detail = keep(context, error->detail);
	attempt.outcome.error_request_id = keep(context, error->request_id);
	attempt.outcome.error_client_request_id = keep(context, error->client_request_id);
	return attempt;
}

struct job_attempt job_attempt_wait_ms(const struct job_context *context, int64_t delay_ms, const char *code,
                                       const char *detail)
{
	struct job_attempt attempt = wait_until(context, delay_ms);
	attempt.outcome.error_code = keep(context, code);
	attempt.outcome.error_detail = keep(context, detail);
	return attempt;
}

/* A refused account is seldom mended by asking often, and Jira counts failures against it; but a refusal that was over
 * in seconds must not cost minutes. */
struct job_attempt job_attempt_wait_denied(const struct job_context *context, const struct error *error)
{
	int64_t delay = DENIED_FIRST_MS;
	for (int doubled = 1; doubled < context->job->attempts && delay < BACKOFF_CAP_MS; doubled++)
		delay *= 2;
	return job_attempt_wait_ms(context, delay > BACKOFF_CAP_MS ? BACKOFF_CAP_MS : delay, error->code, error->detail);
}

int64_t job_hold_delay_ms(int attempts)
{
	int64_t delay = HOLD_BASE_MS;
	for (int doubled = 1; doubled < attempts && delay < HOLD_CAP_MS; doubled++)
		delay *= 2;
	return delay > HOLD_CAP_MS ? HOLD_CAP_MS : delay;
}

void job_incident_fill(const struct job_context *context, int64_t retry_after_ms, struct incident *incident)
{
	int64_t now = clock_now_ms(context->options->clock);
	int64_t delay = job_hold_delay_ms(context->job->attempts);
	incident->since = now;
	incident->next_probe_at = now + (delay < retry_after_ms ? retry_after_ms : delay);
	incident->attempts = context->job->attempts;
}

enum result job_attempt_hold(const struct job_context *context, const struct incident *incident, int64_t retry_after_ms,
                             struct job_attempt *ret_attempt, struct error *error)
{
	struct store *store = context->options->store;
	struct incident whole = *incident;
	job_incident_fill(context, retry_after_ms, &whole);
	enum result result = store->ops->job_hold(store, context->job, &whole, error);
	if (result != RESULT_OK)
		return result;
	*ret_attempt = (struct job_attempt){
	    .settled = true,
	    .outcome = {.status = JOB_WAITING, .error_code = incident->code, .next_attempt_at = whole.next_probe_at},
	};
	return RESULT_OK;
}
