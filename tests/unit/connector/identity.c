#include "fake_entra.h"

#define OTHER_USER "abababab-0000-1111-2222-333333333333"

static void when(struct fake_world *world, const char *method, const char *path, int status, const char *body)
{
	fake_when(&world->entra, (struct fake_rule){.method = method, .path = path, .status = status, .body = body});
}

static void open_with_token(struct fake_world *world)
{
	fake_world_open(world);
	fake_world_token(world, FAKE_ROLES);
}

static struct identity_match match(struct fake_world *world, struct identity_question question)
{
	struct identity_match found = {0};
	struct error error = {0};
	assert_int_equal(
	    world->ops->match_user(&world->environment, &world->target, &question, world->arena, &found, &error),
	    RESULT_OK);
	return found;
}

#define ALICE                                                                                                          \
	"{\"id\":\"" FAKE_USER "\",\"userPrincipalName\":\"Alice@contoso.com\",\"mail\":\"a@contoso.com\",\"userType\":"   \
	"\"Member\",\"accountEnabled\":true}"
#define BOB                                                                                                            \
	"{\"id\":\"" OTHER_USER                                                                                            \
	"\",\"userPrincipalName\":\"bob@contoso.com\",\"mail\":\"alice@contoso.com\",\"userType\":"                        \
	"\"Member\",\"accountEnabled\":true}"
#define ITEM(id, users) "{\"id\":\"" id "\",\"status\":200,\"body\":{\"value\":[" users "]}}"
#define EXT_REFUSED                                                                                                    \
	"{\"id\":\"6\",\"status\":400,\"body\":{\"error\":{\"code\":\"Request_UnsupportedQuery\",\"message\":\"x\"}}}"

static void an_address_finds_its_one_user(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	when(&world, "POST", "/$batch", 200,
	     "{\"responses\":[" EXT_REFUSED
	     "," ITEM("5", "") "," ITEM("4", ALICE) "," ITEM("3", "") "," ITEM("2", "") "," ITEM("1", ALICE) "]}");
	struct identity_match found = match(&world, (struct identity_question){.address = "alice@contoso.com"});
	assert_int_equal(found.outcome, IDENTITY_MATCHED);
	assert_string_equal(found.code, "upn");
	assert_string_equal(found.user.object_id, FAKE_USER);
	fake_world_close(&world);
}

static void two_people_behind_one_address_are_never_guessed_between(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	when(&world, "POST", "/$batch", 200,
	     "{\"responses\":[" ITEM("1", ALICE) "," ITEM("2", BOB) "," ITEM("3", "") "," ITEM("4", "") "," ITEM(
	         "5", "") "," ITEM("6", "") "]}");
	struct identity_match found = match(&world, (struct identity_question){.address = "alice@contoso.com"});
	assert_int_equal(found.outcome, IDENTITY_AMBIGUOUS);
	assert_int_equal(found.candidate_count, 2);
	fake_world_close(&world);
}

static void a_server_that_ignores_the_question_gives_nobody_access(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	when(&world, "POST", "/$batch", 200,
	     "{\"responses\":[" ITEM("1", ALICE) "," ITEM("2", ALICE) "," ITEM("3", "") "," ITEM("4", "") "," ITEM(
	         "5", "") "," ITEM("6", "") "]}");
	struct identity_match found = match(&world, (struct identity_question){.address = "carol@contoso.com"});
	assert_int_equal(found.outcome, IDENTITY_NOT_FOUND);
	fake_world_close(&world);
}

/* Graph finds it in any case of letters; we compare only ASCII so. */
#define JOSE                                                                                                           \
	"{\"id\":\"" FAKE_USER "\",\"userPrincipalName\":\"jos\xc3\xa9@contoso.com\",\"mail\":null,\"userType\":"          \
	"\"Member\",\"accountEnabled\":true}"
#define JOSE_BY_MAIL                                                                                                   \
	"{\"id\":\"" OTHER_USER "\",\"userPrincipalName\":\"j@contoso.com\",\"mail\":\"JOS\xc3\x89@contoso.com\","         \
	"\"userType\":\"Member\",\"accountEnabled\":true}"

