/* Mode jsm: the round of approvals.
 *
 * Approvals in the order of their creation. One that ended an earlier request (consumed), or was declined, closes all
 * before it; what comes after is the round. It is approved when every approval of it is, with a completion date; a
 * second stage is simply another approval of the round. A decision uses up all that it looked at, so that no approval
 * ever counts twice. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "domain/decision_rules.h"

struct round {
	const struct decision_input *input;
	struct approval *all; /* sorted */
	size_t count;
	size_t start; /* of the round in `all`; count: it is empty */
	int64_t started_at;
	struct decision_ids people;   /* who approved in the round */
	struct decision_ids consumed; /* what the decision uses up */
};

/* Ids are decimal numbers of one sequence: the longer is the later. */
static int approval_compare(const void *left, const void *right)
{
	const struct approval *a = left;
	const struct approval *b = right;
	if (a->created_at != b->created_at)
		return a->created_at < b->created_at ? -1 : 1;
	size_t a_length = strlen(a->approval_id);
	size_t b_length = strlen(b->approval_id);
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return strcmp(a->approval_id, b->approval_id);
}

static bool is_consumed(const struct round *round, const struct approval *approval)
{
	return intake_list_has(round->input->consumed, approval->approval_id);
}

static size_t round_start(const struct round *round)
{
	size_t at = round->count;
	while (at > 0 && round->all[at - 1].final_decision != APPROVAL_DECLINED && !is_consumed(round, &round->all[at - 1]))
		at--;
	return at;
}

static size_t approver_total(const struct round *round)
{
	size_t total = 0;
	for (size_t at = 0; at < round->count; at++)
		total += round->all[at].approver_count;
	return total;
}

static enum result round_open(const struct decision_input *input, struct arena *arena, struct round *ret_round)
{
	struct round round = {.input = input, .count = input->approval_count};
	round.all = arena_array(arena, round.count + 1, sizeof(*round.all));
	if (round.all == NULL)
		return RESULT_NO_MEMORY;
	if (round.count > 0) {
		memcpy(round.all, input->approvals, round.count * sizeof(*round.all));
		qsort(round.all, round.count, sizeof(*round.all), approval_compare);
	}
	round.start = round_start(&round);
	round.started_at = round.start < round.count ? round.all[round.start].created_at : 0;
	if (decision_ids_new(approver_total(&round), arena, &round.people) != RESULT_OK ||
	    decision_ids_new(round.count, arena, &round.consumed) != RESULT_OK)
		return RESULT_NO_MEMORY;
	*ret_round = round;
	return RESULT_OK;
}

static enum result consume_all(struct round *round, struct arena *arena)
{
	for (size_t at = 0; at < round->count; at++) {
		if (!is_consumed(round, &round->all[at]) &&
		    decision_ids_add(&round->consumed, round->all[at].approval_id, arena) != RESULT_OK)
			return RESULT_NO_MEMORY;
	}
	return RESULT_OK;
}

static enum result people_add(struct round *round, const struct approval *approval, enum approval_state said,
                              struct arena *arena)
{
	for (size_t at = 0; at < approval->approver_count; at++) {
		if (approval->approvers[at].decision == said &&
		    decision_ids_add(&round->people, approval->approvers[at].account_id, arena) != RESULT_OK)
			return RESULT_NO_MEMORY;
	}
	return RESULT_OK;
}

/* The instant of the last completion; 0 while something is still open. */
static int64_t round_completed_at(const struct round *round)
{
	int64_t completed_at = 0;
	for (size_t at = round->start; at < round->count; at++) {
		const struct approval *approval = &round->all[at];
		if (approval->final_decision != APPROVAL_APPROVED || approval->completed_at <= 0)
			return 0;
		if (approval->completed_at > completed_at)
			completed_at = approval->completed_at;
	}
	return completed_at;
}

static bool changed_since_start(const struct round *round)
{
	const struct decision_input *input = round->input;
	for (size_t at = 0; at < input->change_count; at++) {
		if (input->changes[at].at >= round->started_at &&
		    decision_change_is_relevant(&input->changes[at], input->settings))
			return true;
	}
	return decision_taken_differs(input, round->started_at);
}

