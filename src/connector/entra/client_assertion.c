/* PS256 by OpenSSL itself: a JOSE library would want the private key's numbers in a structure of its own, and here the
 * key never leaves OpenSSL, which wipes it when it is freed. The PEM comes out of locked pages and is wiped by whoever
 * opened it. */
#include "connector/entra/client_assertion.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"

#define LIFETIME_S 600
#define SIGNATURE_MAX 1024
#define FEDERATED_CEILING ((size_t)64 * 1024)
#define CLAIMS_ARENA_CEILING ((size_t)512 * 1024)

static void key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void certificate_freep(X509 **certificate)
{
	X509_free(*certificate);
}

/* A key with a passphrase must fail, not ask on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return 0;
}

static BIO *pem_open(const struct secret *pem)
{
	return pem != NULL && pem->length > 0 ? BIO_new_mem_buf(pem->bytes, (int)pem->length) : NULL;
}

static EVP_PKEY *key_read(const struct secret *pem)
{
	BIO *source = pem_open(pem);
	EVP_PKEY *key = source != NULL ? PEM_read_bio_PrivateKey(source, NULL, no_passphrase, NULL) : NULL;
	BIO_free(source);
	ERR_clear_error();
	return key;
}

static X509 *certificate_read(const struct secret *pem)
{
	BIO *source = pem_open(pem);
	X509 *certificate = source != NULL ? PEM_read_bio_X509(source, NULL, no_passphrase, NULL) : NULL;
	BIO_free(source);
	ERR_clear_error();
	return certificate;
}

static bool time_read(const ASN1_TIME *time, int64_t *ret_ms)
{
	struct tm parts = {0};
	if (ASN1_TIME_to_tm(time, &parts) != 1)
		return false;
	*ret_ms = (int64_t)timegm(&parts) * 1000;
	return true;
}

static enum result pair_open(const struct client_certificate *pair, EVP_PKEY **ret_key, X509 **ret_certificate,
                             struct error *error)
{
	*ret_key = key_read(pair->key);
	*ret_certificate = certificate_read(pair->certificate);
	if (*ret_key == NULL)
		return error_set(error, RESULT_INVALID, "secret_reference_unreadable",
		                 "What keyRef names is not a private key in PEM without a passphrase.");
	if (EVP_PKEY_get_base_id(*ret_key) != EVP_PKEY_RSA)
		return error_set(error, RESULT_INVALID, "secret_reference_unreadable",
		                 "What keyRef names is not an RSA key, and Entra takes no other.");
	if (*ret_certificate == NULL)
		return error_set(error, RESULT_INVALID, "secret_reference_unreadable",
		                 "What certRef names is not a certificate in PEM.");
	return RESULT_OK;
}

static enum result pair_judge(EVP_PKEY *key, const X509 *certificate, int64_t now_ms, int64_t *ret_expires_at,
                              struct error *error)
{
	int64_t begins, ends;
	bool match = X509_check_private_key(certificate, key) == 1;
	ERR_clear_error();
	if (!match)
		return error_set(error, RESULT_INVALID, "certificate_key_mismatch",
		                 "The private key behind keyRef does not belong to the certificate behind certRef.");
	if (!time_read(X509_get0_notBefore(certificate), &begins) || !time_read(X509_get0_notAfter(certificate), &ends))
		return error_set(error, RESULT_INVALID, "secret_reference_unreadable",
		                 "The certificate behind certRef does not say how long it is valid.");
	if (now_ms < begins || now_ms >= ends) {
		char text[CLOCK_TEXT_SIZE];
		clock_format(now_ms < begins ? begins : ends, text);
		return error_set(error, RESULT_INVALID, "certificate_expired", "The certificate behind certRef %s on %.10s.",
		                 now_ms < begins ? "becomes valid only" : "expired", text);
	}
	*ret_expires_at = ends;
	return RESULT_OK;
}

enum result client_certificate_check(const struct client_certificate *pair, int64_t now_ms, int64_t *ret_expires_at,
                                     struct error *error)
{
	_cleanup_(key_freep) EVP_PKEY *key = NULL;
	_cleanup_(certificate_freep) X509 *certificate = NULL;
	enum result result = pair_open(pair, &key, &certificate, error);
	if (result == RESULT_OK)
		result = pair_judge(key, certificate, now_ms, ret_expires_at, error);
	return result;
}

/* header.claims: nothing in it is secret. NULL without memory. */
static const char *signing_input(const struct client_assertion *assertion, const X509 *certificate,
                                 struct arena *scratch)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	char unique[ID_SIZE];
	json_int_t now = assertion->now_ms / 1000;
	if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1)
		return NULL;
	id_random(unique);
	const char *thumbprint = text_base64url_encode(scratch, digest, length);
	_cleanup_(json_decrefp) json_t *header =
	    json_pack("{s:s,s:s,s:s?}", "alg", "PS256", "typ", "JWT", "x5t#S256", thumbprint);
	_cleanup_(json_decrefp) json_t *claims =
	    json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "aud", assertion->audience, "iss", assertion->client_id, "sub",
	              assertion->client_id, "jti", unique, "iat", now, "nbf", now, "exp", now + LIFETIME_S);
	const char *first = header != NULL ? json_write(scratch, header) : NULL;
	const char *second = claims != NULL ? json_write(scratch, claims) : NULL;
	if (thumbprint == NULL || first == NULL || second == NULL)
		return NULL;
	first = text_base64url_encode(scratch, (const uint8_t *)first, strlen(first));
	second = text_base64url_encode(scratch, (const uint8_t *)second, strlen(second));
	return first != NULL && second != NULL ? arena_printf(scratch, "%s.%s", first, second) : NULL;
}

