/* Grants, changed.
 *
 * What holds here: a grant moves by the table of the domain (grant_next) and in no other way; its new state, its line
 * of history, the job that follows, the end of the job that caused it, and the audit event are one transaction. A
 * worker's change counts only while its lease does. Where a grant acts is pinned when it starts; it is filled in later
 * only if there was nothing to pin. */
#include <stdio.h>

#include "base/text.h"
#include "domain/code.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_stop.h"
#include "store/sqlite_work.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

void grant_history_add(struct session *session, int64_t grant_key, const struct actor *actor, const char *from,
                       const char *to, const char *code)
{
	sql_run(session,
	        "INSERT INTO grant_history (grant_key, at, from_status, to_status, actor_kind, actor_id, code) VALUES (?1, "
	        "?2, ?3, ?4, ?5, ?6, ?7)",
	        SQL_ARGS(sql_int(grant_key), sql_int(session->now), sql_text(from), sql_text(to), sql_text(actor->kind),
	                 sql_text(actor->id), sql_text(code)));
}

/* Pins where the grant acts: the tool's connector, its tenant, the bound group. False if there is no group to pin. */
static bool grant_pin(struct session *session, struct grant *grant)
{
	struct tool tool;

	if (tool_get(session, session->scratch, grant->tool_id, &tool) != RESULT_OK || tool.connector_id == NULL ||
	    tool.group.group_id == NULL)
		return false;
	grant->connector_id = tool.connector_id;
	grant->tenant_id =
	    sql_ask_text(session, session->scratch, "SELECT tenant_id FROM connector WHERE connector_id = ?1",
	                 SQL_ARGS(sql_text(tool.connector_id)));
	grant->group_id = tool.group.group_id;
	return true;
}

static void follow_up_begin(struct grant *grant, enum grant_action action, const struct grant_change *change,
                            int64_t now)
{
	grant->follow_up = (struct grant_follow_up){
	    .action = action,
	    .code = change->code,
	    .reason = change->reason,
	    .candidates = change->candidates,
	    .since = now,
	};
	grant->code = change->code;
	grant->reason = change->reason;
}

/* ---- the job that a state asks for, and the word that Jira gets ---- */

/* Expiry is nobody's word; so is what else finds by itself that somebody must leave. */
static bool is_unasked(const struct grant_change *change)
{
	return change->unasked || change->event == GRANT_EVENT_EXPIRE;
}

static void grant_start_job(struct session *session, const struct grant_row *row, bool unasked)
{
	if (row->grant.status != GRANT_PENDING_PROVISION && row->grant.status != GRANT_PENDING_DEPROVISION)
		return;
	job_start(session, &(struct job_start){.kind = row->grant.status == GRANT_PENDING_PROVISION ? JOB_PROVISION
	                                                                                            : JOB_DEPROVISION,
	                                       .grant_key = row->key,
	                                       .request_key = row->request_key,
	                                       .connector_id = row->grant.connector_id,
	                                       .group_id = row->grant.group_id,
	                                       .unasked = unasked});
}

static void grant_tell(struct session *session, const struct grant_row *row)
{
	switch (row->grant.status) {
	case GRANT_ACTIVE:
		write_back_start(session, row->request_key, row->key, "active", 0);
		break;
	case GRANT_MANUAL_FOLLOW_UP:
		write_back_start(session, row->request_key, row->key, "needsPerson", row->grant.version);
		break;
	case GRANT_REVOKED:
	case GRANT_EXPIRED:
	case GRANT_NOT_GRANTED:
		write_back_start(session, row->request_key, row->key, "ended", 0);
		break;
	default:
		break;
	}
}

/* ---- starting ---- */

static void grant_insert(struct session *session, const struct grant *grant, int64_t request_key)
{
	const struct grant_follow_up *follow_up = &grant->follow_up;

	sql_run(
	    session,
	    "INSERT INTO access_grant (grant_id, request_key, tool_id, account_id, connector_id, tenant_id, group_id, "
	    "status, ends_as, membership_preexisting, duration_days, active_at, expires_at, code, reason, "
	    "follow_up_action, follow_up_code, follow_up_reason, follow_up_since, created_at, updated_at, version) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'revoked', 0, ?9, 0, 0, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16, 1)",
	    SQL_ARGS(sql_text(grant->grant_id), sql_int(request_key), sql_text(grant->tool_id), sql_text(grant->account_id),
	             sql_text(grant->connector_id), sql_text(grant->tenant_id), sql_text(grant->group_id),
	             sql_text(grant_status_name(grant->status)), sql_int(grant->duration_days), sql_text(grant->code),
	             sql_text(grant->reason), sql_text(grant_action_name(follow_up->action)), sql_text(follow_up->code),
	             sql_text(follow_up->reason), sql_int(follow_up->since), sql_int(session->now)));
}

