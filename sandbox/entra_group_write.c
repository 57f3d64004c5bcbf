/* Creating, changing and deleting groups, and which kinds cannot be written to. */
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"
#include "faults.h"

#define WRITE_GROUPS "Group.ReadWrite.All|Directory.ReadWrite.All"
#define WRITE_MEMBERS "GroupMember.ReadWrite.All|" WRITE_GROUPS

static bool has_type(const json_t *properties, const char *type)
{
	size_t index;
	json_t *value;
	json_array_foreach(json_object_get(properties, "groupTypes"), index,
	                   value) if (text_equal(json_string_value(value), type)) return true;
	return false;
}

bool entra_group_writable(struct entra_call *call, const json_t *group)
{
	const json_t *properties = directory_properties(group);
	if (!entra_permitted(call->claims, WRITE_MEMBERS) && !entra_owns(call, group)) {
		entra_fail_denied(call);
		return false;
	}
	const char *denied = NULL;
	if (has_type(properties, "DynamicMembership"))
		denied = "dynamicGroupWrite";
	else if (json_bool_at(properties, "isManagementRestricted", false))
		denied = "restrictedGroupWrite";
	else if (json_bool_at(properties, "isAssignableToRole", false) &&
	         !entra_role(call->claims, "RoleManagement.ReadWrite.Directory"))
		denied = "roleAssignableGroupWrite";
	if (denied) {
		entra_fail_as(call, denied, 403, "Authorization_RequestDenied",
		              "Insufficient privileges to complete the operation.");
		return false;
	}
	if (json_bool_at(properties, "onPremisesSyncEnabled", false)) {
		entra_fail(call, 400, "Request_BadRequest",
		           "Unable to update the specified properties for on-premises mastered Directory Sync objects or "
		           "objects currently undergoing migration.");
		return false;
	}
	if (json_bool_at(properties, "mailEnabled", false) && !has_type(properties, "Unified")) {
		entra_fail(call, 400, "Request_BadRequest",
		           "Cannot Update a mail-enabled security groups and or distribution list.");
		return false;
	}
	return true;
}

static bool nickname_valid(const char *name)
{
	if (!name || !*name || strlen(name) > 64)
		return false;
	for (; *name; name++)
		if ((unsigned char)*name > 126 || *name <= ' ' || strchr("@()\\[]\";:<>,", *name))
			return false;
	return true;
}

static bool nickname_taken(const struct entra_call *call, const char *name)
{
	const char *id;
	json_t *group;
	json_object_foreach(call->sandbox->directory.groups, id,
	                    group) if (has_type(directory_properties(group), "Unified") &&
	                               text_equal_fold(json_string_at(group, "properties.mailNickname"), name)) return true;
	return false;
}

static bool create_complete(struct entra_call *call, const json_t *body)
{
	static const char *const needed[] = {"displayName", "mailEnabled", "mailNickname", "securityEnabled"};
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (json_object_get(body, needed[i]))
			continue;
		entra_fail(call, 400, "Request_BadRequest", "A value is required for property '%s' of resource 'Group'.",
		           needed[i]);
		return false;
	}
	return true;
}

static bool properties_known(struct entra_call *call, const json_t *body)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)body, name, value)
	{
		if (entra_property_known("group", name) || text_equal(name, "members@odata.bind") ||
		    text_equal(name, "owners@odata.bind") || text_starts_with(name, "@odata."))
			continue;
		entra_fail(call, 400, "Request_BadRequest", "Invalid property '%s'.", name);
		return false;
	}
	return true;
}

static bool create_valid(struct entra_call *call, const json_t *body)
{
	const char *display = json_string_at(body, "displayName");
	const char *nickname = json_string_at(body, "mailNickname");
	const char *bad = NULL;
	if (!create_complete(call, body) || !properties_known(call, body))
		return false;
	if (!display || !*display || strlen(display) > 256)
		bad = "displayName";
	else if (!nickname_valid(nickname))
		bad = "mailNickname";
	else if (json_bool_at(body, "mailEnabled", false) && !has_type(body, "Unified"))
		bad = "mailEnabled";
	if (bad) {
		entra_fail(call, 400, "Request_BadRequest", "Invalid value specified for property '%s' of resource 'Group'.",
		           bad);
		return false;
	}
	if (has_type(body, "Unified") && nickname_taken(call, nickname)) {
		entra_fail(call, 400, "Request_BadRequest",
		           "Another object with the same value for property mailNickname already exists.");
		return false;
	}
	if (json_bool_at(body, "isAssignableToRole", false) &&
	    !entra_role(call->claims, "RoleManagement.ReadWrite.Directory")) {
		entra_fail_denied(call);
		return false;
	}
	return true;
}

/* The id at the end of a link to a directory object; NULL if it is none. */
static const char *owner_id(const struct entra_call *call, const json_t *link)
{
	const char *text = json_string_value(link);
	const char *slash = text ? strrchr(text, '/') : NULL;
	if (!slash || !text_is_uuid(slash + 1))
		return NULL;
	if (!text_equal_fold(slash + 1, SANDBOX_SERVICE_PRINCIPAL_ID) && !directory_user(call->sandbox, slash + 1))
		return NULL;
	return slash + 1;
}

