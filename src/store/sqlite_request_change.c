/* Requests, changed.
 *
 * What holds here: a request is decided once. An approval id or history id decides at most one request of its issue; a
 * request that becomes a grant, the grant, its job, the ids that it used up and the audit event are one transaction.
 * What was true when the request was filed is looked at again when it is decided: a tool that is gone, or a grant that
 * came meanwhile, turns the decision into a refusal that says so. */
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "domain/code.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_stop.h"
#include "store/sqlite_work.h"

const char *code_sentence(const char *code)
{
	const struct code *known = code_find(code);

	return known != NULL ? known->summary : code;
}

/* What the audit event holds of a free text: its salted hash. The salt lies beside the text and is erased with it. */
const char *salted_hash(struct session *session, const uint8_t salt[TEXT_SALT_SIZE], const char *text)
{
	char *hex = arena_alloc(session->scratch, DIGEST_HEX_SIZE);
	uint8_t digest[DIGEST_SIZE];
	size_t length = text != NULL ? strlen(text) : 0;

	if (hex == NULL ||
	    digest_hmac_sha256(salt, TEXT_SALT_SIZE, text != NULL ? text : "", length, digest) != RESULT_OK) {
		session_fail(session, RESULT_NO_MEMORY, "Out of memory while keeping a text.");
		return NULL;
	}
	text_hex_encode(digest, sizeof(digest), hex);
	return hex;
}

bool request_has_grant(struct session *session, const char *tool_id, const char *account_id)
{
	return sql_exists(session,
	                  "SELECT 1 FROM access_grant WHERE account_id = ?2 AND tool_id = ?1 AND status IN "
	                  "('pendingProvision', 'active', 'manualFollowUp')",
	                  SQL_ARGS(sql_text(tool_id), sql_text(account_id)));
}

static bool request_has_pending(struct session *session, const struct access_request *request)
{
	return sql_exists(session,
	                  "SELECT 1 FROM access_request WHERE account_id = ?2 AND tool_id = ?1 AND status = 'pending' AND "
	                  "kind = 'access'",
	                  SQL_ARGS(sql_text(request->tool_id), sql_text(request->account_id)));
}

/* Kept as "<issue>/<id>": an id is taken to name one thing within its issue, whether or not Jira numbers across them.
 */
void request_consume(struct session *session, const struct request_row *row, const char *const *ids)
{
	if (row->request.site == NULL || row->request.issue_id == NULL)
		return;
	for (; ids != NULL && *ids != NULL; ids++)
		sql_run(session,
		        "INSERT OR IGNORE INTO consumed_id (site, kind, id, request_key) VALUES (?1, ?2, ?5 || '/' || ?3, ?4)",
		        SQL_ARGS(sql_text(row->request.site), sql_text(row->request.approval), sql_text(*ids),
		                 sql_int(row->key), sql_text(row->request.issue_id)));
}

static bool consumed_elsewhere(struct session *session, const struct request_row *row, const char *const *ids)
{
	for (; ids != NULL && *ids != NULL; ids++)
		if (sql_exists(
		        session,
		        "SELECT 1 FROM consumed_id WHERE site = ?1 AND kind = ?2 AND id = ?5 || '/' || ?3 AND request_key "
		        "<> ?4",
		        SQL_ARGS(sql_text(row->request.site), sql_text(row->request.approval), sql_text(*ids),
		                 sql_int(row->key), sql_text(row->request.issue_id))))
			return true;
	return false;
}

static const char *request_action(enum request_status status)
{
	static const char *const actions[REQUEST_STATUS_MAX] = {
	    [REQUEST_PENDING] = "request.created", [REQUEST_APPROVED] = "request.approved",
	    [REQUEST_DENIED] = "request.denied",   [REQUEST_CANCELLED] = "request.cancelled",
	    [REQUEST_REFUSED] = "request.refused",
	};

	return actions[status];
}

/* ---- creating ---- */

struct creation {
	const struct access_request *request;
	bool refuse_duplicates;
	const char *const *consumed;
};

/* The code of what a pending request would double; NULL: nothing. */
static const char *duplicate_code(struct session *session, const struct access_request *request)
{
	if (request->status != REQUEST_PENDING || request->tool_id == NULL || request->account_id == NULL)
		return NULL;
	if (request->kind == REQUEST_EXTENSION)
		return extension_check(session, request);
	if (request_has_pending(session, request))
		return "duplicate_request";
	return request_has_grant(session, request->tool_id, request->account_id) ? "duplicate_grant" : NULL;
}

