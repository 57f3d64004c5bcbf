#include "fake_directory.h"

#define LOOKS_MAX 4000

struct call {
	struct directory *directory;
	struct connector_look looks[LOOKS_MAX];
	int groups[LOOKS_MAX];
	int users[LOOKS_MAX];
	size_t count;
};

static struct call *call_open(void)
{
	struct call *call = calloc(1, sizeof(*call));
	assert_non_null(call);
	call->directory = directory_open();
	return call;
}

static void call_close(struct call *call)
{
	directory_close(call->directory);
	free(call);
}

static void call_ask_grid(struct call *call, int groups, int users)
{
	for (int i = 0; i < groups * users; i++) {
		assert_true(call->count < LOOKS_MAX);
		call->groups[call->count] = i / users;
		call->users[call->count] = i % users;
		call->looks[call->count++] = (struct connector_look){
		    .group_id = directory_id(call->directory, 'a', i / users),
		    .user_id = directory_id(call->directory, 'b', i % users),
		};
	}
}

/* Every second user is in every group. */
static void fill(struct directory *directory)
{
	for (int group = 0; group < DIRECTORY_GROUPS; group++)
		for (int user = 0; user < DIRECTORY_USERS; user += 2)
			directory->member[group][user] = true;
}

static void call_send(struct call *call)
{
	struct fake_world *world = &call->directory->world;
	for (size_t i = 0; i < call->count; i++)
		call->looks[i].result = RESULT_MAX;
	world->ops->look_members(&world->environment, &world->target, call->looks, call->count);
	for (size_t i = 0; i < call->count; i++) {
		assert_int_not_equal(call->looks[i].result, RESULT_MAX);
		if (call->looks[i].result == RESULT_OK)
			assert_int_equal(call->looks[i].member, call->directory->member[call->groups[i]][call->users[i]]);
		else
			assert_int_equal(call->looks[i].error.result, call->looks[i].result);
	}
	assert_false(call->directory->bad_form);
	assert_true(call->directory->most_items <= 20);
}

static size_t count_result(const struct call *call, enum result result)
{
	size_t count = 0;
	for (size_t i = 0; i < call->count; i++)
		count += call->looks[i].result == result;
	return count;
}

static void many_are_looked_for_by_one_walk_a_group(void **state)
{
	(void)state;
	static const struct {
		int groups;
		int users;
		int exchanges;
	} rows[] = {{1, 1, 1}, {1, 400, 2}, {20, 20, 1 + 20}, {100, 1, 5}, {3, 10, 1 + 3}, {21, 1, 2}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct call *call = call_open();
		fill(call->directory);
		call_ask_grid(call, rows[i].groups, rows[i].users);
		call_send(call);
		assert_int_equal(count_result(call, RESULT_OK), call->count);
		assert_int_equal(call->directory->exchanges, rows[i].exchanges);
		call_close(call);
	}
}

static void a_walk_ends_where_the_last_of_them_was_found(void **state)
{
	(void)state;
	struct call *call = call_open();
	fill(call->directory);
	call->directory->page_size = 100;
	call_ask_grid(call, 3, 400);
	for (size_t i = 0; i < call->count; i++) {
		call->users[i] -= call->users[i] % 2;
		call->looks[i].user_id = directory_id(call->directory, 'b', call->users[i]);
	}
	call_send(call);
	assert_int_equal(count_result(call, RESULT_OK), call->count);
	assert_int_equal(call->directory->pages, 3 * 2);
	assert_int_equal(call->directory->exchanges, 1 + 3);
	call_close(call);
}

static void one_lost_group_leaves_the_others_answered(void **state)
{
	(void)state;
	struct call *call = call_open();
	fill(call->directory);
	call->directory->no_group[1] = true;
	call_ask_grid(call, 4, 6);
	call->looks[0].group_id = "none";
	call->looks[1].user_id = NULL;
	call_send(call);
	for (size_t i = 2; i < call->count; i++)
		assert_int_equal(call->looks[i].result, call->groups[i] == 1 ? RESULT_NOT_FOUND : RESULT_OK);
	assert_string_equal(call->looks[6].error.code, "group_missing");
	assert_string_equal(call->looks[0].error.code, "group_missing");
	assert_string_equal(call->looks[1].error.code, "user_not_found");
	call_close(call);
}

