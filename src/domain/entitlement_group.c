/* Can this group be managed? The faults in the contract's order, first that applies.
 *
 * A flag that Graph did not return is unknown, not fine: it gives the code of the fault that it leaves possible. Two
 * flags matter only for a group that is not Unified: a Microsoft 365 group is mail-enabled by nature and needs no
 * security bit. */
#include "domain/catalog.h"

static bool is_fault(enum known flag)
{
	return flag != KNOWN_FALSE;
}

static const char *group_kind_fault(const struct group_facts *facts)
{
	if (facts->unified == KNOWN_TRUE)
		return NULL;
	if (is_fault(facts->mail_enabled))
		return "group_mail_enabled";
	if (facts->security_enabled != KNOWN_TRUE)
		return "group_not_security";
	return NULL;
}

static const char *group_fault(const struct group_facts *facts)
{
	if (is_fault(facts->dynamic))
		return "group_dynamic";
	if (is_fault(facts->on_premises))
		return "group_on_premises";
	if (is_fault(facts->role_assignable))
		return "group_role_assignable";
	if (is_fault(facts->management_restricted))
		return "group_restricted";
	return group_kind_fault(facts);
}

const char *group_facts_code(const struct group_facts *facts, bool *ret_manageable)
{
	const char *fault = group_fault(facts);
	if (ret_manageable != NULL)
		*ret_manageable = fault == NULL;
	if (fault != NULL)
		return fault;
	/* Only a warning: an unreturned visibility means that nobody set one. */
	return facts->hidden_membership == KNOWN_TRUE ? "group_hidden_membership" : "group_ok";
}
