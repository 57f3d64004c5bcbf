/* A cohort: the jobs that run under one fence.
 *
 * Which jobs: the first of a merge of the streams of the queue, by a heap, so that the cost goes with what is taken and
 * with the number of groups, not with what is queued behind them. */
#include "store/sqlite_job_queue.h"
#include "store/sqlite_ops.h"

struct cohort_asked {
	const struct job *job;
	const char *holder;
	int64_t lease_ms;
	size_t newest, limit;
};

struct cohort {
	const struct cohort_asked *asked;
	int64_t until;
	int64_t *keys; /* taken, in their order */
	size_t count;
};

struct cohort_given {
	struct job *jobs;
	size_t count;
};

/* Puts the stream at `at` in its place among those below it. */
static void heap_sink(struct queue_stream *streams, size_t count, size_t at, enum queue_order order)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		struct queue_stream stream = streams[at];

		if (child + 1 < count && queue_precedes(&streams[child + 1], &streams[child], order))
			child++;
		if (!queue_precedes(&streams[child], &stream, order))
			return;
		streams[at] = streams[child];
		streams[child] = stream;
	}
}

/* Takes jobs in the order until the cohort has `up_to`. */
static void cohort_take(struct session *session, struct cohort *cohort, size_t up_to, enum queue_order order)
{
	const struct cohort_asked *asked = cohort->asked;
	struct queue_stream *streams;
	size_t count;

	if (cohort->count >= up_to)
		return;
	queue_streams(session, asked->job->connector_id, asked->job->fence, order, &streams, &count);
	for (size_t at = count / 2; at > 0; at--)
		heap_sink(streams, count, at - 1, order);
	while (cohort->count < up_to && count > 0) {
		if (job_take(session, streams[0].head, asked->job->fence, asked->holder, cohort->until))
			cohort->keys[cohort->count++] = streams[0].head;
		if (!queue_advance(session, &streams[0], order))
			streams[0] = streams[--count];
		heap_sink(streams, count, 0, order);
	}
}

static enum result cohort_give(struct session *session, struct sqlite_write *write, const struct cohort *cohort)
{
	struct cohort_given *given = write_out(write);

	if (cohort->count == 0)
		return RESULT_OK;
	given->jobs = arena_array(write->arena, cohort->count, sizeof(*given->jobs));
	if (given->jobs == NULL)
		return RESULT_NO_MEMORY;
	for (; given->count < cohort->count; given->count++) {
		enum result result =
		    sql_read_one(session, write->arena, &job_row, "SELECT " JOB_COLUMNS " FROM job j WHERE j.job_key = ?1",
		                 SQL_ARGS(sql_int(cohort->keys[given->count])), &given->jobs[given->count]);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

static enum result cohort_work(struct session *session, struct sqlite_write *write)
{
	const struct cohort_asked *asked = write->in;
	struct cohort cohort = {.asked = asked, .until = session->now + asked->lease_ms};

	if (!job_fence_holds(session, asked->job->job_id, asked->job->fence, NULL) ||
	    !lease_renew(session, asked->job->fence, cohort.until))
		return refuse_lease_lost(write);
	cohort.keys = arena_array(session->scratch, asked->limit, sizeof(*cohort.keys));
	if (cohort.keys == NULL)
		return RESULT_NO_MEMORY;
	queue_promote(session);
	cohort_take(session, &cohort, asked->newest < asked->limit ? asked->newest : asked->limit, QUEUE_NEWEST);
	cohort_take(session, &cohort, asked->limit, QUEUE_OLDEST);
	return cohort_give(session, write, &cohort);
}

enum result sqlite_op_job_claim_more(struct store *store, const struct job *job, const char *holder, int64_t lease_ms,
                                     size_t newest, size_t limit, struct arena *arena, struct job **ret_jobs,
                                     size_t *ret_count)
{
	struct cohort_asked asked = {job, holder, lease_ms, newest, limit};
	struct cohort_given given = {0};
	enum result result = sqlite_write(
	    store, &(struct sqlite_write){
	               .work = cohort_work, .in = &asked, .arena = arena, .ret = &given, .ret_size = sizeof(given)});

	if (result != RESULT_OK)
		return result;
	*ret_jobs = given.jobs;
	*ret_count = given.count;
	return RESULT_OK;
}
