/* How requests come in from Jira (CONTRACT: "intake settings"). Lists are NULL-terminated arrays, never NULL
 * themselves. */
#ifndef AIC_DOMAIN_INTAKE_SETTINGS_H
#define AIC_DOMAIN_INTAKE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct intake_settings {
	const char *const *project_keys;
	const char *const *request_type_ids; /* empty: any */
	/* An issue of such a type, or with a value in that field, asks that access which its person has goes on. */
	const char *const *extension_request_type_ids; /* empty: none */
	const char *extension_field;                   /* "": none */
	const char *tool_field;                        /* "" until set */
	const char *purpose_field;
	const char *duration_field;
	const char *beneficiary; /* "reporter", or the id of a user field ("customfield_…") */
	const char *approval;    /* "jsm" | "status" | "console" */
	const char *const *allowed_approvers;
	const char *const *allowed_authors;
	const char *const *approved_statuses; /* id or exact name */
	const char *const *denied_statuses;
	const char *const *revoked_statuses;
	bool match_portal_customers;
	bool write_back_comment;
	const char *transition_on_active; /* NULL */
	int64_t updated_at;
	int64_t version; /* 0: never written; the defaults */
};

/* Before the first PUT: approval jsm, matchPortalCustomers false, comment true, no projects. */
void intake_settings_default(struct intake_settings *ret_settings);
/* `value` is in the NULL-terminated list. */
bool intake_list_has(const char *const *list, const char *value);

#endif
