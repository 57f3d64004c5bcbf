/* Who is in a group. */
#ifndef AIC_CONNECTOR_ENTRA_MEMBER_LOOKS_H
#define AIC_CONNECTOR_ENTRA_MEMBER_LOOKS_H

#include "connector/connector.h"

void entra_look_members(const struct connector_environment *environment, const struct connector_target *target,
                        struct connector_look *looks, size_t count);

#endif
