#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "domain/removal_brake.h"
#include "server/render.h"
#include "server/route.h"
#include "server/shapes.h"

struct shape_case {
	const struct shape *shape;
	const char *json;
	const char *faults; /* "path:code path:code"; "" : valid */
};

#define GOOD_CONFIG "\"config\":{\"tenantId\":\"t\",\"clientId\":\"c\",\"clientSecret\":\"\"}"

static const struct shape_case cases[] = {
    {&shape_connector_create, "{\"connectorId\":\"a\",\"type\":\"entra\",\"name\":\"n\"," GOOD_CONFIG "}", ""},
    {&shape_connector_create, "{\"connectorId\":\"A\",\"type\":\"entra\",\"name\":\"n\"," GOOD_CONFIG "}",
     "connectorId:malformed"},
    {&shape_connector_create, "{\"connectorId\":\"a\",\"type\":\"okta\",\"name\":\"n\"," GOOD_CONFIG "}",
     "type:not_one_of"},
    {&shape_connector_create, "{\"connectorId\":\"a\",\"type\":\"entra\",\"name\":\"\"," GOOD_CONFIG "}",
     "name:too_short"},
    {&shape_connector_create, "{\"connectorId\":\"a\",\"type\":\"entra\",\"name\":\"n\"}", "config:required"},
    {&shape_connector_create, "{\"connectorId\":\"a\",\"type\":\"entra\",\"name\":\"n\",\"bogus\":1," GOOD_CONFIG "}",
     "bogus:unknown_key"},
    {&shape_connector_create,
     "{\"connectorId\":\"a\",\"type\":\"entra\",\"name\":\"n\",\"config\":{\"tenantId\":1,\"clientId\":\"c\",\"x\":"
     "true}}",
     "config.tenantId:wrong_type config.x:unknown_key"},
    {&shape_connector_create,
     "{\"connectorId\":\"a\",\"type\":\"entra\",\"name\":\"n\",\"config\":{\"tenantId\":\"t\",\"clientId\":\"c\","
     "\"secretRef\":\"plain\"}}",
     "config.secretRef:malformed"},
    /* a PUT ignores what its GET shows, whatever is in it */
    {&shape_connector_replace,
     "{\"connectorId\":7,\"type\":\"entra\",\"name\":\"n\",\"health\":\"passed\",\"credential\":{\"kind\":\"x\"},"
     "\"lastTest\":null,\"toolCount\":1,\"config\":{\"tenantId\":\"t\",\"clientId\":\"c\"}}",
     ""},
    {&shape_tool_create, "{\"toolId\":\"t\",\"name\":\"T\",\"description\":\"\",\"url\":\"\",\"connectorId\":null}",
     ""},
    {&shape_tool_create, "{\"toolId\":\"t\",\"name\":\"T\",\"maxDurationDays\":0}", "maxDurationDays:out_of_range"},
    {&shape_tool_create, "{\"toolId\":\"t\",\"name\":\"T\",\"maxDurationDays\":90.0}", "maxDurationDays:wrong_type"},
    {&shape_tool_create, "{\"toolId\":\"t\",\"name\":null}", "name:wrong_type"},
    {&shape_tool_create, "[]", ":wrong_type"},
    {&shape_intake, "{}", ""},
    {&shape_intake, "{\"projectKeys\":[\"AIC\",7]}", "projectKeys[1]:wrong_type"},
    {&shape_intake, "{\"projectKeys\":[\"\"]}", "projectKeys[0]:too_short"},
    {&shape_intake, "{\"writeBack\":{\"comment\":1,\"transitionOnActive\":null}}", "writeBack.comment:wrong_type"},
    {&shape_grant_resolve, "{\"externalId\":\"not-a-guid\"}", "externalId:malformed"},
    {&shape_nothing, "{}", ""},
    {&shape_nothing, "{\"a\":1}", "a:unknown_key"},
};

static void faults_text(const struct shape_faults *faults, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < faults->count; i++) {
		size_t used = strlen(out);
		snprintf(out + used, size - used, "%s%s:%s", i > 0 ? " " : "", faults->items[i].path, faults->items[i].code);
	}
}

static void a_wrong_member_is_named_by_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
		_cleanup_(json_decrefp) json_t *value = NULL;
		struct shape_faults faults = {0};
		char found[512];
		assert_int_equal(json_read(cases[i].json, strlen(cases[i].json), &value, NULL), RESULT_OK);
		shape_check(cases[i].shape, value, arena, &faults);
		assert_false(faults.failed);
		faults_text(&faults, found, sizeof found);
		assert_string_equal(found, cases[i].faults);
	}
}

static void lengths_are_counted_in_characters_so_no_script_is_cut_short(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	char name[401] = "";
	for (int i = 0; i < 200; i++)
		memcpy(name + 2 * i, "\xc3\xa9", 2); /* é */
	_cleanup_(json_decrefp) json_t *fits = json_pack("{s:s,s:s}", "toolId", "t", "name", name);
	struct shape_faults faults = {0};
	shape_check(&shape_tool_create, fits, arena, &faults);
	assert_int_equal(faults.count, 0);
	char longer[204] = "";
	memset(longer, 'x', 201);
	_cleanup_(json_decrefp) json_t *too_long = json_pack("{s:s,s:s}", "toolId", "t", "name", longer);
	shape_check(&shape_tool_create, too_long, arena, &faults);
	assert_int_equal(faults.count, 1);
	assert_string_equal(faults.items[0].code, "too_long");
	assert_null(strstr(faults.items[0].detail, "xxx"));
}

