#include "fake_entra.h"

#include "connector/entra/token.h"
#include "connector/entra/token_request.h"

#define REFUSED "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: x\",\"error_codes\":[7000215]}"

static struct clock_manual hand;

static enum result get(struct fake_world *world, const char **ret_token, struct error *error)
{
	struct entra_place place;
	assert_int_equal(entra_place_find(&world->environment, &world->settings, world->arena, &place, NULL), RESULT_OK);
	const struct entra_token_need need = {
	    .environment = &world->environment,
	    .target = &world->target,
	    .place = &place,
	    .deadline_ms = clock_monotonic_ms(world->environment.clock) + 10000,
	};
	return entra_token_get(&need, world->arena, ret_token, error);
}

static size_t token_requests(struct fake_world *world)
{
	return fake_count(&world->entra, "POST", "/oauth2/v2.0/token");
}

static void open_by_hand(struct fake_world *world)
{
	fake_world_open(world);
	clock_manual_init(&hand, 1700000000000);
	world->environment.clock = &hand.clock;
}

static void every_byte_of_a_secret_arrives(void **state)
{
	(void)state;
	struct secret secret = {0};
	struct secret body = {0};
	assert_int_equal(secret_new("a+/=& %'\"~\xc3\xa9\n-._", 16, &secret), RESULT_OK);
	const struct entra_token_form form = {
	    .client_id = FAKE_CLIENT, .scope = "https://graph.microsoft.com/.default", .proof = &secret};
	assert_int_equal(entra_token_form_write(&form, &body), RESULT_OK);
	assert_string_equal(body.bytes,
	                    "client_id=" FAKE_CLIENT "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
	                    "&grant_type=client_credentials&client_secret=a%2B%2F%3D%26%20%25%27%22~%C3%A9%0A-._");
	assert_int_equal(body.length, strlen(body.bytes));
	secret_done(&secret);
	secret_done(&body);
}

static void the_scope_stays_the_clouds_wherever_requests_go(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	world.settings.cloud = "usgovdod";
	fake_world_token(&world, FAKE_ROLES);
	const char *token = NULL;
	assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	const struct fake_asked *asked = fake_find(&world.entra, "POST", "/token");
	assert_string_equal(asked->path, "/" FAKE_TENANT "/oauth2/v2.0/token");
	assert_non_null(strstr(asked->body, "scope=https%3A%2F%2Fdod-graph.microsoft.us%2F.default"));
	assert_non_null(strstr(asked->body, "client_secret=abc~%2B%2F%3D%26%20%25%27%22secret"));
	fake_world_close(&world);
}

static void a_token_is_asked_for_once_and_renewed_before_it_ends(void **state)
{
	(void)state;
	struct fake_world world;
	open_by_hand(&world);
	fake_world_token(&world, FAKE_ROLES);
	const char *token = NULL;
	for (int i = 0; i < 5; i++)
		assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	assert_int_equal(token_requests(&world), 1);
	clock_manual_advance(&hand, (3599 - 301) * 1000);
	assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	assert_int_equal(token_requests(&world), 1);
	clock_manual_advance(&hand, 2 * 1000);
	assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	assert_int_equal(token_requests(&world), 2);
	fake_world_close(&world);
}

static void a_wrong_secret_is_not_hammered_and_not_remembered_for_ever(void **state)
{
	(void)state;
	struct fake_world world;
	open_by_hand(&world);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST", .path = "/token", .status = 401, .body = REFUSED, .uses = 1});
	fake_world_token(&world, FAKE_ROLES);
	const char *token = NULL;
	for (int i = 0; i < 5; i++) {
		struct error error = {0};
		assert_int_equal(get(&world, &token, &error), RESULT_DENIED);
		assert_string_equal(error.code, "secret_invalid");
		assert_int_equal(error.aadsts, 7000215);
	}
	assert_int_equal(token_requests(&world), 1);
	clock_manual_advance(&hand, 61 * 1000);
	assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	assert_int_equal(token_requests(&world), 2);
	fake_world_close(&world);
}

static void a_corrected_secret_works_at_once(void **state)
{
	(void)state;
	struct fake_world world;
	open_by_hand(&world);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST", .path = "/token", .status = 401, .body = REFUSED, .uses = 2});
	fake_world_token(&world, FAKE_ROLES);
	const char *token = NULL;
	assert_int_equal(get(&world, &token, NULL), RESULT_DENIED);
	world.settings.credential.version = 2;
	assert_int_equal(get(&world, &token, NULL), RESULT_DENIED);
	world.ops->forget("fake");
	assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	assert_int_equal(token_requests(&world), 3);
	fake_world_close(&world);
}

static void a_throttled_login_is_left_alone_until_it_says(void **state)
{
	(void)state;
	struct fake_world world;
	open_by_hand(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = "/token",
	                                           .status = 429,
	                                           .body = "{}",
	                                           .headers = "Retry-After: 90\r\n",
	                                           .uses = 1});
	fake_world_token(&world, FAKE_ROLES);
	const char *token = NULL;
	struct error error = {0};
	assert_int_equal(get(&world, &token, &error), RESULT_THROTTLED);
	assert_int_equal(error.retry_after_ms, 90000);
	clock_manual_advance(&hand, 80 * 1000);
	assert_int_equal(get(&world, &token, &error), RESULT_THROTTLED);
	assert_int_equal(error.retry_after_ms, 10000);
	assert_int_equal(token_requests(&world), 1);
	clock_manual_advance(&hand, 10 * 1000);
	assert_int_equal(get(&world, &token, &error), RESULT_OK);
	fake_world_close(&world);
}

