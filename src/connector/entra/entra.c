#include "connector/entra/entra.h"

#include <string.h>

#include "base/text.h"
#include "connector/entra/diagnosis.h"
#include "connector/entra/group_creation.h"
#include "connector/entra/group_reads.h"
#include "connector/entra/groups.h"
#include "connector/entra/match_users.h"
#include "connector/entra/member_changes.h"
#include "connector/entra/member_delta.h"
#include "connector/entra/member_looks.h"
#include "connector/entra/member_of.h"
#include "connector/entra/token.h"

#define DOMAIN_LENGTH_MAX 253
#define LABEL_LENGTH_MAX 63

/* At least two labels of letters, digits and hyphens: "common" and "organizations" are no tenants. */
static bool is_domain(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	size_t labels = 0;
	if (strlen(name) > DOMAIN_LENGTH_MAX)
		return false;
	for (;;) {
		size_t length = strspn(name, allowed);
		if (length == 0 || length > LABEL_LENGTH_MAX || name[0] == '-' || name[length - 1] == '-')
			return false;
		labels++;
		if (name[length] == '\0')
			return labels >= 2;
		if (name[length] != '.')
			return false;
		name += length + 1;
	}
}

const char *entra_check_shape(const struct connector_settings *settings)
{
	const char *tenant = settings->tenant_id;
	if (tenant == NULL || (!text_is_uuid(tenant) && !is_domain(tenant)))
		return "tenant_malformed";
	if (settings->client_id == NULL || !text_is_uuid(settings->client_id))
		return "client_malformed";
	return "";
}

const struct connector_ops entra_ops = {
    .type = "entra",
    .check_shape = entra_check_shape,
    .test = entra_test,
    .search_groups = entra_search_groups,
    .read_group = entra_read_group,
    .read_groups = entra_read_groups,
    .match_user = entra_match_user,
    .look_members = entra_look_members,
    .read_members = entra_read_members,
    .look_users = entra_look_users,
    .change_members = entra_change_members,
    .room = entra_room,
    .match_users = entra_match_users,
    .create_group = entra_create_group,
    .forget = entra_token_forget,
};
