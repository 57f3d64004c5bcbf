/* Requests: filing one in mode console, and deciding it.
 *
 * In mode console the word that grants is a decision made here, so who makes it matters: an authenticated principal
 * with an Atlassian account, and neither the person who would get the access nor the one who asked for it. Accounts are
 * compared with accounts, and principals with principals, so that a second token of the same person does not pass. */
#include "server/api.h"

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

/* ---- reading ---- */

/* What the caller may see: a requester their own alone. *ret_none: nothing can match. */
static struct request_filter request_filter_of(struct api_call *call, bool *ret_none)
{
	struct request_filter filter = {
	    .status = call_query(call, "status"),
	    .tool_id = call_query(call, "toolId"),
	    .account_id = call_query(call, "accountId"),
	    .issue_key = call_query(call, "issueKey"),
	    .kind = call_query(call, "kind"),
	};
	*ret_none = false;
	if (call->principal.role != ROLE_REQUESTER)
		return filter;
	const char *own = call->principal.account_id;
	*ret_none = own == NULL || (filter.account_id != NULL && !text_equal(filter.account_id, own));
	filter.account_id = own;
	return filter;
}

enum result api_request_list(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct access_request *requests;
	size_t count = 0;
	const char *next = NULL;
	bool none;
	struct request_filter filter = request_filter_of(call, &none);
	enum result result = call_page(call, &page);
	if (result == RESULT_OK && !none)
		result = store->ops->request_list(store, &filter, &page, call->arena, &requests, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, render_request(&requests[i])) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

static enum result request_open(struct api_call *call, struct access_request *ret_request)
{
	struct store *store = call_store(call);
	struct access_request request = {0};
	enum result result = store->ops->request_read(store, call->parameters[0], call->arena, &request);
	if (result != RESULT_OK)
		return result;
	/* Word for word the answer to an id that there is not: no sentence of its own. */
	if (call_is_foreign(call, request.account_id))
		return RESULT_NOT_FOUND;
	*ret_request = request;
	return RESULT_OK;
}

enum result api_request_read(struct api_call *call)
{
	struct access_request request = {0};
	enum result result = request_open(call, &request);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_request(&request));
}

/* ---- filing ---- */

static enum result request_refuse_unlinked(struct api_call *call)
{
	return call_refuse(call, 403, "principal_unlinked",
	                   "This token is linked to no Atlassian account; make one with --account-id.");
}

/* Mode console, and a requester asks for nobody else. RESULT_OK with call->status set if it is refused. */
enum result api_request_check_filer(struct api_call *call)
{
	struct store *store = call_store(call);
	struct intake_settings settings;
	const char *own = call->principal.account_id;
	const char *named = call_text(call, "accountId", own);
	if (own == NULL)
		return request_refuse_unlinked(call);
	if (call->principal.role == ROLE_REQUESTER && !text_equal(named, own))
		return call_refuse(call, 403, "forbidden", "A requester asks for themself alone.");
	enum result result = store->ops->intake_read(store, call->arena, &settings);
	if (result != RESULT_OK)
		return result;
	if (!text_equal(settings.approval, "console"))
		return call_refuse(call, 409, "decided_in_jira", "Requests are filed and decided in Jira here.");
	return RESULT_OK;
}

enum result api_request_check_tool(struct api_call *call, const char *tool_id, struct tool *ret_tool, int *ret_days)
{
	struct store *store = call_store(call);
	struct tool tool;
	enum result result = store->ops->tool_read(store, tool_id, call->arena, &tool);
	if (result == RESULT_NOT_FOUND)
		return call_refuse(call, 422, "tool_unknown", "toolId: there is no such tool.");
	if (result != RESULT_OK)
		return result;
	if (tool.stopped)
		return call_refuse(call, 422, "tool_stopped",
		                   "toolId: this tool is stopped; nobody is given access to it now.");
	if (!tool.requestable)
		return call_refuse(call, 422, "tool_not_requestable", "toolId: this tool cannot be asked for.");
	int days = (int)json_integer_at(call->json, "durationDays", tool.default_duration_days);
	if (days > tool.max_duration_days)
		return call_refuse(call, 422, "duration_exceeds_maximum",
		                   "durationDays: this tool is given for %d days at most.", tool.max_duration_days);
	*ret_tool = tool;
	*ret_days = days;
	return RESULT_OK;
}

static enum result request_store(struct api_call *call, const struct access_request *request)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct access_request stored;
	struct idempotency *record;
	const char *location = arena_printf(call->arena, "/api/v1/requests/%s", request->request_id);
	_cleanup_(json_decrefp) json_t *value = render_request(request);
	enum result result = call_first_answer(call, location, value, &record);
	if (result == RESULT_OK)
		result =
		    store->ops->request_create(store, &actor, request, false, NULL, record, call->arena, &stored, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_answer_first(call, location, TAKE_PTR(value));
}

