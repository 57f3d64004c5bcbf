/* The store's contract: walks through the members of groups, what they are compared with, and findings. */
#include "store_walk.h"

#define STRANGER "55555555-5555-4555-8555-555555555555"
#define OTHER "66666666-6666-4666-8666-666666666666"
#define HOUR INT64_C(3600000)

static const struct member_change user_in = {.id = SCENE_USER, .kind = MEMBER_USER};
static const struct member_change user_out = {.id = SCENE_USER, .kind = MEMBER_USER, .removed = true};
static const struct member_change stranger_in = {.id = STRANGER, .kind = MEMBER_USER};

/* A grant whose user is in the group, as of long ago. */
static struct grant settled_grant(struct scene *scene)
{
	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	struct grant grant = scene_provision(scene, SCENE_USER);
	scene_pass(scene, HOUR);
	check(scene, true, &user_in, 1);
	scene_pass(scene, HOUR);
	return grant;
}

/* The finding of a stranger who is in the group. */
static struct finding stranger_found(struct scene *scene)
{
	struct finding *found = NULL;

	scene_catalog(scene);
	check(scene, true, &stranger_in, 1);
	assert_int_equal(findings(scene, "open", &found), 1);
	return found[0];
}

/* ---- when ---- */

static void a_check_that_is_queued_does_for_a_second_one_and_a_running_one_does_not(void **state)
{
	struct scene *scene = *state;
	const char *first = NULL, *second = NULL, *third = NULL;

	scene_catalog(scene);
	assert_ok(DO(scene, member_check_start, "entra", scene->arena, &first, &scene->error));
	assert_ok(DO(scene, member_check_start, "entra", scene->arena, &second, &scene->error));
	assert_string_equal(first, second);
	struct job job = scene_claim(scene, JOB_MEMBER_CHECK);
	assert_ok(DO(scene, member_check_start, "entra", scene->arena, &third, &scene->error));
	assert_string_not_equal(first, third);
	(void)watch_of(scene, &job);
	/* The second waits for the first: both would take the other's pages for their own. */
	struct job later = scene_claim(scene, JOB_MEMBER_CHECK);
	struct group_watch *watches = NULL;
	size_t count = 0;
	assert_refused(scene, DO(scene, watch_open, &later, scene->arena, &watches, &count, &scene->error),
	               RESULT_UNAVAILABLE, "check_running");
	assert_refused(scene, DO(scene, member_check_start, "none", scene->arena, &first, &scene->error), RESULT_NOT_FOUND,
	               "not_found");
}

static void a_connector_is_checked_by_itself_once_an_hour_and_at_once_when_a_group_is_new(void **state)
{
	struct scene *scene = *state;

	scene_connector(scene, "entra");
	scene_tool(scene, "chat", "entra");
	assert_ok(DO(scene, member_check_enqueue_due, SCENE_START - HOUR, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "memberCheck", NULL), 0);
	assert_ok(scene_bind(scene, "chat", SCENE_GROUP, true));
	assert_ok(DO(scene, member_check_enqueue_due, SCENE_START - HOUR, &scene->error));
	assert_ok(DO(scene, member_check_enqueue_due, SCENE_START - HOUR, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "memberCheck", "queued"), 1);
	struct job job = scene_claim(scene, JOB_MEMBER_CHECK);
	struct group_watch watch = watch_of(scene, &job);
	finish(scene, &job, watch.key);
	assert_ok(DO(scene, member_check_enqueue_due, SCENE_START - HOUR, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "memberCheck", "queued"), 0);
	assert_ok(DO(scene, member_check_enqueue_due, SCENE_START + HOUR, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "memberCheck", "queued"), 1);
}

/* ---- walks ---- */

