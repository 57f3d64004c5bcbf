/* One exchange with Jira: what is asked, how it is authorised, what its failures mean. */
#include "call_stage.h"

#define ISSUE_FIELDS                                                                                                   \
	"?fields=status,reporter,project,created,updated,customfield_10050,customfield_10051,customfield_10052"
#define ISSUE "/ex/rest/api/3/issue/10042" ISSUE_FIELDS

static enum result issue_read(struct issue *ret_issue, struct error *error)
{
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	struct intake_settings settings = settings_of();
	enum result result = jira_issue_read(jira, "10042", &settings, arena, ret_issue, error);
	jira_free(jira);
	return result;
}

static void an_issue_is_read_with_the_fields_that_the_settings_name(void **state)
{
	(void)state;
	canned_add(
	    &server, "GET", ISSUE, 200,
	    "{\"id\":\"10042\",\"key\":\"AIC-7\",\"fields\":{\"project\":{\"key\":\"AIC\"},"
	    "\"status\":{\"id\":\"3\",\"name\":\"Waiting for approval\"},\"reporter\":{\"accountId\":\"qm:a:b\"},"
	    "\"customfield_10050\":{\"value\":\"chatgpt\"},\"customfield_10051\":\"to write\",\"customfield_10052\":30,"
	    "\"created\":\"2026-11-23T09:30:00.000+0000\",\"updated\":\"2026-11-23T09:31:00.000+0000\"}}");
	struct issue issue = {0};
	assert_int_equal(issue_read(&issue, NULL), RESULT_OK);
	assert_string_equal(issue.issue_id, "10042");
	assert_string_equal(issue.key, "AIC-7");
	assert_string_equal(issue.project_key, "AIC");
	assert_string_equal(issue.status_id, "3");
	assert_string_equal(issue.status_name, "Waiting for approval");
	assert_string_equal(issue.reporter, "qm:a:b");
	assert_string_equal(issue.beneficiary, "qm:a:b");
	assert_string_equal(issue.tool_text, "chatgpt");
	assert_string_equal(issue.purpose, "to write");
	assert_string_equal(issue.duration_text, "30");
	assert_null(issue.request_type_id);
	assert_int_equal(issue.updated_at - issue.created_at, 60000);
	assert_string_equal(server.authorization, "Basic Ym90QGV4YW1wbGUuY29tOnQwa2Vu");
}

static void an_issue_of_wrong_types_is_read_as_empty(void **state)
{
	(void)state;
	canned_add(&server, "GET", ISSUE, 200,
	           "{\"id\":10042,\"key\":\"AIC-7\",\"fields\":{\"project\":[],\"status\":\"Open\",\"reporter\":null,"
	           "\"customfield_10050\":[],\"customfield_10051\":7,\"customfield_10052\":{},\"created\":5}}");
	struct issue issue = {0};
	assert_int_equal(issue_read(&issue, NULL), RESULT_OK);
	assert_string_equal(issue.issue_id, "10042");
	assert_string_equal(issue.project_key, "AIC");
	assert_null(issue.reporter);
	assert_null(issue.beneficiary);
	assert_null(issue.tool_text);
	assert_null(issue.duration_text);
	assert_null(issue.status_id);
}

static void an_issue_that_cannot_be_understood_is_no_issue(void **state)
{
	(void)state;
	static const char *const bodies[] = {"[]", "{}", "{\"id\":\"1\",\"key\":\"A-1\"}", "{\"fields\":{}}", "<html>", ""};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct error error = {0};
		struct issue issue = {0};
		canned_reset(&server);
		canned_add(&server, "GET", ISSUE, 200, bodies[i]);
		assert_int_equal(issue_read(&issue, &error), RESULT_PROTOCOL);
		assert_string_equal(error.code, "jira_bad_response");
	}
}

static void each_failure_of_jira_has_its_code(void **state)
{
	(void)state;
	static const struct {
		int status;
		enum result result;
		const char *code;
		bool retryable;
	} failures[] = {
	    {401, RESULT_DENIED, "jira_denied", false},          {403, RESULT_DENIED, "jira_denied", false},
	    {404, RESULT_NOT_FOUND, "issue_gone", false},        {429, RESULT_THROTTLED, "jira_throttled", true},
	    {500, RESULT_UNAVAILABLE, "jira_unavailable", true}, {503, RESULT_UNAVAILABLE, "jira_unavailable", true},
	    {302, RESULT_PROTOCOL, "jira_bad_response", false},  {400, RESULT_PROTOCOL, "jira_bad_response", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct error error = {0};
		struct issue issue = {0};
		canned_reset(&server);
		canned_add(&server, "GET", ISSUE, failures[i].status, "{\"errorMessages\":[\"the secret words\"]}");
		assert_int_equal(issue_read(&issue, &error), failures[i].result);
		assert_string_equal(error.code, failures[i].code);
		assert_int_equal(error.retryable, failures[i].retryable);
		assert_null(strstr(error.detail, "secret"));
		assert_int_equal(server.asked, 1);
	}
}

static void jiras_wish_to_be_left_alone_is_heeded(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_BEARER);
	struct intake_settings settings = settings_of();
	struct issue issue = {0};
	struct error error = {0};
	canned_add(&server, "GET", ISSUE, 429, "{}")->headers =
	    "Retry-After: 7\r\nRateLimit-Reason: jira-quota-tenant-based\r\n";
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, &error), RESULT_THROTTLED);
	assert_int_equal(error.retry_after_ms, 7000);
	assert_string_equal(server.authorization, "Bearer t0ken");
	clock_manual_advance(&manual, 6000);
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, &error), RESULT_THROTTLED);
	assert_int_equal(error.retry_after_ms, 1000);
	assert_int_equal(server.asked, 1);
	clock_manual_advance(&manual, 1000);
	canned_add(&server, "GET", ISSUE, 429, "{}")->headers = "Retry-After: 9\r\nRateLimit-Reason: jira-burst-based\r\n";
	canned_add(&server, "GET", ISSUE, 404, "{}");
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, &error), RESULT_THROTTLED);
	assert_int_equal(error.retry_after_ms, 9000);
	/* A burst is about that call: another is not held back. */
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, &error), RESULT_NOT_FOUND);
	jira_free(jira);
}

