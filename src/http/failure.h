/* From libcurl's reasons to ours. Private to this folder. */
#ifndef AIC_HTTP_FAILURE_H
#define AIC_HTTP_FAILURE_H

#include "http/transfer.h"

/* Fills failure and maybe_sent of a transfer that gave no answer, and the sentence. `sent`: bytes of the request left.
 */
enum result failure_describe(const struct transfer *transfer, bool sent, struct http_response *response,
                             struct error *error) MUST_CHECK;

#endif
