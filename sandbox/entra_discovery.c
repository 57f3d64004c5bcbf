/* What OpenID clients ask before they ask for a token. */
#include "base/text.h"
#include "entra.h"
#include "entra_jwt.h"

static void configuration(struct request *request, struct reply *reply)
{
	const char *tenant = request->segment[0];
	struct arena *arena = request->arena;
	const char *origin = request->origin;
	if (text_equal_fold(tenant, SANDBOX_TENANT_DOMAIN))
		tenant = SANDBOX_TENANT_ID;
	reply_json(reply, 200,
	           json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:[sss],s:[s],s:[s],s:[s],s:[ssss],s:s,s:s}", "token_endpoint",
	                     arena_printf(arena, "%s/%s/oauth2/v2.0/token", origin, tenant), "jwks_uri",
	                     arena_printf(arena, "%s/%s/discovery/v2.0/keys", origin, tenant), "issuer",
	                     arena_printf(arena, "%s/%s/v2.0", origin, tenant), "authorization_endpoint",
	                     arena_printf(arena, "%s/%s/oauth2/v2.0/authorize", origin, tenant),
	                     "device_authorization_endpoint",
	                     arena_printf(arena, "%s/%s/oauth2/v2.0/devicecode", origin, tenant), "end_session_endpoint",
	                     arena_printf(arena, "%s/%s/oauth2/v2.0/logout", origin, tenant),
	                     "token_endpoint_auth_methods_supported", "client_secret_post", "private_key_jwt",
	                     "client_secret_basic", "response_modes_supported", "query", "subject_types_supported",
	                     "pairwise", "id_token_signing_alg_values_supported", "RS256", "response_types_supported",
	                     "code", "id_token", "code id_token", "id_token token", "tenant_region_scope", "EU",
	                     "cloud_instance_name", "microsoftonline.com"));
}

static void instance(struct request *request, struct reply *reply)
{
	const char *host = request_header(request, "host");
	if (!host)
		host = "localhost";
	reply_json(reply, 200,
	           json_pack("{s:s,s:s,s:[{s:s,s:s,s:[ss]}]}", "tenant_discovery_endpoint",
	                     arena_printf(request->arena, "%s/%s/v2.0/.well-known/openid-configuration", request->origin,
	                                  SANDBOX_TENANT_ID),
	                     "api-version", "1.1", "metadata", "preferred_network", host, "preferred_cache", host,
	                     "aliases", host, "login.microsoftonline.com"));
}

static bool path_ends(const struct request *request, const char *a, const char *b)
{
	return request->segments >= 3 && text_equal(request->segment[request->segments - 2], a) &&
	       text_equal(request->segment[request->segments - 1], b);
}

void entra_discovery(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	bool get = text_equal(request->method, "GET");
	if (get && path_ends(request, ".well-known", "openid-configuration"))
		configuration(request, reply);
	else if (get && path_ends(request, "v2.0", "keys"))
		reply_json(reply, 200, jwt_key_set(sandbox));
	else if (get && request->segments == 3 && path_ends(request, "discovery", "instance"))
		instance(request, reply);
	else
		reply_json(reply, 404,
		           json_pack("{s:s,s:s}", "error", "not_found", "error_description", "The sandbox has no such page."));
}
