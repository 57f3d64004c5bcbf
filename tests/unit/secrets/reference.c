/* What a secret reference may read. Each test names the secret that would leak, or the hang that would come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "secrets/reference.h"

static char root[64];
static char path[256];
static char list[256];

static const char *at(const char *name)
{
	(void)snprintf(path, sizeof(path), "file:%s/%s", root, name);
	return path;
}

static void put(const char *name, const char *text, size_t length, mode_t mode)
{
	FILE *file = fopen(at(name) + 5, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path + 5, mode), 0);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/aic-reference-XXXXXX");
	assert_non_null(mkdtemp(root));
	assert_int_equal(mkdir(at("in") + 5, 0700), 0);
	put("in/good", "value\n", 6, 0600);
	put("out", "outside", 7, 0600);
	(void)snprintf(list, sizeof(list), "env:ENTRA_*, dir:%s/in", root);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command) == 0 ? 0 : -1;
}

static void expect(enum result expected, const char *code, const char *reference)
{
	struct secret secret = {0};
	struct error error = {0};

	assert_int_equal(secret_reference_read(reference, &secret, &error), expected);
	assert_string_equal(error.code, code);
	assert_null(secret.bytes);
}

static void expect_allowed(enum result expected, const char *code, const char *reference)
{
	struct secret_allow_list allow = {list};
	struct secret secret = {0};
	struct error error = {0};

	assert_int_equal(secret_reference_read_allowed(reference, &allow, &secret, &error), expected);
	assert_string_equal(error.code, code);
	assert_true((secret.bytes != NULL) == (expected == RESULT_OK));
	secret_done(&secret);
}

#define UNREADABLE "secret_reference_unreadable"
#define NOT_ALLOWED "secret_reference_not_allowed"

static void a_file_gives_its_text_without_the_newline_that_an_editor_adds(void **state)
{
	struct secret secret = {0};

	(void)state;
	assert_int_equal(secret_reference_read(at("in/good"), &secret, NULL), RESULT_OK);
	assert_int_equal(secret.length, 5);
	assert_string_equal(secret.bytes, "value");
	secret_done(&secret);
	put("in/two", "value\n\n", 7, 0400);
	assert_int_equal(secret_reference_read(at("in/two"), &secret, NULL), RESULT_OK);
	assert_string_equal(secret.bytes, "value\n");
	secret_done(&secret);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0644, 0660, 0602};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		put("in/open", "value", 5, modes[i]);
		expect(RESULT_DENIED, UNREADABLE, at("in/open"));
		expect_allowed(RESULT_DENIED, UNREADABLE, at("in/open"));
	}
}

static void a_fifo_does_not_hang_us(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(at("in/fifo") + 5, 0600), 0);
	expect(RESULT_DENIED, UNREADABLE, at("in/fifo"));
	expect_allowed(RESULT_DENIED, UNREADABLE, at("in/fifo"));
}

static void a_directory_or_a_device_is_no_secret(void **state)
{
	(void)state;
	expect(RESULT_DENIED, UNREADABLE, at("in"));
	expect(RESULT_DENIED, UNREADABLE, "file:/dev/zero");
}

static void a_file_over_64_kib_is_refused_and_one_of_64_kib_is_not(void **state)
{
	static char large[64 * 1024 + 1];
	struct secret secret = {0};

	(void)state;
	memset(large, 'x', sizeof(large));
	put("in/large", large, sizeof(large), 0600);
	expect(RESULT_TOO_LARGE, UNREADABLE, at("in/large"));
	put("in/fits", large, sizeof(large) - 1, 0600);
	assert_int_equal(secret_reference_read(at("in/fits"), &secret, NULL), RESULT_OK);
	assert_int_equal(secret.length, 64 * 1024);
	secret_done(&secret);
}

static void an_empty_value_is_no_secret(void **state)
{
	(void)state;
	put("in/empty", "", 0, 0600);
	expect(RESULT_INVALID, UNREADABLE, at("in/empty"));
	put("in/newline", "\n", 1, 0600);
	expect(RESULT_INVALID, UNREADABLE, at("in/newline"));
	assert_int_equal(setenv("AIC_TEST_EMPTY", "", 1), 0);
	expect(RESULT_INVALID, UNREADABLE, "env:AIC_TEST_EMPTY");
}

static void what_is_not_there_is_named(void **state)
{
	(void)state;
	expect(RESULT_NOT_FOUND, UNREADABLE, at("in/absent"));
	expect(RESULT_NOT_FOUND, UNREADABLE, "env:AIC_TEST_ABSENT");
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	expect(RESULT_NOT_FOUND, UNREADABLE, "systemd:absent");
}

static void a_link_in_the_last_part_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(symlink("good", at("in/link") + 5), 0);
	expect(RESULT_DENIED, UNREADABLE, at("in/link"));
}

static void nothing_is_allowed_by_default(void **state)
{
	struct secret_allow_list none[] = {{NULL}, {""}, {"  "}};
	struct secret secret = {0};
	struct error error;

	(void)state;
	assert_int_equal(setenv("ENTRA_X", "value", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(secret_reference_read_allowed("env:ENTRA_X", &none[i], &secret, &error), RESULT_DENIED);
		assert_string_equal(error.code, NOT_ALLOWED);
		assert_int_equal(secret_reference_read_allowed(at("in/good"), &none[i], &secret, &error), RESULT_DENIED);
		assert_string_equal(error.code, NOT_ALLOWED);
	}
}

static void an_api_reference_reads_what_lies_beneath_its_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("in/deep") + 5, 0700), 0);
	put("in/deep/er", "value", 5, 0600);
	expect_allowed(RESULT_OK, "", at("in/good"));
	expect_allowed(RESULT_OK, "", at("in//good"));
	expect_allowed(RESULT_OK, "", at("in/deep/er"));
}

static void an_api_reference_reads_nothing_outside_its_directory(void **state)
{
	(void)state;
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, at("out"));
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, at("in/../out"));
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, "file:/etc/shadow");
	assert_int_equal(mkdir(at("inside") + 5, 0700), 0);
	put("inside/good", "value", 5, 0600);
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, at("inside/good"));
}

static void a_link_out_of_the_directory_leads_nowhere(void **state)
{
	(void)state;
	assert_int_equal(symlink("../out", at("in/link") + 5), 0);
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, at("in/link"));
	assert_int_equal(symlink("..", at("in/up") + 5), 0);
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, at("in/up/out"));
	assert_int_equal(symlink("/etc/hostname", at("in/absolute") + 5), 0);
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, at("in/absolute"));
}

static void environment_names_match_by_prefix_or_whole(void **state)
{
	(void)state;
	assert_int_equal(setenv("ENTRA_X", "value", 1), 0);
	assert_int_equal(setenv("ENTRA", "value", 1), 0);
	assert_int_equal(setenv("AIC_ONE", "value", 1), 0);
	assert_int_equal(setenv("AIC_ONE_MORE", "value", 1), 0);
	expect_allowed(RESULT_OK, "", "env:ENTRA_X");
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, "env:ENTRA");
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, "env:AIC_ONE");
	(void)snprintf(list, sizeof(list), "env:AIC_ONE");
	expect_allowed(RESULT_OK, "", "env:AIC_ONE");
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, "env:AIC_ONE_MORE");
}

static void a_systemd_credential_is_read_from_its_directory_alone(void **state)
{
	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", at("in") + 5, 1), 0);
	expect_allowed(RESULT_DENIED, NOT_ALLOWED, "systemd:good");
	(void)snprintf(list, sizeof(list), "systemd:*");
	expect_allowed(RESULT_OK, "", "systemd:good");
	/* systemd shows an ACL entry for the service's user as group-readable. */
	put("in/acl", "value", 5, 0440);
	expect_allowed(RESULT_OK, "", "systemd:acl");
	assert_int_equal(symlink("../out", at("in/link") + 5), 0);
	expect_allowed(RESULT_DENIED, UNREADABLE, "systemd:link");
	expect_allowed(RESULT_INVALID, UNREADABLE, "systemd:../out");
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void a_secret_written_where_a_reference_belongs_is_not_repeated(void **state)
{
	static const char *const wrong[] = {"Hc8Q~secret", "env:", "env:A-B",  "file:relative", "file:/a\nb",
	                                    "vault:x",     "",     "systemd:", "systemd:.x",    "file:/a/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct secret secret = {0};
		struct error error;

		assert_false(secret_reference_is_valid(wrong[i]));
		assert_int_equal(secret_reference_read(wrong[i], &secret, &error), RESULT_INVALID);
		assert_true(!*wrong[i] || !strstr(error.detail, "Hc8Q"));
	}
	assert_false(secret_reference_is_valid(NULL));
}

