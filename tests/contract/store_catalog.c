/* The store's contract: tokens, idempotency, connectors, tools, mappings, intake settings, inbox. */
#include "store_scene.h"

#define OTHER_GROUP "55555555-5555-4555-8555-555555555555"

static void a_revoked_token_is_still_found_so_that_it_can_be_refused(void **state)
{
	struct scene *scene = *state;
	struct api_token token = {.principal_id = "p-1", .name = "n", .role = ROLE_AUDITOR, .account_id = "a", .hash = {9}};
	struct api_token found, *all = NULL;
	uint8_t other[32] = {8};
	size_t count = 0;

	assert_ok(DO(scene, token_create, &admin, &token, &scene->error));
	assert_refused(scene, DO(scene, token_create, &admin, &token, &scene->error), RESULT_CONFLICT, "already_exists");
	assert_int_equal(DO(scene, token_find, other, scene->arena, &found), RESULT_NOT_FOUND);
	scene_pass(scene, 1000);
	assert_ok(DO(scene, token_revoke, &admin, "p-1", &scene->error));
	assert_ok(DO(scene, token_revoke, &admin, "p-1", &scene->error));
	assert_refused(scene, DO(scene, token_revoke, &admin, "p-2", &scene->error), RESULT_NOT_FOUND, "not_found");
	assert_ok(DO(scene, token_find, token.hash, scene->arena, &found));
	assert_int_equal(found.revoked_at, SCENE_START + 1000);
	assert_int_equal(found.role, ROLE_AUDITOR);
	assert_ok(DO(scene, token_list, scene->arena, &all, &count));
	assert_int_equal(count, 1);
	assert_int_equal(scene_audit_seq(scene), 2);
}

static struct idempotency key_of(const char *key, uint8_t body)
{
	return (struct idempotency){.principal_id = "p-1",
	                            .route = "POST /api/v1/connectors",
	                            .key = key,
	                            .request_hash = {body},
	                            .status = 201,
	                            .location = "/api/v1/connectors/entra",
	                            .response = "{\"first\":true}"};
}

static void a_repeated_post_gets_the_first_answer_and_leaves_no_second_trace(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra");
	struct idempotency first = key_of("k", 1), again = key_of("k", 1), looked = key_of("k", 1);

	assert_int_equal(DO(scene, idempotency_find, scene->arena, &looked, &scene->error), RESULT_NOT_FOUND);
	assert_ok(DO(scene, connector_create, &admin, &connector, &first, scene->arena, &scene->error));
	assert_false(first.replayed);
	again.status = 0;
	again.response = "{\"second\":true}";
	assert_ok(DO(scene, connector_create, &admin, &connector, &again, scene->arena, &scene->error));
	assert_true(again.replayed);
	assert_int_equal(again.status, 201);
	assert_string_equal(again.response, "{\"first\":true}");
	assert_string_equal(again.location, "/api/v1/connectors/entra");
	assert_int_equal(scene_audit_seq(scene), 1);
	assert_ok(DO(scene, idempotency_find, scene->arena, &looked, &scene->error));
	assert_true(looked.replayed);
}

static void a_key_with_another_body_is_refused(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), other = scene_connector_value("entra-2"),
	                          found;
	struct idempotency first = key_of("k", 1), second = key_of("k", 2);

	assert_ok(DO(scene, connector_create, &admin, &connector, &first, scene->arena, &scene->error));
	assert_refused(scene, DO(scene, connector_create, &admin, &other, &second, scene->arena, &scene->error),
	               RESULT_INVALID, "idempotency_key_reused");
	assert_int_equal(DO(scene, connector_read, "entra-2", scene->arena, &found), RESULT_NOT_FOUND);
}

static void a_failed_post_does_not_use_up_its_key_and_a_day_frees_it(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), other = scene_connector_value("entra-2");
	struct idempotency key = key_of("k", 1), again = key_of("k", 2);

	scene_connector(scene, "entra");
	assert_refused(scene, DO(scene, connector_create, &admin, &connector, &key, scene->arena, &scene->error),
	               RESULT_CONFLICT, "already_exists");
	assert_ok(DO(scene, connector_create, &admin, &other, &again, scene->arena, &scene->error));
	assert_false(again.replayed);
	scene_pass(scene, INT64_C(24) * 3600 * 1000 + 1);
	connector.connector_id = "entra-3";
	assert_ok(DO(scene, connector_create, &admin, &connector, &key, scene->arena, &scene->error));
	assert_false(key.replayed);
}

