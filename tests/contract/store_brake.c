/* The store's contract: ends by time, what is said before, and the brake on removals that nobody asked for. */
#include "store_scene.h"

#include "domain/clock_watch.h"

#define DAY (INT64_C(24) * 3600 * 1000)
#define HOUR (INT64_C(3600) * 1000)
#define MINUTE (INT64_C(60) * 1000)
#define OTHER_GROUP "11111111-1111-4111-8111-222222222222"
#define LIFE (90 * DAY)

/* ---- words ---- */

/* Whatever is due, however many steps it takes. */
static void advance(struct scene *scene)
{
	bool more = true;

	while (more)
		assert_ok(DO(scene, expiry_advance, &more, &scene->error));
}

/* So that the clock is known, and nothing of the past is said. */
static void begin(struct scene *scene)
{
	scene_catalog(scene);
	advance(scene);
}

static const char *user_of(struct scene *scene, int number)
{
	return arena_printf(scene->arena, "%08d-2222-4222-8222-222222222222", number);
}

/* Somebody in the group by a grant of the tool. */
static struct grant member_by(struct scene *scene, const char *tool_id, int person, const char *issue_id)
{
	struct grant pending = scene_grant(scene, tool_id, arena_printf(scene->arena, "account-%d", person), issue_id);
	struct grant grant = scene_provision(scene, user_of(scene, person));

	assert_string_equal(grant.grant_id, pending.grant_id);
	return grant;
}

static struct grant member(struct scene *scene)
{
	return member_by(scene, "chat", scene->next_id++, NULL);
}

static struct grant *members(struct scene *scene, int count)
{
	struct grant *grants = arena_array(scene->arena, (size_t)count, sizeof(*grants));

	for (int at = 0; at < count; at++)
		grants[at] = member(scene);
	return grants;
}

static struct grant read_grant(struct scene *scene, const char *grant_id)
{
	struct grant grant;

	assert_ok(DO(scene, grant_read, grant_id, scene->arena, &grant));
	return grant;
}

static size_t count_status(struct scene *scene, const char *status)
{
	struct request_filter filter = {.status = status};
	struct page page = {.limit = 200};
	struct grant *grants = NULL;
	size_t count = 0, sum = 0;

	do {
		assert_ok(DO(scene, grant_list, &filter, &page, scene->arena, &grants, &count, &page.after));
		sum += count;
	} while (page.after != NULL);
	return sum;
}

static struct held_removals held(struct scene *scene)
{
	struct held_removals removals;

	assert_ok(DO(scene, removals_held, "entra", scene->arena, &removals));
	return removals;
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

/* Takes out whoever may be taken out; how many that were. */
static size_t remove_all(struct scene *scene)
{
	struct job job;
	struct grant grant;
	size_t count = 0;

	while (scene_claims(scene, &job)) {
		if (job.kind != JOB_DEPROVISION) {
			assert_ok(DO(scene, job_finish, &job, &(struct job_outcome){.status = JOB_SUCCEEDED}, &scene->error));
			continue;
		}
		assert_ok(scene_apply(
		    scene, job.grant_id,
		    (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence}, &grant));
		count++;
	}
	return count;
}

static void release(struct scene *scene)
{
	assert_ok(DO(scene, removals_release, &admin, "entra", &scene->error));
}

static void cancel(struct scene *scene)
{
	assert_ok(DO(scene, removals_cancel, &admin, "entra", &scene->error));
}

/* ---- ends ---- */

static void access_that_is_over_is_taken_back_at_that_very_moment_and_not_before(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	begin(scene);
	grant = member(scene);
	scene_pass(scene, LIFE - 1);
	advance(scene);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_ACTIVE);
	scene_pass(scene, 1);
	advance(scene);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_PENDING_DEPROVISION);
	assert_int_equal(remove_all(scene), 1);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_EXPIRED);
	assert_int_equal(count_events(scene, "grant.expire"), 1);
}

static void an_end_is_made_once_however_often_the_service_starts(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	begin(scene);
	grant = member(scene);
	scene_pass(scene, LIFE + 7 * DAY);
	for (int at = 0; at < 3; at++) {
		scene_reopen(scene);
		advance(scene);
	}
	assert_int_equal(scene_count_jobs(scene, "deprovision", NULL), 1);
	assert_int_equal(count_events(scene, "grant.expire"), 1);
	assert_int_equal(remove_all(scene), 1);
	scene_reopen(scene);
	advance(scene);
	assert_int_equal(read_grant(scene, grant.grant_id).status, GRANT_EXPIRED);
	assert_int_equal(scene_count_jobs(scene, "deprovision", NULL), 1);
}