static void request_insert(struct session *session, const struct access_request *request,
                           const uint8_t salt[TEXT_SALT_SIZE])
{
	int64_t created_at = request->created_at != 0 ? request->created_at : session->now;

	sql_run(session,
	        "INSERT INTO access_request (request_id, site, issue_id, issue_key, tool_id, tool_text, account_id, "
	        "filed_by, filed_by_principal, purpose, purpose_salt, duration_days, approval, status, code, reason, "
	        "decided_by, decided_at, decision, asked_at, created_at, updated_at, version, kind, extends_grant_key, "
	        "asked_end) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
	        "?20, ?21, ?22, 1, ?23, (SELECT grant_key FROM access_grant WHERE grant_id = ?24), coalesce((SELECT "
	        "expires_at FROM access_grant WHERE grant_id = ?24), 0))",
	        SQL_ARGS(sql_text(request->request_id), sql_text(request->site), sql_text(request->issue_id),
	                 sql_text(request->issue_key), sql_text(request->tool_id), sql_text(request->tool_text),
	                 sql_text(request->account_id), sql_text(request->filed_by), sql_text(request->filed_by_principal),
	                 sql_text(request->purpose), sql_bytes(salt, TEXT_SALT_SIZE), sql_int(request->duration_days),
	                 sql_text(request->approval), sql_text(request_status_name(request->status)),
	                 sql_text(request->code), sql_text(request->reason), sql_text(request->decided_by),
	                 sql_int(request->decided_at), sql_text(request->decision), sql_int(request->asked_at),
	                 sql_int(created_at), sql_int(request->updated_at != 0 ? request->updated_at : created_at),
	                 sql_text(request_kind_name(request->kind)), sql_text(request->extends_grant_id)));
}

/* The event of a request's birth, and what follows if it was refused at once. */
static void request_announce(struct session *session, const struct actor *actor, const struct request_row *row,
                             const uint8_t salt[TEXT_SALT_SIZE])
{
	const struct access_request *request = &row->request;

	audit_append(session, actor, "request.created", "request", request->request_id, "ok",
	             audit_detail(session, NULL, "issueId", request->issue_id, "toolId", request->tool_id, "accountId",
	                          request->account_id, "approval", request->approval, "purposeHash",
	                          salted_hash(session, salt, request->purpose), "extendsGrantId", request->extends_grant_id,
	                          NULL));
	if (request->status != REQUEST_REFUSED)
		return;
	audit_append(session, actor, "request.refused", "request", request->request_id, "ok",
	             audit_detail(session, NULL, "code", request->code, NULL));
	write_back_start(session, row->key, 0, "refused", 0);
}

enum result request_put(struct session *session, const struct actor *actor, const struct access_request *request,
                        const char *const *consumed, struct arena *arena, struct request_row *ret_row)
{
	uint8_t salt[TEXT_SALT_SIZE];
	enum result result;

	id_random_bytes(salt, sizeof(salt));
	request_insert(session, request, salt);
	result = request_get(session, arena, request->request_id, ret_row);
	if (result != RESULT_OK)
		return result;
	/* A pending one uses nothing up yet: its decision follows, or is found again by the next look. */
	if (request->status == REQUEST_REFUSED)
		request_consume(session, ret_row, consumed);
	request_announce(session, actor, ret_row, salt);
	return RESULT_OK;
}

static enum result request_add(struct session *session, struct sqlite_write *write)
{
	const struct creation *creation = write->in;
	struct access_request request = *creation->request;
	struct request_row row;
	const char *code;
	enum result result;

	if (idempotency_answered(session, write, &result))
		return result;
	if (request.issue_id != NULL &&
	    sql_exists(session, "SELECT 1 FROM access_request WHERE site = ?1 AND issue_id = ?2 AND status = 'pending'",
	               SQL_ARGS(sql_text(request.site), sql_text(request.issue_id))))
		return write_refuse(write, RESULT_CONFLICT, "request_already_decided",
		                    "A request of this issue is still pending.");
	code = duplicate_code(session, &request);
	if (code != NULL && !creation->refuse_duplicates)
		return write_refuse(write, RESULT_CONFLICT, code, "%s", code_sentence(code));
	if (code != NULL) {
		request.status = REQUEST_REFUSED;
		request.code = code;
		request.reason = code_sentence(code);
	}
	result = request_put(session, write->actor, &request, creation->consumed, write->arena, &row);
	if (result != RESULT_OK)
		return result;
	idempotency_keep(session, write);
	*(struct access_request *)write_out(write) = row.request;
	return RESULT_OK;
}

