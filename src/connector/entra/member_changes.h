/* Membership, changed: the only thing that is ever written to the directory, beside a group's creation. */
#ifndef AIC_CONNECTOR_ENTRA_MEMBER_CHANGES_H
#define AIC_CONNECTOR_ENTRA_MEMBER_CHANGES_H

#include "connector/connector.h"

void entra_change_members(const struct connector_environment *environment, const struct connector_target *target,
                          struct connector_change *changes, size_t count);

/* connector.h, room. */
void entra_room(const struct connector_environment *environment, const struct connector_settings *settings,
                struct connector_room *ret_room);

#endif