static void a_walk_shows_nothing_before_its_last_page_and_goes_on_after_a_restart(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;

	scene_catalog(scene);
	struct job job = check_begin(scene);
	struct group_watch watch = watch_of(scene, &job);
	take(scene, &job,
	     (struct watch_page){.watch_key = watch.key,
	                         .begins = true,
	                         .full = true,
	                         .changes = &stranger_in,
	                         .count = 1,
	                         .next = "https://graph.example/page2"});
	assert_int_equal(compare(scene, &job, watch.key).phase, WATCH_WALK);
	assert_int_equal(findings(scene, NULL, &found), 0);
	scene_reopen(scene);
	scene_pass(scene, SCENE_LEASE + 1);
	job = scene_claim(scene, JOB_MEMBER_CHECK);
	watch = watch_of(scene, &job);
	assert_int_equal(watch.phase, WATCH_WALK);
	assert_string_equal(watch.walk_link, "https://graph.example/page2");
	assert_true(watch.walk_full);
	take(scene, &job, (struct watch_page){.watch_key = watch.key, .resume = "https://graph.example/delta?1"});
	assert_int_equal(compare(scene, &job, watch.key).phase, WATCH_IDLE);
	assert_int_equal(findings(scene, "open", &found), 1);
	assert_true(found[0].preexisting);
	assert_string_equal(watch_of(scene, &job).delta_link, "https://graph.example/delta?1");
}

static void a_walk_that_fails_leaves_findings_and_link_and_its_pages_are_forgotten(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;

	(void)stranger_found(scene);
	struct job job = check_begin(scene);
	struct group_watch watch = watch_of(scene, &job);
	take(scene, &job,
	     (struct watch_page){.watch_key = watch.key,
	                         .begins = true,
	                         .changes = &user_in,
	                         .count = 1,
	                         .next = "https://graph.example/page2"});
	const struct watch_end failed = {
	    .watch_key = watch.key, .code = "graph_bad_response", .detail = "why", .failed = true, .begin_anew = true};
	int64_t checked_at = watch.checked_at, walked_at = watch.walked_at;
	assert_ok(DO(scene, watch_end, &job, &failed, &scene->error));
	watch = watch_of(scene, &job);
	assert_int_equal(watch.phase, WATCH_IDLE);
	assert_string_equal(watch.delta_link, "https://graph.example/delta?next");
	assert_null(watch.walk_link);
	assert_string_equal(watch.code, "graph_bad_response");
	assert_int_equal(watch.checked_at, checked_at);
	assert_int_equal(watch.walked_at, walked_at);
	assert_int_equal(findings(scene, NULL, &found), 1);
	/* The next walk knows nothing of it. */
	take(scene, &job,
	     (struct watch_page){.watch_key = watch.key, .begins = true, .resume = "https://graph.example/delta?2"});
	assert_int_equal(compare(scene, &job, watch.key).phase, WATCH_IDLE);
	assert_int_equal(findings(scene, NULL, &found), 1);
}

static void a_worker_whose_lease_ran_out_takes_nothing_in(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	struct job job = check_begin(scene);
	struct group_watch watch = watch_of(scene, &job);
	scene_pass(scene, SCENE_LEASE + 1);
	const struct watch_page page = {.watch_key = watch.key, .begins = true, .full = true, .resume = "x"};
	const struct watch_end end = {.watch_key = watch.key, .code = "group_ok"};
	struct watch_step step;
	assert_refused(scene, DO(scene, watch_take, &job, &page, &scene->error), RESULT_CONFLICT, "lease_lost");
	assert_refused(scene, DO(scene, watch_step, &job, watch.key, &step, &scene->error), RESULT_CONFLICT, "lease_lost");
	assert_refused(scene, DO(scene, watch_confirm, &job, watch.key, NULL, 0, &scene->error), RESULT_CONFLICT,
	               "lease_lost");
	assert_refused(scene, DO(scene, watch_end, &job, &end, &scene->error), RESULT_CONFLICT, "lease_lost");
}

/* ---- comparing ---- */

static void who_has_a_grant_and_is_in_the_group_is_nobodys_finding(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;

	struct grant grant = settled_grant(scene);
	assert_int_equal(findings(scene, NULL, &found), 0);
	/* On the way out as well: the grant is open until the membership is gone. */
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	struct job removal = scene_claim(scene, JOB_DEPROVISION);
	check(scene, true, &user_in, 1);
	assert_int_equal(findings(scene, NULL, &found), 0);
	assert_ok(scene_apply(
	    scene, grant.grant_id,
	    (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER, .job_id = removal.job_id, .fence = removal.fence},
	    &grant));
	/* Just ended: a list that is behind still has the member; only a second look may make a finding of that. */
	struct job job = check_begin(scene);
	struct group_watch watch = watch_of(scene, &job);
	take(scene, &job, (struct watch_page){.watch_key = watch.key, .begins = true, .resume = "x"});
	assert_int_equal(compare(scene, &job, watch.key).phase, WATCH_CONFIRM);
	assert_int_equal(findings(scene, NULL, &found), 0);
}

