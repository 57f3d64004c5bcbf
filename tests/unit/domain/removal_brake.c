/* The limits of the brake, against a count by hand; the clock's judge, against a clock that is known to be wrong; the
 * warnings of an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/macro.h"
#include "domain/clock_watch.h"
#include "domain/expiry_warning.h"
#include "domain/removal_brake.h"

#define MINUTE (INT64_C(60) * 1000)
#define DAY (INT64_C(24) * 60 * MINUTE)
#define START INT64_C(1763884800000)

/* ---- limits ---- */

static void removals_are_held_exactly_where_they_are_over_twenty_and_over_a_fifth(void **state)
{
	(void)state;
	for (int64_t removals = 0; removals <= 300; removals++) {
		for (int64_t members = removals; members <= 1600; members++) {
			bool over_fifth = (double)removals / (double)(members > 0 ? members : 1) > 0.2;
			assert_int_equal(removal_brake_holds(removals, members), removals > 20 && over_fifth);
		}
	}
}

static void numbers_that_no_group_has_do_not_overflow(void **state)
{
	(void)state;
	assert_true(removal_brake_holds(INT64_MAX, INT64_MAX - 1));
	assert_false(removal_brake_holds(INT64_MAX / 5, INT64_MAX));
	assert_false(removal_brake_holds(20, 0));
}

/* However ends come, one by one or together: at no moment are more out of the hour than the limits let. */
static void no_order_of_ends_lets_more_out_than_the_limits(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 2000; round++) {
		int64_t members = 1 + rand() % 400, asked = 0, out = 0;
		bool held = false;
		while (asked < members) {
			int64_t batch = 1 + rand() % 40;
			asked = asked + batch > members ? members : asked + batch;
			held = held || removal_brake_holds(asked, members);
			if (!held)
				out = rand() % 2 ? asked : out; /* a worker came by */
			assert_true(out <= REMOVAL_BRAKE_FEW || out * 5 <= members);
		}
		assert_int_equal(held, members > REMOVAL_BRAKE_FEW);
	}
}

/* ---- the clock ---- */

struct watched {
	struct clock_anchor anchor;
	int64_t seen_at, wall, monotonic;
	enum clock_doubt doubt;
};

static enum clock_doubt look(struct watched *watched)
{
	watched->doubt =
	    clock_watch_judge(&watched->anchor, watched->seen_at, watched->doubt, watched->wall, watched->monotonic);
	if (watched->doubt == CLOCK_TRUSTED)
		watched->seen_at = watched->wall;
	return watched->doubt;
}

static void pass(struct watched *watched, int64_t ms)
{
	watched->wall += ms;
	watched->monotonic += ms;
}

static void restart(struct watched *watched)
{
	watched->anchor = (struct clock_anchor){0};
	watched->monotonic = 5;
}

static struct watched begin(void)
{
	struct watched watched = {.wall = START, .monotonic = 99};
	assert_int_equal(look(&watched), CLOCK_TRUSTED);
	return watched;
}

static void a_clock_that_is_slewed_for_years_is_trusted(void **state)
{
	struct watched watched = begin();
	(void)state;
	for (int day = 0; day < 2000; day++) {
		pass(&watched, DAY);
		watched.wall += MINUTE; /* corrected a little every day */
		assert_int_equal(look(&watched), CLOCK_TRUSTED);
	}
}

static void a_step_beyond_the_tolerance_is_a_jump_until_it_is_undone(void **state)
{
	static const int64_t steps[] = {CLOCK_WATCH_TOLERANCE_MS + 1, DAY, 400 * DAY, -CLOCK_WATCH_TOLERANCE_MS - 1, -DAY};
	(void)state;
	for (size_t at = 0; at < ARRAY_SIZE(steps); at++) {
		struct watched watched = begin();
		watched.wall += steps[at];
		for (int times = 0; times < 5; times++) {
			assert_int_equal(look(&watched), steps[at] > 0 ? CLOCK_WENT_FORWARD : CLOCK_WENT_BACK);
			pass(&watched, DAY);
		}
		watched.wall -= steps[at];
		assert_int_equal(look(&watched), CLOCK_TRUSTED);
	}
}

