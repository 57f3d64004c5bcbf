/* Approvals and changes: whatever is not seen could have spoken against the grant. */
#include "call_stage.h"

/* ---- approvals ---- */

#define APPROVALS "/ex/rest/servicedeskapi/request/10042/approval?start="

static enum result approvals_read(struct approval **ret_approvals, size_t *ret_count, struct error *error)
{
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	enum result result = jira_approvals_read(jira, "10042", arena, ret_approvals, ret_count, error);
	jira_free(jira);
	return result;
}

static void the_approval_on_the_last_page_is_not_overlooked(void **state)
{
	(void)state;
	canned_add(
	    &server, "GET", APPROVALS "0&limit=50", 200,
	    "{\"isLastPage\":false,\"values\":[{\"id\":\"1\",\"finalDecision\":\"approved\",\"approvers\":[{\"approver\":"
	    "{\"accountId\":\"qm:a\"},\"approverDecision\":\"approved\"}],\"createdDate\":{\"epochMillis\":1000},"
	    "\"completedDate\":{\"iso8601\":\"1970-01-01T00:00:02+0000\"}}]}");
	canned_add(
	    &server, "GET", APPROVALS "1&limit=50", 200,
	    "{\"isLastPage\":\"false\",\"values\":[{\"id\":\"1\",\"finalDecision\":\"approved\",\"createdDate\":"
	    "{\"epochMillis\":1000}},{\"id\":2,\"finalDecision\":\"declined\",\"createdDate\":{\"epochMillis\":3000}}]}");
	canned_add(&server, "GET", APPROVALS "3&limit=50", 200,
	           "{\"isLastPage\":true,\"values\":[{\"id\":\"3\",\"finalDecision\":\"pending\",\"createdDate\":"
	           "{\"jira\":\"1970-01-01T00:00:04.000+0000\"}}]}");
	struct approval *approvals = NULL;
	size_t count = 0;
	assert_int_equal(approvals_read(&approvals, &count, NULL), RESULT_OK);
	assert_int_equal(count, 3);
	assert_int_equal(approvals[0].final_decision, APPROVAL_APPROVED);
	assert_int_equal(approvals[0].completed_at, 2000);
	assert_int_equal(approvals[0].approver_count, 1);
	assert_string_equal(approvals[0].approvers[0].account_id, "qm:a");
	assert_int_equal(approvals[0].approvers[0].decision, APPROVAL_APPROVED);
	assert_string_equal(approvals[1].approval_id, "2");
	assert_int_equal(approvals[1].final_decision, APPROVAL_DECLINED);
	assert_int_equal(approvals[2].final_decision, APPROVAL_PENDING);
	assert_int_equal(approvals[2].created_at, 4000);
}

static void an_issue_that_is_no_service_request_has_no_approvals(void **state)
{
	(void)state;
	struct approval *approvals = NULL;
	size_t count = 7;
	canned_add(&server, "GET", APPROVALS "0&limit=50", 404, "{}");
	assert_int_equal(approvals_read(&approvals, &count, NULL), RESULT_OK);
	assert_int_equal(count, 0);
}

static void an_empty_page_ends_the_approvals(void **state)
{
	(void)state;
	struct approval *approvals = NULL;
	size_t count = 7;
	canned_add(&server, "GET", APPROVALS "0&limit=50", 200, "{\"isLastPage\":false,\"values\":[]}");
	assert_int_equal(approvals_read(&approvals, &count, NULL), RESULT_OK);
	assert_int_equal(count, 0);
}

static void what_cannot_be_read_as_approvals_never_reads_as_none(void **state)
{
	(void)state;
	static const char *const bodies[] = {
	    "{}",
	    "[]",
	    "{\"values\":{}}",
	    "{\"values\":[7]}",
	    "{\"values\":[null]}",
	    "{\"values\":[{}]}",
	    "{\"values\":[{\"id\":\"1\",\"finalDecision\":\"approved\"}]}",
	    "{\"values\":[{\"createdDate\":{\"epochMillis\":1}}]}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct approval *approvals = NULL;
		size_t count = 7;
		struct error error = {0};
		canned_reset(&server);
		canned_add(&server, "GET", APPROVALS "0&limit=50", 200, bodies[i]);
		assert_int_equal(approvals_read(&approvals, &count, &error), RESULT_PROTOCOL);
		assert_string_equal(error.code, "jira_bad_response");
		assert_int_equal(count, 7);
	}
}

static void words_that_are_not_known_are_no_approval(void **state)
{
	(void)state;
	static const char *const words[] = {"\"APPROVED!\"", "\"yes\"", "true", "null", "{}", "\"\"", "\"auto-approved\""};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char body[512];
		snprintf(
		    body, sizeof(body),
		    "{\"isLastPage\":true,\"values\":[{\"id\":\"1\",\"finalDecision\":%s,\"createdDate\":{\"epochMillis\":1},"
		    "\"approvers\":[{\"approver\":{\"accountId\":\"a\"},\"approverDecision\":%s},{\"approver\":7,"
		    "\"approverDecision\":\"approved\"},null]}]}",
		    words[i], words[i]);
		struct approval *approvals = NULL;
		size_t count = 0;
		canned_reset(&server);
		canned_add(&server, "GET", APPROVALS "0&limit=50", 200, body);
		assert_int_equal(approvals_read(&approvals, &count, NULL), RESULT_OK);
		assert_int_equal(count, 1);
		assert_int_equal(approvals[0].final_decision, APPROVAL_PENDING);
		assert_int_equal(approvals[0].approver_count, 3);
		for (size_t at = 0; at < 3; at++)
			assert_int_equal(approvals[0].approvers[at].decision, APPROVAL_PENDING);
	}
}

