/* A person's texts and names, taken away.
 *
 * What stays is what the audit chain holds and needs: ids, instants, states, codes. The Atlassian account id and the
 * directory's object id are such ids; they name somebody only to who can look them up elsewhere. What goes is
 * everything that somebody wrote, or that a directory told, about this person: purposes, reasons, comments, notes, user
 * principal names, addresses, candidates; with a purpose goes its salt, so that the hash in the chain says nothing any
 * more.
 *
 * Each step is one statement with the person's account id as ?1. A table that comes to hold texts or names about people
 * gets its line here. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define PRINCIPALS "(SELECT principal_id FROM api_token WHERE account_id = ?1)"
/* What they asked for, or would have got. */
#define REQUESTS "(SELECT request_key FROM access_request WHERE account_id = ?1 OR filed_by = ?1)"
#define GRANTS "(SELECT grant_key FROM access_grant WHERE account_id = ?1)"
#define ISSUES                                                                                                         \
	"(SELECT issue_id FROM access_request WHERE (account_id = ?1 OR filed_by = ?1) AND issue_id IS NOT NULL UNION "    \
	"SELECT issue_key FROM access_request WHERE (account_id = ?1 OR filed_by = ?1) AND issue_key IS NOT NULL)"
/* Who they are in a directory. */
#define USERS                                                                                                          \
	"(SELECT external_user_id FROM access_grant WHERE account_id = ?1 AND external_user_id IS NOT NULL UNION SELECT "  \
	"resolved_object_id FROM identity_mapping WHERE account_id = ?1 AND resolved_object_id IS NOT NULL)"
/* What was found about them in a group, whoever wrote about it. */
#define FINDINGS                                                                                                       \
	"(SELECT finding_key FROM finding WHERE grant_key IN " GRANTS " OR member_id IN (SELECT lower(id) FROM (SELECT "   \
	"external_user_id AS id FROM access_grant WHERE account_id = ?1 UNION SELECT resolved_object_id FROM "             \
	"identity_mapping WHERE account_id = ?1)))"
#define IS_CANDIDATE "json_extract(c.value, '$.objectId') IN " USERS

/* A request that they filed for somebody else, whose grant goes on: its decision is held against Jira's once more. */
#define IS_OPEN                                                                                                        \
	"EXISTS (SELECT 1 FROM access_grant g WHERE g.request_key = access_request.request_key AND g.status "              \
	"IN " GRANT_OPEN ")"

struct erase_step {
	size_t counter; /* offset in struct erasure */
	const char *sql;
};
#define COUNTS(member) offsetof(struct erasure, member)

