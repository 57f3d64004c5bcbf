/* The audit chain in the database: appended inside the transaction of what it tells about, its head signed before that
 * is committed. Nothing here, nor anything on our connections, can change or delete an event (sqlite_database.c, and
 * the triggers of the first migration). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define DETAIL_MAX (1u << 20)

const struct actor actor_worker = {.kind = "system", .id = "worker"};

static const struct audit_key *signing_key(struct sqlite_store *store)
{
	const struct audit_key *key;

	pthread_mutex_lock(&store->settings_mutex);
	key = store->audit_key;
	pthread_mutex_unlock(&store->settings_mutex);
	return key;
}

/* The chain tells time in whole seconds, as its text does. */
static int64_t whole_second(int64_t at_ms)
{
	return at_ms - at_ms % 1000;
}

/* Where the chain stands: read once a group, since another process may have written before. */
static void position_load(struct session *session, struct audit_position *position)
{
	struct cursor cursor;

	if (position->known)
		return;
	*position = (struct audit_position){.known = true, .hash = AUDIT_GENESIS};
	cursor = cursor_open(session, NULL, "SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1", NULL);
	if (cursor_next(&cursor)) {
		position->seq = cursor_int(&cursor);
		snprintf(position->hash, sizeof(position->hash), "%s", cursor_peek(&cursor));
	}
	cursor_close(&cursor);
}

static void event_insert(struct session *session, const struct audit_event *event)
{
	sql_run(session,
	        "INSERT INTO audit_event (seq, at, actor_kind, actor_id, action, target_kind, target_id, outcome, detail, "
	        "prev_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	        SQL_ARGS(sql_int(event->seq), sql_int(event->at), sql_text(event->actor_kind), sql_text(event->actor_id),
	                 sql_text(event->action), sql_text(event->target_kind), sql_text(event->target_id),
	                 sql_text(event->outcome), sql_text(event->detail), sql_text(event->prev_hash),
	                 sql_text(event->hash)));
}

void audit_append(struct session *session, const struct actor *actor, const char *action, const char *target_kind,
                  const char *target_id, const char *outcome, const char *detail)
{
	struct audit_position *position = &session->store->audit;
	char hash[DIGEST_HEX_SIZE];
	struct audit_event event;
	enum result result;

	if (session->fault == RESULT_OK && signing_key(session->store) == NULL)
		session_fail(session, RESULT_UNAVAILABLE, "The key that signs the audit chain is not there yet.");
	position_load(session, position);
	if (session->fault != RESULT_OK)
		return;
	event = (struct audit_event){.seq = position->seq + 1,
	                             .at = whole_second(session->now),
	                             .actor_kind = actor->kind,
	                             .actor_id = actor->id,
	                             .action = action,
	                             .target_kind = target_kind,
	                             .target_id = target_id,
	                             .outcome = outcome,
	                             .detail = detail != NULL ? detail : "{}",
	                             .prev_hash = position->hash};
	result = audit_event_hash(&event, session->scratch, hash);
	if (result != RESULT_OK) {
		session_fail(session, result, "The audit event could not be made.");
		return;
	}
	event.hash = hash;
	event_insert(session, &event);
	position->seq = event.seq;
	memcpy(position->hash, hash, sizeof(position->hash));
	position->advanced = true;
}

/* The pairs alone: nothing is there that one of them could replace, so they are written as they come. */
static const char *detail_of_pairs(struct arena *arena, va_list pairs)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(DETAIL_MAX);
	const char *key;

	text_append_char(&text, '{');
	while ((key = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);
		if (value == NULL)
			continue;
		if (text.length > 1)
			text_append_char(&text, ',');
		text_append_json(&text, key);
		text_append_char(&text, ':');
		text_append_json(&text, value);
	}
	text_append_char(&text, '}');
	return text_failed(&text) ? NULL : arena_strndup(arena, text.data, text.length);
}

static const char *detail_with_pairs(struct arena *arena, const char *base, va_list pairs)
{
	_cleanup_(json_decrefp) json_t *detail = NULL;
	const char *key;
	bool failed = json_read(base, strlen(base), &detail, NULL) != RESULT_OK || !json_is_object(detail);

	while (!failed && (key = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);
		if (value != NULL)
			json_put_string(detail, key, value, &failed);
	}
	return failed ? NULL : json_write(arena, detail);
}

