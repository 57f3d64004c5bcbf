/* A secret in memory: pages of its own, locked, kept out of core dumps, wiped when freed. */
#ifndef AIC_SECRETS_SECRET_H
#define AIC_SECRETS_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

struct secret {
	char *bytes; /* NUL-terminated beyond its length; NULL: none */
	size_t length;
	size_t mapped; /* private */
};

enum result secret_new(const void *bytes, size_t length, struct secret *ret_secret) MUST_CHECK;
void secret_done(struct secret *secret); /* wipes; may be called on a zeroed structure */

/* Makes this process not dumpable (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). Call once, early. */
void secret_forbid_dumps(void);

/* How somebody gets at a secret at the moment of use, and not before: opens the sealed one or reads the reference anew.
 */
struct secret_source {
	enum result (*fetch)(const struct secret_source *source, struct secret *ret_secret, struct error *error);
};

#endif
