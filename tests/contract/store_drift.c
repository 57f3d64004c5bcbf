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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(what_was_found_stands_in_the_evidence_of_every_period_in_which_it_held),
	    scene_test(the_evidence_of_a_tool_has_what_was_found_in_a_group_that_it_shares_and_no_other),
	    scene_test(pages_of_evidence_leave_no_finding_out_and_show_no_mere_suspicion),
	    scene_test(nothing_that_was_written_about_a_person_who_was_found_is_left_after_their_erasure),
	    scene_test(what_an_admin_wrote_about_others_goes_with_that_admin_and_no_other_text_does),
	    scene_test(what_was_settled_long_ago_goes_by_age_and_what_stands_never),
	};

	return cmocka_run_group_tests_name("store: drift", tests, NULL, NULL);
}
