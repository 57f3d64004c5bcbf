/* Many groups are read in few exchanges, and each gets what it would get alone. */
#include "fake_entra.h"

#include <stdatomic.h>

#include "base/json.h"
#include "connector/entra/batch.h"

#define GROUPS 45

struct directory {
	int missing;     /* a group that is not there; -1: none */
	int throttled;   /* a group whose item is throttled; -1: none */
	int failing;     /* a group whose item is a 500; -1: none */
	bool no_batches; /* each envelope is refused */
	_Atomic int batches;
	_Atomic int singles;
};

static void id_of(int group, char out[40])
{
	snprintf(out, 40, "00000000-0000-0000-0000-%012d", group);
}

static json_t *group_of(const char *url)
{
	char id[40];
	snprintf(id, sizeof(id), "%.36s", url + strlen("/groups/"));
	json_t *group = json_loads(FAKE_GROUP_JSON, 0, NULL);
	json_object_set_new(group, "id", json_string(id));
	json_object_set_new(group, "displayName", json_string(atoi(id + 24) % 2 == 0 ? "AI even" : "odd"));
	return group;
}

static json_t *item_of(const struct directory *directory, const char *url, int *status)
{
	int group = atoi(url + strlen("/groups/") + 24);
	*status = 200;
	if (group == directory->throttled)
		*status = 429;
	if (group == directory->failing)
		*status = 500;
	if (group == directory->missing)
		*status = 404;
	if (*status == 404)
		return json_loads(FAKE_NOT_FOUND("x"), 0, NULL);
	return *status == 200 ? group_of(url) : json_pack("{s:{s:s,s:s}}", "error", "code", "Words", "message", "m");
}

static char *envelope_write(struct fake_rule *rule, const char *request)
{
	struct directory *directory = rule->context;
	directory->batches++;
	if (directory->no_batches) {
		rule->status = 400;
		return strdup("{\"error\":{\"code\":\"BadRequest\",\"message\":\"m\"}}");
	}
	_cleanup_(json_decrefp) json_t *envelope = json_loads(strstr(request, "\r\n\r\n") + 4, 0, NULL);
	_cleanup_(json_decrefp) json_t *answer = json_pack("{s:[]}", "responses");
	size_t at;
	json_t *one;
	json_array_foreach(json_object_get(envelope, "requests"), at, one)
	{
		int status = 0;
		json_t *body = item_of(directory, json_string_at(one, "url"), &status);
		json_array_append_new(
		    json_object_get(answer, "responses"),
		    json_pack("{s:O,s:i,s:o}", "id", json_object_get(one, "id"), "status", status, "body", body));
	}
	return json_dumps(answer, JSON_COMPACT);
}

static char *group_write(struct fake_rule *rule, const char *request)
{
	struct directory *directory = rule->context;
	char url[4096];
	directory->singles++;
	sscanf(request, "GET /v1.0%4095s", url);
	json_t *item = item_of(directory, url, &rule->status);
	char *text = json_dumps(item, JSON_COMPACT);
	json_decref(item);
	return text;
}

static const char *ids[GROUPS];
static struct connector_group_check checks[GROUPS];
static struct error errors[GROUPS];

static void stage_open(struct fake_world *world, struct directory *directory)
{
	fake_world_open(world);
	fake_world_token(world, FAKE_ROLES);
	fake_when(
	    &world->entra,
	    (struct fake_rule){
	        .method = "POST", .path = "/v1.0/$batch", .status = 200, .write = envelope_write, .context = directory});
	fake_when(&world->entra,
	          (struct fake_rule){
	              .method = "GET", .path = "/v1.0/groups/", .status = 200, .write = group_write, .context = directory});
	fake_when(&world->entra,
	          (struct fake_rule){.method = "GET", .path = "/deletedItems", .status = 404, .body = FAKE_NOT_FOUND("x")});
	for (int i = 0; i < GROUPS; i++) {
		char id[40];
		id_of(i, id);
		ids[i] = arena_strdup(world->arena, id);
	}
}

static void read_all(struct fake_world *world, size_t count)
{
	memset(checks, 0, sizeof(checks));
	world->ops->read_groups(&world->environment, &world->target, ids, count, world->arena, checks, errors);
}

static size_t manageable(void)
{
	size_t count = 0;
	for (int i = 0; i < GROUPS; i++)
		count += errors[i].result == RESULT_OK && checks[i].manageable;
	return count;
}

