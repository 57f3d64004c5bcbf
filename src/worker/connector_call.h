/* A connector made ready to be called by a job. Private to worker/. */
#ifndef AIC_WORKER_CONNECTOR_CALL_H
#define AIC_WORKER_CONNECTOR_CALL_H

#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "secrets/credential_opener.h"
#include "worker/job_run.h"

struct connector_call {
	const struct connector_ops *ops; /* NULL: there is no connector of this type */
	struct connector_settings settings;
	struct credential_opener opener;
	struct connector_target target; /* points into this structure: it does not move */
};

/* RESULT_NOT_FOUND if the connector does not exist any more; any other failure is the store's. Whether it is enabled is
 * for the caller to look at. */
enum result connector_call_open(const struct job_context *context, const char *connector_id,
                                struct connector_call *ret_call) MUST_CHECK;
/* Whatever is asked from now on ends within `duration_ms`. */
void connector_call_allow_ms(const struct job_context *context, struct connector_call *call, int64_t duration_ms);

#endif
