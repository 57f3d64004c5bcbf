/* Who acts in the soak, by chance, and the model: what must be true of everything that was asked for. */
#ifndef AIC_TESTS_LOOPS_SOAK_PEOPLE_H
#define AIC_TESTS_LOOPS_SOAK_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

struct people_counts {
	uint64_t filed, approved, declined, removed, resolved, checked;
};

/* Some are in a group before anything begins, and of some Jira does not tell the address. */
void people_begin(void);
/* Somebody may do something. */
void people_act(void);
/* An admin looks through the follow-ups, and does with each what it asks for. How many there were. */
int people_resolve(void);
/* What holds at any time: nobody is in a group to whom it was never granted. */
bool people_are_safe(void);
/* What holds once all work is done. Prints what does not. */
bool people_have_what_they_should(void);
struct people_counts people_counts(void);

#endif