static void a_deleted_id_is_never_given_again(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra");
	struct tool tool = scene_tool_value("chat", NULL);

	scene_connector(scene, "entra");
	assert_refused(scene, DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error),
	               RESULT_CONFLICT, "already_exists");
	assert_ok(DO(scene, connector_delete, &admin, "entra", 0, &scene->error));
	assert_refused(scene, DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error),
	               RESULT_CONFLICT, "id_retired");
	scene_tool(scene, "chat", NULL);
	assert_ok(DO(scene, tool_delete, &admin, "chat", 1, &scene->error));
	assert_refused(scene, DO(scene, tool_create, &admin, &tool, NULL, scene->arena, &scene->error), RESULT_CONFLICT,
	               "id_retired");
}

static void a_change_against_an_older_version_is_refused(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), kept;
	struct tool tool = scene_tool_value("chat", "entra"), kept_tool;

	scene_connector(scene, "entra");
	scene_tool(scene, "chat", "entra");
	connector.name = "New name";
	assert_ok(DO(scene, connector_update, &admin, &connector, false, 1, scene->arena, &kept, &scene->error));
	assert_int_equal(kept.version, 2);
	assert_string_equal(kept.name, "New name");
	assert_int_equal(kept.tool_count, 1);
	assert_refused(scene, DO(scene, connector_update, &admin, &connector, false, 1, scene->arena, &kept, &scene->error),
	               RESULT_PRECONDITION, "precondition_failed");
	assert_refused(scene, DO(scene, tool_update, &admin, &tool, 7, scene->arena, &kept_tool, &scene->error),
	               RESULT_PRECONDITION, "precondition_failed");
	assert_refused(scene, DO(scene, tool_delete, &admin, "chat", 7, &scene->error), RESULT_PRECONDITION,
	               "precondition_failed");
}

static void a_credential_replaced_starts_untested_and_drops_the_old_ones_report(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), kept;

	scene_connector(scene, "entra");
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "passed", "{\"n\":1}", 77), &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &kept));
	assert_string_equal(kept.health, "passed");
	assert_string_equal(kept.last_test, "{\"n\":1}");
	assert_int_equal(kept.credential.expires_at, 77);
	connector.credential.sealed = (const uint8_t *)"other";
	connector.credential.sealed_length = 5;
	assert_ok(DO(scene, connector_update, &admin, &connector, true, 0, scene->arena, &kept, &scene->error));
	assert_string_equal(kept.health, "untested");
	assert_int_equal(kept.credential.version, 2);
	assert_int_equal(kept.credential.sealed_length, 5);
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "failed", "{}", 0), &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &kept));
	assert_string_equal(kept.health, "untested");
}

static void a_change_of_what_is_signed_in_to_starts_untested_and_a_new_name_does_not(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), kept;

	scene_connector(scene, "entra");
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "passed", "{}", 0), &scene->error));
	connector.name = "Another name";
	assert_ok(DO(scene, connector_update, &admin, &connector, false, 0, scene->arena, &kept, &scene->error));
	assert_string_equal(kept.health, "passed");
	connector.client_id = "66666666-6666-4666-8666-666666666666";
	assert_ok(DO(scene, connector_update, &admin, &connector, false, 0, scene->arena, &kept, &scene->error));
	assert_string_equal(kept.health, "untested");
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(2, "passed", "{}", 0), &scene->error));
	connector.group_mode = "create";
	assert_ok(DO(scene, connector_update, &admin, &connector, false, 0, scene->arena, &kept, &scene->error));
	assert_string_equal(kept.health, "untested");
}

