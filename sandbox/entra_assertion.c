/* client_assertion: signed with a certificate of the app (RS256 or PS256), or by an identity provider that the app
 * trusts. Which certificates and which providers: the application's `certificates` (PEM) and `federatedCredentials`. */
#include "entra_assertion.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

#define SKEW_MS 300000

struct assertion {
	struct sandbox *sandbox;
	struct arena *arena;
	const char *origin;
	const char *client_id;
	const char *text;
	size_t signed_length; /* of header.claims */
	const json_t *header;
	const json_t *claims;
	const uint8_t *signature;
	size_t signature_length;
	struct assertion_refusal *refusal;
};

static bool refuse(struct assertion *assertion, int status, const char *error, long number, const char *text)
{
	*assertion->refusal = (struct assertion_refusal){status, error, number, text};
	return false;
}

static bool refuse_malformed(struct assertion *assertion, const char *text)
{
	return refuse(assertion, 401, "invalid_client", 50027, text);
}

/* The key was found or not, and what was wrong with it: one number for all. */
static bool refuse_key(struct assertion *assertion, const char *reason)
{
	return refuse(
	    assertion, 401, "invalid_client", 700027,
	    arena_printf(assertion->arena,
	                 "The certificate with identifier used to sign the client assertion is not registered on "
	                 "application. [Reason - %s, Please visit the Azure Portal, Graph Explorer or directly use "
	                 "MS Graph to see configured keys for app Id '%s'.]",
	                 reason, assertion->client_id));
}

static json_t *part_read(struct request *request, struct arena *arena, const char *begin, size_t length)
{
	uint8_t *bytes;
	size_t decoded;
	json_t *value = NULL;
	if (text_base64url_decode(arena, begin, length, &bytes, &decoded) != RESULT_OK ||
	    json_read((const char *)bytes, decoded, &value, NULL) != RESULT_OK)
		return NULL;
	return request_keep(request, value);
}

static bool parts_read(struct assertion *assertion, struct request *request)
{
	const char *first = strchr(assertion->text, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;
	uint8_t *signature;
	if (!second || strchr(second + 1, '.'))
		return refuse_malformed(assertion, "JWT token is invalid or malformed.");
	assertion->header = part_read(request, assertion->arena, assertion->text, (size_t)(first - assertion->text));
	assertion->claims = part_read(request, assertion->arena, first + 1, (size_t)(second - first - 1));
	assertion->signed_length = (size_t)(second - assertion->text);
	if (!json_is_object(assertion->header) || !json_is_object(assertion->claims) ||
	    text_base64url_decode(assertion->arena, second + 1, strlen(second + 1), &signature,
	                          &assertion->signature_length) != RESULT_OK)
		return refuse_malformed(assertion, "JWT token is invalid or malformed.");
	assertion->signature = signature;
	return true;
}

static bool time_check(struct assertion *assertion)
{
	int64_t now = sandbox_now_ms(assertion->sandbox);
	int64_t from = json_integer_at(assertion->claims, "nbf", 0) * 1000;
	int64_t end = json_integer_at(assertion->claims, "exp", 0) * 1000;
	char texts[3][CLOCK_TEXT_SIZE];
	if (from <= now + SKEW_MS && end > now - SKEW_MS)
		return true;
	clock_format(now, texts[0]);
	clock_format(from, texts[1]);
	clock_format(end, texts[2]);
	return refuse(assertion, 401, "invalid_client", 700024,
	              arena_printf(assertion->arena,
	                           "Client assertion is not within its valid time range. Current time: %s, assertion valid "
	                           "from %s, expiry time of assertion %s.",
	                           texts[0], texts[1], texts[2]));
}

static bool signature_fits(const struct assertion *assertion, EVP_PKEY *key)
{
	const char *algorithm = json_string_at(assertion->header, "alg");
	bool pss = text_equal(algorithm, "PS256");
	EVP_PKEY_CTX *options = NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool fits = (pss || text_equal(algorithm, "RS256")) && key && context &&
	            EVP_DigestVerifyInit(context, &options, EVP_sha256(), NULL, key) > 0;
	if (fits && pss)
		fits = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0;
	fits = fits && EVP_DigestVerify(context, assertion->signature, assertion->signature_length,
	                                (const uint8_t *)assertion->text, assertion->signed_length) == 1;
	EVP_MD_CTX_free(context);
	return fits;
}

/* ---- a certificate ---- */

static X509 *certificate_read(const char *pem)
{
	BIO *source = pem ? BIO_new_mem_buf(pem, -1) : NULL;
	X509 *certificate = source ? PEM_read_bio_X509(source, NULL, NULL, NULL) : NULL;
	BIO_free(source);
	return certificate;
}

/* The header's thumbprint; clients differ in padding it. */
static bool thumbprint_fits(const struct assertion *assertion, const X509 *certificate)
{
	const char *sha256 = json_string_at(assertion->header, "x5t#S256");
	const char *shown = sha256 ? sha256 : json_string_at(assertion->header, "x5t");
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	uint8_t *bytes;
	size_t decoded;
	return shown && X509_digest(certificate, sha256 ? EVP_sha256() : EVP_sha1(), digest, &length) == 1 &&
	       text_base64url_decode(assertion->arena, shown, strcspn(shown, "="), &bytes, &decoded) == RESULT_OK &&
	       decoded == length && memcmp(bytes, digest, length) == 0;
}

static bool found_certificate_check(struct assertion *assertion, const X509 *certificate)
{
	time_t now = (time_t)(sandbox_now_ms(assertion->sandbox) / 1000);
	if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0)
		return refuse_key(assertion, "The key used is expired., Found key 'Start=.., End=..'");
	if (!signature_fits(assertion, X509_get0_pubkey(certificate)))
		return refuse_key(assertion, "Key was found, but use of the key to verify the signature failed.");
	return true;
}

