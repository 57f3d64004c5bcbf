/* A request of the issue is pending: Jira's word, if there is one by now, is carried out. */
#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

/* How far Jira's clock and ours may be apart. */
#define CLOCK_MARGIN_MS ((int64_t)3600 * 1000)
#define TOUCH_MS ((int64_t)60 * 1000)

/* The audit event names one person: the first of those who decided. */
static enum result actor_of_decision(const struct intake_case *c, struct actor *ret_actor)
{
	const char *decided_by = c->decision.decided_by;
	*ret_actor = (struct actor){.kind = "jira", .id = "jira"};
	if (text_is_empty(decided_by))
		return RESULT_OK;
	ret_actor->id = arena_strndup(c->arena, decided_by, strcspn(decided_by, ","));
	return ret_actor->id ? RESULT_OK : RESULT_NO_MEMORY;
}

/* Somebody else settled it meanwhile: there is nothing left to do, and nothing is lost. */
static enum result apply(struct intake_case *c, const struct actor *actor, const char *request_id,
                         const struct request_change *change, struct error *error)
{
	struct access_request after = {0};
	struct error failure = {0};
	enum result result = c->store->ops->request_apply(c->store, actor, request_id, change, c->arena, &after, &failure);
	if (result == RESULT_CONFLICT)
		return intake_verdict(c, failure.code, "The request was decided in the meantime.", request_id);
	if (result != RESULT_OK) {
		if (error)
			*error = failure;
		return result;
	}
	return intake_verdict(c, after.code, after.reason, request_id);
}

static enum result refuse(struct intake_case *c, const char *request_id, const char *code, const char *reason,
                          struct error *error)
{
	static const struct actor actor = {.kind = "jira", .id = "jira"};
	const struct request_change change = {.event = REQUEST_EVENT_REFUSE,
	                                      .code = code,
	                                      .reason = reason,
	                                      .decided_by = c->decision.decided_by,
	                                      .decided_at = c->decision.decided_at,
	                                      .decision = intake_snapshot_write(c),
	                                      .consumed = c->decision.consumed};
	return change.decision ? apply(c, &actor, request_id, &change, error) : intake_no_memory(error);
}

enum result intake_apply_decision(struct intake_case *c, const char *request_id, struct error *error)
{
	const struct decision *decision = &c->decision;
	if (decision->outcome == DECISION_REFUSED)
		return refuse(c, request_id, decision->code, decision->reason, error);
	struct actor actor;
	struct request_change change = {
	    .event = decision->outcome == DECISION_APPROVED ? REQUEST_EVENT_APPROVE : REQUEST_EVENT_DENY,
	    .reason = decision->reason,
	    .decided_by = decision->decided_by,
	    .decided_at = decision->decided_at,
	    .decision = intake_snapshot_write(c),
	    .consumed = decision->consumed,
	};
	if (!change.decision || actor_of_decision(c, &actor) != RESULT_OK)
		return intake_no_memory(error);
	return apply(c, &actor, request_id, &change, error);
}

enum result intake_cancel(struct intake_case *c, const char *request_id, const char *code, const char *reason,
                          struct error *error)
{
	static const struct actor actor = {.kind = "jira", .id = "jira"};
	const struct request_change change = {.event = REQUEST_EVENT_CANCEL, .code = code, .reason = reason};
	return apply(c, &actor, request_id, &change, error);
}

/* Writes down that Jira was asked and, with `facts`, what the issue asks for by now. */
static enum result take_down(struct intake_case *c, const struct intake_facts *facts, struct error *error)
{
	struct access_request request = *c->pending;
	request.issue_key = c->issue.key;
	request.asked_at = c->asked_at;
	if (facts) {
		request.tool_id = facts->tool.tool_id;
		request.tool_text = c->issue.tool_text;
		request.account_id = c->issue.beneficiary;
		request.filed_by = c->issue.reporter;
		request.purpose = c->issue.purpose;
		request.duration_days = facts->days;
	}
	struct error failure = {0};
	enum result result = c->store->ops->request_take_down(c->store, &request, &failure);
	if (result == RESULT_CONFLICT)
		return intake_verdict(c, failure.code, "The request was decided in the meantime.", c->pending->request_id);
	if (result != RESULT_OK) {
		if (error)
			*error = failure;
		return result;
	}
	return intake_verdict(c, NULL, NULL, c->pending->request_id);
}

