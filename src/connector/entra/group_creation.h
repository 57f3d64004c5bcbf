/* An entitlement group of our own making. */
#ifndef AIC_CONNECTOR_ENTRA_GROUP_CREATION_H
#define AIC_CONNECTOR_ENTRA_GROUP_CREATION_H

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"

enum result entra_create_group(const struct connector_environment *environment, const struct connector_target *target,
                               const struct group_creation *creation, struct arena *arena,
                               struct connector_group_check *ret_group, struct error *error) MUST_CHECK;

#endif
