/* The Entra side: what the product is tested against must itself be right. */
#include "drive_entra.h"

#define GROUP "/v1.0/groups/90000000-0000-4000-8000-000000000001"
static const char *link_to(int number, char out[160])
{
	snprintf(out, 160, SANDBOX_GRAPH "/v1.0/directoryObjects/c0000000-0000-4000-8000-%012d", number);
	return out;
}

static int add(struct drive *drive, int number)
{
	char link[160];
	char body[256];
	snprintf(body, sizeof(body), "{\"@odata.id\":\"%s\"}", link_to(number, link));
	return drive_call(drive, "POST", GROUP "/members/$ref", body);
}

static size_t members(struct drive *drive)
{
	assert_int_equal(drive_call(drive, "GET", GROUP "/members?$top=999", NULL), 200);
	return json_array_size(json_object_get(drive->reply.json, "value"));
}

static void a_wrong_secret_is_refused_as_entra_does(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(token_ask(drive, "wrong"), 401);
	assert_string_equal(drive_string(drive, "error"), "invalid_client");
	assert_int_equal(json_integer_value(json_array_get(json_object_get(drive->reply.json, "error_codes"), 0)), 7000215);
}

static void a_second_add_is_the_documented_error(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(add(drive, 1), 204);
	assert_int_equal(add(drive, 1), 400);
	assert_string_equal(drive_string(drive, "error.code"), "Request_BadRequest");
	assert_non_null(strstr(drive_string(drive, "error.message"), "already exist"));
	assert_int_equal(members(drive), 1);
}

static void a_patch_with_one_bad_link_adds_nobody(void **state)
{
	struct drive *drive = *state;
	char first[160];
	char second[160];
	char body[512];
	assert_int_equal(add(drive, 1), 204);
	snprintf(body, sizeof(body), "{\"members@odata.bind\":[\"%s\",\"%s\"]}", link_to(2, first), link_to(1, second));
	assert_int_equal(drive_call(drive, "PATCH", GROUP, body), 400);
	assert_int_equal(members(drive), 1);
}

static void a_delete_without_ref_is_refused_and_counted(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(add(drive, 1), 204);
	assert_int_equal(drive_call(drive, "DELETE", GROUP "/members/c0000000-0000-4000-8000-000000000001", NULL), 403);
	assert_int_equal(drive->sandbox.directory.danger, 1);
	assert_int_equal(members(drive), 1);
}

static void pages_reach_everybody_once_though_somebody_leaves(void **state)
{
	struct drive *drive = *state;
	char target[512] = GROUP "/members?$top=2";
	size_t seen = 0;
	for (int i = 1; i <= 6; i++)
		assert_int_equal(add(drive, i), 204);
	for (int page = 0; target[0] && page < 10; page++) {
		assert_int_equal(drive_call(drive, "GET", target, NULL), 200);
		seen += json_array_size(json_object_get(drive->reply.json, "value"));
		const char *next = json_string_value(json_object_get(drive->reply.json, "@odata.nextLink"));
		snprintf(target, sizeof(target), "%s", next ? next + strlen("http://127.0.0.1:1") : "");
		/* Whoever ended the first page leaves: the next page must still begin behind them. */
		if (page == 0)
			drive_call(drive, "DELETE", GROUP "/members/c0000000-0000-4000-8000-000000000002/$ref", NULL);
	}
	assert_int_equal(seen, 6);
}

static void a_read_lags_behind_a_write_when_asked_to(void **state)
{
	struct drive *drive = *state;
	drive->sandbox.faults.replication_ms = 60000;
	assert_int_equal(add(drive, 1), 204);
	assert_int_equal(members(drive), 0);
	assert_int_equal(add(drive, 1), 400);
	drive->sandbox.faults.clock_offset_ms = 61000;
	assert_int_equal(members(drive), 1);
}

static void writes_over_the_quota_are_throttled(void **state)
{
	struct drive *drive = *state;
	drive->sandbox.faults.throttle.writes = 2;
	assert_int_equal(add(drive, 1), 204);
	assert_int_equal(add(drive, 2), 204);
	assert_int_equal(add(drive, 3), 429);
	assert_non_null(json_object_get(drive->reply.headers, "Retry-After"));
	assert_int_equal(members(drive), 2);
}

