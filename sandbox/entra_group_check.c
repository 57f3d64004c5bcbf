#include "entra_group_check.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "entra.h"

#define DISPLAY_NAME_LONGEST 256
#define NICKNAME_LONGEST 64
#define DESCRIPTION_LONGEST 1024

bool group_has_type(const json_t *properties, const char *type)
{
	size_t index;
	json_t *value;
	json_array_foreach(json_object_get(properties, "groupTypes"), index,
	                   value) if (text_equal(json_string_value(value), type)) return true;
	return false;
}

size_t group_text_length(const char *text)
{
	size_t length = 0;
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		if ((*at & 0xc0) != 0x80)
			length += *at >= 0xf0 ? 2 : 1;
	return length;
}

bool group_nickname_valid(const char *name)
{
	if (!name || !*name || strlen(name) > NICKNAME_LONGEST)
		return false;
	for (; *name; name++)
		if ((unsigned char)*name > 126 || *name <= ' ' || strchr("@()\\[]\";:<>,", *name))
			return false;
	return true;
}

static bool text_valid(const json_t *value, size_t longest)
{
	const char *text = json_string_value(value);
	return text && *text && group_text_length(text) <= longest;
}

static bool display_name_valid(const json_t *value)
{
	return text_valid(value, DISPLAY_NAME_LONGEST);
}

static bool nickname_valid(const json_t *value)
{
	return group_nickname_valid(json_string_value(value));
}

static bool unique_name_valid(const json_t *value)
{
	return json_is_null(value) || text_valid(value, SIZE_MAX);
}

static bool text_or_null(const json_t *value)
{
	return json_is_null(value) || json_is_string(value);
}

static bool yes_or_no(const json_t *value)
{
	return json_is_boolean(value);
}

static bool yes_no_or_null(const json_t *value)
{
	return json_is_null(value) || json_is_boolean(value);
}

static bool types_valid(const json_t *value)
{
	size_t index;
	json_t *type;
	json_array_foreach(value, index, type) if (!text_equal(json_string_value(type), "Unified") &&
	                                           !text_equal(json_string_value(type), "DynamicMembership")) return false;
	return json_is_array(value);
}

static bool is_list(const json_t *value)
{
	return json_is_array(value);
}

static const struct {
	const char *name;
	const char *shown; /* in the message */
	bool (*valid)(const json_t *value);
	bool required; /* of a new group */
} rules[] = {
    {"displayName", "displayName", display_name_valid, true},
    {"mailEnabled", "mailEnabled", yes_or_no, true},
    {"mailNickname", "mailNickname", nickname_valid, true},
    {"securityEnabled", "securityEnabled", yes_or_no, true},
    {"description", "description", text_or_null, false},
    {"groupTypes", "groupTypes", types_valid, false},
    {"isAssignableToRole", "isAssignableToRole", yes_no_or_null, false},
    {"uniqueName", "uniqueName", unique_name_valid, false},
    {"members@odata.bind", "members", is_list, false},
    {"owners@odata.bind", "owners", is_list, false},
};

static bool fault_invalid(struct group_fault *fault, const char *property)
{
	fault->response = NULL;
	snprintf(fault->message, sizeof(fault->message), "Invalid value specified for property '%s' of resource 'Group'.",
	         property);
	return false;
}

static bool properties_known(const json_t *body, struct group_fault *fault)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)body, name, value)
	{
		if (entra_property_known("group", name) || text_equal(name, "members@odata.bind") ||
		    text_equal(name, "owners@odata.bind") || text_starts_with(name, "@odata."))
			continue;
		fault->response = NULL;
		snprintf(fault->message, sizeof(fault->message), "Invalid property '%.200s'.", name);
		return false;
	}
	return true;
}

static bool values_valid(const json_t *body, struct group_fault *fault)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const json_t *value = json_object_get(body, rules[i].name);
		if (value && !rules[i].valid(value))
			return fault_invalid(fault, rules[i].shown);
	}
	const char *description = json_string_at(body, "description");
	if (description && group_text_length(description) > DESCRIPTION_LONGEST) {
		fault_invalid(fault, "description");
		fault->response = "descriptionTooLong";
		return false;
	}
	return true;
}

static bool required_given(const json_t *body, struct group_fault *fault)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rules[i].required || json_object_get(body, rules[i].name))
			continue;
		fault->response = NULL;
		snprintf(fault->message, sizeof(fault->message), "A value is required for property '%s' of resource 'Group'.",
		         rules[i].name);
		return false;
	}
	return true;
}

bool group_check_new(const json_t *body, struct group_fault *ret_fault)
{
	if (!required_given(body, ret_fault) || !properties_known(body, ret_fault) || !values_valid(body, ret_fault))
		return false;
	/* Distribution lists and mail-enabled security groups are Exchange's to make. */
	if (json_bool_at(body, "mailEnabled", false) && !group_has_type(body, "Unified"))
		return fault_invalid(ret_fault, "mailEnabled");
	if (json_bool_at(body, "isAssignableToRole", false) &&
	    (!json_bool_at(body, "securityEnabled", false) || group_has_type(body, "DynamicMembership")))
		return fault_invalid(ret_fault, "isAssignableToRole");
	return true;
}

/* Set once, or by the creation alone: the value that is there may be said again, no other. */
static bool immutable_kept(const json_t *properties, const json_t *body, const char *name, struct group_fault *fault)
{
	const json_t *now = json_object_get(properties, name);
	const json_t *wanted = json_object_get(body, name);
	bool unset = !now || json_is_null(now);
	if (!wanted || json_equal(now, wanted) || (unset && text_equal(name, "uniqueName")) ||
	    (unset && !json_is_true(wanted)))
		return true;
	fault->response = "immutableProperty";
	snprintf(fault->message, sizeof(fault->message), "Property '%s' is read-only and cannot be set.", name);
	return false;
}

bool group_check_change(const json_t *properties, const json_t *body, struct group_fault *ret_fault)
{
	return properties_known(body, ret_fault) && values_valid(body, ret_fault) &&
	       immutable_kept(properties, body, "uniqueName", ret_fault) &&
	       immutable_kept(properties, body, "isAssignableToRole", ret_fault);
}
