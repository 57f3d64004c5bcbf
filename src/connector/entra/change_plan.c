/* Blocks are stretches of one array, so that halving needs no memory: as many blocks as changes suffice for ever.
 *
 * Packing: a chain of twenty blocks of one group is as dense as a batch can be, and so is a batch of twenty groups;
 * what does not fill either is packed so that the fewest batches remain. With the c longest lines chained and one block
 * of each other group in each other batch, c + max(longest other line, other blocks / 20) batches are needed, and
 * enough: the c that makes it smallest is tried out. */
#include "connector/entra/change_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static int compare_numbers(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

/* By pair, to find what stands there twice. */
static int compare_pairs(const void *left, const void *right, void *context)
{
	const struct connector_change *changes = context;
	size_t a = *(const size_t *)left;
	size_t b = *(const size_t *)right;
	int order = strcasecmp(changes[a].group_id, changes[b].group_id);
	if (order == 0)
		order = strcasecmp(changes[a].user_id, changes[b].user_id);
	return order != 0 ? order : compare_numbers(a, b);
}

/* By group, additions first, in the order given. */
static int compare_places(const void *left, const void *right, void *context)
{
	const struct connector_change *changes = context;
	size_t a = *(const size_t *)left;
	size_t b = *(const size_t *)right;
	int order = strcasecmp(changes[a].group_id, changes[b].group_id);
	if (order == 0)
		order = (int)changes[a].removal - (int)changes[b].removal;
	return order != 0 ? order : compare_numbers(a, b);
}

static bool is_same_pair(const struct connector_change *a, const struct connector_change *b)
{
	return text_equal_fold(a->group_id, b->group_id) && text_equal_fold(a->user_id, b->user_id);
}

static bool is_object_id(const char *id)
{
	return id != NULL && text_is_uuid(id);
}

/* How many of the changes can be planned; they stand first in plan->order. */
static size_t flaws_find(struct change_plan *plan, const struct connector_change *changes, size_t count)
{
	size_t usable = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_object_id(changes[i].group_id))
			plan->flaws[i] = PLAN_FLAW_GROUP_ID;
		else if (!is_object_id(changes[i].user_id))
			plan->flaws[i] = PLAN_FLAW_USER_ID;
		else
			plan->order[usable++] = i;
	}
	qsort_r(plan->order, usable, sizeof(*plan->order), compare_pairs, (void *)changes);
	size_t kept = 0;
	for (size_t i = 0; i < usable; i++) {
		size_t change = plan->order[i];
		if (kept > 0 && is_same_pair(&changes[plan->order[kept - 1]], &changes[change]))
			plan->flaws[change] = PLAN_FLAW_TWICE;
		else
			plan->order[kept++] = change;
	}
	qsort_r(plan->order, kept, sizeof(*plan->order), compare_places, (void *)changes);
	return kept;
}

static size_t block_new(struct change_plan *plan, struct plan_block block)
{
	block.next = PLAN_NONE;
	plan->blocks[plan->block_count] = block;
	return plan->block_count++;
}

static void line_append(struct change_plan *plan, struct plan_line *line, size_t block)
{
	plan->blocks[block].next = PLAN_NONE;
	if (line->head == PLAN_NONE)
		line->head = block;
	else
		plan->blocks[line->tail].next = block;
	line->tail = block;
}

static size_t line_take(struct change_plan *plan, struct plan_line *line)
{
	size_t block = line->head;
	if (block != PLAN_NONE)
		line->head = plan->blocks[block].next;
	return block;
}

void change_plan_again(struct change_plan *plan, size_t block)
{
	struct plan_group *group = &plan->groups[plan->blocks[block].group];
	line_append(plan, plan->blocks[block].suspect ? &group->suspects : &group->fresh, block);
	group->waiting++;
	plan->waiting++;
}

static void group_new(struct change_plan *plan, const char *id)
{
	static const struct plan_line empty = {PLAN_NONE, PLAN_NONE};
	plan->groups[plan->group_count++] =
	    (struct plan_group){.id = id, .fresh = empty, .suspects = empty, .probe = PLAN_NONE};
}

