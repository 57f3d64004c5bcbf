/* Many people read at once: each gets what one alone would get, and Jira is left alone once it asks for that. */
#include "call_stage.h"

#define PEOPLE 20
#define USER "/ex/rest/api/3/user?accountId="
#define EMAIL "/ex/rest/api/3/user/email?accountId="

static const char *ids[PEOPLE];
static struct jira_user users[PEOPLE];
static enum result results[PEOPLE];
static struct error errors[PEOPLE];

static const char *target(const char *prefix, size_t person)
{
	return arena_printf(arena, "%s%s", prefix, ids[person]);
}

static struct canned_answer *add_account(size_t person, int status, const char *address)
{
	const char *body = arena_printf(
	    arena, "{\"accountId\":\"%s\",\"accountType\":\"atlassian\",\"active\":true,\"emailAddress\":\"%s\"}",
	    ids[person], address);
	struct canned_answer *answer = canned_add(&server, "GET", target(USER, person), status, body);
	answer->again = true;
	return answer;
}

static void add_address(size_t person, int status, const char *body)
{
	canned_add(&server, "GET", target(EMAIL, person), status, body)->again = true;
}

static int named(void **state)
{
	reset(state);
	memset(users, 0, sizeof(users));
	for (size_t i = 0; i < PEOPLE; i++)
		ids[i] = arena_printf(arena, "person-%zu", i);
	return 0;
}

static void read_all(struct jira *jira)
{
	jira_users_read(jira, ids, PEOPLE, arena, users, results, errors);
}

/* Every kind of answer, each by one in ten, so that no eight of them are alike. */
static void add_answers(void)
{
	for (size_t i = 0; i < PEOPLE; i++) {
		bool is_hidden = i % 10 >= 4;
		if (i % 10 == 0)
			add_account(i, 404, "");
		else if (i % 10 == 1)
			canned_add(&server, "GET", target(USER, i), 200, "{\"accountId\":\"another\"}")->again = true;
		else if (i % 10 == 2)
			add_account(i, 503, "");
		else
			add_account(i, 200, is_hidden ? "" : "a@b.example");
		if (is_hidden)
			add_address(i,
			            i % 10 == 4   ? 403
			            : i % 10 == 5 ? 404
			            : i % 10 == 6 ? 500
			                          : 200,
			            i % 10 == 7   ? "no JSON"
			            : i % 10 == 8 ? "{\"email\":null}"
			                          : "{\"email\":\"c@d.example\"}");
	}
}

static void many_people_are_read_as_each_would_be_alone(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	add_answers();
	read_all(jira);
	int asked = server.asked;
	for (size_t i = 0; i < PEOPLE; i++) {
		struct jira_user user = {0};
		struct error error = {0};
		assert_int_equal(jira_user_read(jira, ids[i], arena, &user, &error), results[i]);
		assert_true(text_equal(user.account_id, users[i].account_id));
		assert_true(text_equal(user.account_type, users[i].account_type));
		assert_true(text_equal(user.email, users[i].email));
		assert_int_equal(user.active, users[i].active);
		assert_string_equal(error.code, errors[i].code);
		assert_string_equal(error.detail, errors[i].detail);
		assert_int_equal(errors[i].result, results[i]);
	}
	assert_int_equal(asked, PEOPLE + 2 * 6);
	assert_int_equal(server.asked, 2 * asked);
	assert_string_equal(users[3].email, "a@b.example");
	assert_string_equal(users[9].email, "c@d.example");
	assert_int_equal(results[4], RESULT_OK);
	assert_null(users[4].email);
	jira_free(jira);
}

static void nobody_else_is_asked_about_once_jira_asks_for_less(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	for (size_t i = 0; i < PEOPLE; i++)
		add_account(i, i == 3 ? 429 : 200, i == 5 ? "" : "a@b.example")->headers =
		    i == 3 ? "Retry-After: 7\r\nRateLimit-Reason: jira-burst-based\r\n" : NULL;
	read_all(jira);
	assert_int_equal(server.asked, 8);
	for (size_t i = 0; i < PEOPLE; i++) {
		bool is_read = i < 8 && i != 3 && i != 5;
		assert_int_equal(results[i], is_read ? RESULT_OK : RESULT_THROTTLED);
		assert_true(is_read == (users[i].account_id != NULL));
		if (is_read)
			continue;
		assert_string_equal(errors[i].code, "jira_throttled");
		assert_true(errors[i].retryable);
		assert_int_equal(errors[i].retry_after_ms, 7000);
	}
	jira_free(jira);
}

static void a_jira_that_is_down_is_not_asked_for_everybody(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_BASIC);
	for (size_t i = 0; i < PEOPLE; i++)
		add_account(i, 503, "");
	read_all(jira);
	assert_int_equal(server.asked, 8);
	for (size_t i = 0; i < PEOPLE; i++) {
		assert_int_equal(results[i], RESULT_UNAVAILABLE);
		assert_string_equal(errors[i].code, "jira_unavailable");
	}
	jira_free(jira);
}

static void one_new_token_is_for_all(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_OAUTH);
	canned_add(&server, "POST", "/oauth/token", 200, "{\"access_token\":\"one\",\"expires_in\":3600}");
	canned_add(&server, "POST", "/oauth/token", 200, "{\"access_token\":\"two\",\"expires_in\":3600}");
	for (size_t i = 0; i < PEOPLE; i++) {
		if (i < 8)
			canned_add(&server, "GET", target(USER, i), 401, "{}");
		add_account(i, 200, "a@b.example");
	}
	read_all(jira);
	for (size_t i = 0; i < PEOPLE; i++)
		assert_int_equal(results[i], RESULT_OK);
	assert_int_equal(canned_asked(&server, "POST /oauth/token"), 2);
	assert_int_equal(server.asked, PEOPLE + 8 + 2);
	jira_free(jira);
}

static void a_token_that_is_refused_is_asked_for_once_and_hides_nobody_s_address(void **state)
{
	(void)state;
	struct jira *jira = jira_of(JIRA_AUTH_OAUTH);
	canned_add(&server, "POST", "/oauth/token", 401, "{}")->again = true;
	read_all(jira);
	assert_int_equal(server.asked, 1);
	for (size_t i = 0; i < PEOPLE; i++) {
		assert_int_equal(results[i], RESULT_DENIED);
		assert_string_equal(errors[i].code, "jira_denied");
	}
	jira_free(jira);
}

#define PEOPLE_CASE(name) cmocka_unit_test_setup(name, named)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PEOPLE_CASE(many_people_are_read_as_each_would_be_alone),
	    PEOPLE_CASE(nobody_else_is_asked_about_once_jira_asks_for_less),
	    PEOPLE_CASE(a_jira_that_is_down_is_not_asked_for_everybody),
	    PEOPLE_CASE(one_new_token_is_for_all),
	    PEOPLE_CASE(a_token_that_is_refused_is_asked_for_once_and_hides_nobody_s_address),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
