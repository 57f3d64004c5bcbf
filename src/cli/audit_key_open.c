#include "cli/audit_key_open.h"

#include <string.h>

#define KEPT_AS "audit.key"
#define BOUND_TO "audit-key"
#define SEED_SIZE 32

static enum result no_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to open the audit key.");
}

static enum result read_key(struct store *store, const struct master_key *master_key, struct arena *arena,
                            struct audit_key **ret_key, struct error *error)
{
	_cleanup_(secret_done) struct secret seed = {0};
	uint8_t *sealed = NULL;
	size_t length = 0;
	enum result result = store->ops->meta_read(store, KEPT_AS, arena, &sealed, &length);

	if (result != RESULT_OK)
		return error_set(error, result, NULL, "The audit key cannot be read from the store (%s).", result_name(result));
	result = sealed_open(master_key, BOUND_TO, sealed, length, &seed, error);
	if (result == RESULT_DENIED)
		return error_set(
		    error, result, NULL,
		    "[secrets] master_key does not open the audit key in the store: it is not the key that the store was "
		    "made with, or the store was changed.");
	if (result != RESULT_OK)
		return result;
	if (seed.length != SEED_SIZE)
		return error_set(error, RESULT_DENIED, NULL, "The audit key in the store has a wrong length.");
	return audit_key_from_seed((const uint8_t *)seed.bytes, ret_key) == RESULT_OK ? RESULT_OK : no_memory(error);
}

/* A store with events and no key was tampered with: the first write of a key comes before the first event. */
static enum result check_fresh(struct store *store, struct arena *arena, struct error *error)
{
	struct audit_event *events = NULL;
	size_t count = 0;
	enum result result = store->ops->audit_read_from(store, 0, 1, arena, &events, &count);

	if (result != RESULT_OK)
		return error_set(error, result, NULL, "The audit events cannot be read from the store (%s).",
		                 result_name(result));
	if (count > 0)
		return error_set(error, RESULT_DENIED, NULL,
		                 "The audit key is gone from the store although there are events that it signed.");
	return RESULT_OK;
}

static enum result make_key(struct store *store, const struct master_key *master_key, struct arena *arena,
                            struct error *error)
{
	_cleanup_(audit_key_freep) struct audit_key *key = NULL;
	uint8_t seed[SEED_SIZE];
	uint8_t *sealed = NULL;
	size_t length = 0;
	enum result result;

	if (audit_key_generate(&key) != RESULT_OK || audit_key_seed(key, seed) != RESULT_OK)
		return no_memory(error);
	result = sealed_seal(master_key, BOUND_TO, seed, sizeof(seed), arena, &sealed, &length);
	memory_wipe(seed, sizeof(seed));
	if (result != RESULT_OK)
		return no_memory(error);
	result = store->ops->meta_write_once(store, KEPT_AS, sealed, length, error);
	/* Somebody else was first: then theirs is the key. */
	return result == RESULT_CONFLICT ? RESULT_OK : result;
}

enum result audit_key_open(struct store *store, const struct master_key *master_key, bool make,
                           struct audit_key **ret_key, struct error *error)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)1024 * 1024);
	enum result result;

	if (!arena)
		return no_memory(error);
	result = read_key(store, master_key, arena, ret_key, error);
	if (result != RESULT_NOT_FOUND)
		return result;
	result = check_fresh(store, arena, error);
	if (result != RESULT_OK)
		return result;
	if (!make)
		return error_set(error, RESULT_NOT_FOUND, NULL,
		                 "There is no audit key in the store yet: nothing was ever recorded.");
	result = make_key(store, master_key, arena, error);
	return result == RESULT_OK ? read_key(store, master_key, arena, ret_key, error) : result;
}
