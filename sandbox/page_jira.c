/* The Jira site's pages: which path is which, who is asking, and the start page. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "jira.h"
#include "pages.h"

const char *page_person(const struct page *page, const char *account_id)
{
	const char *name = json_string_at(account_find(page->sandbox, account_id), "displayName");
	return name ? name : account_id ? account_id : "nobody";
}

const char *page_when(const struct page *page, int64_t at_ms)
{
	char *text = arena_alloc(page->request->arena, 40);
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	if (text)
		strftime(text, 40, "%d %b %Y, %H:%M:%S UTC", &parts);
	return text ? text : "";
}

void page_status(struct page *page, const char *status_id)
{
	const char *look = "wait";
	if (text_equal(status_id, STATUS_APPROVED) || text_equal(status_id, STATUS_ACTIVE))
		look = "good";
	else if (text_equal(status_id, STATUS_DECLINED) || text_equal(status_id, STATUS_REMOVED))
		look = "bad";
	html_put(&page->html, "<span class=\"lozenge %s\">%s</span>", look, status_name(status_id));
}

static void start_page(struct page *page)
{
	html_begin(page->sandbox, &page->html, "AI Clearance sandbox", page->account, true);
	html_put(&page->html,
	         "<p>This program plays the two systems that AI Clearance stands between: a Jira site with a service "
	         "portal, and "
	         "a Microsoft Entra tenant. Use it to see the whole way of a request without touching a real one.</p>"
	         "<div class=\"card\"><h2>Three things to try</h2><ol>"
	         "<li><a href=\"/portal\">File a request</a> as Ada Requester.</li>"
	         "<li><a href=\"/approvals\">Approve it</a> as Ben Approver.</li>"
	         "<li>Watch Ada appear in <a href=\"%s/page/groups\">the Entra group</a>; then open the issue and use "
	         "<em>Access removed</em>.</li></ol></div>"
	         "<div class=\"card\"><h2>Where things are</h2><p>Jira: <code>%s</code><br>Entra (login and Graph): "
	         "<code>%s</code><br>"
	         "Tenant: <code>%s</code><br>Application (client) ID: <code>%s</code></p></div>",
	         page->sandbox->entra_url, page->sandbox->jira_url, page->sandbox->entra_url, SANDBOX_TENANT_ID,
	         SANDBOX_CLIENT_ID);
	html_reply(&page->html, page->request, page->reply, 200);
}

static void sign_in_page(struct page *page)
{
	const char *id;
	json_t *account;
	const char *to = request_query(page->request, "to");
	html_begin(page->sandbox, &page->html, "Who are you?", NULL, true);
	html_put(&page->html,
	         "<p class=\"soft\">The sandbox asks for no password. Pick a person.</p><div class=\"people\">");
	json_object_foreach(page->sandbox->site.accounts, id, account)
	{
		const char *token = json_string_at(account, "token");
		if (text_equal(json_string_at(account, "accountType"), "app") ||
		    (token && text_starts_with(token, "sandbox-jira-user")))
			continue;
		html_put(&page->html,
		         "<form method=\"post\" action=\"/sign-in\"><input type=\"hidden\" name=\"accountId\" value=\"%s\">"
		         "<input type=\"hidden\" name=\"to\" value=\"%s\"><button>%s<small>%s</small></button></form>",
		         id, to ? to : "/portal", json_string_at(account, "displayName"), json_string_at(account, "email"));
	}
	html_put(&page->html, "</div>");
	html_reply(&page->html, page->request, page->reply, 200);
}

static void sign_in(struct page *page)
{
	const char *id = json_string_at(page->form, "accountId");
	const char *to = json_string_at(page->form, "to");
	if (!account_find(page->sandbox, id)) {
		reply_redirect(page->reply, "/sign-in");
		return;
	}
	/* Only to a page of this site. */
	reply_redirect(page->reply,
	               to && to[0] == '/' && to[1] != '/' && to[1] != '\\' && !strpbrk(to, "\r\n") ? to : "/portal");
	reply_header(page->reply, "Set-Cookie",
	             arena_printf(page->request->arena, "sandbox_account=%s; Path=/; HttpOnly; SameSite=Lax", id));
}

