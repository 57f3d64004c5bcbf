/* What proves us to Entra without a client secret: an assertion signed with a certificate's private key, or a token of
 * another identity provider that the app trusts (facts: "Token request"). Nothing here does I/O. */
#ifndef AIC_CONNECTOR_ENTRA_CLIENT_ASSERTION_H
#define AIC_CONNECTOR_ENTRA_CLIENT_ASSERTION_H

#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "secrets/secret.h"

/* Both in PEM: an RSA private key without a passphrase, and the certificate that is registered on the app (the first
 * of the file). */
struct client_certificate {
	const struct secret *key;
	const struct secret *certificate;
};

/* RESULT_INVALID with code secret_reference_unreadable (no PEM, not RSA), certificate_expired (or not valid yet), or
 * certificate_key_mismatch. *ret_expires_at: the certificate's own end, in ms. */
enum result client_certificate_check(const struct client_certificate *pair, int64_t now_ms, int64_t *ret_expires_at,
                                     struct error *error) MUST_CHECK;

struct client_assertion {
	const char *client_id;
	const char *audience; /* URL of the token endpoint that it is sent to */
	int64_t now_ms;       /* valid from then on, for ten minutes */
};

/* A JWT signed with PS256 (RFC 7518 section 3.5), the certificate named by x5t#S256 (RFC 7515 section 4.1.8), fresh
 * jti; in secret memory. Checks the pair first, as above. */
enum result client_assertion_sign(const struct client_assertion *assertion, const struct client_certificate *pair,
                                  struct arena *scratch, struct secret *ret_assertion, struct error *error) MUST_CHECK;

/* What can be told about a federated token without asking: RESULT_INVALID with code secret_reference_unreadable (no
 * JWT) or federated_token_expired (its `exp` is over). A token without `exp` is Entra's to judge. */
enum result federated_token_check(const struct secret *token, int64_t now_ms, struct error *error) MUST_CHECK;

#endif
