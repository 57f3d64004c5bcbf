/* The stage for tests of single calls: a server with written answers, a clock moved by hand, a client. */
#ifndef AIC_TESTS_CALL_STAGE_H
#define AIC_TESTS_CALL_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "jira/jira.h"

#include "canned_server.h"

static struct canned_server server;
static struct http_client *http;
static struct arena *arena;
static struct clock_manual manual;

static inline enum result token_fetch(const struct secret_source *source, struct secret *ret_secret,
                                      struct error *error)
{
	(void)source;
	(void)error;
	return secret_new("t0ken", 5, ret_secret);
}

static const struct secret_source token_source = {.fetch = token_fetch};

static inline int group_setup(void **state)
{
	(void)state;
	const struct http_client_options options = {.user_agent = "test"};
	arena = arena_new((size_t)64 * 1024 * 1024);
	clock_manual_init(&manual, 1795426200000);
	return arena && canned_start(&server) && http_client_new(&options, &http, NULL) == RESULT_OK ? 0 : -1;
}

static inline int group_teardown(void **state)
{
	(void)state;
	http_client_free(http);
	canned_stop(&server);
	arena_free(arena);
	return 0;
}

static inline int reset(void **state)
{
	(void)state;
	canned_reset(&server);
	arena_reset(arena);
	return 0;
}

static inline struct jira *jira_of(enum jira_auth auth)
{
	static char token_url[96];
	snprintf(token_url, sizeof(token_url), "%s/oauth/token", server.url);
	static char api_url[96];
	snprintf(api_url, sizeof(api_url), "%s/ex/", server.url);
	const struct jira_options options = {
	    .http = http,
	    .clock = &manual.clock,
	    .site_url = "https://example.atlassian.net",
	    .api_url = api_url,
	    .auth = auth,
	    .user = "bot@example.com",
	    .token = &token_source,
	    .client_id = "id&1",
	    .client_secret = &token_source,
	    .token_url = token_url,
	};
	struct jira *jira = NULL;
	assert_int_equal(jira_new(&options, &jira, NULL), RESULT_OK);
	return jira;
}

static const char *const none[] = {NULL};

static inline struct intake_settings settings_of(void)
{
	struct intake_settings settings;
	intake_settings_default(&settings);
	settings.tool_field = "customfield_10050";
	settings.purpose_field = "customfield_10051";
	settings.duration_field = "customfield_10052";
	settings.request_type_ids = none;
	settings.beneficiary = "reporter";
	return settings;
}

#define CASE(name) cmocka_unit_test_setup(name, reset)

#endif
