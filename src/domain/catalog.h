/* The catalog: tools that may be asked for, and the one entitlement group that controls each. */
#ifndef AIC_DOMAIN_CATALOG_H
#define AIC_DOMAIN_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "domain/expiry_warning.h"
#include "domain/stop.h"

/* What Graph says about a group; a flag that was not returned is unknown, not fine (CONTRACT, Codes: groups). */
enum known { KNOWN_FALSE = 0, KNOWN_TRUE = 1, KNOWN_NOT = 2 };

struct group_facts {
	const char *group_id;
	const char *display_name;
	const char *description;
	enum known dynamic;               /* groupTypes has DynamicMembership */
	enum known unified;               /* groupTypes has Unified */
	enum known on_premises;           /* onPremisesSyncEnabled is true (null: cloud, known false) */
	enum known role_assignable;       /* isAssignableToRole */
	enum known management_restricted; /* isManagementRestricted */
	enum known mail_enabled;
	enum known security_enabled;
	enum known hidden_membership; /* visibility is HiddenMembership */
};

/* The first that applies, in the contract's order; "group_ok" if none. A KNOWN_NOT among the deciding flags gives the
 * code of the fault that cannot be excluded. `*ret_manageable` (may be NULL) is false for every fault but a warning. */
const char *group_facts_code(const struct group_facts *facts, bool *ret_manageable);

struct entitlement_group {
	const char *mode; /* "bind" | "create"; NULL: no group bound */
	const char *group_id;
	const char *display_name;
	bool manageable;
	const char *code;
	int64_t checked_at;
	bool allow_shared;
};

struct tool {
	const char *tool_id;
	const char *name;
	const char *vendor;
	const char *url;
	const char *description;
	const char *risk; /* "low" "medium" "high" "critical" */
	int default_duration_days;
	int max_duration_days;
	bool requestable;
	struct expiry_warnings expiry_warnings;
	bool review_before_expiry;
	int review_days;          /* so many days before the end */
	const char *connector_id; /* NULL: none */
	struct entitlement_group group;
	const char *drift; /* "report", "settle": what a check does by itself about what is not as approved; NULL: report */
	const char *group_job_id; /* the creation that is to bind its group; NULL: none is wanted */
	bool stopped;             /* by an admin: nothing of it is granted until it is resumed */
	const struct stop *stop;  /* how far that has come; NULL: not asked for */
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

struct identity_mapping {
	const char *mapping_id;
	const char *account_id;
	const char *connector_id;
	const char *external_id; /* object id or UPN, as the admin wrote it */
	const char *note;
	const char *resolved_object_id;           /* NULL until first used or checked; then pinned */
	const char *resolved_user_principal_name; /* NULL likewise */
	const char *code;   /* what the last check found: "mapping", mapping_target_missing …; NULL: not checked yet */
	int64_t checked_at; /* 0 likewise */
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

#endif