/* A check that the member's leaving shows in: it stands before the second look. */
static struct watch_suspect suspected(struct scene *scene, struct job *ret_job, int64_t *ret_key)
{
	struct watch_suspect *suspects = NULL;
	struct finding *found = NULL;
	size_t count = 0;

	*ret_job = check_begin(scene);
	struct group_watch watch = watch_of(scene, ret_job);
	*ret_key = watch.key;
	take(scene, ret_job,
	     (struct watch_page){.watch_key = watch.key, .begins = true, .changes = &user_out, .count = 1, .resume = "x"});
	struct watch_step step = compare(scene, ret_job, watch.key);
	assert_int_equal(step.phase, WATCH_CONFIRM);
	assert_true(step.look_at != 0);
	assert_int_equal(findings(scene, NULL, &found), 0);
	assert_ok(DO(scene, watch_suspects, watch.key, 10, scene->arena, &suspects, &count));
	assert_int_equal(count, 1);
	assert_int_equal(suspects[0].class, FINDING_MISSING);
	assert_string_equal(suspects[0].member_id, SCENE_USER);
	return suspects[0];
}

static void one_list_that_lacks_a_member_is_not_believed_if_a_second_look_finds_them(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;
	struct job job;
	int64_t key;

	struct grant grant = settled_grant(scene);
	struct watch_suspect suspect = suspected(scene, &job, &key);
	suspect.member = true;
	assert_ok(DO(scene, watch_confirm, &job, key, &suspect, 1, &scene->error));
	assert_int_equal(compare(scene, &job, key).phase, WATCH_IDLE);
	assert_int_equal(findings(scene, NULL, &found), 0);
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_int_equal(grant.status, GRANT_ACTIVE);
}

static void a_member_who_is_missing_twice_is_a_finding_and_their_grant_is_with_a_person(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;
	struct audit_event *events = NULL;
	size_t count = 0;
	struct job job;
	int64_t key;

	struct grant grant = settled_grant(scene);
	int64_t seq = scene_audit_seq(scene);
	struct watch_suspect suspect = suspected(scene, &job, &key);
	assert_ok(DO(scene, watch_confirm, &job, key, &suspect, 1, &scene->error));
	assert_int_equal(findings(scene, "open", &found), 1);
	assert_int_equal(found[0].class, FINDING_MISSING);
	assert_string_equal(found[0].code, "membership_removed_outside");
	assert_string_equal(found[0].grant_id, grant.grant_id);
	assert_string_equal(found[0].account_id, "account-1");
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_int_equal(grant.status, GRANT_MANUAL_FOLLOW_UP);
	assert_int_equal(grant.follow_up.action, GRANT_ACTION_PROVISION);
	assert_string_equal(grant.follow_up.code, "membership_removed_outside");
	assert_ok(DO(scene, audit_read_from, seq, 10, scene->arena, &events, &count));
	assert_int_equal(count, 1);
	assert_string_equal(events[0].action, "grant.memberLost");
	assert_non_null(strstr(events[0].detail, found[0].finding_id));
	assert_int_equal(compare(scene, &job, key).phase, WATCH_IDLE);
	finish(scene, &job, key);

	/* And put back: the same grant, retried. */
	const char *job_id = NULL;
	struct finding settled;
	assert_ok(
	    settle(scene, found[0].finding_id, (struct finding_order){.action = FINDING_PUT_BACK}, &settled, &job_id));
	assert_non_null(job_id);
	assert_int_equal(settled.status, FINDING_RESOLVED);
	assert_string_equal(settled.resolution, "putBack");
	assert_string_equal(settled.settled_by_id, admin.id);
	assert_string_equal(scene_claim(scene, JOB_PROVISION).job_id, job_id);
	assert_ok(
	    settle(scene, found[0].finding_id, (struct finding_order){.action = FINDING_PUT_BACK}, &settled, &job_id));
	assert_null(job_id);
	assert_refused(
	    scene,
	    settle(scene, found[0].finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &settled, &job_id),
	    RESULT_CONFLICT, "conflict");
}

