/* What changed on the issue, and whether it matters. */
#include "base/text.h"
#include "domain/decision_rules.h"

/* Jira names most changes by field id; old entries have only the display name. */
static bool change_names_field(const struct issue_change *change, const char *field_id)
{
	if (text_is_empty(field_id))
		return false;
	if (!text_is_empty(change->field_id))
		return text_equal(change->field_id, field_id);
	return text_equal_fold(change->field, field_id);
}

bool decision_change_is_status(const struct issue_change *change)
{
	if (!text_is_empty(change->field_id))
		return text_equal(change->field_id, "status");
	/* Anybody may have named a custom field "Status". */
	return !change->custom && text_equal_fold(change->field, "status");
}

bool decision_change_is_relevant(const struct issue_change *change, const struct intake_settings *settings)
{
	if (text_is_empty(change->field_id) && change->custom)
		return true;
	return change_names_field(change, settings->tool_field) || change_names_field(change, settings->duration_field) ||
	       change_names_field(change, settings->beneficiary);
}

static bool duration_equal(const char *a, const char *b)
{
	return text_equal(a, b) || decision_duration_days(a) == decision_duration_days(b);
}

bool decision_taken_differs(const struct decision_input *input, int64_t since)
{
	if (input->taken_at == 0 || input->taken_at < since)
		return false;
	return !text_equal(input->taken_tool_text, input->issue->tool_text) ||
	       !duration_equal(input->taken_duration_text, input->issue->duration_text) ||
	       !text_equal(input->taken_beneficiary, input->issue->beneficiary);
}
