/* Telling the issue how it went: one comment for each of refused, active, extended, under review, about to end, needs a
 * person, ended — and, for active and extended, the transition that the settings name. The comment's tag is the job's
 * id, so that an attempt which may have been heard looks before it speaks again. What is said is the requester's own
 * business only: the tool, the time, the code's sentence; no other person, no directory id. */
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "domain/code.h"
#include "domain/extension.h"
#include "worker/job_run.h"

#define ATTEMPTS_MAX 20
#define EXPIRING "expiring"
#define EXTENDED "extended"
#define REVIEW "review"

struct write_back {
	const struct job_context *context;
	struct store *store;
	struct access_request request;
	struct grant grant; /* grant_id NULL: of a request that never had one */
	struct intake_settings settings;
	const char *tool_name;
	struct expiry_warnings warnings; /* of the tool; none if it was deleted */
	int review_days;                 /* likewise */
};

static enum result read_grant(struct write_back *w, struct error *error)
{
	const char *grant_id = w->context->job->grant_id ? w->context->job->grant_id : w->request.grant_id;
	if (!grant_id)
		return RESULT_OK;
	enum result result = w->store->ops->grant_read(w->store, grant_id, w->context->arena, &w->grant);
	return result == RESULT_OK ? RESULT_OK : error_set(error, result, "unavailable", "The grant could not be read.");
}

static enum result read_request(struct write_back *w, const char *request_id, struct error *error)
{
	enum result result = w->store->ops->request_read(w->store, request_id, w->context->arena, &w->request);
	return result == RESULT_OK ? RESULT_OK : error_set(error, result, "unavailable", "The request could not be read.");
}

/* The tool may have been deleted since; then it is called what the issue called it. */
static enum result read_tool(struct write_back *w, struct error *error)
{
	struct tool tool = {0};
	const char *tool_id = w->grant.tool_id ? w->grant.tool_id : w->request.tool_id;
	w->tool_name = NULL;
	if (tool_id) {
		enum result result = w->store->ops->tool_read(w->store, tool_id, w->context->arena, &tool);
		if (result == RESULT_OK) {
			w->tool_name = tool.name;
			w->warnings = tool.expiry_warnings;
			w->review_days = tool.review_days;
		}
		if (result != RESULT_OK && result != RESULT_NOT_FOUND)
			return error_set(error, result, "unavailable", "The tool could not be read.");
	}
	if (text_is_empty(w->tool_name))
		w->tool_name = text_is_empty(w->request.tool_text) ? "the tool" : w->request.tool_text;
	return RESULT_OK;
}

static enum result read_all(struct write_back *w, struct error *error)
{
	const struct job *job = w->context->job;
	enum result result = RESULT_OK;
	if (job->request_id)
		result = read_request(w, job->request_id, error);
	if (result == RESULT_OK)
		result = read_grant(w, error);
	if (result == RESULT_OK && !job->request_id && w->grant.request_id)
		result = read_request(w, w->grant.request_id, error);
	if (result == RESULT_OK)
		result = read_tool(w, error);
	if (result != RESULT_OK)
		return result;
	result = w->store->ops->intake_read(w->store, w->context->arena, &w->settings);
	return result == RESULT_OK ? RESULT_OK
	                           : error_set(error, result, "unavailable", "The intake settings could not be read.");
}

static const char *summary_of(const char *code)
{
	const struct code *known = code ? code_find(code) : NULL;
	return known ? known->summary : "";
}

static const char *text_refused(const struct write_back *w)
{
	const char *reason = text_is_empty(w->request.reason) ? summary_of(w->request.code) : w->request.reason;
	if (w->request.kind != REQUEST_ACCESS)
		return arena_printf(w->context->arena,
		                    "This request to extend access to %s was refused.\n%s\nThe access was not extended.",
		                    w->tool_name, reason);
	return arena_printf(w->context->arena,
	                    "This request for %s was refused.\n%s\nNo access was given. To ask again, put right what the "
	                    "sentence above names and start a new approval, or file a new request.",
	                    w->tool_name, reason);
}

static const char *text_active(const struct write_back *w)
{
	if (w->grant.expires_at == 0)
		return arena_printf(w->context->arena, "Access to %s is active.", w->tool_name);
	char until[CLOCK_TEXT_SIZE];
	clock_format(w->grant.expires_at, until);
	return arena_printf(w->context->arena, "Access to %s is active. It is approved until %.10s, %.5s UTC.",
	                    w->tool_name, until, until + 11);
}

/* The day that a warning is about; 0: it is none. */
static int64_t warned_day(const struct job *job)
{
	int64_t day = 0;
	if (!text_starts_with(job->subject, EXPIRING))
		return 0;
	return text_parse_int(job->subject + strlen(EXPIRING), 1, EXPIRY_WARNING_DAY_MAX, &day) == RESULT_OK ? day : 0;
}

/* Jira may have been away meanwhile: a later warning may apply by now, the end may have moved, or be over. */
static bool is_overtaken(const struct write_back *w)
{
	int64_t day = warned_day(w->context->job);
	int64_t now = clock_now_ms(w->context->options->clock);
	if (text_equal(w->context->job->subject, REVIEW))
		return w->grant.status != GRANT_ACTIVE ||
		       !review_is_due(w->review_days, w->grant.active_at, w->grant.expires_at, now);
	if (text_equal(w->context->job->subject, EXTENDED))
		return w->grant.status != GRANT_ACTIVE || w->grant.expires_at <= now;
	if (day == 0)
		return false;
	return w->grant.status != GRANT_ACTIVE ||
	       expiry_warning_now(&w->warnings, w->grant.active_at, w->grant.expires_at, now) != day;
}

