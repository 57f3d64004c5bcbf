/* Every call of a story fails once: the Nth call of the store, of the network, of malloc, for every N, in every way
 *that such a call can fail; and the process dies at each of them. Whatever it was, in the end all must be as if nothing
 *had happened.
 *
 *	every_nth                  each loop, one N in so many (nearly all of them with AICLEARANCE_FULL)
 *	every_nth LOOP FROM STEP   one loop, every STEPth N from there on
 *	every_nth LOOP N           one of them, as a failure's message names it; SIM_LOG=1 shows the log
 *
 * Prints TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"
#include "sim_world.h"

#define ISSUES 8
#define WAITING 6 /* the first so many are pending when it begins; the others come approved */
#define PEOPLE 6
#define RUN_SEED 2
#define PATIENCE_MS (3LL * 3600 * 1000)

enum point { POINT_STORE, POINT_NET, POINT_MEMORY };

struct loop {
	const char *name;
	enum point point;
	enum net_fault fault; /* of the network */
	bool lost;            /* of the store: done, and the answer lost */
	bool death;           /* the process ends there */
	unsigned stride;      /* in CI: one N in so many */
	unsigned full_stride; /* with AICLEARANCE_FULL; 0: every N */
};

static const struct loop loops[] = {
    {"store-refuses", POINT_STORE, .stride = 41},
    {"store-answer-lost", POINT_STORE, .lost = true, .stride = 41},
    {"death-at-store", POINT_STORE, .death = true, .stride = 41},
    {"net-refused", POINT_NET, NET_REFUSED, .stride = 31},
    {"net-reset-before", POINT_NET, NET_RESET_BEFORE, .stride = 31},
    {"net-reset-after", POINT_NET, NET_RESET_AFTER, .stride = 19},
    {"net-timeout-before", POINT_NET, NET_TIMEOUT_BEFORE, .stride = 31},
    {"net-timeout-after", POINT_NET, NET_TIMEOUT_AFTER, .stride = 31},
    {"net-503-before", POINT_NET, NET_503_BEFORE, .stride = 31},
    {"net-503-after", POINT_NET, NET_503_AFTER, .stride = 31},
    {"net-429", POINT_NET, NET_429, .stride = 31},
    {"net-403", POINT_NET, NET_403, .stride = 31},
    {"net-cut", POINT_NET, NET_CUT, .stride = 31},
    {"death-before-net", POINT_NET, NET_REFUSED, .death = true, .stride = 31},
    {"death-after-net", POINT_NET, NET_RESET_AFTER, .death = true, .stride = 19},
    {"memory", POINT_MEMORY, .stride = 8009, .full_stride = 97},
};

static struct {
	const struct loop *loop; /* NULL: nothing fails */
	uint64_t nth;
	uint64_t net_from, store_from, memory_from;
	char keys[ISSUES][16];
} story;

/* ---- what fails ---- */

/* A store that fails from the Nth call on: the process goes with it, once. */
static bool died_at_store(void)
{
	const struct loop *loop = story.loop;
	return loop != NULL && loop->point == POINT_STORE && loop->death && world.runs == 1 &&
	       store_fault_count(world.store) >= story.store_from + story.nth;
}

static void bury(void)
{
	if (died_at_store())
		world_restart();
}

static enum net_fault decide(void *unused, const struct net_call *call)
{
	const struct loop *loop = story.loop;
	(void)unused, (void)call;
	if (world.dead)
		return NET_REFUSED;
	if (loop == NULL)
		return NET_FINE;
	if (died_at_store())
		world_die();
	if (world.dead)
		return NET_REFUSED;
	if (loop->point != POINT_NET || net_count() != story.net_from + story.nth)
		return NET_FINE;
	if (loop->death)
		world_die();
	return loop->fault;
}

static void arm(const struct loop *loop, uint64_t nth)
{
	story.loop = loop;
	story.nth = nth;
	story.net_from = net_count();
	story.store_from = store_fault_count(world.store);
	story.memory_from = sim_memory_count();
	net_decide(decide, NULL);
	if (loop == NULL || nth == 0)
		return;
	if (loop->point == POINT_MEMORY)
		sim_memory_fail_nth(nth);
	else if (loop->point == POINT_STORE && loop->death)
		store_fault_fail_from(world.store, nth, RESULT_UNAVAILABLE);
	else if (loop->point == POINT_STORE && loop->lost)
		store_fault_lose_nth(world.store, nth, RESULT_UNAVAILABLE);
	else if (loop->point == POINT_STORE)
		store_fault_fail_nth(world.store, nth, RESULT_UNAVAILABLE);
}

/* ---- the story ---- */

