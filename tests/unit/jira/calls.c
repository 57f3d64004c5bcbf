/* Jira's REST, played by a server with written answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "jira/jira.h"

#include "canned_server.h"

static struct canned_server server;
static struct http_client *http;
static struct arena *arena;
static struct clock_manual manual;

static enum result token_fetch(const struct secret_source *source, struct secret *ret_secret, struct error *error)
{
	(void)source;
	(void)error;
	return secret_new("t0ken", 5, ret_secret);
}

static const struct secret_source token_source = {.fetch = token_fetch};

static int group_setup(void **state)
{
	(void)state;
	const struct http_client_options options = {.user_agent = "test"};
	arena = arena_new((size_t)64 * 1024 * 1024);
	clock_manual_init(&manual, 1795426200000);
	return arena && canned_start(&server) && http_client_new(&options, &http, NULL) == RESULT_OK ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	http_client_free(http);
	canned_stop(&server);
	arena_free(arena);
	return 0;
}

static int reset(void **state)
{
	(void)state;
	canned_reset(&server);
	arena_reset(arena);
	return 0;
}

static struct jira *jira_of(enum jira_auth auth)
{
	static char token_url[96];
	snprintf(token_url, sizeof(token_url), "%s/oauth/token", server.url);
	static char api_url[96];
	snprintf(api_url, sizeof(api_url), "%s/ex/", server.url);
	const struct jira_options options = {
		.http = http,
		.clock = &manual.clock,
		.site_url = "https://example.atlassian.net",
		.api_url = api_url,
		.auth = auth,
		.user = "bot@example.com",
		.token = &token_source,
		.client_id = "id&1",
		.client_secret = &token_source,
		.token_url = token_url,
	};
	struct jira *jira = NULL;
	assert_int_equal(jira_new(&options, &jira, NULL), RESULT_OK);
	return jira;
}

static const char *const none[] = {NULL};

static struct intake_settings settings_of(void)
{
	struct intake_settings settings;
	intake_settings_default(&settings);
	settings.tool_field = "customfield_10050";
	settings.purpose_field = "customfield_10051";
	settings.duration_field = "customfield_10052";
	settings.request_type_ids = none;
	settings.beneficiary = "reporter";
	return settings;
}

#define ISSUE_FIELDS "?fields=status,reporter,project,created,updated,customfield_10050,customfield_10051,customfield_10052"
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
	canned_add(&server, "GET", ISSUE, 200,
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
		{401, RESULT_DENIED, "jira_denied", false},      {403, RESULT_DENIED, "jira_denied", false},
		{404, RESULT_NOT_FOUND, "issue_gone", false},    {429, RESULT_THROTTLED, "jira_throttled", true},
		{500, RESULT_UNAVAILABLE, "jira_unavailable", true}, {503, RESULT_UNAVAILABLE, "jira_unavailable", true},
		{302, RESULT_PROTOCOL, "jira_bad_response", false}, {400, RESULT_PROTOCOL, "jira_bad_response", false},
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

/* ---- OAuth -------------------------------------------------------------------------------------------------------------- */

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