static void a_name_beyond_ascii_in_other_letters_is_a_candidate_and_never_overlooked(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	when(&world, "POST", "/$batch", 200,
	     "{\"responses\":[" ITEM("1", JOSE) "," ITEM("2", JOSE_BY_MAIL) "," ITEM("3", "") "," ITEM("4", "") "," ITEM(
	         "5", "") "," ITEM("6", "") "]}");
	when(&world, "GET", "/v1.0/users/JOS%C3%89%40contoso.com?$select=", 200, JOSE);
	struct identity_match found = match(&world, (struct identity_question){.address = "JOS\xc3\x89@contoso.com"});
	assert_int_equal(found.outcome, IDENTITY_AMBIGUOUS);
	assert_int_equal(found.candidate_count, 2);
	found = match(&world, (struct identity_question){.mapping_external_id = "JOS\xc3\x89@contoso.com"});
	assert_string_equal(found.code, "mapping_target_missing");
	fake_world_close(&world);
}

static void a_question_left_unanswered_is_a_failure_not_nobody(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	when(&world, "POST", "/$batch", 200,
	     "{\"responses\":[" ITEM("1", ALICE) "," ITEM("3", "") "," ITEM("4", "") "," ITEM("5", "") "," ITEM("6",
	                                                                                                        "") "]}");
	struct identity_match found = {0};
	struct error error = {0};
	const struct identity_question question = {.address = "alice@contoso.com"};
	assert_int_equal(world.ops->match_user(&world.environment, &world.target, &question, world.arena, &found, &error),
	                 RESULT_PROTOCOL);
	assert_true(error.retryable);
	fake_world_close(&world);
}

static void a_hidden_address_asks_nobody(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	struct identity_match found = match(&world, (struct identity_question){0});
	assert_int_equal(found.outcome, IDENTITY_NOT_FOUND);
	assert_string_equal(found.code, "email_hidden");
	found = match(&world, (struct identity_question){.address = "no address"});
	assert_string_equal(found.code, "user_not_found");
	assert_int_equal(world.entra.asked_count, 0);
	fake_world_close(&world);
}

static void a_mapping_leads_to_its_target_and_to_nobody_else(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	when(&world, "GET", "/v1.0/users/alice%40contoso.com?$select=", 200, ALICE);
	when(&world, "GET", "/v1.0/users/gone%40contoso.com?", 404, FAKE_NOT_FOUND("gone@contoso.com"));
	struct identity_match found = match(&world, (struct identity_question){.mapping_external_id = "alice@contoso.com"});
	assert_string_equal(found.code, "mapping");
	assert_string_equal(found.user.object_id, FAKE_USER);
	found = match(
	    &world, (struct identity_question){.mapping_external_id = "alice@contoso.com", .pinned_object_id = OTHER_USER});
	assert_string_equal(found.code, "mapping_target_changed");
	found = match(
	    &world, (struct identity_question){.mapping_external_id = "gone@contoso.com", .address = "alice@contoso.com"});
	assert_string_equal(found.code, "mapping_target_missing");
	size_t asked = world.entra.asked_count;
	found = match(&world, (struct identity_question){.mapping_external_id = "delta"});
	assert_string_equal(found.code, "mapping_target_missing");
	assert_int_equal(world.entra.asked_count, asked);
	fake_world_close(&world);
}

static void a_search_tells_which_groups_can_be_bound(void **state)
{
	(void)state;
	struct fake_world world;
	open_with_token(&world);
	world.environment.bindable_groups = "prefix:AI -";
	when(&world, "GET", "/v1.0/groups?", 200,
	     "{\"value\":[" FAKE_GROUP_JSON ",{\"id\":\"" OTHER_USER "\",\"displayName\":\"AI\",\"groupTypes\":[]}]}");
	struct connector_group_check *groups = NULL;
	size_t count = 0;
	struct error error = {0};
	assert_int_equal(
	    world.ops->search_groups(&world.environment, &world.target, "AI's", 50, world.arena, &groups, &count, &error),
	    RESULT_OK);
	assert_int_equal(count, 2);
	assert_string_equal(groups[0].code, "group_ok");
	assert_true(groups[0].manageable);
	assert_string_equal(groups[1].code, "group_not_allowed");
	assert_false(groups[1].manageable);
	assert_non_null(fake_find(&world.entra, "GET", "startswith(displayName,%27AI%27%27s%27)"));
	fake_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_finds_its_one_user),
	    cmocka_unit_test(two_people_behind_one_address_are_never_guessed_between),
	    cmocka_unit_test(a_server_that_ignores_the_question_gives_nobody_access),
	    cmocka_unit_test(a_name_beyond_ascii_in_other_letters_is_a_candidate_and_never_overlooked),
	    cmocka_unit_test(a_question_left_unanswered_is_a_failure_not_nobody),
	    cmocka_unit_test(a_hidden_address_asks_nobody),
	    cmocka_unit_test(a_mapping_leads_to_its_target_and_to_nobody_else),
	    cmocka_unit_test(a_search_tells_which_groups_can_be_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
