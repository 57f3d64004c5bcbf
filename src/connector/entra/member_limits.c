#include "connector/entra/member_limits.h"

#include "base/text.h"
#include "connector/entra/bindable.h"
#include "connector/entra/group_reads.h"

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

static void groups_read(struct limit_check *check, size_t count)
{
	struct group_read *reads = arena_array(check->session->arena, count, sizeof(*reads));
	struct error error = {.retry_after_ms = -1};
	error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	if (reads != NULL)
		group_reads_perform(check->session, check->group_ids, count, reads);
	for (size_t i = 0; i < count; i++) {
		if (reads == NULL || reads[i].result != RESULT_OK)
			forbid(check, i, reads != NULL ? &reads[i].error : &error);
		else
			group_judge(check, i, reads[i].facts.display_name);
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
	if (check.asking == NULL) {
		struct error error = {.retry_after_ms = -1};
		error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		for (size_t i = 0; i < count; i++)
			forbid(&check, i, &error);
		return;
	}
	if (text_starts_with(rule, "ids:"))
		for (size_t i = 0; i < count; i++)
			group_judge(&check, i, NULL);
	else
		groups_read(&check, count);
	if (check.asking_count > 0)
		owners_ask(&check);
}
