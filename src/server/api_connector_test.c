/* Routes that ask a directory while somebody waits: the connection test and the search for groups.
 *
 * The answer is due 25 s after the request came in, whatever the other side does. So the deadline counts from arrival,
 * and a call that spent its time in the queue is told so instead of being begun. */
#include "server/api.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "secrets/credential_opener.h"
#include "server/render.h"

#define SECRET_FRESH_MS INT64_C(300000)
/* Less than this, and not even a healthy directory would answer in time. */
#define OUTBOUND_LEAST_MS 2000

enum result api_connector_aim(struct api_call *call, const struct connector_settings *settings,
                              struct api_connector *ret_connector)
{
	const struct server_options *options = &call->context->options;
	struct credential_opener *opener = arena_alloc(call->arena, sizeof *opener);
	const struct connector_ops *ops = connector_registry_find(settings->type);
	int64_t deadline = call->arrived_ms + API_OUTBOUND_MS;
	if (opener == NULL) {
		error_set(&call->error, RESULT_NO_MEMORY, NULL, "There is no memory left.");
		return RESULT_NO_MEMORY;
	}
	if (ops == NULL) {
		error_set(&call->error, RESULT_INVALID, "validation_failed", "There is no connector of this type.");
		return RESULT_INVALID;
	}
	if (deadline - clock_monotonic_ms(options->clock) < OUTBOUND_LEAST_MS) {
		error_set(&call->error, RESULT_THROTTLED, "unavailable",
		          "Too many calls wait for the directory now; try again in a moment.");
		return RESULT_THROTTLED;
	}
	credential_opener_init(opener, settings, options->master_key, options->allow);
	ret_connector->settings = *settings;
	ret_connector->ops = ops;
	ret_connector->target = (struct connector_target){.settings = settings,
	                                                  .secret = &opener->source,
	                                                  .certificate = credential_opener_certificate(opener),
	                                                  .deadline_ms = deadline};
	return RESULT_OK;
}

enum result api_connector_open(struct api_call *call, const char *connector_id, struct api_connector *ret_connector)
{
	struct store *store = call_store(call);
	struct connector_settings *settings = arena_alloc(call->arena, sizeof *settings);
	if (settings == NULL)
		return RESULT_NO_MEMORY;
	enum result result = store->ops->connector_read(store, connector_id, call->arena, settings);
	if (result != RESULT_OK)
		return result;
	return api_connector_aim(call, settings, ret_connector);
}

enum result api_connector_run_test(struct api_call *call, const struct api_connector *connector,
                                   struct connector_test *ret_test)
{
	struct store *store = call_store(call);
	const struct connector_settings *settings = connector->target.settings;
	struct tool *tools;
	size_t count;
	enum result result = store->ops->tool_list_bound(store, settings->connector_id, call->arena, &tools, &count);
	if (result != RESULT_OK)
		return error_set(&call->error, result, "unavailable", "The store does not answer.");
	struct connector_test_input input = {
	    .bound_tools = tools,
	    .bound_tool_count = count,
	    .secret_is_fresh = call_now_ms(call) - settings->credential.stored_at < SECRET_FRESH_MS,
	};
	return connector->ops->test(call->context->options.environment, &connector->target, &input, call->arena, ret_test,
	                            &call->error);
}

/* A group stays known by the name under which an admin bound it, so that a new name shows in every test until it is
 * bound again. */
static struct entitlement_group *found_groups(struct api_call *call, const struct connector_test *test)
{
	struct entitlement_group *groups = arena_array(call->arena, test->group_count, sizeof(*groups));
	for (size_t i = 0; groups != NULL && i < test->group_count; i++) {
		const struct connector_group_check *check = &test->groups[i];
		groups[i] = (struct entitlement_group){.group_id = check->facts.group_id,
		                                       .manageable = check->manageable,
		                                       .code = check->code,
		                                       .checked_at = call_now_ms(call)};
	}
	return groups;
}

enum result api_connector_save_test(struct api_call *call, const struct connector_settings *settings,
                                    const struct connector_test *test)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	const struct connector_test_record record = {
	    .credential_version = settings->credential.version,
	    .outcome = test->outcome,
	    .report = json_write(call->arena, test->report),
	    .credential_expires_at = test->credential_expires_at,
	    .incident_code = test->incident_code,
	    .incident_detail = test->incident_detail,
	    .groups = found_groups(call, test),
	    .group_count = test->group_count,
	};
	if (record.report == NULL || (record.groups == NULL && record.group_count > 0))
		return RESULT_NO_MEMORY;
	return store->ops->connector_save_test(store, &actor, settings->connector_id, &record, &call->error);
}

static enum result connector_check_match(struct api_call *call, const struct connector_settings *settings)
{
	int64_t expected;
	if (call->headers.if_match == NULL)
		return RESULT_OK;
	_cleanup_(json_decrefp) json_t *present = render_connector(settings, call_now_ms(call));
	return call_match(call, present, settings->version, &expected);
}

enum result api_connector_test(struct api_call *call)
{
	struct api_connector connector = {0};
	struct connector_test test = {0};
	enum result result = api_connector_open(call, call->parameters[0], &connector);
	if (result == RESULT_THROTTLED)
		return call_refuse_remote(call);
	if (result == RESULT_OK)
		result = connector_check_match(call, connector.target.settings);
	if (result != RESULT_OK)
		return result;
	result = api_connector_run_test(call, &connector, &test);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *report = test.report;
	/* What was remembered from before may be just what the test found mended: a token without the new consent, a
	 * refusal. */
	connector.ops->forget(connector.target.settings->connector_id);
	result = api_connector_save_test(call, connector.target.settings, &test);
	if (result != RESULT_OK)
		return result;
	call_wake_worker(call);
	return call_answer(call, 200, TAKE_PTR(report));
}

/* The directory keeps no place for us: a page begins after so many, and what came before is asked for again. */
static enum result groups_begin(struct api_call *call, size_t *ret_skip, size_t *ret_limit)
{
	struct page page;
	int64_t skip = 0;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK && page.after != NULL)
		result = text_parse_int(page.after, 0, CONNECTOR_SEARCH_MAX, &skip);
	if (result != RESULT_OK)
		return result;
	*ret_skip = (size_t)skip;
	*ret_limit = (size_t)page.limit;
	return RESULT_OK;
}

static enum result groups_answer(struct api_call *call, const struct connector_group_check *groups, size_t count,
                                 size_t skip, size_t limit)
{
	const char *next = NULL;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = skip; i < count && i < skip + limit; i++) {
		if (json_array_append_new(items, render_group_candidate(&groups[i])) != 0)
			return RESULT_NO_MEMORY;
	}
	if (count > skip + limit) {
		next = arena_printf(call->arena, "%zu", skip + limit);
		if (next == NULL)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_connector_groups(struct api_call *call)
{
	struct api_connector connector = {0};
	struct connector_group_check *groups;
	size_t count;
	size_t skip = 0;
	size_t limit = 0;
	enum result result = groups_begin(call, &skip, &limit);
	if (result == RESULT_OK)
		result = api_connector_open(call, call->parameters[0], &connector);
	if (result == RESULT_THROTTLED)
		return call_refuse_remote(call);
	if (result != RESULT_OK)
		return result;
	result =
	    connector.ops->search_groups(call->context->options.environment, &connector.target, call_query(call, "search"),
	                                 skip + limit + 1, call->arena, &groups, &count, &call->error);
	if (result != RESULT_OK)
		return call_refuse_remote(call);
	return groups_answer(call, groups, count, skip, limit);
}
