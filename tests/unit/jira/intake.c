/* From Jira's word to a request, a grant, a removal. */
#include "intake_stage.h"

static void an_approval_in_jira_gives_one_grant_however_often_it_is_told(void **state)
{
	struct world *w = *state;
	jira_says(w, "Waiting", "chat", "", "");
	run(w);
	assert_newest(w, 1, REQUEST_PENDING, NULL);
	jira_says(w, "Waiting", "chat", approval("1", 6, "pending", "boss"), "");
	run(w);
	assert_newest(w, 1, REQUEST_PENDING, NULL);
	jira_says(w, "Approved", "chat", approval("1", 6, "approved", "boss"), "");
	run(w);
	assert_newest(w, 1, REQUEST_APPROVED, NULL);
	struct access_request request = newest(w);
	assert_string_equal(request.decided_by, "boss");
	assert_int_equal(request.duration_days, 30);
	assert_string_equal(request.account_id, "kim");
	assert_non_null(request.decision);
	for (int i = 0; i < 3; i++)
		run(w);
	assert_newest(w, 1, REQUEST_APPROVED, NULL);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 1);
}

static void an_approval_seen_only_when_all_is_over_gives_the_grant(void **state)
{
	struct world *w = *state;
	jira_says(w, "Approved", "chat", approval("1", 1, "approved", "boss"), "");
	run(w);
	assert_newest(w, 1, REQUEST_APPROVED, NULL);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 1);
}

static void a_second_stage_that_is_pending_holds_the_grant_back(void **state)
{
	struct world *w = *state;
	const char *first = approval("1", 1, "approved", "boss");
	jira_says(w, "Approved", "chat", both(first, approval("2", 2, "pending", "risk")), "");
	run(w);
	assert_newest(w, 1, REQUEST_PENDING, NULL);
	jira_says(w, "Approved", "chat", both(first, approval("2", 2, "approved", "risk")), "");
	run(w);
	assert_newest(w, 1, REQUEST_APPROVED, NULL);
}

static void a_status_moved_by_hand_is_no_approval(void **state)
{
	struct world *w = *state;
	static const char moved[] = "{\"id\":\"5\",\"author\":{\"accountId\":\"boss\"},\"created\":\"2025-11-23T08:01:00."
	                            "000+0000\",\"items\":[{\"field\":"
	                            "\"status\",\"fieldId\":\"status\",\"to\":\"9\",\"toString\":\"Approved\"}]}";
	jira_says(w, "Approved", "chat", "", moved);
	run(w);
	assert_newest(w, 1, REQUEST_PENDING, NULL);
	jira_says(w, "Approved", "chat", approval("1", 6, "declined", "boss"), moved);
	run(w);
	run(w);
	assert_newest(w, 1, REQUEST_DENIED, NULL);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 0);
}

static void reopened_and_approved_again_is_granted(void **state)
{
	struct world *w = *state;
	const char *declined = approval("1", 1, "declined", "boss");
	jira_says(w, "Declined", "chat", declined, "");
	run(w);
	assert_newest(w, 1, REQUEST_DENIED, NULL);
	jira_says(w, "Approved", "chat", both(declined, approval("2", 7, "approved", "boss")), "");
	run(w);
	assert_newest(w, 2, REQUEST_APPROVED, NULL);
}

static void an_approval_of_oneself_is_refused_once(void **state)
{
	struct world *w = *state;
	jira_says(w, "Approved", "chat", approval("1", 1, "approved", "kim"), "");
	for (int i = 0; i < 3; i++)
		run(w);
	assert_newest(w, 1, REQUEST_REFUSED, "self_approval");
	assert_int_equal(scene_count_jobs(w->scene, "writeBack", NULL), 1);
}

