/* Keeps the leases of running jobs from running out while their attempts last. Private to worker/.
 *
 * Each worker thread has a slot. It shows its job there while the job runs; the scheduler's thread renews what has been
 * shown for long. Taking a job out of its slot waits for a renewal under way, so that the job may be freed afterwards.
 */
#ifndef AIC_WORKER_LEASE_KEEPER_H
#define AIC_WORKER_LEASE_KEEPER_H

#include <pthread.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/store.h"

#define LEASE_MS 60000

struct lease_slot {
	pthread_mutex_t lock;
	const struct job *job; /* NULL: none runs */
	int64_t renewed_at;    /* monotonic */
};

void lease_slot_init(struct lease_slot *slot);
void lease_slot_done(struct lease_slot *slot);
void lease_slot_show(struct lease_slot *slot, const struct job *job, const struct clock *clock);
void lease_slot_clear(struct lease_slot *slot);
/* Renews if a third of the lease has passed. A lease that is lost already is left: the attempt finds out by its fence.
 */
void lease_slot_keep(struct lease_slot *slot, struct store *store, const struct clock *clock);

#endif
