/* A store that keeps nothing: what the planner and the backlog ask of a store (store.h), answered from memory, so that
 * what the engine itself costs can be measured, and simulated for long stretches of time.
 *
 * It knows one connector and additions only. Groups, people, jobs and grants are numbers: membership number m has job
 * and grant m, and a group and a person of their own. Claims go by the rules of store.h: urgency, then age, blocks of
 * twenty of a group, a lease per group, the pause of a connector. Everything else aborts or is missing. Thread-safe. */
#ifndef AIC_BENCHMARKS_NULL_STORE_H
#define AIC_BENCHMARKS_NULL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "domain/connector_settings.h"
#include "store/store.h"

/* As the sandbox names the users that it makes ("generateUsers"), and as ./bench names its groups. */
#define NULL_STORE_USER "e0000000-0000-4000-8000-%012zu"
#define NULL_STORE_GROUP "b1000000-0000-4000-8000-%012zu"

struct null_store;

/* Borrows both. Aborts without memory, as everything here does: it is a measuring device. */
struct null_store *null_store_new(const struct clock *clock, const struct connector_settings *connector, size_t groups);
void null_store_free(struct null_store *null_store);
struct store *null_store_ops(struct null_store *null_store);

/* One more approval; its number. */
size_t null_store_add(struct null_store *null_store, size_t group, size_t person, bool bulk);

struct null_store_counts {
	size_t added, active, follow_ups; /* memberships */
	size_t waits;                     /* attempts that ended as "later" */
	size_t incidents;
	char code[48]; /* of the last follow-up, wait or incident that had one */
};
struct null_store_counts null_store_count(struct null_store *null_store);
/* When it was settled as active; 0: it is not yet. */
int64_t null_store_active_at(struct null_store *null_store, size_t membership);

#endif
