/* Mode status: plain Jira has no approvals, so a transition into an approved status decides, and who made it.
 *
 * Only transitions after the last used one count, and of those the latest into an approved or denied status: a denial
 * hides every approval before it. */
#include "base/text.h"
#include "domain/decision_rules.h"

struct deciding {
	const struct decision_input *input;
	size_t at; /* of the deciding transition in input->changes */
	bool found;
	bool denies;
	struct decision_ids consumed;
};

static bool leads_into(const struct issue_change *change, const char *const *statuses)
{
	return intake_list_has(statuses, change->to) || intake_list_has(statuses, change->to_text);
}

static bool is_deciding(const struct issue_change *change, const struct intake_settings *settings)
{
	return decision_change_is_status(change) &&
	       (leads_into(change, settings->approved_statuses) || leads_into(change, settings->denied_statuses));
}

static enum result deciding_find(const struct decision_input *input, struct arena *arena, struct deciding *ret_deciding)
{
	struct deciding deciding = {.input = input};
	if (decision_ids_new(input->change_count, arena, &deciding.consumed) != RESULT_OK)
		return RESULT_NO_MEMORY;
	for (size_t at = 0; at < input->change_count; at++) {
		const struct issue_change *change = &input->changes[at];
		if (!is_deciding(change, input->settings))
			continue;
		if (intake_list_has(input->consumed, change->history_id)) {
			deciding.found = false;
			continue;
		}
		deciding.found = true;
		deciding.at = at;
		/* A status that is in both lists denies. */
		deciding.denies = leads_into(change, input->settings->denied_statuses);
		if (decision_ids_add(&deciding.consumed, change->history_id, arena) != RESULT_OK)
			return RESULT_NO_MEMORY;
	}
	*ret_deciding = deciding;
	return RESULT_OK;
}

static bool is_after(const struct decision_input *input, size_t at, size_t transition)
{
	const struct issue_change *change = &input->changes[at];
	const struct issue_change *decided = &input->changes[transition];
	if (change->at != decided->at)
		return change->at > decided->at;
	return at > transition && !text_equal(change->history_id, decided->history_id);
}

static bool changed_since(const struct deciding *deciding)
{
	const struct decision_input *input = deciding->input;
	for (size_t at = 0; at < input->change_count; at++) {
		if (is_after(input, at, deciding->at) && decision_change_is_relevant(&input->changes[at], input->settings))
			return true;
	}
	return decision_taken_differs(input, input->changes[deciding->at].at);
}

/* NULL if the transition counts; else the code, with its sentence. */
static const char *transition_fault(const struct deciding *deciding, const char **ret_reason)
{
	const struct decision_input *input = deciding->input;
	const struct issue_change *change = &input->changes[deciding->at];
	if (change->at <= 0 || change->author_account_id == NULL || change->history_id == NULL) {
		*ret_reason = "Jira does not say who approved, or when.";
		return "approval_not_verified";
	}
	if (input->issue->beneficiary == NULL) {
		*ret_reason = "The issue names no beneficiary.";
		return "approval_not_verified";
	}
	if (changed_since(deciding)) {
		*ret_reason = "Tool, duration or beneficiary was changed after the approval.";
		return "approval_not_verified";
	}
	if (decision_is_self(input, change->author_account_id, change->at)) {
		*ret_reason = "The beneficiary or the reporter moved the issue into the approved status.";
		return "self_approval";
	}
	if (!intake_list_has(input->settings->allowed_authors, change->author_account_id)) {
		*ret_reason = "Who moved the issue into the approved status is not among the allowed authors.";
		return "approval_not_verified";
	}
	return NULL;
}

enum result decision_by_transition(const struct decision_input *input, struct arena *arena,
                                   struct decision *ret_decision)
{
	struct deciding deciding;
	if (deciding_find(input, arena, &deciding) != RESULT_OK)
		return RESULT_NO_MEMORY;
	if (!deciding.found) {
		*ret_decision = (struct decision){
		    .outcome = DECISION_NO_ROUND,
		    .reason = "The issue was not moved into an approved or denied status.",
		    .consumed = deciding.consumed.ids,
		};
		return RESULT_OK;
	}
	const struct issue_change *change = &input->changes[deciding.at];
	const char *reason = deciding.denies ? "The issue was moved into a denied status."
	                                     : "The issue was moved into an approved status by an allowed author.";
	const char *code = deciding.denies ? NULL : transition_fault(&deciding, &reason);
	*ret_decision = (struct decision){
	    .outcome = deciding.denies ? DECISION_DENIED
	               : code == NULL  ? DECISION_APPROVED
	                               : DECISION_REFUSED,
	    .code = code,
	    .reason = reason,
	    .consumed = deciding.consumed.ids,
	    .decided_by = change->author_account_id,
	    .decided_at = change->at,
	    .round_started_at = change->at,
	};
	return RESULT_OK;
}
