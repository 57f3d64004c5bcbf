/* One wave of a plan on its way: a few exchanges at once, and what came back for each block. */
#ifndef AIC_CONNECTOR_ENTRA_CHANGE_WAVE_H
#define AIC_CONNECTOR_ENTRA_CHANGE_WAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/entra/change_plan.h"

#define WAVE_BATCHES_MAX 4

struct wave_batch {
	struct plan_batch plan;
	/* out, by block of the plan */
	struct batch_item items[BATCH_MAX];
	bool of_exchange; /* the items are all the one answer to the whole exchange */
	bool alone;       /* it was a request by itself, and not a $batch */
	struct text body;
	struct graph_answer answer; /* the items borrow from it */
};

struct change_wave {
	struct wave_batch batches[WAVE_BATCHES_MAX];
	size_t count;
	struct arena *arena; /* of the requests */
};

/* Takes a wave out of the plan, sends as much of it as there is room for in the budget of writes (`bulk`: of a
 * backlog), and reads the answers; the rest waits in the plan again. Anything but RESULT_OK: nothing was sent; the
 * blocks are out of the plan all the same. */
enum result change_wave_perform(struct change_wave *wave, struct graph_session *session, struct change_plan *plan,
                                const struct connector_change *changes, bool bulk, struct error *error) MUST_CHECK;
/* After the last look at the items. */
void change_wave_done(struct change_wave *wave);

/* The users of a block, in its order. */
void change_wave_users(const struct change_plan *plan, size_t block, const struct connector_change *changes,
                       const char *ret_user_ids[GRAPH_LINKS_MAX]);

#endif
