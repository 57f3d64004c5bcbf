/* Sealing under the master key.
 *
 *   1 byte version | 4 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag
 *
 * AES-256-GCM. The version, the key id and the name of what the secret belongs to are authenticated, so that bytes
 * moved to another place, or said to be of another key, do not open. The nonce is random: 2^32 seals under one key are
 * the limit of that (NIST SP 800-38D, 8.3), far beyond what replaced credentials come to. The key id only serves the
 * sentence that tells a wrong key from a changed database. */
#include "secrets/sealed.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/digest.h"
#include "base/id.h"
#include "base/text.h"
#include "secrets/reference.h"

#define KEY_SIZE 32
#define KEY_ID_SIZE MASTER_KEY_ID_LENGTH
#define KEYS_MAX 2
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define VERSION 1
#define HEAD_SIZE (1 + KEY_ID_SIZE)
#define OVERHEAD (HEAD_SIZE + NONCE_SIZE + TAG_SIZE)
#define PLAIN_CEILING ((size_t)1024 * 1024)
#define UNSEALABLE "secret_unsealable"

struct sealing_key {
	struct secret bytes;
	uint8_t id[KEY_ID_SIZE];
};

/* The present key, then the old one while there is one. */
struct key_ring {
	struct sealing_key keys[KEYS_MAX];
	size_t count;
};

struct guarded_ring {
	pthread_mutex_t lock;
	bool has_lock;
	struct key_ring ring;
};

struct master_key {
	char *reference;
	struct guarded_ring *guarded;
};

static void cipher_freep(EVP_CIPHER_CTX **cipher)
{
	EVP_CIPHER_CTX_free(*cipher);
}

static void ring_done(struct key_ring *ring)
{
	for (size_t at = 0; at < ring->count; at++)
		secret_done(&ring->keys[at].bytes);
	ring->count = 0;
}

void master_key_free(struct master_key *key)
{
	if (!key)
		return;
	if (key->guarded) {
		ring_done(&key->guarded->ring);
		if (key->guarded->has_lock)
			pthread_mutex_destroy(&key->guarded->lock);
	}
	memory_free(key->guarded);
	memory_free(key->reference);
	memory_free(key);
}

static enum result key_id(const struct secret *bytes, uint8_t ret_id[KEY_ID_SIZE])
{
	static const char label[] = "aiclearance master key id";
	uint8_t digest[DIGEST_SIZE];
	enum result result = digest_hmac_sha256(bytes->bytes, bytes->length, label, strlen(label), digest);

	if (result == RESULT_OK)
		memcpy(ret_id, digest, KEY_ID_SIZE);
	return result;
}

/* RESULT_INVALID unless the line holds a key. */
static enum result line_read(const char *line, size_t length, struct sealing_key *ret_key)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)128 * 1024);
	uint8_t *bytes = NULL;
	size_t decoded = 0;
	enum result result = arena != NULL ? RESULT_OK : RESULT_NO_MEMORY;

	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (result == RESULT_OK)
		result = text_base64_decode(arena, line, length, &bytes, &decoded);
	if (result != RESULT_OK)
		return result == RESULT_NO_MEMORY ? result : RESULT_INVALID;
	if (decoded != KEY_SIZE)
		return RESULT_INVALID;
	if (secret_new(bytes, KEY_SIZE, &ret_key->bytes) != RESULT_OK)
		return RESULT_NO_MEMORY;
	return key_id(&ret_key->bytes, ret_key->id);
}

/* One line or two; an empty one at the end does no harm. */
static enum result ring_parse(const char *text, size_t length, struct key_ring *ring)
{
	enum result result = RESULT_OK;

	for (size_t at = 0; result == RESULT_OK && at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t line = end != NULL ? (size_t)(end - (text + at)) : length - at;

		if (ring->count == KEYS_MAX)
			return RESULT_INVALID;
		result = line_read(text + at, line, &ring->keys[ring->count]);
		if (result == RESULT_OK)
			ring->count++;
		at += line + 1;
	}
	if (result == RESULT_OK && ring->count == 0)
		result = RESULT_INVALID;
	return result;
}

