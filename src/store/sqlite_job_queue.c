#include "store/sqlite_job_queue.h"

static void stream_read(struct cursor *cursor, void *item)
{
	struct queue_stream *stream = item;

	stream->connector_id = cursor_text(cursor);
	stream->group_id = cursor_text(cursor);
	stream->priority = cursor_int(cursor);
}

static const struct row_type stream_row = {sizeof(struct queue_stream), stream_read, NULL};

bool queue_advance(struct session *session, struct queue_stream *stream)
{
	return sql_ask(session, QUEUE_STREAM_NEXT,
	               SQL_ARGS(sql_text(stream->connector_id), sql_text(stream->group_id), sql_int(stream->priority),
	                        sql_int(stream->head)),
	               &stream->head);
}

void queue_streams(struct session *session, const char *connector_id, int64_t fence, struct queue_stream **ret_streams,
                   size_t *ret_count)
{
	struct queue_stream *streams = NULL;
	size_t count = 0, left = 0;
	const char *from = connector_id != NULL ? connector_id : "", *to = connector_id != NULL ? connector_id : "~";

	if (sql_read_list(session, session->scratch, &stream_row, SQLITE_WHOLE_LIST, QUEUE_STREAMS,
	                  SQL_ARGS(sql_int(session->now), sql_text(from), sql_text(to), sql_int(fence)), &streams, &count,
	                  NULL) != RESULT_OK)
		count = 0;
	for (size_t at = 0; at < count; at++) {
		streams[at].head = 0;
		if (queue_advance(session, &streams[at]))
			streams[left++] = streams[at];
	}
	*ret_streams = streams;
	*ret_count = left;
}

bool queue_precedes(const struct queue_stream *one, const struct queue_stream *other)
{
	return one->priority != other->priority ? one->priority < other->priority : one->head < other->head;
}
