/* The brake: removals that no person asked for one by one (CONTRACT, rule 9).
 *
 * Such a removal is a deprovision job marked `unasked`; an expiry makes one, and whatever else finds by itself that
 * somebody must leave: a check that found a stranger, where the tool
 * settles by itself. That one has a finding instead of a grant. Counted are, for one group, those that wait, run, or
 * were done within the last hour, and the grants whose time is over and who are not ended yet: so it makes no
 * difference whether they come together, in batches, over days while the connector is disabled, or after a week in
 * which the service was down. A removal that removes nobody, because another grant keeps the user, does not count.
 *
 * The size of the group is what we know of it: those who have a grant in it now, and those counted who have lost
 * theirs or never had one. Other members whom we never put in would only make it larger, so that the brake may hold
 * earlier than a count by the directory would, and never later. It costs no call, and cannot be wrong because a call
 * failed.
 *
 * Over both limits, all that is not sent yet is held, not only what is above the limit: twenty people are not less
 * wrongly removed because five more were to follow, and which of them came first is chance. The decision falls in the
 * transaction that makes the jobs, and again where the group grows smaller; a claim only ever sees its outcome. What a
 * worker has begun may be sent already, and goes on: it was within the limits.
 *
 * Held is held: a hold ends by an admin's word for its connector, or when nothing of it is left, because a person asked
 * for each removal or gave each user a new grant. What is added meanwhile joins it. What was released counts as asked
 * for. */
#include "store/sqlite_brake.h"

#include "base/json.h"
#include "domain/code.h"
#include "domain/removal_brake.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

/* So many grants are named in the event of a hold. */
#define NAMED_MOST 100

#define IN_GROUP "j.unasked = 1 AND j.connector_id = ?1 AND j.group_id = ?2"
#define JOBS_OF "FROM job j INDEXED BY job_unasked JOIN access_grant g ON g.grant_key = j.grant_key WHERE " IN_GROUP
#define DONE_LATELY "j.status = 'succeeded' AND j.updated_at > ?3"
/* Those who have no grant there. */
#define STRANGERS_OF                                                                                                   \
	"SELECT f.member_id FROM job j INDEXED BY job_unasked CROSS JOIN finding f ON f.finding_id = j.subject WHERE "     \
	"j.grant_key IS NULL AND " IN_GROUP
#define STRANGERS                                                                                                      \
	STRANGERS_OF " AND j.status IN ('queued', 'running', 'waiting') UNION " STRANGERS_OF " AND " DONE_LATELY
/* ?1 connector, ?2 group, ?3 the window's beginning, ?4 now. Each user once, however an admin spelled the id. */
#define REMOVALS                                                                                                       \
	"SELECT count(*) FROM (SELECT lower(g.external_user_id) " JOBS_OF                                                  \
	" AND j.status IN ('queued', 'running', 'waiting') AND NOT " BRAKE_KEPT(                                           \
	    "g", "?4") " UNION SELECT lower(g.external_user_id) " JOBS_OF " AND " DONE_LATELY                              \
	               " AND NOT " BRAKE_KEPT(                                                                             \
	                   "g",                                                                                            \
	                   "?4") " UNION SELECT lower(g.external_user_id) FROM access_grant g INDEXED BY "                 \
	                         "access_grant_by_expiry WHERE g.status = 'active' AND g.expires_at > 0 AND "              \
	                         "g.expires_at <= ?4 AND g.connector_id = ?1 AND g.group_id = ?2 AND NOT " BRAKE_KEPT(     \
	                             "g", "?4") " UNION " STRANGERS ")"
/* No more than ?5 are counted. */
#define MEMBERS_NOW                                                                                                    \
	"SELECT count(*) FROM (SELECT DISTINCT external_user_id FROM access_grant INDEXED BY access_grant_in_group WHERE " \
	"connector_id = ?1 AND group_id = ?2 AND external_user_id IS NOT NULL AND " GRANT_IS_INSIDE(                       \
	    "access_grant") " LIMIT ?5)"
#define MEMBERS_LOST                                                                                                   \
	"SELECT count(DISTINCT g.external_user_id) " JOBS_OF " AND " DONE_LATELY                                           \
	" AND NOT EXISTS (SELECT 1 FROM access_grant o INDEXED BY access_grant_in_group WHERE o.connector_id = ?1 AND "    \
	"o.group_id = ?2 AND o.external_user_id = g.external_user_id AND " GRANT_IS_INSIDE("o") ")"

