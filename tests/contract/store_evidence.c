/* Evidence, erasure and retention: what an auditor is given, what a person can have taken away, and what goes by age.
 */
#include "store_scene.h"

#define DAY (INT64_C(24) * 3600 * 1000)
#define ADA "account-ada"
#define BOB "account-bob"
#define SECOND_USER "55555555-5555-4555-8555-555555555555"

/* ---- helpers ---- */

static struct evidence_span span_of(struct scene *scene, int64_t from, int64_t to)
{
	struct evidence_filter filter = {.from = from, .to = to};
	struct evidence_span span;

	assert_ok(DO(scene, evidence_span, &filter, &span));
	return span;
}

static void checkpoint(struct scene *scene)
{
	bool added;

	assert_ok(DO(scene, audit_checkpoint_add, &added, &scene->error));
	assert_true(added);
}

static size_t lived(struct scene *scene, int64_t from, int64_t to, const char *tool_id)
{
	struct evidence_filter filter = {.from = from, .to = to, .tool_id = tool_id};
	struct access_request *requests = NULL;
	size_t count = 0;

	assert_ok(DO(scene, evidence_requests, &filter, "", 100, scene->arena, &requests, &count));
	return count;
}

static struct grant ended_grant(struct scene *scene, const char *account_id, const char *issue_id, const char *user,
                                const char *reason)
{
	struct grant grant = scene_grant(scene, "chat", account_id, issue_id);
	struct job job;

	scene_provision(scene, user);
	assert_ok(DO(scene, grant_apply, &admin, grant.grant_id,
	             &(struct grant_change){.event = GRANT_EVENT_REVOKE, .reason = reason}, scene->arena, &grant,
	             &scene->error));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER,
	                                            .reason = reason,
	                                            .job_id = job.job_id,
	                                            .fence = job.fence,
	                                            .detail = "{\"requestId\":\"graph-9\"}"},
	                      &grant));
	return grant;
}

/* Does any file of the database hold this text? */
static bool file_holds(const char *path, const char *text)
{
	FILE *file = fopen(path, "r");
	size_t size, length = strlen(text);
	char *bytes;
	bool found;

	if (file == NULL)
		return false;
	(void)fseek(file, 0, SEEK_END);
	size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, size, file), size);
	fclose(file);
	found = memmem(bytes, size, text, length) != NULL;
	free(bytes);
	return found;
}

static bool disk_holds(struct scene *scene, const char *text)
{
	char wal[128];

	snprintf(wal, sizeof(wal), "%s-wal", scene->path);
	return file_holds(scene->path, text) || file_holds(wal, text);
}

static enum result erase(struct scene *scene, const char *account_id, struct erasure *ret_erasure)
{
	return DO(scene, subject_erase, &admin, account_id, "asked by letter", ret_erasure, &scene->error);
}

static void verify_chain(struct scene *scene)
{
	struct audit_verifier verifier;
	struct audit_event *events;
	size_t count = 0;

	audit_verifier_init(&verifier);
	assert_ok(DO(scene, audit_read_from, 0, 10000, scene->arena, &events, &count));
	for (size_t at = 0; at < count; at++)
		assert_ok(audit_verifier_add(&verifier, &events[at], scene->arena));
}

static size_t count_events(struct scene *scene, const char *action)
{
	struct audit_event *events;
	size_t count = 0, found = 0;

	assert_ok(DO(scene, audit_read_from, 0, 10000, scene->arena, &events, &count));
	for (size_t at = 0; at < count; at++)
		found += strcmp(events[at].action, action) == 0;
	return found;
}

/* ---- evidence ---- */

