/* A store with memberships that wait to be written: COUNT people in GROUPS groups, all approved at once. */
#ifndef AIC_BENCHMARKS_ENGINE_STORE_H
#define AIC_BENCHMARKS_ENGINE_STORE_H

#include <stddef.h>

#include "domain/connector_settings.h"
#include "null_store.h"
#include "store/store.h"

struct engine_store {
	struct store *store;
	struct null_store *null_store; /* NULL: it is the durable one */
	struct audit_key *key;
	struct audit_signer signer;
};

/* `kind`: "null", or the URL of a new database. User u is in group u % groups. Ends the program if it cannot. */
void engine_store_open(struct engine_store *engine, const char *kind, const struct connector_settings *connector,
                       size_t count, size_t groups);
/* One that is there already. */
void engine_store_reopen(struct engine_store *engine, const char *url);
/* Grants that are active. */
size_t engine_store_active(struct engine_store *engine);
void engine_store_close(struct engine_store *engine);

#endif
