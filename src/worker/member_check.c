/* Who is in a connector's groups, against what was approved: one job goes through all bound groups.
 *
 * Of each group, first the group itself: one that is gone has no members who are missing. Then a walk through what
 * changed in it (member_walk), the comparison in the store (sqlite_compare.c), and a second look at whoever is
 * suspected: asked of the users where they are few, of the group where that takes fewer pages. Everything that a check
 * has found out is in the store after each step; the job comes again until each of its groups was walked through once
 * since it was started. What fails for one group is not the others' trouble. */
#include "worker/job_run.h"

#include <stdatomic.h>

#include "base/text.h"
#include "domain/code.h"
#include "worker/connector_call.h"
#include "worker/member_walk.h"

#define SLICE_MS 45000 /* others need the thread too */
#define ASK_DEADLINE_MS 20000
#define LOOK_DEADLINE_MS 120000
#define DISABLED_WAIT_MS 60000
#define BUSY_WAIT_MS 500
#define SUSPECTS_AT_ONCE 200
#define PAGE_MEMBERS 999
#define TRIES 6
/* A check may take minutes; the other worker threads are for whoever waits for an answer. */
#define CHECKS_AT_ONCE 2

static atomic_int running;

struct member_check {
	const struct job_context *context;
	struct store *store;
	struct connector_call connector;
	int64_t until;        /* monotonic */
	int64_t next_at;      /* when there is more to do; 0: nothing is left */
	bool lost;            /* the store refused, or the lease is gone: nothing more is written */
	struct error error;   /* of the call in hand */
	struct error failure; /* the first of a group */
	struct error remark;  /* what is to be told of a check that is done */
	struct job_attempt attempt;
};

static int64_t now_ms(const struct member_check *check)
{
	return clock_now_ms(check->context->options->clock);
}

static bool end(struct member_check *check, struct job_attempt attempt)
{
	check->attempt = attempt;
	return false;
}

static bool end_store(struct member_check *check, enum result result)
{
	check->lost = true;
	if (result == RESULT_CONFLICT)
		return end(check, job_attempt_cancelled("lease_lost", "Another worker took the check over."));
	if (text_is_empty(check->error.code))
		error_set(&check->error, result, "unavailable", "The store could not be used (%s).", result_name(result));
	return end(check, job_attempt_wait(check->context, &check->error));
}

static bool come_again(struct member_check *check, int64_t at)
{
	if (check->next_at == 0 || at < check->next_at)
		check->next_at = at;
	return false;
}

/* ---- the end of one group ---- */

static bool group_end(struct member_check *check, const struct watch_end *ended)
{
	enum result result = check->store->ops->watch_end(check->store, check->context->job, ended, &check->error);
	return result == RESULT_OK || end_store(check, result);
}

/* The check of this group failed; the store keeps why, and everything else as it was. */
static bool group_fail(struct member_check *check, const struct group_watch *watch, bool begin_anew)
{
	const struct error failure = check->error;
	const struct watch_end ended = {.watch_key = watch->key,
	                                .code = text_is_empty(failure.code) ? "unavailable" : failure.code,
	                                .detail = failure.detail,
	                                .failed = true,
	                                .begin_anew = begin_anew};
	/* A sentence that was never filled would hide the first real one. */
	if (check->failure.result == RESULT_OK)
		check->failure = failure;
	if (check->failure.result == RESULT_OK)
		check->failure.result = RESULT_UNAVAILABLE;
	(void)group_end(check, &ended);
	return false;
}

/* Not a fault of the check: it is what there is to say about the group. Its members are nobody's findings. */
static bool group_remark(struct member_check *check, const struct group_watch *watch, const char *code, bool forget)
{
	const struct code *known = code_find(code);
	const char *sentence = known != NULL && known->summary != NULL ? known->summary : code;
	const struct watch_end ended = {.watch_key = watch->key,
	                                .code = code,
	                                .detail = sentence,
	                                .failed = true,
	                                .begin_anew = true,
	                                .forget = forget};
	if (text_is_empty(check->remark.code))
		error_set(&check->remark, RESULT_NOT_FOUND, code, "%s", sentence);
	(void)group_end(check, &ended);
	return false;
}

/* ---- the group itself ---- */

static bool group_save(struct member_check *check, const struct group_watch *watch, const char *code, bool manageable)
{
	const struct entitlement_group group = {
	    .group_id = watch->group_id, .manageable = manageable, .code = code, .checked_at = now_ms(check)};
	enum result result = check->store->ops->tool_save_group_check(check->store, check->connector.settings.connector_id,
	                                                              &group, &check->error);
	return result == RESULT_OK || end_store(check, result);
}

