/* Whom does a failure concern? By code first; what has no row is told by what the other side said. */
#include "base/text.h"
#include "connector/connector.h"

static const struct {
	const char *code;
	enum connector_scope scope;
} table[] = {
    {"user_not_found", CONNECTOR_SCOPE_USER},
    {"user_ambiguous", CONNECTOR_SCOPE_USER},
    {"user_guest", CONNECTOR_SCOPE_USER},
    {"user_disabled", CONNECTOR_SCOPE_USER},
    {"mapping_target_missing", CONNECTOR_SCOPE_USER},
    {"mapping_target_changed", CONNECTOR_SCOPE_USER},
    {"mapping_target_disabled", CONNECTOR_SCOPE_USER},
    {"login_throttled", CONNECTOR_SCOPE_PASSING},
    {"login_unavailable", CONNECTOR_SCOPE_PASSING},
    {"login_unreachable", CONNECTOR_SCOPE_PASSING},
    {"login_bad_response", CONNECTOR_SCOPE_PASSING},
    {"graph_throttled", CONNECTOR_SCOPE_PASSING},
    {"graph_unavailable", CONNECTOR_SCOPE_PASSING},
    {"graph_unreachable", CONNECTOR_SCOPE_PASSING},
    {"graph_bad_response", CONNECTOR_SCOPE_PASSING},
};

static enum connector_scope scope_by_answer(const struct error *error)
{
	if (error->retryable || error->result == RESULT_TIMEOUT || error->result == RESULT_NO_MEMORY)
		return CONNECTOR_SCOPE_PASSING;
	if (!text_equal(error->code, "graph_error"))
		return CONNECTOR_SCOPE_APP;
	if (text_equal_fold(error->remote_code, "Directory_QuotaExceeded"))
		return CONNECTOR_SCOPE_GROUP;
	/* A refusal of this one write that nothing explained: it must not hold up the others. */
	return error->http_status == 400 ? CONNECTOR_SCOPE_USER : CONNECTOR_SCOPE_APP;
}

enum connector_scope connector_error_scope(const struct error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (text_equal(table[i].code, error->code))
			return table[i].scope;
	if (text_starts_with(error->code, "group_"))
		return CONNECTOR_SCOPE_GROUP;
	return scope_by_answer(error);
}

bool connector_error_is_silence(const char *code)
{
	return text_equal(code, "login_unreachable") || text_equal(code, "graph_unreachable");
}
