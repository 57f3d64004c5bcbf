/* Every approval of a service request. An approval that is not seen could be the one still pending, so an answer that
 * cannot be understood, or that does not come to an end, is a failure and never "no more". What a decision says in
 * words that we do not know counts as pending. Read only: no decision is ever posted. */
#include <stdio.h>
#include <string.h>

#include "jira/jira_request.h"
#include "jira/jira_value.h"

#define PAGE_SIZE 50
#define PAGES_MAX 100

struct approval_list {
	struct approval *items;
	size_t count;
	size_t capacity;
};

static enum result no_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static enum approval_state state_of(const json_t *value)
{
	const char *text = json_string_value(value);
	if (text && text_equal_fold(text, "approved"))
		return APPROVAL_APPROVED;
	if (text && text_equal_fold(text, "declined"))
		return APPROVAL_DECLINED;
	return APPROVAL_PENDING;
}

static enum result approvers_read(const json_t *values, struct arena *arena, struct approval *approval)
{
	approval->approver_count = json_array_size(values);
	approval->approvers = arena_array(arena, approval->approver_count + 1, sizeof(*approval->approvers));
	if (!approval->approvers)
		return RESULT_NO_MEMORY;
	size_t index;
	json_t *value;
	json_array_foreach(values, index, value)
	{
		struct approver *approver = &approval->approvers[index];
		if (jira_value_account(json_at(value, "approver"), arena, &approver->account_id) != RESULT_OK)
			return RESULT_NO_MEMORY;
		if (!approver->account_id)
			approver->account_id = "";
		approver->decision = state_of(json_at(value, "approverDecision"));
		/* A nameless person's word counts for nothing. */
		if (approver->account_id[0] == '\0' && approver->decision == APPROVAL_APPROVED)
			approver->decision = APPROVAL_PENDING;
	}
	return RESULT_OK;
}

static enum result approval_read(const json_t *value, struct arena *arena, struct approval *ret_approval,
                                 struct error *error)
{
	struct approval approval = {0};
	if (!json_is_object(value))
		return jira_bad_response(error, "Jira's list of approvals holds an entry that cannot be read.");
	if (jira_value_id(json_object_get(value, "id"), arena, &approval.approval_id) != RESULT_OK)
		return no_memory(error);
	approval.final_decision = state_of(json_object_get(value, "finalDecision"));
	approval.created_at = jira_value_date(json_object_get(value, "createdDate"));
	approval.completed_at = jira_value_date(json_object_get(value, "completedDate"));
	if (!approval.approval_id || approval.created_at == 0)
		return jira_bad_response(error, "Jira's list of approvals holds one without an id or a date of creation.");
	if (approvers_read(json_object_get(value, "approvers"), arena, &approval) != RESULT_OK)
		return no_memory(error);
	*ret_approval = approval;
	return RESULT_OK;
}

static bool list_has(const struct approval_list *list, const char *approval_id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (text_equal(list->items[i].approval_id, approval_id))
			return true;
	}
	return false;
}

static enum result list_add(struct approval_list *list, const struct approval *approval, struct arena *arena)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		struct approval *grown = arena_array(arena, capacity, sizeof(*grown));
		if (!grown)
			return RESULT_NO_MEMORY;
		if (list->count > 0)
			memcpy(grown, list->items, list->count * sizeof(*grown));
		list->items = grown;
		list->capacity = capacity;
	}
	list->items[list->count++] = *approval;
	return RESULT_OK;
}

static enum result page_read(const json_t *page, int64_t *start, struct arena *arena, struct approval_list *list,
                             bool *ret_last, struct error *error)
{
	const json_t *values = json_is_object(page) ? json_object_get(page, "values") : NULL;
	if (!json_is_array(values))
		return jira_bad_response(error, "Jira's approvals are not a list.");
	size_t index;
	json_t *value;
	json_array_foreach(values, index, value)
	{
		struct approval approval = {0};
		enum result result = approval_read(value, arena, &approval, error);
		if (result != RESULT_OK)
			return result;
		/* Pages may overlap while an approval is being added. */
		if (!list_has(list, approval.approval_id) && list_add(list, &approval, arena) != RESULT_OK)
			return no_memory(error);
	}
	*start += (int64_t)json_array_size(values);
	*ret_last = json_array_size(values) == 0 || jira_value_bool(json_object_get(page, "isLastPage"), false);
	return RESULT_OK;
}

static enum result page_fetch(struct jira *jira, const char *issue, int64_t start, struct arena *arena,
                              json_t **ret_page, struct error *error)
{
	char query[64];
	snprintf(query, sizeof(query), "/approval?start=%lld&limit=%d", (long long)start, PAGE_SIZE);
	const char *path = NULL;
	if (jira_path(arena, "/rest/servicedeskapi/request/", issue, query, &path) != RESULT_OK)
		return no_memory(error);
	const struct jira_call call = {.method = "GET", .path = path};
	return jira_call(jira, &call, ret_page, error);
}

enum result jira_approvals_read(struct jira *jira, const char *issue, struct arena *arena,
                                struct approval **ret_approvals, size_t *ret_count, struct error *error)
{
	struct approval_list list = {0};
	int64_t start = 0;
	bool last = false;
	for (int i = 0; !last; i++) {
		if (i == PAGES_MAX)
			return jira_bad_response(error, "Jira's approvals do not come to an end.");
		_cleanup_(json_decrefp) json_t *page = NULL;
		enum result result = page_fetch(jira, issue, start, arena, &page, error);
		if (result == RESULT_NOT_FOUND && i == 0)
			break;
		if (result == RESULT_OK)
			result = page_read(page, &start, arena, &list, &last, error);
		if (result != RESULT_OK)
			return result;
	}
	*ret_approvals = list.items;
	*ret_count = list.count;
	return RESULT_OK;
}
