/* The store's contract: the end of a grant, moved by a request of its own, and asked about before it comes. */
#include "store_scene.h"

#include "domain/extension.h"

#define DAY (INT64_C(24) * 3600 * 1000)
#define HOUR (INT64_C(3600) * 1000)
#define ADA "account-ada"

/* ---- words ---- */

/* As the service's clock goes: hour by hour, so that it is believed. */
static void advance(struct scene *scene)
{
	bool more = true;

	while (more)
		assert_ok(DO(scene, expiry_advance, &more, &scene->error));
}

static void pass(struct scene *scene, int64_t ms)
{
	for (; ms > 0; ms -= HOUR) {
		scene_pass(scene, ms < HOUR ? ms : HOUR);
		advance(scene);
	}
}

static struct grant read_grant(struct scene *scene, const char *grant_id)
{
	struct grant grant;

	assert_ok(DO(scene, grant_read, grant_id, scene->arena, &grant));
	return grant;
}

static struct access_request read_request(struct scene *scene, const char *request_id)
{
	struct access_request request;

	assert_ok(DO(scene, request_read, request_id, scene->arena, &request));
	return request;
}

static void use_tool(struct scene *scene, bool review, int review_days)
{
	struct tool tool, kept;

	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	tool.default_duration_days = 60;
	tool.max_duration_days = 120;
	tool.expiry_warnings = (struct expiry_warnings){.days = {7, 1}, .count = 2};
	tool.review_before_expiry = review;
	tool.review_days = review_days;
	assert_ok(DO(scene, tool_update, &admin, &tool, 0, scene->arena, &kept, &scene->error));
	assert_int_equal(kept.review_before_expiry, review);
	assert_int_equal(kept.review_days, review_days);
}

/* Ada's access for 90 days, of an issue or filed here. */
static struct grant begin(struct scene *scene, const char *issue_id)
{
	scene_catalog(scene);
	use_tool(scene, false, REVIEW_DAYS_DEFAULT);
	advance(scene);
	(void)scene_grant(scene, "chat", ADA, issue_id);
	return scene_provision(scene, SCENE_USER);
}

static struct access_request extension_value(struct scene *scene, const struct grant *grant, int days,
                                             const char *issue_id)
{
	struct access_request value = scene_request_value(scene, "chat", ADA, issue_id);

	value.kind = REQUEST_EXTENSION;
	value.extends_grant_id = grant->grant_id;
	value.duration_days = days;
	return value;
}

static enum result try_file(struct scene *scene, const struct access_request *value, struct access_request *ret_request)
{
	return DO(scene, request_create, &jira, value, value->issue_id != NULL, NULL, NULL, scene->arena, ret_request,
	          &scene->error);
}

static struct access_request file(struct scene *scene, const struct grant *grant, int days, const char *issue_id)
{
	struct access_request value = extension_value(scene, grant, days, issue_id), request;

	assert_ok(try_file(scene, &value, &request));
	assert_int_equal(request.status, REQUEST_PENDING);
	assert_int_equal(request.kind, REQUEST_EXTENSION);
	assert_string_equal(request.extends_grant_id, grant->grant_id);
	assert_null(request.grant_id);
	return request;
}

static struct access_request decide(struct scene *scene, const char *request_id, enum request_event event)
{
	struct request_change change = {.event = event, .decided_by = "account-approver", .decision = "{}"};
	struct access_request request;

	assert_ok(DO(scene, request_apply, &jira, request_id, &change, scene->arena, &request, &scene->error));
	return request;
}

static size_t count_events(struct scene *scene, const char *action)
{
	struct page page = {.limit = 200};
	struct audit_event *events = NULL;
	size_t count = 0, sum = 0;

	do {
		assert_ok(DO(scene, audit_list, &page, scene->arena, &events, &count, &page.after));
		for (size_t at = 0; at < count; at++)
			sum += strcmp(events[at].action, action) == 0;
	} while (page.after != NULL);
	return sum;
}

