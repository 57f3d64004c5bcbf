/* Connectors. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_watch.h"
#include "store/sqlite_work.h"

/* A mapping, a grant or a bound group speaks of objects of this very tenant. */
#define CONNECTOR_TENANT_FIXED                                                                                         \
	"(EXISTS (SELECT 1 FROM identity_mapping m WHERE m.connector_key = c.connector_key) OR EXISTS (SELECT 1 FROM "     \
	"access_grant g WHERE g.connector_id = c.connector_id) OR EXISTS (SELECT 1 FROM tool t WHERE t.connector_key = "   \
	"c.connector_key AND t.group_id IS NOT NULL))"
#define CONNECTOR_COLUMNS                                                                                              \
	"c.connector_id, c.type, c.name, c.description, c.group_mode, c.enabled, c.tenant_id, c.client_id, c.cloud, "      \
	"c.credential_kind, c.credential_source, c.credential_sealed, c.credential_reference, "                            \
	"c.credential_certificate_reference, c.credential_expires_at, c.credential_stored_at, c.credential_version, "      \
	"c.health, c.last_test, (SELECT count(*) FROM tool t WHERE t.connector_key = c.connector_key), c.last_used_at, "   \
	"c.created_at, c.updated_at, c.version, " CONNECTOR_TENANT_FIXED
#define CONNECTOR_BY_ID "SELECT " CONNECTOR_COLUMNS " FROM connector c WHERE c.connector_id = ?1"

static void credential_read(struct cursor *cursor, struct credential *credential)
{
	credential->kind = (enum credential_kind)cursor_int(cursor);
	credential->source = (enum credential_source)cursor_int(cursor);
	credential->sealed = cursor_bytes(cursor, &credential->sealed_length);
	credential->reference = cursor_text(cursor);
	credential->certificate_reference = cursor_text(cursor);
	credential->expires_at = cursor_int(cursor);
	credential->stored_at = cursor_int(cursor);
	credential->version = cursor_int(cursor);
}

static void connector_read(struct cursor *cursor, void *item)
{
	struct connector_settings *connector = item;

	connector->connector_id = cursor_text(cursor);
	connector->type = cursor_text(cursor);
	connector->name = cursor_text(cursor);
	connector->description = cursor_text(cursor);
	connector->group_mode = cursor_text(cursor);
	connector->enabled = cursor_bool(cursor);
	connector->tenant_id = cursor_text(cursor);
	connector->client_id = cursor_text(cursor);
	connector->cloud = cursor_text(cursor);
	credential_read(cursor, &connector->credential);
	connector->health = cursor_text(cursor);
	connector->last_test = cursor_text(cursor);
	connector->tool_count = cursor_int(cursor);
	connector->last_used_at = cursor_int(cursor);
	connector->created_at = cursor_int(cursor);
	connector->updated_at = cursor_int(cursor);
	connector->version = cursor_int(cursor);
	connector->tenant_is_fixed = cursor_bool(cursor);
}

static const char *connector_list_key(const void *item, struct arena *arena)
{
	(void)arena;
	return ((const struct connector_settings *)item)->connector_id;
}

static const struct row_type connector_row = {sizeof(struct connector_settings), connector_read, connector_list_key};

int64_t connector_key_of(struct session *session, const char *connector_id)
{
	int64_t key = 0;

	if (connector_id != NULL)
		(void)sql_ask(session, "SELECT connector_key FROM connector WHERE connector_id = ?1",
		              SQL_ARGS(sql_text(connector_id)), &key);
	return key;
}

void connector_touch(struct session *session, const char *connector_id)
{
	/* Told in whole seconds, kept once in each. */
	sql_run(session,
	        "UPDATE connector SET last_used_at = ?2 WHERE connector_id = ?1 AND last_used_at / 1000 <> ?2 / 1000",
	        SQL_ARGS(sql_text(connector_id), sql_int(session->now)));
}

enum result connector_load(struct session *session, struct sqlite_write *write, struct arena *arena,
                           struct connector_settings *ret_connector)
{
	enum result result =
	    sql_read_one(session, arena, &connector_row, CONNECTOR_BY_ID, SQL_ARGS(sql_text(write->id)), ret_connector);

	if (result == RESULT_NOT_FOUND)
		return refuse_not_found(write, "connector");
	return result;
}

