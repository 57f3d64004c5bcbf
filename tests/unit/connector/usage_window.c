/* The window that keeps us under a limit before the directory has to say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "connector/entra/usage_window.h"

#define LIMIT 3000
#define SPAN 150000
#define STEPS 4000

static struct {
	int64_t at, units;
} sent[STEPS];

/* What the other side counts in the span that ends with the step `last`. */
static int64_t counted(int last)
{
	int64_t sum = 0;
	for (int step = 0; step <= last; step++)
		if (sent[step].at > sent[last].at - SPAN)
			sum += sent[step].units;
	return sum;
}

static void no_span_ever_holds_more_than_the_limit(void **state)
{
	(void)state;
	struct usage_window window;
	int64_t now = 12345;
	srand(7);
	usage_window_init(&window, LIMIT, SPAN, now);
	for (int step = 0; step < STEPS; step++) {
		now += rand() % 3 == 0 ? rand() % 20000 : rand() % 200;
		int64_t room = usage_window_room(&window, 0, now);
		int64_t wanted = rand() % 700;
		sent[step].at = now;
		sent[step].units = wanted < room ? wanted : room;
		usage_window_use(&window, (double)sent[step].units, now);
		assert_true(counted(step) <= LIMIT);
	}
}

static void nearly_all_of_the_limit_is_used_by_one_who_always_has_work(void **state)
{
	(void)state;
	struct usage_window window;
	int64_t now = 0, used = 0;
	usage_window_init(&window, LIMIT, SPAN, now);
	while (now < 4 * SPAN) {
		int64_t room = usage_window_room(&window, 60, now);
		usage_window_use(&window, (double)room, now);
		used += room;
		now += usage_window_wait_ms(&window, 1, 60, now);
	}
	assert_true(used >= 4 * LIMIT * 95 / 100);
}

static void after_the_wait_there_is_room_and_not_much_before(void **state)
{
	(void)state;
	struct usage_window window;
	int64_t now = 5000;
	srand(11);
	usage_window_init(&window, LIMIT, SPAN, now);
	for (int round = 0; round < 500; round++) {
		usage_window_use(&window, rand() % 400, now);
		int64_t units = 1 + rand() % 300;
		int64_t wait = usage_window_wait_ms(&window, units, 50, now);
		if (wait > window.slot_ms) {
			struct usage_window early = window;
			assert_true(usage_window_room(&early, 50, now + wait - window.slot_ms) < units);
		}
		now += wait;
		assert_true(usage_window_room(&window, 50, now) >= units);
		now += rand() % 3000;
	}
}

static void what_is_kept_for_a_fresh_approval_is_not_used_up_by_a_backlog(void **state)
{
	(void)state;
	struct usage_window window;
	usage_window_init(&window, LIMIT, SPAN, 0);
	usage_window_use(&window, (double)usage_window_room(&window, 60, 0), 0);
	assert_int_equal(usage_window_room(&window, 60, 0), 0);
	assert_int_equal(usage_window_room(&window, 0, 0), 60);
	assert_int_equal(usage_window_wait_ms(&window, 1, 0, 0), 0);
}

static void what_turns_out_to_cost_more_is_counted_so(void **state)
{
	(void)state;
	struct usage_window window, part;
	usage_window_init(&window, LIMIT, SPAN, 0);
	usage_window_init(&part, LIMIT, SPAN, 0);
	usage_window_use(&window, 120 + 30, 0);
	usage_window_use(&part, 120, 0);
	usage_window_scale_part(&window, &part, 20, 20);
	assert_int_equal(usage_window_room(&window, 0, 20), LIMIT - 2400 - 30);
	assert_int_equal(usage_window_room(&part, 0, 20), LIMIT - 2400);
}

#define TEST(function) cmocka_unit_test(function)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(no_span_ever_holds_more_than_the_limit),
	    TEST(nearly_all_of_the_limit_is_used_by_one_who_always_has_work),
	    TEST(after_the_wait_there_is_room_and_not_much_before),
	    TEST(what_is_kept_for_a_fresh_approval_is_not_used_up_by_a_backlog),
	    TEST(what_turns_out_to_cost_more_is_counted_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
