/* What is found about the users of identity mappings, long after an admin wrote them down. */
#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

enum result sqlite_op_mapping_list_unchecked(struct store *store, const char *connector_id, int64_t checked_before,
                                             int limit, struct arena *arena, struct identity_mapping **ret_mappings,
                                             size_t *ret_count)
{
	return sqlite_read_list(
	    store, arena, &mapping_row, limit,
	    MAPPING_SELECT " WHERE m.connector_key = (SELECT connector_key FROM connector WHERE connector_id = ?1) AND "
	                   "m.checked_at < ?2 ORDER BY m.checked_at LIMIT ?3",
	    SQL_ARGS(sql_text(connector_id), sql_int(checked_before), sql_int(limit)), ret_mappings, ret_count, NULL);
}

struct mapping_checks {
	const struct mapping_check *checks;
	size_t count;
};

/* A first check that finds nothing wrong is no news. */
static bool is_news(const struct identity_mapping *present, const struct mapping_check *check)
{
	return !text_equal(present->code != NULL ? present->code : "mapping", check->code);
}

static void check_keep(struct session *session, const struct actor *actor, const struct identity_mapping *present,
                       const struct mapping_check *check)
{
	bool pins = present->resolved_object_id == NULL && check->object_id != NULL && text_equal(check->code, "mapping");

	sql_run(session, "UPDATE identity_mapping SET code = ?2, checked_at = ?3 WHERE mapping_id = ?1",
	        SQL_ARGS(sql_text(check->mapping_id), sql_text(check->code), sql_int(session->now)));
	if (is_news(present, check))
		audit_append(session, actor, "mapping.targetChanged", "mapping", check->mapping_id,
		             text_equal(check->code, "mapping") ? "ok" : "failed",
		             audit_detail(session, NULL, "accountId", present->account_id, "connectorId", present->connector_id,
		                          "from", present->code, "to", check->code, NULL));
	if (pins)
		mapping_pin_target(session, actor, present, check->object_id, check->user_principal_name);
}

/* Asked in vain: those that were never asked about have their turn first. What was found before stays as it was. */
static void failure_keep(struct session *session, const struct mapping_check *check)
{
	sql_run(session, "UPDATE identity_mapping SET checked_at = ?2 WHERE mapping_id = ?1 AND code IS NULL",
	        SQL_ARGS(sql_text(check->mapping_id), sql_int(session->now)));
}

static enum result checks_keep(struct session *session, struct sqlite_write *write)
{
	const struct mapping_checks *checks = write->in;

	for (size_t at = 0; at < checks->count; at++) {
		const struct mapping_check *check = &checks->checks[at];
		struct identity_mapping present;
		enum result result =
		    sql_read_one(session, session->scratch, &mapping_row, MAPPING_SELECT " WHERE m.mapping_id = ?1",
		                 SQL_ARGS(sql_text(check->mapping_id)), &present);

		if (result == RESULT_OK && check->code == NULL)
			failure_keep(session, check);
		else if (result == RESULT_OK && text_equal(present.external_id, check->external_id))
			check_keep(session, write->actor, &present, check);
		else if (result != RESULT_OK && result != RESULT_NOT_FOUND)
			return result;
	}
	return RESULT_OK;
}

enum result sqlite_op_mapping_save_checks(struct store *store, const struct actor *actor,
                                          const struct mapping_check *checks, size_t count, struct error *error)
{
	struct mapping_checks all = {checks, count};

	return sqlite_write(store, &(struct sqlite_write){.work = checks_keep, .actor = actor, .in = &all, .error = error});
}
