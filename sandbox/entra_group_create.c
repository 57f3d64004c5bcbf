/* Making a group: by POST, and by the upsert of entra_group_write.c. */
#include "base/text.h"
#include "directory.h"
#include "entra.h"
#include "entra_group_check.h"

#define LINKS_AT_ONCE 20
#define WRITES_ALL "Group.ReadWrite.All|Directory.ReadWrite.All"
#define READS_USERS "User.Read.All|User.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"

/* ---- what must be unique ---- */

static void conflict_fail(struct entra_call *call, const char *property)
{
	const char *message = arena_printf(call->request->arena,
	                                   "Another object with the same value for property %s already exists.", property);
	entra_fail(call, 400, "Request_BadRequest", "%s", message);
	json_object_set_new(json_object_get(call->reply->json, "error"), "details",
	                    json_pack("[{s:s,s:s,s:s}]", "code", "ObjectConflict", "message", message, "target", property));
}

static bool unique_name_taken(const struct entra_call *call, const json_t *self, const char *name)
{
	const json_t *group = entra_group_named(call, name);
	return group && group != self;
}

/* `unified`: by a Microsoft 365 group. */
static bool nickname_taken(const struct entra_call *call, const json_t *self, const char *name, bool unified)
{
	const char *id;
	json_t *group;
	json_object_foreach(call->sandbox->directory.groups, id, group)
	{
		const json_t *properties = directory_properties(group);
		if (group != self && (!unified || group_has_type(properties, "Unified")) &&
		    text_equal_fold(json_string_at(properties, "mailNickname"), name))
			return true;
	}
	return false;
}

/* A mail nickname is unique among Microsoft 365 groups. No source tells for certain whether security groups may share
 * one: they may here, unless a test has replaced that. */
static bool nickname_free(struct entra_call *call, const json_t *self, const json_t *body)
{
	const char *nickname = json_string_at(body, "mailNickname");
	bool unified = group_has_type(json_object_get(body, "groupTypes") ? body : directory_properties(self), "Unified");
	bool shared = json_object_get(call->sandbox->faults.responses, "sharedMailNickname") != NULL;
	if (!nickname || (!unified && !shared) || !nickname_taken(call, self, nickname, !shared))
		return true;
	if (unified)
		conflict_fail(call, "mailNickname");
	else
		entra_fail_as(call, "sharedMailNickname", 400, "Request_BadRequest",
		              "Another object with the same value for property mailNickname already exists.");
	return false;
}

bool entra_group_unlike_others(struct entra_call *call, const json_t *self, const json_t *body)
{
	const char *name = json_string_at(body, "uniqueName");
	if (name && unique_name_taken(call, self, name)) {
		conflict_fail(call, "uniqueName");
		return false;
	}
	return nickname_free(call, self, body);
}

/* ---- links ---- */

bool entra_links_fit(struct entra_call *call, const json_t *body)
{
	if (json_array_size(json_object_get(body, "members@odata.bind")) +
	        json_array_size(json_object_get(body, "owners@odata.bind")) <=
	    LINKS_AT_ONCE)
		return true;
	entra_fail(call, 400, "Request_BadRequest", "A resource cannot contain more than 20 link changes");
	return false;
}

json_t *entra_owners_read(struct entra_call *call, const json_t *body)
{
	json_t *owners = request_keep(call->request, json_object());
	size_t index;
	json_t *link;
	json_array_foreach(json_object_get(body, "owners@odata.bind"), index, link)
	{
		const char *given = entra_link_read(call, link, true);
		if (!given)
			return NULL;
		const json_t *user = directory_user(call->sandbox, given);
		const char *id = user ? directory_id(user) : SANDBOX_SERVICE_PRINCIPAL_ID;
		if (!user && !text_equal_fold(given, SANDBOX_SERVICE_PRINCIPAL_ID)) {
			entra_fail_not_found(call, given);
			return NULL;
		}
		if (json_object_get(owners, id)) {
			entra_fail(call, 400, "Request_BadRequest", "Request contains a property with duplicate values.");
			return NULL;
		}
		json_object_set_new(owners, id, json_true());
	}
	return owners;
}

/* ---- the group ---- */

/* An app that may only create groups may make itself an owner; to name users it must be allowed to read them. */
static bool users_nameable(struct entra_call *call, const json_t *body, const json_t *owners)
{
	bool itself = json_object_get(owners, SANDBOX_SERVICE_PRINCIPAL_ID) != NULL;
	size_t users =
	    json_array_size(json_object_get(body, "members@odata.bind")) + json_object_size(owners) - (itself ? 1 : 0);
	if (users == 0 || entra_permitted(call->claims, WRITES_ALL))
		return true;
	call->reply->permission = "Group.Create|" WRITES_ALL "&" READS_USERS;
	if (entra_permitted(call->claims, READS_USERS))
		return true;
	entra_fail_denied(call);
	return false;
}

static bool creation_valid(struct entra_call *call, const json_t *body)
{
	struct group_fault fault;
	if (!group_check_new(body, &fault)) {
		entra_fail_as(call, fault.response, 400, "Request_BadRequest", fault.message);
		return false;
	}
	if (json_bool_at(body, "isAssignableToRole", false) &&
	    !entra_role(call->claims, "RoleManagement.ReadWrite.Directory")) {
		entra_fail_denied(call);
		return false;
	}
	return entra_links_fit(call, body) && entra_group_unlike_others(call, NULL, body);
}

/* Everything but the links, with the defaults of a new group. */
static json_t *new_properties(const json_t *body)
{
	json_t *properties = json_pack("{s:n,s:[],s:n,s:n,s:[]}", "description", "groupTypes", "mail",
	                               "onPremisesSyncEnabled", "proxyAddresses");
	json_object_update(properties, (json_t *)(uintptr_t)body);
	json_object_del(properties, "members@odata.bind");
	json_object_del(properties, "owners@odata.bind");
	json_object_del(properties, "id");
	return properties;
}

void entra_group_create(struct entra_call *call, const json_t *body)
{
	const json_t *members = json_object_get(body, "members@odata.bind");
	if (!creation_valid(call, body))
		return;
	json_t *owners = entra_owners_read(call, body);
	if (!owners || !users_nameable(call, body, owners))
		return;
	_cleanup_(json_decrefp) json_t *properties = new_properties(body);
	json_t *group = directory_put_group(call->sandbox, properties);
	json_object_update(json_object_get(group, "owners"), owners);
	if (members && !entra_members_bind(call, group, members)) {
		json_object_del(call->sandbox->directory.groups, directory_id(group));
		return;
	}
	entra_reply_object(call, "groups/$entity", entra_project(call, "group", group, NULL, false));
	call->reply->status = 201;
	reply_header(call->reply, "Location",
	             arena_printf(call->request->arena, SANDBOX_GRAPH "/v2/%s/directoryObjects/%s", SANDBOX_TENANT_ID,
	                          directory_id(group)));
}

void entra_groups_create(struct entra_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	if (!json_is_object(body))
		entra_fail(call, 400, "BadRequest",
		           "Unable to read JSON request payload. Please ensure Content-Type header is set "
		           "and payload is of valid JSON format.");
	else
		entra_group_create(call, body);
}
