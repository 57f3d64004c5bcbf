/* The store's contract: what becomes of findings by themselves. They stand in the evidence of their period, hold no
 * text about anybody who was erased, go by age; and where a tool settles by itself, strangers leave under the brake. */
#include "store_walk.h"

#define DAY (INT64_C(24) * 3600 * 1000)
#define HOUR (INT64_C(3600) * 1000)

/* ---- people ---- */

static const char *person(struct scene *scene, int number)
{
	return arena_printf(scene->arena, "%08d-5555-4555-8555-555555555555", number);
}

static struct member_change in(struct scene *scene, int number)
{
	return (struct member_change){.id = person(scene, number), .kind = MEMBER_USER};
}

/* These are in the group now, by the directory's word. */
static void come(struct scene *scene, int first, int count)
{
	struct member_change *changes = arena_array(scene->arena, (size_t)count, sizeof(*changes));

	for (int at = 0; at < count; at++)
		changes[at] = in(scene, first + at);
	check(scene, false, changes, (size_t)count);
}

/* A group that was read once, with nobody in it. */
static void begin(struct scene *scene)
{
	scene_catalog(scene);
	scene_no_write_back(scene);
	check(scene, true, NULL, 0);
}

static struct finding only(struct scene *scene, const char *status)
{
	struct finding *found = NULL;

	assert_int_equal(findings(scene, status, &found), 1);
	return found[0];
}

static struct finding read_finding(struct scene *scene, const char *finding_id)
{
	struct finding finding;

	assert_ok(DO(scene, finding_read, finding_id, scene->arena, &finding));
	return finding;
}

static void put_reason(struct scene *scene, const char *finding_id, const struct actor *actor, const char *reason)
{
	struct finding_order order = {.action = FINDING_TAKE_OUT, .reason = reason};
	struct finding finding;
	const char *job_id = NULL;

	assert_ok(DO(scene, finding_settle, actor, finding_id, &order, scene->arena, &finding, &job_id, &scene->error));
}

/* How the worker's only removal ended. */
static void end_removal(struct scene *scene, struct grant_change change)
{
	struct job job = scene_claim(scene, JOB_DEPROVISION);
	struct job_settlement settlement = {.job = &job, .grant_id = "", .finding_id = job.subject, .change = &change};

	change.job_id = job.job_id;
	change.fence = job.fence;
	DO(scene, job_settle_all, &worker_actor, &settlement, 1, scene->arena);
	assert_ok(settlement.result);
}

/* ---- evidence ---- */

static size_t in_evidence(struct scene *scene, int64_t from, int64_t to, const char *tool_id)
{
	struct evidence_filter filter = {.from = from, .to = to, .tool_id = tool_id};
	struct finding *found = NULL;
	size_t count = 0;

	assert_ok(DO(scene, evidence_findings, &filter, "", 100, scene->arena, &found, &count));
	return count;
}

static void what_was_found_stands_in_the_evidence_of_every_period_in_which_it_held(void **state)
{
	struct scene *scene = *state;
	const struct member_change leaves = {.id = person(scene, 1), .removed = true};
	const int64_t start = SCENE_START;

	begin(scene);
	scene_pass(scene, 10 * DAY);
	come(scene, 1, 1);
	scene_pass(scene, 10 * DAY);
	check(scene, false, &leaves, 1);
	assert_int_equal(in_evidence(scene, start, start + 10 * DAY, NULL), 0);
	assert_int_equal(in_evidence(scene, start, start + 11 * DAY, NULL), 1);
	assert_int_equal(in_evidence(scene, start + 12 * DAY, start + 13 * DAY, NULL), 1);
	assert_int_equal(in_evidence(scene, start + 20 * DAY, start + 30 * DAY, NULL), 1);
	assert_int_equal(in_evidence(scene, start + 21 * DAY, start + 30 * DAY, NULL), 0);
}