static void a_tool_changed_after_the_round_began_is_refused(void **state)
{
	struct world *w = *state;
	scene_tool(w->scene, "other", "entra");
	jira_says(w, "Waiting", "other", approval("1", 1, "pending", "boss"), "");
	run(w);
	jira_says(w, "Approved", "chat", approval("1", 1, "approved", "boss"),
	          "{\"id\":\"5\",\"created\":\"2025-11-23T08:01:10.000+0000\",\"items\":[{\"field\":\"Tool\",\"fieldId\":"
	          "\"customfield_10050\",\"fieldtype\":\"custom\",\"from\":\"1\",\"to\":\"2\"}]}");
	run(w);
	run(w);
	assert_newest(w, 1, REQUEST_REFUSED, "approval_not_verified");
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 0);
}

static void a_tool_corrected_before_the_round_is_what_is_granted(void **state)
{
	struct world *w = *state;
	scene_tool(w->scene, "other", "entra");
	jira_says(w, "Waiting", "other", "", "");
	run(w);
	assert_string_equal(newest(w).tool_id, "other");
	static const char corrected[] =
	    "{\"id\":\"5\",\"created\":\"2025-11-23T08:06:00.000+0000\",\"items\":[{\"field\":\"Tool\",\"fieldId\":"
	    "\"customfield_10050\",\"fieldtype\":\"custom\",\"from\":\"1\",\"to\":\"2\"}]}";
	/* The correction, the round and its end come in one glance. */
	jira_says(w, "Approved", "chat", approval("1", 7, "approved", "boss"), corrected);
	run(w);
	assert_newest(w, 1, REQUEST_APPROVED, NULL);
	assert_string_equal(newest(w).tool_id, "chat");
}

static void a_refusal_is_told_once_until_the_issue_asks_for_something_else(void **state)
{
	struct world *w = *state;
	jira_says(w, "Waiting", "unheard-of", "", "");
	run(w);
	assert_newest(w, 1, REQUEST_REFUSED, "tool_unknown");
	run(w);
	jira_says(w, "Waiting", "unheard-of", approval("1", 6, "pending", "boss"), "");
	run(w);
	run(w);
	assert_newest(w, 1, REQUEST_REFUSED, "tool_unknown");
	assert_int_equal(scene_count_jobs(w->scene, "writeBack", NULL), 1);
	jira_says(w, "Waiting", "chat", approval("1", 6, "pending", "boss"), "");
	run(w);
	assert_newest(w, 2, REQUEST_PENDING, NULL);
}

static void a_duplicate_is_refused_and_its_approval_never_comes_back(void **state)
{
	struct world *w = *state;
	struct grant grant = scene_grant(w->scene, "chat", "kim", NULL);
	jira_says(w, "Waiting", "chat", "", "");
	run(w);
	run(w);
	assert_newest(w, 1, REQUEST_REFUSED, "duplicate_grant");
	jira_says(w, "Approved", "chat", approval("1", 20, "approved", "boss"), "");
	run(w);
	assert_int_equal(newest(w).status, REQUEST_REFUSED);
	struct access_request *list = NULL;
	size_t count = requests(w, &list);
	assert_ok(scene_apply(w->scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	run(w);
	run(w);
	assert_newest(w, count, REQUEST_REFUSED, "duplicate_grant");
}

static void what_a_person_cancelled_is_not_opened_again_by_the_same_round(void **state)
{
	struct world *w = *state;
	jira_says(w, "Waiting", "chat", approval("1", 1, "pending", "boss"), "");
	run(w);
	const struct request_change change = {.event = REQUEST_EVENT_CANCEL};
	struct access_request cancelled;
	assert_ok(DO(w->scene, request_apply, &admin, newest(w).request_id, &change, w->scene->arena, &cancelled,
	             &w->scene->error));
	jira_says(w, "Approved", "chat", approval("1", 1, "approved", "boss"), "");
	run(w);
	assert_newest(w, 1, REQUEST_CANCELLED, NULL);
	jira_says(w, "Approved", "chat", both(approval("1", 1, "approved", "boss"), approval("2", 40, "approved", "boss")),
	          "");
	run(w);
	assert_newest(w, 2, REQUEST_APPROVED, NULL);
}

static void a_revoked_status_takes_access_away_and_buries_what_was_not_seen(void **state)
{
	struct world *w = *state;
	const char *approved = approval("1", 1, "approved", "boss");
	jira_says(w, "Approved", "chat", approved, "");
	run(w);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 1);
	static const char moved[] = "{\"id\":\"5\",\"author\":{\"accountId\":\"agent\"},\"created\":\"2025-11-23T08:06:00."
	                            "000+0000\",\"items\":[{\"field\":"
	                            "\"status\",\"fieldId\":\"status\",\"to\":\"9\",\"toString\":\"Access removed\"}]}";
	const char *two = both(approved, approval("2", 6, "approved", "boss"));
	jira_says(w, "Access removed", "chat", two, moved);
	run(w);
	assert_int_equal(grants(w, GRANT_PENDING_DEPROVISION), 1);
	run(w);
	assert_newest(w, 2, REQUEST_CANCELLED, NULL);
	jira_says(w, "Approved", "chat", two, moved);
	run(w);
	assert_newest(w, 2, REQUEST_CANCELLED, NULL);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 0);
}

