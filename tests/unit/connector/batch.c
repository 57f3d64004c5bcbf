#include "fake_entra.h"

#include "base/json.h"
#include "connector/entra/batch.h"

static json_t *parse(const char *json)
{
	json_t *value = NULL;
	assert_int_equal(json_read(json, strlen(json), &value, NULL), RESULT_OK);
	return value;
}

static void answers_in_any_order_reach_their_own_question(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *envelope =
	    parse("{\"responses\":[{\"id\":\"3\",\"status\":404,\"headers\":{\"request-id\":"
	          "\"33333333-3333-3333-3333-333333333333\"},\"body\":{\"error\":{\"code\":\"Request_ResourceNotFound\","
	          "\"message\":\"m\"}}},{\"id\":\"1\",\"status\":200,\"body\":{\"n\":1}},{\"id\":2,\"status\":204}]}");
	struct batch_item items[3];
	batch_sort(envelope, 3, 0, items);
	assert_int_equal(items[0].result, RESULT_OK);
	assert_int_equal(json_integer_at(items[0].body, "n", 0), 1);
	assert_int_equal(items[1].result, RESULT_OK);
	assert_int_equal(items[1].status, 204);
	assert_int_equal(items[2].status, 404);
	assert_string_equal(items[2].error.remote_code, "Request_ResourceNotFound");
	assert_string_equal(items[2].error.request_id, "33333333-3333-3333-3333-333333333333");
}

static void an_item_that_was_left_out_is_not_success(void **state)
{
	(void)state;
	static const char *const envelopes[] = {
	    "{\"responses\":[]}",
	    ("{\"responses\":[{\"id\":\"1\",\"status\":200,\"body\":{}},{\"id\":\"1\",\"status\":200},"
	     "{\"id\":\"9\",\"status\":200},{\"id\":\"x\",\"status\":200},{\"status\":200},7,null]}"),
	    "{}",
	    "[]",
	};
	for (size_t i = 0; i < ARRAY_SIZE(envelopes); i++) {
		_cleanup_(json_decrefp) json_t *envelope = parse(envelopes[i]);
		struct batch_item items[2];
		batch_sort(envelope, 2, 0, items);
		assert_int_equal(items[1].result, RESULT_PROTOCOL);
		assert_string_equal(items[1].error.code, "graph_bad_response");
		assert_true(items[1].error.retryable);
	}
}

static void a_throttled_item_says_how_long(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *envelope =
	    parse("{\"responses\":[{\"id\":\"1\",\"status\":429,\"headers\":{\"retry-AFTER\":\"11\"},\"body\":null},"
	          "{\"id\":\"2\",\"status\":\"200\"},{\"id\":\"3\",\"status\":42}]}");
	struct batch_item items[3];
	batch_sort(envelope, 3, 0, items);
	assert_int_equal(items[0].result, RESULT_THROTTLED);
	assert_string_equal(items[0].error.code, "graph_throttled");
	assert_int_equal(items[0].error.retry_after_ms, 11000);
	assert_int_equal(items[1].result, RESULT_PROTOCOL);
	assert_int_equal(items[2].result, RESULT_PROTOCOL);
}

static enum result batch_of(struct fake_world *world, const struct graph_request *requests, size_t count,
                            struct batch_item *items, struct error *error)
{
	struct graph_session session;
	assert_int_equal(graph_session_init(&world->environment, &world->target, world->arena, &session, NULL), RESULT_OK);
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	return batch_perform(&session, requests, count, &answer, items, error);
}

static void a_failed_envelope_still_gives_its_items(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST",
	                             .path = "/v1.0/$batch",
	                             .status = 424,
	                             .body = "{\"responses\":[{\"id\":\"2\",\"status\":200,\"body\":{}},"
	                                     "{\"id\":\"1\",\"status\":429,\"headers\":{\"Retry-After\":\"1\"}}]}"});
	const struct graph_request requests[2] = {{.method = GRAPH_GET, .path = "/users/a"},
	                                          {.method = GRAPH_GET, .path = "/users/b"}};
	struct batch_item items[2];
	assert_int_equal(batch_of(&world, requests, 2, items, NULL), RESULT_OK);
	assert_int_equal(items[0].result, RESULT_THROTTLED);
	assert_int_equal(items[1].result, RESULT_OK);
	const struct fake_asked *asked = fake_find(&world.entra, "POST", "/$batch");
	assert_string_equal(asked->body, "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/users/a\"},"
	                                 "{\"id\":\"2\",\"method\":\"GET\",\"url\":\"/users/b\"}]}");
	fake_world_close(&world);
}

static void no_batch_smuggles_another_write(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	static const struct graph_request forbidden[] = {
	    {.method = GRAPH_DELETE, .path = "/groups/" FAKE_GROUP "/members/" FAKE_USER},
	    {.method = GRAPH_LINK, .path = "/groups/" FAKE_GROUP, .body = "{\"displayName\":\"x\"}"},
	    {.method = GRAPH_LINK, .path = "/groups/" FAKE_GROUP},
	    {.method = GRAPH_POST, .path = "/users", .body = "{}"},
	};
	struct batch_item items[2];
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		const struct graph_request requests[2] = {{.method = GRAPH_GET, .path = "/users/a"}, forbidden[i]};
		assert_int_equal(batch_of(&world, requests, 2, items, NULL), RESULT_INVALID);
	}
	assert_int_equal(world.entra.asked_count, 0);
	fake_world_close(&world);
}

static void a_chain_is_written_in_its_order(void **state)
{
	(void)state;
	const struct graph_request requests[3] = {{.method = GRAPH_GET, .path = "/users/a"},
	                                          {.method = GRAPH_GET, .path = "/users/b"},
	                                          {.method = GRAPH_GET, .path = "/users/c"}};
	_cleanup_(text_done) struct text body = {0};
	struct graph_request request;
	assert_int_equal(batch_write(requests, 3, true, &body, &request, NULL), RESULT_OK);
	assert_string_equal(request.path, "/$batch");
	assert_string_equal(request.body, "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/users/a\"},"
	                                  "{\"id\":\"2\",\"method\":\"GET\",\"url\":\"/users/b\",\"dependsOn\":[\"1\"]},"
	                                  "{\"id\":\"3\",\"method\":\"GET\",\"url\":\"/users/c\",\"dependsOn\":[\"2\"]}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_in_any_order_reach_their_own_question),
	    cmocka_unit_test(an_item_that_was_left_out_is_not_success),
	    cmocka_unit_test(a_throttled_item_says_how_long),
	    cmocka_unit_test(a_failed_envelope_still_gives_its_items),
	    cmocka_unit_test(a_chain_is_written_in_its_order),
	    cmocka_unit_test(no_batch_smuggles_another_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
