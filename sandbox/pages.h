/* The pages a person clicks through: plain HTML from here, escaped always, with two small scripts served as files. */
#ifndef AIC_SANDBOX_PAGES_H
#define AIC_SANDBOX_PAGES_H

#include "base/text.h"
#include "web.h"

web_handler page_jira, page_entra;

/* page_html.c. In `format`, %s puts a string with everything escaped, %d an int; there is nothing else. */
void html_put(struct text *html, const char *format, ...);
/* `account`: who is signed in, by cookie; NULL: nobody. `jira`: with the Jira site's navigation. */
void html_begin(struct sandbox *sandbox, struct text *html, const char *title, const json_t *account, bool jira);
void html_reply(struct text *html, struct request *request, struct reply *reply, int status);
void page_asset(struct request *request, struct reply *reply);
/* page_files.c */
extern const char page_style[];
extern const char page_live_script[];
extern const char page_groups_script[];

/* Who the browser says it is; NULL if it has not said. */
const json_t *page_account(const struct sandbox *sandbox, const struct request *request);

/* page_portal.c, page_approvals.c, page_issue.c: one page each; `form` is the POSTed form or NULL. */
struct page {
	struct sandbox *sandbox;
	struct request *request;
	struct reply *reply;
	const json_t *account;
	const char *account_id;
	json_t *form;
	struct text html;
};
void page_portal(struct page *page);
void page_file_request(struct page *page);
void page_approvals(struct page *page);
void page_decide(struct page *page);
void page_issue(struct page *page, const char *key);
void page_move(struct page *page, const char *key);
/* "Ada Requester", or the id where the account is gone. */
const char *page_person(const struct page *page, const char *account_id);
const char *page_when(const struct page *page, int64_t at_ms);
void page_status(struct page *page, const char *status_id);

#endif
