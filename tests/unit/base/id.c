#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"

#define NOW INT64_C(1795426200000)

static void ids_sort_in_the_order_in_which_they_were_made(void **state)
{
	(void)state;
	char before[ID_SIZE], after[ID_SIZE];
	id_new(NOW, before);
	for (int i = 0; i < 20000; i++) {
		int64_t at_ms =
		    NOW + i / 10000 - (i % 3) * 1000; /* more than 4096 to a millisecond, and a clock that goes back */
		id_new(at_ms, after);
		assert_true(strcmp(before, after) < 0);
		memcpy(before, after, ID_SIZE);
	}
}

static void an_id_is_a_uuid_of_version_7_that_holds_its_time(void **state)
{
	(void)state;
	char id[ID_SIZE];
	int64_t at_ms = NOW + 5000000;
	id_new(at_ms, id);
	assert_true(text_is_uuid(id));
	assert_int_equal(id[14], '7');
	assert_non_null(strchr("89ab", id[19]));
	char hex[13] = "";
	memcpy(hex, id, 8);
	memcpy(hex + 8, id + 9, 4);
	assert_true(strtoll(hex, NULL, 16) == at_ms);
}

static void the_least_id_of_an_instant_is_between_what_was_made_before_and_after(void **state)
{
	(void)state;
	char least[ID_SIZE], id[ID_SIZE];
	int64_t at_ms = NOW + 6000000;
	id_new(at_ms - 1, id);
	id_least(at_ms, least);
	assert_true(strcmp(id, least) < 0);
	assert_true(text_is_uuid(least));
	assert_string_equal(least + 13, "-7000-8000-000000000000");
	id_new(at_ms, id);
	assert_true(strcmp(id, least) >= 0);
	assert_memory_equal(id, least, 13);
	id_least(-1, least);
	assert_string_equal(least, "00000000-0000-7000-8000-000000000000");
}

static void a_random_id_is_a_uuid_of_version_4(void **state)
{
	(void)state;
	char a[ID_SIZE], b[ID_SIZE];
	id_random(a);
	id_random(b);
	assert_true(text_is_uuid(a));
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
}

#define THREADS 4
#define IDS_EACH 5000
static char made[THREADS][IDS_EACH][ID_SIZE];

static void *make_ids(void *argument)
{
	char(*ids)[ID_SIZE] = argument;
	for (int i = 0; i < IDS_EACH; i++)
		id_new(NOW, ids[i]);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ID_SIZE);
}

static void threads_never_get_the_same_id(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_ids, made[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int t = 0; t < THREADS; t++) {
		for (int i = 1; i < IDS_EACH; i++)
			assert_true(strcmp(made[t][i - 1], made[t][i]) < 0);
	}
	qsort(made, THREADS * IDS_EACH, ID_SIZE, compare);
	char(*all)[ID_SIZE] = made[0];
	for (int i = 1; i < THREADS * IDS_EACH; i++)
		assert_string_not_equal(all[i - 1], all[i]);
}

static void random_numbers_stay_below_and_reach_every_value(void **state)
{
	(void)state;
	unsigned seen[7] = {0};
	for (int i = 0; i < 7000; i++) {
		uint64_t value = id_random_below(7);
		assert_true(value < 7);
		seen[value]++;
	}
	for (int i = 0; i < 7; i++)
		assert_true(seen[i] > 500);
	assert_int_equal(id_random_below(0), 0);
	assert_int_equal(id_random_below(1), 0);
	assert_true(id_random_below(UINT64_MAX) < UINT64_MAX);
}

static void labels_are_what_the_contract_allows(void **state)
{
	(void)state;
	char longest[65];
	memset(longest, 'a', 64);
	longest[64] = '\0';
	assert_false(id_is_label(longest));
	longest[63] = '\0';
	assert_true(id_is_label(longest));
	assert_true(id_is_label("a"));
	assert_true(id_is_label("0-9-"));
	assert_true(id_is_label("entra-prod"));
	static const char *const bad[] = {"", "-a", "A", "a_b", "a b", "a/b", "\xc3\xa9", "a\n"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(id_is_label(bad[i]));
	assert_false(id_is_label(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_sort_in_the_order_in_which_they_were_made),
	    cmocka_unit_test(an_id_is_a_uuid_of_version_7_that_holds_its_time),
	    cmocka_unit_test(the_least_id_of_an_instant_is_between_what_was_made_before_and_after),
	    cmocka_unit_test(a_random_id_is_a_uuid_of_version_4),
	    cmocka_unit_test(threads_never_get_the_same_id),
	    cmocka_unit_test(random_numbers_stay_below_and_reach_every_value),
	    cmocka_unit_test(labels_are_what_the_contract_allows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
