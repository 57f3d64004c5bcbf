/* Mode jsm: never a grant without Jira's own word. */
#include "decision_scene.h"

#define SCENE(name)                                                                                                    \
	_cleanup_(scene_end) struct scene name##_;                                                                         \
	struct scene *name = &name##_;                                                                                     \
	(void)state;                                                                                                       \
	scene_begin(name, "jsm")

static void a_plain_approval_by_another_person_grants(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_approval(s, "2", APPROVAL_APPROVED, "eva", AT(21), AT(30));
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	assert_string_equal(s->decision.decided_by, "max,eva");
	assert_int_equal(s->decision.decided_at, AT(30));
	assert_int_equal(s->decision.round_started_at, AT(10));
	EXPECT_CONSUMED(s, "1", "2");
}

static void no_approval_at_all_decides_nothing(void **state)
{
	SCENE(s);
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
}

static void a_status_moved_by_hand_is_not_an_approval(void **state)
{
	SCENE(s);
	scene_transition(s, "h1", "max", AT(20), "Approved");
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
	scene_approval(s, "1", APPROVAL_PENDING, "max", AT(10), 0);
	assert_int_equal(scene_outcome(s), DECISION_PENDING);
}

static void a_declined_approval_stays_declined_though_the_status_moves(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "eva", AT(5), AT(6));
	scene_approval(s, "2", APPROVAL_DECLINED, "max", AT(10), AT(20));
	scene_transition(s, "h1", "ann", AT(30), "Approved");
	assert_int_equal(scene_outcome(s), DECISION_DENIED);
	assert_string_equal(s->decision.decided_by, "max");
	assert_int_equal(s->decision.decided_at, AT(20));
	EXPECT_CONSUMED(s, "1", "2");
}

static void a_second_stage_still_pending_grants_nothing(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_approval(s, "2", APPROVAL_PENDING, "eva", AT(20), 0);
	assert_int_equal(scene_outcome(s), DECISION_PENDING);
	assert_null(s->decision.consumed[0]);
}

static void a_missing_completion_date_grants_nothing(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), 0);
	assert_int_equal(scene_outcome(s), DECISION_PENDING);
}

static void a_missing_creation_date_grants_nothing(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", 0, AT(20));
	scene_expect_refused(s, "approval_not_verified");
}

static void approving_for_oneself_grants_nothing(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "ann", AT(10), AT(20));
	scene_expect_refused(s, "self_approval");
	EXPECT_CONSUMED(s, "1");

	s->issue.reporter = "bob"; /* filed by bob for ann: neither may */
	scene_expect_refused(s, "self_approval");
	s->issue.reporter = "ann";
	s->issue.beneficiary = "bob";
	scene_expect_refused(s, "self_approval");
	s->issue.reporter = "bob";
	s->issue.beneficiary = "cleo";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
}

static void one_person_beside_the_beneficiary_is_enough(void **state)
{
	SCENE(s);
	struct approval *approval = scene_approval(s, "1", APPROVAL_APPROVED, "ann", AT(10), AT(20));
	approval->approvers[1] = (struct approver){.account_id = "max", .decision = APPROVAL_APPROVED};
	approval->approver_count = 2;
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	approval->approvers[1].decision = APPROVAL_PENDING; /* max was asked, and said nothing */
	scene_expect_refused(s, "self_approval");
}

static void handing_the_issue_to_a_straw_man_does_not_make_the_reporter_an_approver(void **state)
{
	SCENE(s);
	s->settings.beneficiary = "customfield_10060";
	s->issue.beneficiary = "bob";
	s->issue.reporter = "straw";
	scene_approval(s, "1", APPROVAL_APPROVED, "ann", AT(10), AT(20));
	struct issue_change *change = scene_change(s, "h1", "ann", AT(15), "reporter");
	change->from = "ann";
	change->to = "straw";
	scene_expect_refused(s, "self_approval");
	s->approvers[0][0].account_id = "max";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
}

static void an_approver_outside_the_allowed_list_grants_nothing(void **state)
{
	SCENE(s);
	s->list[0] = "eva";
	s->list[1] = "ann";
	s->settings.allowed_approvers = s->list;
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_expect_refused(s, "approval_not_verified");
	s->approvers[0][0].account_id = "ann"; /* in the list, but for herself */
	scene_expect_refused(s, "self_approval");
	s->approvers[0][0].account_id = "eva";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
}

