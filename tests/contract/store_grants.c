/* The store's contract: grants, memberships, and what one user's grants mean to each other. */
#include "store_scene.h"

#define OTHER_USER "33333333-3333-4333-8333-333333333333"

#define CHANGE(...) ((struct grant_change){__VA_ARGS__})

static enum membership_origin origin_of(struct scene *scene, const char *user)
{
	enum membership_origin origin;

	assert_ok(DO(scene, membership_origin, "entra", SCENE_GROUP, user, &origin));
	return origin;
}

static void a_member_is_active_for_the_approved_days_and_jira_is_told_once(void **state)
{
	struct scene *scene = *state;
	struct grant_history *history = NULL;
	struct grant grant;
	size_t count = 0;
	struct job job;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", "10042");
	scene_pass(scene, 5000);
	grant = scene_provision(scene, SCENE_USER);
	assert_int_equal(grant.status, GRANT_ACTIVE);
	assert_string_equal(grant.external_user_id, SCENE_USER);
	assert_int_equal(grant.active_at, SCENE_START + 5000);
	assert_int_equal(grant.expires_at, SCENE_START + 5000 + INT64_C(90) * 86400000);
	assert_false(grant.membership_preexisting);
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_OURS);
	assert_int_equal(scene_count_jobs(scene, "provision", "succeeded"), 1);
	assert_ok(DO(scene, grant_history, grant.grant_id, scene->arena, &history, &count));
	assert_int_equal(count, 2);
	assert_string_equal(history[1].from, "pendingProvision");
	assert_string_equal(history[1].to, "active");
	assert_string_equal(history[1].actor_id, "worker");
	job = scene_claim(scene, JOB_WRITE_BACK);
	assert_string_equal(job.subject, "active");
	assert_string_equal(job.grant_id, grant.grant_id);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_MEMBER), &grant));
	assert_int_equal(scene_count_jobs(scene, "writeBack", NULL), 1);
}

static void a_revoke_takes_the_user_out_and_forgets_the_membership(void **state)
{
	struct scene *scene = *state;
	struct grant grant, *open = NULL;
	size_t count = 0;
	struct job job;

	scene_catalog(scene);
	scene_no_write_back(scene);
	(void)scene_grant(scene, "chat", "account-1", "10042");
	grant = scene_provision(scene, SCENE_USER);
	assert_ok(DO(scene, grant_list_open_of_issue, SCENE_SITE, "10042", scene->arena, &open, &count));
	assert_int_equal(count, 1);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_int_equal(grant.status, GRANT_PENDING_DEPROVISION);
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence), &grant));
	assert_int_equal(grant.status, GRANT_REVOKED);
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_UNKNOWN);
	assert_ok(DO(scene, grant_list_open_of_issue, SCENE_SITE, "10042", scene->arena, &open, &count));
	assert_int_equal(count, 0);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_refused(scene, scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_RETRY), &grant),
	               RESULT_CONFLICT, "conflict");
}

static void an_expiry_ends_as_expired_and_a_revoke_after_it_changes_nothing(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct job job;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	grant = scene_provision(scene, SCENE_USER);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_EXPIRE), &grant));
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_int_equal(grant.ends_as, GRANT_EXPIRED);
	assert_int_equal(scene_count_jobs(scene, "deprovision", NULL), 1);
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence), &grant));
	assert_int_equal(grant.status, GRANT_EXPIRED);
}

static void a_revoke_before_the_provisioning_cancels_it_and_still_removes(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_int_equal(scene_count_jobs(scene, "provision", "cancelled"), 1);
	(void)scene_claim(scene, JOB_DEPROVISION);
}

