#include "fake_entra.h"

#include "base/id.h"
#include "connector/entra/change_plan.h"

#define MOST 4

struct scene {
	struct arena *arena;
	struct change_plan plan;
	struct connector_change *changes;
	size_t count;
	int *gone; /* how often each change was told to be done */
};

static const char *number_id(struct arena *arena, char kind, unsigned number)
{
	return arena_printf(arena, "%08x-%c000-4000-8000-000000000000", number, kind);
}

static void scene_open(struct scene *scene, size_t count)
{
	scene->arena = arena_new(64 * 1024 * 1024);
	scene->changes = arena_array(scene->arena, count, sizeof(*scene->changes));
	scene->gone = arena_array(scene->arena, count, sizeof(*scene->gone));
	scene->count = count;
}

static void scene_plan(struct scene *scene)
{
	assert_int_equal(change_plan_init(&scene->plan, scene->arena, scene->changes, scene->count), RESULT_OK);
}

/* `groups` x `users` additions. */
static void scene_grid(struct scene *scene, unsigned groups, unsigned users)
{
	scene_open(scene, (size_t)groups * users);
	for (unsigned i = 0; i < groups * users; i++)
		scene->changes[i] = (struct connector_change){.group_id = number_id(scene->arena, 'a', i % groups),
		                                              .user_id = number_id(scene->arena, 'b', i / groups)};
	scene_plan(scene);
}

static void check_block(const struct scene *scene, size_t index)
{
	const struct plan_block *block = &scene->plan.blocks[index];
	assert_true(block->count >= 1 && block->count <= GRAPH_LINKS_MAX);
	assert_true(!block->removal || block->count == 1);
	for (size_t i = 0; i < block->count; i++) {
		const struct connector_change *change = &scene->changes[scene->plan.order[block->first + i]];
		assert_string_equal(change->group_id, scene->plan.groups[block->group].id);
		assert_int_equal(change->removal, block->removal);
	}
}

/* No group in two batches; within a batch all of one group, chained, or all of different ones. */
static void check_wave(const struct scene *scene, const struct plan_batch *batches, size_t count)
{
	int *seen = calloc(scene->plan.group_count, sizeof(*seen));
	for (size_t i = 0; i < count; i++) {
		assert_true(batches[i].count >= 1 && batches[i].count <= BATCH_MAX);
		size_t first = scene->plan.blocks[batches[i].blocks[0]].group;
		for (size_t place = 0; place < batches[i].count; place++) {
			check_block(scene, batches[i].blocks[place]);
			size_t group = scene->plan.blocks[batches[i].blocks[place]].group;
			if (batches[i].chained)
				assert_int_equal(group, first);
			if (!batches[i].chained || place == 0)
				assert_int_equal(seen[group]++, 0);
		}
	}
	free(seen);
}

static void block_end(struct scene *scene, size_t index)
{
	const struct plan_block *block = &scene->plan.blocks[index];
	for (size_t i = 0; i < block->count; i++)
		scene->gone[scene->plan.order[block->first + i]]++;
}

/* Everything goes well: how many exchanges, how many waves. */
static size_t play_well(struct scene *scene, size_t *ret_waves)
{
	struct plan_batch batches[MOST];
	size_t exchanges = 0;
	*ret_waves = 0;
	for (size_t count; (count = change_plan_wave(&scene->plan, batches, MOST)) > 0; (*ret_waves)++) {
		check_wave(scene, batches, count);
		exchanges += count;
		for (size_t i = 0; i < count; i++)
			for (size_t place = 0; place < batches[i].count; place++)
				block_end(scene, batches[i].blocks[place]);
	}
	for (size_t i = 0; i < scene->count; i++)
		assert_int_equal(scene->gone[i], scene->plan.flaws[i] == PLAN_FLAW_NONE ? 1 : 0);
	assert_int_equal(scene->plan.waiting, 0);
	return exchanges;
}

static void a_bulk_approval_costs_as_few_exchanges_as_can_be(void **state)
{
	(void)state;
	static const struct {
		unsigned groups;
		unsigned users;
		size_t exchanges;
		size_t waves;
	} rows[] = {
	    {1, 1, 1, 1},    {1, 20, 1, 1},   {1, 21, 1, 1},   {1, 400, 1, 1},  {1, 401, 2, 2}, {20, 20, 1, 1},
	    {20, 1, 1, 1},   {400, 1, 20, 5}, {2, 200, 2, 1},  {30, 1, 2, 1},   {30, 40, 3, 3}, {4, 400, 4, 1},
	    {1, 2000, 5, 5}, {21, 20, 2, 1},  {100, 20, 5, 2}, {20, 100, 5, 5}, {3, 40, 2, 2},  {2000, 1, 100, 25},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct scene scene = {0};
		size_t waves;
		scene_grid(&scene, rows[i].groups, rows[i].users);
		size_t exchanges = play_well(&scene, &waves);
		if (exchanges != rows[i].exchanges || waves != rows[i].waves)
			fail_msg("%u groups, %u users: %zu exchanges, %zu waves", rows[i].groups, rows[i].users, exchanges, waves);
		arena_free(scene.arena);
	}
}

