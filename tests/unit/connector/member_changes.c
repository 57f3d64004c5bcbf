#include "fake_directory.h"

#include "base/id.h"
#include "connector/entra/throttle_gate.h"

#define CHANGES_MAX 2100

struct call {
	struct directory *directory;
	struct connector_change changes[CHANGES_MAX];
	int groups[CHANGES_MAX];
	int users[CHANGES_MAX];
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

static void call_ask(struct call *call, int group, int user, bool removal)
{
	assert_true(call->count < CHANGES_MAX);
	call->groups[call->count] = group;
	call->users[call->count] = user;
	call->changes[call->count++] = (struct connector_change){
	    .group_id = directory_id(call->directory, 'a', group),
	    .user_id = directory_id(call->directory, 'b', user),
	    .removal = removal,
	};
}

static void call_ask_grid(struct call *call, int groups, int users)
{
	for (int group = 0; group < groups; group++)
		for (int user = 0; user < users; user++)
			call_ask(call, group, user, false);
}

static void call_send(struct call *call)
{
	struct fake_world *world = &call->directory->world;
	for (size_t i = 0; i < call->count; i++)
		call->changes[i].result = RESULT_MAX;
	world->ops->change_members(&world->environment, &world->target, call->changes, call->count);
	for (size_t i = 0; i < call->count; i++) {
		const struct connector_change *change = &call->changes[i];
		assert_int_not_equal(change->result, RESULT_MAX);
		if (change->result == RESULT_OK && !change->already && change->trace.client_request_id[0] == '\0')
			fail_msg("change %zu was done, and nobody can say when", i);
		if (change->result != RESULT_OK)
			assert_int_equal(change->error.result, change->result);
	}
	directory_settle(call->directory);
	assert_false(call->directory->clash);
	assert_false(call->directory->bad_form);
	assert_true(call->directory->most_links <= 20);
	assert_true(call->directory->most_items <= 20);
}

/* What is said to be done is done; what is said to be not done is not. */
static void check_truth(const struct call *call)
{
	for (size_t i = 0; i < call->count; i++) {
		bool is = directory_has(call->directory, call->groups[i], call->users[i]) != call->changes[i].removal;
		if (call->changes[i].result == RESULT_OK)
			assert_true(is);
		else if (call->changes[i].result != RESULT_TIMEOUT)
			assert_false(is);
	}
}

static size_t count_result(const struct call *call, enum result result)
{
	size_t count = 0;
	for (size_t i = 0; i < call->count; i++)
		count += call->changes[i].result == result;
	return count;
}

static void check_all_done(const struct call *call)
{
	assert_int_equal(count_result(call, RESULT_OK), call->count);
	check_truth(call);
}

static void a_bulk_approval_is_written_in_as_few_exchanges_as_can_be(void **state)
{
	(void)state;
	static const struct {
		int groups;
		int users;
		int exchanges;
	} rows[] = {{20, 20, 1}, {1, 400, 1}, {1, 20, 1}, {100, 20, 5}, {2, 400, 2}, {100, 1, 5}, {1, 2, 1}, {1, 1, 1}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct call *call = call_open();
		call_ask_grid(call, rows[i].groups, rows[i].users);
		call_send(call);
		check_all_done(call);
		if (call->directory->exchanges != rows[i].exchanges)
			fail_msg("%d groups, %d users: %d exchanges", rows[i].groups, rows[i].users, call->directory->exchanges);
		assert_int_equal(fake_count(&call->directory->world.entra, "POST", "/token"), 1);
		call_close(call);
	}
}

static void two_thousand_at_once_are_all_told_their_end(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 1, 2000);
	call_send(call);
	check_all_done(call);
	assert_int_equal(call->directory->exchanges, 5);
	call_close(call);
}

static void leavers_are_taken_out_together_and_each_by_its_own_link(void **state)
{
	(void)state;
	struct call *call = call_open();
	for (int i = 0; i < 45; i++) {
		call->directory->member[i % 3][i] = true;
		call_ask(call, i % 3, i, true);
	}
	for (int i = 100; i < 160; i++)
		call_ask(call, i % 3, i, false);
	call_send(call);
	check_all_done(call);
	assert_int_equal(call->directory->exchanges, 3);
	assert_int_equal(call->directory->writes, 45 + 3);
	call_close(call);
}