static enum result ring_read(const char *reference, struct key_ring *ring, struct error *error)
{
	_cleanup_(secret_done) struct secret text = {0};
	enum result result = secret_reference_read(reference, &text, error);

	if (result != RESULT_OK)
		return result;
	result = ring_parse(text.bytes, text.length, ring);
	if (result == RESULT_OK)
		return RESULT_OK;
	ring_done(ring);
	if (result == RESULT_INVALID)
		return error_set(error, RESULT_INVALID, "master_key_malformed",
		                 "%s does not hold 32 bytes in base64 (make one with: openssl rand -base64 32).", reference);
	return error_set(error, result, NULL, "Not enough memory to read the master key.");
}

enum result master_key_read(const char *reference, struct master_key **ret_key, struct error *error)
{
	struct master_key *key = memory_calloc(1, sizeof(*key));
	enum result result;

	if (key == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to keep the master key.");
	key->reference = memory_strdup(reference);
	key->guarded = memory_calloc(1, sizeof(*key->guarded));
	if (key->guarded != NULL)
		key->guarded->has_lock = pthread_mutex_init(&key->guarded->lock, NULL) == 0;
	result = key->reference != NULL && key->guarded != NULL && key->guarded->has_lock
	             ? ring_read(reference, &key->guarded->ring, error)
	             : error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to keep the master key.");
	if (result != RESULT_OK) {
		master_key_free(key);
		return result;
	}
	*ret_key = key;
	return RESULT_OK;
}

enum result master_key_reload(const struct master_key *key, struct error *error)
{
	struct key_ring ring = {0};
	enum result result = ring_read(key->reference, &ring, error);

	if (result != RESULT_OK)
		return result;
	pthread_mutex_lock(&key->guarded->lock);
	ring_done(&key->guarded->ring);
	key->guarded->ring = ring;
	pthread_mutex_unlock(&key->guarded->lock);
	return RESULT_OK;
}

void master_key_id(const struct master_key *key, uint8_t ret_id[MASTER_KEY_ID_LENGTH])
{
	pthread_mutex_lock(&key->guarded->lock);
	memcpy(ret_id, key->guarded->ring.keys[0].id, KEY_ID_SIZE);
	pthread_mutex_unlock(&key->guarded->lock);
}

bool master_key_has_old(const struct master_key *key)
{
	pthread_mutex_lock(&key->guarded->lock);
	bool has = key->guarded->ring.count > 1;
	pthread_mutex_unlock(&key->guarded->lock);
	return has;
}

bool sealed_key_id(const uint8_t *sealed, size_t length, uint8_t ret_id[MASTER_KEY_ID_LENGTH])
{
	if (length < OVERHEAD)
		return false;
	memcpy(ret_id, sealed + 1, KEY_ID_SIZE);
	return true;
}

/* Everything that is authenticated but not hidden. */
static bool add_binding(EVP_CIPHER_CTX *cipher, bool sealing, const uint8_t head[HEAD_SIZE], const char *bound_to)
{
	int (*update)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int) =
	    sealing ? EVP_EncryptUpdate : EVP_DecryptUpdate;
	size_t length = strlen(bound_to);
	int ignored = 0;

	return length <= 512 && update(cipher, NULL, &ignored, head, HEAD_SIZE) == 1 &&
	       update(cipher, NULL, &ignored, (const unsigned char *)bound_to, (int)length) == 1;
}

static bool seal_bytes(const struct sealing_key *key, const char *bound_to, const void *plain, size_t length,
                       uint8_t *out)
{
	_cleanup_(cipher_freep) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t *nonce = out + HEAD_SIZE;
	uint8_t *body = nonce + NONCE_SIZE;
	int written = 0;
	int rest = 0;

	return cipher &&
	       EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, (const unsigned char *)key->bytes.bytes, nonce) == 1 &&
	       add_binding(cipher, true, out, bound_to) &&
	       (length == 0 || EVP_EncryptUpdate(cipher, body, &written, plain, (int)length) == 1) &&
	       EVP_EncryptFinal_ex(cipher, body + written, &rest) == 1 && (size_t)written + (size_t)rest == length &&
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, body + length) == 1;
}

