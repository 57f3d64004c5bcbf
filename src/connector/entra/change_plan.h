/* Which changes travel together, and when: blocks, and batches of blocks. Pure.
 *
 * A block is what one request can say: up to GRAPH_LINKS_MAX additions to one group, or one removal. Blocks wait in
 * their group's line. A wave takes blocks out of the lines and packs them into batches; whoever sent a wave gives each
 * of its blocks back (again, halved, probed) or is done with it. */
#ifndef AIC_CONNECTOR_ENTRA_CHANGE_PLAN_H
#define AIC_CONNECTOR_ENTRA_CHANGE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/batch.h"

#define PLAN_NONE ((size_t)-1)

struct plan_block {
	size_t group; /* in plan->groups */
	size_t first; /* in plan->order */
	size_t count;
	bool removal;
	bool suspect; /* was refused as part of a larger one: goes after those that were not */
	int tries;    /* how often it was sent, for nothing, through no fault of its own */
	size_t next;  /* in its line */
};

struct plan_line {
	size_t head;
	size_t tail;
};

struct plan_group {
	const char *id;
	struct plan_line fresh;
	struct plan_line suspects;
	size_t waiting; /* blocks in both lines */
	size_t probe;   /* a block of one, which goes before anything else of the group does; PLAN_NONE */
};

/* What is wrong with a change, so that it was not planned. */
enum plan_flaw { PLAN_FLAW_NONE, PLAN_FLAW_GROUP_ID, PLAN_FLAW_USER_ID, PLAN_FLAW_TWICE };

struct change_plan {
	size_t *order; /* the changes by group, additions first; a block is a stretch of it */
	enum plan_flaw *flaws;
	struct plan_block *blocks;
	size_t block_count;
	struct plan_group *groups;
	size_t group_count;
	size_t waiting;  /* blocks, of all groups, with the probes */
	size_t *sorted;  /* private: groups, the longest line first */
	bool no_batches; /* each block is a batch of its own */
	bool one_probe;  /* the next wave is one probe alone, if there is any */
};

/* Everything is in the arena. A group's or user's id in two spellings is one. */
enum result change_plan_init(struct change_plan *plan, struct arena *arena, const struct connector_change *changes,
                             size_t count) MUST_CHECK;

/* Blocks of different groups, or, chained, of one group one after another. */
struct plan_batch {
	size_t blocks[BATCH_MAX];
	size_t count;
	bool chained;
};

/* Takes a wave out of the lines: at most `most` batches, no group in two of them, as few batches until the end as can
 * be. How many; 0: nothing waits. */
size_t change_plan_wave(struct change_plan *plan, struct plan_batch *ret_batches, size_t most);

/* The block was not done, and waits again. */
void change_plan_again(struct change_plan *plan, size_t block);
/* Both halves wait. Only for a block of more than one; so are the two below. */
void change_plan_halve(struct change_plan *plan, size_t block);
/* The change at that place of the block waits alone; the rest as one block. */
void change_plan_single_out(struct change_plan *plan, size_t block, size_t place);
/* The first change of the block waits alone as the group's probe; the rest in two halves. */
void change_plan_probe(struct change_plan *plan, size_t block);

/* The next block that waits in a group, taken out of its line; PLAN_NONE. */
size_t change_plan_take(struct change_plan *plan, size_t group);

#endif
