#include "simulated_time.h"

#include <stdlib.h>

static int64_t now_of(const struct clock *clock)
{
	return ((const struct simulated_time *)(const void *)clock)->now;
}

void simulated_time_init(struct simulated_time *time, int64_t now_ms)
{
	*time = (struct simulated_time){.clock = {.now_ms = now_of, .monotonic_ms = now_of}, .now = now_ms};
	pthread_mutex_init(&time->lock, NULL);
}

void simulated_time_done(struct simulated_time *time)
{
	for (size_t i = 0; i < time->count; i++)
		pthread_cond_destroy(&time->actors[i].turn);
	pthread_mutex_destroy(&time->lock);
}

void simulated_time_add(struct simulated_time *time, void (*main)(void *context), void *context)
{
	if (time->count == SIMULATED_ACTORS_MAX)
		abort();
	struct simulated_actor *actor = &time->actors[time->count];
	*actor = (struct simulated_actor){
	    .main = main, .context = context, .time = time, .number = time->count++, .wake_at = time->now};
	pthread_cond_init(&actor->turn, NULL);
}

/* Locked. The turn goes to whoever waits for the earliest moment; of several, to the first. */
static void hand_over(struct simulated_time *time)
{
	struct simulated_actor *next = NULL;
	for (size_t i = 0; i < time->count; i++) {
		struct simulated_actor *actor = &time->actors[i];
		if (!actor->ended && (next == NULL || actor->wake_at < next->wake_at))
			next = actor;
	}
	if (next == NULL)
		return;
	if (next->wake_at > time->now)
		time->now = next->wake_at;
	time->running = next->number;
	pthread_cond_signal(&next->turn);
}

static void await_turn(struct simulated_actor *actor)
{
	while (actor->time->running != actor->number)
		pthread_cond_wait(&actor->turn, &actor->time->lock);
}

static void pause_until(struct simulated_time *time, int64_t at_ms, bool idle)
{
	pthread_mutex_lock(&time->lock);
	struct simulated_actor *self = &time->actors[time->running];
	self->wake_at = at_ms > time->now ? at_ms : time->now;
	self->idle = idle;
	hand_over(time);
	await_turn(self);
	self->idle = false;
	pthread_mutex_unlock(&time->lock);
}

void simulated_time_sleep(struct simulated_time *time, int64_t ms)
{
	pause_until(time, time->now + ms, false);
}

void simulated_time_idle(struct simulated_time *time, int64_t until_ms)
{
	pause_until(time, until_ms, true);
}

void simulated_time_wake(struct simulated_time *time)
{
	pthread_mutex_lock(&time->lock);
	for (size_t i = 0; i < time->count; i++)
		if (time->actors[i].idle)
			time->actors[i].wake_at = time->now;
	pthread_mutex_unlock(&time->lock);
}

static void *actor_main(void *argument)
{
	struct simulated_actor *self = argument;
	struct simulated_time *time = self->time;
	pthread_mutex_lock(&time->lock);
	await_turn(self);
	pthread_mutex_unlock(&time->lock);
	self->main(self->context);
	pthread_mutex_lock(&time->lock);
	self->ended = true;
	hand_over(time);
	pthread_mutex_unlock(&time->lock);
	return NULL;
}

void simulated_time_run(struct simulated_time *time)
{
	time->running = SIMULATED_ACTORS_MAX; /* nobody yet */
	for (size_t i = 0; i < time->count; i++)
		if (!time->actors[i].ended && pthread_create(&time->actors[i].thread, NULL, actor_main, &time->actors[i]) != 0)
			abort();
	pthread_mutex_lock(&time->lock);
	hand_over(time);
	pthread_mutex_unlock(&time->lock);
	for (size_t i = 0; i < time->count; i++)
		if (!time->actors[i].joined)
			pthread_join(time->actors[i].thread, NULL);
	for (size_t i = 0; i < time->count; i++)
		time->actors[i].joined = true;
}