/* ---- approvals ------------------------------------------------------------------------------------------------------------ */

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
	canned_add(&server, "GET", APPROVALS "0&limit=50", 200,
			   "{\"isLastPage\":false,\"values\":[{\"id\":\"1\",\"finalDecision\":\"approved\",\"approvers\":[{\"approver\":"
			   "{\"accountId\":\"qm:a\"},\"approverDecision\":\"approved\"}],\"createdDate\":{\"epochMillis\":1000},"
			   "\"completedDate\":{\"iso8601\":\"1970-01-01T00:00:02+0000\"}}]}");
	canned_add(&server, "GET", APPROVALS "1&limit=50", 200,
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
		"{}", "[]", "{\"values\":{}}", "{\"values\":[7]}", "{\"values\":[null]}", "{\"values\":[{}]}",
		"{\"values\":[{\"id\":\"1\",\"finalDecision\":\"approved\"}]}", "{\"values\":[{\"createdDate\":{\"epochMillis\":1}}]}",
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
		snprintf(body, sizeof(body),
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

/* ---- changes -------------------------------------------------------------------------------------------------------------- */

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
			   "\"2026-11-23T09:31:00.000+0000\",\"items\":[{\"field\":\"Status\",\"fieldId\":\"status\",\"fieldtype\":\"jira\","
			   "\"from\":\"1\",\"to\":\"3\",\"fromString\":\"Open\",\"toString\":\"Approved\"},{\"field\":\"x\"}]},"
			   "{\"id\":\"11\",\"created\":\"2026-11-23T09:30:00.000+0000\",\"items\":[]}]}");
	canned_add(&server, "GET", CHANGES "2&maxResults=100", 200,
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
}

static void a_change_that_cannot_be_read_is_not_skipped(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"{}", "{\"values\":7}", "{\"isLast\":true,\"values\":[7]}", "{\"isLast\":true,\"values\":[{\"id\":\"1\",\"items\":{}}]}",
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

/* ---- users ---------------------------------------------------------------------------------------------------------------- */

#define USER "/ex/rest/api/3/user?accountId=qm%3Aa%2Bb%26c"
#define EMAIL "/ex/rest/api/3/user/email?accountId=qm%3Aa%2Bb%26c"

static enum result user_read(struct jira_user *ret_user, struct error *error)
{
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	enum result result = jira_user_read(jira, "qm:a+b&c", arena, ret_user, error);
	jira_free(jira);
	return result;
}

static void an_account_id_cannot_break_out_of_its_place(void **state)
{
	(void)state;
	struct jira_user user = {0};
	canned_add(&server, "GET", USER, 200,
			   "{\"accountId\":\"qm:a+b&c\",\"accountType\":\"atlassian\",\"active\":\"true\",\"emailAddress\":\"a@b.example\"}");
	assert_int_equal(user_read(&user, NULL), RESULT_OK);
	assert_string_equal(user.account_type, "atlassian");
	assert_string_equal(user.email, "a@b.example");
	assert_true(user.active);
	assert_int_equal(server.asked, 1);
}

static void a_hidden_address_is_asked_for_and_may_stay_hidden(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body, *email;
		enum result result;
	} answers[] = {
		{200, "{\"accountId\":\"qm:a+b&c\",\"email\":\"c@d.example\"}", "c@d.example", RESULT_OK},
		{200, "{\"email\":null}", NULL, RESULT_OK},
		{200, "{\"email\":\"\"}", NULL, RESULT_OK},
		{403, "{}", NULL, RESULT_OK},
		{404, "{}", NULL, RESULT_OK},
		{401, "{}", NULL, RESULT_OK},
		{503, "{}", NULL, RESULT_UNAVAILABLE},
	};
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct jira_user user = {0};
		canned_reset(&server);
		canned_add(&server, "GET", USER, 200, "{\"accountId\":\"qm:a+b&c\",\"accountType\":\"customer\",\"active\":true,"
											  "\"emailAddress\":\"\"}");
		canned_add(&server, "GET", EMAIL, answers[i].status, answers[i].body);
		assert_int_equal(user_read(&user, NULL), answers[i].result);
		if (answers[i].email)
			assert_string_equal(user.email, answers[i].email);
		else
			assert_null(user.email);
	}
}

static void an_answer_about_somebody_else_is_not_believed(void **state)
{
	(void)state;
	struct jira_user user = {0};
	struct error error = {0};
	canned_add(&server, "GET", USER, 200, "{\"accountId\":\"another\",\"emailAddress\":\"a@b.example\"}");
	assert_int_equal(user_read(&user, &error), RESULT_PROTOCOL);
	canned_add(&server, "GET", USER, 404, "{}");
	assert_int_equal(user_read(&user, &error), RESULT_NOT_FOUND);
	assert_string_equal(error.code, "not_found");
}

/* ---- search --------------------------------------------------------------------------------------------------------------- */

static char found[256];

static bool each_found(void *context, const char *issue_id, int64_t updated_at)
{
	int *left = context;
	snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s@%lld ", issue_id, (long long)updated_at);
	return --*left > 0;
}

