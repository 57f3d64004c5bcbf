#include "domain/extension.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

bool extension_may_be_asked(const struct grant *grant, int64_t now)
{
	return grant->status == GRANT_ACTIVE && grant->expires_at > now;
}

bool extension_may_be_given(const struct grant *grant, int64_t now)
{
	bool coming_back = grant->active_at > 0 &&
	                   (grant->status == GRANT_PENDING_PROVISION ||
	                    (grant->status == GRANT_MANUAL_FOLLOW_UP && grant->follow_up.action == GRANT_ACTION_PROVISION));
	return (grant->status == GRANT_ACTIVE || coming_back) && grant->expires_at > now;
}

int64_t extension_end(int64_t present_end, int64_t approved_at, int64_t now, int days, int max_days)
{
	int64_t from = approved_at > 0 && approved_at < now ? approved_at : now;
	int64_t wanted = from + (days < max_days ? days : max_days) * DAY_MS;
	return wanted > present_end ? wanted : present_end;
}

bool review_is_due(int review_days, int64_t since, int64_t expires_at, int64_t now)
{
	int64_t moment = expires_at - review_days * DAY_MS;
	return moment > since && moment <= now && now < expires_at;
}