static bool settle(void)
{
	int64_t until = sim_now_ms() + PATIENCE_MS;
	int64_t delay_ms = 0;
	while (sim_now_ms() < until) {
		bool taken = world_turn(0, &delay_ms);
		bury();
		if (taken)
			continue;
		if (world_is_quiet())
			return true;
		sim_pass_ms(delay_ms < 1 ? 1 : delay_ms);
	}
	return false;
}

/* As an admin does: again, until it is so. */
static void revoke(const char *key)
{
	for (int attempt = 0; attempt < 20; attempt++) {
		_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
		const struct request_filter filter = {.issue_key = key};
		const struct page page = {.limit = 2};
		const struct grant_change change = {.event = GRANT_EVENT_REVOKE};
		struct grant *grants = NULL, after;
		const char *next;
		size_t count = 0;
		struct error error = {0};
		if (arena != NULL &&
		    world.store->ops->grant_list(world.store, &filter, &page, arena, &grants, &count, &next) == RESULT_OK &&
		    count == 1 &&
		    world.store->ops->grant_apply(world.store, &world_admin, grants[0].grant_id, &change, arena, &after,
		                                  &error) == RESULT_OK)
			return;
		bury();
		sim_pass_ms(1000);
	}
}

/* Two tools lead to the first group. */
static const struct {
	int person, tool;
} asked[ISSUES] = {{1, 0}, {2, 0}, {3, 0}, {1, 1}, {4, 1}, {5, 1}, {6, 0}, {2, 4}};

static bool play(void)
{
	for (int i = WAITING; i < ISSUES; i++)
		world_file(asked[i].person, asked[i].tool, 14, story.keys[i]);
	for (int i = 0; i < ISSUES; i++)
		world_approve(story.keys[i]);
	if (!settle())
		return false;
	(void)world_take_away(story.keys[1]);
	revoke(story.keys[2]);
	(void)world_take_away(story.keys[3]);
	(void)world_take_away(story.keys[5]);
	return settle();
}

/* Five people ask for two tools; one of them is in the second tool's group already. All their issues wait. */
static void prepare(void)
{
	char user[40];
	world_open();
	world_user_id(5, user);
	net_member_set(world_group_id(1), user, true);
	for (int i = 0; i < WAITING; i++)
		world_file(asked[i].person, asked[i].tool, 14, story.keys[i]);
	if (!world_settle(PATIENCE_MS))
		abort();
	sim_pass_ms(60000);
	world_keep();
}

/* ---- what came of it ---- */

static void write_grant(FILE *out, const struct grant *grant, struct arena *arena)
{
	struct grant_history *history = NULL;
	size_t count = 0;
	fprintf(out, " grant %s code %s preexisting %d:", grant_status_name(grant->status),
	        grant->code != NULL ? grant->code : "-", grant->membership_preexisting);
	if (world.real->ops->grant_history(world.real, grant->grant_id, arena, &history, &count) != RESULT_OK)
		fprintf(out, " no history");
	for (size_t i = 0; i < count; i++)
		fprintf(out, " %s", history[i].to);
	fprintf(out, ";");
}

static void write_issue(FILE *out, const char *key, struct arena *arena)
{
	const struct request_filter filter = {.issue_key = key};
	const struct page page = {.limit = 10};
	struct access_request *requests = NULL;
	struct grant *grants = NULL;
	size_t count = 0;
	const char *next;
	char path[96];
	fprintf(out, "%s:", key);
	if (world.real->ops->request_list(world.real, &filter, &page, arena, &requests, &count, &next) != RESULT_OK)
		abort();
	for (size_t i = 0; i < count; i++)
		fprintf(out, " request %s %s;", request_status_name(requests[i].status),
		        requests[i].code != NULL ? requests[i].code : "-");
	if (world.real->ops->grant_list(world.real, &filter, &page, arena, &grants, &count, &next) != RESULT_OK)
		abort();
	for (size_t i = 0; i < count; i++)
		write_grant(out, &grants[i], arena);
	snprintf(path, sizeof(path), "/rest/api/3/issue/%s/comment", key);
	json_t *comments = net_ask_jira("cleo", "GET", path, NULL);
	fprintf(out, " %zu comments\n", json_array_size(json_object_get(comments, "comments")));
	json_decref(comments);
}

static void write_members(FILE *out)
{
	char user[40];
	for (int tool = 0; tool < WORLD_GROUPS; tool++) {
		fprintf(out, "%s:", world_tool_name(tool));
		for (int person = 1; person <= PEOPLE; person++) {
			world_user_id(person, user);
			if (net_is_member(world_group_id(tool), user))
				fprintf(out, " %d", person);
		}
		fprintf(out, "\n");
	}
	fprintf(out, "users nearly deleted: %lld\n", (long long)net_danger());
}

