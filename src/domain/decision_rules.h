/* Inside domain/: the parts of a decision that both ways of approving share. */
#ifndef AIC_DOMAIN_DECISION_RULES_H
#define AIC_DOMAIN_DECISION_RULES_H

#include "domain/decision.h"

/* decision_round.c: mode jsm. decision_transition.c: mode status. */
enum result decision_by_round(const struct decision_input *input, struct arena *arena, struct decision *ret_decision)
    MUST_CHECK;
enum result decision_by_transition(const struct decision_input *input, struct arena *arena,
                                   struct decision *ret_decision) MUST_CHECK;

/* decision_change.c */
bool decision_change_is_status(const struct issue_change *change);
/* The change is about the tool, the duration or the beneficiary, or may be and does not say so. */
bool decision_change_is_relevant(const struct issue_change *change, const struct intake_settings *settings);
/* What was taken down at or after `since` is not what the issue shows now. */
bool decision_taken_differs(const struct decision_input *input, int64_t since);

/* decision_people.c */
/* The account is the beneficiary, or is or was (at or after `since`) the reporter. NULL is nobody. */
bool decision_is_self(const struct decision_input *input, const char *account_id, int64_t since);

/* A list of distinct account ids or approval ids that grows in an arena: NULL-terminated, room for `capacity`. */
struct decision_ids {
	const char **ids;
	size_t count;
	size_t capacity;
};
enum result decision_ids_new(size_t capacity, struct arena *arena, struct decision_ids *ret_ids) MUST_CHECK;
enum result decision_ids_add(struct decision_ids *ids, const char *id, struct arena *arena) MUST_CHECK;
/* "a,b"; NULL if there is none or memory ran out (*failed). */
const char *decision_ids_join(const struct decision_ids *ids, struct arena *arena, bool *failed);

#endif
