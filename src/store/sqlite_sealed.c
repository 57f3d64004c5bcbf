/* Everything that is sealed under the master key, moved to another one. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

/* The audit key is a named value; what it is bound to, and a connector's secret, is said by who seals them. */
#define AUDIT_KEY_NAME "audit.key"
#define AUDIT_KEY_BOUND_TO "audit-key"
#define RETIRED_PREFIX "master-key.retired."
#define KEY_ID_AT 1
#define KEY_ID_SIZE 4
#define CONNECTOR_PREFIX "connector:"

static void sealed_read(struct cursor *cursor, void *item)
{
	struct sealed_item *sealed = item;

	sealed->bound_to = cursor_text(cursor);
	sealed->sealed = cursor_bytes(cursor, &sealed->length);
}

static const struct row_type sealed_row = {sizeof(struct sealed_item), sealed_read, NULL};

enum result sqlite_op_sealed_list(struct store *store, struct arena *arena, struct sealed_item **ret_items,
                                  size_t *ret_count)
{
	return sqlite_read_list(store, arena, &sealed_row, SQLITE_WHOLE_LIST,
	                        "SELECT '" CONNECTOR_PREFIX
	                        "' || connector_id, credential_sealed FROM connector WHERE credential_sealed IS NOT NULL "
	                        "UNION ALL SELECT '" AUDIT_KEY_BOUND_TO "', value FROM meta WHERE name = '" AUDIT_KEY_NAME
	                        "' LIMIT ?1",
	                        SQL_ARGS(sql_int(SQLITE_WHOLE_LIST + 1)), ret_items, ret_count, NULL);
}

/* By the keys that are gone, not by the present one: between the new key's arrival and the sealing anew, which a crash
 * may stretch to days, what is sealed under the new key is as good as what is sealed under the old one. */
enum result sealed_check_key(struct session *session, struct sqlite_write *write, const struct credential *credential)
{
	if (credential->source != CREDENTIAL_SEALED || credential->sealed_length < KEY_ID_AT + KEY_ID_SIZE)
		return RESULT_OK;
	if (sql_exists(session, "SELECT 1 FROM meta WHERE name = '" RETIRED_PREFIX "' || hex(?1)",
	               SQL_ARGS(sql_bytes(credential->sealed + KEY_ID_AT, KEY_ID_SIZE))))
		return write_refuse(write, RESULT_UNAVAILABLE, "unavailable",
		                    "The master key was changed while this was sealed; try again.");
	return RESULT_OK;
}

struct replacing {
	const struct sealed_item *olds, *news;
	size_t count;
	const uint8_t *key_id;
};

static void item_replace(struct session *session, const struct sealed_item *old, const struct sealed_item *new)
{
	const char *sql = "UPDATE connector SET credential_sealed = ?3 WHERE connector_id = ?1 AND credential_sealed = ?2";
	const char *name = old->bound_to + strlen(CONNECTOR_PREFIX);

	if (text_equal(old->bound_to, AUDIT_KEY_BOUND_TO)) {
		sql = "UPDATE meta SET value = ?3 WHERE name = ?1 AND value = ?2";
		name = AUDIT_KEY_NAME;
	}
	sql_run(session, sql,
	        SQL_ARGS(sql_text(name), sql_bytes(old->sealed, old->length), sql_bytes(new->sealed, new->length)));
}

/* The service seals under the new key as soon as it is in its file: what came or was replaced since `olds` were read is
 * mostly fine as it is. */
static bool all_under_key(struct session *session, const uint8_t key_id[KEY_ID_SIZE])
{
	return !sql_exists(session,
	                   "SELECT 1 FROM connector WHERE substr(credential_sealed, 2, 4) <> ?1 UNION ALL "
	                   "SELECT 1 FROM meta WHERE name = '" AUDIT_KEY_NAME "' AND substr(value, 2, 4) <> ?1",
	                   SQL_ARGS(sql_bytes(key_id, KEY_ID_SIZE)));
}

/* What was sealed under any other key than the present one is sealed under that no longer. */
static void keys_retire(struct session *session, const struct replacing *replacing)
{
	for (size_t at = 0; at < replacing->count; at++) {
		const struct sealed_item *old = &replacing->olds[at];

		if (old->length >= KEY_ID_AT + KEY_ID_SIZE)
			sql_run(session,
			        "INSERT INTO meta (name, value) VALUES ('" RETIRED_PREFIX
			        "' || hex(?1), x'') ON CONFLICT DO NOTHING",
			        SQL_ARGS(sql_bytes(old->sealed + KEY_ID_AT, KEY_ID_SIZE)));
	}
	sql_run(session, "DELETE FROM meta WHERE name = '" RETIRED_PREFIX "' || hex(?1)",
	        SQL_ARGS(sql_bytes(replacing->key_id, KEY_ID_SIZE)));
}

static enum result replace_work(struct session *session, struct sqlite_write *write)
{
	const struct replacing *replacing = write->in;

	for (size_t at = 0; at < replacing->count; at++)
		item_replace(session, &replacing->olds[at], &replacing->news[at]);
	if (!all_under_key(session, replacing->key_id))
		return write_refuse(write, RESULT_CONFLICT, "conflict", "A sealed secret was changed meanwhile.");
	keys_retire(session, replacing);
	audit_append(session, write->actor, "secrets.rotated", "secrets", "master-key", "ok",
	             audit_detail(session, NULL, "secrets", arena_printf(session->scratch, "%zu", replacing->count), NULL));
	return RESULT_OK;
}

enum result sqlite_op_sealed_replace(struct store *store, const struct actor *actor, const struct sealed_item *olds,
                                     const struct sealed_item *news, size_t count, const uint8_t key_id[4],
                                     struct error *error)
{
	struct replacing replacing = {olds, news, count, key_id};

	return sqlite_write(store,
	                    &(struct sqlite_write){.work = replace_work, .actor = actor, .in = &replacing, .error = error});
}
