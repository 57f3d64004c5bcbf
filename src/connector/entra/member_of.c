/* A second look at a few members of a large group: /users/{id}/memberOf, which costs as many pages as the user has
 * groups, whatever the size of the group. It lists direct memberships alone (not transitiveMemberOf) and is a plain
 * read: no $count, no ConsistencyLevel. */
#include "connector/entra/member_of.h"

#include "base/text.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/odata.h"
#include "connector/entra/transport.h"

#define CALL_ARENA_CEILING (24 * 1024 * 1024)
#define AT_ONCE 16
#define USER_PAGES_MAX 50

static void look_fail(struct connector_look *look, const struct error *error)
{
	look->result = error->result;
	look->error = *error;
}

/* The pages that follow the first, one after the other. */
static enum result follow(struct graph_session *session, struct odata_walk *walk, json_t *first,
                          struct connector_look *look, struct error *error)
{
	json_t *page = json_incref(first);
	enum result result = RESULT_OK;
	look->member = odata_page_lists(page, look->group_id);
	while (!look->member) {
		const char *url = NULL;
		struct graph_answer answer = {0};
		result = odata_walk_next(walk, page, session->arena, &url, error);
		if (result != RESULT_OK || url == NULL)
			break;
		result = graph_perform(session, &(struct graph_request){.method = GRAPH_GET, .url = url}, &answer, error);
		json_decref(page);
		page = json_incref(answer.body);
		graph_answer_done(&answer);
		if (result != RESULT_OK)
			break;
		look->member = odata_page_lists(page, look->group_id);
	}
	json_decref(page);
	return result;
}

static void look_take(struct graph_session *session, struct graph_answer *answer, enum result result,
                      const struct error *told, struct connector_look *look)
{
	struct error error = *told;
	struct odata_walk walk;
	look->result = RESULT_OK;
	look->member = false;
	if (result != RESULT_OK && graph_fault_is_missing(answer->status, &answer->fault))
		return; /* a user who is gone is in no group */
	if (result == RESULT_OK) {
		odata_walk_init(&walk, &session->place, USER_PAGES_MAX);
		result = follow(session, &walk, answer->body, look, &error);
		odata_walk_done(&walk);
	}
	error.result = result;
	if (result != RESULT_OK)
		look_fail(look, &error);
}

static enum result requests_write(struct arena *arena, const struct connector_look *looks, size_t count,
                                  struct graph_request *requests)
{
	for (size_t i = 0; i < count; i++) {
		const char *user = odata_user_path(arena, looks[i].user_id);
		const char *path = user != NULL ? arena_printf(arena, "%s/memberOf?$select=id&$top=999", user) : NULL;
		if (path == NULL)
			return RESULT_NO_MEMORY;
		requests[i] = (struct graph_request){.method = GRAPH_GET, .path = path};
	}
	return RESULT_OK;
}

static void look_some(struct graph_session *session, struct connector_look *looks, size_t count)
{
	struct graph_request requests[AT_ONCE];
	struct graph_answer answers[AT_ONCE];
	enum result results[AT_ONCE];
	struct error errors[AT_ONCE];
	struct error memory = {.retry_after_ms = -1};
	for (size_t i = 0; i < count; i++)
		errors[i] = (struct error){.retry_after_ms = -1};
	if (requests_write(session->arena, looks, count, requests) != RESULT_OK) {
		error_set(&memory, RESULT_NO_MEMORY, NULL, "Out of memory.");
		for (size_t i = 0; i < count; i++)
			look_fail(&looks[i], &memory);
		return;
	}
	/* If nothing was sent, each has its error. */
	(void)!graph_perform_all(session, requests, count, answers, results, errors);
	for (size_t i = 0; i < count; i++) {
		look_take(session, &answers[i], results[i], &errors[i], &looks[i]);
		graph_answer_done(&answers[i]);
	}
}

void entra_look_users(const struct connector_environment *environment, const struct connector_target *target,
                      struct connector_look *looks, size_t count)
{
	for (size_t done = 0; done < count; done += AT_ONCE) {
		size_t some = count - done < AT_ONCE ? count - done : AT_ONCE;
		struct error error = {.retry_after_ms = -1};
		struct graph_session session;
		_cleanup_(arena_freep) struct arena *arena = arena_new(CALL_ARENA_CEILING);
		enum result result = arena == NULL ? error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.")
		                                   : graph_session_init(environment, target, arena, &session, &error);
		if (result == RESULT_OK)
			look_some(&session, looks + done, some);
		for (size_t i = 0; result != RESULT_OK && i < some; i++)
			look_fail(&looks[done + i], &error);
	}
}
