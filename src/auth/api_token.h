/* API tokens: "aic_" and 32 random bytes in base64url; only the SHA-256 is kept. */
#ifndef AIC_AUTH_API_TOKEN_H
#define AIC_AUTH_API_TOKEN_H

#include "base/clock.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/principal.h"
#include "store/store.h"

#define API_TOKEN_SIZE 64

/* Makes one and stores its hash; the text is given once. account_id NULL, expires_at 0: none. */
enum result api_token_issue(struct store *store, const struct actor *actor, const char *name, enum role role,
                            const char *account_id, int64_t now_ms, int64_t expires_at, char ret_token[API_TOKEN_SIZE],
                            char ret_principal_id[37], struct error *error) MUST_CHECK;

/* From an Authorization header ("Bearer …"; NULL: none). RESULT_DENIED, code unauthenticated: missing, malformed,
 * unknown, revoked or expired (the same sentence for all of them). A small cache keeps recent hits for at most 5 s. */
enum result api_token_authenticate(struct store *store, const char *authorization, int64_t now_ms, struct arena *arena,
                                   struct principal *ret_principal, struct error *error) MUST_CHECK;

#endif
