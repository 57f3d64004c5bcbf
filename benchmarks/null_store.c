#include "null_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"

#define BLOCK 20 /* of a group in a row, as the store's cohorts have them */

enum { SINGLE, BULK, URGENCIES };

enum state { STATE_QUEUED, STATE_RUNNING, STATE_WAITING, STATE_ENDED };

struct membership {
	size_t group, person;
	bool bulk;
	bool intended;
	enum state state;
	int attempts;
	int64_t fence;
	int64_t due_at; /* while waiting */
	int64_t active_at;
	char *progress;
};

/* Membership numbers in the order of their age. */
struct queue {
	size_t *numbers;
	size_t first, end, room;
};

struct group {
	struct queue queues[URGENCIES];
	struct queue again[URGENCIES]; /* those that came back: older than any in `queues` */
	int64_t fence;                 /* who has the lease; 0: nobody */
	size_t running;
};

struct null_store {
	struct store store;
	const struct clock *clock;
	const struct connector_settings *connector;
	pthread_mutex_t lock;
	struct membership *memberships;
	size_t count, room;
	struct group *groups;
	size_t group_count;
	struct queue waiting;
	int64_t last_fence;
	int64_t paused_until;
	bool paused_bulk_only;
	struct null_store_counts counts;
	void (*changed)(void *context);
	void *changed_context;
};

static void *need(void *block)
{
	if (block == NULL)
		abort();
	return block;
}

static struct null_store *of(struct store *store)
{
	return (struct null_store *)store;
}

static void queue_push(struct queue *queue, size_t number)
{
	if (queue->first == queue->end)
		queue->first = queue->end = 0;
	if (queue->end == queue->room) {
		queue->room = queue->room != 0 ? 2 * queue->room : 64;
		queue->numbers = need(realloc(queue->numbers, queue->room * sizeof(*queue->numbers)));
	}
	queue->numbers[queue->end++] = number;
}

static bool queue_is_empty(const struct queue *queue)
{
	return queue->first == queue->end;
}

/* ---- who is next ---- */

static bool is_paused(const struct null_store *null, int urgency)
{
	return null->paused_until > clock_now_ms(null->clock) && (urgency == BULK || !null->paused_bulk_only);
}

static struct queue *group_head(struct group *group, int urgency)
{
	return !queue_is_empty(&group->again[urgency]) ? &group->again[urgency] : &group->queues[urgency];
}

/* The queue whose head is the most urgent, then the oldest, of groups that `fence` may take of; NULL: none. */
static struct queue *next_queue(struct null_store *null, int64_t fence)
{
	for (int urgency = SINGLE; urgency < URGENCIES; urgency++) {
		struct queue *best = NULL;
		for (size_t i = 0; i < null->group_count && !is_paused(null, urgency); i++) {
			struct queue *queue = group_head(&null->groups[i], urgency);
			bool free = null->groups[i].fence == 0 || null->groups[i].fence == fence;
			if (free && !queue_is_empty(queue) &&
			    (best == NULL || queue->numbers[queue->first] < best->numbers[best->first]))
				best = queue;
		}
		if (best != NULL)
			return best;
	}
	return NULL;
}

static void promote(struct null_store *null)
{
	int64_t now = clock_now_ms(null->clock);
	size_t kept = 0;
	for (size_t i = 0; i < null->waiting.end; i++) {
		size_t number = null->waiting.numbers[i];
		struct membership *membership = &null->memberships[number];
		if (membership->due_at > now) {
			null->waiting.numbers[kept++] = number;
			continue;
		}
		membership->state = STATE_QUEUED;
		queue_push(&null->groups[membership->group].again[membership->bulk ? BULK : SINGLE], number);
	}
	null->waiting.end = kept;
}

static void take(struct null_store *null, size_t number, int64_t fence, struct arena *arena, struct job *ret_job)
{
	struct membership *membership = &null->memberships[number];
	struct group *group = &null->groups[membership->group];
	membership->state = STATE_RUNNING;
	membership->attempts++;
	membership->fence = fence;
	group->fence = fence;
	group->running++;
	*ret_job = (struct job){
	    .job_id = need(arena_printf(arena, "%zu", number)),
	    .kind = JOB_PROVISION,
	    .status = JOB_RUNNING,
	    .bulk = membership->bulk,
	    .grant_id = need(arena_printf(arena, "%zu", number)),
	    .connector_id = null->connector->connector_id,
	    .group_id = need(arena_printf(arena, NULL_STORE_GROUP, membership->group)),
	    .attempts = membership->attempts,
	    .fence = fence,
	    .progress = membership->progress != NULL ? need(arena_strdup(arena, membership->progress)) : NULL,
	};
}