/* True if its members may be looked at; *ret_code is then what is to be said of the group. */
static bool group_look(struct member_check *check, const struct group_watch *watch, const char **ret_code)
{
	struct connector_group_check found;
	connector_call_allow_ms(check->context, &check->connector, ASK_DEADLINE_MS);
	check->error = (struct error){.retry_after_ms = -1};
	enum result result =
	    check->connector.ops->read_group(check->context->options->environment, &check->connector.target,
	                                     watch->group_id, check->context->arena, &found, &check->error);
	if (result == RESULT_NOT_FOUND && text_starts_with(check->error.code, "group_")) {
		const char *code = arena_strdup(check->context->arena, check->error.code);
		return code != NULL && group_save(check, watch, code, false) && group_remark(check, watch, code, true);
	}
	if (result != RESULT_OK)
		return group_fail(check, watch, false);
	/* Who is in such a group is told to few; that nobody is listed does not mean that nobody is there. */
	if (found.facts.hidden_membership == KNOWN_TRUE)
		return group_remark(check, watch, "group_hidden_membership", true);
	bool renamed = found.manageable && watch->display_name != NULL && found.facts.display_name != NULL &&
	               !text_equal(watch->display_name, found.facts.display_name);
	*ret_code = renamed ? "group_renamed" : found.code;
	return group_save(check, watch, *ret_code, found.manageable);
}

/* ---- suspects ---- */

static void look(struct member_check *check, struct connector_look *looks, size_t count, int64_t members)
{
	const struct connector_ops *ops = check->connector.ops;
	connector_call_allow_ms(check->context, &check->connector, LOOK_DEADLINE_MS);
	if ((int64_t)count > members / PAGE_MEMBERS + 1)
		ops->look_members(check->context->options->environment, &check->connector.target, looks, count);
	else
		ops->look_users(check->context->options->environment, &check->connector.target, looks, count);
}

/* Those that could be looked at stand first; the failure of the others stays in check->error. */
static size_t looks_take(struct member_check *check, const struct connector_look *looks, struct watch_suspect *suspects,
                         size_t count)
{
	size_t learned = 0;
	for (size_t i = 0; i < count; i++) {
		if (looks[i].result != RESULT_OK) {
			check->error = looks[i].error;
			continue;
		}
		suspects[learned] = suspects[i];
		suspects[learned++].member = looks[i].member;
	}
	return learned;
}

