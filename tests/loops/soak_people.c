#include "soak_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"
#include "sim_world.h"

#define PEOPLE 220
#define BEFORE 10  /* the first so many are in the second group before us */
#define HIDDEN 200 /* from this one on Jira does not tell the address */
#define ISSUES_MAX 20000
#define BURST 60

enum wish { WISH_FILED, WISH_APPROVED, WISH_DECLINED, WISH_REMOVED };

struct asked_issue {
	char key[16];
	int person, tool;
	enum wish wish;
	bool approved; /* before it was removed, if it was */
};

static struct {
	struct asked_issue *issues;
	size_t count;
	int place[PEOPLE + 1][WORLD_TOOLS];   /* the present issue, from 1; 0: none */
	bool closed[PEOPLE + 1][WORLD_TOOLS]; /* it is over, and another may be filed */
	struct people_counts counts;
} people;

struct people_counts people_counts(void)
{
	return people.counts;
}

static bool was_before(int person, int group)
{
	return person <= BEFORE && group == 1;
}

void people_begin(void)
{
	char id[64], user[40];
	json_t *accounts = json_array();
	free(people.issues);
	memset(&people, 0, sizeof(people));
	people.issues = calloc(ISSUES_MAX, sizeof(*people.issues));
	for (int person = HIDDEN; person <= PEOPLE; person++) {
		snprintf(id, sizeof(id), "712020:c0000000-0000-4000-8000-%012d", person);
		json_array_append_new(accounts, json_pack("{s:s,s:b}", "accountId", id, "hidden", 1));
	}
	json_decref(net_control("PUT", "/control/state", json_pack("{s:o}", "accounts", accounts)));
	for (int person = 1; person <= BEFORE; person++) {
		world_user_id(person, user);
		net_member_set(world_group_id(1), user, true);
	}
}

static struct asked_issue *present(int person, int tool)
{
	int place = people.place[person][tool];
	return place == 0 ? NULL : &people.issues[place - 1];
}

/* Shown beside the service's own lines with SIM_LOG=1. */
static void note(const char *what, const struct asked_issue *issue)
{
	char user[40];
	world_user_id(issue->person, user);
	log_debug("soak.person", "does", what, "issueKey", issue->key, "user", user, "tool", world_tool_name(issue->tool));
}

static void file(int person, int tool)
{
	struct asked_issue *issue = &people.issues[people.count];
	if ((people.place[person][tool] != 0 && !people.closed[person][tool]) || people.count + 1 >= ISSUES_MAX)
		return;
	*issue = (struct asked_issue){.person = person, .tool = tool};
	world_file(person, tool, 14, issue->key);
	note("file", issue);
	people.place[person][tool] = (int)++people.count;
	people.closed[person][tool] = false;
	people.counts.filed++;
}

static void approve(struct asked_issue *issue)
{
	if (issue == NULL || issue->wish != WISH_FILED)
		return;
	note("approve", issue);
	world_approve(issue->key);
	issue->wish = WISH_APPROVED;
	issue->approved = true;
	people.counts.approved++;
}

static void decline(struct asked_issue *issue)
{
	if (issue == NULL || issue->wish != WISH_FILED)
		return;
	note("decline", issue);
	world_decline(issue->key);
	issue->wish = WISH_DECLINED;
	people.counts.declined++;
}

/* By the API: there must be a grant. */
static bool revoke(const struct asked_issue *issue)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const struct request_filter filter = {.issue_key = issue->key};
	const struct page page = {.limit = 2};
	const struct grant_change change = {.event = GRANT_EVENT_REVOKE};
	struct grant *grants = NULL, after;
	const char *next;
	size_t count = 0;
	struct error error = {0};
	return world.real->ops->grant_list(world.real, &filter, &page, arena, &grants, &count, &next) == RESULT_OK &&
	       count == 1 &&
	       world.real->ops->grant_apply(world.real, &world_admin, grants[0].grant_id, &change, arena, &after, &error) ==
	           RESULT_OK;
}

static void take_away(struct asked_issue *issue)
{
	if (issue == NULL || issue->wish != WISH_APPROVED)
		return;
	if (sim_random_below(3) == 0 ? !revoke(issue) : !world_take_away(issue->key))
		return;
	note("take away", issue);
	issue->wish = WISH_REMOVED;
	people.counts.removed++;
}

/* Mostly one of the later ones. */
static struct asked_issue *some_issue(void)
{
	uint64_t window = people.count < 300 ? people.count : 300;
	return window == 0 ? NULL : &people.issues[people.count - 1 - sim_random_below(window)];
}

