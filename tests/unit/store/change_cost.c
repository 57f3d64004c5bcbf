/* What a change costs, and what leads a question to its rows: seen in the statements that the store itself prepared. */
#include "../../contract/store_scene.h"

#include "store/sqlite_store.h"

#define LINES_SIZE 32768

/* ---- the statements ---- */

static const char *prepared_on(const struct sqlite_connection *connection, const char *part)
{
	for (size_t at = 0; connection != NULL && at < SQLITE_STATEMENTS_MAX; at++) {
		sqlite3_stmt *statement = connection->statements[at].statement;
		if (statement != NULL && strstr(sqlite3_sql(statement), part) != NULL)
			return sqlite3_sql(statement);
	}
	return NULL;
}

/* The text of a statement that the store has used, by a part of it. */
static const char *prepared(struct scene *scene, const char *part)
{
	struct sqlite_store *store = sqlite_store_of(scene->store);
	const char *sql = prepared_on(store->writer, part);

	for (size_t at = 0; sql == NULL && at < store->reader_count; at++)
		sql = prepared_on(store->readers[at], part);
	if (sql == NULL)
		fail_msg("no statement was prepared with: %s", part);
	return sql;
}

/* One column of what EXPLAIN says, a line for each row, on a connection of its own. */
static void explain(struct scene *scene, const char *how, const char *sql, int column, char lines[LINES_SIZE])
{
	struct sqlite_connection *connection = NULL;
	struct session session = {.error = &scene->error};
	char *text = sqlite3_mprintf("%s %s", how, sql);
	struct cursor cursor;

	assert_non_null(text);
	assert_ok(sqlite_connection_open(scene->path, SQLITE_FOR_READING, &connection, &scene->error));
	session.connection = connection;
	cursor = cursor_open(&session, scene->arena, text, NULL);
	lines[0] = '\0';
	while (cursor_next(&cursor)) {
		cursor.column = column;
		strncat(lines, cursor_peek(&cursor), LINES_SIZE - 2 - strlen(lines));
		strcat(lines, "\n");
	}
	cursor_close(&cursor);
	assert_ok(session.fault);
	sqlite_connection_close(connection);
	sqlite3_free(text);
}

static void assert_led_by(struct scene *scene, const char *part, const char *step)
{
	static char plan[LINES_SIZE];
	const char *sql = prepared(scene, part);

	explain(scene, "EXPLAIN QUERY PLAN", sql, 3, plan);
	if (strstr(plan, step) == NULL)
		fail_msg("%s\nis done so, and not by %s:\n%s", sql, step, plan);
}

static void assert_not_in_plan(struct scene *scene, const char *part, const char *step)
{
	static char plan[LINES_SIZE];

	explain(scene, "EXPLAIN QUERY PLAN", prepared(scene, part), 3, plan);
	assert_null(strstr(plan, step));
}

static void assert_fills_no_table(struct scene *scene, const char *sql)
{
	static char program[LINES_SIZE];

	explain(scene, "EXPLAIN", sql, 1, program);
	if (strstr(program, "OpenEphemeral") != NULL)
		fail_msg("this fills a table of its own each time:\n%s", sql);
}

/* ---- what the store is made to do ---- */

static struct job_settlement settlement_of(struct scene *scene, const struct job *job, enum grant_event event)
{
	struct grant_change *change = arena_alloc(scene->arena, sizeof(*change));

	assert_non_null(change);
	*change = (struct grant_change){.event = event, .job_id = job->job_id, .fence = job->fence};
	if (event == GRANT_EVENT_NEEDS_PERSON) {
		change->code = "user_not_found";
		change->reason = "Nobody is found.";
	}
	return (struct job_settlement){.job = job, .grant_id = job->grant_id, .change = change};
}

static void settle_two(struct scene *scene, const struct job *one, const struct job *other, enum grant_event event,
                       enum grant_event other_event)
{
	struct job_settlement settlements[] = {settlement_of(scene, one, event), settlement_of(scene, other, other_event)};

	DO(scene, job_settle_all, &worker_actor, settlements, ARRAY_SIZE(settlements), scene->arena);
	for (size_t at = 0; at < ARRAY_SIZE(settlements); at++)
		assert_ok(settlements[at].result);
}

