/* Matching by address asks six questions. Two of them count (user principal name, mail); the others exist to find the
 * people whom a match could be mistaken for.
 *
 * A server that answers more than it was asked must not put a stranger into a group: what comes back by name or mail is
 * compared with the address again. Beyond ASCII, which spellings are one name is the directory's own affair (case,
 * accents): what differs there is not taken, but is a candidate. The question for the #EXT# form may be refused as
 * unsupported and is then left out; it can only ever add a candidate. */
#include "connector/entra/match_person.h"

#include "base/text.h"
#include "connector/entra/odata.h"

#define PAGES_MAX 5
#define FOUND_MAX 32

struct found_users {
	struct directory_user users[FOUND_MAX];
	size_t count;
};

static enum result out_of_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

size_t match_person_requests(const struct identity_question *question)
{
	if (!text_is_empty(question->mapping_external_id))
		return entra_user_is_askable(question->mapping_external_id) ? MATCH_MAPPING_REQUESTS : 0;
	bool askable = !text_is_empty(question->address) && entra_address_is_askable(question->address);
	return askable ? MATCH_ADDRESS_REQUESTS : 0;
}

enum result match_person_write(const struct identity_question *question, struct arena *arena,
                               struct graph_request *ret_requests, struct error *error)
{
	size_t count = match_person_requests(question);
	for (size_t i = 0; i < count; i++) {
		const char *path = count == MATCH_MAPPING_REQUESTS
		                       ? entra_user_path(arena, question->mapping_external_id)
		                       : entra_user_query_path((enum entra_user_query)i, question->address, arena);
		if (path == NULL)
			return out_of_memory(error);
		ret_requests[i] = (struct graph_request){.method = GRAPH_GET, .path = path};
	}
	return RESULT_OK;
}

static bool answers_the_question(enum entra_user_query query, const char *address, const struct directory_user *user)
{
	if (query == ENTRA_USER_BY_UPN)
		return user->user_principal_name != NULL && text_equal_fold(user->user_principal_name, address);
	if (query == ENTRA_USER_BY_MAIL)
		return user->mail != NULL && text_equal_fold(user->mail, address);
	return true;
}

static struct found_users *list_of(struct found_users *lists, enum entra_user_query query)
{
	return query == ENTRA_USER_BY_UPN ? &lists[0] : query == ENTRA_USER_BY_MAIL ? &lists[1] : &lists[2];
}

/* NULL: no list, since the user was not asked for. */
static struct found_users *list_for(struct found_users *lists, enum entra_user_query query, const char *address,
                                    const struct directory_user *user)
{
	const char *told = query == ENTRA_USER_BY_UPN ? user->user_principal_name : user->mail;
	if (answers_the_question(query, address, user))
		return list_of(lists, query);
	return entra_user_is_other_spelling(address, told) ? &lists[2] : NULL;
}

static enum result page_take(const json_t *page, enum entra_user_query query, const char *address, struct arena *arena,
                             struct found_users *lists, struct error *error)
{
	const json_t *value = json_object_get(page, "value");
	if (!json_is_array(value))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list of users is not a list.");
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct directory_user user;
		enum result result = entra_user_read(json_array_get(value, i), arena, &user);
		if (result != RESULT_OK)
			return entra_user_bad(result, error);
		struct found_users *list = list_for(lists, query, address, &user);
		if (list != NULL && list->count < FOUND_MAX)
			list->users[list->count++] = user;
	}
	return RESULT_OK;
}

