/* How much an app may still ask in a tenant: Graph counts what a request costs in resource units, and lets an app have
 * 3,500 in 10 s in a tenant of under 50 users, 5,000 under 500, 8,000 above (Microsoft Graph, identity and access
 * limits). Kept by us before Graph has to say so, for all threads.
 *
 * Nobody tells how large a tenant counts. So it begins with the highest, and learns a lower one from
 * x-ms-throttle-limit-percentage and from refusals; ten minutes later the highest holds again, since a limit may have
 * been refused for what another program did. A part is kept for changes that somebody waits for.
 *
 * Nothing waits here: what is not taken on is not asked about (connector_ops.room). */
#ifndef AIC_CONNECTOR_ENTRA_UNIT_BUDGET_H
#define AIC_CONNECTOR_ENTRA_UNIT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connector/connector.h"
#include "connector/entra/cloud.h"

/* What a request costs, by its path and query (the page named above): users and applications 2, a group's members 3,
 * its transitive members 5, anything else 1; one less with $select, one more with $expand; at least 1. A whole address
 * (a nextLink) does as well. */
int64_t unit_budget_cost(const char *path);

/* How many changes may be begun now, by what one has cost so far; `bulk`: by a backlog. 0: not before *ret_wait_ms.
 * `now_ms` is monotonic. */
size_t unit_budget_room(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                        int64_t now_ms, int64_t *ret_wait_ms);
/* Something is sent. */
void unit_budget_spend(const struct entra_place *place, const struct connector_settings *settings, int64_t units,
                       int64_t now_ms);
/* So many people were asked about, and it took so many requests. */
void unit_budget_learn(const struct entra_place *place, const struct connector_settings *settings, size_t people,
                       size_t requests, int64_t now_ms);
/* A read was answered, and this part of the limit is used; 0: not told. */
void unit_budget_hear(const struct entra_place *place, const struct connector_settings *settings, double fraction,
                      int64_t now_ms);
/* A read was refused for a limit. */
void unit_budget_refused(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms);

#endif
