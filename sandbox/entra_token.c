/* POST /{tenant}/oauth2/v2.0/token, client credentials with a secret or an assertion; errors as Entra writes them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "entra.h"
#include "entra_assertion.h"
#include "entra_jwt.h"

struct token_call {
	struct sandbox *sandbox;
	struct request *request;
	struct reply *reply;
	json_t *form;
	const char *tenant;
	const char *client_id;
	const char *secret;
	const char *audience;
};

/* Always false, so that a check can end with it. A test may replace status and error of a number whose real ones no
 * source documents: faults.responses["AADSTS<number>"]. */
static bool refuse(struct token_call *call, int status, const char *error, long number, const char *text)
{
	char at[CLOCK_TEXT_SIZE];
	char trace[ID_SIZE];
	char correlation[ID_SIZE];
	struct arena *arena = call->request->arena;
	const char *asked = request_header(call->request, "client-request-id");
	const json_t *other = json_object_get(call->sandbox->faults.responses, arena_printf(arena, "AADSTS%ld", number));
	const char *other_error = json_string_at(other, "error");
	clock_format(sandbox_now_ms(call->sandbox), at);
	at[10] = ' ';
	id_random(trace);
	id_random(correlation);
	if (asked && text_is_uuid(asked))
		snprintf(correlation, sizeof(correlation), "%s", asked);
	const char *description = arena_printf(arena, "AADSTS%ld: %s Trace ID: %s Correlation ID: %s Timestamp: %s", number,
	                                       text, trace, correlation, at);
	reply_json(call->reply, (int)json_integer_at(other, "status", status),
	           json_pack("{s:s,s:s,s:[I],s:s,s:s,s:s,s:s}", "error", other_error ? other_error : error,
	                     "error_description", description, "error_codes", (json_int_t)number, "timestamp", at,
	                     "trace_id", trace, "correlation_id", correlation, "error_uri",
	                     arena_printf(arena, "%s/error?code=%ld", call->request->origin, number)));
	return false;
}

static bool tenant_check(struct token_call *call)
{
	const char *tenant = call->tenant;
	struct arena *arena = call->request->arena;
	if (text_equal_fold(tenant, SANDBOX_TENANT_ID) || text_equal_fold(tenant, SANDBOX_TENANT_DOMAIN))
		return true;
	if (text_equal(tenant, "common") || text_equal(tenant, "consumers") || text_equal(tenant, "organizations"))
		return refuse(call, 400, "invalid_request", 9001023,
		              arena_printf(arena,
		                           "The grant type 'client_credentials' is not supported over the /%s endpoint. Please "
		                           "use the /organizations or tenant-specific endpoint.",
		                           tenant));
	if (!text_is_uuid(tenant) && !strchr(tenant, '.'))
		return refuse(call, 400, "invalid_request", 900023,
		              arena_printf(arena,
		                           "Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external "
		                           "domain.",
		                           tenant));
	return refuse(
	    call, 400, "invalid_request", 90002,
	    arena_printf(arena,
	                 "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing "
	                 "into the correct cloud. Check with your subscription administrator, this may happen if "
	                 "there are no active subscriptions for the tenant.",
	                 tenant));
}

/* RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
static void basic_read(struct token_call *call)
{
	const char *header = request_header(call->request, "authorization");
	struct arena *arena = call->request->arena;
	uint8_t *bytes;
	size_t length;
	if (!header || strncasecmp(header, "basic ", 6) != 0 ||
	    text_base64_decode(arena, header + 6, strlen(header + 6), &bytes, &length) != RESULT_OK)
		return;
	char *pair = arena_strndup(arena, (const char *)bytes, length);
	char *colon = pair ? strchr(pair, ':') : NULL;
	if (!colon)
		return;
	*colon = '\0';
	const char *form = arena_printf(arena, "id=%s&secret=%s", pair, colon + 1);
	json_t *decoded = request_keep(call->request, request_read_form(arena, form ? form : "", form ? strlen(form) : 0));
	if (!call->client_id)
		call->client_id = json_string_at(decoded, "id");
	if (!call->secret)
		call->secret = json_string_at(decoded, "secret");
}

static bool parameters_check(struct token_call *call)
{
	static const char *const needed[] = {"grant_type", "client_id", "scope"};
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		const char *value = json_string_at(call->form, needed[i]);
		if (i == 1 && !value)
			value = call->client_id;
		if (!value || !*value)
			return refuse(call, 400, "invalid_request", 900144,
			              arena_printf(call->request->arena,
			                           "The request body must contain the following parameter: '%s'.", needed[i]));
	}
	const char *grant = json_string_at(call->form, "grant_type");
	if (!text_equal(grant, "client_credentials"))
		return refuse(call, 400, "unsupported_grant_type", 70003,
		              arena_printf(call->request->arena, "The app requested an unsupported grant type '%s'.", grant));
	return true;
}

static bool scope_check(struct token_call *call)
{
	const char *scope = json_string_at(call->form, "scope");
	struct arena *arena = call->request->arena;
	if (text_equal(scope, SANDBOX_GRAPH "/.default") || text_equal(scope, SANDBOX_GRAPH "//.default"))
		call->audience = SANDBOX_GRAPH;
	else if (text_equal(scope, "00000003-0000-0000-c000-000000000000/.default"))
		call->audience = "00000003-0000-0000-c000-000000000000";
	if (call->audience)
		return true;
	if (strchr(scope, ' '))
		return refuse(call, 400, "invalid_scope", 28002,
		              arena_printf(arena,
		                           "Provided value for the input parameter scope '%s' is not valid when requesting an "
		                           "access token. Please specify a valid scope.",
		                           scope));
	if (text_starts_with(scope, "https://") && text_ends_with(scope, "/.default"))
		return refuse(
		    call, 400, "invalid_resource", 500011,
		    arena_printf(arena,
		                 "The resource principal named %.*s was not found in the tenant named %s. This can "
		                 "happen if the application has not been installed by the administrator of the tenant "
		                 "or consented to by any user in the tenant. You might have sent your authentication "
		                 "request to the wrong tenant.",
		                 (int)(strlen(scope) - strlen("/.default")), scope, SANDBOX_TENANT_ID));
	return refuse(
	    call, 400, "invalid_scope", 70011,
	    arena_printf(arena,
	                 "The provided request must include a 'scope' input parameter. The provided value for the "
	                 "input parameter 'scope' is not valid. The scope %s is not valid.",
	                 scope));
}

static bool client_check(struct token_call *call)
{
	const json_t *application = call->sandbox->directory.application;
	const char *principal = json_string_at(application, "servicePrincipal");
	struct arena *arena = call->request->arena;
	if (!text_equal_fold(call->client_id, SANDBOX_CLIENT_ID))
		return refuse(
		    call, 400, "unauthorized_client", 700016,
		    arena_printf(arena,
		                 "Application with identifier '%s' was not found in the directory 'Contoso (sandbox)'. "
		                 "This can happen if the application has not been installed by the administrator of the "
		                 "tenant or consented to by any user in the tenant. You may have sent your "
		                 "authentication request to the wrong tenant.",
		                 call->client_id));
	if (text_equal(principal, "missing"))
		return refuse(call, 401, "invalid_client", 7000229,
		              arena_printf(arena,
		                           "The client application %s is missing service principal in the tenant %s. See "
		                           "instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
		                           call->client_id, SANDBOX_TENANT_ID));
	if (text_equal(principal, "disabled"))
		return refuse(call, 400, "unauthorized_client", 7000112,
		              arena_printf(arena, "Application '%s'(%s) is disabled.", call->client_id,
		                           json_string_at(application, "displayName")));
	return true;
}

static bool assertion_check(struct token_call *call)
{
	struct assertion_refusal refusal;
	const char *type = json_string_at(call->form, "client_assertion_type");
	if (!text_equal(type, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
		return refuse(call, 400, "invalid_request", 900144,
		              "The request body must contain the following parameter: 'client_assertion_type'.");
	if (entra_assertion_check(call->sandbox, call->request, call->client_id,
	                          json_string_at(call->form, "client_assertion"), &refusal))
		return true;
	return refuse(call, refusal.status, refusal.error, refusal.number, refusal.text);
}

static bool secret_check(struct token_call *call)
{
	struct arena *arena = call->request->arena;
	size_t index;
	json_t *secret;
	if (!call->secret || !*call->secret) {
		if (json_string_at(call->form, "client_assertion"))
			return assertion_check(call);
		return refuse(
		    call, 401, "invalid_client", 7000216,
		    "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.");
	}
	json_array_foreach(json_object_get(call->sandbox->directory.application, "secrets"), index, secret)
	{
		const char *value = json_string_at(secret, "value");
		const char *end = json_string_at(secret, "endDateTime");
		int64_t end_ms;
		if (!value || !text_equal_secret(value, strlen(value), call->secret, strlen(call->secret)))
			continue;
		if (!end || clock_parse(end, &end_ms) != RESULT_OK || end_ms > sandbox_now_ms(call->sandbox))
			return true;
		return refuse(
		    call, 401, "invalid_client", 7000222,
		    arena_printf(arena,
		                 "The provided client secret keys for app '%s' are expired. Visit the Azure portal to "
		                 "create new keys for your app: https://aka.ms/NewClientSecret, or consider using "
		                 "certificate credentials for added security: https://aka.ms/certCreds.",
		                 call->client_id));
	}
	return refuse(
	    call, 401, "invalid_client", 7000215,
	    arena_printf(arena,
	                 "Invalid client secret provided. Ensure the secret being sent in the request is the client "
	                 "secret value, not the client secret ID, for a secret added to app '%s'.",
	                 call->client_id));
}

static void token_issue(struct token_call *call)
{
	const json_t *application = call->sandbox->directory.application;
	int64_t now = sandbox_now_ms(call->sandbox) / 1000;
	int64_t lifetime = call->sandbox->faults.token_lifetime_s;
	char unique[ID_SIZE];
	id_random(unique);
	_cleanup_(json_decrefp) json_t *claims = json_pack(
	    "{s:s,s:s,s:I,s:I,s:I,s:s,s:s?,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:[s],s:I}", "aud", call->audience,
	    "iss", "https://sts.windows.net/" SANDBOX_TENANT_ID "/", "iat", (json_int_t)now, "nbf", (json_int_t)now, "exp",
	    (json_int_t)now + (json_int_t)lifetime, "aio", "sandbox", "app_displayname",
	    json_string_at(application, "displayName"), "appid", SANDBOX_CLIENT_ID, "appidacr",
	    json_string_at(call->form, "client_assertion") ? "2" : "1", "idp",
	    "https://sts.windows.net/" SANDBOX_TENANT_ID "/", "idtyp", "app", "oid", SANDBOX_SERVICE_PRINCIPAL_ID, "rh",
	    "sandbox", "sub", SANDBOX_SERVICE_PRINCIPAL_ID, "tenant_region_scope", "EU", "tid", SANDBOX_TENANT_ID, "uti",
	    unique, "wids", "0997a1d0-0d1d-4acb-b408-d5ca73121e90", "xms_tcdt", (json_int_t)1546300800);
	json_object_set_new(claims, "ver", json_string("1.0"));
	/* Without consent there is a token all the same, only without this claim. */
	if (json_array_size(json_object_get(application, "permissions")) > 0)
		json_object_set_new(claims, "roles", json_deep_copy(json_object_get(application, "permissions")));
	const char *token = jwt_sign(call->sandbox, call->request->arena, claims);
	reply_json(call->reply, 200,
	           token ? json_pack("{s:s,s:I,s:I,s:s}", "token_type", "Bearer", "expires_in", (json_int_t)lifetime,
	                             "ext_expires_in", (json_int_t)lifetime, "access_token", token)
	                 : NULL);
	reply_header(call->reply, "Cache-Control", "no-store, no-cache");
	reply_header(call->reply, "Pragma", "no-cache");
}

