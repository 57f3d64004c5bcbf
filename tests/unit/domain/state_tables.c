/* The contract's state tables, every from x event, written out a second time and in another form than the product's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "domain/access_request.h"
#include "domain/grant.h"
#include "domain/job.h"

/* "" conflict; "=" unchanged; else where it leads. ENDS: revoked or expired, as the grant ends. */
#define ROW 13
static const char *const grant_table[][1 + ROW] = {
    /* from                 member    needsPerson       revoke                expire                memberLost
       notMember kept    notOurs           retry               resolveUser         notGranted    removedByHand
       keptByHand */
    {"pendingProvision", "active", "manualFollowUp", "pendingDeprovision", "", "", "", "", "", "=", "=", "", "", ""},
    {"active", "=", "", "pendingDeprovision", "pendingDeprovision", "manualFollowUp", "", "", "", "", "", "", "", ""},
    {"pendingDeprovision", "", "manualFollowUp", "=", "=", "", "ENDS", "ENDS", "manualFollowUp", "=", "=", "", "", ""},
    {"revoked", "", "", "=", "", "", "=", "=", "", "", "", "", "=", "="},
    {"expired", "", "", "", "=", "", "=", "=", "", "", "", "", "=", "="},
    {"notGranted", "", "", "", "", "", "", "", "", "", "", "=", "", ""},
};

static const char *const follow_up_table[][1 + ROW] = {
    {"provision", "", "=", "pendingDeprovision", "", "=", "", "", "", "pendingProvision", "pendingProvision",
     "notGranted", "", ""},
    {"deprovision", "", "=", "pendingDeprovision", "", "", "", "", "=", "pendingDeprovision", "pendingDeprovision", "",
     "ENDS", "ENDS"},
};

static const char *const event_order[ROW] = {"member",     "needsPerson",   "revoke",    "expire", "memberLost",
                                             "notMember",  "kept",          "notOurs",   "retry",  "resolveUser",
                                             "notGranted", "removedByHand", "keptByHand"};

static void check_grant(enum grant_status from, enum grant_action about, enum grant_status ends_as,
                        enum grant_event event, const char *expected)
{
	enum grant_status to = GRANT_STATUS_MAX;
	bool unchanged = false;
	enum result result = grant_next(from, about, ends_as, event, &to, &unchanged);
	if (text_equal(expected, "")) {
		assert_int_equal(result, RESULT_CONFLICT);
		assert_int_equal(to, GRANT_STATUS_MAX);
		return;
	}
	assert_int_equal(result, RESULT_OK);
	if (text_equal(expected, "="))
		expected = grant_status_name(from);
	else if (text_equal(expected, "ENDS"))
		expected = grant_status_name(ends_as);
	assert_string_equal(grant_status_name(to), expected);
	assert_int_equal(unchanged, to == from);
}

static void a_grant_moves_only_as_the_contract_says(void **state)
{
	(void)state;
	const enum grant_status ends[] = {GRANT_REVOKED, GRANT_EXPIRED};
	size_t seen = 0;
	for (size_t row = 0; row < ARRAY_SIZE(grant_table); row++) {
		enum grant_status from;
		assert_int_equal(grant_status_parse(grant_table[row][0], &from), RESULT_OK);
		for (int event = 0; event < GRANT_EVENT_MAX; event++) {
			for (size_t end = 0; end < ARRAY_SIZE(ends); end++)
				check_grant(from, GRANT_ACTION_NONE, ends[end], (enum grant_event)event, grant_table[row][1 + event]);
			seen++;
		}
	}
	for (size_t row = 0; row < ARRAY_SIZE(follow_up_table); row++) {
		enum grant_action about = row == 0 ? GRANT_ACTION_PROVISION : GRANT_ACTION_DEPROVISION;
		assert_string_equal(grant_action_name(about), follow_up_table[row][0]);
		for (int event = 0; event < GRANT_EVENT_MAX; event++) {
			for (size_t end = 0; end < ARRAY_SIZE(ends); end++)
				check_grant(GRANT_MANUAL_FOLLOW_UP, about, ends[end], (enum grant_event)event,
				            follow_up_table[row][1 + event]);
			seen++;
		}
	}
	assert_int_equal(seen, (GRANT_STATUS_MAX + 1) * GRANT_EVENT_MAX);
}

