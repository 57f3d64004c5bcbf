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
#include <string.h>

#include "base/digest.h"
#include "base/id.h"
#include "base/text.h"
#include "secrets/reference.h"

#define KEY_SIZE 32
#define KEY_ID_SIZE 4
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define VERSION 1
#define HEAD_SIZE (1 + KEY_ID_SIZE)
#define OVERHEAD (HEAD_SIZE + NONCE_SIZE + TAG_SIZE)
#define PLAIN_CEILING ((size_t)1024 * 1024)
#define UNSEALABLE "secret_unsealable"

struct master_key {
	struct secret bytes;
	uint8_t id[KEY_ID_SIZE];
};

static void cipher_freep(EVP_CIPHER_CTX **cipher)
{
	EVP_CIPHER_CTX_free(*cipher);
}

void master_key_free(struct master_key *key)
{
	if (!key)
		return;
	secret_done(&key->bytes);
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

static enum result key_from_bytes(const uint8_t bytes[KEY_SIZE], struct master_key **ret_key)
{
	struct master_key *key = memory_calloc(1, sizeof(*key));

	if (!key)
		return RESULT_NO_MEMORY;
	if (secret_new(bytes, KEY_SIZE, &key->bytes) != RESULT_OK || key_id(&key->bytes, key->id) != RESULT_OK) {
		master_key_free(key);
		return RESULT_NO_MEMORY;
	}
	*ret_key = key;
	return RESULT_OK;
}

enum result master_key_read(const char *reference, struct master_key **ret_key, struct error *error)
{
	_cleanup_(secret_done) struct secret text = {0};
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)128 * 1024);
	uint8_t *bytes = NULL;
	size_t length = 0;
	enum result result;

	if (!arena)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read the master key.");
	result = secret_reference_read(reference, &text, error);
	if (result != RESULT_OK)
		return result;
	result = text_base64_decode(arena, text.bytes, text.length, &bytes, &length);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read the master key.");
	if (result != RESULT_OK || length != KEY_SIZE)
		return error_set(error, RESULT_INVALID, "master_key_malformed",
		                 "%s does not hold 32 bytes in base64 (make one with: openssl rand -base64 32).", reference);
	result = key_from_bytes(bytes, ret_key);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Not enough memory to keep the master key.");
	return RESULT_OK;
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

static bool seal_bytes(const struct master_key *key, const char *bound_to, const void *plain, size_t length,
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
	sealed[0] = VERSION;
	memcpy(sealed + 1, key->id, KEY_ID_SIZE);
	id_random_bytes(sealed + HEAD_SIZE, NONCE_SIZE);
	if (!seal_bytes(key, bound_to, plain, length, sealed))
		return RESULT_NO_MEMORY;
	*ret_sealed = sealed;
	*ret_length = length + OVERHEAD;
	return RESULT_OK;
}

static bool open_bytes(const struct master_key *key, const char *bound_to, const uint8_t *sealed, size_t plain_length,
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

enum result sealed_open(const struct master_key *key, const char *bound_to, const uint8_t *sealed, size_t length,
                        struct secret *ret_secret, struct error *error)
{
	_cleanup_(secret_done) struct secret plain = {0};

	if (length < OVERHEAD || length > PLAIN_CEILING + OVERHEAD || sealed[0] != VERSION)
		return error_set(error, RESULT_DENIED, UNSEALABLE, "The sealed secret of %s is damaged.", bound_to);
	if (memcmp(sealed + 1, key->id, KEY_ID_SIZE) != 0)
		return error_set(error, RESULT_DENIED, UNSEALABLE,
		                 "The secret of %s was sealed under another master key than the present one.", bound_to);
	if (secret_new(NULL, length - OVERHEAD, &plain) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to open a sealed secret.");
	if (!open_bytes(key, bound_to, sealed, length - OVERHEAD, plain.bytes))
		return error_set(error, RESULT_DENIED, UNSEALABLE,
		                 "The sealed secret of %s was changed, or belongs to something else.", bound_to);
	*ret_secret = plain;
	plain = (struct secret){0};
	return RESULT_OK;
}