static void the_evidence_of_a_tool_has_what_was_found_in_a_group_that_it_shares_and_no_other(void **state)
{
	struct scene *scene = *state;
	const int64_t to = SCENE_START + DAY;

	scene_catalog(scene);
	scene_tool(scene, "draw", "entra");
	scene_tool(scene, "sing", "entra");
	assert_ok(scene_bind(scene, "draw", SCENE_GROUP, true));
	check(scene, true, NULL, 0);
	come(scene, 1, 1);
	assert_null(only(scene, "open").tool_id);
	assert_int_equal(in_evidence(scene, 0, to, "chat"), 1);
	assert_int_equal(in_evidence(scene, 0, to, "draw"), 1);
	assert_int_equal(in_evidence(scene, 0, to, "sing"), 0);
}

static void pages_of_evidence_leave_no_finding_out_and_show_no_mere_suspicion(void **state)
{
	struct scene *scene = *state;
	const struct evidence_filter filter = {.to = SCENE_START + DAY};
	char after[ID_SIZE] = "";
	size_t total = 0, count = 3;

	begin(scene);
	come(scene, 1, 10);
	while (count == 3) {
		struct finding *found = NULL;

		assert_ok(DO(scene, evidence_findings, &filter, after, 3, scene->arena, &found, &count));
		for (size_t at = 0; at < count; at++) {
			assert_true(strcmp(found[at].finding_id, after) > 0);
			snprintf(after, sizeof(after), "%s", found[at].finding_id);
		}
		total += count;
	}
	assert_int_equal(total, 10);
	/* One whose grant began a moment ago is only suspected to be missing. */
	(void)scene_grant(scene, "chat", "account-1", NULL);
	(void)scene_provision(scene, SCENE_USER);
	struct job job = check_begin(scene);
	struct group_watch watch = watch_of(scene, &job);
	take(scene, &job, (struct watch_page){.watch_key = watch.key, .begins = true, .resume = "https://g.example/1"});
	assert_int_not_equal(compare(scene, &job, watch.key).look_at, 0);
	assert_int_equal(in_evidence(scene, 0, SCENE_START + DAY, NULL), 10);
}

/* ---- erasure and age ---- */

static bool file_holds(const char *path, const char *text)
{
	static char bytes[8 << 20];
	FILE *file = fopen(path, "r");
	size_t size = file != NULL ? fread(bytes, 1, sizeof(bytes), file) : 0;

	if (file != NULL)
		fclose(file);
	assert_true(size < sizeof(bytes));
	return memmem(bytes, size, text, strlen(text)) != NULL;
}

static bool disk_holds(struct scene *scene, const char *text)
{
	return file_holds(scene->path, text) || file_holds(arena_printf(scene->arena, "%s-wal", scene->path), text);
}

/* Ada, whose access has ended and who is in the group again. */
static struct finding ada_is_back(struct scene *scene)
{
	const struct member_change back = {.id = SCENE_USER, .kind = MEMBER_USER};
	struct grant grant = scene_grant(scene, "chat", "account-ada", NULL);

	(void)scene_provision(scene, SCENE_USER);
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	struct job job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(
	    scene, grant.grant_id,
	    (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence}, &grant));
	scene_pass(scene, HOUR);
	check(scene, false, &back, 1);
	return only(scene, "open");
}

static void nothing_that_was_written_about_a_person_who_was_found_is_left_after_their_erasure(void **state)
{
	struct scene *scene = *state;
	struct erasure erasure;

	begin(scene);
	struct finding finding = ada_is_back(scene);
	put_reason(scene, finding.finding_id, &admin, "Zerbinetta has left us");
	end_removal(scene, (struct grant_change){.event = GRANT_EVENT_NEEDS_PERSON,
	                                         .code = "graph_error",
	                                         .reason = "zerbinetta@contoso.example was not found"});
	assert_true(disk_holds(scene, "Zerbinetta") && disk_holds(scene, "zerbinetta"));
	assert_ok(DO(scene, subject_erase, &admin, "account-ada", "asked", &erasure, &scene->error));
	assert_false(disk_holds(scene, "Zerbinetta"));
	assert_false(disk_holds(scene, "zerbinetta"));
	finding = read_finding(scene, finding.finding_id);
	assert_string_equal(finding.member_id, SCENE_USER);
	assert_string_equal(finding.code, "graph_error");
	assert_null(finding.reason);
}

