#include <string.h>

#include "jira/jira_request.h"
#include "jira/jira_value.h"

#define PAGE_SIZE 100
#define ISSUES_MAX 10000
#define PAGES_MAX 1000

struct search {
	struct jira *jira;
	const char *jql;
	const char *token; /* of the next page; NULL: the first */
	size_t seen;
	bool stopped;
	bool (*each)(void *context, const char *issue_id, int64_t updated_at);
	void *context;
};

static enum result no_memory(struct error *error)
{
	return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
}

static void jql_append_quoted(struct text *jql, const char *word)
{
	text_append_char(jql, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			text_append_char(jql, '\\');
		text_append_char(jql, *word);
	}
	text_append_char(jql, '"');
}

static char *jql_new(const char *const *project_keys, int64_t minutes, struct arena *arena)
{
	struct text jql = TEXT_INIT(64 * 1024);
	text_append(&jql, "project in (");
	for (size_t i = 0; project_keys[i]; i++) {
		if (i > 0)
			text_append(&jql, ", ");
		jql_append_quoted(&jql, project_keys[i]);
	}
	text_printf(&jql, ") AND updated >= -%lldm ORDER BY updated ASC", (long long)(minutes < 1 ? 1 : minutes));
	char *copy = text_failed(&jql) ? NULL : arena_strndup(arena, jql.data, jql.length);
	text_done(&jql);
	return copy;
}

static enum result page_fetch(const struct search *search, struct arena *scratch, json_t **ret_page,
                              struct error *error)
{
	_cleanup_(json_decrefp) json_t *body = json_pack("{s:s, s:i, s:[s], s:s*}", "jql", search->jql, "maxResults",
	                                                 PAGE_SIZE, "fields", "updated", "nextPageToken", search->token);
	const char *text = body ? json_write(scratch, body) : NULL;
	if (!text)
		return no_memory(error);
	const struct jira_call call = {.method = "POST",
	                               .path = "/rest/api/3/search/jql",
	                               .body = text,
	                               .gone_code = "jira_bad_response",
	                               .gone_what = "The search"};
	enum result result = jira_call(search->jira, &call, ret_page, error);
	/* Without this, an API address that is wrong would look as though an issue were gone. */
	return result == RESULT_NOT_FOUND ? jira_bad_response(error, "Jira has no search at the address configured.")
	                                  : result;
}

static enum result page_hand_out(struct search *search, const json_t *page, struct arena *scratch, struct error *error)
{
	const json_t *issues = json_is_object(page) ? json_object_get(page, "issues") : NULL;
	if (!json_is_array(issues))
		return jira_bad_response(error, "Jira's search result is not a list.");
	size_t index;
	json_t *issue;
	json_array_foreach(issues, index, issue)
	{
		const char *id = NULL;
		if (jira_value_id(json_at(issue, "id"), scratch, &id) != RESULT_OK)
			return no_memory(error);
		if (!id || strlen(id) > 64 || strspn(id, "0123456789") != strlen(id))
			continue;
		if (!search->each(search->context, id, jira_value_date(json_at(issue, "fields.updated"))) ||
		    ++search->seen >= ISSUES_MAX) {
			search->stopped = true;
			break;
		}
	}
	return RESULT_OK;
}

/* The next page's token; a page that names itself again would never end. */
static enum result token_advance(struct search *search, const json_t *page, struct arena *arena, struct error *error)
{
	const char *next = json_string_at(page, "nextPageToken");
	if (search->stopped || text_is_empty(next) || jira_value_bool(json_at(page, "isLast"), false)) {
		search->stopped = true;
		return RESULT_OK;
	}
	if (text_equal(next, search->token))
		return jira_bad_response(error, "Jira's search names the same page again and again.");
	search->token = arena_strdup(arena, next);
	return search->token ? RESULT_OK : no_memory(error);
}

enum result jira_search_updated(struct jira *jira, const char *const *project_keys, int64_t minutes,
                                struct arena *arena,
                                bool (*each)(void *context, const char *issue_id, int64_t updated_at), void *context,
                                struct error *error)
{
	if (!project_keys[0])
		return RESULT_OK;
	struct search search = {.jira = jira, .each = each, .context = context};
	search.jql = jql_new(project_keys, minutes, arena);
	if (!search.jql)
		return no_memory(error);
	for (int i = 0; !search.stopped; i++) {
		if (i == PAGES_MAX)
			return jira_bad_response(error, "Jira's search does not come to an end.");
		_cleanup_(arena_freep) struct arena *scratch = arena_new((size_t)4 * 1024 * 1024);
		_cleanup_(json_decrefp) json_t *page = NULL;
		if (!scratch)
			return no_memory(error);
		enum result result = page_fetch(&search, scratch, &page, error);
		if (result == RESULT_OK)
			result = page_hand_out(&search, page, scratch, error);
		if (result == RESULT_OK)
			result = token_advance(&search, page, arena, error);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}
