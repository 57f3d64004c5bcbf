/* A store that fails on purpose: it forwards to a real one, and the Nth call that can fail does, with nothing of it
 * done (store.h, Manners). For tests that fail the Nth call, for every N. */
#ifndef AIC_STORE_STORE_FAULT_H
#define AIC_STORE_STORE_FAULT_H

#include <stdint.h>

#include "store/store.h"

/* Wraps a store, which the wrapper then owns: closing it closes both. */
enum result store_fault_wrap(struct store *real, struct store **ret_store) MUST_CHECK;
/* The Nth call from now (1: the next) fails with `result`, once; 0 switches it off. */
void store_fault_fail_nth(struct store *store, uint64_t nth, enum result result);
/* The Nth call is done, and fails all the same: its answer was lost. What it gives back must not be used. */
void store_fault_lose_nth(struct store *store, uint64_t nth, enum result result);
/* All calls from the Nth on fail, with nothing of them done, until 0 switches it off: as after the end of a process. */
void store_fault_fail_from(struct store *store, uint64_t nth, enum result result);
/* Calls that could have failed since it was wrapped. */
uint64_t store_fault_count(const struct store *store);

#endif
