#include "connector/entra/member_limits.h"

#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/bindable.h"
#include "connector/entra/groups.h"
#include "connector/entra/transport.h"

struct limit_check {
	struct graph_session *session;
	const char *const *group_ids;
	const struct member_limits *limits;
	size_t *asking; /* the groups whose owners are to be asked for */
	size_t asking_count;
};

static void forbid(const struct limit_check *check, size_t group, const struct error *error)
{
	check->limits->forbid(check->limits->context, group, error);
}

static void forbid_by_rule(const struct limit_check *check, size_t group)
{
	struct error error;
	error_set(&error, RESULT_DENIED, "group_not_allowed",
	          "The operator's setting bindable_groups does not let this service change that group.");
	error.retry_after_ms = -1;
	forbid(check, group, &error);
}

/* `name` NULL: not known. */
static void group_judge(struct limit_check *check, size_t group, const char *name)
{
	const char *rule = check->session->environment->bindable_groups;
	switch (bindable_judge(rule, check->group_ids[group], name)) {
	case BINDABLE_NO:
		forbid_by_rule(check, group);
		break;
	case BINDABLE_IF_OWNED:
		check->asking[check->asking_count++] = group;
		break;
	case BINDABLE_YES:
		break;
	}
}

static void group_read(struct limit_check *check, size_t group)
{
	struct group_facts facts;
	struct error error = {.retry_after_ms = -1};
	if (entra_group_fetch(check->session, check->group_ids[group], &facts, &error) == RESULT_OK)
		group_judge(check, group, facts.display_name);
	else
		forbid(check, group, &error);
}

/* A group that is not simply there is asked for once more by itself, which finds out what it is. */
static void item_judge(struct limit_check *check, size_t group, const struct batch_item *item)
{
	struct group_facts facts;
	if (item->result == RESULT_THROTTLED)
		forbid(check, group, &item->error);
	else if (item->result == RESULT_OK &&
	         entra_group_facts_read(item->body, check->session->arena, &facts) == RESULT_OK &&
	         text_equal_fold(facts.group_id, check->group_ids[group]))
		group_judge(check, group, facts.display_name);
	else
		group_read(check, group);
}

/* At most BATCH_MAX of them, and at least two. */
static void groups_read(struct limit_check *check, size_t first, size_t count)
{
	struct graph_request requests[BATCH_MAX] = {0};
	struct batch_item items[BATCH_MAX];
	struct error error = {.retry_after_ms = -1};
	enum result result = RESULT_OK;
	for (size_t i = 0; i < count; i++) {
		const char *path = entra_group_path(check->session->arena, check->group_ids[first + i]);
		requests[i] = (struct graph_request){.method = GRAPH_GET, .path = path};
		if (path == NULL)
			result = error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	}
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	if (result == RESULT_OK)
		result = batch_perform(check->session, requests, count, &answer, items, &error);
	bool alone = batch_is_refused(&answer, result);
	for (size_t i = 0; i < count; i++) {
		if (result == RESULT_OK)
			item_judge(check, first + i, &items[i]);
		else if (alone)
			group_read(check, first + i);
		else
			forbid(check, first + i, &error);
	}
}

static void owners_ask(const struct limit_check *check)
{
	struct graph_session *session = check->session;
	const char **ids = arena_array(session->arena, check->asking_count, sizeof(*ids));
	bool *owned = arena_array(session->arena, check->asking_count, sizeof(*owned));
	struct error error = {.retry_after_ms = -1};
	enum result result = error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	if (ids != NULL && owned != NULL) {
		for (size_t i = 0; i < check->asking_count; i++)
			ids[i] = check->group_ids[check->asking[i]];
		result = bindable_find_owned(session, ids, check->asking_count, owned, &error);
	}
	for (size_t i = 0; i < check->asking_count; i++) {
		if (result != RESULT_OK)
			forbid(check, check->asking[i], &error);
		else if (!owned[i])
			forbid_by_rule(check, check->asking[i]);
	}
}

void member_limits_check(struct graph_session *session, const char *const *group_ids, size_t count,
                         const struct member_limits *limits)
{
	const char *rule = session->environment->bindable_groups;
	struct limit_check check = {.session = session, .group_ids = group_ids, .limits = limits};
	if (rule == NULL || text_equal(rule, "any"))
		return;
	check.asking = arena_array(session->arena, count, sizeof(*check.asking));
	struct error error;
	error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	bool by_id = text_starts_with(rule, "ids:");
	for (size_t start = 0; start < count; start += BATCH_MAX) {
		size_t block = count - start < BATCH_MAX ? count - start : BATCH_MAX;
		if (check.asking != NULL && !by_id && block > 1) {
			groups_read(&check, start, block);
			continue;
		}
		for (size_t i = start; i < start + block; i++) {
			if (check.asking == NULL)
				forbid(&check, i, &error);
			else if (by_id)
				group_judge(&check, i, NULL);
			else
				group_read(&check, i);
		}
	}
	if (check.asking_count > 0)
		owners_ask(&check);
}
