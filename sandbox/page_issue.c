/* One issue: fields, approvals, comments, history, and the buttons of its workflow. */
#include <stdio.h>

#include "jira.h"
#include "pages.h"

static const char *value_shown(const struct page *page, const json_t *value)
{
	const char *text = json_string_value(value) ? json_string_value(value) : json_string_at(value, "value");
	if (text)
		return text;
	if (json_is_number(value))
		return arena_printf(page->request->arena, "%g", json_number_value(value));
	return json_is_object(value) ? comment_text(page->request->arena, value) : "";
}

/* Taking access away is what the button is for; the others move the status by hand, which is no approval. */
static void transitions_put(struct page *page, const json_t *issue)
{
	json_t *open = request_keep(page->request, transitions_from(issue_string(issue, "status")));
	size_t index;
	json_t *transition;
	html_put(&page->html, "<form method=\"post\">");
	json_array_foreach(open, index, transition)
	{
		const char *to = json_string_at(transition, "to");
		bool removal = text_equal(to, STATUS_REMOVED);
		html_put(&page->html, "<button class=\"%s\" name=\"transition\" value=\"%s\">%s%s</button>",
		         removal ? "danger" : "plain", json_string_at(transition, "id"),
		         removal ? "" : "Move by hand to: ", status_name(to));
	}
	html_put(&page->html,
	         "</form><p class=\"soft\">Moving a status by hand is not an approval: in a service project AI Clearance "
	         "asks for the approvals below.</p>");
}

static void details_put(struct page *page, const json_t *issue)
{
	const json_t *fields = json_object_get(issue, "fields");
	html_put(&page->html, "<div class=\"card\"><p>");
	page_status(page, issue_string(issue, "status"));
	html_put(&page->html,
	         "</p><p><strong>Tool</strong> %s<br><strong>Purpose</strong> %s<br><strong>Days</strong> %s<br>",
	         value_shown(page, json_object_get(fields, JIRA_FIELD_TOOL)),
	         value_shown(page, json_object_get(fields, JIRA_FIELD_PURPOSE)),
	         value_shown(page, json_object_get(fields, JIRA_FIELD_DURATION)));
	html_put(&page->html, "<strong>Asked by</strong> %s <span class=\"soft\">on %s</span></p>",
	         page_person(page, issue_string(issue, "reporter")), page_when(page, json_integer_at(issue, "created", 0)));
	transitions_put(page, issue);
	html_put(&page->html, "</div>");
}

/* The same answer as on the approvals page, for whom it waits. */
static void answer_put(struct page *page, const json_t *issue, const json_t *approval)
{
	if (!approval_waits_for(approval, page->account_id))
		return;
	html_put(&page->html,
	         "<form method=\"post\" action=\"/approvals\"><input type=\"hidden\" name=\"issue\" value=\"%s\">"
	         "<input type=\"hidden\" name=\"approval\" value=\"%s\"><button name=\"decision\" "
	         "value=\"approve\">Approve</button>"
	         "<button class=\"danger\" name=\"decision\" value=\"decline\">Decline</button></form>",
	         issue_string(issue, "key"), json_string_at(approval, "id"));
}

static void approvals_put(struct page *page, const json_t *issue)
{
	size_t index;
	json_t *approval;
	const char *account;
	json_t *decision;
	html_put(
	    &page->html,
	    "<h2>Approvals</h2><table><thead><tr><th>Approval</th><th>Decision</th><th>Approvers</th></tr></thead><tbody>");
	json_array_foreach(json_object_get(issue, "approvals"), index, approval)
	{
		const char *final = json_string_at(approval, "final");
		html_put(&page->html, "<tr><td>%s</td><td><span class=\"lozenge %s\">%s</span></td><td>",
		         json_string_at(approval, "name"),
		         text_equal(final, "approved")   ? "good"
		         : text_equal(final, "declined") ? "bad"
		                                         : "wait",
		         final);
		json_object_foreach(json_object_get(approval, "approvers"), account, decision)
		    html_put(&page->html, "%s: %s<br>", page_person(page, account), json_string_value(decision));
		answer_put(page, issue, approval);
		html_put(&page->html, "</td></tr>");
	}
	html_put(&page->html, "</tbody></table>");
}

static void comments_put(struct page *page, const json_t *issue)
{
	const json_t *comments = json_object_get(issue, "comments");
	size_t index;
	json_t *comment;
	html_put(&page->html, "<h2>Comments</h2><div class=\"card\">");
	json_array_foreach(comments, index, comment) html_put(
	    &page->html, "<div class=\"comment\"><strong>%s</strong> <span class=\"soft\">%s</span><br>%s</div>",
	    page_person(page, json_string_at(comment, "author")), page_when(page, json_integer_at(comment, "created", 0)),
	    comment_text(page->request->arena, json_object_get(comment, "body")));
	if (json_array_size(comments) == 0)
		html_put(&page->html, "<span class=\"soft\">None yet.</span>");
	html_put(&page->html, "</div>");
}

static void history_put(struct page *page, const json_t *issue)
{
	size_t index;
	size_t at;
	json_t *history;
	json_t *item;
	html_put(&page->html,
	         "<h2>History</h2><table><thead><tr><th>When</th><th>Who</th><th>What</th></tr></thead><tbody>");
	json_array_foreach(json_object_get(issue, "histories"), index, history)
	{
		html_put(&page->html, "<tr><td>%s</td><td>%s</td><td>", page_when(page, json_integer_at(history, "created", 0)),
		         page_person(page, json_string_at(history, "author")));
		json_array_foreach(json_object_get(history, "items"), at, item)
		    html_put(&page->html, "%s: %s &rarr; %s<br>", json_string_at(item, "field"),
		             json_string_at(item, "fromString"), json_string_at(item, "toString"));
		html_put(&page->html, "</td></tr>");
	}
	if (json_array_size(json_object_get(issue, "histories")) == 0)
		html_put(&page->html, "<tr><td colspan=\"3\" class=\"soft\">Nothing has changed yet.</td></tr>");
	html_put(&page->html, "</tbody></table>");
}

static json_t *issue_or_404(struct page *page, const char *key)
{
	json_t *issue = issue_find(page->sandbox, key);
	if (!issue)
		reply_text(page->reply, 404, "text/plain", "There is no such issue.");
	return issue;
}

void page_issue(struct page *page, const char *key)
{
	json_t *issue = issue_or_404(page, key);
	if (!issue)
		return;
	const char *summary = json_string_at(issue, "fields.summary");
	html_begin(
	    page->sandbox, &page->html,
	    arena_printf(page->request->arena, "%s  %s", issue_string(issue, "key"), summary ? summary : "AI tool access"),
	    page->account, true);
	details_put(page, issue);
	if (issue_has_approvals(issue))
		approvals_put(page, issue);
	comments_put(page, issue);
	history_put(page, issue);
	html_put(&page->html, "<script src=\"/assets/live.js\" defer></script>");
	html_reply(&page->html, page->request, page->reply, 200);
}

void page_move(struct page *page, const char *key)
{
	json_t *issue = issue_or_404(page, key);
	if (!issue)
		return;
	if (issue_transition(page->sandbox, issue, page->account_id, json_string_at(page->form, "transition")))
		reply_redirect(page->reply, arena_printf(page->request->arena, "/browse/%s", issue_string(issue, "key")));
	else
		reply_text(page->reply, 409, "text/plain", "The issue has moved on in the meantime.");
}
