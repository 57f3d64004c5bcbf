/* Add, remove, look.
 *
 * Graph's add and remove are not idempotent by themselves: the second add is a 400, the second remove a 404 or a 400,
 * and the 404 of a remove does not say whether the group, the user or only the link is missing. So "already" is never
 * taken from such an answer alone: the group is read first, and must be there.
 *
 * A refusal is explained before it is handed on, since the same 403 stands for a missing permission and for half a
 * dozen kinds of group: the group's flags are read, then the token's roles. What remains unexplained keeps Graph's own
 * word.
 *
 * A write whose answer was lost ends as RESULT_TIMEOUT; the caller settles it by reading. */
#include "connector/entra/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "connector/entra/bindable.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/groups.h"
#include "connector/entra/odata.h"
#include "connector/entra/permissions.h"
#include "connector/entra/token.h"
#include "connector/entra/token_claims.h"
#include "connector/entra/transport.h"
#include "connector/entra/users.h"

#define MEMBER_PAGES_MAX 4000
#define LINK_ARENA_CEILING (256 * 1024)

struct membership {
	struct graph_session session;
	const char *group_id;
	const char *user_id;
};

char *member_ref_path(struct arena *arena, const char *group_id, const char *user_id)
{
	static const char ending[] = "/$ref";
	if (!text_is_uuid(group_id) || !text_is_uuid(user_id))
		return NULL;
	char *path = arena_printf(arena, "/groups/%s/members/%s%s", group_id, user_id, ending);
	if (path != NULL && !text_ends_with(path, ending))
		abort();
	return path;
}

static enum result membership_init(const struct connector_environment *environment,
                                   const struct connector_target *target, const char *group_id, const char *user_id,
                                   struct arena *arena, struct membership *membership, struct error *error)
{
	if (!text_is_uuid(group_id))
		return error_set(error, RESULT_NOT_FOUND, "group_missing", "The id of the group is not an object id.");
	if (!text_is_uuid(user_id))
		return error_set(error, RESULT_NOT_FOUND, "user_not_found", "The id of the user is not an object id.");
	membership->group_id = group_id;
	membership->user_id = user_id;
	return graph_session_init(environment, target, arena, &membership->session, error);
}

/* The operator's limit, at every write. Reads the group only where the limit needs its name. */
static enum result membership_check_limit(struct membership *membership, struct error *error)
{
	const char *rule = membership->session.environment->bindable_groups;
	if (rule == NULL || text_equal(rule, "any"))
		return RESULT_OK;
	struct group_facts facts = {.group_id = membership->group_id};
	enum result result = RESULT_OK;
	if (!text_starts_with(rule, "ids:"))
		result = entra_group_fetch(&membership->session, membership->group_id, &facts, error);
	bool allowed = false;
	if (result == RESULT_OK)
		result = bindable_check(&membership->session, &facts, &allowed, error);
	if (result != RESULT_OK || allowed)
		return result;
	return error_set(error, RESULT_DENIED, "group_not_allowed",
	                 "The operator's setting bindable_groups does not let this service change that group.");
}

/* One page. *ret_url is where the list goes on, in `links`; NULL at its end. */
static enum result page_read(struct membership *membership, struct odata_walk *walk,
                             const struct graph_request *request, struct arena *links, bool *ret_found,
                             const char **ret_url, struct error *error)
{
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result = graph_perform(&membership->session, request, &answer, error);
	if (graph_fault_is_missing(answer.status, &answer.fault))
		return entra_group_explain_missing(&membership->session, membership->group_id, error);
	if (result == RESULT_NOT_FOUND)
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer.status, error);
	if (result != RESULT_OK)
		return result;
	if (!json_is_array(json_object_get(answer.body, "value")))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list of members is not a list.");
	*ret_found = odata_page_lists(answer.body, membership->user_id);
	return odata_walk_next(walk, answer.body, links, ret_url, error);
}

