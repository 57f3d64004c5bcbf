/* The operator's limit, before anything is written (CONTRACT section 2, bindable_groups). */
#ifndef AIC_CONNECTOR_ENTRA_MEMBER_LIMITS_H
#define AIC_CONNECTOR_ENTRA_MEMBER_LIMITS_H

#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/entra/graph_request.h"

/* Called once for each group that must not be written to: it is not allowed, or could not be asked about. */
struct member_limits {
	void (*forbid)(void *context, size_t group, const struct error *error);
	void *context;
};

/* Reads each group once, and only where the limit needs more than its id; many travel together. */
void member_limits_check(struct graph_session *session, const char *const *group_ids, size_t count,
                         const struct member_limits *limits);

#endif