static void connector_insert_row(struct session *session, const struct connector_settings *connector)
{
	const struct credential *credential = &connector->credential;
	int64_t created_at = connector->created_at != 0 ? connector->created_at : session->now;

	sql_run(
	    session,
	    "INSERT INTO connector (connector_id, type, name, description, group_mode, enabled, tenant_id, client_id, "
	    "cloud, credential_kind, credential_source, credential_sealed, credential_reference, "
	    "credential_certificate_reference, credential_expires_at, credential_stored_at, credential_version, health, "
	    "last_test, last_used_at, created_at, updated_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
	    "?11, ?12, ?13, ?14, ?15, ?16, 1, 'untested', NULL, 0, ?17, ?18, 1)",
	    SQL_ARGS(sql_text(connector->connector_id), sql_text(connector->type), sql_text(connector->name),
	             sql_text(connector->description), sql_text(connector->group_mode), sql_int(connector->enabled),
	             sql_text(connector->tenant_id), sql_text(connector->client_id), sql_text(connector->cloud),
	             sql_int(credential->kind), sql_int(credential->source),
	             sql_bytes(credential->sealed, credential->sealed_length), sql_text(credential->reference),
	             sql_text(credential->certificate_reference), sql_int(credential->expires_at),
	             sql_int(credential->stored_at != 0 ? credential->stored_at : session->now), sql_int(created_at),
	             sql_int(connector->updated_at != 0 ? connector->updated_at : created_at)));
}

static enum result connector_insert(struct session *session, struct sqlite_write *write)
{
	const struct connector_settings *connector = write->in;
	enum result result;

	if (idempotency_answered(session, write, &result))
		return result;
	if (connector_key_of(session, connector->connector_id) != 0)
		return write_refuse(write, RESULT_CONFLICT, "already_exists", "There is a connector with this id already.");
	if (label_retired(session, "connector", connector->connector_id))
		return write_refuse(write, RESULT_CONFLICT, "id_retired",
		                    "A connector with this id was deleted; ids are not used again.");
	result = sealed_check_key(session, write, &connector->credential);
	if (result != RESULT_OK)
		return result;
	connector_insert_row(session, connector);
	audit_append(session, write->actor, "connector.created", "connector", connector->connector_id, "ok",
	             audit_detail(session, NULL, "type", connector->type, "tenantId", connector->tenant_id, "clientId",
	                          connector->client_id, "cloud", connector->cloud, "groupMode", connector->group_mode,
	                          "credentialKind", credential_kind_name(connector->credential.kind), "credentialSource",
	                          credential_source_name(connector->credential.source), NULL));
	idempotency_keep(session, write);
	return RESULT_OK;
}

enum result sqlite_op_connector_create(struct store *store, const struct actor *actor,
                                       const struct connector_settings *connector, struct idempotency *idempotency,
                                       struct arena *arena, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = connector_insert,
	                                                  .actor = actor,
	                                                  .in = connector,
	                                                  .idempotency = idempotency,
	                                                  .arena = arena,
	                                                  .error = error});
}

enum result sqlite_op_connector_read(struct store *store, const char *connector_id, struct arena *arena,
                                     struct connector_settings *ret_connector)
{
	return sqlite_read_one(store, arena, &connector_row, CONNECTOR_BY_ID, SQL_ARGS(sql_text(connector_id)),
	                       ret_connector);
}

enum result sqlite_op_connector_list(struct store *store, const struct page *page, struct arena *arena,
                                     struct connector_settings **ret_connectors, size_t *ret_count,
                                     const char **ret_next)
{
	return sqlite_read_list(
	    store, arena, &connector_row, page_limit(page),
	    "SELECT " CONNECTOR_COLUMNS " FROM connector c WHERE c.connector_id > ?1 ORDER BY c.connector_id LIMIT ?2",
	    SQL_ARGS(sql_text(page_after_up(page)), sql_int(page_limit(page) + 1)), ret_connectors, ret_count, ret_next);
}

static void connector_replace_credential(struct session *session, const struct connector_settings *connector)
{
	const struct credential *credential = &connector->credential;

	sql_run(session,
	        "UPDATE connector SET credential_kind = ?2, credential_source = ?3, credential_sealed = ?4, "
	        "credential_reference = ?5, credential_certificate_reference = ?6, credential_expires_at = ?7, "
	        "credential_stored_at = ?8, credential_version = credential_version + 1, health = 'untested' "
	        "WHERE connector_id = ?1",
	        SQL_ARGS(sql_text(connector->connector_id), sql_int(credential->kind), sql_int(credential->source),
	                 sql_bytes(credential->sealed, credential->sealed_length), sql_text(credential->reference),
	                 sql_text(credential->certificate_reference), sql_int(credential->expires_at),
	                 sql_int(credential->stored_at != 0 ? credential->stored_at : session->now)));
}

static enum result connector_change(struct session *session, struct sqlite_write *write)
{
	const struct connector_settings *connector = write->in;
	struct connector_settings present;
	enum result result = connector_load(session, write, session->scratch, &present);

