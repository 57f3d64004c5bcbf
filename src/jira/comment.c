/* Telling an issue something, once. Jira gives a comment no idempotency key, so each carries a tag (in its last line,
 * and as a property), and whoever is not sure whether an earlier attempt arrived looks for the tag first. */
#include <stdio.h>
#include <string.h>

#include "jira/adf.h"
#include "jira/jira_request.h"
#include "jira/jira_value.h"

#define PAGE_SIZE 100
#define PAGES_MAX 50
#define COMMENT_TEXT_MAX (64 * 1024)

static enum result no_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static bool properties_have(const json_t *properties, const char *tag)
{
	size_t index;
	json_t *property;
	json_array_foreach(properties, index, property)
	{
		if (text_equal(json_string_at(property, "key"), "aiclearance") &&
		    text_equal(json_string_at(property, "value.tag"), tag))
			return true;
	}
	return false;
}

/* The document's words could be longer than we care to copy: its text is cut at a ceiling, and our tag stands in
 * comments of our own, which are short. */
static enum result comment_has(const json_t *comment, const char *tag, bool *ret_has)
{
	if (properties_have(json_at(comment, "properties"), tag)) {
		*ret_has = true;
		return RESULT_OK;
	}
	const json_t *body = json_at(comment, "body");
	if (json_is_string(body)) {
		*ret_has = strstr(json_string_value(body), tag) != NULL;
		return RESULT_OK;
	}
	struct text text = TEXT_INIT(COMMENT_TEXT_MAX);
	adf_text_append(&text, body);
	bool failed = text_failed(&text);
	if (!failed)
		*ret_has = text.data && strstr(text.data, tag) != NULL;
	text_done(&text);
	return failed ? RESULT_NO_MEMORY : RESULT_OK;
}

static enum result page_look(const json_t *page, const char *tag, int64_t *start, bool *ret_found, bool *ret_last,
                             struct error *error)
{
	const json_t *comments = json_is_object(page) ? json_object_get(page, "comments") : NULL;
	if (!json_is_array(comments))
		return jira_bad_response(error, "Jira's comments are not a list.");
	size_t index;
	json_t *comment;
	json_array_foreach(comments, index, comment)
	{
		bool has = false;
		if (comment_has(comment, tag, &has) != RESULT_OK)
			return no_memory(error);
		if (has) {
			*ret_found = true;
			*ret_last = true;
			return RESULT_OK;
		}
	}
	*start += (int64_t)json_array_size(comments);
	int64_t total = json_integer_at(page, "total", -1);
	*ret_last = json_array_size(comments) == 0 || (total >= 0 && *start >= total);
	return RESULT_OK;
}

static enum result tag_look(struct jira *jira, const char *issue, const char *tag, struct arena *arena, bool *ret_found,
                            struct error *error)
{
	int64_t start = 0;
	bool last = false;
	for (int i = 0; !last && i < PAGES_MAX; i++) {
		char query[96];
		snprintf(query, sizeof(query), "/comment?startAt=%lld&maxResults=%d&orderBy=-created", (long long)start,
		         PAGE_SIZE);
		const char *path = NULL;
		if (jira_path(arena, "/rest/api/3/issue/", issue, query, &path) != RESULT_OK)
			return no_memory(error);
		const struct jira_call call = {.method = "GET", .path = path};
		_cleanup_(json_decrefp) json_t *page = NULL;
		enum result result = jira_call(jira, &call, &page, error);
		if (result == RESULT_OK)
			result = page_look(page, tag, &start, ret_found, &last, error);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

static const char *comment_body(const char *text, const char *tag, struct arena *arena)
{
	const char *lines = arena_printf(arena, "%s\nAI Clearance reference %s", text, tag);
	json_t *document = lines ? adf_document_new(lines) : NULL;
	if (!document)
		return NULL;
	_cleanup_(json_decrefp) json_t *body = json_pack("{s:o, s:[{s:s, s:{s:s}}]}", "body", document, "properties", "key",
	                                                 "aiclearance", "value", "tag", tag);
	return body ? json_write(arena, body) : NULL;
}

enum result jira_comment_add(struct jira *jira, const char *issue, const char *text, const char *tag, bool look_first,
                             struct arena *arena, bool *ret_existed, struct error *error)
{
	bool found = false;
	enum result result = look_first ? tag_look(jira, issue, tag, arena, &found, error) : RESULT_OK;
	if (result != RESULT_OK)
		return result;
	if (!found) {
		const char *path = NULL;
		const char *body = comment_body(text, tag, arena);
		if (!body || jira_path(arena, "/rest/api/3/issue/", issue, "/comment", &path) != RESULT_OK)
			return no_memory(error);
		const struct jira_call call = {.method = "POST", .path = path, .body = body};
		result = jira_call(jira, &call, NULL, error);
		if (result != RESULT_OK)
			return result;
	}
	*ret_existed = found;
	return RESULT_OK;
}
