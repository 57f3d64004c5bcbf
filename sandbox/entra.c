/* Which path means what, and what every Graph call goes through before its handler sees it. */
#include "entra.h"

#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "entra_jwt.h"
#include "faults.h"
#include "pages.h"

#define READ_USERS "User.ReadBasic.All|User.Read.All|User.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"
#define READ_MEMBERSHIP                                                                                                \
	"GroupMember.Read.All|GroupMember.ReadWrite.All|Group.Read.All|Group.ReadWrite.All|Directory.Read.All|"            \
	"Directory.ReadWrite.All"
#define READ_GROUPS "Group.ReadBasic.All|" READ_MEMBERSHIP
#define READ_MEMBERS "GroupMember.ReadBasic.All|" READ_MEMBERSHIP
#define WRITE_MEMBERS "GroupMember.ReadWrite.All|Group.ReadWrite.All|Directory.ReadWrite.All"
#define WRITE_GROUPS "Group.ReadWrite.All|Directory.ReadWrite.All"
#define CREATE_GROUPS "Group.Create|" WRITE_GROUPS
#define READ_DIRECTORY "Directory.Read.All|Directory.ReadWrite.All"
#define READ_ASSIGNMENTS "AppRoleAssignment.ReadWrite.All|" READ_DIRECTORY
#define READ_APPLICATIONS "Application.Read.All|Application.ReadWrite.All|Application.ReadWrite.OwnedBy|" READ_DIRECTORY
#define READ_ORGANIZATION "Organization.Read.All|User.Read.All|User.ReadWrite.All|" READ_DIRECTORY
#define READ_USER_GROUPS "User.Read.All|User.ReadBasic.All|User.ReadWrite.All|" READ_DIRECTORY "&" READ_MEMBERSHIP

enum route_kind { ROUTE_READ, ROUTE_WRITE, ROUTE_GROUP };

struct route {
	const char *method;
	const char *pattern; /* segments below the version; {} takes any one */
	entra_handler *handle;
	const char *permission; /* NULL: none, or the handler looks itself */
	enum route_kind kind;   /* ROUTE_GROUP: a write that an owner of the group may do without the permission */
	int cost;               /* in resource units */
};

static const struct route routes[] = {
    {"GET", "organization", entra_organization, READ_ORGANIZATION, ROUTE_READ, 1},
    {"GET", "users", entra_users_list, READ_USERS, ROUTE_READ, 2},
    {"GET", "users/{}", entra_users_get, READ_USERS, ROUTE_READ, 1},
    {"GET", "users/{}/memberOf", entra_users_member_of, READ_USER_GROUPS, ROUTE_READ, 2},
    {"GET", "users/{}/transitiveMemberOf", entra_users_member_of, READ_USER_GROUPS, ROUTE_READ, 2},
    {"GET", "users/{}/memberOf/microsoft.graph.group", entra_users_member_of, READ_USER_GROUPS, ROUTE_READ, 2},
    {"POST", "users/{}/checkMemberGroups", entra_users_check, READ_USER_GROUPS, ROUTE_READ, 4},
    {"POST", "users/{}/getMemberGroups", entra_users_member_groups, READ_USER_GROUPS, ROUTE_READ, 2},
    {"GET", "groups", entra_groups_list, READ_GROUPS, ROUTE_READ, 1},
    {"POST", "groups", entra_groups_create, CREATE_GROUPS, ROUTE_WRITE, 1},
    {"GET", "groups/delta", entra_groups_delta, READ_GROUPS, ROUTE_READ, 1},
    {"GET", "groups/{}", entra_groups_get, READ_GROUPS, ROUTE_READ, 1},
    {"PATCH", "groups/{}", entra_groups_patch, NULL, ROUTE_GROUP, 1},
    {"DELETE", "groups/{}", entra_groups_delete, WRITE_GROUPS, ROUTE_GROUP, 1},
    {"GET", "groups/{}/members", entra_members_list, READ_MEMBERS, ROUTE_READ, 3},
    {"GET", "groups/{}/members/microsoft.graph.user", entra_members_list, READ_MEMBERS, ROUTE_READ, 3},
    {"GET", "groups/{}/transitiveMembers", entra_members_list, READ_MEMBERS, ROUTE_READ, 5},
    {"GET", "groups/{}/members/$count", entra_members_count, READ_MEMBERS, ROUTE_READ, 1},
    {"GET", "groups/{}/members/$ref", entra_members_refs, READ_MEMBERS, ROUTE_READ, 3},
    {"POST", "groups/{}/members/$ref", entra_members_add, WRITE_MEMBERS, ROUTE_GROUP, 1},
    {"DELETE", "groups/{}/members/{}/$ref", entra_members_remove, WRITE_MEMBERS, ROUTE_GROUP, 1},
    {"DELETE", "groups/{}/members/{}", entra_members_destroy, NULL, ROUTE_WRITE, 1},
    {"GET", "groups/{}/owners", entra_owners_list, READ_MEMBERSHIP, ROUTE_READ, 1},
    {"GET", "groups/{}/appRoleAssignments", entra_groups_assignments, READ_ASSIGNMENTS, ROUTE_READ, 1},
    {"GET", "directoryObjects/{}", entra_object_get, READ_DIRECTORY "|User.Read.All|" READ_GROUPS, ROUTE_READ, 1},
    {"GET", "applications", entra_applications, READ_APPLICATIONS, ROUTE_READ, 2},
    {"GET", "applications/{}", entra_application, READ_APPLICATIONS, ROUTE_READ, 2},
    {"GET", "servicePrincipals", entra_service_principal, READ_APPLICATIONS, ROUTE_READ, 1},
    {"GET", "servicePrincipals/{}", entra_service_principal, READ_APPLICATIONS, ROUTE_READ, 1},
    {"GET", "directory/deletedItems/microsoft.graph.group", entra_deleted_list, READ_GROUPS, ROUTE_READ, 1},
    {"GET", "directory/deletedItems/{}", entra_deleted_get, READ_GROUPS, ROUTE_READ, 1},
    {"POST", "directory/deletedItems/{}/restore", entra_deleted_restore, WRITE_GROUPS, ROUTE_WRITE, 1},
    {"DELETE", "directory/deletedItems/{}", entra_deleted_purge, WRITE_GROUPS, ROUTE_WRITE, 1},
    {"POST", "$batch", entra_batch, NULL, ROUTE_READ, 1},
};

