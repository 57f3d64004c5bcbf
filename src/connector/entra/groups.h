/* Entitlement groups: their flags, whether they are there, and whether they may be touched. */
#ifndef AIC_CONNECTOR_ENTRA_GROUPS_H
#define AIC_CONNECTOR_ENTRA_GROUPS_H

#include <jansson.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/graph_request.h"

enum result entra_search_groups(const struct connector_environment *environment, const struct connector_target *target,
                                const char *search, size_t most, struct arena *arena,
                                struct connector_group_check **ret_groups, size_t *ret_count, struct error *error)
    MUST_CHECK;
enum result entra_read_group(const struct connector_environment *environment, const struct connector_target *target,
                             const char *group_id, struct arena *arena, struct connector_group_check *ret_group,
                             struct error *error) MUST_CHECK;

/* The flags of a group object of Graph: absent is unknown, null is Graph's way to say no where a flag may be null.
 * Copies into the arena. RESULT_INVALID without an id. */
enum result entra_group_facts_read(const json_t *object, struct arena *arena, struct group_facts *ret_facts) MUST_CHECK;

/* The path that asks for all of them. NULL if memory ran out. */
char *entra_group_path(struct arena *arena, const char *group_id) MUST_CHECK;

/* The same for those of a mail nickname. */
char *entra_group_nickname_path(struct arena *arena, const char *nickname) MUST_CHECK;

/* RESULT_NOT_FOUND: group_missing, or group_deleted where the directory still has it among its deleted items. */
enum result entra_group_fetch(struct graph_session *session, const char *group_id, struct group_facts *ret_facts,
                              struct error *error) MUST_CHECK;
/* After a 404 of the group: which of the two. */
enum result entra_group_explain_missing(struct graph_session *session, const char *group_id, struct error *error);
/* The same in two steps, for many groups in the time of one. */
void entra_groups_find_deleted(struct graph_session *session, const char *const *ids, size_t count, bool *ret_deleted);
enum result entra_group_missing_fill(bool deleted, struct error *error);

/* Joins the operator's limit and the flags. */
void entra_group_check_fill(const struct group_facts *facts, bool allowed, struct connector_group_check *ret_check);

#endif
