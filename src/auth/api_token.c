/* API tokens.
 *
 * The token is 256 random bits, so its plain SHA-256 is as good as any slow hash, and finding a principal is one
 * look-up by an index. Recent hits are kept here for five seconds so that a busy client does not cost a read each time;
 * what a revocation costs is those five seconds. Expiry is looked at on every call, kept or not. */
#include "auth/api_token.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/id.h"
#include "base/text.h"

#define PREFIX "aic_"
#define RANDOM_SIZE 32
#define TOKEN_LENGTH (4 + 43)
#define KEPT_MS 5000
#define KEPT_COUNT 64
#define ACCOUNT_SIZE 160

_Static_assert(TOKEN_LENGTH < API_TOKEN_SIZE, "a token and its NUL fit");

struct kept {
	const struct store *store; /* NULL: free */
	uint8_t hash[DIGEST_SIZE];
	char principal_id[ID_SIZE];
	char account_id[ACCOUNT_SIZE];
	enum role role;
	int64_t expires_at;
	int64_t kept_at;
};

static pthread_mutex_t kept_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct kept kept_tokens[KEPT_COUNT];

static void wipe_bytes(uint8_t (*bytes)[RANDOM_SIZE])
{
	memory_wipe(*bytes, sizeof(*bytes));
}

static enum result make_text(struct arena *arena, char ret_token[API_TOKEN_SIZE])
{
	_cleanup_(wipe_bytes) uint8_t bytes[RANDOM_SIZE];
	char *text;

	id_random_bytes(bytes, sizeof(bytes));
	text = text_base64url_encode(arena, bytes, sizeof(bytes));
	if (!text)
		return RESULT_NO_MEMORY;
	(void)snprintf(ret_token, API_TOKEN_SIZE, PREFIX "%s", text);
	return RESULT_OK;
}

enum result api_token_issue(struct store *store, const struct actor *actor, const char *name, enum role role,
                            const char *account_id, int64_t now_ms, int64_t expires_at, char ret_token[API_TOKEN_SIZE],
                            char ret_principal_id[37], struct error *error)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(4096);
	char text[API_TOKEN_SIZE] = "";
	char principal_id[ID_SIZE];
	struct api_token token = {
	    .principal_id = principal_id,
	    .name = name,
	    .role = role,
	    .account_id = account_id,
	    .created_at = now_ms,
	    .expires_at = expires_at,
	};
	enum result result;

	id_new(now_ms, principal_id);
	if (!arena || make_text(arena, text) != RESULT_OK || digest_sha256(text, strlen(text), token.hash) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to make a token.");
	result = store->ops->token_create(store, actor, &token, error);
	if (result == RESULT_OK) {
		memcpy(ret_token, text, API_TOKEN_SIZE);
		memcpy(ret_principal_id, principal_id, ID_SIZE);
	}
	memory_wipe(text, sizeof(text));
	return result;
}

/* The token's text within the header, or NULL if it is no bearer token of ours by its shape. */
static const char *token_of(const char *authorization)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	authorization += 7;
	authorization += strspn(authorization, " ");
	if (strlen(authorization) != TOKEN_LENGTH || !text_starts_with(authorization, PREFIX) ||
	    strspn(authorization + 4, alphabet) != TOKEN_LENGTH - 4)
		return NULL;
	return authorization;
}

static bool is_expired(int64_t expires_at, int64_t now_ms)
{
	return expires_at != 0 && expires_at <= now_ms;
}

static bool kept_find(const struct store *store, const uint8_t hash[DIGEST_SIZE], int64_t now_ms, struct kept *ret_kept)
{
	bool found = false;

	(void)pthread_mutex_lock(&kept_mutex);
	for (size_t i = 0; i < KEPT_COUNT && !found; i++) {
		const struct kept *kept = &kept_tokens[i];

		/* A clock that was set back makes the age negative: then it is read anew. */
		found = kept->store == store && memcmp(kept->hash, hash, DIGEST_SIZE) == 0 && now_ms >= kept->kept_at &&
		        now_ms - kept->kept_at < KEPT_MS;
		if (found)
			*ret_kept = *kept;
	}
	(void)pthread_mutex_unlock(&kept_mutex);
	return found;
}

static void kept_add(const struct kept *entry)
{
	size_t place = 0;

	(void)pthread_mutex_lock(&kept_mutex);
	for (size_t i = 0; i < KEPT_COUNT; i++) {
		const struct kept *kept = &kept_tokens[i];

		if (!kept->store || (kept->store == entry->store && memcmp(kept->hash, entry->hash, DIGEST_SIZE) == 0)) {
			place = i;
			break;
		}
		if (kept->kept_at < kept_tokens[place].kept_at)
			place = i;
	}
	kept_tokens[place] = *entry;
	(void)pthread_mutex_unlock(&kept_mutex);
}

/* One sentence for all of them: who tries tokens learns nothing. */
static enum result refuse(struct error *error)
{
	return error_set(error, RESULT_DENIED, "unauthenticated",
	                 "A valid API token is needed: Authorization: Bearer <token>.");
}

static enum result look_up(struct store *store, const uint8_t hash[DIGEST_SIZE], int64_t now_ms, struct arena *arena,
                           struct kept *ret_kept, struct error *error)
{
	struct kept kept = {.store = store, .kept_at = now_ms};
	struct api_token token = {0};
	enum result result = store->ops->token_find(store, hash, arena, &token);

	if (result == RESULT_NOT_FOUND || (result == RESULT_OK && token.revoked_at != 0))
		return refuse(error);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Not enough memory to look a token up.");
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The store cannot be asked now.");
	if (strlen(token.principal_id) >= sizeof(kept.principal_id))
		return refuse(error);
	memcpy(kept.hash, hash, DIGEST_SIZE);
	(void)snprintf(kept.principal_id, sizeof(kept.principal_id), "%s", token.principal_id);
	kept.role = token.role;
	kept.expires_at = token.expires_at;
	if (token.account_id && strlen(token.account_id) >= sizeof(kept.account_id))
		return refuse(error);
	if (token.account_id)
		(void)snprintf(kept.account_id, sizeof(kept.account_id), "%s", token.account_id);
	*ret_kept = kept;
	return RESULT_OK;
}

enum result api_token_authenticate(struct store *store, const char *authorization, int64_t now_ms, struct arena *arena,
                                   struct principal *ret_principal, struct error *error)
{
	const char *text = token_of(authorization);
	uint8_t hash[DIGEST_SIZE];
	struct kept kept;
	struct principal principal;

	if (!text)
		return refuse(error);
	if (digest_sha256(text, TOKEN_LENGTH, hash) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to look a token up.");
	if (!kept_find(store, hash, now_ms, &kept)) {
		enum result result = look_up(store, hash, now_ms, arena, &kept, error);

		if (result != RESULT_OK)
			return result;
		kept_add(&kept);
	}
	if (is_expired(kept.expires_at, now_ms))
		return refuse(error);
	principal = (struct principal){.principal_id = arena_strdup(arena, kept.principal_id),
	                               .kind = "token",
	                               .role = kept.role,
	                               .account_id = kept.account_id[0] ? arena_strdup(arena, kept.account_id) : NULL};
	if (!principal.principal_id || (kept.account_id[0] && !principal.account_id))
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to look a token up.");
	*ret_principal = principal;
	return RESULT_OK;
}