static void an_issue_that_is_gone_ends_its_pending_request(void **state)
{
	struct world *w = *state;
	jira_says(w, "Waiting", "chat", "", "");
	run(w);
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 404, "{}");
	run(w);
	assert_newest(w, 1, REQUEST_CANCELLED, "issue_gone");
}

static void the_console_decides_what_it_showed_and_nothing_else(void **state)
{
	struct world *w = *state;
	scene_tool(w->scene, "other", "entra");
	settings_write(w, "console");
	jira_says(w, "Approved", "chat", approval("1", 1, "approved", "boss"), "");
	run(w);
	assert_newest(w, 1, REQUEST_PENDING, NULL);
	jira_says(w, "Approved", "other", approval("1", 1, "approved", "boss"), "");
	run(w);
	run(w);
	assert_newest(w, 2, REQUEST_PENDING, NULL);
	assert_string_equal(newest(w).tool_id, "other");
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 0);
}

static void event_add(struct world *w, char event_id[37])
{
	struct inbox_event event = {.event_id = scene_new_id(w->scene),
	                            .source = "jira",
	                            .issue_id = "10042",
	                            .issue_key = "AIC-7",
	                            .status = "received"};
	memset(event.body_hash, 7, sizeof(event.body_hash));
	assert_ok(DO(w->scene, inbox_add, &event, event_id, &w->scene->error));
}

static struct inbox_event event_read(struct world *w, const char *event_id)
{
	struct inbox_event event = {0};
	assert_ok(DO(w->scene, inbox_read, event_id, w->scene->arena, &event));
	return event;
}

static void an_event_waits_while_jira_is_away_and_is_settled_once(void **state)
{
	struct world *w = *state;
	char event_id[37];
	event_add(w, event_id);
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 503, "{}");
	assert_int_equal(run_event(w, event_id, 1), JOB_WAITING);
	assert_string_equal(w->attempt.outcome.error_code, "jira_unavailable");
	assert_string_equal(event_read(w, event_id).status, "received");
	canned_add(&server, "GET", ISSUE, 401, "{}");
	assert_int_equal(run_event(w, event_id, 2), JOB_WAITING);
	assert_string_equal(w->attempt.outcome.error_code, "jira_denied");
	jira_says(w, "Waiting", "chat", "", "");
	assert_int_equal(run_event(w, event_id, 3), JOB_SUCCEEDED);
	assert_string_equal(event_read(w, event_id).status, "processed");
	assert_string_equal(event_read(w, event_id).request_id, newest(w).request_id);
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 404, "{}");
	assert_int_equal(run_event(w, event_id, 4), JOB_SUCCEEDED);
	assert_null(event_read(w, event_id).code);
}

static void an_issue_of_another_project_is_ignored_by_name(void **state)
{
	struct world *w = *state;
	char event_id[37];
	event_add(w, event_id);
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 200, "{\"id\":\"10042\",\"key\":\"HR-7\",\"fields\":{}}");
	assert_int_equal(run_event(w, event_id, 1), JOB_SUCCEEDED);
	assert_string_equal(event_read(w, event_id).status, "ignored");
	assert_string_equal(event_read(w, event_id).code, "project_not_configured");
	struct access_request *list = NULL;
	assert_int_equal(requests(w, &list), 0);
}

