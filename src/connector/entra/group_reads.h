/* The flags of many groups at once. */
#ifndef AIC_CONNECTOR_ENTRA_GROUP_READS_H
#define AIC_CONNECTOR_ENTRA_GROUP_READS_H

#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/graph_request.h"

/* One group's: as entra_group_fetch. */
struct group_read {
	enum result result;
	struct error error;
	struct group_facts facts; /* in the session's arena */
};

/* Twenty to an exchange, several exchanges at once; a group that is not simply there is asked for by itself. */
void group_reads_perform(struct graph_session *session, const char *const *group_ids, size_t count,
                         struct group_read *ret_reads);

/* connector_ops.read_groups */
void entra_read_groups(const struct connector_environment *environment, const struct connector_target *target,
                       const char *const *group_ids, size_t count, struct arena *arena,
                       struct connector_group_check *ret_groups, struct error *ret_errors);

#endif