/* As text: what must be the same, whatever failed. The caller frees it. */
static char *outcome(bool settled)
{
	char *text = NULL;
	size_t length = 0;
	_cleanup_(arena_freep) struct arena *arena = arena_new(16 << 20);
	FILE *out = open_memstream(&text, &length);
	for (int i = 0; i < ISSUES; i++)
		write_issue(out, story.keys[i], arena);
	write_members(out);
	const char *fault = world_audit_fault(arena);
	fprintf(out, "audit trail: %s\n%s\n", fault != NULL ? fault : "whole",
	        settled ? "all work done" : "work left undone");
	fclose(out);
	return text;
}

/* ---- the loops ---- */

struct counts {
	uint64_t store, net, memory;
};

static char *run(const struct loop *loop, uint64_t nth, struct counts *ret_counts)
{
	sim_seed(RUN_SEED); /* not that of the beginning: ids would come again */
	world_put_back();
	arm(loop, nth);
	bool settled = play();
	if (ret_counts != NULL)
		*ret_counts = (struct counts){store_fault_count(world.store) - story.store_from, net_count() - story.net_from,
		                              sim_memory_count() - story.memory_from};
	sim_memory_fail_nth(0);
	net_decide(NULL, NULL);
	sim_memory_outside();
	char *text = outcome(settled);
	sim_memory_inside();
	return text;
}

static void print_lines(const char *text)
{
	for (const char *at = text; *at != '\0';) {
		size_t length = strcspn(at, "\n");
		printf("#   %.*s\n", (int)length, at);
		at += length + (at[length] == '\n' ? 1 : 0);
	}
}

static bool holds(const struct loop *loop, uint64_t nth, const char *wanted)
{
	char *text = run(loop, nth, NULL);
	bool same = strcmp(text, wanted) == 0;
	if (!same) {
		printf("# every_nth %s %llu: it ended otherwise\n", loop->name, (unsigned long long)nth);
		print_lines(text);
		world_print_open_jobs();
		fflush(stdout);
	}
	free(text);
	return same;
}

static uint64_t last_of(const struct loop *loop, const struct counts *counts)
{
	return loop->point == POINT_STORE ? counts->store : loop->point == POINT_NET ? counts->net : counts->memory;
}

static bool run_loop(const struct loop *loop, uint64_t from, uint64_t step, const struct counts *counts,
                     const char *wanted)
{
	uint64_t last = last_of(loop, counts);
	uint64_t failed = 0, tried = 0;
	for (uint64_t nth = from; nth <= last && failed < 3; nth += step, tried++)
		failed += holds(loop, nth, wanted) ? 0 : 1;
	printf("# %s: %llu of %llu\n", loop->name, (unsigned long long)tried, (unsigned long long)last);
	return failed == 0;
}

static uint64_t stride_of(const struct loop *loop)
{
	if (getenv("AICLEARANCE_FULL") == NULL)
		return loop->stride;
	return loop->full_stride != 0 ? loop->full_stride : 1;
}

static int run_all(const struct counts *counts, const char *wanted)
{
	int failed = 0;
	printf("1..%zu\n", ARRAY_SIZE(loops));
	for (size_t i = 0; i < ARRAY_SIZE(loops); i++) {
		bool held = run_loop(&loops[i], 1, stride_of(&loops[i]), counts, wanted);
		failed += held ? 0 : 1;
		printf("%s %zu - nothing is lost, doubled or stuck: %s\n", held ? "ok" : "not ok", i + 1, loops[i].name);
		fflush(stdout);
	}
	return failed == 0 ? 0 : 1;
}

static int run_some(int argc, char **argv, const struct counts *counts, const char *wanted)
{
	uint64_t from = strtoull(argv[2], NULL, 10);
	for (size_t i = 0; i < ARRAY_SIZE(loops); i++) {
		if (!text_equal(loops[i].name, argv[1]))
			continue;
		if (argc == 3)
			return holds(&loops[i], from, wanted) ? 0 : 1;
		return run_loop(&loops[i], from, strtoull(argv[3], NULL, 10), counts, wanted) ? 0 : 1;
	}
	fprintf(stderr, "there is no loop %s\n", argv[1]);
	return 2;
}

int main(int argc, char **argv)
{
	struct counts counts = {0};
	int code = 0;
	sim_seed(1);
	world_begin();
	prepare();
	char *wanted = run(NULL, 0, &counts);
	printf("# without a fault:\n");
	print_lines(wanted);
	if (argc == 3 || argc == 4)
		code = run_some(argc, argv, &counts, wanted);
	else
		code = run_all(&counts, wanted);
	free(wanted);
	world_close();
	world_end();
	return code;
}
