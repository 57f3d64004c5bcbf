/* The store's contract: opening, surviving, many callers at once, names and keys. */
#include "store_scene.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

static void a_second_service_on_the_same_file_is_refused_by_name(void **state)
{
	struct scene *scene = *state;
	struct store *second = NULL;

	assert_refused(scene, scene_try_open(scene, true, true, &second), RESULT_CONFLICT, "store_in_use");
	assert_non_null(strstr(scene->error.detail, scene->path));
	assert_null(second);
}

static void the_command_line_writes_beside_a_running_service(void **state)
{
	struct scene *scene = *state;
	struct api_token token = {.principal_id = "p-1", .name = "cli", .role = ROLE_ADMIN, .hash = {7}}, found;
	struct store *cli = NULL;

	scene_connector(scene, "entra");
	assert_ok(scene_try_open(scene, false, false, &cli));
	cli->ops->set_audit_signer(cli, &scene->signer);
	assert_ok(cli->ops->token_create(cli, &admin, &token, &scene->error));
	scene_tool(scene, "chat", "entra");
	cli->ops->close(cli);
	assert_ok(DO(scene, token_find, token.hash, scene->arena, &found));
	assert_string_equal(found.principal_id, "p-1");
	assert_int_equal(found.role, ROLE_ADMIN);
	assert_int_equal(scene_audit_seq(scene), 3);
}

static void a_missing_database_is_not_made_unless_asked(void **state)
{
	struct scene *scene = *state;
	struct store *store = NULL;

	scene_close(scene);
	assert_int_equal(unlink(scene->path), 0);
	assert_refused(scene, scene_try_open(scene, true, false, &store), RESULT_NOT_FOUND, "store_missing");
	assert_int_equal(access(scene->path, F_OK), -1);
	assert_ok(scene_try_open(scene, true, true, &scene->store));
}

static void nobody_else_may_read_the_files(void **state)
{
	struct scene *scene = *state;
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	struct stat status;
	char path[128];

	scene_connector(scene, "entra");
	for (size_t at = 0; at < ARRAY_SIZE(suffixes); at++) {
		snprintf(path, sizeof(path), "%s%s", scene->path, suffixes[at]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 0777, 0600);
	}
}

static void tamper(struct scene *scene, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(scene->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_database_of_a_newer_version_is_left_alone(void **state)
{
	struct scene *scene = *state;
	struct store *store = NULL;

	scene_close(scene);
	tamper(scene, "INSERT INTO schema_migration VALUES (9999, '9999_later', 'x', 0)");
	assert_refused(scene, scene_try_open(scene, true, true, &store), RESULT_CONFLICT, "store_newer");
	assert_null(store);
}

static void a_migration_that_was_changed_is_noticed(void **state)
{
	struct scene *scene = *state;
	struct store *store = NULL;

	scene_close(scene);
	tamper(scene, "UPDATE schema_migration SET checksum = 'ff' WHERE number = 1");
	assert_refused(scene, scene_try_open(scene, true, true, &store), RESULT_CONFLICT, "store_migration_changed");
}

static void a_database_of_another_program_is_not_touched(void **state)
{
	struct scene *scene = *state;
	struct store *store = NULL;

	scene_close(scene);
	assert_int_equal(unlink(scene->path), 0);
	tamper(scene, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
	assert_refused(scene, scene_try_open(scene, true, true, &store), RESULT_INVALID, "store_foreign");
}

static void what_was_acknowledged_is_there_after_a_restart(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector;
	struct grant grant;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", "10042");
	scene_reopen(scene);
	assert_ok(DO(scene, ready, &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &connector));
	assert_int_equal(connector.credential.sealed_length, 12);
	assert_memory_equal(connector.credential.sealed, "sealed bytes", 12);
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 1);
}

static void nothing_is_audited_before_the_signing_key_is_there(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), found;

	scene->store->ops->set_audit_signer(scene->store, NULL);
	assert_refused(scene, DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error),
	               RESULT_UNAVAILABLE, "unavailable");
	assert_int_equal(DO(scene, connector_read, "entra", scene->arena, &found), RESULT_NOT_FOUND);
	assert_ok(DO(scene, meta_write, "key", (const uint8_t *)"abc", 3, &scene->error));
}

static void a_named_value_is_kept_whole_and_once(void **state)
{
	struct scene *scene = *state;
	static const uint8_t big[(64u << 10) + 1] = {0};
	uint8_t *value = NULL;
	size_t length = 0;

	assert_int_equal(DO(scene, meta_read, "k", scene->arena, &value, &length), RESULT_NOT_FOUND);
	assert_ok(DO(scene, meta_write_once, "k", (const uint8_t *)"a\0b", 3, &scene->error));
	assert_refused(scene, DO(scene, meta_write_once, "k", (const uint8_t *)"c", 1, &scene->error), RESULT_CONFLICT,
	               "already_exists");
	assert_ok(DO(scene, meta_read, "k", scene->arena, &value, &length));
	assert_int_equal(length, 3);
	assert_memory_equal(value, "a\0b", 3);
	assert_ok(DO(scene, meta_write, "k", (const uint8_t *)"", 0, &scene->error));
	assert_ok(DO(scene, meta_read, "k", scene->arena, &value, &length));
	assert_int_equal(length, 0);
	assert_int_equal(DO(scene, meta_write, "k", big, sizeof(big), &scene->error), RESULT_TOO_LARGE);
}