static void what_an_admin_wrote_about_others_goes_with_that_admin_and_no_other_text_does(void **state)
{
	struct scene *scene = *state;
	const struct actor ada = {.kind = "token", .id = "principal-ada"};
	const struct api_token token = {.principal_id = "principal-ada",
	                                .name = "ada",
	                                .role = ROLE_ADMIN,
	                                .account_id = "account-ada",
	                                .hash = {7},
	                                .created_at = SCENE_START};
	struct finding *found = NULL;
	struct erasure erasure;

	begin(scene);
	assert_ok(DO(scene, token_create, &admin, &token, &scene->error));
	come(scene, 1, 2);
	assert_int_equal(findings(scene, "open", &found), 2);
	put_reason(scene, found[0].finding_id, &ada, "Zerbinetta wrote this");
	put_reason(scene, found[1].finding_id, &admin, "Somebody else wrote that");
	assert_ok(DO(scene, subject_erase, &admin, "account-ada", "asked", &erasure, &scene->error));
	assert_false(disk_holds(scene, "Zerbinetta"));
	assert_string_equal(read_finding(scene, found[1].finding_id).reason, "Somebody else wrote that");
}

static void what_was_settled_long_ago_goes_by_age_and_what_stands_never(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;
	struct member_change *leave = arena_array(scene->arena, 2100, sizeof(*leave));

	assert_non_null(leave);
	begin(scene);
	come(scene, 0, 2102);
	for (int at = 0; at < 2100; at++)
		leave[at] = (struct member_change){.id = person(scene, at), .removed = true};
	check(scene, false, leave, 2100);
	assert_int_equal(findings(scene, "open", &found), 2);
	put_reason(scene, found[0].finding_id, &admin, "under way");
	scene_pass(scene, 89 * DAY);
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_int_equal(findings(scene, "resolved", &found), 200); /* a page of them */
	scene_pass(scene, 2 * DAY);
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_int_equal(findings(scene, "resolved", &found), 0);
	assert_int_equal(findings(scene, "open", &found), 1);
	assert_int_equal(findings(scene, "settling", &found), 1);
}

/* ---- a tool that settles by itself ---- */

static void settles_itself(struct scene *scene, const char *tool_id)
{
	struct tool tool;

	assert_ok(DO(scene, tool_read, tool_id, scene->arena, &tool));
	tool.drift = "settle";
	assert_ok(DO(scene, tool_update, &admin, &tool, 0, scene->arena, &tool, &scene->error));
}

/* A group of so many who have a grant, all of them seen in it, long ago. */
static void begin_with(struct scene *scene, int approved)
{
	struct member_change *members = arena_array(scene->arena, (size_t)approved + 1, sizeof(*members));

	assert_non_null(members);
	scene_catalog(scene);
	scene_no_write_back(scene);
	settles_itself(scene, "chat");
	for (int at = 0; at < approved; at++) {
		(void)scene_grant(scene, "chat", arena_printf(scene->arena, "account-%d", at), NULL);
		(void)scene_provision(scene, person(scene, at));
		members[at] = in(scene, at);
	}
	check(scene, true, members, (size_t)approved);
	scene_pass(scene, HOUR);
}

/* Takes out whoever may be taken out; how many that were. */
static size_t remove_all(struct scene *scene)
{
	struct job job;
	size_t count = 0;

	while (scene_claims(scene, &job)) {
		const struct grant_change gone = {.event = GRANT_EVENT_NOT_MEMBER, .job_id = job.job_id, .fence = job.fence};
		struct job_settlement settlement = {.job = &job, .grant_id = "", .finding_id = job.subject, .change = &gone};
		struct grant grant;

		assert_int_equal(job.kind, JOB_DEPROVISION);
		if (job.grant_id != NULL) {
			assert_ok(scene_apply(scene, job.grant_id, gone, &grant));
		} else {
			DO(scene, job_settle_all, &worker_actor, &settlement, 1, scene->arena);
			assert_ok(settlement.result);
		}
		count++;
	}
	return count;
}

static int64_t held(struct scene *scene)
{
	struct held_removals removals;

	assert_ok(DO(scene, removals_held, "entra", scene->arena, &removals));
	return removals.count;
}

static bool is_held_at_all(struct scene *scene)
{
	struct held_removals removals;

	assert_ok(DO(scene, removals_held, "entra", scene->arena, &removals));
	return removals.group_count > 0;
}

