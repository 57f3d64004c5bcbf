/* Many people, twenty requests to a $batch, a few of those under way at once.
 *
 * Those of whom an object id is known are called by roll first, fifteen to a request. Whoever answers is known by that;
 * whoever does not is asked about alone, since only an answer about the one says that nobody is there.
 *
 * A person's requests stay together: three addresses fill a batch but for two requests, which mappings fill up. Who
 * could not be asked about has an error and no code; nothing is concluded from a failure. Once Graph asks us to wait,
 * or a whole round got no answer, nobody else is asked. */
#include "connector/entra/match_users.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/match_person.h"
#include "connector/entra/unit_budget.h"

#define ROLL_MAX 15 /* values of an "in" (Microsoft Graph, known issues, query parameters) */
#define ROLL_LEAST 3
#define SCRATCH_CEILING ((size_t)32 * 1024 * 1024)

struct match_batch {
	size_t people[BATCH_MAX]; /* places of the questions */
	size_t count;
	struct batch_call *call;
};

struct match_round {
	struct match_batch batches[BATCH_CALLS_MAX];
	struct batch_call calls[BATCH_CALLS_MAX];
};

struct match_run {
	struct graph_session session;
	struct arena *arena;   /* of the caller: holds the matches */
	struct arena *scratch; /* of one round */
	const struct identity_question *questions;
	size_t count;
	struct identity_match *matches;
	struct error *errors;
	size_t *roll; /* in the scratch */
	size_t roll_count;
	size_t next_address; /* of either kind, nobody before that one is left to be asked about */
	size_t next_mapping;
	size_t answered; /* envelopes */
	size_t people;   /* asked about */
	size_t requests; /* that took */
	bool stopped;    /* `stop` is why */
	struct error stop;
};

static void person_judge(struct match_run *run, size_t person, const struct batch_item *items)
{
	struct identity_match match = {0};
	struct error error = {.retry_after_ms = -1};
	enum result result =
	    match_person_judge(&run->session, &run->questions[person], items, run->scratch, run->arena, &match, &error);
	if (result == RESULT_OK)
		run->matches[person] = match;
	else
		run->errors[person] = error;
}

/* The next one whose question takes so many requests; run->count at the end. */
static size_t person_next(const struct match_run *run, size_t from, size_t requests)
{
	while (from < run->count &&
	       (run->matches[from].code != NULL || match_person_requests(&run->questions[from]) != requests))
		from++;
	return from;
}

static void run_stop(struct match_run *run, const struct error *why)
{
	run->stopped = true;
	run->stop = *why;
}

/* The longest wait that was asked for counts. */
static void run_hold_back(struct match_run *run, int64_t wait_ms)
{
	struct error wait;
	graph_hold_back(wait_ms, &wait);
	if (!run->stopped || run->stop.retry_after_ms < wait_ms)
		run_stop(run, &wait);
}

/* ---- the roll ---- */

static int compare_ids(const void *left, const void *right, void *context)
{
	const struct identity_question *questions = context;
	return strcasecmp(questions[*(const size_t *)left].mapping_external_id,
	                  questions[*(const size_t *)right].mapping_external_id);
}

/* Those whose object id is known, by id. */
static size_t roll_sort(struct match_run *run)
{
	size_t count = 0;
	for (size_t i = 0; i < run->count; i++) {
		const char *id = run->questions[i].mapping_external_id;
		if (id != NULL && text_is_uuid(id))
			run->roll[count++] = i;
	}
	qsort_r(run->roll, count, sizeof(*run->roll), compare_ids, (void *)run->questions);
	return count;
}

/* Everyone of the roll who is meant by that object. */
static void roll_answer(struct match_run *run, const json_t *object)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	size_t low = 0;
	size_t high = id != NULL ? run->roll_count : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcasecmp(run->questions[run->roll[middle]].mapping_external_id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	const struct batch_item item = {.result = RESULT_OK, .status = 200, .body = object};
	for (; id != NULL && low < run->roll_count; low++) {
		size_t person = run->roll[low];
		if (!text_equal_fold(run->questions[person].mapping_external_id, id))
			return;
		if (run->matches[person].code == NULL)
			person_judge(run, person, &item);
	}
}

static void roll_hear(void *context, size_t request, struct batch_item *item)
{
	struct match_run *run = context;
	(void)request;
	if (item == NULL)
		return;
	if (item->result == RESULT_THROTTLED)
		run_hold_back(run, item->error.retry_after_ms);
	if (item->result != RESULT_OK)
		return;
	const json_t *list = json_object_get(item->body, "value");
	run->answered++;
	for (size_t i = 0; i < json_array_size(list); i++)
		roll_answer(run, json_array_get(list, i));
}

