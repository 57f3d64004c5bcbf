/* Who may not decide, and lists of ids. */
#include "base/text.h"
#include "domain/decision_rules.h"

static bool change_is_reporter(const struct issue_change *change)
{
	if (!text_is_empty(change->field_id))
		return text_equal(change->field_id, "reporter");
	return !change->custom && text_equal_fold(change->field, "reporter");
}

bool decision_is_self(const struct decision_input *input, const char *account_id, int64_t since)
{
	if (account_id == NULL)
		return false;
	if (text_equal(account_id, input->issue->beneficiary) || text_equal(account_id, input->issue->reporter))
		return true;
	/* A reporter who hands the issue to somebody else after the deciding began has still filed it. */
	for (size_t at = 0; at < input->change_count; at++) {
		const struct issue_change *change = &input->changes[at];
		if (change->at >= since && change_is_reporter(change) &&
		    (text_equal(change->from, account_id) || text_equal(change->to, account_id)))
			return true;
	}
	return false;
}

enum result decision_ids_new(size_t capacity, struct arena *arena, struct decision_ids *ret_ids)
{
	const char **ids = arena_array(arena, capacity + 1, sizeof(*ids));
	if (ids == NULL)
		return RESULT_NO_MEMORY;
	*ret_ids = (struct decision_ids){.ids = ids, .capacity = capacity};
	return RESULT_OK;
}

enum result decision_ids_add(struct decision_ids *ids, const char *id, struct arena *arena)
{
	if (id == NULL || intake_list_has(ids->ids, id))
		return RESULT_OK;
	if (ids->count == ids->capacity)
		return RESULT_TOO_LARGE;
	char *copy = arena_strdup(arena, id);
	if (copy == NULL)
		return RESULT_NO_MEMORY;
	ids->ids[ids->count++] = copy;
	return RESULT_OK;
}

const char *decision_ids_join(const struct decision_ids *ids, struct arena *arena, bool *failed)
{
	char *joined = NULL;
	for (size_t at = 0; at < ids->count; at++) {
		joined = at == 0 ? arena_strdup(arena, ids->ids[at]) : arena_printf(arena, "%s,%s", joined, ids->ids[at]);
		if (joined == NULL) {
			*failed = true;
			return NULL;
		}
	}
	return joined;
}