enum result api_request_file(struct api_call *call, struct access_request *request)
{
	int64_t now = call_now_ms(call);
	char *id = arena_alloc(call->arena, ID_SIZE);
	if (id == NULL)
		return RESULT_NO_MEMORY;
	id_new(now, id);
	request->request_id = id;
	request->filed_by = call->principal.account_id;
	request->filed_by_principal = call->principal.principal_id;
	request->purpose = call_text(call, "purpose", "");
	request->approval = "console";
	request->status = REQUEST_PENDING;
	request->created_at = request->updated_at = now;
	request->version = 1;
	return request_store(call, request);
}

enum result api_request_create(struct api_call *call)
{
	struct tool tool = {0};
	int days = 0;
	enum result result = api_request_check_filer(call);
	if (result == RESULT_OK && call->status == 0)
		result = api_request_check_tool(call, call_text(call, "toolId", ""), &tool, &days);
	if (result != RESULT_OK || call->status != 0)
		return result;
	struct access_request request = {
	    .tool_id = tool.tool_id,
	    .tool_text = tool.tool_id,
	    .account_id = call_text(call, "accountId", call->principal.account_id),
	    .duration_days = days,
	};
	return api_request_file(call, &request);
}

/* ---- deciding ---- */

static bool request_is_self(const struct api_call *call, const struct access_request *request)
{
	const struct principal *principal = &call->principal;
	return text_equal(principal->account_id, request->account_id) ||
	       (request->filed_by != NULL && text_equal(principal->account_id, request->filed_by)) ||
	       text_equal(principal->principal_id, request->filed_by_principal);
}

/* RESULT_OK with call->status set if the caller may not decide this one. */
static enum result request_check_decider(struct api_call *call, const struct access_request *request)
{
	if (call->principal.account_id == NULL)
		return request_refuse_unlinked(call);
	if (!text_equal(request->approval, "console"))
		return call_refuse(call, 409, "decided_in_jira", "This request is decided in Jira.");
	if (request_is_self(call, request))
		return call_refuse(call, 403, "self_approval",
		                   "Somebody who neither asked for this access nor would get it has to decide.");
	return RESULT_OK;
}

/* The snapshot that the grant's evidence stands on. */
static enum result request_decision(struct api_call *call, const char **ret_text)
{
	bool failed = false;
	_cleanup_(json_decrefp) json_t *decision = json_object();
	json_put_string(decision, "mode", "console", &failed);
	json_put_string(decision, "principalId", call->principal.principal_id, &failed);
	json_put_string(decision, "accountId", call->principal.account_id, &failed);
	json_put_time(decision, "at", call_now_ms(call), &failed);
	const char *text = failed ? NULL : json_write(call->arena, decision);
	if (text == NULL)
		return RESULT_NO_MEMORY;
	*ret_text = text;
	return RESULT_OK;
}

static enum result request_answer(struct api_call *call, const struct access_request *request, bool changed)
{
	const char *job_id = changed && request->grant_id != NULL ? api_job_of_grant(call, request->grant_id) : NULL;
	json_t *value = render_request(request);
	return value != NULL ? call_answer_job(call, value, job_id) : RESULT_NO_MEMORY;
}

static enum result request_apply(struct api_call *call, const struct access_request *request, enum request_event event)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct access_request after = {0};
	const char *comment = call_text(call, "comment", NULL);
	struct request_change change = {
	    .event = event,
	    .reason = text_is_empty(comment) ? NULL : comment,
	    .decided_by = call->principal.account_id != NULL ? call->principal.account_id : call->principal.principal_id,
	};
	enum result result = event == REQUEST_EVENT_CANCEL ? RESULT_OK : request_decision(call, &change.decision);
	if (result == RESULT_OK)
		result =
		    store->ops->request_apply(store, &actor, request->request_id, &change, call->arena, &after, &call->error);
	if (result != RESULT_OK)
		return result;
	if (event == REQUEST_EVENT_APPROVE && after.status == REQUEST_REFUSED)
		return call_refuse(call, 409, after.code != NULL ? after.code : "conflict", "%s",
		                   after.reason != NULL ? after.reason : "The request could not be approved any more.");
	call_wake_worker(call);
	return request_answer(call, &after, after.version != request->version);
}

static enum result request_match(struct api_call *call, const struct access_request *request)
{
	int64_t expected;
	_cleanup_(json_decrefp) json_t *present = render_request(request);
	return call_match(call, present, request->version, &expected);
}

static enum result request_decide(struct api_call *call, enum request_event event)
{
	struct access_request request = {0};
	enum result result = request_open(call, &request);
	if (result == RESULT_OK)
		result = request_check_decider(call, &request);
	if (result == RESULT_OK && call->status == 0)
		result = request_match(call, &request);
	if (result != RESULT_OK || call->status != 0)
		return result;
	return request_apply(call, &request, event);
}

enum result api_request_approve(struct api_call *call)
{
	return request_decide(call, REQUEST_EVENT_APPROVE);
}

enum result api_request_deny(struct api_call *call)
{
	return request_decide(call, REQUEST_EVENT_DENY);
}

enum result api_request_cancel(struct api_call *call)
{
	struct access_request request = {0};
	enum result result = request_open(call, &request);
	if (result == RESULT_OK)
		result = request_match(call, &request);
	if (result != RESULT_OK)
		return result;
	return request_apply(call, &request, REQUEST_EVENT_CANCEL);
}
