/* No request is pending for the issue. A new one is opened for an issue that never had one, and for each new round.
 *
 * What must not happen is a chorus: a refusal is told to the issue in a comment, the comment is an event, and the event
 * leads back here. So a refusal that took no ids along stands for as long as the issue asks for the same thing and
 * would be refused for the same reason. */
#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "worker/intake.h"

static const struct actor actor_jira = {.kind = "jira", .id = "jira"};

static bool is_terminal(const struct intake_case *c)
{
	return c->decision.outcome == DECISION_APPROVED || c->decision.outcome == DECISION_DENIED ||
	       c->decision.outcome == DECISION_REFUSED;
}

static enum result request_fill(const struct intake_case *c, const struct intake_facts *facts,
                                struct access_request *ret_request)
{
	char id[ID_SIZE];
	id_new(c->asked_at, id);
	const char *request_id = arena_strdup(c->arena, id);
	if (!request_id)
		return RESULT_NO_MEMORY;
	*ret_request = (struct access_request){
	    .request_id = request_id,
	    .kind = intake_is_extension(c) ? REQUEST_EXTENSION : REQUEST_ACCESS,
	    .extends_grant_id = facts->extends_grant_id,
	    .site = c->site,
	    .issue_id = c->issue.issue_id,
	    .issue_key = c->issue.key,
	    .tool_id = facts->tool.tool_id,
	    .tool_text = c->issue.tool_text,
	    .account_id = c->issue.beneficiary,
	    .filed_by = c->issue.reporter,
	    .purpose = c->issue.purpose,
	    .duration_days = facts->days,
	    .approval = c->settings.approval,
	    .asked_at = c->asked_at,
	    .created_at = c->asked_at,
	    .updated_at = c->asked_at,
	};
	return RESULT_OK;
}

enum result intake_open_pending(struct intake_case *c, const struct intake_facts *facts,
                                struct access_request *ret_request, struct error *error)
{
	struct access_request request;
	if (request_fill(c, facts, &request) != RESULT_OK)
		return intake_no_memory(error);
	request.status = REQUEST_PENDING;
	/* The store refuses a duplicate at once: then the round that asked for it is used up with it. */
	return c->store->ops->request_create(c->store, &actor_jira, &request, true,
	                                     is_terminal(c) ? c->decision.consumed : NULL, NULL, c->arena, ret_request,
	                                     error);
}

static enum result open_refused(struct intake_case *c, const struct intake_facts *facts, const char *code,
                                const char *reason, struct error *error)
{
	struct access_request request;
	struct access_request created = {0};
	if (request_fill(c, facts, &request) != RESULT_OK)
		return intake_no_memory(error);
	request.status = REQUEST_REFUSED;
	request.code = code;
	request.reason = reason;
	request.decided_at = c->asked_at;
	enum result result =
	    c->store->ops->request_create(c->store, &actor_jira, &request, true,
	                                  is_terminal(c) ? c->decision.consumed : NULL, NULL, c->arena, &created, error);
	if (result != RESULT_OK)
		return result;
	return intake_verdict(c, code, reason, created.request_id);
}

static enum result has_open_grant(struct intake_case *c, const struct intake_facts *facts, bool *ret_has,
                                  struct error *error)
{
	/* As the store sees it: one that is being taken out is no duplicate, the next one waits for it. */
	static const enum grant_status open[] = {GRANT_PENDING_PROVISION, GRANT_ACTIVE, GRANT_MANUAL_FOLLOW_UP};
	const struct page page = {.limit = 1};
	for (size_t i = 0; i < ARRAY_SIZE(open) && !*ret_has; i++) {
		const struct request_filter filter = {
		    .status = grant_status_name(open[i]), .tool_id = facts->tool.tool_id, .account_id = c->issue.beneficiary};
		struct grant *grants = NULL;
		size_t count = 0;
		const char *next = NULL;
		enum result result = c->store->ops->grant_list(c->store, &filter, &page, c->arena, &grants, &count, &next);
		if (result != RESULT_OK)
			return error_set(error, result, "unavailable", "The grants could not be read.");
		*ret_has = count > 0;
	}
	return RESULT_OK;
}

static enum result has_pending_request(struct intake_case *c, const struct intake_facts *facts, bool *ret_has,
                                       struct error *error)
{
	const struct page page = {.limit = 1};
	const struct request_filter filter = {
	    .status = request_status_name(REQUEST_PENDING),
	    .tool_id = facts->tool.tool_id,
	    .account_id = c->issue.beneficiary,
	    .kind = request_kind_name(intake_is_extension(c) ? REQUEST_EXTENSION : REQUEST_ACCESS)};
	struct access_request *requests = NULL;
	size_t count = 0;
	const char *next = NULL;
	enum result result = c->store->ops->request_list(c->store, &filter, &page, c->arena, &requests, &count, &next);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The requests could not be read.");
	*ret_has = count > 0;
	return RESULT_OK;
}

