/* A grant: one user's access to one tool for a time, and where it acts, pinned at approval. */
#ifndef AIC_DOMAIN_GRANT_H
#define AIC_DOMAIN_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

enum grant_status {
	GRANT_PENDING_PROVISION,
	GRANT_ACTIVE,
	GRANT_PENDING_DEPROVISION,
	GRANT_REVOKED,
	GRANT_EXPIRED,
	GRANT_MANUAL_FOLLOW_UP,
	GRANT_NOT_GRANTED,
	GRANT_STATUS_MAX
};

enum grant_event {
	GRANT_EVENT_MEMBER,       /* the user is verified to be in the group */
	GRANT_EVENT_NEEDS_PERSON, /* -> manual follow-up of the action under way */
	GRANT_EVENT_REVOKE,
	GRANT_EVENT_EXPIRE,
	GRANT_EVENT_MEMBER_LOST, /* found no longer a member */
	GRANT_EVENT_NOT_MEMBER,  /* verified to be out of the group */
	GRANT_EVENT_KEPT,        /* another open grant on the same group and user keeps the membership */
	GRANT_EVENT_NOT_OURS,    /* the membership was there before us */
	GRANT_EVENT_RETRY,
	GRANT_EVENT_RESOLVE_USER,    /* an admin named the user */
	GRANT_EVENT_NOT_GRANTED,     /* closes a provision follow-up */
	GRANT_EVENT_REMOVED_BY_HAND, /* closes a deprovision follow-up */
	GRANT_EVENT_KEPT_BY_HAND,
	GRANT_EVENT_MAX
};

enum grant_action { GRANT_ACTION_NONE, GRANT_ACTION_PROVISION, GRANT_ACTION_DEPROVISION };

const char *grant_status_name(enum grant_status status); /* "pendingProvision" … */
enum result grant_status_parse(const char *name, enum grant_status *ret_status) MUST_CHECK;
const char *grant_event_name(enum grant_event event);
const char *grant_action_name(enum grant_action action); /* "provision" | "deprovision"; NULL for none */
bool grant_is_open(enum grant_status status);            /* not final */

/* The table of the contract. `follow_up` is what a manual follow-up is about (NONE elsewhere); `ends_as` is
 * GRANT_REVOKED or GRANT_EXPIRED, where a deprovisioning under way will end. RESULT_CONFLICT if not allowed from there.
 * *ret_unchanged: it already is where the event leads (e.g. REVOKE of one pending deprovision or revoked). */
enum result grant_next(enum grant_status from, enum grant_action follow_up, enum grant_status ends_as,
                       enum grant_event event, enum grant_status *ret_to, bool *ret_unchanged) MUST_CHECK;

struct grant_follow_up {
	enum grant_action action; /* NONE: no follow-up */
	const char *code;
	const char *reason;
	const char *candidates; /* JSON text: array of candidates (contract, "resolve"); NULL: none */
	int64_t since;
};

struct grant {
	const char *grant_id;
	const char *request_id;
	const char *issue_key; /* NULL */
	const char *tool_id;
	const char *account_id;
	const char *connector_id; /* pinned at approval; NULL if the tool had none */
	const char *tenant_id;
	const char *group_id;
	const char *external_user_id; /* pinned when matched */
	enum grant_status status;
	enum grant_status ends_as; /* GRANT_REVOKED unless expiring */
	bool membership_preexisting;
	int duration_days;
	int64_t active_at;
	int64_t expires_at;
	const char *code;
	const char *reason;
	struct grant_follow_up follow_up;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

/* One line of a grant's history. */
struct grant_history {
	int64_t at;
	const char *from; /* NULL for the first */
	const char *to;
	const char *actor_kind;
	const char *actor_id;
	const char *code; /* NULL */
};

#endif
