/* Which connectors lead to a directory that does not answer: one broken tenant must not slow another. Private to
 * worker/.
 *
 * A connector whose runs end one after another without any answer is left alone for 2 s, 4 s … a minute, and then tried
 * with one job; the first answer closes the circuit. In memory: a restart forgets it, once the last pause is over.
 * Thread-safe. */
#ifndef AIC_WORKER_CIRCUIT_H
#define AIC_WORKER_CIRCUIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define CIRCUIT_PLACES 64
#define CIRCUIT_ID_SIZE 64

struct circuit {
	pthread_mutex_t lock;
	struct circuit_place {
		char connector_id[CIRCUIT_ID_SIZE]; /* "": free */
		int failures;
		int running; /* runs under way */
	} places[CIRCUIT_PLACES];
};

void circuit_init(struct circuit *circuit);
void circuit_done(struct circuit *circuit);

/* A run of the connector begins, unless `most` are under way: a slow tenant must not take all threads. Each that began
 * must end. */
bool circuit_begin(struct circuit *circuit, const char *connector_id, int most);
void circuit_end(struct circuit *circuit, const char *connector_id);
int circuit_runs(struct circuit *circuit, const char *connector_id);

/* It did not answer of late: try with one job, alone. */
bool circuit_is_doubtful(struct circuit *circuit, const char *connector_id);
void circuit_answered(struct circuit *circuit, const char *connector_id);
/* For how long to leave it alone: 0 after the first time. */
int64_t circuit_silent_ms(struct circuit *circuit, const char *connector_id);

#endif