static void act_once(void)
{
	uint64_t what = sim_random_below(20);
	if (what < 6)
		file(1 + (int)sim_random_below(PEOPLE), (int)sim_random_below(WORLD_TOOLS));
	else if (what < 14)
		approve(some_issue());
	else if (what < 15)
		decline(some_issue());
	else
		take_away(some_issue());
}

void people_act(void)
{
	uint64_t times = sim_random_below(60) == 0 ? 1 + sim_random_below(BURST) : 1;
	if (world.dead)
		return;
	sim_memory_outside();
	for (uint64_t i = 0; i < times; i++)
		act_once();
	sim_memory_inside();
}

/* ---- the admin ---- */

static struct asked_issue *issue_of(const char *key)
{
	for (size_t i = 0; key != NULL && i < people.count; i++)
		if (text_equal(people.issues[i].key, key))
			return &people.issues[i];
	return NULL;
}

/* What an admin does about it; false: no follow-up of this kind is justified. */
static bool change_for(const struct grant *grant, char user[40], struct grant_change *change)
{
	const struct asked_issue *issue = issue_of(grant->issue_key);
	const char *code = grant->follow_up.code;
	*change = (struct grant_change){.reason = "looked at"};
	if (issue == NULL || code == NULL)
		return false;
	if (text_equal(code, "membership_not_ours") && was_before(issue->person, issue->tool % WORLD_GROUPS)) {
		change->event = GRANT_EVENT_KEPT_BY_HAND;
		return true;
	}
	if (!text_equal(code, "email_hidden") || issue->person < HIDDEN)
		return false;
	world_user_id(issue->person, user);
	change->event = sim_random_below(4) == 0 ? GRANT_EVENT_RETRY : GRANT_EVENT_RESOLVE_USER;
	change->external_user_id = user;
	change->save_mapping = sim_random_below(2) == 0;
	return true;
}

static void resolve(const struct grant *grant, struct arena *arena)
{
	char user[40];
	struct grant_change change;
	struct grant after;
	struct error error = {0};
	if (!change_for(grant, user, &change)) {
		printf("# %s asks for a person, and nothing justifies it: %s %s\n", grant->issue_key, grant->follow_up.code,
		       grant->follow_up.reason != NULL ? grant->follow_up.reason : "");
		return;
	}
	if (world.real->ops->grant_apply(world.real, &world_admin, grant->grant_id, &change, arena, &after, &error) ==
	    RESULT_OK)
		people.counts.resolved++;
}

int people_resolve(void)
{
	const struct request_filter filter = {.status = "manualFollowUp"};
	const struct page page = {.limit = 200};
	struct grant *grants = NULL;
	const char *next;
	size_t count = 0;
	if (world.dead)
		return 0;
	sim_memory_outside();
	_cleanup_(arena_freep) struct arena *arena = arena_new(16 << 20);
	if (world.real->ops->grant_list(world.real, &filter, &page, arena, &grants, &count, &next) != RESULT_OK)
		abort();
	for (size_t i = 0; i < count; i++)
		resolve(&grants[i], arena);
	sim_memory_inside();
	return (int)count;
}

/* ---- the model ---- */

static bool is_ever_granted(int person, int group)
{
	for (size_t i = 0; i < people.count; i++)
		if (people.issues[i].person == person && people.issues[i].tool % WORLD_GROUPS == group &&
		    people.issues[i].approved)
			return true;
	return false;
}

bool people_are_safe(void)
{
	char user[40];
	bool safe = true;
	for (int person = 1; person <= PEOPLE; person++) {
		world_user_id(person, user);
		for (int group = 0; group < WORLD_GROUPS; group++) {
			bool member = net_is_member(world_group_id(group), user);
			if (member && !was_before(person, group) && !is_ever_granted(person, group)) {
				printf("# person %d is in group %d, and nobody approved it\n", person, group);
				safe = false;
			}
			if (!member && was_before(person, group)) {
				printf("# person %d was in group %d before us, and is out\n", person, group);
				safe = false;
			}
		}
	}
	people.counts.checked++;
	return safe;
}

static bool should_be_member(int person, int group)
{
	if (was_before(person, group))
		return true;
	for (int tool = group; tool < WORLD_TOOLS; tool += WORLD_GROUPS) {
		const struct asked_issue *issue = present(person, tool);
		if (issue != NULL && issue->wish == WISH_APPROVED)
			return true;
	}
	return false;
}