static size_t count_events(struct scene *scene, const char *action, const char **ret_detail)
{
	struct audit_event *events;
	size_t count = 0, found = 0;

	assert_ok(DO(scene, audit_read_from, 0, 10000, scene->arena, &events, &count));
	for (size_t at = 0; at < count; at++) {
		if (strcmp(events[at].action, action) != 0)
			continue;
		found++;
		if (ret_detail != NULL)
			*ret_detail = events[at].detail;
	}
	return found;
}

static size_t count_findings(struct scene *scene, const char *status)
{
	struct finding *found = NULL;

	return findings(scene, status, &found);
}

static struct finding some(struct scene *scene, const char *status)
{
	struct finding *found = NULL;

	assert_true(findings(scene, status, &found) > 0);
	return found[0];
}

static void a_few_strangers_leave_by_themselves_and_it_is_on_record_that_nobody_asked(void **state)
{
	struct scene *scene = *state;

	begin_with(scene, 57);
	come(scene, 100, 3);
	assert_int_equal(count_findings(scene, "settling"), 3);
	assert_int_equal(held(scene), 0);
	assert_int_equal(remove_all(scene), 3);
	struct finding *found = NULL;
	assert_int_equal(findings(scene, "resolved", &found), 3);
	assert_string_equal(found[0].resolution, "takenOut");
	assert_string_equal(found[0].settled_by_kind, "system");
	assert_null(found[0].reason);
	assert_int_equal(count_events(scene, "finding.takenOut", NULL), 3);
}

static void thirty_strangers_in_a_group_of_sixty_are_all_held_as_one_incident_and_nobody_leaves(void **state)
{
	struct scene *scene = *state;
	struct held_removals removals;
	const char *detail = NULL;

	begin_with(scene, 30);
	come(scene, 100, 30);
	assert_int_equal(remove_all(scene), 0);
	assert_ok(DO(scene, removals_held, "entra", scene->arena, &removals));
	assert_int_equal(removals.count, 30);
	assert_int_equal(removals.group_count, 1);
	assert_string_equal(removals.groups[0].group_id, SCENE_GROUP);
	assert_string_equal(removals.groups[0].reason, "tooMany");
	assert_int_equal(count_events(scene, "connector.removalsHeld", &detail), 1);
	assert_non_null(strstr(detail, "\"members\":60"));
	assert_non_null(strstr(detail, "findingIds"));
	assert_non_null(strstr(detail, some(scene, "settling").finding_id));
	assert_int_equal(count_findings(scene, "settling"), 30);
	/* Another check says the same once more, and a restart forgets nothing. */
	scene_reopen(scene);
	come(scene, 100, 30);
	assert_int_equal(held(scene), 30);
	assert_int_equal(count_events(scene, "connector.removalsHeld", NULL), 1);
	assert_int_equal(remove_all(scene), 0);
}

static void what_an_admin_releases_goes_out_and_what_comes_after_is_counted_anew(void **state)
{
	struct scene *scene = *state;

	begin_with(scene, 30);
	come(scene, 100, 30);
	assert_ok(DO(scene, removals_release, &admin, "entra", &scene->error));
	assert_int_equal(remove_all(scene), 30);
	assert_int_equal(count_findings(scene, "resolved"), 30);
	assert_false(is_held_at_all(scene));
	come(scene, 200, 2);
	assert_int_equal(remove_all(scene), 2);
}

static void what_an_admin_cancels_takes_nobody_out_and_waits_for_an_admin_from_then_on(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL, settled;
	const char *job_id = NULL;

	begin_with(scene, 30);
	come(scene, 100, 30);
	assert_ok(DO(scene, removals_cancel, &admin, "entra", &scene->error));
	assert_int_equal(remove_all(scene), 0);
	assert_false(is_held_at_all(scene));
	assert_int_equal(scene_count_jobs(scene, "deprovision", "cancelled"), 30);
	assert_int_equal(count_events(scene, "finding.takeOutCancelled", NULL), 30);
	come(scene, 100, 30);
	scene_pass(scene, 2 * HOUR);
	come(scene, 100, 30);
	assert_int_equal(remove_all(scene), 0);
	assert_int_equal(findings(scene, "open", &found), 30);
	assert_string_equal(found[0].code, "removals_held");
	assert_null(found[0].settled_by_id);
	/* Whom an admin takes out then is asked for. */
	assert_ok(
	    settle(scene, found[0].finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &settled, &job_id));
	assert_int_equal(remove_all(scene), 1);
	assert_string_equal(read_finding(scene, found[0].finding_id).settled_by_id, admin.id);
}

