/* Memberships: who put a user into a group.
 *
 * Written down before the first write to Graph, in the transaction that checks the worker's lease and the grant's
 * state. So after a crash the row says that the membership may be ours even if the answer was never seen; and a user
 * who was found in the group without such a row was there before us, and is not taken out by us without a person's
 * word. A read may be stale: where the directory answers our very first write with "already", the row is mended. */
#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"

static enum membership_origin origin_of(const char *name)
{
	if (name == NULL)
		return MEMBERSHIP_UNKNOWN;
	return text_equal(name, "ours") ? MEMBERSHIP_OURS : MEMBERSHIP_PREEXISTING;
}

#define ORIGIN_SELECT                                                                                                  \
	"SELECT m.origin FROM membership m JOIN connector c ON c.connector_key = m.connector_key WHERE c.connector_id = "  \
	"?1 "                                                                                                              \
	"AND m.group_id = ?2 AND m.external_user_id = ?3"

static enum membership_origin origin_ask(struct session *session, struct arena *arena, const char *connector_id,
                                         const char *group_id, const char *external_user_id)
{
	return origin_of(sql_ask_text(session, arena, ORIGIN_SELECT,
	                              SQL_ARGS(sql_text(connector_id), sql_text(group_id), sql_text(external_user_id))));
}

struct intended {
	enum membership_origin before, origin;
};

#define NAMED_BY_ANOTHER                                                                                               \
	"SELECT 1 FROM access_grant WHERE connector_id = ?1 AND group_id = ?2 AND external_user_id = ?3 AND grant_id <> "  \
	"?4"

/* Another grant that named the user for the group may have sent what this one did not. */
static bool held_by_another(struct session *session, const struct grant *grant, const char *external_user_id)
{
	return sql_exists(session, NAMED_BY_ANOTHER " LIMIT 1",
	                  SQL_ARGS(sql_text(grant->connector_id), sql_text(grant->group_id), sql_text(external_user_id),
	                           sql_text(grant->grant_id)));
}

bool membership_is_this_ones(struct session *session, const struct grant *grant)
{
	if (grant->external_user_id == NULL || grant->group_id == NULL ||
	    origin_ask(session, session->scratch, grant->connector_id, grant->group_id, grant->external_user_id) !=
	        MEMBERSHIP_OURS)
		return false;
	return !sql_exists(session, NAMED_BY_ANOTHER " AND status NOT IN ('revoked', 'expired', 'notGranted') LIMIT 1",
	                   SQL_ARGS(sql_text(grant->connector_id), sql_text(grant->group_id),
	                            sql_text(grant->external_user_id), sql_text(grant->grant_id)));
}

static struct intended origin_settle(struct session *session, const struct grant *grant,
                                     const struct membership_intent *intent)
{
	enum membership_origin before =
	    origin_ask(session, session->scratch, grant->connector_id, grant->group_id, intent->external_user_id);
	enum membership_origin origin = intent->found_member ? MEMBERSHIP_PREEXISTING : MEMBERSHIP_OURS;

	if (before == MEMBERSHIP_OURS && intent->never_sent && !held_by_another(session, grant, intent->external_user_id))
		before = MEMBERSHIP_UNKNOWN;
	if (before != MEMBERSHIP_UNKNOWN)
		return (struct intended){before, before};
	sql_run(
	    session,
	    "INSERT INTO membership (connector_key, group_id, external_user_id, origin, created_at) VALUES (?1, ?2, ?3, "
	    "?4, ?5) ON CONFLICT (connector_key, group_id, external_user_id) DO UPDATE SET origin = excluded.origin",
	    SQL_ARGS(sql_key(connector_key_of(session, grant->connector_id)), sql_text(grant->group_id),
	             sql_text(intent->external_user_id), sql_text(origin == MEMBERSHIP_OURS ? "ours" : "preexisting"),
	             sql_int(session->now)));
	return (struct intended){before, origin};
}

static enum result refuse_for_now(struct sqlite_write *write, const char *sentence)
{
	enum result result = write_refuse(write, RESULT_UNAVAILABLE, "unavailable", "%s", sentence);

	if (write->error != NULL)
		write->error->retryable = true;
	return result;
}

