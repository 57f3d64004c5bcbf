#include "base/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

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