static size_t count_told(struct scene *scene, const char *subject)
{
	struct job_filter filter = {.kind = "writeBack"};
	struct page page = {.limit = 200};
	struct job *jobs = NULL;
	size_t count = 0, sum = 0;

	assert_ok(DO(scene, job_list, &filter, &page, scene->arena, &jobs, &count, &page.after));
	for (size_t at = 0; at < count; at++)
		sum += strcmp(jobs[at].subject, subject) == 0;
	return sum;
}

/* The reviews of that status; *ret_first (may be NULL) is the newest. */
static size_t reviews(struct scene *scene, enum request_status status, struct access_request *ret_first)
{
	struct request_filter filter = {.kind = "review", .status = request_status_name(status)};
	struct page page = {.limit = 200};
	struct access_request *requests = NULL;
	const char *next = NULL;
	size_t count = 0;

	assert_ok(DO(scene, request_list, &filter, &page, scene->arena, &requests, &count, &next));
	if (count > 0 && ret_first != NULL)
		*ret_first = requests[0];
	return count;
}

static struct access_request the_review(struct scene *scene)
{
	struct access_request review = {0};

	assert_int_equal(reviews(scene, REQUEST_PENDING, &review), 1);
	return review;
}

/* ---- extensions ---- */

static void an_approved_extension_moves_the_end_and_touches_nothing_else(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL), after;
	struct access_request request;
	size_t jobs;

	pass(scene, 60 * DAY);
	request = file(scene, &grant, 60, NULL);
	jobs = scene_count_jobs(scene, NULL, NULL);
	request = decide(scene, request.request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(request.status, REQUEST_APPROVED);
	assert_null(request.grant_id);
	after = read_grant(scene, grant.grant_id);
	assert_int_equal(after.status, GRANT_ACTIVE);
	assert_int_equal(after.expires_at, clock_now_ms(&scene->clock.clock) + 60 * DAY);
	assert_int_equal(after.active_at, grant.active_at);
	assert_string_equal(after.request_id, grant.request_id);
	assert_string_equal(after.external_user_id, grant.external_user_id);
	assert_true(after.version > grant.version);
	assert_int_equal(scene_count_jobs(scene, NULL, NULL), jobs);
	assert_int_equal(count_events(scene, "grant.extended"), 1);
	assert_int_equal(count_events(scene, "request.approved"), 2);
	decide(scene, request.request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(count_events(scene, "grant.extended"), 1);
	assert_int_equal(read_grant(scene, grant.grant_id).version, after.version);
	pass(scene, 60 * DAY - HOUR);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_ACTIVE);
	pass(scene, HOUR);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_PENDING_DEPROVISION);
}

static void nobody_is_given_more_than_the_maximum_and_nobody_loses_days(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);

	decide(scene, file(scene, &grant, 5, NULL).request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, grant.expires_at);
	decide(scene, file(scene, &grant, 900, NULL).request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, clock_now_ms(&scene->clock.clock) + 120 * DAY);
}

static void what_is_denied_or_withdrawn_changes_nothing(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL), after;

	decide(scene, file(scene, &grant, 100, NULL).request_id, REQUEST_EVENT_DENY);
	decide(scene, file(scene, &grant, 100, NULL).request_id, REQUEST_EVENT_CANCEL);
	after = read_grant(scene, grant.grant_id);
	assert_int_equal(after.expires_at, grant.expires_at);
	assert_int_equal(after.version, grant.version);
	assert_int_equal(count_events(scene, "grant.extended"), 0);
}