static void the_admin_finds_each_write_in_entras_log(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 3, 2);
	call_send(call);
	check_all_done(call);
	for (size_t i = 0; i < call->count; i++) {
		assert_string_equal(call->changes[i].trace.request_id, DIRECTORY_ITEM_ID);
		assert_true(text_is_uuid(call->changes[i].trace.client_request_id));
	}
	call_close(call);
}

static void one_unknown_user_does_not_keep_nineteen_waiting(void **state)
{
	(void)state;
	for (int culprit = 0; culprit < 20; culprit++) {
		struct call *call = call_open();
		call_ask_grid(call, 1, 20);
		call->directory->no_user[culprit] = true;
		call_send(call);
		check_truth(call);
		assert_int_equal(count_result(call, RESULT_OK), 19);
		assert_int_equal(call->changes[culprit].result, RESULT_NOT_FOUND);
		assert_string_equal(call->changes[culprit].error.code, "user_not_found");
		/* the 404 names the user: the block, then that one and the rest */
		assert_int_equal(call->directory->exchanges, 2);
		assert_int_equal(call->directory->writes, 3);
		call_close(call);
	}
}

static void one_who_is_in_already_does_not_keep_nineteen_out(void **state)
{
	(void)state;
	for (int culprit = 0; culprit < 20; culprit++) {
		struct call *call = call_open();
		call_ask_grid(call, 1, 20);
		call->directory->member[0][culprit] = true;
		call_send(call);
		check_all_done(call);
		for (int user = 0; user < 20; user++)
			assert_int_equal(call->changes[user].already, user == culprit);
		assert_int_equal(call->directory->group_reads, 1);
		assert_true(call->directory->writes <= 11);
		assert_true(call->directory->exchanges <= 8);
		call_close(call);
	}
}

static void a_culprit_in_each_block_costs_only_itself(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 20, 20);
	for (int group = 0; group < 20; group++) {
		call->directory->member[group][group] = group < 7 || group > 9;
	}
	for (int user = 7; user < 10; user++)
		call->directory->no_user[user] = true;
	call_send(call);
	check_truth(call);
	size_t missing = 0;
	for (size_t i = 0; i < call->count; i++) {
		bool gone = call->directory->no_user[call->users[i]];
		missing += gone;
		assert_int_equal(call->changes[i].result, gone ? RESULT_NOT_FOUND : RESULT_OK);
	}
	assert_true(missing == 60);
	assert_true(call->directory->exchanges < 40);
	call_close(call);
}

static void a_hundred_who_are_in_already_are_told_so_by_one_read(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 1, 40);
	for (int user = 0; user < 40; user++)
		call->directory->member[0][user] = true;
	call_send(call);
	check_all_done(call);
	for (int user = 0; user < 40; user++)
		assert_true(call->changes[user].already);
	assert_int_equal(call->directory->group_reads, 1);
	assert_true(call->directory->writes <= 80);
	call_close(call);
}

static void a_removal_of_who_is_gone_does_not_keep_others_in(void **state)
{
	(void)state;
	struct call *call = call_open();
	for (int user = 0; user < 20; user++) {
		call->directory->member[0][user] = user % 5 != 0;
		call_ask(call, 0, user, true);
	}
	call_send(call);
	check_all_done(call);
	for (int user = 0; user < 20; user++)
		assert_int_equal(call->changes[user].already, user % 5 == 0);
	assert_int_equal(call->directory->writes, 20);
	assert_int_equal(call->directory->exchanges, 5 + 1);
	call_close(call);
}

static void a_group_that_is_gone_costs_no_other_group(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 5, 40);
	call->directory->no_group[2] = true;
	call_send(call);
	check_truth(call);
	for (size_t i = 0; i < call->count; i++) {
		assert_int_equal(call->changes[i].result, call->groups[i] == 2 ? RESULT_NOT_FOUND : RESULT_OK);
		if (call->groups[i] == 2)
			assert_string_equal(call->changes[i].error.code, "group_missing");
	}
	assert_int_equal(call->directory->written[2], 2);
	call_close(call);
}

static const struct directory_fault denied = {.where = FAULT_ITEM,
                                              .group = -1,
                                              .user = -1,
                                              .status = 403,
                                              .code = "Authorization_RequestDenied",
                                              .message = "Insufficient privileges to complete the operation."};

