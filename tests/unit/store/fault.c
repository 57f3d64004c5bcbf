/* The store that fails on purpose: it must fail where it was told, and nowhere else. */
#include "../../contract/store_scene.h"

#include "store/store_fault.h"

static void the_call_that_was_named_fails_with_nothing_done_and_the_next_works(void **state)
{
	struct scene *scene = *state;
	struct tool tool = scene_tool_value("chat", NULL), found;

	assert_ok(store_fault_wrap(scene->store, &scene->store));
	scene_connector(scene, "entra");
	assert_int_equal(store_fault_count(scene->store), 1);
	store_fault_fail_nth(scene->store, 2, RESULT_UNAVAILABLE);
	assert_int_equal(DO(scene, tool_read, "chat", scene->arena, &found), RESULT_NOT_FOUND);
	assert_refused(scene, DO(scene, tool_create, &admin, &tool, NULL, scene->arena, &scene->error), RESULT_UNAVAILABLE,
	               "unavailable");
	assert_true(scene->error.retryable);
	assert_int_equal(DO(scene, tool_read, "chat", scene->arena, &found), RESULT_NOT_FOUND);
	assert_ok(DO(scene, tool_create, &admin, &tool, NULL, scene->arena, &scene->error));
	store_fault_fail_nth(scene->store, 1, RESULT_NO_MEMORY);
	store_fault_fail_nth(scene->store, 0, RESULT_OK);
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &found));
}

static void of_many_items_in_one_call_each_fails(void **state)
{
	struct scene *scene = *state;
	struct membership_intent intents[2] = {{.grant_id = "g"}, {.grant_id = "g"}};
	struct job job = {.job_id = "j"};
	struct job_outcome done = {.status = JOB_SUCCEEDED};
	struct job_settlement settlements[2] = {{.job = &job, .outcome = &done}, {.job = &job, .outcome = &done}};

	assert_ok(store_fault_wrap(scene->store, &scene->store));
	store_fault_fail_nth(scene->store, 1, RESULT_UNAVAILABLE);
	DO(scene, grant_intend_memberships, intents, 2, scene->arena);
	store_fault_fail_nth(scene->store, 1, RESULT_UNAVAILABLE);
	DO(scene, job_settle_all, &worker_actor, settlements, 2, scene->arena);
	assert_int_equal(store_fault_count(scene->store), 2);
	for (size_t at = 0; at < 2; at++) {
		assert_int_equal(intents[at].result, RESULT_UNAVAILABLE);
		assert_true(intents[at].error.retryable);
		assert_int_equal(settlements[at].result, RESULT_UNAVAILABLE);
		assert_string_equal(settlements[at].error.code, "unavailable");
	}
	DO(scene, grant_intend_memberships, intents, 2, scene->arena);
	DO(scene, job_settle_all, &worker_actor, settlements, 2, scene->arena);
	assert_string_equal(intents[1].error.code, "not_found");
	assert_string_equal(settlements[1].error.code, "lease_lost");
}

static void a_pause_that_fails_leaves_none(void **state)
{
	struct scene *scene = *state;
	struct job job;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	assert_ok(store_fault_wrap(scene->store, &scene->store));
	store_fault_fail_nth(scene->store, 1, RESULT_UNAVAILABLE);
	assert_refused(scene, DO(scene, connector_pause, "entra", false, SCENE_START + 1000, &scene->error),
	               RESULT_UNAVAILABLE, "unavailable");
	assert_true(scene_claims(scene, &job));
	assert_ok(DO(scene, connector_pause, "entra", false, SCENE_START + 1000, &scene->error));
}

static void no_operation_is_missing_from_either_table(void **state)
{
	struct scene *scene = *state;
	struct store *wrapped = NULL;
	/* Every member but the name is a function: none may be NULL. */
	size_t slots = sizeof(struct store_ops) / sizeof(void (*)(void));
	void *real[sizeof(struct store_ops) / sizeof(void *)], *fault[sizeof(struct store_ops) / sizeof(void *)];

	assert_ok(store_fault_wrap(scene->store, &wrapped));
	memcpy(real, scene->store->ops, sizeof(real));
	memcpy(fault, wrapped->ops, sizeof(fault));
	scene->store = wrapped;
	for (size_t at = 0; at < slots; at++) {
		assert_non_null(real[at]);
		assert_non_null(fault[at]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(the_call_that_was_named_fails_with_nothing_done_and_the_next_works),
	    scene_test(of_many_items_in_one_call_each_fails),
	    scene_test(a_pause_that_fails_leaves_none),
	    scene_test(no_operation_is_missing_from_either_table),
	};

	return cmocka_run_group_tests_name("store: fault", tests, NULL, NULL);
}
