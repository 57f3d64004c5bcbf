/* Simulated time, and chance from a seed, for everything in the process: what reads clock_system(), sleeps with
 * nanosleep, or asks the kernel for random bytes is led here by the linker (--wrap, see meson.build). */
#ifndef AIC_TESTS_LOOPS_SIM_CLOCK_H
#define AIC_TESTS_LOOPS_SIM_CLOCK_H

#include <stdint.h>

#include "base/clock.h"

const struct clock *sim_clock(void);
int64_t sim_now_ms(void);
void sim_clock_set(int64_t now_ms);
/* Lets time pass, a second at most at once, and calls what was hooked in after each. */
void sim_pass_ms(int64_t ms);
/* Time passes in which nothing is at work: at once. */
void sim_jump_ms(int64_t ms);
void sim_clock_hook(void (*passed)(void));

void sim_seed(uint64_t seed);
/* For the test's own decisions: apart from the stream that the program under test draws from. */
uint64_t sim_random_below(uint64_t limit);

#endif