static void what_was_over_for_a_week_is_caught_up_in_steps(void **state)
{
	struct scene *scene = *state;
	bool more = false;

	begin(scene);
	(void)members(scene, 250);
	scene_pass(scene, LIFE + 7 * DAY);
	assert_ok(DO(scene, expiry_advance, &more, &scene->error));
	assert_true(more);
	assert_int_equal(count_status(scene, "pendingDeprovision"), 200);
	advance(scene);
	assert_int_equal(count_status(scene, "pendingDeprovision"), 250);
	assert_int_equal(count_status(scene, "active"), 0);
}

/* ---- the limits ---- */

static void thirty_of_sixty_at_once_are_all_held_and_nobody_leaves(void **state)
{
	struct scene *scene = *state;
	struct held_removals removals;
	struct grant *leaving;
	struct job job;

	begin(scene);
	leaving = members(scene, 30);
	scene_pass(scene, DAY);
	(void)members(scene, 30);
	scene_pass(scene, LIFE - DAY);
	advance(scene);
	assert_int_equal(remove_all(scene), 0);
	removals = held(scene);
	assert_int_equal(removals.count, 30);
	assert_int_equal(removals.group_count, 1);
	assert_string_equal(removals.groups[0].group_id, SCENE_GROUP);
	assert_string_equal(removals.groups[0].reason, "tooMany");
	assert_int_equal(count_events(scene, "connector.removalsHeld"), 1);
	assert_int_equal(count_status(scene, "pendingDeprovision"), 30);
	assert_int_equal(scene_count_jobs(scene, "deprovision", "waiting"), 30);
	assert_ok(DO(scene, job_find_of_grant, leaving[29].grant_id, scene->arena, &job));
	assert_string_equal(job.error_code, "removals_held");
}

static void ten_of_a_hundred_and_twenty_of_thirty_leave_as_they_should(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	(void)members(scene, 10);
	scene_pass(scene, DAY);
	(void)members(scene, 20);
	scene_pass(scene, DAY);
	(void)members(scene, 70);
	scene_pass(scene, LIFE - 2 * DAY);
	advance(scene);
	assert_int_equal(remove_all(scene), 10);
	scene_pass(scene, DAY);
	advance(scene);
	assert_int_equal(remove_all(scene), 20);
	assert_int_equal(held(scene).group_count, 0);
}

static void a_fifth_of_a_large_group_may_leave_and_not_one_more(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	(void)members(scene, 40);
	scene_pass(scene, MINUTE);
	(void)members(scene, 1);
	scene_pass(scene, DAY);
	(void)members(scene, 159);
	scene_pass(scene, LIFE - DAY - MINUTE);
	advance(scene);
	assert_int_equal(remove_all(scene), 40); /* of 200 */
	scene_pass(scene, MINUTE);
	advance(scene);
	assert_int_equal(remove_all(scene), 0);
	assert_int_equal(held(scene).count, 1);
}

static void the_one_too_many_holds_those_before_it_that_are_not_sent(void **state)
{
	struct scene *scene = *state;
	struct job job;
	struct grant grant;

	begin(scene);
	(void)members(scene, 20);
	scene_pass(scene, MINUTE);
	(void)members(scene, 1);
	scene_pass(scene, LIFE - MINUTE);
	advance(scene);
	job = scene_claim(scene, JOB_DEPROVISION); /* one is on its way */
	assert_int_equal(held(scene).count, 0);
	scene_pass(scene, MINUTE - 1000);
	assert_ok(DO(scene, job_renew, &job, SCENE_LEASE, &scene->error));
	scene_pass(scene, 1000);
	advance(scene);
	assert_int_equal(held(scene).count, 20);
	assert_ok(scene_apply(
	    scene, job.grant_id,
	    (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence}, &grant));
	assert_int_equal(grant.status, GRANT_EXPIRED);
	assert_int_equal(remove_all(scene), 0);
}

