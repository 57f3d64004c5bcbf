#include "certificate.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/macro.h"

#define NAMES                                                                                                          \
	"DNS:localhost,DNS:login.microsoftonline.com,DNS:graph.microsoft.com,DNS:login.microsoftonline.us,"                \
	"DNS:graph.microsoft.us,IP:127.0.0.1,IP:::1"

static bool extension_add(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool added = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return added;
}

static bool serial_set(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool set = number && BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	           BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	return set;
}

static bool leaf_extend(X509 *certificate, X509 *issuer)
{
	return extension_add(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       extension_add(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
	       extension_add(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
	       extension_add(certificate, issuer, NID_subject_alt_name, NAMES) &&
	       extension_add(certificate, issuer, NID_subject_key_identifier, "hash") &&
	       extension_add(certificate, issuer, NID_authority_key_identifier, "keyid");
}

static bool authority_extend(X509 *certificate)
{
	return extension_add(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       extension_add(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       extension_add(certificate, certificate, NID_subject_key_identifier, "hash");
}

/* Signed by `issuer_key`; `issuer` NULL: by itself. NULL on failure. */
static X509 *certificate_sign(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *certificate = X509_new();
	if (!certificate)
		return NULL;
	X509_NAME *subject = X509_get_subject_name(certificate);
	bool good = X509_set_version(certificate, 2) && serial_set(certificate) &&
	            X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
	            X509_gmtime_adj(X509_getm_notAfter(certificate), 30L * 24 * 3600) &&
	            X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"AI Clearance sandbox",
	                                       -1, -1, 0) &&
	            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) &&
	            X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject) &&
	            X509_set_pubkey(certificate, key);
	good = good && (issuer ? leaf_extend(certificate, issuer) : authority_extend(certificate));
	if (good && X509_sign(certificate, issuer_key, EVP_sha256()) > 0)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static const char *bio_text(struct arena *arena, BIO *bio)
{
	char *bytes = NULL;
	long length = BIO_get_mem_data(bio, &bytes);
	return length > 0 ? arena_strndup(arena, bytes, (size_t)length) : NULL;
}

static const char *certificate_pem(struct arena *arena, X509 *first, X509 *second)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text = NULL;
	if (bio && PEM_write_bio_X509(bio, first) && (!second || PEM_write_bio_X509(bio, second)))
		text = bio_text(arena, bio);
	BIO_free(bio);
	return text;
}

static const char *key_pem(struct arena *arena, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text = NULL;
	if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		text = bio_text(arena, bio);
	BIO_free(bio);
	return text;
}

enum result certificate_make(struct arena *arena, struct certificate *ret_certificate)
{
	EVP_PKEY *authority_key = EVP_EC_gen("P-256");
	EVP_PKEY *leaf_key = EVP_EC_gen("P-256");
	X509 *authority = NULL;
	X509 *leaf = NULL;
	struct certificate made = {0};
	if (authority_key && leaf_key)
		authority = certificate_sign(authority_key, "AI Clearance sandbox CA", NULL, authority_key);
	if (authority)
		leaf = certificate_sign(leaf_key, "localhost", authority, authority_key);
	if (leaf) {
		made.authority = certificate_pem(arena, authority, NULL);
		made.leaf = certificate_pem(arena, leaf, authority);
		made.key = key_pem(arena, leaf_key);
	}
	X509_free(leaf);
	X509_free(authority);
	EVP_PKEY_free(leaf_key);
	EVP_PKEY_free(authority_key);
	if (!made.authority || !made.leaf || !made.key)
		return RESULT_NO_MEMORY;
	*ret_certificate = made;
	return RESULT_OK;
}
