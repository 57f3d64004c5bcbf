/* Which of a block is at fault is seldom said. So what cannot be about one user alone is looked into with one of them,
 * and everything else is halved until the culprit stands alone. */
#include "connector/entra/change_verdict.h"

#include <string.h>

#include "base/text.h"

/* Without a status: no answer came at all. */
static enum verdict_kind verdict_unanswered(enum result result)
{
	switch (result) {
	case RESULT_UNAVAILABLE:
		return VERDICT_NOT_SENT;
	case RESULT_DENIED:
	case RESULT_INVALID:
		return VERDICT_APP;
	default:
		return VERDICT_UNKNOWN;
	}
}

static bool quotes(const struct graph_fault *fault, const char *id)
{
	return fault->message != NULL && strcasestr(fault->message, id) != NULL;
}

/* A 404 quotes the id that was not found; of several, or of the group, it is not believed. */
static enum verdict_kind verdict_missing(const struct verdict_question *question, size_t *ret_place)
{
	const struct graph_fault *fault = &question->answer->fault;
	size_t named = 0;
	for (size_t i = 0; i < question->count; i++) {
		if (!quotes(fault, question->user_ids[i]))
			continue;
		named++;
		*ret_place = i;
	}
	if (named == 0 || quotes(fault, question->group_id))
		return VERDICT_PROBE;
	return named == 1 ? VERDICT_SINGLE_OUT : VERDICT_HALVE;
}

/* 4xx, of several changes that were asked for together. */
static enum verdict_kind verdict_refused(const struct verdict_question *question, size_t *ret_place)
{
	const struct batch_item *answer = question->answer;
	if (text_starts_with(answer->error.code, "group_"))
		return VERDICT_GROUP;
	if (answer->status == 404)
		return verdict_missing(question, ret_place);
	if (answer->status == 403 || graph_fault_is_unreplicated(answer->status, &answer->fault))
		return VERDICT_PROBE;
	return VERDICT_HALVE;
}

static bool is_concurrency(const struct batch_item *answer)
{
	const struct graph_fault *fault = &answer->fault;
	if (answer->status != 409)
		return false;
	return fault->code == NULL || strcasestr(fault->code, "concurren") != NULL || quotes(fault, "concurrent");
}

static bool may_have_been_done(const struct batch_item *answer)
{
	return answer->status < 400 || answer->status >= 500 || answer->status == 408;
}

enum verdict_kind change_verdict(const struct verdict_question *question, size_t *ret_place)
{
	const struct batch_item *answer = question->answer;
	if (answer->result == RESULT_OK)
		return VERDICT_DONE;
	if (answer->result == RESULT_THROTTLED || answer->status == 429 || answer->status == 503)
		return VERDICT_WAIT;
	if (answer->status == 0)
		return verdict_unanswered(answer->result);
	if (answer->status == 401)
		return !question->renewed && graph_fault_is_token(401, &answer->fault) ? VERDICT_TOKEN : VERDICT_APP;
	if (answer->status == 424 && !question->of_exchange)
		return VERDICT_DEPENDENT;
	bool unreadable = answer->result == RESULT_PROTOCOL && (question->of_exchange || question->count > 1);
	if (unreadable || may_have_been_done(answer))
		return VERDICT_UNKNOWN;
	if (is_concurrency(answer))
		return VERDICT_BUSY;
	if (question->of_exchange)
		return VERDICT_NO_BATCH;
	return question->count == 1 ? VERDICT_SETTLE : verdict_refused(question, ret_place);
}
