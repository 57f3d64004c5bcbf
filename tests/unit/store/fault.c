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
	    scene_test(no_operation_is_missing_from_either_table),
	};

	return cmocka_run_group_tests_name("store: fault", tests, NULL, NULL);
}
