/* What is in a group, and what changed in it since: Graph's delta query (facts, section 13). */
#ifndef AIC_CONNECTOR_ENTRA_MEMBER_DELTA_H
#define AIC_CONNECTOR_ENTRA_MEMBER_DELTA_H

#include "connector/connector.h"

enum result entra_read_members(const struct connector_environment *environment, const struct connector_target *target,
                               const char *group_id, const char *link, struct arena *arena,
                               struct connector_member_page *ret_page, struct error *error) MUST_CHECK;

#endif
