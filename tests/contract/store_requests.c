/* The store's contract: requests and their decisions. */
#include "store_scene.h"

static enum result apply(struct scene *scene, const char *request_id, struct request_change change,
                         struct access_request *ret_request)
{
	return DO(scene, request_apply, &jira, request_id, &change, scene->arena, ret_request, &scene->error);
}

static void an_approval_makes_the_grant_its_job_and_its_history_at_once(void **state)
{
	struct scene *scene = *state;
	struct access_request request;
	struct grant_history *history = NULL;
	struct grant grant;
	struct job job;
	size_t count = 0;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	assert_int_equal(request.status, REQUEST_PENDING);
	request = scene_approve(scene, request.request_id, "approval-1");
	assert_int_equal(request.status, REQUEST_APPROVED);
	assert_string_equal(request.decided_by, "account-approver");
	assert_int_equal(request.decided_at, SCENE_START);
	assert_ok(DO(scene, grant_read, request.grant_id, scene->arena, &grant));
	assert_int_equal(grant.status, GRANT_PENDING_PROVISION);
	assert_string_equal(grant.group_id, SCENE_GROUP);
	assert_string_equal(grant.connector_id, "entra");
	assert_string_equal(grant.tenant_id, "33333333-3333-4333-8333-333333333333");
	assert_string_equal(grant.issue_key, "AIC-10042");
	assert_int_equal(grant.duration_days, 90);
	assert_ok(DO(scene, grant_history, grant.grant_id, scene->arena, &history, &count));
	assert_int_equal(count, 1);
	assert_null(history[0].from);
	assert_string_equal(history[0].to, "pendingProvision");
	assert_ok(DO(scene, job_find_of_grant, grant.grant_id, scene->arena, &job));
	assert_int_equal(job.kind, JOB_PROVISION);
	assert_string_equal(job.group_id, SCENE_GROUP);
}

static void an_approval_told_twice_is_one_grant(void **state)
{
	struct scene *scene = *state;
	struct access_request request, again;
	int64_t seq;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	request = scene_approve(scene, request.request_id, "approval-1");
	seq = scene_audit_seq(scene);
	again = scene_approve(scene, request.request_id, "approval-1");
	assert_string_equal(again.grant_id, request.grant_id);
	assert_int_equal(scene_audit_seq(scene), seq);
	assert_int_equal(scene_count_jobs(scene, "provision", NULL), 1);
}

static void a_decided_request_is_not_decided_again(void **state)
{
	struct scene *scene = *state;
	struct access_request request, after;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	assert_ok(apply(scene, request.request_id, (struct request_change){.event = REQUEST_EVENT_DENY}, &after));
	assert_int_equal(after.status, REQUEST_DENIED);
	assert_refused(scene,
	               apply(scene, request.request_id, (struct request_change){.event = REQUEST_EVENT_APPROVE}, &after),
	               RESULT_CONFLICT, "request_already_decided");
	assert_refused(scene, apply(scene, "none", (struct request_change){.event = REQUEST_EVENT_DENY}, &after),
	               RESULT_NOT_FOUND, "not_found");
	assert_int_equal(scene_count_jobs(scene, NULL, NULL), 0);
}

static void a_tool_without_a_group_waits_for_a_person_and_goes_on_when_it_has_one(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	scene_connector(scene, "entra");
	scene_tool(scene, "chat", "entra");
	grant = scene_grant(scene, "chat", "account-1", "10042");
	assert_int_equal(grant.status, GRANT_MANUAL_FOLLOW_UP);
	assert_int_equal(grant.follow_up.action, GRANT_ACTION_PROVISION);
	assert_string_equal(grant.follow_up.code, "group_not_bound");
	assert_int_equal(scene_count_jobs(scene, "provision", NULL), 0);
	assert_int_equal(scene_count_jobs(scene, "writeBack", "queued"), 1);
	assert_refused(scene, scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_RETRY}, &grant),
	               RESULT_CONFLICT, "group_not_bound");
	assert_ok(scene_bind(scene, "chat", SCENE_GROUP, false));
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_RETRY}, &grant));
	assert_int_equal(grant.status, GRANT_PENDING_PROVISION);
	assert_string_equal(grant.group_id, SCENE_GROUP);
	assert_int_equal(grant.follow_up.action, GRANT_ACTION_NONE);
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 1);
}

