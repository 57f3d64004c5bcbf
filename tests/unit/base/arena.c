#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static void an_arena_never_holds_more_than_its_ceiling(void **state)
{
	(void)state;
	static const size_t ceilings[] = {0, 16, 100, 4096, 5000, 100000};
	static const size_t sizes[] = {1, 16, 17, 1000, 5000};
	for (size_t c = 0; c < sizeof(ceilings) / sizeof(*ceilings); c++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
			_cleanup_(arena_freep) struct arena *arena = arena_new(ceilings[c]);
			size_t total = 0;
			while (arena_alloc(arena, sizes[s]) != NULL)
				total += sizes[s];
			assert_true(total <= ceilings[c]);
		}
	}
}

static void small_pieces_reach_at_least_nine_tenths_of_the_ceiling(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	size_t total = 0;
	for (size_t i = 0; arena_alloc(arena, 16 + i % 200) != NULL; i++)
		total += 16 + i % 200;
	assert_true(total > (1 << 20) / 10 * 9);
}

static void one_large_piece_does_not_waste_the_room_that_is_left(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(64 * 1024);
	assert_non_null(arena_alloc(arena, 16));
	assert_non_null(arena_alloc(arena, 60 * 1024));
	assert_non_null(arena_alloc(arena, 2048)); /* from the first block */
	assert_null(arena_alloc(arena, 4096));
	assert_non_null(arena_alloc(arena, 1024));
}

static void pieces_are_zeroed_aligned_and_apart_even_after_a_reset(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	for (int round = 0; round < 3; round++) {
		unsigned char *pieces[300];
		for (size_t i = 0; i < 300; i++) {
			size_t size = i * 7 % 500;
			unsigned char *piece = pieces[i] = arena_alloc(arena, size);
			assert_non_null(piece);
			assert_int_equal((uintptr_t)piece % 16, 0);
			for (size_t k = 0; k < size; k++)
				assert_int_equal(piece[k], 0);
			memset(piece, (int)(i % 255) + 1, size);
		}
		for (size_t i = 0; i < 300; i++) {
			for (size_t k = 0; k < i * 7 % 500; k++)
				assert_int_equal(pieces[i][k], i % 255 + 1);
		}
		arena_reset(arena);
	}
}

static void a_reset_gives_the_whole_ceiling_back(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(20000);
	arena_reset(arena);
	size_t counts[2] = {0, 0};
	for (int round = 0; round < 2; round++) {
		while (arena_alloc(arena, 64) != NULL)
			counts[round]++;
		arena_reset(arena);
	}
	assert_true(counts[0] > 0);
	assert_int_equal(counts[0], counts[1]);
}

static void sizes_near_the_end_of_the_address_space_are_refused(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(SIZE_MAX);
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_null(arena_alloc(arena, SIZE_MAX - 15));
	assert_null(arena_alloc(arena, SIZE_MAX - 100));
	assert_null(arena_array(arena, SIZE_MAX / 2, 3));
	assert_null(arena_strndup(arena, "x", SIZE_MAX));
	assert_non_null(arena_alloc(arena, 8));
}

static void text_copies_are_whole_and_terminated(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	assert_null(arena_strdup(arena, NULL));
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strdup(arena, "entitlement"), "entitlement");
	assert_string_equal(arena_strndup(arena, "entitlement", 5), "entit");
	assert_string_equal(arena_printf(arena, "%s/%05d", "groups", 42), "groups/00042");
	char *array = arena_array(arena, 3, 5);
	assert_non_null(array);
	memset(array, 1, 15);
}

/* Builds something of every kind; true if all of it was given. */
static bool build(void)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	if (arena == NULL)
		return false;
	for (int i = 0; i < 40; i++) {
		char *text = arena_printf(arena, "%0*d", i * 100, i);
		if (text == NULL || strlen(text) < (size_t)i * 100)
			return false;
		if (arena_strdup(arena, text) == NULL)
			return false;
	}
	return true;
}

static void running_out_of_memory_at_any_point_is_told_and_leaks_nothing(void **state)
{
	(void)state;
	uint64_t nth = 1;
	for (;; nth++) {
		memory_fail_nth(nth);
		bool built = build();
		bool met = memory_count() != 0;
		assert_true(met);
		if (built)
			break;
	}
	memory_fail_nth(0);
	assert_true(nth > 3); /* the arena itself and several blocks */
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	arena_free(NULL);
	struct arena *arena = NULL;
	arena_freep(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_arena_never_holds_more_than_its_ceiling),
	    cmocka_unit_test(small_pieces_reach_at_least_nine_tenths_of_the_ceiling),
	    cmocka_unit_test(one_large_piece_does_not_waste_the_room_that_is_left),
	    cmocka_unit_test(pieces_are_zeroed_aligned_and_apart_even_after_a_reset),
	    cmocka_unit_test(a_reset_gives_the_whole_ceiling_back),
	    cmocka_unit_test(sizes_near_the_end_of_the_address_space_are_refused),
	    cmocka_unit_test(text_copies_are_whole_and_terminated),
	    cmocka_unit_test(running_out_of_memory_at_any_point_is_told_and_leaks_nothing),
	    cmocka_unit_test(freeing_nothing_is_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
