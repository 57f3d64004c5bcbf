/* Asking Jira.
 *
 * An issue, its approvals and its history are three answers given at three moments, and somebody may edit in between.
 * The order makes them one. What decides is read first (the approvals; in mode status the history), then the issue,
 * then the history: a value that the issue shows was there when the decision was, or its change stands in the history,
 * where it counts against the approval. The issue is read a second time only where an approval is in sight. */
#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

#define TOOL_TEXT_MAX 1000
#define PURPOSE_MAX 4000
#define AGAIN_MS 200

static bool is_jsm(const struct intake_case *c)
{
	return text_equal(c->settings.approval, "jsm");
}

static bool is_console(const struct intake_case *c)
{
	return text_equal(c->settings.approval, "console");
}

bool intake_list_names(const char *const *list, const struct issue *issue)
{
	return (issue->status_id && intake_list_has(list, issue->status_id)) ||
	       (issue->status_name && intake_list_has(list, issue->status_name));
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

enum result intake_read_issue(struct intake_case *c, const char *issue, struct error *error)
{
	enum result result = jira_issue_read(c->context->options->jira, issue, &c->settings, c->arena, &c->issue, error);
	return result == RESULT_OK ? issue_bound(c, error) : result;
}

enum result intake_read_requests(struct intake_case *c, struct error *error)
{
	const char **consumed = NULL;
	enum result result = c->store->ops->request_list_of_issue(c->store, c->site, c->issue.issue_id, c->arena,
	                                                          &c->requests, &c->request_count);
	if (result == RESULT_OK)
		result = c->store->ops->request_consumed(c->store, c->site, c->issue.issue_id, c->arena, &consumed);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The requests of the issue could not be read.");
	c->consumed = consumed;
	for (size_t i = 0; i < c->request_count && !c->pending; i++) {
		if (c->requests[i].status == REQUEST_PENDING)
			c->pending = &c->requests[i];
	}
	/* A request is decided in the mode under which it came, whatever the settings say by now. */
	if (c->pending && c->pending->approval)
		c->settings.approval = c->pending->approval;
	return RESULT_OK;
}

/* An approval that no request has used up yet. */
static bool has_fresh_approval(const struct intake_case *c)
{
	for (size_t i = 0; i < c->approval_count; i++) {
		const struct approval *approval = &c->approvals[i];
		if (approval->final_decision == APPROVAL_APPROVED && !intake_list_has(c->consumed, approval->approval_id))
			return true;
	}
	return false;
}

/* In mode console the history is of no use but to show a status that took access away. */
static bool needs_history(const struct intake_case *c)
{
	if (!is_console(c) || intake_list_names(c->settings.revoked_statuses, &c->issue))
		return true;
	for (size_t i = 0; c->settings.revoked_statuses[0] && i < c->request_count; i++) {
		if (c->requests[i].status == REQUEST_APPROVED)
			return true;
	}
	return false;
}

static enum result read_changes(struct intake_case *c, struct error *error)
{
	return jira_changes_read(c->context->options->jira, c->issue.issue_id, c->arena, &c->changes, &c->change_count,
	                         error);
}

static enum result read_jira(struct intake_case *c, struct error *error)
{
	enum result result = RESULT_OK;
	if (is_jsm(c))
		result = jira_approvals_read(c->context->options->jira, c->issue.issue_id, c->arena, &c->approvals,
		                             &c->approval_count, error);
	if (result == RESULT_OK && has_fresh_approval(c))
		result = intake_read_issue(c, c->issue.issue_id, error);
	return result == RESULT_OK && needs_history(c) ? read_changes(c, error) : result;
}

/* A person, or a revoked status, ended that request: what was approved until then was approved for it, and must not
 * open the next one. One that ended because the issue could not be seen, or for the sake of changed facts, took no
 * word. */
static int64_t cancelled_until(const struct intake_case *c)
{
	int64_t until = 0;
	for (size_t i = 0; i < c->request_count; i++) {
		const struct access_request *request = &c->requests[i];
		if (request->status == REQUEST_CANCELLED && text_is_empty(request->code) && request->updated_at > until)
			until = request->updated_at;
	}
	return until;
}

static size_t list_length(const char *const *list)
{
	size_t length = 0;
	while (list && list[length])
		length++;
	return length;
}

/* The ids used up, with those that a cancelled request took along. */
static enum result consumed_widen(struct intake_case *c)
{
	int64_t until = cancelled_until(c);
	size_t count = list_length(c->consumed);
	const char **list = arena_array(c->arena, count + c->approval_count + c->change_count + 1, sizeof(*list));
	if (!list)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		list[i] = c->consumed[i];
	for (size_t i = 0; i < c->approval_count; i++) {
		if (c->approvals[i].created_at <= until)
			list[count++] = c->approvals[i].approval_id;
	}
	for (size_t i = 0; !is_jsm(c) && i < c->change_count; i++) {
		if (c->changes[i].at <= until)
			list[count++] = c->changes[i].history_id;
	}
	c->consumed = list;
	return RESULT_OK;
}

static enum result decide(struct intake_case *c, struct error *error)
{
	struct decision_input input = {
	    .settings = &c->settings,
	    .issue = &c->issue,
	    .approvals = c->approvals,
	    .approval_count = c->approval_count,
	    .changes = c->changes,
	    .change_count = c->change_count,
	};
	if (consumed_widen(c) != RESULT_OK)
		return intake_no_memory(error);
	input.consumed = c->consumed;
	if (c->pending) {
		input.taken_at = c->pending->created_at;
		input.taken_tool_text = c->pending->tool_text;
		input.taken_beneficiary = c->pending->account_id;
		if (intake_taken_duration(c, &input.taken_duration_text) != RESULT_OK)
			return intake_no_memory(error);
	}
	if (decision_evaluate(&input, c->arena, &c->decision) != RESULT_OK)
		return intake_no_memory(error);
	return RESULT_OK;
}

/* Mode status, after the history has shown an approving transition: the issue, then the history once more. */
static enum result decide_again(struct intake_case *c, struct error *error)
{
	int64_t decided_at = c->decision.decided_at;
	enum result result = intake_read_issue(c, c->issue.issue_id, error);
	if (result == RESULT_OK)
		result = read_changes(c, error);
	if (result == RESULT_OK)
		result = decide(c, error);
	if (result != RESULT_OK || c->decision.outcome != DECISION_APPROVED || c->decision.decided_at == decided_at)
		return result;
	error_set(error, RESULT_UNAVAILABLE, "jira_unavailable", "The issue was decided anew while it was being read.");
	if (error)
		error->retry_after_ms = AGAIN_MS;
	return RESULT_UNAVAILABLE;
}

enum result intake_read_decision(struct intake_case *c, struct error *error)
{
	enum result result = read_jira(c, error);
	if (result != RESULT_OK)
		return result;
	if (is_console(c)) {
		c->decision = (struct decision){.outcome = DECISION_NO_ROUND};
		return RESULT_OK;
	}
	result = decide(c, error);
	if (result == RESULT_OK && !is_jsm(c) && c->decision.outcome == DECISION_APPROVED)
		result = decide_again(c, error);
	return result;
}
