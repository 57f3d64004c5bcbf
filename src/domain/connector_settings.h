/* A connector as configured and kept: a link to one directory (type `entra`). */
#ifndef AIC_DOMAIN_CONNECTOR_SETTINGS_H
#define AIC_DOMAIN_CONNECTOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum credential_kind { CREDENTIAL_CLIENT_SECRET, CREDENTIAL_CERTIFICATE, CREDENTIAL_FEDERATED };
enum credential_source { CREDENTIAL_SEALED, CREDENTIAL_REFERENCE };

const char *credential_kind_name(enum credential_kind kind);       /* "clientSecret" … */
const char *credential_source_name(enum credential_source source); /* "sealed" | "reference" */

/* Exactly one of sealed / reference is set. For a certificate `reference` is keyRef and `certificate_reference`
 * certRef. */
struct credential {
	enum credential_kind kind;
	enum credential_source source;
	const uint8_t *sealed; /* AES-256-GCM, bound to its connector (secrets/sealed.h); NULL if by reference */
	size_t sealed_length;
	const char *reference;             /* secret reference, NULL if sealed */
	const char *certificate_reference; /* NULL unless a certificate */
	int64_t expires_at;                /* as Entra's app registration said; 0 unknown */
	int64_t stored_at;
	int64_t
	    version; /* bumped at each replacement, and with tenant, client, cloud or mode: the key of the token cache */
};

/* health: "untested" "passed" "warning" "failed". last_test is the report as JSON text, NULL before the first. */
struct held_removals;

struct connector_settings {
	const char *connector_id;
	const char *type; /* "entra" */
	const char *name;
	const char *description;
	const char *group_mode; /* "bind" | "create" */
	bool enabled;
	const char *tenant_id;
	const char *client_id;
	const char *cloud; /* "global" "usgov" "usgovdod" "china" */
	struct credential credential;
	const char *health;
	const char *last_test;
	const struct held_removals *held; /* asked for apart (removals_held); NULL: nothing is held */
	int64_t tool_count; /* read-only, like tenant_is_fixed: a mapping, a grant or a bound group depends on it */
	bool tenant_is_fixed;
	int64_t last_used_at;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

/* Whether it would become a link to another directory while things of the present one hang on it. */
bool connector_leaves_tenant(const struct connector_settings *present, const char *tenant_id, const char *cloud);
#define CONNECTOR_TENANT_FIXED_SENTENCE                                                                                \
	"Tenant and cloud are fixed: a mapping, a grant or a bound group depends on them."

#endif
