/* The states of a grant: the contract's table, row by row.
 *
 * A row whose `to` equals its `from` says that repeating the event changes nothing. What is not in the table is a
 * conflict. `about` limits a row to manual follow-ups of one action. ENDS stands for where a deprovisioning ends:
 * revoked or expired. */
#include "domain/grant.h"

#include "base/text.h"
#define ENDS GRANT_STATUS_MAX
#define ANY GRANT_ACTION_NONE

struct transition {
	enum grant_status from;
	enum grant_event event;
	enum grant_action about;
	enum grant_status to;
};

static const struct transition transitions[] = {
    {GRANT_PENDING_PROVISION, GRANT_EVENT_MEMBER, ANY, GRANT_ACTIVE},
    {GRANT_PENDING_PROVISION, GRANT_EVENT_NEEDS_PERSON, ANY, GRANT_MANUAL_FOLLOW_UP},
    /* Always by way of a removal: the write may have been applied. */
    {GRANT_PENDING_PROVISION, GRANT_EVENT_REVOKE, ANY, GRANT_PENDING_DEPROVISION},
    {GRANT_PENDING_PROVISION, GRANT_EVENT_RETRY, ANY, GRANT_PENDING_PROVISION},
    {GRANT_PENDING_PROVISION, GRANT_EVENT_RESOLVE_USER, ANY, GRANT_PENDING_PROVISION},

    {GRANT_ACTIVE, GRANT_EVENT_MEMBER, ANY, GRANT_ACTIVE},
    {GRANT_ACTIVE, GRANT_EVENT_REVOKE, ANY, GRANT_PENDING_DEPROVISION},
    {GRANT_ACTIVE, GRANT_EVENT_EXPIRE, ANY, GRANT_PENDING_DEPROVISION},
    {GRANT_ACTIVE, GRANT_EVENT_MEMBER_LOST, ANY, GRANT_MANUAL_FOLLOW_UP},

    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_NOT_MEMBER, ANY, ENDS},
    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_KEPT, ANY, ENDS},
    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_NOT_OURS, ANY, GRANT_MANUAL_FOLLOW_UP},
    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_NEEDS_PERSON, ANY, GRANT_MANUAL_FOLLOW_UP},
    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_REVOKE, ANY, GRANT_PENDING_DEPROVISION},
    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_EXPIRE, ANY, GRANT_PENDING_DEPROVISION},
    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_RETRY, ANY, GRANT_PENDING_DEPROVISION},
    {GRANT_PENDING_DEPROVISION, GRANT_EVENT_RESOLVE_USER, ANY, GRANT_PENDING_DEPROVISION},

    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_RETRY, GRANT_ACTION_PROVISION, GRANT_PENDING_PROVISION},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_RETRY, GRANT_ACTION_DEPROVISION, GRANT_PENDING_DEPROVISION},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_RESOLVE_USER, GRANT_ACTION_PROVISION, GRANT_PENDING_PROVISION},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_RESOLVE_USER, GRANT_ACTION_DEPROVISION, GRANT_PENDING_DEPROVISION},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_NOT_GRANTED, GRANT_ACTION_PROVISION, GRANT_NOT_GRANTED},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_REMOVED_BY_HAND, GRANT_ACTION_DEPROVISION, ENDS},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_KEPT_BY_HAND, GRANT_ACTION_DEPROVISION, ENDS},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_REVOKE, ANY, GRANT_PENDING_DEPROVISION},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_NEEDS_PERSON, ANY, GRANT_MANUAL_FOLLOW_UP},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_MEMBER_LOST, GRANT_ACTION_PROVISION, GRANT_MANUAL_FOLLOW_UP},
    {GRANT_MANUAL_FOLLOW_UP, GRANT_EVENT_NOT_OURS, GRANT_ACTION_DEPROVISION, GRANT_MANUAL_FOLLOW_UP},

    {GRANT_REVOKED, GRANT_EVENT_REVOKE, ANY, GRANT_REVOKED},
    {GRANT_REVOKED, GRANT_EVENT_NOT_MEMBER, ANY, GRANT_REVOKED},
    {GRANT_REVOKED, GRANT_EVENT_KEPT, ANY, GRANT_REVOKED},
    {GRANT_REVOKED, GRANT_EVENT_REMOVED_BY_HAND, ANY, GRANT_REVOKED},
    {GRANT_REVOKED, GRANT_EVENT_KEPT_BY_HAND, ANY, GRANT_REVOKED},

    {GRANT_EXPIRED, GRANT_EVENT_EXPIRE, ANY, GRANT_EXPIRED},
    {GRANT_EXPIRED, GRANT_EVENT_NOT_MEMBER, ANY, GRANT_EXPIRED},
    {GRANT_EXPIRED, GRANT_EVENT_KEPT, ANY, GRANT_EXPIRED},
    {GRANT_EXPIRED, GRANT_EVENT_REMOVED_BY_HAND, ANY, GRANT_EXPIRED},
    {GRANT_EXPIRED, GRANT_EVENT_KEPT_BY_HAND, ANY, GRANT_EXPIRED},

    {GRANT_NOT_GRANTED, GRANT_EVENT_NOT_GRANTED, ANY, GRANT_NOT_GRANTED},
};

