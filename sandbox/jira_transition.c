/* The workflow: which status leads where, and moving an issue along it. */
#include <stdio.h>

#include "base/text.h"
#include "jira.h"

static const struct {
	const char *id, *name, *category;
} statuses[] = {
    {STATUS_WAITING, "Waiting for approval", "indeterminate"},
    {STATUS_APPROVED, "Approved", "indeterminate"},
    {STATUS_DECLINED, "Declined", "done"},
    {STATUS_REMOVED, "Access removed", "done"},
    {STATUS_ACTIVE, "Access active", "indeterminate"},
};

static const struct {
	const char *id, *name, *from, *to;
} transitions[] = {
    {"11", "Approve", STATUS_WAITING, STATUS_APPROVED},       {"21", "Decline", STATUS_WAITING, STATUS_DECLINED},
    {"31", "Remove access", STATUS_APPROVED, STATUS_REMOVED}, {"31", "Remove access", STATUS_ACTIVE, STATUS_REMOVED},
    {"41", "Reopen", STATUS_APPROVED, STATUS_WAITING},        {"41", "Reopen", STATUS_DECLINED, STATUS_WAITING},
    {"41", "Reopen", STATUS_REMOVED, STATUS_WAITING},         {"41", "Reopen", STATUS_ACTIVE, STATUS_WAITING},
    {"51", "Mark active", STATUS_APPROVED, STATUS_ACTIVE},
};

const char *status_name(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (text_equal(statuses[i].id, id))
			return statuses[i].name;
	return "Unknown";
}

const char *status_category(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (text_equal(statuses[i].id, id))
			return statuses[i].category;
	return "new";
}

json_t *transitions_from(const char *status)
{
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(transitions); i++)
		if (text_equal(transitions[i].from, status))
			json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "id", transitions[i].id, "name", transitions[i].name,
			                                      "to", transitions[i].to));
	return list;
}

void issue_move(struct sandbox *sandbox, json_t *issue, const char *author, const char *status)
{
	char from[16];
	json_t *items = json_array();
	snprintf(from, sizeof(from), "%s", issue_string(issue, "status"));
	json_array_append_new(items, issue_item("status", "status", from, status_name(from), status, status_name(status)));
	json_object_set_new(issue, "status", json_string(status));
	/* Coming back to the first status begins a new round. */
	if (text_equal(status, STATUS_WAITING) && issue_has_approvals(issue))
		approvals_begin(sandbox, issue, 1);
	issue_record(sandbox, issue, author, items);
}

bool issue_transition(struct sandbox *sandbox, json_t *issue, const char *author, const char *transition_id)
{
	const char *status = issue_string(issue, "status");
	for (size_t i = 0; i < ARRAY_SIZE(transitions); i++) {
		if (!text_equal(transitions[i].from, status) || !text_equal(transitions[i].id, transition_id))
			continue;
		issue_move(sandbox, issue, author, transitions[i].to);
		return true;
	}
	return false;
}

static json_t *issue_or_404(struct jira_call *call)
{
	json_t *issue = issue_find(call->sandbox, call->parameter[0]);
	if (!issue)
		jira_fail(call, 404, "Issue does not exist or you do not have permission to see it.");
	return issue;
}

void jira_transitions_list(struct jira_call *call)
{
	json_t *issue = issue_or_404(call);
	size_t index;
	json_t *transition;
	if (!issue)
		return;
	json_t *shown = json_array();
	json_t *open = request_keep(call->request, transitions_from(issue_string(issue, "status")));
	json_array_foreach(open, index, transition) json_array_append_new(
	    shown, json_pack("{s:O,s:O,s:o,s:b,s:b,s:b,s:b,s:b}", "id", json_object_get(transition, "id"), "name",
	                     json_object_get(transition, "name"), "to",
	                     status_view(call->sandbox, json_string_at(transition, "to")), "hasScreen", 0, "isGlobal", 0,
	                     "isInitial", 0, "isAvailable", 1, "isConditional", 0));
	reply_json(call->reply, 200, json_pack("{s:s,s:o}", "expand", "transitions", "transitions", shown));
}

void jira_transition_do(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const char *id = json_string_at(body, "transition.id");
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	if (!id)
		jira_fail(call, 400, "Missing 'transition' identifier");
	else if (!issue_transition(call->sandbox, issue, json_string_at(call->account, "accountId"), id))
		jira_fail(call, 400,
		          "It seems that you have tried to perform a workflow operation (%s) that is not valid for the "
		          "current state of this issue (%s).",
		          id, issue_string(issue, "key"));
	else
		reply_empty(call->reply, 204);
}

void jira_portal_transitions(struct jira_call *call)
{
	json_t *issue = issue_or_404(call);
	size_t index;
	json_t *transition;
	if (!issue)
		return;
	json_t *all = json_array();
	json_t *open = request_keep(call->request, transitions_from(issue_string(issue, "status")));
	json_array_foreach(open, index, transition)
	    json_array_append_new(all, json_pack("{s:O,s:O}", "id", json_object_get(transition, "id"), "name",
	                                         json_object_get(transition, "name")));
	reply_json(call->reply, 200, jira_page_view(call, all, 50));
}

void jira_portal_transition_do(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	if (issue_transition(call->sandbox, issue, json_string_at(call->account, "accountId"), json_string_at(body, "id")))
		reply_empty(call->reply, 204);
	else
		jira_fail(call, 400, "The transition is not available.");
}
