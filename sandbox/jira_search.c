/* POST and GET /search/jql. The part of JQL that a sweep needs:
 *
 *	clause ("AND" clause)* ["ORDER BY" field ["ASC"|"DESC"]]
 *	clause := field ("=" | "!=" | ">=" | ">" | "<=" | "<") value | field ["not"] "in" "(" value ("," value)* ")"
 *
 * on project, key, id, status, reporter, created and updated. As in Jira, a query that is not bounded by anything is
 * refused, a page holds at most 100 issues, and the index may lag behind the truth (faults.searchLagMs). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "jira.h"

#define CLAUSES 8
#define VALUES 50

struct clause {
	char field[32];
	char operator[4]; /* "=", "!=", ">=" …, "in", "!in" */
	char value[VALUES][128];
	size_t values;
};

struct query {
	struct clause clause[CLAUSES];
	size_t clauses;
	char order[32];
	bool descending;
	const char *wrong;
};

static void skip(const char **at)
{
	while (isspace((unsigned char)**at))
		(*at)++;
}

static bool word(const char **at, const char *expected)
{
	size_t length = strlen(expected);
	skip(at);
	if (strncasecmp(*at, expected, length) != 0 || isalnum((unsigned char)(*at)[length]))
		return false;
	*at += length;
	return true;
}

static bool value_take(const char **at, char out[128])
{
	size_t length = 0;
	skip(at);
	char quote = '\0';
	if (**at == '"' || **at == '\'')
		quote = *(*at)++;
	while (**at && (quote ? **at != quote : !isspace((unsigned char)**at) && !strchr("(),=<>!", **at))) {
		if (length == 127)
			return false;
		out[length++] = *(*at)++;
	}
	out[length] = '\0';
	if (quote && *(*at)++ != quote)
		return false;
	return length > 0 || quote;
}

static bool operator_take(const char **at, char out[4])
{
	static const char *const known[] = {"!=", ">=", "<=", "=", ">", "<"};
	skip(at);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strncmp(*at, known[i], strlen(known[i])) != 0)
			continue;
		*at += strlen(known[i]);
		memcpy(out, known[i], strlen(known[i]) + 1);
		return true;
	}
	return false;
}

static bool list_take(const char **at, struct clause *clause)
{
	skip(at);
	if (*(*at)++ != '(')
		return false;
	do {
		if (clause->values == VALUES || !value_take(at, clause->value[clause->values++]))
			return false;
		skip(at);
	} while (*(*at)++ == ',');
	return (*at)[-1] == ')';
}

static bool clause_take(const char **at, struct clause *clause)
{
	char name[128];
	if (!value_take(at, name) || strlen(name) >= sizeof(clause->field))
		return false;
	memcpy(clause->field, name, strlen(name) + 1);
	bool negated = word(at, "not");
	if (word(at, "in")) {
		memcpy(clause->operator, negated ? "!in" : "in", negated ? 4 : 3);
		return list_take(at, clause);
	}
	clause->values = 1;
	return !negated && operator_take(at, clause->operator) && value_take(at, clause->value[0]);
}

static bool field_known(const char *field)
{
	static const char *const known[] = {"project", "key", "issuekey", "id", "status", "reporter", "created", "updated"};
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (text_equal_fold(field, known[i]))
			return true;
	return false;
}

static void query_read(struct query *query, const char *jql)
{
	const char *at = jql;
	skip(&at);
	while (*at && !word(&at, "order")) {
		if (query->clauses == CLAUSES || !clause_take(&at, &query->clause[query->clauses]) ||
		    !field_known(query->clause[query->clauses].field)) {
			query->wrong = "Error in the JQL Query: it could not be read.";
			return;
		}
		query->clauses++;
		skip(&at);
		if (*at && !word(&at, "and") && strncasecmp(at, "order", 5) != 0) {
			query->wrong = "Error in the JQL Query: expecting either 'AND' or 'ORDER BY'.";
			return;
		}
	}
	if (at > jql && strcasestr(jql, "order by")) {
		char name[128];
		if (!word(&at, "by") || !value_take(&at, name) || strlen(name) >= sizeof(query->order)) {
			query->wrong = "Error in the JQL Query: expecting a field name after 'ORDER BY'.";
			return;
		}
		memcpy(query->order, name, strlen(name) + 1);
		query->descending = word(&at, "desc");
		if (!query->descending)
			(void)word(&at, "asc");
	}
	skip(&at);
	if (*at)
		query->wrong = "Error in the JQL Query: unexpected text at its end.";
	else if (query->clauses == 0)
		query->wrong = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
}