static void a_restart_hides_no_jump_forward(void **state)
{
	struct watched watched = begin();
	(void)state;
	watched.wall += DAY;
	assert_int_equal(look(&watched), CLOCK_WENT_FORWARD);
	restart(&watched);
	for (int times = 0; times < 5; times++) {
		assert_int_equal(look(&watched), CLOCK_WENT_FORWARD);
		pass(&watched, DAY);
	}
}

static void a_start_in_the_past_is_doubted_until_the_clock_has_caught_up(void **state)
{
	struct watched watched = begin();
	(void)state;
	pass(&watched, 100 * DAY);
	assert_int_equal(look(&watched), CLOCK_TRUSTED);
	watched.wall = START;
	restart(&watched);
	assert_int_equal(look(&watched), CLOCK_WENT_BACK);
	pass(&watched, MINUTE);
	assert_int_equal(look(&watched), CLOCK_WENT_BACK);
	watched.wall = START + 107 * DAY; /* a week has passed, for all that is known */
	assert_int_equal(look(&watched), CLOCK_TRUSTED);
	watched.wall += DAY;
	assert_int_equal(look(&watched), CLOCK_WENT_FORWARD);
}

static void a_later_start_is_no_jump(void **state)
{
	struct watched watched = begin();
	(void)state;
	watched.wall += 7 * DAY;
	restart(&watched);
	assert_int_equal(look(&watched), CLOCK_TRUSTED);
}

static void doubts_keep_their_names(void **state)
{
	(void)state;
	for (int doubt = 0; doubt < CLOCK_DOUBT_MAX; doubt++)
		assert_int_equal(clock_doubt_parse(clock_doubt_name((enum clock_doubt)doubt)), doubt);
	assert_string_equal(removal_reason_name(REMOVAL_TOO_MANY), "tooMany");
	assert_string_equal(removal_reason_name(REMOVAL_CLOCK_JUMP), "clockJump");
}

/* ---- warnings ---- */

static int warned(const struct expiry_warnings *warnings, int lasts, int64_t after)
{
	return expiry_warning_now(warnings, START, START + lasts * DAY, START + after);
}

static void each_warning_applies_from_its_moment_to_the_next(void **state)
{
	const struct expiry_warnings *usual = &expiry_warnings_default;
	(void)state;
	assert_int_equal(warned(usual, 30, 23 * DAY - 1), 0);
	assert_int_equal(warned(usual, 30, 23 * DAY), 7);
	assert_int_equal(warned(usual, 30, 29 * DAY - 1), 7);
	assert_int_equal(warned(usual, 30, 29 * DAY), 1);
	assert_int_equal(warned(usual, 30, 30 * DAY - 1), 1);
	assert_int_equal(warned(usual, 30, 30 * DAY), 0);
}

static void a_grant_too_short_for_a_warning_does_without(void **state)
{
	const struct expiry_warnings *usual = &expiry_warnings_default;
	(void)state;
	assert_int_equal(warned(usual, 7, 0), 0);
	assert_int_equal(warned(usual, 7, DAY), 0);
	assert_int_equal(warned(usual, 7, 6 * DAY), 1);
	assert_int_equal(warned(usual, 1, DAY / 2), 0);
	assert_int_equal(warned(&(struct expiry_warnings){.count = 0}, 30, 29 * DAY), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(removals_are_held_exactly_where_they_are_over_twenty_and_over_a_fifth),
	    cmocka_unit_test(numbers_that_no_group_has_do_not_overflow),
	    cmocka_unit_test(no_order_of_ends_lets_more_out_than_the_limits),
	    cmocka_unit_test(a_clock_that_is_slewed_for_years_is_trusted),
	    cmocka_unit_test(a_step_beyond_the_tolerance_is_a_jump_until_it_is_undone),
	    cmocka_unit_test(a_restart_hides_no_jump_forward),
	    cmocka_unit_test(a_start_in_the_past_is_doubted_until_the_clock_has_caught_up),
	    cmocka_unit_test(a_later_start_is_no_jump),
	    cmocka_unit_test(doubts_keep_their_names),
	    cmocka_unit_test(each_warning_applies_from_its_moment_to_the_next),
	    cmocka_unit_test(a_grant_too_short_for_a_warning_does_without),
	};

	return cmocka_run_group_tests_name("domain: removal brake", tests, NULL, NULL);
}
