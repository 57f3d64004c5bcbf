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
	size_t limit;
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
static void heap_sink(struct queue_stream *streams, size_t count, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		struct queue_stream stream = streams[at];

		if (child + 1 < count && queue_precedes(&streams[child + 1], &streams[child]))
			child++;
		if (!queue_precedes(&streams[child], &stream))
			return;
		streams[at] = streams[child];
		streams[child] = stream;
	}
}

/* So many are taken of a group in a row, however its jobs are interleaved with those of others: they can be written
 * with one PATCH, which holds 20 members. Taken by age alone, 400 jobs of 50 groups would be 50 calls of 8 instead of
 * 20 of 20. */
#define COHORT_BLOCK 20

/* Takes a block of the stream; false if the stream has no more. */
static bool cohort_take_block(struct session *session, struct cohort *cohort, struct queue_stream *stream)
{
	const struct cohort_asked *asked = cohort->asked;

	for (size_t taken = 0; taken < COHORT_BLOCK && cohort->count < asked->limit;) {
		if (job_take(session, stream->head, asked->job->fence, asked->holder, cohort->until)) {
			if (taken == 0)
				job_take_group(session, stream->head);
			cohort->keys[cohort->count++] = stream->head;
			taken++;
		}
		if (!queue_advance(session, stream))
			return false;
	}
	return true;
}

static void cohort_take(struct session *session, struct cohort *cohort)
{
	const struct cohort_asked *asked = cohort->asked;
	struct queue_stream *streams;
	size_t count;

	queue_streams(session, asked->job->connector_id, asked->job->fence, &streams, &count);
	for (size_t at = count / 2; at > 0; at--)
		heap_sink(streams, count, at - 1);
	while (cohort->count < asked->limit && count > 0) {
		if (!cohort_take_block(session, cohort, &streams[0]))
			streams[0] = streams[--count];
		heap_sink(streams, count, 0);
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
	cohort_take(session, &cohort);
	return cohort_give(session, write, &cohort);
}

enum result sqlite_op_job_claim_more(struct store *store, const struct job *job, const char *holder, int64_t lease_ms,
                                     size_t limit, struct arena *arena, struct job **ret_jobs, size_t *ret_count)
{
	struct cohort_asked asked = {job, holder, lease_ms, limit};
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