static void where_a_change_of_ours_is_young_two_looks_seconds_apart_have_to_agree(void **state)
{
	struct scene *scene = *state;
	struct watch_suspect *again = NULL;
	struct finding *found = NULL;
	size_t count = 0;
	struct job job;
	int64_t key;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	(void)scene_provision(scene, SCENE_USER);
	check(scene, true, &user_in, 1);
	struct watch_suspect suspect = suspected(scene, &job, &key);
	assert_ok(DO(scene, watch_confirm, &job, key, &suspect, 1, &scene->error));
	assert_int_equal(findings(scene, NULL, &found), 0);
	assert_ok(DO(scene, watch_suspects, key, 10, scene->arena, &again, &count));
	assert_int_equal(count, 0);
	struct watch_step step = compare(scene, &job, key);
	assert_true(step.look_at > clock_now_ms(&scene->clock.clock));
	scene_pass(scene, step.look_at - clock_now_ms(&scene->clock.clock));
	assert_ok(DO(scene, watch_suspects, key, 10, scene->arena, &again, &count));
	assert_int_equal(count, 1);
	assert_ok(DO(scene, watch_confirm, &job, key, again, 1, &scene->error));
	assert_int_equal(findings(scene, "open", &found), 1);
}

static void a_missing_member_who_is_back_closes_the_finding_and_the_grant_goes_on(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;
	struct job job;
	int64_t key;

	struct grant grant = settled_grant(scene);
	struct watch_suspect suspect = suspected(scene, &job, &key);
	assert_ok(DO(scene, watch_confirm, &job, key, &suspect, 1, &scene->error));
	(void)compare(scene, &job, key);
	finish(scene, &job, key);
	check(scene, false, &user_in, 1);
	assert_int_equal(findings(scene, "resolved", &found), 1);
	assert_string_equal(found[0].resolution, "returned");
	assert_null(found[0].settled_by_id);
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_int_equal(grant.status, GRANT_PENDING_PROVISION);
}

static void a_tool_that_settles_by_itself_puts_back_who_is_missing(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;
	struct tool tool;
	struct job job;
	int64_t key;

	struct grant grant = settled_grant(scene);
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_string_equal(tool.drift, "report");
	tool.drift = "settle";
	assert_ok(DO(scene, tool_update, &admin, &tool, 0, scene->arena, &tool, &scene->error));
	assert_string_equal(tool.drift, "settle");
	struct watch_suspect suspect = suspected(scene, &job, &key);
	assert_ok(DO(scene, watch_confirm, &job, key, &suspect, 1, &scene->error));
	assert_int_equal(findings(scene, "resolved", &found), 1);
	assert_string_equal(found[0].resolution, "putBack");
	assert_string_equal(found[0].settled_by_kind, "system");
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_int_equal(grant.status, GRANT_PENDING_PROVISION);
}

/* ---- who is present ---- */

static void a_member_without_an_approval_is_a_finding_until_they_leave(void **state)
{
	struct scene *scene = *state;
	const struct member_change leaves = {.id = STRANGER, .removed = true};
	const struct member_change device = {.id = OTHER, .kind = MEMBER_DEVICE};
	struct finding *found = NULL, refused;
	const char *job_id = NULL;
	struct store_counts counts;

	struct finding finding = stranger_found(scene);
	assert_int_equal(finding.class, FINDING_PRESENT);
	assert_string_equal(finding.code, "membership_not_approved");
	assert_string_equal(finding.tool_id, "chat");
	assert_true(finding.preexisting);
	assert_ok(DO(scene, counts, &counts));
	assert_int_equal(counts.findings[FINDING_PRESENT], 1);
	check(scene, false, &device, 1);
	assert_int_equal(findings(scene, "open", &found), 2);
	assert_int_equal(found[0].member_kind, MEMBER_DEVICE);
	assert_false(found[0].preexisting);
	assert_refused(
	    scene,
	    settle(scene, found[0].finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &refused, &job_id),
	    RESULT_CONFLICT, "conflict");
	check(scene, false, &leaves, 1);
	assert_ok(DO(scene, finding_read, finding.finding_id, scene->arena, &finding));
	assert_int_equal(finding.status, FINDING_RESOLVED);
	assert_string_equal(finding.resolution, "left");
}

