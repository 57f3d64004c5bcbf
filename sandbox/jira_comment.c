/* Comments: ADF documents with properties, by which a writer finds its own again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jira.h"
#include "jira_webhook.h"

static void text_collect(struct text *out, const json_t *node)
{
	size_t index;
	json_t *child;
	const char *text = json_string_at(node, "text");
	if (text)
		text_append(out, text);
	if (text_equal(json_string_at(node, "type"), "hardBreak"))
		text_append_char(out, '\n');
	json_array_foreach(json_object_get(node, "content"), index, child) text_collect(out, child);
	if (text_equal(json_string_at(node, "type"), "paragraph"))
		text_append_char(out, '\n');
}

const char *comment_text(struct arena *arena, const json_t *body)
{
	struct text out = TEXT_INIT(1 << 16);
	if (json_is_string(body))
		return json_string_value(body);
	text_collect(&out, body);
	const char *copy = out.data ? arena_strdup(arena, out.data) : "";
	text_done(&out);
	return copy ? copy : "";
}

void comment_add(struct sandbox *sandbox, json_t *issue, const char *author, const json_t *body,
                 const json_t *properties, bool is_public)
{
	char id[24];
	int64_t now = sandbox_now_ms(sandbox);
	snprintf(id, sizeof(id), "%lld", (long long)site_next_id(sandbox));
	json_t *comment = json_pack("{s:s,s:s,s:I,s:b,s:O}", "id", id, "author", author, "created", (json_int_t)now,
	                            "public", is_public, "body", body);
	if (properties)
		json_object_set_new(comment, "properties", json_deep_copy(properties));
	json_array_append_new(json_object_get(issue, "comments"), comment);
	json_object_set_new(issue, "updated", json_integer(now));
	webhooks_comment(sandbox, issue, author, comment);
}

static json_t *comment_view(const struct jira_call *call, const json_t *issue, const json_t *comment, bool properties)
{
	char created[JIRA_DATE_SIZE];
	const char *author = json_string_at(comment, "author");
	jira_date(json_integer_at(comment, "created", 0), created);
	json_t *view =
	    json_pack("{s:s,s:s?,s:o,s:O,s:o,s:s,s:s,s:b}", "self",
	              arena_printf(call->request->arena, "%s/rest/api/3/issue/%s/comment/%s", call->sandbox->jira_url,
	                           issue_string(issue, "id"), json_string_at(comment, "id")),
	              "id", json_string_at(comment, "id"), "author", account_view(call->sandbox, author, true), "body",
	              json_object_get(comment, "body"), "updateAuthor", account_view(call->sandbox, author, true),
	              "created", created, "updated", created, "jsdPublic", json_bool_at(comment, "public", true));
	if (properties)
		json_object_set_new(view, "properties",
		                    json_object_get(comment, "properties") ? json_incref(json_object_get(comment, "properties"))
		                                                           : json_array());
	return view;
}

static json_t *issue_or_404(struct jira_call *call)
{
	json_t *issue = issue_find(call->sandbox, call->parameter[0]);
	if (!issue)
		jira_fail(call, 404, "Issue does not exist or you do not have permission to see it.");
	return issue;
}

void jira_comments_list(struct jira_call *call)
{
	int64_t start = 0;
	int64_t limit = 50;
	const char *start_text = request_query(call->request, "startAt");
	const char *limit_text = request_query(call->request, "maxResults");
	const char *order = request_query(call->request, "orderBy");
	const char *expand = request_query(call->request, "expand");
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	if ((start_text && text_parse_int(start_text, 0, INT32_MAX, &start) != RESULT_OK) ||
	    (limit_text && text_parse_int(limit_text, 0, 5000, &limit) != RESULT_OK) ||
	    (order && !text_equal(order, "created") && !text_equal(order, "+created") && !text_equal(order, "-created"))) {
		jira_fail(call, 400, "The startAt, maxResults or orderBy parameter is not valid.");
		return;
	}
	const json_t *all = json_object_get(issue, "comments");
	int64_t total = (int64_t)json_array_size(all);
	bool newest = order && order[0] == '-';
	json_t *comments = json_array();
	for (int64_t i = start; i < total && i < start + limit; i++)
		json_array_append_new(comments,
		                      comment_view(call, issue, json_array_get(all, (size_t)(newest ? total - 1 - i : i)),
		                                   expand && strstr(expand, "properties")));
	reply_json(call->reply, 200,
	           json_pack("{s:I,s:I,s:I,s:o}", "startAt", (json_int_t)start, "maxResults", (json_int_t)limit, "total",
	                     (json_int_t)total, "comments", comments));
}

void jira_comment_add(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const json_t *document = json_object_get(body, "body");
	const json_t *properties = json_object_get(body, "properties");
	json_t *issue = issue_or_404(call);
	size_t index;
	json_t *property;
	bool is_public = true;
	if (!issue)
		return;
	if (!text_equal(json_string_at(document, "type"), "doc") || json_integer_at(document, "version", 0) != 1 ||
	    !json_is_array(json_object_get(document, "content"))) {
		jira_fail_field(call, "comment", "Comment body is not valid!");
		return;
	}
	json_array_foreach(properties, index,
	                   property) if (text_equal(json_string_at(property, "key"), "sd.public.comment")) is_public =
	    !json_bool_at(property, "value.internal", false);
	comment_add(call->sandbox, issue, json_string_at(call->account, "accountId"), document, properties, is_public);
	const json_t *all = json_object_get(issue, "comments");
	reply_json(call->reply, 201, comment_view(call, issue, json_array_get(all, json_array_size(all) - 1), false));
}

static json_t *portal_comment_view(const struct jira_call *call, const json_t *comment)
{
	return json_pack("{s:s?,s:s,s:b,s:o,s:o}", "id", json_string_at(comment, "id"), "body",
	                 comment_text(call->request->arena, json_object_get(comment, "body")), "public",
	                 json_bool_at(comment, "public", true), "author",
	                 account_view_customer(call->sandbox, json_string_at(comment, "author")), "created",
	                 jira_date_view(json_integer_at(comment, "created", 0)));
}

void jira_portal_comments(struct jira_call *call)
{
	json_t *issue = issue_or_404(call);
	size_t index;
	json_t *comment;
	if (!issue)
		return;
	json_t *all = json_array();
	json_array_foreach(json_object_get(issue, "comments"), index, comment)
	    json_array_append_new(all, portal_comment_view(call, comment));
	reply_json(call->reply, 200, jira_page_view(call, all, 50));
}

void jira_portal_comment_add(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = request_json(call->request);
	const json_t *words = json_object_get(body, "body");
	json_t *issue = issue_or_404(call);
	if (!issue)
		return;
	if (!json_is_string(words)) {
		jira_fail(call, 400, "Comment body can not be empty!");
		return;
	}
	comment_add(call->sandbox, issue, json_string_at(call->account, "accountId"), words, NULL,
	            json_bool_at(body, "public", true));
	const json_t *all = json_object_get(issue, "comments");
	reply_json(call->reply, 201, portal_comment_view(call, json_array_get(all, json_array_size(all) - 1)));
}
