/* One group, never two.
 *
 * It is looked for first, by a mail nickname that is this creation's alone. Then it is created by an upsert on the same
 * name, which may be repeated after a lost answer. Where Graph does not offer that, a plain POST creates it; after one
 * whose answer was lost neither may be sent (the upsert does not know what the POST created), and the group is only
 * looked for until the time is over in which a new group may stay unseen. */
#include "connector/entra/group_creation.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/bindable.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/groups.h"
#include "connector/entra/odata.h"
#include "connector/entra/permissions.h"
#include "connector/entra/token.h"
#include "connector/entra/token_claims.h"
#include "connector/entra/transport.h"

#define LOOK_AGAIN_MS 5000

struct creating {
	struct graph_session session;
	const struct group_creation *creation;
	bool announced; /* that something is sent which may be repeated */
};

static enum result out_of_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

/* ---- looking ---- */

static enum result found_take(struct creating *creating, const json_t *object, struct connector_group_check *ret_group,
                              struct error *error)
{
	struct group_facts facts;
	bool allowed = false;
	enum result result = entra_group_facts_read(object, creating->session.arena, &facts);
	if (result == RESULT_NO_MEMORY)
		return out_of_memory(error);
	if (result != RESULT_OK)
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response", "Microsoft Graph named a group without an id.");
	result = bindable_check(&creating->session, &facts, &allowed, error);
	if (result == RESULT_OK)
		entra_group_check_fill(&facts, allowed, ret_group);
	return result;
}

/* RESULT_NOT_FOUND if no group of that name is seen. */
static enum result group_look(struct creating *creating, struct connector_group_check *ret_group, struct error *error)
{
	char *path = entra_group_nickname_path(creating->session.arena, creating->creation->unique_name);
	if (path == NULL)
		return out_of_memory(error);
	const struct graph_request request = {.method = GRAPH_GET, .path = path};
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result = graph_perform(&creating->session, &request, &answer, error);
	if (result == RESULT_NOT_FOUND)
		return entra_transport_bad_response(ENTRA_SIDE_GRAPH, answer.status, error);
	if (result != RESULT_OK)
		return result;
	const json_t *list = json_object_get(answer.body, "value");
	if (!json_is_array(list))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response", "Microsoft Graph's list of groups is no list.");
	if (json_array_size(list) == 0)
		return RESULT_NOT_FOUND;
	return found_take(creating, json_array_get(list, 0), ret_group, error);
}

static enum result group_unseen(struct error *error)
{
	error_set(error, RESULT_UNAVAILABLE, "group_missing",
	          "The group was created, or may have been; Microsoft Graph does not show it yet.");
	if (error != NULL) {
		error->retryable = true;
		error->retry_after_ms = LOOK_AGAIN_MS;
	}
	return RESULT_UNAVAILABLE;
}

/* ---- creating ---- */

/* `owner` NULL: whoever asks is made the owner by Graph itself. */
static char *creation_body(struct creating *creating, const char *owner)
{
	const struct group_creation *creation = creating->creation;
	bool failed = false;
	_cleanup_(json_decrefp) json_t *body = json_object();
	json_put_string(body, "displayName", creation->display_name, &failed);
	if (!text_is_empty(creation->description))
		json_put_string(body, "description", creation->description, &failed);
	json_put(body, "mailEnabled", json_false(), &failed);
	json_put_string(body, "mailNickname", creation->unique_name, &failed);
	json_put(body, "securityEnabled", json_true(), &failed);
	json_put(body, "groupTypes", json_array(), &failed);
	if (owner != NULL) {
		json_t *owners = json_array();
		char *link = arena_printf(creating->session.arena, "%s/v1.0/servicePrincipals/%s",
		                          creating->session.place.cloud->graph, owner);
		if (link == NULL || json_array_append_new(owners, json_string(link)) != 0)
			failed = true;
		json_put(body, "owners@odata.bind", owners, &failed);
	}
	return failed ? NULL : json_write(creating->session.arena, body);
}

/* What we asked for is what it is. It may not be readable for a while, so it is not read back. */
static enum result created_take(struct creating *creating, const struct graph_answer *answer,
                                struct connector_group_check *ret_group, struct error *error)
{
	const char *id = json_string_value(json_object_get(answer->body, "id"));
	if (id == NULL || !text_is_uuid(id))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph created a group without telling its id.");
	const struct group_facts facts = {
	    .group_id = arena_strdup(creating->session.arena, id),
	    .display_name = creating->creation->display_name,
	    .description = creating->creation->description,
	    .security_enabled = KNOWN_TRUE,
	};
	if (facts.group_id == NULL)
		return out_of_memory(error);
	entra_group_check_fill(&facts, true, ret_group);
	return RESULT_OK;
}

static enum result creation_announce(struct creating *creating, bool repeatable, struct error *error)
{
	const struct group_creation *creation = creating->creation;
	if (creation->about_to_create == NULL || (repeatable && creating->announced))
		return RESULT_OK;
	creating->announced = true;
	return creation->about_to_create(creation->context, repeatable, error);
}

