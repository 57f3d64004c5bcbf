/* The removal of somebody who is in a group without a grant: how it begins, and what becomes of one that is held.
 *
 * An admin asks for it, one by one; or their tool settles by itself. Then nobody asked, so the brake counts it with the
 * expiries of the group (sqlite_brake.c), and some are never taken out so: whoever was in the group before us, since
 * that is for a person to say (contract, state of grants); whose grant there a person has ended in a manual follow-up,
 * since that person's word, perhaps to keep them, stands; what is not known to be a user; and whoever is in a group of
 * which not every tool settles by itself. They stay findings.
 *
 * It is done once, when the member is found. A finding that is open after that, because the removal failed or was
 * cancelled, waits for an admin. */
#include "base/text.h"
#include "domain/code.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

void finding_record(struct session *session, const struct actor *actor, const struct finding *finding,
                    const char *action, const char *job_id, const char *grant_id)
{
	audit_append(session, actor, action, "finding", finding->finding_id, "ok",
	             audit_detail(session, NULL, "connectorId", finding->connector_id, "groupId", finding->group_id,
	                          "memberId", finding->member_id, "grantId", grant_id, "jobId", job_id, NULL));
}

void finding_name_settler(struct session *session, const struct actor *actor, int64_t finding_key, const char *reason,
                          const char *job_id)
{
	sql_run(
	    session,
	    "UPDATE finding SET status = 'settling', job_id = ?2, settled_by_kind = ?3, settled_by_id = ?4, reason = ?5, "
	    "code = ?6, detail = NULL, version = version + 1 WHERE finding_key = ?1",
	    SQL_ARGS(sql_int(finding_key), sql_text(job_id), sql_text(actor->kind), sql_text(actor->id), sql_text(reason),
	             sql_text(finding_class_code(FINDING_PRESENT))));
}

void finding_start_removal(struct session *session, const struct actor *actor, const struct finding_row *row,
                           const char *reason, bool unasked, const char *job_id)
{
	const struct finding *finding = &row->finding;

	job_start(session, &(struct job_start){.kind = JOB_DEPROVISION,
	                                       .connector_id = finding->connector_id,
	                                       .group_id = finding->group_id,
	                                       .subject = finding->finding_id,
	                                       .job_id = job_id,
	                                       .unasked = unasked});
	finding_name_settler(session, actor, row->key, reason, job_id);
	finding_record(session, actor, finding, "finding.takeOut", job_id, NULL);
}

/* ---- by itself ---- */

#define OF_GROUP(drift)                                                                                                \
	"EXISTS (SELECT 1 FROM tool t JOIN connector c ON c.connector_key = t.connector_key WHERE c.connector_id = ?1 "    \
	"AND t.group_id = ?2 AND t.drift " drift " 'settle')"

static bool group_settles_itself(struct session *session, const struct finding *finding)
{
	return sql_exists(session, "SELECT 1 WHERE " OF_GROUP("=") " AND NOT " OF_GROUP("<>"),
	                  SQL_ARGS(sql_text(finding->connector_id), sql_text(finding->group_id)));
}

/* Somebody has said, or a grant has shown, that it is not for us to take them out. */
static bool is_for_a_person(struct session *session, const struct finding *finding)
{
	return finding->preexisting || finding->member_kind != MEMBER_USER ||
	       sql_exists(
	           session,
	           "SELECT 1 FROM access_grant g INDEXED BY access_grant_by_member WHERE g.connector_id = ?1 AND "
	           "g.group_id = ?2 AND lower(g.external_user_id) = ?3 AND (g.membership_preexisting = 1 OR EXISTS "
	           "(SELECT 1 FROM grant_history h WHERE h.grant_key = g.grant_key AND h.from_status = "
	           "'manualFollowUp' AND h.to_status IN ('revoked', 'expired', 'notGranted')))",
	           SQL_ARGS(sql_text(finding->connector_id), sql_text(finding->group_id), sql_text(finding->member_id)));
}

void finding_settle_itself(struct session *session, struct watch_row *watch, const char *finding_id)
{
	struct finding_row row;
	char job_id[ID_SIZE];

	if (finding_get(session, session->scratch, finding_id, &row) != RESULT_OK ||
	    !group_settles_itself(session, &row.finding) || is_for_a_person(session, &row.finding))
		return;
	id_new(session->now, job_id);
	finding_start_removal(session, &actor_worker, &row, NULL, true, job_id);
	watch->removes = true;
}

/* ---- held ---- */

void finding_drop_removal(struct session *session, const struct finding_row *row)
{
	const struct finding *finding = &row->finding;

	brake_drop(session, finding->connector_id, finding->group_id, finding->job_id);
	sql_run(
	    session,
	    "UPDATE finding SET status = 'open', job_id = NULL, settled_by_kind = NULL, settled_by_id = NULL, version = "
	    "version + 1 WHERE finding_key = ?1",
	    SQL_ARGS(sql_int(row->key)));
}

enum result finding_cancel_removal(struct session *session, const struct actor *actor, const char *finding_id)
{
	const struct code *held = code_find("removals_held");
	struct finding_row row;
	enum result result = finding_get(session, session->scratch, finding_id, &row);

	if (result != RESULT_OK)
		return result;
	finding_drop_removal(session, &row);
	sql_run(session, "UPDATE finding SET code = ?2, detail = ?3 WHERE finding_key = ?1",
	        SQL_ARGS(sql_int(row.key), sql_text("removals_held"),
	                 sql_text(held != NULL ? held->summary : "The removal was held and cancelled.")));
	finding_record(session, actor, &row.finding, "finding.takeOutCancelled", row.finding.job_id, NULL);
	return RESULT_OK;
}

void finding_keep_member(struct session *session, const char *connector_id, const char *group_id, const char *member_id)
{
	struct finding_row row;

	if (sql_read_one(session, session->scratch, &finding_row_type,
	                 "SELECT " FINDING_COLUMNS
	                 " FROM finding f JOIN job j ON j.job_id = f.job_id WHERE f.connector_id = ?1 AND f.group_id = ?2 "
	                 "AND f.member_id = lower(?3) AND f.status <> 'resolved' AND f.status = 'settling' AND j.held = 2",
	                 SQL_ARGS(sql_text(connector_id), sql_text(group_id), sql_text(member_id)), &row) != RESULT_OK)
		return;
	finding_drop_removal(session, &row);
	finding_resolve(session, row.key, "approved", NULL, NULL);
}
