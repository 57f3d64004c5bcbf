/* Assertions signed with a certificate, checked with OpenSSL's own verification; federated tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/client_assertion.h"

#define NOW_MS INT64_C(1800000000000)
#define AUDIENCE "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token"

struct pair {
	EVP_PKEY *key;
	X509 *certificate;
	struct secret key_pem;
	struct secret certificate_pem;
};

static struct secret pem_of(BIO *written)
{
	struct secret pem = {0};
	char *bytes;
	long length = BIO_get_mem_data(written, &bytes);
	assert_int_equal(secret_new(bytes, (size_t)length, &pem), RESULT_OK);
	BIO_free(written);
	return pem;
}

/* Valid from NOW + from to NOW + to, in seconds. */
static void pair_make(struct pair *pair, EVP_PKEY *key, long from, long to)
{
	BIO *key_out = BIO_new(BIO_s_mem()), *certificate_out = BIO_new(BIO_s_mem());
	pair->key = key;
	pair->certificate = X509_new();
	ASN1_TIME_set(X509_getm_notBefore(pair->certificate), NOW_MS / 1000 + from);
	ASN1_TIME_set(X509_getm_notAfter(pair->certificate), NOW_MS / 1000 + to);
	X509_set_pubkey(pair->certificate, key);
	assert_true(X509_sign(pair->certificate, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_bio_X509(certificate_out, pair->certificate), 1);
	pair->key_pem = pem_of(key_out);
	pair->certificate_pem = pem_of(certificate_out);
}

static void pair_done(struct pair *pair)
{
	EVP_PKEY_free(pair->key);
	X509_free(pair->certificate);
	secret_done(&pair->key_pem);
	secret_done(&pair->certificate_pem);
}

static enum result sign(const struct secret *key, const struct secret *certificate, struct arena *arena,
                        struct secret *ret_assertion, struct error *error)
{
	const struct client_assertion wanted = {.client_id = "the-app", .audience = AUDIENCE, .now_ms = NOW_MS};
	const struct client_certificate shown = {.key = key, .certificate = certificate};
	return client_assertion_sign(&wanted, &shown, arena, ret_assertion, error);
}

static json_t *part(struct arena *arena, const char *begin)
{
	uint8_t *bytes;
	size_t length;
	json_t *value = NULL;
	assert_int_equal(text_base64url_decode(arena, begin, strcspn(begin, "."), &bytes, &length), RESULT_OK);
	assert_int_equal(json_read((const char *)bytes, length, &value, NULL), RESULT_OK);
	return value;
}

static bool verifies(struct arena *arena, EVP_PKEY *key, const char *token)
{
	const char *dot = strrchr(token, '.');
	uint8_t *signature;
	size_t length;
	EVP_PKEY_CTX *options;
	assert_int_equal(text_base64url_decode(arena, dot + 1, strlen(dot + 1), &signature, &length), RESULT_OK);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestVerifyInit(context, &options, EVP_sha256(), NULL, key), 1);
	EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
	EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
	int fits = EVP_DigestVerify(context, signature, length, (const uint8_t *)token, (size_t)(dot - token));
	EVP_MD_CTX_free(context);
	return fits == 1;
}

static void an_assertion_is_what_entra_documents_and_verifies_with_the_certificate(void **state)
{
	(void)state;
	struct pair pair;
	struct secret assertion = {0}, again = {0};
	uint8_t digest[32];
	unsigned int digest_length;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	pair_make(&pair, EVP_RSA_gen(2048), -100, 100);
	assert_int_equal(sign(&pair.key_pem, &pair.certificate_pem, arena, &assertion, NULL), RESULT_OK);
	_cleanup_(json_decrefp) json_t *header = part(arena, assertion.bytes);
	_cleanup_(json_decrefp) json_t *claims = part(arena, strchr(assertion.bytes, '.') + 1);
	X509_digest(pair.certificate, EVP_sha256(), digest, &digest_length);
	assert_string_equal(json_string_at(header, "alg"), "PS256");
	assert_string_equal(json_string_at(header, "x5t#S256"), text_base64url_encode(arena, digest, sizeof(digest)));
	assert_string_equal(json_string_at(claims, "aud"), AUDIENCE);
	assert_string_equal(json_string_at(claims, "iss"), "the-app");
	assert_string_equal(json_string_at(claims, "sub"), "the-app");
	assert_int_equal(json_integer_at(claims, "nbf", 0), NOW_MS / 1000);
	assert_int_equal(json_integer_at(claims, "exp", 0), NOW_MS / 1000 + 600);
	assert_true(verifies(arena, pair.key, assertion.bytes));
	assert_int_equal(sign(&pair.key_pem, &pair.certificate_pem, arena, &again, NULL), RESULT_OK);
	_cleanup_(json_decrefp) json_t *others = part(arena, strchr(again.bytes, '.') + 1);
	assert_string_not_equal(json_string_at(claims, "jti"), json_string_at(others, "jti"));
	secret_done(&assertion);
	secret_done(&again);
	pair_done(&pair);
}