static void a_test_of_another_client_under_way_does_not_speak_for_the_new_one(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), kept;

	scene_connector(scene, "entra");
	connector.client_id = "66666666-6666-4666-8666-666666666666";
	assert_ok(DO(scene, connector_update, &admin, &connector, false, 0, scene->arena, &kept, &scene->error));
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(1, "passed", "{}", 0), &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &kept));
	assert_string_equal(kept.health, "untested");
	assert_ok(DO(scene, connector_save_test, &admin, "entra", TEST(kept.credential.version, "passed", "{}", 0),
	             &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &kept));
	assert_string_equal(kept.health, "passed");
}

static void a_tenant_is_fixed_once_something_depends_on_it(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("entra"), kept;
	struct identity_mapping mapping = {
	    .mapping_id = scene_new_id(scene), .account_id = "a", .connector_id = "entra", .external_id = "x", .note = ""};

	scene_connector(scene, "entra");
	connector.tenant_id = "66666666-6666-4666-8666-666666666666";
	assert_ok(DO(scene, connector_update, &admin, &connector, false, 0, scene->arena, &kept, &scene->error));
	assert_false(kept.tenant_is_fixed);
	assert_ok(DO(scene, mapping_create, &admin, &mapping, NULL, scene->arena, &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &kept));
	assert_true(kept.tenant_is_fixed);
	connector.cloud = "china";
	assert_refused(scene, DO(scene, connector_update, &admin, &connector, false, 0, scene->arena, &kept, &scene->error),
	               RESULT_CONFLICT, "connector_tenant_fixed");
	connector.cloud = "global";
	assert_ok(DO(scene, connector_update, &admin, &connector, false, 0, scene->arena, &kept, &scene->error));
}

static void a_connector_in_use_cannot_be_deleted(void **state)
{
	struct scene *scene = *state;

	scene_connector(scene, "entra");
	scene_tool(scene, "chat", "entra");
	assert_refused(scene, DO(scene, connector_delete, &admin, "entra", 0, &scene->error), RESULT_CONFLICT,
	               "connector_in_use");
	assert_ok(DO(scene, tool_delete, &admin, "chat", 0, &scene->error));
	assert_ok(DO(scene, connector_delete, &admin, "entra", 0, &scene->error));
	assert_refused(scene, DO(scene, connector_delete, &admin, "entra", 0, &scene->error), RESULT_NOT_FOUND,
	               "not_found");
}

static void a_group_controls_two_tools_only_if_one_side_allows_it(void **state)
{
	struct scene *scene = *state;
	struct tool found, *tools = NULL;
	size_t count = 0;

	scene_connector(scene, "entra");
	scene_tool(scene, "one", "entra");
	scene_tool(scene, "two", "entra");
	scene_tool(scene, "none", NULL);
	assert_ok(scene_bind(scene, "one", SCENE_GROUP, false));
	assert_refused(scene, scene_bind(scene, "two", SCENE_GROUP, false), RESULT_CONFLICT, "group_already_bound");
	assert_refused(scene, scene_bind(scene, "none", OTHER_GROUP, false), RESULT_CONFLICT, "connector_not_tested");
	assert_ok(scene_bind(scene, "two", SCENE_GROUP, true));
	assert_ok(DO(scene, tool_list_bound, "entra", scene->arena, &tools, &count));
	assert_int_equal(count, 2);
	assert_ok(DO(scene, tool_read, "one", scene->arena, &found));
	assert_string_equal(found.group.group_id, SCENE_GROUP);
}

static void binding_the_same_group_again_leaves_no_event(void **state)
{
	struct scene *scene = *state;
	int64_t seq;

	scene_catalog(scene);
	seq = scene_audit_seq(scene);
	assert_ok(scene_bind(scene, "chat", SCENE_GROUP, true));
	assert_int_equal(scene_audit_seq(scene), seq);
	assert_ok(DO(scene, tool_unbind_group, &admin, "chat", &scene->error));
	assert_ok(DO(scene, tool_unbind_group, &admin, "chat", &scene->error));
	assert_int_equal(scene_audit_seq(scene), seq + 1);
}