static enum result search(int limit)
{
	static const char *const keys[] = {"AIC", "X\"\\Y", NULL};
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	found[0] = '\0';
	enum result result = jira_search_updated(jira, keys, 15, arena, each_found, &limit, NULL);
	jira_free(jira);
	return result;
}

static void every_page_of_a_search_is_followed(void **state)
{
	(void)state;
	canned_add(&server, "POST", "/ex/rest/api/3/search/jql", 200,
			   "{\"issues\":[{\"id\":\"1\",\"fields\":{\"updated\":\"1970-01-01T00:00:01.000+0000\"}},{\"id\":\"x\"},7],"
			   "\"nextPageToken\":\"p2\"}");
	canned_add(&server, "POST", "/ex/rest/api/3/search/jql", 200, "{\"issues\":[{\"id\":2}],\"isLast\":true}");
	assert_int_equal(search(100), RESULT_OK);
	assert_string_equal(found, "1@1000 2@0 ");
	_cleanup_(json_decrefp) json_t *body = json_loads(server.body, 0, NULL);
	assert_string_equal(json_string_at(body, "jql"),
						"project in (\"AIC\", \"X\\\"\\\\Y\") AND updated >= -15m ORDER BY updated ASC");
	assert_string_equal(json_string_at(body, "nextPageToken"), "p2");
}

static void a_search_that_runs_in_a_circle_ends(void **state)
{
	(void)state;
	canned_add(&server, "POST", "/ex/rest/api/3/search/jql", 200, "{\"issues\":[{\"id\":\"1\"}],\"nextPageToken\":\"p\"}")
		->again = true;
	assert_int_equal(search(100), RESULT_PROTOCOL);
	assert_int_equal(server.asked, 2);
	assert_int_equal(search(1), RESULT_OK);
}

/* ---- telling Jira ----------------------------------------------------------------------------------------------------------- */

#define TAG "0193f5a0-0000-7000-8000-000000000001"
#define COMMENT "/ex/rest/api/3/issue/10042/comment"

static enum result comment_add(bool look_first, bool *ret_existed)
{
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	enum result result =
		jira_comment_add(jira, "10042", "Access is active.", TAG, look_first, arena, ret_existed, NULL);
	jira_free(jira);
	return result;
}

static void a_comment_bears_its_tag(void **state)
{
	(void)state;
	bool existed = true;
	canned_add(&server, "POST", COMMENT, 201, "{\"id\":\"1\"}");
	assert_int_equal(comment_add(false, &existed), RESULT_OK);
	assert_false(existed);
	assert_int_equal(server.asked, 1);
	_cleanup_(json_decrefp) json_t *body = json_loads(server.body, 0, NULL);
	assert_string_equal(json_string_at(body, "body.type"), "doc");
	const json_t *lines = json_at(body, "body.content");
	assert_int_equal(json_array_size(lines), 2);
	const json_t *last = json_array_get(json_at(json_array_get(lines, 1), "content"), 0);
	assert_string_equal(json_string_at(last, "text"), "AI Clearance reference " TAG);
	const json_t *property = json_array_get(json_at(body, "properties"), 0);
	assert_string_equal(json_string_at(property, "key"), "aiclearance");
	assert_string_equal(json_string_at(property, "value.tag"), TAG);
}

static void a_comment_that_is_there_is_not_repeated(void **state)
{
	(void)state;
	static const char *const there[] = {
		"{\"body\":\"plain text " TAG "\"}",
		"{\"body\":{\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"Clearance "
		"reference " TAG "\"}]}]}}",
		"{\"body\":{},\"properties\":[7,{\"key\":\"aiclearance\",\"value\":{\"tag\":\"" TAG "\"}}]}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(there); i++) {
		bool existed = false;
		char page[1024];
		snprintf(page, sizeof(page), "{\"total\":3,\"comments\":[7,%s]}", there[i]);
		canned_reset(&server);
		canned_add(&server, "GET", COMMENT "?startAt=0&maxResults=100&orderBy=-created", 200,
				   "{\"total\":3,\"comments\":[{\"body\":\"another\"}]}");
		canned_add(&server, "GET", COMMENT "?startAt=1&maxResults=100&orderBy=-created", 200, page);
		assert_int_equal(comment_add(true, &existed), RESULT_OK);
		assert_true(existed);
		assert_int_equal(canned_asked(&server, "POST " COMMENT), 0);
	}
}

