/* Right before the first membership write, if Jira's word is old: does it still stand? The decision kept with the
 * request is laid beside Jira as it is now. Anything that is not as it was means no. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "worker/intake.h"

static bool fact_holds(const json_t *facts, const char *name, const char *now)
{
	return text_equal(json_string_at(facts, name), now);
}

static bool facts_hold(const struct intake_case *c, const json_t *snapshot)
{
	const json_t *facts = json_at(snapshot, "facts");
	return fact_holds(facts, "toolText", c->issue.tool_text) &&
	       fact_holds(facts, "durationText", c->issue.duration_text) &&
	       fact_holds(facts, "beneficiary", c->issue.beneficiary);
}

static bool id_listed(const json_t *ids, const char *id)
{
	size_t index;
	json_t *value;
	json_array_foreach(ids, index, value)
	{
		if (text_equal(json_string_value(value), id))
			return true;
	}
	return false;
}

/* Every approval that decided is there, approved; none was declined since. Ones that the round had passed over (an
 * earlier, declined round) are among the ids too, and were complete before the decision. */
static bool approvals_hold(const struct intake_case *c, const json_t *ids, int64_t decided_at)
{
	size_t standing = 0;
	for (size_t i = 0; i < c->approval_count; i++) {
		const struct approval *approval = &c->approvals[i];
		bool listed = id_listed(ids, approval->approval_id);
		if (listed)
			standing++;
		if (approval->final_decision == APPROVAL_DECLINED && (!listed || approval->completed_at > decided_at))
			return false;
		if (listed && approval->final_decision == APPROVAL_PENDING)
			return false;
	}
	return standing > 0 && standing == json_array_size(ids);
}

static bool transitions_hold(const struct intake_case *c, const json_t *ids)
{
	size_t index;
	json_t *value;
	json_array_foreach(ids, index, value)
	{
		bool found = false;
		for (size_t i = 0; i < c->change_count && !found; i++)
			found = text_equal(c->changes[i].history_id, json_string_value(value));
		if (!found)
			return false;
	}
	return json_array_size(ids) > 0 && !intake_list_names(c->settings.denied_statuses, &c->issue);
}

static enum result ask(struct intake_case *c, const struct access_request *request, bool *ret_gone, struct error *error)
{
	struct jira *jira = c->context->options->jira;
	enum result result = c->store->ops->intake_read(c->store, c->arena, &c->settings);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The intake settings could not be read.");
	result = intake_read_issue(c, request->issue_id, error);
	if (result == RESULT_NOT_FOUND) {
		*ret_gone = true;
		return RESULT_OK;
	}
	if (result == RESULT_OK)
		result = jira_changes_read(jira, request->issue_id, c->arena, &c->changes, &c->change_count, error);
	if (result == RESULT_OK && text_equal(request->approval, "jsm"))
		result = jira_approvals_read(jira, request->issue_id, c->arena, &c->approvals, &c->approval_count, error);
	return result == RESULT_NOT_FOUND
	           ? error_set(error, RESULT_UNAVAILABLE, "jira_unavailable", "The issue vanished while it was being read.")
	           : result;
}

static bool word_holds(const struct intake_case *c, const struct access_request *request, const json_t *snapshot)
{
	const json_t *ids = json_at(snapshot, "ids");
	if (intake_list_names(c->settings.revoked_statuses, &c->issue) || !facts_hold(c, snapshot))
		return false;
	if (intake_changed_since(c, request->decided_at) || intake_revoked_after(c, request->decided_at))
		return false;
	return text_equal(request->approval, "jsm") ? approvals_hold(c, ids, request->decided_at)
	                                            : transitions_hold(c, ids);
}

static enum result asked_at_write(struct intake_case *c, const struct access_request *request, struct error *error)
{
	struct access_request asked = *request;
	asked.asked_at = c->asked_at;
	struct error failure = {0};
	enum result result = c->store->ops->request_take_down(c->store, &asked, &failure);
	/* A request that is settled may keep its old instant: then Jira is asked once more next time. */
	if (result == RESULT_OK || result == RESULT_CONFLICT || result == RESULT_NOT_FOUND)
		return RESULT_OK;
	if (error)
		*error = failure;
	return result;
}

static bool was_decided_in_jira(const struct access_request *request)
{
	return request->issue_id && (text_equal(request->approval, "jsm") || text_equal(request->approval, "status"));
}

enum result intake_confirm(const struct job_context *context, const struct access_request *request, bool *ret_holds,
                           struct error *error)
{
	if (!was_decided_in_jira(request)) {
		*ret_holds = true;
		return RESULT_OK;
	}
	if (!context->options->jira || !text_equal(request->site, jira_site(context->options->jira)))
		return error_set(error, RESULT_UNAVAILABLE, "jira_not_configured",
		                 "The Jira site that approved this is not in the config file, so it cannot be asked again.");
	struct intake_case c = {.context = context,
	                        .store = context->options->store,
	                        .arena = context->arena,
	                        .site = request->site,
	                        .asked_at = clock_now_ms(context->options->clock)};
	bool gone = false;
	enum result result = ask(&c, request, &gone, error);
	if (result != RESULT_OK)
		return result;
	const char *text = request->decision ? request->decision : "";
	_cleanup_(json_decrefp) json_t *snapshot = NULL;
	result = json_read(text, strlen(text), &snapshot, NULL);
	if (result == RESULT_NO_MEMORY)
		return intake_no_memory(error);
	bool holds = result == RESULT_OK && !gone && word_holds(&c, request, snapshot);
	result = asked_at_write(&c, request, error);
	if (result == RESULT_OK)
		*ret_holds = holds;
	return result;
}
