/* Jira Cloud, asked and told over REST. Given values, gives back values; knows neither store nor connectors.
 * Facts and failures: facts/jira.md sections 3, 4, 6. Every call blocks its thread until its deadline at the latest. */
#ifndef AIC_JIRA_JIRA_H
#define AIC_JIRA_JIRA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/decision.h"
#include "domain/intake_settings.h"
#include "http/client.h"
#include "secrets/secret.h"

enum jira_auth { JIRA_AUTH_BASIC, JIRA_AUTH_BEARER, JIRA_AUTH_OAUTH };

/* [jira] of the config file. Strings and sources must outlive the object. */
struct jira_options {
	struct http_client *http;
	const struct clock *clock;
	const char *site_url; /* also the name of the site in the store */
	const char *api_url;  /* default: site_url */
	enum jira_auth auth;
	const char *user;                  /* basic */
	const struct secret_source *token; /* basic, bearer */
	const char *client_id;             /* oauth */
	const struct secret_source *client_secret;
	const char *token_url; /* oauth */
};

struct jira;
enum result jira_new(const struct jira_options *options, struct jira **ret_jira, struct error *error) MUST_CHECK;
void jira_free(struct jira *jira);
const char *jira_site(const struct jira *jira); /* site_url */

/* Failures of all calls below: RESULT_NOT_FOUND code issue_gone (404 of an issue), RESULT_DENIED code jira_denied (401,
 * 403), RESULT_THROTTLED code jira_throttled (429; retry_after_ms), RESULT_UNAVAILABLE code jira_unavailable (5xx, no
 * answer; retryable), RESULT_PROTOCOL code jira_bad_response. A 401 with OAuth gets one new token and one more try. */

/* The issue with the fields that the settings name. request_type_id is asked (servicedeskapi) only where settings list
 * request types. `issue` is an id or a key. */
enum result jira_issue_read(struct jira *jira, const char *issue, const struct intake_settings *settings,
                            struct arena *arena, struct issue *ret_issue, struct error *error) MUST_CHECK;

/* Every page of the change history, oldest first. */
enum result jira_changes_read(struct jira *jira, const char *issue, struct arena *arena,
                              struct issue_change **ret_changes, size_t *ret_count, struct error *error) MUST_CHECK;

/* Every page of the approvals. An issue that is no service request has none (RESULT_OK, 0). */
enum result jira_approvals_read(struct jira *jira, const char *issue, struct arena *arena,
                                struct approval **ret_approvals, size_t *ret_count, struct error *error) MUST_CHECK;

struct jira_user {
	const char *account_id;
	const char *account_type; /* "atlassian" "app" "customer"; NULL: not told */
	const char *email;        /* NULL: hidden */
	bool active;
};
/* The user; where the address is hidden, GET /user/email is tried too. RESULT_NOT_FOUND if there is no such account. */
enum result jira_user_read(struct jira *jira, const char *account_id, struct arena *arena, struct jira_user *ret_user,
                           struct error *error) MUST_CHECK;

/* The same for many, eight at a time, each with its own result (all three arrays hold `count`; ret_users[i] is
 * untouched and ret_errors[i] filled where ret_results[i] is a failure). Once Jira asks to be called less often, the
 * rest are answered RESULT_THROTTLED, unasked; once eight at a time got no answer, the rest get that failure. */
void jira_users_read(struct jira *jira, const char *const *account_ids, size_t count, struct arena *arena,
                     struct jira_user *ret_users, enum result *ret_results, struct error *ret_errors);

/* Issues of the projects changed in the last `minutes`, page by page through POST /search/jql: ids, and when they were
 * updated (0: not told). The callback returns false to stop. At most 10,000. */
enum result jira_search_updated(struct jira *jira, const char *const *project_keys, int64_t minutes,
                                struct arena *arena,
                                bool (*each)(void *context, const char *issue_id, int64_t updated_at), void *context,
                                struct error *error) MUST_CHECK;

/* Adds a comment (ADF, one paragraph per line of `text`) tagged with `tag`; with `look_first` it looks for the tag
 * among the issue's comments and adds nothing if it is there. *ret_existed tells. */
enum result jira_comment_add(struct jira *jira, const char *issue, const char *text, const char *tag, bool look_first,
                             struct arena *arena, bool *ret_existed, struct error *error) MUST_CHECK;

/* Performs the transition of that id or exact name. RESULT_CONFLICT code jira_transition_missing if the issue offers
 * none such now. */
enum result jira_transition(struct jira *jira, const char *issue, const char *transition, struct arena *arena,
                            struct error *error) MUST_CHECK;

#endif