static void sign_out(struct page *page)
{
	reply_redirect(page->reply, "/sign-in");
	reply_header(page->reply, "Set-Cookie", "sandbox_account=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

static void issues_page(struct page *page)
{
	const char *id;
	json_t *issue;
	html_begin(page->sandbox, &page->html, "All issues", page->account, true);
	html_put(&page->html,
	         "<table><thead><tr><th>Key</th><th>Summary</th><th>Reporter</th><th>Status</th></tr></thead><tbody>");
	json_object_foreach(page->sandbox->site.issues, id, issue)
	{
		const char *summary = json_string_at(issue, "fields.summary");
		html_put(&page->html, "<tr><td><a href=\"/browse/%s\">%s</a></td><td>%s</td><td>%s</td><td>",
		         issue_string(issue, "key"), issue_string(issue, "key"), summary ? summary : "AI tool access",
		         page_person(page, issue_string(issue, "reporter")));
		page_status(page, issue_string(issue, "status"));
		html_put(&page->html, "</td></tr>");
	}
	html_put(&page->html, "</tbody></table><script src=\"/assets/live.js\" defer></script>");
	html_reply(&page->html, page->request, page->reply, 200);
}

/* Pages for which one has to be somebody. */
static void personal_page(struct page *page, const char *first, const char *last, bool post)
{
	if (!page->account) {
		reply_redirect(page->reply, arena_printf(page->request->arena, "/sign-in?to=%s", page->request->path));
		return;
	}
	if (text_equal(first, "portal") && post)
		page_file_request(page);
	else if (text_equal(first, "portal"))
		page_portal(page);
	else if (text_equal(first, "approvals") && post)
		page_decide(page);
	else if (text_equal(first, "approvals"))
		page_approvals(page);
	else if (post)
		page_move(page, last);
	else
		page_issue(page, last);
}

/* A form from another site must not act here. */
static bool form_is_ours(const struct request *request)
{
	const char *origin = request_header(request, "origin");
	return !origin || text_equal(origin, request->origin);
}

void page_jira(struct sandbox *sandbox, struct request *request, struct reply *reply)
{
	const char *first = request->segments > 0 ? request->segment[0] : "";
	const char *last = request->segments > 0 ? request->segment[request->segments - 1] : "";
	bool post = text_equal(request->method, "POST");
	struct page page = {.sandbox = sandbox, .request = request, .reply = reply, .html = TEXT_INIT(4 << 20)};
	page.account = page_account(sandbox, request);
	page.account_id = json_string_at(page.account, "accountId");
	if (post && !form_is_ours(request)) {
		reply_text(reply, 403, "text/plain", "This form came from another site.");
		return;
	}
	if (post)
		page.form = request_keep(request, request_read_form(request->arena, request->body, request->length));
	if (!*first)
		start_page(&page);
	else if (text_equal(first, "favicon.ico"))
		reply_empty(reply, 204);
	else if (text_equal(first, "assets"))
		page_asset(request, reply);
	else if (text_equal(first, "sign-in") && post)
		sign_in(&page);
	else if (text_equal(first, "sign-in"))
		sign_in_page(&page);
	else if (text_equal(first, "sign-out"))
		sign_out(&page);
	else if (text_equal(first, "issues"))
		issues_page(&page);
	else if (text_equal(first, "portal") || text_equal(first, "approvals") || text_equal(first, "browse"))
		personal_page(&page, first, last, post);
	else if (text_equal(first, "servicedesk"))
		reply_redirect(reply, arena_printf(request->arena, "/browse/%s", last));
	else
		reply_text(reply, 404, "text/plain", "Not found.");
}
