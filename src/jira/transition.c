#include "jira/jira_request.h"
#include "jira/jira_value.h"

/* By id first: a transition whose name looks like another's id must not win. */
static enum result transition_find(const json_t *answer, const char *wanted, struct arena *arena, const char **ret_id,
                                   struct error *error)
{
	const json_t *list = json_is_object(answer) ? json_object_get(answer, "transitions") : NULL;
	if (!json_is_array(list))
		return jira_bad_response(error, "Jira's transitions are not a list.");
	const char *by_name = NULL;
	size_t index;
	json_t *item;
	json_array_foreach(list, index, item)
	{
		const char *id = NULL;
		if (jira_value_id(json_at(item, "id"), arena, &id) != RESULT_OK)
			return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		if (id && text_equal(id, wanted)) {
			*ret_id = id;
			return RESULT_OK;
		}
		if (id && !by_name && text_equal(json_string_at(item, "name"), wanted))
			by_name = id;
	}
	if (!by_name)
		return error_set(error, RESULT_CONFLICT, "jira_transition_missing",
		                 "The issue offers no transition of that id or name now.");
	*ret_id = by_name;
	return RESULT_OK;
}

static enum result transition_perform(struct jira *jira, const char *path, const char *id, struct arena *arena,
                                      struct error *error)
{
	_cleanup_(json_decrefp) json_t *body = json_pack("{s:{s:s}}", "transition", "id", id);
	const char *text = body ? json_write(arena, body) : NULL;
	if (!text)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct jira_call call = {.method = "POST", .path = path, .body = text};
	struct error failure = {0};
	enum result result = jira_call(jira, &call, NULL, &failure);
	if (result == RESULT_PROTOCOL && failure.http_status == 400)
		return error_set(error, RESULT_CONFLICT, "jira_transition_missing",
		                 "Jira refused the transition: it is not offered any more, or its screen asks for a field.");
	if (result != RESULT_OK && error)
		*error = failure;
	return result;
}

enum result jira_transition(struct jira *jira, const char *issue, const char *transition, struct arena *arena,
                            struct error *error)
{
	const char *path = NULL;
	if (jira_path(arena, "/rest/api/3/issue/", issue, "/transitions", &path) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct jira_call list = {.method = "GET", .path = path};
	_cleanup_(json_decrefp) json_t *answer = NULL;
	enum result result = jira_call(jira, &list, &answer, error);
	const char *id = NULL;
	if (result == RESULT_OK)
		result = transition_find(answer, transition, arena, &id, error);
	if (result == RESULT_OK)
		result = transition_perform(jira, path, id, arena, error);
	return result;
}