static void scene_random(struct scene *scene)
{
	size_t count = 1 + id_random_below(600);
	unsigned groups = 1 + (unsigned)id_random_below(60);
	unsigned users = 1 + (unsigned)id_random_below(300);
	scene_open(scene, count);
	for (size_t i = 0; i < count; i++) {
		/* some groups are asked far more of than others */
		unsigned group = (unsigned)id_random_below(1 + id_random_below(groups));
		scene->changes[i] = (struct connector_change){
		    .group_id = id_random_below(200) == 0 ? "none" : number_id(scene->arena, 'a', group),
		    .user_id =
		        id_random_below(200) == 0 ? NULL : number_id(scene->arena, 'b', (unsigned)id_random_below(users)),
		    .removal = id_random_below(4) == 0,
		};
	}
	scene_plan(scene);
}

static void no_change_is_lost_or_sent_twice(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct scene scene = {0};
		size_t waves;
		scene_random(&scene);
		size_t blocks = scene.plan.block_count;
		size_t longest = 0;
		for (size_t i = 0; i < scene.plan.group_count; i++)
			longest = scene.plan.groups[i].waiting > longest ? scene.plan.groups[i].waiting : longest;
		size_t exchanges = play_well(&scene, &waves);
		size_t dense = (blocks + BATCH_MAX - 1) / BATCH_MAX;
		assert_true(exchanges >= dense);
		assert_true(exchanges <= blocks / BATCH_MAX + (longest > dense ? longest : dense) + 1);
		arena_free(scene.arena);
	}
}

/* What may happen to a block, at random: done, again, halved, singled out, probed. */
static void block_suffer(struct scene *scene, size_t block)
{
	size_t count = scene->plan.blocks[block].count;
	switch (count > 1 ? id_random_below(6) : id_random_below(2)) {
	case 0:
		change_plan_again(&scene->plan, block);
		break;
	case 1:
	case 2:
		block_end(scene, block);
		break;
	case 3:
		change_plan_halve(&scene->plan, block);
		break;
	case 4:
		change_plan_single_out(&scene->plan, block, id_random_below(count));
		break;
	default:
		change_plan_probe(&scene->plan, block);
		break;
	}
}

static void whatever_is_refused_every_change_ends_once(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct scene scene = {0};
		struct plan_batch batches[MOST];
		scene_random(&scene);
		scene.plan.no_batches = round % 5 == 0;
		for (;;) {
			scene.plan.one_probe = id_random_below(3) == 0;
			size_t count = change_plan_wave(&scene.plan, batches, MOST);
			if (count == 0)
				break;
			check_wave(&scene, batches, count);
			for (size_t i = 0; i < count; i++)
				for (size_t place = 0; place < batches[i].count; place++)
					block_suffer(&scene, batches[i].blocks[place]);
		}
		assert_int_equal(scene.plan.waiting, 0);
		assert_true(scene.plan.block_count <= scene.count);
		for (size_t i = 0; i < scene.count; i++)
			assert_int_equal(scene.gone[i], scene.plan.flaws[i] == PLAN_FLAW_NONE ? 1 : 0);
		arena_free(scene.arena);
	}
}

static void one_membership_asked_for_twice_is_written_once(void **state)
{
	(void)state;
	struct scene scene = {0};
	size_t waves;
	scene_open(&scene, 4);
	const char *group = "ABCDEF00-a000-4000-8000-000000000000";
	scene.changes[0] = (struct connector_change){.group_id = group, .user_id = FAKE_USER};
	scene.changes[1] = (struct connector_change){
	    .group_id = "abcdef00-a000-4000-8000-000000000000", .user_id = FAKE_USER, .removal = true};
	scene.changes[2] = (struct connector_change){.group_id = "not an id", .user_id = FAKE_USER};
	scene.changes[3] = (struct connector_change){.group_id = group, .user_id = NULL};
	scene_plan(&scene);
	assert_int_equal(scene.plan.flaws[0], PLAN_FLAW_NONE);
	assert_int_equal(scene.plan.flaws[1], PLAN_FLAW_TWICE);
	assert_int_equal(scene.plan.flaws[2], PLAN_FLAW_GROUP_ID);
	assert_int_equal(scene.plan.flaws[3], PLAN_FLAW_USER_ID);
	assert_int_equal(play_well(&scene, &waves), 1);
	arena_free(scene.arena);
}

static void who_was_refused_does_not_go_before_who_was_not(void **state)
{
	(void)state;
	struct scene scene = {0};
	struct plan_batch batches[MOST];
	scene_grid(&scene, 1, 60);
	assert_int_equal(change_plan_wave(&scene.plan, batches, MOST), 1);
	assert_int_equal(batches[0].count, 3);
	change_plan_halve(&scene.plan, batches[0].blocks[0]);
	change_plan_again(&scene.plan, batches[0].blocks[1]);
	change_plan_again(&scene.plan, batches[0].blocks[2]);
	size_t fresh[2] = {batches[0].blocks[1], batches[0].blocks[2]};
	assert_int_equal(change_plan_wave(&scene.plan, batches, MOST), 1);
	assert_int_equal(batches[0].count, 4);
	assert_int_equal(batches[0].blocks[0], fresh[0]);
	assert_int_equal(batches[0].blocks[1], fresh[1]);
	arena_free(scene.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bulk_approval_costs_as_few_exchanges_as_can_be),
	    cmocka_unit_test(no_change_is_lost_or_sent_twice),
	    cmocka_unit_test(whatever_is_refused_every_change_ends_once),
	    cmocka_unit_test(one_membership_asked_for_twice_is_written_once),
	    cmocka_unit_test(who_was_refused_does_not_go_before_who_was_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
