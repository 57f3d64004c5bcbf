#include "year_check.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"
#include "year_people.h"

/* Who ends within so much of now may be seen either way. */
#define SLACK_MS 10000

/* The contract's rule 9, in its own words: over so many, and over one in so many of the group. */
#define FEW 20
#define PART 5

static bool must_hold[WORLD_GROUPS];

static int group_of(const struct year_grant *grant)
{
	return grant->tool % WORLD_GROUPS;
}

static bool is_near(const struct year_grant *grant, int64_t now)
{
	return grant->active_at != 0 && now >= grant->ends_at - SLACK_MS && now <= grant->ends_at + SLACK_MS;
}

static bool fault(const struct year_grant *asked, const struct grant *grant, const char *what)
{
	printf("# %s of person %d for %s, %d days: %s (%s %s; wish %d, end %d)\n", asked->key, asked->person,
	       world_tool_name(asked->tool), asked->days, what, grant != NULL ? grant_status_name(grant->status) : "-",
	       grant != NULL && grant->code != NULL ? grant->code : "-", (int)asked->wish, (int)asked->end);
	return false;
}

/* ---- the groups ---- */

enum place { PLACE_OUT, PLACE_EITHER, PLACE_IN };

static enum place places[YEAR_PEOPLE + 1][WORLD_GROUPS];

static void place_raise(const struct year_grant *grant, enum place place)
{
	enum place *at = &places[grant->person][group_of(grant)];
	if (place > *at)
		*at = place;
}

static void places_begin(void)
{
	memset(places, 0, sizeof(places));
	for (int person = 1; person <= YEAR_PEOPLE; person++)
		for (int group = 0; group < WORLD_GROUPS; group++)
			if (year.stays[person][group])
				places[person][group] = PLACE_IN;
}

static void print_grants(int person, int group)
{
	for (size_t i = 0; i < year.count; i++) {
		const struct year_grant *grant = &year.grants[i];
		if (grant->person == person && group_of(grant) == group)
			printf("#   %s: wish %d, end %d%s%s, %lld hours left\n", grant->key, (int)grant->wish, (int)grant->end,
			       grant->settled ? ", settled" : "", grant->gone ? ", gone" : "",
			       (long long)((grant->ends_at - sim_now_ms()) / 3600000));
	}
}

static bool places_hold(void)
{
	char user[40];
	bool hold = true;
	for (int person = 1; person <= YEAR_PEOPLE; person++) {
		world_user_id(person, user);
		for (int group = 0; group < WORLD_GROUPS; group++) {
			bool member = net_is_member(world_group_id(group), user);
			enum place place = places[person][group];
			year.counts.looked++;
			if (place == PLACE_EITHER || member == (place == PLACE_IN))
				continue;
			printf("# person %d is %s group %d\n", person, member ? "in" : "not in", group);
			print_grants(person, group);
			hold = false;
		}
	}
	return hold;
}

bool year_is_safe(void)
{
	int64_t now = sim_now_ms();
	sim_memory_outside();
	places_begin();
	for (size_t i = 0; i < year.count; i++) {
		const struct year_grant *grant = &year.grants[i];
		bool has = year_runs(grant, now) && grant->active_at != 0 && !is_near(grant, now);
		if (has)
			place_raise(grant, PLACE_IN);
		else if (!grant->settled && grant->wish != YEAR_FILED && grant->wish != YEAR_DECLINED)
			place_raise(grant, PLACE_EITHER);
	}
	bool hold = places_hold();
	year.counts.checked++;
	sim_memory_inside();
	return hold;
}

static enum place place_of(const struct year_grant *grant, int64_t now)
{
	if (grant->wish != YEAR_APPROVED || grant->gone)
		return PLACE_OUT;
	if (is_near(grant, now))
		return PLACE_EITHER;
	return year_runs(grant, now) || grant->end == YEAR_HELD || grant->end == YEAR_CANCELLED ? PLACE_IN : PLACE_OUT;
}

static bool groups_hold(int64_t now)
{
	places_begin();
	for (size_t i = 0; i < year.count; i++)
		if (!year.grants[i].settled)
			place_raise(&year.grants[i], place_of(&year.grants[i], now));
	return places_hold();
}

/* ---- each grant ---- */

/* Another one of the same person and group that is over and may wait for an admin: its user went with the one that was
 * taken out. `perhaps`: or did not, if that came to its turn before the other was over; only the directory can tell. */
