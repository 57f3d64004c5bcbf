/* One event, one line, one write(2): lines of several threads do not mix, and a reader never sees half an event. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define LONGEST_LINE (16 * 1024)
#define LONGEST_VALUE 2048

static const char *const level_names[] = {"debug", "info", "warning", "error"};
static _Atomic int lowest_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	lowest_level = level;
}

enum result log_parse_level(const char *name, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (text_equal(name, level_names[i])) {
			*ret_level = (enum log_level)i;
			return RESULT_OK;
		}
	}
	return RESULT_INVALID;
}

/* A value over the limit is cut: a line must stay a line. The character that a cut splits becomes U+FFFD. */
static void append_value(struct text *line, const char *value)
{
	char cut[LONGEST_VALUE + 1];
	size_t length = strnlen(value, LONGEST_VALUE);
	memcpy(cut, value, length);
	cut[length] = '\0';
	text_append_json(line, cut);
}

static void write_line(const char *bytes, size_t length)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&mutex);
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break; /* nobody is left to tell */
		bytes += written;
		length -= (size_t)written;
	}
	pthread_mutex_unlock(&mutex);
}

void log_event(enum log_level level, const char *event, ...)
{
	if ((int)level < lowest_level)
		return;
	int saved_errno = errno;
	const struct clock *clock = clock_system();
	char time[CLOCK_TEXT_SIZE];
	clock_format(clock_now_ms(clock), time);

	_cleanup_(text_done) struct text line = TEXT_INIT(LONGEST_LINE);
	text_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", time, level_names[level]);
	append_value(&line, event);
	va_list pairs;
	va_start(pairs, event);
	for (const char *key = va_arg(pairs, const char *); key != NULL; key = va_arg(pairs, const char *)) {
		const char *value = va_arg(pairs, const char *);
		if (value == NULL)
			continue;
		text_append_char(&line, ',');
		append_value(&line, key);
		text_append_char(&line, ':');
		append_value(&line, value);
	}
	va_end(pairs);
	text_append(&line, "}\n");

	if (!text_failed(&line)) {
		write_line(line.data, line.length);
	} else {
		/* Too long, or no memory: that it happened is told without either. */
		char stub[160];
		int length = snprintf(stub, sizeof(stub), "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"log.line_lost\"}\n",
		                      time, level_names[level]);
		write_line(stub, (size_t)length);
	}
	errno = saved_errno;
}