static const struct erase_step steps[] = {
    {COUNTS(requests),
     "UPDATE access_request SET purpose = NULL, purpose_salt = x'', tool_text = NULL, reason = NULL, "
     "decision = CASE WHEN " IS_OPEN
     " THEN decision ELSE json_remove(decision, '$.facts.toolText', '$.facts.durationText') END WHERE request_key "
     "IN " REQUESTS " AND (purpose IS NOT NULL OR length(purpose_salt) > 0 OR tool_text IS NOT NULL "
     "OR reason IS NOT NULL)"},
    /* What they wrote when they decided about somebody else's. */
    {COUNTS(requests), "UPDATE access_request SET reason = NULL WHERE reason IS NOT NULL AND code IS NULL AND "
                       "instr(',' || replace(decided_by, ' ', '') || ',', ',' || ?1 || ',') > 0"},
    /* In a manual follow-up of somebody else they may stand among the candidates: before who they are is forgotten. */
    {COUNTS(other),
     "UPDATE access_grant SET follow_up_candidates = (SELECT json_group_array(json(c.value)) FROM "
     "json_each(follow_up_candidates) c WHERE NOT coalesce(" IS_CANDIDATE ", 0)) WHERE "
     "follow_up_candidates IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(follow_up_candidates) c WHERE " IS_CANDIDATE
     ")"},
    {COUNTS(grants),
     "UPDATE access_grant SET reason = NULL, follow_up_reason = NULL, follow_up_candidates = NULL WHERE "
     "grant_key IN " GRANTS " AND (reason IS NOT NULL OR follow_up_reason IS NOT NULL OR "
     "follow_up_candidates IS NOT NULL)"},
    /* What they wrote when they ended somebody else's. */
    {COUNTS(grants),
     "UPDATE access_grant SET reason = NULL WHERE reason IS NOT NULL AND grant_key IN (SELECT grant_key "
     "FROM grant_history h WHERE (actor_id = ?1 OR actor_id IN " PRINCIPALS ") AND NOT EXISTS (SELECT 1 "
     "FROM grant_history later WHERE later.grant_key = h.grant_key AND later.history_key > "
     "h.history_key AND later.actor_kind <> 'system'))"},
    {COUNTS(other),
     "UPDATE job SET error_detail = NULL, progress = CASE WHEN status IN ('succeeded', 'manualFollowUp', "
     "'cancelled') THEN NULL ELSE progress END WHERE (grant_key IN " GRANTS " OR request_key IN " REQUESTS
     ") AND (error_detail IS NOT NULL OR (progress IS NOT "
     "NULL AND status IN ('succeeded', 'manualFollowUp', 'cancelled')))"},
    /* The removal of one who has no grant here is a job of its finding. */
    {COUNTS(other),
     "UPDATE job SET error_detail = NULL WHERE error_detail IS NOT NULL AND kind = 'deprovision' AND grant_key IS NULL "
     "AND subject IN (SELECT finding_id FROM finding WHERE finding_key IN " FINDINGS ")"},
    {COUNTS(other), "UPDATE finding SET reason = NULL, detail = NULL WHERE (reason IS NOT NULL OR detail IS NOT NULL) "
                    "AND finding_key IN " FINDINGS},
    /* What they wrote when they settled what was found about others. */
    {COUNTS(other), "UPDATE finding SET reason = NULL WHERE reason IS NOT NULL AND (settled_by_id = ?1 OR "
                    "settled_by_id IN " PRINCIPALS ")"},
    {COUNTS(other),
     "UPDATE inbox_event SET reason = NULL WHERE reason IS NOT NULL AND code IS NULL AND (request_id IN (SELECT "
     "request_id "
     "FROM access_request WHERE request_key IN " REQUESTS ") OR issue_id IN " ISSUES " OR issue_key IN " ISSUES ")"},
    /* Why they were stopped, and what they wrote when they stopped a tool or somebody else. */
    {COUNTS(other),
     "UPDATE stop SET reason = NULL, reason_salt = x'' WHERE reason IS NOT NULL AND ((kind = 'person' AND "
     "subject = ?1) OR actor_id = ?1 OR actor_id IN " PRINCIPALS ")"},
    {COUNTS(tokens), "UPDATE api_token SET name = '' WHERE account_id = ?1 AND name <> ''"},
    {COUNTS(mappings), "DELETE FROM identity_mapping WHERE account_id = ?1"},
};

struct erase_order {
	const char *account_id;
	const char *reason;
};

static bool is_known(struct session *session, const char *account_id)
{
	return sql_exists(session,
	                  "SELECT 1 FROM access_request WHERE account_id = ?1 OR filed_by = ?1 UNION ALL "
	                  "SELECT 1 FROM access_grant WHERE account_id = ?1 UNION ALL "
	                  "SELECT 1 FROM identity_mapping WHERE account_id = ?1 UNION ALL "
	                  "SELECT 1 FROM api_token WHERE account_id = ?1 UNION ALL "
	                  "SELECT 1 FROM erasure WHERE account_id = ?1 UNION ALL "
	                  "SELECT 1 FROM access_request WHERE instr(',' || replace(decided_by, ' ', '') || ',', ',' || ?1 "
	                  "|| ',') > 0",
	                  SQL_ARGS(sql_text(account_id)));
}

/* What is open still needs its texts: the approver reads the purpose, the removal needs the pinned user, and the user
 * who is looked for needs the mapping. */