static bool certificate_check(struct assertion *assertion)
{
	const json_t *known = json_object_get(assertion->sandbox->directory.application, "certificates");
	size_t index;
	json_t *pem;
	if (!json_string_at(assertion->header, "x5t#S256") && !json_string_at(assertion->header, "x5t"))
		return refuse_malformed(assertion, "JWT token is invalid or malformed. No certificate thumbprint specified in "
		                                   "token header.");
	json_array_foreach(known, index, pem)
	{
		X509 *certificate = certificate_read(json_string_value(pem));
		bool ours = certificate && thumbprint_fits(assertion, certificate);
		bool fits = ours && found_certificate_check(assertion, certificate);
		X509_free(certificate);
		if (ours)
			return fits;
	}
	return refuse_key(assertion, "The key was not found., Thumbprint of key used by client");
}

/* aud: a token endpoint of this tenant, by our own name or by the cloud's. */
static bool audience_check(struct assertion *assertion)
{
	const char *audience = json_string_at(assertion->claims, "aud");
	const char *const hosts[] = {assertion->origin, "https://login.microsoftonline.com"};
	const char *const tenants[] = {SANDBOX_TENANT_ID, SANDBOX_TENANT_DOMAIN};
	for (size_t i = 0; audience && i < ARRAY_SIZE(hosts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(tenants); j++)
			if (text_equal_fold(audience,
			                    arena_printf(assertion->arena, "%s/%s/oauth2/v2.0/token", hosts[i], tenants[j])))
				return true;
	return refuse_malformed(assertion, "JWT token is invalid or malformed. The audience claim is not valid.");
}

/* ---- another identity provider ---- */

static bool names_audience(const json_t *federated, const char *audience)
{
	size_t index;
	json_t *one;
	json_array_foreach(json_object_get(federated, "audiences"), index,
	                   one) if (text_equal(json_string_value(one), audience)) return true;
	return false;
}

static bool refuse_federated(struct assertion *assertion, long number, const char *what, const char *claim)
{
	return refuse(assertion, 401, "invalid_client", number,
	              arena_printf(assertion->arena,
	                           "No matching federated identity record found for presented assertion %s '%s'. Please "
	                           "check your federated identity credential Subject, Audience and Issuer against the "
	                           "presented assertion.",
	                           what, claim ? claim : ""));
}

/* How far it fits: 0 not the issuer, 1 not the subject, 2 not the audience, 3 all. */
static int federated_rank(const struct assertion *assertion, const json_t *federated)
{
	if (!text_equal(json_string_at(federated, "issuer"), json_string_at(assertion->claims, "iss")))
		return 0;
	if (!text_equal(json_string_at(federated, "subject"), json_string_at(assertion->claims, "sub")))
		return 1;
	return names_audience(federated, json_string_at(assertion->claims, "aud")) ? 3 : 2;
}

static bool federated_signature_check(struct assertion *assertion, const json_t *federated)
{
	const char *pem = json_string_at(federated, "publicKeyPem");
	BIO *source = pem ? BIO_new_mem_buf(pem, -1) : NULL;
	EVP_PKEY *key = source ? PEM_read_bio_PUBKEY(source, NULL, NULL, NULL) : NULL;
	bool fits = text_equal(json_string_at(assertion->header, "alg"), "RS256") && signature_fits(assertion, key);
	EVP_PKEY_free(key);
	BIO_free(source);
	if (!fits)
		return refuse(assertion, 401, "invalid_client", 50012, "Authentication failed: the signature is not valid.");
	return true;
}

static bool federated_check(struct assertion *assertion)
{
	const json_t *known = json_object_get(assertion->sandbox->directory.application, "federatedCredentials");
	const json_t *best = NULL;
	int rank = 0;
	size_t index;
	json_t *one;
	json_array_foreach(known, index, one)
	{
		int reached = federated_rank(assertion, one);
		if (reached >= rank) {
			rank = reached;
			best = one;
		}
	}
	if (rank == 3)
		return federated_signature_check(assertion, best);
	if (rank == 2)
		return refuse_federated(assertion, 700212, "audience", json_string_at(assertion->claims, "aud"));
	if (rank == 1)
		return refuse_federated(assertion, 700213, "subject", json_string_at(assertion->claims, "sub"));
	return refuse_federated(assertion, 700211, "issuer", json_string_at(assertion->claims, "iss"));
}

bool entra_assertion_check(struct sandbox *sandbox, struct request *request, const char *client_id, const char *text,
                           struct assertion_refusal *ret_refusal)
{
	struct assertion assertion = {
	    .sandbox = sandbox,
	    .arena = request->arena,
	    .origin = request->origin,
	    .client_id = client_id,
	    .text = text,
	    .refusal = ret_refusal,
	};
	if (!parts_read(&assertion, request))
		return false;
	if (!text_equal_fold(json_string_at(assertion.claims, "iss"), client_id))
		return federated_check(&assertion) && time_check(&assertion);
	if (!text_equal_fold(json_string_at(assertion.claims, "sub"), client_id))
		return refuse_malformed(&assertion, "JWT token is invalid or malformed. Issuer and subject differ.");
	return certificate_check(&assertion) && audience_check(&assertion) && time_check(&assertion);
}