static void a_group_of_the_wrong_kind_is_named_for_all_of_its_users(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 3, 100);
	struct directory_fault fault = denied;
	fault.group = 1;
	directory_fail(call->directory, fault);
	call->directory->group_json =
	    "\"displayName\":\"x\",\"groupTypes\":[\"DynamicMembership\"],\"securityEnabled\":true,"
	    "\"mailEnabled\":false,\"onPremisesSyncEnabled\":null,\"isAssignableToRole\":null,"
	    "\"isManagementRestricted\":null,\"visibility\":null";
	call_send(call);
	check_truth(call);
	for (size_t i = 0; i < call->count; i++) {
		assert_int_equal(call->changes[i].result, call->groups[i] == 1 ? RESULT_CONFLICT : RESULT_OK);
		if (call->groups[i] == 1)
			assert_string_equal(call->changes[i].error.code, "group_dynamic");
	}
	assert_int_equal(call->directory->written[1], 2);
	call_close(call);
}

static void a_missing_permission_is_found_once_and_not_by_every_group(void **state)
{
	(void)state;
	struct call *call = call_open();
	call->directory->world.entra.rules[0].body =
	    fake_token_body(call->directory->world.arena, "[\"User.Read.All\"]", 3599, "one");
	call_ask_grid(call, 100, 3);
	directory_fail(call->directory, denied);
	call_send(call);
	check_truth(call);
	for (size_t i = 0; i < call->count; i++) {
		assert_int_equal(call->changes[i].result, RESULT_DENIED);
		assert_string_equal(call->changes[i].error.code, "permission_missing");
	}
	assert_int_equal(call->directory->writes, 81);
	assert_int_equal(call->directory->group_reads, 1);
	call_close(call);
}

static void a_refusal_of_one_group_that_nothing_explains_is_not_the_apps(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 30, 3);
	struct directory_fault fault = denied;
	fault.group = 7;
	directory_fail(call->directory, fault);
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_OK), 87);
	for (size_t i = 0; i < call->count; i++)
		if (call->groups[i] == 7)
			assert_string_equal(call->changes[i].error.code, "graph_denied");
	assert_int_equal(call->directory->written[7], 2);
	call_close(call);
}

static void a_refusal_that_one_user_causes_is_not_the_groups(void **state)
{
	(void)state;
	for (int culprit = 0; culprit < 20; culprit += 3) {
		struct call *call = call_open();
		call_ask_grid(call, 1, 20);
		struct directory_fault fault = {.where = FAULT_ITEM,
		                                .group = 0,
		                                .user = culprit,
		                                .status = 400,
		                                .code = "Request_BadRequest",
		                                .message = "Something about that one."};
		directory_fail(call->directory, fault);
		call_send(call);
		check_truth(call);
		assert_int_equal(count_result(call, RESULT_OK), 19);
		assert_int_equal(call->changes[culprit].result, RESULT_INVALID);
		assert_int_equal(connector_error_scope(&call->changes[culprit].error), CONNECTOR_SCOPE_USER);
		call_close(call);
	}
}

static void a_wait_that_one_item_was_told_is_kept_by_all_that_was_not_sent(void **state)
{
	(void)state;
	static const struct {
		const char *retry_after;
		int64_t told;
	} waits[] = {{"7", 7000}, {"1.5", 1500}, {NULL, -1}, {"soon", -1}, {"-4", -1}, {"99999999999999999999", 3600000}};
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		for (int status = 429; status <= 503; status += 503 - 429) {
			struct call *call = call_open();
			call_ask_grid(call, 100, 20); /* five batches: four, then one */
			directory_fail(call->directory, (struct directory_fault){.where = FAULT_ITEM,
			                                                         .group = 3,
			                                                         .user = -1,
			                                                         .uses = 1,
			                                                         .status = status,
			                                                         .code = "TooManyRequests",
			                                                         .retry_after = waits[i].retry_after});
			call_send(call);
			check_truth(call);
			assert_int_equal(call->directory->exchanges, 4);
			assert_int_equal(count_result(call, RESULT_THROTTLED), 20 + 400);
			for (size_t c = 0; c < call->count; c++) {
				if (call->changes[c].result == RESULT_OK)
					continue;
				assert_string_equal(call->changes[c].error.code, "graph_throttled");
				assert_true(call->changes[c].error.retryable);
				assert_int_equal(call->changes[c].error.retry_after_ms, waits[i].told);
			}
			/* and nothing goes out by the next call either */
			call_send(call);
			assert_int_equal(call->directory->exchanges, 4);
			assert_int_equal(count_result(call, RESULT_THROTTLED), call->count);
			call_close(call);
		}
}