static bool roll_write(struct match_run *run, struct graph_request *requests)
{
	for (size_t start = 0; start < run->roll_count; start += ROLL_MAX) {
		const char *ids[ROLL_MAX];
		size_t count = run->roll_count - start < ROLL_MAX ? run->roll_count - start : ROLL_MAX;
		for (size_t i = 0; i < count; i++)
			ids[i] = run->questions[run->roll[start + i]].mapping_external_id;
		const char *path = entra_users_path(run->scratch, ids, count);
		if (path == NULL)
			return false;
		requests[start / ROLL_MAX] = (struct graph_request){.method = GRAPH_GET, .path = path};
	}
	return true;
}

/* For one or two it is no gain. Without memory for it everyone is asked about alone. */
static void roll_call(struct match_run *run)
{
	run->roll = arena_array(run->scratch, run->count, sizeof(*run->roll));
	run->roll_count = run->roll != NULL ? roll_sort(run) : 0;
	if (run->roll_count < ROLL_LEAST)
		return;
	size_t count = (run->roll_count + ROLL_MAX - 1) / ROLL_MAX;
	struct graph_request *requests = arena_array(run->scratch, count, sizeof(*requests));
	const struct batch_listener listener = {.hear = roll_hear, .context = run};
	if (requests == NULL || !roll_write(run, requests))
		return;
	run->people += run->roll_count;
	run->requests += count;
	batch_perform_each(&run->session, requests, count, &listener);
}

/* ---- the rest ---- */

static void batch_add(struct match_run *run, struct match_batch *batch, size_t person)
{
	const struct identity_question *question = &run->questions[person];
	struct graph_request *requests = &batch->call->requests[batch->call->count];
	if (match_person_write(question, run->scratch, requests, &run->errors[person]) != RESULT_OK)
		return;
	batch->people[batch->count++] = person;
	run->people++;
	run->requests += match_person_requests(question);
	batch->call->count += match_person_requests(question);
}

static void batch_fill_by(struct match_run *run, struct match_batch *batch, size_t requests, size_t *next)
{
	for (; batch->call->count + requests <= BATCH_MAX; (*next)++) {
		*next = person_next(run, *next, requests);
		if (*next == run->count)
			return;
		batch_add(run, batch, *next);
	}
}

static void batch_fill(struct match_run *run, struct match_batch *batch)
{
	batch->count = 0;
	batch->call->count = 0;
	batch_fill_by(run, batch, MATCH_ADDRESS_REQUESTS, &run->next_address);
	batch_fill_by(run, batch, MATCH_MAPPING_REQUESTS, &run->next_mapping);
}

static void call_heed(struct match_run *run, const struct batch_call *call)
{
	bool envelope = call->answer.status == 429 || call->answer.status == 503;
	if (call->result != RESULT_OK && (envelope || text_equal(call->error.code, "graph_throttled")))
		run_hold_back(run, call->error.retry_after_ms);
	for (size_t i = 0; call->result == RESULT_OK && i < call->count; i++)
		if (call->items[i].status == 429)
			run_hold_back(run, call->items[i].error.retry_after_ms);
}

static void batch_take(struct match_run *run, struct match_batch *batch)
{
	const struct batch_item *items = batch->call->items;
	run->answered += batch->call->result == RESULT_OK;
	for (size_t i = 0; i < batch->count; i++) {
		size_t person = batch->people[i];
		if (batch->call->result == RESULT_OK)
			person_judge(run, person, items);
		else
			run->errors[person] = batch->call->error;
		items += match_person_requests(&run->questions[person]);
	}
	call_heed(run, batch->call);
	graph_answer_done(&batch->call->answer);
}

/* An envelope was refused, or answered by something that cannot be read, as a whole. That may be one person's doing,
 * who must not take the others along: each is asked about alone. */
static void batch_part(struct match_run *run, struct match_batch *batch)
{
	size_t people[BATCH_MAX];
	size_t count = batch->count;
	for (size_t i = 0; i < count; i++)
		people[i] = batch->people[i];
	for (size_t i = 0; i < count && !run->stopped; i++) {
		batch->count = 0;
		batch->call->count = 0;
		run->errors[people[i]] = (struct error){.retry_after_ms = -1};
		batch_add(run, batch, people[i]);
		if (batch->count == 0)
			continue;
		batch_perform_all(&run->session, batch->call, 1);
		batch_take(run, batch);
	}
}

static bool batch_is_in_doubt(const struct match_batch *batch)
{
	enum result result = batch->call->result;
	return batch->count > 1 && (result == RESULT_PROTOCOL || result == RESULT_INVALID);
}