static void refused(const struct secret *key, const struct secret *certificate, const char *code)
{
	struct error error = {0};
	struct secret assertion = {0};
	int64_t end = -7;
	const struct client_certificate shown = {.key = key, .certificate = certificate};
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	assert_int_equal(sign(key, certificate, arena, &assertion, &error), RESULT_INVALID);
	assert_string_equal(error.code, code);
	assert_null(assertion.bytes);
	assert_int_equal(client_certificate_check(&shown, NOW_MS, &end, &error), RESULT_INVALID);
	assert_string_equal(error.code, code);
	assert_int_equal(end, -7);
}

static void a_pair_that_cannot_sign_in_is_named_before_anything_is_sent(void **state)
{
	(void)state;
	struct pair good, other, old, early, curve;
	struct secret rubbish = {0};
	assert_int_equal(secret_new("-----BEGIN PRIVATE KEY-----\nAAAA\n", 34, &rubbish), RESULT_OK);
	pair_make(&good, EVP_RSA_gen(2048), -100, 100);
	pair_make(&other, EVP_RSA_gen(2048), -100, 100);
	pair_make(&old, EVP_RSA_gen(2048), -100, -1);
	pair_make(&early, EVP_RSA_gen(2048), 1, 100);
	pair_make(&curve, EVP_EC_gen("P-256"), -100, 100);
	refused(&good.key_pem, &other.certificate_pem, "certificate_key_mismatch");
	refused(&old.key_pem, &old.certificate_pem, "certificate_expired");
	refused(&early.key_pem, &early.certificate_pem, "certificate_expired");
	refused(&curve.key_pem, &curve.certificate_pem, "secret_reference_unreadable");
	refused(&rubbish, &good.certificate_pem, "secret_reference_unreadable");
	refused(&good.key_pem, &rubbish, "secret_reference_unreadable");
	refused(&good.certificate_pem, &good.key_pem, "secret_reference_unreadable");
	struct pair *const all[] = {&good, &other, &old, &early, &curve};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		pair_done(all[i]);
	secret_done(&rubbish);
}

static const char *verdict(const char *text, struct error *error)
{
	struct secret token = {0};
	*error = (struct error){0};
	assert_int_equal(secret_new(text, strlen(text), &token), RESULT_OK);
	enum result result = federated_token_check(&token, NOW_MS, error);
	secret_done(&token);
	return result == RESULT_OK ? "" : error->code;
}

static void a_federated_token_is_judged_by_its_shape_and_its_end_alone(void **state)
{
	(void)state;
	static const char *const shapeless[] = {"", "a", "a.b", "a.b.c", "..", "a..c", "a.b.c.d", "a b.c.d", "e30.W10.x"};
	struct error error;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(shapeless); i++)
		assert_string_equal(verdict(shapeless[i], &error), "secret_reference_unreadable");
	const struct {
		const char *claims, *code;
	} rows[] = {
	    {"{\"exp\":1800000001}", ""},
	    {"{}", ""},
	    {"{\"exp\":\"soon\"}", ""},
	    {"{\"exp\":1800000000}", "federated_token_expired"},
	    {"{\"exp\":1e400}", "secret_reference_unreadable"},
	    {"{\"exp\":-1}", "federated_token_expired"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *middle = text_base64url_encode(arena, (const uint8_t *)rows[i].claims, strlen(rows[i].claims));
		assert_string_equal(verdict(arena_printf(arena, "e30.%s.x", middle), &error), rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_assertion_is_what_entra_documents_and_verifies_with_the_certificate),
	    cmocka_unit_test(a_pair_that_cannot_sign_in_is_named_before_anything_is_sent),
	    cmocka_unit_test(a_federated_token_is_judged_by_its_shape_and_its_end_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
