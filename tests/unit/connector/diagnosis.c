#include "fake_entra.h"

#include "base/json.h"

#define GROUP_PATH "/v1.0/groups/" FAKE_GROUP "?"
#define EMPTY_LIST "{\"value\":[]}"

static void when(struct fake_world *world, const char *method, const char *path, int status, const char *body)
{
	fake_when(&world->entra, (struct fake_rule){.method = method, .path = path, .status = status, .body = body});
}

static struct tool bound_tool(const char *group_id, const char *name)
{
	return (struct tool){.tool_id = "t", .group = {.mode = "bind", .group_id = group_id, .display_name = name}};
}

static json_t *run(struct fake_world *world, const struct tool *tools, size_t count, struct connector_test *ret_test)
{
	const struct connector_test_input input = {.bound_tools = tools, .bound_tool_count = count};
	struct error error = {0};
	assert_int_equal(world->ops->test(&world->environment, &world->target, &input, world->arena, ret_test, &error),
	                 RESULT_OK);
	assert_non_null(ret_test->report);
	return ret_test->report;
}

/* "check:outcome:code" of every line, one a line. */
static const char *lines_of(struct fake_world *world, const json_t *report)
{
	const json_t *checks = json_object_get(report, "checks");
	const char *text = "";
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *line = json_array_get(checks, i);
		text = arena_printf(world->arena, "%s%s:%s:%s\n", text, json_string_at(line, "check"),
		                    json_string_at(line, "outcome"), json_string_at(line, "code"));
	}
	return text;
}

static const json_t *line_of(const json_t *report, const char *check)
{
	const json_t *checks = json_object_get(report, "checks");
	for (size_t i = 0; i < json_array_size(checks); i++)
		if (text_equal(json_string_at(json_array_get(checks, i), "check"), check))
			return json_array_get(checks, i);
	return NULL;
}

static void check_shape_of(const json_t *report)
{
	static const char *const members[] = {"httpStatus", "aadsts",  "graphCode", "correlationId", "traceId",
	                                      "requestId",  "missing", "excess",    "groupId"};
	const json_t *checks = json_object_get(report, "checks");
	assert_true(json_array_size(checks) >= 9);
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *line = json_array_get(checks, i);
		const json_t *evidence = json_object_get(line, "evidence");
		assert_int_equal(json_object_size(evidence), ARRAY_SIZE(members));
		for (size_t j = 0; j < ARRAY_SIZE(members); j++)
			assert_non_null(json_object_get(evidence, members[j]));
		assert_non_null(json_string_at(line, "summary"));
		bool passed = text_equal(json_string_at(line, "outcome"), "passed");
		assert_true(passed || json_string_at(line, "remedy") != NULL);
	}
	assert_non_null(json_string_at(report, "startedAt"));
	assert_true(json_is_integer(json_object_get(report, "durationMs")));
	assert_string_equal(json_string_at(report, "connectorId"), "fake");
	_cleanup_(arena_freep) struct arena *arena = arena_new(4 << 20);
	assert_null(strstr(json_write(arena, report), "abc~"));
}

static void healthy(struct fake_world *world)
{
	when(world, "GET", "/v1.0/users?$top=1&$select=", 200, EMPTY_LIST);
	when(world, "GET", "/v1.0/groups?$top=1&$select=", 200, EMPTY_LIST);
	when(world, "GET", GROUP_PATH, 200, FAKE_GROUP_JSON);
}