static void one_group_that_cannot_be_read_leaves_the_others_answered(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *code;
		enum result result;
	} faults[] = {{500, "x", RESULT_UNAVAILABLE},
	              {403, "Authorization_RequestDenied", RESULT_DENIED},
	              {0, NULL, RESULT_PROTOCOL},
	              {200, NULL, RESULT_PROTOCOL}};
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct call *call = call_open();
		call_ask_grid(call, 4, 6);
		directory_fail(call->directory, (struct directory_fault){.where = FAULT_ITEM,
		                                                         .method = "GET",
		                                                         .group = 2,
		                                                         .user = -1,
		                                                         .status = faults[i].status,
		                                                         .code = faults[i].code});
		call_send(call);
		for (size_t c = 0; c < call->count; c++)
			assert_int_equal(call->looks[c].result, call->groups[c] == 2 ? faults[i].result : RESULT_OK);
		call_close(call);
	}
}

static void asked_to_wait_no_more_pages_are_asked_for(void **state)
{
	(void)state;
	struct call *call = call_open();
	fill(call->directory);
	call->directory->page_size = 100;
	call_ask_grid(call, 4, 6);
	directory_fail(call->directory, (struct directory_fault){.where = FAULT_ITEM,
	                                                         .method = "GET",
	                                                         .group = 2,
	                                                         .user = -1,
	                                                         .status = 429,
	                                                         .code = "TooManyRequests",
	                                                         .retry_after = "9"});
	call_send(call);
	assert_int_equal(call->directory->exchanges, 1);
	for (size_t c = 0; c < call->count; c++) {
		bool found = call->users[c] % 2 == 0 && call->groups[c] != 2;
		assert_int_equal(call->looks[c].result, found ? RESULT_OK : RESULT_THROTTLED);
		if (!found)
			assert_true(call->looks[c].error.retry_after_ms > 8000);
	}
	call_close(call);
}

static void a_list_that_expired_is_read_again_from_its_beginning_once(void **state)
{
	(void)state;
	for (int uses = 1; uses >= 0; uses--) {
		struct call *call = call_open();
		fill(call->directory);
		call->directory->page_size = 400;
		call_ask_grid(call, 1, 1999);
		directory_fail(call->directory, (struct directory_fault){.where = FAULT_ITEM,
		                                                         .method = "GET",
		                                                         .group = 0,
		                                                         .user = -1,
		                                                         .after = 2,
		                                                         .uses = uses,
		                                                         .status = 400,
		                                                         .code = "Directory_ExpiredPageToken"});
		call_send(call);
		if (uses == 1)
			assert_int_equal(count_result(call, RESULT_OK), call->count);
		else
			assert_int_equal(call->looks[1].result, RESULT_INVALID);
		call_close(call);
	}
}

static void a_directory_without_batches_is_still_read(void **state)
{
	(void)state;
	static const char *const bodies[] = {NULL, "<html>"};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct call *call = call_open();
		fill(call->directory);
		call_ask_grid(call, 6, 6);
		directory_fail(call->directory, (struct directory_fault){.where = FAULT_EXCHANGE,
		                                                         .group = -1,
		                                                         .user = -1,
		                                                         .uses = 1,
		                                                         .status = i == 0 ? 400 : 200,
		                                                         .code = i == 0 ? "BadRequest" : NULL,
		                                                         .raw = bodies[i]});
		call_send(call);
		assert_int_equal(count_result(call, RESULT_OK), call->count);
		call_close(call);
	}
}

static void a_failed_allocation_is_a_failure_and_not_a_crash(void **state)
{
	(void)state;
	for (uint64_t nth = 1; nth < 120; nth += fake_stride()) {
		struct call *call = call_open();
		fill(call->directory);
		call_ask_grid(call, 3, 5);
		memory_fail_nth(nth);
		call_send(call);
		memory_fail_nth(0);
		call_close(call);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_are_looked_for_by_one_walk_a_group),
	    cmocka_unit_test(a_walk_ends_where_the_last_of_them_was_found),
	    cmocka_unit_test(one_lost_group_leaves_the_others_answered),
	    cmocka_unit_test(one_group_that_cannot_be_read_leaves_the_others_answered),
	    cmocka_unit_test(asked_to_wait_no_more_pages_are_asked_for),
	    cmocka_unit_test(a_list_that_expired_is_read_again_from_its_beginning_once),
	    cmocka_unit_test(a_directory_without_batches_is_still_read),
	    cmocka_unit_test(a_failed_allocation_is_a_failure_and_not_a_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
