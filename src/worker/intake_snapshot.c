/* The decision as it is kept with the request: what decided, by which approvals or transitions, about which facts, and
 * when Jira was asked. What is confirmed before the first membership write is this, against Jira as it is then. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "worker/intake.h"

static json_t *ids_new(const char *const *ids)
{
	json_t *list = json_array();
	bool failed = !list;
	for (size_t i = 0; !failed && ids && ids[i]; i++)
		failed = json_array_append_new(list, json_string(ids[i])) != 0;
	if (failed) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *facts_new(const struct issue *issue, bool *failed)
{
	json_t *facts = json_object();
	json_put_string(facts, "toolText", issue->tool_text, failed);
	json_put_string(facts, "durationText", issue->duration_text, failed);
	json_put_string(facts, "beneficiary", issue->beneficiary, failed);
	json_put_string(facts, "reporter", issue->reporter, failed);
	return facts;
}

const char *intake_snapshot_write(const struct intake_case *c)
{
	bool failed = false;
	_cleanup_(json_decrefp) json_t *snapshot = json_object();
	json_put_string(snapshot, "mode", c->settings.approval, &failed);
	json_put(snapshot, "ids", ids_new(c->decision.consumed), &failed);
	json_put_string(snapshot, "decidedBy", c->decision.decided_by, &failed);
	json_put_time(snapshot, "decidedAt", c->decision.decided_at, &failed);
	json_put_time(snapshot, "roundStartedAt", c->decision.round_started_at, &failed);
	json_put_time(snapshot, "askedAt", c->asked_at, &failed);
	json_put(snapshot, "facts", facts_new(&c->issue, &failed), &failed);
	return failed ? NULL : json_write(c->arena, snapshot);
}