static void a_healthy_connector_passes_every_check_in_order(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	healthy(&world);
	const struct tool tools[] = {
	    bound_tool(FAKE_GROUP, "AI - Users"), bound_tool(FAKE_GROUP, "AI - Users"), {.tool_id = "n"}};
	_cleanup_(json_decrefp) json_t *report = run(&world, tools, 3, &test);
	assert_string_equal(lines_of(&world, report), "credential:passed:credential_ok\nreach-login:passed:reached\n"
	                                              "token:passed:token_ok\npermissions:passed:permissions_ok\n"
	                                              "reach-graph:passed:reached\nread-users:passed:read_ok\n"
	                                              "read-groups:passed:read_ok\ngroups:passed:group_ok\n"
	                                              "credential-expiry:passed:credential_expiry_unknown\n");
	assert_string_equal(test.outcome, "passed");
	assert_int_equal(test.group_count, 1);
	assert_string_equal(test.groups[0].facts.group_id, FAKE_GROUP);
	assert_non_null(strstr(json_string_at(line_of(report, "credential-expiry"), "summary"), "Application.Read.All"));
	assert_string_equal(json_string_at(line_of(report, "groups"), "evidence.groupId"), FAKE_GROUP);
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_test_never_trusts_what_was_remembered(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	healthy(&world);
	for (int i = 0; i < 2; i++) {
		json_decref(run(&world, NULL, 0, &test));
		assert_string_equal(test.outcome, "passed");
	}
	assert_int_equal(fake_count(&world.entra, "POST", "/token"), 2);
	fake_world_close(&world);
}

static void a_wrong_secret_fails_one_check_and_skips_the_rest(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	when(&world, "POST", "/token", 401,
	     "{\"error\":\"invalid_client\",\"error_codes\":[7000215],\"error_description\":\"AADSTS7000215 "
	     "abc~\",\"trace_id\":"
	     "\"11111111-1111-1111-1111-111111111111\",\"correlation_id\":\"22222222-2222-2222-2222-222222222222\"}");
	const struct tool tools[] = {bound_tool(FAKE_GROUP, "AI - Users")};
	_cleanup_(json_decrefp) json_t *report = run(&world, tools, 1, &test);
	assert_string_equal(lines_of(&world, report),
	                    "credential:passed:credential_ok\nreach-login:passed:reached\ntoken:failed:secret_invalid\n"
	                    "permissions:skipped:secret_invalid\nreach-graph:skipped:secret_invalid\n"
	                    "read-users:skipped:secret_invalid\nread-groups:skipped:secret_invalid\n"
	                    "groups:skipped:secret_invalid\ncredential-expiry:skipped:secret_invalid\n");
	assert_string_equal(test.outcome, "failed");
	const json_t *line = line_of(report, "token");
	assert_int_equal(json_integer_at(line, "evidence.aadsts", 0), 7000215);
	assert_int_equal(json_integer_at(line, "evidence.httpStatus", 0), 401);
	assert_string_equal(json_string_at(line, "evidence.correlationId"), "22222222-2222-2222-2222-222222222222");
	assert_string_equal(json_string_at(line, "evidence.traceId"), "11111111-1111-1111-1111-111111111111");
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_secret_made_just_now_gets_a_second_chance(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = "/token",
	                                           .status = 401,
	                                           .body = "{\"error\":\"invalid_client\",\"error_codes\":[7000215]}",
	                                           .uses = 1});
	fake_world_token(&world, FAKE_ROLES);
	healthy(&world);
	const struct connector_test_input input = {.secret_is_fresh = true};
	assert_int_equal(world.ops->test(&world.environment, &world.target, &input, world.arena, &test, NULL), RESULT_OK);
	assert_string_equal(test.outcome, "passed");
	json_decref(test.report);
	fake_world_close(&world);
}

