#include "server/api.h"

#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

static json_t *grant_render(struct api_call *call, const struct grant *grant)
{
	struct store *store = call_store(call);
	struct grant_history *history = NULL;
	size_t count = 0;
	if (store->ops->grant_history(store, grant->grant_id, call->arena, &history, &count) != RESULT_OK)
		return NULL;
	return render_grant(grant, history, count);
}

static enum result grant_answer_page(struct api_call *call, const struct request_filter *filter, bool none)
{
	struct store *store = call_store(call);
	struct page page;
	struct grant *grants;
	size_t count = 0;
	const char *next = NULL;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK && !none)
		result = store->ops->grant_list(store, filter, &page, call->arena, &grants, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, grant_render(call, &grants[i])) != 0)
			return RESULT_UNAVAILABLE;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_grant_list(struct api_call *call)
{
	struct request_filter filter = {
	    .status = call_query(call, "status"),
	    .tool_id = call_query(call, "toolId"),
	    .account_id = call_query(call, "accountId"),
	    .issue_key = call_query(call, "issueKey"),
	};
	bool none = false;
	if (call->principal.role == ROLE_REQUESTER) {
		const char *own = call->principal.account_id;
		none = own == NULL || (filter.account_id != NULL && !text_equal(filter.account_id, own));
		filter.account_id = own;
	}
	return grant_answer_page(call, &filter, none);
}

/* What needs a person: the grants in manual follow-up, each with its `followUp`. */
enum result api_follow_up_list(struct api_call *call)
{
	struct request_filter filter = {.status = grant_status_name(GRANT_MANUAL_FOLLOW_UP)};
	return grant_answer_page(call, &filter, false);
}

enum result api_grant_open(struct api_call *call, struct grant *ret_grant)
{
	struct store *store = call_store(call);
	struct grant grant;
	enum result result = store->ops->grant_read(store, call->parameters[0], call->arena, &grant);
	if (result != RESULT_OK)
		return result;
	/* Word for word the answer to an id that there is not: no sentence of its own. */
	if (call_is_foreign(call, grant.account_id))
		return RESULT_NOT_FOUND;
	*ret_grant = grant;
	return RESULT_OK;
}

enum result api_grant_read(struct api_call *call)
{
	struct grant grant = {0};
	enum result result = api_grant_open(call, &grant);
	if (result != RESULT_OK)
		return result;
	if (call_should_wait(call, grant_status_name(grant.status), !grant_is_open(grant.status)))
		return RESULT_OK;
	json_t *value = grant_render(call, &grant);
	return value != NULL ? call_answer(call, 200, value) : RESULT_UNAVAILABLE;
}

/* ---- actions ---- */

/* 202 with the job where Graph work follows, else 200. */
static enum result grant_answer(struct api_call *call, const struct grant *grant, bool changed)
{
	bool pending = grant->status == GRANT_PENDING_PROVISION || grant->status == GRANT_PENDING_DEPROVISION;
	const char *job_id = changed && pending ? api_job_of_grant(call, grant->grant_id) : NULL;
	json_t *value = grant_render(call, grant);
	return value != NULL ? call_answer_job(call, value, job_id) : RESULT_UNAVAILABLE;
}

static enum result grant_apply(struct api_call *call, const struct grant_change *change)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct grant grant = {0};
	struct grant after = {0};
	int64_t expected;
	enum result result = api_grant_open(call, &grant);
	if (result == RESULT_OK && call->headers.if_match != NULL) {
		_cleanup_(json_decrefp) json_t *present = grant_render(call, &grant);
		result = present != NULL ? call_match(call, present, grant.version, &expected) : RESULT_UNAVAILABLE;
	}
	if (result == RESULT_OK)
		result = store->ops->grant_apply(store, &actor, grant.grant_id, change, call->arena, &after, &call->error);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return grant_answer(call, &after, after.version != grant.version);
}

enum result api_grant_revoke(struct api_call *call)
{
	const char *comment = call_text(call, "comment", NULL);
	struct grant_change change = {
	    .event = GRANT_EVENT_REVOKE,
	    .reason = text_is_empty(comment) ? NULL : comment,
	};
	return grant_apply(call, &change);
}

enum result api_grant_retry(struct api_call *call)
{
	struct grant_change change = {.event = GRANT_EVENT_RETRY};
	return grant_apply(call, &change);
}

static enum grant_event grant_outcome_event(const char *outcome)
{
	if (text_equal(outcome, "notGranted"))
		return GRANT_EVENT_NOT_GRANTED;
	return text_equal(outcome, "removedByHand") ? GRANT_EVENT_REMOVED_BY_HAND : GRANT_EVENT_KEPT_BY_HAND;
}

enum result api_grant_resolve(struct api_call *call)
{
	const char *external_id = call_text(call, "externalId", NULL);
	const char *outcome = call_text(call, "outcome", NULL);
	const char *reason = call_text(call, "reason", NULL);
	if ((external_id == NULL) == (outcome == NULL))
		return call_fault(call, "outcome", "required", "give either externalId or outcome");
	if (outcome != NULL && reason == NULL)
		return call_fault(call, "reason", "required", "must be given with outcome");
	struct grant_change change = {
	    .event = external_id != NULL ? GRANT_EVENT_RESOLVE_USER : grant_outcome_event(outcome),
	    .reason = reason,
	    .external_user_id = external_id,
	    .save_mapping = json_bool_at(call->json, "saveMapping", false),
	};
	return grant_apply(call, &change);
}