static void a_removal_that_meets_a_running_provisioning_waits_for_it_and_comes_last(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct job running, job;
	struct job_outcome outcome = {.status = JOB_CANCELLED};

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	running = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_false(scene_claims(scene, &job));
	assert_refused(scene, scene_intend(scene, &running, SCENE_USER, false).result, RESULT_CONFLICT, "lease_lost");
	assert_refused(scene,
	               scene_apply(scene, grant.grant_id,
	                           CHANGE(.event = GRANT_EVENT_MEMBER, .job_id = running.job_id, .fence = running.fence),
	                           &grant),
	               RESULT_CONFLICT, "conflict");
	assert_ok(DO(scene, job_finish, &running, &outcome, &scene->error));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_true(job.fence > running.fence);
}

static void a_user_with_two_grants_stays_until_the_last_one_ends(void **state)
{
	struct scene *scene = *state;
	struct grant first, second;
	bool other = false;
	struct job job;

	scene_catalog(scene);
	scene_tool(scene, "code", "entra");
	assert_ok(scene_bind(scene, "code", SCENE_GROUP, true));
	(void)scene_grant(scene, "chat", "account-1", NULL);
	first = scene_provision(scene, SCENE_USER);
	(void)scene_grant(scene, "code", "account-1", NULL);
	second = scene_provision(scene, SCENE_USER);
	assert_false(second.membership_preexisting);
	assert_ok(DO(scene, grant_other_open, &first, &other));
	assert_true(other);
	assert_ok(scene_apply(scene, first.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &first));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(scene, first.grant_id,
	                      CHANGE(.event = GRANT_EVENT_KEPT, .reason = "kept", .job_id = job.job_id, .fence = job.fence),
	                      &first));
	assert_int_equal(first.status, GRANT_REVOKED);
	assert_string_equal(first.reason, "kept");
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_OURS);
	assert_ok(DO(scene, grant_other_open, &second, &other));
	assert_false(other);
	assert_ok(scene_apply(scene, second.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &second));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_refused(scene,
	               scene_apply(scene, second.grant_id,
	                           CHANGE(.event = GRANT_EVENT_KEPT, .job_id = job.job_id, .fence = job.fence), &second),
	               RESULT_UNAVAILABLE, "unavailable");
	assert_ok(scene_apply(scene, second.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence), &second));
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_UNKNOWN);
}

/* Two grants of one group, of which the second has not found its user yet. */
static void scene_second_to_come(struct scene *scene, struct grant *ret_first, struct grant *ret_second)
{
	scene_catalog(scene);
	scene_tool(scene, "code", "entra");
	assert_ok(scene_bind(scene, "code", SCENE_GROUP, true));
	(void)scene_grant(scene, "chat", "account-1", NULL);
	*ret_first = scene_provision(scene, SCENE_USER);
	*ret_second = scene_grant(scene, "code", "account-1", NULL);
	assert_null(ret_second->external_user_id);
	assert_ok(scene_apply(scene, ret_first->grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), ret_first));
}

static void a_membership_kept_for_a_grant_to_come_ends_with_that_grant(void **state)
{
	struct scene *scene = *state;
	struct grant first, second;
	bool other = false;

	scene_second_to_come(scene, &first, &second);
	assert_ok(DO(scene, grant_other_open, &first, &other));
	assert_true(other);
	assert_ok(scene_apply(scene, first.grant_id, CHANGE(.event = GRANT_EVENT_KEPT), &first));
	assert_ok(DO(scene, grant_read, second.grant_id, scene->arena, &second));
	assert_string_equal(second.external_user_id, SCENE_USER);
}

static void a_grant_that_waits_for_a_person_keeps_nobody_in(void **state)
{
	struct scene *scene = *state;
	struct grant first, second;
	bool other = true;

	scene_second_to_come(scene, &first, &second);
	assert_ok(scene_apply(scene, second.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NEEDS_PERSON, .code = "email_hidden", .reason = "hidden"),
	                      &second));
	assert_ok(DO(scene, grant_other_open, &first, &other));
	assert_false(other);
}

