#include "worker/lease_keeper.h"

void lease_slot_init(struct lease_slot *slot)
{
	*slot = (struct lease_slot){0};
	pthread_mutex_init(&slot->lock, NULL);
}

void lease_slot_done(struct lease_slot *slot)
{
	pthread_mutex_destroy(&slot->lock);
}

void lease_slot_show(struct lease_slot *slot, const struct job *job, const struct clock *clock)
{
	pthread_mutex_lock(&slot->lock);
	slot->job = job;
	slot->renewed_at = clock_monotonic_ms(clock);
	pthread_mutex_unlock(&slot->lock);
}

void lease_slot_clear(struct lease_slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	slot->job = NULL;
	pthread_mutex_unlock(&slot->lock);
}

void lease_slot_keep(struct lease_slot *slot, struct store *store, const struct clock *clock)
{
	pthread_mutex_lock(&slot->lock);
	int64_t now = clock_monotonic_ms(clock);
	if (slot->job != NULL && now - slot->renewed_at >= LEASE_MS / 3) {
		struct error error;
		enum result result = store->ops->job_renew(store, slot->job, LEASE_MS, &error);
		if (result == RESULT_OK || result == RESULT_CONFLICT)
			slot->renewed_at = now;
	}
	pthread_mutex_unlock(&slot->lock);
}
