/* The Jira side: approvals must be Jira's, and nobody else's. */
#include "drive.h"

#include "jira.h"
#include "jira_webhook.h"

#define ISSUE "/rest/api/3/issue/AIC-1"
#define REQUEST "/rest/servicedeskapi/request/AIC-1"

static int stop(void **state)
{
	struct drive *drive = *state;
	pthread_mutex_lock(&drive->sandbox.lock);
	drive->sandbox.stopping = true;
	pthread_cond_broadcast(&drive->sandbox.wake);
	pthread_mutex_unlock(&drive->sandbox.lock);
	webhooks_stop(&drive->sandbox);
	reply_done(&drive->reply);
	json_decref(drive->headers);
	arena_free(drive->arena);
	sandbox_stop(&drive->sandbox);
	return 0;
}

static void as(struct drive *drive, const char *nick)
{
	char header[80];
	snprintf(header, sizeof(header), "Bearer sandbox-jira-%s", nick);
	drive_header(drive, "authorization", header);
}

static int start(void **state)
{
	drive_start(state);
	struct drive *drive = *state;
	drive->handler = jira_handle;
	as(drive, "ada");
	return drive_call(drive, "POST", "/rest/servicedeskapi/request",
	                  "{\"serviceDeskId\":\"10\",\"requestTypeId\":\"25\",\"requestFieldValues\":"
	                  "{\"customfield_10050\":{\"value\":\"Test Tool\"},\"customfield_10052\":30}}") == 201
	           ? 0
	           : -1;
}

static int answer(struct drive *drive, const char *nick, const char *decision)
{
	char target[160];
	char body[64];
	const json_t *approvals = json_object_get(issue_find(&drive->sandbox, "AIC-1"), "approvals");
	snprintf(target, sizeof(target), REQUEST "/approval/%s",
	         json_string_at(json_array_get(approvals, json_array_size(approvals) - 1), "id"));
	snprintf(body, sizeof(body), "{\"decision\":\"%s\"}", decision);
	as(drive, nick);
	return drive_call(drive, "POST", target, body);
}

static const char *status_of(struct drive *drive)
{
	return issue_string(issue_find(&drive->sandbox, "AIC-1"), "status");
}

static void only_an_assigned_approver_can_approve_and_only_once(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(answer(drive, "dan", "approve"), 403);
	assert_string_equal(status_of(drive), STATUS_WAITING);
	assert_int_equal(answer(drive, "ben", "approve"), 200);
	assert_non_null(drive_string(drive, "completedDate.iso8601"));
	assert_string_equal(status_of(drive), STATUS_APPROVED);
	assert_int_equal(answer(drive, "cleo", "decline"), 409);
}

static void the_second_stage_holds_the_status_back(void **state)
{
	struct drive *drive = *state;
	json_object_set_new(drive->sandbox.site.settings, "stages", json_integer(2));
	assert_int_equal(answer(drive, "ben", "approve"), 200);
	assert_string_equal(status_of(drive), STATUS_WAITING);
	assert_int_equal(answer(drive, "cleo", "approve"), 200);
	assert_string_equal(status_of(drive), STATUS_APPROVED);
}

static void a_status_moved_by_hand_leaves_the_approval_pending(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(drive_call(drive, "POST", ISSUE "/transitions", "{\"transition\":{\"id\":\"11\"}}"), 204);
	assert_string_equal(status_of(drive), STATUS_APPROVED);
	assert_int_equal(drive_call(drive, "GET", REQUEST "/approval", NULL), 200);
	assert_string_equal(
	    json_string_at(json_array_get(json_object_get(drive->reply.json, "values"), 0), "finalDecision"), "pending");
}

static void the_history_names_who_moved_the_status(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(answer(drive, "ben", "approve"), 200);
	assert_int_equal(drive_call(drive, "GET", ISSUE "/changelog", NULL), 200);
	const json_t *history = json_array_get(json_object_get(drive->reply.json, "values"), 0);
	assert_string_equal(json_string_at(history, "author.displayName"), "Ben Approver");
	assert_string_equal(json_string_at(json_array_get(json_object_get(history, "items"), 0), "fieldId"), "status");
}

static void rounds_make_more_approvals_than_one_page_holds(void **state)
{
	struct drive *drive = *state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(answer(drive, "ben", "approve"), 200);
		assert_int_equal(drive_call(drive, "POST", ISSUE "/transitions", "{\"transition\":{\"id\":\"41\"}}"), 204);
	}
	assert_int_equal(drive_call(drive, "GET", REQUEST "/approval", NULL), 200);
	assert_int_equal(json_integer_at(drive->reply.json, "size", 0), 2);
	assert_false(json_bool_at(drive->reply.json, "isLastPage", true));
	assert_non_null(drive_string(drive, "_links.next"));
	assert_int_equal(drive_call(drive, "GET", REQUEST "/approval?start=2", NULL), 200);
	assert_true(json_bool_at(drive->reply.json, "isLastPage", false));
}

static void a_search_without_fields_gives_ids_alone(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(
	    drive_call(drive, "POST", "/rest/api/3/search/jql", "{\"jql\":\"project = AIC AND updated >= -5m\"}"), 200);
	const json_t *issue = json_array_get(json_object_get(drive->reply.json, "issues"), 0);
	assert_string_equal(json_string_at(issue, "id"), "10001");
	assert_null(json_object_get(issue, "fields"));
	assert_int_equal(drive_call(drive, "POST", "/rest/api/3/search/jql", "{\"jql\":\"order by updated\"}"), 400);
}

static void nobody_gets_in_without_a_token(void **state)
{
	struct drive *drive = *state;
	drive_header(drive, "authorization", "Bearer wrong");
	assert_int_equal(drive_call(drive, "GET", ISSUE, NULL), 401);
}

static void a_lost_event_is_not_sent_and_a_held_one_waits(void **state)
{
	struct drive *drive = *state;
	json_t *wanted = json_pack("{s:s,s:i,s:b}", "url", "http://127.0.0.1:9/", "lose", 1, "hold", 1);
	pthread_mutex_lock(&drive->sandbox.lock);
	webhooks_configure(&drive->sandbox, wanted);
	pthread_mutex_unlock(&drive->sandbox.lock);
	json_decref(wanted);
	assert_int_equal(drive_call(drive, "PUT", ISSUE, "{\"fields\":{\"customfield_10052\":60}}"), 204);
	assert_int_equal(json_array_size(drive->sandbox.webhooks.queue), 0);
	assert_int_equal(drive_call(drive, "PUT", ISSUE, "{\"fields\":{\"customfield_10052\":90}}"), 204);
	assert_int_equal(json_array_size(drive->sandbox.webhooks.queue), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(only_an_assigned_approver_can_approve_and_only_once, start, stop),
	    cmocka_unit_test_setup_teardown(the_second_stage_holds_the_status_back, start, stop),
	    cmocka_unit_test_setup_teardown(a_status_moved_by_hand_leaves_the_approval_pending, start, stop),
	    cmocka_unit_test_setup_teardown(the_history_names_who_moved_the_status, start, stop),
	    cmocka_unit_test_setup_teardown(rounds_make_more_approvals_than_one_page_holds, start, stop),
	    cmocka_unit_test_setup_teardown(a_search_without_fields_gives_ids_alone, start, stop),
	    cmocka_unit_test_setup_teardown(nobody_gets_in_without_a_token, start, stop),
	    cmocka_unit_test_setup_teardown(a_lost_event_is_not_sent_and_a_held_one_waits, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
