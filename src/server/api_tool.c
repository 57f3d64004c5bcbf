#include "server/api.h"

#include "base/json.h"
#include "domain/extension.h"
#include "server/render.h"

#define DURATION_DEFAULT 90
#define DURATION_MAX_DEFAULT 180

enum result api_tool_list(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct tool *tools;
	size_t count;
	const char *next;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->tool_list(store, &page, call->arena, &tools, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		result = api_tool_see(call, &tools[i]);
		if (result != RESULT_OK)
			return result;
		if (json_array_append_new(items, render_tool(&tools[i])) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_tool_open(struct api_call *call, struct tool *ret_tool)
{
	struct store *store = call_store(call);
	enum result result = store->ops->tool_read(store, call->parameters[0], call->arena, ret_tool);
	return result == RESULT_OK ? api_tool_see(call, ret_tool) : result;
}

enum result api_tool_match(struct api_call *call, struct tool *ret_tool, int64_t *ret_expected)
{
	enum result result = api_tool_open(call, ret_tool);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *present = render_tool(ret_tool);
	return call_match(call, present, ret_tool->version, ret_expected);
}

enum result api_tool_read(struct api_call *call)
{
	struct tool tool;
	enum result result = api_tool_open(call, &tool);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_tool(&tool));
}

/* A tool names its connector: one that does not exist is a fault of the body, not of the path. */
static enum result tool_check_connector(struct api_call *call, const char *connector_id)
{
	struct store *store = call_store(call);
	struct connector_settings connector;
	if (connector_id == NULL)
		return RESULT_OK;
	enum result result = store->ops->connector_read(store, connector_id, call->arena, &connector);
	if (result == RESULT_NOT_FOUND)
		return call_fault(call, "connectorId", "not_one_of", "there is no such connector");
	return result;
}

/* Held to its shape before: whole numbers, each once, and not too many. */
static struct expiry_warnings tool_warnings(const json_t *list)
{
	struct expiry_warnings warnings = {0};
	if (list == NULL)
		return expiry_warnings_default;
	for (size_t i = 0; i < json_array_size(list) && i < EXPIRY_WARNING_DAYS_MOST; i++)
		warnings.days[warnings.count++] = (int)json_integer_value(json_array_get(list, i));
	return warnings;
}

static enum result tool_written(struct api_call *call, struct tool *tool)
{
	const json_t *requestable = json_object_get(call->json, "requestable");
	tool->name = call_text(call, "name", "");
	tool->vendor = call_text(call, "vendor", "");
	tool->url = call_text(call, "url", "");
	tool->description = call_text(call, "description", "");
	tool->risk = call_text(call, "risk", "medium");
	tool->max_duration_days = (int)json_integer_at(call->json, "maxDurationDays", DURATION_MAX_DEFAULT);
	int usual = tool->max_duration_days < DURATION_DEFAULT ? tool->max_duration_days : DURATION_DEFAULT;
	tool->default_duration_days = (int)json_integer_at(call->json, "defaultDurationDays", usual);
	tool->requestable = requestable == NULL || json_is_true(requestable);
	tool->expiry_warnings = tool_warnings(json_object_get(call->json, "expiryWarningDays"));
	tool->review_before_expiry = json_bool_at(call->json, "reviewBeforeExpiry", false);
	tool->review_days = (int)json_integer_at(call->json, "reviewDays", REVIEW_DAYS_DEFAULT);
	tool->connector_id = call_text(call, "connectorId", NULL);
	tool->drift = call_text(call, "drift", "report");
	if (tool->default_duration_days > tool->max_duration_days)
		return call_fault(call, "defaultDurationDays", "out_of_range", "must not be over maxDurationDays");
	return tool_check_connector(call, tool->connector_id);
}

enum result api_tool_create(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	int64_t now = call_now_ms(call);
	struct tool tool = {.tool_id = call_text(call, "toolId", ""), .created_at = now, .updated_at = now, .version = 1};
	struct idempotency *record;
	enum result result = tool_written(call, &tool);
	if (result != RESULT_OK)
		return result;
	const char *location = arena_printf(call->arena, "/api/v1/tools/%s", tool.tool_id);
	_cleanup_(json_decrefp) json_t *value = render_tool(&tool);
	result = call_first_answer(call, location, value, &record);
	if (result == RESULT_OK)
		result = store->ops->tool_create(store, &actor, &tool, record, call->arena, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_answer_first(call, location, TAKE_PTR(value));
}

enum result api_tool_replace(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct tool tool;
	struct tool replaced;
	int64_t expected;
	enum result result = api_tool_match(call, &tool, &expected);
	if (result == RESULT_OK)
		result = tool_written(call, &tool);
	if (result == RESULT_OK)
		result = store->ops->tool_update(store, &actor, &tool, expected, call->arena, &replaced, &call->error);
	if (result == RESULT_OK)
		result = api_tool_see(call, &replaced);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_tool(&replaced));
}

enum result api_tool_delete(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct tool tool;
	int64_t expected;
	enum result result = api_tool_match(call, &tool, &expected);
	if (result == RESULT_OK)
		result = store->ops->tool_delete(store, &actor, tool.tool_id, expected, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_answer_nothing(call);
}
