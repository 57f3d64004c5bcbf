/* What no statement on our own connections can do, and what an operation that fails leaves behind. */
#include "../../contract/store_scene.h"

#include "store/sqlite_store.h"

static enum result run_sql(struct session *session, struct sqlite_write *write)
{
	sql_run(session, write->id, NULL);
	return RESULT_OK;
}

static enum result try_sql(struct scene *scene, const char *sql)
{
	return sqlite_write(scene->store, &(struct sqlite_write){.work = run_sql, .id = sql, .error = &scene->error});
}

static void the_service_cannot_change_or_delete_its_own_evidence(void **state)
{
	struct scene *scene = *state;
	static const char *const attempts[] = {
	    "UPDATE audit_event SET actor_id = 'x'",
	    "DELETE FROM audit_event",
	    "DELETE FROM audit_event WHERE seq = 1",
	    "REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
	    "INSERT INTO audit_event SELECT seq + 7, at, '', '', '', '', '', '', '', '', '' FROM audit_event WHERE seq = 1",
	    "UPDATE audit_checkpoint SET at = 0",
	    "DELETE FROM audit_checkpoint",
	    "DROP TRIGGER audit_event_no_update",
	    "DROP TABLE audit_event",
	    "ALTER TABLE audit_event RENAME TO gone",
	    "PRAGMA writable_schema = ON",
	    "PRAGMA journal_mode = DELETE",
	    "ATTACH DATABASE ':memory:' AS other",
	    "CREATE TABLE more (x)",
	    "UPDATE sqlite_schema SET sql = ''",
	};
	bool added;

	scene_catalog(scene);
	assert_ok(DO(scene, audit_checkpoint_add, &added, &scene->error));
	for (size_t at = 0; at < ARRAY_SIZE(attempts); at++)
		if (try_sql(scene, attempts[at]) == RESULT_OK)
			fail_msg("allowed: %s", attempts[at]);
	assert_int_equal(scene_audit_seq(scene), 3);
	assert_ok(try_sql(scene, "UPDATE tool SET name = 'fine'"));
}

static enum result write_then_fail(struct session *session, struct sqlite_write *write)
{
	sql_run(session, "UPDATE tool SET name = 'half done'", NULL);
	return write_refuse(write, RESULT_CONFLICT, "conflict", "No.");
}

static enum result write_then_fault(struct session *session, struct sqlite_write *write)
{
	(void)write;
	sql_run(session, "UPDATE tool SET name = 'half done'", NULL);
	sql_run(session, "INSERT INTO tool (tool_id) VALUES ('breaks a constraint')", NULL);
	return RESULT_OK; /* believes that all is well */
}

static void an_operation_that_fails_half_way_leaves_nothing(void **state)
{
	struct scene *scene = *state;
	struct tool tool;

	scene_catalog(scene);
	assert_int_equal(sqlite_write(scene->store, &(struct sqlite_write){.work = write_then_fail}), RESULT_CONFLICT);
	assert_int_equal(sqlite_write(scene->store, &(struct sqlite_write){.work = write_then_fault}), RESULT_CONFLICT);
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_string_equal(tool.name, "chat");
}

static enum result write_then_look(struct session *session, struct sqlite_write *write)
{
	struct scene *scene = (struct scene *)(void *)write->arena;
	struct tool tool;
	struct arena *arena = arena_new(1u << 16);

	sql_run(session, "UPDATE tool SET name = 'not committed'", NULL);
	assert_ok(DO(scene, tool_read, "chat", arena, &tool));
	assert_string_equal(tool.name, "chat");
	arena_free(arena);
	return RESULT_OK;
}

static void readers_see_only_what_is_committed(void **state)
{
	struct scene *scene = *state;
	struct tool tool;

	scene_catalog(scene);
	assert_ok(sqlite_write(scene->store,
	                       &(struct sqlite_write){.work = write_then_look, .arena = (struct arena *)(void *)scene}));
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_string_equal(tool.name, "not committed");
}

/* A deferred constraint fails at the commit, after every operation believed that it had succeeded. */
static enum result break_at_commit(struct session *session, struct sqlite_write *write)
{
	(void)write;
	assert_int_equal(sqlite3_set_authorizer(session->connection->db, NULL, NULL), SQLITE_OK);
	sql_run(session, "PRAGMA defer_foreign_keys = ON", NULL);
	sql_run(session, "UPDATE tool SET name = 'lost', connector_key = 999", NULL);
	return RESULT_OK;
}

static void nobody_is_told_of_success_if_the_commit_fails(void **state)
{
	struct scene *scene = *state;
	struct tool tool;

	scene_catalog(scene);
	assert_refused(scene,
	               sqlite_write(scene->store, &(struct sqlite_write){.work = break_at_commit, .error = &scene->error}),
	               RESULT_UNAVAILABLE, "unavailable");
	assert_true(scene->error.retryable);
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_string_equal(tool.name, "chat");
	scene_tool(scene, "next", NULL); /* and the writer goes on */
}

static void a_read_that_runs_out_of_memory_says_so_at_every_allocation(void **state)
{
	struct scene *scene = *state;
	struct page page = {.limit = 10};
	bool failed = true;

	scene_catalog(scene);
	for (uint64_t nth = 1; failed && nth < 2000; nth++) {
		struct tool *tools = NULL;
		size_t count = 77;
		const char *next = "untouched";
		struct arena *arena = arena_new(1u << 20);
		enum result result;
		memory_fail_nth(nth);
		result = DO(scene, tool_list, &page, arena, &tools, &count, &next);
		memory_fail_nth(0);
		failed = result != RESULT_OK;
		if (failed) {
			assert_true(result == RESULT_NO_MEMORY || result == RESULT_UNAVAILABLE);
			assert_int_equal(count, 77);
			assert_null(tools);
		} else {
			assert_int_equal(count, 1);
		}
		arena_free(arena);
	}
	assert_false(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(the_service_cannot_change_or_delete_its_own_evidence),
	    scene_test(an_operation_that_fails_half_way_leaves_nothing),
	    scene_test(readers_see_only_what_is_committed),
	    scene_test(nobody_is_told_of_success_if_the_commit_fails),
	    scene_test(a_read_that_runs_out_of_memory_says_so_at_every_allocation),
	};

	return cmocka_run_group_tests_name("store: guard", tests, NULL, NULL);
}