static void an_approval_by_nobody_grants_nothing(void **state)
{
	SCENE(s);
	struct approval *approval = scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	approval->approver_count = 0;
	scene_expect_refused(s, "approval_not_verified");
	assert_null(s->decision.decided_by);
	approval->approver_count = 1;
	approval->approvers[0].account_id = NULL; /* Jira hides who */
	scene_expect_refused(s, "approval_not_verified");
}

static void an_approval_used_before_grants_nothing_again(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_consumed(s, "1");
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
}

static void an_issue_reopened_and_approved_again_grants_again(void **state)
{
	SCENE(s);
	scene_approval(s, "9", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_approval(s, "10", APPROVAL_PENDING, "max", AT(50), 0);
	scene_consumed(s, "9");
	assert_int_equal(scene_outcome(s), DECISION_PENDING);
	assert_int_equal(s->decision.round_started_at, AT(50));
	s->approvals[1].final_decision = APPROVAL_APPROVED;
	s->approvals[1].completed_at = AT(60);
	s->approvers[1][0].decision = APPROVAL_APPROVED;
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	EXPECT_CONSUMED(s, "10");
}

static void a_new_round_after_a_denial_grants_on_its_own(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_DECLINED, "max", AT(10), AT(20));
	scene_approval(s, "2", APPROVAL_PENDING, "max", AT(50), 0);
	assert_int_equal(scene_outcome(s), DECISION_PENDING);
	s->approvals[1].final_decision = APPROVAL_APPROVED;
	s->approvals[1].completed_at = AT(60);
	s->approvers[1][0].decision = APPROVAL_APPROVED;
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	assert_string_equal(s->decision.decided_by, "max");
	EXPECT_CONSUMED(s, "1", "2"); /* the denial cannot come back as news */
	scene_consumed(s, "1");
	scene_consumed(s, "2");
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
}

