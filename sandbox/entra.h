/* The Entra tenant: its login and its Graph share a port. */
#ifndef AIC_SANDBOX_ENTRA_H
#define AIC_SANDBOX_ENTRA_H

#include "web.h"

#define ENTRA_PARAMETERS 3

/* One Graph call, or one item of a $batch. */
struct entra_call {
	struct sandbox *sandbox;
	struct request *request;
	struct reply *reply;
	const json_t *claims;
	const char *parameter[ENTRA_PARAMETERS]; /* what stood at {} in the route's pattern */
	const char *request_id;
};

typedef void entra_handler(struct entra_call *call);

void entra_handle(struct sandbox *sandbox, struct request *request, struct reply *reply);
/* Graph alone, for a request whose target was read: authentication, throttling, permission, work. */
void entra_graph(struct sandbox *sandbox, struct request *request, struct reply *reply);

/* entra_error.c */
void entra_fail(struct entra_call *call, int status, const char *code, const char *format, ...) PRINTF_LIKE(4, 5);
/* The same for an answer that no source documents: tests may replace it (faults.responses[name]). `name` NULL: none
 * may. */
void entra_fail_as(struct entra_call *call, const char *name, int status, const char *code, const char *message);
void entra_fail_not_found(struct entra_call *call, const char *id);
void entra_fail_denied(struct entra_call *call);

/* entra_permissions.c: `needed` is sets joined by '&', each of alternatives joined by '|'. */
bool entra_permitted(const json_t *claims, const char *needed);
bool entra_role(const json_t *claims, const char *role);
bool entra_owns(const struct entra_call *call, const json_t *group);

/* entra_query.c */
/* False if the reply was made: a property that does not exist was selected. *ret_names: NULL, the defaults; else an
 * array that lives as long as the request. */
bool entra_read_select(struct entra_call *call, const char *type, json_t **ret_names);
bool entra_read_top(struct entra_call *call, int64_t *ret_top);
bool entra_is_advanced(const struct entra_call *call);
/* What may be seen of a user or group; NULL names: the default properties; `typed`: as a member of something. */
json_t *entra_project(const struct entra_call *call, const char *type, const json_t *record, const json_t *names,
                      bool typed);
void entra_reply_object(struct entra_call *call, const char *context, json_t *object);

/* entra_page.c: one page of a listing. `source` is an object whose keys are ids, in the order of the listing. */
struct entra_listing {
	const char *context;
	json_t *source;
	json_t *ordered_by; /* the records whose displayName $orderby goes by; NULL: no $orderby here */
	json_t *names;
	int64_t top;
	const void *closure;
	bool (*fits)(const struct entra_call *call, const char *id, const void *closure); /* NULL: all */
	json_t *(*project)(const struct entra_call *call, const char *id, json_t *names);
};
void entra_reply_page(struct entra_call *call, const struct entra_listing *wanted);

/* entra_property.c */
bool entra_property_known(const char *type, const char *name);
bool entra_property_is_default(const char *type, const char *name);
bool entra_property_is_list(const char *name);
const char *const *entra_property_defaults(const char *type);

/* entra_filter.c: whether `properties` fits; the filter was compiled before. */
struct entra_filter;
/* NULL, and the reply made, if the filter cannot be read or needs an advanced query. */
struct entra_filter *entra_filter_read(struct entra_call *call, const char *type, const char *text);
bool entra_filter_fits(const struct entra_filter *filter, const json_t *properties);

entra_handler entra_users_list, entra_users_get, entra_users_member_of, entra_users_check, entra_users_member_groups;
entra_handler entra_groups_assignments;
entra_handler entra_groups_list, entra_groups_delta, entra_groups_get, entra_groups_create, entra_groups_patch,
    entra_groups_delete;
entra_handler entra_members_list, entra_members_count, entra_members_refs, entra_members_add, entra_members_remove;
entra_handler entra_members_destroy, entra_owners_list;
entra_handler entra_organization, entra_application, entra_applications, entra_service_principal;
entra_handler entra_deleted_list, entra_deleted_get, entra_deleted_restore, entra_deleted_purge, entra_object_get;
entra_handler entra_batch;
/* The group that the path names, by id or by uniqueName, if reads see it already; NULL if there is none. */
json_t *entra_group_find(const struct entra_call *call);
/* NULL if there is none; also one that reads do not see yet. */
json_t *entra_group_named(const struct entra_call *call, const char *unique_name);
json_t *entra_group_or_404(struct entra_call *call);
/* The object id at the end of a link; NULL, and the reply made, if it is none. `principal`: may be a service
 * principal's. */
const char *entra_link_read(struct entra_call *call, const json_t *value, bool principal);
/* Adds all or none; the reply is made on failure. `links`: array of URLs. */
bool entra_members_bind(struct entra_call *call, json_t *group, const json_t *links);
/* False, and the reply made, if this kind of group cannot be written to by this caller. */
bool entra_group_writable(struct entra_call *call, const json_t *group);

/* entra_group_create.c */
/* `body` is a new group; the reply is made. */
void entra_group_create(struct entra_call *call, const json_t *body);
/* False, and the reply made, if another group than `self` (may be NULL) has a name of `body` that must be unique. */
bool entra_group_unlike_others(struct entra_call *call, const json_t *self, const json_t *body);
/* False, and the reply made, if members and owners together are too many links for one request. */
bool entra_links_fit(struct entra_call *call, const json_t *body);
/* The ids in "owners@odata.bind", each set to true, kept with the request; NULL, and the reply made, if one is no
 * owner. */
json_t *entra_owners_read(struct entra_call *call, const json_t *body);

/* entra_token.c, entra_discovery.c */
void entra_token(struct sandbox *sandbox, struct request *request, struct reply *reply);
void entra_discovery(struct sandbox *sandbox, struct request *request, struct reply *reply);

#endif
