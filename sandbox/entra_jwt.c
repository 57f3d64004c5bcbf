#include "entra_jwt.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

#define CACHE_SIZE 1000

static enum result modulus_read(struct sandbox *sandbox)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 16);
	BIGNUM *modulus = NULL;
	uint8_t bytes[512];
	uint8_t digest[DIGEST_SIZE];
	enum result result = RESULT_NO_MEMORY;
	if (!arena || !EVP_PKEY_get_bn_param(sandbox->token_key, OSSL_PKEY_PARAM_RSA_N, &modulus))
		return RESULT_NO_MEMORY;
	int length = BN_bn2bin(modulus, bytes);
	char *text = text_base64url_encode(arena, bytes, (size_t)length);
	if (text && digest_sha256(bytes, (size_t)length, digest) == RESULT_OK) {
		char *id = text_base64url_encode(arena, digest, 20);
		snprintf(sandbox->token_modulus, sizeof(sandbox->token_modulus), "%s", text);
		if (id) {
			snprintf(sandbox->token_key_id, sizeof(sandbox->token_key_id), "%s", id);
			result = RESULT_OK;
		}
	}
	BN_free(modulus);
	return result;
}

enum result jwt_key_make(struct sandbox *sandbox)
{
	sandbox->token_key = EVP_RSA_gen(2048);
	return sandbox->token_key ? modulus_read(sandbox) : RESULT_NO_MEMORY;
}

static const char *json_to_base64url(struct arena *arena, const json_t *value)
{
	char *text = json_write(arena, value);
	return text ? text_base64url_encode(arena, (const uint8_t *)text, strlen(text)) : NULL;
}

const char *jwt_sign(struct sandbox *sandbox, struct arena *arena, const json_t *claims)
{
	_cleanup_(json_decrefp) json_t *header = json_pack("{s:s,s:s,s:s,s:s}", "typ", "JWT", "alg", "RS256", "x5t",
	                                                   sandbox->token_key_id, "kid", sandbox->token_key_id);
	const char *first = json_to_base64url(arena, header);
	const char *second = json_to_base64url(arena, claims);
	char *input = first && second ? arena_printf(arena, "%s.%s", first, second) : NULL;
	uint8_t signature[512];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = input ? EVP_MD_CTX_new() : NULL;
	bool signed_ = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, sandbox->token_key) > 0 &&
	               EVP_DigestSign(context, signature, &length, (const uint8_t *)input, strlen(input)) > 0;
	EVP_MD_CTX_free(context);
	const char *third = signed_ ? text_base64url_encode(arena, signature, length) : NULL;
	return third ? arena_printf(arena, "%s.%s", input, third) : NULL;
}

static bool signature_holds(const struct sandbox *sandbox, const char *input, size_t input_length,
                            const uint8_t *signature, size_t length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool holds = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, sandbox->token_key) > 0 &&
	             EVP_DigestVerify(context, signature, length, (const uint8_t *)input, input_length) == 1;
	EVP_MD_CTX_free(context);
	return holds;
}

static json_t *part_read(struct arena *arena, const char *part, size_t length)
{
	uint8_t *bytes;
	size_t size;
	if (text_base64url_decode(arena, part, length, &bytes, &size) != RESULT_OK)
		return NULL;
	return json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
}

enum jwt_verdict jwt_verify(struct sandbox *sandbox, struct arena *arena, const char *token, const json_t **ret_claims)
{
	const json_t *known = json_object_get(sandbox->token_cache, token);
	if (known) {
		*ret_claims = known;
		return JWT_GOOD;
	}
	const char *first = strchr(token, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;
	uint8_t *signature;
	size_t length;
	if (!second || strchr(second + 1, '.'))
		return JWT_MALFORMED;
	_cleanup_(json_decrefp) json_t *header = part_read(arena, token, (size_t)(first - token));
	_cleanup_(json_decrefp) json_t *claims = part_read(arena, first + 1, (size_t)(second - first - 1));
	if (!header || !claims)
		return JWT_MALFORMED;
	if (!text_equal(json_string_at(header, "alg"), "RS256") ||
	    !text_equal(json_string_at(header, "kid"), sandbox->token_key_id) ||
	    text_base64url_decode(arena, second + 1, strlen(second + 1), &signature, &length) != RESULT_OK ||
	    !signature_holds(sandbox, token, (size_t)(second - token), signature, length))
		return JWT_BAD_SIGNATURE;
	if (json_object_size(sandbox->token_cache) >= CACHE_SIZE)
		json_object_clear(sandbox->token_cache);
	json_object_set(sandbox->token_cache, token, claims);
	*ret_claims = json_object_get(sandbox->token_cache, token);
	return JWT_GOOD;
}

json_t *jwt_key_set(const struct sandbox *sandbox)
{
	return json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:s}]}", "keys", "kty", "RSA", "use", "sig", "kid",
	                 sandbox->token_key_id, "x5t", sandbox->token_key_id, "n", sandbox->token_modulus, "e", "AQAB");
}
