#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/url.h"

static void requests_go_to_https_or_to_this_machine_only(void **state)
{
	(void)state;
	static const char *const good[] = {
	    "https://graph.microsoft.com/v1.0/users?$filter=mail%20eq%20'a'",
	    "HTTPS://login.microsoftonline.com",
	    "https://example.com:8443/",
	    "http://127.0.0.1:8480/x",
	    "http://127.9.9.9/",
	    "http://localhost:1/",
	    "http://LOCALHOST",
	    "http://[::1]:8080/x",
	    "https://[2001:db8::1]/",
	    "https://10.0.0.1/",
	};
	static const char *const bad[] = {
	    "",
	    "http://example.com/",
	    "http://10.0.0.1/",
	    "ftp://127.0.0.1/",
	    "file:///etc/passwd",
	    "https://",
	    "https:///x",
	    "https:/example.com",
	    "https:example.com",
	    "example.com",
	    "//example.com",
	    "https://user@example.com/",
	    "https://user:pw@example.com/",
	    "http://127.0.0.1@evil.example/",
	    "http://evil.example#@127.0.0.1/",
	    "http://127.0.0.1\\@evil.example/",
	    "http://localhost.evil.example/",
	    "http://127.0.0.1.evil.example/",
	    "http://[::2]/",
	    "http://localhost\r\nX: y/",
	    "https://a b/",
	    "https://example.com/a#b",
	    "https://example.com:99999/",
	    "https://ex\xc3\xa4mple.com/",
	    "javascript:alert(1)",
	    "http://0/",
	    "http://[::ffff:10.0.0.1]/",
	    "http://?localhost",
	    " https://example.com",
	    "https://example.com/\t",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (!url_is_allowed(good[i]))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (url_is_allowed(bad[i]))
			fail_msg("allowed: %s", bad[i]);
	}
	assert_false(url_is_allowed(NULL));
}

static void a_next_link_of_another_origin_is_told_apart(void **state)
{
	(void)state;
	assert_true(url_same_origin("https://graph.microsoft.com/v1.0/a", "https://graph.microsoft.com/beta?x"));
	assert_true(url_same_origin("https://Graph.Microsoft.com/", "https://graph.microsoft.com:443/x"));
	assert_true(url_same_origin("http://127.0.0.1:80", "http://127.0.0.1/x"));
	assert_false(url_same_origin("https://graph.microsoft.com/", "https://graph.microsoft.com.evil.example/"));
	assert_false(url_same_origin("https://graph.microsoft.com/", "https://graph.microsoft.com:8443/"));
	assert_false(url_same_origin("https://127.0.0.1/", "http://127.0.0.1:443/"));
	assert_false(url_same_origin("https://graph.microsoft.com/", "https://graph.microsoft.com@evil.example/"));
	assert_false(url_same_origin("https://graph.microsoft.com/", ""));
	assert_false(url_same_origin(NULL, NULL));
}

static void an_override_is_an_origin_without_a_path(void **state)
{
	(void)state;
	assert_true(url_is_origin("https://login.microsoftonline.com"));
	assert_true(url_is_origin("https://login.microsoftonline.com/"));
	assert_true(url_is_origin("http://127.0.0.1:9001"));
	static const char *const bad[] = {
	    "https://a.example/v1", "https://a.example//", "https://a.example?", "https://a.example/?x=1",
	    "https://u@a.example",  "a.example",           "https://",           "ftp://a.example",
	    "https://a.example/#"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (url_is_origin(bad[i]))
			fail_msg("taken for an origin: %s", bad[i]);
	}
	assert_false(url_is_origin(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_go_to_https_or_to_this_machine_only),
	    cmocka_unit_test(a_next_link_of_another_origin_is_told_apart),
	    cmocka_unit_test(an_override_is_an_origin_without_a_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
