/* The key that signs checkpoints and heads, and what exactly is signed.
 *
 * Signed is the RFC 8785 text of {seq,hash,at}; any label other than "checkpoint" is a fourth member, so that a head
 * can never be shown as a checkpoint. `at` has whole seconds there, so signing cuts the fraction off. */
#include "domain/audit_chain.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define MESSAGE_CEILING 4096
#define PEM_CEILING 4096

struct audit_key {
	EVP_PKEY *pair;
	bool can_sign;
};

static enum result key_wrap(EVP_PKEY *pair, bool can_sign, struct audit_key **ret_key)
{
	struct audit_key *key = memory_calloc(1, sizeof(*key));
	if (key == NULL) {
		EVP_PKEY_free(pair);
		return RESULT_NO_MEMORY;
	}
	key->pair = pair;
	key->can_sign = can_sign;
	*ret_key = key;
	return RESULT_OK;
}

enum result audit_key_generate(struct audit_key **ret_key)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return pair == NULL ? RESULT_NO_MEMORY : key_wrap(pair, true, ret_key);
}

enum result audit_key_from_seed(const uint8_t seed[32], struct audit_key **ret_key)
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	return pair == NULL ? RESULT_NO_MEMORY : key_wrap(pair, true, ret_key);
}

enum result audit_key_from_public_pem(const char *pem, struct audit_key **ret_key)
{
	size_t length = strnlen(pem, PEM_CEILING);
	if (length == PEM_CEILING)
		return RESULT_INVALID;
	BIO *bio = BIO_new_mem_buf(pem, (int)length);
	if (bio == NULL)
		return RESULT_NO_MEMORY;
	EVP_PKEY *pair = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (pair == NULL)
		return RESULT_INVALID;
	if (EVP_PKEY_get_base_id(pair) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(pair);
		return RESULT_INVALID;
	}
	return key_wrap(pair, false, ret_key);
}

enum result audit_key_seed(const struct audit_key *key, uint8_t ret_seed[32])
{
	size_t length = 32;
	if (!key->can_sign)
		return RESULT_INVALID;
	return EVP_PKEY_get_raw_private_key(key->pair, ret_seed, &length) == 1 && length == 32 ? RESULT_OK
	                                                                                       : RESULT_NO_MEMORY;
}

char *audit_key_public_pem(const struct audit_key *key, struct arena *arena)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio == NULL)
		return NULL;
	char *bytes = NULL;
	char *pem = NULL;
	if (PEM_write_bio_PUBKEY(bio, key->pair) == 1) {
		long length = BIO_get_mem_data(bio, &bytes);
		if (length > 0)
			pem = arena_strndup(arena, bytes, (size_t)length);
	}
	BIO_free(bio);
	return pem;
}

void audit_key_free(struct audit_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pair); /* OpenSSL cleanses the private half */
	memory_free(key);
}

void audit_key_freep(struct audit_key **key)
{
	audit_key_free(*key);
}

static char *checkpoint_message(const struct audit_checkpoint *checkpoint, const char *label, struct arena *arena)
{
	bool failed = false;
	json_t *object = json_object();
	json_put(object, "seq", json_integer(checkpoint->seq), &failed);
	json_put_string(object, "hash", checkpoint->hash, &failed);
	json_put_time(object, "at", checkpoint->at, &failed);
	if (!text_equal(label, "checkpoint"))
		json_put_string(object, "label", label, &failed);
	char *message = failed ? NULL : json_write_canonical(arena, object);
	json_decref(object);
	return message;
}

enum result audit_checkpoint_sign(const struct audit_key *key, const char *label, struct audit_checkpoint *checkpoint)
{
	if (!key->can_sign)
		return RESULT_INVALID;
	_cleanup_(arena_freep) struct arena *arena = arena_new(MESSAGE_CEILING);
	if (arena == NULL)
		return RESULT_NO_MEMORY;
	struct audit_checkpoint whole = *checkpoint;
	whole.at -= whole.at % 1000;
	const char *message = checkpoint_message(&whole, label, arena);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = sizeof(whole.signature);
	bool signed_it = message != NULL && context != NULL &&
	                 EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
	                 EVP_DigestSign(context, whole.signature, &length, (const uint8_t *)message, strlen(message)) == 1;
	EVP_MD_CTX_free(context);
	if (!signed_it || length != AUDIT_SIGNATURE_SIZE)
		return RESULT_NO_MEMORY;
	*checkpoint = whole;
	return RESULT_OK;
}

bool audit_checkpoint_verify(const struct audit_key *key, const char *label, const struct audit_checkpoint *checkpoint)
{
	if (checkpoint->at % 1000 != 0 || strnlen(checkpoint->hash, DIGEST_HEX_SIZE) != DIGEST_HEX_SIZE - 1)
		return false;
	_cleanup_(arena_freep) struct arena *arena = arena_new(MESSAGE_CEILING);
	if (arena == NULL)
		return false;
	const char *message = checkpoint_message(checkpoint, label, arena);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool holds = message != NULL && context != NULL &&
	             EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pair) == 1 &&
	             EVP_DigestVerify(context, checkpoint->signature, sizeof(checkpoint->signature),
	                              (const uint8_t *)message, strlen(message)) == 1;
	EVP_MD_CTX_free(context);
	return holds;
}
