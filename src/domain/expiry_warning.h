/* Before a grant ends its issue is told so, on the days that its tool names. */
#ifndef AIC_DOMAIN_EXPIRY_WARNING_H
#define AIC_DOMAIN_EXPIRY_WARNING_H

#include <stddef.h>
#include <stdint.h>

#define EXPIRY_WARNING_DAYS_MOST 10
#define EXPIRY_WARNING_DAY_MAX 365
#define EXPIRY_WARNING_DAY_MS (INT64_C(24) * 3600 * 1000)

/* So many days before the end, in any order, each once; none: nothing is said before the end. */
struct expiry_warnings {
	int days[EXPIRY_WARNING_DAYS_MOST];
	size_t count;
};

/* 7 and 1. */
extern const struct expiry_warnings expiry_warnings_default;

/* The warning that applies now: of those whose moment has come since the access became active, the one closest to the
 * end. 0: none, or the end is here. */
int expiry_warning_now(const struct expiry_warnings *warnings, int64_t active_at, int64_t expires_at, int64_t now);

#endif