static void a_grant_that_a_mapping_leads_to_somebody_else_keeps_nobody_in(void **state)
{
	struct scene *scene = *state;
	struct identity_mapping mapping = {.mapping_id = scene_new_id(scene),
	                                   .account_id = "account-1",
	                                   .connector_id = "entra",
	                                   .external_id = "99999999-2222-4222-8222-222222222222",
	                                   .note = ""};
	struct grant first, second;
	bool other = true;

	scene_second_to_come(scene, &first, &second);
	assert_ok(DO(scene, mapping_create, &admin, &mapping, NULL, scene->arena, &scene->error));
	assert_ok(DO(scene, grant_other_open, &first, &other));
	assert_false(other);
}

static void two_grants_that_end_together_do_not_keep_each_other(void **state)
{
	struct scene *scene = *state;
	struct grant first, second;
	bool other = true;

	scene_catalog(scene);
	scene_tool(scene, "code", "entra");
	assert_ok(scene_bind(scene, "code", SCENE_GROUP, true));
	(void)scene_grant(scene, "chat", "account-1", NULL);
	first = scene_provision(scene, SCENE_USER);
	(void)scene_grant(scene, "code", "account-1", NULL);
	second = scene_provision(scene, SCENE_USER);
	assert_ok(scene_apply(scene, first.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &first));
	assert_ok(scene_apply(scene, second.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &second));
	assert_ok(DO(scene, grant_other_open, &first, &other));
	assert_false(other);
	assert_ok(DO(scene, grant_other_open, &second, &other));
	assert_false(other);
}

static void a_new_approval_sees_the_removal_that_is_under_way(void **state)
{
	struct scene *scene = *state;
	struct grant first, second;
	bool removing = true;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	first = scene_provision(scene, SCENE_USER);
	assert_ok(DO(scene, grant_removal_under_way, &first, SCENE_USER, &removing));
	assert_false(removing);
	assert_ok(scene_apply(scene, first.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &first));
	second = scene_grant(scene, "chat", "account-1", NULL);
	assert_ok(DO(scene, grant_removal_under_way, &second, NULL, &removing));
	assert_true(removing);
}

static void a_user_who_was_there_before_us_is_not_removed_without_a_word(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct job job;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", "10042");
	job = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(scene_intend(scene, &job, SCENE_USER, true).origin, MEMBERSHIP_PREEXISTING);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_MEMBER, .job_id = job.job_id, .fence = job.fence), &grant));
	assert_true(grant.membership_preexisting);
	scene_no_write_back(scene);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NOT_OURS, .code = "membership_not_ours", .reason = "r",
	                             .job_id = job.job_id, .fence = job.fence),
	                      &grant));
	assert_int_equal(grant.status, GRANT_MANUAL_FOLLOW_UP);
	assert_int_equal(grant.follow_up.action, GRANT_ACTION_DEPROVISION);
	assert_int_equal(scene_count_jobs(scene, "deprovision", "manualFollowUp"), 1);
	assert_ok(
	    scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_KEPT_BY_HAND, .reason = "they asked"), &grant));
	assert_int_equal(grant.status, GRANT_REVOKED);
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_UNKNOWN);
}

static void a_write_that_may_have_happened_is_ours_after_a_crash(void **state)
{
	struct scene *scene = *state;
	struct job job;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(scene_intend(scene, &job, SCENE_USER, false).origin, MEMBERSHIP_OURS);
	scene_reopen(scene);
	scene_pass(scene, SCENE_LEASE + 1);
	job = scene_claim(scene, JOB_PROVISION);
	assert_int_equal(job.attempts, 2);
	assert_int_equal(scene_intend(scene, &job, SCENE_USER, true).origin, MEMBERSHIP_OURS);
}

/* "Nothing was sent" is true until something is about to be sent: whatever becomes of that, the next attempt must not
 * take who it finds in the group for somebody else's. */