/* The pages after the first one. */
static enum result rest_take(struct graph_session *session, const json_t *first, enum entra_user_query query,
                             const char *address, struct arena *scratch, struct found_users *lists, struct error *error)
{
	const struct found_users *found = list_of(lists, query);
	struct odata_walk walk;
	odata_walk_init(&walk, &session->place, PAGES_MAX);
	struct graph_answer answer = {0};
	const json_t *page = first;
	const char *url = NULL;
	enum result result = odata_walk_next(&walk, page, scratch, &url, error);
	while (result == RESULT_OK && url != NULL && found->count < FOUND_MAX) {
		graph_answer_done(&answer);
		const struct graph_request request = {.method = GRAPH_GET, .url = url};
		result = graph_perform(session, &request, &answer, error);
		if (result == RESULT_OK)
			result = page_take(answer.body, query, address, scratch, lists, error);
		if (result == RESULT_OK)
			result = odata_walk_next(&walk, answer.body, scratch, &url, error);
	}
	graph_answer_done(&answer);
	odata_walk_done(&walk);
	return result;
}

static enum result item_take(struct graph_session *session, enum entra_user_query query, const char *address,
                             const struct batch_item *item, struct arena *scratch, struct found_users *lists,
                             struct error *error)
{
	if (query == ENTRA_USER_BY_EXTERNAL_NAME && item->status == 400)
		return RESULT_OK;
	if (item->result != RESULT_OK) {
		if (error != NULL)
			*error = item->error;
		return item->result;
	}
	enum result result = page_take(item->body, query, address, scratch, lists, error);
	return result == RESULT_OK ? rest_take(session, item->body, query, address, scratch, lists, error) : result;
}

/* items NULL: nobody was asked, since nobody can have such an address. */
static enum result address_judge(struct graph_session *session, const char *address, const struct batch_item *items,
                                 struct arena *scratch, struct arena *arena, struct identity_match *ret_match,
                                 struct error *error)
{
	struct found_users *lists = arena_array(scratch, 3, sizeof(*lists)); /* by name, by mail, by anything else */
	enum result result = lists != NULL ? RESULT_OK : out_of_memory(error);
	for (int query = 0; items != NULL && result == RESULT_OK && query < ENTRA_USER_QUERIES; query++)
		result = item_take(session, (enum entra_user_query)query, address, &items[query], scratch, lists, error);
	if (result != RESULT_OK)
		return result;
	const struct identity_answers answers = {
	    .by_upn = lists[0].users,
	    .by_upn_count = lists[0].count,
	    .by_mail = lists[1].users,
	    .by_mail_count = lists[1].count,
	    .by_alias = lists[2].users,
	    .by_alias_count = lists[2].count,
	};
	return identity_match_address(&answers, arena, ret_match) == RESULT_OK ? RESULT_OK : out_of_memory(error);
}

/* item NULL: the name is not worth asking for, and so nobody's. */
static enum result mapping_judge(const struct identity_question *question, const struct batch_item *item,
                                 struct arena *scratch, struct arena *arena, struct identity_match *ret_match,
                                 struct error *error)
{
	struct directory_user user;
	enum result result = RESULT_NOT_FOUND;
	if (item != NULL) {
		const struct user_answer answer = {item->result, item->status, item->body, &item->fault};
		if (error != NULL)
			*error = item->error;
		result = entra_user_take(&answer, question->mapping_external_id, scratch, &user, error);
	}
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		return result;
	const struct directory_user *found = result == RESULT_OK ? &user : NULL;
	result = identity_match_mapping(found, question->pinned_object_id, arena, ret_match);
	return result == RESULT_OK ? RESULT_OK : out_of_memory(error);
}

enum result match_person_judge(struct graph_session *session, const struct identity_question *question,
                               const struct batch_item *items, struct arena *scratch, struct arena *arena,
                               struct identity_match *ret_match, struct error *error)
{
	if (!text_is_empty(question->mapping_external_id))
		return mapping_judge(question, items, scratch, arena, ret_match, error);
	if (!text_is_empty(question->address))
		return address_judge(session, question->address, items, scratch, arena, ret_match, error);
	*ret_match = (struct identity_match){
	    .outcome = IDENTITY_NOT_FOUND,
	    .code = "email_hidden",
	    .reason = "Jira does not show this person's e-mail address, and there is no identity mapping for them.",
	};
	return RESULT_OK;
}
