/* Time. Everything that measures it reads a `struct clock`, so that a test, or a year in a minute, can be simulated.
 * Instants are milliseconds since 1970-01-01T00:00:00Z; 0 means "none" in every structure of the house. */
#ifndef AIC_BASE_CLOCK_H
#define AIC_BASE_CLOCK_H

#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

struct clock {
	int64_t (*now_ms)(const struct clock *clock);       /* wall clock */
	int64_t (*monotonic_ms)(const struct clock *clock); /* never goes back; for deadlines */
};

const struct clock *clock_system(void);

static inline int64_t clock_now_ms(const struct clock *clock)
{
	return clock->now_ms(clock);
}

static inline int64_t clock_monotonic_ms(const struct clock *clock)
{
	return clock->monotonic_ms(clock);
}

/* A clock that a test moves by hand. */
struct clock_manual {
	struct clock clock;
	_Atomic int64_t now;
};
void clock_manual_init(struct clock_manual *manual, int64_t now_ms);
void clock_manual_advance(struct clock_manual *manual, int64_t by_ms);

#define CLOCK_TEXT_SIZE 32
/* RFC 3339 in UTC: "2026-11-23T09:30:00Z"; fractions of a second are cut off. */
void clock_format(int64_t at_ms, char out[CLOCK_TEXT_SIZE]);
/* RFC 3339, and Jira's "2016-09-28T14:01:00.000+0700" (no colon in the offset); fraction optional; offset required. */
enum result clock_parse(const char *string, int64_t *ret_at_ms) MUST_CHECK;

#endif
