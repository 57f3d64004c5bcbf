/* The store's contract: all access to one tool, or all of one person, taken away at once. */
#include "store_scene.h"

#define DAY (INT64_C(24) * 3600 * 1000)
#define OTHER_GROUP "11111111-1111-4111-8111-222222222222"
#define REASON "The vendor told Ada of a leak"

/* ---- words ---- */

static const char *account_of(struct scene *scene, int person)
{
	return arena_printf(scene->arena, "account-%d", person);
}

static const char *user_of(struct scene *scene, int person)
{
	return arena_printf(scene->arena, "%08d-2222-4222-8222-222222222222", person);
}

static struct grant member_of(struct scene *scene, const char *tool_id, int person)
{
	struct grant pending = scene_grant(scene, tool_id, account_of(scene, person), NULL);
	struct grant grant = scene_provision(scene, user_of(scene, person));

	assert_string_equal(grant.grant_id, pending.grant_id);
	return grant;
}

static struct grant read_grant(struct scene *scene, const char *grant_id)
{
	struct grant grant;

	assert_ok(DO(scene, grant_read, grant_id, scene->arena, &grant));
	return grant;
}

static enum result begin(struct scene *scene, enum stop_kind kind, const char *subject)
{
	struct stop_order order = {.kind = kind, .subject = subject, .reason = REASON};

	return DO(scene, stop_begin, &admin, &order, 0, &scene->error);
}

static void stop_tool(struct scene *scene)
{
	assert_ok(begin(scene, STOP_TOOL, "chat"));
}

static bool advance(struct scene *scene)
{
	bool more = false;

	assert_ok(DO(scene, stop_advance, &more, &scene->error));
	return more;
}

static void advance_all(struct scene *scene)
{
	while (advance(scene))
		;
}

static struct stop progress(struct scene *scene, enum stop_kind kind, const char *subject)
{
	struct stop stop;

	assert_ok(DO(scene, stop_read, kind, subject, scene->arena, &stop));
	return stop;
}

static struct stop_preview preview(struct scene *scene, enum stop_kind kind, const char *subject)
{
	struct stop_preview preview;

	assert_ok(DO(scene, stop_preview, kind, subject, &preview));
	return preview;
}

/* Every page; the last `most` are given. */
static size_t list(struct scene *scene, struct stop_filter filter, struct stop_item *items, size_t most)
{
	struct page page = {.limit = 200};
	struct stop_item *some = NULL;
	size_t count = 0, sum = 0;

	do {
		assert_ok(DO(scene, stop_list, &filter, &page, scene->arena, &some, &count, &page.after));
		for (size_t at = 0; at < count; at++, sum++) {
			if (sum < most)
				items[sum] = some[at];
		}
	} while (page.after != NULL);
	return sum;
}

static size_t count_events(struct scene *scene, const char *action, struct audit_event *ret_last)
{
	struct page page = {.limit = 200};
	struct audit_event *events = NULL;
	size_t count = 0, sum = 0;

	do {
		assert_ok(DO(scene, audit_list, &page, scene->arena, &events, &count, &page.after));
		for (size_t at = 0; at < count; at++) {
			if (strcmp(events[at].action, action) != 0)
				continue;
			if (sum++ == 0 && ret_last != NULL)
				*ret_last = events[at];
		}
	} while (page.after != NULL);
	return sum;
}

/* As a worker does: out of the group, unless another grant keeps them there. */
static size_t remove_all(struct scene *scene)
{
	struct job job;
	struct grant grant;
	size_t count = 0;

	while (scene_claims(scene, &job)) {
		bool kept = false;

		if (job.kind != JOB_DEPROVISION) {
			assert_ok(DO(scene, job_finish, &job, &(struct job_outcome){.status = JOB_SUCCEEDED}, &scene->error));
			continue;
		}
		grant = read_grant(scene, job.grant_id);
		assert_ok(DO(scene, grant_other_open, &grant, &kept));
		assert_ok(scene_apply(scene, job.grant_id,
		                      (struct grant_change){.event = kept ? GRANT_EVENT_KEPT : GRANT_EVENT_NOT_MEMBER,
		                                            .job_id = job.job_id,
		                                            .fence = job.fence},
		                      &grant));
		count++;
	}
	return count;
}

/* A second tool on the group of the first. */
static void share_group(struct scene *scene)
{
	scene_tool(scene, "other", "entra");
	assert_ok(scene_bind(scene, "other", SCENE_GROUP, true));
}