static void a_write_after_one_that_was_never_sent_is_ours_after_a_crash(void **state)
{
	struct scene *scene = *state;
	struct membership_intent intent;
	struct job job, kept;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_intend(scene, &job, SCENE_USER, false).result);
	assert_ok(DO(scene, job_save_progress, &job, "{\"unsent\":true}", &scene->error));
	intent = (struct membership_intent){.grant_id = job.grant_id,
	                                    .job_id = job.job_id,
	                                    .fence = job.fence,
	                                    .external_user_id = SCENE_USER,
	                                    .never_sent = true};
	DO(scene, grant_intend_memberships, &intent, 1, scene->arena);
	assert_ok(intent.result);
	assert_int_equal(intent.before, MEMBERSHIP_UNKNOWN);
	assert_int_equal(intent.origin, MEMBERSHIP_OURS);
	assert_ok(DO(scene, job_read, job.job_id, scene->arena, &kept));
	assert_null(kept.progress);
}

static void one_who_turns_out_to_have_been_there_is_no_longer_taken_for_ours(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct job job;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_intend(scene, &job, SCENE_USER, false).result);
	assert_refused(
	    scene, DO(scene, grant_mark_preexisting, grant.grant_id, job.job_id, job.fence + 1, SCENE_USER, &scene->error),
	    RESULT_CONFLICT, "lease_lost");
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_OURS);
	/* A revoke that comes in between must not take them out either. */
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_ok(DO(scene, grant_mark_preexisting, grant.grant_id, job.job_id, job.fence, SCENE_USER, &scene->error));
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_PREEXISTING);
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_true(grant.membership_preexisting);
	assert_int_equal(grant.status, GRANT_PENDING_DEPROVISION);
}

static void who_needs_a_person_is_shown_with_candidates_and_goes_on_when_resolved(void **state)
{
	struct scene *scene = *state;
	struct identity_mapping mapping;
	struct grant grant;
	struct job job;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", "10042");
	job = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NEEDS_PERSON, .code = "user_ambiguous", .reason = "Two answer.",
	                             .candidates = "[{\"objectId\":\"x\"}]", .job_id = job.job_id, .fence = job.fence,
	                             .detail = "{\"requestId\":\"graph-1\"}"),
	                      &grant));
	assert_int_equal(grant.status, GRANT_MANUAL_FOLLOW_UP);
	assert_string_equal(grant.follow_up.candidates, "[{\"objectId\":\"x\"}]");
	assert_int_equal(grant.follow_up.since, SCENE_START);
	job = scene_claim(scene, JOB_WRITE_BACK);
	assert_string_equal(job.subject, "needsPerson");
	assert_refused(scene, scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_RESOLVE_USER), &grant),
	               RESULT_INVALID, "validation_failed");
	assert_ok(scene_apply(
	    scene, grant.grant_id,
	    CHANGE(.event = GRANT_EVENT_RESOLVE_USER, .external_user_id = SCENE_USER, .save_mapping = true), &grant));
	assert_int_equal(grant.status, GRANT_PENDING_PROVISION);
	assert_string_equal(grant.external_user_id, SCENE_USER);
	assert_ok(DO(scene, mapping_find, "account-1", "entra", scene->arena, &mapping));
	assert_string_equal(mapping.external_id, SCENE_USER);
	assert_null(mapping.resolved_object_id); /* not until it was used or checked */
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 1);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_RESOLVE_USER, .external_user_id = SCENE_USER), &grant));
	assert_refused(scene,
	               scene_apply(scene, grant.grant_id,
	                           CHANGE(.event = GRANT_EVENT_RESOLVE_USER, .external_user_id = OTHER_USER), &grant),
	               RESULT_CONFLICT, "conflict");
}

static void a_removal_does_not_go_on_with_somebody_else(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	grant = scene_provision(scene, SCENE_USER);
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NEEDS_PERSON, .code = "graph_error", .reason = "r"), &grant));
	assert_int_equal(grant.follow_up.action, GRANT_ACTION_DEPROVISION);
	assert_refused(scene,
	               scene_apply(scene, grant.grant_id,
	                           CHANGE(.event = GRANT_EVENT_RESOLVE_USER, .external_user_id = OTHER_USER), &grant),
	               RESULT_CONFLICT, "conflict");
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_OURS);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_RESOLVE_USER, .external_user_id = SCENE_USER), &grant));
	assert_int_equal(grant.status, GRANT_PENDING_DEPROVISION);
}