/* "-15m", "-2h", "-1d", "-1w", "2026-11-23", "2026-11-23 09:30" (minutes, as Jira has it), or epoch milliseconds. */
static bool instant_read(const struct sandbox *sandbox, const char *text, int64_t *ret_ms)
{
	char *end;
	struct tm parts = {0};
	long long number = strtoll(text, &end, 10);
	if (end != text && end[0] && !end[1] && strchr("mhdw", end[0])) {
		int64_t unit = end[0] == 'm' ? 60000 : end[0] == 'h' ? 3600000 : end[0] == 'd' ? 86400000LL : 604800000LL;
		*ret_ms = sandbox_now_ms(sandbox) + number * unit;
		return true;
	}
	if (end != text && !*end && number > 100000000) {
		*ret_ms = number;
		return true;
	}
	const char *rest = strptime(text, "%Y-%m-%d", &parts);
	if (!rest)
		rest = strptime(text, "%Y/%m/%d", &parts);
	if (rest && *rest == ' ')
		rest = strptime(rest, " %H:%M", &parts);
	if (!rest || *rest)
		return false;
	*ret_ms = (int64_t)timegm(&parts) * 1000;
	return true;
}

static bool instant_fits(const struct sandbox *sandbox, const struct clause *clause, int64_t at)
{
	int64_t bound;
	if (!instant_read(sandbox, clause->value[0], &bound))
		return false;
	if (text_equal(clause->operator, ">="))
		return at >= bound;
	if (text_equal(clause->operator, ">"))
		return at > bound;
	return text_equal(clause->operator, "<=") ? at <= bound : at < bound;
}

static bool value_fits(const json_t *issue, const char *field, const char *value)
{
	if (text_equal_fold(field, "project"))
		return text_equal_fold(value, issue_string(issue, "projectKey"));
	if (text_equal_fold(field, "status"))
		return text_equal(value, issue_string(issue, "status")) ||
		       text_equal_fold(value, status_name(issue_string(issue, "status")));
	if (text_equal_fold(field, "reporter"))
		return text_equal(value, issue_string(issue, "reporter"));
	return text_equal_fold(value, issue_string(issue, "key")) || text_equal(value, issue_string(issue, "id"));
}

static bool clause_fits(const struct sandbox *sandbox, const struct clause *clause, const json_t *issue)
{
	bool found = false;
	if (text_equal_fold(clause->field, "updated") || text_equal_fold(clause->field, "created"))
		return instant_fits(
		    sandbox, clause,
		    json_integer_at(issue, text_equal_fold(clause->field, "updated") ? "updated" : "created", 0));
	for (size_t i = 0; i < clause->values; i++)
		found = found || value_fits(issue, clause->field, clause->value[i]);
	return clause->operator[0] == '!' ? !found : found;
}

static bool issue_fits(const struct sandbox *sandbox, const struct query *query, const json_t *issue)
{
	/* The index has not seen what changed a moment ago. */
	if (json_integer_at(issue, "updated", 0) + sandbox->faults.search_lag_ms > sandbox_now_ms(sandbox))
		return false;
	for (size_t i = 0; i < query->clauses; i++)
		if (!clause_fits(sandbox, &query->clause[i], issue))
			return false;
	return true;
}

struct found {
	const json_t *issue;
	int64_t place;
};

static int64_t issue_number(const json_t *issue)
{
	int64_t number = 0;
	return text_parse_int(issue_string(issue, "id"), 0, INT32_MAX, &number) == RESULT_OK ? number : 0;
}