static void a_removal_goes_by_a_deprovision_job_of_its_own_and_waits_for_nobody_but_holds_new_approvals(void **state)
{
	struct scene *scene = *state;
	struct grant place = {.connector_id = "entra", .group_id = SCENE_GROUP, .grant_id = "none", .account_id = "none"};
	const char *job_id = NULL;
	bool under_way = false;

	struct finding finding = stranger_found(scene);
	assert_ok(settle(scene, finding.finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &finding, &job_id));
	assert_int_equal(finding.status, FINDING_SETTLING);
	assert_string_equal(finding.job_id, job_id);
	assert_ok(DO(scene, grant_removal_under_way, &place, STRANGER, &under_way));
	assert_true(under_way);
	struct job job = scene_claim(scene, JOB_DEPROVISION);
	assert_string_equal(job.job_id, job_id);
	assert_string_equal(job.subject, finding.finding_id);
	assert_null(job.grant_id);
	const struct grant_change gone = {.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence};
	struct job_settlement settlement = {.job = &job, .grant_id = "", .finding_id = finding.finding_id, .change = &gone};
	DO(scene, job_settle_all, &worker_actor, &settlement, 1, scene->arena);
	assert_ok(settlement.result);
	assert_ok(DO(scene, finding_read, finding.finding_id, scene->arena, &finding));
	assert_string_equal(finding.resolution, "takenOut");
	assert_string_equal(finding.settled_by_id, admin.id);
	assert_ok(DO(scene, grant_removal_under_way, &place, STRANGER, &under_way));
	assert_false(under_way);
	assert_ok(DO(scene, job_read, job_id, scene->arena, &job));
	assert_int_equal(job.status, JOB_SUCCEEDED);
}

static void a_removal_that_needs_a_person_leaves_the_finding_open_and_says_why(void **state)
{
	struct scene *scene = *state;
	const char *job_id = NULL;

	struct finding finding = stranger_found(scene);
	assert_ok(settle(scene, finding.finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &finding, &job_id));
	struct job job = scene_claim(scene, JOB_DEPROVISION);
	const struct grant_change failed = {.event = GRANT_EVENT_NEEDS_PERSON,
	                                    .code = "graph_error",
	                                    .reason = "No.",
	                                    .job_id = job.job_id,
	                                    .fence = job.fence};
	struct job_settlement settlement = {
	    .job = &job, .grant_id = "", .finding_id = finding.finding_id, .change = &failed};
	DO(scene, job_settle_all, &worker_actor, &settlement, 1, scene->arena);
	assert_ok(settlement.result);
	assert_ok(DO(scene, finding_read, finding.finding_id, scene->arena, &finding));
	assert_int_equal(finding.status, FINDING_OPEN);
	assert_string_equal(finding.code, "graph_error");
	assert_string_equal(finding.detail, "No.");
	assert_ok(settle(scene, finding.finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &finding, &job_id));
	assert_non_null(job_id);
}

static void nobody_with_an_open_grant_is_taken_out_or_adopted(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL, settled;
	const char *job_id = NULL;

	scene_catalog(scene);
	check(scene, true, &user_in, 1);
	assert_int_equal(findings(scene, "open", &found), 1);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	struct job job = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_intend(scene, &job, "22222222-2222-4222-8222-222222222222", true).result);
	assert_refused(
	    scene,
	    settle(scene, found[0].finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &settled, &job_id),
	    RESULT_CONFLICT, "conflict");
	assert_refused(scene,
	               settle(scene, found[0].finding_id,
	                      (struct finding_order){.action = FINDING_ADOPT, .account_id = "account-2"}, &settled,
	                      &job_id),
	               RESULT_CONFLICT, "conflict");
	/* And the next check closes it. */
	check(scene, false, NULL, 0);
	assert_int_equal(findings(scene, "resolved", &found), 1);
	assert_string_equal(found[0].resolution, "approved");
}

