/* The intake job: somebody, or the sweep, says that an issue may have changed. Jira is asked, and what it says is acted
 * upon.
 *
 * What holds: the event that woke us is never believed, only the issue that it names is looked up. Nothing here
 * remembers anything between attempts: each step reads what is (in Jira, in the store) and makes the one move that is
 * missing, so that an attempt cut off anywhere is finished by the next. The inbox event is settled last. */
#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

#define DENIED_WAIT_MS (5 * 60 * 1000)
#define TOOL_TEXT_MAX 1000
#define PURPOSE_MAX 4000

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

/* Cut where a character begins. */
static const char *text_within(struct arena *arena, const char *text, size_t ceiling)
{
	size_t length = text ? strlen(text) : 0;
	if (length <= ceiling)
		return text;
	length = ceiling;
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	return arena_strndup(arena, text, length);
}

static enum result issue_bound(struct intake_case *c, struct error *error)
{
	c->issue.purpose = text_within(c->arena, c->issue.purpose, PURPOSE_MAX);
	if (!c->issue.purpose)
		return intake_no_memory(error);
	const char *tool_text = text_within(c->arena, c->issue.tool_text, TOOL_TEXT_MAX);
	if (c->issue.tool_text && !tool_text)
		return intake_no_memory(error);
	c->issue.tool_text = tool_text;
	return RESULT_OK;
}

static enum result act(struct intake_case *c, struct error *error)
{
	enum result result = intake_read_requests(c, error);
	if (result == RESULT_OK)
		result = intake_read_decision(c, error);
	if (result != RESULT_OK)
		return result;
	if (intake_list_names(c->settings.revoked_statuses, &c->issue))
		return intake_revoke(c, error);
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
	if (result == RESULT_OK)
		result = issue_bound(c, error);
	if (result != RESULT_OK)
		return result;
	if (!intake_list_has(c->settings.project_keys, c->issue.project_key))
		return ignored(c, "project_not_configured", "The issue's project is not among those of the intake settings.");
	if (c->settings.request_type_ids[0] && !intake_list_has(c->settings.request_type_ids, c->issue.request_type_id)) {
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
	/* A refused account is not mended by asking often, and Jira counts failures against it. */
	if (result == RESULT_DENIED)
		return job_attempt_wait_ms(context, DENIED_WAIT_MS, error->code, error->detail);
	return job_attempt_wait(context, error);
}