static void a_list_that_would_allow_more_than_meant_is_refused(void **state)
{
	static const char *const good[] = {"",      NULL,    "dir:/etc/x", "dir:/a, env:A_*,systemd:*",
	                                   "env:A", "env:*", "systemd:a.b"};
	static const char *const bad[] = {"/etc/x", "dir:x",   "dir:/", "dir:/a/../b", "env:A*B", "env:A,",
	                                  ",",      "file:/x", "env:",  "dir:",        "env:1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(secret_allow_list_check(good[i], NULL), RESULT_OK);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(secret_allow_list_check(bad[i], NULL), RESULT_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_gives_its_text_without_the_newline_that_an_editor_adds),
	    TEST(a_file_that_others_can_read_is_refused),
	    TEST(a_fifo_does_not_hang_us),
	    TEST(a_directory_or_a_device_is_no_secret),
	    TEST(a_file_over_64_kib_is_refused_and_one_of_64_kib_is_not),
	    TEST(an_empty_value_is_no_secret),
	    TEST(what_is_not_there_is_named),
	    TEST(a_link_in_the_last_part_is_not_followed),
	    TEST(nothing_is_allowed_by_default),
	    TEST(an_api_reference_reads_what_lies_beneath_its_directory),
	    TEST(an_api_reference_reads_nothing_outside_its_directory),
	    TEST(a_link_out_of_the_directory_leads_nowhere),
	    TEST(environment_names_match_by_prefix_or_whole),
	    TEST(a_systemd_credential_is_read_from_its_directory_alone),
	    TEST(a_secret_written_where_a_reference_belongs_is_not_repeated),
	    TEST(a_list_that_would_allow_more_than_meant_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
