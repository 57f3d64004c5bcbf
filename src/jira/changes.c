/* The change history. What stands here decides whether an approval was about the very thing that would be granted, so a
 * page that cannot be understood is a failure, never a gap: a change that is not seen is a change that is not held
 * against anybody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jira/jira_request.h"
#include "jira/jira_value.h"

#define PAGE_SIZE 100
#define PAGES_MAX 100
#define CHANGES_MAX 50000
#define SHORT_MAX 255

struct change_list {
	struct issue_change *items;
	size_t count;
	size_t capacity;
};

static enum result no_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static struct issue_change *list_add(struct change_list *list, struct arena *arena)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		struct issue_change *grown = arena_array(arena, capacity, sizeof(*grown));
		if (!grown)
			return NULL;
		if (list->count > 0)
			memcpy(grown, list->items, list->count * sizeof(*grown));
		list->items = grown;
		list->capacity = capacity;
	}
	return &list->items[list->count++];
}

/* A long text is a description or the like, of which nothing is decided: many of them would only fill the memory. */
static enum result short_read(const json_t *item, const char *name, struct arena *arena, const char **ret_text)
{
	const json_t *value = json_object_get(item, name);
	if (json_is_string(value) && json_string_length(value) > SHORT_MAX)
		return RESULT_OK;
	return jira_value_id(value, arena, ret_text);
}

/* A kind that Jira did not tell could be a custom one, unless the name is one of Jira's own. */
static bool is_custom(const json_t *item, const char *field)
{
	static const char *const system_names[] = {"status",   "reporter",    "assignee", "resolution", "priority",
	                                           "summary",  "description", "labels",   "comment",    "attachment",
	                                           "workflow", "link",        "rank",     "duedate",    "issuetype"};
	const char *kind = json_string_at(item, "fieldtype");
	if (!text_is_empty(kind))
		return text_equal(kind, "custom");
	for (size_t i = 0; i < ARRAY_SIZE(system_names); i++) {
		if (text_equal_fold(field, system_names[i]))
			return false;
	}
	return true;
}

static enum result item_read(const json_t *item, struct arena *arena, struct issue_change *change)
{
	if (short_read(item, "fieldId", arena, &change->field_id) != RESULT_OK ||
	    short_read(item, "field", arena, &change->field) != RESULT_OK ||
	    short_read(item, "from", arena, &change->from) != RESULT_OK ||
	    short_read(item, "to", arena, &change->to) != RESULT_OK ||
	    short_read(item, "fromString", arena, &change->from_text) != RESULT_OK ||
	    short_read(item, "toString", arena, &change->to_text) != RESULT_OK)
		return RESULT_NO_MEMORY;
	if (!change->field)
		change->field = "";
	change->custom = is_custom(item, change->field);
	return RESULT_OK;
}

static enum result history_read(const json_t *history, struct arena *arena, struct change_list *list,
                                struct error *error)
{
	const json_t *items = json_is_object(history) ? json_object_get(history, "items") : NULL;
	if (!json_is_object(history) || (items && !json_is_array(items) && !json_is_null(items)))
		return jira_bad_response(error, "Jira's change history holds an entry that cannot be read.");
	struct issue_change head = {0};
	if (jira_value_id(json_object_get(history, "id"), arena, &head.history_id) != RESULT_OK ||
	    jira_value_account(json_object_get(history, "author"), arena, &head.author_account_id) != RESULT_OK)
		return no_memory(error);
	head.at = jira_value_date(json_object_get(history, "created"));
	if (json_array_size(items) > 0 && (!head.history_id || head.at == 0))
		return jira_bad_response(error, "Jira's change history holds an entry without an id or a date.");
	size_t index;
	json_t *item;
	json_array_foreach(items, index, item)
	{
		if (!json_is_object(item) || list->count >= CHANGES_MAX)
			return jira_bad_response(error, "Jira's change history holds a change that cannot be read.");
		struct issue_change *change = list_add(list, arena);
		if (!change)
			return no_memory(error);
		*change = head;
		if (item_read(item, arena, change) != RESULT_OK)
			return no_memory(error);
	}
	return RESULT_OK;
}

static enum result page_fetch(struct jira *jira, const char *issue, int64_t start, struct arena *arena,
                              json_t **ret_page, struct error *error)
{
	char query[64];
	snprintf(query, sizeof(query), "/changelog?startAt=%lld&maxResults=%d", (long long)start, PAGE_SIZE);
	const char *path = NULL;
	if (jira_path(arena, "/rest/api/3/issue/", issue, query, &path) != RESULT_OK)
		return no_memory(error);
	const struct jira_call call = {.method = "GET", .path = path};
	return jira_call(jira, &call, ret_page, error);
}

static enum result page_read(const json_t *page, int64_t *start, struct arena *arena, struct change_list *list,
                             bool *ret_last, struct error *error)
{
	const json_t *values = json_is_object(page) ? json_object_get(page, "values") : NULL;
	if (!json_is_array(values))
		return jira_bad_response(error, "Jira's change history is not a list.");
	size_t index;
	json_t *history;
	json_array_foreach(values, index, history)
	{
		enum result result = history_read(history, arena, list, error);
		if (result != RESULT_OK)
			return result;
	}
	*start += (int64_t)json_array_size(values);
	int64_t total = json_integer_at(page, "total", -1);
	*ret_last = json_array_size(values) == 0 || jira_value_bool(json_object_get(page, "isLast"), false) ||
	            (total >= 0 && !json_object_get(page, "isLast") && *start >= total);
	return RESULT_OK;
}

static int change_compare(const void *a, const void *b)
{
	const struct issue_change *left = a;
	const struct issue_change *right = b;
	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	/* Ids of one instant grow with time: the shorter decimal text is the smaller number. */
	size_t left_length = strlen(left->history_id);
	size_t right_length = strlen(right->history_id);
	if (left_length != right_length)
		return left_length < right_length ? -1 : 1;
	return strcmp(left->history_id, right->history_id);
}

enum result jira_changes_read(struct jira *jira, const char *issue, struct arena *arena,
                              struct issue_change **ret_changes, size_t *ret_count, struct error *error)
{
	struct change_list list = {0};
	int64_t start = 0;
	bool last = false;
	for (int i = 0; !last; i++) {
		if (i == PAGES_MAX)
			return jira_bad_response(error, "Jira's change history does not come to an end.");
		_cleanup_(json_decrefp) json_t *page = NULL;
		enum result result = page_fetch(jira, issue, start, arena, &page, error);
		if (result == RESULT_OK)
			result = page_read(page, &start, arena, &list, &last, error);
		if (result != RESULT_OK)
			return result;
	}
	if (list.count > 1)
		qsort(list.items, list.count, sizeof(*list.items), change_compare);
	*ret_changes = list.items;
	*ret_count = list.count;
	return RESULT_OK;
}