static void a_wait_that_a_batch_was_told_ends_the_call(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 100, 20);
	directory_fail(call->directory, (struct directory_fault){.where = FAULT_EXCHANGE,
	                                                         .group = -1,
	                                                         .user = -1,
	                                                         .uses = 1,
	                                                         .status = 429,
	                                                         .code = "TooManyRequests",
	                                                         .retry_after = "3"});
	call_send(call);
	check_truth(call);
	assert_int_equal(call->directory->exchanges, 4);
	assert_int_equal(count_result(call, RESULT_OK), 1200);
	assert_int_equal(count_result(call, RESULT_THROTTLED), 800);
	call_close(call);
}

static void a_wait_in_a_chain_leaves_the_rest_of_it_unsent(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 1, 200);
	directory_fail(call->directory, (struct directory_fault){.where = FAULT_ITEM,
	                                                         .group = 0,
	                                                         .user = -1,
	                                                         .after = 4,
	                                                         .uses = 1,
	                                                         .status = 429,
	                                                         .code = "TooManyRequests",
	                                                         .retry_after = "2"});
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_OK), 80);
	assert_int_equal(count_result(call, RESULT_THROTTLED), 120);
	assert_int_equal(call->directory->exchanges, 1);
	call_close(call);
}

static void an_answer_that_tells_nothing_leaves_the_write_unknown(void **state)
{
	(void)state;
	static const int statuses[] = {500, 502, 504, 507, 0, 42};
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		for (int done = 0; done < 2; done++) {
			struct call *call = call_open();
			call_ask_grid(call, 20, 3);
			directory_fail(call->directory,
			               (struct directory_fault){
			                   .where = FAULT_ITEM, .group = 5, .user = -1, .status = statuses[i], .done = done == 1});
			call_send(call);
			check_truth(call);
			for (size_t c = 0; c < call->count; c++)
				assert_int_equal(call->changes[c].result, call->groups[c] == 5 ? RESULT_TIMEOUT : RESULT_OK);
			assert_int_equal(call->directory->written[5], 1);
			call_close(call);
		}
}

static void a_batch_whose_answer_was_lost_is_unknown_and_not_sent_again(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *raw;
	} answers[] = {{0, NULL},   {200, "<html>"}, {200, "{}"}, {200, "{\"responses\":7}"},
	               {500, NULL}, {502, "<html>"}, {302, NULL}, {403, "<html>a proxy</html>"}};
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct call *call = call_open();
		call_ask_grid(call, 20, 20);
		directory_fail(call->directory, (struct directory_fault){.where = FAULT_EXCHANGE,
		                                                         .group = -1,
		                                                         .user = -1,
		                                                         .status = answers[i].status,
		                                                         .raw = answers[i].raw,
		                                                         .done = i % 2 == 0});
		call_send(call);
		check_truth(call);
		assert_int_equal(count_result(call, RESULT_TIMEOUT), 400);
		assert_int_equal(call->directory->exchanges, 1);
		call_close(call);
	}
}

static void a_host_that_is_not_there_was_written_nothing(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 100, 20);
	/* a token first, so that it is the write that finds nobody */
	call_send(call);
	struct directory *directory = call->directory;
	memset(directory->member, 0, sizeof(directory->member));
	directory->world.environment.graph_url = "http://127.0.0.1:9";
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_UNAVAILABLE), call->count);
	for (size_t i = 0; i < call->count; i++)
		assert_true(call->changes[i].error.retryable);
	call_close(call);
}

static void a_token_that_ran_out_is_renewed_once_for_all(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 80, 20);
	directory_fail(call->directory,
	               (struct directory_fault){.where = FAULT_EXCHANGE,
	                                        .group = -1,
	                                        .user = -1,
	                                        .uses = 4,
	                                        .status = 401,
	                                        .code = "InvalidAuthenticationToken",
	                                        .message = "Lifetime validation failed, the token is expired."});
	call_send(call);
	check_all_done(call);
	assert_int_equal(call->directory->exchanges, 8);
	assert_int_equal(fake_count(&call->directory->world.entra, "POST", "/token"), 2);
	call_close(call);
}

