/* Sealing: AES-256-GCM under the master key, bound to what the secret belongs to. */
#ifndef AIC_SECRETS_SEALED_H
#define AIC_SECRETS_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "secrets/secret.h"

/* The present key, 32 bytes in secret memory, and while it is being rotated the one before it. Safe to use from several
 * threads. */
struct master_key;

#define MASTER_KEY_ID_LENGTH 4

/* From [secrets] master_key: a reference to 32 bytes in base64, or, while rotating, two such lines: the new key, then
 * the old. Remembers the reference. */
enum result master_key_read(const char *reference, struct master_key **ret_key, struct error *error) MUST_CHECK;
/* Reads the reference anew: sealed_open does so by itself when it meets the id of a key that it does not know,
 * sealed_seal always, so that a running service follows `secrets rotate`. Keeps what it had on failure. */
enum result master_key_reload(const struct master_key *key, struct error *error) MUST_CHECK;
void master_key_id(const struct master_key *key, uint8_t ret_id[MASTER_KEY_ID_LENGTH]); /* of the present one */
bool master_key_has_old(const struct master_key *key);
void master_key_free(struct master_key *key);
/* The id in the head of sealed bytes; false if they are too short. */
bool sealed_key_id(const uint8_t *sealed, size_t length, uint8_t ret_id[MASTER_KEY_ID_LENGTH]);

/* `bound_to` ("connector:entra-prod", "audit-key") is authenticated with it: sealed bytes copied to another place do
 * not open. Format: version byte 1, 4-byte key id, 12-byte random nonce, ciphertext, 16-byte tag. */
enum result sealed_seal(const struct master_key *key, const char *bound_to, const void *plain, size_t length,
                        struct arena *arena, uint8_t **ret_sealed, size_t *ret_length) MUST_CHECK;
/* RESULT_DENIED with a sentence if the key is not the one, or the bytes were changed. */
enum result sealed_open(const struct master_key *key, const char *bound_to, const uint8_t *sealed, size_t length,
                        struct secret *ret_secret, struct error *error) MUST_CHECK;

#endif
