/* Provision and deprovision: who ends up in the group, and who is asked when it cannot be told. */
#include <stdio.h>

#include "membership_world.h"

static void an_approved_user_ends_up_in_the_group(void **state)
{
	(void)state;
	assert_int_equal(world_run(), 1);
	assert_true(world.member);
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_int_equal(world.writes, 1);
	assert_false(world.intended_found);
	assert_string_equal(world.asked.address, "ann@x.org");
	assert_string_equal(world.detail, "{\"requestId\":\"graph-1\",\"clientRequestId\":\"ours-1\"}");
}

static void a_user_who_was_there_before_is_put_on_record_as_such(void **state)
{
	(void)state;
	world.member = true;
	assert_int_equal(world_run(), 1);
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_int_equal(world.writes, 0);
	assert_true(world.intended_found);
}

static void a_user_whom_a_stale_read_did_not_show_is_put_on_record_as_there_before(void **state)
{
	(void)state;
	world.member = true;
	world.stale_reads = 1;
	assert_int_equal(world_run(), 1);
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_false(world.intended_found);
	assert_int_equal(world.origin, MEMBERSHIP_PREEXISTING);
}

static void a_stale_read_after_a_write_of_ours_does_not_make_it_somebody_elses(void **state)
{
	(void)state;
	world_fail_writes(RESULT_TIMEOUT, "graph_unavailable");
	world.write_is_lost = true;
	world_attempt();
	world.write_result = RESULT_OK;
	world.stale_reads = 1;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_int_equal(world.writes, 2);
	assert_int_equal(world.origin, MEMBERSHIP_OURS);
}

static void nothing_is_written_for_a_grant_that_changed_meanwhile(void **state)
{
	(void)state;
	world.intend_result = RESULT_CONFLICT;
	struct job_attempt attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_CANCELLED);
	assert_int_equal(world.writes, 0);
	world.intend_result = RESULT_OK;
	world.grant.status = GRANT_PENDING_DEPROVISION;
	attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_CANCELLED);
	assert_int_equal(world.writes + world.applied, 0);
}

static void a_change_that_spreads_slowly_is_waited_for_and_not_repeated_each_time(void **state)
{
	(void)state;
	world.hidden_reads = 6; /* one after each write, one at each attempt's beginning */
	int attempts = world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_true(attempts > 3 && attempts <= 7);
	assert_true(world.writes <= 2);
}

static void a_change_that_is_never_shown_goes_to_a_person_in_the_end(void **state)
{
	(void)state;
	world.hidden_reads = 1000;
	world_attempt();
	while (world.applied == 0 && clock_now_ms(&world.clock.clock) < NOW + 3600000) {
		world.member = false; /* and the directory forgets it each time, so that no repeat is "already" */
		world_attempt();
	}
	assert_int_equal(world.event, GRANT_EVENT_NEEDS_PERSON);
	assert_string_equal(world.code, "graph_error");
	assert_in_range(clock_now_ms(&world.clock.clock), NOW + 900000, NOW + 960000);
}

static void a_repeated_write_that_is_already_done_is_evidence_enough(void **state)
{
	(void)state;
	world.hidden_reads = 1000;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_int_equal(world.writes, 2);
}

static void one_whom_somebody_else_put_in_while_our_add_could_not_be_sent_is_theirs(void **state)
{
	(void)state;
	world_fail_writes(RESULT_THROTTLED, "graph_throttled");
	world_attempt();
	world.member = true; /* by hand, meanwhile */
	world.write_result = RESULT_OK;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_int_equal(world.origin, MEMBERSHIP_PREEXISTING);
}

static void the_same_while_the_group_was_held(void **state)
{
	(void)state;
	world_fail_writes(RESULT_DENIED, "group_restricted");
	world_attempt();
	assert_int_equal(world.holds, 1);
	world.holds = 0;
	world.member = true;
	world.write_result = RESULT_OK;
	world_run();
	assert_int_equal(world.origin, MEMBERSHIP_PREEXISTING);
}

static void one_who_was_there_before_is_theirs_though_the_group_could_not_be_read_afterwards(void **state)
{
	(void)state;
	world_fail_writes(RESULT_UNAVAILABLE, "graph_unavailable");
	world.told_already = world.member = true;
	world.stale_reads = 1;
	world_attempt();
	assert_int_equal(world.origin, MEMBERSHIP_PREEXISTING);
}

static void an_add_that_may_have_been_written_stays_ours(void **state)
{
	(void)state;
	world_fail_writes(RESULT_TIMEOUT, "graph_unavailable");
	world.write_is_lost = true;
	world_attempt();
	world.write_result = RESULT_OK;
	world_run();
	assert_int_equal(world.origin, MEMBERSHIP_OURS);
}