static bool memberships_hold(void)
{
	char user[40];
	bool hold = true;
	for (int person = 1; person <= PEOPLE; person++) {
		world_user_id(person, user);
		for (int group = 0; group < WORLD_GROUPS; group++) {
			bool member = net_is_member(world_group_id(group), user);
			if (member == should_be_member(person, group))
				continue;
			printf("# person %d is %s group %d\n", person, member ? "in" : "not in", group);
			hold = false;
		}
	}
	return hold;
}

static bool requests_hold(const struct asked_issue *issue, const struct access_request *requests, size_t count)
{
	if (count != 1)
		return false;
	switch (issue->wish) {
	case WISH_FILED:
		return requests->status == REQUEST_PENDING;
	case WISH_APPROVED:
		return requests->status == REQUEST_APPROVED;
	case WISH_DECLINED:
		return requests->status == REQUEST_DENIED;
	default: /* who approves and takes away at once may be heard only once */
		return requests->status == REQUEST_APPROVED || requests->status == REQUEST_CANCELLED;
	}
}

static bool grants_hold(const struct asked_issue *issue, const struct access_request *request,
                        const struct grant *grants, size_t count)
{
	if (request->status != REQUEST_APPROVED)
		return count == 0;
	if (count != 1)
		return false;
	return issue->wish == WISH_REMOVED ? !grant_is_open(grants->status) : grants->status == GRANT_ACTIVE;
}

/* An ordinary person's issue is told how it went, once each time. */
static bool comments_hold(const struct asked_issue *issue)
{
	char path[96];
	snprintf(path, sizeof(path), "/rest/api/3/issue/%s/comment", issue->key);
	json_t *answer = net_ask_jira("cleo", "GET", path, NULL);
	json_t *comments = json_object_get(answer, "comments");
	size_t count = json_array_size(comments);
	bool hold = issue->person >= HIDDEN || issue->person <= BEFORE || count <= 2;
	if (issue->wish == WISH_APPROVED && count == 0)
		hold = false;
	for (size_t i = 0; hold && issue->person < HIDDEN && i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (json_equal(json_object_get(json_array_get(comments, i), "body"),
			               json_object_get(json_array_get(comments, j), "body")))
				hold = false;
	json_decref(answer);
	return hold;
}

static bool issue_holds(const struct asked_issue *issue)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(4 << 20);
	const struct request_filter filter = {.issue_key = issue->key};
	const struct page page = {.limit = 5};
	struct access_request *requests = NULL;
	struct grant *grants = NULL;
	const char *next;
	size_t count = 0, granted = 0;
	if (world.real->ops->request_list(world.real, &filter, &page, arena, &requests, &count, &next) != RESULT_OK ||
	    world.real->ops->grant_list(world.real, &filter, &page, arena, &grants, &granted, &next) != RESULT_OK)
		abort();
	bool hold =
	    requests_hold(issue, requests, count) && grants_hold(issue, requests, grants, granted) && comments_hold(issue);
	if (!hold)
		printf("# %s of person %d for %s, wish %d: %zu requests (%s %s), %zu grants (%s %s), or its comments\n",
		       issue->key, issue->person, world_tool_name(issue->tool), (int)issue->wish, count,
		       count > 0 ? request_status_name(requests->status) : "-",
		       count > 0 && requests->code != NULL ? requests->code : "", granted,
		       granted > 0 ? grant_status_name(grants->status) : "-",
		       granted > 0 && grants->code != NULL ? grants->code : "");
	return hold;
}

static void close_places(void)
{
	for (int person = 1; person <= PEOPLE; person++)
		for (int tool = 0; tool < WORLD_TOOLS; tool++) {
			const struct asked_issue *issue = present(person, tool);
			people.closed[person][tool] =
			    issue != NULL && (issue->wish == WISH_REMOVED || issue->wish == WISH_DECLINED);
		}
}

bool people_have_what_they_should(void)
{
	sim_memory_outside();
	_cleanup_(arena_freep) struct arena *arena = arena_new(64 << 20);
	bool hold = people_are_safe() && memberships_hold();
	for (size_t i = 0; i < people.count; i++)
		hold = issue_holds(&people.issues[i]) && hold;
	const char *fault = world_audit_fault(arena);
	if (fault != NULL || net_danger() != 0)
		printf("# audit trail: %s; users nearly deleted: %lld\n", fault != NULL ? fault : "whole",
		       (long long)net_danger());
	close_places();
	sim_memory_inside();
	return hold && fault == NULL && net_danger() == 0;
}