enum result sealed_seal(const struct master_key *key, const char *bound_to, const void *plain, size_t length,
                        struct arena *arena, uint8_t **ret_sealed, size_t *ret_length)
{
	if (length > PLAIN_CEILING)
		return RESULT_TOO_LARGE;

	uint8_t *sealed = arena_alloc(arena, length + OVERHEAD);

	if (!sealed)
		return RESULT_NO_MEMORY;
	/* What cannot be read now is as good as it was. */
	enum result reloaded = master_key_reload(key, NULL);
	if (reloaded == RESULT_NO_MEMORY)
		return reloaded;
	sealed[0] = VERSION;
	id_random_bytes(sealed + HEAD_SIZE, NONCE_SIZE);
	pthread_mutex_lock(&key->guarded->lock);
	memcpy(sealed + 1, key->guarded->ring.keys[0].id, KEY_ID_SIZE);
	bool done = seal_bytes(&key->guarded->ring.keys[0], bound_to, plain, length, sealed);
	pthread_mutex_unlock(&key->guarded->lock);
	if (!done)
		return RESULT_NO_MEMORY;
	*ret_sealed = sealed;
	*ret_length = length + OVERHEAD;
	return RESULT_OK;
}

static bool open_bytes(const struct sealing_key *key, const char *bound_to, const uint8_t *sealed, size_t plain_length,
                       char *out)
{
	_cleanup_(cipher_freep) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	const uint8_t *nonce = sealed + HEAD_SIZE;
	const uint8_t *body = nonce + NONCE_SIZE;
	uint8_t tag[TAG_SIZE];
	int written = 0;
	int rest = 0;

	memcpy(tag, body + plain_length, TAG_SIZE);
	return cipher &&
	       EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, (const unsigned char *)key->bytes.bytes, nonce) == 1 &&
	       add_binding(cipher, false, sealed, bound_to) &&
	       (plain_length == 0 ||
	        EVP_DecryptUpdate(cipher, (unsigned char *)out, &written, body, (int)plain_length) == 1) &&
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
	       EVP_DecryptFinal_ex(cipher, (unsigned char *)out + written, &rest) == 1;
}

/* RESULT_NOT_FOUND if no key of the ring is the one that it was sealed under. */
static enum result ring_open(const struct master_key *key, const char *bound_to, const uint8_t *sealed, size_t length,
                             char *out)
{
	enum result result = RESULT_NOT_FOUND;

	pthread_mutex_lock(&key->guarded->lock);
	for (size_t at = 0; at < key->guarded->ring.count && result == RESULT_NOT_FOUND; at++) {
		const struct sealing_key *one = &key->guarded->ring.keys[at];

		if (memcmp(sealed + 1, one->id, KEY_ID_SIZE) == 0)
			result = open_bytes(one, bound_to, sealed, length - OVERHEAD, out) ? RESULT_OK : RESULT_DENIED;
	}
	pthread_mutex_unlock(&key->guarded->lock);
	return result;
}

enum result sealed_open(const struct master_key *key, const char *bound_to, const uint8_t *sealed, size_t length,
                        struct secret *ret_secret, struct error *error)
{
	_cleanup_(secret_done) struct secret plain = {0};
	enum result result;

	if (length < OVERHEAD || length > PLAIN_CEILING + OVERHEAD || sealed[0] != VERSION)
		return error_set(error, RESULT_DENIED, UNSEALABLE, "The sealed secret of %s is damaged.", bound_to);
	if (secret_new(NULL, length - OVERHEAD, &plain) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to open a sealed secret.");
	result = ring_open(key, bound_to, sealed, length, plain.bytes);
	if (result == RESULT_NOT_FOUND && master_key_reload(key, NULL) == RESULT_OK)
		result = ring_open(key, bound_to, sealed, length, plain.bytes);
	if (result == RESULT_NOT_FOUND)
		return error_set(error, RESULT_DENIED, UNSEALABLE,
		                 "The secret of %s was sealed under another master key than the present one.", bound_to);
	if (result != RESULT_OK)
		return error_set(error, RESULT_DENIED, UNSEALABLE,
		                 "The sealed secret of %s was changed, or belongs to something else.", bound_to);
	*ret_secret = plain;
	plain = (struct secret){0};
	return RESULT_OK;
}
