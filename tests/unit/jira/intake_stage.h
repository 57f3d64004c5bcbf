/* The stage for the Jira jobs: a real store, and a Jira whose answers are written down. */
#ifndef AIC_TESTS_INTAKE_STAGE_H
#define AIC_TESTS_INTAKE_STAGE_H

#include "../../contract/store_scene.h"

#include "base/json.h"
#include "base/text.h"
#include "jira/jira.h"
#include "worker/job_run.h"

#include "canned_server.h"

struct world {
	struct scene *scene;
	struct http_client *http;
	struct jira *jira;
	struct worker_options options;
	struct job_attempt attempt;
	char issue[2048];
	char approvals[4096];
	char changes[4096];
};

static struct canned_server server;

static inline enum result token_fetch(const struct secret_source *source, struct secret *ret_secret,
                                      struct error *error)
{
	(void)source;
	(void)error;
	return secret_new("token", 5, ret_secret);
}

static const struct secret_source token_source = {.fetch = token_fetch};
static const char *issue_updated = "2025-11-23T08:00:01.000+0000";
static const char *const project_keys[] = {"AIC", NULL};
static const char *const revoked_statuses[] = {"Access removed", NULL};

static inline void settings_write(struct world *w, const char *approval)
{
	struct intake_settings settings, kept;
	intake_settings_default(&settings);
	settings.project_keys = project_keys;
	settings.tool_field = "customfield_10050";
	settings.purpose_field = "customfield_10051";
	settings.duration_field = "customfield_10052";
	settings.beneficiary = "reporter";
	settings.approval = approval;
	settings.revoked_statuses = revoked_statuses;
	settings.write_back_comment = true;
	assert_ok(DO(w->scene, intake_write, &admin, &settings, 0, w->scene->arena, &kept, &w->scene->error));
}

static inline int world_setup(void **state)
{
	assert_int_equal(scene_setup(state), 0);
	struct world *w = memory_calloc(1, sizeof(*w));
	assert_non_null(w);
	w->scene = *state;
	scene_catalog(w->scene);
	settings_write(w, "jsm");
	const struct http_client_options client = {.user_agent = "test"};
	assert_ok(http_client_new(&client, &w->http, NULL));
	memset(&server, 0, sizeof(server));
	assert_true(canned_start(&server));
	const struct jira_options jira_options = {.http = w->http,
	                                          .clock = &w->scene->clock.clock,
	                                          .site_url = SCENE_SITE,
	                                          .api_url = server.url,
	                                          .auth = JIRA_AUTH_BEARER,
	                                          .token = &token_source};
	assert_ok(jira_new(&jira_options, &w->jira, NULL));
	w->options = (struct worker_options){
	    .store = w->scene->store, .clock = &w->scene->clock.clock, .jira = w->jira, .threads = 1};
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	struct world *w = *state;
	void *scene = w->scene;
	jira_free(w->jira);
	http_client_free(w->http);
	canned_stop(&server);
	memory_free(w);
	return scene_teardown(&scene);
}

/* ---- what Jira says ---- */

#define ISSUE                                                                                                          \
	"/rest/api/3/issue/10042?fields=status,reporter,project,created,updated,customfield_10050,customfield_10051,"      \
	"customfield_10052"

static inline void jira_says(struct world *w, const char *status, const char *tool, const char *approvals,
                             const char *changes)
{
	snprintf(
	    w->issue, sizeof(w->issue),
	    "{\"id\":\"10042\",\"key\":\"AIC-7\",\"fields\":{\"project\":{\"key\":\"AIC\"},\"status\":{\"id\":\"9\","
	    "\"name\":"
	    "\"%s\"},\"reporter\":{\"accountId\":\"kim\"},\"customfield_10050\":{\"value\":\"%s\"},\"customfield_10051\":"
	    "\"to write\",\"customfield_10052\":30,\"updated\":\"%s\"}}",
	    status, tool, issue_updated);
	snprintf(w->approvals, sizeof(w->approvals), "{\"isLastPage\":true,\"values\":[%s]}", approvals);
	snprintf(w->changes, sizeof(w->changes), "{\"isLast\":true,\"values\":[%s]}", changes);
	canned_reset(&server);
	canned_add(&server, "GET", ISSUE, 200, w->issue)->again = true;
	canned_add(&server, "GET", "/rest/servicedeskapi/request/10042/approval?start=0&limit=50", 200, w->approvals)
	    ->again = true;
	canned_add(&server, "GET", "/rest/api/3/issue/10042/changelog?startAt=0&maxResults=100", 200, w->changes)->again =
	    true;
}

/* An approval created `minutes` after the stage's start; decided a minute later unless pending. Several may stand in
 * one list, joined by commas. */
static inline const char *approval(const char *id, int minutes, const char *decision, const char *person)
{
	static char texts[8][512];
	static int next;
	char *text = texts[next++ % 8];
	char completed[80] = "";
	long long at = SCENE_START + minutes * 60000LL;
	if (strcmp(decision, "pending") != 0)
		snprintf(completed, sizeof(completed), ",\"completedDate\":{\"epochMillis\":%lld}", at + 30000);
	snprintf(text, sizeof(texts[0]),
	         "{\"id\":\"%s\",\"finalDecision\":\"%s\",\"approvers\":[{\"approver\":{\"accountId\":\"%s\"},"
	         "\"approverDecision\":"
	         "\"%s\"}],\"createdDate\":{\"epochMillis\":%lld}%s}",
	         id, decision, person, decision, at, completed);
	return text;
}

static inline const char *both(const char *one, const char *two)
{
	static char text[1200];
	snprintf(text, sizeof(text), "%s,%s", one, two);
	return text;
}

/* ---- what is done ---- */

static inline enum job_status run_event(struct world *w, const char *event_id, int attempts)
{
	const struct job job = {.job_id = "0193f5a0-0000-7000-8000-000000000001",
	                        .kind = JOB_INTAKE,
	                        .subject = "10042",
	                        .inbox_event_id = event_id,
	                        .attempts = attempts};
	const struct job_context context = {.options = &w->options, .job = &job, .arena = w->scene->arena};
	scene_pass(w->scene, 5 * 60000);
	w->attempt = job_run_intake(&context);
	assert_false(w->attempt.settled);
	return w->attempt.outcome.status;
}

static inline void run(struct world *w)
{
	assert_int_equal(run_event(w, NULL, 1), JOB_SUCCEEDED);
}

static inline size_t requests(struct world *w, struct access_request **ret_requests)
{
	size_t count = 0;
	assert_ok(DO(w->scene, request_list_of_issue, SCENE_SITE, "10042", w->scene->arena, ret_requests, &count));
	return count;
}

static inline struct access_request newest(struct world *w)
{
	struct access_request *list = NULL;
	assert_true(requests(w, &list) > 0);
	return list[0];
}

static inline void assert_newest(struct world *w, size_t count, enum request_status status, const char *code)
{
	struct access_request *list = NULL;
	assert_int_equal(requests(w, &list), count);
	assert_string_equal(request_status_name(list[0].status), request_status_name(status));
	if (code)
		assert_string_equal(list[0].code, code);
	else
		assert_null(list[0].code);
}

static inline size_t grants(struct world *w, enum grant_status status)
{
	struct store_counts counts;
	assert_ok(DO(w->scene, counts, &counts));
	return (size_t)counts.grants[status];
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
