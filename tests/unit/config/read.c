/* The config file: every fault is found, each with its line, and nothing that is accepted means something else than it
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "config/config.h"

#define NEEDED "[store]\nurl = sqlite:/x.db\n[secrets]\nmaster_key = env:KEY\n"

static struct arena *arena;
static struct config config;
static struct config_fault *faults;
static size_t fault_count;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(4 << 20);
	config = (struct config){0};
	faults = NULL;
	fault_count = 0;
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static enum result read_bytes(const char *text, size_t length, char *const *environment)
{
	char path[] = "/tmp/aic-config-XXXXXX";
	int file = mkstemp(path);
	enum result result;

	assert_true(file >= 0);
	assert_int_equal(write(file, text, length), (ssize_t)length);
	assert_int_equal(close(file), 0);
	result = config_read(path, environment, arena, &config, &faults, &fault_count);
	assert_int_equal(unlink(path), 0);
	return result;
}

static enum result read_text(const char *text)
{
	return read_bytes(text, strlen(text), NULL);
}

static void expect_fault(size_t index, int line, const char *part)
{
	assert_true(index < fault_count);
	if (faults[index].line != line || !strstr(faults[index].message, part))
		fail_msg("fault %zu is line %d: %s", index, faults[index].line, faults[index].message);
}

static void the_sample_of_the_manual_is_accepted_as_it_stands(void **state)
{
	(void)state;
	assert_int_equal(read_text("; a comment\n# another\n\n[server]\n"
	                           "listen = 127.0.0.1:8480        ; or unix:/path\n"
	                           "public_url = https://clearance.example.com\n"
	                           "[store]\nurl = sqlite:/var/lib/aiclearance/clearance.db   ; later postgres://\n"
	                           "[secrets]\nmaster_key = file:/etc/aiclearance/master.key    ; 32 bytes, base64\n"
	                           "allow = dir:/etc/aiclearance/secrets, env:ENTRA_*, systemd:*   ; default none\n"
	                           "[entra]\nlogin_url = http://127.0.0.1:9001\ngraph_url = https://localhost:9443/\n"
	                           "bindable_groups = prefix:AI-\n"
	                           "[jira]\nsite_url = https://example.atlassian.net\nauth = basic\nuser = a@example.com\n"
	                           "token = env:JIRA_TOKEN\nwebhook_secret = env:ONE, file:/two\nsweep_seconds = 1\n"
	                           "   ; an indented comment\n   \n[log]\nlevel = debug\n"),
	                 RESULT_OK);
	assert_string_equal(config.listen, "127.0.0.1:8480");
	assert_string_equal(config.store_url, "sqlite:/var/lib/aiclearance/clearance.db");
	assert_string_equal(config.allow, "dir:/etc/aiclearance/secrets, env:ENTRA_*, systemd:*");
	assert_string_equal(config.graph_url, "https://localhost:9443");
	assert_string_equal(config.jira_api_url, "https://example.atlassian.net");
	assert_string_equal(config.webhook_secrets[0], "env:ONE");
	assert_string_equal(config.webhook_secrets[1], "file:/two");
	assert_int_equal(config.sweep_seconds, 1);
	assert_int_equal(config.inbox_days, 30);
	assert_string_equal(config.log_level, "debug");
}

static void a_windows_file_reads_the_same(void **state)
{
	(void)state;
	assert_int_equal(read_text("\xEF\xBB\xBF[store]\r\nurl = sqlite:/x.db\r\n[secrets]\r\nmaster_key = env:KEY"),
	                 RESULT_OK);
	assert_string_equal(config.store_url, "sqlite:/x.db");
	assert_string_equal(config.listen, "127.0.0.1:8480");
}

static void every_fault_is_listed_with_its_line(void **state)
{
	(void)state;
	assert_int_equal(read_text("stray = 1\n"                  /* 1 */
	                           "[server]\n"                   /* 2 */
	                           "listen = localhost:80\n"      /* 3 */
	                           "listen = 127.0.0.1:80\n"      /* 4: double */
	                           "behind_proxy = yes\n"         /* 5 */
	                           "colour = blue\n"              /* 6 */
	                           "public_url: https://x.y\n"    /* 7 */
	                           "nonsense\n"                   /* 8 */
	                           "[colours]\n"                  /* 9 */
	                           "red = 1\n"                    /* 10: of an unknown section, no second fault */
	                           "[store]\n"                    /* 11 */
	                           "url = postgres://x\n"         /* 12 */
	                           "  continued\n"                /* 13 */
	                           "[secrets]\n"                  /* 14 */
	                           "master_key = AAECAwQFBgcI\n"  /* 15 */
	                           "allow = /etc\n"               /* 16 */
	                           "[server]\n"                   /* 17 */
	                           "[jira] x\n"                   /* 18 */
	                           "[entra]\n"                    /* 19 */
	                           "login_url = https://x/path\n" /* 20 */
	                           "graph_url = http://x.example\n"
	                           "ca_file =\n" /* 22 */
	                           "[retention]\ninbox_days = 0\n"),
	                 RESULT_INVALID);
	expect_fault(0, 1, "before the first");
	expect_fault(1, 3, "ADDRESS:PORT");
	expect_fault(2, 4, "line 3 already");
	expect_fault(3, 5, "true or false");
	expect_fault(4, 6, "no key colour");
	expect_fault(5, 7, "not by :");
	expect_fault(6, 8, "neither");
	expect_fault(7, 9, "unknown section [colours]");
	expect_fault(8, 12, "not built yet");
	expect_fault(9, 13, "continued");
	expect_fault(10, 15, "secret reference");
	assert_null(strstr(faults[10].message, "AAECAwQFBgcI"));
	expect_fault(11, 16, "dir:/path");
	expect_fault(12, 17, "line 2 already");
	expect_fault(13, 18, "alone on its line");
	expect_fault(14, 20, "without a path");
	expect_fault(15, 21, "must be https");
	expect_fault(16, 22, "is empty");
	expect_fault(17, 24, "from 1 to 3650");
	assert_int_equal(fault_count, 18);
}