static void a_flood_of_faults_is_bounded(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	_cleanup_(json_decrefp) json_t *value = json_object();
	struct shape_faults faults = {0};
	for (int i = 0; i < 500; i++) {
		char key[16];
		snprintf(key, sizeof key, "k%d", i);
		assert_int_equal(json_object_set_new(value, key, json_true()), 0);
	}
	shape_check(&shape_nothing, value, arena, &faults);
	assert_int_equal(faults.count, SHAPE_FAULTS_MAX);
}

static void check_rendered(const struct shape *shape, json_t *value)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct shape_faults faults = {0};
	char found[512];
	assert_non_null(value);
	shape_check(shape, value, arena, &faults);
	faults_text(&faults, found, sizeof found);
	assert_string_equal(found, "");
	json_decref(value);
}

static void every_object_has_every_member_that_the_contract_names(void **state)
{
	(void)state;
	struct connector_settings connector = {.connector_id = "c",
	                                       .type = "entra",
	                                       .name = "n",
	                                       .description = "",
	                                       .group_mode = "bind",
	                                       .tenant_id = "t",
	                                       .client_id = "c",
	                                       .cloud = "global",
	                                       .health = "untested",
	                                       .created_at = 1,
	                                       .updated_at = 1};
	check_rendered(&answer_connector, render_connector(&connector, 0));
	struct held_group group = {.group_id = "g", .reason = "tooMany", .since = 1, .count = 21};
	connector.held = &(struct held_removals){.groups = &group, .group_count = 1, .count = 21, .since = 1};
	check_rendered(&answer_connector, render_connector(&connector, 0));
	struct tool tool = {.tool_id = "t",
	                    .name = "T",
	                    .vendor = "",
	                    .url = "",
	                    .description = "",
	                    .risk = "low",
	                    .expiry_warnings = {.days = {7, 1}, .count = 2},
	                    .group = {.mode = "bind", .group_id = "g"}};
	check_rendered(&answer_tool, render_tool(&tool));
	struct stop stop = {.stopped_at = 1, .actor_kind = "token", .actor_id = "p", .reason = "", .total = 3, .done = 1};
	tool.stop = &stop;
	check_rendered(&answer_tool, render_tool(&tool));
	struct stop_item item = {.grant_id = "g", .tool_id = "t", .outcome = "kept", .kept_by_grant_id = "k"};
	check_rendered(&answer_stop_item, render_stop_item(&item));
	struct stop_preview preview = {.total = 3, .removed = 2, .kept = 1};
	check_rendered(&answer_stop_preview, render_stop_preview(&preview, json_array(), NULL));
	check_rendered(&answer_person, render_person("a", &preview, &stop));
	check_rendered(&answer_person, render_person("a", &preview, NULL));
	struct identity_mapping mapping = {.mapping_id = "m",
	                                   .account_id = "a",
	                                   .connector_id = "c",
	                                   .external_id = "e",
	                                   .note = "",
	                                   .resolved_object_id = "o"};
	check_rendered(&answer_mapping, render_mapping(&mapping));
	struct directory_user user = {.object_id = "o", .account_enabled = KNOWN_NOT};
	struct identity_match match = {
	    .outcome = IDENTITY_AMBIGUOUS, .code = "user_ambiguous", .candidates = &user, .candidate_count = 1};
	check_rendered(&answer_resolve, render_identity(&match));
	struct access_request request = {.request_id = "r", .approval = "jsm", .created_at = 1};
	check_rendered(&answer_request, render_request(&request));
	struct grant grant = {
	    .grant_id = "g",
	    .request_id = "r",
	    .tool_id = "t",
	    .account_id = "a",
	    .follow_up = {.action = GRANT_ACTION_PROVISION, .code = "user_ambiguous", .candidates = "not json"}};
	struct grant_history entry = {.at = 1, .to = "active", .actor_kind = "system", .actor_id = "worker"};
	check_rendered(&answer_grant, render_grant(&grant, &entry, 1));
	struct job job = {.job_id = "j", .error_code = "graph_denied"};
	check_rendered(&answer_job, render_job(&job));
	struct inbox_event event = {.event_id = "e", .status = "ignored", .received_at = 1};
	check_rendered(&answer_inbox_event, render_inbox_event(&event));
	struct intake_settings settings;
	intake_settings_default(&settings);
	check_rendered(&shape_intake, render_intake(&settings));
	struct principal principal = {.principal_id = "p", .kind = "token", .role = ROLE_ADMIN};
	check_rendered(&answer_me, render_principal(&principal));
}

static void a_connector_that_nothing_used_for_thirty_days_is_shown_as_stale(void **state)
{
	static const int64_t day = INT64_C(86400000);
	struct connector_settings connector = {.connector_id = "c", .created_at = 1};
	(void)state;
	for (int64_t used = 0; used <= 31; used += 31) {
		connector.last_used_at = used * day;
		json_t *value = render_connector(&connector, 40 * day);
		assert_int_equal(json_is_true(json_object_get(value, "stale")), used == 0);
		json_decref(value);
	}
	json_t *fresh = render_connector(&(struct connector_settings){.created_at = 20 * day}, 40 * day);
	assert_null(json_object_get(fresh, "stale"));
	json_decref(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_connector_that_nothing_used_for_thirty_days_is_shown_as_stale),
	    cmocka_unit_test(a_wrong_member_is_named_by_its_path),
	    cmocka_unit_test(lengths_are_counted_in_characters_so_no_script_is_cut_short),
	    cmocka_unit_test(a_flood_of_faults_is_bounded),
	    cmocka_unit_test(every_object_has_every_member_that_the_contract_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
