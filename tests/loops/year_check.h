/* What must be true of the groups and of each grant, at a given moment of the year. */
#ifndef AIC_TESTS_LOOPS_YEAR_CHECK_H
#define AIC_TESTS_LOOPS_YEAR_CHECK_H

#include <stdbool.h>

/* At any moment, whatever is under way or down: who has access keeps it, and who was never given any, or was seen to be
 * out, is not in. */
bool year_is_safe(void);
/* All work is done: the groups are what the approvals say, and each grant is where it belongs. Learns from it when
 * accesses began. */
bool year_holds(void);
/* Before the service comes back: which groups will be too many at once (CONTRACT, rule 9), so that year_holds() asks
 * for it. */
void year_foresee(void);
/* At the end: every issue was told what happened, and nothing twice. */
bool year_was_told(void);

#endif
