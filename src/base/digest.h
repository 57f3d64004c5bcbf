/* Digests (OpenSSL EVP). All return RESULT_NO_MEMORY if OpenSSL cannot work, never a partial digest. */
#ifndef AIC_BASE_DIGEST_H
#define AIC_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE 65

enum result digest_sha256(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE]) MUST_CHECK;
enum result digest_sha256_hex(const void *bytes, size_t length, char ret_hex[DIGEST_HEX_SIZE]) MUST_CHECK;
enum result digest_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                               uint8_t ret_digest[DIGEST_SIZE]) MUST_CHECK;

#endif
