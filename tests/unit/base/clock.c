#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/id.h"

static void instants_are_read_in_every_form_that_jira_and_graph_write(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t at_ms;
	} rows[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2026-11-23T09:30:00Z", 1795426200000},
	    {"2026-11-23T10:30:00+01:00", 1795426200000},
	    {"2026-11-23T05:00:00-0430", 1795426200000},
	    {"2016-09-28T14:01:00.000+0700", 1475046060000},
	    {"2016-09-28T14:01:00.5+0700", 1475046060500},
	    {"2016-09-28T07:01:00.1239999Z", 1475046060123},
	    {"2016-09-28t07:01:00.120z", 1475046060120},
	    {"2000-02-29T23:59:59.999Z", 951868799999},
	    {"1969-12-31T23:59:59.999Z", -1},
	    {"2016-12-31T23:59:60Z", 1483228800000},
	    {"0001-01-01T00:00:00Z", -62135596800000},
	    {"9999-12-31T23:59:59Z", 253402300799000},
	    {"2026-11-23T09:30:00-00:00", 1795426200000},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t at_ms = 42;
		assert_int_equal(clock_parse(rows[i].text, &at_ms), RESULT_OK);
		assert_true(at_ms == rows[i].at_ms);
	}
}

static void what_is_not_an_instant_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "",
	    "2026-11-23",
	    "2026-11-23T09:30:00",
	    "2026-11-23 09:30:00Z",
	    "2026-11-23T09:30Z",
	    "2026-13-01T00:00:00Z",
	    "2026-00-01T00:00:00Z",
	    "2026-02-29T00:00:00Z",
	    "1900-02-29T00:00:00Z",
	    "2026-04-31T00:00:00Z",
	    "2026-11-00T00:00:00Z",
	    "2026-11-23T24:00:00Z",
	    "2026-11-23T09:60:00Z",
	    "2026-11-23T09:30:61Z",
	    "2026-11-23T09:30:00.Z",
	    "2026-11-23T09:30:00Zx",
	    "2026-11-23T09:30:00+1",
	    "2026-11-23T09:30:00+01:60",
	    "2026-11-23T09:30:00+24:00",
	    "2026-11-23T09:30:00+01:",
	    "26-11-23T09:30:00Z",
	    "+026-11-23T09:30:00Z",
	    "2026-11-23T09:30:00,5Z",
	    "2026-1a-23T09:30:00Z",
	    " 2026-11-23T09:30:00Z",
	    "2026-11-23T09:30:00Z ",
	    "2026-11-23T09:30:00+01:0",
	    "2026-11-23T09:30:00*0100",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t at_ms = 42;
		assert_int_equal(clock_parse(rows[i], &at_ms), RESULT_INVALID);
		assert_int_equal(at_ms, 42);
	}
	int64_t at_ms;
	assert_int_equal(clock_parse(NULL, &at_ms), RESULT_INVALID);
}

static void every_instant_that_is_written_is_read_back(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_SIZE];
	for (int i = 0; i < 20000; i++) {
		int64_t seconds = (int64_t)id_random_below(UINT64_C(315569520000)) - INT64_C(62167219200);
		int64_t back;
		clock_format(seconds * 1000 + (int64_t)id_random_below(1000), text);
		assert_int_equal(strlen(text), 20);
		assert_int_equal(clock_parse(text, &back), RESULT_OK);
		assert_true(back == seconds * 1000);
	}
}

static void formatting_cuts_fractions_and_stays_within_its_buffer(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_SIZE];
	clock_format(1795426200999, text);
	assert_string_equal(text, "2026-11-23T09:30:00Z");
	clock_format(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
	clock_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	clock_format(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void a_manual_clock_moves_only_by_hand(void **state)
{
	(void)state;
	struct clock_manual manual;
	clock_manual_init(&manual, 1000);
	assert_int_equal(clock_now_ms(&manual.clock), 1000);
	clock_manual_advance(&manual, 86400000);
	assert_int_equal(clock_now_ms(&manual.clock), 86401000);
	assert_int_equal(clock_monotonic_ms(&manual.clock), 86401000);
}

static void the_system_clock_is_after_the_day_this_was_written(void **state)
{
	(void)state;
	const struct clock *clock = clock_system();
	assert_true(clock_now_ms(clock) > INT64_C(1577836800000));
	int64_t first = clock_monotonic_ms(clock);
	assert_true(clock_monotonic_ms(clock) >= first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(instants_are_read_in_every_form_that_jira_and_graph_write),
	    cmocka_unit_test(what_is_not_an_instant_is_refused),
	    cmocka_unit_test(every_instant_that_is_written_is_read_back),
	    cmocka_unit_test(formatting_cuts_fractions_and_stays_within_its_buffer),
	    cmocka_unit_test(a_manual_clock_moves_only_by_hand),
	    cmocka_unit_test(the_system_clock_is_after_the_day_this_was_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