static void a_token_without_consent_may_do_nothing(void **state)
{
	struct drive *drive = *state;
	json_array_clear(json_object_get(drive->sandbox.directory.application, "permissions"));
	sign_in(drive);
	assert_int_equal(drive_call(drive, "GET", "/v1.0/users", NULL), 403);
	assert_string_equal(drive_string(drive, "error.code"), "Authorization_RequestDenied");
}

static void filters_find_what_they_name(void **state)
{
	static const struct {
		const char *filter;
		int status;
		size_t found;
	} cases[] = {
	    {"mail%20eq%20'TWINS@contoso.example'", 200, 2},
	    {"userPrincipalName%20eq%20'fay.o''brien@contoso.example'", 200, 1},
	    {"proxyAddresses/any(p:p%20eq%20'smtp:jo@contoso.example')", 200, 1},
	    {"otherMails/any(m:m%20eq%20'kim@home.example')", 200, 1},
	    {"(startswith(displayName,'Ada')%20or%20startswith(displayName,'Ben'))%20and%20accountEnabled%20eq%20true", 200,
	     2},
	    {"id%20in%20('a0000000-0000-4000-8000-000000000001','a0000000-0000-4000-8000-000000000002')", 200, 2},
	    {"userType%20eq%20'Guest'", 200, 1},
	    {"userType%20ne%20'Member'", 400, 0},
	    {"mail%20eq%20'unterminated", 400, 0},
	    {"nope%20eq%20'x'", 400, 0},
	};
	struct drive *drive = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char target[512];
		snprintf(target, sizeof(target), "/v1.0/users?$filter=%s", cases[i].filter);
		assert_int_equal(drive_call(drive, "GET", target, NULL), cases[i].status);
		assert_int_equal(json_array_size(json_object_get(drive->reply.json, "value")), cases[i].found);
	}
}

static void a_batch_answers_each_item_for_itself(void **state)
{
	struct drive *drive = *state;
	const char *body = "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/users/ada@contoso.example\"},"
	                   "{\"id\":\"2\",\"method\":\"GET\",\"url\":\"/users/nobody\"},"
	                   "{\"id\":\"3\",\"method\":\"GET\",\"url\":\"/users\",\"dependsOn\":[\"2\"]}]}";
	int found = 0;
	size_t index;
	json_t *response;
	assert_int_equal(drive_call(drive, "POST", "/v1.0/$batch", body), 200);
	json_array_foreach(json_object_get(drive->reply.json, "responses"), index, response)
	{
		int status = (int)json_integer_at(response, "status", 0);
		found += text_equal(json_string_at(response, "id"), "1") && status == 200;
		found += text_equal(json_string_at(response, "id"), "2") && status == 404;
		found += text_equal(json_string_at(response, "id"), "3") && status == 424;
	}
	assert_int_equal(found, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_wrong_secret_is_refused_as_entra_does, start, stop),
	    cmocka_unit_test_setup_teardown(a_second_add_is_the_documented_error, start, stop),
	    cmocka_unit_test_setup_teardown(a_patch_with_one_bad_link_adds_nobody, start, stop),
	    cmocka_unit_test_setup_teardown(a_delete_without_ref_is_refused_and_counted, start, stop),
	    cmocka_unit_test_setup_teardown(pages_reach_everybody_once_though_somebody_leaves, start, stop),
	    cmocka_unit_test_setup_teardown(a_read_lags_behind_a_write_when_asked_to, start, stop),
	    cmocka_unit_test_setup_teardown(writes_over_the_quota_are_throttled, start, stop),
	    cmocka_unit_test_setup_teardown(a_token_without_consent_may_do_nothing, start, stop),
	    cmocka_unit_test_setup_teardown(filters_find_what_they_name, start, stop),
	    cmocka_unit_test_setup_teardown(a_batch_answers_each_item_for_itself, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
