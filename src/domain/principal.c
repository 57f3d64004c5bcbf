#include "domain/principal.h"

#include <string.h>

static const struct {
	enum role role;
	const char *name;
} roles[] = {
    {ROLE_ADMIN, "admin"},
    {ROLE_APPROVER, "approver"},
    {ROLE_AUDITOR, "auditor"},
    {ROLE_REQUESTER, "requester"},
};

const char *role_name(enum role role)
{
	for (size_t at = 0; at < ARRAY_SIZE(roles); at++) {
		if (roles[at].role == role)
			return roles[at].name;
	}
	return "";
}

enum result role_parse(const char *name, enum role *ret_role)
{
	if (name == NULL)
		return RESULT_INVALID;
	for (size_t at = 0; at < ARRAY_SIZE(roles); at++) {
		if (strcmp(roles[at].name, name) == 0) {
			*ret_role = roles[at].role;
			return RESULT_OK;
		}
	}
	return RESULT_INVALID;
}
