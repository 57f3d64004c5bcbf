/* Approvals, as Jira Service Management keeps them: one a stage, answered by the people assigned to it, each once. */
#include <stdio.h>

#include "base/text.h"
#include "jira.h"

void approvals_begin(struct sandbox *sandbox, json_t *issue, int64_t stage)
{
	char id[24];
	const json_t *settings = sandbox->site.settings;
	const json_t *stages = json_object_get(settings, "approvers");
	const json_t *people = json_array_get(stages, (size_t)(stage - 1));
	json_t *approvers = json_object();
	size_t index;
	json_t *person;
	if (!people)
		people = json_array_get(stages, 0);
	json_array_foreach(people, index, person)
	    json_object_set_new(approvers, json_string_value(person), json_string("pending"));
	snprintf(id, sizeof(id), "%lld", (long long)site_next_id(sandbox));
	json_array_append_new(
	    json_object_get(issue, "approvals"),
	    json_pack("{s:s,s:s,s:I,s:I,s:I,s:s,s:I,s:o}", "id", id, "name",
	              stage == 1 ? "Waiting for approval" : "Second approval", "stage", (json_int_t)stage, "created",
	              (json_int_t)sandbox_now_ms(sandbox), "completed", (json_int_t)0, "final", "pending", "required",
	              (json_int_t)json_integer_at(settings, "requiredApprovals", 1), "approvers", approvers));
}

json_t *approval_find(const json_t *issue, const char *id)
{
	size_t index;
	json_t *approval;
	json_array_foreach(json_object_get(issue, "approvals"), index,
	                   approval) if (text_equal(json_string_at(approval, "id"), id)) return approval;
	return NULL;
}

bool approval_waits_for(const json_t *approval, const char *account)
{
	const json_t *approvers = json_object_get(approval, "approvers");
	return account && text_equal(json_string_at(approval, "final"), "pending") &&
	       text_equal(json_string_value(json_object_get(approvers, account)), "pending");
}

json_t *approval_view(const struct sandbox *sandbox, const json_t *issue, const json_t *approval, const char *caller)
{
	char self[200];
	json_t *approvers = json_array();
	const char *account;
	json_t *decision;
	int64_t completed = json_integer_at(approval, "completed", 0);
	json_object_foreach(json_object_get(approval, "approvers"), account, decision)
	    json_array_append_new(approvers, json_pack("{s:o,s:O}", "approver", account_view_customer(sandbox, account),
	                                               "approverDecision", decision));
	snprintf(self, sizeof(self), "%s/rest/servicedeskapi/request/%s/approval/%s", sandbox->jira_url,
	         issue_string(issue, "id"), json_string_at(approval, "id"));
	json_t *view =
	    json_pack("{s:s?,s:s?,s:s?,s:b,s:o,s:o,s:{s:s}}", "id", json_string_at(approval, "id"), "name",
	              json_string_at(approval, "name"), "finalDecision", json_string_at(approval, "final"),
	              "canAnswerApproval", approval_waits_for(approval, caller), "approvers", approvers, "createdDate",
	              jira_date_view(json_integer_at(approval, "created", 0)), "_links", "self", self);
	if (completed > 0)
		json_object_set_new(view, "completedDate", jira_date_view(completed));
	return view;
}

static int64_t approved_count(const json_t *approval)
{
	int64_t count = 0;
	const char *account;
	json_t *decision;
	json_object_foreach(json_object_get(approval, "approvers"), account, decision) count +=
	    text_equal(json_string_value(decision), "approved") ? 1 : 0;
	return count;
}

static void approval_complete(struct sandbox *sandbox, json_t *issue, json_t *approval, const char *account,
                              bool approve)
{
	int64_t stage = json_integer_at(approval, "stage", 1);
	json_object_set_new(approval, "final", json_string(approve ? "approved" : "declined"));
	json_object_set_new(approval, "completed", json_integer(sandbox_now_ms(sandbox)));
	if (approve && stage < json_integer_at(sandbox->site.settings, "stages", 1)) {
		approvals_begin(sandbox, issue, stage + 1);
		json_object_set_new(issue, "updated", json_integer(sandbox_now_ms(sandbox)));
		return;
	}
	/* A status that somebody moved by hand in between stays where it was put. */
	if (text_equal(issue_string(issue, "status"), STATUS_WAITING))
		issue_move(sandbox, issue, account, approve ? STATUS_APPROVED : STATUS_DECLINED);
}

enum approval_answer approval_decide(struct sandbox *sandbox, json_t *issue, json_t *approval, const char *account,
                                     bool approve)
{
	json_t *approvers = json_object_get(approval, "approvers");
	const char *before = json_string_value(json_object_get(approvers, account));
	if (!before)
		return APPROVAL_NOT_YOURS;
	if (!approval_waits_for(approval, account))
		return APPROVAL_ANSWERED;
	json_object_set_new(approvers, account, json_string(approve ? "approved" : "declined"));
	int64_t needed = json_integer_at(approval, "required", 1);
	int64_t people = (int64_t)json_object_size(approvers);
	if (!approve || approved_count(approval) >= (needed < people ? needed : people))
		approval_complete(sandbox, issue, approval, account, approve);
	return APPROVAL_TAKEN;
}

static json_t *request_or_404(struct jira_call *call)
{
	json_t *issue = issue_find(call->sandbox, call->parameter[0]);
	if (issue && issue_has_approvals(issue))
		return issue;
	jira_fail(call, 404, "The request '%s' does not exist, or you do not have permission to see it.",
	          call->parameter[0]);
	return NULL;
}

void jira_approvals_list(struct jira_call *call)
{
	json_t *issue = request_or_404(call);
	json_t *all = json_array();
	size_t index;
	json_t *approval;
	json_array_foreach(json_object_get(issue, "approvals"), index, approval) json_array_append_new(
	    all, approval_view(call->sandbox, issue, approval, json_string_at(call->account, "accountId")));
	if (issue)
		reply_json(call->reply, 200,
		           jira_page_view(call, all, json_integer_at(call->sandbox->site.settings, "approvalPageSize", 2)));
	else
		json_decref(all);
}

void jira_approval_get(struct jira_call *call)
{
	json_t *issue = request_or_404(call);
	json_t *approval = approval_find(issue, call->parameter[1]);
	if (issue && approval)
		reply_json(call->reply, 200,
		           approval_view(call->sandbox, issue, approval, json_string_at(call->account, "accountId")));
	else if (issue)
		jira_fail(call, 404, "The approval '%s' does not exist.", call->parameter[1]);
}

void jira_approval_answer(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const char *decision = json_string_at(body, "decision");
	const char *account = json_string_at(call->account, "accountId");
	json_t *issue = request_or_404(call);
	json_t *approval = approval_find(issue, call->parameter[1]);
	if (!issue)
		return;
	if (!approval) {
		jira_fail(call, 404, "The approval '%s' does not exist.", call->parameter[1]);
		return;
	}
	if (!text_equal(decision, "approve") && !text_equal(decision, "decline")) {
		jira_fail(call, 400, "The decision must be approve or decline.");
		return;
	}
	switch (approval_decide(call->sandbox, issue, approval, account, text_equal(decision, "approve"))) {
	case APPROVAL_TAKEN:
		reply_json(call->reply, 200, approval_view(call->sandbox, issue, approval, account));
		return;
	case APPROVAL_NOT_YOURS:
		jira_fail(call, 403, "You are not an approver of this request.");
		return;
	case APPROVAL_ANSWERED:
		jira_fail(call, 409, "The approval has already been completed, or you have already answered it.");
		return;
	}
}