struct brake_count {
	int64_t removals, members;
};

static int64_t ask_count(struct session *session, const char *sql, const struct sql_value *values)
{
	int64_t count = 0;

	(void)sql_ask(session, sql, values, &count);
	return count;
}

static struct brake_count count_group(struct session *session, const char *connector_id, const char *group_id)
{
	struct sql_value values[] = {
	    sql_text(connector_id), sql_text(group_id), sql_int(session->now - REMOVAL_BRAKE_WINDOW_MS),
	    sql_int(session->now),  {.kind = SQL_END},  {.kind = SQL_END}};
	struct brake_count count = {.removals = ask_count(session, REMOVALS, values)};

	if (count.removals <= REMOVAL_BRAKE_FEW)
		return count;
	values[4] = sql_int(removal_brake_enough_members(count.removals));
	count.members = ask_count(session, MEMBERS_NOW, values);
	values[3] = (struct sql_value){.kind = SQL_END};
	count.members += ask_count(session, MEMBERS_LOST, values);
	count.members += ask_count(session, "SELECT count(*) FROM (" STRANGERS ")", values);
	return count;
}

/* ---- holds ---- */

static bool hold_is_open(struct session *session, const char *connector_id, const char *group_id)
{
	return sql_exists(session, "SELECT 1 FROM removal_hold WHERE connector_id = ?1 AND group_id = ?2",
	                  SQL_ARGS(sql_text(connector_id), sql_text(group_id)));
}

static int64_t held_count(struct session *session, const char *connector_id, const char *group_id)
{
	return ask_count(session, "SELECT count(*) FROM job WHERE held = 2 AND connector_id = ?1 AND group_id = ?2",
	                 SQL_ARGS(sql_text(connector_id), sql_text(group_id)));
}

static bool hold_end_if_empty(struct session *session, const char *connector_id, const char *group_id)
{
	if (held_count(session, connector_id, group_id) > 0)
		return false;
	sql_run(session, "DELETE FROM removal_hold WHERE connector_id = ?1 AND group_id = ?2",
	        SQL_ARGS(sql_text(connector_id), sql_text(group_id)));
	return true;
}

static void text_read(struct cursor *cursor, void *item)
{
	*(const char **)item = cursor_text(cursor);
}

static const struct row_type text_row = {sizeof(const char *), text_read, NULL};

static json_t *texts_of(struct session *session, const char *sql, const struct sql_value *values, int limit)
{
	const char **texts = NULL;
	size_t count = 0;
	json_t *list = json_array();

	if (sql_read_list(session, session->scratch, &text_row, limit, sql, values, &texts, &count, NULL) != RESULT_OK)
		count = 0;
	for (size_t at = 0; at < count; at++)
		(void)json_array_append_new(list, json_string(texts[at]));
	return list;
}

/* Up to NAMED_MOST of what is held of the group, under the name, where there are any. */
static void put_held(struct session *session, json_t *detail, const char *name, const char *sql,
                     const char *connector_id, const char *group_id, bool *failed)
{
	json_t *list =
	    texts_of(session, sql, SQL_ARGS(sql_text(connector_id), sql_text(group_id), sql_int(NAMED_MOST)), NAMED_MOST);

	if (json_array_size(list) > 0)
		json_put(detail, name, list, failed);
	else
		json_decref(list);
}

/* One event tells of the whole: how many are held of the group now, and who. */
static void hold_tell(struct session *session, const char *connector_id, const char *group_id,
                      enum removal_reason reason, const struct brake_count *count)
{
	_cleanup_(json_decrefp) json_t *detail = json_object();
	bool failed = false;

	json_put_string(detail, "groupId", group_id, &failed);
	json_put_string(detail, "reason", removal_reason_name(reason), &failed);
	json_put(detail, "count", json_integer(held_count(session, connector_id, group_id)), &failed);
	if (reason == REMOVAL_TOO_MANY)
		json_put(detail, "members", json_integer(count->members), &failed);
	put_held(session, detail, "grantIds",
	         "SELECT g.grant_id FROM job j JOIN access_grant g ON g.grant_key = j.grant_key WHERE j.held = 2 AND "
	         "j.connector_id = ?1 AND j.group_id = ?2 LIMIT ?3",
	         connector_id, group_id, &failed);
	put_held(session, detail, "findingIds",
	         "SELECT j.subject FROM job j WHERE j.held = 2 AND j.grant_key IS NULL AND j.connector_id = ?1 AND "
	         "j.group_id = ?2 LIMIT ?3",
	         connector_id, group_id, &failed);
	const char *text = failed ? NULL : json_write(session->scratch, detail);
	if (text == NULL)
		session_fail(session, RESULT_NO_MEMORY, "Out of memory while removals were held.");
	audit_append(session, &actor_worker, "connector.removalsHeld", "connector", connector_id, "ok", text);
}