static void an_item_whose_token_ran_out_is_sent_again(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 20, 20);
	struct directory_fault fault = {.where = FAULT_ITEM,
	                                .group = -1,
	                                .user = -1,
	                                .uses = 3,
	                                .status = 401,
	                                .code = "InvalidAuthenticationToken",
	                                .message = "Lifetime validation failed, the token is expired."};
	directory_fail(call->directory, fault);
	call_send(call);
	check_all_done(call);
	assert_int_equal(call->directory->exchanges, 2);
	assert_int_equal(fake_count(&call->directory->world.entra, "POST", "/token"), 2);
	call_close(call);

	call = call_open();
	call_ask_grid(call, 20, 20);
	fault.uses = 0;
	directory_fail(call->directory, fault);
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_DENIED), 400);
	assert_string_equal(call->changes[0].error.code, "graph_denied");
	assert_int_equal(call->directory->exchanges, 2);
	call_close(call);
}

static void a_group_that_others_write_to_is_waited_for_a_little(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 3, 20);
	struct directory_fault fault = {.where = FAULT_ITEM,
	                                .group = 1,
	                                .user = -1,
	                                .uses = 1,
	                                .status = 409,
	                                .code = "Directory_ConcurrencyViolation"};
	directory_fail(call->directory, fault);
	call_send(call);
	check_all_done(call);
	assert_int_equal(call->directory->written[1], 2);
	call_close(call);

	call = call_open();
	call_ask_grid(call, 3, 20);
	fault.uses = 0;
	directory_fail(call->directory, fault);
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_OK), 40);
	assert_int_equal(count_result(call, RESULT_UNAVAILABLE), 20);
	assert_true(call->changes[20].error.retryable);
	assert_int_equal(call->directory->written[1], 3);
	call_close(call);
}

static void items_that_depended_on_a_failure_are_sent_again(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 1, 100);
	call->directory->no_user[3] = true;
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_OK), 99);
	/* the chain that broke; the other blocks, then what stood beside the culprit, then the culprit */
	assert_int_equal(call->directory->exchanges, 2);
	call_close(call);
}

static void a_424_without_a_reason_does_not_go_on_for_ever(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 4, 2);
	directory_fail(call->directory,
	               (struct directory_fault){.where = FAULT_ITEM, .group = 1, .user = -1, .status = 424});
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_OK), 6);
	assert_int_equal(count_result(call, RESULT_UNAVAILABLE), 2);
	assert_int_equal(call->directory->written[1], 3);
	call_close(call);
}

static void a_directory_without_batches_is_still_written_to(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 3, 45);
	directory_fail(call->directory, (struct directory_fault){.where = FAULT_EXCHANGE,
	                                                         .group = -1,
	                                                         .user = -1,
	                                                         .uses = 3,
	                                                         .status = 400,
	                                                         .code = "BadRequest",
	                                                         .message = "Invalid batch payload format."});
	call_send(call);
	check_all_done(call);
	assert_int_equal(call->directory->writes, 9);
	call_close(call);
}

static void the_operators_limit_is_asked_for_once_a_group(void **state)
{
	(void)state;
	struct call *call = call_open();
	call->directory->world.environment.bindable_groups = "prefix:AI -";
	call_ask_grid(call, 20, 20);
	call->directory->no_group[4] = true;
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_OK), 380);
	assert_int_equal(call->directory->written[4], 0);
	assert_int_equal(call->directory->group_reads, 21);
	assert_string_equal(call->changes[80].error.code, "group_missing");
	call_close(call);

	static const char *const rules[] = {"prefix:Other", ("ids:" FAKE_GROUP), "owned", "what is this"};
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		call = call_open();
		call->directory->world.environment.bindable_groups = rules[i];
		call_ask_grid(call, 20, 20);
		call_send(call);
		check_truth(call);
		assert_int_equal(call->directory->writes, 0);
		assert_int_equal(count_result(call, RESULT_DENIED), 400);
		for (size_t c = 0; c < call->count; c++)
			assert_string_equal(call->changes[c].error.code, "group_not_allowed");
		call_close(call);
	}
}

