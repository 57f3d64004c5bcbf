/* Changing, upserting and deleting groups, and which kinds cannot be written to. */
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"
#include "entra_group_check.h"
#include "faults.h"

#define OWNERS_MOST 100
#define WRITE_GROUPS "Group.ReadWrite.All|Directory.ReadWrite.All"
#define WRITE_MEMBERS "GroupMember.ReadWrite.All|" WRITE_GROUPS

bool entra_group_writable(struct entra_call *call, const json_t *group)
{
	const json_t *properties = directory_properties(group);
	if (!entra_permitted(call->claims, WRITE_MEMBERS) && !entra_owns(call, group)) {
		entra_fail_denied(call);
		return false;
	}
	const char *denied = NULL;
	if (group_has_type(properties, "DynamicMembership"))
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
	if (json_bool_at(properties, "mailEnabled", false) && !group_has_type(properties, "Unified")) {
		entra_fail(call, 400, "Request_BadRequest",
		           "Cannot Update a mail-enabled security groups and or distribution list.");
		return false;
	}
	return true;
}

/* ---- changing ---- */

static bool change_permitted(struct entra_call *call, const json_t *group, bool members_only)
{
	const char *needed = members_only ? WRITE_MEMBERS : WRITE_GROUPS;
	if (entra_permitted(call->claims, needed) || entra_owns(call, group))
		return true;
	entra_fail_denied(call);
	return false;
}

static bool change_valid(struct entra_call *call, const json_t *group, const json_t *body)
{
	struct group_fault fault;
	int64_t links = (int64_t)json_array_size(json_object_get(body, "members@odata.bind"));
	int64_t cost = (links * call->sandbox->faults.throttle.link_cost + 19) / 20;
	if (!group_check_change(directory_properties(group), body, &fault)) {
		entra_fail_as(call, fault.response, 400, "Request_BadRequest", fault.message);
		return false;
	}
	return entra_group_unlike_others(call, group, body) &&
	       throttle_admit(call->sandbox, cost > 0 ? cost : 1, call->reply) && entra_links_fit(call, body);
}

/* Whoever is an owner already is no fault in an upsert, unless a test says so: it repeats what made the group. */
static bool owners_addable(struct entra_call *call, const json_t *group, const json_t *owners, bool upsert)
{
	json_t *now = json_object_get(group, "owners");
	const char *message =
	    "One or more added object references already exist for the following modified properties: 'owners'.";
	const char *id;
	json_t *yes;
	size_t added = 0;
	json_object_foreach((json_t *)(uintptr_t)owners, id, yes) added += json_object_get(now, id) ? 0 : 1;
	if (added < json_object_size(owners) && !upsert) {
		entra_fail(call, 400, "Request_BadRequest", "%s", message);
		return false;
	}
	if (added < json_object_size(owners) && json_object_get(call->sandbox->faults.responses, "upsertOwnerExists")) {
		entra_fail_as(call, "upsertOwnerExists", 400, "Request_BadRequest", message);
		return false;
	}
	if (json_object_size(now) + added <= OWNERS_MOST)
		return true;
	entra_fail(call, 403, "Directory_QuotaExceeded",
	           "Unable to perform operation as '%zu' would exceed the maximum quota count '%d' for forward-link "
	           "'owners'.",
	           json_object_size(now) + added, OWNERS_MOST);
	return false;
}

/* Everything or nothing: what can be refused is refused before anything changes. */
static void group_update(struct entra_call *call, json_t *group, const json_t *body, bool upsert)
{
	const json_t *members = json_object_get(body, "members@odata.bind");
	if (!change_permitted(call, group, members && json_object_size(body) == 1) || !entra_group_writable(call, group) ||
	    !change_valid(call, group, body))
		return;
	json_t *owners = entra_owners_read(call, body);
	if (!owners || !owners_addable(call, group, owners, upsert) ||
	    (members && !entra_members_bind(call, group, members)))
		return;
	_cleanup_(json_decrefp) json_t *changes = json_copy((json_t *)(uintptr_t)body);
	json_object_del(changes, "members@odata.bind");
	json_object_del(changes, "owners@odata.bind");
	json_object_del(changes, "id");
	json_object_update(directory_properties(group), changes);
	if (json_object_size(changes) > 0)
		directory_group_changed(call->sandbox, group);
	json_object_update(json_object_get(group, "owners"), owners);
	reply_empty(call->reply, 204);
}

static void patch_group(struct entra_call *call, const json_t *body)
{
	const json_t *members = json_object_get(body, "members@odata.bind");
	json_t *group = entra_group_find(call);
	call->reply->permission = members && json_object_size(body) == 1 ? WRITE_MEMBERS : WRITE_GROUPS;
	if (group)
		group_update(call, group, body, false);
	else if (members && directory_group(call->sandbox, call->parameter[0], false))
		entra_fail(call, 400, "Request_BadRequest",
		           "The source resource object or one of the objects being referenced do not exist.");
	else
		entra_fail_not_found(call, call->parameter[0]);
}

/* ---- upserting ---- */

static bool upsert_permitted(struct entra_call *call)
{
	bool all = call->sandbox->faults.upsert == UPSERT_READ_WRITE;
	const char *needed = all ? WRITE_GROUPS : "Group.Create|" WRITE_GROUPS;
	call->reply->permission = needed;
	if (entra_permitted(call->claims, needed))
		return true;
	entra_fail_as(call, "groupUpsert", 403, "Authorization_RequestDenied",
	              "Insufficient privileges to complete the operation.");
	return false;
}

/* The key is the truth's, not a replica's: a group that no read sees yet is found, so that no second one is made. The
 * request log shows what the upsert needed, or what the update of a group of others' did. */
static void upsert_group(struct entra_call *call, json_t *body)
{
	const char *name = call->parameter[0] + strlen("uniqueName=");
	const char *told = json_string_at(body, "uniqueName");
	json_t *group = entra_group_named(call, name);
	if (told && !text_equal(told, name)) {
		entra_fail_as(call, "immutableProperty", 400, "Request_BadRequest",
		              "Property 'uniqueName' is read-only and cannot be set.");
		return;
	}
	json_object_set_new(body, "uniqueName", json_string(name));
	if (!upsert_permitted(call))
		return;
	if (!group) {
		if (throttle_admit(call->sandbox, 1, call->reply))
			entra_group_create(call, body);
		return;
	}
	if (!entra_owns(call, group))
		call->reply->permission = WRITE_GROUPS;
	group_update(call, group, body, true);
}

void entra_groups_patch(struct entra_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const char *prefer = request_header(call->request, "prefer");
	if (!json_is_object(body))
		entra_fail(call, 400, "BadRequest",
		           "Unable to read JSON request payload. Please ensure Content-Type header is set "
		           "and payload is of valid JSON format.");
	else if (text_starts_with(call->parameter[0], "uniqueName=") && prefer && strcasestr(prefer, "create-if-missing"))
		upsert_group(call, body);
	else
		patch_group(call, body);
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
