/* Least privilege: what a token's roles must hold, and what they need not. Pure. */
#ifndef AIC_CONNECTOR_ENTRA_PERMISSIONS_H
#define AIC_CONNECTOR_ENTRA_PERMISSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/entra/token_claims.h"

#define PERMISSIONS_NEEDED_MAX 3

struct permission_verdict {
	const char *code; /* permissions_ok, consent_missing, permission_missing, permission_excessive */
	const char *missing[PERMISSIONS_NEEDED_MAX];
	size_t missing_count;
	const char **excess; /* borrowed from the claims */
	size_t excess_count;
};

/* owned: [entra] bindable_groups = owned; create: the connector's groupMode. */
enum result permissions_judge(const struct entra_claims *claims, bool owned, bool create, struct arena *arena,
                              struct permission_verdict *ret_verdict) MUST_CHECK;

/* Whether the app may create groups. */
bool permissions_allow_group_creation(const struct entra_claims *claims);

bool permissions_allow_membership_writes(const struct entra_claims *claims);
/* Reading the app's own registration, where the secret's expiry is kept. */
bool permissions_allow_reading_application(const struct entra_claims *claims);
/* Reading to which enterprise applications a group is assigned. */
bool permissions_allow_reading_assignments(const struct entra_claims *claims);

#endif
