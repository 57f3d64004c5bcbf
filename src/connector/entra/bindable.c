/* An operator's limit is checked at bind and at every write, so the question must be cheap: by id and by name it costs
 * nothing beyond reading the group; ownership costs one batch. Graph's v1.0 leaves service principals out of some lists
 * of directory objects, so a group whose owners do not show us is asked once more with its owners expanded. */
#include "connector/entra/bindable.h"

#include <string.h>

#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/token_claims.h"

#define NAME_PREFIX "prefix:"
#define ID_PREFIX "ids:"

bool bindable_is_owned_mode(const char *rule)
{
	return text_equal(rule, "owned");
}

/* `list` is comma-separated; spaces around an id are not part of it. */
static bool list_names(const char *list, const char *group_id)
{
	size_t length = strlen(group_id);
	for (const char *at = list; *at != '\0';) {
		at += strspn(at, ", \t");
		size_t word = strcspn(at, ", \t");
		if (word == length && strncasecmp(at, group_id, word) == 0)
			return true;
		at += word;
	}
	return false;
}

enum bindable bindable_judge(const char *rule, const char *group_id, const char *display_name)
{
	if (rule == NULL || text_equal(rule, "any"))
		return BINDABLE_YES;
	if (bindable_is_owned_mode(rule))
		return BINDABLE_IF_OWNED;
	if (text_starts_with(rule, NAME_PREFIX)) {
		const char *prefix = rule + strlen(NAME_PREFIX);
		bool fits = prefix[0] != '\0' && display_name != NULL && text_starts_with(display_name, prefix);
		return fits ? BINDABLE_YES : BINDABLE_NO;
	}
	if (text_starts_with(rule, ID_PREFIX) && list_names(rule + strlen(ID_PREFIX), group_id))
		return BINDABLE_YES;
	return BINDABLE_NO;
}

static bool list_holds(const json_t *list, const char *object_id)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));
		if (id != NULL && text_equal_fold(id, object_id))
			return true;
	}
	return false;
}

/* Where the answer of each round keeps the owners. */
static const char *const rounds[] = {"value", "owners"};

static char *round_path(size_t round, const char *group_id, struct arena *arena)
{
	if (round == 0)
		return arena_printf(arena, "/groups/%s/owners?$select=id&$top=999", group_id);
	return arena_printf(arena, "/groups/%s?$select=id&$expand=owners($select=id)", group_id);
}

/* At most BATCH_MAX groups; those already known as owned are left out. */
static enum result block_ask(struct graph_session *session, size_t round, const char *object_id,
                             const char *const *group_ids, size_t count, bool *owned, struct error *error)
{
	struct graph_request requests[BATCH_MAX];
	struct batch_item items[BATCH_MAX];
	size_t places[BATCH_MAX];
	size_t asked = 0;
	for (size_t i = 0; i < count; i++) {
		if (owned[i])
			continue;
		const char *path = round_path(round, group_ids[i], session->arena);
		if (path == NULL)
			return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		places[asked] = i;
		requests[asked++] = (struct graph_request){.method = GRAPH_GET, .path = path};
	}
	if (asked == 0)
		return RESULT_OK;
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result = batch_perform(session, requests, asked, &answer, items, error);
	for (size_t i = 0; result == RESULT_OK && i < asked; i++) {
		if (items[i].result == RESULT_OK) {
			owned[places[i]] = list_holds(json_object_get(items[i].body, rounds[round]), object_id);
		} else if (items[i].error.retryable) {
			if (error != NULL)
				*error = items[i].error;
			result = items[i].result;
		}
	}
	return result;
}

enum result bindable_find_owned(struct graph_session *session, const char *const *group_ids, size_t count,
                                bool *ret_owned, struct error *error)
{
	memset(ret_owned, 0, count * sizeof(*ret_owned));
	struct entra_claims claims = {0};
	enum result result = RESULT_OK;
	if (session->token != NULL)
		result = entra_claims_read(session->token, session->arena, &claims);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Out of memory.");
	if (claims.object_id == NULL)
		return RESULT_OK;
	for (size_t round = 0; round < ARRAY_SIZE(rounds); round++)
		for (size_t start = 0; start < count; start += BATCH_MAX) {
			size_t block = count - start < BATCH_MAX ? count - start : BATCH_MAX;
			result = block_ask(session, round, claims.object_id, group_ids + start, block, ret_owned + start, error);
			if (result != RESULT_OK)
				return result;
		}
	return RESULT_OK;
}

enum result bindable_check(struct graph_session *session, const struct group_facts *facts, bool *ret_allowed,
                           struct error *error)
{
	enum bindable judged = bindable_judge(session->environment->bindable_groups, facts->group_id, facts->display_name);
	bool allowed = judged == BINDABLE_YES;
	if (judged == BINDABLE_IF_OWNED) {
		enum result result = bindable_find_owned(session, &facts->group_id, 1, &allowed, error);
		if (result != RESULT_OK)
			return result;
	}
	*ret_allowed = allowed;
	return RESULT_OK;
}