static void what_was_begun_comes_under_the_hold_only_if_nothing_was_sent(void **state)
{
	struct scene *scene = *state;
	struct job unsent, *more = NULL;
	size_t count = 0;
	struct job_outcome again = {.status = JOB_WAITING};

	begin(scene);
	(void)members(scene, 20);
	scene_pass(scene, MINUTE);
	(void)members(scene, 1);
	scene_pass(scene, LIFE - MINUTE);
	advance(scene);
	unsent = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(DO(scene, job_claim_more, &unsent, "w1", 10 * MINUTE, 1, scene->arena, &more, &count));
	assert_int_equal(count, 1);
	scene_pass(scene, MINUTE);
	advance(scene);
	assert_int_equal(held(scene).count, 19);
	again.next_attempt_at = SCENE_START;
	assert_ok(DO(scene, job_finish, &unsent, &again, &scene->error));
	assert_int_equal(held(scene).count, 20);
	again.sent = true;
	assert_ok(DO(scene, job_finish, &more[0], &again, &scene->error));
	assert_int_equal(held(scene).count, 20);
	assert_int_equal(remove_all(scene), 1);
}

static void a_removal_that_a_dead_worker_may_have_sent_goes_on_to_find_out(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	(void)members(scene, 20);
	scene_pass(scene, MINUTE);
	(void)members(scene, 1);
	scene_pass(scene, LIFE - MINUTE);
	advance(scene);
	(void)scene_claim(scene, JOB_DEPROVISION);
	scene_reopen(scene);
	scene_pass(scene, MINUTE);
	advance(scene);
	assert_int_equal(held(scene).count, 20);
	assert_int_equal(remove_all(scene), 1);
}

static void ends_spread_over_days_while_the_connector_is_disabled_are_not_let_out_together(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector;

	begin(scene);
	for (int day = 0; day < 5; day++) {
		(void)members(scene, 6);
		scene_pass(scene, DAY);
	}
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", false, scene->arena, &connector, &scene->error));
	scene_pass(scene, LIFE - 5 * DAY);
	for (int day = 0; day < 5; day++) {
		advance(scene);
		scene_pass(scene, DAY);
	}
	assert_int_equal(held(scene).count, 30);
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", true, scene->arena, &connector, &scene->error));
	assert_int_equal(remove_all(scene), 0);
	release(scene);
	assert_int_equal(remove_all(scene), 30);
}

static void who_keeps_their_place_by_another_grant_is_not_counted_and_not_held(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	scene_tool(scene, "draw", "entra");
	assert_ok(scene_bind(scene, "draw", SCENE_GROUP, true));
	for (int person = 0; person < 30; person++)
		(void)member_by(scene, "chat", person, NULL);
	scene_pass(scene, DAY);
	for (int person = 0; person < 20; person++)
		(void)member_by(scene, "draw", person, NULL);
	scene_pass(scene, LIFE - DAY);
	advance(scene);
	assert_int_equal(held(scene).count, 0);
	assert_int_equal(scene_count_jobs(scene, "deprovision", "queued"), 30);
}

static void two_grants_of_each_that_end_together_are_held_both(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	scene_tool(scene, "draw", "entra");
	assert_ok(scene_bind(scene, "draw", SCENE_GROUP, true));
	for (int person = 0; person < 21; person++) {
		(void)member_by(scene, "chat", person, NULL);
		(void)member_by(scene, "draw", person, NULL);
	}
	scene_pass(scene, LIFE);
	advance(scene);
	assert_int_equal(remove_all(scene), 0);
	assert_int_equal(held(scene).count, 42);
}

