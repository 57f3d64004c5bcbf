/* The four Microsoft clouds, and where the requests for one connector go. */
#ifndef AIC_CONNECTOR_ENTRA_CLOUD_H
#define AIC_CONNECTOR_ENTRA_CLOUD_H

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/connector.h"

struct entra_cloud {
	const char *name;  /* "global" … */
	const char *login; /* scheme and host of the token endpoint */
	const char *graph; /* scheme and host of Graph: prefix of the scope, and of every @odata.id */
};

/* NULL for an unknown name. */
const struct entra_cloud *entra_cloud_find(const char *name);

/* An operator's login_url and graph_url change where requests go, never what they say. */
struct entra_place {
	const struct entra_cloud *cloud;
	const char *login; /* without a slash at the end */
	const char *graph; /* likewise */
};

enum result entra_place_find(const struct connector_environment *environment, const struct connector_settings *settings,
                             struct arena *arena, struct entra_place *ret_place, struct error *error) MUST_CHECK;

/* {graph}/.default of the cloud itself. */
char *entra_place_scope(const struct entra_place *place, struct arena *arena) MUST_CHECK;
/* The link by which a body names a directory object. */
char *entra_place_object_link(const struct entra_place *place, struct arena *arena, const char *object_id) MUST_CHECK;

#endif
