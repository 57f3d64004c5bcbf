#include "domain/intake_settings.h"

#include <string.h>

static const char *const empty_list[] = {NULL};

void intake_settings_default(struct intake_settings *ret_settings)
{
	*ret_settings = (struct intake_settings){
	    .project_keys = empty_list,
	    .request_type_ids = empty_list,
	    .extension_request_type_ids = empty_list,
	    .extension_field = "",
	    .tool_field = "",
	    .purpose_field = "",
	    .duration_field = "",
	    .beneficiary = "reporter",
	    .approval = "jsm",
	    .allowed_approvers = empty_list,
	    .allowed_authors = empty_list,
	    .approved_statuses = empty_list,
	    .denied_statuses = empty_list,
	    .revoked_statuses = empty_list,
	    .write_back_comment = true,
	};
}

bool intake_list_has(const char *const *list, const char *value)
{
	if (value == NULL)
		return false;
	for (; *list != NULL; list++) {
		if (strcmp(*list, value) == 0)
			return true;
	}
	return false;
}
