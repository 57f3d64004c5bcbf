/* What the commands on the service's own machine share: its config, its master key, its store. */
#ifndef AIC_CLI_SERVICE_CONFIG_H
#define AIC_CLI_SERVICE_CONFIG_H

#include <stdbool.h>

#include "base/macro.h"
#include "cli/command.h"
#include "config/config.h"
#include "secrets/sealed.h"
#include "store/store.h"

/* Reads the file with the overrides of the environment; prints every fault to standard error as FILE:LINE: message. */
enum exit_code service_config_read(const char *path, struct arena *arena, struct config *ret_config) MUST_CHECK;

/* Says in a failure's sentence which key of the file it is about; gives the result back. */
enum result service_config_blame(const char *key, enum result result, struct error *error);

/* A store opened beside a service that may be running. The audit key is at hand and set as the store's signer. */
struct service_store {
	struct master_key *master_key;
	struct store *store;
	struct audit_key *audit_key;
	struct audit_signer signer;
};
/* `make`: creates and migrates the store and makes the audit key if there is none. Says on standard error what is
 * wrong. */
enum exit_code service_store_open(const struct config *config, bool make, struct service_store *ret_store) MUST_CHECK;
void service_store_close(struct service_store *store);

#endif