/* ---- many at once ---- */

#define THREADS 8
#define EACH 200

struct hammer {
	struct scene *scene;
	int number;
	int failures;
};

static void *hammer_run(void *argument)
{
	struct hammer *hammer = argument;
	struct arena *arena = arena_new(1u << 20);

	for (int at = 0; at < EACH; at++) {
		char name[32], event_id[ID_SIZE] = "", given[ID_SIZE] = "";
		struct inbox_event event = {.event_id = event_id, .source = "jira", .issue_id = "1"}, found;
		snprintf(name, sizeof(name), "hook-%d-%d", hammer->number, at);
		id_new(SCENE_START, event_id);
		event.webhook_identifier = name;
		memcpy(event.body_hash, name, strlen(name));
		if (DO(hammer->scene, inbox_add, &event, given, NULL) != RESULT_OK || strcmp(given, event_id) != 0 ||
		    DO(hammer->scene, inbox_read, event_id, arena, &found) != RESULT_OK)
			hammer->failures++;
		arena_reset(arena);
	}
	arena_free(arena);
	return NULL;
}

static void every_caller_of_a_busy_store_reads_what_it_was_told_is_kept(void **state)
{
	struct scene *scene = *state;
	struct hammer hammers[THREADS];
	pthread_t threads[THREADS];
	struct store_counts counts;

	for (int at = 0; at < THREADS; at++) {
		hammers[at] = (struct hammer){scene, at, 0};
		assert_int_equal(pthread_create(&threads[at], NULL, hammer_run, &hammers[at]), 0);
	}
	for (int at = 0; at < THREADS; at++) {
		pthread_join(threads[at], NULL);
		assert_int_equal(hammers[at].failures, 0);
	}
	scene_reopen(scene);
	assert_ok(DO(scene, counts, &counts));
	assert_int_equal(counts.inbox_received, THREADS * EACH);
	assert_int_equal(counts.jobs[JOB_QUEUED], THREADS * EACH);
}

struct rival {
	struct scene *scene;
	int number;
	enum result result;
};

static void *rival_run(void *argument)
{
	struct rival *rival = argument;
	struct connector_settings connector = scene_connector_value("same");
	char name[16];

	snprintf(name, sizeof(name), "rival %d", rival->number);
	connector.name = name;
	rival->result = DO(rival->scene, connector_create, &admin, &connector, NULL, NULL, NULL);
	return NULL;
}

static void of_rivals_for_one_id_exactly_one_wins_and_the_chain_stays_whole(void **state)
{
	struct scene *scene = *state;
	struct rival rivals[THREADS];
	pthread_t threads[THREADS];
	int winners = 0;

	for (int at = 0; at < THREADS; at++) {
		rivals[at] = (struct rival){scene, at, RESULT_MAX};
		assert_int_equal(pthread_create(&threads[at], NULL, rival_run, &rivals[at]), 0);
	}
	for (int at = 0; at < THREADS; at++) {
		pthread_join(threads[at], NULL);
		winners += rivals[at].result == RESULT_OK;
		assert_true(rivals[at].result == RESULT_OK || rivals[at].result == RESULT_CONFLICT);
	}
	assert_int_equal(winners, 1);
	assert_int_equal(scene_audit_seq(scene), 1);
}

static void count_change(void *context)
{
	(*(_Atomic int *)context)++;
}

static void a_listener_hears_of_what_was_kept_and_of_nothing_else(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra");
	static _Atomic int heard;

	heard = 0;
	scene->store->ops->set_listener(scene->store, count_change, (void *)&heard);
	scene_connector(scene, "entra");
	assert_int_equal(DO(scene, connector_create, &admin, &connector, NULL, scene->arena, NULL), RESULT_CONFLICT);
	scene_close(scene);
	assert_int_equal(heard, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(a_second_service_on_the_same_file_is_refused_by_name),
	    scene_test(the_command_line_writes_beside_a_running_service),
	    scene_test(a_missing_database_is_not_made_unless_asked),
	    scene_test(nobody_else_may_read_the_files),
	    scene_test(a_database_of_a_newer_version_is_left_alone),
	    scene_test(a_migration_that_was_changed_is_noticed),
	    scene_test(a_database_of_another_program_is_not_touched),
	    scene_test(what_was_acknowledged_is_there_after_a_restart),
	    scene_test(nothing_is_audited_before_the_signing_key_is_there),
	    scene_test(a_named_value_is_kept_whole_and_once),
	    scene_test(every_caller_of_a_busy_store_reads_what_it_was_told_is_kept),
	    scene_test(of_rivals_for_one_id_exactly_one_wins_and_the_chain_stays_whole),
	    scene_test(a_listener_hears_of_what_was_kept_and_of_nothing_else),
	};

	return cmocka_run_group_tests_name("store: life", tests, NULL, NULL);
}