static bool owners_bind(struct entra_call *call, json_t *owners, const json_t *links)
{
	size_t index;
	json_t *link;
	json_array_foreach(links, index, link)
	{
		const char *id = owner_id(call, link);
		if (!id) {
			const char *text = json_string_value(link);
			const char *slash = text ? strrchr(text, '/') : NULL;
			entra_fail_not_found(call, slash ? slash + 1 : "");
			return false;
		}
		if (json_object_get(owners, id)) {
			entra_fail(call, 400, "Request_BadRequest", "Request contains a property with duplicate values.");
			return false;
		}
		json_object_set_new(owners, id, json_true());
	}
	return true;
}

static bool links_fit(struct entra_call *call, const json_t *members, const json_t *owners)
{
	if (json_array_size(members) + json_array_size(owners) <= 20)
		return true;
	entra_fail(call, 400, "Request_BadRequest", "A resource cannot contain more than 20 link changes");
	return false;
}

/* Everything but the links, with the defaults of a new group. */
static json_t *create_properties(const json_t *body)
{
	json_t *properties = json_pack("{s:n,s:[],s:n,s:n,s:[]}", "description", "groupTypes", "mail",
	                               "onPremisesSyncEnabled", "proxyAddresses");
	json_object_update(properties, (json_t *)(uintptr_t)body);
	json_object_del(properties, "members@odata.bind");
	json_object_del(properties, "owners@odata.bind");
	json_object_del(properties, "id");
	return properties;
}

static void group_create(struct entra_call *call, const json_t *body, const char *unique_name)
{
	const json_t *members = json_object_get(body, "members@odata.bind");
	const json_t *wanted = json_object_get(body, "owners@odata.bind");
	_cleanup_(json_decrefp) json_t *owners = json_object();
	if (!create_valid(call, body) || !links_fit(call, members, wanted) || !owners_bind(call, owners, wanted))
		return;
	_cleanup_(json_decrefp) json_t *properties = create_properties(body);
	if (unique_name)
		json_object_set_new(properties, "uniqueName", json_string(unique_name));
	json_t *group = directory_put_group(call->sandbox, properties);
	json_object_set(group, "owners", owners);
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
		group_create(call, body, NULL);
}

static void group_update(struct entra_call *call, json_t *group, const json_t *body)
{
	const json_t *members = json_object_get(body, "members@odata.bind");
	size_t others = json_object_size(body) - (members ? 1 : 0);
	int64_t cost = ((int64_t)json_array_size(members) * call->sandbox->faults.throttle.link_cost + 19) / 20;
	if (others > 0 && !entra_permitted(call->claims, WRITE_GROUPS) && !entra_owns(call, group)) {
		entra_fail_denied(call);
		return;
	}
	if (!entra_group_writable(call, group) || !properties_known(call, body) ||
	    !throttle_admit(call->sandbox, cost > 0 ? cost : 1, call->reply) || !links_fit(call, members, NULL))
		return;
	if (members && !entra_members_bind(call, group, members))
		return;
	if (others > 0) {
		_cleanup_(json_decrefp) json_t *changes = json_copy((json_t *)(uintptr_t)body);
		json_object_del(changes, "members@odata.bind");
		json_object_del(changes, "id");
		json_object_update(directory_properties(group), changes);
	}
	reply_empty(call->reply, 204);
}

void entra_groups_patch(struct entra_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	json_t *group = entra_group_find(call);
	const char *prefer = request_header(call->request, "prefer");
	const char *name = call->parameter[0];
	call->reply->permission = WRITE_MEMBERS;
	if (!json_is_object(body)) {
		entra_fail(call, 400, "BadRequest",
		           "Unable to read JSON request payload. Please ensure Content-Type header is set "
		           "and payload is of valid JSON format.");
	} else if (group) {
		group_update(call, group, body);
	} else if (text_starts_with(name, "uniqueName=") && prefer && strcasestr(prefer, "create-if-missing")) {
		call->reply->permission = "Group.Create|" WRITE_GROUPS;
		if (!entra_permitted(call->claims, "Group.Create|" WRITE_GROUPS))
			entra_fail_as(call, "groupUpsert", 403, "Authorization_RequestDenied",
			              "Insufficient privileges to complete the operation.");
		else if (throttle_admit(call->sandbox, 1, call->reply))
			group_create(call, body, name + strlen("uniqueName="));
	} else {
		entra_fail_not_found(call, name);
	}
}

void entra_groups_delete(struct entra_call *call)
{
	json_t *group = entra_group_find(call);
	if (!group)
		entra_fail_not_found(call, call->parameter[0]);
	else if (!entra_permitted(call->claims, WRITE_GROUPS) && !entra_owns(call, group))
		entra_fail_denied(call);
	else if (directory_delete(call->sandbox, directory_id(group)))
		reply_empty(call->reply, 204);
}