static void what_cannot_be_sent_is_told_one_by_one(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 2, 3);
	call->changes[0].user_id = "nobody";
	call->changes[1].group_id = "no-group";
	call_ask(call, 1, 2, true); /* beside its addition */
	call_send(call);
	assert_string_equal(call->changes[0].error.code, "user_not_found");
	assert_string_equal(call->changes[1].error.code, "group_missing");
	assert_int_equal(call->changes[6].result, RESULT_UNAVAILABLE);
	assert_true(call->changes[6].error.retryable);
	assert_int_equal(count_result(call, RESULT_OK), 4);
	assert_true(directory_has(call->directory, 1, 2));
	call_close(call);
}

static void when_the_time_is_over_nothing_more_is_sent(void **state)
{
	(void)state;
	struct call *call = call_open();
	struct clock_manual hand;
	clock_manual_init(&hand, 1700000000000);
	call->directory->world.environment.clock = &hand.clock;
	call->directory->world.target.deadline_ms = clock_monotonic_ms(&hand.clock);
	call_ask_grid(call, 2, 30);
	call_send(call);
	check_truth(call);
	assert_int_equal(count_result(call, RESULT_UNAVAILABLE), call->count);
	assert_true(call->changes[0].error.retryable);
	assert_int_equal(call->directory->exchanges, 0);
	call_close(call);
}

static void a_login_that_fails_leaves_nothing_in_doubt(void **state)
{
	(void)state;
	struct call *call = call_open();
	call->directory->world.entra.rules[0] =
	    (struct fake_rule){.method = "POST", .path = "/token", .status = 200, .hang_up = true};
	call_ask_grid(call, 2, 30);
	call_send(call);
	assert_int_equal(count_result(call, RESULT_UNAVAILABLE), call->count);
	assert_int_equal(call->directory->exchanges, 0);
	call_close(call);
}

static void a_group_that_still_spreads_is_not_asked_for_each_of_its_users(void **state)
{
	(void)state;
	struct call *call = call_open();
	call_ask_grid(call, 2, 200);
	directory_fail(call->directory,
	               (struct directory_fault){.where = FAULT_ITEM,
	                                        .group = 1,
	                                        .user = -1,
	                                        .status = 400,
	                                        .code = "Request_BadRequest",
	                                        .message = "The source resource object or one of the objects being "
	                                                   "referenced do not exist."});
	call_send(call);
	check_truth(call);
	for (size_t i = 0; i < call->count; i++)
		assert_int_equal(call->changes[i].result, call->groups[i] == 1 ? RESULT_UNAVAILABLE : RESULT_OK);
	assert_true(call->directory->written[1] <= 6);
	call_close(call);
}

static void a_user_who_still_spreads_keeps_nobody_waiting(void **state)
{
	(void)state;
	for (int culprit = 0; culprit < 20; culprit++) {
		struct call *call = call_open();
		call_ask_grid(call, 1, 20);
		directory_fail(call->directory,
		               (struct directory_fault){.where = FAULT_ITEM,
		                                        .group = 0,
		                                        .user = culprit,
		                                        .status = 400,
		                                        .code = "Request_BadRequest",
		                                        .message = "The source resource object or one of the objects being "
		                                                   "referenced do not exist."});
		call_send(call);
		check_truth(call);
		assert_int_equal(count_result(call, RESULT_OK), 19);
		assert_int_equal(call->changes[culprit].result, RESULT_UNAVAILABLE);
		call_close(call);
	}
}

static void a_failed_allocation_still_leaves_each_change_its_result(void **state)
{
	(void)state;
	for (uint64_t nth = 1; nth < 150; nth += fake_stride()) {
		struct call *call = call_open();
		call_ask_grid(call, 2, 25);
		memory_fail_nth(nth);
		call_send(call);
		memory_fail_nth(0);
		check_truth(call);
		call_close(call);
	}
}

