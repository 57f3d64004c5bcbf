/* Who is in a group: the part of Graph that the product lives on. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"

#define READ_MEMBERS_HIDDEN "Member.Read.Hidden"

/* Also makes the reply where hidden membership must not be seen. */
static json_t *group_readable(struct entra_call *call)
{
	json_t *group = entra_group_or_404(call);
	if (group && text_equal(json_string_at(group, "properties.visibility"), "HiddenMembership") &&
	    !entra_role(call->claims, READ_MEMBERS_HIDDEN)) {
		entra_fail_denied(call);
		return NULL;
	}
	return group;
}

/* The members that a read sees: the table itself where nothing lags, else a copy for this request. */
static json_t *members_seen(struct entra_call *call, json_t *group)
{
	size_t index;
	json_t *id;
	if (json_object_size(json_object_get(group, "recent")) == 0 &&
	    json_object_size(json_object_get(group, "departed")) == 0)
		return json_object_get(group, "members");
	json_t *seen = request_keep(call->request, json_object());
	json_t *list = request_keep(call->request, membership_list(call->sandbox, group));
	json_array_foreach(list, index, id)
	{
		json_t *place = json_object_get(json_object_get(group, "members"), json_string_value(id));
		json_object_set_new(seen, json_string_value(id), json_integer(place ? json_integer_value(place) : 0));
	}
	return seen;
}

static json_t *member_project(const struct entra_call *call, const char *id, json_t *names)
{
	const json_t *user = json_object_get(call->sandbox->directory.users, id);
	/* A table that was filled by number for a load test has ids without users behind them; nor has one that is none. */
	return user ? entra_project(call, "user", user, names, true)
	            : json_pack("{s:s,s:s}", "@odata.type", membership_type(entra_group_find(call), id), "id", id);
}

void entra_members_list(struct entra_call *call)
{
	struct entra_listing listing = {.context = "directoryObjects", .project = member_project};
	json_t *group = group_readable(call);
	bool cast = text_starts_with(call->request->segment[call->request->segments - 1], "microsoft.graph.");
	if (!group || !entra_read_select(call, "user", &listing.names) || !entra_read_top(call, &listing.top))
		return;
	if ((cast || request_query(call->request, "$filter") || request_query(call->request, "$search")) &&
	    !entra_is_advanced(call)) {
		entra_fail(call, 400, "Request_UnsupportedQuery",
		           "Unsupported Query. The 'ConsistencyLevel: eventual' header and $count=true are required. Refer to "
		           "'https://aka.ms/graph-docs/advanced-queries' for more information");
		return;
	}
	listing.source = members_seen(call, group);
	entra_reply_page(call, &listing);
}

void entra_members_count(struct entra_call *call)
{
	const char *level = request_header(call->request, "consistencylevel");
	json_t *group = group_readable(call);
	if (!group)
		return;
	if (!level || !text_equal_fold(level, "eventual")) {
		entra_fail(call, 400, "Request_BadRequest", "$count is not currently supported.");
		return;
	}
	reply_text(call->reply, 200, "text/plain",
	           arena_printf(call->request->arena, "%zu", json_object_size(members_seen(call, group))));
}

static json_t *reference_project(const struct entra_call *call, const char *id, json_t *names)
{
	(void)call;
	(void)names;
	char link[160];
	snprintf(link, sizeof(link),
	         SANDBOX_GRAPH "/v2/" SANDBOX_TENANT_ID "/directoryObjects/%s/Microsoft.DirectoryServices.User", id);
	return json_pack("{s:s}", "@odata.id", link);
}

void entra_members_refs(struct entra_call *call)
{
	struct entra_listing listing = {.context = "Collection($ref)", .project = reference_project};
	json_t *group = group_readable(call);
	if (!group || !entra_read_top(call, &listing.top))
		return;
	listing.source = members_seen(call, group);
	entra_reply_page(call, &listing);
}

static json_t *owner_project(const struct entra_call *call, const char *id, json_t *names)
{
	if (!text_equal(id, SANDBOX_SERVICE_PRINCIPAL_ID))
		return member_project(call, id, names);
	return json_pack("{s:s,s:s,s:s,s:s}", "@odata.type", "#microsoft.graph.servicePrincipal", "id", id, "appId",
	                 SANDBOX_CLIENT_ID, "displayName",
	                 json_string_at(call->sandbox->directory.application, "displayName"));
}

void entra_owners_list(struct entra_call *call)
{
	struct entra_listing listing = {.context = "directoryObjects", .project = owner_project};
	json_t *group = entra_group_or_404(call);
	if (!group || !entra_read_select(call, "user", &listing.names) || !entra_read_top(call, &listing.top))
		return;
	listing.source = json_object_get(group, "owners");
	entra_reply_page(call, &listing);
}

/* The host of a link must be a Graph host or the one that was called. */
static bool link_host_valid(const struct entra_call *call, const char *link)
{
	static const char *const hosts[] = {SANDBOX_GRAPH "/", "https://graph.microsoft.us/",
	                                    "https://dod-graph.microsoft.us/", "https://microsoftgraph.chinacloudapi.cn/"};
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (text_starts_with(link, hosts[i]))
			return true;
	return text_starts_with(link, call->request->origin) && link[strlen(call->request->origin)] == '/';
}

