#include "fake_entra.h"

#include "base/json.h"

#define OTHER_USER "abababab-0000-1111-2222-333333333333"
#define ADD_PATH "/v1.0/groups/" FAKE_GROUP "/members/$ref"
#define REMOVE_PATH "/v1.0/groups/" FAKE_GROUP "/members/" FAKE_USER "/$ref"
#define GROUP_PATH "/v1.0/groups/" FAKE_GROUP "?"
#define BAD_REQUEST(message) "{\"error\":{\"code\":\"Request_BadRequest\",\"message\":\"" message "\"}}"
#define DENIED                                                                                                         \
	"{\"error\":{\"code\":\"Authorization_RequestDenied\",\"message\":\"Insufficient privileges to complete the "      \
	"operation.\"}}"

static void when(struct fake_world *world, const char *method, const char *path, int status, const char *body)
{
	fake_when(&world->entra, (struct fake_rule){.method = method, .path = path, .status = status, .body = body});
}

static void open_with_token(struct fake_world *world)
{
	fake_world_open(world);
	fake_world_token(world, FAKE_ROLES);
}

static enum result change(struct fake_world *world, bool removal, bool *ret_already, struct connector_trace *ret_trace,
                          struct error *error)
{
	struct connector_change one = {.group_id = FAKE_GROUP, .user_id = FAKE_USER, .removal = removal};
	world->ops->change_members(&world->environment, &world->target, &one, 1);
	*ret_already = one.already;
	*ret_trace = one.trace;
	*error = one.error;
	if (one.result != RESULT_OK)
		assert_int_equal(one.error.result, one.result);
	return one.result;
}

static enum result add(struct fake_world *world, bool *ret_already, struct error *error)
{
	struct connector_trace trace;
	return change(world, false, ret_already, &trace, error);
}

static enum result remove_user(struct fake_world *world, bool *ret_already, struct error *error)
{
	struct connector_trace trace;
	return change(world, true, ret_already, &trace, error);
}

static void an_approved_user_is_added_by_one_link(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = ADD_PATH,
	                                           .status = 204,
	                                           .headers = "request-id: 03030303-0303-0303-0303-030303030303\r\n"});
	bool already = true;
	struct connector_trace trace = {0};
	struct error error = {0};
	assert_int_equal(change(&world, false, &already, &trace, &error), RESULT_OK);
	assert_false(already);
	const struct fake_asked *asked = fake_find(&world.entra, "POST", ADD_PATH);
	assert_string_equal(asked->body,
	                    "{\"@odata.id\":\"https://graph.microsoft.com/v1.0/directoryObjects/" FAKE_USER "\"}");
	assert_string_equal(trace.request_id, "03030303-0303-0303-0303-030303030303");
	assert_string_equal(trace.client_request_id, asked->client_request_id);
	assert_true(text_is_uuid(trace.client_request_id));
	assert_true(text_starts_with(asked->authorization, "Bearer aaa."));
	fake_world_close(&world);
}

static void adding_twice_is_success_only_if_the_group_answers(void **state)
{
	(void)state;
	static const char *const message = BAD_REQUEST(
	    "One or more added object references already exist for the following modified properties: 'members'.");
	struct fake_world world;
	bool already = false;
	struct error error;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 400, message);
	when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
	assert_int_equal(add(&world, &already, &error), RESULT_OK);
	assert_true(already);
	assert_int_equal(fake_count(&world.entra, "GET", GROUP_PATH), 1);
	fake_world_close(&world);

	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 400, message);
	when(&world, "GET", GROUP_PATH, 404, FAKE_NOT_FOUND(FAKE_GROUP));
	assert_int_equal(add(&world, &already, &error), RESULT_NOT_FOUND);
	assert_string_equal(error.code, "group_missing");
	fake_world_close(&world);
}

static void a_lost_user_is_not_blamed_on_the_group(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 404, FAKE_NOT_FOUND(FAKE_USER));
	assert_int_equal(add(&world, &already, &error), RESULT_NOT_FOUND);
	assert_string_equal(error.code, "user_not_found");
	assert_string_equal(error.request_id, "01010101-0101-0101-0101-010101010101");
	assert_int_equal(connector_error_scope(&error), CONNECTOR_SCOPE_USER);
	fake_world_close(&world);
}

static void a_lost_group_is_not_blamed_on_the_user(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 404, FAKE_NOT_FOUND(FAKE_GROUP));
	when(&world, "GET", GROUP_PATH, 404, FAKE_NOT_FOUND(FAKE_GROUP));
	when(&world, "GET", "/directory/deletedItems/" FAKE_GROUP, 200, "{\"id\":\"" FAKE_GROUP "\"}");
	assert_int_equal(add(&world, &already, &error), RESULT_NOT_FOUND);
	assert_string_equal(error.code, "group_deleted");
	assert_int_equal(connector_error_scope(&error), CONNECTOR_SCOPE_GROUP);
	fake_world_close(&world);
}