static void a_period_lies_between_two_signed_checkpoints(void **state)
{
	struct scene *scene = *state;
	struct evidence_span span;
	int64_t first, second;

	scene_catalog(scene);
	checkpoint(scene);
	first = scene_audit_seq(scene);
	scene_pass(scene, 10 * DAY);
	scene_tool(scene, "other", "entra");
	checkpoint(scene);
	second = scene_audit_seq(scene);
	scene_pass(scene, 10 * DAY);
	scene_tool(scene, "third", "entra");

	span = span_of(scene, SCENE_START + 9 * DAY, SCENE_START + 11 * DAY);
	assert_int_equal(span.before.seq, first);
	assert_int_equal(span.after.seq, second);
	assert_true(audit_checkpoint_verify(scene->key, "checkpoint", &span.before));
	assert_true(audit_checkpoint_verify(scene->key, "checkpoint", &span.after));
	/* From the very beginning there is nothing before. */
	assert_int_equal(span_of(scene, 0, SCENE_START + DAY).before.seq, 0);
	/* What is not signed yet wants a checkpoint. */
	assert_int_equal(span_of(scene, SCENE_START + 19 * DAY, SCENE_START + 30 * DAY).after.seq, 0);
	checkpoint(scene);
	assert_int_equal(span_of(scene, SCENE_START + 19 * DAY, SCENE_START + 30 * DAY).after.seq, scene_audit_seq(scene));
	/* Nothing happened: the place where it would stand, shut in between the same two. */
	span = span_of(scene, SCENE_START + 3 * DAY, SCENE_START + 4 * DAY);
	assert_int_equal(span.before.seq, first);
	assert_int_equal(span.after.seq, first);
	span = span_of(scene, 0, 1000);
	assert_int_equal(span.before.seq, 0);
	assert_true(span.after.seq >= 1);
}

static void a_clock_that_was_set_back_hides_no_event(void **state)
{
	struct scene *scene = *state;
	struct evidence_span span;
	int64_t middle;

	scene_catalog(scene);
	checkpoint(scene);
	scene_pass(scene, 10 * DAY);
	scene_tool(scene, "ahead", "entra");
	middle = scene_audit_seq(scene);
	scene_pass(scene, -9 * DAY);
	scene_tool(scene, "back", "entra");
	checkpoint(scene);
	scene_pass(scene, 20 * DAY);
	span = span_of(scene, SCENE_START + DAY / 2, SCENE_START + 2 * DAY);
	assert_true(span.before.seq < middle);
	assert_true(span.after.seq > middle);
}

static void a_tool_that_never_was_is_not_evidence_of_nothing(void **state)
{
	struct scene *scene = *state;
	struct evidence_filter filter = {.from = 0, .to = SCENE_START + DAY, .tool_id = "chta"};
	struct evidence_span span;

	scene_catalog(scene);
	assert_int_equal(DO(scene, evidence_span, &filter, &span), RESULT_NOT_FOUND);
	filter.tool_id = "chat";
	assert_ok(DO(scene, evidence_span, &filter, &span));
	assert_ok(DO(scene, tool_delete, &admin, "chat", 0, &scene->error));
	assert_ok(DO(scene, evidence_span, &filter, &span));
}

static void whoever_had_access_in_the_period_is_in_it_and_nobody_else(void **state)
{
	struct scene *scene = *state;
	const int64_t start = SCENE_START;

	scene_catalog(scene);
	scene_tool(scene, "other", "entra");
	scene_no_write_back(scene);
	ended_grant(scene, ADA, NULL, SCENE_USER, NULL); /* on the first day */
	scene_pass(scene, 10 * DAY);
	scene_grant(scene, "chat", BOB, NULL); /* open from the tenth on */
	scene_request(scene, "other", ADA, NULL);
	scene_pass(scene, 10 * DAY);

	assert_int_equal(lived(scene, start, start + DAY, NULL), 1);
	assert_int_equal(lived(scene, start + 2 * DAY, start + 3 * DAY, NULL), 0);
	assert_int_equal(lived(scene, start + 2 * DAY, start + 11 * DAY, NULL), 2);
	assert_int_equal(lived(scene, start + 15 * DAY, start + 16 * DAY, NULL), 2);
	assert_int_equal(lived(scene, start, start + 30 * DAY, NULL), 3);
	assert_int_equal(lived(scene, start, start + 30 * DAY, "chat"), 2);
	assert_int_equal(lived(scene, start, start + 30 * DAY, "other"), 1);
}

static void pages_of_evidence_leave_nobody_out(void **state)
{
	struct scene *scene = *state;
	struct evidence_filter filter = {.from = 0, .to = SCENE_START + DAY};
	char after[ID_SIZE] = "";
	size_t total = 0, count = 3;

	scene_catalog(scene);
	for (int at = 0; at < 10; at++)
		scene_request(scene, "chat", arena_printf(scene->arena, "account-%d", at), NULL);
	while (count == 3) {
		struct access_request *requests = NULL;

		assert_ok(DO(scene, evidence_requests, &filter, after, 3, scene->arena, &requests, &count));
		for (size_t at = 0; at < count; at++) {
			assert_true(strcmp(requests[at].request_id, after) > 0);
			snprintf(after, sizeof(after), "%s", requests[at].request_id);
		}
		total += count;
	}
	assert_int_equal(total, 10);
}