/* What follows `collection` in a link to it; NULL if it is a link to something else. */
static const char *link_below(const char *link, const char *collection)
{
	const char *at = strstr(link, collection);
	return at ? at + strlen(collection) : NULL;
}

const char *entra_link_read(struct entra_call *call, const json_t *value, bool principal)
{
	const char *link = json_string_value(value);
	const char *id = NULL;
	if (link && link_host_valid(call, link)) {
		id = link_below(link, "/v1.0/directoryObjects/");
		if (!id)
			id = link_below(link, "/v1.0/users/");
		if (!id && principal)
			id = link_below(link, "/v1.0/servicePrincipals/");
	}
	if (!id) {
		entra_fail(call, 400, "Request_BadRequest", "Invalid URL format specified in payload.");
	} else if (!text_is_uuid(id)) {
		entra_fail(call, 400, "Request_BadRequest", "Invalid object identifier '%s'.", id);
		id = NULL;
	}
	return id;
}

/* The user to add: exists, and is not in yet. */
static const json_t *candidate_read(struct entra_call *call, const json_t *group, const char *id)
{
	const json_t *user = directory_user(call->sandbox, id);
	if (!user)
		entra_fail_not_found(call, id);
	else if (membership_exists(group, directory_id(user)))
		entra_fail(
		    call, 400, "Request_BadRequest",
		    "One or more added object references already exist for the following modified properties: 'members'.");
	else
		return user;
	return NULL;
}

bool entra_members_bind(struct entra_call *call, json_t *group, const json_t *links)
{
	json_t *wanted = request_keep(call->request, json_object());
	size_t index;
	json_t *link;
	const char *id;
	json_t *yes;
	if (!json_is_array(links)) {
		entra_fail(call, 400, "Request_BadRequest",
		           "Invalid value specified for property 'members' of resource 'Group'.");
		return false;
	}
	json_array_foreach(links, index, link)
	{
		const char *given = entra_link_read(call, link, false);
		if (!given)
			return false;
		const json_t *user = directory_user(call->sandbox, given);
		if (user && json_object_get(wanted, directory_id(user))) {
			entra_fail(call, 400, "Request_BadRequest",
			           "The link with target id '%s' can only be present once as an add/remove change.", given);
			return false;
		}
		if (!candidate_read(call, group, given))
			return false;
		json_object_set_new(wanted, directory_id(user), json_true());
	}
	json_object_foreach(wanted, id, yes) membership_add(call->sandbox, group, id);
	return true;
}

void entra_members_add(struct entra_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	json_t *group = directory_group(call->sandbox, call->parameter[0], false);
	if (call->request->length == 0) {
		entra_fail(
		    call, 400, "BadRequest",
		    "An unexpected 'EndOfInput' node was found when reading from the JSON reader. A 'StartObject' node was "
		    "expected.");
		return;
	}
	if (group && !directory_group(call->sandbox, call->parameter[0], true)) {
		entra_fail(call, 400, "Request_BadRequest",
		           "The source resource object or one of the objects being referenced do not exist.");
		return;
	}
	if (!group) {
		entra_fail_not_found(call, call->parameter[0]);
		return;
	}
	if (!entra_group_writable(call, group))
		return;
	const char *id = entra_link_read(call, json_object_get(body, "@odata.id"), false);
	const json_t *user = id ? candidate_read(call, group, id) : NULL;
	if (!user)
		return;
	membership_add(call->sandbox, group, directory_id(user));
	reply_empty(call->reply, 204);
}

void entra_members_remove(struct entra_call *call)
{
	json_t *group = entra_group_or_404(call);
	if (!group || !entra_group_writable(call, group))
		return;
	const json_t *user = directory_user(call->sandbox, call->parameter[1]);
	const char *id = user ? directory_id(user) : call->parameter[1];
	if (!membership_exists(group, id)) {
		if (json_object_get(json_object_get(group, "departed"), id))
			entra_fail(call, 400, "Request_BadRequest",
			           "One or more removed object references do not exist for the following modified properties: "
			           "'members'.");
		else
			entra_fail_not_found(call, call->parameter[1]);
		return;
	}
	membership_remove(call->sandbox, group, id);
	reply_empty(call->reply, 204);
}

/* DELETE …/members/{id} without /$ref deletes the user where the app may delete users. It must never be sent; the
 * sandbox refuses it, counts it, and says so where nobody can miss it. */
void entra_members_destroy(struct entra_call *call)
{
	call->sandbox->directory.danger++;
	fprintf(stderr, "DANGER: DELETE %s would have deleted the user itself: /$ref is missing\n", call->request->path);
	reply_header(call->reply, "x-sandbox-danger", "membership DELETE without /$ref");
	call->reply->permission = "User.ReadWrite.All";
	entra_fail(call, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
}