static void hold_open(struct session *session, const char *connector_id, const char *group_id,
                      enum removal_reason reason, const struct brake_count *count)
{
	sql_run(session, "INSERT INTO removal_hold (connector_id, group_id, reason, since) VALUES (?1, ?2, ?3, ?4)",
	        SQL_ARGS(sql_text(connector_id), sql_text(group_id), sql_text(removal_reason_name(reason)),
	                 sql_int(session->now)));
	job_place(session, connector_id);
	if (!hold_end_if_empty(session, connector_id, group_id))
		hold_tell(session, connector_id, group_id, reason, count);
}

/* ---- looking ---- */

static void review_numbers(struct session *session, const char *connector_id, const char *group_id)
{
	struct brake_count count = count_group(session, connector_id, group_id);

	if (removal_brake_holds(count.removals, count.members))
		hold_open(session, connector_id, group_id, REMOVAL_TOO_MANY, &count);
}

void brake_review(struct session *session, const char *connector_id, const char *group_id)
{
	if (connector_id == NULL || group_id == NULL || hold_is_open(session, connector_id, group_id))
		return;
	if (sql_exists(session, "SELECT 1 FROM expiry_watch WHERE clock_doubt <> ''", NULL))
		hold_open(session, connector_id, group_id, REMOVAL_CLOCK_JUMP, NULL);
	else
		review_numbers(session, connector_id, group_id);
}

/* One that ends as the last step of an unasked removal changes neither number. */
void brake_review_smaller(struct session *session, const struct grant *grant, int64_t job_key)
{
	if (grant->connector_id == NULL || grant->group_id == NULL ||
	    !sql_exists(session,
	                "SELECT 1 FROM job j INDEXED BY job_unasked WHERE " IN_GROUP
	                " AND j.status IN ('queued', 'waiting') AND j.sent = 0 AND j.held <> 2",
	                SQL_ARGS(sql_text(grant->connector_id), sql_text(grant->group_id))) ||
	    sql_exists(session, "SELECT 1 FROM job WHERE job_key = ?1 AND unasked = 1", SQL_ARGS(sql_int(job_key))) ||
	    hold_is_open(session, grant->connector_id, grant->group_id))
		return;
	review_numbers(session, grant->connector_id, grant->group_id);
}

/* ---- one that is held no longer ---- */

void brake_ask(struct session *session, const struct actor *actor, const struct grant_row *row)
{
	const struct grant *grant = &row->grant;

	sql_run(session, "UPDATE job SET held = 1, unasked = 0, updated_at = ?2 WHERE grant_key = ?1 AND held = 2",
	        SQL_ARGS(sql_int(row->key), sql_int(session->now)));
	if (sql_changes(session) == 0)
		return;
	job_place(session, grant->connector_id);
	(void)hold_end_if_empty(session, grant->connector_id, grant->group_id);
	audit_append(session, actor, "grant.removalAsked", "grant", grant->grant_id, "ok",
	             audit_detail(session, NULL, "connectorId", grant->connector_id, "groupId", grant->group_id, NULL));
}

bool brake_holds(struct session *session, const char *job_id)
{
	return job_id != NULL &&
	       sql_exists(session, "SELECT 1 FROM job WHERE job_id = ?1 AND held = 2", SQL_ARGS(sql_text(job_id)));
}

void brake_ask_for_job(struct session *session, const char *connector_id, const char *group_id, const char *job_id)
{
	sql_run(session, "UPDATE job SET held = 1, unasked = 0, updated_at = ?2 WHERE job_id = ?1 AND held = 2",
	        SQL_ARGS(sql_text(job_id), sql_int(session->now)));
	job_place(session, connector_id);
	(void)hold_end_if_empty(session, connector_id, group_id);
}