/* A test may have every token request refused: faults.responses["token"] = {status, error, aadsts, message}. */
static bool forced_check(struct token_call *call)
{
	const json_t *forced = json_object_get(call->sandbox->faults.responses, "token");
	const char *error = json_string_at(forced, "error");
	const char *message = json_string_at(forced, "message");
	if (!forced)
		return true;
	return refuse(call, (int)json_integer_at(forced, "status", 400), error ? error : "invalid_request",
	              (long)json_integer_at(forced, "aadsts", 90002), message ? message : "Refused by a test.");
}

/* By the tenant's clock: that is how a client learns that its own is off. */
static void date_tell(struct token_call *call)
{
	time_t now = (time_t)(sandbox_now_ms(call->sandbox) / 1000);
	struct tm parts;
	char *value = arena_alloc(call->request->arena, 40);
	if (!value || !gmtime_r(&now, &parts))
		return;
	strftime(value, 40, "%a, %d %b %Y %H:%M:%S GMT", &parts);
	reply_header(call->reply, "Date", value);
}

void entra_token(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	struct token_call call = {.sandbox = sandbox, .request = request, .reply = reply, .tenant = request->segment[0]};
	const char *type = request_header(request, "content-type");
	const char *client_request = request_header(request, "client-request-id");
	char *id = arena_alloc(request->arena, ID_SIZE);
	if (!id)
		return;
	id_random(id);
	reply->request_id = id;
	reply_header(reply, "x-ms-request-id", id);
	reply_header(reply, "client-request-id", client_request);
	date_tell(&call);
	if (!text_equal(request->method, "POST")) {
		refuse(&call, 400, "invalid_request", 900561,
		       "The endpoint only accepts POST requests. Received a GET request.");
		return;
	}
	call.form = type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0
	                ? request_read_form(request->arena, request->body, request->length)
	                : NULL;
	request_keep(request, call.form ? call.form : json_object());
	call.client_id = json_string_at(call.form, "client_id");
	call.secret = json_string_at(call.form, "client_secret");
	basic_read(&call);
	if (forced_check(&call) && tenant_check(&call) && parameters_check(&call) && scope_check(&call) &&
	    client_check(&call) && secret_check(&call))
		token_issue(&call);
}