static void a_group_that_shrinks_by_revokes_puts_what_is_left_to_go_under_the_hold(void **state)
{
	struct scene *scene = *state;
	struct grant *others, grant;
	struct job job;

	begin(scene);
	(void)members(scene, 30);
	scene_pass(scene, DAY);
	others = members(scene, 130);
	assert_ok(DO(scene, connector_pause, "entra", false, SCENE_START + LIFE + HOUR, &scene->error));
	scene_pass(scene, LIFE - DAY);
	advance(scene);
	assert_int_equal(held(scene).count, 0); /* 30 of 160 */
	for (int at = 0; at < 130; at++)
		assert_ok(scene_apply(scene, others[at].grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	assert_ok(DO(scene, connector_pause, "entra", false, 0, &scene->error));
	for (int removed = 0; removed < 11;) {
		job = scene_claim(scene, JOB_DEPROVISION);
		if (read_grant(scene, job.grant_id).ends_as == GRANT_EXPIRED) {
			struct job_outcome later = {.status = JOB_WAITING, .next_attempt_at = SCENE_START + LIFE + MINUTE};
			assert_ok(DO(scene, job_finish, &job, &later, &scene->error));
			continue;
		}
		assert_ok(scene_apply(
		    scene, job.grant_id,
		    (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence}, &grant));
		removed++;
	}
	assert_int_equal(held(scene).count, 30); /* of 149 */
}

static void other_groups_and_what_a_person_asked_for_are_not_held(void **state)
{
	struct scene *scene = *state;
	struct grant asked, grant;

	begin(scene);
	scene_tool(scene, "draw", "entra");
	assert_ok(scene_bind(scene, "draw", OTHER_GROUP, true));
	(void)members(scene, 21);
	(void)member_by(scene, "draw", 900, NULL);
	scene_pass(scene, DAY);
	asked = member(scene);
	scene_pass(scene, LIFE - DAY);
	advance(scene);
	assert_int_equal(held(scene).count, 21);
	assert_ok(scene_apply(scene, asked.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	assert_int_equal(remove_all(scene), 2);
}

static void revokes_that_nobody_asked_for_one_by_one_are_counted_too(void **state)
{
	struct scene *scene = *state;
	struct grant *grants, grant;

	begin(scene);
	grants = members(scene, 21);
	for (int at = 0; at < 21; at++)
		assert_ok(scene_apply(scene, grants[at].grant_id,
		                      (struct grant_change){.event = GRANT_EVENT_REVOKE, .unasked = true}, &grant));
	assert_int_equal(held(scene).count, 21);
	assert_int_equal(remove_all(scene), 0);
}

/* What a run of chance did: when each removal was done, and what is claimed now. */
struct chance {
	struct scene *scene;
	int64_t done_at[400];
	size_t done;
	struct job claimed[3];
	unsigned seed;
};

static int chance_of(struct chance *chance, int count)
{
	chance->seed = chance->seed * 1103515245u + 12345u;
	return (int)(chance->seed >> 16) % count;
}

/* Of the hour that ends now, at most twenty, or a fifth of those who were in the group when it began. */
static void assert_within_limits(const struct chance *chance, size_t members)
{
	int64_t from = clock_now_ms(&chance->scene->clock.clock) - HOUR;
	size_t lately = 0;

	for (size_t at = 0; at < chance->done; at++)
		lately += chance->done_at[at] > from;
	assert_true(lately <= 20 || lately * 5 <= members - (chance->done - lately));
}

static void chance_end(struct chance *chance, struct job *job)
{
	struct scene *scene = chance->scene;
	struct grant grant;

	if (chance_of(chance, 3) == 0) { /* not now */
		struct job_outcome again = {.status = JOB_WAITING,
		                            .next_attempt_at = clock_now_ms(&scene->clock.clock) + MINUTE,
		                            .sent = chance_of(chance, 2) == 0};
		(void)!DO(scene, job_finish, job, &again, &scene->error);
	} else if (scene_apply(
	               scene, job->grant_id,
	               (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER, .job_id = job->job_id, .fence = job->fence},
	               &grant) == RESULT_OK) {
		chance->done_at[chance->done++] = clock_now_ms(&scene->clock.clock);
	}
	*job = (struct job){0};
}

static void chance_step(struct chance *chance)
{
	struct scene *scene = chance->scene;
	struct job *job = &chance->claimed[chance_of(chance, 3)];

	switch (chance_of(chance, 6)) {
	case 0:
		scene_pass(scene, chance_of(chance, 10) * MINUTE / 4);
		break;
	case 1:
		if (chance_of(chance, 20) == 0) {
			scene_reopen(scene);
			memset(chance->claimed, 0, sizeof(chance->claimed));
		}
		break;
	case 2:
		advance(scene);
		break;
	default:
		if (job->job_id != NULL)
			chance_end(chance, job);
		else if (!scene_claims(scene, job))
			*job = (struct job){0};
	}
}

static void whatever_workers_crashes_and_time_do_the_limits_hold_at_every_moment(void **state)
{
	static const int sizes[] = {25, 60, 120};
	struct chance chance = {.scene = *state, .seed = 11};
	size_t members_before = 0;

	begin(chance.scene);
	for (size_t round = 0; round < ARRAY_SIZE(sizes); round++) {
		int64_t begun = clock_now_ms(&chance.scene->clock.clock), end;
		for (int at = 0; at < sizes[round]; at++) {
			scene_pass(chance.scene, chance_of(&chance, 4) * MINUTE);
			(void)member(chance.scene);
		}
		end = clock_now_ms(&chance.scene->clock.clock) + LIFE;
		scene_pass(chance.scene, begun + LIFE - clock_now_ms(&chance.scene->clock.clock));
		members_before = (size_t)sizes[round];
		chance.done = 0;
		while (clock_now_ms(&chance.scene->clock.clock) < end + 2 * HOUR) {
			chance_step(&chance);
			assert_within_limits(&chance, members_before);
		}
		assert_true(chance.done > 0);
		advance(chance.scene);
		release(chance.scene); /* what is left of this round */
		memset(chance.claimed, 0, sizeof(chance.claimed));
		scene_pass(chance.scene, HOUR);
		(void)remove_all(chance.scene);
	}
}

/* ---- an admin's word ---- */

static void hold(struct scene *scene, int count)
{
	begin(scene);
	(void)members(scene, count);
	scene_pass(scene, LIFE);
	advance(scene);
	assert_int_equal(held(scene).count, count);
}

static void what_was_released_goes_out_and_is_never_held_again(void **state)
{
	struct scene *scene = *state;

	hold(scene, 30);
	scene_reopen(scene);
	release(scene);
	assert_int_equal(held(scene).group_count, 0);
	assert_int_equal(count_events(scene, "connector.removalsReleased"), 1);
	advance(scene);
	scene_reopen(scene);
	advance(scene);
	assert_int_equal(held(scene).group_count, 0);
	assert_int_equal(remove_all(scene), 30);
	assert_int_equal(count_status(scene, "expired"), 30);
}

static void what_was_cancelled_waits_for_a_person_and_nobody_leaves(void **state)
{
	struct scene *scene = *state;
	struct request_filter filter = {.status = "manualFollowUp"};
	struct page page = {.limit = 1};
	struct grant *grants = NULL, grant;
	size_t count = 0;
	const char *next = NULL;

	hold(scene, 250);
	cancel(scene);
	assert_int_equal(held(scene).group_count, 0);
	assert_int_equal(count_events(scene, "connector.removalsCancelled"), 1);
	assert_int_equal(count_status(scene, "manualFollowUp"), 250);
	advance(scene);
	assert_int_equal(remove_all(scene), 0);
	assert_ok(DO(scene, grant_list, &filter, &page, scene->arena, &grants, &count, &next));
	assert_string_equal(grants[0].follow_up.code, "removals_held");
	assert_int_equal(grants[0].follow_up.action, GRANT_ACTION_DEPROVISION);
	assert_ok(scene_apply(scene, grants[0].grant_id, (struct grant_change){.event = GRANT_EVENT_RETRY}, &grant));
	assert_int_equal(held(scene).group_count, 0); /* a person asked */
	assert_int_equal(remove_all(scene), 1);
}

static void an_action_with_nothing_held_leaves_no_event(void **state)
{
	struct scene *scene = *state;
	int64_t before;

	hold(scene, 30);
	release(scene);
	before = scene_audit_seq(scene);
	release(scene);
	cancel(scene);
	assert_int_equal(scene_audit_seq(scene), before);
	assert_refused(scene, DO(scene, removals_release, &admin, "nowhere", &scene->error), RESULT_NOT_FOUND, "not_found");
}

static void what_ends_while_a_hold_is_open_joins_it(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	(void)members(scene, 30);
	scene_pass(scene, 2 * HOUR);
	(void)members(scene, 1);
	scene_pass(scene, LIFE - 2 * HOUR);
	advance(scene);
	scene_pass(scene, 2 * HOUR);
	advance(scene);
	assert_int_equal(held(scene).count, 31);
	assert_int_equal(count_events(scene, "connector.removalsHeld"), 1);
	release(scene);
	assert_int_equal(remove_all(scene), 31);
}

static void a_person_who_asks_for_one_of_the_held_gets_that_one(void **state)
{
	struct scene *scene = *state;
	struct grant *grants, grant;

	begin(scene);
	grants = members(scene, 21);
	scene_pass(scene, LIFE);
	advance(scene);
	assert_ok(scene_apply(scene, grants[3].grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	assert_int_equal(held(scene).count, 20);
	assert_int_equal(remove_all(scene), 1);
	assert_int_equal(count_events(scene, "grant.removalAsked"), 1);
	for (int at = 0; at < 21; at++)
		if (at != 3)
			assert_ok(
			    scene_apply(scene, grants[at].grant_id, (struct grant_change){.event = GRANT_EVENT_RETRY}, &grant));
	assert_int_equal(held(scene).group_count, 0);
	assert_int_equal(remove_all(scene), 20);
}

static void whoever_is_approved_anew_does_not_wait_for_the_hold(void **state)
{
	struct scene *scene = *state;
	struct job job;
	struct grant fresh;

	begin(scene);
	for (int person = 0; person < 21; person++)
		(void)member_by(scene, "chat", person, NULL);
	scene_pass(scene, LIFE);
	advance(scene);
	fresh = scene_grant(scene, "chat", "account-7", NULL);
	assert_int_equal(held(scene).count, 20);
	job = scene_claim(scene, JOB_DEPROVISION); /* ends as kept, for there is another */
	assert_string_not_equal(job.grant_id, fresh.grant_id);
	assert_ok(scene_apply(scene, job.grant_id,
	                      (struct grant_change){.event = GRANT_EVENT_KEPT, .job_id = job.job_id, .fence = job.fence},
	                      &fresh));
	assert_int_equal(fresh.status, GRANT_EXPIRED);
}

static void neither_an_incident_nor_its_probe_lets_a_held_removal_out(void **state)
{
	struct scene *scene = *state;
	struct incident incident = {
	    .connector_id = "entra", .code = "graph_denied", .detail = "No.", .next_probe_at = SCENE_START};
	struct connector_settings connector;
	struct job job;

	begin(scene);
	(void)members(scene, 21);
	scene_pass(scene, DAY);
	(void)scene_grant(scene, "chat", "account-900", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	scene_pass(scene, 1);
	assert_ok(DO(scene, job_hold, &job, &incident, &scene->error));
	scene_pass(scene, LIFE);
	advance(scene);
	assert_int_equal(held(scene).count, 21);
	job = (struct job){0};
	while (scene_claims(scene, &job)) {
		assert_int_not_equal(job.kind, JOB_DEPROVISION);
		assert_ok(DO(scene, job_finish, &job, &(struct job_outcome){.status = JOB_SUCCEEDED}, &scene->error));
	}
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", false, scene->arena, &connector, &scene->error));
	assert_ok(DO(scene, connector_set_enabled, &admin, "entra", true, scene->arena, &connector, &scene->error));
	assert_int_equal(remove_all(scene), 0);
	assert_int_equal(held(scene).count, 21);
}

/* ---- the clock ---- */

/* A wall clock that somebody sets. */
struct set_clock {
	struct clock clock;
	int64_t wall, monotonic;
};

static int64_t set_now(const struct clock *clock)
{
	return ((const struct set_clock *)clock)->wall;
}

static int64_t set_monotonic(const struct clock *clock)
{
	return ((const struct set_clock *)clock)->monotonic;
}

static struct set_clock by_hand;

static void pass(int64_t ms)
{
	by_hand.wall += ms;
	by_hand.monotonic += ms;
}

static void open_by_hand(struct scene *scene)
{
	struct store_options options = {.url = scene->url, .clock = &by_hand.clock, .exclusive = true, .create = true};

	scene_close(scene);
	by_hand.clock = (struct clock){.now_ms = set_now, .monotonic_ms = set_monotonic};
	by_hand.monotonic = 1000; /* as after a start of the machine */
	assert_ok(store_open(&options, &scene->store, &scene->error));
	scene->store->ops->set_audit_signer(scene->store, &scene->signer);
}

/* One member, whose time is over in 90 days, and a store on that clock. */
static void begin_by_hand(struct scene *scene, int count)
{
	begin(scene);
	(void)members(scene, count);
	by_hand.wall = SCENE_START;
	open_by_hand(scene);
	advance(scene);
}

static void a_clock_set_a_year_ahead_takes_nobody_out(void **state)
{
	struct scene *scene = *state;

	begin_by_hand(scene, 1);
	by_hand.wall += 365 * DAY;
	advance(scene);
	assert_int_equal(held(scene).count, 1);
	assert_string_equal(held(scene).groups[0].reason, "clockJump");
	assert_int_equal(remove_all(scene), 0);
	open_by_hand(scene); /* a restart shows nothing about the clock */
	advance(scene);
	assert_int_equal(remove_all(scene), 0);
}

static void a_clock_that_was_set_right_again_is_trusted_and_what_was_held_stays_held(void **state)
{
	struct scene *scene = *state;
	struct grant *later;

	begin_by_hand(scene, 1);
	by_hand.wall += 365 * DAY;
	advance(scene);
	by_hand.wall -= 365 * DAY;
	pass(MINUTE);
	advance(scene);
	assert_int_equal(held(scene).count, 1);
	scene_tool(scene, "draw", "entra");
	assert_ok(scene_bind(scene, "draw", OTHER_GROUP, true));
	later = arena_array(scene->arena, 1, sizeof(*later));
	*later = member_by(scene, "draw", 800, NULL);
	pass(LIFE);
	advance(scene);
	assert_int_equal(held(scene).count, 1);
	assert_int_equal(remove_all(scene), 1);
	assert_int_equal(read_grant(scene, later->grant_id).status, GRANT_EXPIRED);
}

static void a_start_before_the_last_instant_on_record_is_a_jump(void **state)
{
	struct scene *scene = *state;

	begin_by_hand(scene, 1);
	pass(LIFE - MINUTE);
	advance(scene);
	by_hand.wall -= 30 * DAY;
	open_by_hand(scene);
	advance(scene);
	by_hand.wall += 30 * DAY - MINUTE; /* right again, a little later */
	pass(MINUTE);
	advance(scene);
	assert_int_equal(held(scene).group_count, 0);
	pass(MINUTE);
	advance(scene);
	assert_int_equal(remove_all(scene), 1);
}

static void after_an_admin_vouched_for_the_clock_ends_are_taken_at_their_word(void **state)
{
	struct scene *scene = *state;

	begin_by_hand(scene, 1);
	by_hand.wall += LIFE;
	advance(scene);
	assert_int_equal(held(scene).count, 1);
	release(scene);
	assert_int_equal(remove_all(scene), 1);
	(void)member(scene);
	pass(LIFE);
	advance(scene);
	assert_int_equal(held(scene).group_count, 0);
	assert_int_equal(remove_all(scene), 1);
}

static void a_service_that_was_down_for_a_week_is_no_jump(void **state)
{
	struct scene *scene = *state;

	begin_by_hand(scene, 20);
	by_hand.wall += LIFE + 7 * DAY;
	open_by_hand(scene);
	advance(scene);
	assert_int_equal(remove_all(scene), 20);
}

/* ---- warnings ---- */

static struct grant warned_member(struct scene *scene, const char *issue_id)
{
	return member_by(scene, "chat", scene->next_id++, issue_id);
}

/* The subjects of the warnings there are, as one text. */
static const char *warnings(struct scene *scene)
{
	struct job_filter filter = {.kind = "writeBack"};
	struct page page = {.limit = 200};
	struct job *jobs = NULL;
	const char *next = NULL, *all = "";
	size_t count = 0;

	assert_ok(DO(scene, job_list, &filter, &page, scene->arena, &jobs, &count, &next));
	for (size_t at = count; at > 0; at--)
		if (strncmp(jobs[at - 1].subject, "expiring", 8) == 0)
			all = arena_printf(scene->arena, "%s %s", all, jobs[at - 1].subject + 8);
	return all;
}

static void begin_with_warnings(struct scene *scene)
{
	struct tool tool = scene_tool_value("chat", "entra"), changed;

	begin(scene);
	tool.expiry_warnings = expiry_warnings_default;
	assert_ok(DO(scene, tool_update, &admin, &tool, 0, scene->arena, &changed, &scene->error));
	assert_int_equal(changed.expiry_warnings.count, 2);
	assert_int_equal(changed.expiry_warnings.days[0], 7);
}

static void an_issue_is_told_seven_days_and_one_day_before_the_end_each_once(void **state)
{
	struct scene *scene = *state;

	begin_with_warnings(scene);
	(void)warned_member(scene, "1");
	(void)warned_member(scene, NULL); /* not from Jira */
	for (int hour = 0; hour < 95 * 24; hour += 6) {
		advance(scene);
		if (hour < 83 * 24)
			assert_string_equal(warnings(scene), "");
		else if (hour < 89 * 24)
			assert_string_equal(warnings(scene), " 7");
		else
			assert_string_equal(warnings(scene), " 7 1");
		scene_reopen(scene);
		scene_pass(scene, 6 * HOUR);
	}
}

static void after_an_outage_only_the_warning_that_still_applies_is_said(void **state)
{
	struct scene *scene = *state;

	begin_with_warnings(scene);
	(void)warned_member(scene, "1");
	scene_pass(scene, 89 * DAY + HOUR);
	advance(scene);
	assert_string_equal(warnings(scene), " 1");
}

static void after_the_end_nothing_is_warned_of(void **state)
{
	struct scene *scene = *state;

	begin_with_warnings(scene);
	(void)warned_member(scene, "1");
	scene_pass(scene, LIFE);
	advance(scene);
	assert_string_equal(warnings(scene), "");
}

static void a_tool_names_its_own_days_and_none_is_none(void **state)
{
	struct scene *scene = *state;
	struct tool tool = scene_tool_value("chat", "entra"), changed;

	begin(scene); /* a tool with no days */
	(void)warned_member(scene, "1");
	scene_pass(scene, 84 * DAY);
	advance(scene);
	assert_string_equal(warnings(scene), "");
	tool.expiry_warnings = (struct expiry_warnings){.days = {14, 3}, .count = 2};
	assert_ok(DO(scene, tool_update, &admin, &tool, 0, scene->arena, &changed, &scene->error));
	advance(scene);
	assert_string_equal(warnings(scene), "");
	scene_pass(scene, 3 * DAY);
	advance(scene);
	assert_string_equal(warnings(scene), " 3");
}

static void no_warning_of_many_that_come_at_once_is_lost(void **state)
{
	struct scene *scene = *state;

	begin_with_warnings(scene);
	for (int at = 0; at < 250; at++)
		(void)warned_member(scene, arena_printf(scene->arena, "%d", at + 1));
	scene_pass(scene, LIFE - 7 * DAY);
	(void)remove_all(scene); /* what was to be said of their beginning */
	advance(scene);
	for (size_t claimed = 0; claimed < 250; claimed++)
		assert_string_equal(scene_claim(scene, JOB_WRITE_BACK).subject, "expiring7");
}

static void nothing_is_said_where_comments_are_off(void **state)
{
	struct scene *scene = *state;

	begin_with_warnings(scene);
	scene_no_write_back(scene);
	(void)warned_member(scene, "1");
	scene_pass(scene, 84 * DAY);
	advance(scene);
	assert_string_equal(warnings(scene), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(access_that_is_over_is_taken_back_at_that_very_moment_and_not_before),
	    scene_test(an_end_is_made_once_however_often_the_service_starts),
	    scene_test(what_was_over_for_a_week_is_caught_up_in_steps),
	    scene_test(thirty_of_sixty_at_once_are_all_held_and_nobody_leaves),
	    scene_test(ten_of_a_hundred_and_twenty_of_thirty_leave_as_they_should),
	    scene_test(a_fifth_of_a_large_group_may_leave_and_not_one_more),
	    scene_test(the_one_too_many_holds_those_before_it_that_are_not_sent),
	    scene_test(what_was_begun_comes_under_the_hold_only_if_nothing_was_sent),
	    scene_test(a_removal_that_a_dead_worker_may_have_sent_goes_on_to_find_out),
	    scene_test(ends_spread_over_days_while_the_connector_is_disabled_are_not_let_out_together),
	    scene_test(who_keeps_their_place_by_another_grant_is_not_counted_and_not_held),
	    scene_test(two_grants_of_each_that_end_together_are_held_both),
	    scene_test(a_group_that_shrinks_by_revokes_puts_what_is_left_to_go_under_the_hold),
	    scene_test(other_groups_and_what_a_person_asked_for_are_not_held),
	    scene_test(revokes_that_nobody_asked_for_one_by_one_are_counted_too),
	    scene_test(whatever_workers_crashes_and_time_do_the_limits_hold_at_every_moment),
	    scene_test(what_was_released_goes_out_and_is_never_held_again),
	    scene_test(what_was_cancelled_waits_for_a_person_and_nobody_leaves),
	    scene_test(an_action_with_nothing_held_leaves_no_event),
	    scene_test(what_ends_while_a_hold_is_open_joins_it),
	    scene_test(a_person_who_asks_for_one_of_the_held_gets_that_one),
	    scene_test(whoever_is_approved_anew_does_not_wait_for_the_hold),
	    scene_test(neither_an_incident_nor_its_probe_lets_a_held_removal_out),
	    scene_test(a_clock_set_a_year_ahead_takes_nobody_out),
	    scene_test(a_clock_that_was_set_right_again_is_trusted_and_what_was_held_stays_held),
	    scene_test(a_start_before_the_last_instant_on_record_is_a_jump),
	    scene_test(after_an_admin_vouched_for_the_clock_ends_are_taken_at_their_word),
	    scene_test(a_service_that_was_down_for_a_week_is_no_jump),
	    scene_test(an_issue_is_told_seven_days_and_one_day_before_the_end_each_once),
	    scene_test(after_an_outage_only_the_warning_that_still_applies_is_said),
	    scene_test(after_the_end_nothing_is_warned_of),
	    scene_test(a_tool_names_its_own_days_and_none_is_none),
	    scene_test(no_warning_of_many_that_come_at_once_is_lost),
	    scene_test(nothing_is_said_where_comments_are_off),
	};

	return cmocka_run_group_tests_name("store: brake", tests, NULL, NULL);
}
