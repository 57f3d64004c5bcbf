/* Membership: the only thing that is ever written to the directory. */
#ifndef AIC_CONNECTOR_ENTRA_MEMBERS_H
#define AIC_CONNECTOR_ENTRA_MEMBERS_H

#include <stdbool.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"

enum result entra_is_member(const struct connector_environment *environment, const struct connector_target *target,
                            const char *group_id, const char *user_id, struct arena *arena, bool *ret_member,
                            struct error *error) MUST_CHECK;
enum result entra_add_member(const struct connector_environment *environment, const struct connector_target *target,
                             const char *group_id, const char *user_id, struct arena *arena, bool *ret_already,
                             struct connector_trace *ret_trace, struct error *error) MUST_CHECK;
enum result entra_remove_member(const struct connector_environment *environment, const struct connector_target *target,
                                const char *group_id, const char *user_id, struct arena *arena, bool *ret_already,
                                struct connector_trace *ret_trace, struct error *error) MUST_CHECK;

/* "/groups/{id}/members/{id}/$ref": the one place where the path of a DELETE is built. NULL if memory ran out, or if
 * either is not an object id. Stops the program rather than give a path that ends otherwise: such a DELETE would delete
 * the user. */
char *member_ref_path(struct arena *arena, const char *group_id, const char *user_id) MUST_CHECK;

#endif