static void approvals_of_the_same_instant_are_ordered_by_their_number(void **state)
{
	SCENE(s);
	scene_approval(s, "10", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_approval(s, "9", APPROVAL_DECLINED, "eva", AT(10), AT(15));
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	s->approvals[0].approval_id = "8";
	assert_int_equal(scene_outcome(s), DECISION_DENIED);
}

static void the_order_in_which_jira_lists_approvals_does_not_matter(void **state)
{
	SCENE(s);
	scene_approval(s, "3", APPROVAL_APPROVED, "max", AT(50), AT(60));
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_approval(s, "2", APPROVAL_DECLINED, "max", AT(30), AT(40));
	scene_consumed(s, "2");
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	assert_int_equal(s->decision.round_started_at, AT(50));
}

static void a_change_after_the_round_began_grants_nothing(void **state)
{
	static const char *const fields[] = {"customfield_10050", "customfield_10052", "reporter"};
	for (size_t at = 0; at < ARRAY_SIZE(fields); at++) {
		SCENE(s);
		scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
		struct issue_change *change = scene_change(s, "h1", "ann", AT(15), fields[at]);
		scene_expect_refused(s, "approval_not_verified");
		change->at = AT(10); /* in the very instant of its creation */
		scene_expect_refused(s, "approval_not_verified");
		change->at = AT(25); /* after it was completed */
		scene_expect_refused(s, "approval_not_verified");
		change->at = AT(10) - 1;
		assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	}
}

static void a_change_during_a_second_stage_grants_nothing(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_approval(s, "2", APPROVAL_APPROVED, "eva", AT(30), AT(40));
	scene_change(s, "h1", "ann", AT(25), "customfield_10050");
	scene_expect_refused(s, "approval_not_verified");
}

static void a_beneficiary_in_a_user_field_counts_as_it_stood(void **state)
{
	SCENE(s);
	s->settings.beneficiary = "customfield_10060";
	s->issue.beneficiary = "bob";
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_change(s, "h1", "ann", AT(15), "reporter"); /* not the beneficiary here */
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	scene_change(s, "h2", "ann", AT(16), "customfield_10060");
	scene_expect_refused(s, "approval_not_verified");
}

static void other_changes_do_not_get_in_the_way(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_change(s, "h1", "ann", AT(15), "customfield_10051"); /* purpose */
	scene_change(s, "h2", "max", AT(16), "assignee");
	scene_transition(s, "h3", "max", AT(20), "Approved");
	scene_change(s, "h4", "max", AT(21), NULL)->field = "Component";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
}

static void a_change_of_a_field_that_jira_does_not_name_grants_nothing(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	struct issue_change *change = scene_change(s, "h1", "ann", AT(15), NULL);
	change->custom = true;
	scene_expect_refused(s, "approval_not_verified");
	change->field_id = "";
	scene_expect_refused(s, "approval_not_verified");
	change->custom = false;
	change->field = "Reporter";
	scene_expect_refused(s, "approval_not_verified");
}

static void what_was_taken_down_after_the_round_began_must_still_hold(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	s->input.taken_at = AT(12);
	s->input.taken_tool_text = "chatgpt";
	s->input.taken_duration_text = "90";
	s->input.taken_beneficiary = "ann";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	s->issue.tool_text = "claude";
	scene_expect_refused(s, "approval_not_verified");
	s->issue.tool_text = "chatgpt";
	s->issue.duration_text = "180";
	scene_expect_refused(s, "approval_not_verified");
	s->issue.duration_text = NULL;
	scene_expect_refused(s, "approval_not_verified");
	s->issue.duration_text = "90 days";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	s->issue.beneficiary = "bob";
	scene_expect_refused(s, "approval_not_verified");
	s->input.taken_at = AT(9); /* before the round: an edit before it began was seen by the approver */
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
}

static void an_issue_without_a_beneficiary_grants_nothing(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	s->issue.beneficiary = NULL;
	scene_expect_refused(s, "approval_not_verified");
}

static void no_lack_of_memory_makes_a_decision(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	scene_approval(s, "2", APPROVAL_APPROVED, "eva", AT(10), AT(20));
	size_t refused = 0;
	for (size_t ceiling = 16; ceiling < 2048; ceiling += 16) {
		struct arena *small = arena_new(ceiling);
		if (small == NULL)
			continue;
		struct decision decision = {.outcome = DECISION_PENDING};
		enum result result = decision_evaluate(&s->input, small, &decision);
		assert_true(result == RESULT_OK || result == RESULT_NO_MEMORY);
		assert_int_equal(decision.outcome, result == RESULT_OK ? DECISION_APPROVED : DECISION_PENDING);
		refused += result != RESULT_OK;
		arena_free(small);
	}
	assert_true(refused > 0);
}

static void requests_decided_here_take_no_word_from_jira(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	s->settings.approval = "console";
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
	s->settings.approval = "anything";
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_approval_by_another_person_grants),
	    cmocka_unit_test(no_approval_at_all_decides_nothing),
	    cmocka_unit_test(a_status_moved_by_hand_is_not_an_approval),
	    cmocka_unit_test(a_declined_approval_stays_declined_though_the_status_moves),
	    cmocka_unit_test(a_second_stage_still_pending_grants_nothing),
	    cmocka_unit_test(a_missing_completion_date_grants_nothing),
	    cmocka_unit_test(a_missing_creation_date_grants_nothing),
	    cmocka_unit_test(approving_for_oneself_grants_nothing),
	    cmocka_unit_test(one_person_beside_the_beneficiary_is_enough),
	    cmocka_unit_test(handing_the_issue_to_a_straw_man_does_not_make_the_reporter_an_approver),
	    cmocka_unit_test(an_approver_outside_the_allowed_list_grants_nothing),
	    cmocka_unit_test(an_approval_by_nobody_grants_nothing),
	    cmocka_unit_test(an_approval_used_before_grants_nothing_again),
	    cmocka_unit_test(an_issue_reopened_and_approved_again_grants_again),
	    cmocka_unit_test(a_new_round_after_a_denial_grants_on_its_own),
	    cmocka_unit_test(approvals_of_the_same_instant_are_ordered_by_their_number),
	    cmocka_unit_test(the_order_in_which_jira_lists_approvals_does_not_matter),
	    cmocka_unit_test(a_change_after_the_round_began_grants_nothing),
	    cmocka_unit_test(a_change_during_a_second_stage_grants_nothing),
	    cmocka_unit_test(a_beneficiary_in_a_user_field_counts_as_it_stood),
	    cmocka_unit_test(other_changes_do_not_get_in_the_way),
	    cmocka_unit_test(a_change_of_a_field_that_jira_does_not_name_grants_nothing),
	    cmocka_unit_test(what_was_taken_down_after_the_round_began_must_still_hold),
	    cmocka_unit_test(an_issue_without_a_beneficiary_grants_nothing),
	    cmocka_unit_test(no_lack_of_memory_makes_a_decision),
	    cmocka_unit_test(requests_decided_here_take_no_word_from_jira),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
