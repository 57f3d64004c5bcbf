#include "base/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum result digest_sha256(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	if (EVP_Digest(bytes == NULL ? "" : bytes, length, digest, &size, EVP_sha256(), NULL) != 1 || size != DIGEST_SIZE)
		return RESULT_NO_MEMORY;
	memcpy(ret_digest, digest, DIGEST_SIZE);
	return RESULT_OK;
}

enum result digest_sha256_hex(const void *bytes, size_t length, char ret_hex[DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	enum result result = digest_sha256(bytes, length, digest);
	if (result == RESULT_OK)
		text_hex_encode(digest, sizeof(digest), ret_hex);
	return result;
}

enum result digest_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                               uint8_t ret_digest[DIGEST_SIZE])
{
	if (key_length > INT_MAX)
		return RESULT_TOO_LARGE;
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	/* OpenSSL takes a NULL key for "the key of the last call". */
	if (HMAC(EVP_sha256(), key == NULL ? "" : key, (int)key_length, bytes == NULL ? (const void *)"" : bytes, length,
	         digest, &size) == NULL ||
	    size != DIGEST_SIZE)
		return RESULT_NO_MEMORY;
	memcpy(ret_digest, digest, DIGEST_SIZE);
	memory_wipe(digest, sizeof(digest));
	return RESULT_OK;
}

struct digest_stream {
	EVP_MD_CTX *context;
};

enum result digest_stream_new(struct digest_stream **ret_stream)
{
	struct digest_stream *stream = memory_calloc(1, sizeof(*stream));
	if (stream == NULL)
		return RESULT_NO_MEMORY;
	stream->context = EVP_MD_CTX_new();
	if (stream->context == NULL || EVP_DigestInit_ex(stream->context, EVP_sha256(), NULL) != 1) {
		digest_stream_free(stream);
		return RESULT_NO_MEMORY;
	}
	*ret_stream = stream;
	return RESULT_OK;
}

enum result digest_stream_add(struct digest_stream *stream, const void *bytes, size_t length)
{
	if (length == 0)
		return RESULT_OK;
	return EVP_DigestUpdate(stream->context, bytes, length) == 1 ? RESULT_OK : RESULT_NO_MEMORY;
}

enum result digest_stream_hex(const struct digest_stream *stream, char ret_hex[DIGEST_HEX_SIZE])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, stream->context) == 1 &&
	            EVP_DigestFinal_ex(copy, digest, &size) == 1 && size == DIGEST_SIZE;
	EVP_MD_CTX_free(copy);
	if (!done)
		return RESULT_NO_MEMORY;
	text_hex_encode(digest, size, ret_hex);
	return RESULT_OK;
}

void digest_stream_free(struct digest_stream *stream)
{
	if (stream == NULL)
		return;
	EVP_MD_CTX_free(stream->context);
	memory_free(stream);
}

void digest_stream_freep(struct digest_stream **stream)
{
	digest_stream_free(*stream);
}
