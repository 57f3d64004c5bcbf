/* Many memberships, changed in as few exchanges as Graph allows.
 *
 * The plan (change_plan.h) says what travels together, a wave (change_wave.h) takes it there, a verdict
 * (change_verdict.h) says what the answer means for each block. What is done here is what follows from it. Every change
 * leaves the plan exactly once: done, settled, unknown, or unsent.
 *
 * How it can fail, and what the caller is told: connector.h, struct connector_change. */
#include "connector/entra/member_changes.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/id.h"
#include "base/text.h"
#include "connector/entra/change_verdict.h"
#include "connector/entra/change_wave.h"
#include "connector/entra/member_limits.h"
#include "connector/entra/members.h"
#include "connector/entra/throttle_gate.h"
#include "connector/entra/transport.h"
#include "connector/entra/unit_budget.h"
#include "connector/entra/write_budget.h"

#define MANY_DEADLINE_MS 60000
#define CALL_ARENA_CEILING (32 * 1024 * 1024)
#define ROOM_ARENA_CEILING (64 * 1024)
#define WAVE_ARENA_CEILING (4 * 1024 * 1024)
#define TRIES_MAX 3
#define BUSY_PAUSE_MS 250

/* A group, and how the call fares with it. */
struct run_group {
	struct member_group members;
	const struct error *over; /* nothing more of it is sent, for this reason */
	size_t done;
	size_t passing; /* changes that failed for a reason that may pass */
};

struct change_run {
	struct graph_session session;
	struct connector_target target;
	struct connector_change *changes;
	size_t count;
	struct change_plan plan;
	struct run_group *groups; /* as plan.groups */
	struct change_wave wave;
	bool over; /* nothing more is sent at all, for this reason: */
	struct error why;
	bool bulk;          /* a backlog, and nobody in a hurry */
	bool done_any;      /* Graph has let the app write */
	bool in_doubt;      /* Graph has refused, and it is not known yet whether it means the app */
	bool heard_any;     /* of this wave: there was an answer */
	bool renewed;       /* a new token was tried */
	bool token_refused; /* of this wave: to an item */
	int64_t pause_ms;   /* before the next wave */
};

static void change_fail(struct connector_change *change, const struct error *error, const struct connector_trace *trace)
{
	change->result = error->result;
	change->error = *error;
	if (trace != NULL)
		change->trace = *trace;
}

static void block_fail(struct change_run *run, size_t block, const struct error *error,
                       const struct connector_trace *trace)
{
	const struct plan_block *failed = &run->plan.blocks[block];
	for (size_t i = 0; i < failed->count; i++)
		change_fail(&run->changes[run->plan.order[failed->first + i]], error, trace);
}

/* An error as it stands for what was not sent: nothing is doubtful about that. */
static struct error unsent(const struct error *why)
{
	struct error error = *why;
	if (error.result == RESULT_TIMEOUT || error.result == RESULT_PROTOCOL) {
		error.result = RESULT_UNAVAILABLE;
		error.retryable = true;
	}
	return error;
}

/* The first reason stands; of two waits the longer one. */
static void run_end(struct change_run *run, const struct error *why)
{
	if (!run->over || (why->result == RESULT_THROTTLED && why->retry_after_ms > run->why.retry_after_ms))
		run->why = unsent(why);
	run->over = true;
}

static void group_end(struct change_run *run, size_t group, const struct error *why)
{
	static const struct error no_memory = {
	    .result = RESULT_NO_MEMORY, .detail = "Out of memory.", .retry_after_ms = -1};
	if (run->groups[group].over != NULL)
		return;
	struct error *copy = arena_alloc(run->session.arena, sizeof(*copy));
	if (copy != NULL)
		*copy = unsent(why);
	run->groups[group].over = copy != NULL ? copy : &no_memory;
}

/* Whose failure was the group's, not the app's. */
static void groups_tell(struct change_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct connector_change *change = &run->changes[i];
		change->of_group =
		    change->result != RESULT_OK && run->done_any && text_equal(change->error.code, "graph_denied");
	}
}

