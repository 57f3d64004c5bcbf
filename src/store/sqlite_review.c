/* Reviews: before access ends, an approver is asked whether it should go on.
 *
 * A review is a request that the service files in nobody's name but the one's who filed the access: so whoever may not
 * approve that access may not keep it either. It is decided in the console whatever the settings say, since the issue
 * was decided once and asks nothing more. Of one end it is asked once, and not while somebody's own extension waits for
 * its answer; no answer means that the access ends. */
#include "base/id.h"
#include "domain/extension.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define DAY "86400000"
/* As review_is_due says. */
#define DUE                                                                                                            \
	"SELECT g.grant_key, g.request_key, g.grant_id, g.tool_id, g.account_id, g.expires_at, t.default_duration_days, "  \
	"r.filed_by, r.filed_by_principal, r.purpose FROM tool t CROSS JOIN access_grant g INDEXED BY "                    \
	"access_grant_by_expiry ON g.status = 'active' AND g.expires_at > ?1 AND g.expires_at <= ?1 + t.review_days "      \
	"* " DAY " JOIN access_request r ON r.request_key = g.request_key WHERE t.review_before_expiry = 1 AND "           \
	"g.tool_id = t.tool_id AND g.expires_at - t.review_days * " DAY                                                    \
	" > max(g.active_at, g.extended_at) AND NOT EXISTS (SELECT 1 FROM access_request q WHERE q.extends_grant_key = "   \
	"g.grant_key AND (q.status = 'pending' OR (q.kind = 'review' AND q.asked_end = g.expires_at))) LIMIT ?2"

struct review {
	int64_t grant_key, request_key, expires_at;
	struct access_request request;
};

static void review_read(struct cursor *cursor, void *item)
{
	struct review *review = item;
	struct access_request *request = &review->request;

	*review = (struct review){.grant_key = cursor_int(cursor)};
	review->request_key = cursor_int(cursor);
	request->extends_grant_id = cursor_text(cursor);
	request->tool_id = request->tool_text = cursor_text(cursor);
	request->account_id = cursor_text(cursor);
	review->expires_at = cursor_int(cursor);
	request->duration_days = (int)cursor_int(cursor);
	request->filed_by = cursor_text(cursor);
	request->filed_by_principal = cursor_text(cursor);
	request->purpose = cursor_text(cursor);
}

static const struct row_type review_row = {sizeof(struct review), review_read, NULL};

static enum result review_start(struct session *session, struct review *review)
{
	char request_id[ID_SIZE];
	struct request_row row;
	enum result result;

	id_new(session->now, request_id);
	review->request.request_id = request_id;
	review->request.kind = REQUEST_REVIEW;
	review->request.status = REQUEST_PENDING;
	review->request.approval = "console";
	result = request_put(session, &actor_worker, &review->request, NULL, session->scratch, &row);
	if (result == RESULT_OK)
		write_back_start(session, review->request_key, review->grant_key, "review", review->expires_at);
	return result;
}

enum result review_start_some(struct session *session, size_t *ret_count)
{
	struct review *list = NULL;
	size_t count = 0;
	enum result result = sql_read_list(session, session->scratch, &review_row, REVIEW_STEP, DUE,
	                                   SQL_ARGS(sql_int(session->now), sql_int(REVIEW_STEP)), &list, &count, NULL);

	for (size_t at = 0; result == RESULT_OK && at < count; at++)
		result = review_start(session, &list[at]);
	if (result == RESULT_OK)
		*ret_count = count;
	return result;
}