static void nothing_is_written_once_the_lease_is_lost(void **state)
{
	(void)state;
	world.renew_result = RESULT_CONFLICT;
	struct job_attempt attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_CANCELLED);
	assert_int_equal(world.writes, 0);
}

static void a_lost_answer_is_settled_by_looking_and_not_by_writing_twice(void **state)
{
	(void)state;
	world_fail_writes(RESULT_TIMEOUT, "graph_unavailable");
	world.write_is_lost = true;
	struct job_attempt attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_WAITING);
	assert_int_equal(world_run(), 1);
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_int_equal(world.writes, 1);
	assert_int_equal(world.origin, MEMBERSHIP_OURS); /* and it is still known that it was we */
}

static void a_removal_under_way_comes_first(void **state)
{
	(void)state;
	world.removal_under_way = true;
	struct job_attempt attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_WAITING);
	assert_int_equal(world.reads + world.writes + world.questions, 0);
	world.removal_under_way = false;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
}

static void old_words_of_jira_are_asked_again_before_anything_is_written(void **state)
{
	(void)state;
	world.request.asked_at = NOW - 15 * 60 * 1000;
	world.word_holds = false;
	world.grant.status = GRANT_PENDING_PROVISION;
	world_run();
	assert_int_equal(world.confirms, 0); /* not old yet */
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
}

static void a_word_that_does_not_hold_any_more_grants_nothing(void **state)
{
	(void)state;
	world.request.asked_at = NOW - 15 * 60 * 1000 - 1;
	world.confirm_result = RESULT_UNAVAILABLE;
	assert_int_equal(world_attempt().outcome.status, JOB_WAITING);
	world.confirm_result = RESULT_OK;
	world.word_holds = false;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NEEDS_PERSON);
	assert_string_equal(world.code, "approval_not_verified");
	assert_int_equal(world.writes + world.intents, 0);
}

static void a_decision_of_the_console_is_not_asked_of_jira(void **state)
{
	(void)state;
	world.request.asked_at = 0;
	world.request.approval = "console";
	world_run();
	assert_int_equal(world.confirms, 0);
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
}

static void an_uncertain_person_goes_to_a_follow_up_with_the_candidates(void **state)
{
	(void)state;
	struct directory_user two[] = {{"a", "ann@x.org", NULL, "Member", KNOWN_TRUE},
	                               {"b", "b@x.org", "ann@x.org", "Guest", KNOWN_NOT}};
	world.match = (struct identity_match){.outcome = IDENTITY_AMBIGUOUS,
	                                      .code = "user_ambiguous",
	                                      .reason = "Two.",
	                                      .candidates = two,
	                                      .candidate_count = 2};
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NEEDS_PERSON);
	assert_string_equal(world.code, "user_ambiguous");
	assert_string_equal(
	    world.candidates,
	    "[{\"objectId\":\"a\",\"userPrincipalName\":\"ann@x.org\",\"mail\":null,\"userType\":\"Member\","
	    "\"accountEnabled\":true},{\"objectId\":\"b\",\"userPrincipalName\":\"b@x.org\",\"mail\":\"ann@x.org\","
	    "\"userType\":\"Guest\",\"accountEnabled\":null}]");
	assert_int_equal(world.writes + world.intents, 0);
}

static void an_admins_mapping_goes_before_the_address_and_is_pinned(void **state)
{
	(void)state;
	world.has_mapping = true;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_string_equal(world.asked.mapping_external_id, "ann@x.org");
	assert_null(world.asked.address);
	assert_int_equal(world.pins, 1);
}

static void a_user_whom_an_admin_named_is_not_matched_anew(void **state)
{
	(void)state;
	world.grant.external_user_id = USER;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
	assert_string_equal(world.asked.mapping_external_id, USER);
	assert_string_equal(world.asked.pinned_object_id, USER);
}

static void a_portal_only_customer_is_not_matched_unless_the_settings_say_so(void **state)
{
	(void)state;
	world.jira_user.account_type = "customer";
	world_run();
	assert_string_equal(world.code, "portal_customer");
	assert_int_equal(world.questions, 0);
	world.grant.status = GRANT_PENDING_PROVISION;
	world.intake.match_portal_customers = true;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_MEMBER);
}

static void a_hidden_address_goes_to_a_follow_up(void **state)
{
	(void)state;
	world.jira_user.email = NULL;
	world_run();
	assert_string_equal(world.code, "email_hidden");
	world.grant.status = GRANT_PENDING_PROVISION;
	world.options.jira = NULL;
	world_run();
	assert_string_equal(world.code, "email_hidden");
}

static void an_unreachable_jira_makes_the_job_wait_and_asks_nobody(void **state)
{
	(void)state;
	world.jira_result = RESULT_UNAVAILABLE;
	assert_int_equal(world_attempt().outcome.status, JOB_WAITING);
	assert_int_equal(world.applied, 0);
}

