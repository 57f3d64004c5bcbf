/* The Nth allocation of the program under test fails, on whichever of its threads it comes. What the world around it
 * allocates (the sandbox, the test) does not count. Led here by the linker, see meson.build. */
#ifndef AIC_TESTS_LOOPS_SIM_MEMORY_H
#define AIC_TESTS_LOOPS_SIM_MEMORY_H

#include <stdint.h>

/* Before anything is allocated: jansson's allocations count too. */
void sim_memory_install(void);
/* This thread is outside the program under test until it left as often as it entered. */
void sim_memory_outside(void);
void sim_memory_inside(void);

uint64_t sim_memory_count(void);
/* From now on the Nth (1: the next) fails, once; 0 switches it off. */
void sim_memory_fail_nth(uint64_t nth);

#endif