static void a_change_that_still_spreads_is_waited_for(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 404, FAKE_NOT_FOUND(FAKE_GROUP));
	when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
	when(&world, "GET", "/v1.0/users/" FAKE_USER, 200, "{\"id\":\"" FAKE_USER "\"}");
	assert_int_equal(add(&world, &already, &error), RESULT_UNAVAILABLE);
	assert_true(error.retryable);
	assert_int_equal(connector_error_scope(&error), CONNECTOR_SCOPE_PASSING);
	fake_world_close(&world);
}

static void a_refused_write_names_what_the_group_is(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 403, DENIED);
	when(&world, "GET", GROUP_PATH, 200,
	     "{\"id\":\"" FAKE_GROUP
	     "\",\"displayName\":\"x\",\"groupTypes\":[\"DynamicMembership\"],\"securityEnabled\":true,"
	     "\"mailEnabled\":false,\"onPremisesSyncEnabled\":null,\"isAssignableToRole\":null,"
	     "\"isManagementRestricted\":null,\"visibility\":null}");
	assert_int_equal(add(&world, &already, &error), RESULT_CONFLICT);
	assert_string_equal(error.code, "group_dynamic");
	assert_int_equal(error.http_status, 403);
	assert_string_equal(error.remote_code, "Authorization_RequestDenied");
	fake_world_close(&world);
}

static void a_refused_write_names_the_missing_permission(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	fake_world_open(&world);
	fake_world_token(&world, "[\"User.Read.All\"]");
	when(&world, "POST", ADD_PATH, 403, DENIED);
	when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
	assert_int_equal(add(&world, &already, &error), RESULT_DENIED);
	assert_string_equal(error.code, "permission_missing");
	fake_world_close(&world);

	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 403, DENIED);
	when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
	assert_int_equal(add(&world, &already, &error), RESULT_DENIED);
	assert_string_equal(error.code, "graph_denied");
	fake_world_close(&world);
}

static void an_expired_token_costs_one_more_try_not_the_job(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST",
	                             .path = ADD_PATH,
	                             .status = 401,
	                             .body = "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Lifetime "
	                                     "validation failed, the token is expired.\"}}",
	                             .uses = 1});
	when(&world, "POST", ADD_PATH, 204, NULL);
	assert_int_equal(add(&world, &already, &error), RESULT_OK);
	assert_int_equal(fake_count(&world.entra, "POST", "/token"), 2);
	assert_int_equal(fake_count(&world.entra, "POST", ADD_PATH), 2);
	const struct fake_asked *first = fake_find(&world.entra, "POST", ADD_PATH);
	assert_string_not_equal(first->client_request_id, world.entra.asked[world.entra.asked_count - 1].client_request_id);
	fake_world_close(&world);
}

static void a_token_refused_twice_ends_the_call(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 401, "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"x\"}}");
	assert_int_equal(add(&world, &already, &error), RESULT_DENIED);
	assert_string_equal(error.code, "graph_denied");
	assert_int_equal(fake_count(&world.entra, "POST", ADD_PATH), 2);
	fake_world_close(&world);
}

static void a_write_whose_answer_was_lost_is_called_unknown(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST", .path = ADD_PATH, .hang_up = true, .status = 200});
	assert_int_equal(add(&world, &already, &error), RESULT_TIMEOUT);
	assert_string_equal(error.code, "graph_unreachable");
	assert_true(error.retryable);
	fake_world_close(&world);
}

static void nothing_goes_out_while_graph_asks_us_to_wait(void **state)
{
	(void)state;
	struct fake_world world;
	struct clock_manual hand;
	bool already;
	struct error error;
	open_with_token(&world);
	clock_manual_init(&hand, 1700000000000);
	world.environment.clock = &hand.clock;
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = ADD_PATH,
	                                           .status = 429,
	                                           .body = "{\"error\":{\"code\":\"TooManyRequests\",\"message\":\"x\"}}",
	                                           .headers = "Retry-After: 30\r\n",
	                                           .uses = 1});
	when(&world, "POST", ADD_PATH, 204, NULL);
	assert_int_equal(add(&world, &already, &error), RESULT_THROTTLED);
	assert_int_equal(error.retry_after_ms, 30000);
	clock_manual_advance(&hand, 29000);
	assert_int_equal(add(&world, &already, &error), RESULT_THROTTLED);
	assert_string_equal(error.code, "graph_throttled");
	assert_int_equal(error.retry_after_ms, 1000);
	assert_int_equal(fake_count(&world.entra, "POST", ADD_PATH), 1);
	clock_manual_advance(&hand, 1000);
	assert_int_equal(add(&world, &already, &error), RESULT_OK);
	fake_world_close(&world);
}

