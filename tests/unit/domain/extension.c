/* Where an end may be moved to, and when it is asked about: against a count in days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/macro.h"
#include "domain/extension.h"

#define DAY (INT64_C(24) * 3600 * 1000)
#define NOW INT64_C(1763884800000)

static void an_extension_never_shortens_access_and_never_passes_the_tools_maximum(void **state)
{
	(void)state;
	srand(11);
	for (int round = 0; round < 20000; round++) {
		int64_t present = NOW + 1 + rand() % 400 * DAY, approved = NOW - rand() % 40 * DAY;
		int days = 1 + rand() % 400, most = 1 + rand() % 400;
		int64_t end = extension_end(present, approved, NOW, days, most);
		assert_true(end >= present);
		assert_true(end == present || end == approved + (days < most ? days : most) * DAY);
		assert_true(end == present || end <= approved + most * DAY);
	}
}

static void the_days_count_from_the_approval_and_from_now_where_it_is_dated_ahead(void **state)
{
	(void)state;
	assert_int_equal(extension_end(NOW + DAY, NOW - 3 * DAY, NOW, 30, 90), NOW + 27 * DAY);
	assert_int_equal(extension_end(NOW + DAY, NOW + 3 * DAY, NOW, 30, 90), NOW + 30 * DAY);
	assert_int_equal(extension_end(NOW + DAY, 0, NOW, 30, 90), NOW + 30 * DAY);
	assert_int_equal(extension_end(NOW + DAY, NOW - 300 * DAY, NOW, 30, 90), NOW + DAY);
}

static void nothing_is_extended_that_is_not_there(void **state)
{
	(void)state;
	for (int status = 0; status < GRANT_STATUS_MAX; status++) {
		for (int action = GRANT_ACTION_NONE; action <= GRANT_ACTION_DEPROVISION; action++) {
			struct grant grant = {.status = (enum grant_status)status,
			                      .active_at = NOW - DAY,
			                      .expires_at = NOW + 1,
			                      .follow_up.action = (enum grant_action)action};
			bool coming_back = status == GRANT_PENDING_PROVISION ||
			                   (status == GRANT_MANUAL_FOLLOW_UP && action == GRANT_ACTION_PROVISION);
			assert_int_equal(extension_may_be_asked(&grant, NOW), status == GRANT_ACTIVE);
			assert_int_equal(extension_may_be_given(&grant, NOW), status == GRANT_ACTIVE || coming_back);
			assert_false(extension_may_be_asked(&grant, NOW + 1));
			assert_false(extension_may_be_given(&grant, NOW + 1));
			grant.active_at = 0; /* never was there */
			assert_int_equal(extension_may_be_given(&grant, NOW), status == GRANT_ACTIVE);
		}
	}
}

static void a_review_comes_at_its_moment_and_not_for_an_end_that_was_set_closer_than_that(void **state)
{
	int64_t end = NOW + 30 * DAY;

	(void)state;
	assert_false(review_is_due(14, NOW, end, end - 14 * DAY - 1));
	assert_true(review_is_due(14, NOW, end, end - 14 * DAY));
	assert_true(review_is_due(14, NOW, end, end - 1));
	assert_false(review_is_due(14, NOW, end, end));
	assert_false(review_is_due(14, end - 14 * DAY, end, end - DAY));
	assert_true(review_is_due(14, end - 14 * DAY - 1, end, end - DAY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_extension_never_shortens_access_and_never_passes_the_tools_maximum),
	    cmocka_unit_test(the_days_count_from_the_approval_and_from_now_where_it_is_dated_ahead),
	    cmocka_unit_test(nothing_is_extended_that_is_not_there),
	    cmocka_unit_test(a_review_comes_at_its_moment_and_not_for_an_end_that_was_set_closer_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
