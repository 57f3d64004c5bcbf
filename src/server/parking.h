/* Where calls with ?wait= stay while nothing changes, at the cost of no thread: one thread looks after all of them.
 *
 * Nothing is missed between "the handler saw no change" and "the call is parked": the handler's caller notes the
 * generation before it runs the handler, and a call that is parked under an older generation is sent back in the next
 * round. */
#ifndef AIC_SERVER_PARKING_H
#define AIC_SERVER_PARKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

struct parked {
	struct parked *next;
	int64_t until_ms; /* monotonic time of this machine */
	/* Called once, from the parking's thread, or from parking_add if it is closed; `over`: the time is up, or the
	 * parking is closing. */
	void (*leave)(struct parked *parked, bool over);
};

struct parking;
enum result parking_new(struct parking **ret_parking) MUST_CHECK;
uint64_t parking_generation(const struct parking *parking);
void parking_add(struct parking *parking, struct parked *parked, uint64_t generation);
void parking_wake(struct parking *parking); /* something changed: all leave; cheap, from any thread */
/* Everybody leaves, as over, and from now on immediately. */
void parking_close(struct parking *parking);
void parking_free(struct parking *parking); /* closes; accepts NULL */

#endif
