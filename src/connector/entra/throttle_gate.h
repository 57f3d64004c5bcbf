/* Asked to wait, we wait: until Retry-After is over nothing of that app and tenant goes out, from any thread. */
#ifndef AIC_CONNECTOR_ENTRA_THROTTLE_GATE_H
#define AIC_CONNECTOR_ENTRA_THROTTLE_GATE_H

#include <stdint.h>

#include "base/digest.h"
#include "base/macro.h"
#include "connector/connector.h"
#include "connector/entra/cloud.h"

/* How long from now; 0: go. */
int64_t throttle_gate_wait_ms(const struct entra_place *place, const struct connector_settings *settings,
                              int64_t now_ms);
/* Graph said to wait. `now_ms` is monotonic. for_ms < 0: it did not say how long; a second then, and twice as long
 * each time that it says so again. */
void throttle_gate_close(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms,
                         int64_t for_ms);
/* Writes went through: the next wait that is not told begins at a second again. */
void throttle_gate_calm(const struct entra_place *place, const struct connector_settings *settings);
/* Graph answered: whoever said to wait no longer does. */
void throttle_gate_open(const struct entra_place *place, const struct connector_settings *settings);

/* By what an app in a tenant is told from others: Graph counts so. */
enum result throttle_gate_key(const struct entra_place *place, const struct connector_settings *settings,
                              uint8_t ret_key[DIGEST_SIZE]) MUST_CHECK;

#endif
