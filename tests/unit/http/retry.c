#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/retry.h"

#define NOW INT64_C(784111777000) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define CAP INT64_C(600000)

static void every_form_of_retry_after_is_understood(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		int64_t wait_ms;
	} rows[] = {
	    {"0", 0},
	    {"7", 7000},
	    {" 120 ", 120000},
	    {"1.5", 1500},
	    {"0.0019", 1},
	    {"3\r\n", 3000},
	    {"007", 7000},
	    {"600", CAP},
	    {"601", CAP},
	    {"99999999999999999999999999", CAP},
	    {"599.9999", 599999},
	    {"Sun, 06 Nov 1994 08:49:47 GMT", 10000},
	    {"Sunday, 06-Nov-94 08:49:47 GMT", 10000},
	    {"Sun Nov  6 08:49:47 1994", 10000},
	    {"Sun, 06 Nov 1994 08:49:27 GMT", 0},
	    {"Mon, 06 Nov 1995 08:49:37 GMT", CAP},
	    {"1994-11-06T08:49:39Z", 2000},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (retry_after_ms(rows[i].value, NOW, CAP) != rows[i].wait_ms)
			fail_msg("%s gives %lld", rows[i].value, (long long)retry_after_ms(rows[i].value, NOW, CAP));
	}
}

static void what_is_absurd_is_as_good_as_missing(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "",          " ",
	    "-1",        "+5",
	    "soon",      "1.",
	    ".5",        "1,5",
	    "5 seconds", "0x10",
	    "1e3",       "NaN",
	    "tomorrow",  "Sun, 99 Nov 1994 08:49:47 GMT",
	    "12:00",     "000000000000000000000000000000000000000000000000000000000000000000000001"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (retry_after_ms(rows[i], NOW, CAP) != -1)
			fail_msg("%s gives %lld", rows[i], (long long)retry_after_ms(rows[i], NOW, CAP));
	}
	assert_int_equal(retry_after_ms(NULL, NOW, CAP), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_of_retry_after_is_understood),
	    cmocka_unit_test(what_is_absurd_is_as_good_as_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
