/* Connectors, tools, identities, settings. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/removal_brake.h"
#include "server/render.h"

static json_t *render_done(json_t *object, bool failed)
{
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

json_t *render_principal(const struct principal *principal)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "principalId", principal->principal_id, &failed);
	json_put_string(object, "kind", principal->kind, &failed);
	json_put_string(object, "role", role_name(principal->role), &failed);
	json_put_string(object, "accountId", principal->account_id, &failed);
	return render_done(object, failed);
}

static json_t *render_credential(const struct credential *credential, bool *failed)
{
	json_t *object = json_object();
	json_put_string(object, "kind", credential_kind_name(credential->kind), failed);
	json_put_string(object, "source", credential_source_name(credential->source), failed);
	json_put_string(object, "reference", credential->reference, failed);
	json_put_time(object, "expiresAt", credential->expires_at, failed);
	json_put_time(object, "storedAt", credential->stored_at, failed);
	return object;
}

/* JSON text that we wrote ourselves; anything else shows as null rather than as a failure of the whole object. */
static json_t *render_kept(const char *text, json_t *otherwise)
{
	json_t *value = NULL;
	if (text == NULL || json_read(text, strlen(text), &value, NULL) != RESULT_OK)
		return otherwise;
	json_decref(otherwise);
	return value;
}

#define STALE_MS (INT64_C(30) * 24 * 3600 * 1000)

static bool is_stale(const struct connector_settings *connector, int64_t now_ms)
{
	int64_t used = connector->last_used_at > connector->created_at ? connector->last_used_at : connector->created_at;
	return now_ms - used > STALE_MS;
}

/* One incident of the connector, group by group. Its reason is the first one's. */
static json_t *render_held(const struct held_removals *held, bool *failed)
{
	json_t *groups = json_array();
	for (size_t i = 0; i < held->group_count; i++) {
		json_t *group = json_object();
		json_put_string(group, "groupId", held->groups[i].group_id, failed);
		json_put(group, "count", json_integer(held->groups[i].count), failed);
		json_put_string(group, "reason", held->groups[i].reason, failed);
		json_put_time(group, "since", held->groups[i].since, failed);
		if (json_array_append_new(groups, group) != 0)
			*failed = true;
	}
	json_t *object = json_object();
	json_put(object, "count", json_integer(held->count), failed);
	json_put_string(object, "reason", held->groups[0].reason, failed);
	json_put_time(object, "since", held->since, failed);
	json_put(object, "groups", groups, failed);
	return object;
}

json_t *render_connector(const struct connector_settings *connector, int64_t now_ms)
{
	bool failed = false;
	json_t *config = json_object();
	json_put_string(config, "tenantId", connector->tenant_id, &failed);
	json_put_string(config, "clientId", connector->client_id, &failed);
	json_put_string(config, "cloud", connector->cloud, &failed);
	json_t *object = json_object();
	json_put_string(object, "connectorId", connector->connector_id, &failed);
	json_put_string(object, "type", connector->type, &failed);
	json_put_string(object, "name", connector->name, &failed);
	json_put_string(object, "description", connector->description, &failed);
	json_put_string(object, "groupMode", connector->group_mode, &failed);
	json_put(object, "enabled", json_boolean(connector->enabled), &failed);
	json_put(object, "config", config, &failed);
	json_put(object, "credential", render_credential(&connector->credential, &failed), &failed);
	json_put_string(object, "health", connector->health, &failed);
	json_put(object, "lastTest", render_kept(connector->last_test, json_null()), &failed);
	json_put(object, "toolCount", json_integer(connector->tool_count), &failed);
	if (connector->held != NULL)
		json_put(object, "heldRemovals", render_held(connector->held, &failed), &failed);
	json_put_time(object, "lastUsedAt", connector->last_used_at, &failed);
	if (is_stale(connector, now_ms))
		json_put(object, "stale", json_true(), &failed);
	json_put_time(object, "createdAt", connector->created_at, &failed);
	json_put_time(object, "updatedAt", connector->updated_at, &failed);
	return render_done(object, failed);
}

json_t *render_group_candidate(const struct connector_group_check *group)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "groupId", group->facts.group_id, &failed);
	json_put_string(object, "displayName", group->facts.display_name, &failed);
	json_put_string(object, "description", group->facts.description, &failed);
	json_put(object, "manageable", json_boolean(group->manageable), &failed);
	json_put_string(object, "code", group->code, &failed);
	return render_done(object, failed);
}

static json_t *render_entitlement_group(const struct entitlement_group *group, bool *failed)
{
	if (group->mode == NULL)
		return json_null();
	json_t *object = json_object();
	json_put_string(object, "mode", group->mode, failed);
	json_put_string(object, "groupId", group->group_id, failed);
	json_put_string(object, "displayName", group->display_name, failed);
	json_put(object, "manageable", json_boolean(group->manageable), failed);
	json_put_string(object, "code", group->code, failed);
	json_put_time(object, "checkedAt", group->checked_at, failed);
	return object;
}

static json_t *render_days(const struct expiry_warnings *warnings, bool *failed)
{
	json_t *days = json_array();
	for (size_t i = 0; i < warnings->count; i++) {
		if (json_array_append_new(days, json_integer(warnings->days[i])) != 0)
			*failed = true;
	}
	return days;
}