static void blocks_cut(struct change_plan *plan, const struct connector_change *changes, size_t count)
{
	for (size_t first = 0; first < count;) {
		const struct connector_change *change = &changes[plan->order[first]];
		if (plan->group_count == 0 || !text_equal_fold(plan->groups[plan->group_count - 1].id, change->group_id))
			group_new(plan, change->group_id);
		size_t most = change->removal ? 1 : GRAPH_LINKS_MAX;
		size_t end = first + 1;
		while (end < count && end - first < most && !changes[plan->order[end]].removal &&
		       text_equal_fold(changes[plan->order[end]].group_id, change->group_id))
			end++;
		const struct plan_block block = {
		    .group = plan->group_count - 1, .first = first, .count = end - first, .removal = change->removal};
		change_plan_again(plan, block_new(plan, block));
		first = end;
	}
}

enum result change_plan_init(struct change_plan *plan, struct arena *arena, const struct connector_change *changes,
                             size_t count)
{
	struct change_plan fresh = {
	    .order = arena_array(arena, count, sizeof(*fresh.order)),
	    .flaws = arena_array(arena, count, sizeof(*fresh.flaws)),
	    .blocks = arena_array(arena, count, sizeof(*fresh.blocks)),
	    .groups = arena_array(arena, count, sizeof(*fresh.groups)),
	    .sorted = arena_array(arena, count, sizeof(*fresh.sorted)),
	};
	if (fresh.order == NULL || fresh.flaws == NULL || fresh.blocks == NULL || fresh.groups == NULL ||
	    fresh.sorted == NULL)
		return RESULT_NO_MEMORY;
	blocks_cut(&fresh, changes, flaws_find(&fresh, changes, count));
	*plan = fresh;
	return RESULT_OK;
}

/* The tail of a block becomes one of its own, which waits nowhere yet. */
static size_t block_split(struct change_plan *plan, size_t block, size_t keep)
{
	struct plan_block rest = plan->blocks[block];
	rest.first += keep;
	rest.count -= keep;
	rest.tries = 0;
	plan->blocks[block].count = keep;
	plan->blocks[block].tries = 0;
	return block_new(plan, rest);
}

void change_plan_halve(struct change_plan *plan, size_t block)
{
	plan->blocks[block].suspect = true;
	size_t other = block_split(plan, block, plan->blocks[block].count / 2);
	change_plan_again(plan, block);
	change_plan_again(plan, other);
}

void change_plan_single_out(struct change_plan *plan, size_t block, size_t place)
{
	size_t first = plan->blocks[block].first;
	size_t named = plan->order[first + place];
	plan->order[first + place] = plan->order[first];
	plan->order[first] = named;
	size_t rest = block_split(plan, block, 1);
	plan->blocks[block].suspect = true;
	change_plan_again(plan, block);
	change_plan_again(plan, rest);
}

void change_plan_probe(struct change_plan *plan, size_t block)
{
	struct plan_group *group = &plan->groups[plan->blocks[block].group];
	size_t rest = block_split(plan, block, 1);
	if (plan->blocks[rest].count > 1) {
		change_plan_halve(plan, rest);
	} else {
		plan->blocks[rest].suspect = true;
		change_plan_again(plan, rest);
	}
	plan->blocks[block].suspect = true;
	if (group->probe != PLAN_NONE) {
		change_plan_again(plan, block);
		return;
	}
	group->probe = block;
	plan->waiting++;
}

size_t change_plan_take(struct change_plan *plan, size_t group_index)
{
	struct plan_group *group = &plan->groups[group_index];
	size_t block = group->probe;
	if (block != PLAN_NONE) {
		group->probe = PLAN_NONE;
		plan->waiting--;
		return block;
	}
	block = line_take(plan, &group->fresh);
	if (block == PLAN_NONE)
		block = line_take(plan, &group->suspects);
	if (block != PLAN_NONE) {
		group->waiting--;
		plan->waiting--;
	}
	return block;
}

/* How many blocks of the group may go one after another. */
static size_t group_length(const struct plan_group *group)
{
	return group->probe != PLAN_NONE ? 1 : group->waiting;
}

