/* What an access token says about itself: for diagnosis only. Nothing is decided on it that Graph does not decide
 * again. */
#ifndef AIC_CONNECTOR_ENTRA_TOKEN_CLAIMS_H
#define AIC_CONNECTOR_ENTRA_TOKEN_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

struct entra_claims {
	bool readable;      /* the payload could be decoded */
	const char **roles; /* consented application permissions; empty: consent is missing */
	size_t role_count;
	const char *object_id; /* of our service principal; NULL if not told */
};

/* Lives in the arena. A token that cannot be read gives readable = false and no roles, which is not a failure. */
enum result entra_claims_read(const char *token, struct arena *arena, struct entra_claims *ret_claims) MUST_CHECK;

bool entra_claims_has_role(const struct entra_claims *claims, const char *role);

#endif
