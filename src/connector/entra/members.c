/* Add and remove.
 *
 * Graph's add and remove are not idempotent by themselves: the second add is a 400, the second remove a 404 or a 400,
 * and the 404 of a remove does not say whether the group, the user or only the link is missing. So "already" is never
 * taken from such an answer alone: the group is read first, and must be there.
 *
 * A refusal is explained before it is handed on, since the same 403 stands for a missing permission and for half a
 * dozen kinds of group: the group's flags are read, then the token's roles. What remains unexplained keeps Graph's own
 * word. */
#include "connector/entra/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "connector/entra/bindable.h"
#include "connector/entra/groups.h"
#include "connector/entra/permissions.h"
#include "connector/entra/token.h"
#include "connector/entra/token_claims.h"
#include "connector/entra/transport.h"
#include "connector/entra/users.h"

#define LINKS_CEILING (16 * 1024)

struct membership {
	struct graph_session *session;
	struct member_group *group;
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

static enum result addition_write(const struct graph_session *session, struct arena *arena,
                                  const struct connector_change *change, struct graph_request *ret_request)
{
	const char *path = arena_printf(arena, "/groups/%s/members/$ref", change->group_id);
	const char *link = entra_place_object_link(&session->place, arena, change->user_id);
	const char *body = link != NULL ? arena_printf(arena, "{\"@odata.id\":\"%s\"}", link) : NULL;
	if (path == NULL || body == NULL)
		return RESULT_NO_MEMORY;
	*ret_request = (struct graph_request){.method = GRAPH_POST, .path = path, .body = body, .use = {.singles = 1}};
	return RESULT_OK;
}

enum result member_request_write(const struct graph_session *session, struct arena *arena,
                                 const struct connector_change *change, struct graph_request *ret_request)
{
	if (!change->removal)
		return addition_write(session, arena, change, ret_request);
	const char *path = member_ref_path(arena, change->group_id, change->user_id);
	if (path == NULL)
		return RESULT_NO_MEMORY;
	*ret_request = (struct graph_request){.method = GRAPH_DELETE, .path = path, .use = {.singles = 1}};
	return RESULT_OK;
}

enum result member_links_write(const struct graph_session *session, struct arena *arena, const char *group_id,
                               const char *const *user_ids, size_t count, struct graph_request *ret_request)
{
	_cleanup_(text_done) struct text body = TEXT_INIT(LINKS_CEILING);
	text_append(&body, GRAPH_LINKS_BEGIN);
	for (size_t i = 0; i < count; i++) {
		const char *link = entra_place_object_link(&session->place, arena, user_ids[i]);
		if (link == NULL)
			return RESULT_NO_MEMORY;
		text_append(&body, i > 0 ? "," : "");
		text_append_json(&body, link);
	}
	text_append(&body, GRAPH_LINKS_END);
	const char *path = arena_printf(arena, "/groups/%s", group_id);
	const char *copy = text_failed(&body) ? NULL : arena_strdup(arena, body.data);
	if (path == NULL || copy == NULL)
		return RESULT_NO_MEMORY;
	*ret_request = (struct graph_request){
	    .method = GRAPH_LINK, .path = path, .body = copy, .use = {.link_requests = 1, .links = count}};
	return RESULT_OK;
}

/* Whether the group itself answers. If it does, what was asked of it can be judged. */
static enum result group_answers(struct membership *membership, struct group_facts *ret_facts, struct error *error)
{
	struct member_group *group = membership->group;
	enum result result = RESULT_OK;
	if (!group->answered)
		result = entra_group_fetch(membership->session, group->id, &group->facts, error);
	group->answered = result == RESULT_OK;
	if (result == RESULT_OK)
		*ret_facts = group->facts;
	return result;
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
	struct graph_session *session = membership->session;
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
	enum result result = entra_user_exists(membership->session, membership->user_id, &asking);
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
	if (names_user && !message_quotes(fault, membership->group->id))
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
	*ret_already = true;
	return group_answers(membership, &facts, error);
}

/* What neither says "done" nor "already". */
static enum result settle_refused(struct membership *membership, const struct batch_item *answer, struct error *error)
{
	enum result result = answer->result;
	if (answer->status == 403 || (answer->status == 400 && text_equal(error->code, "graph_error")))
		return explain_refusal(membership, result, error);
	if (result == RESULT_NOT_FOUND)
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer->status, error);
	return result;
}

static enum result add_settle(struct membership *membership, const struct batch_item *answer, bool *ret_already,
                              struct error *error)
{
	if (answer->result == RESULT_OK)
		return RESULT_OK;
	if (graph_fault_is_already_member(answer->status, &answer->fault))
		return settle_already(membership, ret_already, error);
	if (graph_fault_is_missing(answer->status, &answer->fault) ||
	    graph_fault_is_unreplicated(answer->status, &answer->fault))
		return explain_add_missing(membership, &answer->fault, error);
	return settle_refused(membership, answer, error);
}

static enum result remove_settle(struct membership *membership, const struct batch_item *answer, bool *ret_already,
                                 struct error *error)
{
	if (answer->result == RESULT_OK)
		return RESULT_OK;
	if (graph_fault_is_missing(answer->status, &answer->fault) ||
	    graph_fault_is_not_member(answer->status, &answer->fault))
		return settle_already(membership, ret_already, error);
	return settle_refused(membership, answer, error);
}

/* What was refused was not done: no failure to learn why makes it doubtful. */
static enum result settle(struct membership *membership, const struct batch_item *answer, bool removal,
                          bool *ret_already, struct error *error)
{
	enum result result = removal ? remove_settle(membership, answer, ret_already, error)
	                             : add_settle(membership, answer, ret_already, error);
	if (result != RESULT_TIMEOUT || answer->result == RESULT_TIMEOUT)
		return result;
	error->result = RESULT_UNAVAILABLE;
	return RESULT_UNAVAILABLE;
}

void member_settle(struct graph_session *session, struct member_group *group, const struct batch_item *answer,
                   struct connector_change *change)
{
	struct membership membership = {.session = session, .group = group, .user_id = change->user_id};
	struct error error = answer->error;
	bool already = false;
	change->result = settle(&membership, answer, change->removal, &already, &error);
	change->already = already;
	change->trace = answer->trace;
	if (change->result != RESULT_OK)
		change->error = error;
}