static void a_check_of_a_group_is_kept_on_every_tool_that_has_it(void **state)
{
	struct scene *scene = *state;
	struct entitlement_group check = {.group_id = SCENE_GROUP,
	                                  .display_name = "Renamed",
	                                  .manageable = false,
	                                  .code = "group_missing",
	                                  .checked_at = SCENE_START};
	struct tool tool;

	scene_catalog(scene);
	scene_tool(scene, "other", "entra");
	assert_ok(scene_bind(scene, "other", SCENE_GROUP, true));
	assert_ok(DO(scene, tool_save_group_check, "entra", &check, &scene->error));
	assert_ok(DO(scene, tool_read, "other", scene->arena, &tool));
	assert_string_equal(tool.group.code, "group_missing");
	assert_false(tool.group.manageable);
	assert_true(tool.group.allow_shared);
}

static void a_change_of_connector_unbinds_the_group_and_grants_forbid_it(void **state)
{
	struct scene *scene = *state;
	struct tool tool = scene_tool_value("chat", "second"), kept;

	scene_catalog(scene);
	assert_refused(scene, DO(scene, tool_update, &admin, &tool, 0, scene->arena, &kept, &scene->error),
	               RESULT_NOT_FOUND, "not_found");
	scene_connector(scene, "second");
	int64_t seq = scene_audit_seq(scene);
	assert_ok(DO(scene, tool_update, &admin, &tool, 0, scene->arena, &kept, &scene->error));
	assert_int_equal(scene_audit_seq(scene), seq + 2); /* unbound, and updated */
	assert_null(kept.group.group_id);
	assert_string_equal(kept.connector_id, "second");
	assert_ok(scene_bind(scene, "chat", SCENE_GROUP, false));
	(void)scene_grant(scene, "chat", "account-1", NULL);
	tool.connector_id = "entra";
	assert_refused(scene, DO(scene, tool_update, &admin, &tool, 0, scene->arena, &kept, &scene->error), RESULT_CONFLICT,
	               "tool_has_grants");
	assert_refused(scene, DO(scene, tool_delete, &admin, "chat", 0, &scene->error), RESULT_CONFLICT, "tool_has_grants");
	assert_refused(scene, DO(scene, tool_unbind_group, &admin, "chat", &scene->error), RESULT_CONFLICT,
	               "tool_has_grants");
	assert_refused(scene, scene_bind(scene, "chat", OTHER_GROUP, false), RESULT_CONFLICT, "tool_has_grants");
}

static void a_tool_is_found_by_id_or_by_a_name_that_is_its_alone(void **state)
{
	struct scene *scene = *state;
	struct tool tool = scene_tool_value("chat", NULL), found;

	tool.name = "Assistant";
	assert_ok(DO(scene, tool_create, &admin, &tool, NULL, scene->arena, &scene->error));
	assert_ok(DO(scene, tool_find_by_text, "chat", scene->arena, &found));
	assert_ok(DO(scene, tool_find_by_text, "Assistant", scene->arena, &found));
	assert_string_equal(found.tool_id, "chat");
	tool.tool_id = "chat-2";
	assert_ok(DO(scene, tool_create, &admin, &tool, NULL, scene->arena, &scene->error));
	assert_int_equal(DO(scene, tool_find_by_text, "Assistant", scene->arena, &found), RESULT_NOT_FOUND);
	assert_int_equal(DO(scene, tool_find_by_text, "assistant?", scene->arena, &found), RESULT_NOT_FOUND);
}

static void pages_join_into_the_whole_list_without_a_gap(void **state)
{
	struct scene *scene = *state;
	char ids[7][24];
	struct page page = {.limit = 3};
	size_t seen = 0;

	for (int at = 0; at < 7; at++) {
		snprintf(ids[at], sizeof(ids[at]), "tool-%d", at);
		scene_tool(scene, ids[at], NULL);
	}
	for (int pages = 0; pages < 3; pages++) {
		struct tool *tools = NULL;
		size_t count = 0;
		const char *next = "unset";
		assert_ok(DO(scene, tool_list, &page, scene->arena, &tools, &count, &next));
		for (size_t at = 0; at < count; at++)
			assert_string_equal(tools[at].tool_id, ids[seen++]);
		assert_int_equal(next == NULL, pages == 2);
		page.after = next;
	}
	assert_int_equal(seen, 7);
}

