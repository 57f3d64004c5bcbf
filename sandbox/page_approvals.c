/* What waits for the person who is signed in. */
#include "jira.h"
#include "pages.h"

static void approval_row(struct page *page, const json_t *issue, const json_t *approval)
{
	const char *key = issue_string(issue, "key");
	const char *summary = json_string_at(issue, "fields.summary");
	const char *purpose = json_string_at(issue, "fields." JIRA_FIELD_PURPOSE);
	html_put(&page->html,
	         "<tr><td><a href=\"/browse/%s\">%s</a></td><td>%s<br><span class=\"soft\">%s</span></td><td>%s</td><td>"
	         "<form class=\"inline\" method=\"post\" action=\"/approvals\"><input type=\"hidden\" name=\"issue\" "
	         "value=\"%s\">"
	         "<input type=\"hidden\" name=\"approval\" value=\"%s\"><button name=\"decision\" "
	         "value=\"approve\">Approve</button>"
	         "<button class=\"danger\" name=\"decision\" value=\"decline\">Decline</button></form></td></tr>",
	         key, key, summary ? summary : "AI tool access", purpose ? purpose : "",
	         page_person(page, issue_string(issue, "reporter")), key, json_string_at(approval, "id"));
}

void page_approvals(struct page *page)
{
	const char *id;
	json_t *issue;
	size_t index;
	json_t *approval;
	int waiting = 0;
	html_begin(page->sandbox, &page->html, "Waiting for your approval", page->account, true);
	html_put(&page->html,
	         "<table><thead><tr><th>Request</th><th>What for</th><th>Who asks</th><th>Your decision</th></tr></thead>"
	         "<tbody>");
	json_object_foreach(page->sandbox->site.issues, id, issue)
	{
		json_array_foreach(json_object_get(issue, "approvals"), index, approval)
		{
			if (!approval_waits_for(approval, page->account_id))
				continue;
			waiting++;
			approval_row(page, issue, approval);
		}
	}
	if (waiting == 0)
		html_put(&page->html,
		         "<tr><td colspan=\"4\" class=\"soft\">Nothing waits for you. Approvers are usually Ben Approver and "
		         "Cleo Admin.</td></tr>");
	html_put(&page->html, "</tbody></table><script src=\"/assets/live.js\" defer></script>");
	html_reply(&page->html, page->request, page->reply, 200);
}

void page_decide(struct page *page)
{
	const char *decision = json_string_at(page->form, "decision");
	json_t *issue = issue_find(page->sandbox, json_string_at(page->form, "issue"));
	json_t *approval = approval_find(issue, json_string_at(page->form, "approval"));
	bool approve = text_equal(decision, "approve");
	if (!approval || (!approve && !text_equal(decision, "decline"))) {
		reply_text(page->reply, 400, "text/plain", "There is no such approval.");
		return;
	}
	switch (approval_decide(page->sandbox, issue, approval, page->account_id, approve)) {
	case APPROVAL_TAKEN:
		reply_redirect(page->reply, arena_printf(page->request->arena, "/browse/%s", issue_string(issue, "key")));
		return;
	case APPROVAL_NOT_YOURS:
		reply_text(page->reply, 403, "text/plain", "You are not an approver of this request.");
		return;
	case APPROVAL_ANSWERED:
		reply_text(page->reply, 409, "text/plain", "This approval was answered already.");
		return;
	}
}