static void each_follow_up_is_told_once_and_the_end_once(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", "10042");
	grant = scene_provision(scene, SCENE_USER);
	for (int round = 0; round < 2; round++) {
		assert_ok(scene_apply(scene, grant.grant_id,
		                      CHANGE(.event = GRANT_EVENT_MEMBER_LOST, .code = "membership_removed_outside"), &grant));
		assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_UNKNOWN);
		assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_RETRY), &grant));
		assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_MEMBER), &grant));
	}
	assert_int_equal(grant.active_at, SCENE_START);
	assert_int_equal(scene_count_jobs(scene, "writeBack", NULL), 3); /* active once, two follow-ups */
	assert_int_equal(scene_count_jobs(scene, "provision", "cancelled"), 2);
}

static void a_grant_stays_where_it_was_pinned_when_the_tool_changes(void **state)
{
	struct scene *scene = *state;
	struct tool tool = scene_tool_value("chat", "entra"), kept;
	struct grant grant;
	struct job job;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	tool.name = "Renamed";
	tool.max_duration_days = 1;
	assert_ok(DO(scene, tool_update, &admin, &tool, 0, scene->arena, &kept, &scene->error));
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence), &grant));
	assert_ok(DO(scene, tool_delete, &admin, "chat", 0, &scene->error));
	assert_ok(DO(scene, connector_delete, &admin, "entra", 0, &scene->error));
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_string_equal(grant.tool_id, "chat");
	assert_string_equal(grant.connector_id, "entra");
	assert_string_equal(grant.group_id, SCENE_GROUP);
}

static void a_provision_follow_up_can_be_closed_as_not_granted(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	scene_connector(scene, "entra");
	scene_tool(scene, "chat", "entra");
	grant = scene_grant(scene, "chat", "account-1", "10042");
	assert_refused(scene, scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REMOVED_BY_HAND), &grant),
	               RESULT_CONFLICT, "conflict");
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_NOT_GRANTED, .reason = "left"), &grant));
	assert_int_equal(grant.status, GRANT_NOT_GRANTED);
	assert_string_equal(grant.reason, "left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(a_member_is_active_for_the_approved_days_and_jira_is_told_once),
	    scene_test(a_revoke_takes_the_user_out_and_forgets_the_membership),
	    scene_test(an_expiry_ends_as_expired_and_a_revoke_after_it_changes_nothing),
	    scene_test(a_revoke_before_the_provisioning_cancels_it_and_still_removes),
	    scene_test(a_removal_that_meets_a_running_provisioning_waits_for_it_and_comes_last),
	    scene_test(a_user_with_two_grants_stays_until_the_last_one_ends),
	    scene_test(a_membership_kept_for_a_grant_to_come_ends_with_that_grant),
	    scene_test(a_grant_that_waits_for_a_person_keeps_nobody_in),
	    scene_test(a_grant_that_a_mapping_leads_to_somebody_else_keeps_nobody_in),
	    scene_test(two_grants_that_end_together_do_not_keep_each_other),
	    scene_test(a_new_approval_sees_the_removal_that_is_under_way),
	    scene_test(a_user_who_was_there_before_us_is_not_removed_without_a_word),
	    scene_test(a_write_that_may_have_happened_is_ours_after_a_crash),
	    scene_test(a_write_after_one_that_was_never_sent_is_ours_after_a_crash),
	    scene_test(one_who_turns_out_to_have_been_there_is_no_longer_taken_for_ours),
	    scene_test(who_needs_a_person_is_shown_with_candidates_and_goes_on_when_resolved),
	    scene_test(a_removal_does_not_go_on_with_somebody_else),
	    scene_test(each_follow_up_is_told_once_and_the_end_once),
	    scene_test(a_grant_stays_where_it_was_pinned_when_the_tool_changes),
	    scene_test(a_provision_follow_up_can_be_closed_as_not_granted),
	};

	return cmocka_run_group_tests_name("store: grants", tests, NULL, NULL);
}