enum result sqlite_op_request_create(struct store *store, const struct actor *actor,
                                     const struct access_request *request, bool refuse_duplicates,
                                     const char *const *consumed, struct idempotency *idempotency, struct arena *arena,
                                     struct access_request *ret_request, struct error *error)
{
	struct creation creation = {request, refuse_duplicates, consumed};

	return sqlite_write(store, &(struct sqlite_write){.work = request_add,
	                                                  .actor = actor,
	                                                  .in = &creation,
	                                                  .idempotency = idempotency,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_request,
	                                                  .ret_size = sizeof(*ret_request)});
}

static bool facts_differ(const struct access_request *kept, const struct access_request *told)
{
	return !text_equal(kept->issue_key, told->issue_key) || !text_equal(kept->tool_id, told->tool_id) ||
	       !text_equal(kept->tool_text, told->tool_text) || !text_equal(kept->account_id, told->account_id) ||
	       !text_equal(kept->filed_by, told->filed_by) || !text_equal(kept->purpose, told->purpose) ||
	       kept->duration_days != told->duration_days;
}

/* Another tool, or another person, has another grant. */
#define EXTENDED_NOW "(SELECT grant_key FROM access_grant WHERE account_id = ?5 AND tool_id = ?3 AND status = 'active')"

static enum result request_note_facts(struct session *session, struct sqlite_write *write)
{
	const struct access_request *request = write->in;
	struct request_row row;

	if (request_get(session, session->scratch, request->request_id, &row) != RESULT_OK)
		return refuse_not_found(write, "request");
	/* The version is what somebody may be deciding upon: it grows only with the facts. */
	if (row.request.status == REQUEST_PENDING && facts_differ(&row.request, request))
		sql_run(
		    session,
		    "UPDATE access_request SET issue_key = ?2, tool_id = ?3, tool_text = ?4, account_id = ?5, filed_by = ?6, "
		    "purpose = ?7, duration_days = ?8, updated_at = ?9, version = version + 1, "
		    "extends_grant_key = CASE kind WHEN 'extension' THEN " EXTENDED_NOW " END WHERE request_key = ?1",
		    SQL_ARGS(sql_int(row.key), sql_text(request->issue_key), sql_text(request->tool_id),
		             sql_text(request->tool_text), sql_text(request->account_id), sql_text(request->filed_by),
		             sql_text(request->purpose), sql_int(request->duration_days), sql_int(session->now)));
	sql_run(session, "UPDATE access_request SET asked_at = ?2 WHERE request_key = ?1",
	        SQL_ARGS(sql_int(row.key), sql_int(request->asked_at != 0 ? request->asked_at : session->now)));
	return RESULT_OK;
}

enum result sqlite_op_request_take_down(struct store *store, const struct access_request *request, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = request_note_facts, .in = request, .error = error});
}

/* ---- deciding ---- */

enum result request_grant_at_once(struct session *session, struct sqlite_write *write,
                                  const struct access_request *request, const struct request_change *change,
                                  char ret_grant_id[ID_SIZE])
{
	struct request_row row;
	const char *grant_id;
	enum result result = request_put(session, write->actor, request, NULL, session->scratch, &row);

	if (result != RESULT_OK)
		return result;
	request_follow(session, write->actor, &row, REQUEST_APPROVED, change);
	grant_id = sql_ask_text(session, session->scratch, "SELECT grant_id FROM access_grant WHERE request_key = ?1",
	                        SQL_ARGS(sql_int(row.key)));
	if (grant_id == NULL)
		return RESULT_NOT_FOUND;
	memcpy(ret_grant_id, grant_id, strlen(grant_id) + 1);
	return RESULT_OK;
}