static void work_goes_on_with_a_good_token_while_login_is_down(void **state)
{
	(void)state;
	struct fake_world world;
	open_by_hand(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = "/token",
	                                           .status = 200,
	                                           .body = fake_token_body(world.arena, FAKE_ROLES, 3600, "one"),
	                                           .uses = 1});
	fake_when(&world.entra, (struct fake_rule){.method = "POST", .path = "/token", .status = 503, .body = "<html>"});
	const char *token = NULL;
	assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	clock_manual_advance(&hand, 3400 * 1000);
	assert_int_equal(get(&world, &token, NULL), RESULT_OK);
	assert_int_equal(token_requests(&world), 2);
	clock_manual_advance(&hand, 190 * 1000);
	struct error error = {0};
	assert_int_equal(get(&world, &token, &error), RESULT_UNAVAILABLE);
	assert_string_equal(error.code, "login_unavailable");
	fake_world_close(&world);
}

struct crowd {
	struct fake_world *world;
	enum result result;
};

static void *crowd_member(void *argument)
{
	struct crowd *crowd = argument;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct entra_place place;
	const char *token = NULL;
	crowd->result = entra_place_find(&crowd->world->environment, &crowd->world->settings, arena, &place, NULL);
	const struct entra_token_need need = {
	    .environment = &crowd->world->environment,
	    .target = &crowd->world->target,
	    .place = &place,
	    .deadline_ms = clock_monotonic_ms(crowd->world->environment.clock) + 10000,
	};
	if (crowd->result == RESULT_OK)
		crowd->result = entra_token_get(&need, arena, &token, NULL);
	return NULL;
}

static void crowd_run(struct fake_world *world, enum result expected)
{
	struct crowd crowd[16];
	pthread_t threads[16];
	for (size_t i = 0; i < 16; i++) {
		crowd[i] = (struct crowd){.world = world};
		assert_int_equal(pthread_create(&threads[i], NULL, crowd_member, &crowd[i]), 0);
	}
	for (size_t i = 0; i < 16; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(crowd[i].result, expected);
	}
}

static void a_crowd_of_jobs_asks_once(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = "/token",
	                                           .status = 200,
	                                           .body = fake_token_body(world.arena, FAKE_ROLES, 3600, "one"),
	                                           .pause_ms = 200});
	crowd_run(&world, RESULT_OK);
	assert_int_equal(token_requests(&world), 1);
	fake_world_close(&world);
}

static void a_crowd_of_jobs_is_refused_once(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST", .path = "/token", .status = 401, .body = REFUSED, .pause_ms = 200});
	crowd_run(&world, RESULT_DENIED);
	assert_int_equal(token_requests(&world), 1);
	fake_world_close(&world);
}

static void what_is_no_token_is_not_used_as_one(void **state)
{
	(void)state;
	static const char *const bodies[] = {
	    "<html>portal</html>",
	    "{}",
	    "{\"access_token\":7}",
	    "{\"access_token\":\"\"}",
	    "{\"access_token\":\"a\\r\\nX: y\"}",
	    "[]",
	    "",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct fake_world world;
		fake_world_open(&world);
		fake_when(&world.entra,
		          (struct fake_rule){.method = "POST", .path = "/token", .status = 200, .body = bodies[i]});
		const char *token = NULL;
		struct error error = {0};
		assert_int_equal(get(&world, &token, &error), RESULT_PROTOCOL);
		assert_string_equal(error.code, "login_bad_response");
		assert_null(token);
		fake_world_close(&world);
	}
}

static void a_refusal_that_came_with_status_200_is_still_named(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST", .path = "/token", .status = 200, .body = REFUSED});
	const char *token = NULL;
	struct error error = {0};
	assert_int_equal(get(&world, &token, &error), RESULT_DENIED);
	assert_string_equal(error.code, "secret_invalid");
	assert_int_equal(error.aadsts, 7000215);
	fake_world_close(&world);
}

static void a_certificate_credential_without_its_certificate_is_named_and_nothing_is_sent(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	world.settings.credential.kind = CREDENTIAL_CERTIFICATE;
	const char *token = NULL;
	struct error error = {0};
	assert_int_equal(get(&world, &token, &error), RESULT_INVALID);
	assert_string_equal(error.code, "secret_missing");
	assert_int_equal(world.entra.asked_count, 0);
	fake_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_of_a_secret_arrives),
	    cmocka_unit_test(the_scope_stays_the_clouds_wherever_requests_go),
	    cmocka_unit_test(a_token_is_asked_for_once_and_renewed_before_it_ends),
	    cmocka_unit_test(a_wrong_secret_is_not_hammered_and_not_remembered_for_ever),
	    cmocka_unit_test(a_corrected_secret_works_at_once),
	    cmocka_unit_test(a_throttled_login_is_left_alone_until_it_says),
	    cmocka_unit_test(work_goes_on_with_a_good_token_while_login_is_down),
	    cmocka_unit_test(a_crowd_of_jobs_asks_once),
	    cmocka_unit_test(a_crowd_of_jobs_is_refused_once),
	    cmocka_unit_test(what_is_no_token_is_not_used_as_one),
	    cmocka_unit_test(a_refusal_that_came_with_status_200_is_still_named),
	    cmocka_unit_test(a_certificate_credential_without_its_certificate_is_named_and_nothing_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
