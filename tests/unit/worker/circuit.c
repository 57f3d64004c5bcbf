/* A broken tenant is left alone, and found again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "worker/circuit.h"

static void one_silence_costs_nobody_a_wait(void **state)
{
	struct circuit *circuit = *state;
	assert_int_equal(circuit_silent_ms(circuit, "a"), 0);
	assert_false(circuit_is_doubtful(circuit, "a"));
}

static void a_tenant_that_stays_silent_is_asked_ever_more_seldom_but_not_forgotten(void **state)
{
	struct circuit *circuit = *state;
	static const int64_t expected[] = {0, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		assert_int_equal(circuit_silent_ms(circuit, "a"), expected[i]);
	assert_true(circuit_is_doubtful(circuit, "a"));
	assert_false(circuit_is_doubtful(circuit, "b"));
}

static void the_first_answer_brings_all_work_back(void **state)
{
	struct circuit *circuit = *state;
	for (int i = 0; i < 5; i++)
		(void)circuit_silent_ms(circuit, "a");
	circuit_answered(circuit, "a");
	assert_false(circuit_is_doubtful(circuit, "a"));
	assert_int_equal(circuit_silent_ms(circuit, "a"), 0);
}

static void more_broken_tenants_than_places_still_wait(void **state)
{
	struct circuit *circuit = *state;
	char name[16];
	for (int i = 0; i < CIRCUIT_PLACES; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(circuit_silent_ms(circuit, name), 0);
	}
	assert_int_equal(circuit_silent_ms(circuit, "one-more"), 2000);
	assert_int_equal(circuit_silent_ms(circuit, "c0"), 2000);
}

static void a_slow_tenant_takes_no_more_than_its_share_of_threads(void **state)
{
	struct circuit *circuit = *state;
	assert_true(circuit_begin(circuit, "a", 2));
	assert_true(circuit_begin(circuit, "a", 2));
	assert_false(circuit_begin(circuit, "a", 2));
	assert_true(circuit_begin(circuit, "a", 3)); /* a single approval, beside its backlog */
	assert_true(circuit_begin(circuit, "b", 2));
	circuit_end(circuit, "a");
	circuit_end(circuit, "a");
	assert_true(circuit_begin(circuit, "a", 2));
}

static void a_place_is_free_again_once_nothing_is_known_of_its_connector(void **state)
{
	struct circuit *circuit = *state;
	char name[16];
	for (int i = 0; i < 3 * CIRCUIT_PLACES; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_true(circuit_begin(circuit, name, 1));
		assert_false(circuit_begin(circuit, name, 1));
		circuit_end(circuit, name);
	}
}

static int begin(void **state)
{
	static struct circuit circuit;
	circuit_init(&circuit);
	*state = &circuit;
	return 0;
}

static int end(void **state)
{
	circuit_done(*state);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_silence_costs_nobody_a_wait),
	    TEST(a_tenant_that_stays_silent_is_asked_ever_more_seldom_but_not_forgotten),
	    TEST(the_first_answer_brings_all_work_back),
	    TEST(more_broken_tenants_than_places_still_wait),
	    TEST(a_slow_tenant_takes_no_more_than_its_share_of_threads),
	    TEST(a_place_is_free_again_once_nothing_is_known_of_its_connector),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
