/* Hosts: facts of Microsoft's national cloud pages. China has two names for its login host; the one that Graph's own
 * page and Microsoft's client libraries use stands here, and login_url is there for the other.
 *
 * The invariant: what is *said* to a cloud (the scope, the @odata.id links of a body) always carries the cloud's own
 * Graph host, because that is the audience which Entra knows; what an operator overrides is only the way there. */
#include "connector/entra/cloud.h"

#include <string.h>

#include "base/text.h"

static const struct entra_cloud clouds[] = {
    {"global", "https://login.microsoftonline.com", "https://graph.microsoft.com"},
    {"usgov", "https://login.microsoftonline.us", "https://graph.microsoft.us"},
    {"usgovdod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
    {"china", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"},
};

const struct entra_cloud *entra_cloud_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(clouds); i++)
		if (text_equal(clouds[i].name, name))
			return &clouds[i];
	return NULL;
}

static char *origin_without_slash(struct arena *arena, const char *origin)
{
	size_t length = strlen(origin);
	while (length > 0 && origin[length - 1] == '/')
		length--;
	return arena_strndup(arena, origin, length);
}

enum result entra_place_find(const struct connector_environment *environment, const struct connector_settings *settings,
                             struct arena *arena, struct entra_place *ret_place, struct error *error)
{
	const struct entra_cloud *cloud = entra_cloud_find(settings->cloud);
	if (cloud == NULL)
		return error_set(error, RESULT_INVALID, "validation_failed", "The connector names a cloud that is not known.");
	struct entra_place place = {.cloud = cloud};
	place.login = origin_without_slash(arena, environment->login_url != NULL ? environment->login_url : cloud->login);
	place.graph = origin_without_slash(arena, environment->graph_url != NULL ? environment->graph_url : cloud->graph);
	if (place.login == NULL || place.graph == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	*ret_place = place;
	return RESULT_OK;
}

char *entra_place_scope(const struct entra_place *place, struct arena *arena)
{
	return arena_printf(arena, "%s/.default", place->cloud->graph);
}

char *entra_place_object_link(const struct entra_place *place, struct arena *arena, const char *object_id)
{
	return arena_printf(arena, "%s/v1.0/directoryObjects/%s", place->cloud->graph, object_id);
}
