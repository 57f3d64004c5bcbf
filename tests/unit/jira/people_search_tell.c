/* Users, the search, comments and transitions. */
#include "call_stage.h"

/* ---- users ---- */

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
	           "{\"accountId\":\"qm:a+b&c\",\"accountType\":\"atlassian\",\"active\":\"true\",\"emailAddress\":\"a@b."
	           "example\"}");
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
		canned_add(&server, "GET", USER, 200,
		           "{\"accountId\":\"qm:a+b&c\",\"accountType\":\"customer\",\"active\":true,"
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

/* ---- search ---- */

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
	canned_add(
	    &server, "POST", "/ex/rest/api/3/search/jql", 200,
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
	canned_add(&server, "POST", "/ex/rest/api/3/search/jql", 200,
	           "{\"issues\":[{\"id\":\"1\"}],\"nextPageToken\":\"p\"}")
	    ->again = true;
	assert_int_equal(search(100), RESULT_PROTOCOL);
	assert_int_equal(server.asked, 2);
	assert_int_equal(search(1), RESULT_OK);
}

/* ---- telling Jira ---- */

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
	    "{\"body\":{\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":"
	    "\"Clearance "
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
