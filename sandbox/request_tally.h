/* How much of each kind was asked of the sandbox, however long ago: the log itself keeps only the newest. */
#ifndef AIC_SANDBOX_REQUEST_TALLY_H
#define AIC_SANDBOX_REQUEST_TALLY_H

#include "web.h"

/* A kind is the method and the path, ids as {}: "PATCH groups/{}". Members of a group are read "before" or "after" a
 * write: after it is the first read of that group since it was written to. A $batch is of its last item's kind:
 * "$batch of PATCH groups/{}". Each kind has its number of `calls`, and of `items` of a $batch; `busyMs`: in how much
 * of the time at least one of the calls was under way. */
void request_tally_add(struct sandbox *sandbox, const struct request *request);
void request_tally_reset(struct sandbox *sandbox);

#endif