/* OData's other way to name a thing, users('x') or applications(appId='x'), becomes two segments. */
static void segments_normalise(struct request *request, const char *segments[WEB_SEGMENTS * 2], size_t *ret_count,
                               bool *ret_quoted)
{
	size_t count = 0;
	*ret_quoted = false;
	for (size_t i = 1; i < request->segments; i++) {
		const char *segment = request->segment[i];
		const char *open = strstr(segment, "('");
		const char *named = strstr(segment, "='");
		const char *start = open ? open + 2 : named ? named + 2 : NULL;
		size_t length = strlen(segment);
		if (!start || length < 2 || !text_equal(segment + length - 2, "')")) {
			segments[count++] = segment;
			continue;
		}
		const char *name_end = open ? open : strchr(segment, '(');
		if (!name_end)
			name_end = segment;
		char *literal = arena_strndup(request->arena, start, (size_t)(segment + length - 2 - start));
		char *out = literal;
		for (const char *in = literal; in && *in; in++) {
			*out++ = *in;
			if (in[0] == '\'' && in[1] == '\'')
				in++;
		}
		if (out)
			*out = '\0';
		/* Graph's own pages also write groups/(uniqueName='x'): the name is the segment before. */
		if (name_end > segment || count == 0)
			segments[count++] = arena_strndup(request->arena, segment, (size_t)(name_end - segment));
		segments[count++] = open ? literal
		                         : arena_printf(request->arena, "%.*s%s", (int)(start - 1 - name_end - 1), name_end + 1,
		                                        literal ? literal : "");
		*ret_quoted = true;
	}
	*ret_count = count;
}

static const struct route *route_find(struct entra_call *call, const char *const *segments, size_t count,
                                      bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!path_fits(routes[i].pattern, segments, count, call->parameter))
			continue;
		*ret_known = true;
		if (text_equal(routes[i].method, call->request->method))
			return &routes[i];
	}
	return NULL;
}