/* Two people get access, one of them does not find their user; the other is taken out again. */
static void memberships_come_and_go(struct scene *scene)
{
	struct job first, *more = NULL;
	struct grant grant;
	size_t count = 0;

	scene_catalog(scene);
	scene_grant(scene, "chat", "account-1", "1");
	scene_grant(scene, "chat", "account-2", "2");
	first = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, job_claim_more, &first, "w1", SCENE_LEASE, 10, scene->arena, &more, &count));
	assert_int_equal(count, 1);
	assert_ok(scene_intend(scene, &first, SCENE_USER, false).result);
	settle_two(scene, &first, &more[0], GRANT_EVENT_MEMBER, GRANT_EVENT_NEEDS_PERSON);
	assert_ok(scene_apply(scene, first.grant_id, (struct grant_change){.event = GRANT_EVENT_REVOKE}, &grant));
	first = scene_claim(scene, JOB_DEPROVISION);
	assert_ok(scene_apply(
	    scene, first.grant_id,
	    (struct grant_change){.event = GRANT_EVENT_NOT_MEMBER, .job_id = first.job_id, .fence = first.fence}, &grant));
	assert_int_equal(grant.status, GRANT_REVOKED);
}

static bool is_change(const char *sql)
{
	return strncmp(sql, "UPDATE", 6) == 0 || strncmp(sql, "INSERT", 6) == 0 || strncmp(sql, "DELETE", 6) == 0;
}

static void a_membership_costs_no_table_that_is_filled_for_one_change(void **state)
{
	struct scene *scene = *state;
	const struct sqlite_connection *writer = sqlite_store_of(scene->store)->writer;
	bool at_start[SQLITE_STATEMENTS_MAX];
	int changes = 0;

	for (size_t at = 0; at < SQLITE_STATEMENTS_MAX; at++)
		at_start[at] = writer->statements[at].statement != NULL;
	memberships_come_and_go(scene);
	for (size_t at = 0; at < SQLITE_STATEMENTS_MAX; at++) {
		sqlite3_stmt *statement = writer->statements[at].statement;
		if (statement == NULL || at_start[at] || !is_change(sqlite3_sql(statement)))
			continue;
		assert_fills_no_table(scene, sqlite3_sql(statement));
		changes++;
	}
	assert_true(changes >= 15);
	prepared(scene, "UPDATE job SET status = 'running'");
	prepared(scene, "UPDATE job SET status = ?2");
	prepared(scene, "UPDATE access_grant SET external_user_id");
	prepared(scene, "UPDATE access_grant SET status");
}

static void automation(struct scene *scene, const char *issue_key)
{
	struct inbox_event event = {
	    .event_id = scene_new_id(scene), .source = "automation", .issue_key = issue_key, .status = "received"};
	char event_id[ID_SIZE];

	assert_ok(DO(scene, inbox_add, &event, event_id, &scene->error));
}

static void an_issue_is_asked_about_once_however_many_wait_to_be(void **state)
{
	struct scene *scene = *state;

	automation(scene, "AIC-1");
	assert_ok(DO(scene, intake_enqueue, "AIC-2", &scene->error));
	assert_led_by(scene, "SELECT e.event_id FROM job j", "j USING INDEX job_live_subject (kind=? AND subject=?)");
	assert_led_by(scene, "SELECT 1 FROM job j WHERE kind = 'intake'", "job_live_subject (kind=? AND subject=?)");
	scene_claim(scene, JOB_INTAKE);
	assert_led_by(scene, "SELECT j.job_key FROM (SELECT * FROM job INDEXED BY job_queue",
	              "o USING INDEX job_live_subject (kind=? AND subject=?)");
}

static void a_connector_is_tested_once_however_many_jobs_there_are(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	scene_pass(scene, 1);
	assert_ok(DO(scene, check_enqueue_due, clock_now_ms(&scene->clock.clock), &scene->error));
	assert_led_by(scene, "SELECT 1 FROM job j WHERE j.kind = 'check'", "job_live_subject (kind=? AND subject=?)");
}

