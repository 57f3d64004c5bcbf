#include "connector/entra/change_wave.h"

#include "connector/entra/members.h"

/* Twenty writes one after another take longer than one. */
#define BATCH_PATIENCE_MS 30000
#define NO_ROOM_MS 1000

void change_wave_users(const struct change_plan *plan, size_t block, const struct connector_change *changes,
                       const char *ret_user_ids[GRAPH_LINKS_MAX])
{
	for (size_t i = 0; i < plan->blocks[block].count; i++)
		ret_user_ids[i] = changes[plan->order[plan->blocks[block].first + i]].user_id;
}

static enum result block_write(const struct graph_session *session, const struct change_plan *plan, size_t block,
                               const struct connector_change *changes, struct arena *arena,
                               struct graph_request *ret_request)
{
	const struct plan_block *said = &plan->blocks[block];
	if (said->count == 1)
		return member_request_write(session, arena, &changes[plan->order[said->first]], ret_request);
	const char *user_ids[GRAPH_LINKS_MAX];
	change_wave_users(plan, block, changes, user_ids);
	return member_links_write(session, arena, plan->groups[said->group].id, user_ids, said->count, ret_request);
}

static enum result batch_prepare(const struct graph_session *session, const struct change_plan *plan,
                                 const struct connector_change *changes, struct arena *arena, struct wave_batch *batch,
                                 struct graph_request *ret_request)
{
	struct graph_request requests[BATCH_MAX] = {0};
	for (size_t i = 0; i < batch->plan.count; i++) {
		enum result result = block_write(session, plan, batch->plan.blocks[i], changes, arena, &requests[i]);
		if (result != RESULT_OK)
			return result;
	}
	batch->alone = batch->plan.count == 1;
	if (batch->alone) {
		*ret_request = requests[0];
		return RESULT_OK;
	}
	enum result result = batch_write(requests, batch->plan.count, batch->plan.chained, &batch->body, ret_request, NULL);
	if (result == RESULT_OK)
		ret_request->patience_ms = BATCH_PATIENCE_MS;
	return result;
}

/* The one answer, as if each item had got it. */
static void items_fill(struct wave_batch *batch, enum result result, const struct error *error)
{
	const struct batch_item item = {
	    .result = result,
	    .status = batch->answer.status,
	    .fault = batch->answer.fault,
	    .error = *error,
	    .trace = batch->answer.trace,
	};
	for (size_t i = 0; i < batch->plan.count; i++) {
		batch->items[i] = item;
		batch->items[i].error.result = result;
	}
}

static void budget_land(const struct graph_session *session, const struct write_use *use,
                        const struct write_answer *answer)
{
	write_budget_land(&session->place, session->target->settings, use, answer,
	                  clock_monotonic_ms(session->environment->clock));
}

/* What was told of the limit, and what a broken chain kept back, which was not written. */
static void batch_land(const struct graph_session *session, const struct change_plan *plan,
                       const struct wave_batch *batch, const struct write_use *use)
{
	struct write_answer answer = {.answered = batch->answer.status != 0, .fraction = batch->answer.limit_used};
	for (size_t i = 0; i < batch->plan.count; i++) {
		size_t count = plan->blocks[batch->plan.blocks[i]].count;
		if (batch->items[i].limit_used > answer.fraction)
			answer.fraction = batch->items[i].limit_used;
		if (batch->items[i].status != 424)
			continue;
		answer.kept.singles += count == 1;
		answer.kept.link_requests += count > 1;
		answer.kept.links += count > 1 ? count : 0;
	}
	budget_land(session, use, &answer);
}

/* How many of the batches there is room for. What the rest would write waits again. */
static size_t budget_take(const struct graph_session *session, struct change_plan *plan, const struct change_wave *wave,
                          const struct graph_request *requests, bool bulk)
{
	size_t taken = 0;
	while (taken < wave->count &&
	       write_budget_take(&session->place, session->target->settings, bulk, &requests[taken].use,
	                         clock_monotonic_ms(session->environment->clock)))
		taken++;
	for (size_t i = wave->count; taken > 0 && i-- > taken;)
		for (size_t at = wave->batches[i].plan.count; at-- > 0;)
			change_plan_again(plan, wave->batches[i].plan.blocks[at]);
	return taken;
}

