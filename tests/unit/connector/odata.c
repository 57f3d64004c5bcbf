#include "fake_entra.h"

#include "connector/entra/odata.h"
#include "connector/entra/users.h"

static const struct entra_cloud global = {"global", "https://login.microsoftonline.com", "https://graph.microsoft.com"};

static void a_name_with_an_apostrophe_stays_inside_its_literal(void **state)
{
	(void)state;
	_cleanup_(text_done) struct text text = TEXT_INIT(1000);
	odata_append_literal(&text, "o'brien+x$#&@contoso.com");
	assert_false(text_failed(&text));
	assert_string_equal(text.data, "%27o%27%27brien%2Bx%24%23%26%40contoso.com%27");
}

static void users_are_found_by_any_name_that_entra_allows(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	assert_string_equal(odata_user_path(arena, FAKE_USER), "/users/" FAKE_USER);
	assert_string_equal(odata_user_path(arena, "x_contoso.com#EXT#@t.onmicrosoft.com"),
	                    "/users/x_contoso.com%23EXT%23%40t.onmicrosoft.com");
	/* In a path segment the apostrophe is not doubled; in the parenthesised form it is. */
	assert_string_equal(odata_user_path(arena, "o'brien@x.com"), "/users/o%27brien%40x.com");
	assert_string_equal(odata_user_path(arena, "$o'b@x.com"), "/users(%27%24o%27%27b%40x.com%27)");
	assert_string_equal(odata_user_path(arena, "a/../b@x.com"), "/users/a%2F..%2Fb%40x.com");
}

static void the_questions_about_an_address_are_quoted(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const char *path = entra_user_query_path(ENTRA_USER_BY_UPN, "o'b@x.com", arena);
	assert_non_null(strstr(path, "$filter=userPrincipalName%20eq%20%27o%27%27b%40x.com%27"));
	path = entra_user_query_path(ENTRA_USER_BY_PROXY_ADDRESS, "a@x.com", arena);
	assert_non_null(strstr(path, "proxyAddresses/any(p:p%20eq%20%27smtp%3Aa%40x.com%27)"));
	path = entra_user_query_path(ENTRA_USER_BY_EXTERNAL_NAME, "a@x.com", arena);
	assert_non_null(strstr(path, "startswith(userPrincipalName,%27a_x.com%23EXT%23%40%27)"));
	for (int query = 0; query < ENTRA_USER_QUERIES; query++) {
		path = entra_user_query_path((enum entra_user_query)query, "a b@x.com", arena);
		assert_null(strchr(path, ' '));
		assert_null(strchr(path, '\''));
		assert_null(strchr(path, '#'));
	}
}

static json_t *page_with(const char *link)
{
	return json_pack("{s:[],s:s}", "value", "@odata.nextLink", link);
}

static enum result follow(struct odata_walk *walk, struct arena *arena, const char *link, const char **ret_url)
{
	_cleanup_(json_decrefp) json_t *page = page_with(link);
	struct error error = {0};
	enum result result = odata_walk_next(walk, page, arena, ret_url, &error);
	if (result != RESULT_OK)
		assert_string_equal(error.code, "graph_bad_response");
	return result;
}

static void our_token_is_never_sent_to_another_server(void **state)
{
	(void)state;
	static const char *const foreign[] = {
	    "https://evil.example/v1.0/groups",
	    "http://graph.microsoft.com/v1.0/groups",
	    "https://graph.microsoft.com.evil.example/",
	    "https://graph.microsoft.com:444/v1.0/groups",
	    "https://graph.microsoft.com@evil.example/",
	    "//evil.example/x",
	    "/v1.0/groups?$skiptoken=1",
	    "ftp://graph.microsoft.com/",
	};
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const struct entra_place place = {&global, global.login, global.graph};
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		struct odata_walk walk;
		odata_walk_init(&walk, &place, 10);
		const char *url = NULL;
		assert_int_equal(follow(&walk, arena, foreign[i], &url), RESULT_PROTOCOL);
		assert_null(url);
		odata_walk_done(&walk);
	}
}

static void a_link_is_followed_as_it_stands(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const struct entra_place place = {&global, global.login, global.graph};
	struct odata_walk walk;
	odata_walk_init(&walk, &place, 10);
	const char *link = "https://graph.microsoft.com/v1.0/groups/x/members?$select=id&$skiptoken=RFNwd'%2b";
	const char *url = NULL;
	assert_int_equal(follow(&walk, arena, link, &url), RESULT_OK);
	assert_string_equal(url, link);
	odata_walk_done(&walk);
}

static void a_link_of_the_clouds_own_host_takes_the_operators_way(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const struct entra_place place = {&global, "http://127.0.0.1:9", "http://127.0.0.1:9"};
	struct odata_walk walk;
	odata_walk_init(&walk, &place, 10);
	const char *url = NULL;
	assert_int_equal(follow(&walk, arena, "https://graph.microsoft.com/v1.0/users?$skiptoken=a/b", &url), RESULT_OK);
	assert_string_equal(url, "http://127.0.0.1:9/v1.0/users?$skiptoken=a/b");
	assert_int_equal(follow(&walk, arena, "http://127.0.0.1:9/v1.0/users?$skiptoken=2", &url), RESULT_OK);
	assert_string_equal(url, "http://127.0.0.1:9/v1.0/users?$skiptoken=2");
	odata_walk_done(&walk);
}

static void a_list_that_bites_its_tail_ends(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const struct entra_place place = {&global, global.login, global.graph};
	struct odata_walk walk;
	odata_walk_init(&walk, &place, 1000);
	const char *url = NULL;
	assert_int_equal(follow(&walk, arena, "https://graph.microsoft.com/a", &url), RESULT_OK);
	assert_int_equal(follow(&walk, arena, "https://graph.microsoft.com/b", &url), RESULT_OK);
	assert_int_equal(follow(&walk, arena, "https://graph.microsoft.com/a", &url), RESULT_PROTOCOL);
	odata_walk_done(&walk);
}

static void a_list_without_end_ends(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const struct entra_place place = {&global, global.login, global.graph};
	struct odata_walk walk;
	odata_walk_init(&walk, &place, 40);
	const char *url = NULL;
	int followed = 0;
	for (int i = 0; i < 100; i++)
		if (follow(&walk, arena, arena_printf(arena, "https://graph.microsoft.com/%d", i), &url) == RESULT_OK)
			followed++;
	assert_int_equal(followed, 39);
	odata_walk_done(&walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_with_an_apostrophe_stays_inside_its_literal),
	    cmocka_unit_test(users_are_found_by_any_name_that_entra_allows),
	    cmocka_unit_test(the_questions_about_an_address_are_quoted),
	    cmocka_unit_test(our_token_is_never_sent_to_another_server),
	    cmocka_unit_test(a_link_is_followed_as_it_stands),
	    cmocka_unit_test(a_link_of_the_clouds_own_host_takes_the_operators_way),
	    cmocka_unit_test(a_list_that_bites_its_tail_ends),
	    cmocka_unit_test(a_list_without_end_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
