#include "server/api.h"

#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

enum result api_intake_read(struct api_call *call)
{
	struct store *store = call_store(call);
	struct intake_settings settings;
	enum result result = store->ops->intake_read(store, call->arena, &settings);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_intake(&settings));
}

/* A list of the body, or an empty one. NULL only without memory. */
static const char *const *intake_list(struct api_call *call, const char *name)
{
	const json_t *array = json_object_get(call->json, name);
	size_t count = json_array_size(array);
	const char **list = arena_array(call->arena, count + 1, sizeof *list);
	for (size_t i = 0; list != NULL && i < count; i++)
		list[i] = json_string_value(json_array_get(array, i));
	return list;
}

static enum result intake_written(struct api_call *call, struct intake_settings *ret_settings)
{
	struct intake_settings settings;
	intake_settings_default(&settings);
	struct {
		const char *name;
		const char *const **list;
	} lists[] = {
	    {"projectKeys", &settings.project_keys},
	    {"requestTypeIds", &settings.request_type_ids},
	    {"allowedApprovers", &settings.allowed_approvers},
	    {"allowedAuthors", &settings.allowed_authors},
	    {"approvedStatuses", &settings.approved_statuses},
	    {"deniedStatuses", &settings.denied_statuses},
	    {"revokedStatuses", &settings.revoked_statuses},
	    {"extensionRequestTypeIds", &settings.extension_request_type_ids},
	};
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		*lists[i].list = intake_list(call, lists[i].name);
		if (*lists[i].list == NULL)
			return RESULT_NO_MEMORY;
	}
	settings.extension_field = call_text(call, "extensionField", "");
	settings.tool_field = call_text(call, "toolField", "");
	settings.purpose_field = call_text(call, "purposeField", "");
	settings.duration_field = call_text(call, "durationField", "");
	settings.beneficiary = call_text(call, "beneficiary", "reporter");
	settings.approval = call_text(call, "approval", "jsm");
	settings.match_portal_customers = json_bool_at(call->json, "matchPortalCustomers", false);
	settings.write_back_comment = json_bool_at(call->json, "writeBack.comment", true);
	settings.transition_on_active = call_text(call, "writeBack.transitionOnActive", NULL);
	if (text_equal(settings.approval, "status") && settings.allowed_authors[0] == NULL)
		return call_fault(call, "allowedAuthors", "required", "mode status needs at least one author who may approve");
	*ret_settings = settings;
	return RESULT_OK;
}

enum result api_intake_replace(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct intake_settings present;
	struct intake_settings settings;
	int64_t expected = 0;
	enum result result = store->ops->intake_read(store, call->arena, &present);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *value = render_intake(&present);
	result = call_match(call, value, present.version, &expected);
	if (result == RESULT_OK)
		result = intake_written(call, &settings);
	if (result == RESULT_OK)
		result = store->ops->intake_write(store, &actor, &settings, expected, call->arena, &settings, &call->error);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return call_answer(call, 200, render_intake(&settings));
}