static void an_answer_about_the_group_holds_the_group_and_asks_nobody(void **state)
{
	(void)state;
	world.group = (struct connector_group_check){.code = "group_dynamic", .manageable = false};
	world_run();
	assert_int_equal(world.holds, 1);
	assert_string_equal(world.hold_code, "group_dynamic");
	assert_string_equal(world.hold_group, "g");
	assert_int_equal(world.applied + world.writes, 0);
}

static void an_answer_about_the_app_holds_the_connector_and_asks_nobody(void **state)
{
	(void)state;
	world_fail_writes(RESULT_DENIED, "permission_missing");
	world_run();
	assert_int_equal(world.holds, 1);
	assert_null(world.hold_group);
	assert_int_equal(world.applied, 0);
}

static void an_answer_about_the_user_settles_that_user_alone(void **state)
{
	(void)state;
	world_fail_writes(RESULT_NOT_FOUND, "user_not_found");
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NEEDS_PERSON);
	assert_string_equal(world.code, "user_not_found");
	assert_int_equal(world.holds, 0);
}

static void a_throttled_write_waits_as_long_as_it_was_told(void **state)
{
	(void)state;
	world_fail_writes(RESULT_THROTTLED, "graph_throttled");
	world.failure.retry_after_ms = 33000;
	struct job_attempt attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_WAITING);
	assert_int_equal(attempt.outcome.next_attempt_at, NOW + 33000);
}

static void our_member_is_taken_out(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	assert_int_equal(world_run(), 1);
	assert_false(world.member);
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_int_equal(world.grant.status, GRANT_REVOKED);
}

static void a_member_who_was_there_before_us_is_not_taken_out(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_PREEXISTING, true);
	world_run();
	assert_true(world.member);
	assert_int_equal(world.event, GRANT_EVENT_NOT_OURS);
	assert_string_equal(world.code, "membership_not_ours");
}

static void one_who_was_there_before_us_and_has_left_since_costs_nobody_a_decision(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_PREEXISTING, false);
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_int_equal(world.writes, 0);
}

static void a_member_of_unknown_origin_is_not_taken_out(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_UNKNOWN, true);
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_OURS);
	assert_int_equal(world.writes, 0);
}

static void one_who_never_was_a_member_is_simply_done(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_UNKNOWN, false);
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_int_equal(world.writes, 0);
}

static void a_grant_that_never_had_a_user_asks_the_directory_nothing(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world.grant.external_user_id = NULL;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_int_equal(world.reads + world.writes, 0);
}

static void another_open_grant_keeps_the_user_in_the_group(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world.other_open = true;
	world_run();
	assert_true(world.member);
	assert_int_equal(world.event, GRANT_EVENT_KEPT);
	assert_int_equal(world.grant.status, GRANT_REVOKED);
}

static void a_removal_that_spreads_slowly_is_waited_for(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world.hidden_reads = 5;
	int attempts = world_run();
	assert_true(attempts > 3);
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_true(world.writes <= 2);
}

static void a_removal_that_was_sent_is_finished_though_the_user_was_approved_again(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world.hidden_reads = 2;
	world_attempt();
	world.other_open = true; /* it waits for us */
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_false(world.member);
}

static void a_removal_whose_answer_was_lost_is_finished_though_the_user_was_approved_again(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world_fail_writes(RESULT_TIMEOUT, "graph_unavailable");
	world.write_is_lost = true;
	world_attempt();
	world.write_result = RESULT_OK;
	world.other_open = true;
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
}

static void a_removal_that_is_seen_in_time_is_not_sent_again(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world.hidden_reads = 4; /* gone on the very look that would else be followed by another remove */
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_int_equal(world.writes, 1);
}

static void an_add_that_surfaces_late_does_not_outlive_the_removal(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, false);
	world.grant.active_at = 0; /* revoked while the add was under way: it was never seen */
	assert_int_equal(world_attempt().outcome.status, JOB_WAITING);
	world.member = true; /* here it comes */
	world_run();
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
	assert_false(world.member);
	assert_int_equal(world.writes, 2);
}

static void a_removal_whose_answer_was_lost_is_done_again(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world_fail_writes(RESULT_TIMEOUT, "graph_unavailable");
	assert_int_equal(world_attempt().outcome.status, JOB_WAITING);
	world.write_result = RESULT_OK;
	world_run();
	assert_false(world.member);
	assert_int_equal(world.event, GRANT_EVENT_NOT_MEMBER);
}

static void a_missing_group_holds_removals_and_is_not_taken_for_gone(void **state)
{
	(void)state;
	world_deprovision(MEMBERSHIP_OURS, true);
	world_fail_writes(RESULT_NOT_FOUND, "group_missing");
	world_run();
	assert_int_equal(world.holds, 1);
	assert_string_equal(world.hold_group, "g");
	assert_int_equal(world.applied, 0);
}