static void a_malformed_tenant_is_named_before_anything_is_sent(void **state)
{
	(void)state;
	static const struct {
		const char *tenant;
		const char *client;
		const char *secret;
		const char *code;
	} rows[] = {
	    {"common", FAKE_CLIENT, FAKE_SECRET, "tenant_malformed"},
	    {"", FAKE_CLIENT, FAKE_SECRET, "tenant_malformed"},
	    {"a/../b.com", FAKE_CLIENT, FAKE_SECRET, "tenant_malformed"},
	    {"contoso.onmicrosoft.com", "nope", FAKE_SECRET, "client_malformed"},
	    {FAKE_TENANT, FAKE_CLIENT, "", "secret_missing"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_world world;
		struct connector_test test;
		fake_world_open(&world);
		world.settings.tenant_id = rows[i].tenant;
		world.settings.client_id = rows[i].client;
		world.secret.value = rows[i].secret;
		_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
		assert_string_equal(json_string_at(line_of(report, "credential"), "code"), rows[i].code);
		assert_string_equal(json_string_at(line_of(report, "credential"), "outcome"), "failed");
		assert_string_equal(json_string_at(line_of(report, "reach-login"), "outcome"), "skipped");
		assert_int_equal(world.entra.asked_count, 0);
		check_shape_of(report);
		fake_world_close(&world);
	}
}

static void a_federated_token_that_is_none_is_named_and_nothing_is_sent(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	world.settings.credential.kind = CREDENTIAL_FEDERATED;
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_string_equal(json_string_at(line_of(report, "credential"), "code"), "secret_reference_unreadable");
	assert_non_null(strstr(json_string_at(line_of(report, "credential"), "summary"), "tokenRef"));
	assert_int_equal(world.entra.asked_count, 0);
	check_shape_of(report);
	fake_world_close(&world);
}

static void an_unreachable_login_is_not_blamed_on_the_secret(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	world.environment.login_url = "http://127.0.0.1:1";
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-login:failed:login_unreachable\ntoken:skipped:"));
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_portal_in_the_way_is_seen_as_such(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	when(&world, "POST", "/token", 200, "<html>please sign in</html>");
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-login:failed:login_bad_response\ntoken:skipped:"));
	check_shape_of(report);
	fake_world_close(&world);

	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	when(&world, "GET", NULL, 403, "<html>blocked</html>");
	_cleanup_(json_decrefp) json_t *second = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, second), "reach-graph:failed:graph_bad_response\nread-users:skipped:"
	                                                 "graph_bad_response\nread-groups:skipped:"));
	check_shape_of(second);
	fake_world_close(&world);
}

static void an_unreachable_graph_skips_what_depended_on_it(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	world.environment.graph_url = "http://127.0.0.1:1";
	const struct tool tools[] = {bound_tool(FAKE_GROUP, "AI - Users")};
	_cleanup_(json_decrefp) json_t *report = run(&world, tools, 1, &test);
	assert_non_null(strstr(lines_of(&world, report),
	                       "permissions:passed:permissions_ok\nreach-graph:failed:graph_unreachable\n"
	                       "read-users:skipped:graph_unreachable\nread-groups:skipped:graph_unreachable\n"
	                       "groups:skipped:graph_unreachable\ncredential-expiry:skipped:graph_unreachable\n"));
	assert_int_equal(test.group_count, 0);
	check_shape_of(report);
	fake_world_close(&world);
}

static void missing_consent_is_named_and_the_reads_still_tried(void **state)
{
	(void)state;
	static const char denied[] =
	    "{\"error\":{\"code\":\"Authorization_RequestDenied\",\"message\":\"x\",\"innerError\":"
	    "{\"request-id\":\"05050505-0505-0505-0505-050505050505\"}}}";
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, NULL);
	when(&world, "GET", NULL, 403, denied);
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, report), "permissions:failed:consent_missing\nreach-graph:passed:reached\n"
	                                                 "read-users:failed:graph_denied\nread-groups:failed:graph_denied\n"
	                                                 "groups:passed:group_ok\n"));
	const json_t *missing = json_at(line_of(report, "permissions"), "evidence.missing");
	assert_int_equal(json_array_size(missing), 2);
	assert_string_equal(json_string_at(line_of(report, "read-users"), "evidence.graphCode"),
	                    "Authorization_RequestDenied");
	assert_string_equal(json_string_at(line_of(report, "read-users"), "evidence.requestId"),
	                    "05050505-0505-0505-0505-050505050505");
	check_shape_of(report);
	fake_world_close(&world);
}

