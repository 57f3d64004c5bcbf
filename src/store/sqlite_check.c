/* Connection tests as they are kept: a connector's health, its incidents, what was found about its groups, and the
 * light test that runs by itself. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

/* An incident that a test opened is probed this much later: its jobs would meet what the test met. */
#define TESTED_PROBE_MS (INT64_C(5) * 60 * 1000)

/* The codes of the checks that failed, in the report's order: what tells one failure from another. */
static const char *failed_codes(struct session *session, const char *report)
{
	_cleanup_(json_decrefp) json_t *value = NULL;
	const char *codes = "";
	size_t at;
	json_t *check;

	if (report == NULL || json_read(report, strlen(report), &value, NULL) != RESULT_OK)
		return codes;
	json_array_foreach(json_object_get(value, "checks"), at, check)
	{
		if (codes != NULL && text_equal(json_string_at(check, "outcome"), "failed"))
			codes = arena_printf(session->scratch, "%s %s", codes, json_string_at(check, "code"));
	}
	return codes;
}

static bool is_news(struct session *session, const struct connector_settings *present,
                    const struct connector_test_record *record)
{
	return !record->by_itself || !text_equal(present->health, record->outcome) ||
	       !text_equal(failed_codes(session, present->last_test), failed_codes(session, record->report));
}

/* What keeps all jobs from their work, else the first that failed. */
static const char *failing_code(struct session *session, const struct connector_test_record *record)
{
	const char *codes = failed_codes(session, record->report);

	if (record->incident_code != NULL || codes == NULL || codes[0] == '\0')
		return record->incident_code;
	return arena_strndup(session->scratch, codes + 1, strcspn(codes + 1, " "));
}

static void tell(struct session *session, const struct sqlite_write *write, const struct connector_settings *present,
                 const struct connector_test_record *record)
{
	bool failed = text_equal(record->outcome, "failed"), had_failed = text_equal(present->health, "failed");
	bool had_worked = text_equal(present->health, "passed") || text_equal(present->health, "warning");

	if (is_news(session, present, record))
		audit_append(session, write->actor, "connector.tested", "connector", write->id, failed ? "failed" : "ok",
		             audit_detail(session, NULL, "outcome", record->outcome, NULL));
	if (failed && had_worked)
		audit_append(session, write->actor, "connector.failing", "connector", write->id, "failed",
		             audit_detail(session, NULL, "code", failing_code(session, record), NULL));
	if (!failed && had_failed)
		audit_append(session, write->actor, "connector.recovered", "connector", write->id, "ok", NULL);
}

static void incidents_clear(struct session *session, const char *connector_id)
{
	pause_end(session, connector_id);
	sql_run(session, "DELETE FROM incident WHERE connector_id = ?1", SQL_ARGS(sql_text(connector_id)));
	if (sql_changes(session) > 0)
		job_place(session, connector_id);
}

/* A bound group that the test found fine is not held up by what else is wrong with its connector. */
static void incidents_of_groups_clear(struct session *session, const char *connector_id,
                                      const struct connector_test_record *record)
{
	bool cleared = false;

	for (size_t at = 0; at < record->group_count; at++) {
		if (!record->groups[at].manageable)
			continue;
		sql_run(session, "DELETE FROM incident WHERE connector_id = ?1 AND group_id = ?2",
		        SQL_ARGS(sql_text(connector_id), sql_text(record->groups[at].group_id)));
		cleared = cleared || sql_changes(session) > 0;
	}
	if (cleared)
		job_place(session, connector_id);
}

/* One that is open keeps the time of its probe, else tests that follow each other would put it off for ever. */
static void incident_by_test(struct session *session, const char *connector_id,
                             const struct connector_test_record *record)
{
	struct incident incident = {.connector_id = connector_id,
	                            .code = record->incident_code,
	                            .detail = record->incident_detail,
	                            .next_probe_at = session->now + TESTED_PROBE_MS};

	(void)sql_ask(session, "SELECT next_probe_at FROM incident WHERE connector_id = ?1 AND group_id = ''",
	              SQL_ARGS(sql_text(connector_id)), &incident.next_probe_at);
	(void)incident_open(session, &incident);
	job_place(session, connector_id);
}

static enum result test_keep(struct session *session, struct sqlite_write *write)
{
	const struct connector_test_record *record = write->in;
	struct connector_settings present;
	enum result result = connector_load(session, write, session->scratch, &present);

	if (result != RESULT_OK)
		return result;
	if (present.credential.version != record->credential_version)
		return RESULT_OK; /* it tells about a credential that is gone */
	sql_run(session,
	        "UPDATE connector SET health = ?2, last_test = ?3, credential_expires_at = ?4, tested_at = ?5 WHERE "
	        "connector_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_text(record->outcome), sql_text(record->report),
	                 sql_int(record->credential_expires_at), sql_int(session->now)));
	tell(session, write, &present, record);
	if (!text_equal(record->outcome, "failed"))
		incidents_clear(session, write->id);
	else if (record->incident_code != NULL)
		incident_by_test(session, write->id, record);
	incidents_of_groups_clear(session, write->id, record);
	for (size_t at = 0; at < record->group_count; at++)
		group_keep_check(session, connector_key_of(session, write->id), &record->groups[at]);
	return RESULT_OK;
}

enum result sqlite_op_connector_save_test(struct store *store, const struct actor *actor, const char *connector_id,
                                          const struct connector_test_record *record, struct error *error)
{
	return sqlite_write(
	    store,
	    &(struct sqlite_write){.work = test_keep, .actor = actor, .id = connector_id, .in = record, .error = error});
}

/* ---- the test that runs by itself ---- */

#define CHECK_LIVE "SELECT 1 FROM job j WHERE j.kind = 'check' AND j.subject = ?1 AND " JOB_LIVE("j")

void check_start(struct session *session, const char *connector_id)
{
	if (!sql_exists(session, CHECK_LIVE, SQL_ARGS(sql_text(connector_id))))
		job_start(session,
		          &(struct job_start){.kind = JOB_CHECK, .connector_id = connector_id, .subject = connector_id});
}

static void label_read(struct cursor *cursor, void *item)
{
	*(const char **)item = cursor_text(cursor);
}

static const struct row_type label_row = {sizeof(const char *), label_read, NULL};

static enum result checks_start(struct session *session, struct sqlite_write *write)
{
	const int64_t *tested_before = write->in;
	const char **connectors = NULL;
	size_t count = 0;
	enum result result = sql_read_list(
	    session, session->scratch, &label_row, SQLITE_WHOLE_LIST,
	    "SELECT connector_id FROM connector WHERE enabled = 1 AND max(tested_at, created_at) < ?1 ORDER BY tested_at",
	    SQL_ARGS(sql_int(*tested_before)), &connectors, &count, NULL);

	for (size_t at = 0; result == RESULT_OK && at < count; at++)
		check_start(session, connectors[at]);
	return result;
}

enum result sqlite_op_check_enqueue_due(struct store *store, int64_t tested_before, struct error *error)
{
	return sqlite_write(store, &(struct sqlite_write){.work = checks_start, .in = &tested_before, .error = error});
}