static void a_disabled_connector_makes_jobs_wait(void **state)
{
	(void)state;
	world.settings.enabled = false;
	struct job_attempt attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_WAITING);
	assert_string_equal(attempt.outcome.error_code, "connector_disabled");
	assert_int_equal(world.reads + world.writes, 0);
}

static void a_connector_that_leads_elsewhere_is_not_used(void **state)
{
	(void)state;
	world.settings.tenant_id = "another";
	world_run();
	assert_string_equal(world.code, "connector_failing");
	assert_int_equal(world.reads + world.writes, 0);
}

static void a_lost_lease_ends_the_attempt_without_a_word(void **state)
{
	(void)state;
	world.apply_result = RESULT_CONFLICT;
	struct job_attempt attempt = world_attempt();
	assert_int_equal(attempt.outcome.status, JOB_CANCELLED);
	assert_string_equal(attempt.outcome.error_code, "lease_lost");
	world.apply_result = RESULT_UNAVAILABLE;
	assert_int_equal(world_attempt().outcome.status, JOB_WAITING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_approved_user_ends_up_in_the_group),
	    TEST(a_user_who_was_there_before_is_put_on_record_as_such),
	    TEST(a_user_whom_a_stale_read_did_not_show_is_put_on_record_as_there_before),
	    TEST(a_stale_read_after_a_write_of_ours_does_not_make_it_somebody_elses),
	    TEST(nothing_is_written_for_a_grant_that_changed_meanwhile),
	    TEST(a_change_that_spreads_slowly_is_waited_for_and_not_repeated_each_time),
	    TEST(a_change_that_is_never_shown_goes_to_a_person_in_the_end),
	    TEST(a_repeated_write_that_is_already_done_is_evidence_enough),
	    TEST(one_whom_somebody_else_put_in_while_our_add_could_not_be_sent_is_theirs),
	    TEST(the_same_while_the_group_was_held),
	    TEST(one_who_was_there_before_is_theirs_though_the_group_could_not_be_read_afterwards),
	    TEST(an_add_that_may_have_been_written_stays_ours),
	    TEST(nothing_is_written_once_the_lease_is_lost),
	    TEST(a_lost_answer_is_settled_by_looking_and_not_by_writing_twice),
	    TEST(a_removal_under_way_comes_first),
	    TEST(old_words_of_jira_are_asked_again_before_anything_is_written),
	    TEST(a_word_that_does_not_hold_any_more_grants_nothing),
	    TEST(a_decision_of_the_console_is_not_asked_of_jira),
	    TEST(an_uncertain_person_goes_to_a_follow_up_with_the_candidates),
	    TEST(an_admins_mapping_goes_before_the_address_and_is_pinned),
	    TEST(a_user_whom_an_admin_named_is_not_matched_anew),
	    TEST(a_portal_only_customer_is_not_matched_unless_the_settings_say_so),
	    TEST(a_hidden_address_goes_to_a_follow_up),
	    TEST(an_unreachable_jira_makes_the_job_wait_and_asks_nobody),
	    TEST(an_answer_about_the_group_holds_the_group_and_asks_nobody),
	    TEST(an_answer_about_the_app_holds_the_connector_and_asks_nobody),
	    TEST(an_answer_about_the_user_settles_that_user_alone),
	    TEST(a_throttled_write_waits_as_long_as_it_was_told),
	    TEST(our_member_is_taken_out),
	    TEST(a_member_who_was_there_before_us_is_not_taken_out),
	    TEST(one_who_was_there_before_us_and_has_left_since_costs_nobody_a_decision),
	    TEST(a_member_of_unknown_origin_is_not_taken_out),
	    TEST(one_who_never_was_a_member_is_simply_done),
	    TEST(a_grant_that_never_had_a_user_asks_the_directory_nothing),
	    TEST(another_open_grant_keeps_the_user_in_the_group),
	    TEST(a_removal_that_spreads_slowly_is_waited_for),
	    TEST(a_removal_that_was_sent_is_finished_though_the_user_was_approved_again),
	    TEST(a_removal_whose_answer_was_lost_is_finished_though_the_user_was_approved_again),
	    TEST(a_removal_that_is_seen_in_time_is_not_sent_again),
	    TEST(an_add_that_surfaces_late_does_not_outlive_the_removal),
	    TEST(a_removal_whose_answer_was_lost_is_done_again),
	    TEST(a_missing_group_holds_removals_and_is_not_taken_for_gone),
	    TEST(a_disabled_connector_makes_jobs_wait),
	    TEST(a_connector_that_leads_elsewhere_is_not_used),
	    TEST(a_lost_lease_ends_the_attempt_without_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