static void an_over_long_line_is_refused_and_not_cut(void **state)
{
	static char text[4096];
	size_t length;

	(void)state;
	length = (size_t)snprintf(text, sizeof(text), NEEDED "[http]\nproxy = http://%0*d:1\n", 2000, 0);
	assert_int_equal(read_bytes(text, length, NULL), RESULT_INVALID);
	assert_int_equal(fault_count, 1);
	expect_fault(0, 6, "longer than 1000");
	/* "user = " and 993 more: exactly 1000. */
	length = (size_t)snprintf(text, sizeof(text), NEEDED "[jira]\nuser = %0*d\n[log]\nlevel = error\n", 993, 7);
	assert_int_equal(read_bytes(text, length, NULL), RESULT_OK);
	assert_int_equal(strlen(config.jira_user), 993);
	assert_string_equal(config.log_level, "error");
	length = (size_t)snprintf(text, sizeof(text), NEEDED "[jira]\nuser = %0*d\n", 994, 7);
	assert_int_equal(read_bytes(text, length, NULL), RESULT_INVALID);
}

static void bytes_that_a_terminal_would_obey_are_refused(void **state)
{
	static const char text[] = NEEDED "[jira]\nuser = a\0b\nclient_id = \x1b[2J\ntoken_url = \xff\n";

	(void)state;
	assert_int_equal(read_bytes(text, sizeof(text) - 1, NULL), RESULT_INVALID);
	assert_int_equal(fault_count, 3);
	expect_fault(0, 6, "control character");
	expect_fault(1, 7, "control character");
	expect_fault(2, 8, "UTF-8");
}

static void what_must_be_there_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), RESULT_INVALID);
	assert_int_equal(fault_count, 2);
	expect_fault(0, 0, "[store] url is missing");
	expect_fault(1, 0, "[secrets] master_key is missing");
}

static void the_service_is_not_put_on_a_network_without_tls(void **state)
{
	(void)state;
	assert_int_equal(read_text(NEEDED "[server]\nlisten = 0.0.0.0:8480\n"), RESULT_INVALID);
	expect_fault(0, 6, "loopback");
	assert_int_equal(read_text(NEEDED "[server]\nlisten = [2001:db8::1]:8480\ntls_cert = /c\n"), RESULT_INVALID);
	expect_fault(0, 6, "loopback");
	expect_fault(1, 7, "tls_key is missing");
	assert_int_equal(read_text(NEEDED "[server]\nlisten = 0.0.0.0:8480\nbehind_proxy = true\n"), RESULT_OK);
	assert_int_equal(read_text(NEEDED "[server]\nlisten = 0.0.0.0:8480\ntls_cert = /c\ntls_key = /k\n"), RESULT_OK);
	assert_int_equal(read_text(NEEDED "[server]\nlisten = [::1]:0\n"), RESULT_OK);
	assert_int_equal(read_text(NEEDED "[server]\nlisten = unix:/run/aiclearance.sock\n"), RESULT_OK);
}