static enum result check_open(struct session *session, struct sqlite_write *write, const char *account_id)
{
	if (sql_exists(session, "SELECT 1 FROM access_grant WHERE account_id = ?1 AND status IN " GRANT_OPEN,
	               SQL_ARGS(sql_text(account_id))))
		return write_refuse(write, RESULT_CONFLICT, "person_has_grants",
		                    "This person has grants that have not ended: revoke them, and erase once they are out.");
	if (sql_exists(session,
	               "SELECT 1 FROM access_request WHERE status = 'pending' AND (account_id = ?1 OR filed_by = ?1 OR "
	               "filed_by_principal IN " PRINCIPALS ")",
	               SQL_ARGS(sql_text(account_id))))
		return write_refuse(write, RESULT_CONFLICT, "person_has_requests",
		                    "A request of this person, or filed by them, is pending: decide or cancel it first.");
	return RESULT_OK;
}

/* The account id as it stands in a JSON text, without the quotes. */
static const char *as_in_json(struct session *session, const char *account_id)
{
	_cleanup_(text_done) struct text text = TEXT_INIT((size_t)4096);

	text_append_json(&text, account_id);
	if (text_failed(&text) || text.length < 2) {
		session_fail(session, RESULT_NO_MEMORY, "Out of memory while erasing.");
		return NULL;
	}
	return arena_strndup(session->scratch, text.data + 1, text.length - 2);
}

/* A kept answer repeats what was written. */
static int64_t forget_answers(struct session *session, const char *account_id)
{
	sql_run(session, "DELETE FROM idempotency WHERE principal_id IN " PRINCIPALS " OR instr(response, ?2) > 0",
	        SQL_ARGS(sql_text(account_id), sql_text(as_in_json(session, account_id))));
	return sql_changes(session);
}

static int64_t run_steps(struct session *session, const char *account_id, struct erasure *erasure)
{
	int64_t total = forget_answers(session, account_id);

	erasure->other = total;
	for (size_t at = 0; at < ARRAY_SIZE(steps); at++) {
		int64_t changed;

		sql_run(session, steps[at].sql, SQL_ARGS(sql_text(account_id)));
		changed = sql_changes(session);
		*(int64_t *)((char *)erasure + steps[at].counter) += changed;
		total += changed;
	}
	return total;
}

static void record(struct session *session, const struct sqlite_write *write, const struct erase_order *order)
{
	sql_run(session,
	        "INSERT OR REPLACE INTO erasure (account_id, erased_at, actor_kind, actor_id, reason) VALUES (?1, ?2, ?3, "
	        "?4, ?5)",
	        SQL_ARGS(sql_text(order->account_id), sql_int(session->now), sql_text(write->actor->kind),
	                 sql_text(write->actor->id), sql_text(order->reason)));
	audit_append(session, write->actor, "subject.erased", "person", order->account_id, "ok", NULL);
	compaction_ask(session);
}

static enum result erase(struct session *session, struct sqlite_write *write)
{
	const struct erase_order *order = write->in;
	struct erasure *erasure = write_out(write);
	enum result result;

	if (!is_known(session, order->account_id))
		return refuse_not_found(write, "person");
	result = check_open(session, write, order->account_id);
	if (result != RESULT_OK)
		return result;
	*erasure = (struct erasure){0};
	if (run_steps(session, order->account_id, erasure) > 0)
		record(session, write, order);
	return RESULT_OK;
}

enum result sqlite_op_subject_erase(struct store *store, const struct actor *actor, const char *account_id,
                                    const char *reason, struct erasure *ret_erasure, struct error *error)
{
	struct erase_order order = {account_id, reason};
	enum result result = sqlite_write(store, &(struct sqlite_write){.work = erase,
	                                                                .actor = actor,
	                                                                .in = &order,
	                                                                .error = error,
	                                                                .ret = ret_erasure,
	                                                                .ret_size = sizeof(*ret_erasure)});

	return result == RESULT_OK ? sqlite_compact_if_asked(store, error) : result;
}
