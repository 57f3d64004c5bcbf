/* The rest of the directory that the product looks at: the organization, the app registration, deleted groups. */
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"

#define READS_ALL_APPLICATIONS                                                                                         \
	"Application.Read.All|Application.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"

void entra_organization(struct entra_call *call)
{
	json_t *organization = json_pack("{s:s,s:s,s:s,s:n,s:[{s:s,s:b,s:b,s:s,s:s}]}", "id", SANDBOX_TENANT_ID,
	                                 "displayName", "Contoso (sandbox)", "tenantType", "AAD", "onPremisesSyncEnabled",
	                                 "verifiedDomains", "name", SANDBOX_TENANT_DOMAIN, "isDefault", 1, "isInitial", 0,
	                                 "type", "Managed", "capabilities", "Email, OfficeCommunicationsOnline");
	entra_reply_object(call, "organization", json_pack("{s:[o]}", "value", organization));
}

static json_t *credentials_shown(const json_t *application)
{
	json_t *shown = json_array();
	size_t index;
	json_t *secret;
	json_array_foreach(json_object_get(application, "secrets"), index, secret) json_array_append_new(
	    shown, json_pack("{s:n,s:s?,s:s?,s:s?,s:s?,s:n,s:s?}", "customKeyIdentifier", "displayName",
	                     json_string_at(secret, "displayName"), "endDateTime", json_string_at(secret, "endDateTime"),
	                     "hint", json_string_at(secret, "hint"), "keyId", json_string_at(secret, "keyId"), "secretText",
	                     "startDateTime", json_string_at(secret, "startDateTime")));
	return shown;
}

static json_t *application_shown(const struct entra_call *call)
{
	const json_t *application = call->sandbox->directory.application;
	const char *select = request_query(call->request, "$select");
	json_t *all = json_pack("{s:s,s:s,s:s?,s:s,s:[],s:o}", "id", SANDBOX_APPLICATION_ID, "appId", SANDBOX_CLIENT_ID,
	                        "displayName", json_string_at(application, "displayName"), "signInAudience", "AzureADMyOrg",
	                        "keyCredentials", "passwordCredentials", credentials_shown(application));
	if (!select)
		return all;
	json_t *out = json_object();
	while (*select) {
		size_t length = strcspn(select, ",");
		char *name = arena_strndup(call->request->arena, select, length);
		json_t *value = name ? json_object_get(all, name) : NULL;
		if (name)
			json_object_set_new(out, name, value ? json_incref(value) : json_null());
		select += length + (select[length] == ',');
	}
	json_decref(all);
	return out;
}

void entra_application(struct entra_call *call)
{
	const char *id = call->parameter[0];
	bool ours = text_equal_fold(id, "appId=" SANDBOX_CLIENT_ID) || text_equal_fold(id, SANDBOX_APPLICATION_ID);
	bool all = entra_permitted(call->claims, READS_ALL_APPLICATIONS);
	bool owner = json_bool_at(call->sandbox->directory.application, "ownsItself", false);
	if (!all && !owner)
		entra_fail_denied(call);
	else if (!ours)
		entra_fail_not_found(call, text_starts_with(id, "appId=") ? id + 6 : id);
	else
		entra_reply_object(call, "applications/$entity", application_shown(call));
}

void entra_applications(struct entra_call *call)
{
	const char *filter = request_query(call->request, "$filter");
	json_t *value = json_array();
	if (!filter || strstr(filter, SANDBOX_CLIENT_ID))
		json_array_append_new(value, application_shown(call));
	entra_reply_object(call, "applications", json_pack("{s:o}", "value", value));
}

static json_t *principal_shown(const struct entra_call *call)
{
	const json_t *application = call->sandbox->directory.application;
	return json_pack("{s:s,s:s,s:s?,s:s,s:b}", "id", SANDBOX_SERVICE_PRINCIPAL_ID, "appId", SANDBOX_CLIENT_ID,
	                 "displayName", json_string_at(application, "displayName"), "servicePrincipalType", "Application",
	                 "accountEnabled", !text_equal(json_string_at(application, "servicePrincipal"), "disabled"));
}

void entra_service_principal(struct entra_call *call)
{
	const char *id = call->parameter[0];
	const char *filter = request_query(call->request, "$filter");
	if (!id) {
		json_t *value = json_array();
		if (!filter || strstr(filter, SANDBOX_CLIENT_ID))
			json_array_append_new(value, principal_shown(call));
		entra_reply_object(call, "servicePrincipals", json_pack("{s:o}", "value", value));
	} else if (text_equal_fold(id, "appId=" SANDBOX_CLIENT_ID) || text_equal_fold(id, SANDBOX_SERVICE_PRINCIPAL_ID)) {
		entra_reply_object(call, "servicePrincipals/$entity", principal_shown(call));
	} else {
		entra_fail_not_found(call, id);
	}
}

void entra_object_get(struct entra_call *call)
{
	const char *id = call->parameter[0];
	const json_t *user = text_is_uuid(id) ? directory_user(call->sandbox, id) : NULL;
	const json_t *group = directory_group(call->sandbox, id, true);
	if (user)
		entra_reply_object(call, "directoryObjects/$entity", entra_project(call, "user", user, NULL, true));
	else if (group)
		entra_reply_object(call, "directoryObjects/$entity", entra_project(call, "group", group, NULL, true));
	else
		entra_fail_not_found(call, id);
}

static bool deleted_group_fits(const struct entra_call *call, const char *id, const void *closure)
{
	(void)closure;
	const json_t *record = json_object_get(call->sandbox->directory.deleted, id);
	return !json_string_at(record, "properties.userPrincipalName");
}

static json_t *deleted_project(const struct entra_call *call, const char *id, json_t *names)
{
	const json_t *record = json_object_get(call->sandbox->directory.deleted, id);
	bool user = json_string_at(record, "properties.userPrincipalName") != NULL;
	return entra_project(call, user ? "user" : "group", record, names, true);
}

void entra_deleted_list(struct entra_call *call)
{
	struct entra_listing listing = {.context = "groups", .fits = deleted_group_fits, .project = deleted_project};
	if (!entra_read_select(call, "group", &listing.names) || !entra_read_top(call, &listing.top))
		return;
	listing.source = call->sandbox->directory.deleted;
	entra_reply_page(call, &listing);
}

void entra_deleted_get(struct entra_call *call)
{
	if (json_object_get(call->sandbox->directory.deleted, call->parameter[0]))
		entra_reply_object(call, "directoryObjects/$entity", deleted_project(call, call->parameter[0], NULL));
	else
		entra_fail_not_found(call, call->parameter[0]);
}

void entra_deleted_restore(struct entra_call *call)
{
	if (!json_object_get(call->sandbox->directory.deleted, call->parameter[0])) {
		entra_fail_not_found(call, call->parameter[0]);
		return;
	}
	json_t *shown = deleted_project(call, call->parameter[0], NULL);
	json_object_set_new(shown, "deletedDateTime", json_null());
	if (directory_restore(call->sandbox, call->parameter[0]))
		entra_reply_object(call, "directoryObjects/$entity", shown);
	else
		json_decref(shown);
}

void entra_deleted_purge(struct entra_call *call)
{
	if (!directory_purge(call->sandbox, call->parameter[0]))
		entra_fail_not_found(call, call->parameter[0]);
	else
		reply_empty(call->reply, 204);
}