static bool authenticate(struct entra_call *call)
{
	const char *header = request_header(call->request, "authorization");
	const json_t *claims = NULL;
	int64_t now = sandbox_now_ms(call->sandbox) / 1000;
	if (!header || strncasecmp(header, "bearer ", 7) != 0 || !header[7]) {
		entra_fail(call, 401, "InvalidAuthenticationToken", "Access token is empty.");
		return false;
	}
	switch (jwt_verify(call->sandbox, call->request->arena, header + 7, &claims)) {
	case JWT_GOOD:
		break;
	case JWT_MALFORMED:
		entra_fail(call, 401, "InvalidAuthenticationToken",
		           "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE "
		           "Compact Serialization Format.");
		return false;
	case JWT_BAD_SIGNATURE:
		entra_fail(call, 401, "InvalidAuthenticationToken", "Signing key is invalid.");
		return false;
	}
	if (json_integer_at(claims, "exp", 0) <= now) {
		entra_fail(call, 401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.");
		return false;
	}
	const char *audience = json_string_at(claims, "aud");
	if (!text_equal(audience, SANDBOX_GRAPH) && !text_equal(audience, "00000003-0000-0000-c000-000000000000")) {
		entra_fail(call, 401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.");
		return false;
	}
	call->claims = claims;
	return true;
}

/* $select and a small $top make a call cheaper, never free. */
static int resource_units(const struct entra_call *call, const struct route *route)
{
	const char *top = request_query(call->request, "$top");
	int64_t size = 100;
	int cost = route->cost;
	if (request_query(call->request, "$select"))
		cost--;
	if (top && text_parse_int(top, 1, 999, &size) == RESULT_OK && size < 20)
		cost--;
	return cost < 1 ? 1 : cost;
}

static bool admit(struct entra_call *call, const struct route *route)
{
	char cost[16];
	call->reply->permission = route->permission;
	if (route->permission && route->kind != ROUTE_GROUP && !entra_permitted(call->claims, route->permission)) {
		entra_fail_denied(call);
		return false;
	}
	snprintf(cost, sizeof(cost), "%d", resource_units(call, route));
	reply_header(call->reply, "x-ms-resource-unit", cost);
	/* A PATCH knows its cost only once its links are counted. */
	if (route->kind == ROUTE_READ || route->handle == entra_groups_patch)
		return true;
	return throttle_admit(call->sandbox, 1, call->reply);
}

/* Where groups have no second key, a path that uses it is no path. */
static bool key_is_off(const struct entra_call *call, const char *const *segments, size_t count)
{
	return call->sandbox->faults.upsert == UPSERT_OFF && count >= 2 && text_equal(segments[0], "groups") &&
	       text_starts_with(segments[1], "uniqueName=");
}

static void graph_dispatch(struct entra_call *call)
{
	const char *segments[WEB_SEGMENTS * 2];
	size_t count = 0;
	bool quoted = false;
	bool known = false;
	segments_normalise(call->request, segments, &count, &quoted);
	const struct route *route = route_find(call, segments, count, &known);
	if (!authenticate(call))
		return;
	if (!route && count == 3 && text_equal(segments[2], "members") && text_equal(call->request->method, "POST")) {
		entra_fail(call, 400, "BadRequest", "Write requests are only supported on contained entities");
	} else if (!route && known) {
		entra_fail(call, 405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.");
	} else if (!route) {
		entra_fail(call, 400, "BadRequest", "Resource not found for the segment '%s'.", count > 0 ? segments[0] : "");
	} else if (!quoted && count >= 2 && text_equal(segments[0], "users") && segments[1][0] == '$') {
		entra_fail(call, 400, "BadRequest",
		           "The request URI is not valid since the segment 'users' refers to a collection, "
		           "this must be the last segment in the request URI or it must be followed by "
		           "an function or action that can be bound to it.");
	} else if (key_is_off(call, segments, count)) {
		entra_fail_as(call, "groupUpsertOff", 400, "Request_BadRequest", "Unsupported segment type.");
	} else if (admit(call, route)) {
		route->handle(call);
	}
}

void entra_graph(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	char *id = arena_alloc(request->arena, ID_SIZE);
	const char *client = request_header(request, "client-request-id");
	if (!id)
		return;
	id_random(id);
	struct entra_call call = {.sandbox = sandbox, .request = request, .reply = reply, .request_id = id};
	reply->request_id = id;
	reply_header(reply, "request-id", id);
	reply_header(reply, "client-request-id", client ? client : id);
	reply_header(reply, "OData-Version", "4.0");
	if (!text_equal(request->segments > 0 ? request->segment[0] : "", "v1.0"))
		entra_fail(&call, 400, "BadRequest", "Invalid version: %s", request->segments > 0 ? request->segment[0] : "");
	else
		graph_dispatch(&call);
}

void entra_handle(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	const char *first = request->segments > 0 ? request->segment[0] : "";
	const char *last = request->segments > 0 ? request->segment[request->segments - 1] : "";
	if (!*first || text_equal(first, "page") || text_equal(first, "assets"))
		page_entra(sandbox, request, reply);
	else if (text_equal(first, "favicon.ico"))
		reply_empty(reply, 204);
	else if (text_equal(first, "v1.0") || text_equal(first, "beta"))
		entra_graph(sandbox, request, reply);
	else if (request->segments == 4 && text_equal(request->segment[1], "oauth2") && text_equal(last, "token"))
		entra_token(sandbox, request, reply);
	else
		entra_discovery(sandbox, request, reply);
}
