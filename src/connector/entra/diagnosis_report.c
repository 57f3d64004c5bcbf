/* Lines of the report, and the report as JSON. Summaries and remedies are the code table's, unless the line knows
 * better. */
#include "connector/entra/diagnosis.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/code.h"

#define FALLBACK_REMEDY                                                                                                \
	"Run the connection test again; if it stays, look up the ids in the evidence in Entra's sign-in logs."

static struct diagnosis_check *line_new(struct diagnosis *diagnosis, const char *check, const char *outcome,
                                        const char *code)
{
	struct diagnosis_check *line = &diagnosis->checks[diagnosis->count++];
	*line = (struct diagnosis_check){.check = check, .outcome = outcome, .code = code};
	return line;
}

struct diagnosis_check *diagnosis_add(struct diagnosis *diagnosis, const char *check, const char *outcome,
                                      const char *code)
{
	struct diagnosis_check *line = line_new(diagnosis, check, outcome, code);
	const struct code *known = code_find(code);
	line->summary = known != NULL && known->summary != NULL ? known->summary : code;
	line->remedy = known != NULL ? known->remedy : NULL;
	if (line->remedy == NULL && !text_equal(outcome, "passed"))
		line->remedy = FALLBACK_REMEDY;
	return line;
}

/* A copy, or NULL for "": also where memory ran out, since evidence that is missing must not cost the report. */
static const char *copy_or_null(struct arena *arena, const char *string)
{
	return string[0] != '\0' ? arena_strdup(arena, string) : NULL;
}

void diagnosis_take_evidence(struct diagnosis *diagnosis, struct diagnosis_check *line, const struct error *error)
{
	line->http_status = error->http_status;
	line->aadsts = error->aadsts;
	line->correlation_id = copy_or_null(diagnosis->arena, error->correlation_id);
	line->trace_id = copy_or_null(diagnosis->arena, error->trace_id);
	line->request_id = copy_or_null(diagnosis->arena, error->request_id);
	if (text_starts_with(error->code, "graph_") || text_starts_with(error->code, "group_"))
		line->graph_code = copy_or_null(diagnosis->arena, error->remote_code);
}

struct diagnosis_check *diagnosis_add_failure(struct diagnosis *diagnosis, const char *check, const struct error *error)
{
	const struct code *known = code_find(error->code);
	const char *code = known != NULL ? known->code : arena_strdup(diagnosis->arena, error->code);
	struct diagnosis_check *line = diagnosis_add(diagnosis, check, "failed", code != NULL ? code : "graph_error");
	const char *detail = copy_or_null(diagnosis->arena, error->detail);
	if (detail != NULL)
		line->summary = detail;
	diagnosis_take_evidence(diagnosis, line, error);
	return line;
}

void diagnosis_skip(struct diagnosis *diagnosis, const char *check, const char *group_id,
                    const struct diagnosis_check *because)
{
	struct diagnosis_check *line = line_new(diagnosis, check, "skipped", because->code);
	line->group_id = group_id;
	line->summary = arena_printf(diagnosis->arena, "Not checked, because the check \"%s\" failed.", because->check);
	line->remedy =
	    arena_printf(diagnosis->arena, "Settle \"%s\" first, then run the connection test again.", because->check);
	if (line->summary == NULL)
		line->summary = "Not checked, because an earlier check failed.";
	if (line->remedy == NULL)
		line->remedy = "Settle the earlier check first, then run the connection test again.";
}

const char *diagnosis_outcome(const struct diagnosis *diagnosis)
{
	const char *outcome = "passed";
	for (size_t i = 0; i < diagnosis->count; i++) {
		if (text_equal(diagnosis->checks[i].outcome, "failed"))
			return "failed";
		if (text_equal(diagnosis->checks[i].outcome, "warning"))
			outcome = "warning";
	}
	return outcome;
}

static json_t *strings_to_json(const char *const *strings, size_t count, bool *failed)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(list, json_string(strings[i])) != 0)
			*failed = true;
	return list;
}

static void put_number(json_t *object, const char *key, long value, bool *failed)
{
	json_put(object, key, value != 0 ? json_integer(value) : json_null(), failed);
}

static json_t *evidence_to_json(const struct diagnosis_check *line, bool *failed)
{
	json_t *evidence = json_object();
	put_number(evidence, "httpStatus", line->http_status, failed);
	put_number(evidence, "aadsts", line->aadsts, failed);
	json_put_string(evidence, "graphCode", line->graph_code, failed);
	json_put_string(evidence, "correlationId", line->correlation_id, failed);
	json_put_string(evidence, "traceId", line->trace_id, failed);
	json_put_string(evidence, "requestId", line->request_id, failed);
	json_put(evidence, "missing", strings_to_json(line->missing, line->missing_count, failed), failed);
	json_put(evidence, "excess", strings_to_json(line->excess, line->excess_count, failed), failed);
	json_put_string(evidence, "groupId", line->group_id, failed);
	return evidence;
}

static json_t *line_to_json(const struct diagnosis_check *line, bool *failed)
{
	json_t *object = json_object();
	json_put_string(object, "check", line->check, failed);
	json_put_string(object, "outcome", line->outcome, failed);
	json_put_string(object, "code", line->code, failed);
	json_put_string(object, "summary", line->summary, failed);
	json_put_string(object, "remedy", line->remedy, failed);
	json_put(object, "evidence", evidence_to_json(line, failed), failed);
	return object;
}

enum result diagnosis_report(const struct diagnosis *diagnosis, json_t **ret_report)
{
	bool failed = false;
	int64_t now = clock_monotonic_ms(diagnosis->environment->clock);
	_cleanup_(json_decrefp) json_t *report = json_object();
	json_put_string(report, "connectorId", diagnosis->target->settings->connector_id, &failed);
	json_put_string(report, "outcome", diagnosis_outcome(diagnosis), &failed);
	json_put_time(report, "startedAt", diagnosis->started_at, &failed);
	json_put(report, "durationMs", json_integer(now - diagnosis->started_monotonic), &failed);
	json_t *checks = json_array();
	for (size_t i = 0; i < diagnosis->count; i++)
		if (json_array_append_new(checks, line_to_json(&diagnosis->checks[i], &failed)) != 0)
			failed = true;
	json_put(report, "checks", checks, &failed);
	if (failed)
		return RESULT_NO_MEMORY;
	*ret_report = TAKE_PTR(report);
	return RESULT_OK;
}
