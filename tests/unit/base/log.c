#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

/* What `act` logs, taken from standard error. */
static size_t capture(void (*act)(void), char *out, size_t size)
{
	fflush(stderr);
	FILE *file = tmpfile();
	assert_non_null(file);
	int saved = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	act();
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	size_t length = fread(out, 1, size - 1, file);
	out[length] = '\0';
	fclose(file);
	return length;
}

static char taken[1 << 20];

static void log_one(void)
{
	log_info("job.finished", "jobId", "7", "skipped", NULL, "text", "a \"b\"\nc\x01\xff");
}

static void an_event_is_one_line_of_json_whatever_is_in_its_values(void **state)
{
	(void)state;
	size_t length = capture(log_one, taken, sizeof(taken));
	assert_ptr_equal(strchr(taken, '\n'), taken + length - 1);
	_cleanup_(json_decrefp) json_t *line = NULL;
	assert_int_equal(json_read(taken, length, &line, NULL), RESULT_OK);
	assert_string_equal(json_string_at(line, "level"), "info");
	assert_string_equal(json_string_value(json_object_get(line, "event")), "job.finished");
	assert_string_equal(json_string_at(line, "jobId"), "7");
	assert_string_equal(json_string_at(line, "text"), "a \"b\"\nc\x01\xef\xbf\xbd");
	assert_null(json_at(line, "skipped"));
	int64_t at_ms;
	assert_int_equal(clock_parse(json_string_at(line, "time"), &at_ms), RESULT_OK);
}

static void log_each_level(void)
{
	log_debug("a");
	log_info("b");
	log_warning("c");
	log_error("d");
}

static void events_below_the_level_are_not_written(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_WARNING);
	capture(log_each_level, taken, sizeof(taken));
	log_set_level(LOG_LEVEL_INFO);
	assert_null(strstr(taken, "\"a\""));
	assert_null(strstr(taken, "\"b\""));
	assert_non_null(strstr(taken, "\"event\":\"c\""));
	assert_non_null(strstr(taken, "\"event\":\"d\""));
}

static char flood[100000];

static void log_flood(void)
{
	memset(flood, 'x', sizeof(flood) - 1);
	log_info("flood", "value", flood);
	log_info("flood", "1", flood, "2", flood, "3", flood, "4", flood, "5", flood, "6", flood, "7", flood, "8", flood,
	         "9", flood);
}

static void a_flood_is_cut_and_still_told(void **state)
{
	(void)state;
	size_t length = capture(log_flood, taken, sizeof(taken));
	assert_true(length < 20000);
	char *second = strchr(taken, '\n') + 1;
	_cleanup_(json_decrefp) json_t *line = NULL;
	assert_int_equal(json_read(taken, (size_t)(second - taken), &line, NULL), RESULT_OK);
	assert_int_equal(strlen(json_string_at(line, "value")), 2048);
	assert_non_null(strstr(second, "log.line_lost"));
}

static void log_without_memory(void)
{
	memory_fail_nth(1);
	log_error("out");
	memory_fail_nth(0);
}

static void an_event_without_memory_is_still_told(void **state)
{
	(void)state;
	capture(log_without_memory, taken, sizeof(taken));
	assert_non_null(strstr(taken, "log.line_lost"));
	assert_non_null(strstr(taken, "error"));
}

static void *log_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < 200; i++)
		log_info("thread", "text", "0123456789012345678901234567890123456789");
	return NULL;
}

static void log_in_threads(void)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void lines_of_several_threads_do_not_mix(void **state)
{
	(void)state;
	capture(log_in_threads, taken, sizeof(taken));
	int lines = 0;
	for (char *at = taken, *end; (end = strchr(at, '\n')) != NULL; at = end + 1, lines++) {
		_cleanup_(json_decrefp) json_t *line = NULL;
		assert_int_equal(json_read(at, (size_t)(end - at), &line, NULL), RESULT_OK);
	}
	assert_int_equal(lines, 800);
}

static void level_names_are_those_of_the_configuration(void **state)
{
	(void)state;
	enum log_level level;
	assert_int_equal(log_parse_level("debug", &level), RESULT_OK);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_parse_level("error", &level), RESULT_OK);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_parse_level("Error", &level), RESULT_INVALID);
	assert_int_equal(log_parse_level(NULL, &level), RESULT_INVALID);
	assert_int_equal(level, LOG_LEVEL_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_is_one_line_of_json_whatever_is_in_its_values),
	    cmocka_unit_test(events_below_the_level_are_not_written),
	    cmocka_unit_test(a_flood_is_cut_and_still_told),
	    cmocka_unit_test(an_event_without_memory_is_still_told),
	    cmocka_unit_test(lines_of_several_threads_do_not_mix),
	    cmocka_unit_test(level_names_are_those_of_the_configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