static void a_grants_own_events_are_found_with_the_ids_that_graph_gave(void **state)
{
	struct scene *scene = *state;
	struct audit_event *events;
	size_t count = 0;
	struct grant grant;

	scene_catalog(scene);
	scene_no_write_back(scene);
	grant = ended_grant(scene, ADA, NULL, SCENE_USER, NULL);
	ended_grant(scene, BOB, NULL, SECOND_USER, NULL);
	assert_ok(DO(scene, audit_list_of_grant, grant.grant_id, scene->arena, &events, &count));
	assert_int_equal(count, 3);
	assert_string_equal(events[0].action, "grant.member");
	assert_non_null(strstr(events[2].detail, "graph-9"));
}

/* ---- erasure ---- */

static void nobody_is_erased_who_still_has_access_or_waits_for_it(void **state)
{
	struct scene *scene = *state;
	struct access_request request;
	struct erasure erasure;

	scene_catalog(scene);
	scene_no_write_back(scene);
	request = scene_request(scene, "chat", ADA, NULL);
	assert_refused(scene, erase(scene, ADA, &erasure), RESULT_CONFLICT, "person_has_requests");
	scene_approve(scene, request.request_id, "a-1");
	assert_refused(scene, erase(scene, ADA, &erasure), RESULT_CONFLICT, "person_has_grants");
	scene_provision(scene, SCENE_USER);
	assert_refused(scene, erase(scene, ADA, &erasure), RESULT_CONFLICT, "person_has_grants");
	assert_int_equal(erase(scene, "account-nobody", &erasure), RESULT_NOT_FOUND);
	assert_ok(DO(scene, request_read, request.request_id, scene->arena, &request));
	assert_string_equal(request.purpose, "Summarise meetings");
}

static void keep_an_answer(struct scene *scene, const char *account_id, const char *text)
{
	struct identity_mapping mapping = {.mapping_id = scene_new_id(scene),
	                                   .account_id = account_id,
	                                   .connector_id = "entra",
	                                   .external_id = arena_printf(scene->arena, "%s@contoso.example", text),
	                                   .note = text};
	struct idempotency record = {
	    .principal_id = "admin-1",
	    .route = "POST /api/v1/identity-mappings",
	    .key = text,
	    .status = 201,
	    .location = "/",
	    .response = arena_printf(scene->arena, "{\"accountId\":\"%s\",\"note\":\"%s\"}", account_id, text)};

	assert_ok(DO(scene, mapping_create, &admin, &mapping, &record, scene->arena, &scene->error));
	const struct mapping_check pin = {.mapping_id = mapping.mapping_id,
	                                  .external_id = mapping.external_id,
	                                  .code = "mapping",
	                                  .object_id = SCENE_USER,
	                                  .user_principal_name = mapping.external_id};
	assert_ok(DO(scene, mapping_save_checks, &admin, &pin, 1, &scene->error));
}

/* Somebody else's follow-up, in which both stand as candidates. */
static struct grant follow_up(struct scene *scene, const char *account_id, const char *candidates)
{
	struct grant grant = scene_grant(scene, "chat", account_id, NULL);
	struct job job = scene_claim(scene, JOB_PROVISION);

	assert_ok(scene_apply(scene, grant.grant_id,
	                      (struct grant_change){.event = GRANT_EVENT_NEEDS_PERSON,
	                                            .code = "user_ambiguous",
	                                            .reason = "Two users.",
	                                            .candidates = candidates,
	                                            .job_id = job.job_id,
	                                            .fence = job.fence},
	                      &grant));
	return grant;
}

static struct access_request request_with(struct scene *scene, const char *account_id, const char *purpose)
{
	struct access_request value = scene_request_value(scene, "chat", account_id, "10042"), request;

	value.purpose = purpose;
	value.tool_text = "Zerbinetta wants Chat";
	assert_ok(DO(scene, request_create, &jira, &value, false, NULL, NULL, scene->arena, &request, &scene->error));
	return request;
}