static void a_removal_takes_the_link_away_and_nothing_else(void **state)
{
	(void)state;
	struct fake_world world;
	bool already = true;
	struct error error;
	open_with_token(&world);
	when(&world, "DELETE", REMOVE_PATH, 204, NULL);
	assert_int_equal(remove_user(&world, &already, &error), RESULT_OK);
	assert_false(already);
	assert_string_equal(fake_find(&world.entra, "DELETE", "/")->path, REMOVE_PATH);
	assert_int_equal(fake_count(&world.entra, "DELETE", ""), 1);
	fake_world_close(&world);
}

static void already_gone_is_success_only_if_the_group_answers(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
	} answers[] = {
	    {404, FAKE_NOT_FOUND(FAKE_USER)},
	    {400, BAD_REQUEST("One or more removed object references do not exist for the following modified properties: "
	                      "'members'.")},
	};
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct fake_world world;
		bool already = false;
		struct error error;
		open_with_token(&world);
		when(&world, "DELETE", REMOVE_PATH, answers[i].status, answers[i].body);
		when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
		assert_int_equal(remove_user(&world, &already, &error), RESULT_OK);
		assert_true(already);
		fake_world_close(&world);

		open_with_token(&world);
		when(&world, "DELETE", REMOVE_PATH, answers[i].status, answers[i].body);
		when(&world, "GET", GROUP_PATH, 404, FAKE_NOT_FOUND(FAKE_GROUP));
		assert_int_equal(remove_user(&world, &already, &error), RESULT_NOT_FOUND);
		assert_string_equal(error.code, "group_missing");
		fake_world_close(&world);

		open_with_token(&world);
		when(&world, "DELETE", REMOVE_PATH, answers[i].status, answers[i].body);
		when(&world, "GET", GROUP_PATH, 503, "");
		assert_int_equal(remove_user(&world, &already, &error), RESULT_UNAVAILABLE);
		fake_world_close(&world);
	}
}

static void a_404_that_is_not_graphs_own_is_no_success(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	when(&world, "DELETE", REMOVE_PATH, 404, "<html>no such page</html>");
	when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
	assert_int_equal(remove_user(&world, &already, &error), RESULT_PROTOCOL);
	assert_string_equal(error.code, "graph_bad_response");
	fake_world_close(&world);
}

static void an_operators_limit_holds_at_every_write(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 204, NULL);
	when(&world, "DELETE", REMOVE_PATH, 204, NULL);
	when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
	world.environment.bindable_groups = "prefix:Other";
	assert_int_equal(add(&world, &already, &error), RESULT_DENIED);
	assert_string_equal(error.code, "group_not_allowed");
	assert_int_equal(remove_user(&world, &already, &error), RESULT_DENIED);
	assert_string_equal(error.code, "group_not_allowed");
	world.environment.bindable_groups = "ids:" FAKE_USER;
	assert_int_equal(add(&world, &already, &error), RESULT_DENIED);
	assert_int_equal(fake_count(&world.entra, "POST", ADD_PATH), 0);
	assert_int_equal(fake_count(&world.entra, "DELETE", ""), 0);
	world.environment.bindable_groups = "prefix:AI -";
	assert_int_equal(add(&world, &already, &error), RESULT_OK);
	fake_world_close(&world);
}

static void only_owned_groups_are_touched_where_the_operator_says_so(void **state)
{
	(void)state;
	struct fake_world world;
	bool already;
	struct error error;
	open_with_token(&world);
	world.environment.bindable_groups = "owned";
	when(&world, "POST", ADD_PATH, 204, NULL);
	when(&world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST",
	                             .path = "/$batch",
	                             .status = 200,
	                             .body = "{\"responses\":[{\"id\":\"1\",\"status\":200,\"body\":{\"value\":[]}}]}",
	                             .uses = 2});
	when(&world, "POST", "/$batch", 200,
	     "{\"responses\":[{\"id\":\"1\",\"status\":200,\"body\":{\"value\":[{\"id\":\"" FAKE_APP_OBJECT "\"}]}}]}");
	assert_int_equal(add(&world, &already, &error), RESULT_DENIED);
	assert_string_equal(error.code, "group_not_allowed");
	assert_int_equal(add(&world, &already, &error), RESULT_OK);
	fake_world_close(&world);
}

static enum result look(struct fake_world *world, bool *ret_member, struct error *error)
{
	struct connector_look one = {.group_id = FAKE_GROUP, .user_id = FAKE_USER};
	world->ops->look_members(&world->environment, &world->target, &one, 1);
	*ret_member = one.member;
	*error = one.error;
	return one.result;
}

#define MEMBERS_PATH "/v1.0/groups/" FAKE_GROUP "/members?$select=id&$top=999"

