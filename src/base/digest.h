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

/* SHA-256 of what comes in pieces. */
struct digest_stream;
enum result digest_stream_new(struct digest_stream **ret_stream) MUST_CHECK;
enum result digest_stream_add(struct digest_stream *stream, const void *bytes, size_t length) MUST_CHECK;
/* Of what came so far; more may follow. */
enum result digest_stream_hex(const struct digest_stream *stream, char ret_hex[DIGEST_HEX_SIZE]) MUST_CHECK;
void digest_stream_free(struct digest_stream *stream); /* accepts NULL */
void digest_stream_freep(struct digest_stream **stream);

#endif
