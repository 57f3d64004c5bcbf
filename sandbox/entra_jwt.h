/* Access tokens: RS256, under a key made at start. */
#ifndef AIC_SANDBOX_ENTRA_JWT_H
#define AIC_SANDBOX_ENTRA_JWT_H

#include "base/result.h"
#include "sandbox.h"

enum result jwt_key_make(struct sandbox *sandbox) MUST_CHECK;
/* The signed token, in the arena; NULL on failure. Borrows `claims`. */
const char *jwt_sign(struct sandbox *sandbox, struct arena *arena, const json_t *claims);

enum jwt_verdict { JWT_GOOD, JWT_MALFORMED, JWT_BAD_SIGNATURE };
/* Checks shape, algorithm, key id and signature; not the claims. *ret_claims is borrowed from the sandbox's cache. */
enum jwt_verdict jwt_verify(struct sandbox *sandbox, struct arena *arena, const char *token, const json_t **ret_claims);
/* The public half as a JWK set. */
json_t *jwt_key_set(const struct sandbox *sandbox);

#endif