static void old_jobs_are_dropped_without_sorting_all_of_them(void **state)
{
	struct scene *scene = *state;

	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_led_by(scene, "SELECT updated_at, job_key FROM job", "job_finished (updated_at>? AND updated_at<?)");
	assert_not_in_plan(scene, "SELECT updated_at, job_key FROM job", "TEMP B-TREE");
	assert_led_by(scene, "DELETE FROM job", "job_finished (updated_at>? AND updated_at<?)");
}

static void whether_a_connector_is_in_use_is_seen_without_reading_all_its_grants(void **state)
{
	struct scene *scene = *state;

	scene_connector(scene, "entra");
	assert_ok(DO(scene, connector_delete, &admin, "entra", 0, &scene->error));
	assert_led_by(scene, "SELECT 1 FROM access_grant WHERE connector_id = ?1 AND status = 'pendingProvision' UNION",
	              "access_grant_to_come (connector_id=?)");
	assert_led_by(scene, "SELECT 1 FROM access_grant WHERE connector_id = ?1 AND status = 'pendingProvision' UNION",
	              "access_grant_in_group (connector_id=?");
}

static void expire(struct scene *scene, int count)
{
	for (int at = 0; at < count; at++) {
		char account[32], user[40];
		snprintf(account, sizeof(account), "account-%d", at);
		snprintf(user, sizeof(user), "22222222-2222-4222-8222-%012d", at);
		scene_grant(scene, "chat", account, NULL);
		scene_provision(scene, user);
	}
	scene_pass(scene, INT64_C(91) * 24 * 3600 * 1000);
	for (bool more = true; more;)
		assert_ok(DO(scene, expiry_advance, &more, &scene->error));
}

static void the_brake_counts_a_group_by_its_own_rows(void **state)
{
	struct scene *scene = *state;
	struct held_removals held;

	scene_catalog(scene);
	scene_no_write_back(scene);
	expire(scene, 30);
	assert_ok(DO(scene, removals_held, "entra", scene->arena, &held));
	assert_int_equal(held.count, 30);
	assert_led_by(scene, "SELECT count(*) FROM (SELECT lower(g.external_user_id) FROM job",
	              "j USING INDEX job_unasked (connector_id=? AND group_id=? AND status=?)");
	assert_led_by(scene, "SELECT count(*) FROM (SELECT DISTINCT external_user_id",
	              "access_grant_in_group (connector_id=? AND group_id=?");
	assert_led_by(scene, "SELECT count(DISTINCT g.external_user_id)",
	              "o USING INDEX access_grant_in_group (connector_id=? AND group_id=? AND external_user_id=?)");
	assert_led_by(scene, "SELECT count(*) FROM job WHERE held = 2 AND connector_id = ?1 AND group_id",
	              "job_braked (connector_id=? AND group_id=?)");
}

static void evidence_finds_its_period_and_its_grants_in_a_long_chain(void **state)
{
	struct scene *scene = *state;
	struct evidence_filter filter = {.from = SCENE_START, .to = SCENE_START + 1000};
	struct evidence_span span;
	struct audit_event *events;
	struct grant grant;
	size_t count;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	assert_ok(DO(scene, evidence_span, &filter, &span));
	assert_ok(DO(scene, audit_list_of_grant, grant.grant_id, scene->arena, &events, &count));
	assert_led_by(scene, "SELECT min(seq), max(seq) FROM audit_event", "audit_event_by_time (at>? AND at<?)");
	assert_led_by(scene, "FROM audit_event WHERE target_kind = 'grant'", "audit_event_of_grant (target_id=?)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(a_membership_costs_no_table_that_is_filled_for_one_change),
	    scene_test(an_issue_is_asked_about_once_however_many_wait_to_be),
	    scene_test(a_connector_is_tested_once_however_many_jobs_there_are),
	    scene_test(old_jobs_are_dropped_without_sorting_all_of_them),
	    scene_test(whether_a_connector_is_in_use_is_seen_without_reading_all_its_grants),
	    scene_test(the_brake_counts_a_group_by_its_own_rows),
	    scene_test(evidence_finds_its_period_and_its_grants_in_a_long_chain),
	};

	return cmocka_run_group_tests_name("store: the cost of a change", tests, NULL, NULL);
}