/* What waits and will not be sent. */
static void lines_empty(struct change_run *run)
{
	for (size_t group = 0; group < run->plan.group_count; group++) {
		const struct error *why = run->groups[group].over;
		if (why == NULL && run->over)
			why = &run->why;
		if (why == NULL)
			continue;
		for (size_t block; (block = change_plan_take(&run->plan, group)) != PLAN_NONE;)
			block_fail(run, block, why, NULL);
	}
}

static void block_done(struct change_run *run, size_t block, const struct batch_item *item)
{
	const struct plan_block *done = &run->plan.blocks[block];
	for (size_t i = 0; i < done->count; i++) {
		struct connector_change *change = &run->changes[run->plan.order[done->first + i]];
		change->result = RESULT_OK;
		change->trace = item->trace;
	}
	run->groups[done->group].done += done->count;
	run->done_any = true;
	run->in_doubt = false;
}

/* Asked to wait, by this block's answer. A 503 that does not say how long is kept to as a 429 is. */
static void block_wait(struct change_run *run, size_t block, const struct batch_item *item)
{
	struct error error = item->error;
	if (item->status == 503 && run->count > 1) {
		const struct graph_session *session = &run->session;
		error.result = RESULT_THROTTLED;
		memcpy(error.code, "graph_throttled", sizeof("graph_throttled"));
		if (error.retry_after_ms <= 0)
			throttle_gate_close(&session->place, session->target->settings,
			                    clock_monotonic_ms(session->environment->clock), error.retry_after_ms);
	}
	if (item->status == 429)
		write_budget_refused(&run->session.place, run->session.target->settings,
		                     clock_monotonic_ms(run->session.environment->clock));
	block_fail(run, block, &error, &item->trace);
	run_end(run, &error);
}

static void block_unknown(struct change_run *run, size_t block, const struct batch_item *item)
{
	struct error error = item->error;
	error.result = RESULT_TIMEOUT;
	error.retryable = true;
	if (text_is_empty(error.code))
		error_set(&error, RESULT_TIMEOUT, "graph_bad_response", "What Microsoft Graph answered could not be read.");
	block_fail(run, block, &error, &item->trace);
	/* It may still be at work on it. */
	if (item->status == 0 && item->result == RESULT_TIMEOUT)
		group_end(run, run->plan.blocks[block].group, &error);
}

static void block_unsent(struct change_run *run, size_t block, const struct batch_item *item)
{
	const struct error error = unsent(&item->error);
	block_fail(run, block, &error, NULL);
}

/* Again later, but not for ever. */
static void block_again(struct change_run *run, size_t block, const struct batch_item *item)
{
	struct plan_block *again = &run->plan.blocks[block];
	if (++again->tries < TRIES_MAX) {
		change_plan_again(&run->plan, block);
		return;
	}
	struct error error = item->error;
	error.result = RESULT_UNAVAILABLE;
	error.retryable = true;
	block_fail(run, block, &error, &item->trace);
}

static void block_busy(struct change_run *run, size_t block, const struct batch_item *item)
{
	int64_t pause_ms = BUSY_PAUSE_MS * (run->plan.blocks[block].tries + 1);
	if (run->pause_ms < pause_ms)
		run->pause_ms = pause_ms;
	block_again(run, block, item);
}

/* A refusal that nothing explained is only the app's where the app was let write nowhere. */
static bool is_about_app(const struct change_run *run, const struct error *error)
{
	return !run->done_any || !text_equal(error->code, "graph_denied");
}

/* What one change has shown of its group and of the app. */
static void lesson_take(struct change_run *run, size_t group, const struct error *error)
{
	struct run_group *of = &run->groups[group];
	switch (connector_error_scope(error)) {
	case CONNECTOR_SCOPE_USER:
		break;
	case CONNECTOR_SCOPE_GROUP:
		group_end(run, group, error);
		break;
	case CONNECTOR_SCOPE_APP:
		if (is_about_app(run, error)) {
			run_end(run, error);
			return;
		}
		group_end(run, group, error);
		break;
	case CONNECTOR_SCOPE_PASSING:
		if (++of->passing > 1 && of->done == 0)
			group_end(run, group, error);
		break;
	}
	run->in_doubt = false;
}

