/* Taking access away at once: a tool is stopped, or everything of a person is revoked. First asked what that would do,
 * then told to do it, with the id once more. */
#include "server/api.h"

#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

/* ---- what it would do, and whom it covers ---- */

static enum result stop_items(struct api_call *call, const struct stop_filter *filter, json_t **ret_items,
                              const char **ret_next)
{
	struct store *store = call_store(call);
	struct page page;
	struct stop_item *list = NULL;
	size_t count = 0;
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->stop_list(store, filter, &page, call->arena, &list, &count, ret_next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, render_stop_item(&list[i])) != 0)
			return RESULT_NO_MEMORY;
	}
	if (items == NULL)
		return RESULT_NO_MEMORY;
	*ret_items = TAKE_PTR(items);
	return RESULT_OK;
}

static enum result stop_answer_preview(struct api_call *call, enum stop_kind kind)
{
	struct store *store = call_store(call);
	const struct stop_filter filter = {.kind = kind, .subject = call->parameters[0], .preview = true};
	struct stop_preview preview;
	const char *next = NULL;
	json_t *items = NULL;
	enum result result = store->ops->stop_preview(store, kind, filter.subject, &preview);
	if (result == RESULT_OK)
		result = stop_items(call, &filter, &items, &next);
	if (result != RESULT_OK)
		return result;
	const char *cursor = next != NULL ? call_cursor(call, next) : NULL;
	json_t *value = render_stop_preview(&preview, items, cursor);
	return value != NULL && (cursor != NULL || next == NULL) ? call_answer(call, 200, value) : RESULT_NO_MEMORY;
}

static enum result stop_answer_list(struct api_call *call, enum stop_kind kind)
{
	struct store *store = call_store(call);
	const struct stop_filter filter = {
	    .kind = kind, .subject = call->parameters[0], .outcome = call_query(call, "outcome")};
	struct stop_preview known;
	const char *next = NULL;
	json_t *items = NULL;
	enum result result = store->ops->stop_preview(store, kind, filter.subject, &known);
	if (result == RESULT_OK)
		result = stop_items(call, &filter, &items, &next);
	return result == RESULT_OK ? call_answer_list(call, items, next) : result;
}

enum result api_tool_stop_list(struct api_call *call)
{
	return stop_answer_list(call, STOP_TOOL);
}

enum result api_person_revoke_list(struct api_call *call)
{
	return stop_answer_list(call, STOP_PERSON);
}

/* ---- doing it ---- */

static bool stop_is_dry(const struct api_call *call)
{
	return json_bool_at(call->query, "dryRun", false);
}

static enum result stop_check_confirm(struct api_call *call)
{
	const char *confirm = call_text(call, "confirm", NULL);
	if (confirm == NULL)
		return call_fault(call, "confirm", "required", "must repeat the id of the path; ?dryRun=true needs none");
	if (!text_equal(confirm, call->parameters[0]))
		return call_fault(call, "confirm", "not_one_of", "must repeat the id of the path");
	return RESULT_OK;
}

static enum result stop_begin(struct api_call *call, enum stop_kind kind, int64_t expected)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	const char *reason = call_text(call, "reason", NULL);
	const struct stop_order order = {
	    .kind = kind, .subject = call->parameters[0], .reason = text_is_empty(reason) ? NULL : reason};
	enum result result = store->ops->stop_begin(store, &actor, &order, expected, &call->error);
	if (result == RESULT_OK)
		call_wake_worker(call);
	return result;
}

/* ---- tools ---- */

enum result api_tool_see(struct api_call *call, struct tool *tool)
{
	struct store *store = call_store(call);
	if (!tool->stopped)
		return RESULT_OK;
	struct stop *stop = arena_alloc(call->arena, sizeof(*stop));
	if (stop == NULL)
		return RESULT_NO_MEMORY;
	enum result result = store->ops->stop_read(store, STOP_TOOL, tool->tool_id, call->arena, stop);
	/* What an admin wrote may name people: it is for those who look after the service. */
	if (call->principal.role != ROLE_ADMIN && call->principal.role != ROLE_AUDITOR)
		stop->reason = NULL;
	if (result == RESULT_OK)
		tool->stop = stop;
	return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* resumed since the tool was read */
}

enum result api_tool_stop(struct api_call *call)
{
	struct tool tool;
	int64_t expected = 0;
	if (stop_is_dry(call))
		return stop_answer_preview(call, STOP_TOOL);
	enum result result = stop_check_confirm(call);
	if (result == RESULT_OK)
		result = api_tool_match(call, &tool, &expected);
	if (result == RESULT_OK)
		result = stop_begin(call, STOP_TOOL, expected);
	return result == RESULT_OK ? api_tool_read(call) : result;
}

enum result api_tool_resume(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct tool tool;
	int64_t expected = 0;
	enum result result = api_tool_match(call, &tool, &expected);
	if (result == RESULT_OK)
		result = store->ops->tool_resume(store, &actor, call->parameters[0], expected, &call->error);
	return result == RESULT_OK ? api_tool_read(call) : result;
}

/* ---- people ---- */

enum result api_person_read(struct api_call *call)
{
	struct store *store = call_store(call);
	const char *account_id = call->parameters[0];
	struct stop_preview open;
	struct stop stop;
	enum result result = store->ops->stop_preview(store, STOP_PERSON, account_id, &open);
	if (result != RESULT_OK)
		return result;
	result = store->ops->stop_read(store, STOP_PERSON, account_id, call->arena, &stop);
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		return result;
	return call_answer(call, 200, render_person(account_id, &open, result == RESULT_OK ? &stop : NULL));
}

enum result api_person_revoke(struct api_call *call)
{
	if (stop_is_dry(call))
		return stop_answer_preview(call, STOP_PERSON);
	enum result result = stop_check_confirm(call);
	if (result == RESULT_OK)
		result = stop_begin(call, STOP_PERSON, 0);
	return result == RESULT_OK ? api_person_read(call) : result;
}