static void forty_five_groups_are_three_exchanges(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.missing = -1, .throttled = -1, .failing = -1};
	stage_open(&world, &directory);
	read_all(&world, GROUPS);
	assert_int_equal(directory.batches, 3);
	assert_int_equal(directory.singles, 0);
	assert_int_equal(manageable(), GROUPS);
	for (int i = 0; i < GROUPS; i++)
		assert_string_equal(checks[i].facts.group_id, ids[i]);
	fake_world_close(&world);
}

static void a_group_that_is_gone_is_named_and_the_others_are_read(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.missing = 7, .throttled = -1, .failing = 31};
	stage_open(&world, &directory);
	ids[3] = "no id";
	read_all(&world, GROUPS);
	assert_string_equal(errors[7].code, "group_missing");
	assert_string_equal(errors[3].code, "group_missing");
	assert_string_equal(errors[31].code, "graph_unavailable");
	assert_true(errors[31].retryable);
	assert_int_equal(directory.singles, 1);
	assert_int_equal(manageable(), GROUPS - 3);
	fake_world_close(&world);
}

static void a_throttled_group_waits_and_is_not_asked_for_again(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.missing = -1, .throttled = 7, .failing = -1};
	stage_open(&world, &directory);
	read_all(&world, GROUPS);
	assert_string_equal(errors[7].code, "graph_throttled");
	assert_int_equal(errors[7].result, RESULT_THROTTLED);
	assert_int_equal(directory.singles, 0);
	assert_int_equal(manageable(), GROUPS - 1);
	fake_world_close(&world);
}

static void where_no_batch_is_taken_each_group_is_read_by_itself(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.missing = 7, .throttled = -1, .failing = -1, .no_batches = true};
	stage_open(&world, &directory);
	read_all(&world, GROUPS);
	assert_int_equal(manageable(), GROUPS - 1);
	assert_string_equal(errors[7].code, "group_missing");
	assert_int_equal(directory.singles, GROUPS);
	fake_world_close(&world);
}

static void an_operators_limit_is_kept_for_each_of_many(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.missing = -1, .throttled = -1, .failing = -1};
	stage_open(&world, &directory);
	world.environment.bindable_groups = "prefix:AI";
	read_all(&world, GROUPS);
	for (int i = 0; i < GROUPS; i++)
		assert_string_equal(checks[i].code, i % 2 == 0 ? "group_ok" : "group_not_allowed");
	fake_world_close(&world);
}

static void a_directory_that_does_not_answer_is_asked_one_round(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST", .path = "/v1.0/$batch", .hang_up = true, .status = 200});
	for (int i = 0; i < GROUPS; i++)
		ids[i] = FAKE_GROUP;
	read_all(&world, GROUPS);
	for (int i = 0; i < GROUPS; i++) {
		assert_string_equal(errors[i].code, "graph_unreachable");
		assert_true(errors[i].retryable);
	}
	assert_int_equal(fake_count(&world.entra, "POST", "/$batch"), 3);
	fake_world_close(&world);
}

static void a_failed_allocation_is_a_failure_and_not_a_manageable_group(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.missing = 7, .throttled = -1, .failing = -1};
	stage_open(&world, &directory);
	read_all(&world, 25);
	for (uint64_t nth = 1; nth < 200; nth += fake_stride()) {
		memory_fail_nth(nth);
		read_all(&world, 25);
		memory_fail_nth(0);
		for (int i = 0; i < 25; i++)
			assert_true(errors[i].result != RESULT_OK || text_equal(checks[i].code, "group_ok"));
		assert_true(errors[7].result != RESULT_OK);
	}
	fake_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forty_five_groups_are_three_exchanges),
	    cmocka_unit_test(a_group_that_is_gone_is_named_and_the_others_are_read),
	    cmocka_unit_test(a_throttled_group_waits_and_is_not_asked_for_again),
	    cmocka_unit_test(where_no_batch_is_taken_each_group_is_read_by_itself),
	    cmocka_unit_test(an_operators_limit_is_kept_for_each_of_many),
	    cmocka_unit_test(a_directory_that_does_not_answer_is_asked_one_round),
	    cmocka_unit_test(a_failed_allocation_is_a_failure_and_not_a_manageable_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