void grant_start(struct session *session, const struct actor *actor, const struct request_row *request,
                 char ret_grant_id[ID_SIZE])
{
	const struct code *unbound = code_find("group_not_bound");
	struct grant_row row = {.request_key = request->key};
	struct grant *grant = &row.grant;

	id_new(session->now, ret_grant_id);
	grant->grant_id = ret_grant_id;
	grant->tool_id = request->request.tool_id;
	grant->account_id = request->request.account_id;
	grant->duration_days = request->request.duration_days;
	grant->version = 1;
	grant->status = GRANT_PENDING_PROVISION;
	if (!grant_pin(session, grant)) {
		struct grant_change change = {.code = "group_not_bound",
		                              .reason = unbound != NULL ? unbound->summary : "The tool has no group."};
		grant->status = GRANT_MANUAL_FOLLOW_UP;
		follow_up_begin(grant, GRANT_ACTION_PROVISION, &change, session->now);
	}
	grant_insert(session, grant, request->key);
	row.key = sqlite3_last_insert_rowid(session->connection->db);
	grant_history_add(session, row.key, actor, NULL, grant_status_name(grant->status), grant->code);
	grant_start_job(session, &row, false);
	grant_tell(session, &row);
	brake_keep(session, grant);
}

/* ---- changing ---- */

/* What the event does to the grant's own members, its new state apart. `grant->status` is still the old one. */
static void grant_change_members(struct grant *grant, const struct grant_change *change, int64_t now)
{
	enum grant_action removing = GRANT_ACTION_DEPROVISION, adding = GRANT_ACTION_PROVISION;

	grant->follow_up = (struct grant_follow_up){.action = GRANT_ACTION_NONE};
	grant->code = change->code;
	grant->reason = change->reason;
	switch (change->event) {
	case GRANT_EVENT_MEMBER:
		if (grant->active_at == 0) { /* found again after it was lost: the approved time is not given anew */
			grant->active_at = now;
			grant->expires_at = now + grant->duration_days * DAY_MS;
		}
		break;
	case GRANT_EVENT_NEEDS_PERSON:
		follow_up_begin(grant, grant->status == GRANT_PENDING_PROVISION ? adding : removing, change, now);
		break;
	case GRANT_EVENT_MEMBER_LOST:
		follow_up_begin(grant, adding, change, now);
		break;
	case GRANT_EVENT_NOT_OURS:
		grant->membership_preexisting = true;
		follow_up_begin(grant, removing, change, now);
		break;
	case GRANT_EVENT_REVOKE:
		grant->ends_as = GRANT_REVOKED;
		break;
	case GRANT_EVENT_EXPIRE:
		grant->ends_as = GRANT_EXPIRED;
		break;
	case GRANT_EVENT_RESOLVE_USER:
		if (!text_equal_fold(grant->external_user_id, change->external_user_id)) /* as the directory spells it */
			grant->external_user_id = change->external_user_id;
		break;
	default:
		break;
	}
}

/* Apart, since it is seldom another, and a column that is set is written in each of its indexes, changed or not. */
static void grant_save_target(struct session *session, const struct grant_row *row)
{
	const struct grant *grant = &row->grant;
	const struct grant_target *saved = &row->saved;

	if (text_equal(grant->connector_id, saved->connector_id) && text_equal(grant->tenant_id, saved->tenant_id) &&
	    text_equal(grant->group_id, saved->group_id) && text_equal(grant->external_user_id, saved->external_user_id))
		return;
	sql_run(session,
	        "UPDATE access_grant SET connector_id = ?2, tenant_id = ?3, group_id = ?4, external_user_id = ?5 WHERE "
	        "grant_key = ?1",
	        SQL_ARGS(sql_int(row->key), sql_text(grant->connector_id), sql_text(grant->tenant_id),
	                 sql_text(grant->group_id), sql_text(grant->external_user_id)));
}

