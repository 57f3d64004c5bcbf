/* Getting rid of what was deleted: who is in its way, and what it must leave as it was. */
#include "../../contract/store_scene.h"

#include <sqlite3.h>

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

static bool is_asked(struct scene *scene)
{
	uint8_t *value = NULL;
	size_t length = 0;

	return DO(scene, meta_read, "erasure.compact", scene->arena, &value, &length) == RESULT_OK;
}

static void the_audit_tables_are_guarded_after_it_as_before(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	assert_ok(sqlite_compact(scene->store, &scene->error));
	assert_int_equal(try_sql(scene, "DELETE FROM audit_event"), RESULT_DENIED);
	assert_int_equal(try_sql(scene, "PRAGMA journal_mode = DELETE"), RESULT_DENIED);
	assert_int_not_equal(try_sql(scene, "VACUUM"), RESULT_OK);
	assert_ok(try_sql(scene, "UPDATE tool SET name = 'fine'"));
}

/* As if the service had been killed, or kept from it, between the erasure and the cleaning. */
static void an_erasure_that_was_kept_from_cleaning_is_finished_later(void **state)
{
	struct scene *scene = *state;
	struct erasure erasure;
	struct access_request request;
	struct request_change cancel = {.event = REQUEST_EVENT_CANCEL};
	sqlite3 *other = NULL;

	scene_catalog(scene);
	request = scene_request(scene, "chat", "account-ada", NULL);
	assert_ok(DO(scene, request_apply, &jira, request.request_id, &cancel, scene->arena, &request, &scene->error));
	assert_int_equal(sqlite3_open(scene->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM access_request", NULL, NULL, NULL), SQLITE_OK);
	assert_refused(scene, DO(scene, subject_erase, &admin, "account-ada", "", &erasure, &scene->error),
	               RESULT_UNAVAILABLE, "unavailable");
	assert_ok(DO(scene, request_read, request.request_id, scene->arena, &request));
	assert_null(request.purpose);
	assert_true(is_asked(scene));
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	scene_reopen(scene);
	assert_true(is_asked(scene));
	assert_ok(DO(scene, purge, 0, &scene->error));
	assert_false(is_asked(scene));
}

static enum result count_tools(struct session *session, struct sqlite_write *write)
{
	(void)sql_ask(session, "SELECT count(*) FROM tool", NULL, write_out(write));
	return RESULT_OK;
}

static enum result compact_beside(struct session *session, struct sqlite_write *write)
{
	(void)write;
	return sqlite_result(sqlite_connection_compact(session->connection));
}

/* Writes that are queued around it share their commits, and it has none of them in its way. */
static void what_is_queued_around_it_is_done_too(void **state)
{
	struct scene *scene = *state;
	struct sqlite_write *writes = memory_calloc(9, sizeof(*writes));
	int64_t counts[9] = {0};

	assert_non_null(writes);
	scene_catalog(scene);
	for (size_t at = 0; at < 9; at++) {
		bool alone = at % 3 == 1;

		writes[at] = (struct sqlite_write){.work = alone ? compact_beside : count_tools,
		                                   .alone = alone,
		                                   .ret = &counts[at],
		                                   .ret_size = alone ? 0 : sizeof(counts[at])};
	}
	sqlite_write_all(scene->store, writes, 9);
	for (size_t at = 0; at < 9; at++) {
		assert_ok(writes[at].result);
		assert_int_equal(counts[at], at % 3 == 1 ? 0 : 1);
	}
	memory_free(writes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(the_audit_tables_are_guarded_after_it_as_before),
	    scene_test(an_erasure_that_was_kept_from_cleaning_is_finished_later),
	    scene_test(what_is_queued_around_it_is_done_too),
	};

	return cmocka_run_group_tests_name("store: compaction", tests, NULL, NULL);
}
