/* list_walk MEMBERS PEOPLE: looks for PEOPLE people in group 0 of a sandbox, which has MEMBERS members "filled" by
 * number, with the connector's own code: every other one of them is a member, spread over the whole list, and the last
 * is not, so that the list is read to its end. Prints one line of JSON: ms, cpuMs, peakKib, found. Sandbox and
 * credential come from the environment, as for sdk_bulk.js. */
#include <stdio.h>
#include <stdlib.h>

#include "bare_token.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/memory.h"
#include "bench_connector.h"
#include "null_store.h"
#include "spent.h"

#define DEADLINE_MS 600000

static struct connector_look *looks_make(struct arena *arena, size_t members, size_t people)
{
	struct connector_look *looks = arena_array(arena, people, sizeof(*looks));
	if (looks == NULL)
		abort();
	for (size_t i = 0; i < people; i++) {
		bool member = i % 2 == 0 && i + 1 < people;
		looks[i].group_id = arena_printf(arena, NULL_STORE_GROUP, (size_t)0);
		looks[i].user_id = arena_printf(arena, "%c0000000-0000-4000-8000-%012zu", member ? 'f' : 'e',
		                                members / people * i + members / people / 2);
	}
	return looks;
}

/* RESULT_OK for all, or the program ends. */
static size_t found_count(const struct connector_look *looks, size_t people)
{
	size_t found = 0;
	for (size_t i = 0; i < people; i++) {
		if (looks[i].result != RESULT_OK) {
			fprintf(stderr, "look %zu: %s\n", i, looks[i].error.detail);
			exit(1);
		}
		found += looks[i].member;
	}
	return found;
}

int main(int argc, char **argv)
{
	memory_install_library_hooks();
	memory_keep_little();
	size_t members = argc == 3 ? (size_t)atol(argv[1]) : 0;
	size_t people = argc == 3 ? (size_t)atol(argv[2]) : 0;
	if (members < people || people < 2) {
		fprintf(stderr, "usage: list_walk MEMBERS PEOPLE\n");
		return 2;
	}
	struct bench_connector bench;
	struct arena *arena = arena_new(64u << 20);
	if (arena == NULL)
		abort();
	bench_connector_open(&bench);
	struct connector_look *looks = looks_make(arena, members, people);
	bench.target.deadline_ms = clock_monotonic_ms(clock_system()) + DEADLINE_MS;
	struct spent before = spent_so_far();
	bench.ops->look_members(&bench.environment, &bench.target, looks, people);
	struct spent used = spent_since(&before);
	printf("{\"ms\":%lld,\"cpuMs\":%.1f,\"peakKib\":%ld,\"found\":%zu}\n", used.ms, used.cpu_ms, used.peak_kib,
	       found_count(looks, people));
	bench_connector_close(&bench);
	arena_free(arena);
	return 0;
}