static void grant_save(struct session *session, const struct grant_row *row)
{
	const struct grant *grant = &row->grant;
	const struct grant_follow_up *follow_up = &grant->follow_up;

	grant_save_target(session, row);
	sql_run(
	    session,
	    "UPDATE access_grant SET status = ?2, ends_as = ?3, membership_preexisting = ?4, active_at = ?5, expires_at = "
	    "?6, code = ?7, reason = ?8, follow_up_action = ?9, follow_up_code = ?10, follow_up_reason = ?11, "
	    "follow_up_candidates = ?12, follow_up_since = ?13, updated_at = ?14, version = ?15 WHERE grant_key = ?1",
	    SQL_ARGS(sql_int(row->key), sql_text(grant_status_name(grant->status)),
	             sql_text(grant_status_name(grant->ends_as)), sql_int(grant->membership_preexisting),
	             sql_int(grant->active_at), sql_int(grant->expires_at), sql_text(grant->code), sql_text(grant->reason),
	             sql_text(grant_action_name(follow_up->action)), sql_text(follow_up->code), sql_text(follow_up->reason),
	             sql_text(follow_up->candidates), sql_int(follow_up->since), sql_int(session->now),
	             sql_int(grant->version)));
}

/* Ends the job by which a worker acts. */
static void grant_end_job(struct session *session, int64_t job_key, const struct grant_change *change)
{
	bool person = change->event == GRANT_EVENT_NEEDS_PERSON || change->event == GRANT_EVENT_NOT_OURS;
	struct job_outcome outcome = {
	    .status = person ? JOB_MANUAL_FOLLOW_UP : JOB_SUCCEEDED,
	    .error_code = person ? change->code : NULL,
	    .error_detail = person ? change->reason : NULL,
	};

	if (job_key != 0)
		job_end(session, job_key, &outcome);
}

static void grant_record(struct session *session, const struct actor *actor, const struct grant_row *row,
                         const char *from, const struct grant_change *change)
{
	const struct grant *grant = &row->grant;
	const char *to = grant_status_name(grant->status);
	char action[64];

	snprintf(action, sizeof(action), "grant.%s", grant_event_name(change->event));
	grant_history_add(session, row->key, actor, from, to, change->code);
	audit_append(
	    session, actor, action, "grant", grant->grant_id, change->event == GRANT_EVENT_NEEDS_PERSON ? "failed" : "ok",
	    audit_detail(session, change->detail, "from", from, "to", to, "code", change->code, "jobId", change->job_id,
	                 "toolId", grant->tool_id, "accountId", grant->account_id, "connectorId", grant->connector_id,
	                 "groupId", grant->group_id, "externalUserId", grant->external_user_id, NULL));
}

/* Whoever it is that somebody else settled on meanwhile, or that is being taken out, is not the one named here. */
static bool is_another_user(const struct grant *grant, const struct grant_change *change)
{
	return change->event == GRANT_EVENT_RESOLVE_USER &&
	       !text_equal_fold(grant->external_user_id, change->external_user_id);
}

/* What forbids an event that the table allows. */
static enum result grant_check(struct session *session, struct sqlite_write *write, struct grant *grant,
                               const struct grant_change *change, enum grant_status to)
{
	if (change->event == GRANT_EVENT_RESOLVE_USER && change->external_user_id == NULL)
		return write_refuse(write, RESULT_INVALID, "validation_failed", "A user must be named.");
	/* It would end with the one whose access it is still in the group, or with somebody out whom we never put in. */
	if (to == GRANT_PENDING_DEPROVISION && grant->external_user_id != NULL && is_another_user(grant, change))
		return write_refuse(write, RESULT_CONFLICT, "conflict",
		                    "A removal is about the user who was given the access, and no other.");
	/* Nobody would take the first one out again: no grant would know of them. */
	if (to == GRANT_PENDING_PROVISION && is_another_user(grant, change) && membership_is_this_ones(session, grant))
		return write_refuse(
		    write, RESULT_CONFLICT, "conflict",
		    "The user %s may be in the group by this grant, so it cannot go on with %s. Revoke it: that "
		    "takes the first one out; then ask for the access anew.",
		    grant->external_user_id, change->external_user_id);
	/* The other grant may have ended since the worker looked; then the membership must not stay. */
	if (change->event == GRANT_EVENT_KEPT && !grant_held_by_other(session, grant)) {
		enum result result = write_refuse(write, RESULT_UNAVAILABLE, "unavailable",
		                                  "No other grant keeps this membership any more; look again.");
		if (write->error != NULL)
			write->error->retryable = true;
		return result;
	}
	if (to == GRANT_PENDING_PROVISION && grant->group_id == NULL && !grant_pin(session, grant))
		return write_refuse(write, RESULT_CONFLICT, "group_not_bound", "The tool has no group to put the user into.");
	return RESULT_OK;
}

