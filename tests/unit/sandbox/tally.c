/* What the bench counts calls by. */
#include "drive_entra.h"

#include "request_log.h"

#define GROUP "/groups/90000000-0000-4000-8000-000000000001"
#define USER "https://graph.microsoft.com/v1.0/directoryObjects/a0000000-0000-4000-8000-000000000001"

static int64_t tallied(struct drive *drive, const char *kind)
{
	json_t *log = request_log_list(&drive->sandbox, 0);
	int64_t items = json_integer_at(json_object_get(json_object_get(log, "tally"), kind), "items", 0);
	json_decref(log);
	return items;
}

static void a_look_after_a_write_is_told_from_one_before_it(void **state)
{
	static const char batch[] =
	    "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"" GROUP "/members?$select=id\"},"
	    "{\"id\":\"2\",\"dependsOn\":[\"1\"],\"method\":\"PATCH\",\"url\":\"" GROUP "\",\"headers\":{\"Content-Type\":"
	    "\"application/json\"},\"body\":{\"members@odata.bind\":[\"" USER "\"]}},"
	    "{\"id\":\"3\",\"dependsOn\":[\"2\"],\"method\":\"GET\",\"url\":\"" GROUP "/members?$select=id\"},"
	    "{\"id\":\"4\",\"dependsOn\":[\"3\"],\"method\":\"GET\",\"url\":\"" GROUP "/members?$select=id\"}]}";
	struct drive *drive = *state;
	assert_int_equal(drive_call(drive, "POST", "/v1.0/$batch", batch), 200);
	assert_int_equal(tallied(drive, "PATCH groups/{}"), 1);
	assert_int_equal(tallied(drive, "GET groups/{}/members after a write"), 1);
	assert_int_equal(tallied(drive, "GET groups/{}/members before a write"), 2);
}

static void the_tally_goes_with_the_log(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(
	    drive_call(drive, "POST", "/v1.0/$batch",
	               "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/users/nobody@x.example\"}]}"),
	    200);
	assert_int_equal(tallied(drive, "GET users/{}"), 1);
	request_log_reset(&drive->sandbox);
	assert_int_equal(tallied(drive, "GET users/{}"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_look_after_a_write_is_told_from_one_before_it, start, stop),
	    cmocka_unit_test_setup_teardown(the_tally_goes_with_the_log, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
