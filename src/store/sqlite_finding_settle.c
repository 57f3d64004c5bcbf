/* Findings, settled.
 *
 * Who is missing is put back by their own grant: it is retried. Who is there without an approval is either taken out,
 * by a deprovision job that has the finding instead of a grant and goes the way of all removals (planner, budget,
 * DELETE …/$ref, a look afterwards), or adopted: then there is a request that the admin approved, a grant with the
 * member pinned, and the membership counts as ours, so that it ends with the grant.
 *
 * Nobody who has an open grant in the group is taken out, and whoever is approved while a removal is under way waits
 * for its end (grant_removal_under_way). */
#include "base/text.h"
#include "domain/code.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

enum result grant_move_also(struct session *session, struct sqlite_write *write, const struct actor *actor,
                            const char *grant_id, const struct grant_change *change)
{
	struct sqlite_write also = {.actor = actor, .id = grant_id, .in = change, .error = write->error};

	return grant_move(session, &also);
}

struct settled {
	struct finding finding;
	const char *job_id;
};

static enum result refuse_conflict(struct sqlite_write *write, const char *sentence)
{
	return write_refuse(write, RESULT_CONFLICT, "conflict", "%s", sentence);
}

static const char *job_of_grant(struct session *session, struct arena *arena, const char *grant_id)
{
	return sql_ask_text(session, arena,
	                    "SELECT job_id FROM job WHERE grant_key = (SELECT grant_key FROM access_grant WHERE grant_id = "
	                    "?1) AND kind IN ('provision', 'deprovision') ORDER BY job_key DESC LIMIT 1",
	                    SQL_ARGS(sql_text(grant_id)));
}

/* ---- put back ---- */

static enum result put_back(struct session *session, struct sqlite_write *write, const struct finding_row *row,
                            struct settled *settled)
{
	const struct finding_order *order = write->in;
	const struct grant_change change = {.event = GRANT_EVENT_RETRY};
	enum result result = grant_move_also(session, write, write->actor, row->finding.grant_id, &change);

	if (result != RESULT_OK)
		return result;
	settled->job_id = job_of_grant(session, write->arena, row->finding.grant_id);
	finding_resolve(session, row->key, "putBack", write->actor, order->reason);
	finding_record(session, write->actor, &row->finding, "finding.putBack", settled->job_id, row->finding.grant_id);
	return RESULT_OK;
}

/* ---- take out ---- */

static bool has_open_grant(struct session *session, const struct finding *finding)
{
	return sql_exists(
	    session,
	    "SELECT 1 FROM access_grant INDEXED BY access_grant_by_member WHERE connector_id = ?1 AND group_id "
	    "= ?2 AND lower(external_user_id) = ?3 AND status IN " GRANT_OPEN,
	    SQL_ARGS(sql_text(finding->connector_id), sql_text(finding->group_id), sql_text(finding->member_id)));
}

static bool is_bound(struct session *session, const struct finding *finding, const char *tool_id)
{
	return sql_exists(
	    session,
	    "SELECT 1 FROM tool t JOIN connector c ON c.connector_key = t.connector_key WHERE c.connector_id = "
	    "?1 AND t.group_id = ?2 AND coalesce(t.tool_id = ?3, 1)",
	    SQL_ARGS(sql_text(finding->connector_id), sql_text(finding->group_id), sql_text(tool_id)));
}

/* What forbids to decide about a member who is there. */
static enum result present_check(struct session *session, struct sqlite_write *write, const struct finding *finding,
                                 const char *tool_id)
{
	if (!member_kind_is_user(finding->member_kind))
		return refuse_conflict(write,
		                       "This member is no user; look at it under Groups > the group > Members in Entra.");
	if (!is_bound(session, finding, tool_id))
		return write_refuse(write, RESULT_CONFLICT, "group_not_bound", "The group is not bound to that tool.");
	if (has_open_grant(session, finding))
		return refuse_conflict(write, "A grant is about this member by now; the next check closes the finding.");
	return RESULT_OK;
}

static enum result take_out(struct session *session, struct sqlite_write *write, const struct finding_row *row,
                            struct settled *settled)
{
	const struct finding_order *order = write->in;
	enum result result = present_check(session, write, &row->finding, NULL);
	char *job_id = arena_alloc(write->arena, ID_SIZE);

	if (result != RESULT_OK)
		return result;
	if (job_id == NULL)
		return RESULT_NO_MEMORY;
	id_new(session->now, job_id);
	finding_start_removal(session, write->actor, row, order->reason, false, job_id);
	settled->job_id = job_id;
	return RESULT_OK;
}

/* A person asks for one of the removals that are held: that one goes on. */
static enum result take_out_held(struct session *session, struct sqlite_write *write, const struct finding_row *row,
                                 struct settled *settled)
{
	const struct finding *finding = &row->finding;
	const struct finding_order *order = write->in;
	enum result result = present_check(session, write, finding, NULL);

