/* A small table of (Graph host, tenant, client) by digest. When it is full the gate that opens first makes room:
 * forgetting a wait costs one more 429, never a wrong answer. */
#include "connector/entra/throttle_gate.h"

#include <pthread.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

#define GATES 64
#define KEY_CEILING 2048

struct gate {
	uint8_t key[DIGEST_SIZE];
	int64_t closed_until; /* 0: free */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gate gates[GATES];

static enum result key_write(const struct entra_place *place, const struct connector_settings *settings,
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

int64_t throttle_gate_wait_ms(const struct entra_place *place, const struct connector_settings *settings,
                              int64_t now_ms)
{
	uint8_t key[DIGEST_SIZE];
	if (key_write(place, settings, key) != RESULT_OK)
		return 0;
	pthread_mutex_lock(&lock);
	struct gate *gate = gate_find(key);
	int64_t wait = gate != NULL ? gate->closed_until - now_ms : 0;
	if (gate != NULL && wait <= 0)
		gate->closed_until = 0;
	pthread_mutex_unlock(&lock);
	return wait > 0 ? wait : 0;
}

void throttle_gate_close(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms,
                         int64_t for_ms)
{
	uint8_t key[DIGEST_SIZE];
	if (for_ms <= 0 || key_write(place, settings, key) != RESULT_OK)
		return;
	pthread_mutex_lock(&lock);
	struct gate *gate = gate_find(key);
	if (gate == NULL) {
		gate = gate_spare();
		memcpy(gate->key, key, DIGEST_SIZE);
		gate->closed_until = 0;
	}
	if (gate->closed_until < now_ms + for_ms)
		gate->closed_until = now_ms + for_ms;
	pthread_mutex_unlock(&lock);
}

void throttle_gate_open(const struct entra_place *place, const struct connector_settings *settings)
{
	uint8_t key[DIGEST_SIZE];
	if (key_write(place, settings, key) != RESULT_OK)
		return;
	pthread_mutex_lock(&lock);
	struct gate *gate = gate_find(key);
	if (gate != NULL)
		gate->closed_until = 0;
	pthread_mutex_unlock(&lock);
}
