/* The users of many mappings, twenty to a $batch.
 *
 * One that could not be asked about is left without a code and is asked about again next time: nothing is concluded
 * from a failure. */
#include "connector/entra/mappings.h"

#include "connector/entra/batch.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/users.h"

static enum result match_write(struct graph_session *session, const struct identity_question *question,
                               const struct directory_user *user, struct identity_match *ret_match, struct error *error)
{
	if (identity_match_mapping(user, question->pinned_object_id, session->arena, ret_match) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

static enum result item_match(struct graph_session *session, const struct identity_question *question,
                              const struct batch_item *item, struct identity_match *ret_match, struct error *error)
{
	struct directory_user user;
	const struct user_answer answer = {item->result, item->status, item->body, &item->fault};
	struct error own = {0};
	enum result result = entra_user_take(&answer, question->mapping_external_id, session->arena, &user, &own);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		return RESULT_OK;
	return match_write(session, question, result == RESULT_OK ? &user : NULL, ret_match, error);
}

/* At most BATCH_MAX of them. A name that is not worth asking for is nobody's. */
static enum result block_match(struct graph_session *session, const struct identity_question *questions, size_t count,
                               struct identity_match *ret_matches, struct error *error)
{
	struct graph_request requests[BATCH_MAX];
	struct batch_item items[BATCH_MAX];
	size_t places[BATCH_MAX];
	size_t asked = 0;
	enum result result = RESULT_OK;
	for (size_t i = 0; result == RESULT_OK && i < count; i++) {
		const char *name = questions[i].mapping_external_id;
		if (!entra_user_is_askable(name)) {
			result = match_write(session, &questions[i], NULL, &ret_matches[i], error);
			continue;
		}
		places[asked] = i;
		requests[asked] = (struct graph_request){.method = GRAPH_GET, .path = entra_user_path(session->arena, name)};
		if (requests[asked++].path == NULL)
			return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	}
	if (result != RESULT_OK || asked == 0)
		return result;
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	result = batch_perform(session, requests, asked, &answer, items, error);
	for (size_t i = 0; result == RESULT_OK && i < asked; i++)
		result = item_match(session, &questions[places[i]], &items[i], &ret_matches[places[i]], error);
	return result;
}

enum result entra_match_mappings(const struct connector_environment *environment, const struct connector_target *target,
                                 const struct identity_question *questions, size_t count, struct arena *arena,
                                 struct identity_match *ret_matches, struct error *error)
{
	struct graph_session session;
	if (count > ENTRA_MAPPINGS_MAX)
		return error_set(error, RESULT_INVALID, "validation_failed", "Too many mappings to ask about at once.");
	for (size_t i = 0; i < count; i++)
		ret_matches[i] = (struct identity_match){0};
	enum result result = graph_session_init(environment, target, arena, &session, error);
	for (size_t start = 0; result == RESULT_OK && start < count; start += BATCH_MAX) {
		size_t block = count - start < BATCH_MAX ? count - start : BATCH_MAX;
		result = block_match(&session, questions + start, block, ret_matches + start, error);
	}
	return result;
}
