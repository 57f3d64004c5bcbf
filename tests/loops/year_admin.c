#include "year_admin.h"

#include <stdio.h>

#include "base/text.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"
#include "year_people.h"

/* ---- follow-ups ---- */

static void take_out_by_hand(const struct year_grant *asked)
{
	char user[40];
	world_user_id(asked->person, user);
	net_member_set(world_group_id(asked->tool % WORLD_GROUPS), user, false);
}

/* In the group by nobody's approval: before us, or since a database was put back. */
static bool settle_foreign(const struct year_grant *asked, struct grant_change *change)
{
	int group = asked->tool % WORLD_GROUPS;
	bool kept = year_is_kept(asked, sim_now_ms(), false);
	change->event = kept || year.stays[asked->person][group] ? GRANT_EVENT_KEPT_BY_HAND : GRANT_EVENT_REMOVED_BY_HAND;
	if (!year.stays[asked->person][group] && !year.forgotten[asked->person][group])
		return false;
	if (kept) /* it is the other one's end that decides */
		return true;
	if (change->event == GRANT_EVENT_REMOVED_BY_HAND)
		take_out_by_hand(asked);
	year.forgotten[asked->person][group] = false;
	return true;
}

static bool settle_cancelled(struct year_grant *asked, struct grant_change *change)
{
	bool kept = year_is_kept(asked, sim_now_ms(), false);
	if (asked->end != YEAR_CANCELLED)
		return false;
	switch (sim_random_below(kept ? 2 : 3)) {
	case 0:
		change->event = GRANT_EVENT_KEPT_BY_HAND;
		if (!kept && !asked->gone)
			year.stays[asked->person][asked->tool % WORLD_GROUPS] = true;
		break;
	case 1:
		change->event = GRANT_EVENT_RETRY;
		asked->asked = true;
		break;
	default:
		change->event = GRANT_EVENT_REMOVED_BY_HAND;
		take_out_by_hand(asked);
		year.stays[asked->person][asked->tool % WORLD_GROUPS] = false;
		break;
	}
	asked->end = YEAR_RUNS;
	return true;
}

/* False: nothing justifies a follow-up of this kind. */
static bool change_for(struct year_grant *asked, const struct grant *grant, char user[40], struct grant_change *change)
{
	const char *code = grant->follow_up.code;
	*change = (struct grant_change){.reason = "looked at"};
	if (asked == NULL || code == NULL)
		return false;
	if (text_equal(code, "membership_not_ours"))
		return settle_foreign(asked, change);
	if (text_equal(code, "removals_held"))
		return settle_cancelled(asked, change);
	change->event = GRANT_EVENT_REVOKE;
	if (text_equal(code, "approval_not_verified"))
		return asked->wish == YEAR_REMOVED;
	if (!text_equal(code, "email_hidden") || asked->person < YEAR_HIDDEN)
		return false;
	world_user_id(asked->person, user);
	change->event = sim_random_below(4) == 0 ? GRANT_EVENT_RETRY : GRANT_EVENT_RESOLVE_USER;
	change->external_user_id = user;
	change->save_mapping = sim_random_below(2) == 0;
	return true;
}

static bool look_after(const struct grant *grant, bool cancelled, struct arena *arena)
{
	char user[40];
	struct grant_change change;
	struct grant after;
	struct error error = {0};
	struct year_grant *asked = year_of_issue(grant->issue_key);
	/* What was cancelled may wait some days. */
	if (asked != NULL && asked->end == YEAR_CANCELLED && (!cancelled || sim_random_below(4) != 0))
		return false;
	if (!change_for(asked, grant, user, &change)) {
		printf("# %s asks for a person, and nothing justifies it: %s %s\n", grant->issue_key, grant->follow_up.code,
		       grant->follow_up.reason != NULL ? grant->follow_up.reason : "");
		return false;
	}
	if (world.real->ops->grant_apply(world.real, &world_admin, grant->grant_id, &change, arena, &after, &error) !=
	    RESULT_OK)
		return false;
	year.counts.followed_up++;
	return true;
}

bool year_follow_up(bool cancelled)
{
	const struct request_filter filter = {.status = "manualFollowUp"};
	const struct page page = {.limit = 200};
	struct grant *grants = NULL;
	const char *next;
	size_t count = 0;
	bool done = false;
	sim_memory_outside();
	_cleanup_(arena_freep) struct arena *arena = arena_new(16 << 20);
	if (world.real->ops->grant_list(world.real, &filter, &page, arena, &grants, &count, &next) != RESULT_OK)
		abort();
	for (size_t i = 0; i < count; i++)
		done = look_after(&grants[i], cancelled, arena) || done;
	sim_memory_inside();
	return done;
}

/* ---- the brake ---- */

static size_t held_of(int connector)
{
	size_t count = 0;
	for (size_t i = 0; i < year.count; i++)
		count += year.grants[i].tool % WORLD_CONNECTORS == connector && year.grants[i].end == YEAR_HELD ? 1 : 0;
	return count;
}

static void ask_for_some(int connector)
{
	for (size_t i = 0, left = 5; i < year.count && left > 0; i++) {
		struct year_grant *grant = &year.grants[i];
		if (grant->tool % WORLD_CONNECTORS != connector || grant->end != YEAR_HELD || sim_random_below(3) != 0)
			continue;
		if (!year_revoke(grant))
			continue;
		grant->end = YEAR_RUNS;
		grant->asked = true;
		year.counts.asked_of_held++;
		left--;
	}
}

static void settle_connector(int connector)
{
	static const char *const ids[WORLD_CONNECTORS] = {"one", "two"};
	struct error error = {0};
	bool release = sim_random_below(2) == 0;
	ask_for_some(connector);
	enum result result = release ? world.real->ops->removals_release(world.real, &world_admin, ids[connector], &error)
	                             : world.real->ops->removals_cancel(world.real, &world_admin, ids[connector], &error);
	if (result != RESULT_OK)
		abort();
	for (size_t i = 0; i < year.count; i++) {
		struct year_grant *grant = &year.grants[i];
		if (grant->tool % WORLD_CONNECTORS != connector || grant->end != YEAR_HELD)
			continue;
		grant->end = release ? YEAR_RUNS : YEAR_CANCELLED;
		grant->asked = release;
		*(release ? &year.counts.released : &year.counts.cancelled) += 1;
	}
}

bool year_settle_held(void)
{
	bool done = false;
	sim_memory_outside();
	for (int connector = 0; connector < WORLD_CONNECTORS; connector++) {
		if (held_of(connector) == 0 || sim_random_below(2) != 0)
			continue;
		settle_connector(connector);
		done = true;
	}
	sim_memory_inside();
	return done;
}
