/* Graph's limit of resource units, kept before Graph has to say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "connector/entra/unit_budget.h"

#define UNITS 8000
#define SPAN 10000
#define SMALL_TENANT 3500

static const struct connector_settings settings = {.tenant_id = "t", .client_id = "c"};

/* Each test has an app of its own. */
static struct entra_place place_of(const char *host)
{
	return (struct entra_place){.graph = host};
}

static void a_request_costs_what_microsoft_says(void **state)
{
	(void)state;
	assert_int_equal(unit_budget_cost("/users"), 2);
	assert_int_equal(unit_budget_cost("/users/x?$select=id"), 1);
	assert_int_equal(unit_budget_cost("/groups/x/members"), 3);
	assert_int_equal(unit_budget_cost("/groups/x/members?$select=id&$top=999"), 2);
	assert_int_equal(unit_budget_cost("/groups/x/transitiveMembers"), 5);
	assert_int_equal(unit_budget_cost("/groups/x?$select=id&$expand=owners($select=id)"), 1);
	assert_int_equal(unit_budget_cost("/groups/x?$expand=owners"), 2);
	assert_int_equal(unit_budget_cost("/applications?$filter=appId%20eq%20'x'"), 2);
	assert_int_equal(unit_budget_cost("https://graph.example/v1.0/groups/x/members?$skiptoken=y"), 3);
	assert_int_equal(unit_budget_cost("/organization?$select=id"), 1);
}

/* A backlog that always has work, against a tenant that allows `limit` in each span. How often it was refused;
 * *ret_used: what was carried out. */
static int run_against(const char *host, int64_t limit, bool tells, int64_t until, int64_t *ret_used)
{
	struct entra_place place = place_of(host);
	int64_t used[1200] = {0}; /* by 100 ms */
	int refused = 0;
	int64_t wait = 0;
	*ret_used = 0;
	for (int64_t now = 0; now < until; now += 100) {
		if (unit_budget_room(&place, &settings, true, now, &wait) < 10)
			continue;
		int64_t window = 0;
		for (int64_t at = now < SPAN ? 0 : now - SPAN + 100; at <= now; at += 100)
			window += used[at / 100];
		unit_budget_spend(&place, &settings, 70, now);
		if (window + 70 > limit) {
			refused++;
			unit_budget_refused(&place, &settings, now);
			continue;
		}
		used[now / 100] += 70;
		*ret_used += 70;
		double fraction = (double)(window + 70) / (double)limit;
		unit_budget_hear(&place, &settings, tells && fraction >= 0.8 ? fraction : 0, now);
	}
	return refused;
}

static void a_small_tenant_refuses_a_handful_and_is_then_kept_to(void **state)
{
	(void)state;
	int64_t used = 0;
	/* 70 units each 100 ms would be 7,000 in a span. */
	assert_true(run_against("https://silent.example", SMALL_TENANT, false, 60000, &used) <= 6);
	assert_true(used >= 6 * SMALL_TENANT * 80 / 100);
	assert_int_equal(run_against("https://telling.example", SMALL_TENANT, true, 60000, &used), 0);
	assert_true(used >= 6 * SMALL_TENANT * 80 / 100);
}

static void a_large_tenant_is_never_asked_more_than_it_allows(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://large.example");
	int64_t wait = 0;
	for (int i = 0; i < UNITS - 300; i++)
		unit_budget_spend(&place, &settings, 1, 1000);
	assert_int_equal(unit_budget_room(&place, &settings, true, 1100, &wait), 0);
	assert_true(wait > SPAN - 1000 && wait <= SPAN + 2000);
	assert_true(unit_budget_room(&place, &settings, true, 1000 + SPAN + 2000, &wait) > 500);
}

static void a_backlog_leaves_room_for_a_single_approval(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://reserve.example");
	int64_t wait = 0;
	unit_budget_spend(&place, &settings, UNITS - 300, 1000);
	assert_int_equal(unit_budget_room(&place, &settings, true, 1100, &wait), 0);
	assert_true(unit_budget_room(&place, &settings, false, 1100, &wait) >= 20);
}

static void what_people_cost_is_learned_so_that_known_ids_go_faster(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://learned.example");
	int64_t wait = 0;
	size_t before = unit_budget_room(&place, &settings, true, 0, &wait);
	for (int i = 0; i < 4; i++)
		unit_budget_learn(&place, &settings, 400, 27, 0);
	assert_true(unit_budget_room(&place, &settings, true, 0, &wait) > 4 * before);
}

static void a_stray_refusal_teaches_nothing_and_a_limit_is_not_for_ever(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://stray.example");
	int64_t wait = 0;
	size_t all = unit_budget_room(&place, &settings, false, 0, &wait);
	unit_budget_spend(&place, &settings, 20, 0);
	unit_budget_refused(&place, &settings, 0);
	assert_true(unit_budget_room(&place, &settings, false, 2 * SPAN, &wait) == all);
	unit_budget_spend(&place, &settings, 2000, 3 * SPAN);
	unit_budget_refused(&place, &settings, 3 * SPAN);
	assert_true(unit_budget_room(&place, &settings, false, 5 * SPAN, &wait) <= all / 4);
	assert_true(unit_budget_room(&place, &settings, false, 5 * SPAN + 600000, &wait) == all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_costs_what_microsoft_says),
	    cmocka_unit_test(a_small_tenant_refuses_a_handful_and_is_then_kept_to),
	    cmocka_unit_test(a_large_tenant_is_never_asked_more_than_it_allows),
	    cmocka_unit_test(a_backlog_leaves_room_for_a_single_approval),
	    cmocka_unit_test(what_people_cost_is_learned_so_that_known_ids_go_faster),
	    cmocka_unit_test(a_stray_refusal_teaches_nothing_and_a_limit_is_not_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
