/* Asking that access goes on for longer: a request like any other, about a grant. Who decides it, and how, is
 * api_request.c's. */
#include "server/api.h"

#include "domain/extension.h"

static enum result extension_refuse_ended(struct api_call *call, const struct grant *grant)
{
	return call_refuse(call, 409, "grant_not_active", "A grant that is %s cannot be extended.",
	                   grant->status == GRANT_ACTIVE ? "over" : grant_status_name(grant->status));
}

enum result api_grant_extend(struct api_call *call)
{
	struct grant grant = {0};
	struct tool tool = {0};
	int days = 0;
	enum result result = api_grant_open(call, &grant);
	if (result == RESULT_OK)
		result = api_request_check_filer(call);
	if (result == RESULT_OK && call->status == 0 && !extension_may_be_asked(&grant, call_now_ms(call)))
		result = extension_refuse_ended(call, &grant);
	if (result == RESULT_OK && call->status == 0)
		result = api_request_check_tool(call, grant.tool_id, &tool, &days);
	if (result != RESULT_OK || call->status != 0)
		return result;
	struct access_request request = {
	    .kind = REQUEST_EXTENSION,
	    .extends_grant_id = grant.grant_id,
	    .tool_id = grant.tool_id,
	    .tool_text = grant.tool_id,
	    .account_id = grant.account_id,
	    .duration_days = days,
	};
	return api_request_file(call, &request);
}
