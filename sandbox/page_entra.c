/* Who is in which group, live: the proof on the other side. */
#include "directory.h"
#include "pages.h"

#define SHOWN 40

static const char *group_kind(const json_t *properties)
{
	const json_t *types = json_object_get(properties, "groupTypes");
	size_t index;
	json_t *type;
	if (json_bool_at(properties, "onPremisesSyncEnabled", false))
		return "synced";
	if (json_bool_at(properties, "isAssignableToRole", false))
		return "role-assignable";
	if (json_bool_at(properties, "isManagementRestricted", false))
		return "restricted";
	json_array_foreach(types, index, type) return text_equal(json_string_value(type), "Unified") ? "Microsoft 365"
	                                                                                             : "dynamic";
	return json_bool_at(properties, "mailEnabled", false) ? "mail-enabled" : "security";
}

static json_t *group_shown(const struct sandbox *sandbox, const json_t *group)
{
	json_t *members = json_array();
	const json_t *all = json_object_get(group, "members");
	const char *id;
	json_t *place;
	json_object_foreach((json_t *)(uintptr_t)all, id, place)
	{
		const char *name = json_string_at(json_object_get(sandbox->directory.users, id), "properties.displayName");
		if (json_array_size(members) == SHOWN)
			break;
		json_array_append_new(members, json_string(name ? name : id));
	}
	const json_t *properties = directory_properties(group);
	return json_pack("{s:s?,s:s?,s:s,s:I,s:o}", "id", directory_id(group), "displayName",
	                 json_string_at(properties, "displayName"), "kind", group_kind(properties), "memberCount",
	                 (json_int_t)json_object_size(all), "members", members);
}

static void groups_json(struct sandbox *sandbox, struct reply *reply)
{
	json_t *shown = json_array();
	const char *id;
	json_t *group;
	json_object_foreach(sandbox->directory.groups, id, group) json_array_append_new(shown, group_shown(sandbox, group));
	reply_json(reply, 200, shown);
}

static void groups_page(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	struct text html = TEXT_INIT(1 << 20);
	html_begin(sandbox, &html, "Groups in the directory", NULL, false);
	html_put(&html,
	         "<p class=\"soft\">Tenant <code>%s</code> (%s). Read from the directory each second. "
	         "<span id=\"state\" role=\"status\"></span></p>"
	         "<table><thead><tr><th>Group</th><th>Kind</th><th>Members</th></tr></thead><tbody id=\"groups\"></tbody>"
	         "</table><script src=\"/assets/groups.js\" defer></script>",
	         SANDBOX_TENANT_ID, SANDBOX_TENANT_DOMAIN);
	html_reply(&html, request, reply, 200);
}

void page_entra(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	const char *first = request->segments > 0 ? request->segment[0] : "";
	const char *second = request->segments > 1 ? request->segment[1] : "";
	if (text_equal(first, "assets"))
		page_asset(request, reply);
	else if (text_equal(second, "groups.json"))
		groups_json(sandbox, reply);
	else if (!*first || text_equal(second, "groups"))
		groups_page(sandbox, request, reply);
	else
		reply_text(reply, 404, "text/plain", "Not found.");
}
