/* A small table of (Graph host, tenant, client) by digest. When it is full the gate that opens first makes room:
 * forgetting a wait costs one more 429, never a wrong answer. A gate that has opened keeps its place for a while, since
 * the next wait that is not told is twice the last one. */
#include "connector/entra/throttle_gate.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

#define GATES 64
#define KEY_CEILING 2048
#define LEAST_MS 100 /* told "now", or a date that is over */
#define UNTOLD_FIRST_MS 1000
#define UNTOLD_CAP_MS 32000
#define UNTOLD_MEMORY_MS 120000 /* after so long without a wait it begins anew */

struct gate {
	uint8_t key[DIGEST_SIZE];
	int64_t closed_until; /* 0: free */
	int64_t untold_ms;    /* the last wait whose length we had to choose; 0: none */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gate gates[GATES];

enum result throttle_gate_key(const struct entra_place *place, const struct connector_settings *settings,
                              uint8_t ret_key[DIGEST_SIZE])
{
	struct text text = TEXT_INIT(KEY_CEILING);
	text_printf(&text, "%s\n%s\n%s", place->graph, settings->tenant_id, settings->client_id);
	enum result result = RESULT_NO_MEMORY;
	if (!text_failed(&text))
		result = digest_sha256(text.data, text.length, ret_key);
	text_done(&text);
	return result;
}

static struct gate *gate_find(const uint8_t key[DIGEST_SIZE])
{
	for (size_t i = 0; i < GATES; i++)
		if (gates[i].closed_until != 0 && memcmp(gates[i].key, key, DIGEST_SIZE) == 0)
			return &gates[i];
	return NULL;
}

static struct gate *gate_spare(void)
{
	struct gate *spare = &gates[0];
	for (size_t i = 1; i < GATES; i++)
		if (gates[i].closed_until < spare->closed_until)
			spare = &gates[i];
	return spare;
}

/* The app's gate, locked; NULL, not locked, if it has none. */
static struct gate *gate_lock(const struct entra_place *place, const struct connector_settings *settings)
{
	uint8_t key[DIGEST_SIZE];
	if (throttle_gate_key(place, settings, key) != RESULT_OK)
		return NULL;
	pthread_mutex_lock(&lock);
	struct gate *gate = gate_find(key);
	if (gate == NULL)
		pthread_mutex_unlock(&lock);
	return gate;
}

int64_t throttle_gate_wait_ms(const struct entra_place *place, const struct connector_settings *settings,
                              int64_t now_ms)
{
	const struct gate *gate = gate_lock(place, settings);
	if (gate == NULL)
		return 0;
	int64_t wait = gate->closed_until - now_ms;
	pthread_mutex_unlock(&lock);
	return wait > 0 ? wait : 0;
}

/* For how long, where Graph did not say: doubled while it goes on asking. */
static int64_t gate_choose_wait(struct gate *gate, int64_t now_ms)
{
	bool anew = gate->untold_ms == 0 || now_ms - gate->closed_until > UNTOLD_MEMORY_MS;
	if (anew)
		gate->untold_ms = UNTOLD_FIRST_MS;
	else if (gate->closed_until <= now_ms && gate->untold_ms < UNTOLD_CAP_MS)
		gate->untold_ms *= 2;
	return gate->untold_ms;
}

void throttle_gate_close(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms,
                         int64_t for_ms)
{
	uint8_t key[DIGEST_SIZE];
	if (throttle_gate_key(place, settings, key) != RESULT_OK)
		return;
	pthread_mutex_lock(&lock);
	struct gate *gate = gate_find(key);
	if (gate == NULL) {
		gate = gate_spare();
		*gate = (struct gate){0};
		memcpy(gate->key, key, DIGEST_SIZE);
	}
	if (for_ms < 0)
		for_ms = gate_choose_wait(gate, now_ms);
	if (for_ms < LEAST_MS)
		for_ms = LEAST_MS;
	if (gate->closed_until < now_ms + for_ms)
		gate->closed_until = now_ms + for_ms;
	pthread_mutex_unlock(&lock);
}

void throttle_gate_calm(const struct entra_place *place, const struct connector_settings *settings)
{
	struct gate *gate = gate_lock(place, settings);
	if (gate == NULL)
		return;
	gate->untold_ms = 0;
	pthread_mutex_unlock(&lock);
}

void throttle_gate_open(const struct entra_place *place, const struct connector_settings *settings)
{
	struct gate *gate = gate_lock(place, settings);
	if (gate == NULL)
		return;
	*gate = (struct gate){0};
	pthread_mutex_unlock(&lock);
}