static void block_settle(struct change_run *run, size_t block, const struct batch_item *item)
{
	const struct plan_block *alone = &run->plan.blocks[block];
	struct connector_change *change = &run->changes[run->plan.order[alone->first]];
	struct run_group *group = &run->groups[alone->group];
	if (run->over && item->status == 403) {
		change_fail(change, &run->why, &item->trace);
		return;
	}
	member_settle(&run->session, &group->members, item, change);
	if (change->result != RESULT_OK) {
		lesson_take(run, alone->group, &change->error);
		return;
	}
	group->done++;
	run->done_any = true;
	run->in_doubt = false;
}

static void block_probe(struct change_run *run, size_t block, const struct batch_item *item)
{
	if (item->status == 403 && !run->done_any)
		run->in_doubt = true;
	change_plan_probe(&run->plan, block);
}

static void block_refused(struct change_run *run, size_t block, const struct batch_item *item, bool of_app)
{
	block_fail(run, block, &item->error, &item->trace);
	if (of_app)
		run_end(run, &item->error);
	else
		group_end(run, run->plan.blocks[block].group, &item->error);
}

static enum verdict_kind block_judge(const struct change_run *run, const struct wave_batch *batch, size_t place,
                                     size_t *ret_culprit)
{
	const struct plan_block *block = &run->plan.blocks[batch->plan.blocks[place]];
	const char *user_ids[GRAPH_LINKS_MAX];
	change_wave_users(&run->plan, batch->plan.blocks[place], run->changes, user_ids);
	const struct verdict_question question = {
	    .answer = &batch->items[place],
	    .of_exchange = batch->of_exchange,
	    .renewed = run->renewed || batch->of_exchange || batch->alone,
	    .user_ids = user_ids,
	    .count = block->count,
	    .group_id = run->plan.groups[block->group].id,
	};
	return change_verdict(&question, ret_culprit);
}

/* The one before it in its chain was not done, so that this one could not be either. */
static bool has_to_follow(const struct wave_batch *batch, size_t place)
{
	return batch->plan.chained && place > 0 && batch->items[place - 1].result != RESULT_OK;
}

static void block_follow(struct change_run *run, const struct wave_batch *batch, size_t place)
{
	size_t block = batch->plan.blocks[place];
	const struct batch_item *item = &batch->items[place];
	size_t culprit = 0;
	enum verdict_kind verdict = block_judge(run, batch, place, &culprit);
	run->heard_any = run->heard_any || item->status != 0;
	switch (verdict) {
	case VERDICT_DONE:
		block_done(run, block, item);
		break;
	case VERDICT_WAIT:
		block_wait(run, block, item);
		break;
	case VERDICT_NOT_SENT:
		block_unsent(run, block, item);
		break;
	case VERDICT_UNKNOWN:
		block_unknown(run, block, item);
		break;
	case VERDICT_APP:
	case VERDICT_GROUP:
		block_refused(run, block, item, verdict == VERDICT_APP);
		break;
	case VERDICT_TOKEN:
		run->token_refused = true;
		change_plan_again(&run->plan, block);
		break;
	case VERDICT_DEPENDENT:
		if (has_to_follow(batch, place))
			change_plan_again(&run->plan, block);
		else
			block_again(run, block, item);
		break;
	case VERDICT_BUSY:
		block_busy(run, block, item);
		break;
	case VERDICT_NO_BATCH:
		run->plan.no_batches = true;
		change_plan_again(&run->plan, block);
		break;
	case VERDICT_SETTLE:
		block_settle(run, block, item);
		break;
	case VERDICT_PROBE:
		block_probe(run, block, item);
		break;
	case VERDICT_SINGLE_OUT:
		change_plan_single_out(&run->plan, block, culprit);
		break;
	case VERDICT_HALVE:
		change_plan_halve(&run->plan, block);
		break;
	}
}

/* From the end, so that what a failure kept from being tried waits before what has failed. */
static void batch_follow(struct change_run *run, const struct wave_batch *batch)
{
	for (size_t place = batch->plan.count; place-- > 0;)
		block_follow(run, batch, place);
}