static enum result membership_intend(struct session *session, struct sqlite_write *write)
{
	const struct membership_intent *intent = write->in;
	struct intended intended;
	struct grant_row row;
	enum result result = grant_get(session, session->scratch, write->id, &row);

	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? refuse_not_found(write, "grant") : result;
	if (row.grant.status != GRANT_PENDING_PROVISION || row.grant.group_id == NULL ||
	    !job_fence_holds(session, intent->job_id, intent->fence, NULL))
		return refuse_lease_lost(write);
	/* Somebody else may have settled meanwhile on whose access this is (membership_hand_over): that user would be
	 * forgotten, in the group. The next attempt goes on with them. */
	if (row.grant.external_user_id != NULL && !text_equal_fold(row.grant.external_user_id, intent->external_user_id))
		return refuse_for_now(write, "The grant has a user by now, and it is another one.");
	/* A removal that is held is none any more; one that was let go since the worker asked comes first. */
	finding_keep_member(session, row.grant.connector_id, row.grant.group_id, intent->external_user_id);
	if (finding_removal_under_way(session, row.grant.connector_id, row.grant.group_id, intent->external_user_id))
		return refuse_for_now(write, "A removal of this member is under way.");
	intended = origin_settle(session, &row.grant, intent);
	if (intent->never_sent) /* said once: from now on something may have been */
		sql_run(session, "UPDATE job SET progress = NULL WHERE job_id = ?1", SQL_ARGS(sql_text(intent->job_id)));
	sql_run(session,
	        "UPDATE access_grant SET external_user_id = ?2, membership_preexisting = ?3, updated_at = ?4, "
	        "version = version + 1 WHERE grant_key = ?1",
	        SQL_ARGS(sql_int(row.key), sql_text(intent->external_user_id),
	                 sql_int(intended.origin == MEMBERSHIP_PREEXISTING), sql_int(session->now)));
	*(struct intended *)write_out(write) = intended;
	return RESULT_OK;
}

static void intent_describe(const struct sqlite_series *series, size_t at, struct sqlite_write *write)
{
	struct membership_intent *intent = (struct membership_intent *)series->items + at;

	intent->error = (struct error){0};
	write->work = membership_intend;
	write->id = intent->grant_id;
	write->in = intent;
	write->error = &intent->error;
	write->repeatable = true;
}

static void intent_tell(const struct sqlite_series *series, size_t at, struct sqlite_write *write)
{
	struct membership_intent *intent = (struct membership_intent *)series->items + at;
	const struct intended *intended = write_out(write);

	intent->result = write->result;
	if (write->result != RESULT_OK)
		return;
	intent->before = intended->before;
	intent->origin = intended->origin;
}

void sqlite_op_grant_intend_memberships(struct store *store, struct membership_intent *intents, size_t count,
                                        struct arena *arena)
{
	sqlite_write_series(
	    store,
	    &(struct sqlite_series){.items = intents, .count = count, .describe = intent_describe, .tell = intent_tell},
	    arena);
}

/* Whose lease it is, and who turned out to have been in the group. */
struct disowning {
	const char *job_id;
	int64_t fence;
	const char *external_user_id;
};

static enum result membership_disown(struct session *session, struct sqlite_write *write)
{
	const struct disowning *disowning = write->in;
	struct grant_row row;
	enum result result = grant_get(session, session->scratch, write->id, &row);

	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? refuse_not_found(write, "grant") : result;
	if (!job_fence_holds(session, disowning->job_id, disowning->fence, NULL))
		return refuse_lease_lost(write);
	sql_run(session,
	        "UPDATE membership SET origin = 'preexisting' WHERE connector_key = ?1 AND group_id = ?2 AND "
	        "external_user_id = ?3",
	        SQL_ARGS(sql_key(connector_key_of(session, row.grant.connector_id)), sql_text(row.grant.group_id),
	                 sql_text(disowning->external_user_id)));
	sql_run(
	    session,
	    "UPDATE access_grant SET membership_preexisting = 1, updated_at = ?2, version = version + 1 WHERE grant_key = "
	    "?1 OR (connector_id = ?3 AND group_id = ?4 AND external_user_id = ?5 AND status NOT IN ('revoked', "
	    "'expired', 'notGranted'))",
	    SQL_ARGS(sql_int(row.key), sql_int(session->now), sql_text(row.grant.connector_id),
	             sql_text(row.grant.group_id), sql_text(disowning->external_user_id)));
	return RESULT_OK;
}

enum result sqlite_op_grant_mark_preexisting(struct store *store, const char *grant_id, const char *job_id,
                                             int64_t fence, const char *external_user_id, struct error *error)
{
	struct disowning disowning = {job_id, fence, external_user_id};

	return sqlite_write(
	    store, &(struct sqlite_write){.work = membership_disown, .id = grant_id, .in = &disowning, .error = error});
}

static void origin_read(struct cursor *cursor, void *item)
{
	*(enum membership_origin *)item = origin_of(cursor_peek(cursor));
}

static const struct row_type origin_row = {sizeof(enum membership_origin), origin_read, NULL};

enum result sqlite_op_membership_origin(struct store *store, const char *connector_id, const char *group_id,
                                        const char *external_user_id, enum membership_origin *ret_origin)
{
	enum result result =
	    sqlite_read_one(store, NULL, &origin_row, ORIGIN_SELECT,
	                    SQL_ARGS(sql_text(connector_id), sql_text(group_id), sql_text(external_user_id)), ret_origin);

	if (result != RESULT_NOT_FOUND)
		return result;
	*ret_origin = MEMBERSHIP_UNKNOWN;
	return RESULT_OK;
}

/* A grant that is meant to keep the user in the group: not one on its way out. */
#define HOLDS                                                                                                          \
	"grant_id <> ?5 AND (status IN ('pendingProvision', 'active') OR (status = 'manualFollowUp' AND follow_up_action " \
	"= "                                                                                                               \
	"'provision'))"
/* One that has not found its user yet counts by the account, where it is about to find the same one: not while it waits
 * for a person, and not where a mapping leads to somebody else. */
