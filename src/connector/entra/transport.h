/* No answer came, or none that can be read: which end, and why. */
#ifndef AIC_CONNECTOR_ENTRA_TRANSPORT_H
#define AIC_CONNECTOR_ENTRA_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/result.h"
#include "http/client.h"

#define ENTRA_CALL_TIMEOUT_MS 8000   /* of one HTTP exchange: a host that hangs must leave time for a report */
#define ENTRA_CALL_DEADLINE_MS 20000 /* of one call through the seam, where the caller names none */

enum entra_side { ENTRA_SIDE_LOGIN, ENTRA_SIDE_GRAPH };

/* Fills `error` for an exchange that ended without an answer. RESULT_TIMEOUT whenever the request may have arrived. */
enum result entra_transport_fill(enum entra_side side, enum result result, const struct http_response *response,
                                 struct error *error);
/* An answer of that status came and is not what was to come (not JSON, a redirect). */
enum result entra_transport_bad_response(enum entra_side side, int status, struct error *error);
/* There was no time left to ask. Nothing was sent. */
enum result entra_transport_out_of_time(enum entra_side side, struct error *error);

/* One of the codes that the reach checks know: what depended on the exchange cannot be judged. */
bool entra_transport_is_code(const char *code);

/* The end of a call on the monotonic clock: what the caller named, or the default from now. */
int64_t entra_deadline(const struct clock *clock, int64_t named_ms);
/* What one exchange may take, at most longest_ms (mostly ENTRA_CALL_TIMEOUT_MS): 0 if there is no time left. */
int64_t entra_time_left(const struct clock *clock, int64_t deadline_ms, int64_t longest_ms);

/* The Date header of an answer as an instant; 0 if missing or not a date (RFC 9110's preferred form alone). */
int64_t entra_server_time(const struct http_response *response);

#endif