	if (result != RESULT_OK)
		return result;
	brake_ask_for_job(session, finding->connector_id, finding->group_id, finding->job_id);
	finding_name_settler(session, write->actor, row->key, order->reason, finding->job_id);
	finding_record(session, write->actor, finding, "finding.takeOut", finding->job_id, NULL);
	settled->job_id = arena_strdup(write->arena, finding->job_id);
	return RESULT_OK;
}

static void removal_fail(struct session *session, const struct finding_row *row, const struct grant_change *change)
{
	sql_run(session,
	        "UPDATE finding SET status = 'open', code = ?2, detail = ?3, version = version + 1 WHERE finding_key = ?1",
	        SQL_ARGS(sql_int(row->key), sql_text(change->code), sql_text(change->reason)));
}

enum result finding_end_removal(struct session *session, struct sqlite_write *write)
{
	const struct grant_change *change = write->in;
	bool person = change->event == GRANT_EVENT_NEEDS_PERSON, kept = change->event == GRANT_EVENT_KEPT;
	struct job_outcome outcome = {.status = person ? JOB_MANUAL_FOLLOW_UP : JOB_SUCCEEDED,
	                              .error_code = person ? change->code : NULL,
	                              .error_detail = person ? change->reason : NULL};
	struct finding_row row;
	int64_t job_key = 0;
	enum result result = finding_get(session, session->scratch, write->id, &row);

	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? refuse_not_found(write, "finding") : result;
	if (!job_fence_holds(session, change->job_id, change->fence, &job_key))
		return refuse_lease_lost(write);
	job_end(session, job_key, &outcome);
	if (row.finding.status != FINDING_SETTLING)
		return RESULT_OK;
	if (person)
		removal_fail(session, &row, change);
	else
		finding_resolve(session, row.key, kept ? "approved" : "takenOut", NULL, NULL);
	if (!person && !kept)
		sql_run(session,
		        "DELETE FROM membership WHERE connector_key = ?1 AND group_id = ?2 AND lower(external_user_id) = ?3",
		        SQL_ARGS(sql_key(connector_key_of(session, row.finding.connector_id)), sql_text(row.finding.group_id),
		                 sql_text(row.finding.member_id)));
	audit_append(session, write->actor,
	             person ? "finding.takeOutFailed"
	             : kept ? "finding.kept"
	                    : "finding.takenOut",
	             "finding", row.finding.finding_id, person ? "failed" : "ok",
	             audit_detail(session, change->detail, "code", change->code, "jobId", change->job_id, "connectorId",
	                          row.finding.connector_id, "groupId", row.finding.group_id, "memberId",
	                          row.finding.member_id, NULL));
	return RESULT_OK;
}

/* ---- adopt ---- */

/* The tool that the grant will be of. */
static enum result adopt_tool(struct session *session, struct sqlite_write *write, const struct finding *finding,
                              struct tool *ret_tool)
{
	const struct finding_order *order = write->in;
	const char *tool_id = order->tool_id != NULL ? order->tool_id : finding->tool_id;

	if (tool_id == NULL)
		return write_refuse(write, RESULT_INVALID, "validation_failed",
		                    "toolId: several tools share this group; say which one the grant is of.");
	enum result result = present_check(session, write, finding, tool_id);
	if (result == RESULT_OK)
		result = tool_get(session, session->scratch, tool_id, ret_tool);
	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? refuse_not_found(write, "tool") : result;
	if (ret_tool->stopped)
		return write_refuse(write, RESULT_CONFLICT, "tool_stopped", "%s", code_find("tool_stopped")->summary);
	if (order->duration_days > ret_tool->max_duration_days)
		return write_refuse(write, RESULT_INVALID, "duration_exceeds_maximum",
		                    "durationDays: this tool is given for %d days at most.", ret_tool->max_duration_days);
	if (request_has_grant(session, tool_id, order->account_id))
		return write_refuse(write, RESULT_CONFLICT, "duplicate_grant", "%s", code_find("duplicate_grant")->summary);
	return RESULT_OK;
}

/* From now on the membership ends with the grant: an admin said that it belongs to it. */
static void membership_adopt(struct session *session, const struct finding *finding, const char *grant_id)
{
	sql_run(session, "UPDATE access_grant SET external_user_id = ?2 WHERE grant_id = ?1",
	        SQL_ARGS(sql_text(grant_id), sql_text(finding->member_id)));
	sql_run(
	    session,
	    "INSERT INTO membership (connector_key, group_id, external_user_id, origin, created_at) VALUES (?1, ?2, ?3, "
	    "'ours', ?4) ON CONFLICT (connector_key, group_id, external_user_id) DO UPDATE SET origin = 'ours'",
	    SQL_ARGS(sql_key(connector_key_of(session, finding->connector_id)), sql_text(finding->group_id),
	             sql_text(finding->member_id), sql_int(session->now)));
}

static enum result adopt(struct session *session, struct sqlite_write *write, const struct finding_row *row,
                         struct settled *settled)
{
	const struct finding_order *order = write->in;
	char request_id[ID_SIZE], grant_id[ID_SIZE] = "";
	struct tool tool;
	enum result result = adopt_tool(session, write, &row->finding, &tool);