static bool suspects_confirm(struct member_check *check, const struct group_watch *watch, int64_t members)
{
	struct arena *arena = check->context->arena;
	struct watch_suspect *suspects = NULL;
	size_t count = 0;
	enum result result =
	    check->store->ops->watch_suspects(check->store, watch->key, SUSPECTS_AT_ONCE, arena, &suspects, &count);
	if (result != RESULT_OK)
		return end_store(check, result);
	struct connector_look *looks = arena_array(arena, count + 1, sizeof(*looks));
	if (looks == NULL)
		return end_store(check, RESULT_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		looks[i] = (struct connector_look){.group_id = watch->group_id, .user_id = suspects[i].member_id};
	check->error = (struct error){.retry_after_ms = -1};
	if (count > 0)
		look(check, looks, count, members);
	size_t learned = looks_take(check, looks, suspects, count);
	if (learned < count)
		(void)group_fail(check, watch, false);
	if (check->lost)
		return false;
	result = check->store->ops->watch_confirm(check->store, check->context->job, watch->key, suspects, learned,
	                                          &check->error);
	return result == RESULT_OK ? learned == count : end_store(check, result);
}

/* ---- one group ---- */

static bool time_is_up(const struct member_check *check)
{
	return clock_monotonic_ms(check->context->options->clock) >= check->until;
}

static bool walk_group(struct member_check *check, struct group_watch *watch)
{
	bool begin_anew = false;
	bool goes_on = watch->phase == WATCH_WALK && watch->walk_link != NULL;
	check->error = (struct error){.retry_after_ms = -1};
	if (!goes_on)
		watch->walk_began_at = now_ms(check);
	switch (member_walk(check->context, &check->connector, watch, check->until, &begin_anew, &check->error)) {
	case WALK_OVER:
		watch->phase = WATCH_APPLY; /* or what stands for it: the store knows */
		watch->walked_at = watch->walk_began_at;
		return true;
	case WALK_LATER:
		return come_again(check, now_ms(check));
	case WALK_GONE:
		return group_remark(check, watch, "group_deleted", true);
	case WALK_FAILED:
		break;
	}
	if (text_equal(check->error.code, "lease_lost"))
		return end_store(check, RESULT_CONFLICT);
	return group_fail(check, watch, begin_anew);
}

/* From the end of a walk to the end of the check. */
static bool compare_group(struct member_check *check, struct group_watch *watch)
{
	while (watch->phase != WATCH_IDLE) {
		struct watch_step step = {0};
		check->error = (struct error){.retry_after_ms = -1};
		enum result result =
		    check->store->ops->watch_step(check->store, check->context->job, watch->key, &step, &check->error);
		if (result != RESULT_OK)
			return end_store(check, result);
		watch->phase = step.phase;
		if (step.look_at > now_ms(check))
			return come_again(check, step.look_at);
		if (step.look_at != 0 && !suspects_confirm(check, watch, step.members))
			return false;
		if (time_is_up(check) && watch->phase != WATCH_IDLE)
			return come_again(check, now_ms(check));
	}
	return true;
}

static bool was_walked(const struct member_check *check, const struct group_watch *watch)
{
	return watch->walked_at >= check->context->job->created_at;
}

/* What an earlier check left to do, if anything, then this one's walk. */
static void check_group(struct member_check *check, struct group_watch *watch)
{
	const char *code = NULL;
	if (watch->phase == WATCH_IDLE && watch->checked_at >= check->context->job->created_at)
		return;
	if (!group_look(check, watch, &code))
		return;
	if (watch->phase != WATCH_WALK && !compare_group(check, watch))
		return;
	bool walks = watch->phase == WATCH_WALK || !was_walked(check, watch);
	if (walks && (!walk_group(check, watch) || !compare_group(check, watch)))
		return;
	/* A walk that was under way before the check was asked for may have seen less than there was. */
	if (!was_walked(check, watch)) {
		(void)come_again(check, now_ms(check));
		return;
	}
	(void)group_end(check, &(struct watch_end){.watch_key = watch->key, .code = code});
}

/* ---- the job ---- */

static bool check_open(struct member_check *check, const struct job_context *context)
{
	*check = (struct member_check){.context = context, .store = context->options->store};
	check->until = clock_monotonic_ms(context->options->clock) + SLICE_MS;
	enum result result = connector_call_open(context, context->job->connector_id, &check->connector);
	if (result == RESULT_NOT_FOUND)
		return end(check, job_attempt_cancelled("not_found", "The connector does not exist any more."));
	if (result != RESULT_OK)
		return end_store(check, result);
	if (check->connector.ops == NULL)
		return end(check, job_attempt_cancelled("validation_failed", "There is no connector of this type."));
	return check->connector.settings.enabled ||
	       end(check,
	           job_attempt_wait_ms(context, DISABLED_WAIT_MS, "connector_disabled", "The connector is disabled."));
}

/* Attempts are no measure: one that waits for its turn, or for the time of a second look, is one too. */
static bool may_try_again(struct member_check *check)
{
	const char *before = check->context->job->progress;
	int64_t failures = 0;
	if (before != NULL && text_parse_int(before, 0, TRIES, &failures) != RESULT_OK)
		failures = 0;
	if (failures + 1 >= TRIES || connector_error_scope(&check->failure) != CONNECTOR_SCOPE_PASSING)
		return false;
	end(check, job_attempt_wait(check->context, &check->failure));
	check->attempt.outcome.progress = arena_printf(check->context->arena, "%lld", (long long)failures + 1);
	return true;
}

static void check_end(struct member_check *check)
{
	const struct error *told = check->failure.result != RESULT_OK ? &check->failure : &check->remark;
	bool failed = check->failure.result != RESULT_OK;
	if (failed && may_try_again(check))
		return;
	if (!failed && check->next_at != 0) {
		int64_t delay = check->next_at - now_ms(check);
		end(check, job_attempt_wait_ms(check->context, delay > 0 ? delay : 0, NULL, NULL));
		return;
	}
	struct job_attempt attempt = {.outcome = {.status = failed ? JOB_MANUAL_FOLLOW_UP : JOB_SUCCEEDED}};
	if (!text_is_empty(told->code)) {
		attempt.outcome.error_code = arena_strdup(check->context->arena, told->code);
		attempt.outcome.error_detail = arena_strdup(check->context->arena, told->detail);
	}
	end(check, attempt);
}

static void check_groups(struct member_check *check)
{
	struct group_watch *watches = NULL;
	size_t count = 0;
	enum result result = check->store->ops->watch_open(check->store, check->context->job, check->context->arena,
	                                                   &watches, &count, &check->error);
	if (result == RESULT_UNAVAILABLE && text_equal(check->error.code, "check_running")) {
		(void)end(check, job_attempt_wait_ms(check->context, BUSY_WAIT_MS, NULL, NULL));
		return;
	}
	if (result != RESULT_OK) {
		(void)end_store(check, result);
		return;
	}
	for (size_t i = 0; i < count && !check->lost; i++) {
		if (i > 0 && time_is_up(check)) {
			(void)come_again(check, now_ms(check));
			break;
		}
		check_group(check, &watches[i]);
	}
	if (!check->lost)
		check_end(check);
}

struct job_attempt job_run_member_check(const struct job_context *context)
{
	struct member_check check;
	if (!check_open(&check, context))
		return check.attempt;
	if (atomic_fetch_add(&running, 1) < CHECKS_AT_ONCE)
		check_groups(&check);
	else
		(void)end(&check, job_attempt_wait_ms(context, BUSY_WAIT_MS, NULL, NULL));
	atomic_fetch_sub(&running, 1);
	return check.attempt;
}