static void only_access_that_is_there_is_extended_and_only_ones_own(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL), revoked;
	struct access_request value = extension_value(scene, &grant, 100, NULL), request;

	value.account_id = "account-bo";
	assert_refused(scene, try_file(scene, &value, &request), RESULT_CONFLICT, "grant_not_active");
	value.account_id = ADA;
	value.extends_grant_id = "no-such-grant";
	assert_refused(scene, try_file(scene, &value, &request), RESULT_CONFLICT, "grant_not_active");
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &revoked));
	value.extends_grant_id = grant.grant_id;
	assert_refused(scene, try_file(scene, &value, &request), RESULT_CONFLICT, "grant_not_active");
	value = extension_value(scene, &grant, 100, "77");
	assert_ok(try_file(scene, &value, &request));
	assert_int_equal(request.status, REQUEST_REFUSED);
	assert_string_equal(request.code, "grant_not_active");
}

static void a_second_question_about_the_same_end_waits_and_a_second_access_stays_refused(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);
	struct access_request first = file(scene, &grant, 100, NULL), value = extension_value(scene, &grant, 50, NULL),
	                      request;

	assert_refused(scene, try_file(scene, &value, &request), RESULT_CONFLICT, "duplicate_request");
	value = scene_request_value(scene, "chat", ADA, NULL);
	assert_refused(scene, try_file(scene, &value, &request), RESULT_CONFLICT, "duplicate_grant");
	decide(scene, first.request_id, REQUEST_EVENT_DENY);
	value = extension_value(scene, &grant, 50, NULL);
	assert_ok(try_file(scene, &value, &request));
}

static void an_extension_that_nobody_answered_in_time_is_refused_with_the_end(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, "11");
	struct access_request request = file(scene, &grant, 100, "12");
	struct request_change change = {.event = REQUEST_EVENT_APPROVE, .decided_by = "x", .decision = "{}"};

	pass(scene, 90 * DAY);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_PENDING_DEPROVISION);
	request = read_request(scene, request.request_id);
	assert_int_equal(request.status, REQUEST_REFUSED);
	assert_string_equal(request.code, "grant_not_active");
	assert_int_equal(count_told(scene, "refused"), 1);
	assert_refused(scene,
	               DO(scene, request_apply, &jira, request.request_id, &change, scene->arena, &request, &scene->error),
	               RESULT_CONFLICT, "request_already_decided");
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, grant.expires_at);
}

/* The end has come; the tick that takes it back has not. */
static void an_approval_in_the_very_moment_of_the_end_gives_nothing(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);
	struct access_request request = file(scene, &grant, 100, NULL);

	scene_pass(scene, 90 * DAY);
	request = decide(scene, request.request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(request.status, REQUEST_REFUSED);
	assert_string_equal(request.code, "grant_not_active");
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, grant.expires_at);
}

static void the_warnings_are_said_anew_of_the_new_end(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, "11");

	pass(scene, 84 * DAY);
	assert_int_equal(count_told(scene, "expiring7"), 1);
	decide(scene, file(scene, &grant, 30, NULL).request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(count_told(scene, "extended"), 1); /* the issue by which the access came, as the other has none */
	pass(scene, 22 * DAY);
	assert_int_equal(count_told(scene, "expiring1"), 0);
	assert_int_equal(count_told(scene, "expiring7"), 1);
	pass(scene, DAY);
	assert_int_equal(count_told(scene, "expiring7"), 2);
	pass(scene, 6 * DAY);
	assert_int_equal(count_told(scene, "expiring1"), 1);
}

static void an_issue_that_moved_the_end_takes_the_access_away_too(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, "11"), *grants = NULL;
	struct access_request request = file(scene, &grant, 100, "12");
	size_t count = 0;

	assert_ok(DO(scene, grant_list_open_of_issue, SCENE_SITE, "12", scene->arena, &grants, &count));
	assert_int_equal(count, 0);
	decide(scene, request.request_id, REQUEST_EVENT_APPROVE);
	assert_ok(DO(scene, grant_list_open_of_issue, SCENE_SITE, "12", scene->arena, &grants, &count));
	assert_int_equal(count, 1);
	assert_string_equal(grants[0].grant_id, grant.grant_id);
	assert_string_equal(grants[0].request_id, grant.request_id);
}