static void more_than_one_transaction_of_them_is_cancelled_to_the_last(void **state)
{
	struct scene *scene = *state;

	begin_with(scene, 0);
	come(scene, 100, 450);
	assert_int_equal(held(scene), 450);
	assert_ok(DO(scene, removals_cancel, &admin, "entra", &scene->error));
	assert_false(is_held_at_all(scene));
	assert_int_equal(scene_count_jobs(scene, "deprovision", "waiting"), 0);
	assert_int_equal(remove_all(scene), 0);
}

static void strangers_and_those_whose_time_is_over_are_counted_together(void **state)
{
	struct scene *scene = *state;
	bool more = false;

	scene_catalog(scene);
	assert_ok(DO(scene, expiry_advance, &more, &scene->error));
	scene_no_write_back(scene);
	settles_itself(scene, "chat");
	check(scene, true, NULL, 0);
	for (int at = 0; at < 11; at++) {
		(void)scene_grant(scene, "chat", arena_printf(scene->arena, "account-%d", at), NULL);
		(void)scene_provision(scene, person(scene, at));
	}
	scene_pass(scene, 90 * DAY);
	/* So that the checks come before the removals. */
	assert_ok(DO(scene, connector_pause, "entra", false, SCENE_START + 91 * DAY, &scene->error));
	assert_ok(DO(scene, expiry_advance, &more, &scene->error));
	assert_int_equal(held(scene), 0);
	come(scene, 100, 9);
	assert_int_equal(held(scene), 0); /* twenty */
	come(scene, 200, 1);
	assert_int_equal(held(scene), 21);
	assert_ok(DO(scene, connector_pause, "entra", false, 0, &scene->error));
	assert_int_equal(remove_all(scene), 0);
	assert_ok(DO(scene, removals_release, &admin, "entra", &scene->error));
	assert_int_equal(remove_all(scene), 21);
}

static void those_who_left_within_the_hour_count_and_those_before_it_do_not(void **state)
{
	struct scene *scene = *state;

	begin_with(scene, 30);
	come(scene, 100, 15);
	assert_int_equal(remove_all(scene), 15);
	scene_pass(scene, HOUR / 2);
	come(scene, 200, 6);
	assert_int_equal(held(scene), 6);
	assert_int_equal(remove_all(scene), 0);
	assert_ok(DO(scene, removals_release, &admin, "entra", &scene->error));
	assert_int_equal(remove_all(scene), 6);
	scene_pass(scene, HOUR + 1);
	come(scene, 300, 20);
	assert_int_equal(remove_all(scene), 20);
}

static void a_fifth_of_a_large_group_may_leave_and_not_one_more(void **state)
{
	struct scene *scene = *state;

	begin_with(scene, 100);
	come(scene, 200, 25); /* of 125 */
	assert_int_equal(remove_all(scene), 25);
	come(scene, 300, 1);
	assert_int_equal(held(scene), 1);
}

static void what_an_admin_asks_for_one_by_one_is_never_held(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL, settled;
	const char *job_id = NULL;

	begin(scene);
	come(scene, 100, 30);
	assert_int_equal(findings(scene, "open", &found), 30);
	for (size_t at = 0; at < 30; at++)
		assert_ok(
		    settle(scene, found[at].finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &settled, &job_id));
	assert_false(is_held_at_all(scene));
	assert_int_equal(remove_all(scene), 30);
}

