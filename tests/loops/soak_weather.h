/* What goes wrong in the soak, by chance: spells in which Entra, Jira or the store fail in one way or another, calls
 * that get lost, and the end of the process in the middle of something. */
#ifndef AIC_TESTS_LOOPS_SOAK_WEATHER_H
#define AIC_TESTS_LOOPS_SOAK_WEATHER_H

#include <stdint.h>

struct weather_counts {
	uint64_t network, store, deaths, restarts;
};

void weather_begin(void);
/* Changes the weather, if it is time to; before each turn. */
void weather_turn(void);
/* From now on everything works. */
void weather_end(void);
struct weather_counts weather_counts(void); /* since it was forgotten */
void weather_forget(void);

#endif