static void batch_take(const struct graph_session *session, struct wave_batch *batch, enum result result,
                       struct error *error)
{
	batch->of_exchange = false;
	if (!batch->alone) {
		result = batch_read(session, &batch->answer, result, batch->plan.count, batch->items, error);
		if (result == RESULT_OK)
			return;
		batch->of_exchange = true;
	}
	items_fill(batch, result, error);
}

static enum result no_room(const struct graph_session *session, bool bulk, struct error *error)
{
	int64_t wait_ms = 0;
	(void)write_budget_room(&session->place, session->target->settings, bulk,
	                        clock_monotonic_ms(session->environment->clock), &wait_ms);
	error_set(error, RESULT_THROTTLED, "graph_throttled",
	          "The writes that Microsoft Graph allows this app for now are used up; nothing was sent.");
	error->retryable = true;
	error->retry_after_ms = wait_ms > 0 ? wait_ms : NO_ROOM_MS;
	return RESULT_THROTTLED;
}

static enum result wave_prepare(struct change_wave *wave, struct graph_session *session, struct change_plan *plan,
                                const struct connector_change *changes, struct graph_request *requests,
                                struct error *error)
{
	struct plan_batch taken[WAVE_BATCHES_MAX];
	enum result result = RESULT_OK;
	arena_reset(wave->arena);
	wave->count = change_plan_wave(plan, taken, WAVE_BATCHES_MAX);
	for (size_t i = 0; i < wave->count; i++) {
		wave->batches[i].plan = taken[i];
		wave->batches[i].body = (struct text){0};
		wave->batches[i].answer = (struct graph_answer){.retry_after_ms = -1};
	}
	for (size_t i = 0; i < wave->count && result == RESULT_OK; i++)
		result = batch_prepare(session, plan, changes, wave->arena, &wave->batches[i], &requests[i]);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "A request could not be written (%s).", result_name(result));
	return RESULT_OK;
}

/* The bodies of batches that are not sent after all. */
static void wave_cut(struct change_wave *wave, size_t count)
{
	for (size_t i = count; i < wave->count; i++)
		text_done(&wave->batches[i].body);
	wave->count = count;
}

enum result change_wave_perform(struct change_wave *wave, struct graph_session *session, struct change_plan *plan,
                                const struct connector_change *changes, bool bulk, struct error *error)
{
	struct graph_request requests[WAVE_BATCHES_MAX] = {0};
	struct graph_answer answers[WAVE_BATCHES_MAX];
	enum result results[WAVE_BATCHES_MAX];
	struct error errors[WAVE_BATCHES_MAX];
	enum result result = wave_prepare(wave, session, plan, changes, requests, error);
	if (result != RESULT_OK)
		return result;
	size_t taken = budget_take(session, plan, wave, requests, bulk);
	if (taken == 0)
		return no_room(session, bulk, error);
	wave_cut(wave, taken);
	result = graph_perform_all(session, requests, wave->count, answers, results, errors);
	if (result != RESULT_OK) {
		for (size_t i = 0; i < wave->count; i++)
			budget_land(session, &requests[i].use, &(struct write_answer){.kept = requests[i].use});
		*error = errors[0];
		return result;
	}
	for (size_t i = 0; i < wave->count; i++) {
		wave->batches[i].answer = answers[i];
		batch_take(session, &wave->batches[i], results[i], &errors[i]);
		batch_land(session, plan, &wave->batches[i], &requests[i].use);
	}
	return RESULT_OK;
}

void change_wave_done(struct change_wave *wave)
{
	for (size_t i = 0; i < wave->count; i++) {
		text_done(&wave->batches[i].body);
		graph_answer_done(&wave->batches[i].answer);
	}
	wave->count = 0;
}
