#include "connector/entra/change_wave.h"

#include "connector/entra/members.h"

/* Twenty writes one after another take longer than one. */
#define BATCH_PATIENCE_MS 30000

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

/* What is told of the limit, after it was sent. */
static void budget_hear(const struct graph_session *session, const struct wave_batch *batch)
{
	double told = batch->answer.limit_used;
	for (size_t i = 0; i < batch->plan.count; i++)
		if (batch->items[i].limit_used > told)
			told = batch->items[i].limit_used;
	if (batch->answer.status != 0)
		write_budget_hear(&session->place, session->target->settings, told,
		                  clock_monotonic_ms(session->environment->clock));
}

/* What a broken chain kept back was not written. */
static void budget_give_back(const struct graph_session *session, const struct change_plan *plan,
                             const struct wave_batch *batch)
{
	struct write_use kept = {0};
	for (size_t i = 0; i < batch->plan.count; i++) {
		size_t count = plan->blocks[batch->plan.blocks[i]].count;
		if (batch->items[i].status != 424)
			continue;
		kept.singles += count == 1;
		kept.link_requests += count > 1;
		kept.links += count > 1 ? count : 0;
	}
	write_budget_give_back(&session->place, session->target->settings, &kept,
	                       clock_monotonic_ms(session->environment->clock));
}

static void budget_spend(const struct graph_session *session, const struct graph_request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_budget_spend(&session->place, session->target->settings, &requests[i].use,
		                   clock_monotonic_ms(session->environment->clock));
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

enum result change_wave_perform(struct change_wave *wave, struct graph_session *session, struct change_plan *plan,
                                const struct connector_change *changes, struct error *error)
{
	struct plan_batch taken[WAVE_BATCHES_MAX];
	struct graph_request requests[WAVE_BATCHES_MAX] = {0};
	struct graph_answer answers[WAVE_BATCHES_MAX];
	enum result results[WAVE_BATCHES_MAX];
	struct error errors[WAVE_BATCHES_MAX];
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
	budget_spend(session, requests, wave->count);
	result = graph_perform_all(session, requests, wave->count, answers, results, errors);
	if (result != RESULT_OK) {
		for (size_t i = 0; i < wave->count; i++)
			write_budget_give_back(&session->place, session->target->settings, &requests[i].use,
			                       clock_monotonic_ms(session->environment->clock));
		*error = errors[0];
		return result;
	}
	for (size_t i = 0; i < wave->count; i++) {
		wave->batches[i].answer = answers[i];
		batch_take(session, &wave->batches[i], results[i], &errors[i]);
		budget_hear(session, &wave->batches[i]);
		budget_give_back(session, plan, &wave->batches[i]);
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
