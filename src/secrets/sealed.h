/* Sealing: AES-256-GCM under the master key, bound to what the secret belongs to. */
#ifndef AIC_SECRETS_SEALED_H
#define AIC_SECRETS_SEALED_H

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "secrets/secret.h"

struct master_key; /* 32 bytes in secret memory */

/* From [secrets] master_key: a reference to 32 bytes in base64. */
enum result master_key_read(const char *reference, struct master_key **ret_key, struct error *error) MUST_CHECK;
void master_key_free(struct master_key *key);

/* `bound_to` ("connector:entra-prod", "audit-key") is authenticated with it: sealed bytes copied to another place do
 * not open. Format: version byte 1, 4-byte key id, 12-byte random nonce, ciphertext, 16-byte tag. */
enum result sealed_seal(const struct master_key *key, const char *bound_to, const void *plain, size_t length,
                        struct arena *arena, uint8_t **ret_sealed, size_t *ret_length) MUST_CHECK;
/* RESULT_DENIED with a sentence if the key is not the one, or the bytes were changed. */
enum result sealed_open(const struct master_key *key, const char *bound_to, const uint8_t *sealed, size_t length,
                        struct secret *ret_secret, struct error *error) MUST_CHECK;

#endif