static void write_everything_about_ada(struct scene *scene)
{
	const char *const consumed[] = {"77", NULL};
	struct request_change approve = {.event = REQUEST_EVENT_APPROVE,
	                                 .decided_by = "account-approver",
	                                 .reason = "Zerbinetta is fine",
	                                 .decision =
	                                     "{\"facts\":{\"toolText\":\"Zerbinetta wants Chat\"},\"mode\":\"jsm\"}",
	                                 .consumed = consumed};
	struct access_request request = request_with(scene, ADA, "Zerbinetta Quill needs it for her thesis");
	struct api_token token = {.principal_id = "principal-ada",
	                          .name = "Zerbinetta's laptop",
	                          .role = ROLE_APPROVER,
	                          .account_id = ADA,
	                          .hash = {7},
	                          .created_at = SCENE_START};
	struct job job;

	keep_an_answer(scene, ADA, "zerbinetta");
	assert_ok(DO(scene, token_create, &admin, &token, &scene->error));
	assert_ok(DO(scene, request_apply, &jira, request.request_id, &approve, scene->arena, &request, &scene->error));
	scene_provision(scene, SCENE_USER);
	assert_ok(DO(scene, grant_apply, &admin, request.grant_id,
	             &(struct grant_change){.event = GRANT_EVENT_REVOKE, .reason = "Zerbinetta left"}, scene->arena,
	             &(struct grant){0}, &scene->error));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(DO(scene, job_finish, &job,
	             &(struct job_outcome){.status = JOB_WAITING,
	                                   .error_code = "graph_error",
	                                   .error_detail = "zerbinetta@contoso.example",
	                                   .next_attempt_at = 0},
	             &scene->error));
	job = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(
	    scene, request.grant_id,
	    (struct grant_change){
	        .event = GRANT_EVENT_NOT_MEMBER, .reason = "Zerbinetta is out", .job_id = job.job_id, .fence = job.fence},
	    &(struct grant){0}));
}

static void an_inbox_event_about_ada(struct scene *scene)
{
	struct inbox_event event = {
	    .event_id = scene_new_id(scene), .source = "jira", .issue_id = "10042", .body_hash = {9}};
	char given[ID_SIZE];
	struct job job;

	assert_ok(DO(scene, inbox_add, &event, given, &scene->error));
	assert_ok(DO(scene, inbox_finish, event.event_id, "failed", NULL, "Zerbinetta's issue", NULL, &scene->error));
	job = scene_claim(scene, JOB_INTAKE);
	assert_ok(DO(scene, job_finish, &job, &(struct job_outcome){.status = JOB_SUCCEEDED}, &scene->error));
}

static void nothing_that_anybody_wrote_about_a_person_is_left_on_the_disk(void **state)
{
	struct scene *scene = *state;
	struct erasure erasure;
	struct grant other;

	scene_catalog(scene);
	scene_no_write_back(scene);
	write_everything_about_ada(scene);
	an_inbox_event_about_ada(scene);
	other = follow_up(scene, BOB,
	                  "[{\"objectId\":\"" SCENE_USER
	                  "\",\"mail\":\"zerbinetta@contoso.example\"},{\"objectId\":\"" SECOND_USER
	                  "\",\"mail\":\"bob@contoso.example\"}]");
	assert_true(disk_holds(scene, "Zerbinetta") && disk_holds(scene, "zerbinetta"));
	assert_ok(erase(scene, ADA, &erasure));
	assert_true(erasure.requests > 0 && erasure.grants > 0 && erasure.mappings == 1 && erasure.tokens == 1 &&
	            erasure.other >= 3);
	assert_false(disk_holds(scene, "Zerbinetta"));
	assert_false(disk_holds(scene, "zerbinetta"));
	/* Whoever stood beside them is still there. */
	assert_ok(DO(scene, grant_read, other.grant_id, scene->arena, &other));
	assert_non_null(strstr(other.follow_up.candidates, "bob@contoso.example"));
	assert_null(strstr(other.follow_up.candidates, SCENE_USER));
	assert_string_equal(other.follow_up.reason, "Two users.");
}

