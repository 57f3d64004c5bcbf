/* Reading groups. Writing is in entra_group_write.c, membership in entra_members.c. */
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"

struct group_query {
	const struct entra_filter *filter;
	const char *property; /* of $search="property:words"; NULL: no search */
	const char *words;
};

static bool search_fits(const struct group_query *query, const json_t *properties)
{
	const char *value = json_string_value(json_object_get(properties, query->property));
	return !query->property || (value && strcasestr(value, query->words));
}

static bool group_fits(const struct entra_call *call, const char *id, const void *closure)
{
	const struct group_query *query = closure;
	const json_t *group = directory_group(call->sandbox, id, true);
	return group && entra_filter_fits(query->filter, directory_properties(group)) &&
	       search_fits(query, directory_properties(group));
}

static json_t *group_project(const struct entra_call *call, const char *id, json_t *names)
{
	return entra_project(call, "group", directory_group(call->sandbox, id, false), names, false);
}

static bool search_read(struct entra_call *call, struct group_query *query)
{
	const char *search = request_query(call->request, "$search");
	if (!search)
		return true;
	const char *level = request_header(call->request, "consistencylevel");
	if (!level || !text_equal_fold(level, "eventual")) {
		entra_fail(call, 400, "Request_UnsupportedQuery",
		           "Request with $search query parameter only works through MSGraph with a special request header: "
		           "'ConsistencyLevel: eventual'");
		return false;
	}
	const char *colon = strchr(search, ':');
	size_t length = strlen(search);
	if (search[0] != '"' || !colon || length < 4 || search[length - 1] != '"') {
		entra_fail(call, 400, "BadRequest", "Syntax error: character '%c' is not valid at position 0 in '%s'.",
		           search[0], search);
		return false;
	}
	query->property = arena_strndup(call->request->arena, search + 1, (size_t)(colon - search - 1));
	query->words = arena_strndup(call->request->arena, colon + 1, (size_t)(search + length - 1 - colon - 1));
	return true;
}

void entra_groups_list(struct entra_call *call)
{
	struct group_query query = {0};
	struct entra_listing listing = {
	    .context = "groups", .fits = group_fits, .project = group_project, .closure = &query};
	const char *filter = request_query(call->request, "$filter");
	if (!entra_read_select(call, "group", &listing.names) || !entra_read_top(call, &listing.top) ||
	    !search_read(call, &query))
		return;
	if (filter) {
		query.filter = entra_filter_read(call, "group", filter);
		if (!query.filter)
			return;
	}
	if (filter && request_query(call->request, "$orderby") && !entra_is_advanced(call)) {
		entra_fail(call, 400, "Request_UnsupportedQuery", "Sorting not supported for current query.");
		return;
	}
	listing.source = listing.ordered_by = call->sandbox->directory.groups;
	entra_reply_page(call, &listing);
}

json_t *entra_group_named(const struct entra_call *call, const char *unique_name)
{
	const char *id;
	json_t *group;
	json_object_foreach(
	    call->sandbox->directory.groups, id,
	    group) if (text_equal(json_string_at(group, "properties.uniqueName"), unique_name)) return group;
	return NULL;
}

json_t *entra_group_find(const struct entra_call *call)
{
	const char *name = call->parameter[0];
	if (text_starts_with(name, "uniqueName="))
		name = directory_id(entra_group_named(call, name + strlen("uniqueName=")));
	return directory_group(call->sandbox, name, true);
}

json_t *entra_group_or_404(struct entra_call *call)
{
	json_t *group = entra_group_find(call);
	if (!group)
		entra_fail_not_found(call, call->parameter[0]);
	return group;
}

/* The control sets them as a list of ids on the application: {"assignments": {"<group id>": ["<assignment id>"]}}. */
void entra_groups_assignments(struct entra_call *call)
{
	json_t *group = entra_group_or_404(call);
	size_t index;
	json_t *id;
	if (!group)
		return;
	const json_t *all = json_object_get(call->sandbox->directory.application, "assignments");
	json_t *value = json_array();
	json_array_foreach(json_object_get(all, directory_id(group)), index, id) json_array_append_new(
	    value, json_pack("{s:O,s:s,s:s}", "id", id, "principalId", directory_id(group), "principalType", "Group"));
	entra_reply_object(call, "appRoleAssignments", json_pack("{s:o}", "value", value));
}

void entra_groups_get(struct entra_call *call)
{
	json_t *names;
	json_t *group = entra_group_or_404(call);
	if (group && entra_read_select(call, "group", &names))
		entra_reply_object(call, "groups/$entity", entra_project(call, "group", group, names, false));
}
