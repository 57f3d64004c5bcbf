/* Graph's limit of writes, kept before Graph has to say so, whatever a PATCH turns out to cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "connector/entra/write_budget.h"

#define WRITES 3000
#define SPAN 150000

static const struct connector_settings settings = {.tenant_id = "t", .client_id = "c"};
static const struct write_use batch_of_400 = {.link_requests = 20, .links = 400};
static const struct write_use removal = {.singles = 1};

/* Each test has an app of its own. */
static struct entra_place place_of(const char *host)
{
	return (struct entra_place){.graph = host};
}

static void an_app_that_wrote_nothing_may_write_at_once(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://fresh.example");
	int64_t wait = -1;
	assert_true(write_budget_room(&place, &settings, false, 0, &wait) >= WRITES);
	assert_int_equal(wait, 0);
}

static void a_backlog_leaves_room_for_a_single_approval(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://reserve.example");
	int64_t wait = 0;
	for (int i = 0; i < WRITES - 60; i++)
		write_budget_spend(&place, &settings, &removal, 1000);
	assert_int_equal(write_budget_room(&place, &settings, true, 2000, &wait), 0);
	assert_true(wait > SPAN - 5000 && wait <= SPAN + 2000);
	assert_true(write_budget_room(&place, &settings, false, 2000, &wait) >= 60);
	assert_true(write_budget_room(&place, &settings, true, 1000 + SPAN + 3000, &wait) > 0);
}

/* Sends batches of 400 links to a directory that counts `cost` writes a PATCH, as long as there is room. How many of
 * its writes were refused; *ret_used: how many were made. */
static int run_against(const char *host, double cost, bool tells, double *ret_used)
{
	struct entra_place place = place_of(host);
	double used = 0;
	int refused = 0;
	int64_t wait = 0;
	for (int64_t now = 0; now < SPAN - 1000; now += 100) {
		if (write_budget_room(&place, &settings, true, now, &wait) == 0)
			continue;
		write_budget_spend(&place, &settings, &batch_of_400, now);
		for (int patch = 0; patch < 20; patch++) {
			if (used + cost > WRITES) {
				refused++;
				write_budget_refused(&place, &settings, now);
				continue;
			}
			used += cost;
			write_budget_hear(&place, &settings, tells && used >= 0.8 * WRITES ? used / WRITES : 0, now);
		}
	}
	*ret_used = used;
	return refused;
}

static void what_a_patch_costs_is_learned_before_much_is_refused(void **state)
{
	(void)state;
	static const double costs[] = {1, 7, 20};
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
		char told[64], untold[64];
		double used = 0;
		snprintf(told, sizeof(told), "https://told-%zu.example", i);
		snprintf(untold, sizeof(untold), "https://untold-%zu.example", i);
		assert_true(run_against(told, costs[i], true, &used) <= 20);
		assert_true(used >= 0.85 * WRITES);
		assert_true(run_against(untold, costs[i], false, &used) <= 20);
		assert_true(used >= 0.85 * WRITES);
	}
}

static void a_directory_that_goes_silent_again_is_taken_to_have_room(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://silent.example");
	int64_t wait = 0;
	for (int i = 0; i < 2500; i++)
		write_budget_spend(&place, &settings, &removal, 0);
	write_budget_spend(&place, &settings, &batch_of_400, 0);
	write_budget_hear(&place, &settings, 0.95, 10);
	for (int i = 0; i < 20; i++)
		write_budget_spend(&place, &settings, &batch_of_400, 20);
	size_t before = write_budget_room(&place, &settings, false, 30, &wait);
	write_budget_hear(&place, &settings, 0, 40);
	assert_true(write_budget_room(&place, &settings, false, 50, &wait) > before);
}

static void nonsense_about_the_limit_changes_nothing(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://nonsense.example");
	int64_t wait = 0;
	write_budget_spend(&place, &settings, &batch_of_400, 0);
	size_t before = write_budget_room(&place, &settings, false, 1, &wait);
	write_budget_hear(&place, &settings, 99, 2);
	write_budget_hear(&place, &settings, -1, 3);
	assert_int_equal(write_budget_room(&place, &settings, false, 4, &wait), before);
}

static void one_tenant_does_not_use_up_another_s_writes(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://shared.example");
	const struct connector_settings other = {.tenant_id = "other", .client_id = "c"};
	int64_t wait = 0;
	for (int i = 0; i < WRITES; i++)
		write_budget_spend(&place, &settings, &removal, 0);
	assert_int_equal(write_budget_room(&place, &settings, false, 1, &wait), 0);
	assert_true(write_budget_room(&place, &other, false, 1, &wait) >= WRITES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_app_that_wrote_nothing_may_write_at_once),
	    cmocka_unit_test(a_backlog_leaves_room_for_a_single_approval),
	    cmocka_unit_test(what_a_patch_costs_is_learned_before_much_is_refused),
	    cmocka_unit_test(a_directory_that_goes_silent_again_is_taken_to_have_room),
	    cmocka_unit_test(nonsense_about_the_limit_changes_nothing),
	    cmocka_unit_test(one_tenant_does_not_use_up_another_s_writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
