/* Tells a person on standard error that something takes its time, from the first second on. */
#ifndef AIC_CLI_WAITING_H
#define AIC_CLI_WAITING_H

#include <pthread.h>
#include <stdbool.h>

struct waiting {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t over;
	bool started;
	bool done;
};

void waiting_start(struct waiting *waiting);
void waiting_stop(struct waiting *waiting);

#endif