/* Whoever could not be reached by any of them is not asked again and again. */
static void silence_take(struct change_run *run)
{
	for (size_t i = 0; i < run->wave.count && !run->heard_any; i++)
		if (run->wave.batches[i].items[0].result == RESULT_UNAVAILABLE)
			run_end(run, &run->wave.batches[i].items[0].error);
}

static void wave_abandon(struct change_run *run, const struct error *why)
{
	const struct error error = unsent(why);
	for (size_t i = 0; i < run->wave.count; i++)
		for (size_t place = 0; place < run->wave.batches[i].plan.count; place++)
			block_fail(run, run->wave.batches[i].plan.blocks[place], &error, NULL);
}

static void token_renew(struct change_run *run, const char *refused)
{
	struct error error = {.retry_after_ms = -1};
	run->renewed = true;
	if (graph_session_renew(&run->session, refused, &error) != RESULT_OK)
		run_end(run, &error);
}

static void wave_run(struct change_run *run)
{
	const char *token = run->session.token;
	run->heard_any = false;
	run->token_refused = false;
	run->plan.one_probe = run->in_doubt;
	struct error error = {.retry_after_ms = -1};
	if (change_wave_perform(&run->wave, &run->session, &run->plan, run->changes, run->bulk, &error) == RESULT_OK) {
		for (size_t i = 0; i < run->wave.count; i++)
			batch_follow(run, &run->wave.batches[i]);
		silence_take(run);
		if (run->token_refused && !run->over)
			token_renew(run, token);
		if (run->done_any && !run->over)
			throttle_gate_calm(&run->session.place, run->session.target->settings);
	} else {
		wave_abandon(run, &error);
		if (error.result == RESULT_THROTTLED)
			run_end(run, &error);
	}
	change_wave_done(&run->wave);
}

