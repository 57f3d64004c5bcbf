/* Has Jira decided?
 *
 * The invariant: nothing is approved unless Jira's own records show it, of the request as it stood when the deciding
 * began. Whatever is missing, unnamed or unclear in what Jira says counts against the approval, never for it. */
#include "domain/decision.h"

#include "base/text.h"
#include "domain/decision_rules.h"

#define DURATION_DAYS_MAX 3650

enum result decision_evaluate(const struct decision_input *input, struct arena *arena, struct decision *ret_decision)
{
	if (text_equal(input->settings->approval, "jsm"))
		return decision_by_round(input, arena, ret_decision);
	if (text_equal(input->settings->approval, "status"))
		return decision_by_transition(input, arena, ret_decision);
	*ret_decision = (struct decision){.outcome = DECISION_NO_ROUND, .reason = "Requests are not decided in Jira."};
	return RESULT_OK;
}

int decision_duration_days(const char *duration_text)
{
	int days = 0;
	if (duration_text == NULL)
		return 0;
	while (*duration_text == ' ' || *duration_text == '\t')
		duration_text++;
	for (; *duration_text >= '0' && *duration_text <= '9'; duration_text++) {
		days = days * 10 + (*duration_text - '0');
		if (days > DURATION_DAYS_MAX)
			return 0;
	}
	return days;
}