static void a_mapping_is_pinned_once_and_a_new_target_clears_the_pin(void **state)
{
	struct scene *scene = *state;
	struct identity_mapping mapping = {.mapping_id = scene_new_id(scene),
	                                   .account_id = "a",
	                                   .connector_id = "entra",
	                                   .external_id = "ada@example.com",
	                                   .note = "n"};
	struct identity_mapping found;

	assert_refused(scene, DO(scene, mapping_create, &admin, &mapping, NULL, scene->arena, &scene->error),
	               RESULT_NOT_FOUND, "not_found");
	scene_connector(scene, "entra");
	assert_ok(DO(scene, mapping_create, &admin, &mapping, NULL, scene->arena, &scene->error));
	assert_refused(scene, DO(scene, mapping_create, &admin, &mapping, NULL, scene->arena, &scene->error),
	               RESULT_CONFLICT, "already_exists");
	struct mapping_check pin = {
	    .mapping_id = mapping.mapping_id, .external_id = "ada@example.com", .code = "mapping", .object_id = SCENE_USER};
	assert_ok(DO(scene, mapping_save_checks, &admin, &pin, 1, &scene->error));
	pin.object_id = SCENE_GROUP; /* a mapping already pinned is left */
	assert_ok(DO(scene, mapping_save_checks, &admin, &pin, 1, &scene->error));
	assert_ok(DO(scene, mapping_find, "a", "entra", scene->arena, &found));
	assert_string_equal(found.resolved_object_id, SCENE_USER);
	mapping.note = "other note";
	assert_ok(DO(scene, mapping_update, &admin, &mapping, 0, scene->arena, &found, &scene->error));
	assert_string_equal(found.resolved_object_id, SCENE_USER);
	mapping.external_id = "bob@example.com";
	assert_ok(DO(scene, mapping_update, &admin, &mapping, found.version, scene->arena, &found, &scene->error));
	assert_null(found.resolved_object_id);
	assert_ok(DO(scene, mapping_delete, &admin, mapping.mapping_id, 0, &scene->error));
	assert_int_equal(DO(scene, mapping_read, mapping.mapping_id, scene->arena, &found), RESULT_NOT_FOUND);
}

static void intake_settings_begin_at_the_defaults_and_come_back_as_written(void **state)
{
	struct scene *scene = *state;
	static const char *const keys[] = {"AIC", "IT\"quoted\"", NULL}, *const statuses[] = {"Approved", NULL};
	struct intake_settings settings, kept;

	assert_ok(DO(scene, intake_read, scene->arena, &settings));
	assert_int_equal(settings.version, 0);
	assert_string_equal(settings.approval, "jsm");
	assert_true(settings.write_back_comment);
	settings.project_keys = keys;
	settings.approved_statuses = statuses;
	settings.tool_field = "customfield_10050";
	settings.transition_on_active = "31";
	assert_ok(DO(scene, intake_write, &admin, &settings, 0, scene->arena, &kept, &scene->error));
	assert_int_equal(kept.version, 1);
	assert_refused(scene, DO(scene, intake_write, &admin, &settings, 5, scene->arena, &kept, &scene->error),
	               RESULT_PRECONDITION, "precondition_failed");
	scene_reopen(scene);
	assert_ok(DO(scene, intake_read, scene->arena, &kept));
	assert_string_equal(kept.project_keys[1], "IT\"quoted\"");
	assert_null(kept.project_keys[2]);
	assert_true(intake_list_has(kept.approved_statuses, "Approved"));
	assert_null(kept.denied_statuses[0]);
	assert_string_equal(kept.transition_on_active, "31");
}

/* ---- inbox ---- */

static struct inbox_event hook(struct scene *scene, const char *identifier, uint8_t body)
{
	return (struct inbox_event){.event_id = scene_new_id(scene),
	                            .source = "jira",
	                            .webhook_identifier = identifier,
	                            .body_hash = {body},
	                            .issue_id = "10042",
	                            .issue_key = "AIC-7"};
}