static void an_issue_that_names_another_person_before_its_approval_extends_theirs_or_none(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);
	struct access_request request = file(scene, &grant, 100, "12");

	request.account_id = "account-bo";
	assert_ok(DO(scene, request_take_down, &request, &scene->error));
	assert_null(read_request(scene, request.request_id).extends_grant_id);
	request = decide(scene, request.request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(request.status, REQUEST_REFUSED);
	assert_string_equal(request.code, "grant_not_active");
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, grant.expires_at);
}

/* ---- reviews ---- */

static void an_approver_is_asked_once_before_the_end_and_silence_ends_the_access(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, "11");
	struct access_request review;

	use_tool(scene, true, 20);
	pass(scene, 70 * DAY - HOUR);
	assert_int_equal(reviews(scene, REQUEST_PENDING, NULL), 0);
	pass(scene, HOUR);
	review = the_review(scene);
	assert_string_equal(review.extends_grant_id, grant.grant_id);
	assert_string_equal(review.account_id, ADA);
	assert_string_equal(review.filed_by, ADA);
	assert_string_equal(review.approval, "console");
	assert_string_equal(review.purpose, "Summarise meetings");
	assert_int_equal(review.duration_days, 60);
	assert_null(review.issue_id);
	assert_int_equal(count_told(scene, "review"), 1);
	scene_reopen(scene);
	pass(scene, 20 * DAY);
	assert_int_equal(count_told(scene, "review"), 1);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_PENDING_DEPROVISION);
	review = read_request(scene, review.request_id);
	assert_int_equal(review.status, REQUEST_CANCELLED);
	assert_string_equal(review.code, "grant_not_active");
}

static void kept_access_goes_on_by_the_default_and_is_asked_about_again(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, "11");

	use_tool(scene, true, 20);
	pass(scene, 75 * DAY);
	decide(scene, the_review(scene).request_id, REQUEST_EVENT_APPROVE);
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, clock_now_ms(&scene->clock.clock) + 60 * DAY);
	pass(scene, 39 * DAY);
	assert_int_equal(reviews(scene, REQUEST_PENDING, NULL), 0);
	pass(scene, DAY);
	(void)the_review(scene);
	assert_int_equal(count_told(scene, "review"), 2);
}

static void access_that_is_not_needed_ends_in_its_time_and_is_not_asked_about_again(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);

	use_tool(scene, true, 20);
	pass(scene, 75 * DAY);
	decide(scene, the_review(scene).request_id, REQUEST_EVENT_DENY);
	pass(scene, 14 * DAY);
	assert_int_equal(reviews(scene, REQUEST_PENDING, NULL), 0);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_ACTIVE);
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, grant.expires_at);
	pass(scene, DAY);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_PENDING_DEPROVISION);
}

static void whoever_wants_to_go_on_may_ask_while_the_review_waits_and_makes_it_needless(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);
	struct access_request review;

	use_tool(scene, true, 20);
	pass(scene, 75 * DAY);
	review = the_review(scene);
	decide(scene, file(scene, &grant, 100, NULL).request_id, REQUEST_EVENT_APPROVE);
	review = read_request(scene, review.request_id);
	assert_int_equal(review.status, REQUEST_CANCELLED);
	assert_string_equal(review.code, "review_overtaken");
	assert_int_equal(read_grant(scene, grant.grant_id).expires_at, clock_now_ms(&scene->clock.clock) + 100 * DAY);
}

static void no_review_comes_beside_a_question_that_is_open_but_after_it_was_denied(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);
	struct access_request request = file(scene, &grant, 100, NULL);

	use_tool(scene, true, 20);
	pass(scene, 75 * DAY);
	assert_int_equal(reviews(scene, REQUEST_PENDING, NULL), 0);
	decide(scene, request.request_id, REQUEST_EVENT_DENY);
	pass(scene, HOUR);
	(void)the_review(scene);
}

