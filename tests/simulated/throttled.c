/* A tenant that allows 3,000 writes in 150 s, and a backlog that would use more, for ten simulated minutes
 * (benchmarks/throttled_tenant.h). What a PATCH of twenty counts for is told differently, so it has to be found out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "throttled_tenant.h"

#define MINUTE_MS 60000

/* A backlog takes ten minutes: it is run once for each price. */
static const struct throttled_figures *figures_at(int64_t link_cost)
{
	static struct throttled_figures figures[21];
	static const struct throttled_options ten_minutes = {.duration_ms = 10 * MINUTE_MS, .latency_ms = 100};
	if (figures[link_cost].allowed == 0) {
		struct throttled_options options = ten_minutes;
		options.link_cost = link_cost;
		throttled_tenant_run(&options, &figures[link_cost]);
	}
	return &figures[link_cost];
}

static void quota_is_used(int64_t link_cost)
{
	const struct throttled_figures *figures = figures_at(link_cost);
	assert_in_range(figures->used, figures->allowed * 95 / 100, figures->allowed);
	assert_int_equal(figures->follow_ups, 0);
}

/* Two seconds are what somebody who was just approved is told to expect. */
static void a_single_approval_is_in_its_group_at_once_in_the_middle_of_a_backlog(void **state)
{
	(void)state;
	static const int64_t costs[] = {7, 20};
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
		assert_int_equal(figures_at(costs[i])->singles_unmet, 0);
		assert_in_range(figures_at(costs[i])->slowest_ms, 1, 2000);
	}
}

static void a_tenant_that_says_how_much_is_used_refuses_a_handful_at_most(void **state)
{
	(void)state;
	assert_in_range(figures_at(7)->throttled, 0, 5);
	assert_in_range(figures_at(20)->throttled, 0, 5);
}

static void a_backlog_gets_what_the_tenant_allows_when_a_link_is_a_third_of_a_write(void **state)
{
	(void)state;
	quota_is_used(7);
}

static void a_backlog_gets_what_the_tenant_allows_when_a_link_is_a_write(void **state)
{
	(void)state;
	quota_is_used(20);
}

static void nothing_goes_out_before_a_wait_is_over(void **state)
{
	(void)state;
	assert_int_equal(figures_at(7)->early, 0);
	assert_int_equal(figures_at(20)->early, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_backlog_gets_what_the_tenant_allows_when_a_link_is_a_third_of_a_write),
	    cmocka_unit_test(a_backlog_gets_what_the_tenant_allows_when_a_link_is_a_write),
	    cmocka_unit_test(a_single_approval_is_in_its_group_at_once_in_the_middle_of_a_backlog),
	    cmocka_unit_test(a_tenant_that_says_how_much_is_used_refuses_a_handful_at_most),
	    cmocka_unit_test(nothing_goes_out_before_a_wait_is_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