static bool confirm(struct world *w)
{
	const struct job job = {.job_id = "x", .kind = JOB_PROVISION, .attempts = 1};
	const struct job_context context = {.options = &w->options, .job = &job, .arena = w->scene->arena};
	const struct access_request request = newest(w);
	bool holds = false;
	assert_ok(intake_confirm(&context, &request, &holds, &w->scene->error));
	return holds;
}

static void a_word_that_jira_took_back_is_noticed_before_the_write(void **state)
{
	struct world *w = *state;
	const char *approved = approval("1", 1, "approved", "boss");
	jira_says(w, "Approved", "chat", approved, "");
	run(w);
	assert_true(confirm(w));
	assert_int_equal(newest(w).asked_at, clock_now_ms(w->options.clock));
	jira_says(w, "Approved", "chat", both(approved, approval("2", 9, "declined", "boss")), "");
	assert_false(confirm(w));
	jira_says(w, "Approved", "chat", approval("1", 1, "pending", "boss"), "");
	assert_false(confirm(w));
	jira_says(w, "Approved", "chat", "", "");
	assert_false(confirm(w));
	jira_says(w, "Approved", "other", approved, "");
	assert_false(confirm(w));
	jira_says(w, "Access removed", "chat", approved, "");
	assert_false(confirm(w));
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 404, "{}");
	assert_false(confirm(w));
}

/* What the issue showed at first glance; from the second on it shows what jira_says() told. */
static void showed_first(struct world *w, const char *tool)
{
	static char first[2048];
	const char *at = strstr(w->issue, "\"chat\"");
	assert_non_null(at);
	snprintf(first, sizeof(first), "%.*s\"%s\"%s", (int)(at - w->issue), w->issue, tool, at + strlen("\"chat\""));
	server.answers[0].body = first;
	server.answers[0].again = false;
	canned_add(&server, "GET", ISSUE, 200, w->issue)->again = true;
}

static void an_issue_edited_while_it_is_read_gives_what_was_approved(void **state)
{
	struct world *w = *state;
	scene_tool(w->scene, "other", "entra");
	jira_says(w, "Approved", "chat", approval("1", 1, "approved", "boss"), "");
	showed_first(w, "other");
	run(w);
	assert_newest(w, 1, REQUEST_APPROVED, NULL);
	assert_string_equal(newest(w).tool_id, "chat");
}

static const char *moved(const char *id, const char *at, const char *to, const char *author)
{
	static char texts[4][400];
	static int next;
	char *text = texts[next++ % 4];
	snprintf(text, sizeof(texts[0]),
	         "{\"id\":\"%s\",\"author\":{\"accountId\":\"%s\"},\"created\":\"2025-11-23T%s.000+0000\",\"items\":[{"
	         "\"field\":\"status\",\"fieldtype\":\"jira\",\"to\":\"x\",\"toString\":\"%s\"}]}",
	         id, author, at, to);
	return text;
}

static void a_transition_about_another_tool_is_not_taken_for_this_one(void **state)
{
	struct world *w = *state;
	static const char *const approved[] = {"Approved", NULL}, *const authors[] = {"boss", NULL};
	struct intake_settings settings, kept;
	scene_tool(w->scene, "other", "entra");
	assert_ok(DO(w->scene, intake_read, w->scene->arena, &settings));
	settings.approval = "status";
	settings.approved_statuses = approved;
	settings.allowed_authors = authors;
	assert_ok(DO(w->scene, intake_write, &admin, &settings, 0, w->scene->arena, &kept, &w->scene->error));
	jira_says(w, "Approved", "chat", "", moved("5", "08:01:00", "Approved", "boss"));
	showed_first(w, "other");
	run(w);
	assert_newest(w, 1, REQUEST_APPROVED, NULL);
	assert_string_equal(newest(w).tool_id, "chat");
}

