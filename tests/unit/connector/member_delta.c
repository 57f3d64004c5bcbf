/* Pages of the delta query of a group, and the second look at single users, against a Graph that answers well and
 * badly. */
#include "fake_entra.h"

#define DELTA "/v1.0/groups/delta"
#define OTHER "00000000-1111-4222-8333-444444444444"
#define MEMBER_OF "/v1.0/users/" FAKE_USER "/memberOf"

static void open_world(struct fake_world *world)
{
	fake_world_open(world);
	fake_world_token(world, FAKE_ROLES);
}

static void when(struct fake_world *world, const char *path, int status, const char *body)
{
	fake_when(&world->entra,
	          (struct fake_rule){.method = "GET", .path = path, .status = status, .body = body, .uses = 1});
}

static enum result ask(struct fake_world *world, const char *link, struct connector_member_page *ret_page,
                       struct error *error)
{
	*error = (struct error){.retry_after_ms = -1};
	return world->ops->read_members(&world->environment, &world->target, FAKE_GROUP, link, world->arena, ret_page,
	                                error);
}

/* An answer whose members are `members` and whose last key is `link`. */
static const char *page_of(struct fake_world *world, const char *members, const char *link)
{
	return arena_printf(world->arena,
	                    "{\"value\":[{\"id\":\"" FAKE_GROUP "\",\"displayName\":\"x\",\"members@delta\":[%s]}],%s}",
	                    members, link);
}

static const char *link_to(struct fake_world *world, const char *name, const char *rest)
{
	return arena_printf(world->arena, "\"@odata.%s\":\"%s%s\"", name, world->entra.origin, rest);
}

static void the_first_page_asks_for_the_group_alone_and_names_every_member_as_what_it_is(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_member_page page;
	struct error error;
	open_world(&world);
	when(&world, DELTA, 200,
	     page_of(&world,
	             "{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"12345678-1234-1234-1234-12345678ABCD\"},"
	             "{\"@odata.type\":\"#microsoft.graph.group\",\"id\":\"" OTHER "\"},"
	             "{\"@odata.type\":\"#microsoft.graph.servicePrincipal\",\"id\":\"" OTHER "\"},"
	             "{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"" OTHER
	             "\",\"@removed\":{\"reason\":\"deleted\"}},{\"id\":\"" OTHER "\"}",
	             link_to(&world, "nextLink", DELTA "?$skiptoken=a")));
	assert_int_equal(ask(&world, NULL, &page, &error), RESULT_OK);
	assert_int_equal(page.count, 5);
	assert_string_equal(page.changes[0].id, "12345678-1234-1234-1234-12345678abcd");
	assert_int_equal(page.changes[0].kind, MEMBER_USER);
	assert_false(page.changes[0].removed);
	assert_int_equal(page.changes[1].kind, MEMBER_GROUP);
	assert_int_equal(page.changes[2].kind, MEMBER_SERVICE_PRINCIPAL);
	assert_true(page.changes[3].removed);
	assert_int_equal(page.changes[4].kind, MEMBER_UNKNOWN);
	assert_true(page.group_seen);
	assert_non_null(page.next);
	assert_null(page.resume);
	const struct fake_asked *asked = fake_find(&world.entra, "GET", DELTA);
	assert_non_null(strstr(asked->path, "$select=id,displayName,members&$filter=id%20eq%20%27" FAKE_GROUP "%27"));
	fake_world_close(&world);
}

static void what_is_told_of_another_group_is_nothing_to_us(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_member_page page;
	struct error error;
	open_world(&world);
	when(&world, DELTA, 200,
	     arena_printf(world.arena,
	                  "{\"value\":[{\"id\":\"" OTHER "\",\"members@delta\":[{\"id\":\"" FAKE_USER
	                  "\"}]},{\"id\":\"" OTHER "\",\"@removed\":{\"reason\":\"changed\"}}],%s}",
	                  link_to(&world, "deltaLink", DELTA "?$deltatoken=b")));
	assert_int_equal(ask(&world, NULL, &page, &error), RESULT_OK);
	assert_int_equal(page.count, 0);
	assert_false(page.group_seen);
	assert_false(page.group_gone);
	assert_non_null(page.resume);
	fake_world_close(&world);
}

static void a_group_that_was_deleted_is_said_to_be_gone(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_member_page page;
	struct error error;
	open_world(&world);
	const char *link = arena_printf(world.arena, "%s" DELTA "?$deltatoken=a", world.entra.origin);
	when(&world, DELTA, 200,
	     arena_printf(world.arena, "{\"value\":[{\"id\":\"" FAKE_GROUP "\",\"@removed\":{\"reason\":\"changed\"}}],%s}",
	                  link_to(&world, "deltaLink", DELTA "?$deltatoken=b")));
	assert_int_equal(ask(&world, link, &page, &error), RESULT_OK);
	assert_true(page.group_gone);
	assert_non_null(strstr(fake_find(&world.entra, "GET", DELTA)->path, "$deltatoken=a"));
	fake_world_close(&world);
}