/* ---- a tool ---- */

static void everyone_whom_a_stop_would_take_out_is_named_before_and_nothing_happens(void **state)
{
	struct scene *scene = *state;
	struct stop_filter filter = {.kind = STOP_TOOL, .subject = "chat", .preview = true};
	struct stop_preview open;
	int64_t seq;

	scene_catalog(scene);
	for (int person = 0; person < 230; person++)
		(void)member_of(scene, "chat", person);
	(void)scene_request(scene, "chat", "account-waiting", NULL);
	seq = scene_audit_seq(scene);
	open = preview(scene, STOP_TOOL, "chat");
	assert_int_equal(open.total, 230);
	assert_int_equal(open.removed, 230);
	assert_int_equal(open.kept + open.failed, 0);
	assert_int_equal(open.requests, 1);
	assert_int_equal(list(scene, filter, NULL, 0), 230);
	assert_int_equal(scene_audit_seq(scene), seq);
	assert_int_equal(DO(scene, stop_preview, STOP_TOOL, "none", &open), RESULT_NOT_FOUND);
	assert_int_equal(DO(scene, stop_preview, STOP_PERSON, "nobody", &open), RESULT_NOT_FOUND);
}

static void a_stop_takes_everyone_out_though_the_service_dies_between_its_steps(void **state)
{
	struct scene *scene = *state;
	struct audit_event event;
	struct tool tool;
	struct stop stop;
	int steps = 0;

	scene_catalog(scene);
	for (int person = 0; person < 450; person++)
		(void)member_of(scene, "chat", person);
	stop_tool(scene);
	stop = progress(scene, STOP_TOOL, "chat");
	assert_int_equal(stop.total, 450);
	assert_int_equal(stop.done, 0);
	assert_string_equal(stop.reason, REASON);
	assert_string_equal(stop.actor_id, admin.id);
	assert_int_equal(
	    list(scene, (struct stop_filter){.kind = STOP_TOOL, .subject = "chat", .outcome = "waiting"}, NULL, 0), 250);
	do {
		scene_reopen(scene);
		steps++;
	} while (advance(scene));
	assert_int_equal(steps, 2);
	assert_int_equal(remove_all(scene), 450);
	stop = progress(scene, STOP_TOOL, "chat");
	assert_int_equal(stop.done, 450);
	assert_int_equal(stop.kept + stop.failed, 0);
	assert_int_equal(count_events(scene, "tool.stopped", &event), 1);
	assert_string_equal(event.actor_id, admin.id);
	assert_non_null(strstr(event.detail, "\"grants\":450"));
	assert_non_null(strstr(event.detail, "\"reasonHash\""));
	assert_null(strstr(event.detail, "Ada"));
	assert_int_equal(count_events(scene, "grant.revoke", &event), 450);
	assert_string_equal(event.actor_id, admin.id);
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_true(tool.stopped);
}

static void whoever_another_tools_grant_keeps_in_the_group_is_named_and_stays(void **state)
{
	struct scene *scene = *state;
	struct stop_item items[3];
	struct grant keeper, kept;
	struct stop stop;

	scene_catalog(scene);
	share_group(scene);
	(void)member_of(scene, "chat", 1);
	kept = member_of(scene, "chat", 2);
	keeper = member_of(scene, "other", 2);
	(void)member_of(scene, "other", 3);
	assert_int_equal(preview(scene, STOP_TOOL, "chat").total, 2);
	assert_int_equal(preview(scene, STOP_TOOL, "chat").kept, 1);
	for (int after = 0; after < 2; after++) {
		assert_int_equal(
		    list(scene, (struct stop_filter){.kind = STOP_TOOL, .subject = "chat", .preview = after == 0}, items, 3),
		    2);
		for (int at = 0; at < 2; at++) {
			if (strcmp(items[at].grant_id, kept.grant_id) != 0) {
				assert_string_equal(items[at].outcome, "removed");
				assert_null(items[at].kept_by_grant_id);
				continue;
			}
			assert_string_equal(items[at].outcome, "kept");
			assert_string_equal(items[at].kept_by_grant_id, keeper.grant_id);
			assert_string_equal(items[at].kept_by_tool_id, "other");
		}
		if (after > 0)
			break;
		stop_tool(scene);
		assert_int_equal(remove_all(scene), 2);
	}
	stop = progress(scene, STOP_TOOL, "chat");
	assert_int_equal(stop.done, 1);
	assert_int_equal(stop.kept, 1);
	assert_int_equal(read_grant(scene, keeper.grant_id).status, GRANT_ACTIVE);
	assert_int_equal(read_grant(scene, kept.grant_id).status, GRANT_REVOKED);
}

