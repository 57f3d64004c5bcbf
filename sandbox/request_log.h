/* What was asked of the sandbox, kept for tests to look at. Never an Authorization header, never a body. */
#ifndef AIC_SANDBOX_REQUEST_LOG_H
#define AIC_SANDBOX_REQUEST_LOG_H

#include "web.h"

void request_log_add(struct sandbox *sandbox, const char *site, const struct request *request,
                     const struct reply *reply);
/* {count, calls, requests: […], tally}: those whose `seq` is above `since`. `calls` does not count the items of a
 * $batch; `tally`: request_tally.h. */
json_t *request_log_list(const struct sandbox *sandbox, int64_t since);
void request_log_reset(struct sandbox *sandbox);

#endif
