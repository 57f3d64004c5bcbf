#include "connector/entra/credential_expiry.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/text.h"

#define EXPIRING_MS (30LL * 24 * 3600 * 1000)

/* Of two ends the one that matters more; 0 is none. */
static int64_t better_end(int64_t known, int64_t other, int64_t now_ms)
{
	if (known == 0)
		return other;
	bool known_holds = known > now_ms;
	bool other_holds = other > now_ms;
	if (known_holds != other_holds)
		return known_holds ? known : other;
	bool other_is_earlier = other < known;
	return known_holds == other_is_earlier ? other : known;
}

/* Where Entra shows no hint, an only secret is the one that we signed in with. */
static bool credential_fits(const json_t *credential, const char *hint, bool only)
{
	const char *shown = json_string_value(json_object_get(credential, "hint"));
	return text_is_empty(shown) ? only : text_equal(shown, hint);
}

int64_t credential_expiry_find(const json_t *application, const char *hint, int64_t now_ms)
{
	const json_t *credentials = json_object_get(application, "passwordCredentials");
	bool only = json_array_size(credentials) == 1;
	int64_t found = 0;
	for (size_t i = 0; i < json_array_size(credentials); i++) {
		const json_t *credential = json_array_get(credentials, i);
		const char *end = json_string_value(json_object_get(credential, "endDateTime"));
		int64_t at;
		if (!credential_fits(credential, hint, only) || end == NULL || clock_parse(end, &at) != RESULT_OK)
			continue;
		found = better_end(found, at, now_ms);
	}
	return found;
}

const char *credential_expiry_code(int64_t expires_at_ms, int64_t now_ms)
{
	if (expires_at_ms == 0)
		return "credential_expiry_unknown";
	if (expires_at_ms <= now_ms)
		return "credential_expired";
	return expires_at_ms - now_ms <= EXPIRING_MS ? "credential_expiring" : "credential_valid";
}
