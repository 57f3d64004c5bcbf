/* Mode status: in plain Jira a transition decides, and who made it. */
#include "decision_scene.h"

#define SCENE(name)                                                                                                    \
	_cleanup_(scene_end) struct scene name##_;                                                                         \
	struct scene *name = &name##_;                                                                                     \
	(void)state;                                                                                                       \
	scene_begin(name, "status");                                                                                       \
	name->list[0] = "max";                                                                                             \
	name->list[1] = "eva";                                                                                             \
	name->settings.allowed_authors = name->list

static void a_transition_by_an_allowed_author_grants(void **state)
{
	SCENE(s);
	struct issue_change *change = scene_transition(s, "h1", "max", AT(20), "Approved");
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	assert_string_equal(s->decision.decided_by, "max");
	assert_int_equal(s->decision.decided_at, AT(20));
	assert_int_equal(s->decision.round_started_at, AT(20));
	EXPECT_CONSUMED(s, "h1");
	change->to_text = "Genehmigt"; /* by id, whatever it is called */
	change->to = "10001";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
}

static void a_transition_elsewhere_decides_nothing(void **state)
{
	SCENE(s);
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
	scene_transition(s, "h1", "max", AT(20), "In Progress");
	scene_transition(s, "h2", "max", AT(21), "approved"); /* names are exact */
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
	assert_null(s->decision.consumed[0]);
}

static void approvals_of_jsm_do_not_count_in_plain_jira(void **state)
{
	SCENE(s);
	scene_approval(s, "1", APPROVAL_APPROVED, "max", AT(10), AT(20));
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
}

static void a_status_moved_by_somebody_else_grants_nothing(void **state)
{
	SCENE(s);
	struct issue_change *change = scene_transition(s, "h1", "mallory", AT(20), "Approved");
	scene_expect_refused(s, "approval_not_verified");
	EXPECT_CONSUMED(s, "h1");
	change->author_account_id = NULL;
	scene_expect_refused(s, "approval_not_verified");
	change->author_account_id = "max";
	s->list[0] = NULL; /* nobody is allowed */
	scene_expect_refused(s, "approval_not_verified");
}

static void moving_ones_own_issue_grants_nothing(void **state)
{
	SCENE(s);
	scene_transition(s, "h1", "max", AT(20), "Approved");
	s->issue.reporter = "max";
	scene_expect_refused(s, "self_approval");
	s->issue.reporter = "ann";
	s->issue.beneficiary = "max";
	scene_expect_refused(s, "self_approval");
}

static void the_latest_word_counts(void **state)
{
	SCENE(s);
	scene_transition(s, "h1", "max", AT(20), "Approved");
	scene_transition(s, "h2", "eva", AT(30), "Declined");
	assert_int_equal(scene_outcome(s), DECISION_DENIED);
	assert_string_equal(s->decision.decided_by, "eva");
	EXPECT_CONSUMED(s, "h1", "h2");
	scene_transition(s, "h3", "eva", AT(40), "Approved");
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	assert_int_equal(s->decision.decided_at, AT(40));
	EXPECT_CONSUMED(s, "h1", "h2", "h3");
}

static void anybody_may_deny(void **state)
{
	SCENE(s);
	scene_transition(s, "h1", "mallory", AT(20), "Declined");
	assert_int_equal(scene_outcome(s), DECISION_DENIED);
}

static void a_used_transition_and_all_before_it_grant_nothing_again(void **state)
{
	SCENE(s);
	scene_transition(s, "h1", "max", AT(20), "Approved");
	scene_transition(s, "h2", "eva", AT(30), "Declined");
	scene_consumed(s, "h2");
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND); /* h1 is older than the denial that was acted upon */
	scene_transition(s, "h3", "max", AT(40), "Approved");
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	scene_consumed(s, "h3");
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
}

static void a_change_after_the_transition_grants_nothing(void **state)
{
	static const char *const fields[] = {"customfield_10050", "customfield_10052", "reporter"};
	for (size_t at = 0; at < ARRAY_SIZE(fields); at++) {
		SCENE(s);
		scene_transition(s, "h1", "max", AT(20), "Approved");
		struct issue_change *change = scene_change(s, "h2", "ann", AT(20) + 1, fields[at]);
		scene_expect_refused(s, "approval_not_verified");
		change->at = AT(20); /* in the same instant, but after it */
		scene_expect_refused(s, "approval_not_verified");
		change->history_id = "h1"; /* on the approver's own transition screen */
		assert_int_equal(scene_outcome(s), DECISION_APPROVED);
		change->history_id = "h0";
		change->at = AT(19);
		assert_int_equal(scene_outcome(s), DECISION_APPROVED);
	}
}

static void what_was_taken_down_after_the_transition_must_still_hold(void **state)
{
	SCENE(s);
	scene_transition(s, "h1", "max", AT(20), "Approved");
	s->input.taken_at = AT(21);
	s->input.taken_tool_text = "claude";
	s->input.taken_duration_text = "90";
	s->input.taken_beneficiary = "ann";
	scene_expect_refused(s, "approval_not_verified");
	s->input.taken_at = AT(5);
	assert_int_equal(scene_outcome(s), DECISION_APPROVED);
}

static void a_custom_field_called_status_moves_nothing(void **state)
{
	SCENE(s);
	struct issue_change *change = scene_transition(s, "h1", "max", AT(20), "Approved");
	change->field_id = NULL;
	change->field = "Status";
	assert_int_equal(scene_outcome(s), DECISION_APPROVED); /* an old entry without ids */
	change->custom = true;
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
	change->field_id = "customfield_666";
	change->field = "status";
	assert_int_equal(scene_outcome(s), DECISION_NO_ROUND);
}

static void a_transition_that_jira_does_not_identify_grants_nothing(void **state)
{
	SCENE(s);
	struct issue_change *change = scene_transition(s, NULL, "max", AT(20), "Approved");
	scene_expect_refused(s, "approval_not_verified");
	change->history_id = "h1";
	change->at = 0;
	scene_expect_refused(s, "approval_not_verified");
	change->at = AT(20);
	s->issue.beneficiary = NULL;
	scene_expect_refused(s, "approval_not_verified");
}

static void a_status_in_both_lists_denies(void **state)
{
	SCENE(s);
	s->settings.denied_statuses = scene_approved;
	scene_transition(s, "h1", "max", AT(20), "Approved");
	assert_int_equal(scene_outcome(s), DECISION_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_transition_by_an_allowed_author_grants),
	    cmocka_unit_test(a_transition_elsewhere_decides_nothing),
	    cmocka_unit_test(approvals_of_jsm_do_not_count_in_plain_jira),
	    cmocka_unit_test(a_status_moved_by_somebody_else_grants_nothing),
	    cmocka_unit_test(moving_ones_own_issue_grants_nothing),
	    cmocka_unit_test(the_latest_word_counts),
	    cmocka_unit_test(anybody_may_deny),
	    cmocka_unit_test(a_used_transition_and_all_before_it_grant_nothing_again),
	    cmocka_unit_test(a_change_after_the_transition_grants_nothing),
	    cmocka_unit_test(what_was_taken_down_after_the_transition_must_still_hold),
	    cmocka_unit_test(a_custom_field_called_status_moves_nothing),
	    cmocka_unit_test(a_transition_that_jira_does_not_identify_grants_nothing),
	    cmocka_unit_test(a_status_in_both_lists_denies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
