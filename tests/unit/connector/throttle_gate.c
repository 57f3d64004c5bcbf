#include "fake_entra.h"

#include "connector/entra/throttle_gate.h"

static const struct connector_settings settings = {.tenant_id = FAKE_TENANT, .client_id = FAKE_CLIENT};

static void a_wait_is_kept_until_it_is_over(void **state)
{
	(void)state;
	const struct entra_place place = {.graph = "https://one.example"};
	const struct entra_place other = {.graph = "https://other.example"};
	throttle_gate_close(&place, &settings, 1000, 5000);
	assert_int_equal(throttle_gate_wait_ms(&place, &settings, 1000), 5000);
	assert_int_equal(throttle_gate_wait_ms(&other, &settings, 1000), 0);
	throttle_gate_close(&place, &settings, 2000, 1000); /* does not shorten it */
	assert_int_equal(throttle_gate_wait_ms(&place, &settings, 3000), 3000);
	assert_int_equal(throttle_gate_wait_ms(&place, &settings, 6000), 0);
	throttle_gate_close(&place, &settings, 7000, 5000);
	throttle_gate_open(&place, &settings);
	assert_int_equal(throttle_gate_wait_ms(&place, &settings, 7000), 0);
}

static void a_wait_that_is_not_told_grows_while_it_is_asked_for(void **state)
{
	(void)state;
	const struct entra_place place = {.graph = "https://untold.example"};
	int64_t now = 1000;
	static const int64_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 32000};
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		throttle_gate_close(&place, &settings, now, -1);
		throttle_gate_close(&place, &settings, now, 0); /* of the same wave */
		assert_int_equal(throttle_gate_wait_ms(&place, &settings, now), waits[i]);
		now += waits[i];
		assert_int_equal(throttle_gate_wait_ms(&place, &settings, now), 0);
	}
	now += 121000;
	throttle_gate_close(&place, &settings, now, -1);
	assert_int_equal(throttle_gate_wait_ms(&place, &settings, now), 1000);
}

static void a_full_table_forgets_the_gate_that_opens_first(void **state)
{
	(void)state;
	struct entra_place places[80];
	char hosts[80][64];
	for (int i = 0; i < 80; i++) {
		snprintf(hosts[i], sizeof(hosts[i]), "https://host-%d.example", i);
		places[i] = (struct entra_place){.graph = hosts[i]};
		throttle_gate_close(&places[i], &settings, 1000000, 1000 * (i + 1));
	}
	assert_int_equal(throttle_gate_wait_ms(&places[79], &settings, 1000000), 80000);
	assert_int_equal(throttle_gate_wait_ms(&places[16], &settings, 1000000), 17000);
	assert_int_equal(throttle_gate_wait_ms(&places[0], &settings, 1000000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_wait_is_kept_until_it_is_over),
	    cmocka_unit_test(a_wait_that_is_not_told_grows_while_it_is_asked_for),
	    cmocka_unit_test(a_full_table_forgets_the_gate_that_opens_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