	if (result == RESULT_OK)
		result = version_check(write, present.version);
	if (result == RESULT_OK && write->flag)
		result = sealed_check_key(session, write, &connector->credential);
	if (result != RESULT_OK)
		return result;
	if (connector_leaves_tenant(&present, connector->tenant_id, connector->cloud))
		return write_refuse(write, RESULT_CONFLICT, "connector_tenant_fixed", CONNECTOR_TENANT_FIXED_SENTENCE);
	/* What is signed in to, and as whom, is part of the credential: a test of the former that is still under way must
	 * not speak for the new one. */
	sql_run(session,
	        "UPDATE connector SET name = ?2, description = ?3, updated_at = ?4, version = version + 1 "
	        "WHERE connector_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_text(connector->name), sql_text(connector->description),
	                 sql_int(session->now)));
	sql_run(session,
	        "UPDATE connector SET group_mode = ?2, tenant_id = ?3, client_id = ?4, cloud = ?5, health = 'untested', "
	        "credential_version = credential_version + 1 WHERE connector_id = ?1 AND NOT (group_mode = ?2 AND "
	        "tenant_id = ?3 AND client_id = ?4 AND cloud = ?5)",
	        SQL_ARGS(sql_text(write->id), sql_text(connector->group_mode), sql_text(connector->tenant_id),
	                 sql_text(connector->client_id), sql_text(connector->cloud)));
	if (write->flag)
		connector_replace_credential(session, connector);
	pause_end(session, write->id);
	audit_append(session, write->actor, "connector.updated", "connector", write->id, "ok",
	             audit_detail(session, NULL, "tenantId", connector->tenant_id, "clientId", connector->client_id,
	                          "cloud", connector->cloud, "groupMode", connector->group_mode, NULL));
	if (write->flag)
		audit_append(session, write->actor, "connector.credentialReplaced", "connector", write->id, "ok",
		             audit_detail(session, NULL, "credentialKind", credential_kind_name(connector->credential.kind),
		                          "credentialSource", credential_source_name(connector->credential.source), NULL));
	return connector_load(session, write, write->arena, write_out(write));
}

enum result sqlite_op_connector_update(struct store *store, const struct actor *actor,
                                       const struct connector_settings *connector, bool credential_changed,
                                       int64_t expected_version, struct arena *arena,
                                       struct connector_settings *ret_connector, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = connector_change,
	                                                  .actor = actor,
	                                                  .id = connector->connector_id,
	                                                  .in = connector,
	                                                  .flag = credential_changed,
	                                                  .expected_version = expected_version,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_connector,
	                                                  .ret_size = sizeof(*ret_connector)});
}

/* Two questions, so that each has its index. */
#define CONNECTOR_GRANTS                                                                                               \
	"SELECT 1 FROM access_grant WHERE connector_id = ?1 AND status = 'pendingProvision' UNION ALL SELECT 1 FROM "      \
	"access_grant g WHERE connector_id = ?1 AND " GRANT_IS_INSIDE("g") " LIMIT 1"

static enum result connector_remove(struct session *session, struct sqlite_write *write)
{
	struct connector_settings present;
	enum result result = connector_load(session, write, session->scratch, &present);

	if (result == RESULT_OK)
		result = version_check(write, present.version);
	if (result != RESULT_OK)
		return result;
	if (present.tool_count > 0 || sql_exists(session, CONNECTOR_GRANTS, SQL_ARGS(sql_text(write->id))))
		return write_refuse(write, RESULT_CONFLICT, "connector_in_use",
		                    "A tool, or a grant that has not ended, uses this connector.");
	pause_end(session, write->id);
	findings_of_connector_close(session, write->id);
	sql_run(session, "DELETE FROM incident WHERE connector_id = ?1", SQL_ARGS(sql_text(write->id)));
	sql_run(session, "DELETE FROM connector WHERE connector_id = ?1", SQL_ARGS(sql_text(write->id)));
	label_retire(session, "connector", write->id);
	audit_append(session, write->actor, "connector.deleted", "connector", write->id, "ok", NULL);
	return RESULT_OK;
}

enum result sqlite_op_connector_delete(struct store *store, const struct actor *actor, const char *connector_id,
                                       int64_t expected_version, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = connector_remove,
	                                                  .actor = actor,
	                                                  .id = connector_id,
	                                                  .expected_version = expected_version,
	                                                  .error = error});
}

static enum result connector_switch(struct session *session, struct sqlite_write *write)
{
	struct connector_settings present;
	enum result result = connector_load(session, write, session->scratch, &present);

	if (result != RESULT_OK)
		return result;
	if (present.enabled != write->flag) {
		sql_run(session,
		        "UPDATE connector SET enabled = ?2, updated_at = ?3, version = version + 1 WHERE connector_id = ?1",
		        SQL_ARGS(sql_text(write->id), sql_int(write->flag), sql_int(session->now)));
		pause_end(session, write->id);
		job_place(session, write->id);
		audit_append(session, write->actor, write->flag ? "connector.enabled" : "connector.disabled", "connector",
		             write->id, "ok", NULL);
	}
	return connector_load(session, write, write->arena, write_out(write));
}

enum result sqlite_op_connector_set_enabled(struct store *store, const struct actor *actor, const char *connector_id,
                                            bool enabled, struct arena *arena, struct connector_settings *ret_connector,
                                            struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = connector_switch,
	                                                  .actor = actor,
	                                                  .id = connector_id,
	                                                  .flag = enabled,
	                                                  .arena = arena,
	                                                  .error = error,
	                                                  .ret = ret_connector,
	                                                  .ret_size = sizeof(*ret_connector)});
}
