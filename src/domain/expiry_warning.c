#include "domain/expiry_warning.h"

const struct expiry_warnings expiry_warnings_default = {.days = {7, 1}, .count = 2};

int expiry_warning_now(const struct expiry_warnings *warnings, int64_t active_at, int64_t expires_at, int64_t now)
{
	int closest = 0;
	if (now >= expires_at)
		return 0;
	for (size_t at = 0; at < warnings->count; at++) {
		int day = warnings->days[at];
		int64_t moment = expires_at - day * EXPIRY_WARNING_DAY_MS;
		if (moment > active_at && moment <= now && (closest == 0 || day < closest))
			closest = day;
	}
	return closest;
}
