/* From a path to a route, and from a call to its answer. */
#ifndef AIC_SERVER_ROUTER_H
#define AIC_SERVER_ROUTER_H

#include "base/macro.h"
#include "base/memory.h"
#include "server/api_call.h"
#include "server/route.h"

struct route_match {
	const struct route *route;                   /* NULL: none answers to this method */
	const char *parameters[CALL_PARAMETERS_MAX]; /* decoded */
	bool path_known;
	char allow[64]; /* methods that the path has, for 405 */
};

/* One percent-encoded stretch. NULL in *ret_text if it is malformed, holds a NUL, or is not UTF-8. */
enum result router_unescape(struct arena *arena, const char *at, size_t length, const char **ret_text) MUST_CHECK;

/* Finds the route. RESULT_NO_MEMORY only. */
enum result router_match(const char *method, const char *path, struct arena *arena, struct route_match *ret_match)
    MUST_CHECK;

/* Before a large body (ROUTE_CSV) comes: authentication, role, media type, and the turn. Afterwards call->status is set
 * if it is refused. Runs on a thread of ours. */
void router_admit(struct api_call *call);
/* Gives the turn back, if the call has it. */
void router_leave(struct api_call *call);

/* Everything between a request that was read and an answer: authentication, role, media type, body, query, replay,
 * handler. Afterwards call->status is set, or call->park. Never fails: the last resort is a fixed 503. */
void router_run(struct api_call *call);

#endif