static void of_the_held_an_admin_takes_out_adopts_and_leaves_whom_they_name(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL, settled;
	const char *job_id = NULL;
	struct finding_order adopt = {
	    .action = FINDING_ADOPT, .account_id = "account-new", .decided_by = "account-admin", .decision = "{}"};

	begin_with(scene, 30);
	come(scene, 100, 30);
	assert_int_equal(findings(scene, "settling", &found), 30);
	assert_ok(
	    settle(scene, found[0].finding_id, (struct finding_order){.action = FINDING_TAKE_OUT}, &settled, &job_id));
	assert_string_equal(settled.settled_by_id, admin.id);
	assert_string_equal(settled.reason, "why");
	assert_int_equal(held(scene), 29);
	assert_int_equal(remove_all(scene), 1);
	assert_ok(settle(scene, found[1].finding_id, adopt, &settled, &job_id));
	assert_string_equal(settled.resolution, "adopted");
	assert_int_equal(held(scene), 28);
	assert_refused(
	    scene,
	    settle(scene, found[2].finding_id, (struct finding_order){.action = FINDING_PUT_BACK}, &settled, &job_id),
	    RESULT_CONFLICT, "conflict");
	assert_int_equal(held(scene), 28);
}

static void who_leaves_or_is_approved_meanwhile_is_held_no_longer(void **state)
{
	struct scene *scene = *state;
	const struct member_change leaves = {.id = person(scene, 100), .removed = true};
	bool under_way = true;

	begin_with(scene, 30);
	come(scene, 100, 21);
	assert_int_equal(held(scene), 21);
	check(scene, false, &leaves, 1);
	assert_int_equal(held(scene), 20);
	/* An approval does not wait for the hold, however long that stands. */
	struct grant grant = scene_grant(scene, "chat", "account-new", NULL);
	assert_ok(DO(scene, grant_removal_under_way, &grant, person(scene, 101), &under_way));
	assert_false(under_way);
	struct job job = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_intend(scene, &job, person(scene, 101), true).result);
	assert_int_equal(held(scene), 19);
	assert_int_equal(count_findings(scene, "resolved"), 2);
	assert_int_equal(count_findings(scene, "settling"), 19);
}

static void an_approval_waits_for_a_removal_that_was_let_go_since_it_looked(void **state)
{
	struct scene *scene = *state;

	begin_with(scene, 30);
	come(scene, 100, 3);
	(void)scene_grant(scene, "chat", "account-new", NULL);
	struct job first, job = {0};
	while (job.kind != JOB_PROVISION || job.job_id == NULL) {
		assert_true(scene_claims(scene, &job));
		if (job.kind != JOB_PROVISION)
			first = job;
		if (job.kind != JOB_PROVISION)
			assert_ok(DO(scene, job_finish, &first,
			             &(struct job_outcome){.status = JOB_WAITING,
			                                   .next_attempt_at = clock_now_ms(&scene->clock.clock) + HOUR},
			             &scene->error));
	}
	assert_int_equal(scene_intend(scene, &job, person(scene, 101), true).result, RESULT_UNAVAILABLE);
	assert_true(scene->error.retryable);
}

static void the_last_of_the_held_ends_the_hold(void **state)
{
	struct scene *scene = *state;
	struct member_change leave[21];

	begin_with(scene, 30);
	come(scene, 100, 21);
	for (int at = 0; at < 21; at++)
		leave[at] = (struct member_change){.id = person(scene, 100 + at), .removed = true};
	check(scene, false, leave, 21);
	assert_false(is_held_at_all(scene));
	come(scene, 200, 1);
	assert_int_equal(remove_all(scene), 1);
}

static void whoever_was_there_before_us_or_is_no_user_is_never_taken_out_by_itself(void **state)
{
	struct scene *scene = *state;
	struct finding *found = NULL;
	static const enum member_kind kinds[] = {MEMBER_GROUP, MEMBER_DEVICE, MEMBER_SERVICE_PRINCIPAL, MEMBER_CONTACT,
	                                         MEMBER_UNKNOWN};
	struct member_change before = in(scene, 1);

	scene_catalog(scene);
	scene_no_write_back(scene);
	settles_itself(scene, "chat");
	check(scene, true, &before, 1);
	for (size_t at = 0; at < ARRAY_SIZE(kinds); at++) {
		struct member_change other = {.id = person(scene, 10 + (int)at), .kind = kinds[at]};
		check(scene, false, &other, 1);
	}
	assert_int_equal(findings(scene, "open", &found), 6);
	assert_int_equal(scene_count_jobs(scene, "deprovision", NULL), 0);
	come(scene, 50, 1);
	assert_int_equal(scene_count_jobs(scene, "deprovision", "queued"), 1);
}