static void too_much_permission_is_a_warning_that_names_it(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, "[\"User.Read.All\",\"GroupMember.ReadWrite.All\",\"Directory.ReadWrite.All\"]");
	healthy(&world);
	when(&world, "GET", "/v1.0/applications(appId=%27" FAKE_CLIENT "%27)?$select=", 403,
	     "{\"error\":{\"code\":\"Authorization_RequestDenied\",\"message\":\"x\"}}");
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	const json_t *line = line_of(report, "permissions");
	assert_string_equal(json_string_at(line, "outcome"), "warning");
	assert_string_equal(json_string_at(line, "code"), "permission_excessive");
	assert_string_equal(json_string_value(json_array_get(json_at(line, "evidence.excess"), 0)),
	                    "Directory.ReadWrite.All");
	assert_non_null(strstr(json_string_at(line, "summary"), "Directory.ReadWrite.All"));
	assert_string_equal(json_string_at(line_of(report, "credential-expiry"), "code"), "credential_expiry_unknown");
	assert_string_equal(json_string_at(line_of(report, "credential-expiry"), "outcome"), "passed");
	assert_string_equal(test.outcome, "warning");
	check_shape_of(report);
	fake_world_close(&world);
}

static void each_bound_group_is_judged_by_itself(void **state)
{
	(void)state;
	static const char second[] = "77777777-7777-7777-7777-777777777777";
	static const char third[] = "88888888-8888-8888-8888-888888888888";
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	healthy(&world);
	when(&world, "GET", "/v1.0/groups/77777777-7777-7777-7777-777777777777?", 404,
	     FAKE_NOT_FOUND("77777777-7777-7777-7777-777777777777"));
	when(&world, "GET", "/directory/deletedItems/77777777-7777-7777-7777-777777777777", 404, FAKE_NOT_FOUND("x"));
	when(&world, "GET", "/directory/deletedItems/microsoft.graph.group?", 200,
	     "{\"value\":[{\"id\":"
	     "\"77777777-7777-7777-7777-777777777777\"}]}");
	when(&world, "GET", "/v1.0/groups/88888888-8888-8888-8888-888888888888?", 200,
	     "{\"id\":\"88888888-8888-8888-8888-888888888888\",\"displayName\":\"x\",\"groupTypes\":[],\"mailEnabled\":"
	     "false,"
	     "\"securityEnabled\":true,\"onPremisesSyncEnabled\":true}");
	const struct tool tools[] = {bound_tool(FAKE_GROUP, "Old name"), bound_tool(second, "x"), bound_tool(third, "x")};
	_cleanup_(json_decrefp) json_t *report = run(&world, tools, 3, &test);
	assert_non_null(strstr(lines_of(&world, report), "groups:warning:group_renamed\ngroups:failed:group_deleted\n"
	                                                 "groups:failed:group_on_premises\ncredential-expiry:"));
	assert_int_equal(test.group_count, 3);
	assert_string_equal(test.groups[0].code, "group_renamed");
	assert_true(test.groups[0].manageable);
	assert_string_equal(test.groups[1].facts.group_id, second);
	assert_false(test.groups[1].manageable);
	check_shape_of(report);
	fake_world_close(&world);
}

