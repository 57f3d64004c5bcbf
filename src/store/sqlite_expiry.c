/* What time does to grants: it ends them, and warns before.
 *
 * A grant that is over is ended by the one function that moves grants, in a transaction with its removal, its event and
 * the brake's decision about it. Nothing remembers who was ended already but the grants themselves, so that a crash, a
 * restart, or a database of yesterday put back needs nothing special: who is active and over is ended.
 *
 * Warnings go by an instant up to which everything was said. What came due between it and now is said, also after a
 * week in which the service was down; of several that came due for one grant only the one closest to its end. The job's
 * dedup key names the grant's request, the day and the moment, so nothing is said twice of one end.
 *
 * While the clock is in doubt (domain/clock_watch.h) grants still end, but every removal is held, and nothing is said.
 */
#include <stdio.h>

#include "base/text.h"
#include "domain/clock_watch.h"
#include "domain/expiry_warning.h"
#include "store/sqlite_brake.h"
#include "store/sqlite_ops.h"

/* So many in one transaction: nobody waits long behind it. */
#define EXPIRY_STEP 200
/* How far the last instant on record may lag behind. */
#define SEEN_EVERY_MS 60000

struct watch {
	int64_t seen_at;
	enum clock_doubt doubt;
	int64_t clock_epoch;
	int64_t warned_until;
};

static void watch_read(struct cursor *cursor, void *item)
{
	struct watch *watch = item;

	watch->seen_at = cursor_int(cursor);
	watch->doubt = clock_doubt_parse(cursor_peek(cursor));
	watch->clock_epoch = cursor_int(cursor);
	watch->warned_until = cursor_int(cursor);
}

static const struct row_type watch_row = {sizeof(struct watch), watch_read, NULL};

static enum result watch_get(struct session *session, struct watch *ret_watch)
{
	return sql_read_one(session, NULL, &watch_row,
	                    "SELECT seen_at, clock_doubt, clock_epoch, warned_until FROM expiry_watch", NULL, ret_watch);
}

/* ---- the clock ---- */

static enum clock_doubt clock_judge(struct session *session, const struct watch *watch)
{
	struct sqlite_store *store = session->store;
	enum clock_doubt doubt;
	bool trusted;

	if (store->clock_epoch != watch->clock_epoch)
		store->clock_anchor = (struct clock_anchor){0};
	store->clock_epoch = watch->clock_epoch;
	store->clock_judged = true;
	doubt = clock_watch_judge(&store->clock_anchor, watch->seen_at, watch->doubt, session->now,
	                          clock_monotonic_ms(store->clock));
	trusted = doubt == CLOCK_TRUSTED;
	if (doubt != watch->doubt || (trusted && session->now - watch->seen_at >= SEEN_EVERY_MS))
		sql_run(session, "UPDATE expiry_watch SET clock_doubt = ?1, seen_at = ?2",
		        SQL_ARGS(sql_text(clock_doubt_name(doubt)), sql_int(trusted ? session->now : watch->seen_at)));
	return doubt;
}

/* ---- ends ---- */

#define OVER "g.status = 'active' AND g.expires_at > 0 AND g.expires_at <= ?1"
#define OVER_FROM " FROM access_grant g INDEXED BY access_grant_by_expiry WHERE " OVER

struct over {
	const char *grant_id, *connector_id, *group_id;
};

static void over_read(struct cursor *cursor, void *item)
{
	struct over *over = item;

	over->grant_id = cursor_text(cursor);
	over->connector_id = cursor_text(cursor);
	over->group_id = cursor_text(cursor);
}

static const struct row_type over_row = {sizeof(struct over), over_read, NULL};

static bool is_reviewed(const struct over *list, size_t at)
{
	for (size_t before = 0; before < at; before++) {
		if (text_equal(list[before].connector_id, list[at].connector_id) &&
		    text_equal(list[before].group_id, list[at].group_id))
			return true;
	}
	return false;
}

/* All are ended before the brake looks at any of their groups: no claim can come between. */
static enum result end_some(struct session *session, struct sqlite_write *write, size_t *ret_count)
{
	struct grant_change change = {.event = GRANT_EVENT_EXPIRE};
	struct over *list = NULL;
	enum result result =
	    sql_read_list(session, session->scratch, &over_row, EXPIRY_STEP,
	                  "SELECT g.grant_id, g.connector_id, g.group_id" OVER_FROM " ORDER BY g.expires_at LIMIT ?2",
	                  SQL_ARGS(sql_int(session->now), sql_int(EXPIRY_STEP)), &list, ret_count, NULL);

	for (size_t at = 0; result == RESULT_OK && at < *ret_count; at++) {
		struct sqlite_write one = {
		    .actor = &actor_worker, .id = list[at].grant_id, .in = &change, .flag = true, .error = write->error};
		result = grant_move(session, &one);
	}
	for (size_t at = 0; result == RESULT_OK && at < *ret_count; at++) {
		if (!is_reviewed(list, at))
			brake_review(session, list[at].connector_id, list[at].group_id);
	}
	return result;
}

/* ---- warnings ---- */

#define DAY "86400000"
/* The days that any tool names, and the grants that come to one of them after ?2 and until ?1. */
#define COMING                                                                                                         \
	" FROM (SELECT DISTINCT w.value AS day FROM tool t, json_each(t.expiry_warning_days) w) d CROSS JOIN "             \
	"access_grant g INDEXED BY access_grant_by_expiry ON g.status = 'active' AND g.expires_at > ?2 + d.day * " DAY     \
	" AND g.expires_at <= ?1 + d.day * " DAY
