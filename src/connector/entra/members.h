/* One membership: how a change of it is asked for, and what a refusal means. */
#ifndef AIC_CONNECTOR_ENTRA_MEMBERS_H
#define AIC_CONNECTOR_ENTRA_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/batch.h"
#include "connector/entra/graph_request.h"

/* "/groups/{id}/members/{id}/$ref": the one place where the path of a DELETE is built. NULL if memory ran out, or if
 * either is not an object id. Stops the program rather than give a path that ends otherwise: such a DELETE would delete
 * the user. */
char *member_ref_path(struct arena *arena, const char *group_id, const char *user_id) MUST_CHECK;

/* One user added or removed, as a request in the arena. Both ids are object ids. */
enum result member_request_write(const struct graph_session *session, struct arena *arena,
                                 const struct connector_change *change, struct graph_request *ret_request) MUST_CHECK;

/* Users added to one group by one request, all or none of them: at most GRAPH_LINKS_MAX. */
enum result member_links_write(const struct graph_session *session, struct arena *arena, const char *group_id,
                               const char *const *user_ids, size_t count, struct graph_request *ret_request) MUST_CHECK;

/* A group that is written to, as far as one call through the seam knows it. */
struct member_group {
	const char *id;
	bool answered;
	struct group_facts facts; /* once it has answered */
};

/* What came of a change that was asked for by a request of its own (member_request_write): fills its result, and asks
 * the directory what a refusal means. The group is asked once for all that is refused in it. */
void member_settle(struct graph_session *session, struct member_group *group, const struct batch_item *answer,
                   struct connector_change *change);

#endif