static void the_operators_limit_shows_in_the_test(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, "[\"User.Read.All\",\"GroupMember.Read.All\"]");
	healthy(&world);
	world.environment.bindable_groups = "owned";
	when(&world, "POST", "/$batch", 200, "{\"responses\":[{\"id\":\"1\",\"status\":200,\"body\":{\"value\":[]}}]}");
	const struct tool tools[] = {bound_tool(FAKE_GROUP, "AI - Users")};
	_cleanup_(json_decrefp) json_t *report = run(&world, tools, 1, &test);
	assert_string_equal(json_string_at(line_of(report, "permissions"), "code"), "permissions_ok");
	assert_string_equal(json_string_at(line_of(report, "groups"), "code"), "group_not_allowed");
	assert_string_equal(test.outcome, "failed");
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_secret_that_ends_soon_is_told_with_its_date(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, "[\"User.Read.All\",\"GroupMember.ReadWrite.All\",\"Application.Read.All\"]");
	healthy(&world);
	char end[CLOCK_TEXT_SIZE];
	clock_format(clock_now_ms(clock_system()) + 10LL * 24 * 3600 * 1000, end);
	when(&world, "GET", "/v1.0/applications(appId=%27" FAKE_CLIENT "%27)?$select=", 200,
	     arena_printf(world.arena, "{\"passwordCredentials\":[{\"hint\":\"abc\",\"endDateTime\":\"%s\"}]}", end));
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	const json_t *line = line_of(report, "credential-expiry");
	assert_string_equal(json_string_at(line, "code"), "credential_expiring");
	assert_string_equal(json_string_at(line, "outcome"), "warning");
	assert_non_null(strstr(json_string_at(line, "summary"), arena_strndup(world.arena, end, 10)));
	assert_true(test.credential_expires_at > 0);
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_wrong_clock_is_noticed_before_it_hurts(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = "/token",
	                                           .status = 200,
	                                           .headers = "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n",
	                                           .body = fake_token_body(world.arena, FAKE_ROLES, 3599, "one")});
	healthy(&world);
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_string_equal(json_string_at(line_of(report, "token"), "code"), "clock_skew");
	assert_string_equal(json_string_at(line_of(report, "token"), "outcome"), "warning");
	assert_string_equal(json_string_at(line_of(report, "read-users"), "outcome"), "passed");
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_throttled_and_a_broken_graph_are_told_apart(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	when(&world, "GET", "/v1.0/users?", 429, "{\"error\":{\"code\":\"TooManyRequests\",\"message\":\"x\"}}");
	when(&world, "GET", "/v1.0/groups?", 502, "<html>bad gateway</html>");
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-graph:passed:reached\nread-users:failed:graph_throttled\n"
	                                                 "read-groups:failed:graph_unavailable\n"));
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_host_that_hangs_still_leaves_a_report(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	fake_when(&world.entra, (struct fake_rule){.method = "GET", .status = 200, .body = EMPTY_LIST, .pause_ms = 2500});
	world.target.deadline_ms = clock_monotonic_ms(clock_system()) + 1000;
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-graph:failed:graph_unreachable\nread-users:skipped:"));
	check_shape_of(report);
	fake_world_close(&world);
}

/* `count` tools, each bound to a group of its own; and the list in which Graph shows those groups as deleted. */
static struct tool *many_tools(struct fake_world *world, size_t count, char **ret_list)
{
	struct tool *tools = arena_array(world->arena, count, sizeof(*tools));
	char *list = arena_strdup(world->arena, "{\"value\":[{\"id\":\"x\"}");
	assert_non_null(tools);
	for (size_t i = 0; i < count; i++) {
		const char *id = arena_printf(world->arena, "90000000-0000-4000-8000-%012zu", i);
		tools[i] = bound_tool(id, "AI - Users");
		list = arena_printf(world->arena, "%s,{\"id\":\"%s\"}", list, id);
	}
	*ret_list = arena_printf(world->arena, "%s]}", list);
	return tools;
}

static size_t lines_with(const json_t *report, const char *check, const char *code)
{
	const json_t *checks = json_object_get(report, "checks");
	size_t found = 0;
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *line = json_array_get(checks, i);
		found += text_equal(json_string_at(line, "check"), check) && text_equal(json_string_at(line, "code"), code);
	}
	return found;
}

