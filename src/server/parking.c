#include "server/parking.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

/* Commits come thousands a second at worst; the parked are sent to look at most this often. */
#define PARKING_PAUSE_MS 20

struct parking {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started;
	struct parked *first;
	_Atomic uint64_t generation;
	uint64_t seen; /* generation of the last round */
	bool closing;
};

static int64_t parking_now_ms(void)
{
	return clock_monotonic_ms(clock_system());
}

static void parking_wait(struct parking *parking, int64_t until_ms)
{
	struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
	if (until_ms == INT64_MAX)
		pthread_cond_wait(&parking->wake, &parking->lock);
	else
		pthread_cond_timedwait(&parking->wake, &parking->lock, &until);
}

static int64_t parking_next_ms(const struct parking *parking)
{
	int64_t next = INT64_MAX;
	for (const struct parked *parked = parking->first; parked != NULL; parked = parked->next)
		next = parked->until_ms < next ? parked->until_ms : next;
	return next;
}

/* Takes out of the list whoever is to leave; called with the lock. */
static struct parked *parking_collect(struct parking *parking, bool all, int64_t now_ms)
{
	struct parked *leaving = NULL;
	for (struct parked **at = &parking->first; *at != NULL;) {
		struct parked *parked = *at;
		if (!all && parked->until_ms > now_ms) {
			at = &parked->next;
			continue;
		}
		*at = parked->next;
		parked->next = leaving;
		leaving = parked;
	}
	return leaving;
}

static void parking_send_off(struct parked *leaving, bool closing, int64_t now_ms)
{
	while (leaving != NULL) {
		struct parked *next = leaving->next;
		leaving->leave(leaving, closing || leaving->until_ms <= now_ms);
		leaving = next;
	}
}

static void *parking_run(void *context)
{
	struct parking *parking = context;
	pthread_mutex_lock(&parking->lock);
	while (!parking->closing) {
		uint64_t generation = atomic_load(&parking->generation);
		bool changed = generation != parking->seen;
		int64_t now = parking_now_ms();
		int64_t next = parking_next_ms(parking);
		if (!changed && next > now) {
			parking_wait(parking, next);
			continue;
		}
		parking->seen = generation;
		struct parked *leaving = parking_collect(parking, changed, now);
		pthread_mutex_unlock(&parking->lock);
		bool some = leaving != NULL;
		parking_send_off(leaving, false, now);
		if (changed && some)
			nanosleep(&(struct timespec){.tv_nsec = PARKING_PAUSE_MS * 1000000L}, NULL);
		pthread_mutex_lock(&parking->lock);
	}
	pthread_mutex_unlock(&parking->lock);
	return NULL;
}

enum result parking_new(struct parking **ret_parking)
{
	pthread_condattr_t attributes;
	struct parking *parking = memory_calloc(1, sizeof *parking);
	if (parking == NULL)
		return RESULT_NO_MEMORY;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&parking->lock, NULL);
	pthread_cond_init(&parking->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	parking->started = pthread_create(&parking->thread, NULL, parking_run, parking) == 0;
	if (!parking->started) {
		parking_free(parking);
		return RESULT_NO_MEMORY;
	}
	*ret_parking = parking;
	return RESULT_OK;
}

uint64_t parking_generation(const struct parking *parking)
{
	return atomic_load(&parking->generation);
}

/* A call that comes with an older generation has missed a change: the thread sends it to look again, in its next round,
 * so that many commits a second do not make it run again and again. */
void parking_add(struct parking *parking, struct parked *parked, uint64_t generation)
{
	pthread_mutex_lock(&parking->lock);
	bool closing = parking->closing;
	if (!closing) {
		parked->next = parking->first;
		parking->first = parked;
		if (atomic_load(&parking->generation) != generation)
			parking->seen = generation;
		pthread_cond_signal(&parking->wake);
	}
	pthread_mutex_unlock(&parking->lock);
	if (closing)
		parked->leave(parked, true);
}

void parking_wake(struct parking *parking)
{
	pthread_mutex_lock(&parking->lock);
	atomic_fetch_add(&parking->generation, 1);
	if (parking->first != NULL)
		pthread_cond_signal(&parking->wake);
	else
		parking->seen = atomic_load(&parking->generation);
	pthread_mutex_unlock(&parking->lock);
}

void parking_close(struct parking *parking)
{
	pthread_mutex_lock(&parking->lock);
	parking->closing = true;
	struct parked *leaving = parking_collect(parking, true, 0);
	pthread_cond_broadcast(&parking->wake);
	pthread_mutex_unlock(&parking->lock);
	parking_send_off(leaving, true, 0);
}

void parking_free(struct parking *parking)
{
	if (parking == NULL)
		return;
	parking_close(parking);
	if (parking->started)
		pthread_join(parking->thread, NULL);
	pthread_cond_destroy(&parking->wake);
	pthread_mutex_destroy(&parking->lock);
	memory_free(parking);
}