const char *audit_detail(struct session *session, const char *base, ...)
{
	const char *text;
	va_list pairs;

	va_start(pairs, base);
	text = base == NULL ? detail_of_pairs(session->scratch, pairs) : detail_with_pairs(session->scratch, base, pairs);
	va_end(pairs);
	if (text == NULL)
		session_fail(session, RESULT_INVALID, "The detail of the audit event is not an object.");
	return text;
}

void audit_sign_head(struct session *session)
{
	const struct audit_position *position = &session->store->audit;
	struct audit_checkpoint head = {.seq = position->seq, .at = whole_second(session->now)};
	const struct audit_key *key = signing_key(session->store);

	memcpy(head.hash, position->hash, sizeof(head.hash));
	if (key == NULL || audit_checkpoint_sign(key, "head", &head) != RESULT_OK) {
		session_fail(session, RESULT_UNAVAILABLE, "The audit chain could not be signed.");
		return;
	}
	sql_run(session,
	        "INSERT INTO audit_head (one, seq, hash, at, signature) VALUES (1, ?1, ?2, ?3, ?4) ON CONFLICT (one) DO "
	        "UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at, signature = excluded.signature",
	        SQL_ARGS(sql_int(head.seq), sql_text(head.hash), sql_int(head.at),
	                 sql_bytes(head.signature, sizeof(head.signature))));
}

/* ---- operations ---- */

void sqlite_op_set_audit_signer(struct store *base, const struct audit_signer *signer)
{
	struct sqlite_store *store = sqlite_store_of(base);

	pthread_mutex_lock(&store->settings_mutex);
	store->audit_key = signer != NULL ? signer->key : NULL;
	pthread_mutex_unlock(&store->settings_mutex);
}

struct note {
	const char *action, *target_kind, *target_id, *outcome, *detail;
};

static enum result note_write(struct session *session, struct sqlite_write *write)
{
	const struct note *note = write->in;

	audit_append(session, write->actor, note->action, note->target_kind, note->target_id, note->outcome,
	             audit_detail(session, note->detail, NULL));
	return RESULT_OK;
}

enum result sqlite_op_audit_note(struct store *store, const struct actor *actor, const char *action,
                                 const char *target_kind, const char *target_id, const char *outcome,
                                 const char *detail, struct error *error)
{
	struct note note = {action, target_kind, target_id, outcome, detail};

	return sqlite_write(store, &(struct sqlite_write){.work = note_write, .actor = actor, .in = &note, .error = error});
}

#define EVENT_COLUMNS "seq, at, actor_kind, actor_id, action, target_kind, target_id, outcome, detail, prev_hash, hash"

static void event_read(struct cursor *cursor, void *item)
{
	struct audit_event *event = item;

	event->seq = cursor_int(cursor);
	event->at = cursor_int(cursor);
	event->actor_kind = cursor_text(cursor);
	event->actor_id = cursor_text(cursor);
	event->action = cursor_text(cursor);
	event->target_kind = cursor_text(cursor);
	event->target_id = cursor_text(cursor);
	event->outcome = cursor_text(cursor);
	event->detail = cursor_text(cursor);
	event->prev_hash = cursor_text(cursor);
	event->hash = cursor_text(cursor);
}

static const char *event_key(const void *item, struct arena *arena)
{
	return arena_printf(arena, "%lld", (long long)((const struct audit_event *)item)->seq);
}

static const struct row_type event_row = {sizeof(struct audit_event), event_read, event_key};

/* The seq below which a page lies; a key that is no number gives an empty page. */
static int64_t page_seq(const struct page *page)
{
	int64_t seq = INT64_MAX;

	if (page->after != NULL && text_parse_int(page->after, 0, INT64_MAX, &seq) != RESULT_OK)
		seq = 0;
	return seq;
}

enum result sqlite_op_audit_list(struct store *store, const struct page *page, struct arena *arena,
                                 struct audit_event **ret_events, size_t *ret_count, const char **ret_next)
{
	return sqlite_read_list(store, arena, &event_row, page_limit(page),
	                        "SELECT " EVENT_COLUMNS " FROM audit_event WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
	                        SQL_ARGS(sql_int(page_seq(page)), sql_int(page_limit(page) + 1)), ret_events, ret_count,
	                        ret_next);
}