static void sixty_groups_of_a_slow_graph_are_each_told_in_time(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	char *list;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	struct tool *tools = many_tools(&world, 60, &list);
	fake_when(&world.entra, (struct fake_rule){.method = "GET",
	                                           .path = "/deletedItems/microsoft.graph.group",
	                                           .status = 200,
	                                           .body = list,
	                                           .pause_ms = 300});
	fake_when(
	    &world.entra,
	    (struct fake_rule){
	        .method = "GET", .path = "/deletedItems/", .status = 403, .body = FAKE_NOT_FOUND("x"), .pause_ms = 300});
	fake_when(
	    &world.entra,
	    (struct fake_rule){
	        .method = "GET", .path = "/v1.0/groups/", .status = 404, .body = FAKE_NOT_FOUND("x"), .pause_ms = 2500});
	healthy(&world);
	world.target.deadline_ms = clock_monotonic_ms(clock_system()) + 12000;
	_cleanup_(json_decrefp) json_t *report = run(&world, tools, 60, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-graph:passed:reached\n"));
	assert_int_equal(lines_with(report, "groups", "group_deleted"), 60);
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_slow_graph_that_refuses_every_token_is_not_called_unreachable(void **state)
{
	(void)state;
	static const char refused[] = "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"x\"}}";
	struct fake_world world;
	struct connector_test test;
	char *list;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	struct tool *tools = many_tools(&world, 20, &list);
	fake_when(&world.entra, (struct fake_rule){.method = "GET", .status = 401, .body = refused, .pause_ms = 400});
	world.target.deadline_ms = clock_monotonic_ms(clock_system()) + 5000;
	_cleanup_(json_decrefp) json_t *report = run(&world, tools, 20, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-graph:passed:reached\nread-users:failed:graph_denied\n"));
	assert_int_equal(fake_count(&world.entra, "POST", "/token"), 2);
	check_shape_of(report);
	fake_world_close(&world);
}

static void a_proxy_that_wants_a_password_is_not_taken_for_graph(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	when(&world, "GET", NULL, 407, "");
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-graph:failed:graph_bad_response\nread-users:skipped:"));
	fake_world_close(&world);
}

static void an_answer_behind_a_byte_order_mark_is_read(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_test test;
	fake_world_open(&world);
	const char *token =
	    arena_printf(world.arena, "\xef\xbb\xbf%s", fake_token_body(world.arena, FAKE_ROLES, 3599, "one"));
	when(&world, "POST", "/oauth2/v2.0/token", 200, token);
	when(&world, "GET", NULL, 200, "\xef\xbb\xbf" EMPTY_LIST);
	_cleanup_(json_decrefp) json_t *report = run(&world, NULL, 0, &test);
	assert_non_null(strstr(lines_of(&world, report), "reach-graph:passed:reached\nread-users:passed:read_ok\n"));
	fake_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_healthy_connector_passes_every_check_in_order),
	    cmocka_unit_test(a_test_never_trusts_what_was_remembered),
	    cmocka_unit_test(a_wrong_secret_fails_one_check_and_skips_the_rest),
	    cmocka_unit_test(a_secret_made_just_now_gets_a_second_chance),
	    cmocka_unit_test(a_malformed_tenant_is_named_before_anything_is_sent),
	    cmocka_unit_test(a_federated_token_that_is_none_is_named_and_nothing_is_sent),
	    cmocka_unit_test(an_unreachable_login_is_not_blamed_on_the_secret),
	    cmocka_unit_test(a_portal_in_the_way_is_seen_as_such),
	    cmocka_unit_test(an_unreachable_graph_skips_what_depended_on_it),
	    cmocka_unit_test(missing_consent_is_named_and_the_reads_still_tried),
	    cmocka_unit_test(too_much_permission_is_a_warning_that_names_it),
	    cmocka_unit_test(each_bound_group_is_judged_by_itself),
	    cmocka_unit_test(the_operators_limit_shows_in_the_test),
	    cmocka_unit_test(a_secret_that_ends_soon_is_told_with_its_date),
	    cmocka_unit_test(a_wrong_clock_is_noticed_before_it_hurts),
	    cmocka_unit_test(a_throttled_and_a_broken_graph_are_told_apart),
	    cmocka_unit_test(a_host_that_hangs_still_leaves_a_report),
	    cmocka_unit_test(sixty_groups_of_a_slow_graph_are_each_told_in_time),
	    cmocka_unit_test(a_slow_graph_that_refuses_every_token_is_not_called_unreachable),
	    cmocka_unit_test(a_proxy_that_wants_a_password_is_not_taken_for_graph),
	    cmocka_unit_test(an_answer_behind_a_byte_order_mark_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