static void a_duplicate_delivery_starts_nothing_and_names_the_first(void **state)
{
	struct scene *scene = *state;
	struct inbox_event first = hook(scene, "w-1", 1), same_identifier = hook(scene, "w-1", 2),
	                   same_body = hook(scene, "w-2", 1), other = hook(scene, "w-3", 3);
	char given[ID_SIZE];
	struct inbox_event found;

	assert_ok(DO(scene, inbox_add, &first, given, &scene->error));
	assert_string_equal(given, first.event_id);
	assert_ok(DO(scene, inbox_add, &same_identifier, given, &scene->error));
	assert_string_equal(given, first.event_id);
	assert_ok(DO(scene, inbox_add, &same_body, given, &scene->error));
	assert_string_equal(given, first.event_id);
	assert_ok(DO(scene, inbox_add, &other, given, &scene->error));
	assert_string_equal(given, other.event_id);
	assert_int_equal(scene_count_jobs(scene, "intake", NULL), 2);
	assert_ok(DO(scene, inbox_finish, first.event_id, "ignored", "json_malformed", "why", NULL, &scene->error));
	assert_ok(DO(scene, inbox_read, first.event_id, scene->arena, &found));
	assert_string_equal(found.status, "ignored");
	assert_string_equal(found.code, "json_malformed");
	assert_refused(scene, DO(scene, inbox_finish, "none", "ignored", NULL, NULL, NULL, &scene->error), RESULT_NOT_FOUND,
	               "not_found");
}

static void an_event_that_cannot_be_read_is_kept_without_work(void **state)
{
	struct scene *scene = *state;
	struct inbox_event event = hook(scene, NULL, 1);
	char given[ID_SIZE];

	event.status = "ignored";
	event.code = "json_malformed";
	event.issue_id = event.issue_key = NULL;
	assert_ok(DO(scene, inbox_add, &event, given, &scene->error));
	assert_int_equal(scene_count_jobs(scene, NULL, NULL), 0);
}

static void an_automation_event_is_only_a_duplicate_while_the_first_is_unprocessed(void **state)
{
	struct scene *scene = *state;
	struct inbox_event first = hook(scene, NULL, 0), second = hook(scene, NULL, 0), third = hook(scene, NULL, 0);
	char given[ID_SIZE];

	first.source = second.source = third.source = "automation";
	first.issue_id = second.issue_id = third.issue_id = NULL;
	assert_ok(DO(scene, inbox_add, &first, given, &scene->error));
	assert_ok(DO(scene, inbox_add, &second, given, &scene->error));
	assert_string_equal(given, first.event_id);
	assert_ok(DO(scene, inbox_finish, first.event_id, "processed", NULL, NULL, NULL, &scene->error));
	assert_ok(DO(scene, inbox_add, &third, given, &scene->error));
	assert_string_equal(given, third.event_id);
	assert_int_equal(scene_count_jobs(scene, "intake", NULL), 2);
}

static void a_second_hint_that_comes_while_the_first_is_looked_at_is_not_lost(void **state)
{
	struct scene *scene = *state;
	struct inbox_event first = hook(scene, NULL, 0), second = hook(scene, NULL, 0);
	char given[ID_SIZE];

	first.source = second.source = "automation";
	first.issue_id = second.issue_id = NULL;
	assert_ok(DO(scene, inbox_add, &first, given, &scene->error));
	(void)scene_claim(scene, JOB_INTAKE); /* Jira may have been asked already */
	assert_ok(DO(scene, inbox_add, &second, given, &scene->error));
	assert_string_equal(given, second.event_id);
	assert_int_equal(scene_count_jobs(scene, "intake", "queued"), 1);
}

static void the_same_words_at_a_later_moment_are_looked_into_again(void **state)
{
	struct scene *scene = *state;
	struct inbox_event first = hook(scene, "w-1", 1), later = hook(scene, "w-2", 1),
	                   redelivered = hook(scene, "w-1", 1);
	char given[ID_SIZE];

	assert_ok(DO(scene, inbox_add, &first, given, &scene->error));
	(void)scene_claim(scene, JOB_INTAKE);
	assert_ok(DO(scene, inbox_add, &redelivered, given, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "intake", "queued"), 0);
	assert_ok(DO(scene, inbox_add, &later, given, &scene->error));
	assert_string_equal(given, first.event_id);
	assert_int_equal(scene_count_jobs(scene, "intake", "queued"), 1);
	assert_ok(DO(scene, inbox_add, &later, given, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "intake", NULL), 2);
}

