#include "cli/waiting.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void say(bool on_terminal, int seconds)
{
	if (on_terminal)
		(void)fprintf(stderr, "\rwaiting for the service… %d s", seconds);
	else if (seconds == 1)
		(void)fprintf(stderr, "waiting for the service…\n");
	(void)fflush(stderr);
}

static void *watch(void *context)
{
	struct waiting *waiting = context;
	bool on_terminal = isatty(STDERR_FILENO) == 1;
	struct timespec next;
	int seconds = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &next);
	(void)pthread_mutex_lock(&waiting->mutex);
	while (!waiting->done) {
		int woken = 0;

		next.tv_sec++;
		while (!waiting->done && woken != ETIMEDOUT)
			woken = pthread_cond_timedwait(&waiting->over, &waiting->mutex, &next);
		if (!waiting->done)
			say(on_terminal, ++seconds);
	}
	(void)pthread_mutex_unlock(&waiting->mutex);
	if (on_terminal && seconds > 0)
		(void)fprintf(stderr, "\r\x1b[K");
	return NULL;
}

void waiting_start(struct waiting *waiting)
{
	pthread_condattr_t attributes;

	*waiting = (struct waiting){.mutex = PTHREAD_MUTEX_INITIALIZER};
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&waiting->over, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	waiting->started = pthread_create(&waiting->thread, NULL, watch, waiting) == 0;
}

void waiting_stop(struct waiting *waiting)
{
	(void)pthread_mutex_lock(&waiting->mutex);
	waiting->done = true;
	(void)pthread_cond_signal(&waiting->over);
	(void)pthread_mutex_unlock(&waiting->mutex);
	if (waiting->started)
		(void)pthread_join(waiting->thread, NULL);
	(void)pthread_cond_destroy(&waiting->over);
}
