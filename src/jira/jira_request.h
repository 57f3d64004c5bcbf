/* One exchange with Jira: where it goes, how it is authorised, what its failures mean. Private to jira/. */
#ifndef AIC_JIRA_JIRA_REQUEST_H
#define AIC_JIRA_JIRA_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/text.h"
#include "jira/jira.h"
#include "jira/jira_token.h"

struct jira_call {
	const char *method;
	const char *path;      /* from "/rest/…", with its query, percent-encoded already */
	const char *body;      /* JSON text; NULL: none */
	const char *gone_code; /* code of a 404; NULL: "issue_gone" */
	const char *gone_what; /* what a 404 says does not exist: "The issue"; NULL: that */
};

/* Performs it. Any 2xx is RESULT_OK; *ret_value is the JSON of the answer, owned by the caller, or NULL where the
 * answer had no body (204) or `ret_value` itself is NULL. Failures as jira.h lists them. While Jira has told the whole
 * site to wait, RESULT_THROTTLED comes at once and nothing is sent. */
enum result jira_call(struct jira *jira, const struct jira_call *call, json_t **ret_value, struct error *error)
    MUST_CHECK;

#define JIRA_CALLS_MAX 8

/* Performs several at once (at most JIRA_CALLS_MAX), each with its own value, result and error; one new token is for
 * all whose token was refused. False if nothing was sent: every call then has the same failure. */
bool jira_call_all(struct jira *jira, const struct jira_call *calls, size_t count, json_t **ret_values,
                   enum result *ret_results, struct error *ret_errors);

const struct jira_options *jira_options_of(const struct jira *jira);

/* The usual failure of an answer that cannot be used. */
enum result jira_bad_response(struct error *error, const char *sentence);

/* "<prefix><issue, percent-encoded><suffix>" in the arena; RESULT_NO_MEMORY. */
enum result jira_path(struct arena *arena, const char *prefix, const char *part, const char *suffix,
                      const char **ret_path) MUST_CHECK;

#endif