static void a_grant_whose_own_time_is_over_keeps_nobody(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	share_group(scene);
	(void)member_of(scene, "other", 1);
	scene_pass(scene, 80 * DAY);
	(void)member_of(scene, "chat", 1);
	assert_int_equal(preview(scene, STOP_TOOL, "chat").kept, 1);
	scene_pass(scene, 11 * DAY);
	assert_int_equal(preview(scene, STOP_TOOL, "chat").kept, 0);
}

static void nobody_is_given_a_stopped_tool_though_their_request_was_pending(void **state)
{
	struct scene *scene = *state;
	struct access_request asked, denied;
	struct request_change change = {.event = REQUEST_EVENT_DENY, .decided_by = "account-approver", .decision = "{}"};

	scene_catalog(scene);
	asked = scene_request(scene, "chat", "account-1", NULL);
	denied = scene_request(scene, "chat", "account-2", NULL);
	stop_tool(scene);
	asked = scene_approve(scene, asked.request_id, "1");
	assert_int_equal(asked.status, REQUEST_REFUSED);
	assert_string_equal(asked.code, "tool_stopped");
	assert_null(asked.grant_id);
	assert_ok(DO(scene, request_apply, &jira, denied.request_id, &change, scene->arena, &denied, &scene->error));
	assert_int_equal(denied.status, REQUEST_DENIED);
}

static void whoever_was_about_to_be_put_in_is_not(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct job job;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	stop_tool(scene);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_PENDING_DEPROVISION);
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_string_equal(job.grant_id, grant.grant_id);
	assert_int_equal(scene_count_jobs(scene, "provision", "cancelled"), 1);
}

static void a_resumed_tool_may_be_asked_for_and_gives_nobody_back(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct stop stop;
	struct tool tool;
	int64_t seq;

	scene_catalog(scene);
	grant = member_of(scene, "chat", 1);
	stop_tool(scene);
	(void)remove_all(scene);
	seq = scene_audit_seq(scene);
	stop_tool(scene);
	assert_int_equal(scene_audit_seq(scene), seq);
	assert_ok(DO(scene, tool_resume, &admin, "chat", 0, &scene->error));
	assert_ok(DO(scene, tool_resume, &admin, "chat", 0, &scene->error));
	assert_int_equal(scene_audit_seq(scene), seq + 1);
	assert_int_equal(count_events(scene, "tool.resumed", NULL), 1);
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_false(tool.stopped);
	assert_int_equal(DO(scene, stop_read, STOP_TOOL, "chat", scene->arena, &stop), RESULT_NOT_FOUND);
	advance_all(scene);
	assert_int_equal(remove_all(scene), 0);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_REVOKED);
	grant = member_of(scene, "chat", 1);
	assert_int_equal(grant.status, GRANT_ACTIVE);
	assert_refused(scene, begin(scene, STOP_TOOL, "none"), RESULT_NOT_FOUND, "not_found");
}

static void a_resume_amid_a_stop_leaves_nobody_of_it_in(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	for (int person = 0; person < 220; person++)
		(void)member_of(scene, "chat", person);
	stop_tool(scene);
	assert_ok(DO(scene, tool_resume, &admin, "chat", 0, &scene->error));
	(void)scene_grant(scene, "chat", "account-new", NULL);
	advance_all(scene);
	assert_int_equal(remove_all(scene), 220);
	assert_int_equal(preview(scene, STOP_TOOL, "chat").total, 1);
}

static void the_brake_holds_nothing_of_a_stop_and_lets_go_of_what_it_held(void **state)
{
	struct scene *scene = *state;
	struct held_removals held;
	bool more = true;

	scene_catalog(scene);
	assert_ok(DO(scene, expiry_advance, &more, &scene->error));
	for (int person = 0; person < 60; person++)
		(void)member_of(scene, "chat", person);
	scene_pass(scene, 1);
	scene_pass(scene, 90 * DAY);
	scene_reopen(scene);
	for (more = true; more;)
		assert_ok(DO(scene, expiry_advance, &more, &scene->error));
	assert_ok(DO(scene, removals_held, "entra", scene->arena, &held));
	assert_int_equal(held.count, 60);
	stop_tool(scene);
	assert_ok(DO(scene, removals_held, "entra", scene->arena, &held));
	assert_int_equal(held.count, 0);
	assert_int_equal(remove_all(scene), 60);
	assert_int_equal(progress(scene, STOP_TOOL, "chat").done, 60);
}