static void the_table_above_names_its_columns_rightly(void **state)
{
	(void)state;
	assert_int_equal(GRANT_EVENT_MAX, ROW);
	for (int event = 0; event < GRANT_EVENT_MAX; event++)
		assert_string_equal(grant_event_name((enum grant_event)event), event_order[event]);
}

static void a_grant_is_open_until_it_is_final(void **state)
{
	(void)state;
	for (int status = 0; status < GRANT_STATUS_MAX; status++) {
		bool final = status == GRANT_REVOKED || status == GRANT_EXPIRED || status == GRANT_NOT_GRANTED;
		assert_int_equal(grant_is_open((enum grant_status)status), !final);
		for (int event = 0; final && event < GRANT_EVENT_MAX; event++) {
			enum grant_status to = GRANT_STATUS_MAX;
			bool unchanged = true;
			if (grant_next((enum grant_status)status, GRANT_ACTION_NONE, GRANT_REVOKED, (enum grant_event)event, &to,
			               &unchanged) == RESULT_OK)
				assert_true(unchanged && (int)to == status);
		}
	}
}

static void a_decided_request_is_never_decided_otherwise(void **state)
{
	(void)state;
	static const char *const leads_to[REQUEST_EVENT_MAX] = {"approved", "denied", "cancelled", "refused"};
	for (int from = 0; from < REQUEST_STATUS_MAX; from++) {
		for (int event = 0; event < REQUEST_EVENT_MAX; event++) {
			enum request_status to = REQUEST_STATUS_MAX;
			bool unchanged = false;
			enum result result = request_next((enum request_status)from, (enum request_event)event, &to, &unchanged);
			bool same = text_equal(request_status_name((enum request_status)from), leads_to[event]);
			if (from != REQUEST_PENDING && !same) {
				assert_int_equal(result, RESULT_CONFLICT);
				assert_int_equal(to, REQUEST_STATUS_MAX);
				continue;
			}
			assert_int_equal(result, RESULT_OK);
			assert_string_equal(request_status_name(to), leads_to[event]);
			assert_int_equal(unchanged, same);
		}
	}
}

static void a_job_ends_only_where_the_contract_says(void **state)
{
	(void)state;
	assert_false(job_is_final(JOB_QUEUED));
	assert_false(job_is_final(JOB_RUNNING));
	assert_false(job_is_final(JOB_WAITING));
	assert_true(job_is_final(JOB_SUCCEEDED));
	assert_true(job_is_final(JOB_MANUAL_FOLLOW_UP));
	assert_true(job_is_final(JOB_CANCELLED));
}

static void backoff_grows_to_its_cap_and_never_undercuts_what_was_asked_for(void **state)
{
	(void)state;
	for (int attempts = 0; attempts < 200; attempts++) {
		int64_t window = attempts <= 1 ? 500 : attempts > 11 ? 300000 : 500LL << (attempts - 1);
		if (window > 300000)
			window = 300000;
		assert_int_equal(job_backoff_ms(attempts, 500, 300000, -1, 0), 1);
		assert_int_equal(job_backoff_ms(attempts, 500, 300000, -1, (uint64_t)window - 1), window);
		assert_int_equal(job_backoff_ms(attempts, 500, 300000, -1, (uint64_t)window), 1);
		assert_int_equal(job_backoff_ms(attempts, 500, 300000, 400000, UINT64_MAX), 400000);
		int64_t any = job_backoff_ms(attempts, 500, 300000, 7, UINT64_MAX - (uint64_t)attempts);
		assert_true(any >= 7 && any <= window);
	}
	assert_int_equal(job_backoff_ms(INT32_MAX, INT64_MAX, INT64_MAX, -1, 0), 1);
	assert_int_equal(job_backoff_ms(5, 0, 0, -1, UINT64_MAX), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_above_names_its_columns_rightly),
	    cmocka_unit_test(a_grant_moves_only_as_the_contract_says),
	    cmocka_unit_test(a_grant_is_open_until_it_is_final),
	    cmocka_unit_test(a_decided_request_is_never_decided_otherwise),
	    cmocka_unit_test(a_job_ends_only_where_the_contract_says),
	    cmocka_unit_test(backoff_grows_to_its_cap_and_never_undercuts_what_was_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
