/* Connectors: what an admin writes, and the secret in it.
 *
 * A client secret is taken out of the parsed body and sealed before anything else is done with the call; from then on
 * only the sealed bytes exist here. The raw body was wiped by the router, the parsed value is wiped when jansson frees
 * it. */
#include "server/api.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "secrets/credential_opener.h"
#include "secrets/sealed.h"
#include "server/render.h"

/* What is held of it, where something is. */
static enum result connector_add_held(struct api_call *call, struct connector_settings *connector)
{
	struct store *store = call_store(call);
	struct held_removals *held = arena_alloc(call->arena, sizeof(*held));
	if (held == NULL)
		return RESULT_NO_MEMORY;
	enum result result = store->ops->removals_held(store, connector->connector_id, call->arena, held);
	if (result == RESULT_OK && held->group_count > 0)
		connector->held = held;
	return result;
}

enum result api_connector_list(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct connector_settings *connectors;
	size_t count;
	const char *next;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->connector_list(store, &page, call->arena, &connectors, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		result = connector_add_held(call, &connectors[i]);
		if (result != RESULT_OK)
			return result;
		if (json_array_append_new(items, render_connector(&connectors[i], call_now_ms(call))) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

static enum result connector_read(struct api_call *call, struct connector_settings *ret_connector)
{
	struct store *store = call_store(call);
	struct connector_settings connector;
	enum result result = store->ops->connector_read(store, call->parameters[0], call->arena, &connector);
	if (result == RESULT_OK)
		result = connector_add_held(call, &connector);
	if (result == RESULT_OK)
		*ret_connector = connector;
	return result;
}

enum result api_connector_read(struct api_call *call)
{
	struct connector_settings connector;
	enum result result = connector_read(call, &connector);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_connector(&connector, call_now_ms(call)));
}

/* ---- the credential ---- */

static enum result connector_seal(struct api_call *call, const char *connector_id, json_t *config,
                                  struct credential *credential)
{
	const char *secret = json_string_at(config, "clientSecret");
	const char *bound_to = arena_printf(call->arena, "connector:%s", connector_id);
	uint8_t *sealed;
	size_t length;
	if (bound_to == NULL)
		return RESULT_NO_MEMORY;
	enum result result =
	    sealed_seal(call->context->options.master_key, bound_to, secret, strlen(secret), call->arena, &sealed, &length);
	json_object_del(config, "clientSecret");
	if (result != RESULT_OK)
		return result;
	credential->kind = CREDENTIAL_CLIENT_SECRET;
	credential->source = CREDENTIAL_SEALED;
	credential->sealed = sealed;
	credential->sealed_length = length;
	return RESULT_OK;
}

static void connector_refer(struct credential *credential, enum credential_kind kind, const char *reference,
                            const char *certificate_reference)
{
	credential->kind = kind;
	credential->source = CREDENTIAL_REFERENCE;
	credential->reference = reference;
	credential->certificate_reference = certificate_reference;
}

/* Exactly one of the four, or none where `optional`. *ret_given tells. */
static enum result connector_credential(struct api_call *call, const char *connector_id, bool optional,
                                        struct credential *ret_credential, bool *ret_given)
{
	static const char *const kinds[] = {"clientSecret", "secretRef", "certificate", "federated"};
	json_t *config = json_object_get(call->json, "config");
	struct credential credential = {.stored_at = call_now_ms(call), .version = 1};
	size_t given = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		given += json_object_get(config, kinds[i]) != NULL;
	if (given > 1 || (given == 0 && !optional))
		return call_fault(call, "config", given > 1 ? "not_one_of" : "required",
		                  "give exactly one of clientSecret, secretRef, certificate, federated");
	enum result result = RESULT_OK;
	if (json_object_get(config, "clientSecret") != NULL)
		result = connector_seal(call, connector_id, config, &credential);
	else if (json_object_get(config, "secretRef") != NULL)
		connector_refer(&credential, CREDENTIAL_CLIENT_SECRET, json_string_at(config, "secretRef"), NULL);
	else if (json_object_get(config, "certificate") != NULL)
		connector_refer(&credential, CREDENTIAL_CERTIFICATE, json_string_at(config, "certificate.keyRef"),
		                json_string_at(config, "certificate.certRef"));
	else if (given > 0)
		connector_refer(&credential, CREDENTIAL_FEDERATED, json_string_at(config, "federated.tokenRef"), NULL);
	if (result != RESULT_OK)
		return result;
	*ret_given = given > 0;
	if (given > 0)
		*ret_credential = credential;
	return RESULT_OK;
}

static void connector_written(struct api_call *call, struct connector_settings *connector)
{
	connector->name = call_text(call, "name", "");
	connector->description = call_text(call, "description", "");
	connector->group_mode = call_text(call, "groupMode", "bind");
	connector->tenant_id = call_text(call, "config.tenantId", "");
	connector->client_id = call_text(call, "config.clientId", "");
	connector->cloud = call_text(call, "config.cloud", "global");
}

enum result api_connector_create(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	int64_t now = call_now_ms(call);
	struct connector_settings connector = {
	    .connector_id = call_text(call, "connectorId", ""),
	    .type = call_text(call, "type", "entra"),
	    .enabled = true,
	    .health = "untested",
	    .created_at = now,
	    .updated_at = now,
	    .version = 1,
	};
	bool given;
	enum result result = connector_credential(call, connector.connector_id, false, &connector.credential, &given);
	if (result != RESULT_OK)
		return result;
	connector_written(call, &connector);
	struct idempotency *record;
	const char *location = arena_printf(call->arena, "/api/v1/connectors/%s", connector.connector_id);
	_cleanup_(json_decrefp) json_t *value = render_connector(&connector, call_now_ms(call));
	result = call_first_answer(call, location, value, &record);
	if (result == RESULT_OK)
		result = store->ops->connector_create(store, &actor, &connector, record, call->arena, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_answer_first(call, location, TAKE_PTR(value));
}

/* ---- replacing ---- */

/* Did Entra refuse the credential, or can it not even be shown to Entra? A login host that could not be reached, was
 * down or asked us to wait has said nothing about it. */
static bool connector_is_refused(const json_t *report)
{
	size_t index;
	json_t *check;
	json_array_foreach(json_object_get(report, "checks"), index, check)
	{
		const char *name = json_string_at(check, "check");
		const char *code = json_string_at(check, "code");
		if (!text_equal(json_string_at(check, "outcome"), "failed"))
			continue;
		if (text_equal(name, "credential"))
			return true;
		if (text_equal(name, "token"))
			return !text_equal(code, "login_throttled") && !text_equal(code, "login_unavailable");
	}
	return false;
}

static const char *connector_first_fault(const json_t *report)
{
	size_t index;
	json_t *check;
	json_array_foreach(json_object_get(report, "checks"), index, check)
	{
		if (text_equal(json_string_at(check, "outcome"), "failed"))
			return json_string_at(check, "code");
	}
	return NULL;
}

/* The problem body of a refused credential carries the whole report: the admin reads there what Entra said. */
static enum result connector_refuse_credential(struct api_call *call, const char *connector_id, json_t *report)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	const char *code = connector_first_fault(report);
	_cleanup_(text_done) struct text detail = TEXT_INIT(512);
	text_append(&detail, "{\"code\":");
	text_append_json(&detail, code != NULL ? code : "");
	text_append(&detail, "}");
	if (text_failed(&detail))
		return RESULT_NO_MEMORY;
	enum result result = store->ops->audit_note(store, &actor, "connector.credentialRefused", "connector", connector_id,
	                                            "failed", detail.data, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_refuse_with(call, 422, code != NULL ? code : "validation_failed", "report", report,
	                        "The new credential does not work, so the old one stays; the report says why.");
}

/* RESULT_OK with call->status set if it was refused. The report of *ret_test is the caller's, also then. */
static enum result connector_try_credential(struct api_call *call, const struct connector_settings *connector,
                                            struct connector_test *ret_test)
{
	struct api_connector aimed = {0};
	enum result result = api_connector_aim(call, connector, &aimed);
	if (result == RESULT_OK)
		result = api_connector_run_test(call, &aimed, ret_test);
	if (result != RESULT_OK)
		return call_refuse_remote(call);
	if (connector_is_refused(ret_test->report))
		return connector_refuse_credential(call, connector->connector_id, ret_test->report);
	return RESULT_OK;
}

/* `test`: of the credential that is stored with it; its report is NULL where none was given. */
static enum result connector_store_replaced(struct api_call *call, const struct connector_settings *connector,
                                            int64_t expected, const struct connector_test *test)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct connector_settings replaced;
	enum result result = store->ops->connector_update(store, &actor, connector, test->report != NULL, expected,
	                                                  call->arena, &replaced, &call->error);
	if (result != RESULT_OK)
		return result;
	const struct connector_ops *ops = connector_registry_find(connector->type);
	if (ops != NULL)
		ops->forget(connector->connector_id);
	if (test->report != NULL)
		result = api_connector_save_test(call, &replaced, test);
	if (result == RESULT_OK)
		result = connector_read(call, &replaced);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return call_answer(call, 200, render_connector(&replaced, call_now_ms(call)));
}

/* Before the credential is tried: it belongs to the present directory, and is shown to no other one. */
static enum result connector_check_tenant(struct api_call *call, const struct connector_settings *present)
{
	if (!connector_leaves_tenant(present, call_text(call, "config.tenantId", ""),
	                             call_text(call, "config.cloud", "global")))
		return RESULT_OK;
	return error_set(&call->error, RESULT_CONFLICT, "connector_tenant_fixed", CONNECTOR_TENANT_FIXED_SENTENCE);
}

enum result api_connector_replace(struct api_call *call)
{
	struct connector_settings connector;
	struct connector_test test = {0};
	int64_t expected;
	bool given;
	enum result result = connector_read(call, &connector);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *present = render_connector(&connector, call_now_ms(call));
	result = call_match(call, present, connector.version, &expected);
	struct credential credential = connector.credential;
	if (result == RESULT_OK)
		result = connector_credential(call, connector.connector_id, true, &credential, &given);
	if (result == RESULT_OK)
		result = connector_check_tenant(call, &connector);
	if (result != RESULT_OK)
		return result;
	connector_written(call, &connector);
	if (given) {
		credential.version = connector.credential.version + 1;
		connector.credential = credential;
		result = connector_try_credential(call, &connector, &test);
	}
	if (result == RESULT_OK && call->status == 0)
		result = connector_store_replaced(call, &connector, expected, &test);
	json_decref(test.report);
	return result;
}

/* ---- the rest
 * --------------------------------------------------------------------------------------------------------------------
 */

static enum result connector_match(struct api_call *call, struct connector_settings *ret_connector,
                                   int64_t *ret_expected)
{
	enum result result = connector_read(call, ret_connector);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *present = render_connector(ret_connector, call_now_ms(call));
	return call_match(call, present, ret_connector->version, ret_expected);
}

enum result api_connector_delete(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct connector_settings connector;
	int64_t expected;
	enum result result = connector_match(call, &connector, &expected);
	if (result == RESULT_OK)
		result = store->ops->connector_delete(store, &actor, connector.connector_id, expected, &call->error);
	if (result != RESULT_OK)
		return result;
	const struct connector_ops *ops = connector_registry_find(connector.type);
	if (ops != NULL)
		ops->forget(connector.connector_id);
	return call_answer_nothing(call);
}

static enum result connector_set_enabled(struct api_call *call, bool enabled)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct connector_settings connector;
	int64_t expected;
	enum result result = connector_match(call, &connector, &expected);
	if (result == RESULT_OK)
		result = store->ops->connector_set_enabled(store, &actor, connector.connector_id, enabled, call->arena,
		                                           &connector, &call->error);
	if (result == RESULT_OK)
		result = connector_add_held(call, &connector);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return call_answer(call, 200, render_connector(&connector, call_now_ms(call)));
}

enum result api_connector_enable(struct api_call *call)
{
	return connector_set_enabled(call, true);
}

enum result api_connector_disable(struct api_call *call)
{
	return connector_set_enabled(call, false);
}

static enum result connector_settle_held(struct api_call *call,
                                         enum result (*settle)(struct store *store, const struct actor *actor,
                                                               const char *connector_id, struct error *error))
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct connector_settings connector;
	int64_t expected;
	enum result result = connector_match(call, &connector, &expected);
	if (result == RESULT_OK)
		result = settle(store, &actor, connector.connector_id, &call->error);
	if (result == RESULT_OK)
		result = connector_read(call, &connector);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return call_answer(call, 200, render_connector(&connector, call_now_ms(call)));
}

enum result api_connector_release_removals(struct api_call *call)
{
	return connector_settle_held(call, call_store(call)->ops->removals_release);
}

enum result api_connector_cancel_removals(struct api_call *call)
{
	return connector_settle_held(call, call_store(call)->ops->removals_cancel);
}
