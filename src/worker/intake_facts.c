#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

static enum result fault(struct intake_facts *facts, const char *code, const char *reason)
{
	facts->code = code;
	facts->reason = reason;
	return reason ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result check_tool(struct intake_case *c, struct intake_facts *facts, struct error *error)
{
	if (text_is_empty(c->issue.tool_text))
		return fault(facts, "tool_unknown", "The issue names no tool.");
	enum result result = c->store->ops->tool_find_by_text(c->store, c->issue.tool_text, c->arena, &facts->tool);
	if (result == RESULT_NOT_FOUND) {
		facts->tool = (struct tool){0};
		return fault(facts, "tool_unknown", "No tool of the catalog answers to what the issue asks for.");
	}
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The catalog could not be read.");
	if (facts->tool.stopped)
		return fault(facts, "tool_stopped", "This tool is stopped: nobody is given access to it now.");
	if (!facts->tool.requestable)
		return fault(facts, "tool_not_requestable", "This tool is not open for requests.");
	return RESULT_OK;
}

static enum result check_duration(struct intake_case *c, struct intake_facts *facts)
{
	if (!facts->tool.tool_id)
		return RESULT_OK;
	if (text_is_empty(c->issue.duration_text)) {
		facts->days = facts->tool.default_duration_days;
		return RESULT_OK;
	}
	if (facts->code)
		return RESULT_OK;
	if (facts->days == 0)
		return fault(facts, "duration_exceeds_maximum",
		             "The duration that the issue asks for cannot be read as a number of days.");
	if (facts->days > facts->tool.max_duration_days)
		return fault(facts, "duration_exceeds_maximum",
		             arena_printf(c->arena, "The issue asks for %d days; this tool may be had for %d at most.",
		                          facts->days, facts->tool.max_duration_days));
	return RESULT_OK;
}

/* Whose end the issue wants moved. One that is still to begin has no end yet. */
static enum result check_extended(struct intake_case *c, struct intake_facts *facts, struct error *error)
{
	const struct request_filter filter = {
	    .status = grant_status_name(GRANT_ACTIVE), .tool_id = facts->tool.tool_id, .account_id = c->issue.beneficiary};
	const struct page page = {.limit = 1};
	struct grant *grants = NULL;
	size_t count = 0;
	const char *next = NULL;
	if (!intake_is_extension(c) || facts->code)
		return RESULT_OK;
	enum result result = c->store->ops->grant_list(c->store, &filter, &page, c->arena, &grants, &count, &next);
	if (result != RESULT_OK)
		return error_set(error, result, "unavailable", "The grants could not be read.");
	if (count == 0)
		return fault(facts, "grant_not_active", "This person has no active access to the tool that could be extended.");
	facts->extends_grant_id = grants[0].grant_id;
	return RESULT_OK;
}

/* As it was first taken down: what came as the one does not become the other by an edit. */
bool intake_is_extension(const struct intake_case *c)
{
	return c->pending ? c->pending->kind == REQUEST_EXTENSION : c->issue.is_extension;
}

enum result intake_facts_check(struct intake_case *c, struct intake_facts *ret_facts, struct error *error)
{
	struct intake_facts facts = {.days = decision_duration_days(c->issue.duration_text ? c->issue.duration_text : "")};
	enum result result = check_tool(c, &facts, error);
	if (result == RESULT_OK)
		result = check_duration(c, &facts);
	if (result == RESULT_OK && text_is_empty(c->issue.beneficiary))
		result = fault(&facts, "approval_not_verified", "The issue does not say for whom the access is meant.");
	if (result == RESULT_OK)
		result = check_extended(c, &facts, error);
	if (result == RESULT_NO_MEMORY)
		return intake_no_memory(error);
	if (result == RESULT_OK)
		*ret_facts = facts;
	return result;
}

/* A change of a custom field that Jira does not name by its id could be of any of them. */
static bool is_field(const struct issue_change *change, const char *field)
{
	if (text_is_empty(field))
		return false;
	if (!text_is_empty(change->field_id))
		return text_equal(change->field_id, field);
	return change->custom || text_equal_fold(change->field, field);
}

static bool field_changed_since(const struct intake_case *c, const char *field, int64_t at)
{
	for (size_t i = 0; i < c->change_count; i++) {
		if (c->changes[i].at >= at && is_field(&c->changes[i], field))
			return true;
	}
	return false;
}

bool intake_changed_since(const struct intake_case *c, int64_t at)
{
	const char *beneficiary = text_is_empty(c->settings.beneficiary) ? "reporter" : c->settings.beneficiary;
	return field_changed_since(c, c->settings.tool_field, at) ||
	       field_changed_since(c, c->settings.duration_field, at) || field_changed_since(c, beneficiary, at);
}

/* The request keeps days, not the words. The words of now stand for them where they say the same, or where nobody
 * touched them since; else the days alone are what is known. */
enum result intake_taken_duration(const struct intake_case *c, const char **ret_text)
{
	const char *now = c->issue.duration_text;
	bool same = now ? decision_duration_days(now) == c->pending->duration_days
	                : !field_changed_since(c, c->settings.duration_field, c->pending->created_at);
	const char *text = same ? now : arena_printf(c->arena, "%d", c->pending->duration_days);
	if (!same && !text)
		return RESULT_NO_MEMORY;
	*ret_text = text;
	return RESULT_OK;
}

enum result intake_facts_differ(const struct intake_case *c, bool *ret_differ)
{
	const char *duration = NULL;
	if (intake_taken_duration(c, &duration) != RESULT_OK)
		return RESULT_NO_MEMORY;
	*ret_differ = !text_equal(duration, c->issue.duration_text) ||
	              !text_equal(c->pending->tool_text, c->issue.tool_text) ||
	              !text_equal(c->pending->account_id, c->issue.beneficiary);
	return RESULT_OK;
}