static void a_request_type_is_asked_only_where_it_matters(void **state)
{
	(void)state;
	static const char *const types[] = {"25", NULL};
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	struct intake_settings settings = settings_of();
	settings.request_type_ids = types;
	static const char body[] = "{\"id\":\"10042\",\"key\":\"AIC-7\",\"fields\":{}}";
	struct issue issue = {0};
	canned_add(&server, "GET", ISSUE, 200, body)->again = true;
	canned_add(&server, "GET", "/ex/rest/servicedeskapi/request/10042", 200, "{\"requestTypeId\":\"25\"}");
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, NULL), RESULT_OK);
	assert_string_equal(issue.request_type_id, "25");
	canned_add(&server, "GET", "/ex/rest/servicedeskapi/request/10042", 404, "{}");
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, NULL), RESULT_OK);
	assert_null(issue.request_type_id);
	jira_free(jira);
}

/* ---- OAuth ---- */

static void a_token_is_fetched_once_and_again_before_it_ends(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_OAUTH);
	struct intake_settings settings = settings_of();
	struct issue issue = {0};
	canned_add(&server, "GET", ISSUE, 404, "{}")->again = true;
	canned_add(&server, "POST", "/oauth/token", 200, "{\"access_token\":\"one\",\"expires_in\":3600}");
	canned_add(&server, "POST", "/oauth/token", 200, "{\"access_token\":\"two\",\"expires_in\":3600}");
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, NULL), RESULT_NOT_FOUND);
	assert_string_equal(server.authorization, "Bearer one");
	assert_string_equal(server.body, "grant_type=client_credentials&client_id=id%261&client_secret=t0ken");
	clock_manual_advance(&manual, 54 * 60 * 1000);
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, NULL), RESULT_NOT_FOUND);
	assert_string_equal(server.authorization, "Bearer one");
	clock_manual_advance(&manual, 61 * 1000);
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, NULL), RESULT_NOT_FOUND);
	assert_string_equal(server.authorization, "Bearer two");
	assert_int_equal(canned_asked(&server, "POST /oauth/token"), 2);
	jira_free(jira);
}

static void a_token_that_jira_refuses_is_replaced_once(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_OAUTH);
	struct intake_settings settings = settings_of();
	struct issue issue = {0};
	struct error error = {0};
	canned_add(&server, "GET", ISSUE, 401, "{}");
	canned_add(&server, "GET", ISSUE, 404, "{}");
	canned_add(&server, "POST", "/oauth/token", 200, "{\"access_token\":\"one\"}");
	canned_add(&server, "POST", "/oauth/token", 200, "{\"access_token\":\"two\"}");
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, &error), RESULT_NOT_FOUND);
	assert_string_equal(server.authorization, "Bearer two");
	canned_add(&server, "GET", ISSUE, 401, "{}")->again = true;
	canned_add(&server, "POST", "/oauth/token", 200, "{\"access_token\":\"three\"}");
	assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, &error), RESULT_DENIED);
	assert_int_equal(canned_asked(&server, "POST /oauth/token"), 3);
	jira_free(jira);
}

static void a_refused_client_is_denied_and_its_secret_not_told(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
		enum result result;
	} answers[] = {
	    {401, "{\"error\":\"access_denied\",\"hint\":\"t0ken\"}", RESULT_DENIED},
	    {400, "{}", RESULT_DENIED},
	    {503, "", RESULT_UNAVAILABLE},
	    {429, "", RESULT_THROTTLED},
	    {200, "{}", RESULT_PROTOCOL},
	    {200, "<html>", RESULT_PROTOCOL},
	    {200, "{\"access_token\":7}", RESULT_PROTOCOL},
	    {200, "{\"access_token\":\"a\\r\\nX: y\"}", RESULT_PROTOCOL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct jira *jira = jira_of(JIRA_AUTH_OAUTH);
		struct intake_settings settings = settings_of();
		struct issue issue = {0};
		struct error error = {0};
		canned_reset(&server);
		canned_add(&server, "POST", "/oauth/token", answers[i].status, answers[i].body);
		assert_int_equal(jira_issue_read(jira, "10042", &settings, arena, &issue, &error), answers[i].result);
		assert_null(strstr(error.detail, "t0ken"));
		assert_int_equal(server.asked, 1);
		jira_free(jira);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_issue_is_read_with_the_fields_that_the_settings_name),
	    CASE(an_issue_of_wrong_types_is_read_as_empty),
	    CASE(an_issue_that_cannot_be_understood_is_no_issue),
	    CASE(each_failure_of_jira_has_its_code),
	    CASE(jiras_wish_to_be_left_alone_is_heeded),
	    CASE(a_request_type_is_asked_only_where_it_matters),
	    CASE(a_token_is_fetched_once_and_again_before_it_ends),
	    CASE(a_token_that_jira_refuses_is_replaced_once),
	    CASE(a_refused_client_is_denied_and_its_secret_not_told),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