static void a_comment_that_is_not_there_is_made_after_looking(void **state)
{
	(void)state;
	bool existed = true;
	canned_add(&server, "GET", COMMENT "?startAt=0&maxResults=100&orderBy=-created", 200,
			   "{\"total\":1,\"comments\":[{\"body\":7}]}");
	canned_add(&server, "POST", COMMENT, 201, "{}");
	assert_int_equal(comment_add(true, &existed), RESULT_OK);
	assert_false(existed);
	assert_int_equal(canned_asked(&server, "POST " COMMENT), 1);
	/* Jira that cannot show its comments is not told twice. */
	canned_reset(&server);
	canned_add(&server, "GET", COMMENT "?startAt=0&maxResults=100&orderBy=-created", 200, "{\"total\":1}");
	assert_int_equal(comment_add(true, &existed), RESULT_PROTOCOL);
	assert_int_equal(canned_asked(&server, "POST " COMMENT), 0);
}

#define TRANSITIONS "/ex/rest/api/3/issue/10042/transitions"

static enum result transition(const char *wanted, struct error *error)
{
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	enum result result = jira_transition(jira, "10042", wanted, arena, error);
	jira_free(jira);
	return result;
}

static void a_transition_is_found_by_id_before_name(void **state)
{
	(void)state;
	static const char list[] = "{\"transitions\":[{\"id\":\"5\",\"name\":\"31\"},{\"id\":31,\"name\":\"Done\"},7]}";
	canned_add(&server, "GET", TRANSITIONS, 200, list)->again = true;
	canned_add(&server, "POST", TRANSITIONS, 204, NULL)->again = true;
	assert_int_equal(transition("31", NULL), RESULT_OK);
	assert_string_equal(server.body, "{\"transition\":{\"id\":\"31\"}}");
	assert_int_equal(transition("Done", NULL), RESULT_OK);
	assert_string_equal(server.body, "{\"transition\":{\"id\":\"31\"}}");
	struct error error = {0};
	assert_int_equal(transition("done", &error), RESULT_CONFLICT);
	assert_string_equal(error.code, "jira_transition_missing");
}

static void a_transition_that_jira_refuses_is_missing_and_a_race_is_tried_again(void **state)
{
	(void)state;
	struct error error = {0};
	canned_add(&server, "GET", TRANSITIONS, 200, "{\"transitions\":[{\"id\":\"31\",\"name\":\"Done\"}]}")->again = true;
	canned_add(&server, "POST", TRANSITIONS, 400, "{}");
	canned_add(&server, "POST", TRANSITIONS, 409, "{}");
	assert_int_equal(transition("31", &error), RESULT_CONFLICT);
	assert_int_equal(transition("31", &error), RESULT_UNAVAILABLE);
	assert_true(error.retryable);
}

#define CASE(name) cmocka_unit_test_setup(name, reset)

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
		CASE(the_approval_on_the_last_page_is_not_overlooked),
		CASE(an_issue_that_is_no_service_request_has_no_approvals),
		CASE(an_empty_page_ends_the_approvals),
		CASE(what_cannot_be_read_as_approvals_never_reads_as_none),
		CASE(words_that_are_not_known_are_no_approval),
		CASE(approvals_without_end_are_given_up_and_not_cut),
		CASE(every_page_of_the_history_is_read_oldest_first),
		CASE(a_change_that_cannot_be_read_is_not_skipped),
		CASE(an_account_id_cannot_break_out_of_its_place),
		CASE(a_hidden_address_is_asked_for_and_may_stay_hidden),
		CASE(an_answer_about_somebody_else_is_not_believed),
		CASE(every_page_of_a_search_is_followed),
		CASE(a_search_that_runs_in_a_circle_ends),
		CASE(a_comment_bears_its_tag),
		CASE(a_comment_that_is_there_is_not_repeated),
		CASE(a_comment_that_is_not_there_is_made_after_looking),
		CASE(a_transition_is_found_by_id_before_name),
		CASE(a_transition_that_jira_refuses_is_missing_and_a_race_is_tried_again),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
