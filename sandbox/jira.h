/* The Jira site: one JSM project with approvals, one plain project without. */
#ifndef AIC_SANDBOX_JIRA_H
#define AIC_SANDBOX_JIRA_H

#include "web.h"

#define JIRA_PARAMETERS 3
#define JIRA_PROJECT "AIC"       /* JSM: every issue begins with a round of approvals */
#define JIRA_PLAIN_PROJECT "OPS" /* plain Jira: a status is moved by whoever may */
#define JIRA_SERVICE_DESK "10"
#define JIRA_REQUEST_TYPE "25"
#define JIRA_FIELD_REQUEST_TYPE "customfield_10010"
#define JIRA_FIELD_APPROVALS "customfield_10026"
#define JIRA_FIELD_TOOL "customfield_10050"
#define JIRA_FIELD_PURPOSE "customfield_10051"
#define JIRA_FIELD_DURATION "customfield_10052"

#define STATUS_WAITING "10000"
#define STATUS_APPROVED "10001"
#define STATUS_DECLINED "10002"
#define STATUS_REMOVED "10003"
#define STATUS_ACTIVE "10004"

struct jira_call {
	struct sandbox *sandbox;
	struct request *request;
	struct reply *reply;
	const json_t *account; /* who calls */
	const char *parameter[JIRA_PARAMETERS];
};

typedef void jira_handler(struct jira_call *call);

void jira_handle(struct sandbox *sandbox, struct request *request, struct reply *reply);
void jira_fail(struct jira_call *call, int status, const char *format, ...) PRINTF_LIKE(3, 4);
void jira_fail_field(struct jira_call *call, const char *field, const char *message);

/* jira_auth.c: NULL if the request carries no valid credential. */
const json_t *jira_authenticate(struct sandbox *sandbox, const struct request *request);
void jira_oauth_token(struct sandbox *sandbox, struct request *request, struct reply *reply);

/* jira_account.c */
const json_t *account_find(const struct sandbox *sandbox, const char *account_id);
json_t *account_view(const struct sandbox *sandbox, const char *account_id, bool with_email); /* REST and webhooks */
json_t *account_view_customer(const struct sandbox *sandbox, const char *account_id);         /* servicedeskapi */
jira_handler jira_myself, jira_user, jira_user_email, jira_user_search, jira_permissions, jira_permissions_check;

/* jira_date.c */
#define JIRA_DATE_SIZE 40
void jira_date(int64_t at_ms, char out[JIRA_DATE_SIZE]); /* 2024-12-29T08:41:23.303+0000 */
json_t *jira_date_view(int64_t at_ms);                   /* servicedeskapi's four forms */

/* jira_issue.c: what an issue is. Records are borrowed from the site. */
json_t *issue_find(const struct sandbox *sandbox, const char *id_or_key);
/* `request_type` is NULL for an issue that did not come through the portal. `fields` is checked and copied; NULL, with
 * *ret_field and *ret_wrong, if it cannot be. */
json_t *issue_create(struct sandbox *sandbox, const char *project, const char *request_type, const char *reporter,
                     const json_t *fields, const char **ret_field, const char **ret_wrong);
/* Writes a history entry, and sends jira:issue_updated. Takes over `items`. */
void issue_record(struct sandbox *sandbox, json_t *issue, const char *author, json_t *items);
/* One item of a history entry; NULL for null. */
json_t *issue_item(const char *field, const char *field_id, const char *from, const char *from_text, const char *to,
                   const char *to_text);
bool issue_set_fields(struct sandbox *sandbox, json_t *issue, const char *author, const json_t *fields,
                      const char **ret_field, const char **ret_wrong);
void issue_delete(struct sandbox *sandbox, json_t *issue, const char *author);
const char *issue_string(const json_t *issue, const char *name);
bool issue_has_approvals(const json_t *issue);
int64_t site_next_id(struct sandbox *sandbox);

/* jira_issue_view.c */
json_t *issue_fields_view(const struct sandbox *sandbox, const json_t *issue, bool for_webhook);
json_t *issue_view(const struct sandbox *sandbox, const json_t *issue, const char *fields);
json_t *history_view(const struct sandbox *sandbox, const json_t *history);
json_t *status_view(const struct sandbox *sandbox, const char *id);
jira_handler jira_issue_get, jira_issue_create, jira_issue_put, jira_issue_delete, jira_changelog, jira_properties_list;
jira_handler jira_property_get, jira_property_put;

/* jira_comment.c */
jira_handler jira_comments_list, jira_comment_add, jira_portal_comments, jira_portal_comment_add;
void comment_add(struct sandbox *sandbox, json_t *issue, const char *author, const json_t *body,
                 const json_t *properties, bool is_public);
/* The plain text of an ADF document (or of a string). */
const char *comment_text(struct arena *arena, const json_t *body);

/* jira_transition.c */
const char *status_name(const char *id);
const char *status_category(const char *id);
json_t *transitions_from(const char *status); /* array of {id, name, to} */
void issue_move(struct sandbox *sandbox, json_t *issue, const char *author, const char *status);
bool issue_transition(struct sandbox *sandbox, json_t *issue, const char *author, const char *transition_id);
jira_handler jira_transitions_list, jira_transition_do, jira_portal_transitions, jira_portal_transition_do;

/* jira_approval.c */
void approvals_begin(struct sandbox *sandbox, json_t *issue, int64_t stage);
json_t *approval_view(const struct sandbox *sandbox, const json_t *issue, const json_t *approval, const char *caller);
enum approval_answer { APPROVAL_TAKEN, APPROVAL_NOT_YOURS, APPROVAL_ANSWERED };
enum approval_answer approval_decide(struct sandbox *sandbox, json_t *issue, json_t *approval, const char *account,
                                     bool approve);
json_t *approval_find(const json_t *issue, const char *id);
bool approval_waits_for(const json_t *approval, const char *account);
jira_handler jira_approvals_list, jira_approval_get, jira_approval_answer;

/* jira_portal.c */
jira_handler jira_request_create, jira_request_get, jira_request_list, jira_request_status, jira_desks, jira_desk;
jira_handler jira_request_types, jira_request_type, jira_request_fields;
json_t *jira_page_view(struct jira_call *call, json_t *all, int64_t page_size); /* consumes `all` */

/* jira_site.c, jira_search.c */
jira_handler jira_server_info, jira_fields, jira_statuses, jira_projects, jira_project, jira_issue_types, jira_search;

#endif