/* Where nobody can ask for an extension, the access has to be asked for anew once it has ended. */
static bool may_be_extended(const struct write_back *w)
{
	return text_equal(w->settings.approval, "console") || w->settings.extension_request_type_ids[0] ||
	       !text_is_empty(w->settings.extension_field);
}

static const char *text_expiring(const struct write_back *w)
{
	char until[CLOCK_TEXT_SIZE];
	clock_format(w->grant.expires_at, until);
	return arena_printf(
	    w->context->arena,
	    "Access to %s ends on %.10s, %.5s UTC, and is then taken back.\nIf it is needed for longer, %s.", w->tool_name,
	    until, until + 11,
	    may_be_extended(w) ? "ask for an extension before then" : "file a new request once it has ended");
}

static const char *text_extended(const struct write_back *w)
{
	char until[CLOCK_TEXT_SIZE];
	clock_format(w->grant.expires_at, until);
	return arena_printf(w->context->arena, "Access to %s goes on. It is now approved until %.10s, %.5s UTC.",
	                    w->tool_name, until, until + 11);
}

static const char *text_review(const struct write_back *w)
{
	char until[CLOCK_TEXT_SIZE];
	clock_format(w->grant.expires_at, until);
	return arena_printf(
	    w->context->arena,
	    "Access to %s is under review: it ends on %.10s, %.5s UTC.\nAn approver is asked in AI Clearance "
	    "whether it is still needed. Without an answer it is taken back then.",
	    w->tool_name, until, until + 11);
}

static const char *text_needs_person(const struct write_back *w)
{
	const char *code = w->grant.follow_up.code ? w->grant.follow_up.code : w->grant.code;
	bool removal = w->grant.follow_up.action == GRANT_ACTION_DEPROVISION;
	return arena_printf(w->context->arena,
	                    "%s %s needs a person to look at it before it can go on.\n%s\nAn administrator finds it in AI "
	                    "Clearance under follow-ups.",
	                    removal ? "The removal of access to" : "Access to", w->tool_name, summary_of(code));
}

static const char *text_ended(const struct write_back *w)
{
	if (w->grant.status == GRANT_NOT_GRANTED)
		return arena_printf(w->context->arena, "Access to %s was not given.", w->tool_name);
	const char *how = w->grant.status == GRANT_EXPIRED ? "Its time was over." : "It was taken back.";
	return arena_printf(w->context->arena, "Access to %s has ended. %s", w->tool_name, how);
}

static const char *text_of(const struct write_back *w)
{
	const char *subject = w->context->job->subject;
	if (text_equal(subject, "refused"))
		return text_refused(w);
	if (text_equal(subject, "active"))
		return text_active(w);
	if (text_equal(subject, "needsPerson"))
		return text_needs_person(w);
	if (text_equal(subject, EXTENDED))
		return text_extended(w);
	if (text_equal(subject, REVIEW))
		return text_review(w);
	return warned_day(w->context->job) > 0 ? text_expiring(w) : text_ended(w);
}

static enum result comment(struct write_back *w, struct error *error)
{
	const struct job *job = w->context->job;
	bool existed = false;
	if (!w->settings.write_back_comment || is_overtaken(w))
		return RESULT_OK;
	const char *text = text_of(w);
	if (!text)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return jira_comment_add(w->context->options->jira, w->request.issue_id, text, job->job_id, job->attempts > 1,
	                        w->context->arena, &existed, error);
}

static enum result transition(struct write_back *w, struct error *error)
{
	const char *wanted = w->settings.transition_on_active;
	const char *subject = w->context->job->subject;
	bool fits = text_equal(subject, "active") || (text_equal(subject, EXTENDED) && w->request.kind != REQUEST_ACCESS);
	if (!fits || text_is_empty(wanted))
		return RESULT_OK;
	enum result result =
	    jira_transition(w->context->options->jira, w->request.issue_id, wanted, w->context->arena, error);
	if (result != RESULT_CONFLICT)
		return result;
	/* Not offered: an attempt before this one may have made it, or somebody moved the issue on. */
	log_warning("writeBack.transitionMissing", "jobId", w->context->job->job_id, "issueId", w->request.issue_id);
	return RESULT_OK;
}

static struct job_attempt ended(const struct write_back *w, enum result result, const struct error *error)
{
	const struct job_context *context = w->context;
	if (result == RESULT_OK || result == RESULT_NOT_FOUND) /* the issue is gone: there is nobody to tell */
		return job_attempt_succeeded();
	bool hopeless = result == RESULT_PROTOCOL || result == RESULT_DENIED;
	if (hopeless && context->job->attempts >= ATTEMPTS_MAX)
		return job_attempt_cancelled(error->code, error->detail);
	if (result == RESULT_DENIED)
		return job_attempt_wait_denied(context, error);
	return job_attempt_wait(context, error);
}

struct job_attempt job_run_write_back(const struct job_context *context)
{
	struct write_back w = {.context = context, .store = context->options->store};
	/* In the arena: the attempt's outcome points into it. */
	struct error *error = arena_alloc(context->arena, sizeof(*error));
	if (!error)
		return job_attempt_wait_ms(context, 1000, NULL, "Out of memory.");
	error->retry_after_ms = -1;
	if (!context->options->jira)
		return job_attempt_succeeded();
	enum result result = read_all(&w, error);
	if (result != RESULT_OK)
		return ended(&w, result, error);
	if (!w.request.issue_id || !text_equal(w.request.site, jira_site(context->options->jira)))
		return job_attempt_succeeded();
	result = comment(&w, error);
	if (result == RESULT_OK)
		result = transition(&w, error);
	return ended(&w, result, error);
}