static int64_t next_due(const struct null_store *null)
{
	int64_t due = null->paused_until > clock_now_ms(null->clock) ? null->paused_until : 0;
	for (size_t i = 0; i < null->waiting.end; i++) {
		int64_t at = null->memberships[null->waiting.numbers[i]].due_at;
		if (due == 0 || at < due)
			due = at;
	}
	return due;
}

static enum result claim(struct store *store, const char *holder, int64_t lease_ms, struct arena *arena,
                         struct job *ret_job, int64_t *ret_next_due)
{
	struct null_store *null = of(store);
	(void)holder, (void)lease_ms;
	pthread_mutex_lock(&null->lock);
	promote(null);
	struct queue *queue = next_queue(null, 0);
	if (queue != NULL)
		take(null, queue->numbers[queue->first++], ++null->last_fence, arena, ret_job);
	else
		*ret_next_due = next_due(null);
	pthread_mutex_unlock(&null->lock);
	return queue != NULL ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result claim_more(struct store *store, const struct job *job, const char *holder, int64_t lease_ms,
                              size_t limit, struct arena *arena, struct job **ret_jobs, size_t *ret_count)
{
	struct null_store *null = of(store);
	struct job *jobs = need(arena_array(arena, limit, sizeof(*jobs)));
	size_t count = 0;
	(void)holder, (void)lease_ms;
	pthread_mutex_lock(&null->lock);
	promote(null);
	for (struct queue *queue; count < limit && (queue = next_queue(null, job->fence)) != NULL;)
		for (size_t taken = 0; taken < BLOCK && count < limit && !queue_is_empty(queue); taken++)
			take(null, queue->numbers[queue->first++], job->fence, arena, &jobs[count++]);
	pthread_mutex_unlock(&null->lock);
	*ret_jobs = jobs;
	*ret_count = count;
	return RESULT_OK;
}

static enum result pause_connector(struct store *store, const char *connector_id, bool bulk_only, int64_t until,
                                   struct error *error)
{
	struct null_store *null = of(store);
	(void)connector_id, (void)error;
	pthread_mutex_lock(&null->lock);
	bool holds = null->paused_until > clock_now_ms(null->clock) && !null->paused_bulk_only;
	if (!bulk_only || !holds) {
		null->paused_until = until;
		null->paused_bulk_only = bulk_only;
	}
	pthread_mutex_unlock(&null->lock);
	return RESULT_OK;
}

/* ---- how it ended ---- */

static struct membership *membership_of(struct null_store *null, const char *id)
{
	return &null->memberships[strtoul(id, NULL, 10)];
}

static void leave(struct null_store *null, struct membership *membership, enum state state)
{
	struct group *group = &null->groups[membership->group];
	membership->state = state;
	if (--group->running == 0)
		group->fence = 0;
}

static void note_code(struct null_store *null, const char *code)
{
	if (code != NULL)
		snprintf(null->counts.code, sizeof(null->counts.code), "%s", code);
}

static void keep_progress(struct membership *membership, const char *progress)
{
	if (progress == NULL)
		return;
	free(membership->progress);
	membership->progress = need(strdup(progress));
}

static void wait_until(struct null_store *null, struct membership *membership, int64_t due_at)
{
	membership->due_at = due_at;
	null->counts.waits++;
	leave(null, membership, STATE_WAITING);
	queue_push(&null->waiting, (size_t)(membership - null->memberships));
}

static void end_active(struct null_store *null, struct membership *membership)
{
	membership->active_at = clock_now_ms(null->clock);
	null->counts.active++;
	leave(null, membership, STATE_ENDED);
}

static void end_follow_up(struct null_store *null, struct membership *membership, const char *code)
{
	null->counts.follow_ups++;
	note_code(null, code);
	leave(null, membership, STATE_ENDED);
}

static void end_outcome(struct null_store *null, struct membership *membership, const struct job_outcome *outcome)
{
	note_code(null, outcome->error_code);
	keep_progress(membership, outcome->progress);
	if (outcome->status == JOB_WAITING)
		wait_until(null, membership, outcome->next_attempt_at);
	else
		end_follow_up(null, membership, outcome->error_code);
}

static void settle(struct null_store *null, struct job_settlement *settlement)
{
	struct membership *membership = membership_of(null, settlement->job->job_id);
	if (membership->fence != settlement->job->fence || membership->state != STATE_RUNNING) {
		settlement->result = error_set(&settlement->error, RESULT_CONFLICT, "lease_lost", "The lease is lost.");
		return;
	}
	settlement->result = RESULT_OK;
	if (settlement->change != NULL && settlement->change->event == GRANT_EVENT_MEMBER) {
		end_active(null, membership);
	} else if (settlement->change != NULL) {
		end_follow_up(null, membership, settlement->change->code);
	} else if (settlement->incident != NULL) {
		null->counts.incidents++;
		note_code(null, settlement->incident->code);
		wait_until(null, membership, settlement->incident->next_probe_at);
	} else {
		end_outcome(null, membership, settlement->outcome);
	}
}

static void tell(const struct null_store *null)
{
	if (null->changed != NULL)
		null->changed(null->changed_context);
}

static void settle_all(struct store *store, const struct actor *actor, struct job_settlement *settlements, size_t count,
                       struct arena *arena)
{
	struct null_store *null = of(store);
	(void)actor, (void)arena;
	pthread_mutex_lock(&null->lock);
	for (size_t i = 0; i < count; i++)
		settle(null, &settlements[i]);
	pthread_mutex_unlock(&null->lock);
	tell(null);
}

static enum result finish(struct store *store, const struct job *job, const struct job_outcome *outcome,
                          struct error *error)
{
	struct job_settlement settlement = {.job = job, .outcome = outcome};
	settle_all(store, NULL, &settlement, 1, NULL);
	if (settlement.result != RESULT_OK && error != NULL)
		*error = settlement.error;
	return settlement.result;
}

static enum result save_progress(struct store *store, const struct job *job, const char *progress, struct error *error)
{
	struct null_store *null = of(store);
	(void)error;
	pthread_mutex_lock(&null->lock);
	keep_progress(membership_of(null, job->job_id), progress);
	pthread_mutex_unlock(&null->lock);
	return RESULT_OK;
}

static enum result renew(struct store *store, const struct job *job, int64_t lease_ms, struct error *error)
{
	(void)store, (void)job, (void)lease_ms, (void)error;
	return RESULT_OK;
}

/* ---- what is asked of grants ---- */

static enum result read_grant(struct store *store, const char *grant_id, struct arena *arena, struct grant *ret_grant)
{
	struct null_store *null = of(store);
	pthread_mutex_lock(&null->lock);
	const struct membership *membership = membership_of(null, grant_id);
	size_t group = membership->group;
	size_t person = membership->person;
	bool ended = membership->state == STATE_ENDED;
	bool intended = membership->intended;
	pthread_mutex_unlock(&null->lock);
	*ret_grant = (struct grant){
	    .grant_id = need(arena_strdup(arena, grant_id)),
	    .request_id = need(arena_strdup(arena, grant_id)),
	    .account_id = need(arena_printf(arena, "%zu", person)),
	    .connector_id = null->connector->connector_id,
	    .tenant_id = null->connector->tenant_id,
	    .group_id = need(arena_printf(arena, NULL_STORE_GROUP, group)),
	    .external_user_id = intended ? need(arena_printf(arena, NULL_STORE_USER, person)) : NULL,
	    .status = ended ? GRANT_ACTIVE : GRANT_PENDING_PROVISION,
	    .ends_as = GRANT_REVOKED,
	};
	return RESULT_OK;
}

static enum result read_request(struct store *store, const char *request_id, struct arena *arena,
                                struct access_request *ret_request)
{
	(void)store;
	*ret_request = (struct access_request){
	    .request_id = need(arena_strdup(arena, request_id)), .approval = "console", .status = REQUEST_APPROVED};
	return RESULT_OK;
}

static enum result find_mapping(struct store *store, const char *account_id, const char *connector_id,
                                struct arena *arena, struct identity_mapping *ret_mapping)
{
	(void)store;
	char *user = need(arena_printf(arena, NULL_STORE_USER, (size_t)strtoul(account_id, NULL, 10)));
	*ret_mapping = (struct identity_mapping){.mapping_id = need(arena_strdup(arena, account_id)),
	                                         .account_id = need(arena_strdup(arena, account_id)),
	                                         .connector_id = connector_id,
	                                         .external_id = user};
	return RESULT_OK;
}

static enum result save_checks(struct store *store, const struct actor *actor, const struct mapping_check *checks,
                               size_t count, struct error *error)
{
	(void)store, (void)actor, (void)checks, (void)count, (void)error;
	return RESULT_OK;
}

static enum result removal_under_way(struct store *store, const struct grant *grant, const char *external_user_id,
                                     bool *ret_exists)
{
	(void)store, (void)grant, (void)external_user_id;
	*ret_exists = false;
	return RESULT_OK;
}

static void intend(struct store *store, struct membership_intent *intents, size_t count, struct arena *arena)
{
	struct null_store *null = of(store);
	(void)arena;
	pthread_mutex_lock(&null->lock);
	for (size_t i = 0; i < count; i++) {
		struct membership *membership = membership_of(null, intents[i].grant_id);
		bool known = membership->intended && !intents[i].never_sent;
		intents[i].before = known ? MEMBERSHIP_OURS : MEMBERSHIP_UNKNOWN;
		intents[i].origin = MEMBERSHIP_OURS;
		intents[i].result = RESULT_OK;
		membership->intended = true;
	}
	pthread_mutex_unlock(&null->lock);
}

static enum result mark_preexisting(struct store *store, const char *grant_id, const char *job_id, int64_t fence,
                                    const char *external_user_id, struct error *error)
{
	(void)store, (void)grant_id, (void)job_id, (void)fence, (void)external_user_id, (void)error;
	return RESULT_OK;
}

static enum result read_connector(struct store *store, const char *connector_id, struct arena *arena,
                                  struct connector_settings *ret_connector)
{
	(void)connector_id, (void)arena;
	*ret_connector = *of(store)->connector;
	return RESULT_OK;
}

static void set_listener(struct store *store, void (*changed)(void *context), void *context)
{
	of(store)->changed = changed;
	of(store)->changed_context = context;
}

static const struct store_ops null_store_table = {
    .name = "null",
    .set_listener = set_listener,
    .connector_read = read_connector,
    .connector_pause = pause_connector,
    .mapping_find = find_mapping,
    .mapping_save_checks = save_checks,
    .request_read = read_request,
    .grant_read = read_grant,
    .grant_removal_under_way = removal_under_way,
    .grant_intend_memberships = intend,
    .grant_mark_preexisting = mark_preexisting,
    .job_claim = claim,
    .job_claim_more = claim_more,
    .job_renew = renew,
    .job_settle_all = settle_all,
    .job_finish = finish,
    .job_save_progress = save_progress,
};

struct null_store *null_store_new(const struct clock *clock, const struct connector_settings *connector, size_t groups)
{
	struct null_store *null = need(calloc(1, sizeof(*null)));
	null->store.ops = &null_store_table;
	null->clock = clock;
	null->connector = connector;
	null->groups = need(calloc(groups, sizeof(*null->groups)));
	null->group_count = groups;
	pthread_mutex_init(&null->lock, NULL);
	return null;
}

void null_store_free(struct null_store *null)
{
	for (size_t i = 0; i < null->count; i++)
		free(null->memberships[i].progress);
	for (size_t i = 0; i < null->group_count; i++)
		for (int urgency = SINGLE; urgency < URGENCIES; urgency++) {
			free(null->groups[i].queues[urgency].numbers);
			free(null->groups[i].again[urgency].numbers);
		}
	free(null->waiting.numbers);
	free(null->memberships);
	free(null->groups);
	pthread_mutex_destroy(&null->lock);
	free(null);
}

struct store *null_store_ops(struct null_store *null)
{
	return &null->store;
}

size_t null_store_add(struct null_store *null, size_t group, size_t person, bool bulk)
{
	pthread_mutex_lock(&null->lock);
	if (null->count == null->room) {
		null->room = null->room != 0 ? 2 * null->room : 1024;
		null->memberships = need(realloc(null->memberships, null->room * sizeof(*null->memberships)));
	}
	size_t number = null->count++;
	null->memberships[number] = (struct membership){.group = group, .person = person, .bulk = bulk};
	queue_push(&null->groups[group].queues[bulk ? BULK : SINGLE], number);
	null->counts.added++;
	pthread_mutex_unlock(&null->lock);
	tell(null);
	return number;
}

struct null_store_counts null_store_count(struct null_store *null)
{
	pthread_mutex_lock(&null->lock);
	struct null_store_counts counts = null->counts;
	pthread_mutex_unlock(&null->lock);
	return counts;
}

int64_t null_store_active_at(struct null_store *null, size_t membership)
{
	pthread_mutex_lock(&null->lock);
	int64_t at = null->memberships[membership].active_at;
	pthread_mutex_unlock(&null->lock);
	return at;
}
