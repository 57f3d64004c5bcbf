#include "connector/entra/budget_entry.h"

#include <pthread.h>
#include <string.h>

#include "connector/entra/throttle_gate.h"

#define ENTRIES 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct budget_entry entries[ENTRIES];

static struct budget_entry *entry_find(const uint8_t key[DIGEST_SIZE])
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (entries[i].taken && memcmp(entries[i].key, key, DIGEST_SIZE) == 0)
			return &entries[i];
	return NULL;
}

static struct budget_entry *entry_spare(void)
{
	struct budget_entry *spare = &entries[0];
	for (size_t i = 0; i < ENTRIES; i++) {
		if (!entries[i].taken)
			return &entries[i];
		if (entries[i].used_at < spare->used_at)
			spare = &entries[i];
	}
	return spare;
}

struct budget_entry *budget_entry_open(const struct entra_place *place, const struct connector_settings *settings,
                                       int64_t now_ms)
{
	uint8_t key[DIGEST_SIZE];
	if (throttle_gate_key(place, settings, key) != RESULT_OK)
		return NULL;
	pthread_mutex_lock(&lock);
	struct budget_entry *entry = entry_find(key);
	if (entry != NULL)
		return entry;
	entry = entry_spare();
	*entry = (struct budget_entry){.taken = true, .used_at = now_ms};
	memcpy(entry->key, key, DIGEST_SIZE);
	write_budget_init(entry, now_ms);
	unit_budget_init(entry, now_ms);
	return entry;
}

void budget_entry_close(void)
{
	pthread_mutex_unlock(&lock);
}
