/* Each group's list is walked once, for all who are asked about in it, and no further than to the last of them. The
 * first pages of several groups travel in one $batch; the pages that follow are asked for a few groups at a time. Only
 * the page in hand is kept, so that a list of a million costs no more than one of a thousand. */
#include "connector/entra/member_looks.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/groups.h"
#include "connector/entra/odata.h"
#include "connector/entra/transport.h"

#define MEMBER_PAGES_MAX 4000
#define MANY_DEADLINE_MS 60000
#define CALL_ARENA_CEILING (16 * 1024 * 1024)
#define LINK_ARENA_CEILING (256 * 1024)
#define PAGES_AT_ONCE 8

/* The looks into one group: a stretch of looking->order, by user. */
struct group_look {
	const char *id;
	size_t first;
	size_t count;
	size_t missing; /* who was not found yet */
	bool over;
	bool begun_anew; /* the list moved on while it was read: once */
	char *url;       /* the next page; NULL: the first one */
	struct odata_walk walk;
};

struct looking {
	struct graph_session session;
	struct connector_target target;
	struct connector_look *looks;
	size_t *order;
	struct group_look *groups;
	size_t group_count;
	struct arena *links;
};

static int compare_looks(const void *left, const void *right, void *context)
{
	const struct connector_look *looks = context;
	size_t a = *(const size_t *)left;
	size_t b = *(const size_t *)right;
	int order = strcasecmp(looks[a].group_id, looks[b].group_id);
	return order != 0 ? order : strcasecmp(looks[a].user_id, looks[b].user_id);
}

static void look_fail(struct connector_look *look, enum result result, const char *code, const char *detail)
{
	look->result = error_set(&look->error, result, code, "%s", detail);
	look->error.retry_after_ms = -1;
}

/* How many looks are about object ids; they stand first in looking->order. */
static size_t looks_sort(struct looking *looking, size_t count)
{
	size_t usable = 0;
	for (size_t i = 0; i < count; i++) {
		struct connector_look *look = &looking->looks[i];
		if (look->group_id == NULL || !text_is_uuid(look->group_id))
			look_fail(look, RESULT_NOT_FOUND, "group_missing", "The id of the group is not an object id.");
		else if (look->user_id == NULL || !text_is_uuid(look->user_id))
			look_fail(look, RESULT_NOT_FOUND, "user_not_found", "The id of the user is not an object id.");
		else
			looking->order[usable++] = i;
	}
	qsort_r(looking->order, usable, sizeof(*looking->order), compare_looks, looking->looks);
	return usable;
}

static void groups_cut(struct looking *looking, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *id = looking->looks[looking->order[i]].group_id;
		struct group_look *group = looking->group_count > 0 ? &looking->groups[looking->group_count - 1] : NULL;
		if (group == NULL || !text_equal_fold(group->id, id)) {
			group = &looking->groups[looking->group_count++];
			*group = (struct group_look){.id = id, .first = i};
			odata_walk_init(&group->walk, &looking->session.place, MEMBER_PAGES_MAX);
		}
		group->count++;
		group->missing++;
	}
}

/* The end of a group's walk: whoever was not found is not a member, or, with an error, nobody knows. */
static void group_end(struct looking *looking, struct group_look *group, const struct error *error)
{
	for (size_t i = group->first; i < group->first + group->count; i++) {
		struct connector_look *look = &looking->looks[looking->order[i]];
		if (look->member)
			continue;
		look->result = error != NULL ? error->result : RESULT_OK;
		if (error != NULL)
			look->error = *error;
	}
	group->over = true;
}

/* The first look of the group that is about that user, or one past the last smaller one. */
static size_t place_find(const struct looking *looking, const struct group_look *group, const char *user_id)
{
	size_t low = group->first;
	size_t high = group->first + group->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcasecmp(looking->looks[looking->order[middle]].user_id, user_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void member_note(struct looking *looking, struct group_look *group, const char *user_id)
{
	for (size_t i = place_find(looking, group, user_id); i < group->first + group->count; i++) {
		struct connector_look *look = &looking->looks[looking->order[i]];
		if (!text_equal_fold(look->user_id, user_id))
			return;
		if (look->member)
			continue;
		look->member = true;
		look->result = RESULT_OK;
		group->missing--;
	}
}

static void page_note(struct looking *looking, struct group_look *group, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && group->missing > 0; i++) {
		const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));
		if (id != NULL)
			member_note(looking, group, id);
	}
}