static void approvals_without_end_are_given_up_and_not_cut(void **state)
{
	(void)state;
	struct approval *approvals = NULL;
	size_t count = 7;
	static char targets[101][128];
	for (int i = 0; i < 60; i++) {
		snprintf(targets[i], sizeof(targets[i]), APPROVALS "%d&limit=50", i);
		canned_add(&server, "GET", targets[i], 200,
		           "{\"values\":[{\"id\":\"1\",\"finalDecision\":\"approved\",\"createdDate\":{\"epochMillis\":1}}]}");
	}
	/* The answers end at 60, with a 500: nothing of what came before is taken for the whole. */
	assert_int_equal(approvals_read(&approvals, &count, NULL), RESULT_UNAVAILABLE);
	assert_int_equal(count, 7);
}

/* ---- changes ---- */

#define CHANGES "/ex/rest/api/3/issue/10042/changelog?startAt="

static enum result changes_read(struct issue_change **ret_changes, size_t *ret_count)
{
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	enum result result = jira_changes_read(jira, "10042", arena, ret_changes, ret_count, NULL);
	jira_free(jira);
	return result;
}

static void every_page_of_the_history_is_read_oldest_first(void **state)
{
	(void)state;
	canned_add(&server, "GET", CHANGES "0&maxResults=100", 200,
	           "{\"isLast\":false,\"total\":3,\"values\":[{\"id\":\"12\",\"author\":{\"accountId\":\"a\"},\"created\":"
	           "\"2026-11-23T09:31:00.000+0000\",\"items\":[{\"field\":\"Status\",\"fieldId\":\"status\",\"fieldtype\":"
	           "\"jira\","
	           "\"from\":\"1\",\"to\":\"3\",\"fromString\":\"Open\",\"toString\":\"Approved\"},{\"field\":\"x\"}]},"
	           "{\"id\":\"11\",\"created\":\"2026-11-23T09:30:00.000+0000\",\"items\":[]}]}");
	canned_add(
	    &server, "GET", CHANGES "2&maxResults=100", 200,
	    "{\"isLast\":true,\"total\":3,\"values\":[{\"id\":9,\"created\":\"2026-11-23T09:31:00.000+0000\",\"items\":["
	    "{\"field\":\"Tool\",\"fieldId\":\"customfield_10050\",\"fieldtype\":\"custom\",\"to\":7}]}]}");
	struct issue_change *changes = NULL;
	size_t count = 0;
	assert_int_equal(changes_read(&changes, &count), RESULT_OK);
	assert_int_equal(count, 3);
	assert_string_equal(changes[0].history_id, "9");
	assert_string_equal(changes[0].to, "7");
	assert_true(changes[0].custom);
	assert_null(changes[0].author_account_id);
	assert_string_equal(changes[1].field_id, "status");
	assert_string_equal(changes[1].to_text, "Approved");
	assert_string_equal(changes[1].author_account_id, "a");
	assert_null(changes[2].field_id);
	assert_true(changes[2].custom); /* of a kind that was not told */
	assert_false(changes[1].custom);
}

static void a_change_that_cannot_be_read_is_not_skipped(void **state)
{
	(void)state;
	static const char *const bodies[] = {
	    "{}",
	    "{\"values\":7}",
	    "{\"isLast\":true,\"values\":[7]}",
	    "{\"isLast\":true,\"values\":[{\"id\":\"1\",\"items\":{}}]}",
	    "{\"isLast\":true,\"values\":[{\"id\":\"1\",\"items\":[{\"field\":\"x\"}]}]}",
	    "{\"isLast\":true,\"values\":[{\"created\":\"2026-11-23T09:31:00.000+0000\",\"items\":[{\"field\":\"x\"}]}]}",
	    "{\"isLast\":true,\"values\":[{\"id\":\"1\",\"created\":\"2026-11-23T09:31:00.000+0000\",\"items\":[7]}]}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct issue_change *changes = NULL;
		size_t count = 7;
		canned_reset(&server);
		canned_add(&server, "GET", CHANGES "0&maxResults=100", 200, bodies[i]);
		assert_int_equal(changes_read(&changes, &count), RESULT_PROTOCOL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(the_approval_on_the_last_page_is_not_overlooked),
	    CASE(an_issue_that_is_no_service_request_has_no_approvals),
	    CASE(an_empty_page_ends_the_approvals),
	    CASE(what_cannot_be_read_as_approvals_never_reads_as_none),
	    CASE(words_that_are_not_known_are_no_approval),
	    CASE(approvals_without_end_are_given_up_and_not_cut),
	    CASE(every_page_of_the_history_is_read_oldest_first),
	    CASE(a_change_that_cannot_be_read_is_not_skipped),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
