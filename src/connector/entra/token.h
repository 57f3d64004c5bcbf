/* Access tokens, kept per connector and version of its credential, for all threads. */
#ifndef AIC_CONNECTOR_ENTRA_TOKEN_H
#define AIC_CONNECTOR_ENTRA_TOKEN_H

#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/cloud.h"

struct entra_token_need {
	const struct connector_environment *environment;
	const struct connector_target *target;
	const struct entra_place *place;
	int64_t deadline_ms; /* monotonic */
};

/* A token good for some minutes, copied into the arena. Asks Entra only if none is kept, and then once for all threads.
 */
enum result entra_token_get(const struct entra_token_need *need, struct arena *arena, const char **ret_token,
                            struct error *error) MUST_CHECK;

/* The same after Graph would not take `rejected`: that one is not given again. */
enum result entra_token_renew(const struct entra_token_need *need, const char *rejected, struct arena *arena,
                              const char **ret_token, struct error *error) MUST_CHECK;

/* Drops what is kept for a connector, refusals too; a flight under way ends for those who wait for it, and is not kept.
 */
void entra_token_forget(const char *connector_id);

#endif