static void the_sweep_does_not_pile_up_work(void **state)
{
	struct scene *scene = *state;

	assert_ok(DO(scene, sweep_enqueue, &scene->error));
	assert_ok(DO(scene, sweep_enqueue, &scene->error));
	assert_ok(DO(scene, intake_enqueue, "10042", &scene->error));
	assert_ok(DO(scene, intake_enqueue, "10042", &scene->error));
	assert_int_equal(scene_count_jobs(scene, "sweep", NULL), 1);
	assert_int_equal(scene_count_jobs(scene, "intake", NULL), 1);
	(void)scene_claim(scene, JOB_INTAKE);
	assert_ok(DO(scene, intake_enqueue, "10042", &scene->error)); /* news while it runs: looked at again after it */
	assert_int_equal(scene_count_jobs(scene, "intake", NULL), 2);
}

static void a_purge_drops_what_is_settled_and_nothing_that_is_not(void **state)
{
	struct scene *scene = *state;
	struct inbox_event old = hook(scene, "w-1", 1), open = hook(scene, "w-2", 2), found;
	char given[ID_SIZE];

	assert_ok(DO(scene, inbox_add, &old, given, &scene->error));
	assert_ok(DO(scene, inbox_add, &open, given, &scene->error));
	assert_ok(DO(scene, inbox_finish, old.event_id, "processed", NULL, NULL, NULL, &scene->error));
	scene_pass(scene, INT64_C(31) * 24 * 3600 * 1000);
	assert_ok(DO(scene, purge, SCENE_START + 1, &scene->error));
	assert_int_equal(DO(scene, inbox_read, old.event_id, scene->arena, &found), RESULT_NOT_FOUND);
	assert_ok(DO(scene, inbox_read, open.event_id, scene->arena, &found));
	assert_int_equal(scene_count_jobs(scene, "intake", "queued"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(a_revoked_token_is_still_found_so_that_it_can_be_refused),
	    scene_test(a_repeated_post_gets_the_first_answer_and_leaves_no_second_trace),
	    scene_test(a_key_with_another_body_is_refused),
	    scene_test(a_failed_post_does_not_use_up_its_key_and_a_day_frees_it),
	    scene_test(a_deleted_id_is_never_given_again),
	    scene_test(a_change_against_an_older_version_is_refused),
	    scene_test(a_credential_replaced_starts_untested_and_drops_the_old_ones_report),
	    scene_test(a_change_of_what_is_signed_in_to_starts_untested_and_a_new_name_does_not),
	    scene_test(a_test_of_another_client_under_way_does_not_speak_for_the_new_one),
	    scene_test(a_tenant_is_fixed_once_something_depends_on_it),
	    scene_test(a_connector_in_use_cannot_be_deleted),
	    scene_test(a_group_controls_two_tools_only_if_one_side_allows_it),
	    scene_test(binding_the_same_group_again_leaves_no_event),
	    scene_test(a_check_of_a_group_is_kept_on_every_tool_that_has_it),
	    scene_test(a_change_of_connector_unbinds_the_group_and_grants_forbid_it),
	    scene_test(a_tool_is_found_by_id_or_by_a_name_that_is_its_alone),
	    scene_test(pages_join_into_the_whole_list_without_a_gap),
	    scene_test(a_mapping_is_pinned_once_and_a_new_target_clears_the_pin),
	    scene_test(intake_settings_begin_at_the_defaults_and_come_back_as_written),
	    scene_test(a_duplicate_delivery_starts_nothing_and_names_the_first),
	    scene_test(an_event_that_cannot_be_read_is_kept_without_work),
	    scene_test(an_automation_event_is_only_a_duplicate_while_the_first_is_unprocessed),
	    scene_test(a_second_hint_that_comes_while_the_first_is_looked_at_is_not_lost),
	    scene_test(the_same_words_at_a_later_moment_are_looked_into_again),
	    scene_test(the_sweep_does_not_pile_up_work),
	    scene_test(a_purge_drops_what_is_settled_and_nothing_that_is_not),
	};

	return cmocka_run_group_tests_name("store: catalog", tests, NULL, NULL);
}
