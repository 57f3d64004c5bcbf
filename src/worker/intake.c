/* The intake job: somebody, or the sweep, says that an issue may have changed. Jira is asked, and what it says is acted
 * upon.
 *
 * What holds: the event that woke us is never believed, only the issue that it names is looked up. Nothing here
 * remembers anything between attempts: each step reads what is (in Jira, in the store) and makes the one move that is
 * missing, so that an attempt cut off anywhere is finished by the next. The inbox event is settled last. */
#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

#define WAIT_CAP_MS 30000

enum result intake_no_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

/* Always RESULT_OK, so that a step can end with it. */
enum result intake_verdict(struct intake_case *c, const char *code, const char *reason, const char *request_id)
{
	c->status = "processed";
	c->code = code;
	c->reason = reason;
	c->request_id = request_id;
	return RESULT_OK;
}

static enum result ignored(struct intake_case *c, const char *code, const char *reason)
{
	intake_verdict(c, code, reason, NULL);
	c->status = "ignored";
	return RESULT_OK;
}

static enum result act(struct intake_case *c, struct error *error)
{
	enum result result = intake_read_requests(c, error);
	if (result == RESULT_OK)
		result = intake_read_decision(c, error);
	if (result != RESULT_OK)
		return result;
	bool settled = false;
	result = intake_revoke(c, &settled, error);
	if (result != RESULT_OK || settled)
		return result;
	return c->pending ? intake_settle(c, error) : intake_open(c, error);
}

/* An issue that has settled needs no further look until Jira or the settings change it. */
static void note_seen(const struct intake_case *c)
{
	if (!c->pending && !c->request_id)
		intake_seen_note(c->site, c->issue.issue_id, c->issue.updated_at, c->settings.version);
}

static enum result act_alone(struct intake_case *c, struct error *error)
{
	if (!intake_lock_try(c->issue.issue_id)) {
		error_set(error, RESULT_UNAVAILABLE, "unavailable", "Another attempt about the same issue is under way.");
		if (error)
			error->retry_after_ms = 200;
		return RESULT_UNAVAILABLE;
	}
	enum result result = act(c, error);
	if (result == RESULT_OK)
		note_seen(c);
	intake_unlock(c->issue.issue_id);
	return result;
}

static bool is_type_wanted(const struct intake_case *c)
{
	return !c->settings.request_type_ids[0] ||
	       intake_list_has(c->settings.request_type_ids, c->issue.request_type_id) ||
	       intake_list_has(c->settings.extension_request_type_ids, c->issue.request_type_id);
}

static enum result look(struct intake_case *c, struct error *error)
{
	if (!c->context->options->jira)
		return ignored(c, "jira_not_configured", "The config file has no [jira] section.");
	if (text_is_empty(c->context->job->subject))
		return ignored(c, "webhook_not_an_issue", "The event names no issue.");
	c->site = jira_site(c->context->options->jira);
	enum result result = c->store->ops->intake_read(c->store, c->arena, &c->settings);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The intake settings could not be read.");
	result = intake_read_issue(c, c->context->job->subject, error);
	if (result == RESULT_NOT_FOUND)
		return intake_gone(c, error);
	if (result != RESULT_OK)
		return result;
	if (!intake_list_has(c->settings.project_keys, c->issue.project_key))
		return ignored(c, "project_not_configured", "The issue's project is not among those of the intake settings.");
	if (!is_type_wanted(c)) {
		note_seen(c);
		return ignored(c, "request_type_not_configured",
		               "The issue's request type is not among those of the intake settings.");
	}
	return act_alone(c, error);
}

/* Settled once: an attempt after a crash must not write "nothing to do" over what the first one found. */
static enum result event_finish(struct intake_case *c, struct error *error)
{
	const struct job *job = c->context->job;
	if (!job->inbox_event_id)
		return RESULT_OK;
	if (job->attempts > 1) {
		struct inbox_event event;
		enum result result = c->store->ops->inbox_read(c->store, job->inbox_event_id, c->arena, &event);
		if (result == RESULT_NOT_FOUND || (result == RESULT_OK && !text_equal(event.status, "received")))
			return RESULT_OK;
		if (result != RESULT_OK)
			return error_set(error, result, "unavailable", "The inbox event could not be read.");
	}
	enum result result =
	    c->store->ops->inbox_finish(c->store, job->inbox_event_id, c->status, c->code, c->reason, c->request_id, error);
	return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* Somebody waits for what was approved: Jira is looked for at least twice a minute, unless it asked us to wait longer.
 */
static struct job_attempt wait_for_jira(const struct job_context *context, const struct error *error)
{
	struct job_attempt attempt = job_attempt_wait(context, error);
	int64_t cap = error->retry_after_ms > WAIT_CAP_MS ? error->retry_after_ms : WAIT_CAP_MS;
	int64_t latest = clock_now_ms(context->options->clock) + cap;
	if (attempt.outcome.next_attempt_at > latest)
		attempt.outcome.next_attempt_at = latest;
	return attempt;
}

struct job_attempt job_run_intake(const struct job_context *context)
{
	struct intake_case c = {.context = context,
	                        .store = context->options->store,
	                        .arena = context->arena,
	                        .asked_at = clock_now_ms(context->options->clock)};
	/* In the arena: the attempt's outcome points into it. */
	struct error *error = arena_alloc(context->arena, sizeof(*error));
	if (!error)
		return job_attempt_wait_ms(context, 1000, NULL, "Out of memory.");
	error->retry_after_ms = -1;
	enum result result = look(&c, error);
	if (result == RESULT_OK)
		result = event_finish(&c, error);
	if (result == RESULT_OK)
		return job_attempt_succeeded();
	if (result == RESULT_DENIED)
		return job_attempt_wait_denied(context, error);
	return wait_for_jira(context, error);
}