static void siblings_go(const struct year_grant *grant, bool perhaps, int64_t now)
{
	char user[40];
	world_user_id(grant->person, user);
	for (int tool = group_of(grant); tool < WORLD_TOOLS; tool += WORLD_GROUPS) {
		int place = year.place[grant->person][tool];
		struct year_grant *other = place == 0 ? NULL : &year.grants[place - 1];
		if (other != NULL && other != grant && other->active_at != 0 && other->ends_at <= now)
			other->gone = other->gone || !perhaps || !net_is_member(world_group_id(group_of(grant)), user);
	}
}

/* At the instant at which it ended another one stood, whatever has become of that since. */
static bool was_kept(const struct year_grant *grant, int64_t now)
{
	int64_t at = grant->asked ? now : grant->wish == YEAR_REMOVED ? grant->removed_at : grant->ends_at;
	for (int tool = group_of(grant); tool < WORLD_TOOLS; tool += WORLD_GROUPS) {
		int place = year.place[grant->person][tool];
		const struct year_grant *other = place == 0 ? NULL : &year.grants[place - 1];
		if (other != NULL && other != grant && other->wish == YEAR_APPROVED &&
		    (other->active_at == 0 || at < other->ends_at))
			return true;
	}
	return false;
}

/* Seen to be over. */
static bool settle(struct year_grant *grant, int64_t now)
{
	bool kept = was_kept(grant, now);
	year.counts.kept_by_two += kept || year.stays[grant->person][group_of(grant)] ? 1 : 0;
	if (grant->active_at != 0 && !year.stays[grant->person][group_of(grant)])
		siblings_go(grant, kept, now);
	grant->settled = true;
	grant->settled_at = now;
	grant->end = grant->wish == YEAR_APPROVED ? YEAR_ENDED : grant->end;
	return true;
}

static bool begin(struct year_grant *asked, const struct grant *grant, int64_t now)
{
	if (asked->active_at != 0)
		return grant->active_at == asked->active_at && grant->expires_at == asked->ends_at;
	asked->active_at = grant->active_at;
	asked->ends_at = grant->active_at + asked->days * YEAR_DAY_MS;
	return grant->active_at >= asked->approved_at && grant->active_at <= now && grant->expires_at == asked->ends_at;
}

static bool over_holds(struct year_grant *asked, const struct grant *grant, int64_t now)
{
	if (grant->status == GRANT_EXPIRED) {
		if (asked->end == YEAR_CANCELLED || (asked->end == YEAR_HELD && !year_is_kept(asked, now, false)))
			return fault(asked, grant, "it ended without an admin's word");
		year.counts.expired++;
		return settle(asked, now);
	}
	if (asked->end == YEAR_CANCELLED)
		return (grant->status == GRANT_MANUAL_FOLLOW_UP && text_equal(grant->code, "removals_held")) ||
		       fault(asked, grant, "it was held and cancelled, and does not wait for a person");
	if (grant->status != GRANT_PENDING_DEPROVISION || !year.held[group_of(asked)] || asked->asked)
		return fault(asked, grant, "its time is over");
	year.counts.held += asked->end == YEAR_HELD ? 0 : 1;
	asked->end = YEAR_HELD;
	return true;
}

static bool approved_holds(struct year_grant *asked, const struct grant *grant, int64_t now)
{
	if (grant->active_at == 0 || !begin(asked, grant, now))
		return fault(asked, grant, "it does not begin, or end, when it should");
	if (is_near(asked, now))
		return true;
	if (now >= asked->ends_at)
		return over_holds(asked, grant, now);
	return grant->status == GRANT_ACTIVE || fault(asked, grant, "it should be active");
}

static bool grant_holds(struct year_grant *asked, struct arena *arena, int64_t now)
{
	struct grant grant;
	bool there = year_read(asked, arena, &grant);
	switch (asked->wish) {
	case YEAR_FILED:
		return !there || fault(asked, &grant, "nobody approved it");
	case YEAR_DECLINED:
		return there ? fault(asked, &grant, "it was declined") : settle(asked, now);
	case YEAR_REMOVED:
		return there && grant_is_open(grant.status) ? fault(asked, &grant, "it was taken away") : settle(asked, now);
	default:
		return there ? approved_holds(asked, &grant, now)
		             : fault(asked, NULL, "it was approved, and there is no grant");
	}
}

/* ---- the brake ---- */

struct crowd {
	int leaving, members;
};