static const char *const status_names[GRANT_STATUS_MAX] = {
    [GRANT_PENDING_PROVISION] = "pendingProvision",
    [GRANT_ACTIVE] = "active",
    [GRANT_PENDING_DEPROVISION] = "pendingDeprovision",
    [GRANT_REVOKED] = "revoked",
    [GRANT_EXPIRED] = "expired",
    [GRANT_MANUAL_FOLLOW_UP] = "manualFollowUp",
    [GRANT_NOT_GRANTED] = "notGranted",
};

static const char *const event_names[GRANT_EVENT_MAX] = {
    [GRANT_EVENT_MEMBER] = "member",
    [GRANT_EVENT_NEEDS_PERSON] = "needsPerson",
    [GRANT_EVENT_REVOKE] = "revoke",
    [GRANT_EVENT_EXPIRE] = "expire",
    [GRANT_EVENT_MEMBER_LOST] = "memberLost",
    [GRANT_EVENT_NOT_MEMBER] = "notMember",
    [GRANT_EVENT_KEPT] = "kept",
    [GRANT_EVENT_NOT_OURS] = "notOurs",
    [GRANT_EVENT_RETRY] = "retry",
    [GRANT_EVENT_RESOLVE_USER] = "resolveUser",
    [GRANT_EVENT_NOT_GRANTED] = "notGranted",
    [GRANT_EVENT_REMOVED_BY_HAND] = "removedByHand",
    [GRANT_EVENT_KEPT_BY_HAND] = "keptByHand",
};

const char *grant_status_name(enum grant_status status)
{
	return status < GRANT_STATUS_MAX ? status_names[status] : "";
}

enum result grant_status_parse(const char *name, enum grant_status *ret_status)
{
	int at = text_find_name(status_names, GRANT_STATUS_MAX, name);
	if (at < 0)
		return RESULT_INVALID;
	*ret_status = (enum grant_status)at;
	return RESULT_OK;
}

const char *grant_event_name(enum grant_event event)
{
	return event < GRANT_EVENT_MAX ? event_names[event] : "";
}

const char *grant_action_name(enum grant_action action)
{
	switch (action) {
	case GRANT_ACTION_PROVISION:
		return "provision";
	case GRANT_ACTION_DEPROVISION:
		return "deprovision";
	case GRANT_ACTION_NONE:
		break;
	}
	return NULL;
}

bool grant_is_open(enum grant_status status)
{
	return status != GRANT_REVOKED && status != GRANT_EXPIRED && status != GRANT_NOT_GRANTED;
}

static const struct transition *transition_find(enum grant_status from, enum grant_action follow_up,
                                                enum grant_event event)
{
	for (size_t at = 0; at < ARRAY_SIZE(transitions); at++) {
		const struct transition *row = &transitions[at];
		if (row->from == from && row->event == event && (row->about == ANY || row->about == follow_up))
			return row;
	}
	return NULL;
}

enum result grant_next(enum grant_status from, enum grant_action follow_up, enum grant_status ends_as,
                       enum grant_event event, enum grant_status *ret_to, bool *ret_unchanged)
{
	const struct transition *row = transition_find(from, follow_up, event);
	if (row == NULL)
		return RESULT_CONFLICT;
	enum grant_status end = ends_as == GRANT_EXPIRED ? GRANT_EXPIRED : GRANT_REVOKED;
	*ret_to = row->to == ENDS ? end : row->to;
	*ret_unchanged = *ret_to == from;
	return RESULT_OK;
}