static void a_member_on_the_last_page_is_found(void **state)
{
	(void)state;
	struct fake_world world;
	bool member = false;
	struct error error;
	open_with_token(&world);
	when(&world, "GET", MEMBERS_PATH, 200,
	     "{\"value\":[{\"id\":\"" OTHER_USER "\"}],\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/next/1\"}");
	when(&world, "GET", "/v1.0/next/1", 200,
	     arena_printf(world.arena, "{\"value\":[],\"@odata.nextLink\":\"%s/v1.0/next/2\"}", world.entra.origin));
	when(&world, "GET", "/v1.0/next/2", 200,
	     "{\"value\":[{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"" FAKE_USER "\"}]}");
	assert_int_equal(look(&world, &member, &error), RESULT_OK);
	assert_true(member);
	assert_true(text_starts_with(fake_find(&world.entra, "GET", "/next/2")->authorization, "Bearer "));
	fake_world_close(&world);
}

static void who_is_not_listed_is_no_member(void **state)
{
	(void)state;
	struct fake_world world;
	bool member = true;
	struct error error;
	open_with_token(&world);
	when(&world, "GET", MEMBERS_PATH, 200, "{\"value\":[{\"id\":\"" OTHER_USER "\"}]}");
	assert_int_equal(look(&world, &member, &error), RESULT_OK);
	assert_false(member);
	fake_world_close(&world);
}

static void a_list_that_cannot_be_read_to_its_end_says_neither(void **state)
{
	(void)state;
	static const char *const pages[] = {
	    "{\"value\":[],\"@odata.nextLink\":\"https://evil.example/v1.0/x\"}",
	    "{\"value\":7}",
	    "{}",
	    "{\"value\":[",
	};
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		struct fake_world world;
		bool member = true;
		struct error error;
		open_with_token(&world);
		when(&world, "GET", MEMBERS_PATH, 200, pages[i]);
		assert_int_equal(look(&world, &member, &error), RESULT_PROTOCOL);
		assert_string_equal(error.code, "graph_bad_response");
		fake_world_close(&world);
	}
}

static void a_group_that_is_gone_is_not_an_empty_one(void **state)
{
	(void)state;
	struct fake_world world;
	bool member = true;
	struct error error;
	open_with_token(&world);
	when(&world, "GET", MEMBERS_PATH, 404, FAKE_NOT_FOUND(FAKE_GROUP));
	assert_int_equal(look(&world, &member, &error), RESULT_NOT_FOUND);
	assert_string_equal(error.code, "group_missing");
	fake_world_close(&world);
}

static void a_failed_allocation_is_a_failure_and_not_a_crash(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	when(&world, "POST", ADD_PATH, 204, NULL);
	bool already;
	struct error error;
	enum result result = RESULT_NO_MEMORY;
	uint64_t failed = 0;
	for (uint64_t nth = 1; nth < 400; nth++) {
		memory_fail_nth(nth);
		result = add(&world, &already, &error);
		memory_fail_nth(0);
		if (result != RESULT_OK)
			failed++;
	}
	assert_true(failed > 0);
	assert_int_equal(result, RESULT_OK);
	fake_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_approved_user_is_added_by_one_link),
	    cmocka_unit_test(adding_twice_is_success_only_if_the_group_answers),
	    cmocka_unit_test(a_lost_user_is_not_blamed_on_the_group),
	    cmocka_unit_test(a_lost_group_is_not_blamed_on_the_user),
	    cmocka_unit_test(a_change_that_still_spreads_is_waited_for),
	    cmocka_unit_test(a_refused_write_names_what_the_group_is),
	    cmocka_unit_test(a_refused_write_names_the_missing_permission),
	    cmocka_unit_test(an_expired_token_costs_one_more_try_not_the_job),
	    cmocka_unit_test(a_token_refused_twice_ends_the_call),
	    cmocka_unit_test(a_write_whose_answer_was_lost_is_called_unknown),
	    cmocka_unit_test(nothing_goes_out_while_graph_asks_us_to_wait),
	    cmocka_unit_test(a_removal_takes_the_link_away_and_nothing_else),
	    cmocka_unit_test(already_gone_is_success_only_if_the_group_answers),
	    cmocka_unit_test(a_404_that_is_not_graphs_own_is_no_success),
	    cmocka_unit_test(an_operators_limit_holds_at_every_write),
	    cmocka_unit_test(only_owned_groups_are_touched_where_the_operator_says_so),
	    cmocka_unit_test(a_member_on_the_last_page_is_found),
	    cmocka_unit_test(who_is_not_listed_is_no_member),
	    cmocka_unit_test(a_list_that_cannot_be_read_to_its_end_says_neither),
	    cmocka_unit_test(a_group_that_is_gone_is_not_an_empty_one),
	    cmocka_unit_test(a_failed_allocation_is_a_failure_and_not_a_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
