/* How many writes an app may still send in a tenant: 3,000 in 150 s (Microsoft Graph, identity and access limits), kept
 * by us before Graph has to say so, for all threads.
 *
 * What a PATCH of twenty links costs is told differently: one write a request (the same page), a third of a write a
 * link (Microsoft's word to Instructure), or a write a link. So it is learned. It begins with the dearest, which
 * nothing can overrun, and is changed by evidence alone: x-ms-throttle-limit-percentage, which Graph sends from 0.8 on,
 * its absence, and refusals. Whether the limit is a window or a bucket that refills is not told either, so only the
 * first span after a rest says that links cost less than was thought; at any time they may turn out to cost more.
 * Writes that are under way may have been counted over there or not, and are taken for whichever proves less.
 *
 * A part is kept for changes that somebody waits for; a backlog does not touch it. */
#ifndef AIC_CONNECTOR_ENTRA_WRITE_BUDGET_H
#define AIC_CONNECTOR_ENTRA_WRITE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connector/connector.h"
#include "connector/entra/cloud.h"

/* What a request counts for. */
struct write_use {
	size_t singles;       /* writes of one membership */
	size_t link_requests; /* PATCHes of several */
	size_t links;         /* in them */
};

/* What came of it. */
struct write_answer {
	bool answered;
	double fraction;       /* of the limit that is used; 0: Graph did not say, as it does below 0.8 */
	struct write_use kept; /* of what was sent so much was not carried out */
};

/* How many memberships may be written now; `bulk`: by a backlog. 0: not before *ret_wait_ms. `now_ms` is monotonic. */
size_t write_budget_room(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                         int64_t now_ms, int64_t *ret_wait_ms);
/* Counts what is about to be sent, if there is room for it; else false. Each that was taken must land. */
bool write_budget_take(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                       const struct write_use *use, int64_t now_ms);
/* It is over with what was taken. */
void write_budget_land(const struct entra_place *place, const struct connector_settings *settings,
                       const struct write_use *use, const struct write_answer *answer, int64_t now_ms);
/* A write was refused for the limit though we thought that there was room. */
void write_budget_refused(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms);

#endif