static void grant_follow(struct session *session, struct sqlite_write *write, struct grant_row *row, int64_t job_key,
                         enum grant_status to)
{
	const struct grant_change *change = write->in;
	const char *from = grant_status_name(row->grant.status);

	membership_settle(session, &row->grant, change);
	grant_change_members(&row->grant, change, session->now);
	row->grant.status = to;
	row->grant.version++;
	grant_save(session, row);
	grant_end_job(session, job_key, change);
	job_cancel_of_grant(session, row->key);
	grant_start_job(session, row, is_unasked(change));
	grant_tell(session, row);
	if (change->event == GRANT_EVENT_RESOLVE_USER && change->save_mapping)
		mapping_save_chosen(session, write->actor, row->grant.account_id, row->grant.connector_id,
		                    change->external_user_id);
	grant_record(session, write->actor, row, from, change);
	if (to == GRANT_PENDING_DEPROVISION || !grant_is_open(to))
		extension_let_go(session, write->actor, row->key);
	stop_note(session, row->key, change->event, to);
	if (!grant_is_open(to))
		brake_review_smaller(session, &row->grant, job_key);
}

static enum result grant_give(struct session *session, struct sqlite_write *write)
{
	struct grant_row row;
	enum result result;

	if (write->ret == NULL)
		return RESULT_OK;
	result = grant_get(session, write->arena, write->id, &row);
	if (result == RESULT_OK)
		*(struct grant *)write_out(write) = row.grant;
	return result;
}

/* A person who asks for a removal that is under way already may mean one that is held. */
static bool is_asking(const struct grant_change *change)
{
	return change->job_id == NULL && !is_unasked(change) &&
	       (change->event == GRANT_EVENT_REVOKE || change->event == GRANT_EVENT_RETRY);
}

enum result grant_move(struct session *session, struct sqlite_write *write)
{
	const struct grant_change *change = write->in;
	enum grant_status to;
	bool unchanged = false;
	int64_t job_key = 0;
	struct grant_row row;
	enum result result = grant_get(session, session->scratch, write->id, &row);

	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? refuse_not_found(write, "grant") : result;
	if (change->job_id != NULL && !job_fence_holds(session, change->job_id, change->fence, &job_key))
		return refuse_lease_lost(write);
	result =
	    grant_next(row.grant.status, row.grant.follow_up.action, row.grant.ends_as, change->event, &to, &unchanged);
	if (result != RESULT_OK)
		return write_refuse(write, RESULT_CONFLICT, "conflict", "A grant that is %s cannot do this.",
		                    grant_status_name(row.grant.status));
	if (unchanged && is_another_user(&row.grant, change))
		return write_refuse(write, RESULT_CONFLICT, "conflict", "The grant does not ask for a user now.");
	if (unchanged) {
		grant_end_job(session, job_key, change);
		if (is_asking(change))
			brake_ask(session, write->actor, &row);
		return grant_give(session, write);
	}
	result = grant_check(session, write, &row.grant, change, to);
	if (result != RESULT_OK)
		return result;
	grant_follow(session, write, &row, job_key, to);
	if (is_unasked(change) && !write->flag)
		brake_review(session, row.grant.connector_id, row.grant.group_id);
	return grant_give(session, write);
}

enum result sqlite_op_grant_apply(struct store *store, const struct actor *actor, const char *grant_id,
                                  const struct grant_change *change, struct arena *arena, struct grant *ret_grant,
                                  struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = grant_move,
	                                                  .actor = actor,
	                                                  .id = grant_id,
	                                                  .in = change,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_grant,
	                                                  .ret_size = sizeof(*ret_grant)});
}