static bool signature_make(EVP_PKEY *key, const char *input, uint8_t signature[SIGNATURE_MAX], size_t *length)
{
	EVP_PKEY_CTX *options = NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool made = context != NULL && EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key) > 0 &&
	            EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0 &&
	            EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0 &&
	            EVP_DigestSign(context, signature, length, (const uint8_t *)input, strlen(input)) > 0;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return made;
}

/* The whole is a credential for ten minutes: put together in locked pages, its parts wiped. */
static enum result assertion_join(const char *input, const uint8_t *signature, size_t length, struct arena *scratch,
                                  struct secret *ret_assertion)
{
	char *encoded = text_base64url_encode(scratch, signature, length);
	size_t input_length = strlen(input);
	struct secret whole = {0};
	if (encoded == NULL)
		return RESULT_NO_MEMORY;
	enum result result = secret_new(NULL, input_length + 1 + strlen(encoded), &whole);
	if (result == RESULT_OK) {
		memcpy(whole.bytes, input, input_length);
		whole.bytes[input_length] = '.';
		memcpy(whole.bytes + input_length + 1, encoded, strlen(encoded));
		*ret_assertion = whole;
	}
	memory_wipe(encoded, strlen(encoded));
	return result;
}

enum result client_assertion_sign(const struct client_assertion *assertion, const struct client_certificate *pair,
                                  struct arena *scratch, struct secret *ret_assertion, struct error *error)
{
	_cleanup_(key_freep) EVP_PKEY *key = NULL;
	_cleanup_(certificate_freep) X509 *certificate = NULL;
	uint8_t signature[SIGNATURE_MAX];
	size_t length = sizeof(signature);
	int64_t expires_at;
	enum result result = pair_open(pair, &key, &certificate, error);
	if (result == RESULT_OK)
		result = pair_judge(key, certificate, assertion->now_ms, &expires_at, error);
	if (result != RESULT_OK)
		return result;
	const char *input = signing_input(assertion, certificate, scratch);
	if (input == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	if (!signature_make(key, input, signature, &length))
		return error_set(error, RESULT_INVALID, "secret_reference_unreadable",
		                 "The private key behind keyRef cannot sign as Entra wants it (RSA of 2,048 to 8,192 bits).");
	result = assertion_join(input, signature, length, scratch, ret_assertion);
	memory_wipe(signature, sizeof(signature));
	return result == RESULT_OK ? result : error_set(error, result, NULL, "Out of memory.");
}

/* ---- a token of another identity provider ---- */

static bool is_jwt(const struct secret *token)
{
	size_t dots = 0;
	for (size_t i = 0; i < token->length; i++) {
		char byte = token->bytes[i];
		bool letter = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
		if (byte == '.')
			dots++;
		else if (!letter && byte != '-' && byte != '_' && byte != '=')
			return false;
	}
	return dots == 2 && token->length <= FEDERATED_CEILING;
}

/* The claims of it, or NULL. They prove nothing without the signature that only travels whole. */
static json_t *claims_read(const struct secret *token, struct arena *scratch)
{
	const char *begin = (const char *)memchr(token->bytes, '.', token->length) + 1;
	const char *end = memchr(begin, '.', token->length - (size_t)(begin - token->bytes));
	uint8_t *bytes;
	size_t length;
	json_t *claims = NULL;
	if (text_base64url_decode(scratch, begin, (size_t)(end - begin), &bytes, &length) != RESULT_OK)
		return NULL;
	return json_read((const char *)bytes, length, &claims, NULL) == RESULT_OK ? claims : NULL;
}

enum result federated_token_check(const struct secret *token, int64_t now_ms, struct error *error)
{
	_cleanup_(arena_freep) struct arena *scratch = arena_new(CLAIMS_ARENA_CEILING);
	if (scratch == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	_cleanup_(json_decrefp) json_t *claims = is_jwt(token) ? claims_read(token, scratch) : NULL;
	if (!json_is_object(claims))
		return error_set(error, RESULT_INVALID, "secret_reference_unreadable",
		                 "What tokenRef names is not a token (a JWT of three parts).");
	const json_t *end = json_object_get(claims, "exp");
	if (json_is_number(end) && json_number_value(end) * 1000 <= (double)now_ms)
		return error_set(error, RESULT_INVALID, "federated_token_expired",
		                 "The token behind tokenRef has expired; whatever writes it has stopped doing so.");
	return RESULT_OK;
}