static void jira_without_the_means_to_sign_in_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text(NEEDED "[jira]\nsite_url = https://x.example\n"), RESULT_INVALID);
	expect_fault(0, 6, "auth is missing");
	assert_int_equal(read_text(NEEDED "[jira]\nsite_url = https://x.example\nauth = basic\n"), RESULT_INVALID);
	expect_fault(0, 7, "user is missing");
	expect_fault(1, 7, "token is missing");
	assert_int_equal(read_text(NEEDED "[jira]\nsite_url = https://x.example\nauth = oauth\nclient_id = a\n"),
	                 RESULT_INVALID);
	expect_fault(0, 7, "client_secret is missing");
	expect_fault(1, 7, "token_url is missing");
	assert_int_equal(read_text(NEEDED "[jira]\nsite_url = https://x.example\nauth = magic\n"), RESULT_INVALID);
	assert_int_equal(fault_count, 1);
	expect_fault(0, 7, "basic, bearer or oauth");
}

static void the_environment_overrides_a_key(void **state)
{
	char *environment[] = {(char *)"PATH=/bin",
	                       (char *)"AICLEARANCE_STORE_URL=sqlite:/other.db",
	                       (char *)"AICLEARANCE_SERVER_PUBLIC_URL=https://y.example/",
	                       (char *)"AICLEARANCE_URL=http://127.0.0.1:1",
	                       (char *)"AICLEARANCE_TOKEN=aic_x",
	                       NULL};

	(void)state;
	assert_int_equal(read_bytes(NEEDED, strlen(NEEDED), environment), RESULT_OK);
	assert_string_equal(config.store_url, "sqlite:/other.db");
	assert_string_equal(config.public_url, "https://y.example");
}

static void a_mistyped_override_does_not_pass_unnoticed(void **state)
{
	char *environment[] = {(char *)"AICLEARANCE_STORE_ULR=sqlite:/other.db", (char *)"AICLEARANCE_LOG_LEVEL=loud",
	                       (char *)"AICLEARANCE_SERVER_LISTEN=0.0.0.0:80", (char *)"AICLEARANCE_store_url=sqlite:/z",
	                       NULL};

	(void)state;
	assert_int_equal(read_bytes(NEEDED, strlen(NEEDED), environment), RESULT_INVALID);
	assert_int_equal(fault_count, 4);
	expect_fault(0, 0, "AICLEARANCE_STORE_ULR");
	expect_fault(1, 0, "AICLEARANCE_LOG_LEVEL must be");
	expect_fault(2, 0, "AICLEARANCE_store_url");
	expect_fault(3, 0, "loopback");
}

static void what_is_not_built_yet_is_accepted_and_named(void **state)
{
	const char *const *names;

	(void)state;
	assert_int_equal(
	    read_text(NEEDED "[forge]\napp_id = ari:cloud:ecosystem::app/x\n[auth]\nissuer = https://i.example\n"),
	    RESULT_OK);
	names = config_unbuilt(&config, arena);
	assert_non_null(names);
	assert_string_equal(names[0], "forge.app_id");
	assert_string_equal(names[1], "auth.issuer");
	assert_null(names[2]);
}

static void a_file_that_is_not_there_or_none_is_said_so(void **state)
{
	(void)state;
	assert_int_equal(config_read("/nonexistent/x.ini", NULL, arena, &config, &faults, &fault_count), RESULT_NOT_FOUND);
	assert_int_equal(fault_count, 1);
	assert_int_equal(config_read("/tmp", NULL, arena, &config, &faults, &fault_count), RESULT_IO);
	assert_int_equal(fault_count, 1);
}

static void a_file_of_nothing_but_faults_stays_bounded(void **state)
{
	static char text[100000];

	(void)state;
	for (size_t at = 0; at < sizeof(text); at += 4)
		memcpy(text + at, "x:y\n", 4);
	assert_int_equal(read_bytes(text, sizeof(text), NULL), RESULT_INVALID);
	assert_int_equal(fault_count, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_sample_of_the_manual_is_accepted_as_it_stands),
	    TEST(a_windows_file_reads_the_same),
	    TEST(every_fault_is_listed_with_its_line),
	    TEST(an_over_long_line_is_refused_and_not_cut),
	    TEST(bytes_that_a_terminal_would_obey_are_refused),
	    TEST(what_must_be_there_is_asked_for),
	    TEST(the_service_is_not_put_on_a_network_without_tls),
	    TEST(jira_without_the_means_to_sign_in_is_refused),
	    TEST(the_environment_overrides_a_key),
	    TEST(a_mistyped_override_does_not_pass_unnoticed),
	    TEST(what_is_not_built_yet_is_accepted_and_named),
	    TEST(a_file_that_is_not_there_or_none_is_said_so),
	    TEST(a_file_of_nothing_but_faults_stays_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
