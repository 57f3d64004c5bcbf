/* When may a failed exchange be tried again? Pure. */
#ifndef AIC_HTTP_RETRY_H
#define AIC_HTTP_RETRY_H

#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

/* Retry-After in every form (RFC 9110 section 10.2.3, and what is seen in the wild): integer or decimal seconds, an
 * HTTP-date. Gives the wait in ms from now_ms, capped at cap_ms; -1 if missing or absurd (negative, not a number). */
int64_t retry_after_ms(const char *value, int64_t now_ms, int64_t cap_ms);

#endif