static int found_compare(const void *a, const void *b)
{
	const struct found *first = a;
	const struct found *second = b;
	if (first->place != second->place)
		return first->place < second->place ? -1 : 1;
	return (int)(issue_number(first->issue) - issue_number(second->issue));
}

static size_t issues_find(struct jira_call *call, const struct query *query, struct found **ret_found)
{
	const json_t *issues = call->sandbox->site.issues;
	struct found *found = arena_array(call->request->arena, json_object_size(issues) + 1, sizeof(*found));
	const char *field = text_equal_fold(query->order, "updated") ? "updated" : "created";
	size_t count = 0;
	const char *id;
	json_t *issue;
	if (!found)
		return 0;
	json_object_foreach((json_t *)(uintptr_t)issues, id, issue)
	{
		if (!issue_fits(call->sandbox, query, issue))
			continue;
		int64_t at = json_integer_at(issue, field, 0);
		found[count++] = (struct found){.issue = issue, .place = query->descending ? -at : at};
	}
	qsort(found, count, sizeof(*found), found_compare);
	*ret_found = found;
	return count;
}

/* GET's parameters in the form of POST's body. */
static json_t *search_body(struct jira_call *call)
{
	int64_t max = 50;
	const char *max_text = request_query(call->request, "maxResults");
	const char *fields = request_query(call->request, "fields");
	if (text_equal(call->request->method, "POST"))
		return request_json(call->request);
	if (max_text && text_parse_int(max_text, 1, 5000, &max) != RESULT_OK)
		max = 50;
	json_t *body = json_pack("{s:s?,s:s?,s:I}", "jql", request_query(call->request, "jql"), "nextPageToken",
	                         request_query(call->request, "nextPageToken"), "maxResults", (json_int_t)max);
	if (fields)
		json_object_set_new(body, "fields", json_pack("[s]", fields));
	return body;
}

/* "a,b,c" of the body's list; NULL if none was given. */
static const char *fields_wanted(struct jira_call *call, const json_t *body)
{
	const char *joined = NULL;
	size_t index;
	json_t *name;
	json_array_foreach(json_object_get(body, "fields"), index, name) joined =
	    joined ? arena_printf(call->request->arena, "%s,%s", joined, json_string_value(name))
	           : arena_strdup(call->request->arena, json_string_value(name));
	return joined;
}

void jira_search(struct jira_call *call)
{
	_cleanup_(json_decrefp) json_t *body = search_body(call);
	const char *jql = json_string_at(body, "jql");
	const char *token = json_string_at(body, "nextPageToken");
	struct query *query = arena_alloc(call->request->arena, sizeof(*query));
	struct found *found = NULL;
	int64_t start = 0;
	if (!query)
		return;
	query_read(query, jql ? jql : "");
	if (!query->wrong && token && text_parse_int(token, 0, INT32_MAX, &start) != RESULT_OK)
		query->wrong = "The nextPageToken is not valid.";
	if (query->wrong) {
		jira_fail(call, 400, "%s", query->wrong);
		return;
	}
	const char *fields = fields_wanted(call, body);
	int64_t limit = json_integer_at(body, "maxResults", 50);
	int64_t most = json_integer_at(call->sandbox->site.settings, "searchPageSize", 100);
	limit = limit < 1 ? 1 : limit > most ? most : limit;
	int64_t count = (int64_t)issues_find(call, query, &found);
	json_t *issues = json_array();
	for (int64_t i = start; found && i < count && i < start + limit; i++) {
		/* Without a list of fields the answer holds ids alone: that is /search/jql's own trap. */
		json_t *shown = fields && !text_equal(fields, "id")
		                    ? issue_view(call->sandbox, found[i].issue, fields)
		                    : json_pack("{s:s?}", "id", issue_string(found[i].issue, "id"));
		json_array_append_new(issues, shown);
	}
	bool last = start + limit >= count;
	json_t *page = json_pack("{s:o,s:b}", "issues", issues, "isLast", last);
	if (!last)
		json_object_set_new(page, "nextPageToken",
		                    json_string(arena_printf(call->request->arena, "%lld", (long long)start + limit)));
	reply_json(call->reply, 200, page);
}
