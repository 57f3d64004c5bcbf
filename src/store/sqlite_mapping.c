/* Identity mappings. */
#include "base/text.h"
#include "store/sqlite_filter.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define MAPPING_BY_ID MAPPING_SELECT " WHERE m.mapping_id = ?1"

static void mapping_read(struct cursor *cursor, void *item)
{
	struct identity_mapping *mapping = item;

	mapping->mapping_id = cursor_text(cursor);
	mapping->account_id = cursor_text(cursor);
	mapping->connector_id = cursor_text(cursor);
	mapping->external_id = cursor_text(cursor);
	mapping->note = cursor_text(cursor);
	mapping->resolved_object_id = cursor_text(cursor);
	mapping->resolved_user_principal_name = cursor_text(cursor);
	mapping->code = cursor_text(cursor);
	mapping->checked_at = cursor_int(cursor);
	mapping->created_at = cursor_int(cursor);
	mapping->updated_at = cursor_int(cursor);
	mapping->version = cursor_int(cursor);
}

static const char *mapping_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct identity_mapping *)item)->mapping_id;
}

const struct row_type mapping_row = {sizeof(struct identity_mapping), mapping_read, mapping_key};

static enum result mapping_load(struct session *session, struct sqlite_write *write, struct arena *arena,
                                struct identity_mapping *ret_mapping)
{
	enum result result =
	    sql_read_one(session, arena, &mapping_row, MAPPING_BY_ID, SQL_ARGS(sql_text(write->id)), ret_mapping);

	if (result == RESULT_NOT_FOUND)
		return refuse_not_found(write, "identity mapping");
	return result;
}

/* Ids only: external_id may be a user principal name, which is personal, and stays in the row. */
static const char *mapping_detail(struct session *session, const char *account_id, const char *connector_id)
{
	return audit_detail(session, NULL, "accountId", account_id, "connectorId", connector_id, NULL);
}

static enum result mapping_insert(struct session *session, struct sqlite_write *write)
{
	const struct identity_mapping *mapping = write->in;
	int64_t created_at = mapping->created_at != 0 ? mapping->created_at : session->now, connector_key;
	enum result result;

	if (idempotency_answered(session, write, &result))
		return result;
	connector_key = connector_key_of(session, mapping->connector_id);
	if (connector_key == 0)
		return refuse_not_found(write, "connector");
	if (sql_exists(session,
	               "SELECT 1 FROM identity_mapping WHERE mapping_id = ?1 OR (account_id = ?2 AND connector_key = ?3)",
	               SQL_ARGS(sql_text(mapping->mapping_id), sql_text(mapping->account_id), sql_key(connector_key))))
		return write_refuse(write, RESULT_CONFLICT, "already_exists",
		                    "This account has a mapping for this connector already.");
	sql_run(
	    session,
	    "INSERT INTO identity_mapping (mapping_id, account_id, connector_key, external_id, note, resolved_object_id, "
	    "resolved_user_principal_name, created_at, updated_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
	    "1)",
	    SQL_ARGS(sql_text(mapping->mapping_id), sql_text(mapping->account_id), sql_key(connector_key),
	             sql_text(mapping->external_id), sql_text(mapping->note), sql_text(mapping->resolved_object_id),
	             sql_text(mapping->resolved_user_principal_name), sql_int(created_at),
	             sql_int(mapping->updated_at != 0 ? mapping->updated_at : created_at)));
	audit_append(session, write->actor, "mapping.created", "mapping", mapping->mapping_id, "ok",
	             mapping_detail(session, mapping->account_id, mapping->connector_id));
	idempotency_keep(session, write);
	return RESULT_OK;
}

enum result sqlite_op_mapping_create(struct store *store, const struct actor *actor,
                                     const struct identity_mapping *mapping, struct idempotency *idempotency,
                                     struct arena *arena, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = mapping_insert,
	                                                  .actor = actor,
	                                                  .in = mapping,
	                                                  .idempotency = idempotency,
	                                                  .arena = arena,
	                                                  .error = error});
}

enum result sqlite_op_mapping_read(struct store *store, const char *mapping_id, struct arena *arena,
                                   struct identity_mapping *ret_mapping)
{
	return sqlite_read_one(store, arena, &mapping_row, MAPPING_BY_ID, SQL_ARGS(sql_text(mapping_id)), ret_mapping);
}

enum result sqlite_op_mapping_find(struct store *store, const char *account_id, const char *connector_id,
                                   struct arena *arena, struct identity_mapping *ret_mapping)
{
	return sqlite_read_one(store, arena, &mapping_row,
	                       MAPPING_SELECT " WHERE m.account_id = ?1 AND c.connector_id = ?2",
	                       SQL_ARGS(sql_text(account_id), sql_text(connector_id)), ret_mapping);
}

enum result sqlite_op_mapping_list(struct store *store, const struct mapping_filter *filter, const struct page *page,
                                   struct arena *arena, struct identity_mapping **ret_mappings, size_t *ret_count,
                                   const char **ret_next)
{
	const struct filter_term terms[] = {
	    {"m.account_id = ", "+m.account_id = ", filter->account_id, false},
	    {"m.code = ", "+m.code = ", filter->code, false},
	    {"c.connector_id = ", "+c.connector_id = ", filter->connector_id, false},
	};
	struct filter_query query;

	filter_build(&query, MAPPING_SELECT, "m.mapping_id", terms, ARRAY_SIZE(terms), page);
	return sqlite_read_list(store, arena, &mapping_row, page_limit(page), query.sql, query.values, ret_mappings,
	                        ret_count, ret_next);
}

