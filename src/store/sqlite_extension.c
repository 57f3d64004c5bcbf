/* The end of a grant, moved.
 *
 * What holds here: an extension or a review is a request about a grant that goes on. Approved, it moves that grant's
 * end, in the transaction of its decision; nothing else about the grant changes, and nothing is written to the
 * directory. Nobody is left to decide about an end that has come or has been moved meanwhile: such requests end with
 * the reason. */
#include "base/clock.h"
#include "base/text.h"
#include "domain/extension.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

static bool is_of(const struct grant *grant, const struct access_request *request)
{
	return text_equal(grant->tool_id, request->tool_id) && text_equal(grant->account_id, request->account_id);
}

/* RESULT_NOT_FOUND if it is none, or not this person's for this tool. */
static enum result extension_grant(struct session *session, const struct access_request *request,
                                   struct grant_row *ret_row)
{
	struct grant_row row;
	enum result result = request->extends_grant_id != NULL
	                         ? grant_get(session, session->scratch, request->extends_grant_id, &row)
	                         : RESULT_NOT_FOUND;

	if (result == RESULT_OK && !is_of(&row.grant, request))
		return RESULT_NOT_FOUND;
	if (result == RESULT_OK)
		*ret_row = row;
	return result;
}

const char *extension_check(struct session *session, const struct access_request *request)
{
	struct grant_row row;

	if (extension_grant(session, request, &row) != RESULT_OK || !extension_may_be_asked(&row.grant, session->now))
		return "grant_not_active";
	if (sql_exists(session,
	               "SELECT 1 FROM access_request WHERE extends_grant_key = ?1 AND status = 'pending' AND kind = "
	               "'extension'",
	               SQL_ARGS(sql_int(row.key))))
		return "duplicate_request";
	return NULL;
}

const char *extension_fault(struct session *session, const struct access_request *request)
{
	struct grant_row row;

	if (extension_grant(session, request, &row) != RESULT_OK || !extension_may_be_given(&row.grant, session->now))
		return "grant_not_active";
	return NULL;
}

/* ---- what nobody need decide any more ---- */

static void let_go(struct session *session, const struct actor *actor, const struct request_row *row, const char *code)
{
	bool review = row->request.kind == REQUEST_REVIEW;
	const struct request_change change = {
	    .event = review ? REQUEST_EVENT_CANCEL : REQUEST_EVENT_REFUSE, .code = code, .reason = code_sentence(code)};

	request_follow(session, actor, row, review ? REQUEST_CANCELLED : REQUEST_REFUSED, &change);
}

static void let_go_all(struct session *session, const struct actor *actor, const char *where, int64_t grant_key,
                       int64_t but_request_key, const char *code)
{
	struct request_row *rows = NULL;
	size_t count = 0;

	if (sql_read_list(session, session->scratch, &request_row_type, SQLITE_WHOLE_LIST, where,
	                  SQL_ARGS(sql_int(grant_key), sql_int(but_request_key)), &rows, &count, NULL) != RESULT_OK)
		return;
	for (size_t at = 0; at < count; at++)
		let_go(session, actor, &rows[at], code);
}

#define PENDING_ABOUT                                                                                                  \
	"SELECT " REQUEST_COLUMNS " FROM access_request r WHERE r.extends_grant_key = ?1 AND r.status = 'pending' AND "    \
	"r.request_key <> ?2"

void extension_let_go(struct session *session, const struct actor *actor, int64_t grant_key)
{
	let_go_all(session, actor, PENDING_ABOUT, grant_key, 0, "grant_not_active");
}

/* ---- moving the end ---- */

static void end_record(struct session *session, const struct actor *actor, const struct request_row *request,
                       const struct grant_row *row, int64_t end)
{
	const char *status = grant_status_name(row->grant.status);
	char before[CLOCK_TEXT_SIZE], after[CLOCK_TEXT_SIZE];

	clock_format(row->grant.expires_at, before);
	clock_format(end, after);
	grant_history_add(session, row->key, actor, status, status, "grant_extended");
	audit_append(session, actor, "grant.extended", "grant", row->grant.grant_id, "ok",
	             audit_detail(session, NULL, "extensionRequestId", request->request.request_id, "toolId",
	                          row->grant.tool_id, "accountId", row->grant.account_id, "from", before, "to", after,
	                          NULL));
}

void extension_carry_out(struct session *session, const struct actor *actor, const struct request_row *request,
                         const struct request_change *change)
{
	bool own_issue = request->request.issue_id != NULL;
	struct grant_row row;
	struct tool tool;
	int64_t end;

	if (extension_grant(session, &request->request, &row) != RESULT_OK ||
	    tool_get(session, session->scratch, row.grant.tool_id, &tool) != RESULT_OK) {
		session_fail(session, RESULT_PROTOCOL, "What is to be extended was there when its request was looked at.");
		return;
	}
	end = extension_end(row.grant.expires_at, change->decided_at, session->now, request->request.duration_days,
	                    tool.max_duration_days);
	sql_run(session,
	        "UPDATE access_grant SET expires_at = ?2, extended_at = ?3, updated_at = ?3, version = version + 1 WHERE "
	        "grant_key = ?1",
	        SQL_ARGS(sql_int(row.key), sql_int(end), sql_int(session->now)));
	end_record(session, actor, request, &row, end);
	/* The issue that asked, or else the one by which the access came. */
	write_back_start(session, own_issue ? request->key : row.request_key, row.key, "extended", request->key);
	if (end != row.grant.expires_at)
		let_go_all(session, actor, PENDING_ABOUT " AND r.kind = 'review'", row.key, request->key, "review_overtaken");
}
