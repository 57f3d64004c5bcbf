/* Findings of the checks, and the checks themselves. */
#include "server/api.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

enum result api_finding_list(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct finding *findings;
	size_t count;
	const char *next;
	struct finding_filter filter = {
	    .status = call_query(call, "status"),
	    .class = call_query(call, "class"),
	    .tool_id = call_query(call, "toolId"),
	    .connector_id = call_query(call, "connectorId"),
	};
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->finding_list(store, &filter, &page, call->arena, &findings, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, render_finding(&findings[i])) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_finding_read(struct api_call *call)
{
	struct store *store = call_store(call);
	struct finding finding;
	enum result result = store->ops->finding_read(store, call->parameters[0], call->arena, &finding);
	return result == RESULT_OK ? call_answer(call, 200, render_finding(&finding)) : result;
}

/* ---- settling ---- */

static enum result finding_match(struct api_call *call, int64_t *ret_expected)
{
	struct store *store = call_store(call);
	struct finding finding;
	enum result result = store->ops->finding_read(store, call->parameters[0], call->arena, &finding);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *present = render_finding(&finding);
	return present != NULL ? call_match(call, present, finding.version, ret_expected) : RESULT_NO_MEMORY;
}

static enum result finding_settle(struct api_call *call, struct finding_order *order)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct finding finding;
	const char *job_id = NULL;
	enum result result = finding_match(call, &order->expected_version);
	if (result == RESULT_OK)
		result = store->ops->finding_settle(store, &actor, call->parameters[0], order, call->arena, &finding, &job_id,
		                                    &call->error);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	json_t *value = render_finding(&finding);
	return value != NULL ? call_answer_job(call, value, job_id) : RESULT_NO_MEMORY;
}

enum result api_finding_put_back(struct api_call *call)
{
	return finding_settle(call,
	                      &(struct finding_order){.action = FINDING_PUT_BACK, .reason = call_text(call, "reason", "")});
}

enum result api_finding_take_out(struct api_call *call)
{
	return finding_settle(call,
	                      &(struct finding_order){.action = FINDING_TAKE_OUT, .reason = call_text(call, "reason", "")});
}

/* The snapshot that the grant's evidence stands on. */
static enum result adoption_decision(struct api_call *call, const char **ret_text)
{
	bool failed = false;
	_cleanup_(json_decrefp) json_t *decision = json_object();
	json_put_string(decision, "mode", "adopted", &failed);
	json_put_string(decision, "findingId", call->parameters[0], &failed);
	json_put_string(decision, "principalId", call->principal.principal_id, &failed);
	json_put_string(decision, "accountId", call->principal.account_id, &failed);
	json_put_time(decision, "at", call_now_ms(call), &failed);
	*ret_text = failed ? NULL : json_write(call->arena, decision);
	return *ret_text != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

enum result api_finding_adopt(struct api_call *call)
{
	struct finding_order order = {
	    .action = FINDING_ADOPT,
	    .reason = call_text(call, "reason", ""),
	    .account_id = call_text(call, "accountId", ""),
	    .tool_id = call_text(call, "toolId", NULL),
	    .duration_days = (int)json_integer_at(call->json, "durationDays", 0),
	    .decided_by = call->principal.account_id,
	};
	if (order.decided_by == NULL)
		return call_refuse(call, 403, "principal_unlinked",
		                   "This token is linked to no Atlassian account; make one with --account-id.");
	if (text_equal(order.decided_by, order.account_id))
		return call_refuse(call, 403, "self_approval", "Somebody who would not get this access has to decide.");
	enum result result = adoption_decision(call, &order.decision);
	return result == RESULT_OK ? finding_settle(call, &order) : result;
}

/* ---- checks ---- */

enum result api_connector_check(struct api_call *call)
{
	struct store *store = call_store(call);
	struct connector_settings connector;
	int64_t expected;
	const char *job_id = NULL;
	enum result result = store->ops->connector_read(store, call->parameters[0], call->arena, &connector);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *value = render_connector(&connector, call_now_ms(call));
	result = call_match(call, value, connector.version, &expected);
	if (result == RESULT_OK)
		result = store->ops->member_check_start(store, connector.connector_id, call->arena, &job_id, &call->error);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return call_answer_job(call, TAKE_PTR(value), job_id);
}

enum result api_connector_checks(struct api_call *call)
{
	struct store *store = call_store(call);
	struct connector_settings connector;
	struct group_watch *watches;
	struct page page;
	size_t count;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->connector_read(store, call->parameters[0], call->arena, &connector);
	if (result == RESULT_OK)
		result = store->ops->watch_list(store, call->parameters[0], call->arena, &watches, &count);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	const char *next = NULL;
	for (size_t i = 0; i < count && next == NULL; i++) {
		if (page.after != NULL && strcmp(watches[i].group_id, page.after) <= 0)
			continue;
		if (json_array_append_new(items, render_group_watch(&watches[i])) != 0)
			return RESULT_NO_MEMORY;
		if ((int)json_array_size(items) == page.limit && i + 1 < count)
			next = watches[i].group_id;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}