json_t *render_tool(const struct tool *tool)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "toolId", tool->tool_id, &failed);
	json_put_string(object, "name", tool->name, &failed);
	json_put_string(object, "vendor", tool->vendor, &failed);
	json_put_string(object, "url", tool->url, &failed);
	json_put_string(object, "description", tool->description, &failed);
	json_put_string(object, "risk", tool->risk, &failed);
	json_put(object, "defaultDurationDays", json_integer(tool->default_duration_days), &failed);
	json_put(object, "maxDurationDays", json_integer(tool->max_duration_days), &failed);
	json_put(object, "requestable", json_boolean(tool->requestable), &failed);
	json_put(object, "expiryWarningDays", render_days(&tool->expiry_warnings, &failed), &failed);
	json_put(object, "reviewBeforeExpiry", json_boolean(tool->review_before_expiry), &failed);
	json_put(object, "reviewDays", json_integer(tool->review_days), &failed);
	json_put_string(object, "connectorId", tool->connector_id, &failed);
	json_put_string(object, "drift", tool->drift != NULL ? tool->drift : "report", &failed);
	json_put(object, "entitlementGroup", render_entitlement_group(&tool->group, &failed), &failed);
	if (tool->stop != NULL)
		render_stop(object, tool->stop, &failed);
	return render_done(object, failed);
}

static json_t *render_user(const char *object_id, const char *user_principal_name, bool *failed)
{
	if (object_id == NULL)
		return json_null();
	json_t *object = json_object();
	json_put_string(object, "objectId", object_id, failed);
	json_put_string(object, "userPrincipalName", user_principal_name, failed);
	return object;
}

json_t *render_mapping(const struct identity_mapping *mapping)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "mappingId", mapping->mapping_id, &failed);
	json_put_string(object, "accountId", mapping->account_id, &failed);
	json_put_string(object, "connectorId", mapping->connector_id, &failed);
	json_put_string(object, "externalId", mapping->external_id, &failed);
	json_put_string(object, "note", mapping->note, &failed);
	json_put(object, "resolved",
	         render_user(mapping->resolved_object_id, mapping->resolved_user_principal_name, &failed), &failed);
	json_put_string(object, "code", mapping->code, &failed);
	json_put_time(object, "checkedAt", mapping->checked_at, &failed);
	return render_done(object, failed);
}

json_t *render_identity(const struct identity_match *match)
{
	bool failed = false;
	const struct directory_user *user = match->outcome == IDENTITY_MATCHED ? &match->user : NULL;
	json_t *object = json_object();
	json_put_string(object, "outcome", identity_outcome_name(match->outcome), &failed);
	json_put_string(object, "code", match->code, &failed);
	json_put(
	    object, "user",
	    render_user(user != NULL ? user->object_id : NULL, user != NULL ? user->user_principal_name : NULL, &failed),
	    &failed);
	json_put(object, "candidates", identity_match_candidates(match), &failed);
	json_put_string(object, "reason", match->reason != NULL ? match->reason : "", &failed);
	return render_done(object, failed);
}

static json_t *render_strings(const char *const *list, bool *failed)
{
	json_t *array = json_array();
	for (; *list != NULL; list++) {
		if (json_array_append_new(array, json_string(*list)) != 0)
			*failed = true;
	}
	return array;
}

json_t *render_intake(const struct intake_settings *settings)
{
	bool failed = false;
	json_t *write_back = json_object();
	json_put(write_back, "comment", json_boolean(settings->write_back_comment), &failed);
	json_put_string(write_back, "transitionOnActive", settings->transition_on_active, &failed);
	json_t *object = json_object();
	json_put(object, "projectKeys", render_strings(settings->project_keys, &failed), &failed);
	json_put(object, "requestTypeIds", render_strings(settings->request_type_ids, &failed), &failed);
	if (settings->extension_request_type_ids[0] != NULL)
		json_put(object, "extensionRequestTypeIds", render_strings(settings->extension_request_type_ids, &failed),
		         &failed);
	if (!text_is_empty(settings->extension_field))
		json_put_string(object, "extensionField", settings->extension_field, &failed);
	json_put_string(object, "toolField", settings->tool_field, &failed);
	json_put_string(object, "purposeField", settings->purpose_field, &failed);
	json_put_string(object, "durationField", settings->duration_field, &failed);
	json_put_string(object, "beneficiary", settings->beneficiary, &failed);
	json_put_string(object, "approval", settings->approval, &failed);
	json_put(object, "allowedApprovers", render_strings(settings->allowed_approvers, &failed), &failed);
	json_put(object, "allowedAuthors", render_strings(settings->allowed_authors, &failed), &failed);
	json_put(object, "approvedStatuses", render_strings(settings->approved_statuses, &failed), &failed);
	json_put(object, "deniedStatuses", render_strings(settings->denied_statuses, &failed), &failed);
	json_put(object, "revokedStatuses", render_strings(settings->revoked_statuses, &failed), &failed);
	json_put(object, "matchPortalCustomers", json_boolean(settings->match_portal_customers), &failed);
	json_put(object, "writeBack", write_back, &failed);
	return render_done(object, failed);
}