/* Would a request refused with that code be refused with it again? */
static enum result refused_again(struct intake_case *c, const struct access_request *newest,
                                 const struct intake_facts *facts, bool *ret_again, struct error *error)
{
	*ret_again = false;
	if (text_equal(newest->code, "duplicate_grant"))
		return facts->tool.tool_id && !facts->code ? has_open_grant(c, facts, ret_again, error) : RESULT_OK;
	if (text_equal(newest->code, "duplicate_request"))
		return facts->tool.tool_id && !facts->code ? has_pending_request(c, facts, ret_again, error) : RESULT_OK;
	*ret_again = facts->code && text_equal(newest->code, facts->code);
	return RESULT_OK;
}

/* What stands in the way today may be gone tomorrow, with nothing changed about the request. */
static bool is_passing_code(const char *code)
{
	return text_equal(code, "duplicate_grant") || text_equal(code, "duplicate_request") ||
	       text_equal(code, "grant_not_active") || text_equal(code, "tool_stopped");
}

/* The newest request was refused, and nothing has happened since that it did not cover. */
static enum result refusal_stands(struct intake_case *c, const struct intake_facts *facts, bool *ret_stands,
                                  struct error *error)
{
	const struct access_request *newest = c->request_count > 0 ? &c->requests[0] : NULL;
	*ret_stands = false;
	if (!newest || newest->status != REQUEST_REFUSED)
		return RESULT_OK;
	/* Decided before it was refused: an id that the store would not accept, or a round without ids. */
	if (is_terminal(c) && c->decision.decided_at > 0 && c->decision.decided_at <= newest->updated_at) {
		*ret_stands = true;
		return RESULT_OK;
	}
	if (is_terminal(c) && !(c->decision.consumed && c->decision.consumed[0])) {
		*ret_stands = true;
		return RESULT_OK;
	}
	if (!text_equal(newest->tool_text, c->issue.tool_text) || !text_equal(newest->account_id, c->issue.beneficiary))
		return RESULT_OK;
	bool again = false;
	enum result result = refused_again(c, newest, facts, &again, error);
	/* An approval of what is a duplicate today, or of a stopped tool, is used up now: else it would open a grant on the
	 * day that the other one ends or the tool is resumed (or extend one that begins then), long after the people
	 * concerned were told no. */
	*ret_stands = again && !(is_passing_code(newest->code) && c->decision.outcome == DECISION_APPROVED);
	return result;
}

static bool is_new_round(const struct intake_case *c)
{
	if (c->request_count == 0)
		return true;
	if (text_equal(c->settings.approval, "console")) /* taken back for the sake of changed facts, not yet asked anew */
		return c->requests[0].status == REQUEST_CANCELLED && text_equal(c->requests[0].code, "approval_not_verified");
	return c->decision.outcome != DECISION_NO_ROUND;
}

static enum result open_and_decide(struct intake_case *c, const struct intake_facts *facts, struct error *error)
{
	struct access_request created = {0};
	enum result result = intake_open_pending(c, facts, &created, error);
	if (result != RESULT_OK)
		return result;
	if (created.status != REQUEST_PENDING)
		return intake_verdict(c, created.code, created.reason, created.request_id);
	if (is_terminal(c))
		return intake_apply_decision(c, created.request_id, error);
	return intake_verdict(c, NULL, NULL, created.request_id);
}

enum result intake_open(struct intake_case *c, struct error *error)
{
	if (!is_new_round(c))
		return intake_verdict(c, "nothing_to_do",
		                      "Nothing about the issue asks for a decision that was not made before.", NULL);
	struct intake_facts facts;
	bool stands = false;
	enum result result = intake_facts_check(c, &facts, error);
	if (result == RESULT_OK)
		result = refusal_stands(c, &facts, &stands, error);
	if (result != RESULT_OK)
		return result;
	if (stands)
		return intake_verdict(c, "nothing_to_do", "The refusal that the issue was told of still stands.", NULL);
	if (facts.code)
		return open_refused(c, &facts, facts.code, facts.reason, error);
	if (c->decision.outcome == DECISION_REFUSED)
		return open_refused(c, &facts, c->decision.code, c->decision.reason, error);
	return open_and_decide(c, &facts, error);
}