enum result sqlite_op_audit_read_from(struct store *store, int64_t after_seq, int limit, struct arena *arena,
                                      struct audit_event **ret_events, size_t *ret_count)
{
	return sqlite_read_list(store, arena, &event_row, limit,
	                        "SELECT " EVENT_COLUMNS " FROM audit_event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
	                        SQL_ARGS(sql_int(after_seq), sql_int(limit)), ret_events, ret_count, NULL);
}

enum result sqlite_op_audit_list_of_grant(struct store *store, const char *grant_id, struct arena *arena,
                                          struct audit_event **ret_events, size_t *ret_count)
{
	return sqlite_read_list(store, arena, &event_row, SQLITE_WHOLE_LIST,
	                        "SELECT " EVENT_COLUMNS " FROM audit_event WHERE target_kind = 'grant' AND target_id = ?1 "
	                        "ORDER BY seq",
	                        SQL_ARGS(sql_text(grant_id)), ret_events, ret_count, NULL);
}

static void checkpoint_read(struct cursor *cursor, void *item)
{
	struct audit_checkpoint *checkpoint = item;

	checkpoint->seq = cursor_int(cursor);
	snprintf(checkpoint->hash, sizeof(checkpoint->hash), "%s", cursor_peek(cursor));
	checkpoint->at = cursor_int(cursor);
	cursor_fixed(cursor, checkpoint->signature, sizeof(checkpoint->signature));
}

static const char *checkpoint_key(const void *item, struct arena *arena)
{
	return arena_printf(arena, "%lld", (long long)((const struct audit_checkpoint *)item)->seq);
}

const struct row_type audit_checkpoint_row = {sizeof(struct audit_checkpoint), checkpoint_read, checkpoint_key};

enum result sqlite_op_audit_head(struct store *store, struct audit_checkpoint *ret_head)
{
	return sqlite_read_one(store, NULL, &audit_checkpoint_row, "SELECT seq, hash, at, signature FROM audit_head", NULL,
	                       ret_head);
}

static enum result checkpoint_write(struct session *session, struct sqlite_write *write)
{
	struct audit_position position = {0};
	struct audit_checkpoint checkpoint = {.at = whole_second(session->now)};
	const struct audit_key *key = signing_key(session->store);
	bool *ret_added = write_out(write);

	position_load(session, &position);
	if (position.seq == 0 ||
	    sql_exists(session, "SELECT 1 FROM audit_checkpoint WHERE seq = ?1", SQL_ARGS(sql_int(position.seq))))
		return RESULT_OK;
	checkpoint.seq = position.seq;
	memcpy(checkpoint.hash, position.hash, sizeof(checkpoint.hash));
	if (key == NULL || audit_checkpoint_sign(key, "checkpoint", &checkpoint) != RESULT_OK)
		return write_refuse(write, RESULT_UNAVAILABLE, "unavailable", "The audit chain cannot be signed now.");
	sql_run(session, "INSERT INTO audit_checkpoint (seq, hash, at, signature) VALUES (?1, ?2, ?3, ?4)",
	        SQL_ARGS(sql_int(checkpoint.seq), sql_text(checkpoint.hash), sql_int(checkpoint.at),
	                 sql_bytes(checkpoint.signature, sizeof(checkpoint.signature))));
	*ret_added = true;
	return RESULT_OK;
}

enum result sqlite_op_audit_checkpoint_add(struct store *store, bool *ret_added, struct error *error)
{
	return sqlite_write(
	    store, &(struct sqlite_write){
	               .work = checkpoint_write, .error = error, .ret = ret_added, .ret_size = sizeof(*ret_added)});
}

enum result sqlite_op_audit_checkpoint_list(struct store *store, const struct page *page, struct arena *arena,
                                            struct audit_checkpoint **ret_checkpoints, size_t *ret_count,
                                            const char **ret_next)
{
	return sqlite_read_list(
	    store, arena, &audit_checkpoint_row, page_limit(page),
	    "SELECT seq, hash, at, signature FROM audit_checkpoint WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
	    SQL_ARGS(sql_int(page_seq(page)), sql_int(page_limit(page) + 1)), ret_checkpoints, ret_count, ret_next);
}