static void a_revoked_status_counts_though_the_issue_has_moved_on(void **state)
{
	struct world *w = *state;
	const char *approved = approval("1", 1, "approved", "boss");
	const char *before = moved("4", "08:00:30", "Access removed", "boss");
	jira_says(w, "Approved", "chat", approved, before);
	run(w);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 1); /* what was before the approval is over */
	run(w);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 1);
	assert_true(confirm(w));
	jira_says(w, "Closed", "chat", approved, moved("6", "08:20:00", "Access removed", "boss"));
	assert_false(confirm(w));
	run(w);
	assert_int_equal(grants(w, GRANT_PENDING_DEPROVISION), 1);
	/* And a new round gives access anew. */
	jira_says(w, "Approved", "chat", both(approved, approval("2", 30, "approved", "boss")),
	          moved("6", "08:20:00", "Access removed", "boss"));
	run(w);
	run(w);
	assert_newest(w, 2, REQUEST_APPROVED, NULL);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 1);
}

static void access_approved_and_taken_away_before_we_looked_is_not_given(void **state)
{
	struct world *w = *state;
	const char *passed = moved("6", "08:20:00", "Access removed", "boss");
	jira_says(w, "Closed", "chat", approval("1", 1, "approved", "boss"), passed);
	run(w);
	run(w);
	assert_newest(w, 1, REQUEST_CANCELLED, NULL);
	assert_int_equal(grants(w, GRANT_PENDING_PROVISION), 0);
}

static void a_refusal_that_was_over_in_seconds_costs_no_minutes(void **state)
{
	struct world *w = *state;
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 401, "{}")->again = true;
	assert_int_equal(run_event(w, NULL, 1), JOB_WAITING);
	assert_int_equal(w->attempt.outcome.next_attempt_at - clock_now_ms(w->options.clock), 2000);
	assert_int_equal(run_event(w, NULL, 30), JOB_WAITING);
	assert_int_equal(w->attempt.outcome.next_attempt_at - clock_now_ms(w->options.clock), 300000);
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 503, "{}")->again = true;
	assert_int_equal(run_event(w, NULL, 30), JOB_WAITING);
	assert_in_range(w->attempt.outcome.next_attempt_at - clock_now_ms(w->options.clock), 1, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_approval_in_jira_gives_one_grant_however_often_it_is_told),
	    CASE(an_approval_seen_only_when_all_is_over_gives_the_grant),
	    CASE(a_second_stage_that_is_pending_holds_the_grant_back),
	    CASE(a_status_moved_by_hand_is_no_approval),
	    CASE(reopened_and_approved_again_is_granted),
	    CASE(an_approval_of_oneself_is_refused_once),
	    CASE(a_tool_changed_after_the_round_began_is_refused),
	    CASE(a_tool_corrected_before_the_round_is_what_is_granted),
	    CASE(a_refusal_is_told_once_until_the_issue_asks_for_something_else),
	    CASE(a_duplicate_is_refused_and_its_approval_never_comes_back),
	    CASE(what_a_person_cancelled_is_not_opened_again_by_the_same_round),
	    CASE(a_revoked_status_takes_access_away_and_buries_what_was_not_seen),
	    CASE(an_issue_that_is_gone_ends_its_pending_request),
	    CASE(the_console_decides_what_it_showed_and_nothing_else),
	    CASE(an_event_waits_while_jira_is_away_and_is_settled_once),
	    CASE(an_issue_of_another_project_is_ignored_by_name),
	    CASE(a_word_that_jira_took_back_is_noticed_before_the_write),
	    CASE(an_issue_edited_while_it_is_read_gives_what_was_approved),
	    CASE(a_transition_about_another_tool_is_not_taken_for_this_one),
	    CASE(a_revoked_status_counts_though_the_issue_has_moved_on),
	    CASE(access_approved_and_taken_away_before_we_looked_is_not_given),
	    CASE(a_refusal_that_was_over_in_seconds_costs_no_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
