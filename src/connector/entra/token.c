/* The cache of tokens.
 *
 * One entry per (connector, credential version, tenant, client, cloud, login host). An entry holds a token, or a
 * refusal, or both: a refusal that may pass does not spoil a token that is still good. At most one thread asks Entra
 * for an entry (the flight); the others wait for it, or go on with the old token while it is good.
 *
 * A 400 or 401 is remembered for a minute, so that a hundred jobs with a wrong secret are one request a minute; a 429
 * or 5xx for as long as Retry-After says (Microsoft's own clients do the same). A failed transport is not remembered,
 * but those who waited for that flight share it, unless the flight had less time than they have.
 *
 * The lock is held for bookkeeping only, never over an exchange. Entries leave the list by `forget`, or when a newer
 * version of the same connector's credential appears; one that is in use is freed by its last user. */
#include "connector/entra/token.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "connector/entra/token_request.h"
#include "connector/entra/transport.h"

#define EARLY_MS (5 * 60 * 1000)
#define LAST_USE_MS (30 * 1000)
#define REFUSAL_MS (60 * 1000)
#define THROTTLE_MS (5 * 1000)
#define KEY_CEILING 2048

struct cached_token {
	struct cached_token *next;
	char *key;
	char *connector_id;
	char *token;
	int64_t refresh_at; /* these three on the monotonic clock */
	int64_t expires_at;
	int64_t refused_until;
	struct error refusal;
	bool in_flight;
	uint64_t flights;    /* ended */
	bool last_is_shared; /* the last flight failed, and those who waited shall share that */
	enum result last_result;
	struct error last_error;
	unsigned users;
	bool listed;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t landed;
	struct cached_token *first;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void cache_init(void)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&cache.landed, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void entry_free(struct cached_token *entry)
{
	if (entry == NULL)
		return;
	memory_free(entry->key);
	memory_free(entry->connector_id);
	memory_free(entry->token);
	memory_free(entry);
}

static void entry_release(struct cached_token *entry)
{
	entry->users--;
	if (entry->users == 0 && !entry->listed)
		entry_free(entry);
}

/* Takes every entry of the connector out of the list, but the one with `key` (NULL: all). */
static void entries_unlist(const char *connector_id, const char *key)
{
	struct cached_token **link = &cache.first;
	while (*link != NULL) {
		struct cached_token *entry = *link;
		if (!text_equal(entry->connector_id, connector_id) || text_equal(entry->key, key)) {
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		entry->listed = false;
		if (entry->users == 0)
			entry_free(entry);
	}
}

static char *key_write(const struct entra_token_need *need)
{
	const struct connector_settings *settings = need->target->settings;
	struct text key = TEXT_INIT(KEY_CEILING);
	text_printf(&key, "%s\n%lld\n%s\n%s\n%s\n%s", settings->connector_id, (long long)settings->credential.version,
	            settings->tenant_id, settings->client_id, need->place->cloud->name, need->place->login);
	char *taken = text_take(&key);
	text_done(&key);
	return taken;
}

static struct cached_token *entry_add(const char *connector_id, const char *key)
{
	struct cached_token *entry = memory_calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	entry->key = memory_strdup(key);
	entry->connector_id = memory_strdup(connector_id);
	if (entry->key == NULL || entry->connector_id == NULL) {
		entry_free(entry);
		return NULL;
	}
	entries_unlist(connector_id, key);
	entry->listed = true;
	entry->next = cache.first;
	cache.first = entry;
	return entry;
}

static struct cached_token *entry_acquire(const char *connector_id, const char *key)
{
	struct cached_token *entry = cache.first;
	while (entry != NULL && !text_equal(entry->key, key))
		entry = entry->next;
	if (entry == NULL)
		entry = entry_add(connector_id, key);
	if (entry != NULL)
		entry->users++;
	return entry;
}

static void keep_token(struct cached_token *entry, const struct entra_token_answer *answer, int64_t now)
{
	char *copy = memory_strdup(answer->access_token);
	if (copy == NULL)
		return; /* this caller has its own copy; the next one asks again */
	memory_free(entry->token);
	entry->token = copy;
	int64_t early = answer->expires_in_ms / 2 < EARLY_MS ? answer->expires_in_ms / 2 : EARLY_MS;
	entry->expires_at = now + answer->expires_in_ms;
	entry->refresh_at = entry->expires_at - early;
	entry->refused_until = 0;
}

static void keep_refusal(struct cached_token *entry, const struct error *error, int64_t now)
{
	int64_t for_ms = 0;
	if (error->http_status == 400 || error->http_status == 401)
		for_ms = REFUSAL_MS;
	else if (error->http_status == 429 || error->http_status >= 500)
		for_ms = error->retry_after_ms >= 0 ? error->retry_after_ms : THROTTLE_MS;
	if (for_ms == 0)
		return;
	entry->refusal = *error;
	entry->refused_until = now + for_ms;
}

/* One exchange, on behalf of all who wait. Called and returns with the lock held. */
static enum result entry_fly(struct cached_token *entry, const struct entra_token_need *need, struct arena *arena,
                             const char **ret_token, struct error *error)
{
	const struct clock *clock = need->environment->clock;
	struct entra_token_answer answer = {0};
	struct error own = {0};
	entry->in_flight = true;
	pthread_mutex_unlock(&cache.lock);
	bool had_full_time = entra_time_left(clock, need->deadline_ms, ENTRA_CALL_TIMEOUT_MS) == ENTRA_CALL_TIMEOUT_MS;
	enum result result =
	    entra_token_request(need->environment, need->target, need->place, need->deadline_ms, arena, &answer, &own);
	int64_t now = clock_monotonic_ms(clock);
	pthread_mutex_lock(&cache.lock);
	entry->in_flight = false;
	entry->flights++;
	entry->last_result = result;
	entry->last_error = own;
	entry->last_is_shared =
	    result != RESULT_OK && result != RESULT_NO_MEMORY && (had_full_time || own.http_status != 0);
	if (result == RESULT_OK) {
		keep_token(entry, &answer, now);
		*ret_token = answer.access_token;
	} else {
		keep_refusal(entry, &own, now);
		if (error != NULL)
			*error = own;
	}
	pthread_cond_broadcast(&cache.landed);
	return result;
}

/* False if the deadline passed. */
static bool flight_wait(const struct entra_token_need *need)
{
	int64_t left = need->deadline_ms - clock_monotonic_ms(need->environment->clock);
	if (left <= 0)
		return false;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t nanoseconds = until.tv_nsec + (left % 1000) * 1000000;
	until.tv_sec += left / 1000 + nanoseconds / 1000000000;
	until.tv_nsec = nanoseconds % 1000000000;
	return pthread_cond_timedwait(&cache.landed, &cache.lock, &until) == 0;
}

static enum result give_kept(const struct cached_token *entry, struct arena *arena, const char **ret_token,
                             struct error *error)
{
	const char *copy = arena_strdup(arena, entry->token);
	if (copy == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	*ret_token = copy;
	return RESULT_OK;
}

static enum result give_refusal(const struct cached_token *entry, int64_t now, struct error *error)
{
	if (error != NULL) {
		*error = entry->refusal;
		if (error->retryable)
			error->retry_after_ms = entry->refused_until - now;
	}
	return entry->refusal.result;
}

static enum result entry_get(struct cached_token *entry, const struct entra_token_need *need, struct arena *arena,
                             const char **ret_token, struct error *error)
{
	for (;;) {
		int64_t now = clock_monotonic_ms(need->environment->clock);
		bool usable = entry->token != NULL && now < entry->expires_at - LAST_USE_MS;
		bool fresh = entry->token != NULL && now < entry->refresh_at;
		if (fresh || (usable && (entry->in_flight || entry->refused_until > now)))
			return give_kept(entry, arena, ret_token, error);
		if (entry->refused_until > now)
			return give_refusal(entry, now, error);
		if (!entry->in_flight) {
			enum result result = entry_fly(entry, need, arena, ret_token, error);
			bool passing = result == RESULT_THROTTLED || result == RESULT_UNAVAILABLE || result == RESULT_TIMEOUT;
			if (usable && passing && entry->token != NULL)
				return give_kept(entry, arena, ret_token, error);
			return result;
		}
		uint64_t flights = entry->flights;
		while (entry->in_flight && entry->flights == flights)
			if (!flight_wait(need))
				return entra_transport_out_of_time(ENTRA_SIDE_LOGIN, error);
		if (entry->last_is_shared) {
			if (error != NULL)
				*error = entry->last_error;
			return entry->last_result;
		}
	}
}

static enum result cache_get(const struct entra_token_need *need, const char *rejected, struct arena *arena,
                             const char **ret_token, struct error *error)
{
	pthread_once(&cache_once, cache_init);
	_cleanup_(memory_freep) char *key = key_write(need);
	if (key == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	pthread_mutex_lock(&cache.lock);
	struct cached_token *entry = entry_acquire(need->target->settings->connector_id, key);
	enum result result;
	if (entry == NULL) {
		result = error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	} else {
		if (rejected != NULL && text_equal(entry->token, rejected)) {
			memory_free(entry->token);
			entry->token = NULL;
		}
		result = entry_get(entry, need, arena, ret_token, error);
		entry_release(entry);
	}
	pthread_mutex_unlock(&cache.lock);
	return result;
}

enum result entra_token_get(const struct entra_token_need *need, struct arena *arena, const char **ret_token,
                            struct error *error)
{
	return cache_get(need, NULL, arena, ret_token, error);
}

enum result entra_token_renew(const struct entra_token_need *need, const char *rejected, struct arena *arena,
                              const char **ret_token, struct error *error)
{
	return cache_get(need, rejected, arena, ret_token, error);
}

void entra_token_forget(const char *connector_id)
{
	pthread_mutex_lock(&cache.lock);
	entries_unlist(connector_id, NULL);
	pthread_mutex_unlock(&cache.lock);
}