static size_t round_fill(struct match_run *run, struct match_round *round)
{
	size_t count = 0;
	arena_reset(run->scratch);
	for (; count < BATCH_CALLS_MAX; count++) {
		round->batches[count].call = &round->calls[count];
		batch_fill(run, &round->batches[count]);
		if (round->batches[count].count == 0)
			break;
	}
	return count;
}

static void round_take(struct match_run *run, struct match_round *round, size_t count)
{
	size_t answered = run->answered;
	bool in_doubt[BATCH_CALLS_MAX];
	for (size_t i = 0; i < count; i++) {
		in_doubt[i] = batch_is_in_doubt(&round->batches[i]);
		batch_take(run, &round->batches[i]);
	}
	for (size_t i = 0; i < count; i++)
		if (in_doubt[i])
			batch_part(run, &round->batches[i]);
	if (run->answered == answered && !run->stopped)
		run_stop(run, &round->calls[0].error);
}

/* Who needs nobody asked has a match at once, whatever becomes of the others. How many are to be asked about? */
static size_t run_begin(struct match_run *run)
{
	size_t asked = 0;
	for (size_t i = 0; i < run->count; i++) {
		run->matches[i] = (struct identity_match){0};
		run->errors[i] = (struct error){.retry_after_ms = -1};
		if (match_person_requests(&run->questions[i]) > 0)
			asked++;
		else
			person_judge(run, i, NULL);
	}
	return asked;
}

/* Whoever was not asked about gets the reason for that. */
static void run_end(struct match_run *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->matches[i].code == NULL && run->errors[i].result == RESULT_OK)
			run->errors[i] = run->stop;
}

static void rounds_perform(struct match_run *run)
{
	_cleanup_(memory_freep) struct match_round *round = memory_calloc(1, sizeof(*round));
	if (round == NULL) {
		run->stopped = true;
		error_set(&run->stop, RESULT_NO_MEMORY, NULL, "Out of memory.");
	}
	while (round != NULL && !run->stopped) {
		size_t count = round_fill(run, round);
		if (count == 0)
			return;
		batch_perform_all(&run->session, round->calls, count);
		round_take(run, round, count);
	}
}

enum result entra_match_users(const struct connector_environment *environment, const struct connector_target *target,
                              const struct identity_question *questions, size_t count, struct arena *arena,
                              struct identity_match *ret_matches, struct error *ret_errors, struct error *error)
{
	if (count > CONNECTOR_QUESTIONS_MAX)
		return error_set(error, RESULT_INVALID, "validation_failed", "Too many people to ask about at once.");
	_cleanup_(arena_freep) struct arena *scratch = arena_new(SCRATCH_CEILING);
	if (scratch == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	struct match_run run = {
	    .arena = arena,
	    .scratch = scratch,
	    .questions = questions,
	    .count = count,
	    .matches = ret_matches,
	    .errors = ret_errors,
	};
	if (run_begin(&run) == 0)
		return RESULT_OK;
	if (graph_session_init(environment, target, arena, &run.session, &run.stop) == RESULT_OK) {
		roll_call(&run);
		rounds_perform(&run);
	}
	run_end(&run);
	unit_budget_learn(&run.session.place, target->settings, run.people, run.requests,
	                  clock_monotonic_ms(environment->clock));
	if (run.answered > 0)
		return RESULT_OK;
	if (error != NULL)
		*error = run.stop;
	return run.stop.result;
}

/* A single mapping needs no batch around it. */
static enum result mapping_match(const struct connector_environment *environment, const struct connector_target *target,
                                 const struct identity_question *question, struct arena *arena,
                                 struct identity_match *ret_match, struct error *error)
{
	struct graph_session session;
	struct graph_request request;
	enum result result = graph_session_init(environment, target, arena, &session, error);
	if (result == RESULT_OK)
		result = match_person_write(question, arena, &request, error);
	if (result != RESULT_OK)
		return result;
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	struct batch_item item;
	batch_perform_single(&session, &request, &answer, &item);
	return match_person_judge(&session, question, &item, arena, arena, ret_match, error);
}

enum result entra_match_user(const struct connector_environment *environment, const struct connector_target *target,
                             const struct identity_question *question, struct arena *arena,
                             struct identity_match *ret_match, struct error *error)
{
	if (match_person_requests(question) == MATCH_MAPPING_REQUESTS)
		return mapping_match(environment, target, question, arena, ret_match, error);
	struct identity_match match = {0};
	struct error own = {.retry_after_ms = -1};
	enum result result = entra_match_users(environment, target, question, 1, arena, &match, &own, error);
	if (result != RESULT_OK)
		return result;
	if (match.code != NULL)
		*ret_match = match;
	else if (error != NULL)
		*error = own;
	return match.code != NULL ? RESULT_OK : own.result;
}