	if (result != RESULT_OK)
		return result;
	id_new(session->now, request_id);
	const struct access_request request = {
	    .request_id = request_id,
	    .tool_id = tool.tool_id,
	    .tool_text = tool.tool_id,
	    .account_id = order->account_id,
	    .purpose = order->reason,
	    .duration_days = order->duration_days != 0 ? order->duration_days : tool.default_duration_days,
	    .approval = "console",
	    .status = REQUEST_PENDING,
	};
	const struct request_change change = {
	    .event = REQUEST_EVENT_APPROVE, .decided_by = order->decided_by, .decision = order->decision};
	result = request_grant_at_once(session, write, &request, &change, grant_id);
	if (result != RESULT_OK)
		return result;
	membership_adopt(session, &row->finding, grant_id);
	finding_resolve(session, row->key, "adopted", write->actor, order->reason);
	sql_run(
	    session,
	    "UPDATE finding SET grant_key = (SELECT grant_key FROM access_grant WHERE grant_id = ?2) WHERE finding_key = "
	    "?1",
	    SQL_ARGS(sql_int(row->key), sql_text(grant_id)));
	settled->job_id = job_of_grant(session, write->arena, grant_id);
	finding_record(session, write->actor, &row->finding, "finding.adopted", settled->job_id, grant_id);
	return RESULT_OK;
}

/* ---- the order ---- */

static const struct {
	enum finding_class class;
	const char *resolution;
	enum result (*settle)(struct session *session, struct sqlite_write *write, const struct finding_row *row,
	                      struct settled *settled);
} actions[] = {
    [FINDING_PUT_BACK] = {FINDING_MISSING, "putBack", put_back},
    [FINDING_TAKE_OUT] = {FINDING_PRESENT, "takenOut", take_out},
    [FINDING_ADOPT] = {FINDING_PRESENT, "adopted", adopt},
};

/* It is already where the order leads. */
static bool is_done(const struct finding *finding, enum finding_action action)
{
	return text_equal(finding->resolution, actions[action].resolution) ||
	       (finding->status == FINDING_SETTLING && action == FINDING_TAKE_OUT);
}

static enum result settle_give(struct session *session, struct sqlite_write *write, struct settled *settled)
{
	struct finding_row row;
	enum result result = finding_get(session, write->arena, write->id, &row);

	if (result == RESULT_OK)
		settled->finding = row.finding;
	return result;
}

/* What is held waits for an admin's word, and this is one. */
static enum result settle_held(struct session *session, struct sqlite_write *write, struct finding_row *row,
                               struct settled *settled)
{
	const struct finding_order *order = write->in;
	enum result result;

	if (order->action == FINDING_TAKE_OUT) {
		result = take_out_held(session, write, row, settled);
	} else if (order->action == FINDING_ADOPT) {
		finding_drop_removal(session, row);
		result = adopt(session, write, row, settled);
	} else {
		return refuse_conflict(write, "That is no way to settle a finding of this class.");
	}
	return result == RESULT_OK ? settle_give(session, write, settled) : result;
}

static enum result settle_work(struct session *session, struct sqlite_write *write)
{
	const struct finding_order *order = write->in;
	struct settled *settled = write_out(write);
	struct finding_row row;
	enum result result = finding_get(session, session->scratch, write->id, &row);

	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? refuse_not_found(write, "finding") : result;
	result = version_check(write, row.finding.version);
	if (result != RESULT_OK)
		return result;
	if (row.finding.status == FINDING_SETTLING && brake_holds(session, row.finding.job_id))
		return settle_held(session, write, &row, settled);
	if (is_done(&row.finding, order->action))
		return settle_give(session, write, settled);
	if (row.finding.class != actions[order->action].class)
		return refuse_conflict(write, "That is no way to settle a finding of this class.");
	if (row.finding.status != FINDING_OPEN)
		return refuse_conflict(write, "The finding is settled already.");
	result = actions[order->action].settle(session, write, &row, settled);
	return result == RESULT_OK ? settle_give(session, write, settled) : result;
}

enum result sqlite_op_finding_settle(struct store *store, const struct actor *actor, const char *finding_id,
                                     const struct finding_order *order, struct arena *arena,
                                     struct finding *ret_finding, const char **ret_job_id, struct error *error)
{
	struct settled settled = {0};
	enum result result = sqlite_write(store, &(struct sqlite_write){.work = settle_work,
	                                                                .actor = actor,
	                                                                .id = finding_id,
	                                                                .in = order,
	                                                                .expected_version = order->expected_version,
	                                                                .arena = arena,
	                                                                .error = error,
	                                                                .ret = &settled,
	                                                                .ret_size = sizeof(settled)});

	if (result != RESULT_OK)
		return result;
	*ret_finding = settled.finding;
	*ret_job_id = settled.job_id;
	return RESULT_OK;
}
