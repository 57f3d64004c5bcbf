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

static void send(const struct entra_place *place, const struct write_use *use, double fraction, int64_t now)
{
	assert_true(write_budget_take(place, &settings, false, use, now));
	write_budget_land(place, &settings, use, &(struct write_answer){.answered = true, .fraction = fraction}, now);
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
		send(&place, &removal, 0, 1000);
	assert_int_equal(write_budget_room(&place, &settings, true, 2000, &wait), 0);
	assert_true(wait > SPAN - 5000 && wait <= SPAN + 2000);
	assert_false(write_budget_take(&place, &settings, true, &removal, 2000));
	assert_true(write_budget_room(&place, &settings, false, 2000, &wait) >= 60);
	assert_true(write_budget_room(&place, &settings, true, 1000 + SPAN + 3000, &wait) > 0);
}

#define AWAY_MAX 4

/* A directory that counts `cost` writes a PATCH in windows that begin with a write, or in a bucket that refills. */
struct tenant {
	double cost;
	bool tells;
	bool bucket;
	double used;
	int64_t since; /* the window's, or of the last refill */
	int refused;
	double done; /* over all */
};

static void tenant_pass(struct tenant *tenant, int64_t now)
{
	if (!tenant->bucket && now - tenant->since >= SPAN) {
		tenant->used = 0;
		tenant->since = now;
	}
	if (tenant->bucket) {
		tenant->used -= (double)(now - tenant->since) * WRITES / SPAN;
		tenant->used = tenant->used > 0 ? tenant->used : 0;
		tenant->since = now;
	}
}

/* Twenty PATCHes; what it says of the limit. *ret_refused: whether any was refused. */
static double tenant_write(struct tenant *tenant, int64_t now, bool *ret_refused)
{
	tenant_pass(tenant, now);
	*ret_refused = false;
	for (int patch = 0; patch < 20; patch++) {
		if (tenant->used + tenant->cost > WRITES) {
			tenant->refused++;
			*ret_refused = true;
			continue;
		}
		tenant->used += tenant->cost;
		tenant->done += tenant->cost;
	}
	return tenant->tells && tenant->used >= 0.8 * WRITES ? tenant->used / WRITES : 0;
}

/* A backlog that always has batches of 400, four of them under way at a time, each answered 400 ms later; after a
 * refusal nothing goes out until the window is over. */
static void tenant_run(struct tenant *tenant, const char *host, int64_t until)
{
	struct entra_place place = place_of(host);
	struct write_answer answers[AWAY_MAX];
	int64_t closed_until = 0;
	for (int64_t now = 0; now < until; now += 100) {
		size_t slot = (size_t)(now / 100) % AWAY_MAX;
		if (now >= 400 && answers[slot].answered)
			write_budget_land(&place, &settings, &batch_of_400, &answers[slot], now);
		answers[slot].answered = false;
		if (now < closed_until || !write_budget_take(&place, &settings, true, &batch_of_400, now))
			continue;
		bool refused = false;
		answers[slot] = (struct write_answer){.answered = true, .fraction = tenant_write(tenant, now, &refused)};
		if (!refused)
			continue;
		write_budget_refused(&place, &settings, now);
		closed_until = tenant->bucket ? now + 10000 : tenant->since + SPAN;
	}
}

static void whatever_a_patch_costs_a_tenant_that_tells_refuses_nothing_and_is_used_to_the_full(void **state)
{
	(void)state;
	static const double costs[] = {1, 3, 7, 12, 20};
	for (size_t i = 0; i < 2 * sizeof(costs) / sizeof(*costs); i++) {
		char host[64];
		struct tenant tenant = {.cost = costs[i / 2], .tells = true, .bucket = i % 2 == 1};
		snprintf(host, sizeof(host), "https://told-%zu.example", i);
		tenant_run(&tenant, host, 4 * SPAN);
		assert_int_equal(tenant.refused, 0);
		assert_true(tenant.done >= 0.93 * 4 * WRITES); /* in batches of 400 */
	}
}

static void a_tenant_that_never_tells_refuses_once(void **state)
{
	(void)state;
	static const double costs[] = {1, 7, 20};
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
		char host[64];
		struct tenant tenant = {.cost = costs[i]};
		snprintf(host, sizeof(host), "https://untold-%zu.example", i);
		tenant_run(&tenant, host, 4 * SPAN);
		assert_true(tenant.refused <= 60); /* PATCHes, of three batches */
		assert_true(tenant.done >= 0.8 * 4 * WRITES);
	}
}

static void what_was_not_carried_out_is_not_counted(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://kept.example");
	int64_t wait = 0;
	size_t before = write_budget_room(&place, &settings, false, 0, &wait);
	assert_true(write_budget_take(&place, &settings, false, &batch_of_400, 0));
	assert_int_equal(write_budget_room(&place, &settings, false, 0, &wait), before - 400);
	write_budget_land(&place, &settings, &batch_of_400, &(struct write_answer){.kept = batch_of_400}, 0);
	assert_int_equal(write_budget_room(&place, &settings, false, 0, &wait), before);
}

static void a_dear_link_makes_no_removal_dearer(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://apart.example");
	int64_t wait = 0;
	for (int i = 0; i < 1000; i++)
		send(&place, &removal, 0, 0);
	for (int i = 0; i < 4; i++)
		send(&place, &batch_of_400, 0, 0);
	send(&place, &batch_of_400, 0.9, 10); /* 2,700: 1,000 removals, 2,000 links */
	size_t room = write_budget_room(&place, &settings, false, 20, &wait);
	assert_in_range(room, 300 / 0.85 - 2, 300 / 0.85 + 2);
}

static void nonsense_about_the_limit_changes_nothing(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://nonsense.example");
	int64_t wait = 0;
	send(&place, &batch_of_400, 0, 0);
	size_t before = write_budget_room(&place, &settings, false, 1, &wait);
	send(&place, &removal, 99, 2);
	send(&place, &removal, -1, 3);
	assert_int_equal(write_budget_room(&place, &settings, false, 4, &wait), before - 2);
}

static void one_tenant_does_not_use_up_another_s_writes(void **state)
{
	(void)state;
	struct entra_place place = place_of("https://shared.example");
	const struct connector_settings other = {.tenant_id = "other", .client_id = "c"};
	int64_t wait = 0;
	for (int i = 0; i < WRITES; i++)
		send(&place, &removal, 0, 0);
	assert_int_equal(write_budget_room(&place, &settings, false, 1, &wait), 0);
	assert_true(write_budget_room(&place, &other, false, 1, &wait) >= WRITES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_app_that_wrote_nothing_may_write_at_once),
	    cmocka_unit_test(a_backlog_leaves_room_for_a_single_approval),
	    cmocka_unit_test(whatever_a_patch_costs_a_tenant_that_tells_refuses_nothing_and_is_used_to_the_full),
	    cmocka_unit_test(a_tenant_that_never_tells_refuses_once),
	    cmocka_unit_test(what_was_not_carried_out_is_not_counted),
	    cmocka_unit_test(a_dear_link_makes_no_removal_dearer),
	    cmocka_unit_test(nonsense_about_the_limit_changes_nothing),
	    cmocka_unit_test(one_tenant_does_not_use_up_another_s_writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