#define MOMENT "(g.expires_at - d.day * " DAY ")"
#define KEY "'writeBack:' || g.request_key || ':expiring' || d.day || ':' || " MOMENT
#define WARNINGS                                                                                                       \
	"SELECT g.request_key, g.grant_key, d.day, " MOMENT COMING                                                         \
	" JOIN access_request r ON r.request_key = g.request_key JOIN tool t ON t.tool_id = g.tool_id WHERE r.issue_id "   \
	"IS NOT NULL AND g.expires_at > ?1 AND " MOMENT                                                                    \
	" > g.active_at AND EXISTS (SELECT 1 FROM json_each(t.expiry_warning_days) w WHERE w.value = d.day) AND NOT "      \
	"EXISTS (SELECT 1 FROM json_each(t.expiry_warning_days) w WHERE w.value < d.day AND g.expires_at - w.value "       \
	"* " DAY " <= ?1) AND NOT EXISTS (SELECT 1 FROM job j WHERE j.dedup = " KEY ") LIMIT ?3"

struct warning {
	int64_t request_key, grant_key, day, moment;
};

static void warning_read(struct cursor *cursor, void *item)
{
	struct warning *warning = item;

	warning->request_key = cursor_int(cursor);
	warning->grant_key = cursor_int(cursor);
	warning->day = cursor_int(cursor);
	warning->moment = cursor_int(cursor);
}

static const struct row_type warning_row = {sizeof(struct warning), warning_read, NULL};

static bool comments_are_off(struct session *session)
{
	return sql_exists(session, "SELECT 1 FROM intake_settings WHERE write_back_comment = 0", NULL);
}

/* An instant in the future is left over from a clock that was wrong. */
static int64_t warned_until(const struct watch *watch, int64_t now)
{
	return watch->warned_until == 0 || watch->warned_until > now ? now : watch->warned_until;
}

static enum result warn_some(struct session *session, const struct watch *watch, size_t *ret_count)
{
	struct warning *list = NULL;
	enum result result = RESULT_OK;

	if (!comments_are_off(session))
		result = sql_read_list(
		    session, session->scratch, &warning_row, EXPIRY_STEP, WARNINGS,
		    SQL_ARGS(sql_int(session->now), sql_int(warned_until(watch, session->now)), sql_int(EXPIRY_STEP)), &list,
		    ret_count, NULL);
	for (size_t at = 0; result == RESULT_OK && at < *ret_count; at++) {
		char subject[32];
		snprintf(subject, sizeof(subject), "expiring%lld", (long long)list[at].day);
		write_back_start(session, list[at].request_key, list[at].grant_key, subject, list[at].moment);
	}
	if (result == RESULT_OK && *ret_count < EXPIRY_STEP)
		sql_run(session, "UPDATE expiry_watch SET warned_until = ?1", SQL_ARGS(sql_int(session->now)));
	return result;
}

/* ---- reviews ---- */

/* A review may come a minute late: it is not worth a look each second through what ends within weeks. */
static enum result review_some(struct session *session, size_t *ret_count)
{
	struct sqlite_store *store = session->store;
	enum result result;

	if (session->now >= store->reviews_seen_at && session->now - store->reviews_seen_at < SEEN_EVERY_MS)
		return RESULT_OK;
	result = review_start_some(session, ret_count);
	if (result == RESULT_OK && *ret_count < REVIEW_STEP)
		store->reviews_seen_at = session->now;
	return result;
}

/* ---- the operation ---- */

static enum result advance_work(struct session *session, struct sqlite_write *write)
{
	bool *ret_more = write_out(write);
	size_t ended = 0, warned = 0, reviewed = 0;
	struct watch watch;
	enum result result = watch_get(session, &watch);
	enum clock_doubt doubt;

	if (result != RESULT_OK)
		return result;
	doubt = clock_judge(session, &watch);
	result = end_some(session, write, &ended);
	if (result == RESULT_OK && doubt == CLOCK_TRUSTED)
		result = warn_some(session, &watch, &warned);
	if (result == RESULT_OK && doubt == CLOCK_TRUSTED)
		result = review_some(session, &reviewed);
	*ret_more = ended == EXPIRY_STEP || warned == EXPIRY_STEP || reviewed == REVIEW_STEP;
	return result;
}

/* Mostly there is nothing to do, and this only looks. */
static bool is_due(struct session *session)
{
	struct watch watch;

	if (watch_get(session, &watch) != RESULT_OK)
		return false;
	return !session->store->clock_judged || watch.doubt != CLOCK_TRUSTED || session->now < watch.seen_at ||
	       session->now - watch.seen_at >= SEEN_EVERY_MS ||
	       sql_exists(session, "SELECT 1" OVER_FROM " LIMIT 1", SQL_ARGS(sql_int(session->now))) ||
	       sql_exists(session, "SELECT 1" COMING " LIMIT 1",
	                  SQL_ARGS(sql_int(session->now), sql_int(warned_until(&watch, session->now))));
}

enum result sqlite_op_expiry_advance(struct store *store, bool *ret_more, struct error *error)
{
	struct session session;
	bool due;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The store could not be read.");
	session.now = clock_now_ms(sqlite_store_of(store)->clock);
	due = is_due(&session);
	sqlite_reader_end(&session);
	if (session.fault != RESULT_OK)
		return error_set(error, session.fault, "unavailable", "The grants that are over could not be read.");
	if (!due) {
		*ret_more = false;
		return RESULT_OK;
	}
	return sqlite_write(
	    store,
	    &(struct sqlite_write){.work = advance_work, .error = error, .ret = ret_more, .ret_size = sizeof(*ret_more)});
}
