/* $select, $top, and what a caller may see of an object. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"

#define READS_USERS "User.Read.All|User.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"

bool entra_is_advanced(const struct entra_call *call)
{
	const char *level = request_header(call->request, "consistencylevel");
	const char *count = request_query(call->request, "$count");
	return level && text_equal_fold(level, "eventual") && count && text_equal_fold(count, "true");
}

bool entra_read_select(struct entra_call *call, const char *type, json_t **ret_names)
{
	const char *select = request_query(call->request, "$select");
	if (!select) {
		*ret_names = NULL;
		return true;
	}
	json_t *names = request_keep(call->request, json_array());
	for (const char *at = select; *at;) {
		size_t length = strcspn(at, ",");
		char *name = arena_strndup(call->request->arena, at, length);
		at += length + (at[length] == ',');
		while (name && *name == ' ')
			name++;
		if (!name || !entra_property_known(type, name)) {
			entra_fail(call, 400, "BadRequest",
			           "Parsing OData Select and Expand failed: Could not find a property named '%s' on type "
			           "'microsoft.graph.%s'.",
			           name ? name : "", type);
			return false;
		}
		json_array_append_new(names, json_string(name));
	}
	*ret_names = names;
	return true;
}

bool entra_read_top(struct entra_call *call, int64_t *ret_top)
{
	const char *top = request_query(call->request, "$top");
	int64_t value = 100;
	if (request_query(call->request, "$skip")) {
		entra_fail(call, 400, "Request_BadRequest", "'$skip' is not supported by the service.");
		return false;
	}
	if (top && text_parse_int(top, 1, 999, &value) != RESULT_OK) {
		entra_fail(call, 400, "Request_UnsupportedQuery",
		           "Invalid page size specified: '%s'. Must be between 1 and 999 inclusive.", top);
		return false;
	}
	*ret_top = value;
	return true;
}

static bool basic_property(const char *name)
{
	static const char *const basic[] = {"id",   "displayName",       "givenName",         "surname",
	                                    "mail", "userPrincipalName", "securityIdentifier"};
	for (size_t i = 0; i < ARRAY_SIZE(basic); i++)
		if (text_equal(basic[i], name))
			return true;
	return false;
}

/* 2: everything; 1: User.ReadBasic.All; 0: nothing but id and type. */
static int user_sight(const struct entra_call *call)
{
	if (entra_permitted(call->claims, READS_USERS))
		return 2;
	return entra_role(call->claims, "User.ReadBasic.All") ? 1 : 0;
}

/* Graph gives these always, with null inside. */
static json_t *extension_attributes(void)
{
	json_t *attributes = json_object();
	char name[32];
	for (int i = 1; i <= 15; i++) {
		snprintf(name, sizeof(name), "extensionAttribute%d", i);
		json_object_set_new(attributes, name, json_null());
	}
	return attributes;
}

static void property_show(json_t *out, const json_t *properties, const char *name, int sight)
{
	json_t *value = json_object_get(properties, name);
	if (sight == 1 && !basic_property(name))
		return;
	if (sight == 0 && !text_equal(name, "id"))
		value = NULL;
	else if (!value && entra_property_is_list(name)) {
		json_object_set_new(out, name, json_array());
		return;
	}
	if (!value && text_equal(name, "onPremisesExtensionAttributes"))
		json_object_set_new(out, name, extension_attributes());
	else
		json_object_set_new(out, name, value ? json_incref(value) : json_null());
}

json_t *entra_project(const struct entra_call *call, const char *type, const json_t *record, const json_t *names,
                      bool typed)
{
	const json_t *properties = directory_properties(record);
	json_t *out = json_object();
	int sight = text_equal(type, "user") ? user_sight(call) : 2;
	if (typed) {
		json_object_set_new(out, "@odata.type",
		                    json_string(text_equal(type, "user") ? "#microsoft.graph.user" : "#microsoft.graph.group"));
		json_object_set(out, "id", json_object_get(properties, "id"));
	}
	if (names) {
		size_t index;
		json_t *name;
		json_array_foreach(names, index, name) property_show(out, properties, json_string_value(name), sight);
		return out;
	}
	for (const char *const *name = entra_property_defaults(type); *name; name++)
		property_show(out, properties, *name, sight);
	return out;
}

void entra_reply_object(struct entra_call *call, const char *context, json_t *object)
{
	json_t *whole = json_pack("{s:s}", "@odata.context",
	                          arena_printf(call->request->arena, SANDBOX_GRAPH "/v1.0/$metadata#%s", context));
	json_object_update(whole, object);
	json_decref(object);
	reply_json(call->reply, 200, whole);
}