static void who_is_adopted_has_a_grant_that_an_admin_decided_and_that_takes_them_out_when_it_ends(void **state)
{
	struct scene *scene = *state;
	struct access_request request;
	struct grant grant;
	enum membership_origin origin;
	const char *job_id = NULL;
	struct finding_order order = {.action = FINDING_ADOPT,
	                              .account_id = "account-7",
	                              .duration_days = 500,
	                              .decided_by = "account-admin",
	                              .decision = "{}"};

	struct finding finding = stranger_found(scene);
	assert_refused(scene, settle(scene, finding.finding_id, order, &finding, &job_id), RESULT_INVALID,
	               "duration_exceeds_maximum");
	order.duration_days = 0;
	assert_ok(settle(scene, finding.finding_id, order, &finding, &job_id));
	assert_string_equal(finding.resolution, "adopted");
	assert_ok(DO(scene, grant_read, finding.grant_id, scene->arena, &grant));
	assert_int_equal(grant.status, GRANT_PENDING_PROVISION);
	assert_string_equal(grant.external_user_id, STRANGER);
	assert_int_equal(grant.duration_days, 90);
	assert_ok(DO(scene, request_read, grant.request_id, scene->arena, &request));
	assert_int_equal(request.status, REQUEST_APPROVED);
	assert_string_equal(request.decided_by, "account-admin");
	assert_string_equal(request.purpose, "why");
	assert_ok(DO(scene, membership_origin, "entra", SCENE_GROUP, STRANGER, &origin));
	assert_int_equal(origin, MEMBERSHIP_OURS);
	assert_string_equal(scene_claim(scene, JOB_PROVISION).job_id, job_id);
}

static void a_group_that_no_tool_has_any_more_leaves_no_finding(void **state)
{
	struct scene *scene = *state;
	struct group_watch *watches = NULL;
	size_t count = 1;

	struct finding finding = stranger_found(scene);
	assert_ok(DO(scene, tool_unbind_group, &admin, "chat", &scene->error));
	assert_ok(DO(scene, member_check_enqueue_due, SCENE_START + HOUR, &scene->error));
	struct job job = scene_claim(scene, JOB_MEMBER_CHECK);
	assert_ok(DO(scene, watch_open, &job, scene->arena, &watches, &count, &scene->error));
	assert_int_equal(count, 0);
	assert_ok(DO(scene, finding_read, finding.finding_id, scene->arena, &finding));
	assert_string_equal(finding.resolution, "unbound");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(a_check_that_is_queued_does_for_a_second_one_and_a_running_one_does_not),
	    scene_test(a_connector_is_checked_by_itself_once_an_hour_and_at_once_when_a_group_is_new),
	    scene_test(a_walk_shows_nothing_before_its_last_page_and_goes_on_after_a_restart),
	    scene_test(a_walk_that_fails_leaves_findings_and_link_and_its_pages_are_forgotten),
	    scene_test(a_worker_whose_lease_ran_out_takes_nothing_in),
	    scene_test(who_has_a_grant_and_is_in_the_group_is_nobodys_finding),
	    scene_test(one_list_that_lacks_a_member_is_not_believed_if_a_second_look_finds_them),
	    scene_test(a_member_who_is_missing_twice_is_a_finding_and_their_grant_is_with_a_person),
	    scene_test(where_a_change_of_ours_is_young_two_looks_seconds_apart_have_to_agree),
	    scene_test(a_missing_member_who_is_back_closes_the_finding_and_the_grant_goes_on),
	    scene_test(a_tool_that_settles_by_itself_puts_back_who_is_missing),
	    scene_test(a_member_without_an_approval_is_a_finding_until_they_leave),
	    scene_test(a_removal_goes_by_a_deprovision_job_of_its_own_and_waits_for_nobody_but_holds_new_approvals),
	    scene_test(a_removal_that_needs_a_person_leaves_the_finding_open_and_says_why),
	    scene_test(nobody_with_an_open_grant_is_taken_out_or_adopted),
	    scene_test(who_is_adopted_has_a_grant_that_an_admin_decided_and_that_takes_them_out_when_it_ends),
	    scene_test(a_group_that_no_tool_has_any_more_leaves_no_finding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