/* Two arenas in turns: the link in hand was written into one while the next is written into the other. */
static enum result members_search(struct membership *membership, struct odata_walk *walk, struct arena *links[2],
                                  bool *ret_member, struct error *error)
{
	const char *path =
	    arena_printf(membership->session.arena, "/groups/%s/members?$select=id&$top=999", membership->group_id);
	if (path == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	struct graph_request request = {.method = GRAPH_GET, .path = path};
	for (size_t turn = 0;; turn ^= 1) {
		bool found = false;
		const char *url = NULL;
		arena_reset(links[turn]);
		enum result result = page_read(membership, walk, &request, links[turn], &found, &url, error);
		if (result != RESULT_OK && !found)
			return result;
		if (found || url == NULL) {
			*ret_member = found;
			return RESULT_OK;
		}
		request = (struct graph_request){.method = GRAPH_GET, .url = url};
	}
}

enum result entra_is_member(const struct connector_environment *environment, const struct connector_target *target,
                            const char *group_id, const char *user_id, struct arena *arena, bool *ret_member,
                            struct error *error)
{
	struct membership membership;
	enum result result = membership_init(environment, target, group_id, user_id, arena, &membership, error);
	if (result != RESULT_OK)
		return result;
	_cleanup_(arena_freep) struct arena *one = arena_new(LINK_ARENA_CEILING);
	_cleanup_(arena_freep) struct arena *other = arena_new(LINK_ARENA_CEILING);
	if (one == NULL || other == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	struct arena *links[2] = {one, other};
	struct odata_walk walk;
	odata_walk_init(&walk, &membership.session.place, MEMBER_PAGES_MAX);
	result = members_search(&membership, &walk, links, ret_member, error);
	odata_walk_done(&walk);
	return result;
}

/* Whether the group itself answers. If it does, what was asked of it can be judged. */
static enum result group_answers(struct membership *membership, struct group_facts *ret_facts, struct error *error)
{
	return entra_group_fetch(&membership->session, membership->group_id, ret_facts, error);
}

/* The sentence and code of a group that cannot be managed, keeping the ids of the refusal. */
static enum result explain_as(struct error *error, enum result result, const char *code, const char *sentence)
{
	struct error before = error != NULL ? *error : (struct error){0};
	error_set(error, result, code, "%s", sentence);
	if (error != NULL) {
		error->retry_after_ms = -1;
		error->http_status = before.http_status;
		memcpy(error->remote_code, before.remote_code, sizeof(error->remote_code));
		memcpy(error->request_id, before.request_id, sizeof(error->request_id));
		memcpy(error->client_request_id, before.client_request_id, sizeof(error->client_request_id));
	}
	return result;
}

static enum result explain_by_roles(struct membership *membership, enum result refused, struct error *error)
{
	struct entra_claims claims;
	struct graph_session *session = &membership->session;
	if (entra_claims_read(session->token, session->arena, &claims) != RESULT_OK || !claims.readable)
		return refused;
	bool owned = bindable_is_owned_mode(session->environment->bindable_groups);
	if (owned || permissions_allow_membership_writes(&claims))
		return refused;
	/* Consent that is given later stands in new tokens only. */
	entra_token_forget(session->target->settings->connector_id);
	return explain_as(error, RESULT_DENIED, claims.role_count == 0 ? "consent_missing" : "permission_missing",
	                  "The app lacks the application permission GroupMember.ReadWrite.All.");
}

/* After a 403, or a 400 that no message explains: the group's flags, then the token's roles. */
static enum result explain_refusal(struct membership *membership, enum result refused, struct error *error)
{
	struct group_facts facts;
	struct error reading = {0};
	enum result result = group_answers(membership, &facts, &reading);
	if (result == RESULT_NOT_FOUND)
		return explain_as(error, result, reading.code, reading.detail);
	bool manageable = true;
	const char *code = result == RESULT_OK ? group_facts_code(&facts, &manageable) : NULL;
	if (result == RESULT_OK && !manageable)
		return explain_as(error, RESULT_CONFLICT, code,
		                  "Microsoft Graph refused the change, and the group is of a kind that "
		                  "cannot be managed by this app.");
	return refused == RESULT_DENIED ? explain_by_roles(membership, refused, error) : refused;
}

/* The group is there; is the user? What neither explains is replication, which passes. */
static enum result explain_missing_user(struct membership *membership, struct error *error)
{
	struct error asking = {0};
	enum result result = entra_user_exists(&membership->session, membership->user_id, &asking);
	if (result == RESULT_NOT_FOUND)
		return explain_as(error, result, "user_not_found", "No user in the directory has that object id.");
	explain_as(error, RESULT_UNAVAILABLE, "graph_unavailable",
	           "Microsoft Graph does not find the group or the user yet; a change may still be spreading.");
	if (error != NULL)
		error->retryable = true;
	return RESULT_UNAVAILABLE;
}

static bool message_quotes(const struct graph_fault *fault, const char *id)
{
	return fault->message != NULL && strcasestr(fault->message, id) != NULL;
}

/* The 404 of an add quotes the id that was not found. */
static enum result explain_add_missing(struct membership *membership, const struct graph_fault *fault,
                                       struct error *error)
{
	bool names_user = message_quotes(fault, membership->user_id);
	if (names_user && !message_quotes(fault, membership->group_id))
		return explain_as(error, RESULT_NOT_FOUND, "user_not_found", "No user in the directory has that object id.");
	struct group_facts facts;
	struct error reading = {0};
	enum result result = group_answers(membership, &facts, &reading);
	if (result == RESULT_NOT_FOUND)
		return explain_as(error, result, reading.code, reading.detail);
	if (result != RESULT_OK) {
		if (error != NULL)
			*error = reading;
		return result;
	}
	return explain_missing_user(membership, error);
}

/* "Already" counts only once the group itself has answered. */
static enum result settle_already(struct membership *membership, bool *ret_already, struct error *error)
{
	struct group_facts facts;
	enum result result = group_answers(membership, &facts, error);
	if (result == RESULT_OK)
		*ret_already = true;
	return result;
}

/* What neither says "done" nor "already". */
static enum result settle_refused(struct membership *membership, enum result result, const struct graph_answer *answer,
                                  struct error *error)
{
	if (answer->status == 403 || (answer->status == 400 && error != NULL && text_equal(error->code, "graph_error")))
		return explain_refusal(membership, result, error);
	if (result == RESULT_NOT_FOUND)
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer->status, error);
	return result;
}

static enum result add_settle(struct membership *membership, enum result result, const struct graph_answer *answer,
                              bool *ret_already, struct error *error)
{
	if (result == RESULT_OK) {
		*ret_already = false;
		return RESULT_OK;
	}
	if (graph_fault_is_already_member(answer->status, &answer->fault))
		return settle_already(membership, ret_already, error);
	if (graph_fault_is_missing(answer->status, &answer->fault) ||
	    graph_fault_is_unreplicated(answer->status, &answer->fault))
		return explain_add_missing(membership, &answer->fault, error);
	return settle_refused(membership, result, answer, error);
}

/* The operator's limit is looked at before every write (CONTRACT section 2, bindable_groups). */
static enum result membership_begin(const struct connector_environment *environment,
                                    const struct connector_target *target, const char *group_id, const char *user_id,
                                    struct arena *arena, struct membership *ret_membership, struct error *error)
{
	enum result result = membership_init(environment, target, group_id, user_id, arena, ret_membership, error);
	return result == RESULT_OK ? membership_check_limit(ret_membership, error) : result;
}

typedef enum result membership_settle(struct membership *membership, enum result result,
                                      const struct graph_answer *answer, bool *ret_already, struct error *error);

static enum result membership_write(struct membership *membership, const struct graph_request *request,
                                    membership_settle *settle, bool *ret_already, struct connector_trace *ret_trace,
                                    struct error *error)
{
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	struct error own = {0};
	enum result result = graph_perform(&membership->session, request, &answer, &own);
	*ret_trace = answer.trace;
	result = settle(membership, result, &answer, ret_already, &own);
	if (result != RESULT_OK && error != NULL)
		*error = own;
	return result;
}

enum result entra_add_member(const struct connector_environment *environment, const struct connector_target *target,
                             const char *group_id, const char *user_id, struct arena *arena, bool *ret_already,
                             struct connector_trace *ret_trace, struct error *error)
{
	struct membership membership;
	enum result result = membership_begin(environment, target, group_id, user_id, arena, &membership, error);
	if (result != RESULT_OK)
		return result;
	const char *path = arena_printf(arena, "/groups/%s/members/$ref", group_id);
	const char *link = entra_place_object_link(&membership.session.place, arena, user_id);
	const char *body = link != NULL ? arena_printf(arena, "{\"@odata.id\":\"%s\"}", link) : NULL;
	if (path == NULL || body == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct graph_request request = {.method = GRAPH_POST, .path = path, .body = body};
	return membership_write(&membership, &request, add_settle, ret_already, ret_trace, error);
}

static enum result remove_settle(struct membership *membership, enum result result, const struct graph_answer *answer,
                                 bool *ret_already, struct error *error)
{
	if (result == RESULT_OK) {
		*ret_already = false;
		return RESULT_OK;
	}
	if (graph_fault_is_missing(answer->status, &answer->fault) ||
	    graph_fault_is_not_member(answer->status, &answer->fault))
		return settle_already(membership, ret_already, error);
	return settle_refused(membership, result, answer, error);
}

enum result entra_remove_member(const struct connector_environment *environment, const struct connector_target *target,
                                const char *group_id, const char *user_id, struct arena *arena, bool *ret_already,
                                struct connector_trace *ret_trace, struct error *error)
{
	struct membership membership;
	enum result result = membership_begin(environment, target, group_id, user_id, arena, &membership, error);
	if (result != RESULT_OK)
		return result;
	const char *path = member_ref_path(arena, group_id, user_id);
	if (path == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct graph_request request = {.method = GRAPH_DELETE, .path = path};
	return membership_write(&membership, &request, remove_settle, ret_already, ret_trace, error);
}