static void an_end_that_was_set_within_the_days_of_review_is_not_asked_about(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);

	pass(scene, 89 * DAY);
	decide(scene, file(scene, &grant, 10, NULL).request_id, REQUEST_EVENT_APPROVE);
	use_tool(scene, true, 20);
	pass(scene, 2 * DAY);
	assert_int_equal(reviews(scene, REQUEST_PENDING, NULL), 0);
}

static void while_the_clock_is_in_doubt_nobody_is_asked(void **state)
{
	struct scene *scene = *state;

	(void)begin(scene, NULL);
	pass(scene, 75 * DAY);
	use_tool(scene, true, 20);
	scene_close(scene);
	scene->clock.now -= DAY;
	scene_open(scene);
	advance(scene);
	assert_int_equal(reviews(scene, REQUEST_PENDING, NULL), 0);
	scene_close(scene);
	scene->clock.now += DAY;
	scene_open(scene);
	advance(scene);
	(void)the_review(scene);
}

static void reviews_that_come_many_at_once_are_all_made_and_each_once(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	use_tool(scene, true, 20);
	advance(scene);
	for (int at = 0; at < 250; at++) {
		(void)scene_grant(scene, "chat", arena_printf(scene->arena, "account-%d", at), NULL);
		(void)scene_provision(scene, arena_printf(scene->arena, "%08d-2222-4222-8222-222222222222", at));
	}
	pass(scene, 75 * DAY);
	assert_int_equal(count_events(scene, "request.created"), 500);
	pass(scene, HOUR);
	assert_int_equal(count_events(scene, "request.created"), 500);
}

/* ---- evidence ---- */

static void evidence_of_open_access_shows_what_moved_its_end_though_that_was_long_before(void **state)
{
	struct scene *scene = *state;
	struct grant grant = begin(scene, NULL);
	struct access_request request = file(scene, &grant, 100, NULL), *requests = NULL;
	struct evidence_filter filter;
	size_t count = 0;

	decide(scene, request.request_id, REQUEST_EVENT_APPROVE);
	pass(scene, 50 * DAY);
	filter = (struct evidence_filter){.from = clock_now_ms(&scene->clock.clock) - DAY,
	                                  .to = clock_now_ms(&scene->clock.clock)};
	assert_ok(DO(scene, evidence_requests, &filter, "", 10, scene->arena, &requests, &count));
	assert_int_equal(count, 2);
	assert_string_equal(requests[1].request_id, request.request_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(an_approved_extension_moves_the_end_and_touches_nothing_else),
	    scene_test(nobody_is_given_more_than_the_maximum_and_nobody_loses_days),
	    scene_test(what_is_denied_or_withdrawn_changes_nothing),
	    scene_test(only_access_that_is_there_is_extended_and_only_ones_own),
	    scene_test(a_second_question_about_the_same_end_waits_and_a_second_access_stays_refused),
	    scene_test(an_extension_that_nobody_answered_in_time_is_refused_with_the_end),
	    scene_test(an_approval_in_the_very_moment_of_the_end_gives_nothing),
	    scene_test(the_warnings_are_said_anew_of_the_new_end),
	    scene_test(an_issue_that_moved_the_end_takes_the_access_away_too),
	    scene_test(an_issue_that_names_another_person_before_its_approval_extends_theirs_or_none),
	    scene_test(an_approver_is_asked_once_before_the_end_and_silence_ends_the_access),
	    scene_test(kept_access_goes_on_by_the_default_and_is_asked_about_again),
	    scene_test(access_that_is_not_needed_ends_in_its_time_and_is_not_asked_about_again),
	    scene_test(whoever_wants_to_go_on_may_ask_while_the_review_waits_and_makes_it_needless),
	    scene_test(no_review_comes_beside_a_question_that_is_open_but_after_it_was_denied),
	    scene_test(an_end_that_was_set_within_the_days_of_review_is_not_asked_about),
	    scene_test(while_the_clock_is_in_doubt_nobody_is_asked),
	    scene_test(reviews_that_come_many_at_once_are_all_made_and_each_once),
	    scene_test(evidence_of_open_access_shows_what_moved_its_end_though_that_was_long_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
