/* The tenant's objects: users, groups and who is in which, with the lag of a directory that has replicas.
 *
 * Writes go to the truth and conflict with the truth ("already exists"). Reads see a replica: an object, a membership
 * or its end shows only after the replication delay. */
#ifndef AIC_SANDBOX_DIRECTORY_H
#define AIC_SANDBOX_DIRECTORY_H

#include "sandbox.h"

/* Object id or user principal name, any case; NULL if there is none (or it is not replicated yet). Borrowed. */
json_t *directory_user(const struct sandbox *sandbox, const char *id_or_upn);
/* NULL if there is none; `replicated`: only one that reads can see already. Borrowed. */
json_t *directory_group(const struct sandbox *sandbox, const char *id, bool replicated);
json_t *directory_properties(const json_t *record);
const char *directory_id(const json_t *record);

/* Adds, or merges into, a user or group; makes an id if there is none. Borrowed; NULL on failure. */
json_t *directory_put_user(struct sandbox *sandbox, const json_t *properties);
json_t *directory_put_group(struct sandbox *sandbox, const json_t *properties);
/* To deletedItems; false if there is none. */
bool directory_delete(struct sandbox *sandbox, const char *id);
bool directory_restore(struct sandbox *sandbox, const char *id);
/* Out of deletedItems, for good; false if it is not there. */
bool directory_purge(struct sandbox *sandbox, const char *id);
/* After its properties were changed in place. */
void directory_group_changed(struct sandbox *sandbox, json_t *group);

bool membership_exists(const json_t *group, const char *user_id); /* the truth */
bool membership_visible(const struct sandbox *sandbox, const json_t *group, const char *user_id);
void membership_add(struct sandbox *sandbox, json_t *group, const char *user_id);
void membership_remove(struct sandbox *sandbox, json_t *group, const char *user_id);
/* What a delta query and a list call the member: "#microsoft.graph.user". */
const char *membership_type(const json_t *group, const char *id);
/* Forgets who is in the group. */
void membership_clear(struct sandbox *sandbox, json_t *group);
/* The newest change that every read sees, and all before it. */
int64_t membership_horizon(const struct sandbox *sandbox);
/* The ids that a read sees, in order of joining, as a new array. */
json_t *membership_list(const struct sandbox *sandbox, json_t *group);

#endif
