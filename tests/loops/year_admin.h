/* What an admin does in the year, where the service asks for a person. */
#ifndef AIC_TESTS_LOOPS_YEAR_ADMIN_H
#define AIC_TESTS_LOOPS_YEAR_ADMIN_H

#include <stdbool.h>

/* Looks after the follow-ups: true, if something was done that makes work. `cancelled`: after some of what was held and
 * cancelled, too. */
bool year_follow_up(bool cancelled);
/* Settles what is held, now and then: some removals asked for one by one, the others let go, or cancelled. */
bool year_settle_held(void);

#endif