/* Rows that grow, move and split pages leave copies behind in the pages' free space. */
static void copies_that_were_left_in_free_space_go_too(void **state)
{
	struct scene *scene = *state;
	char *purpose = arena_alloc(scene->arena, 1200);
	struct access_request requests[60];
	struct erasure erasure;

	memset(purpose, 'x', 1100);
	memcpy(purpose, "Zerbinetta", 10);
	scene_catalog(scene);
	scene_no_write_back(scene);
	for (size_t at = 0; at < ARRAY_SIZE(requests); at++) {
		bool hers = at % 2 == 0;
		struct access_request value = scene_request_value(scene, arena_printf(scene->arena, "t-%zu", at),
		                                                  hers ? ADA : arena_printf(scene->arena, "account-%zu", at),
		                                                  arena_printf(scene->arena, "%zu", 10000 + at));

		value.purpose = hers ? purpose : "short";
		assert_ok(
		    DO(scene, request_create, &jira, &value, false, NULL, NULL, scene->arena, &requests[at], &scene->error));
	}
	for (size_t at = 0; at < ARRAY_SIZE(requests); at++) {
		struct request_change cancel = {
		    .event = REQUEST_EVENT_CANCEL, .reason = purpose + 20, .decided_by = "somebody"};

		assert_ok(DO(scene, request_apply, &jira, requests[at].request_id, &cancel, scene->arena, &requests[at],
		             &scene->error));
	}
	assert_ok(erase(scene, ADA, &erasure));
	assert_false(disk_holds(scene, "Zerbinetta"));
	scene_reopen(scene);
	assert_false(disk_holds(scene, "Zerbinetta"));
}

static void the_chain_stays_whole_and_names_nobody_but_by_id(void **state)
{
	struct scene *scene = *state;
	struct access_request *requests;
	struct erasure erasure;
	const char *next;
	size_t count;
	int64_t seq;

	scene_catalog(scene);
	scene_no_write_back(scene);
	write_everything_about_ada(scene);
	checkpoint(scene);
	assert_ok(erase(scene, ADA, &erasure));
	verify_chain(scene);
	assert_int_equal(count_events(scene, "subject.erased"), 1);
	/* What was decided, when and by whom, and where it acted, stays. */
	assert_ok(DO(scene, request_list, &(struct request_filter){.account_id = ADA}, &(struct page){.limit = 10},
	             scene->arena, &requests, &count, &next));
	assert_int_equal(count, 1);
	assert_int_equal(requests[0].status, REQUEST_APPROVED);
	assert_string_equal(requests[0].decided_by, "account-approver");
	assert_null(requests[0].purpose);
	assert_null(strstr(requests[0].decision, "Zerbinetta"));
	assert_non_null(strstr(requests[0].decision, "jsm"));
	/* Again is no event. */
	seq = scene_audit_seq(scene);
	assert_ok(erase(scene, ADA, &erasure));
	assert_int_equal(erasure.requests + erasure.grants + erasure.mappings + erasure.tokens + erasure.other, 0);
	assert_int_equal(scene_audit_seq(scene), seq);
}

static void what_somebody_wrote_about_others_goes_and_what_others_wrote_stays(void **state)
{
	struct scene *scene = *state;
	struct access_request denied, cancelled;
	struct request_change deny = {.event = REQUEST_EVENT_DENY, .decided_by = "account-x, " ADA, .reason = "by Ada"};
	struct request_change cancel = {.event = REQUEST_EVENT_CANCEL, .decided_by = BOB, .reason = "by Bob"};
	struct erasure erasure;

	scene_catalog(scene);
	scene_tool(scene, "other", "entra");
	denied = scene_request(scene, "chat", BOB, NULL);
	cancelled = scene_request(scene, "other", BOB, NULL);
	assert_ok(DO(scene, request_apply, &jira, denied.request_id, &deny, scene->arena, &denied, &scene->error));
	assert_ok(DO(scene, request_apply, &jira, cancelled.request_id, &cancel, scene->arena, &cancelled, &scene->error));
	assert_ok(erase(scene, ADA, &erasure));
	assert_ok(DO(scene, request_read, denied.request_id, scene->arena, &denied));
	assert_ok(DO(scene, request_read, cancelled.request_id, scene->arena, &cancelled));
	assert_null(denied.reason);
	assert_string_equal(denied.purpose, "Summarise meetings");
	assert_string_equal(cancelled.reason, "by Bob");
	/* An id that is the beginning of another's is another person. */
	assert_int_equal(erase(scene, "account-x1", &erasure), RESULT_NOT_FOUND);
	assert_int_equal(erase(scene, "account-", &erasure), RESULT_NOT_FOUND);
}

