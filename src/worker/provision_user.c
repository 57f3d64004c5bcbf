/* Which directory user gets the access: one named for this grant before, else an admin's mapping, else the Jira
 * address. */
#include "base/json.h"
#include "base/text.h"
#include "worker/provision.h"

/* Named by an admin for this grant, or pinned by an earlier attempt: still there, and enabled? A mapping that was saved
 * with the name is in use from here on; any other is not what this grant goes by. */
static bool who_is_pinned(struct membership_call *call)
{
	call->question =
	    (struct identity_question){.mapping_external_id = call->user_id, .pinned_object_id = call->user_id};
	if (call->mapping.mapping_id != NULL && !text_equal_fold(call->mapping.external_id, call->user_id))
		call->mapping = (struct identity_mapping){0};
	return true;
}

static bool who_is_mapped(struct membership_call *call)
{
	call->question = (struct identity_question){
	    .mapping_external_id = call->mapping.external_id,
	    .pinned_object_id = call->mapping.resolved_object_id,
	};
	return true;
}

bool provision_who(struct membership_call *call, bool *ret_address)
{
	*ret_address = false;
	if (call->user_id != NULL && call->progress.wrote)
		return true;
	enum result result = call->store->ops->mapping_find(call->store, call->grant.account_id, call->grant.connector_id,
	                                                    call->context.arena, &call->mapping);
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		return membership_call_end_store(call, result);
	if (result == RESULT_NOT_FOUND)
		call->mapping = (struct identity_mapping){0};
	if (call->user_id != NULL)
		return who_is_pinned(call);
	if (result == RESULT_OK)
		return who_is_mapped(call);
	*ret_address = true;
	return true;
}

static bool is_refused_customer(struct membership_call *call, const struct jira_user *user, bool *ret_refused)
{
	struct intake_settings settings;
	enum result result = call->store->ops->intake_read(call->store, call->context.arena, &settings);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	*ret_refused = text_equal(user->account_type, "customer") && !settings.match_portal_customers;
	return true;
}

bool provision_take_account(struct membership_call *call, enum result result, const struct jira_user *user)
{
	bool refused = false;
	if (result == RESULT_NOT_FOUND)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "user_not_found",
		                                 "Jira knows no such account, so there is no address to look for.", NULL);
	if (result != RESULT_OK)
		return membership_call_end(call, job_attempt_wait(&call->context, &call->error));
	if (!is_refused_customer(call, user, &refused))
		return false;
	if (refused)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "portal_customer",
		                                 "The account is a portal-only customer, whose address nobody verified.", NULL);
	if (text_is_empty(user->email))
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "email_hidden",
		                                 "Jira does not tell the address of this account.", NULL);
	call->question = (struct identity_question){.address = user->email};
	return true;
}

static const char *candidates_text(const struct identity_match *match, struct arena *arena)
{
	_cleanup_(json_decrefp) json_t *array = identity_match_candidates(match);
	return array != NULL ? json_write(arena, array) : NULL;
}

bool provision_take_user(struct membership_call *call, const struct identity_match *match)
{
	if (match->outcome != IDENTITY_MATCHED)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, match->code, match->reason,
		                                 candidates_text(match, call->context.arena));
	call->user_id = match->user.object_id;
	call->user_principal_name = match->user.user_principal_name;
	return true;
}

bool provision_pins_mapping(const struct membership_call *call, struct mapping_check *ret_pin)
{
	if (call->mapping.mapping_id == NULL || call->mapping.resolved_object_id != NULL)
		return false;
	*ret_pin = (struct mapping_check){
	    .mapping_id = call->mapping.mapping_id,
	    .external_id = call->mapping.external_id,
	    .code = "mapping",
	    .object_id = call->user_id,
	    .user_principal_name = call->user_principal_name,
	};
	return true;
}
