/* Page after page, each in an arena of its own, so that a million members cost no more memory than a thousand.
 *
 * A list that never ends has been seen in the wild (facts, section 13). The pages are counted, over all attempts; a
 * circle among the links is found by holding each against one that was seen before and is replaced after 1, 2, 4 … of
 * them (Brent), which needs to remember one link alone. */
#include "worker/member_walk.h"

#include <string.h>

#include "base/text.h"

#define PAGE_DEADLINE_MS 20000
#define PAGE_ARENA_CEILING (24 * 1024 * 1024)
#define PAGES_MAX 20000
#define LINK_ARENA_CEILING (128 * 1024)

struct walk {
	const struct job_context *context;
	struct connector_call *connector;
	const struct group_watch *watch;
	struct arena *link_arena, *other_arena; /* of the present link, and of the next */
	const char *link;                       /* NULL: the beginning */
	bool begins, full, seen;
	int64_t pages;
	struct arena *mark_arena;
	const char *mark; /* a link that was followed before */
	int64_t steps, power;
	struct error *error;
};

static enum result link_set(struct walk *walk, const char *link)
{
	struct arena *arena = walk->other_arena;
	arena_reset(arena);
	const char *copy = link != NULL ? arena_strdup(arena, link) : NULL;
	if (link != NULL && copy == NULL)
		return error_set(walk->error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	walk->other_arena = walk->link_arena;
	walk->link_arena = arena;
	walk->link = copy;
	return RESULT_OK;
}

/* RESULT_PROTOCOL where the links go round, or there are too many of them. */
static enum result circle_check(struct walk *walk, const char *next)
{
	if (walk->pages >= PAGES_MAX)
		return error_set(walk->error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list goes on for more than %d pages.", PAGES_MAX);
	if (text_equal(walk->mark, next))
		return error_set(walk->error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list leads back to a page that was read before.");
	if (++walk->steps < walk->power)
		return RESULT_OK;
	walk->steps = 0;
	walk->power *= 2;
	arena_reset(walk->mark_arena);
	walk->mark = arena_strdup(walk->mark_arena, next);
	if (walk->mark == NULL)
		return error_set(walk->error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

/* The link was too old: of a page, the round begins again; of a round, the list. */
static enum result begin_again(struct walk *walk)
{
	if (walk->link == NULL)
		return error_set(walk->error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph does not let a list of changes begin.");
	const char *delta_link = walk->watch->delta_link;
	bool from_link = !walk->full && delta_link != NULL && !text_equal(walk->link, delta_link);
	walk->full = !from_link;
	walk->begins = true;
	walk->seen = false;
	walk->pages = 0;
	return link_set(walk, from_link ? delta_link : NULL);
}

static enum result page_keep(struct walk *walk, const struct connector_member_page *page)
{
	struct store *store = walk->context->options->store;
	const struct watch_page kept = {
	    .watch_key = walk->watch->key,
	    .begins = walk->begins,
	    .full = walk->full,
	    .changes = page->changes,
	    .count = page->count,
	    .next = page->next,
	    .resume = page->resume,
	};
	walk->begins = false;
	walk->pages++;
	return store->ops->watch_take(store, walk->context->job, &kept, walk->error);
}

/* A list that says nothing of its group is not an empty group. */
static enum result page_check(struct walk *walk, const struct connector_member_page *page)
{
	walk->seen = walk->seen || page->group_seen;
	if (page->next != NULL)
		return circle_check(walk, page->next);
	if (walk->full && !walk->seen) {
		error_set(walk->error, RESULT_UNAVAILABLE, "graph_unavailable",
		          "Microsoft Graph's list of changes does not know the group yet.");
		walk->error->retryable = true;
		return RESULT_UNAVAILABLE;
	}
	return RESULT_OK;
}

/* One page; *ret_over at the end of the list. */
static enum result page_take(struct walk *walk, bool *ret_over, bool *ret_gone)
{
	struct connector_member_page page = {0};
	_cleanup_(arena_freep) struct arena *arena = arena_new(PAGE_ARENA_CEILING);
	if (arena == NULL)
		return error_set(walk->error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	connector_call_allow_ms(walk->context, walk->connector, PAGE_DEADLINE_MS);
	enum result result =
	    walk->connector->ops->read_members(walk->context->options->environment, &walk->connector->target,
	                                       walk->watch->group_id, walk->link, arena, &page, walk->error);
	if (result != RESULT_OK)
		return result;
	if (page.expired)
		return begin_again(walk);
	*ret_gone = page.group_gone;
	if (page.group_gone)
		return RESULT_OK;
	result = page_check(walk, &page);
	if (result == RESULT_OK)
		result = page_keep(walk, &page);
	*ret_over = page.next == NULL;
	return result == RESULT_OK && page.next != NULL ? link_set(walk, page.next) : result;
}

static enum walk_end walk_pages(struct walk *walk, int64_t until, bool *ret_begin_anew)
{
	bool over = false, gone = false;
	while (!over && !gone) {
		enum result result = page_take(walk, &over, &gone);
		if (result != RESULT_OK) {
			/* What may pass goes on at the same page; what cannot be understood does not get better there. */
			*ret_begin_anew = result == RESULT_PROTOCOL || (!over && !walk->error->retryable) || over;
			walk->error->result = result;
			return WALK_FAILED;
		}
		if (!over && !gone && clock_monotonic_ms(walk->context->options->clock) >= until)
			return WALK_LATER;
	}
	return gone ? WALK_GONE : WALK_OVER;
}

enum walk_end member_walk(const struct job_context *context, struct connector_call *connector,
                          const struct group_watch *watch, int64_t until, bool *ret_begin_anew, struct error *error)
{
	_cleanup_(arena_freep) struct arena *one = arena_new(LINK_ARENA_CEILING);
	_cleanup_(arena_freep) struct arena *other = arena_new(LINK_ARENA_CEILING);
	_cleanup_(arena_freep) struct arena *mark = arena_new(LINK_ARENA_CEILING);
	bool resumed = watch->phase == WATCH_WALK && watch->walk_link != NULL;
	struct walk walk = {
	    .context = context,
	    .connector = connector,
	    .watch = watch,
	    .link_arena = one,
	    .other_arena = other,
	    .link = resumed ? watch->walk_link : watch->delta_link,
	    .begins = !resumed,
	    .full = resumed ? watch->walk_full : watch->delta_link == NULL,
	    .seen = resumed,
	    .pages = resumed ? watch->walk_pages : 0,
	    .mark_arena = mark,
	    .power = 1,
	    .error = error,
	};
	*ret_begin_anew = false;
	if (one == NULL || other == NULL || mark == NULL) {
		error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
		return WALK_FAILED;
	}
	return walk_pages(&walk, until, ret_begin_anew);
}