static int compare_lengths(const void *left, const void *right, void *context)
{
	const struct change_plan *plan = context;
	size_t a = *(const size_t *)left;
	size_t b = *(const size_t *)right;
	int order = compare_numbers(group_length(&plan->groups[b]), group_length(&plan->groups[a]));
	return order != 0 ? order : compare_numbers(a, b);
}

/* How many groups wait; they stand in plan->sorted. */
static size_t groups_sort(struct change_plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->group_count; i++)
		if (group_length(&plan->groups[i]) > 0)
			plan->sorted[count++] = i;
	qsort_r(plan->sorted, count, sizeof(*plan->sorted), compare_lengths, plan);
	return count;
}

static void batch_take(struct change_plan *plan, size_t group, struct plan_batch *batch)
{
	batch->blocks[batch->count++] = change_plan_take(plan, group);
}

static void chain_take(struct change_plan *plan, size_t group, struct plan_batch *batch)
{
	size_t length = group_length(&plan->groups[group]);
	*batch = (struct plan_batch){0};
	for (size_t i = 0; i < length && i < BATCH_MAX; i++)
		batch_take(plan, group, batch);
	batch->chained = batch->count > 1;
}

/* How many of the lines, which are sorted and shorter than a batch, are best chained. */
static size_t chains_choose(const struct change_plan *plan, const size_t *groups, size_t count)
{
	size_t blocks = 0;
	for (size_t i = 0; i < count; i++)
		blocks += group_length(&plan->groups[groups[i]]);
	size_t best = 0;
	size_t fewest = PLAN_NONE;
	for (size_t chains = 0; chains <= count; chains++) {
		size_t longest = chains < count ? group_length(&plan->groups[groups[chains]]) : 0;
		size_t dense = (blocks + BATCH_MAX - 1) / BATCH_MAX;
		size_t needed = chains + (longest > dense ? longest : dense);
		if (needed <= fewest) {
			fewest = needed;
			best = chains;
		}
		blocks -= longest;
	}
	return best;
}

/* One block of each of these groups, which are sorted. Only full batches while there will be others to fill up. */
static size_t rows_take(struct change_plan *plan, const size_t *groups, size_t count, struct plan_batch *batches,
                        size_t most)
{
	size_t rows = 0;
	if (count > 0 && group_length(&plan->groups[groups[0]]) > 1 && count > BATCH_MAX)
		count -= count % BATCH_MAX;
	for (size_t i = 0; i < count; i++) {
		if (i % BATCH_MAX == 0) {
			if (rows == most)
				break;
			batches[rows++] = (struct plan_batch){0};
		}
		batch_take(plan, groups[i], &batches[rows - 1]);
	}
	return rows;
}

static size_t single_blocks_take(struct change_plan *plan, size_t count, struct plan_batch *batches, size_t most)
{
	size_t taken = 0;
	for (; taken < count && taken < most; taken++) {
		batches[taken] = (struct plan_batch){0};
		batch_take(plan, plan->sorted[taken], &batches[taken]);
	}
	return taken;
}

static bool probe_take(struct change_plan *plan, struct plan_batch *batch)
{
	for (size_t i = 0; i < plan->group_count; i++) {
		if (plan->groups[i].probe == PLAN_NONE)
			continue;
		*batch = (struct plan_batch){0};
		batch_take(plan, i, batch);
		return true;
	}
	return false;
}

size_t change_plan_wave(struct change_plan *plan, struct plan_batch *ret_batches, size_t most)
{
	if (plan->one_probe && probe_take(plan, ret_batches))
		return 1;
	size_t count = groups_sort(plan);
	if (plan->no_batches)
		return single_blocks_take(plan, count, ret_batches, most);
	size_t taken = 0;
	size_t group = 0;
	for (; group < count && taken < most && group_length(&plan->groups[plan->sorted[group]]) >= BATCH_MAX; group++)
		chain_take(plan, plan->sorted[group], &ret_batches[taken++]);
	size_t chains = group + chains_choose(plan, plan->sorted + group, count - group);
	for (; group < chains && taken < most; group++)
		chain_take(plan, plan->sorted[group], &ret_batches[taken++]);
	if (group < chains)
		return taken;
	return taken + rows_take(plan, plan->sorted + group, count - group, ret_batches + taken, most - taken);
}