/* Fifteen whose time was over, and who leave by a stop then, are no reason to hold the fifteen that come after them. */
static void who_was_leaving_by_time_already_leaves_as_one_that_was_asked_for(void **state)
{
	struct scene *scene = *state;
	struct held_removals held;
	bool more = true;

	scene_catalog(scene);
	share_group(scene);
	assert_ok(DO(scene, expiry_advance, &more, &scene->error));
	for (int person = 0; person < 15; person++)
		(void)member_of(scene, "chat", person);
	scene_pass(scene, DAY);
	for (int person = 15; person < 30; person++)
		(void)member_of(scene, "other", person);
	scene_pass(scene, 89 * DAY);
	scene_reopen(scene);
	for (int round = 0; round < 2; round++) {
		for (more = true; more;)
			assert_ok(DO(scene, expiry_advance, &more, &scene->error));
		assert_ok(DO(scene, removals_held, "entra", scene->arena, &held));
		assert_int_equal(held.count, 0);
		if (round == 0)
			stop_tool(scene);
		scene_pass(scene, DAY);
		scene_reopen(scene);
	}
	assert_int_equal(remove_all(scene), 30);
}

static void what_needs_a_person_is_counted_until_the_person_has_settled_it(void **state)
{
	struct scene *scene = *state;
	struct grant grant;
	struct stop stop;
	struct job job;

	scene_catalog(scene);
	grant = member_of(scene, "chat", 1);
	stop_tool(scene);
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(
	    scene, grant.grant_id,
	    (struct grant_change){
	        .event = GRANT_EVENT_NEEDS_PERSON, .code = "graph_denied", .job_id = job.job_id, .fence = job.fence},
	    &grant));
	stop = progress(scene, STOP_TOOL, "chat");
	assert_int_equal(stop.failed, 1);
	assert_int_equal(stop.done, 0);
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REMOVED_BY_HAND}, &grant));
	stop = progress(scene, STOP_TOOL, "chat");
	assert_int_equal(stop.failed, 0);
	assert_int_equal(stop.done, 1);
}

static void a_stop_is_not_begun_on_a_tool_that_was_changed_meanwhile(void **state)
{
	struct scene *scene = *state;
	struct stop_order order = {.kind = STOP_TOOL, .subject = "chat"};
	struct tool tool;

	scene_catalog(scene);
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_int_equal(DO(scene, stop_begin, &admin, &order, tool.version + 1, &scene->error), RESULT_PRECONDITION);
	assert_ok(DO(scene, stop_begin, &admin, &order, tool.version, &scene->error));
}

/* ---- a person ---- */

static void a_revoked_person_loses_every_tool_and_their_requests_and_nobody_else_does(void **state)
{
	struct scene *scene = *state;
	struct access_request asked, others;
	struct grant grants[3], bystander;
	struct stop stop;
	int64_t seq;

	scene_catalog(scene);
	share_group(scene);
	scene_tool(scene, "code", "entra");
	assert_ok(scene_bind(scene, "code", OTHER_GROUP, false));
	scene_tool(scene, "more", "entra");
	grants[0] = member_of(scene, "chat", 1);
	grants[1] = member_of(scene, "other", 1);
	grants[2] = member_of(scene, "code", 1);
	bystander = member_of(scene, "chat", 2);
	asked = scene_request(scene, "more", "account-1", "10001");
	others = scene_request(scene, "more", "account-2", "10002");
	assert_int_equal(preview(scene, STOP_PERSON, "account-1").removed, 3);
	assert_int_equal(preview(scene, STOP_PERSON, "account-1").kept, 0);
	assert_int_equal(preview(scene, STOP_PERSON, "account-1").requests, 1);
	assert_ok(begin(scene, STOP_PERSON, "account-1"));
	assert_ok(DO(scene, request_read, asked.request_id, scene->arena, &asked));
	assert_int_equal(asked.status, REQUEST_CANCELLED);
	assert_null(asked.code);
	assert_ok(DO(scene, request_read, others.request_id, scene->arena, &others));
	assert_int_equal(others.status, REQUEST_PENDING);
	assert_int_equal(remove_all(scene), 3);
	stop = progress(scene, STOP_PERSON, "account-1");
	assert_int_equal(stop.total, 3);
	assert_int_equal(stop.done, 3);
	for (int at = 0; at < 3; at++)
		assert_int_equal(read_grant(scene, grants[at].grant_id).status, GRANT_REVOKED);
	assert_int_equal(read_grant(scene, bystander.grant_id).status, GRANT_ACTIVE);
	assert_int_equal(count_events(scene, "person.revoked", NULL), 1);
	seq = scene_audit_seq(scene);
	assert_ok(begin(scene, STOP_PERSON, "account-1"));
	assert_int_equal(scene_audit_seq(scene), seq);
	assert_refused(scene, begin(scene, STOP_PERSON, "nobody"), RESULT_NOT_FOUND, "not_found");
}

