#include "server/api.h"

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

enum result api_mapping_list(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct identity_mapping *mappings;
	size_t count;
	const char *next;
	const struct mapping_filter filter = {.code = call_query(call, "code"),
	                                      .connector_id = call_query(call, "connectorId"),
	                                      .account_id = call_query(call, "accountId")};
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->mapping_list(store, &filter, &page, call->arena, &mappings, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, render_mapping(&mappings[i])) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_mapping_read(struct api_call *call)
{
	struct store *store = call_store(call);
	struct identity_mapping mapping;
	enum result result = store->ops->mapping_read(store, call->parameters[0], call->arena, &mapping);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_mapping(&mapping));
}

enum result api_mapping_create(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	int64_t now = call_now_ms(call);
	char id[ID_SIZE];
	id_new(now, id);
	struct identity_mapping mapping = {
	    .mapping_id = id,
	    .account_id = call_text(call, "accountId", ""),
	    .connector_id = call_text(call, "connectorId", ""),
	    .external_id = call_text(call, "externalId", ""),
	    .note = call_text(call, "note", ""),
	    .created_at = now,
	    .updated_at = now,
	    .version = 1,
	};
	struct idempotency *record;
	const char *location = arena_printf(call->arena, "/api/v1/identity-mappings/%s", id);
	_cleanup_(json_decrefp) json_t *value = render_mapping(&mapping);
	enum result result = call_first_answer(call, location, value, &record);
	if (result == RESULT_OK)
		result = store->ops->mapping_create(store, &actor, &mapping, record, call->arena, &call->error);
	if (result == RESULT_NOT_FOUND)
		return call_fault(call, "connectorId", "not_one_of", "there is no such connector");
	if (result != RESULT_OK)
		return result;
	return call_answer_first(call, location, TAKE_PTR(value));
}

static enum result mapping_match(struct api_call *call, struct identity_mapping *ret_mapping, int64_t *ret_expected)
{
	struct store *store = call_store(call);
	enum result result = store->ops->mapping_read(store, call->parameters[0], call->arena, ret_mapping);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *present = render_mapping(ret_mapping);
	return call_match(call, present, ret_mapping->version, ret_expected);
}

enum result api_mapping_replace(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct identity_mapping mapping;
	struct identity_mapping replaced;
	int64_t expected;
	enum result result = mapping_match(call, &mapping, &expected);
	if (result != RESULT_OK)
		return result;
	mapping.external_id = call_text(call, "externalId", "");
	mapping.note = call_text(call, "note", "");
	result = store->ops->mapping_update(store, &actor, &mapping, expected, call->arena, &replaced, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_mapping(&replaced));
}

enum result api_mapping_delete(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct identity_mapping mapping;
	int64_t expected;
	enum result result = mapping_match(call, &mapping, &expected);
	if (result == RESULT_OK)
		result = store->ops->mapping_delete(store, &actor, mapping.mapping_id, expected, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_answer_nothing(call);
}

/* ---- what a provisioning would find ---- */

static enum result resolve_by_mapping(struct api_call *call, const char *account_id, const char *connector_id,
                                      struct identity_question *question)
{
	struct store *store = call_store(call);
	struct identity_mapping mapping;
	enum result result = store->ops->mapping_find(store, account_id, connector_id, call->arena, &mapping);
	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	question->mapping_external_id = mapping.external_id;
	question->pinned_object_id = mapping.resolved_object_id;
	return RESULT_OK;
}

static enum result resolve_without_directory(struct api_call *call, enum identity_outcome outcome, const char *code,
                                             const char *reason)
{
	struct identity_match match = {.outcome = outcome, .code = code, .reason = reason};
	return call_answer(call, 200, render_identity(&match));
}

/* The address as Jira tells it. RESULT_OK with call->status set if the answer is known without the directory. */
static enum result resolve_ask_jira(struct api_call *call, const char *account_id, struct identity_question *question)
{
	struct store *store = call_store(call);
	struct jira *jira = call->context->options.jira;
	struct intake_settings settings;
	struct jira_user user = {0};
	if (jira == NULL || account_id == NULL)
		return RESULT_OK;
	enum result result = store->ops->intake_read(store, call->arena, &settings);
	if (result != RESULT_OK)
		return result;
	result = jira_user_read(jira, account_id, call->arena, &user, &call->error);
	if (result == RESULT_NOT_FOUND)
		return resolve_without_directory(call, IDENTITY_NOT_FOUND, "user_not_found", "Jira knows no such account.");
	if (result != RESULT_OK)
		return call_refuse_remote(call);
	if (text_equal(user.account_type, "customer") && !settings.match_portal_customers)
		return resolve_without_directory(
		    call, IDENTITY_REFUSED, "portal_customer",
		    "The account exists in the customer portal alone; its address proves nothing.");
	if (question->address == NULL)
		question->address = user.email;
	return RESULT_OK;
}

enum result api_mapping_resolve(struct api_call *call)
{
	const char *connector_id = call_text(call, "connectorId", "");
	const char *account_id = call_text(call, "accountId", NULL);
	struct identity_question question = {.address = call_text(call, "email", NULL)};
	struct api_connector connector = {0};
	struct identity_match match = {0};
	if (account_id == NULL && question.address == NULL)
		return call_fault(call, "accountId", "required", "give accountId or email");
	enum result result = api_connector_open(call, connector_id, &connector);
	if (result == RESULT_THROTTLED)
		return call_refuse_remote(call);
	if (result == RESULT_OK && account_id != NULL)
		result = resolve_by_mapping(call, account_id, connector_id, &question);
	if (result == RESULT_OK && question.mapping_external_id == NULL)
		result = resolve_ask_jira(call, account_id, &question);
	if (result != RESULT_OK || call->status != 0)
		return result;
	result = connector.ops->match_user(call->context->options.environment, &connector.target, &question, call->arena,
	                                   &match, &call->error);
	if (result != RESULT_OK)
		return call_refuse_remote(call);
	return call_answer(call, 200, render_identity(&match));
}