/* What came back for a page, alone or in a $batch. */
struct page_answer {
	enum result result;
	int status;
	const json_t *body;
	const struct graph_fault *fault;
	struct error *error;
};

static enum result page_take(struct looking *looking, struct group_look *group, const struct page_answer *page)
{
	const json_t *list = json_object_get(page->body, "value");
	const char *url = NULL;
	if (!json_is_array(list))
		return error_set(page->error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list of members is not a list.");
	page_note(looking, group, list);
	memory_free(group->url);
	group->url = NULL;
	if (group->missing == 0) {
		group->over = true;
		return RESULT_OK;
	}
	arena_reset(looking->links);
	enum result result = odata_walk_next(&group->walk, page->body, looking->links, &url, page->error);
	if (result != RESULT_OK)
		return result;
	if (url == NULL) {
		group_end(looking, group, NULL);
		return RESULT_OK;
	}
	group->url = memory_strdup(url);
	return group->url != NULL ? RESULT_OK : error_set(page->error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static bool is_expired(const struct page_answer *page)
{
	return page->status == 400 && text_equal_fold(page->fault->code, "Directory_ExpiredPageToken");
}

/* The list from its beginning. Who was found on it stays found. */
static void group_begin_anew(struct looking *looking, struct group_look *group)
{
	memory_free(group->url);
	group->url = NULL;
	group->begun_anew = true;
	odata_walk_done(&group->walk);
	odata_walk_init(&group->walk, &looking->session.place, MEMBER_PAGES_MAX);
}

static void page_follow(struct looking *looking, struct group_look *group, const struct page_answer *page)
{
	enum result result = page->result;
	if (result == RESULT_OK) {
		result = page_take(looking, group, page);
	} else if (group->url != NULL && !group->begun_anew && is_expired(page)) {
		group_begin_anew(looking, group);
		return;
	} else if (graph_fault_is_missing(page->status, page->fault)) {
		result = entra_group_explain_missing(&looking->session, group->id, page->error);
	} else if (result == RESULT_NOT_FOUND) {
		result = entra_transport_bad_response(ENTRA_SIDE_GRAPH, page->status, page->error);
	}
	if (result == RESULT_OK)
		return;
	page->error->result = result;
	group_end(looking, group, page->error);
}

static enum result page_request(const struct looking *looking, const struct group_look *group,
                                struct graph_request *ret_request, struct error *error)
{
	*ret_request = (struct graph_request){.method = GRAPH_GET, .url = group->url};
	if (group->url != NULL)
		return RESULT_OK;
	ret_request->path = arena_printf(looking->session.arena, "/groups/%s/members?$select=id&$top=999", group->id);
	return ret_request->path != NULL ? RESULT_OK : error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static void groups_end(struct looking *looking, struct group_look *const *groups, size_t count,
                       const struct error *error)
{
	for (size_t i = 0; i < count; i++)
		group_end(looking, groups[i], error);
}

static void first_page_hear(void *context, size_t request, struct batch_item *item)
{
	struct looking *looking = context;
	if (item == NULL) /* asked for by itself, later */
		return;
	const struct page_answer page = {item->result, item->status, item->body, &item->fault, &item->error};
	page_follow(looking, &looking->groups[request], &page);
}

/* Of all groups. */
static void first_pages_read(struct looking *looking)
{
	struct graph_request *requests = arena_array(looking->session.arena, looking->group_count, sizeof(*requests));
	struct error error = {.retry_after_ms = -1};
	enum result result = RESULT_OK;
	if (requests == NULL)
		result = error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	for (size_t i = 0; i < looking->group_count && result == RESULT_OK; i++)
		result = page_request(looking, &looking->groups[i], &requests[i], &error);
	const struct batch_listener listener = {.hear = first_page_hear, .context = looking};
	if (result == RESULT_OK)
		batch_perform_each(&looking->session, requests, looking->group_count, &listener);
	for (size_t i = 0; i < looking->group_count && result != RESULT_OK; i++)
		group_end(looking, &looking->groups[i], &error);
}

/* One page of each of at most PAGES_AT_ONCE groups. */
static void pages_read(struct looking *looking, struct group_look *const *groups, size_t count)
{
	struct graph_request requests[PAGES_AT_ONCE] = {0};
	struct graph_answer answers[PAGES_AT_ONCE];
	enum result results[PAGES_AT_ONCE];
	struct error errors[PAGES_AT_ONCE];
	struct error error = {.retry_after_ms = -1};
	enum result result = RESULT_OK;
	for (size_t i = 0; i < count && result == RESULT_OK; i++)
		result = page_request(looking, groups[i], &requests[i], &error);
	if (result != RESULT_OK) {
		groups_end(looking, groups, count, &error);
		return;
	}
	(void)graph_perform_all(&looking->session, requests, count, answers, results, errors);
	for (size_t i = 0; i < count; i++) {
		const struct page_answer page = {results[i], answers[i].status, answers[i].body, &answers[i].fault, &errors[i]};
		page_follow(looking, groups[i], &page);
		graph_answer_done(&answers[i]);
	}
}

/* Up to `most` of the groups that are not over. */
static size_t groups_pick(struct looking *looking, struct group_look **ret_groups, size_t most)
{
	size_t count = 0;
	for (size_t i = 0; i < looking->group_count && count < most; i++)
		if (!looking->groups[i].over)
			ret_groups[count++] = &looking->groups[i];
	return count;
}

static void lists_walk(struct looking *looking)
{
	struct group_look *groups[PAGES_AT_ONCE];
	if (looking->group_count > 1)
		first_pages_read(looking);
	for (;;) {
		size_t count = groups_pick(looking, groups, PAGES_AT_ONCE);
		if (count == 0)
			return;
		pages_read(looking, groups, count);
	}
}

/* Anything but RESULT_OK: nothing was looked at. */
static enum result looking_begin(struct looking *looking, const struct connector_environment *environment,
                                 const struct connector_target *target, size_t count, struct arena *arena,
                                 struct error *error)
{
	looking->target = *target;
	if (count > 1 && target->deadline_ms == 0)
		looking->target.deadline_ms = clock_monotonic_ms(environment->clock) + MANY_DEADLINE_MS;
	looking->order = arena_array(arena, count, sizeof(*looking->order));
	looking->groups = arena_array(arena, count, sizeof(*looking->groups));
	if (looking->order == NULL || looking->groups == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	enum result result = graph_session_init(environment, &looking->target, arena, &looking->session, error);
	if (result == RESULT_OK)
		groups_cut(looking, looks_sort(looking, count));
	return result;
}

void entra_look_members(const struct connector_environment *environment, const struct connector_target *target,
                        struct connector_look *looks, size_t count)
{
	struct error error = {.retry_after_ms = -1};
	enum result result = error_set(&error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	_cleanup_(arena_freep) struct arena *arena = arena_new(CALL_ARENA_CEILING);
	_cleanup_(arena_freep) struct arena *links = arena_new(LINK_ARENA_CEILING);
	struct looking looking = {.looks = looks, .links = links};
	for (size_t i = 0; i < count; i++) {
		looks[i].member = false;
		looks[i].error = (struct error){.retry_after_ms = -1};
	}
	if (arena != NULL && links != NULL)
		result = looking_begin(&looking, environment, target, count, arena, &error);
	for (size_t i = 0; i < count && result != RESULT_OK; i++)
		look_fail(&looks[i], result, error.code, error.detail);
	lists_walk(&looking);
	for (size_t i = 0; i < looking.group_count; i++) {
		odata_walk_done(&looking.groups[i].walk);
		memory_free(looking.groups[i].url);
	}
}