/* Nothing new: when Jira was asked is written down where it matters — for the sweep, which looks for those asked about
 * long ago, and for the first membership write, which asks again if the word is old. Not each time: it changes the
 * version that somebody may be deciding upon. */
static enum result touch(struct intake_case *c, struct error *error)
{
	if (c->asked_at - c->pending->asked_at >= TOUCH_MS || !text_equal(c->pending->issue_key, c->issue.key))
		return take_down(c, NULL, error);
	return intake_verdict(c, NULL, NULL, c->pending->request_id);
}

/* Tool, duration or person were changed before anybody was asked to approve them: the change counts. */
static enum result take_down_changed(struct intake_case *c, bool *ret_refused, struct error *error)
{
	struct intake_facts facts;
	enum result result = intake_facts_check(c, &facts, error);
	if (result != RESULT_OK)
		return result;
	*ret_refused = facts.code != NULL;
	if (facts.code)
		return refuse(c, c->pending->request_id, facts.code, facts.reason, error);
	return take_down(c, &facts, error);
}

/* Who decides in the console has read the request as it stood. It is taken back, and asked anew with what the issue
 * says now, so that nobody's word is put to something that they did not see. */
static enum result ask_anew(struct intake_case *c, struct error *error)
{
	enum result result = intake_cancel(c, c->pending->request_id, "approval_not_verified",
	                                   "The issue was changed; a new request asks for what it says now.", error);
	if (result != RESULT_OK)
		return result;
	c->pending = NULL;
	result = intake_read_requests(c, error);
	if (result != RESULT_OK)
		return result;
	return c->pending ? RESULT_OK : intake_open(c, error);
}

/* In a round that has begun, a difference may be taken down late only where it was there before the round: the request
 * was first seen before it, the history shows a change since then, and none after the round began. */
static bool may_take_down(const struct intake_case *c)
{
	if (c->decision.outcome == DECISION_NO_ROUND)
		return true;
	int64_t begun = c->decision.round_started_at;
	return c->pending->created_at < begun && intake_changed_since(c, c->pending->created_at - CLOCK_MARGIN_MS) &&
	       !intake_changed_since(c, begun);
}

static enum result settle_in_jira(struct intake_case *c, bool differ, struct error *error)
{
	bool decided = c->decision.outcome != DECISION_NO_ROUND && c->decision.outcome != DECISION_PENDING;
	bool approved = c->decision.outcome == DECISION_APPROVED;
	if (differ && (!decided || approved)) {
		bool refused = false;
		if (may_take_down(c)) {
			enum result result = take_down_changed(c, &refused, error);
			if (result != RESULT_OK || refused || !decided)
				return result;
			return intake_apply_decision(c, c->pending->request_id, error);
		}
		if (approved) {
			return refuse(c, c->pending->request_id, "approval_not_verified",
			              "Tool, duration or person is not what it was when the approval began.", error);
		}
	}
	enum result result = touch(c, error);
	return result == RESULT_OK && decided ? intake_apply_decision(c, c->pending->request_id, error) : result;
}

enum result intake_settle(struct intake_case *c, struct error *error)
{
	bool differ = false;
	if (intake_facts_differ(c, &differ) != RESULT_OK)
		return intake_no_memory(error);
	if (!text_equal(c->settings.approval, "console"))
		return settle_in_jira(c, differ, error);
	return differ ? ask_anew(c, error) : touch(c, error);
}
