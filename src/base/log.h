/* The log: one JSON object a line on standard error, for journald or a file.
 *
 * Written by routes, jobs and commands, never by library code. Values are ids, codes, counts and our own sentences;
 * never a secret, a token, a name or an e-mail address. */
#ifndef AIC_BASE_LOG_H
#define AIC_BASE_LOG_H

#include <stdint.h>

#include "base/result.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

void log_set_level(enum log_level level);
/* "debug", "info", "warning", "error" */
enum result log_parse_level(const char *name, enum log_level *ret_level) MUST_CHECK;

/* `event` is a dotted name ("job.finished"); then pairs of key and string value, ended by NULL. NULL values are
 * skipped. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, ##__VA_ARGS__, NULL)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, ##__VA_ARGS__, NULL)
#define log_warning(event, ...) log_event(LOG_LEVEL_WARNING, event, ##__VA_ARGS__, NULL)
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, ##__VA_ARGS__, NULL)

#endif