/* NULL if at least one approving person remains; else the code, with its sentence. */
static const char *people_fault(const struct round *round, const char **ret_reason)
{
	const struct intake_settings *settings = round->input->settings;
	bool any_may = settings->allowed_approvers[0] == NULL;
	bool only_self = round->people.count > 0;
	for (size_t at = 0; at < round->people.count; at++) {
		const char *person = round->people.ids[at];
		if (decision_is_self(round->input, person, round->started_at))
			continue;
		only_self = false;
		if (any_may || intake_list_has(settings->allowed_approvers, person))
			return NULL;
	}
	*ret_reason = round->people.count == 0 ? "Jira names nobody who approved."
	              : only_self              ? "Only the beneficiary or the reporter approved."
	                                       : "Nobody of the allowed approvers approved.";
	return only_self ? "self_approval" : "approval_not_verified";
}

static const char *round_fault(const struct round *round, const char **ret_reason)
{
	if (round->started_at <= 0) {
		*ret_reason = "Jira does not say when the approval was created.";
		return "approval_not_verified";
	}
	if (round->input->issue->beneficiary == NULL) {
		*ret_reason = "The issue names no beneficiary.";
		return "approval_not_verified";
	}
	if (changed_since_start(round)) {
		*ret_reason = "Tool, duration or beneficiary was changed after the approval began.";
		return "approval_not_verified";
	}
	return people_fault(round, ret_reason);
}

static enum result decide(struct round *round, int64_t completed_at, struct arena *arena, struct decision *ret_decision)
{
	for (size_t at = round->start; at < round->count; at++) {
		if (people_add(round, &round->all[at], APPROVAL_APPROVED, arena) != RESULT_OK)
			return RESULT_NO_MEMORY;
	}
	if (consume_all(round, arena) != RESULT_OK)
		return RESULT_NO_MEMORY;
	bool failed = false;
	const char *reason = "Every approval of the round is approved in Jira.";
	const char *code = round_fault(round, &reason);
	const char *decided_by = decision_ids_join(&round->people, arena, &failed);
	if (failed)
		return RESULT_NO_MEMORY;
	*ret_decision = (struct decision){
	    .outcome = code == NULL ? DECISION_APPROVED : DECISION_REFUSED,
	    .code = code,
	    .reason = reason,
	    .consumed = round->consumed.ids,
	    .decided_by = decided_by,
	    .decided_at = completed_at,
	    .round_started_at = round->started_at,
	};
	return RESULT_OK;
}

static enum result deny(struct round *round, struct arena *arena, struct decision *ret_decision)
{
	const struct approval *declined = &round->all[round->count - 1];
	bool failed = false;
	if (people_add(round, declined, APPROVAL_DECLINED, arena) != RESULT_OK || consume_all(round, arena) != RESULT_OK)
		return RESULT_NO_MEMORY;
	const char *decided_by = decision_ids_join(&round->people, arena, &failed);
	if (failed)
		return RESULT_NO_MEMORY;
	*ret_decision = (struct decision){
	    .outcome = DECISION_DENIED,
	    .reason = "The approval was declined in Jira.",
	    .consumed = round->consumed.ids,
	    .decided_by = decided_by,
	    .decided_at = declined->completed_at,
	    .round_started_at = declined->created_at,
	};
	return RESULT_OK;
}

static struct decision undecided(const struct round *round, enum decision_outcome outcome, const char *reason)
{
	return (struct decision){
	    .outcome = outcome,
	    .reason = reason,
	    .consumed = round->consumed.ids,
	    .round_started_at = round->started_at,
	};
}

enum result decision_by_round(const struct decision_input *input, struct arena *arena, struct decision *ret_decision)
{
	struct round round;
	if (round_open(input, arena, &round) != RESULT_OK)
		return RESULT_NO_MEMORY;
	if (round.start == round.count) {
		if (round.count > 0 && !is_consumed(&round, &round.all[round.count - 1]))
			return deny(&round, arena, ret_decision);
		*ret_decision =
		    undecided(&round, DECISION_NO_ROUND, "The issue has no approval that has not been used already.");
		return RESULT_OK;
	}
	int64_t completed_at = round_completed_at(&round);
	if (completed_at > 0)
		return decide(&round, completed_at, arena, ret_decision);
	*ret_decision = undecided(&round, DECISION_PENDING, "An approval of the round is still open in Jira.");
	return RESULT_OK;
}
