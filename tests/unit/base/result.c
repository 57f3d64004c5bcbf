#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/result.h"

static void a_failure_carries_its_sentence_and_nothing_of_the_last_one(void **state)
{
	(void)state;
	struct error error = {.http_status = 500, .retryable = true, .aadsts = 7, .request_id = "old"};
	assert_int_equal(error_set(&error, RESULT_CONFLICT, "already_exists", "The tool %s exists.", "x"), RESULT_CONFLICT);
	assert_int_equal(error.result, RESULT_CONFLICT);
	assert_string_equal(error.code, "already_exists");
	assert_string_equal(error.detail, "The tool x exists.");
	assert_int_equal(error.http_status, 0);
	assert_int_equal(error.aadsts, 0);
	assert_false(error.retryable);
	assert_int_equal(error.retry_after_ms, -1);
	assert_string_equal(error.request_id, "");
}

static void an_error_may_be_rewritten_from_its_own_parts(void **state)
{
	(void)state;
	struct error error;
	(void)error_set(&error, RESULT_IO, "inner", "disk full");
	(void)error_set(&error, RESULT_UNAVAILABLE, error.code, "The store failed: %s", error.detail);
	assert_string_equal(error.detail, "The store failed: disk full");
	assert_string_equal(error.code, "inner");
}

static void long_texts_are_cut_and_nobody_need_listen(void **state)
{
	(void)state;
	char text[2000];
	memset(text, 'x', sizeof(text));
	text[1999] = '\0';
	struct error error;
	assert_int_equal(error_set(&error, RESULT_INVALID, text, "%s", text), RESULT_INVALID);
	assert_int_equal(strlen(error.detail), sizeof(error.detail) - 1);
	assert_int_equal(strlen(error.code), sizeof(error.code) - 1);
	assert_int_equal(error_set(NULL, RESULT_IO, NULL, "nobody"), RESULT_IO);
	assert_int_equal(error_set(&error, RESULT_IO, NULL, "x"), RESULT_IO);
	assert_string_equal(error.code, "");
}

static void every_result_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < RESULT_MAX; i++)
		assert_true(strlen(result_name((enum result)i)) > 1);
	assert_string_equal(result_name((enum result)99), "unknown");
	assert_string_equal(result_name((enum result) - 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failure_carries_its_sentence_and_nothing_of_the_last_one),
	    cmocka_unit_test(an_error_may_be_rewritten_from_its_own_parts),
	    cmocka_unit_test(long_texts_are_cut_and_nobody_need_listen),
	    cmocka_unit_test(every_result_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