/* Each person once. `least`: no fewer will leave and no more are there; else no more have left since `from`. */
static struct crowd crowd_of(int group, int64_t now, int64_t from, bool least)
{
	bool leaves[YEAR_PEOPLE + 1] = {false}, is[YEAR_PEOPLE + 1] = {false};
	struct crowd crowd = {0};
	for (size_t i = 0; i < year.count; i++) {
		const struct year_grant *grant = &year.grants[i];
		bool over = grant->active_at != 0 && grant->ends_at <= now;
		if (group_of(grant) != group || grant->wish == YEAR_FILED || grant->wish == YEAR_DECLINED)
			continue;
		is[grant->person] = is[grant->person] || !grant->settled;
		if (least ? over && year.grants[i].wish == YEAR_APPROVED && grant->end == YEAR_RUNS && !grant->settled &&
		                !grant->asked && !year_is_kept(grant, now, true)
		          : over && (!grant->settled || grant->settled_at >= from))
			leaves[grant->person] = true;
	}
	for (int person = 1; person <= YEAR_PEOPLE; person++) {
		crowd.leaving += leaves[person] ? 1 : 0;
		crowd.members += is[person] ? 1 : 0;
	}
	return crowd;
}

void year_foresee(void)
{
	for (int group = 0; group < WORLD_GROUPS; group++) {
		struct crowd crowd = crowd_of(group, sim_now_ms() - SLACK_MS, 0, true);
		must_hold[group] = crowd.leaving > FEW && crowd.leaving * PART > crowd.members;
	}
}

static int group_named(const char *group_id)
{
	for (int group = 0; group < WORLD_GROUPS; group++)
		if (text_equal(world_group_id(group), group_id))
			return group;
	return 0;
}

static bool hold_is_justified(const struct held_group *held, int group, int64_t now)
{
	struct crowd crowd = crowd_of(group, now, held->since - 2 * YEAR_DAY_MS, false);
	if (year.held[group] || (crowd.leaving > FEW && text_equal(held->reason, "tooMany")))
		return true;
	printf("# removals of group %d are held (%s), and only %d left\n", group, held->reason, crowd.leaving);
	return false;
}

static bool holds_hold(struct arena *arena, int64_t now)
{
	static const char *const connectors[] = {"one", "two"};
	bool held[WORLD_GROUPS] = {false}, hold = true;
	for (size_t i = 0; i < ARRAY_SIZE(connectors); i++) {
		struct held_removals all;
		if (world.real->ops->removals_held(world.real, connectors[i], arena, &all) != RESULT_OK)
			return false;
		for (size_t at = 0; at < all.group_count; at++) {
			int group = group_named(all.groups[at].group_id);
			held[group] = true;
			hold = hold_is_justified(&all.groups[at], group, now) && hold;
		}
	}
	for (int group = 0; group < WORLD_GROUPS; group++) {
		if (must_hold[group] && !held[group]) {
			printf("# too many left group %d at once, and nothing was held\n", group);
			hold = false;
		}
		must_hold[group] = false;
	}
	memcpy(year.held, held, sizeof(held));
	return hold;
}

bool year_holds(void)
{
	int64_t now = sim_now_ms();
	sim_memory_outside();
	_cleanup_(arena_freep) struct arena *arena = arena_new(64 << 20);
	bool hold = holds_hold(arena, now);
	for (size_t i = 0; i < year.count; i++)
		if (!year.grants[i].settled)
			hold = grant_holds(&year.grants[i], arena, now) && hold;
	hold = groups_hold(now) && hold;
	if (net_danger() != 0) {
		printf("# a user was nearly deleted\n");
		hold = false;
	}
	year.counts.checked++;
	sim_memory_inside();
	return hold;
}

/* ---- the issues ---- */

static bool issue_was_told(const struct year_grant *asked)
{
	char path[96];
	snprintf(path, sizeof(path), "/rest/api/3/issue/%s/comment", asked->key);
	json_t *answer = net_ask_jira("cleo", "GET", path, NULL);
	json_t *comments = json_object_get(answer, "comments");
	size_t count = json_array_size(comments);
	bool told = count > 0 || asked->wish != YEAR_APPROVED;
	bool twice = false;
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			twice = twice || json_equal(json_object_get(json_array_get(comments, i), "body"),
			                            json_object_get(json_array_get(comments, j), "body"));
	json_decref(answer);
	/* Whoever a person looks after may need to be looked at twice for the same reason. */
	bool ordinary = asked->person < YEAR_HIDDEN && !year.stays[asked->person][group_of(asked)] &&
	                asked->end != YEAR_CANCELLED && year.counts.restored == 0;
	if (!told || (twice && ordinary))
		return fault(asked, NULL, told ? "the issue was told something twice" : "the issue was told nothing");
	return true;
}

bool year_was_told(void)
{
	bool told = true;
	sim_memory_outside();
	for (size_t i = 0; i < year.count; i++)
		told = issue_was_told(&year.grants[i]) && told;
	sim_memory_inside();
	return told;
}
