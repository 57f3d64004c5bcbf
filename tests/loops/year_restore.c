#include "year_restore.h"

#include <stdio.h>
#include <string.h>

#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"
#include "year_people.h"

static int64_t copied_at;
static bool was_in[YEAR_PEOPLE + 1][WORLD_GROUPS];
static bool forgotten[YEAR_PEOPLE + 1][WORLD_GROUPS]; /* year.forgotten at the copy */
static bool nobody_is_back;

void year_copy(void)
{
	world_copy_database();
	copied_at = sim_now_ms();
	memcpy(forgotten, year.forgotten, sizeof(forgotten));
}

void year_take_away_since(void)
{
	for (size_t i = year.count < 40 ? 0 : year.count - 40; i < year.count; i++) {
		struct year_grant *grant = &year.grants[i];
		bool was_to_come = grant->active_at == 0 || grant->active_at > copied_at;
		uint64_t what = sim_random_below(was_to_come ? 3 : 20);
		if (what < 2)
			year_take_away(grant, what == 0);
	}
}

/* Taken away since the copy by a word that only the lost database had. */
static bool is_lost(const struct year_grant *grant)
{
	return grant->wish == YEAR_REMOVED && grant->by_api && grant->removed_at > copied_at;
}

static void forget(struct year_grant *grant)
{
	int group = grant->tool % WORLD_GROUPS;
	if (grant->active_at > copied_at) { /* it begins again, with somebody who is in the group already */
		year.forgotten[grant->person][group] = true;
		grant->active_at = 0;
	}
	if (grant->end == YEAR_HELD)
		grant->end = YEAR_RUNS;
	if (is_lost(grant) || (grant->settled && grant->settled_at > copied_at)) {
		grant->gone = grant->settled;
		grant->settled = false;
		grant->end = YEAR_RUNS;
	}
}

/* The one thing that cannot be known: access that was not given yet at the copy, and revoked since by the API alone. */
static bool is_put_in_again(int person, int group)
{
	for (size_t i = 0; i < year.count; i++) {
		const struct year_grant *grant = &year.grants[i];
		if (grant->person == person && grant->tool % WORLD_GROUPS == group && is_lost(grant) && grant->active_at == 0)
			return true;
	}
	return false;
}

static bool is_back(int person, int group)
{
	char user[40];
	world_user_id(person, user);
	year.counts.looked++;
	return !was_in[person][group] && net_is_member(world_group_id(group), user);
}

static void look(bool count)
{
	for (int person = 1; person <= YEAR_PEOPLE; person++)
		for (int group = 0; group < WORLD_GROUPS; group++) {
			if (!is_back(person, group))
				continue;
			if (is_put_in_again(person, group)) {
				year.counts.put_in_again += count ? 1 : 0;
				continue;
			}
			if (nobody_is_back)
				printf("# person %d is back in group %d since the database of yesterday was put back\n", person, group);
			nobody_is_back = false;
		}
	year.counts.checked++;
}

/* Not for a moment, either. */
static void watch(const struct net_call *call)
{
	if (!call->jira)
		look(false);
}

void year_put_back(void)
{
	char user[40];
	for (int person = 1; person <= YEAR_PEOPLE; person++) {
		world_user_id(person, user);
		for (int group = 0; group < WORLD_GROUPS; group++)
			was_in[person][group] = net_is_member(world_group_id(group), user);
		for (int group = 0; group < WORLD_GROUPS; group++)
			year.forgotten[person][group] = year.forgotten[person][group] || forgotten[person][group];
	}
	nobody_is_back = true;
	net_meanwhile(watch);
	world_restore_database();
	for (size_t i = 0; i < year.count; i++)
		forget(&year.grants[i]);
	year.counts.restored++;
}

bool year_nobody_is_back(void)
{
	net_meanwhile(NULL);
	look(true);
	return nobody_is_back;
}

void year_revoke_again(void)
{
	sim_memory_outside();
	for (size_t i = 0; i < year.count; i++)
		if (is_lost(&year.grants[i]) && year_revoke(&year.grants[i]))
			year.counts.revoked_again++;
	sim_memory_inside();
}
