/* The store's contract: the audit chain. */
#include "store_scene.h"

#include <sqlite3.h>

/* Reads the whole chain back; 0 if it is whole, else the first bad sequence number. */
static int64_t first_bad(struct scene *scene)
{
	struct audit_verifier verifier;
	struct audit_checkpoint head;
	int64_t after = 0;

	audit_verifier_init(&verifier);
	for (;;) {
		struct audit_event *events = NULL;
		size_t count = 0;
		assert_ok(DO(scene, audit_read_from, after, 2, scene->arena, &events, &count));
		if (count == 0)
			break;
		for (size_t at = 0; at < count; at++)
			if (audit_verifier_add(&verifier, &events[at], scene->arena) != RESULT_OK)
				return verifier.bad_seq;
		after = events[count - 1].seq;
	}
	assert_ok(DO(scene, audit_head, &head));
	if (!audit_checkpoint_verify(scene->key, "head", &head))
		return -1;
	return head.seq == verifier.next_seq - 1 && strcmp(head.hash, verifier.prev_hash) == 0 ? 0 : verifier.next_seq;
}

static void tamper(struct scene *scene, const char *sql)
{
	sqlite3 *db = NULL;

	scene_close(scene);
	assert_int_equal(sqlite3_open(scene->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "DROP TRIGGER audit_event_no_update; DROP TRIGGER audit_event_no_delete;"
	                              "DROP TRIGGER audit_event_in_order",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	scene_open(scene);
}

static void fill(struct scene *scene)
{
	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", "10042");
	assert_int_equal(first_bad(scene), 0);
}

static void the_chain_is_whole_after_work_and_after_a_restart(void **state)
{
	struct scene *scene = *state;
	struct audit_checkpoint head;
	struct grant grant;

	assert_int_equal(DO(scene, audit_head, &head), RESULT_NOT_FOUND);
	scene_pass(scene, 123); /* the clock is seldom at a whole second */
	fill(scene);
	scene_reopen(scene);
	assert_int_equal(first_bad(scene), 0);
	grant = scene_provision(scene, SCENE_USER);
	assert_int_equal(grant.status, GRANT_ACTIVE);
	assert_int_equal(first_bad(scene), 0);
}

static void what_failed_leaves_no_event_and_no_hole(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra");

	fill(scene);
	assert_int_equal(DO(scene, connector_create, &admin, &connector, NULL, scene->arena, NULL), RESULT_CONFLICT);
	scene_tool(scene, "after", NULL);
	assert_int_equal(first_bad(scene), 0);
	assert_refused(scene,
	               DO(scene, audit_note, &admin, "connector.credentialRefused", "connector", "entra", "failed", "[1]",
	                  &scene->error),
	               RESULT_INVALID, "");
	assert_ok(DO(scene, audit_note, &admin, "connector.credentialRefused", "connector", "entra", "failed",
	             "{\"aadsts\":7000215}", &scene->error));
	assert_int_equal(first_bad(scene), 0);
}

static void an_event_that_was_changed_is_found(void **state)
{
	struct scene *scene = *state;

	fill(scene);
	tamper(scene, "UPDATE audit_event SET actor_id = 'somebody' WHERE seq = 2");
	assert_int_equal(first_bad(scene), 2);
}

static void an_event_that_was_removed_is_found(void **state)
{
	struct scene *scene = *state;

	fill(scene);
	tamper(scene, "DELETE FROM audit_event WHERE seq = 3");
	assert_int_equal(first_bad(scene), 3);
}

static void a_tail_that_was_cut_is_found_by_the_signed_head(void **state)
{
	struct scene *scene = *state;
	int64_t last;

	fill(scene);
	last = scene_audit_seq(scene);
	tamper(scene, "DELETE FROM audit_event WHERE seq = (SELECT max(seq) FROM audit_event)");
	assert_int_equal(first_bad(scene), last);
}

static void a_head_rewritten_without_the_key_is_found(void **state)
{
	struct scene *scene = *state;

	fill(scene);
	tamper(scene, "DELETE FROM audit_event WHERE seq > 1; UPDATE audit_head SET seq = 1, hash = (SELECT hash FROM "
	              "audit_event WHERE seq = 1)");
	assert_int_equal(first_bad(scene), -1);
}

static void no_free_text_reaches_the_chain(void **state)
{
	struct scene *scene = *state;
	struct audit_event *events = NULL;
	size_t count = 0;

	fill(scene);
	assert_ok(DO(scene, audit_read_from, 0, 200, scene->arena, &events, &count));
	for (size_t at = 0; at < count; at++) {
		assert_null(strstr(events[at].detail, "Summarise"));
		assert_null(strstr(events[at].detail, "sealed bytes"));
		assert_null(strstr(events[at].detail, "A group"));
	}
}

static void the_newest_events_come_first_in_pages(void **state)
{
	struct scene *scene = *state;
	struct page page = {.limit = 2};
	struct audit_event *events = NULL;
	const char *next = NULL;
	int64_t expected;
	size_t count = 0;

	fill(scene);
	expected = scene_audit_seq(scene);
	do {
		assert_ok(DO(scene, audit_list, &page, scene->arena, &events, &count, &next));
		for (size_t at = 0; at < count; at++)
			assert_int_equal(events[at].seq, expected--);
		page.after = next;
	} while (next != NULL);
	assert_int_equal(expected, 0);
}

static void a_checkpoint_is_added_only_when_there_is_something_new(void **state)
{
	struct scene *scene = *state;
	struct audit_checkpoint *checkpoints = NULL;
	struct page page = {.limit = 10};
	const char *next = NULL;
	bool added = true;
	size_t count = 0;

	assert_ok(DO(scene, audit_checkpoint_add, &added, &scene->error));
	assert_false(added);
	fill(scene);
	assert_ok(DO(scene, audit_checkpoint_add, &added, &scene->error));
	assert_true(added);
	assert_ok(DO(scene, audit_checkpoint_add, &added, &scene->error));
	assert_false(added);
	scene_tool(scene, "more", NULL);
	assert_ok(DO(scene, audit_checkpoint_add, &added, &scene->error));
	assert_ok(DO(scene, audit_checkpoint_list, &page, scene->arena, &checkpoints, &count, &next));
	assert_int_equal(count, 2);
	assert_int_equal(checkpoints[0].seq, scene_audit_seq(scene));
	assert_true(audit_checkpoint_verify(scene->key, "checkpoint", &checkpoints[0]));
	assert_false(audit_checkpoint_verify(scene->key, "head", &checkpoints[0]));
}

static size_t history_length(struct scene *scene, const char *grant_id)
{
	struct grant_history *history;
	size_t count = 0;

	assert_ok(DO(scene, grant_history, grant_id, scene->arena, &history, &count));
	return count;
}

static void one_change_among_many_that_fails_half_way_leaves_no_trace_and_spoils_no_other(void **state)
{
	struct scene *scene = *state;
	static const enum result expected[] = {RESULT_OK, RESULT_INVALID, RESULT_OK, RESULT_CONFLICT};
	struct grant_change changes[ARRAY_SIZE(expected)];
	struct job_settlement settlements[ARRAY_SIZE(expected)];
	struct job first, *more = NULL;
	size_t count = 0;
	int64_t before;

	scene_catalog(scene);
	scene_no_write_back(scene);
	for (size_t at = 0; at < ARRAY_SIZE(expected); at++)
		scene_grant(scene, "chat", arena_printf(scene->arena, "account-%zu", at), NULL);
	first = scene_claim(scene, JOB_PROVISION);
	assert_ok(DO(scene, job_claim_more, &first, "w1", SCENE_LEASE, 10, scene->arena, &more, &count));
	assert_int_equal(count, ARRAY_SIZE(expected) - 1);
	for (size_t at = 0; at < ARRAY_SIZE(expected); at++) {
		const struct job *job = at == 0 ? &first : &more[at - 1];
		changes[at] = (struct grant_change){.event = GRANT_EVENT_MEMBER, .job_id = job->job_id, .fence = job->fence};
		settlements[at] = (struct job_settlement){.job = job, .grant_id = job->grant_id, .change = &changes[at]};
	}
	changes[1].detail = "[]"; /* seen when the event is written, after everything else */
	changes[3].fence++;
	before = scene_audit_seq(scene);
	DO(scene, job_settle_all, &worker_actor, settlements, ARRAY_SIZE(expected), scene->arena);
	for (size_t at = 0; at < ARRAY_SIZE(expected); at++) {
		struct grant grant;
		bool moved = expected[at] == RESULT_OK;
		assert_int_equal(settlements[at].result, expected[at]);
		assert_int_equal(settlements[at].error.detail[0] == '\0', moved);
		assert_ok(DO(scene, grant_read, settlements[at].grant_id, scene->arena, &grant));
		assert_int_equal(grant.status, moved ? GRANT_ACTIVE : GRANT_PENDING_PROVISION);
		assert_int_equal(history_length(scene, grant.grant_id), moved ? 2 : 1);
	}
	assert_int_equal(scene_count_jobs(scene, "provision", "running"), 2);
	assert_int_equal(scene_audit_seq(scene), before + 2);
	assert_int_equal(first_bad(scene), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(the_chain_is_whole_after_work_and_after_a_restart),
	    scene_test(what_failed_leaves_no_event_and_no_hole),
	    scene_test(an_event_that_was_changed_is_found),
	    scene_test(an_event_that_was_removed_is_found),
	    scene_test(a_tail_that_was_cut_is_found_by_the_signed_head),
	    scene_test(a_head_rewritten_without_the_key_is_found),
	    scene_test(one_change_among_many_that_fails_half_way_leaves_no_trace_and_spoils_no_other),
	    scene_test(no_free_text_reaches_the_chain),
	    scene_test(the_newest_events_come_first_in_pages),
	    scene_test(a_checkpoint_is_added_only_when_there_is_something_new),
	};

	return cmocka_run_group_tests_name("store: audit", tests, NULL, NULL);
}