static enum result mapping_change(struct session *session, struct sqlite_write *write)
{
	const struct identity_mapping *mapping = write->in;
	struct identity_mapping present;
	bool renamed;
	enum result result = mapping_load(session, write, session->scratch, &present);

	if (result == RESULT_OK)
		result = version_check(write, present.version);
	if (result != RESULT_OK)
		return result;
	renamed = !text_equal(present.external_id, mapping->external_id);
	sql_run(session,
	        "UPDATE identity_mapping SET external_id = ?2, note = ?3, resolved_object_id = ?4, "
	        "resolved_user_principal_name = ?5, code = ?7, checked_at = ?8, updated_at = ?6, version = version + 1 "
	        "WHERE mapping_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_text(mapping->external_id), sql_text(mapping->note),
	                 sql_text(renamed ? NULL : present.resolved_object_id),
	                 sql_text(renamed ? NULL : present.resolved_user_principal_name), sql_int(session->now),
	                 sql_text(renamed ? NULL : present.code), sql_int(renamed ? 0 : present.checked_at)));
	audit_append(session, write->actor, "mapping.updated", "mapping", write->id, "ok",
	             mapping_detail(session, present.account_id, present.connector_id));
	return mapping_load(session, write, write->arena, write_out(write));
}

enum result sqlite_op_mapping_update(struct store *store, const struct actor *actor,
                                     const struct identity_mapping *mapping, int64_t expected_version,
                                     struct arena *arena, struct identity_mapping *ret_mapping, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = mapping_change,
	                                                  .actor = actor,
	                                                  .id = mapping->mapping_id,
	                                                  .in = mapping,
	                                                  .expected_version = expected_version,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_mapping,
	                                                  .ret_size = sizeof(*ret_mapping)});
}

static enum result mapping_remove(struct session *session, struct sqlite_write *write)
{
	struct identity_mapping present;
	enum result result = mapping_load(session, write, session->scratch, &present);

	if (result == RESULT_OK)
		result = version_check(write, present.version);
	if (result != RESULT_OK)
		return result;
	sql_run(session, "DELETE FROM identity_mapping WHERE mapping_id = ?1", SQL_ARGS(sql_text(write->id)));
	audit_append(session, write->actor, "mapping.deleted", "mapping", write->id, "ok",
	             mapping_detail(session, present.account_id, present.connector_id));
	return RESULT_OK;
}

enum result sqlite_op_mapping_delete(struct store *store, const struct actor *actor, const char *mapping_id,
                                     int64_t expected_version, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = mapping_remove,
	                                                  .actor = actor,
	                                                  .id = mapping_id,
	                                                  .expected_version = expected_version,
	                                                  .error = error});
}

void mapping_pin_target(struct session *session, const struct actor *actor, const struct identity_mapping *mapping,
                        const char *object_id, const char *user_principal_name)
{
	sql_run(session,
	        "UPDATE identity_mapping SET resolved_object_id = ?2, resolved_user_principal_name = ?3, updated_at = ?4, "
	        "version = version + 1 WHERE mapping_id = ?1",
	        SQL_ARGS(sql_text(mapping->mapping_id), sql_text(object_id), sql_text(user_principal_name),
	                 sql_int(session->now)));
	audit_append(session, actor, "mapping.pinned", "mapping", mapping->mapping_id, "ok",
	             audit_detail(session, NULL, "accountId", mapping->account_id, "connectorId", mapping->connector_id,
	                          "objectId", object_id, NULL));
}

void mapping_save_chosen(struct session *session, const struct actor *actor, const char *account_id,
                         const char *connector_id, const char *object_id)
{
	int64_t connector_key = connector_key_of(session, connector_id);
	const char *present = sql_ask_text(session, session->scratch,
	                                   "SELECT mapping_id FROM identity_mapping WHERE account_id = ?1 AND "
	                                   "connector_key = ?2",
	                                   SQL_ARGS(sql_text(account_id), sql_key(connector_key)));
	char created[ID_SIZE];

	if (account_id == NULL || connector_key == 0)
		return;
	id_new(session->now, created);
	sql_run(session,
	        "INSERT INTO identity_mapping (mapping_id, account_id, connector_key, external_id, note, created_at, "
	        "updated_at, version) VALUES (?1, ?2, ?3, ?4, '', ?5, ?5, 1) ON CONFLICT (account_id, connector_key) DO "
	        "UPDATE SET external_id = excluded.external_id, resolved_object_id = NULL, resolved_user_principal_name = "
	        "NULL, code = NULL, checked_at = 0, updated_at = excluded.updated_at, version = "
	        "version + 1",
	        SQL_ARGS(sql_text(created), sql_text(account_id), sql_key(connector_key), sql_text(object_id),
	                 sql_int(session->now)));
	audit_append(session, actor, present != NULL ? "mapping.updated" : "mapping.created", "mapping",
	             present != NULL ? present : created, "ok", mapping_detail(session, account_id, connector_id));
}
