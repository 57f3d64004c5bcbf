#include "connector/entra/group_reads.h"

#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/bindable.h"
#include "connector/entra/groups.h"

struct reading {
	struct graph_session *session;
	const char *const *group_ids;
	size_t *asked; /* which group each request is about */
	struct group_read *reads;
};

static void read_fail(struct group_read *read, enum result result, const char *code, const char *detail)
{
	read->result = error_set(&read->error, result, code, "%s", detail);
	read->error.retry_after_ms = -1;
}

/* Says all there is to say: asked to wait, trouble over there, nobody answered. */
static bool speaks_alone(const struct batch_item *item)
{
	bool silent = item->status == 0 && item->result != RESULT_PROTOCOL;
	return item->result == RESULT_THROTTLED || item->status >= 500 || silent;
}

/* Of every other failure the group's own answer tells more. */
static void group_hear(void *context, size_t request, struct batch_item *item)
{
	struct reading *reading = context;
	size_t group = reading->asked[request];
	struct group_read *read = &reading->reads[group];
	const char *id = reading->group_ids[group];
	if (item != NULL && speaks_alone(item)) {
		read->result = item->result;
		read->error = item->error;
		return;
	}
	if (item != NULL && item->result == RESULT_OK &&
	    entra_group_facts_read(item->body, reading->session->arena, &read->facts) == RESULT_OK &&
	    text_equal_fold(read->facts.group_id, id)) {
		read->result = RESULT_OK;
		return;
	}
	read->result = entra_group_fetch(reading->session, id, &read->facts, &read->error);
}

static size_t requests_write(struct reading *reading, size_t count, struct graph_request *requests)
{
	size_t asked = 0;
	for (size_t i = 0; i < count; i++) {
		struct group_read *read = &reading->reads[i];
		*read = (struct group_read){.error = {.retry_after_ms = -1}};
		if (!text_is_uuid(reading->group_ids[i])) {
			read_fail(read, RESULT_NOT_FOUND, "group_missing", "The id of the group is not an object id.");
			continue;
		}
		const char *path = entra_group_path(reading->session->arena, reading->group_ids[i]);
		if (path == NULL) {
			read_fail(read, RESULT_NO_MEMORY, NULL, "Out of memory.");
			continue;
		}
		requests[asked] = (struct graph_request){.method = GRAPH_GET, .path = path};
		reading->asked[asked++] = i;
	}
	return asked;
}

void group_reads_perform(struct graph_session *session, const char *const *group_ids, size_t count,
                         struct group_read *ret_reads)
{
	struct graph_request *requests = arena_array(session->arena, count, sizeof(*requests));
	struct reading reading = {
	    .session = session,
	    .group_ids = group_ids,
	    .asked = arena_array(session->arena, count, sizeof(*reading.asked)),
	    .reads = ret_reads,
	};
	if (requests == NULL || reading.asked == NULL) {
		for (size_t i = 0; i < count; i++)
			read_fail(&ret_reads[i], RESULT_NO_MEMORY, NULL, "Out of memory.");
		return;
	}
	size_t asked = requests_write(&reading, count, requests);
	const struct batch_listener listener = {.hear = group_hear, .context = &reading};
	batch_perform_each(session, requests, asked, &listener);
}

struct judging {
	struct group_read *reads;
	bool *allowed;
	size_t *places; /* of the groups whose owners are to be asked for */
	const char **ids;
	bool *owned;
	size_t asking;
};

static void owners_judge(struct graph_session *session, struct judging *judging)
{
	struct error error = {.retry_after_ms = -1};
	enum result result = bindable_find_owned(session, judging->ids, judging->asking, judging->owned, &error);
	for (size_t i = 0; i < judging->asking; i++) {
		struct group_read *read = &judging->reads[judging->places[i]];
		judging->allowed[judging->places[i]] = judging->owned[i];
		if (result != RESULT_OK) {
			read->result = result;
			read->error = error;
		}
	}
}

/* Whether the operator's setting lets each group that was read be touched. */
static void limits_judge(struct graph_session *session, struct judging *judging, size_t count)
{
	const char *rule = session->environment->bindable_groups;
	for (size_t i = 0; i < count; i++) {
		const struct group_facts *facts = &judging->reads[i].facts;
		if (judging->reads[i].result != RESULT_OK)
			continue;
		enum bindable judged = bindable_judge(rule, facts->group_id, facts->display_name);
		judging->allowed[i] = judged == BINDABLE_YES;
		if (judged != BINDABLE_IF_OWNED)
			continue;
		judging->places[judging->asking] = i;
		judging->ids[judging->asking++] = facts->group_id;
	}
	if (judging->asking > 0)
		owners_judge(session, judging);
}

static void groups_judge(struct graph_session *session, const char *const *group_ids, size_t count,
                         struct connector_group_check *ret_groups, struct error *ret_errors)
{
	struct arena *arena = session->arena;
	struct judging judging = {
	    .reads = arena_array(arena, count, sizeof(*judging.reads)),
	    .allowed = arena_array(arena, count, sizeof(*judging.allowed)),
	    .places = arena_array(arena, count, sizeof(*judging.places)),
	    .ids = arena_array(arena, count, sizeof(*judging.ids)),
	    .owned = arena_array(arena, count, sizeof(*judging.owned)),
	};
	if (judging.reads == NULL || judging.allowed == NULL || judging.places == NULL || judging.ids == NULL ||
	    judging.owned == NULL) {
		for (size_t i = 0; i < count; i++)
			(void)error_set(&ret_errors[i], RESULT_NO_MEMORY, NULL, "Out of memory.");
		return;
	}
	group_reads_perform(session, group_ids, count, judging.reads);
	limits_judge(session, &judging, count);
	for (size_t i = 0; i < count; i++) {
		ret_errors[i] = judging.reads[i].error;
		ret_errors[i].result = judging.reads[i].result;
		if (judging.reads[i].result == RESULT_OK)
			entra_group_check_fill(&judging.reads[i].facts, judging.allowed[i], &ret_groups[i]);
	}
}

void entra_read_groups(const struct connector_environment *environment, const struct connector_target *target,
                       const char *const *group_ids, size_t count, struct arena *arena,
                       struct connector_group_check *ret_groups, struct error *ret_errors)
{
	struct graph_session session;
	struct error error = {.retry_after_ms = -1};
	enum result result = graph_session_init(environment, target, arena, &session, &error);
	for (size_t i = 0; i < count; i++) {
		ret_errors[i] = error;
		ret_errors[i].result = result;
	}
	if (result == RESULT_OK)
		groups_judge(&session, group_ids, count, ret_groups, ret_errors);
}
