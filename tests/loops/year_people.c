#include "year_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"

struct year_model year;

void year_begin(size_t most)
{
	char id[64], user[40];
	json_t *accounts = json_array();
	free(year.grants);
	memset(&year, 0, sizeof(year));
	year.most = most;
	year.grants = calloc(most, sizeof(*year.grants));
	for (int person = YEAR_HIDDEN; person <= YEAR_PEOPLE; person++) {
		snprintf(id, sizeof(id), "712020:c0000000-0000-4000-8000-%012d", person);
		json_array_append_new(accounts, json_pack("{s:s,s:b}", "accountId", id, "hidden", 1));
	}
	/* The sandbox's secret is good for half a year. */
	json_decref(net_control(
	    "PUT", "/control/state",
	    json_pack("{s:o,s:{s:s}}", "accounts", accounts, "application", "secretExpiresAt", "2030-01-01T00:00:00Z")));
	for (int person = 1; person <= YEAR_BEFORE; person++) {
		world_user_id(person, user);
		net_member_set(world_group_id(1), user, true);
		year.stays[person][1] = true;
	}
}

/* ---- what is asked ---- */

bool year_runs(const struct year_grant *grant, int64_t now)
{
	return grant->wish == YEAR_APPROVED && grant->end == YEAR_RUNS && (grant->active_at == 0 || now < grant->ends_at);
}

bool year_is_kept(const struct year_grant *grant, int64_t now, bool begun)
{
	for (int tool = grant->tool % WORLD_GROUPS; tool < WORLD_TOOLS; tool += WORLD_GROUPS) {
		int place = year.place[grant->person][tool];
		const struct year_grant *other = place == 0 ? NULL : &year.grants[place - 1];
		if (other != NULL && other != grant && year_runs(other, now) && (!begun || other->active_at != 0))
			return true;
	}
	return false;
}

struct year_grant *year_of_issue(const char *issue_key)
{
	for (size_t i = year.count; issue_key != NULL && i > 0; i--)
		if (text_equal(year.grants[i - 1].key, issue_key))
			return &year.grants[i - 1];
	return NULL;
}

bool year_read(const struct year_grant *asked, struct arena *arena, struct grant *ret_grant)
{
	const struct request_filter filter = {.issue_key = asked->key};
	const struct page page = {.limit = 5};
	struct grant *grants = NULL;
	const char *next;
	size_t count = 0;
	if (world.real->ops->grant_list(world.real, &filter, &page, arena, &grants, &count, &next) != RESULT_OK)
		abort();
	if (count > 1)
		printf("# %s has %zu grants\n", asked->key, count);
	if (count != 1)
		return false;
	*ret_grant = grants[0];
	return true;
}

/* ---- what people do ---- */

/* Shown beside the service's own lines with SIM_LOG=1. */
static void note(const char *what, const struct year_grant *grant)
{
	char user[40];
	world_user_id(grant->person, user);
	log_debug("year.person", "does", what, "issueKey", grant->key, "user", user, "tool", world_tool_name(grant->tool));
}

static struct year_grant *file(int person, int tool, int days)
{
	int place = year.place[person][tool];
	if ((place != 0 && !year.grants[place - 1].settled) || year.count >= year.most)
		return NULL;
	struct year_grant *grant = &year.grants[year.count++];
	*grant = (struct year_grant){.person = person, .tool = tool, .days = days};
	world_file(person, tool, days, grant->key);
	note("file", grant);
	year.place[person][tool] = (int)year.count;
	year.counts.filed++;
	return grant;
}

static void approve(struct year_grant *grant)
{
	if (grant == NULL || grant->wish != YEAR_FILED)
		return;
	world_approve(grant->key);
	note("approve", grant);
	grant->wish = YEAR_APPROVED;
	grant->approved_at = sim_now_ms();
	year.counts.approved++;
}

static void decline(struct year_grant *grant)
{
	if (grant == NULL || grant->wish != YEAR_FILED)
		return;
	world_decline(grant->key);
	note("decline", grant);
	grant->wish = YEAR_DECLINED;
	year.counts.declined++;
}

bool year_revoke(const struct year_grant *asked)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const struct grant_change change = {.event = GRANT_EVENT_REVOKE};
	struct grant grant, after;
	struct error error = {0};
	return year_read(asked, arena, &grant) && world.real->ops->grant_apply(world.real, &world_admin, grant.grant_id,
	                                                                       &change, arena, &after, &error) == RESULT_OK;
}

static void take_away(struct year_grant *grant, bool in_jira, bool by_api)
{
	bool here = by_api && (!in_jira || sim_random_below(2) == 0);
	if (grant == NULL || !year_runs(grant, sim_now_ms()) || (here ? !year_revoke(grant) : !world_take_away(grant->key)))
		return;
	note("take away", grant);
	grant->wish = YEAR_REMOVED;
	grant->by_api = here;
	grant->removed_at = sim_now_ms();
	year.counts.taken_away++;
}

/* More time for the same grant. Until the service can be asked for it nobody does, and no end moves; then: ask, have
 * it approved, add to grant->days and grant->ends_at what was approved, and count it. */
static void extend(const struct year_grant *grant)
{
	(void)grant;
}

static struct year_grant *some_grant(size_t window)
{
	size_t last = year.count < window ? year.count : window;
	return last == 0 ? NULL : &year.grants[year.count - 1 - sim_random_below(last)];
}

/* The oldest that nobody decided. */
static struct year_grant *undecided(void)
{
	for (size_t i = year.count < 100 ? 0 : year.count - 100; i < year.count; i++)
		if (year.grants[i].wish == YEAR_FILED)
			return &year.grants[i];
	return NULL;
}

/* Long enough that none of them begins and ends between a copy of the database and its return. */
static int some_days(void)
{
	return sim_random_below(5) == 0 ? 60 + (int)sim_random_below(100) : 3 + (int)sim_random_below(40);
}

static void file_some(void)
{
	int person = 1 + (int)sim_random_below(YEAR_PEOPLE), tool = (int)sim_random_below(WORLD_TOOLS);
	struct year_grant *grant = file(person, tool, some_days());
	if (sim_random_below(4) == 0) /* both tools of the shared group */
		approve(file(person, tool % WORLD_GROUPS == 0 ? WORLD_TOOLS - 1 - tool : tool, some_days()));
	if (sim_random_below(2) == 0)
		approve(grant);
}

void year_act(bool in_jira, bool by_api)
{
	uint64_t what = sim_random_below(20);
	sim_memory_outside();
	if (what < 8 && in_jira)
		file_some();
	else if (what < 15 && in_jira)
		approve(undecided());
	else if (what < 16 && in_jira)
		decline(undecided());
	else if (what < 17)
		extend(some_grant(100));
	else if (in_jira || by_api)
		take_away(some_grant(200), in_jira, by_api);
	sim_memory_inside();
}

void year_join_together(int tool, int people, int days)
{
	int first = 1 + (int)sim_random_below(YEAR_PEOPLE - (uint64_t)people);
	sim_memory_outside();
	for (int i = 0; i < people; i++)
		approve(file(first + i, tool, days));
	sim_memory_inside();
}

void year_take_away(struct year_grant *grant, bool by_api)
{
	sim_memory_outside();
	take_away(grant, !by_api, by_api);
	sim_memory_inside();
}

bool year_nothing_is_held(void)
{
	for (size_t i = 0; i < year.count; i++)
		if (year.grants[i].end == YEAR_HELD || year.grants[i].end == YEAR_CANCELLED)
			return false;
	return true;
}
