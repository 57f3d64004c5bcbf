/* The audit chain's signing key, as it is kept in the store: its seed, sealed under the master key and bound to its
 * use. */
#ifndef AIC_CLI_AUDIT_KEY_OPEN_H
#define AIC_CLI_AUDIT_KEY_OPEN_H

#include <stdbool.h>

#include "base/macro.h"
#include "base/result.h"
#include "domain/audit_chain.h"
#include "secrets/sealed.h"
#include "store/store.h"

/* Reads the key; with `make`, makes it if there is none and never was an event: whoever comes first writes it, whoever
 * comes second reads that one. RESULT_NOT_FOUND without `make`. RESULT_DENIED if the master key is another one, or the
 * key is gone while there are events that it signed: a new one would hide that. */
enum result audit_key_open(struct store *store, const struct master_key *master_key, bool make,
                           struct audit_key **ret_key, struct error *error) MUST_CHECK;

#endif
