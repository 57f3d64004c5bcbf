/* The portal: what an employee sees. */
#include <stdio.h>
#include <stdlib.h>

#include "jira.h"
#include "pages.h"

static void request_form(struct page *page)
{
	size_t index;
	json_t *tool;
	html_put(&page->html, "<form class=\"card\" method=\"post\" action=\"/portal\"><h2>Request AI tool access</h2>"
	                      "<label for=\"tool\">Tool</label><select id=\"tool\" name=\"tool\">");
	json_array_foreach(json_object_get(page->sandbox->site.settings, "tools"), index, tool)
	    html_put(&page->html, "<option>%s</option>", json_string_value(tool));
	html_put(&page->html,
	         "</select><label for=\"purpose\">What do you need it for?</label>"
	         "<textarea id=\"purpose\" name=\"purpose\" rows=\"3\" maxlength=\"2000\" required></textarea>"
	         "<label for=\"days\">For how many days?</label>"
	         "<input id=\"days\" name=\"days\" type=\"number\" min=\"1\" max=\"3650\" value=\"30\" required>"
	         "<div><button>Send request</button></div></form>");
}

static void request_row(struct page *page, const json_t *issue)
{
	const char *key = issue_string(issue, "key");
	const json_t *tool = json_object_get(json_object_get(issue, "fields"), JIRA_FIELD_TOOL);
	const char *name = json_string_value(tool) ? json_string_value(tool) : json_string_at(tool, "value");
	html_put(&page->html, "<tr><td><a href=\"/browse/%s\">%s</a></td><td>%s</td><td>%s</td><td>", key, key,
	         name ? name : "", page_when(page, json_integer_at(issue, "created", 0)));
	page_status(page, issue_string(issue, "status"));
	html_put(&page->html, "</td></tr>");
}

void page_portal(struct page *page)
{
	const char *id;
	json_t *issue;
	html_begin(page->sandbox, &page->html, "Help centre", page->account, true);
	request_form(page);
	html_put(&page->html,
	         "<h2>My requests</h2><table><thead><tr><th>Request</th><th>Tool</th><th>Filed</th><th>Status</th></tr>"
	         "</thead><tbody>");
	json_object_foreach(page->sandbox->site.issues, id,
	                    issue) if (text_equal(issue_string(issue, "reporter"), page->account_id))
	    request_row(page, issue);
	html_put(&page->html, "</tbody></table><script src=\"/assets/live.js\" defer></script>");
	html_reply(&page->html, page->request, page->reply, 200);
}

void page_file_request(struct page *page)
{
	const char *tool = json_string_at(page->form, "tool");
	const char *purpose = json_string_at(page->form, "purpose");
	const char *days = json_string_at(page->form, "days");
	const char *field = "";
	const char *wrong = "";
	int64_t number = 0;
	if (!tool || !purpose || !days || text_parse_int(days, 1, 3650, &number) != RESULT_OK) {
		reply_text(page->reply, 400, "text/plain", "Tool, purpose and a number of days are needed.");
		return;
	}
	_cleanup_(json_decrefp) json_t *fields =
	    json_pack("{s:o,s:{s:s},s:s,s:f}", "summary", json_sprintf("Access to %s", tool), JIRA_FIELD_TOOL, "value",
	              tool, JIRA_FIELD_PURPOSE, purpose, JIRA_FIELD_DURATION, (double)number);
	json_t *issue =
	    fields ? issue_create(page->sandbox, JIRA_PROJECT, JIRA_REQUEST_TYPE, page->account_id, fields, &field, &wrong)
	           : NULL;
	if (issue)
		reply_redirect(page->reply, arena_printf(page->request->arena, "/browse/%s", issue_string(issue, "key")));
	else
		reply_text(page->reply, 400, "text/plain", wrong);
}
