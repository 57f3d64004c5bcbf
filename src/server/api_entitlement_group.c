/* The one group that controls a tool. Bound: its flags are read first, now, from the directory; a group that we could
 * not keep right is refused by the name of what stands in the way. Created: a job does it. */
#include "server/api.h"

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "domain/code.h"
#include "server/render.h"

static enum result group_match(struct api_call *call, struct tool *ret_tool)
{
	int64_t expected;
	return api_tool_match(call, ret_tool, &expected);
}

static enum result group_refuse(struct api_call *call, const char *code)
{
	const struct code *known = code_find(code);
	return call_refuse(call, 409, code, "%s%s%s", known != NULL ? known->summary : "The group cannot be bound.",
	                   known != NULL && known->remedy != NULL ? " " : "",
	                   known != NULL && known->remedy != NULL ? known->remedy : "");
}

static enum result group_check_body(struct api_call *call)
{
	if (call_text(call, "groupId", NULL) == NULL)
		return call_fault(call, "groupId", "required", "must be given");
	return RESULT_OK;
}

/* The connector of the tool, tested. RESULT_OK with call->status set if it is refused. */
static enum result group_open_connector(struct api_call *call, const struct tool *tool,
                                        struct api_connector *ret_connector)
{
	if (tool->connector_id == NULL)
		return call_refuse(call, 409, "connector_not_tested",
		                   "The tool has no connector; give it one, and test that, before a group is bound.");
	enum result result = api_connector_open(call, tool->connector_id, ret_connector);
	if (result == RESULT_THROTTLED)
		return call_refuse_remote(call);
	if (result != RESULT_OK)
		return result;
	const char *health = ret_connector->settings.health;
	if (!text_equal(health, "passed") && !text_equal(health, "warning"))
		return call_refuse(call, 409, "connector_not_tested",
		                   "The connector's last test neither passed nor warned; test it first.");
	return RESULT_OK;
}

/* RESULT_OK with call->status set if it is refused. */
static enum result group_read_flags(struct api_call *call, const struct api_connector *connector,
                                    struct entitlement_group *ret_group)
{
	struct connector_group_check check = {0};
	enum result result = connector->ops->read_group(call->context->options.environment, &connector->target,
	                                                call_text(call, "groupId", ""), call->arena, &check, &call->error);
	if (result == RESULT_NOT_FOUND)
		return group_refuse(call, call->error.code[0] != '\0' ? call->error.code : "group_missing");
	if (result != RESULT_OK)
		return call_refuse_remote(call);
	if (!check.manageable)
		return group_refuse(call, check.code);
	*ret_group = (struct entitlement_group){
	    .mode = "bind",
	    .group_id = check.facts.group_id,
	    .display_name = check.facts.display_name,
	    .manageable = true,
	    .code = check.code,
	    .checked_at = call_now_ms(call),
	    .allow_shared = json_bool_at(call->json, "allowShared", false),
	};
	return RESULT_OK;
}

static enum result group_bind(struct api_call *call, struct tool *tool)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct api_connector connector = {0};
	struct entitlement_group group = {0};
	enum result result = group_check_body(call);
	if (result == RESULT_OK)
		result = group_open_connector(call, tool, &connector);
	if (result != RESULT_OK || call->status != 0)
		return result;
	if (connector.ops == NULL)
		return RESULT_UNAVAILABLE;
	result = group_read_flags(call, &connector, &group);
	if (result != RESULT_OK || call->status != 0)
		return result;
	result = store->ops->tool_bind_group(store, &actor, tool->tool_id, &group, call->arena, tool, &call->error);
	if (result == RESULT_OK)
		result = api_tool_see(call, tool);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_tool(tool));
}

/* ---- creating one ---- */

#define MARK_BYTES 8
#define TOOL_PART_MAX 35 /* the whole stays within Graph's 64 characters for a mail nickname */

/* What every attempt of the job asks for. The name by which the group is found again is of this creation alone: a group
 * that was unbound earlier, with whoever is in it, is not taken for the new one. */
static const char *creation_write(struct api_call *call, const struct tool *tool)
{
	uint8_t mark[MARK_BYTES];
	char hex[2 * MARK_BYTES + 1];
	bool failed = false;
	const char *name = call_text(call, "displayName", NULL);
	id_random_bytes(mark, sizeof(mark));
	text_hex_encode(mark, sizeof(mark), hex);
	if (text_is_empty(name))
		name = arena_printf(call->arena, "AI Clearance - %s - Users", tool->name);
	const char *unique = arena_printf(call->arena, "aiclearance-%.*s-%s", TOOL_PART_MAX, tool->tool_id, hex);
	_cleanup_(json_decrefp) json_t *progress = json_object();
	json_put_string(progress, "uniqueName", unique, &failed);
	json_put_string(progress, "displayName", name, &failed);
	json_put_string(progress, "description", call_text(call, "description", NULL), &failed);
	return failed || unique == NULL || name == NULL ? NULL : json_write(call->arena, progress);
}

/* RESULT_OK with call->status set if it is refused. */
static enum result creation_check(struct api_call *call, const struct tool *tool)
{
	struct api_connector connector = {0};
	if (call_text(call, "groupId", NULL) != NULL)
		return call_fault(call, "groupId", "not_allowed", "a group that is created has no id yet");
	enum result result = group_open_connector(call, tool, &connector);
	if (result != RESULT_OK || call->status != 0)
		return result;
	if (!text_equal(connector.settings.group_mode, "create"))
		return call_fault(call, "mode", "not_one_of",
		                  "the connector's groupMode is bind: set it to create, consent to Group.Create, and test it");
	return RESULT_OK;
}

static enum result group_create(struct api_call *call, const struct tool *tool)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct idempotency *record = NULL;
	struct tool present;
	char fresh[ID_SIZE];
	const char *job_id = NULL;
	enum result result = creation_check(call, tool);
	if (result != RESULT_OK || call->status != 0)
		return result;
	id_new(call_now_ms(call), fresh);
	const struct group_order order = {
	    .job_id = fresh, .progress = creation_write(call, tool), .expected_version = tool->version};
	if (order.progress == NULL)
		return RESULT_NO_MEMORY;
	_cleanup_(json_decrefp) json_t *value = render_tool(tool);
	result = call_first_answer_job(call, value, fresh, &record);
	if (result == RESULT_OK)
		result = store->ops->tool_start_group(store, &actor, tool->tool_id, &order, record, call->arena, &present,
		                                      &job_id, &call->error);
	if (result == RESULT_OK)
		result = api_tool_see(call, &present);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return call_answer_first_job(call, render_tool(&present), job_id);
}

enum result api_tool_bind_group(struct api_call *call)
{
	struct tool tool;
	enum result result = group_match(call, &tool);
	if (result != RESULT_OK)
		return result;
	if (text_equal(call_text(call, "mode", ""), "create"))
		return group_create(call, &tool);
	return group_bind(call, &tool);
}

enum result api_tool_unbind_group(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct tool tool;
	enum result result = group_match(call, &tool);
	if (result == RESULT_OK)
		result = store->ops->tool_unbind_group(store, &actor, tool.tool_id, &call->error);
	if (result != RESULT_OK)
		return result;
	return call_answer_nothing(call);
}