/* Any mix of what there is and of what fails in passing: whoever is told "done" is in, and nobody waits for ever. */
static void any_mix_ends_in_the_truth(void **state)
{
	(void)state;
	static const int statuses[] = {400, 403, 404, 409, 424, 500, 504, 0};
	for (int round = 0; round < 60; round += (int)fake_stride()) {
		struct call *call = call_open();
		struct directory *directory = call->directory;
		int groups = 1 + (int)id_random_below(25);
		int users = 1 + (int)id_random_below(40);
		for (int user = 0; user < users; user++)
			directory->no_user[user] = id_random_below(30) == 0;
		for (int group = 0; group < groups; group++)
			directory->no_group[group] = id_random_below(30) == 0;
		for (int group = 0; group < groups; group++)
			for (int user = 0; user < users; user++) {
				directory->member[group][user] = !directory->no_user[user] && id_random_below(25) == 0;
				bool removal = id_random_below(5) == 0;
				if (removal)
					directory->member[group][user] = !directory->no_user[user];
				if (id_random_below(2) == 0)
					call_ask(call, group, user, removal);
			}
		for (size_t i = 0; i < id_random_below(4); i++)
			directory_fail(directory,
			               (struct directory_fault){.where = FAULT_ITEM,
			                                        .group = -1,
			                                        .user = -1,
			                                        .after = (int)id_random_below(20),
			                                        .uses = 1 + (int)id_random_below(2),
			                                        .code = "Some_Code",
			                                        .status = statuses[id_random_below(ARRAY_SIZE(statuses))]});
		call_send(call);
		for (size_t i = 0; i < call->count; i++)
			if (call->changes[i].result == RESULT_OK)
				assert_int_equal(directory_has(directory, call->groups[i], call->users[i]), !call->changes[i].removal);
		call_close(call);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bulk_approval_is_written_in_as_few_exchanges_as_can_be),
	    cmocka_unit_test(two_thousand_at_once_are_all_told_their_end),
	    cmocka_unit_test(leavers_are_taken_out_together_and_each_by_its_own_link),
	    cmocka_unit_test(the_admin_finds_each_write_in_entras_log),
	    cmocka_unit_test(one_unknown_user_does_not_keep_nineteen_waiting),
	    cmocka_unit_test(one_who_is_in_already_does_not_keep_nineteen_out),
	    cmocka_unit_test(a_culprit_in_each_block_costs_only_itself),
	    cmocka_unit_test(a_hundred_who_are_in_already_are_told_so_by_one_read),
	    cmocka_unit_test(a_removal_of_who_is_gone_does_not_keep_others_in),
	    cmocka_unit_test(a_group_that_is_gone_costs_no_other_group),
	    cmocka_unit_test(a_group_of_the_wrong_kind_is_named_for_all_of_its_users),
	    cmocka_unit_test(a_missing_permission_is_found_once_and_not_by_every_group),
	    cmocka_unit_test(a_refusal_of_one_group_that_nothing_explains_is_not_the_apps),
	    cmocka_unit_test(a_refusal_that_one_user_causes_is_not_the_groups),
	    cmocka_unit_test(a_wait_that_one_item_was_told_is_kept_by_all_that_was_not_sent),
	    cmocka_unit_test(a_wait_that_a_batch_was_told_ends_the_call),
	    cmocka_unit_test(a_wait_in_a_chain_leaves_the_rest_of_it_unsent),
	    cmocka_unit_test(an_answer_that_tells_nothing_leaves_the_write_unknown),
	    cmocka_unit_test(a_batch_whose_answer_was_lost_is_unknown_and_not_sent_again),
	    cmocka_unit_test(a_host_that_is_not_there_was_written_nothing),
	    cmocka_unit_test(a_token_that_ran_out_is_renewed_once_for_all),
	    cmocka_unit_test(an_item_whose_token_ran_out_is_sent_again),
	    cmocka_unit_test(a_group_that_others_write_to_is_waited_for_a_little),
	    cmocka_unit_test(items_that_depended_on_a_failure_are_sent_again),
	    cmocka_unit_test(a_424_without_a_reason_does_not_go_on_for_ever),
	    cmocka_unit_test(a_directory_without_batches_is_still_written_to),
	    cmocka_unit_test(the_operators_limit_is_asked_for_once_a_group),
	    cmocka_unit_test(what_cannot_be_sent_is_told_one_by_one),
	    cmocka_unit_test(when_the_time_is_over_nothing_more_is_sent),
	    cmocka_unit_test(a_login_that_fails_leaves_nothing_in_doubt),
	    cmocka_unit_test(a_group_that_still_spreads_is_not_asked_for_each_of_its_users),
	    cmocka_unit_test(a_user_who_still_spreads_keeps_nobody_waiting),
	    cmocka_unit_test(a_failed_allocation_still_leaves_each_change_its_result),
	    cmocka_unit_test(any_mix_ends_in_the_truth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