#define TO_COME                                                                                                        \
	"connector_id = ?1 AND group_id = ?2 AND account_id = ?4 AND external_user_id IS NULL AND grant_id <> ?5 AND "     \
	"status = 'pendingProvision' AND NOT EXISTS (SELECT 1 FROM identity_mapping i JOIN connector c ON "                \
	"c.connector_key = i.connector_key WHERE i.account_id = ?4 AND c.connector_id = ?1 AND "                           \
	"coalesce(i.resolved_object_id, i.external_id) <> ?3 COLLATE NOCASE)"
/* Two questions, so that each has its index. */
#define OTHER_HOLDS                                                                                                    \
	"SELECT 1 FROM access_grant WHERE connector_id = ?1 AND group_id = ?2 AND external_user_id = ?3 AND " HOLDS        \
	" UNION ALL SELECT 1 FROM access_grant WHERE " TO_COME " LIMIT 1"
#define BEING_REMOVED                                                                                                  \
	"SELECT 1 FROM access_grant WHERE connector_id = ?1 AND group_id = ?2 AND external_user_id = ?3 AND grant_id <> "  \
	"?5 "                                                                                                              \
	"AND status = 'pendingDeprovision' UNION ALL SELECT 1 FROM access_grant WHERE connector_id = ?1 AND group_id = "   \
	"?2 "                                                                                                              \
	"AND account_id = ?4 AND grant_id <> ?5 AND status = 'pendingDeprovision' LIMIT 1"

bool grant_held_by_other(struct session *session, const struct grant *grant)
{
	return sql_exists(session, OTHER_HOLDS,
	                  SQL_ARGS(sql_text(grant->connector_id), sql_text(grant->group_id),
	                           sql_text(grant->external_user_id), sql_text(grant->account_id),
	                           sql_text(grant->grant_id)));
}

enum result sqlite_op_grant_other_open(struct store *store, const struct grant *grant, bool *ret_exists)
{
	struct session session;
	bool exists;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	exists = grant_held_by_other(&session, grant);
	sqlite_reader_end(&session);
	if (session.fault == RESULT_OK)
		*ret_exists = exists;
	return session.fault;
}

enum result sqlite_op_grant_removal_under_way(struct store *store, const struct grant *grant,
                                              const char *external_user_id, bool *ret_exists)
{
	struct session session;
	bool exists;
	enum result result = sqlite_reader_begin(sqlite_store_of(store), &session);

	if (result != RESULT_OK)
		return result;
	exists = sql_exists(&session, BEING_REMOVED,
	                    SQL_ARGS(sql_text(grant->connector_id), sql_text(grant->group_id), sql_text(external_user_id),
	                             sql_text(grant->account_id), sql_text(grant->grant_id))) ||
	         finding_removal_under_way(&session, grant->connector_id, grant->group_id, external_user_id);
	sqlite_reader_end(&session);
	if (session.fault == RESULT_OK)
		*ret_exists = exists;
	return session.fault;
}

/* Whoever it is kept for has it to give back: else it would stay behind if that grant ended before it found its user.
 */
static void membership_hand_over(struct session *session, const struct grant *grant)
{
	sql_run(session,
	        "UPDATE access_grant SET external_user_id = ?3, updated_at = ?6, version = version + 1 WHERE " TO_COME,
	        SQL_ARGS(sql_text(grant->connector_id), sql_text(grant->group_id), sql_text(grant->external_user_id),
	                 sql_text(grant->account_id), sql_text(grant->grant_id), sql_int(session->now)));
}

/* The row says what was meant; that it never came to it is known from whoever meant it. */
static bool is_unsent(struct session *session, const struct grant *grant, const struct grant_change *change)
{
	return change->unsent && !grant->membership_preexisting &&
	       !held_by_another(session, grant, grant->external_user_id);
}

void membership_settle(struct session *session, const struct grant *grant, const struct grant_change *change)
{
	bool gone;

	if (grant->external_user_id == NULL || grant->group_id == NULL)
		return;
	switch (change->event) {
	case GRANT_EVENT_NOT_MEMBER:
	case GRANT_EVENT_REMOVED_BY_HAND:
	case GRANT_EVENT_MEMBER_LOST:
		gone = true; /* nobody is in the group: whoever puts them there next is asked anew */
		break;
	case GRANT_EVENT_KEPT_BY_HAND:
	case GRANT_EVENT_NOT_GRANTED:
		gone = !grant_held_by_other(session, grant); /* no longer ours, unless another grant still stands on it */
		break;
	case GRANT_EVENT_NEEDS_PERSON:
		gone = is_unsent(session, grant, change);
		break;
	case GRANT_EVENT_KEPT:
		gone = false;
		membership_hand_over(session, grant);
		break;
	default:
		gone = false;
		break;
	}
	if (gone)
		sql_run(session, "DELETE FROM membership WHERE connector_key = ?1 AND group_id = ?2 AND external_user_id = ?3",
		        SQL_ARGS(sql_key(connector_key_of(session, grant->connector_id)), sql_text(grant->group_id),
		                 sql_text(grant->external_user_id)));
}