/* With some chance in it, so that two who met do not meet again. */
static void run_pause(struct change_run *run)
{
	int64_t left_ms = entra_time_left(run->session.environment->clock, run->session.deadline_ms, MANY_DEADLINE_MS);
	int64_t pause_ms = run->pause_ms + (int64_t)id_random_below(BUSY_PAUSE_MS);
	if (run->pause_ms == 0)
		return;
	run->pause_ms = 0;
	if (pause_ms > left_ms)
		pause_ms = left_ms;
	struct timespec left = {.tv_sec = pause_ms / 1000, .tv_nsec = (pause_ms % 1000) * 1000000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static void run_waves(struct change_run *run)
{
	lines_empty(run);
	while (run->plan.waiting > 0) {
		struct error error = {.retry_after_ms = -1};
		run_pause(run);
		enum result result = RESULT_OK;
		if (entra_time_left(run->session.environment->clock, run->session.deadline_ms, 1) == 0)
			result = entra_transport_out_of_time(ENTRA_SIDE_GRAPH, &error);
		if (result == RESULT_OK)
			result = graph_session_ready(&run->session, &error);
		if (result == RESULT_OK)
			wave_run(run);
		else
			run_end(run, &error);
		lines_empty(run);
	}
}

static void group_forbid(void *context, size_t group, const struct error *error)
{
	group_end(context, group, error);
}

static enum result groups_begin(struct change_run *run)
{
	struct arena *arena = run->session.arena;
	run->groups = arena_array(arena, run->plan.group_count, sizeof(*run->groups));
	const char **ids = arena_array(arena, run->plan.group_count, sizeof(*ids));
	if (run->groups == NULL || ids == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < run->plan.group_count; i++) {
		ids[i] = run->plan.groups[i].id;
		run->groups[i].members.id = ids[i];
	}
	const struct member_limits limits = {.forbid = group_forbid, .context = run};
	member_limits_check(&run->session, ids, run->plan.group_count, &limits);
	return RESULT_OK;
}

static void flaws_tell(struct change_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct error error = {.retry_after_ms = -1};
		switch (run->plan.flaws[i]) {
		case PLAN_FLAW_NONE:
			continue;
		case PLAN_FLAW_GROUP_ID:
			error_set(&error, RESULT_NOT_FOUND, "group_missing", "The id of the group is not an object id.");
			break;
		case PLAN_FLAW_USER_ID:
			error_set(&error, RESULT_NOT_FOUND, "user_not_found", "The id of the user is not an object id.");
			break;
		case PLAN_FLAW_TWICE:
			error_set(&error, RESULT_UNAVAILABLE, "graph_unavailable",
			          "Another change of the same membership was asked for at the same time.");
			error.retryable = true;
			break;
		}
		error.retry_after_ms = -1;
		change_fail(&run->changes[i], &error, NULL);
	}
}

/* Anything but RESULT_OK: no change was looked at. */
static enum result run_begin(struct change_run *run, const struct connector_environment *environment,
                             const struct connector_target *target, struct arena *arena, struct error *error)
{
	run->target = *target;
	run->bulk = run->count > 0;
	for (size_t i = 0; i < run->count; i++)
		run->bulk = run->bulk && run->changes[i].bulk;
	if (run->count > 1 && target->deadline_ms == 0)
		run->target.deadline_ms = clock_monotonic_ms(environment->clock) + MANY_DEADLINE_MS;
	enum result result = graph_session_init(environment, &run->target, arena, &run->session, error);
	if (result != RESULT_OK)
		return result;
	if (change_plan_init(&run->plan, arena, run->changes, run->count) != RESULT_OK || groups_begin(run) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

void entra_change_members(const struct connector_environment *environment, const struct connector_target *target,
                          struct connector_change *changes, size_t count)
{
	struct error error;
	enum result result = error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	_cleanup_(arena_freep) struct arena *arena = arena_new(CALL_ARENA_CEILING);
	_cleanup_(arena_freep) struct arena *wave_arena = arena_new(WAVE_ARENA_CEILING);
	_cleanup_(memory_freep) struct change_run *run = memory_calloc(1, sizeof(*run));
	for (size_t i = 0; i < count; i++) {
		changes[i].already = changes[i].of_group = false;
		changes[i].trace = (struct connector_trace){0};
		changes[i].error = (struct error){.retry_after_ms = -1};
	}
	if (arena != NULL && wave_arena != NULL && run != NULL) {
		run->changes = changes;
		run->count = count;
		run->wave.arena = wave_arena;
		result = run_begin(run, environment, target, arena, &error);
	}
	if (result != RESULT_OK) {
		error.retry_after_ms = -1;
		for (size_t i = 0; i < count; i++)
			change_fail(&changes[i], &error, NULL);
		return;
	}
	flaws_tell(run);
	run_waves(run);
	groups_tell(run);
}

/* Of both limits the narrower one. */
static size_t room_of(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                      int64_t now_ms, int64_t *ret_wait_ms)
{
	int64_t units_wait_ms = 0;
	size_t writes = write_budget_room(place, settings, bulk, now_ms, ret_wait_ms);
	size_t people = unit_budget_room(place, settings, bulk, now_ms, &units_wait_ms);
	if (units_wait_ms > *ret_wait_ms)
		*ret_wait_ms = units_wait_ms;
	return writes < people ? writes : people;
}

void entra_room(const struct connector_environment *environment, const struct connector_settings *settings,
                struct connector_room *ret_room)
{
	struct entra_place place;
	int64_t now_ms = clock_monotonic_ms(environment->clock);
	_cleanup_(arena_freep) struct arena *arena = arena_new(ROOM_ARENA_CEILING);
	*ret_room = (struct connector_room){.changes = SIZE_MAX, .bulk_changes = SIZE_MAX};
	if (arena == NULL || entra_place_find(environment, settings, arena, &place, NULL) != RESULT_OK)
		return; /* the call itself will say what is wrong */
	int64_t asked_to_wait_ms = throttle_gate_wait_ms(&place, settings, now_ms);
	if (asked_to_wait_ms > 0) {
		*ret_room = (struct connector_room){.wait_ms = asked_to_wait_ms, .bulk_wait_ms = asked_to_wait_ms};
		return;
	}
	ret_room->changes = room_of(&place, settings, false, now_ms, &ret_room->wait_ms);
	ret_room->bulk_changes = room_of(&place, settings, true, now_ms, &ret_room->bulk_wait_ms);
}
