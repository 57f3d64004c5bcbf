/* The queue, looked at group by group: what is queued behind a leased group is stepped over in one stride, however much
 * it is.
 *
 * A stream is what is queued with one priority for one group. Every job with a group is a provision or a deprovision.
 */
#ifndef AIC_STORE_SQLITE_JOB_QUEUE_H
#define AIC_STORE_SQLITE_JOB_QUEUE_H

#include "store/sqlite_work.h"

struct queue_stream {
	const char *connector_id;
	const char *group_id;
	int64_t priority;
	int64_t head; /* the job that is next in it */
};

/* No other running job is at the grant of `job`, a name in the statement. */
#define JOB_GRANT_FREE(job)                                                                                            \
	"(" job ".grant_key IS NULL OR NOT EXISTS (SELECT 1 FROM job o INDEXED BY job_by_grant WHERE o.grant_key = " job   \
	".grant_key AND o.status = 'running'))"

/* The pause of a connector, if one holds at ?1, spares provision and deprovision jobs that are more urgent than what it
 * holds. `job` and `of`, whose connector it is, are names in the statement. */
#define PAUSE_SPARES(job, of)                                                                                          \
	job ".priority < coalesce((SELECT p.priority FROM connector_pause p WHERE p.connector_id = " of                    \
	    ".connector_id AND p.until > ?1), 1000)"

/* The first job, by the index, of what `where` says. */
#define QUEUE_FIRST(where)                                                                                             \
	"(SELECT n.job_key FROM job n INDEXED BY job_queue_of_group WHERE n.status = 'queued' AND n.group_id IS NOT NULL " \
	"AND " where " ORDER BY n.connector_id, n.priority, n.group_id, n.job_key LIMIT 1)"
#define QUEUE_START QUEUE_FIRST("n.connector_id >= ?2")
#define QUEUE_NEXT_GROUP                                                                                               \
	QUEUE_FIRST("n.connector_id = j.connector_id AND n.priority = j.priority AND n.group_id > j.group_id")
#define QUEUE_NEXT_PRIORITY QUEUE_FIRST("n.connector_id = j.connector_id AND n.priority > j.priority")
#define QUEUE_NEXT_CONNECTOR QUEUE_FIRST("n.connector_id > j.connector_id")
/* The streams of the connectors ?2 to ?3 that no pause holds at ?1, and whose group no other fence than ?4 has a lease
 * of that does. It goes from one stream to the next by the index, never through the jobs of a stream; what a pause
 * holds is the rest of its connector. */
#define QUEUE_SPARED PAUSE_SPARES("j", "j")
#define QUEUE_STREAMS                                                                                                  \
	"WITH RECURSIVE stream (at) AS (SELECT " QUEUE_START " UNION ALL SELECT CASE WHEN " QUEUE_SPARED                   \
	" THEN coalesce(" QUEUE_NEXT_GROUP ", " QUEUE_NEXT_PRIORITY ", " QUEUE_NEXT_CONNECTOR                              \
	") ELSE " QUEUE_NEXT_CONNECTOR                                                                                     \
	" END FROM stream s JOIN job j ON j.job_key = s.at WHERE j.connector_id <= ?3) SELECT j.connector_id, "            \
	"j.group_id, j.priority FROM stream s JOIN job j ON j.job_key = s.at WHERE j.connector_id <= ?3 AND " QUEUE_SPARED \
	" AND NOT EXISTS (SELECT 1 FROM group_lease l WHERE l.connector_id = j.connector_id AND l.group_id = j.group_id "  \
	"AND l.expires_at > ?1 AND l.fence <> ?4)"
/* What is next in a stream (?1 to ?3), after job ?4. */
#define QUEUE_STREAM_NEXT                                                                                              \
	"SELECT j.job_key FROM job j INDEXED BY job_queue_of_group WHERE j.status = 'queued' AND j.group_id IS NOT NULL "  \
	"AND j.connector_id = ?1 AND j.group_id = ?2 AND j.priority = ?3 AND j.job_key > ?4 AND " JOB_GRANT_FREE(          \
	    "j") " ORDER BY j.job_key LIMIT 1"

/* Jobs whose time has come, and those whose holder is lost, are queued. */
void queue_promote(struct session *session);
/* The streams that have a job to give now, each with its head, in scratch. `connector_id` NULL: of all connectors.
 * Leases under `fence` do not count (0: all count). */
void queue_streams(struct session *session, const char *connector_id, int64_t fence, struct queue_stream **ret_streams,
                   size_t *ret_count);
/* Moves the head on; false if the stream has no further job to give. */
bool queue_advance(struct session *session, struct queue_stream *stream);
/* The more urgent of two heads, or the older. */
bool queue_precedes(const struct queue_stream *one, const struct queue_stream *other);

/* Takes a job under the fence; false if another job of its grant runs by now. Whoever takes it takes its group's lease
 * too: once for several jobs of a group. */
bool job_take(struct session *session, int64_t job_key, int64_t fence, const char *holder, int64_t until);
/* The lease of the group of a job that was taken, under its fence and until its end. */
void job_take_group(struct session *session, int64_t job_key);

#endif