static void what_a_person_is_given_after_a_revoke_can_be_revoked_again(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	(void)member_of(scene, "chat", 1);
	assert_ok(begin(scene, STOP_PERSON, "account-1"));
	assert_int_equal(remove_all(scene), 1);
	(void)member_of(scene, "chat", 1);
	assert_ok(begin(scene, STOP_PERSON, "account-1"));
	assert_int_equal(remove_all(scene), 1);
	assert_int_equal(progress(scene, STOP_PERSON, "account-1").done, 1);
	assert_int_equal(count_events(scene, "person.revoked", NULL), 2);
}

static void one_who_is_leaving_by_two_stops_is_counted_in_both(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	(void)member_of(scene, "chat", 1);
	stop_tool(scene);
	assert_ok(begin(scene, STOP_PERSON, "account-1"));
	assert_int_equal(remove_all(scene), 1);
	assert_int_equal(progress(scene, STOP_TOOL, "chat").done, 1);
	assert_int_equal(progress(scene, STOP_PERSON, "account-1").done, 1);
}

static void an_erased_person_is_not_named_in_the_reason_of_their_stop(void **state)
{
	struct scene *scene = *state;
	struct erasure erasure;

	scene_catalog(scene);
	(void)member_of(scene, "chat", 1);
	assert_ok(begin(scene, STOP_PERSON, "account-1"));
	assert_int_equal(remove_all(scene), 1);
	assert_string_equal(progress(scene, STOP_PERSON, "account-1").reason, REASON);
	assert_ok(DO(scene, subject_erase, &admin, "account-1", "", &erasure, &scene->error));
	assert_null(progress(scene, STOP_PERSON, "account-1").reason);
	assert_int_equal(progress(scene, STOP_PERSON, "account-1").done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(everyone_whom_a_stop_would_take_out_is_named_before_and_nothing_happens),
	    scene_test(a_stop_takes_everyone_out_though_the_service_dies_between_its_steps),
	    scene_test(whoever_another_tools_grant_keeps_in_the_group_is_named_and_stays),
	    scene_test(a_grant_whose_own_time_is_over_keeps_nobody),
	    scene_test(nobody_is_given_a_stopped_tool_though_their_request_was_pending),
	    scene_test(whoever_was_about_to_be_put_in_is_not),
	    scene_test(a_resumed_tool_may_be_asked_for_and_gives_nobody_back),
	    scene_test(a_resume_amid_a_stop_leaves_nobody_of_it_in),
	    scene_test(the_brake_holds_nothing_of_a_stop_and_lets_go_of_what_it_held),
	    scene_test(who_was_leaving_by_time_already_leaves_as_one_that_was_asked_for),
	    scene_test(what_needs_a_person_is_counted_until_the_person_has_settled_it),
	    scene_test(a_stop_is_not_begun_on_a_tool_that_was_changed_meanwhile),
	    scene_test(a_revoked_person_loses_every_tool_and_their_requests_and_nobody_else_does),
	    scene_test(what_a_person_is_given_after_a_revoke_can_be_revoked_again),
	    scene_test(one_who_is_leaving_by_two_stops_is_counted_in_both),
	    scene_test(an_erased_person_is_not_named_in_the_reason_of_their_stop),
	};

	return cmocka_run_group_tests_name("store: stops", tests, NULL, NULL);
}
