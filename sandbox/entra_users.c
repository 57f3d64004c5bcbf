#include "base/text.h"
#include "directory.h"
#include "entra.h"

static bool user_fits(const struct entra_call *call, const char *id, const void *filter)
{
	const json_t *user = directory_user(call->sandbox, id);
	return user && entra_filter_fits(filter, directory_properties(user));
}

static json_t *user_project(const struct entra_call *call, const char *id, json_t *names)
{
	return entra_project(call, "user", directory_user(call->sandbox, id), names, false);
}

static json_t *group_project_typed(const struct entra_call *call, const char *id, json_t *names)
{
	return entra_project(call, "group", directory_group(call->sandbox, id, false), names, true);
}

void entra_users_list(struct entra_call *call)
{
	struct entra_listing listing = {.context = "users", .fits = user_fits, .project = user_project};
	const char *filter = request_query(call->request, "$filter");
	if (!entra_read_select(call, "user", &listing.names) || !entra_read_top(call, &listing.top))
		return;
	if (request_query(call->request, "$search")) {
		entra_fail(call, 400, "Request_UnsupportedQuery",
		           "Search on users is not answered by the sandbox; use $filter.");
		return;
	}
	if (filter) {
		listing.closure = entra_filter_read(call, "user", filter);
		if (!listing.closure)
			return;
	}
	if (filter && request_query(call->request, "$orderby") && !entra_is_advanced(call)) {
		entra_fail(call, 400, "Request_UnsupportedQuery", "Sorting not supported for current query.");
		return;
	}
	listing.source = listing.ordered_by = call->sandbox->directory.users;
	entra_reply_page(call, &listing);
}

static json_t *user_or_404(struct entra_call *call)
{
	json_t *user = directory_user(call->sandbox, call->parameter[0]);
	if (!user)
		entra_fail_not_found(call, call->parameter[0]);
	return user;
}

void entra_users_get(struct entra_call *call)
{
	json_t *names;
	json_t *user = user_or_404(call);
	if (user && entra_read_select(call, "user", &names))
		entra_reply_object(call, "users/$entity", entra_project(call, "user", user, names, false));
}

static json_t *groups_of(const struct entra_call *call, const char *user_id)
{
	json_t *found = json_object();
	const char *id;
	json_t *group;
	json_object_foreach(call->sandbox->directory.groups, id,
	                    group) if (membership_visible(call->sandbox, group, user_id))
	    json_object_set_new(found, id, json_integer((json_int_t)json_object_size(found) + 1));
	return found;
}

void entra_users_member_of(struct entra_call *call)
{
	struct entra_listing listing = {.context = "directoryObjects", .project = group_project_typed};
	json_t *user = user_or_404(call);
	if (!user || !entra_read_select(call, "group", &listing.names) || !entra_read_top(call, &listing.top))
		return;
	listing.source = request_keep(call->request, groups_of(call, directory_id(user)));
	entra_reply_page(call, &listing);
}

void entra_users_check(struct entra_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	json_t *wanted = json_object_get(body, "groupIds");
	json_t *user = user_or_404(call);
	size_t index;
	json_t *id;
	if (!user)
		return;
	if (!json_is_array(wanted) || json_array_size(wanted) == 0 || json_array_size(wanted) > 20) {
		entra_fail_as(call, "checkMemberGroups", 400, "Request_BadRequest",
		              "Invalid value specified for property 'groupIds' of resource 'User'.");
		return;
	}
	json_t *value = json_array();
	json_array_foreach(wanted, index, id)
	{
		json_t *group = directory_group(call->sandbox, json_string_value(id), true);
		if (group && membership_visible(call->sandbox, group, directory_id(user)))
			json_array_append(value, id);
	}
	entra_reply_object(call, "Collection(Edm.String)", json_pack("{s:o}", "value", value));
}

void entra_users_member_groups(struct entra_call *call)
{
	json_t *user = user_or_404(call);
	const char *id;
	json_t *place;
	if (!user)
		return;
	json_t *groups = request_keep(call->request, groups_of(call, directory_id(user)));
	json_t *value = json_array();
	json_object_foreach(groups, id, place) json_array_append_new(value, json_string(id));
	entra_reply_object(call, "Collection(Edm.String)", json_pack("{s:o}", "value", value));
}
