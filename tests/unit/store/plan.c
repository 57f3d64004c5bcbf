/* Lists and claims stay cheap when there are a million rows: each is driven by an index that also gives its order. */
#include "../../contract/store_scene.h"

#include "store/sqlite_filter.h"
#include "store/sqlite_job_queue.h"
#include "store/sqlite_store.h"
#include "store/sqlite_watch.h"
#include "store/sqlite_work.h"

/* The plan, step by step, on a connection of its own. */
static void explain(struct scene *scene, const char *sql, const struct sql_value *values, char plan[2048])
{
	struct sqlite_connection *connection = NULL;
	struct session session = {0};
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	struct cursor cursor;

	assert_non_null(text);
	assert_ok(sqlite_connection_open(scene->path, SQLITE_FOR_READING, &connection, &scene->error));
	session.connection = connection;
	session.error = &scene->error;
	cursor = cursor_open(&session, scene->arena, text, values);
	plan[0] = '\0';
	while (cursor_next(&cursor)) {
		cursor.column = 3;
		strncat(plan, cursor_peek(&cursor), 2047 - strlen(plan));
		strncat(plan, "\n", 2047 - strlen(plan));
	}
	cursor_close(&cursor);
	assert_ok(session.fault);
	sqlite_connection_close(connection);
	sqlite3_free(text);
}

static void assert_driven(struct scene *scene, const struct filter_query *query, const char *index)
{
	char plan[2048];

	explain(scene, query->sql, query->values, plan);
	if (strstr(plan, index) == NULL || strstr(plan, "TEMP B-TREE") != NULL || strstr(plan, "SCAN") != NULL)
		fail_msg("%s\nis done so:\n%s", query->sql, plan);
}

static void every_filter_of_a_list_is_driven_by_its_index_in_order(void **state)
{
	struct scene *scene = *state;
	static const struct {
		const char *account, *tool, *status, *index;
	} cases[] = {
	    {"a", NULL, NULL, "access_grant_by_account"}, {"a", "t", "s", "access_grant_by_account"},
	    {NULL, "t", NULL, "access_grant_by_tool_id"}, {NULL, "t", "s", "access_grant_by_tool "},
	    {NULL, NULL, "s", "access_grant_by_status"},  {NULL, NULL, NULL, "sqlite_autoindex_access_grant_1"},
	    {"a", NULL, "s", "access_grant_by_account"},
	};
	struct page page = {.limit = 50};

	for (size_t at = 0; at < ARRAY_SIZE(cases); at++) {
		const struct filter_term terms[] = {
		    {"g.account_id = ", "+g.account_id = ", cases[at].account, false},
		    {"g.tool_id = ", "+g.tool_id = ", cases[at].tool, false},
		    {"g.status = ", "+g.status = ", cases[at].status, true},
		};
		struct filter_query query;
		filter_build(&query,
		             "SELECT " GRANT_COLUMNS
		             " FROM access_grant g LEFT JOIN access_request r ON r.request_key = g.request_key",
		             "g.grant_id", terms, ARRAY_SIZE(terms), &page);
		assert_driven(scene, &query, cases[at].index);
	}
}

static void the_grants_of_an_issue_are_found_by_its_key(void **state)
{
	struct scene *scene = *state;
	const struct filter_term terms[] = {{"r.issue_key = ", "+r.issue_key = ", "AIC-7", false}};
	struct page page = {.limit = 50};
	struct filter_query query;
	char plan[2048];

	filter_build(&query,
	             "SELECT " GRANT_COLUMNS
	             " FROM access_request r CROSS JOIN access_grant g ON g.request_key = r.request_key",
	             "+g.grant_id", terms, 1, &page);
	explain(scene, query.sql, query.values, plan);
	assert_non_null(strstr(plan, "access_request_by_key (issue_key=?"));
	assert_null(strstr(plan, "SCAN"));
}

static void an_unfiltered_list_of_requests_or_jobs_needs_no_sorting(void **state)
{
	struct scene *scene = *state;
	struct page page = {.limit = 50};
	struct filter_query query;

	filter_build(&query, "SELECT " REQUEST_COLUMNS " FROM access_request r", "r.request_id", NULL, 0, &page);
	assert_driven(scene, &query, "sqlite_autoindex_access_request_1");
	filter_build(&query, "SELECT " JOB_COLUMNS " FROM job j", "j.job_id", NULL, 0, &page);
	assert_driven(scene, &query, "sqlite_autoindex_job_1");
}

static void a_million_findings_are_listed_page_by_page_by_whatever_filter(void **state)
{
	struct scene *scene = *state;
	static const struct {
		const char *tool, *status, *class, *connector, *index;
	} cases[] = {
	    {"chat", NULL, NULL, NULL, "finding_by_tool"},          {"chat", "open", "x", "entra", "finding_by_tool"},
	    {NULL, "open", NULL, NULL, "finding_by_status "},       {NULL, "open", "x", NULL, "finding_by_status_class"},
	    {NULL, NULL, "x", "entra", "finding_by_class"},         {NULL, NULL, NULL, "entra", "finding_by_connector"},
	    {NULL, NULL, NULL, NULL, "sqlite_autoindex_finding_1"},
	};
	struct page page = {.limit = 50};

	for (size_t at = 0; at < ARRAY_SIZE(cases); at++) {
		const struct filter_term terms[] = {
		    {"f.tool_id = ", "+f.tool_id = ", cases[at].tool, false},
		    {"f.status = ", "+f.status = ", cases[at].status, false},
		    {"f.class = ", "+f.class = ", cases[at].class, true},
		    {"f.connector_id = ", "+f.connector_id = ", cases[at].connector, false},
		};
		struct filter_query query;
		filter_build(&query, FINDING_LIST, "f.finding_id", terms, ARRAY_SIZE(terms), &page);
		assert_driven(scene, &query, cases[at].index);
	}
}

static void the_queue_is_looked_through_group_by_group(void **state)
{
	struct scene *scene = *state;
	const struct sql_value *where = SQL_ARGS(sql_int(1), sql_text("a"), sql_text("z"), sql_int(1));
	static const char *const strides[] = {"(connector_id=? AND priority=? AND group_id>?)",
	                                      "(connector_id=? AND priority>?)", "(connector_id>?)"};
	char plan[2048];

	explain(scene, QUEUE_STREAMS, where, plan);
	for (size_t at = 0; at < ARRAY_SIZE(strides); at++)
		assert_non_null(strstr(plan, strides[at]));
	assert_non_null(strstr(plan, "SEARCH p USING PRIMARY KEY (connector_id=?)"));
	assert_null(strstr(plan, "SCAN j"));
	assert_null(strstr(plan, "SCAN n"));
	assert_null(strstr(plan, "TEMP B-TREE"));
	explain(scene, QUEUE_STREAM_NEXT, where, plan);
	assert_non_null(strstr(plan, "(connector_id=? AND priority=? AND group_id=? AND job_key>?)"));
	assert_null(strstr(plan, "TEMP B-TREE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(every_filter_of_a_list_is_driven_by_its_index_in_order),
	    scene_test(the_grants_of_an_issue_are_found_by_its_key),
	    scene_test(an_unfiltered_list_of_requests_or_jobs_needs_no_sorting),
	    scene_test(a_million_findings_are_listed_page_by_page_by_whatever_filter),
	    scene_test(the_queue_is_looked_through_group_by_group),
	};

	return cmocka_run_group_tests_name("store: plan", tests, NULL, NULL);
}
