#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

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

enum result intake_read_issue(struct intake_case *c, const char *issue, struct error *error)
{
	return jira_issue_read(c->context->options->jira, issue, &c->settings, c->arena, &c->issue, error);
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

static enum result read_jira(struct intake_case *c, struct error *error)
{
	struct jira *jira = c->context->options->jira;
	bool revoked = intake_list_names(c->settings.revoked_statuses, &c->issue);
	if (is_console(c) && !revoked)
		return RESULT_OK;
	enum result result = jira_changes_read(jira, c->issue.issue_id, c->arena, &c->changes, &c->change_count, error);
	if (result == RESULT_OK && is_jsm(c))
		result = jira_approvals_read(jira, c->issue.issue_id, c->arena, &c->approvals, &c->approval_count, error);
	return result;
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

enum result intake_read_decision(struct intake_case *c, struct error *error)
{
	enum result result = read_jira(c, error);
	if (result != RESULT_OK)
		return result;
	if (is_console(c)) {
		c->decision = (struct decision){.outcome = DECISION_NO_ROUND};
		return RESULT_OK;
	}
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