void brake_drop(struct session *session, const char *connector_id, const char *group_id, const char *job_id)
{
	sql_run(session,
	        "UPDATE job SET status = 'cancelled', held = 0, next_attempt_at = 0, updated_at = ?2 WHERE job_id = ?1 AND "
	        "held = 2",
	        SQL_ARGS(sql_text(job_id), sql_int(session->now)));
	(void)hold_end_if_empty(session, connector_id, group_id);
}

void brake_keep(struct session *session, const struct grant *grant)
{
	if (grant->connector_id == NULL || grant->group_id == NULL ||
	    !hold_is_open(session, grant->connector_id, grant->group_id))
		return;
	sql_run(session,
	        "UPDATE job SET held = 1, updated_at = ?4 WHERE held = 2 AND connector_id = ?1 AND group_id = ?2 AND "
	        "grant_key IN (SELECT grant_key FROM access_grant WHERE connector_id = ?1 AND group_id = ?2 AND "
	        "account_id = ?3)",
	        SQL_ARGS(sql_text(grant->connector_id), sql_text(grant->group_id), sql_text(grant->account_id),
	                 sql_int(session->now)));
	if (sql_changes(session) == 0)
		return;
	job_place(session, grant->connector_id);
	(void)hold_end_if_empty(session, grant->connector_id, grant->group_id);
}

/* ---- an admin's word ---- */

/* How many were held of which groups. */
static const char *word_detail(struct session *session, const char *connector_id, int64_t count)
{
	_cleanup_(json_decrefp) json_t *detail = json_object();
	bool failed = false;

	json_put(detail, "count", json_integer(count), &failed);
	json_put(detail, "groupIds",
	         texts_of(session, "SELECT group_id FROM removal_hold WHERE connector_id = ?1 ORDER BY group_id LIMIT ?2",
	                  SQL_ARGS(sql_text(connector_id), sql_int(NAMED_MOST)), NAMED_MOST),
	         &failed);
	const char *text = failed ? NULL : json_write(session->scratch, detail);
	if (text == NULL)
		session_fail(session, RESULT_NO_MEMORY, "Out of memory while held removals were settled.");
	return text;
}

/* Begins an admin's action: false if nothing is held, or there is no such connector. */
static bool word_begin(struct session *session, struct sqlite_write *write, const char *action, enum result *ret_result)
{
	int64_t count = ask_count(session, "SELECT count(*) FROM job WHERE held = 2 AND connector_id = ?1",
	                          SQL_ARGS(sql_text(write->id)));

	*ret_result = connector_key_of(session, write->id) != 0 ? RESULT_OK : refuse_not_found(write, "connector");
	if (*ret_result != RESULT_OK ||
	    !sql_exists(session, "SELECT 1 FROM removal_hold WHERE connector_id = ?1", SQL_ARGS(sql_text(write->id))))
		return false;
	audit_append(session, write->actor, action, "connector", write->id, "ok", word_detail(session, write->id, count));
	return true;
}

static void holds_end(struct session *session, const char *connector_id)
{
	sql_run(session, "DELETE FROM removal_hold WHERE connector_id = ?1", SQL_ARGS(sql_text(connector_id)));
}

/* Whoever lets go what was held for a jump of the clock says with it that the clock is right. */
static void clock_vouch(struct session *session, const char *connector_id)
{
	sql_run(
	    session,
	    "UPDATE expiry_watch SET clock_doubt = '', clock_epoch = clock_epoch + 1, seen_at = ?2 WHERE clock_doubt <> "
	    "'' AND EXISTS (SELECT 1 FROM removal_hold WHERE connector_id = ?1 AND reason = ?3)",
	    SQL_ARGS(sql_text(connector_id), sql_int(session->now), sql_text(removal_reason_name(REMOVAL_CLOCK_JUMP))));
}

static enum result release_work(struct session *session, struct sqlite_write *write)
{
	enum result result;

