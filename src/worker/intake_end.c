#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

#define REVOKED_REASON "The issue was moved to a status that takes access away."

static enum result cancel_listed(struct intake_case *c, const struct access_request *requests, size_t count,
                                 struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (requests[i].status != REQUEST_PENDING || !text_equal(requests[i].site, c->site))
			continue;
		enum result result = intake_cancel(c, requests[i].request_id, "issue_gone",
		                                   "Jira shows the issue no longer, or not to our account.", error);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

static enum result gone_by_id(struct intake_case *c, const char *issue_id, struct error *error)
{
	struct access_request *requests = NULL;
	size_t count = 0;
	enum result result = c->store->ops->request_list_of_issue(c->store, c->site, issue_id, c->arena, &requests, &count);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The requests of the issue could not be read.");
	return cancel_listed(c, requests, count, error);
}

/* The event gave a key only: a label, but the one under which the pending request was last seen. */
static enum result gone_by_key(struct intake_case *c, const char *issue_key, struct error *error)
{
	const struct request_filter filter = {.status = request_status_name(REQUEST_PENDING), .issue_key = issue_key};
	const struct page page = {.limit = 200};
	struct access_request *requests = NULL;
	size_t count = 0;
	const char *next = NULL;
	enum result result = c->store->ops->request_list(c->store, &filter, &page, c->arena, &requests, &count, &next);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The requests of the issue could not be read.");
	return cancel_listed(c, requests, count, error);
}

enum result intake_gone(struct intake_case *c, struct error *error)
{
	const char *subject = c->context->job->subject;
	intake_verdict(c, "issue_gone", "Jira shows no such issue, or not to our account.", NULL);
	bool is_id = strspn(subject, "0123456789") == strlen(subject);
	enum result result = is_id ? gone_by_id(c, subject, error) : gone_by_key(c, subject, error);
	if (result == RESULT_OK && !c->code)
		c->code = "issue_gone";
	return result;
}

static bool takes_away(const struct intake_case *c, const struct issue_change *change)
{
	bool is_status = text_is_empty(change->field_id) ? !change->custom && text_equal_fold(change->field, "status")
	                                                 : text_equal(change->field_id, "status");
	const char *const *list = c->settings.revoked_statuses;
	return is_status && ((change->to && intake_list_has(list, change->to)) ||
	                     (change->to_text && intake_list_has(list, change->to_text)));
}

/* Events come late, or never: by the time that we look, the issue may have left that status again. */
bool intake_revoked_after(const struct intake_case *c, int64_t at)
{
	for (size_t i = 0; i < c->change_count; i++) {
		if (c->changes[i].at > at && takes_away(c, &c->changes[i]))
			return true;
	}
	return false;
}

/* Who moved the issue there, if the history tells. */
static const char *mover_of(const struct intake_case *c)
{
	for (size_t i = c->change_count; i > 0; i--) {
		const struct issue_change *change = &c->changes[i - 1];
		if (takes_away(c, change))
			return change->author_account_id ? change->author_account_id : "jira";
	}
	return "jira";
}

/* Asked for once more: it may be held, as one that nobody asked for. */
static bool is_leaving(const struct grant *grant)
{
	return grant->status == GRANT_PENDING_DEPROVISION;
}

/* A removal that already waits for a person was asked for before: asking again would only ring the bell again, and
 * again with the comment that follows. */
static bool is_revocable(const struct grant *grant)
{
	if (grant->status == GRANT_MANUAL_FOLLOW_UP)
		return grant->follow_up.action != GRANT_ACTION_DEPROVISION;
	return grant->status == GRANT_PENDING_PROVISION || grant->status == GRANT_ACTIVE || is_leaving(grant);
}

/* One that was approved after the issue had left that status again stays. */
static bool is_revoked(const struct intake_case *c, const struct grant *grant)
{
	if (intake_list_names(c->settings.revoked_statuses, &c->issue))
		return true;
	for (size_t i = 0; i < c->request_count; i++) {
		const struct access_request *request = &c->requests[i];
		bool extended = request->status == REQUEST_APPROVED && text_equal(request->extends_grant_id, grant->grant_id);
		if (extended || text_equal(request->request_id, grant->request_id))
			return intake_revoked_after(c, request->decided_at);
	}
	return false;
}

static enum result revoke_grants(struct intake_case *c, size_t *ret_revoked, const char **ret_request_id,
                                 struct error *error)
{
	struct grant *grants = NULL;
	size_t count = 0;
	enum result result =
	    c->store->ops->grant_list_open_of_issue(c->store, c->site, c->issue.issue_id, c->arena, &grants, &count);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The grants of the issue could not be read.");
	const struct actor actor = {.kind = "jira", .id = mover_of(c)};
	const struct grant_change change = {.event = GRANT_EVENT_REVOKE, .reason = REVOKED_REASON};
	for (size_t i = 0; i < count; i++) {
		if (!is_revocable(&grants[i]) || !is_revoked(c, &grants[i]))
			continue;
		struct grant after;
		result = c->store->ops->grant_apply(c->store, &actor, grants[i].grant_id, &change, c->arena, &after, error);
		if (result != RESULT_OK && result != RESULT_CONFLICT)
			return result;
		if (is_leaving(&grants[i]))
			continue;
		(*ret_revoked)++;
		*ret_request_id = grants[i].request_id;
	}
	return RESULT_OK;
}

/* An approval that we never saw, of access that is taken away already: it is put on record and cancelled, so that it
 * does not give access on the day that the issue leaves this status. */
static enum result bury_approval(struct intake_case *c, struct error *error)
{
	struct intake_facts facts;
	struct access_request created = {0};
	enum result result = intake_facts_check(c, &facts, error);
	if (result != RESULT_OK || facts.code)
		return result;
	result = intake_open_pending(c, &facts, &created, error);
	if (result != RESULT_OK || created.status != REQUEST_PENDING)
		return result;
	return intake_cancel(c, created.request_id, NULL, REVOKED_REASON, error);
}

enum result intake_revoke(struct intake_case *c, bool *ret_settled, struct error *error)
{
	size_t revoked = 0;
	const char *request_id = NULL;
	enum result result = revoke_grants(c, &revoked, &request_id, error);
	if (result != RESULT_OK)
		return result;
	bool stands = intake_list_names(c->settings.revoked_statuses, &c->issue);
	bool approved = c->decision.outcome == DECISION_APPROVED;
	bool overruled = approved && intake_revoked_after(c, c->decision.decided_at);
	*ret_settled = stands || overruled || (revoked > 0 && !c->pending && c->decision.outcome == DECISION_NO_ROUND);
	if (!*ret_settled)
		return RESULT_OK;
	intake_verdict(c, revoked > 0 ? NULL : "nothing_to_do",
	               revoked > 0 ? REVOKED_REASON
	                           : "The issue was moved to a status that takes access away; there is none.",
	               request_id);
	if (c->pending && (stands || overruled))
		return intake_cancel(c, c->pending->request_id, NULL, REVOKED_REASON, error);
	return revoked == 0 && approved ? bury_approval(c, error) : RESULT_OK;
}