static void a_group_is_settled_only_if_all_of_its_tools_settle_by_themselves(void **state)
{
	struct scene *scene = *state;

	begin_with(scene, 0);
	scene_tool(scene, "draw", "entra");
	assert_ok(scene_bind(scene, "draw", SCENE_GROUP, true));
	come(scene, 1, 1);
	assert_int_equal(count_findings(scene, "open"), 1);
	settles_itself(scene, "draw");
	come(scene, 2, 1);
	assert_int_equal(count_findings(scene, "settling"), 1);
	assert_int_equal(count_findings(scene, "open"), 1);
}

/* An admin closed the grant as kept by hand, or as removed. */
static void whom_a_person_decided_about_by_hand_is_left_to_a_person(void **state)
{
	struct scene *scene = *state;
	const struct member_change back = {.id = SCENE_USER, .kind = MEMBER_USER};

	begin_with(scene, 0);
	struct grant grant = scene_grant(scene, "chat", "account-ada", NULL);
	(void)scene_provision(scene, SCENE_USER);
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	struct job job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      (struct grant_change){.event = GRANT_EVENT_NEEDS_PERSON,
	                                            .code = "graph_error",
	                                            .reason = "No.",
	                                            .job_id = job.job_id,
	                                            .fence = job.fence},
	                      &grant));
	assert_ok(scene_apply(scene, grant.grant_id, (struct grant_change){.event = GRANT_EVENT_KEPT_BY_HAND}, &grant));
	assert_int_equal(grant.status, GRANT_REVOKED);
	scene_pass(scene, HOUR);
	check(scene, false, &back, 1);
	assert_int_equal(count_findings(scene, "open"), 1);
	assert_int_equal(remove_all(scene), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(what_was_found_stands_in_the_evidence_of_every_period_in_which_it_held),
	    scene_test(the_evidence_of_a_tool_has_what_was_found_in_a_group_that_it_shares_and_no_other),
	    scene_test(pages_of_evidence_leave_no_finding_out_and_show_no_mere_suspicion),
	    scene_test(nothing_that_was_written_about_a_person_who_was_found_is_left_after_their_erasure),
	    scene_test(what_an_admin_wrote_about_others_goes_with_that_admin_and_no_other_text_does),
	    scene_test(what_was_settled_long_ago_goes_by_age_and_what_stands_never),
	    scene_test(a_few_strangers_leave_by_themselves_and_it_is_on_record_that_nobody_asked),
	    scene_test(thirty_strangers_in_a_group_of_sixty_are_all_held_as_one_incident_and_nobody_leaves),
	    scene_test(what_an_admin_releases_goes_out_and_what_comes_after_is_counted_anew),
	    scene_test(what_an_admin_cancels_takes_nobody_out_and_waits_for_an_admin_from_then_on),
	    scene_test(more_than_one_transaction_of_them_is_cancelled_to_the_last),
	    scene_test(strangers_and_those_whose_time_is_over_are_counted_together),
	    scene_test(those_who_left_within_the_hour_count_and_those_before_it_do_not),
	    scene_test(a_fifth_of_a_large_group_may_leave_and_not_one_more),
	    scene_test(what_an_admin_asks_for_one_by_one_is_never_held),
	    scene_test(of_the_held_an_admin_takes_out_adopts_and_leaves_whom_they_name),
	    scene_test(who_leaves_or_is_approved_meanwhile_is_held_no_longer),
	    scene_test(an_approval_waits_for_a_removal_that_was_let_go_since_it_looked),
	    scene_test(the_last_of_the_held_ends_the_hold),
	    scene_test(whoever_was_there_before_us_or_is_no_user_is_never_taken_out_by_itself),
	    scene_test(a_group_is_settled_only_if_all_of_its_tools_settle_by_themselves),
	    scene_test(whom_a_person_decided_about_by_hand_is_left_to_a_person),
	};

	return cmocka_run_group_tests_name("store: drift", tests, NULL, NULL);
}