	if (!word_begin(session, write, "connector.removalsReleased", &result))
		return result;
	clock_vouch(session, write->id);
	holds_end(session, write->id);
	sql_run(session, "UPDATE job SET held = 1, unasked = 0, updated_at = ?2 WHERE held = 2 AND connector_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_int(session->now)));
	job_place(session, write->id);
	return RESULT_OK;
}

enum result sqlite_op_removals_release(struct store *store, const struct actor *actor, const char *connector_id,
                                       struct error *error)
{
	return sqlite_write(
	    store, &(struct sqlite_write){.work = release_work, .actor = actor, .id = connector_id, .error = error});
}

/* A grant, or the finding of one who has none. */
struct held_removal {
	const char *grant_id, *finding_id;
};

static void held_removal_read(struct cursor *cursor, void *item)
{
	struct held_removal *removal = item;

	removal->grant_id = cursor_text(cursor);
	removal->finding_id = cursor_text(cursor);
}

static const struct row_type held_removal_row = {sizeof(struct held_removal), held_removal_read, NULL};

/* The removal is dropped, not the end of the approved time: that is over, so the grant cannot be active again. It waits
 * for a person, who keeps or removes the membership by hand, or tries again. A finding waits for one too. */
static enum result cancel_one(struct session *session, struct sqlite_write *write, const struct held_removal *removal)
{
	const struct code *held = code_find("removals_held");
	struct grant_change change = {.event = GRANT_EVENT_NEEDS_PERSON,
	                              .code = "removals_held",
	                              .reason = held != NULL ? held->summary : "The removal was held and cancelled."};
	struct sqlite_write one = {.actor = write->actor, .id = removal->grant_id, .in = &change, .error = write->error};

	return removal->grant_id != NULL ? grant_move(session, &one)
	                                 : finding_cancel_removal(session, write->actor, removal->finding_id);
}

/* So many in one transaction: nobody waits long behind it. */
#define CANCEL_STEP 200

/* The hold ends with the last of them, so that after a crash in between the rest is held still. */
static enum result cancel_step(struct session *session, struct sqlite_write *write)
{
	size_t *ret_count = write_out(write);
	struct held_removal *removals = NULL;
	enum result result;

	if (write->flag && !word_begin(session, write, "connector.removalsCancelled", &result))
		return result;
	result = sql_read_list(session, session->scratch, &held_removal_row, CANCEL_STEP,
	                       "SELECT g.grant_id, j.subject FROM job j LEFT JOIN access_grant g ON g.grant_key = "
	                       "j.grant_key WHERE j.held = 2 AND j.connector_id = ?1 LIMIT ?2",
	                       SQL_ARGS(sql_text(write->id), sql_int(CANCEL_STEP)), &removals, ret_count, NULL);
	for (size_t at = 0; result == RESULT_OK && at < *ret_count; at++)
		result = cancel_one(session, write, &removals[at]);
	if (result == RESULT_OK && *ret_count < CANCEL_STEP)
		holds_end(session, write->id);
	return result;
}

enum result sqlite_op_removals_cancel(struct store *store, const struct actor *actor, const char *connector_id,
                                      struct error *error)
{
	size_t count = 0;
	enum result result;
	bool first = true;

	do {
		result = sqlite_write(store, &(struct sqlite_write){.work = cancel_step,
		                                                    .actor = actor,
		                                                    .id = connector_id,
		                                                    .flag = first,
		                                                    .error = error,
		                                                    .ret = &count,
		                                                    .ret_size = sizeof(count)});
		first = false;
	} while (result == RESULT_OK && count == CANCEL_STEP);
	return result;
}

/* ---- reading ---- */

static void held_group_read(struct cursor *cursor, void *item)
{
	struct held_group *group = item;

	group->group_id = cursor_text(cursor);
	group->reason = cursor_text(cursor);
	group->since = cursor_int(cursor);
	group->count = cursor_int(cursor);
}

static const struct row_type held_group_row = {sizeof(struct held_group), held_group_read, NULL};

enum result sqlite_op_removals_held(struct store *store, const char *connector_id, struct arena *arena,
                                    struct held_removals *ret_held)
{
	struct held_removals held = {0};
	enum result result = sqlite_read_list(
	    store, arena, &held_group_row, SQLITE_WHOLE_LIST,
	    "SELECT h.group_id, h.reason, h.since, (SELECT count(*) FROM job j WHERE j.held = 2 AND j.connector_id = "
	    "h.connector_id AND j.group_id = h.group_id) FROM removal_hold h WHERE h.connector_id = ?1 ORDER BY h.since, "
	    "h.group_id LIMIT ?2",
	    SQL_ARGS(sql_text(connector_id), sql_int(SQLITE_WHOLE_LIST)), &held.groups, &held.group_count, NULL);

	if (result != RESULT_OK)
		return result;
	for (size_t at = 0; at < held.group_count; at++)
		held.count += held.groups[at].count;
	if (held.group_count > 0)
		held.since = held.groups[0].since;
	*ret_held = held;
	return RESULT_OK;
}