static void an_approval_used_before_refuses_the_second_request(void **state)
{
	struct scene *scene = *state;
	struct access_request first, second;
	const char **consumed = NULL;

	scene_catalog(scene);
	first = scene_request(scene, "chat", "account-1", "10042");
	(void)scene_approve(scene, first.request_id, "approval-1");
	second = scene_request(scene, "chat", "account-2", "10042");
	second = scene_approve(scene, second.request_id, "approval-1");
	assert_int_equal(second.status, REQUEST_REFUSED);
	assert_string_equal(second.code, "approval_not_verified");
	assert_null(second.grant_id);
	assert_ok(DO(scene, request_consumed, SCENE_SITE, "10042", scene->arena, &consumed));
	assert_string_equal(consumed[0], "approval-1");
	assert_null(consumed[1]);
	assert_ok(DO(scene, request_consumed, SCENE_SITE, "10043", scene->arena, &consumed));
	assert_null(consumed[0]);
	assert_int_equal(scene_count_jobs(scene, "provision", NULL), 1);
	assert_int_equal(scene_count_jobs(scene, "writeBack", NULL), 1);
}

static void a_tool_deleted_meanwhile_turns_the_approval_into_a_refusal(void **state)
{
	struct scene *scene = *state;
	struct access_request request;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	assert_ok(DO(scene, tool_delete, &admin, "chat", 0, &scene->error));
	request = scene_approve(scene, request.request_id, "approval-1");
	assert_int_equal(request.status, REQUEST_REFUSED);
	assert_string_equal(request.code, "tool_unknown");
	assert_non_null(request.reason);
}

static void a_second_request_for_the_same_tool_is_named_a_duplicate(void **state)
{
	struct scene *scene = *state;
	struct access_request value, request;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	value = scene_request_value(scene, "chat", "account-1", NULL);
	assert_refused(scene,
	               DO(scene, request_create, &admin, &value, false, NULL, NULL, scene->arena, &request, &scene->error),
	               RESULT_CONFLICT, "duplicate_request");
	assert_int_equal(DO(scene, request_read, value.request_id, scene->arena, &request), RESULT_NOT_FOUND);
	value = scene_request_value(scene, "chat", "account-1", "10043");
	assert_ok(DO(scene, request_create, &jira, &value, true, NULL, NULL, scene->arena, &request, &scene->error));
	assert_int_equal(request.status, REQUEST_REFUSED);
	assert_string_equal(request.code, "duplicate_request");
	assert_int_equal(scene_count_jobs(scene, "writeBack", "queued"), 1);
}

static void an_open_grant_makes_a_request_a_duplicate_until_its_removal_begins(void **state)
{
	struct scene *scene = *state;
	struct access_request value = {0}, request;
	struct grant grant;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	value = scene_request_value(scene, "chat", "account-1", NULL);
	assert_refused(scene,
	               DO(scene, request_create, &admin, &value, false, NULL, NULL, scene->arena, &request, &scene->error),
	               RESULT_CONFLICT, "duplicate_grant");
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	assert_ok(DO(scene, request_create, &admin, &value, false, NULL, NULL, scene->arena, &request, &scene->error));
}

static void an_issue_has_one_pending_request_and_a_new_round_makes_a_new_one(void **state)
{
	struct scene *scene = *state;
	struct access_request first, value, second, *all = NULL;
	size_t count = 0;

	scene_catalog(scene);
	scene_tool(scene, "other", NULL);
	first = scene_request(scene, "chat", "account-1", "10042");
	value = scene_request_value(scene, "other", "account-1", "10042");
	assert_refused(scene,
	               DO(scene, request_create, &jira, &value, true, NULL, NULL, scene->arena, &second, &scene->error),
	               RESULT_CONFLICT, "request_already_decided");
	assert_ok(apply(scene, first.request_id,
	                (struct request_change){.event = REQUEST_EVENT_CANCEL, .code = "issue_gone"}, &first));
	assert_string_equal(first.code, "issue_gone");
	scene_pass(scene, 5);
	value = scene_request_value(scene, "chat", "account-1", "10042");
	assert_ok(DO(scene, request_create, &jira, &value, true, NULL, NULL, scene->arena, &second, &scene->error));
	assert_ok(DO(scene, request_list_of_issue, SCENE_SITE, "10042", scene->arena, &all, &count));
	assert_int_equal(count, 2);
	assert_string_equal(all[0].request_id, second.request_id);
}

static void a_request_refused_at_once_uses_up_its_approvals_and_tells_jira(void **state)
{
	struct scene *scene = *state;
	static const char *const consumed[] = {"approval-1", "approval-2", NULL};
	struct access_request value = scene_request_value(scene, NULL, "account-1", "10042"), request;
	const char **ids = NULL;

	value.status = REQUEST_REFUSED;
	value.code = "tool_unknown";
	value.reason = "No tool has that name.";
	assert_ok(DO(scene, request_create, &jira, &value, true, consumed, NULL, scene->arena, &request, &scene->error));
	assert_ok(DO(scene, request_consumed, SCENE_SITE, "10042", scene->arena, &ids));
	assert_non_null(ids[1]);
	assert_null(ids[2]);
	assert_int_equal(scene_count_jobs(scene, "writeBack", "queued"), 1);
	assert_int_equal(scene_audit_seq(scene), 2);
}