/* However Graph says it, and also where the link is of another Graph than ours. */
static void a_link_that_is_too_old_begins_anew_and_is_no_failure(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
	} answers[] = {
	    {410, "{\"error\":{\"code\":\"Gone\",\"message\":\"x\"}}"},
	    {410, ""},
	    {400, "{\"error\":{\"code\":\"syncStateNotFound\",\"message\":\"x\"}}"},
	    {404, "{\"error\":{\"code\":\"SyncStateNotFound\",\"message\":\"x\"}}"},
	    {400, "{\"error\":{\"code\":\"Directory_ExpiredPageToken\",\"message\":\"x\"}}"},
	};
	struct fake_world world;
	struct connector_member_page page;
	struct error error;
	open_world(&world);
	const char *link = arena_printf(world.arena, "%s" DELTA "?$deltatoken=a", world.entra.origin);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		when(&world, DELTA, answers[i].status, answers[i].body);
		assert_int_equal(ask(&world, link, &page, &error), RESULT_OK);
		assert_true(page.expired);
	}
	size_t asked = fake_count(&world.entra, "GET", DELTA);
	assert_int_equal(ask(&world, "https://elsewhere.example/v1.0/groups/delta?$deltatoken=a", &page, &error),
	                 RESULT_OK);
	assert_true(page.expired);
	assert_int_equal(fake_count(&world.entra, "GET", DELTA), asked);
	/* A beginning cannot be too old. */
	when(&world, DELTA, 410, answers[0].body);
	assert_int_not_equal(ask(&world, NULL, &page, &error), RESULT_OK);
	fake_world_close(&world);
}

static void a_page_that_cannot_be_understood_says_so_and_sends_our_token_nowhere_else(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_member_page page;
	struct error error;
	open_world(&world);
	const char *link = arena_printf(world.arena, "%s" DELTA "?$deltatoken=a", world.entra.origin);
	const char *const bodies[] = {
	    "{\"value\":[],\"@odata.nextLink\":\"https://elsewhere.example/v1.0/groups/delta\"}",
	    "{\"value\":[],\"@odata.deltaLink\":\"https://elsewhere.example/v1.0/groups/delta\"}",
	    arena_printf(world.arena, "{\"value\":[],\"@odata.nextLink\":\"%s\"}", link),
	    "{\"value\":[]}",
	    arena_printf(world.arena, "{\"value\":7,%s}", link_to(&world, "deltaLink", "/x")),
	    page_of(&world, "{\"id\":\"not-an-id\"}", link_to(&world, "deltaLink", "/x")),
	    "[]",
	    "{\"value\":[",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		when(&world, DELTA, 200, bodies[i]);
		assert_int_equal(ask(&world, link, &page, &error), RESULT_PROTOCOL);
		assert_string_equal(error.code, "graph_bad_response");
	}
	fake_world_close(&world);
}

static bool flood(void *context, const char *method, const char *path, const char *body, struct fake_said *ret_said)
{
	(void)context, (void)body;
	size_t length = 6 * 1024 * 1024;
	if (strcmp(method, "GET") != 0 || strstr(path, DELTA) == NULL)
		return false;
	ret_said->status = 200;
	ret_said->body = malloc(length + 1);
	memset(ret_said->body, ' ', length);
	ret_said->body[length] = '\0';
	return true;
}

static void a_body_that_does_not_end_is_cut_off_with_a_code(void **state)
{
	(void)state;
	struct fake_world world;
	struct connector_member_page page;
	struct error error;
	open_world(&world);
	world.entra.answer = flood;
	assert_int_not_equal(ask(&world, NULL, &page, &error), RESULT_OK);
	assert_string_equal(error.code, "graph_bad_response");
	fake_world_close(&world);
}

/* ---- single users ---- */

static struct connector_look look(struct fake_world *world)
{
	struct connector_look look = {.group_id = FAKE_GROUP, .user_id = FAKE_USER};
	world->ops->look_users(&world->environment, &world->target, &look, 1);
	return look;
}

static void a_user_is_asked_for_their_own_groups_through_all_pages(void **state)
{
	(void)state;
	struct fake_world world;
	open_world(&world);
	when(&world, MEMBER_OF, 200,
	     arena_printf(world.arena, "{\"value\":[{\"id\":\"" OTHER "\"}],%s}",
	                  link_to(&world, "nextLink", MEMBER_OF "?$skiptoken=b")));
	when(&world, MEMBER_OF, 200, "{\"value\":[{\"id\":\"" FAKE_GROUP "\"}]}");
	struct connector_look told = look(&world);
	assert_int_equal(told.result, RESULT_OK);
	assert_true(told.member);
	when(&world, MEMBER_OF, 200, "{\"value\":[{\"id\":\"" OTHER "\"}]}");
	told = look(&world);
	assert_int_equal(told.result, RESULT_OK);
	assert_false(told.member);
	fake_world_close(&world);
}

static void a_user_who_is_gone_is_in_no_group_and_a_refusal_is_no_answer(void **state)
{
	(void)state;
	struct fake_world world;
	open_world(&world);
	when(&world, MEMBER_OF, 404, FAKE_NOT_FOUND(FAKE_USER));
	struct connector_look told = look(&world);
	assert_int_equal(told.result, RESULT_OK);
	assert_false(told.member);
	when(&world, MEMBER_OF, 503, "{\"error\":{\"code\":\"ServiceUnavailable\",\"message\":\"x\"}}");
	told = look(&world);
	assert_int_not_equal(told.result, RESULT_OK);
	assert_string_equal(told.error.code, "graph_unavailable");
	when(&world, MEMBER_OF, 404, "not from Graph");
	told = look(&world);
	assert_int_not_equal(told.result, RESULT_OK);
	fake_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_page_asks_for_the_group_alone_and_names_every_member_as_what_it_is),
	    cmocka_unit_test(what_is_told_of_another_group_is_nothing_to_us),
	    cmocka_unit_test(a_group_that_was_deleted_is_said_to_be_gone),
	    cmocka_unit_test(a_link_that_is_too_old_begins_anew_and_is_no_failure),
	    cmocka_unit_test(a_page_that_cannot_be_understood_says_so_and_sends_our_token_nowhere_else),
	    cmocka_unit_test(a_body_that_does_not_end_is_cut_off_with_a_code),
	    cmocka_unit_test(a_user_is_asked_for_their_own_groups_through_all_pages),
	    cmocka_unit_test(a_user_who_is_gone_is_in_no_group_and_a_refusal_is_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