/* What turns a decision into a refusal; NULL: nothing. */
static const char *decision_fault(struct session *session, const struct request_row *row,
                                  const struct request_change *change)
{
	const struct access_request *request = &row->request;

	if (consumed_elsewhere(session, row, change->consumed))
		return "approval_not_verified";
	if (request->tool_id == NULL ||
	    !sql_exists(session, "SELECT 1 FROM tool WHERE tool_id = ?1", SQL_ARGS(sql_text(request->tool_id))))
		return "tool_unknown";
	if (change->event == REQUEST_EVENT_APPROVE && tool_is_stopped(session, request->tool_id))
		return "tool_stopped";
	if (request->kind != REQUEST_ACCESS)
		return extension_fault(session, request);
	return request_has_grant(session, request->tool_id, request->account_id) ? "duplicate_grant" : NULL;
}

static void request_settle(struct session *session, const struct request_row *row, enum request_status to,
                           const struct request_change *change)
{
	sql_run(session,
	        "UPDATE access_request SET status = ?2, code = ?3, reason = ?4, decided_by = ?5, decided_at = ?6, "
	        "decision = ?7, updated_at = ?8, version = version + 1 WHERE request_key = ?1",
	        SQL_ARGS(sql_int(row->key), sql_text(request_status_name(to)), sql_text(change->code),
	                 sql_text(change->reason), sql_text(change->decided_by),
	                 sql_int(change->decided_at != 0 ? change->decided_at : session->now), sql_text(change->decision),
	                 sql_int(session->now)));
}

/* A decision that met a fault becomes this change. */
static struct request_change change_refusing(const struct request_change *change, const char *code)
{
	struct request_change refusing = *change;

	refusing.event = REQUEST_EVENT_REFUSE;
	refusing.code = code;
	refusing.reason = code_sentence(code);
	return refusing;
}

void request_follow(struct session *session, const struct actor *actor, const struct request_row *row,
                    enum request_status to, const struct request_change *change)
{
	char grant_id[ID_SIZE] = "";

	request_settle(session, row, to, change);
	request_consume(session, row, change->consumed);
	if (to == REQUEST_APPROVED && row->request.kind == REQUEST_ACCESS)
		grant_start(session, actor, row, grant_id);
	if (to == REQUEST_APPROVED && row->request.kind != REQUEST_ACCESS)
		extension_carry_out(session, actor, row, change);
	if (to == REQUEST_REFUSED)
		write_back_start(session, row->key, 0, "refused", 0);
	audit_append(session, actor, request_action(to), "request", row->request.request_id, "ok",
	             audit_detail(session, NULL, "issueId", row->request.issue_id, "toolId", row->request.tool_id,
	                          "accountId", row->request.account_id, "decidedBy", change->decided_by, "code",
	                          change->code, "grantId", grant_id[0] != '\0' ? grant_id : NULL, "extendsGrantId",
	                          row->request.extends_grant_id, NULL));
}

static enum result request_give(struct session *session, struct sqlite_write *write)
{
	struct request_row row;
	enum result result = request_get(session, write->arena, write->id, &row);

	if (result == RESULT_OK)
		*(struct access_request *)write_out(write) = row.request;
	return result;
}

enum result request_move(struct session *session, struct sqlite_write *write)
{
	struct request_change change = *(const struct request_change *)write->in;
	const char *fault = NULL;
	enum request_status to;
	struct request_row row;
	bool unchanged = false;
	enum result result = request_get(session, session->scratch, write->id, &row);

	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? refuse_not_found(write, "request") : result;
	if (request_next(row.request.status, change.event, &to, &unchanged) != RESULT_OK)
		return write_refuse(write, RESULT_CONFLICT, "request_already_decided", "The request is %s already.",
		                    request_status_name(row.request.status));
	if (unchanged)
		return request_give(session, write);
	if (change.event == REQUEST_EVENT_APPROVE || change.event == REQUEST_EVENT_DENY)
		fault = decision_fault(session, &row, &change);
	if (fault != NULL) {
		change = change_refusing(&change, fault);
		to = REQUEST_REFUSED;
	}
	request_follow(session, write->actor, &row, to, &change);
	return request_give(session, write);
}

enum result sqlite_op_request_apply(struct store *store, const struct actor *actor, const char *request_id,
                                    const struct request_change *change, struct arena *arena,
                                    struct access_request *ret_request, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = request_move,
	                                                  .actor = actor,
	                                                  .id = request_id,
	                                                  .in = change,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_request,
	                                                  .ret_size = sizeof(*ret_request)});
}
