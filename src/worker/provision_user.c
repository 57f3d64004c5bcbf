/* Which directory user gets the access: one named for this grant before, else an admin's mapping, else the Jira
 * address. */
#include "base/json.h"
#include "base/text.h"
#include "worker/provision.h"

static const char *candidates_text(const struct identity_match *match, struct arena *arena)
{
	_cleanup_(json_decrefp) json_t *array = identity_match_candidates(match);
	return array != NULL ? json_write(arena, array) : NULL;
}

static bool ask(struct membership_call *call, const struct identity_question *question,
                struct identity_match *ret_match)
{
	if (call->ops->match_user(call->context->options->environment, &call->target, question, call->context->arena,
	                          ret_match, &call->error) != RESULT_OK)
		return membership_call_end_error(call);
	return true;
}

/* True if the question led to one user. */
static bool settle(struct membership_call *call, const struct identity_question *question,
                   struct identity_match *ret_match)
{
	if (!ask(call, question, ret_match))
		return false;
	if (ret_match->outcome != IDENTITY_MATCHED)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, ret_match->code, ret_match->reason,
		                                 candidates_text(ret_match, call->context->arena));
	call->user_id = ret_match->user.object_id;
	return true;
}

static bool pin_mapping(struct membership_call *call, const struct identity_mapping *mapping,
                        const struct directory_user *user)
{
	if (mapping->resolved_object_id != NULL)
		return true;
	enum result result = call->store->ops->mapping_pin(call->store, mapping->mapping_id, user->object_id,
	                                                   user->user_principal_name, &call->error);
	/* A mapping that was deleted meanwhile has nothing to pin. */
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		return membership_call_end_store(call, result);
	return true;
}

static enum result find_mapping(struct membership_call *call, struct identity_mapping *ret_mapping)
{
	return call->store->ops->mapping_find(call->store, call->grant.account_id, call->grant.connector_id,
	                                      call->context->arena, ret_mapping);
}

/* Named by an admin for this grant, or pinned by an earlier attempt: still there, and enabled? A mapping that was saved
 * with the name is in use from here on. */
static bool by_pinned_user(struct membership_call *call)
{
	const struct identity_question question = {.mapping_external_id = call->user_id, .pinned_object_id = call->user_id};
	struct identity_match match;
	struct identity_mapping mapping;
	if (!settle(call, &question, &match))
		return false;
	enum result result = find_mapping(call, &mapping);
	if (result == RESULT_OK && text_equal_fold(mapping.external_id, match.user.object_id))
		return pin_mapping(call, &mapping, &match.user);
	return result == RESULT_OK || result == RESULT_NOT_FOUND || membership_call_end_store(call, result);
}

static bool by_mapping(struct membership_call *call, const struct identity_mapping *mapping)
{
	const struct identity_question question = {
	    .mapping_external_id = mapping->external_id,
	    .pinned_object_id = mapping->resolved_object_id,
	};
	struct identity_match match;
	return settle(call, &question, &match) && pin_mapping(call, mapping, &match.user);
}

static bool is_refused_customer(struct membership_call *call, const struct jira_user *user, bool *ret_refused)
{
	struct intake_settings settings;
	enum result result = call->store->ops->intake_read(call->store, call->context->arena, &settings);
	if (result != RESULT_OK)
		return membership_call_end_store(call, result);
	*ret_refused = text_equal(user->account_type, "customer") && !settings.match_portal_customers;
	return true;
}

/* *ret_user without an address where Jira tells none, or there is no Jira. */
static bool read_jira_user(struct membership_call *call, struct jira_user *ret_user)
{
	struct jira *jira = call->context->options->jira;
	*ret_user = (struct jira_user){.account_id = call->grant.account_id};
	if (jira == NULL)
		return true;
	enum result result = jira_user_read(jira, call->grant.account_id, call->context->arena, ret_user, &call->error);
	if (result == RESULT_OK)
		return true;
	if (result != RESULT_NOT_FOUND)
		return membership_call_end(call, job_attempt_wait(call->context, &call->error));
	return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "user_not_found",
	                                 "Jira knows no such account, so there is no address to look for.", NULL);
}

static bool by_address(struct membership_call *call)
{
	struct jira_user user;
	struct identity_match match;
	bool refused = false;
	if (!read_jira_user(call, &user) || !is_refused_customer(call, &user, &refused))
		return false;
	if (refused)
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "portal_customer",
		                                 "The account is a portal-only customer, whose address nobody verified.", NULL);
	if (text_is_empty(user.email))
		return membership_call_end_grant(call, GRANT_EVENT_NEEDS_PERSON, "email_hidden",
		                                 "Jira does not tell the address of this account.", NULL);
	return settle(call, &(struct identity_question){.address = user.email}, &match);
}

bool provision_find_user(struct membership_call *call)
{
	if (call->user_id != NULL)
		return call->progress.wrote || by_pinned_user(call);
	struct identity_mapping mapping;
	enum result result = find_mapping(call, &mapping);
	if (result == RESULT_OK)
		return by_mapping(call, &mapping);
	if (result != RESULT_NOT_FOUND)
		return membership_call_end_store(call, result);
	return by_address(call);
}
