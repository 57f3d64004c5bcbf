/* The config file (CONTRACT section 2): one table of sections and keys, a reader that counts lines, overrides from the
 * environment. check-config prints every fault; serve refuses to start with one. */
#ifndef AIC_CONFIG_CONFIG_H
#define AIC_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

struct config {
	struct arena *arena; /* owns every string below */
	/* [server] */
	const char *listen; /* "127.0.0.1:8480" or "unix:/path" */
	const char *public_url;
	const char *tls_cert, *tls_key;
	bool behind_proxy;
	/* [store] */
	const char *store_url;
	/* [secrets] */
	const char *master_key; /* secret reference */
	const char *allow;
	/* [entra] */
	const char *login_url, *graph_url, *ca_file, *bindable_groups;
	/* [http] */
	const char *proxy;
	/* [jira] */
	const char *jira_site_url, *jira_api_url, *jira_auth, *jira_user, *jira_token, *jira_client_id, *jira_client_secret,
	    *jira_token_url;
	const char *webhook_secrets[2]; /* secret references; NULL where absent */
	const char *automation_token;   /* secret reference */
	int sweep_seconds;
	int check_seconds; /* [entra]: how often each connector is tested by itself */
	/* [forge], [auth]: checked and accepted; named in the log */
	const char *forge_app_id, *forge_jwks_url;
	const char *auth_issuer, *auth_client_id, *auth_client_secret, *auth_roles_claim, *auth_roles;
	/* [retention], [log] */
	int inbox_days;
	const char *log_level;
};

struct config_fault {
	int line; /* 0: the file as a whole, or an environment override */
	const char *message;
};

/* Reads and checks. RESULT_OK with *ret_config; RESULT_INVALID with every fault (in *arena, in file order);
 * RESULT_NOT_FOUND or RESULT_IO with one fault if the file cannot be read. `environment` is environ-like ("NAME=value",
 * NULL-terminated). */
enum result config_read(const char *path, char *const *environment, struct arena *arena, struct config *ret_config,
                        struct config_fault **ret_faults, size_t *ret_fault_count) MUST_CHECK;

/* Sections and keys present in the file whose part is not built yet: for the log. */
const char *const *config_unbuilt(const struct config *config, struct arena *arena);

#endif
