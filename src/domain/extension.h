/* An extension moves the end of a grant that goes on; a review asks before the end whether it should. */
#ifndef AIC_DOMAIN_EXTENSION_H
#define AIC_DOMAIN_EXTENSION_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/grant.h"

#define REVIEW_DAYS_DEFAULT 14
#define REVIEW_DAYS_MAX 365

/* What an extension may be asked for: the access is there, and its end is to come. */
bool extension_may_be_asked(const struct grant *grant, int64_t now);
/* What one that was asked for may still be given to: also while a member that was lost is being put back. Not once the
 * end has come, or the access is being taken back. */
bool extension_may_be_given(const struct grant *grant, int64_t now);

/* The new end: so many days from the approval, at most `max_days`, and never before the present one. An approval that
 * is dated ahead of our clock counts from now. */
int64_t extension_end(int64_t present_end, int64_t approved_at, int64_t now, int days, int max_days);

/* Whether to ask now. `since`: when the present end was set, at activation or by the last extension; an end that was
 * set when it was closer than `review_days` already is not asked about. */
bool review_is_due(int review_days, int64_t since, int64_t expires_at, int64_t now);

#endif
