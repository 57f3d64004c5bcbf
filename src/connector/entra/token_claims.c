/* The token is opaque to us by contract with Microsoft. Its payload is read, unverified, for one reason: Entra gives a
 * token even where nobody consented to anything, and only the absent `roles` claim tells. */
#include "connector/entra/token_claims.h"

#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define ROLES_CEILING 512

static enum result payload_read(const char *token, struct arena *arena, json_t **ret_payload)
{
	const char *first = strchr(token, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
	if (second == NULL)
		return RESULT_INVALID;
	uint8_t *bytes;
	size_t length;
	enum result result = text_base64url_decode(arena, first + 1, (size_t)(second - first - 1), &bytes, &length);
	if (result != RESULT_OK)
		return result;
	return json_read((const char *)bytes, length, ret_payload, NULL);
}

static enum result roles_read(const json_t *payload, struct arena *arena, struct entra_claims *claims)
{
	const json_t *roles = json_at(payload, "roles");
	bool single = json_is_string(roles); /* a claim of one value may be written without its list */
	size_t count = single ? 1 : json_array_size(roles);
	if (count > ROLES_CEILING)
		count = ROLES_CEILING;
	claims->roles = arena_array(arena, count + 1, sizeof(*claims->roles));
	if (claims->roles == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const char *role = json_string_value(single ? roles : json_array_get(roles, i));
		if (text_is_empty(role) || entra_claims_has_role(claims, role))
			continue;
		claims->roles[claims->role_count] = arena_strdup(arena, role);
		if (claims->roles[claims->role_count] == NULL)
			return RESULT_NO_MEMORY;
		claims->role_count++;
	}
	return RESULT_OK;
}

enum result entra_claims_read(const char *token, struct arena *arena, struct entra_claims *ret_claims)
{
	struct entra_claims claims = {0};
	_cleanup_(json_decrefp) json_t *payload = NULL;
	enum result result = payload_read(token, arena, &payload);
	if (result == RESULT_NO_MEMORY)
		return result;
	claims.readable = result == RESULT_OK && json_is_object(payload);
	result = roles_read(payload, arena, &claims);
	if (result != RESULT_OK)
		return result;
	const char *object_id = json_string_at(payload, "oid");
	if (object_id != NULL && text_is_uuid(object_id)) {
		claims.object_id = arena_strdup(arena, object_id);
		if (claims.object_id == NULL)
			return RESULT_NO_MEMORY;
	}
	*ret_claims = claims;
	return RESULT_OK;
}

bool entra_claims_has_role(const struct entra_claims *claims, const char *role)
{
	for (size_t i = 0; i < claims->role_count; i++)
		if (text_equal(claims->roles[i], role))
			return true;
	return false;
}
