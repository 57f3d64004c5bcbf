/* Whether a user is in a group, asked of the user: what they are a direct member of. */
#ifndef AIC_CONNECTOR_ENTRA_MEMBER_OF_H
#define AIC_CONNECTOR_ENTRA_MEMBER_OF_H

#include "connector/connector.h"

void entra_look_users(const struct connector_environment *environment, const struct connector_target *target,
                      struct connector_look *looks, size_t count);

#endif
