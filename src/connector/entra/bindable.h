/* [entra] bindable_groups: which groups the operator lets us touch, whatever Entra would allow. */
#ifndef AIC_CONNECTOR_ENTRA_BINDABLE_H
#define AIC_CONNECTOR_ENTRA_BINDABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/entra/graph_request.h"
#include "domain/catalog.h"

enum bindable { BINDABLE_NO, BINDABLE_YES, BINDABLE_IF_OWNED };

/* What the rule alone says about a group. An unknown rule allows nothing; NULL is "any". Pure. */
enum bindable bindable_judge(const char *rule, const char *group_id, const char *display_name);

bool bindable_is_owned_mode(const char *rule);

/* Which of the groups our service principal owns, as Graph says now. A group that cannot be asked about is not owned;
 * only a failure that may pass is a failure here. */
enum result bindable_find_owned(struct graph_session *session, const char *const *group_ids, size_t count,
                                bool *ret_owned, struct error *error) MUST_CHECK;

/* The rule for one group, asking Graph only where the rule needs it. */
enum result bindable_check(struct graph_session *session, const struct group_facts *facts, bool *ret_allowed,
                           struct error *error) MUST_CHECK;

#endif
