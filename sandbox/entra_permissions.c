#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"

bool entra_role(const json_t *claims, const char *role)
{
	size_t index;
	json_t *value;
	json_array_foreach(json_object_get(claims, "roles"), index,
	                   value) if (text_equal(json_string_value(value), role)) return true;
	return false;
}

static bool one_of(const json_t *claims, const char *alternatives, size_t length)
{
	char role[64];
	for (size_t start = 0; start < length;) {
		size_t size = strcspn(alternatives + start, "|&");
		snprintf(role, sizeof(role), "%.*s", (int)size, alternatives + start);
		if (entra_role(claims, role))
			return true;
		start += size + 1;
	}
	return false;
}

bool entra_permitted(const json_t *claims, const char *needed)
{
	while (needed && *needed) {
		size_t size = strcspn(needed, "&");
		if (!one_of(claims, needed, size))
			return false;
		needed += size + (needed[size] == '&');
	}
	return true;
}

bool entra_owns(const struct entra_call *call, const json_t *group)
{
	const char *self = json_string_at(call->claims, "oid");
	return self && json_object_get(json_object_get(group, "owners"), self) != NULL;
}
