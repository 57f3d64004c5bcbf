/* Groups that are created for a tool: a job does it, and binds what it created. */
#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

struct creation_started {
	struct tool tool;
	const char *job_id;
};

#define LIVE "status IN ('queued', 'running', 'waiting')"

static const char *creation_under_way(struct session *session, struct arena *arena, const char *job_id)
{
	return sql_ask_text(session, arena, "SELECT job_id FROM job WHERE job_id = ?1 AND " LIVE,
	                    SQL_ARGS(sql_text(job_id)));
}

/* The last creation for this tool may have made a group that nobody has seen or bound since: then the new one looks for
 * that, under the name which it was given, before it makes another. */
static const char *creation_progress(struct session *session, const struct tool *tool, const char *wanted)
{
	const char *lost = sql_ask_text(
	    session, session->scratch,
	    "SELECT json_set(progress, '$.displayName', json_extract(?3, '$.displayName'), '$.description', "
	    "json_extract(?3, '$.description')) FROM job WHERE job_id = (SELECT job_id FROM job WHERE kind = 'createGroup' "
	    "AND subject = ?1 ORDER BY job_id DESC LIMIT 1) AND connector_id = ?2 AND status = 'manualFollowUp' AND "
	    "json_extract(progress, '$.sent')",
	    SQL_ARGS(sql_text(tool->tool_id), sql_text(tool->connector_id), sql_text(wanted)));
	return lost != NULL ? lost : wanted;
}

/* One that sent nothing yet ends here; of another, its own next attempt says what may be left. */
void creation_cancel(struct session *session, const char *job_id)
{
	if (job_id == NULL)
		return;
	sql_run(session,
	        "UPDATE job SET status = 'cancelled', held = 0, next_attempt_at = 0, updated_at = ?2 WHERE job_id = ?1 AND "
	        "status IN ('queued', 'waiting') AND coalesce(json_extract(progress, '$.sent'), 0) = 0",
	        SQL_ARGS(sql_text(job_id), sql_int(session->now)));
}

static enum result creation_check(const struct sqlite_write *write, const struct tool *tool)
{
	if (tool->connector_id == NULL)
		return write_refuse(write, RESULT_CONFLICT, "connector_not_tested",
		                    "The tool has no connector; choose one and test it first.");
	if (tool->group.group_id != NULL)
		return write_refuse(write, RESULT_CONFLICT, "group_already_bound",
		                    "The tool has a group already; unbind that first.");
	return RESULT_OK;
}

static enum result creation_start(struct session *session, struct sqlite_write *write)
{
	const struct group_order *order = write->in;
	struct creation_started *started = write_out(write);
	struct tool *tool = &started->tool;
	enum result result;

	if (idempotency_answered(session, write, &result))
		return result;
	result = tool_load(session, write, write->arena, tool);
	if (result == RESULT_OK)
		result = version_check(write, tool->version);
	if (result == RESULT_OK)
		result = creation_check(write, tool);
	if (result != RESULT_OK)
		return result;
	started->job_id = creation_under_way(session, write->arena, tool->group_job_id);
	if (started->job_id != NULL)
		return RESULT_OK;
	started->job_id = order->job_id;
	job_start(session, &(struct job_start){.kind = JOB_CREATE_GROUP,
	                                       .job_id = order->job_id,
	                                       .connector_id = tool->connector_id,
	                                       .subject = write->id,
	                                       .progress = creation_progress(session, tool, order->progress)});
	sql_run(session, "UPDATE tool SET group_job_id = ?2 WHERE tool_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_text(order->job_id)));
	audit_append(session, write->actor, "tool.groupCreationStarted", "tool", write->id, "ok",
	             audit_detail(session, NULL, "connectorId", tool->connector_id, "jobId", order->job_id, NULL));
	idempotency_keep(session, write);
	return RESULT_OK;
}

enum result sqlite_op_tool_start_group(struct store *store, const struct actor *actor, const char *tool_id,
                                       const struct group_order *order, struct idempotency *idempotency,
                                       struct arena *arena, struct tool *ret_tool, const char **ret_job_id,
                                       struct error *error)
{
	struct creation_started started = {0};
	enum result result = sqlite_write(store, &(struct sqlite_write){.work = creation_start,
	                                                                .actor = actor,
	                                                                .id = tool_id,
	                                                                .in = order,
	                                                                .expected_version = order->expected_version,
	                                                                .idempotency = idempotency,
	                                                                .arena = arena,
	                                                                .error = error,
	                                                                .ret = &started,
	                                                                .ret_size = sizeof(started)});

	if (result != RESULT_OK)
		return result;
	*ret_tool = started.tool;
	*ret_job_id = started.job_id;
	return RESULT_OK;
}

struct creation_end {
	const struct job *job;
	const struct entitlement_group *group;
};

static enum result creation_finish(struct session *session, struct sqlite_write *write)
{
	const struct creation_end *end = write->in;
	const struct job_outcome outcome = {.status = JOB_SUCCEEDED};
	int64_t job_key = 0;
	struct tool tool;
	enum result result;

	if (!job_fence_holds(session, end->job->job_id, end->job->fence, &job_key))
		return refuse_lease_lost(write);
	result = tool_load(session, write, session->scratch, &tool);
	if (result != RESULT_OK)
		return result;
	if (!text_equal(tool.connector_id, end->job->connector_id))
		return write_refuse(write, RESULT_CONFLICT, "conflict", "The tool has another connector by now.");
	if (tool.group.group_id != NULL && !text_equal(tool.group.group_id, end->group->group_id))
		return write_refuse(write, RESULT_CONFLICT, "group_already_bound", "The tool has another group by now.");
	if (!text_equal(tool.group_job_id, end->job->job_id))
		return write_refuse(write, RESULT_CONFLICT, "conflict", "The tool was unbound meanwhile.");
	result = tool_check_bind(session, write, &tool, end->group);
	if (result != RESULT_OK)
		return result;
	tool_put_group(session, write->id, end->group);
	audit_append(session, &actor_worker, "tool.groupCreated", "tool", write->id, "ok",
	             audit_detail(session, NULL, "connectorId", tool.connector_id, "groupId", end->group->group_id, "jobId",
	                          end->job->job_id, NULL));
	job_end(session, job_key, &outcome);
	return RESULT_OK;
}

enum result sqlite_op_tool_finish_group(struct store *store, const struct job *job,
                                        const struct entitlement_group *group, struct error *error)
{
	struct creation_end end = {job, group};

	return sqlite_write(
	    store, &(struct sqlite_write){.work = creation_finish, .id = job->subject, .in = &end, .error = error});
}
