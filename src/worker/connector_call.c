#include "worker/connector_call.h"

enum result connector_call_open(const struct job_context *context, const char *connector_id,
                                struct connector_call *ret_call)
{
	const struct worker_options *options = context->options;
	enum result result =
	    options->store->ops->connector_read(options->store, connector_id, context->arena, &ret_call->settings);
	if (result != RESULT_OK)
		return result;
	ret_call->ops = connector_registry_find(ret_call->settings.type);
	credential_opener_init(&ret_call->opener, &ret_call->settings, options->master_key, options->allow);
	ret_call->target = (struct connector_target){.settings = &ret_call->settings,
	                                             .secret = &ret_call->opener.source,
	                                             .certificate = credential_opener_certificate(&ret_call->opener)};
	return RESULT_OK;
}

void connector_call_allow_ms(const struct job_context *context, struct connector_call *call, int64_t duration_ms)
{
	call->target.deadline_ms = clock_monotonic_ms(context->options->clock) + duration_ms;
}
