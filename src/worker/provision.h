/* The steps of a provisioning, in the order in which planner.c takes them. Each is a step of membership_call.h. Private
 * to worker/. */
#ifndef AIC_WORKER_PROVISION_H
#define AIC_WORKER_PROVISION_H

#include "jira/jira.h"
#include "worker/membership_call.h"

/* The grant waits for it, and no removal of the same membership is under way. */
bool provision_begin(struct membership_call *call, const struct job_context *context);
/* Jira's word is older than a quarter of an hour, and nothing was written yet. */
bool provision_word_is_old(const struct membership_call *call);
bool provision_confirm_word(struct membership_call *call);

/* Who it is (provision_user.c). Sets call->question, or *ret_address where Jira must be asked for the account's address
 * first; neither, where the user is known already. */
bool provision_who(struct membership_call *call, bool *ret_address);
/* What Jira said about the account: sets call->question. */
bool provision_take_account(struct membership_call *call, enum result result, const struct jira_user *user);
/* What the directory said to call->question: sets call->user_id, or ends in a manual follow-up. */
bool provision_take_user(struct membership_call *call, const struct identity_match *match);
/* Whether the user was found by a mapping that is not pinned yet: what to keep of it then. */
bool provision_pins_mapping(const struct membership_call *call, struct mapping_check *ret_pin);
/* Again, now that the user is known. */
bool provision_wait_for_removal(struct membership_call *call);

bool provision_take_group(struct membership_call *call, const struct connector_group_check *check);
/* After the intent is on disk: call->member, call->origin (before it) are set. Sets wants_write, or ends. */
bool provision_decide(struct membership_call *call);
bool provision_take_write(struct membership_call *call, const struct connector_change *change);
/* After the look behind the write. */
bool provision_verify(struct membership_call *call);

#endif