/* The process may die before the decision follows: then the next look must still find the approval. */
static void an_approval_seen_with_its_request_is_not_lost_before_it_is_carried_out(void **state)
{
	struct scene *scene = *state;
	static const char *const consumed[] = {"approval-1", NULL};
	struct access_request value, request;
	const char **ids = NULL;

	scene_catalog(scene);
	value = scene_request_value(scene, "chat", "account-1", "10042");
	assert_ok(DO(scene, request_create, &jira, &value, true, consumed, NULL, scene->arena, &request, &scene->error));
	assert_int_equal(request.status, REQUEST_PENDING);
	assert_ok(DO(scene, request_consumed, SCENE_SITE, "10042", scene->arena, &ids));
	assert_null(ids[0]);
	request = scene_approve(scene, request.request_id, "approval-1");
	assert_int_equal(request.status, REQUEST_APPROVED);
	assert_ok(DO(scene, request_consumed, SCENE_SITE, "10042", scene->arena, &ids));
	assert_string_equal(ids[0], "approval-1");
}

static void jira_is_not_written_to_when_comments_are_off(void **state)
{
	struct scene *scene = *state;
	struct intake_settings settings, kept;
	struct access_request request;

	scene_catalog(scene);
	scene_no_write_back(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	assert_ok(apply(scene, request.request_id, (struct request_change){.event = REQUEST_EVENT_REFUSE, .code = "x"},
	                &request));
	(void)scene_grant(scene, "chat", "account-2", "10043");
	(void)scene_provision(scene, SCENE_USER);
	assert_int_equal(scene_count_jobs(scene, "writeBack", NULL), 0);
	intake_settings_default(&settings);
	settings.write_back_comment = false;
	settings.transition_on_active = "31";
	assert_ok(DO(scene, intake_write, &admin, &settings, 0, scene->arena, &kept, &scene->error));
	(void)scene_grant(scene, "chat", "account-3", "10044");
	(void)scene_provision(scene, SCENE_GROUP);
	assert_int_equal(scene_count_jobs(scene, "writeBack", NULL), 1);
}

static void an_approval_of_another_issue_with_the_same_number_is_not_taken_for_it(void **state)
{
	struct scene *scene = *state;
	struct access_request first, second;

	scene_catalog(scene);
	first = scene_request(scene, "chat", "account-1", "10042");
	second = scene_request(scene, "chat", "account-2", "10043");
	(void)scene_approve(scene, first.request_id, "1");
	second = scene_approve(scene, second.request_id, "1");
	assert_int_equal(second.status, REQUEST_APPROVED);
}

static void asking_jira_again_does_not_change_what_somebody_is_deciding_upon(void **state)
{
	struct scene *scene = *state;
	struct access_request request, after;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	request.asked_at = SCENE_START + 5;
	assert_ok(DO(scene, request_take_down, &request, &scene->error));
	assert_ok(DO(scene, request_read, request.request_id, scene->arena, &after));
	assert_int_equal(after.version, request.version);
	assert_int_equal(after.asked_at, SCENE_START + 5);
	request.purpose = "something else";
	assert_ok(DO(scene, request_take_down, &request, &scene->error));
	assert_ok(DO(scene, request_read, request.request_id, scene->arena, &after));
	assert_int_equal(after.version, request.version + 1);
}

static void new_facts_count_only_while_the_request_is_pending(void **state)
{
	struct scene *scene = *state;
	struct access_request request, facts, after;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-1", "10042");
	facts = request;
	facts.duration_days = 30;
	facts.asked_at = SCENE_START + 5;
	assert_ok(DO(scene, request_take_down, &facts, &scene->error));
	assert_ok(DO(scene, request_read, request.request_id, scene->arena, &after));
	assert_int_equal(after.duration_days, 30);
	assert_int_equal(after.asked_at, SCENE_START + 5);
	(void)scene_approve(scene, request.request_id, "approval-1");
	facts.duration_days = 3650;
	facts.asked_at = SCENE_START + 9;
	assert_ok(DO(scene, request_take_down, &facts, &scene->error));
	assert_ok(DO(scene, request_read, request.request_id, scene->arena, &after));
	assert_int_equal(after.duration_days, 30);
	assert_int_equal(after.asked_at, SCENE_START + 9);
}

static void the_requests_asked_about_longest_ago_come_first(void **state)
{
	struct scene *scene = *state;
	struct access_request request, *stale = NULL;
	size_t count = 0;

	scene_catalog(scene);
	for (int at = 0; at < 3; at++) {
		char issue[16], account[24];
		snprintf(issue, sizeof(issue), "%d", at);
		snprintf(account, sizeof(account), "account-%d", at);
		request = scene_request(scene, "chat", account, issue);
		request.asked_at = SCENE_START + 100 - at;
		assert_ok(DO(scene, request_take_down, &request, &scene->error));
	}
	(void)scene_request(scene, "chat", "account-9", NULL);
	assert_ok(DO(scene, request_list_stale, SCENE_START + 100, 10, scene->arena, &stale, &count));
	assert_int_equal(count, 2);
	assert_string_equal(stale[0].issue_id, "2");
}

static void a_filtered_list_shows_all_that_fits_and_nothing_else(void **state)
{
	struct scene *scene = *state;
	static const struct request_filter filters[] = {
	    {.status = "approved"},
	    {.tool_id = "chat"},
	    {.account_id = "account-1"},
	    {.issue_key = "AIC-3"},
	    {.tool_id = "chat", .status = "pending"},
	    {.account_id = "account-1", .status = "approved", .tool_id = "chat"},
	    {.account_id = "nobody"},
	    {.account_id = "account-3", .issue_key = "AIC-3", .status = "pending", .tool_id = "other"},
	};
	static const size_t requests[] = {2, 2, 2, 1, 1, 1, 0, 1}, grants[] = {0, 1, 2, 0, 0, 0, 0, 0};
	struct page page = {.limit = 50};

	scene_catalog(scene);
	scene_tool(scene, "other", NULL);
	(void)scene_grant(scene, "chat", "account-1", "1");
	(void)scene_grant(scene, "other", "account-1", "2");
	(void)scene_request(scene, "other", "account-3", "3");
	(void)scene_request(scene, "chat", "account-4", "4");
	for (size_t at = 0; at < ARRAY_SIZE(filters); at++) {
		struct access_request *found = NULL;
		struct grant *held = NULL;
		size_t count = 0;
		const char *next = "unset";
		assert_ok(DO(scene, request_list, &filters[at], &page, scene->arena, &found, &count, &next));
		assert_int_equal(count, requests[at]);
		assert_null(next);
		assert_ok(DO(scene, grant_list, &filters[at], &page, scene->arena, &held, &count, &next));
		assert_int_equal(count, grants[at]);
	}
}

static void a_repeated_filing_is_one_request(void **state)
{
	struct scene *scene = *state;
	struct access_request value, request = {0};
	struct idempotency key = {.principal_id = "p",
	                          .route = "POST /api/v1/requests",
	                          .key = "k",
	                          .request_hash = {1},
	                          .status = 201,
	                          .response = "{}"},
	                   again = key;

	scene_catalog(scene);
	value = scene_request_value(scene, "chat", "account-1", NULL);
	assert_ok(DO(scene, request_create, &admin, &value, false, NULL, &key, scene->arena, &request, &scene->error));
	assert_false(key.replayed);
	value = scene_request_value(scene, "chat", "account-1", NULL);
	assert_ok(DO(scene, request_create, &admin, &value, false, NULL, &again, scene->arena, &request, &scene->error));
	assert_true(again.replayed);
	assert_int_equal(DO(scene, request_read, value.request_id, scene->arena, &request), RESULT_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(an_approval_makes_the_grant_its_job_and_its_history_at_once),
	    scene_test(an_approval_told_twice_is_one_grant),
	    scene_test(a_decided_request_is_not_decided_again),
	    scene_test(a_tool_without_a_group_waits_for_a_person_and_goes_on_when_it_has_one),
	    scene_test(an_approval_used_before_refuses_the_second_request),
	    scene_test(an_approval_of_another_issue_with_the_same_number_is_not_taken_for_it),
	    scene_test(asking_jira_again_does_not_change_what_somebody_is_deciding_upon),
	    scene_test(a_tool_deleted_meanwhile_turns_the_approval_into_a_refusal),
	    scene_test(a_second_request_for_the_same_tool_is_named_a_duplicate),
	    scene_test(an_open_grant_makes_a_request_a_duplicate_until_its_removal_begins),
	    scene_test(an_issue_has_one_pending_request_and_a_new_round_makes_a_new_one),
	    scene_test(a_request_refused_at_once_uses_up_its_approvals_and_tells_jira),
	    scene_test(an_approval_seen_with_its_request_is_not_lost_before_it_is_carried_out),
	    scene_test(jira_is_not_written_to_when_comments_are_off),
	    scene_test(new_facts_count_only_while_the_request_is_pending),
	    scene_test(the_requests_asked_about_longest_ago_come_first),
	    scene_test(a_filtered_list_shows_all_that_fits_and_nothing_else),
	    scene_test(a_repeated_filing_is_one_request),
	};

	return cmocka_run_group_tests_name("store: requests", tests, NULL, NULL);
}
