/* Which properties a user and a group have, and which of them come without being asked for. */
#include "base/text.h"
#include "entra.h"

static const char *const user_defaults[] = {
    "businessPhones", "displayName",       "givenName", "jobTitle",          "mail", "mobilePhone",
    "officeLocation", "preferredLanguage", "surname",   "userPrincipalName", "id",   NULL};
static const char *const user_more[] = {"accountEnabled",
                                        "ageGroup",
                                        "assignedLicenses",
                                        "assignedPlans",
                                        "city",
                                        "companyName",
                                        "country",
                                        "createdDateTime",
                                        "creationType",
                                        "deletedDateTime",
                                        "department",
                                        "employeeId",
                                        "employeeType",
                                        "externalUserState",
                                        "externalUserStateChangeDateTime",
                                        "faxNumber",
                                        "identities",
                                        "imAddresses",
                                        "isManagementRestricted",
                                        "isResourceAccount",
                                        "lastPasswordChangeDateTime",
                                        "mailNickname",
                                        "onPremisesDistinguishedName",
                                        "onPremisesDomainName",
                                        "onPremisesExtensionAttributes",
                                        "onPremisesImmutableId",
                                        "onPremisesLastSyncDateTime",
                                        "onPremisesProvisioningErrors",
                                        "onPremisesSamAccountName",
                                        "onPremisesSecurityIdentifier",
                                        "onPremisesSyncEnabled",
                                        "onPremisesUserPrincipalName",
                                        "otherMails",
                                        "passwordPolicies",
                                        "postalCode",
                                        "proxyAddresses",
                                        "securityIdentifier",
                                        "showInAddressList",
                                        "signInSessionsValidFromDateTime",
                                        "state",
                                        "streetAddress",
                                        "usageLocation",
                                        "userType",
                                        NULL};
static const char *const group_defaults[] = {"id",
                                             "deletedDateTime",
                                             "classification",
                                             "createdDateTime",
                                             "description",
                                             "displayName",
                                             "expirationDateTime",
                                             "groupTypes",
                                             "isAssignableToRole",
                                             "mail",
                                             "mailEnabled",
                                             "mailNickname",
                                             "membershipRule",
                                             "membershipRuleProcessingState",
                                             "onPremisesDomainName",
                                             "onPremisesLastSyncDateTime",
                                             "onPremisesNetBiosName",
                                             "onPremisesSamAccountName",
                                             "onPremisesSecurityIdentifier",
                                             "onPremisesSyncEnabled",
                                             "preferredDataLocation",
                                             "preferredLanguage",
                                             "proxyAddresses",
                                             "renewedDateTime",
                                             "resourceBehaviorOptions",
                                             "resourceProvisioningOptions",
                                             "securityEnabled",
                                             "securityIdentifier",
                                             "theme",
                                             "uniqueName",
                                             "visibility",
                                             "onPremisesProvisioningErrors",
                                             "serviceProvisioningErrors",
                                             NULL};
static const char *const group_more[] = {"isManagementRestricted", "assignedLabels", "assignedLicenses", NULL};
static const char *const lists[] = {"businessPhones",
                                    "groupTypes",
                                    "proxyAddresses",
                                    "otherMails",
                                    "imAddresses",
                                    "resourceBehaviorOptions",
                                    "resourceProvisioningOptions",
                                    "onPremisesProvisioningErrors",
                                    "serviceProvisioningErrors",
                                    "assignedLicenses",
                                    "assignedPlans",
                                    "assignedLabels",
                                    "identities",
                                    NULL};

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (text_equal(*names, name))
			return true;
	return false;
}

const char *const *entra_property_defaults(const char *type)
{
	return text_equal(type, "group") ? group_defaults : user_defaults;
}

bool entra_property_is_default(const char *type, const char *name)
{
	return listed(entra_property_defaults(type), name);
}

bool entra_property_known(const char *type, const char *name)
{
	return entra_property_is_default(type, name) || listed(text_equal(type, "group") ? group_more : user_more, name);
}

bool entra_property_is_list(const char *name)
{
	return listed(lists, name);
}