static void the_service_goes_on_after_an_erasure_as_before(void **state)
{
	struct scene *scene = *state;
	struct erasure erasure;
	struct grant grant;
	char query[160];

	scene_catalog(scene);
	scene_no_write_back(scene);
	ended_grant(scene, ADA, "1", SCENE_USER, "x");
	assert_ok(erase(scene, ADA, &erasure));
	grant = scene_grant(scene, "chat", ADA, "2"); /* the same person may ask again */
	grant = scene_provision(scene, SCENE_USER);
	assert_int_equal(grant.status, GRANT_ACTIVE);
	verify_chain(scene);
	/* And the audit tables are guarded as before. */
	snprintf(query, sizeof(query), "sqlite:%s", scene->path);
	assert_string_equal(query, scene->url);
	scene_reopen(scene);
	verify_chain(scene);
}

/* ---- retention ---- */

static void a_test_report_goes_by_age_and_what_it_came_to_stays(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector;

	scene_connector(scene, "entra");
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "passed", "{\"checks\":[]}", 0), &scene->error));
	scene_pass(scene, 89 * DAY);
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &connector));
	assert_non_null(connector.last_test);
	scene_pass(scene, 2 * DAY);
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &connector));
	assert_null(connector.last_test);
	assert_string_equal(connector.health, "passed");
}

static void the_jobs_of_an_open_grant_stay_however_old(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	scene_no_write_back(scene);
	ended_grant(scene, ADA, NULL, SCENE_USER, NULL);
	scene_grant(scene, "chat", BOB, NULL);
	scene_provision(scene, SECOND_USER);
	assert_int_equal(scene_count_jobs(scene, NULL, NULL), 3);
	scene_pass(scene, 91 * DAY);
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_int_equal(scene_count_jobs(scene, NULL, NULL), 1);
}

static void thousands_of_old_jobs_go_though_some_in_between_stay(void **state)
{
	struct scene *scene = *state;
	struct job job;

	scene_catalog(scene);
	scene_no_write_back(scene);
	for (int at = 0; at < 2050; at++) {
		if (at == 1200) {
			scene_grant(scene, "chat", BOB, NULL);
			scene_provision(scene, SECOND_USER);
		}
		assert_ok(DO(scene, intake_enqueue, "1", &scene->error));
		job = scene_claim(scene, JOB_INTAKE);
		assert_ok(DO(scene, job_finish, &job, &(struct job_outcome){.status = JOB_SUCCEEDED}, &scene->error));
		scene_pass(scene, at % 3);
	}
	scene_pass(scene, 91 * DAY);
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_int_equal(scene_count_jobs(scene, NULL, NULL), 1);
	assert_int_equal(scene_count_jobs(scene, "provision", NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(a_period_lies_between_two_signed_checkpoints),
	    scene_test(a_clock_that_was_set_back_hides_no_event),
	    scene_test(a_tool_that_never_was_is_not_evidence_of_nothing),
	    scene_test(whoever_had_access_in_the_period_is_in_it_and_nobody_else),
	    scene_test(pages_of_evidence_leave_nobody_out),
	    scene_test(a_grants_own_events_are_found_with_the_ids_that_graph_gave),
	    scene_test(nobody_is_erased_who_still_has_access_or_waits_for_it),
	    scene_test(nothing_that_anybody_wrote_about_a_person_is_left_on_the_disk),
	    scene_test(copies_that_were_left_in_free_space_go_too),
	    scene_test(the_chain_stays_whole_and_names_nobody_but_by_id),
	    scene_test(what_somebody_wrote_about_others_goes_and_what_others_wrote_stays),
	    scene_test(the_service_goes_on_after_an_erasure_as_before),
	    scene_test(a_test_report_goes_by_age_and_what_it_came_to_stays),
	    scene_test(the_jobs_of_an_open_grant_stay_however_old),
	    scene_test(thousands_of_old_jobs_go_though_some_in_between_stay),
	};

	return cmocka_run_group_tests_name("store: evidence and erasure", tests, NULL, NULL);
}