/* One attempt to send; a 2xx is judged, anything else is the caller's. *ret_status 0: no answer. */
static enum result creation_send(struct creating *creating, bool upsert, const char *owner, bool *ret_again,
                                 int *ret_status, struct connector_group_check *ret_group, struct error *error)
{
	struct graph_request request = {.method = GRAPH_POST, .path = "/groups", .body = creation_body(creating, owner)};
	if (upsert) {
		request.method = GRAPH_UPSERT;
		request.path =
		    arena_printf(creating->session.arena, "/groups(uniqueName='%s')", creating->creation->unique_name);
	}
	if (request.path == NULL || request.body == NULL)
		return out_of_memory(error);
	enum result result = creation_announce(creating, upsert, error);
	if (result != RESULT_OK)
		return result;
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	result = graph_perform(&creating->session, &request, &answer, error);
	*ret_status = answer.status;
	*ret_again = owner != NULL && answer.status == 400 && answer.fault.message != NULL &&
	             strcasestr(answer.fault.message, "duplicate values") != NULL;
	if (result != RESULT_OK)
		return result;
	if (answer.status == 204) {
		result = group_look(creating, ret_group, error);
		return result == RESULT_NOT_FOUND ? group_unseen(error) : result;
	}
	return created_take(creating, &answer, ret_group, error);
}

/* Some tenants make the app an owner by themselves, and then object to its being named. */
static enum result creation_try(struct creating *creating, bool upsert, const char *owner, int *ret_status,
                                struct connector_group_check *ret_group, struct error *error)
{
	bool again = false;
	enum result result = creation_send(creating, upsert, owner, &again, ret_status, ret_group, error);
	if (result != RESULT_OK && again)
		result = creation_send(creating, upsert, NULL, &again, ret_status, ret_group, error);
	return result;
}

/* Graph answered that it does not do this, or not for us: nothing was created. */
static bool upsert_is_refused(int status)
{
	return status == 400 || status == 403 || status == 404 || status == 405 || status == 501;
}

static enum result refusal_explain(struct creating *creating, const struct entra_claims *claims, enum result refused,
                                   int status, struct error *error)
{
	if (status != 403 || !claims->readable || permissions_allow_group_creation(claims))
		return refused;
	/* Consent that is given later stands in new tokens only. */
	entra_token_forget(creating->session.target->settings->connector_id);
	if (error == NULL)
		return RESULT_DENIED;
	struct error before = *error;
	error_set(error, RESULT_DENIED, claims->role_count == 0 ? "consent_missing" : "permission_missing",
	          "The app lacks the application permission Group.Create.");
	error->http_status = before.http_status;
	memcpy(error->remote_code, before.remote_code, sizeof(error->remote_code));
	memcpy(error->request_id, before.request_id, sizeof(error->request_id));
	memcpy(error->client_request_id, before.client_request_id, sizeof(error->client_request_id));
	return RESULT_DENIED;
}

static enum result owner_find(struct creating *creating, struct entra_claims *ret_claims, struct error *error)
{
	enum result result = entra_claims_read(creating->session.token, creating->session.arena, ret_claims);
	if (result != RESULT_OK)
		return out_of_memory(error);
	if (ret_claims->object_id == NULL || !text_is_uuid(ret_claims->object_id))
		return error_set(error, RESULT_PROTOCOL, "login_bad_response",
		                 "Entra's access token does not tell the object id of our service principal, which is to own "
		                 "the group.");
	return RESULT_OK;
}

static enum result group_create(struct creating *creating, struct connector_group_check *ret_group, struct error *error)
{
	const struct group_creation *creation = creating->creation;
	struct entra_claims claims = {0};
	int status = 0;
	if (creation->may_not_repeat && !creation->give_up_looking)
		return group_unseen(error);
	enum result result = owner_find(creating, &claims, error);
	if (result != RESULT_OK)
		return result;
	result = creation_try(creating, true, claims.object_id, &status, ret_group, error);
	if (result == RESULT_OK || !upsert_is_refused(status))
		return result;
	if (creation->may_exist && !creation->give_up_looking)
		return group_unseen(error);
	result = creation_try(creating, false, claims.object_id, &status, ret_group, error);
	return result == RESULT_OK ? result : refusal_explain(creating, &claims, result, status, error);
}

static bool creation_is_allowed(const struct connector_environment *environment, const struct group_creation *creation)
{
	return bindable_judge(environment->bindable_groups, "", creation->display_name) != BINDABLE_NO;
}

enum result entra_create_group(const struct connector_environment *environment, const struct connector_target *target,
                               const struct group_creation *creation, struct arena *arena,
                               struct connector_group_check *ret_group, struct error *error)
{
	struct creating creating = {.creation = creation};
	if (!creation_is_allowed(environment, creation))
		return error_set(error, RESULT_DENIED, "group_not_allowed",
		                 "The operator's setting bindable_groups does not let this service create a group of that "
		                 "name.");
	enum result result = graph_session_init(environment, target, arena, &creating.session, error);
	if (result == RESULT_OK)
		result = group_look(&creating, ret_group, error);
	return result == RESULT_NOT_FOUND ? group_create(&creating, ret_group, error) : result;
}
