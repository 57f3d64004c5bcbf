/* What the setup guide asks of a store: tests that run by themselves, groups that are created, mappings that are
 * imported and looked after, and a master key that is changed. */
#include "store_scene.h"

#include "base/text.h"

#define REPORT_A "{\"checks\":[{\"check\":\"token\",\"outcome\":\"failed\",\"code\":\"secret_invalid\"}]}"
#define REPORT_B "{\"checks\":[{\"check\":\"token\",\"outcome\":\"failed\",\"code\":\"tenant_unknown\"}]}"

static int events(struct scene *scene, const char *action)
{
	struct page page = {.limit = 200};
	struct audit_event *list = NULL;
	size_t count = 0;
	const char *next = NULL;
	int found = 0;

	assert_ok(DO(scene, audit_list, &page, scene->arena, &list, &count, &next));
	for (size_t at = 0; at < count; at++)
		found += text_equal(list[at].action, action);
	return found;
}

static void save(struct scene *scene, const char *outcome, const char *report, bool by_itself, const char *incident)
{
	const struct connector_test_record record = {.credential_version = 1,
	                                             .outcome = outcome,
	                                             .report = report,
	                                             .by_itself = by_itself,
	                                             .incident_code = incident,
	                                             .incident_detail = incident};

	assert_ok(DO(scene, connector_save_test, &worker_actor, "entra", &record, &scene->error));
}

/* ---- tests that run by themselves ---- */

static void a_connector_that_passed_and_now_fails_is_an_event_and_so_is_its_recovery(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	save(scene, "failed", REPORT_A, true, "secret_invalid");
	assert_int_equal(events(scene, "connector.failing"), 0);
	save(scene, "passed", "{}", true, NULL);
	assert_int_equal(events(scene, "connector.recovered"), 1);
	save(scene, "failed", REPORT_A, true, "secret_invalid");
	assert_int_equal(events(scene, "connector.failing"), 1);
}

static void a_failure_that_may_pass_is_named_in_its_event_too(void **state)
{
	struct scene *scene = *state;
	struct page page = {.limit = 200};
	struct audit_event *list = NULL;
	size_t count = 0;
	const char *next = NULL, *detail = NULL;

	scene_catalog(scene);
	save(scene, "passed", "{}", true, NULL);
	save(scene, "failed", REPORT_A, true, NULL);
	assert_ok(DO(scene, audit_list, &page, scene->arena, &list, &count, &next));
	for (size_t at = 0; at < count; at++)
		if (text_equal(list[at].action, "connector.failing"))
			detail = list[at].detail;
	assert_non_null(detail);
	assert_non_null(strstr(detail, "secret_invalid"));
}

static void an_hourly_test_that_says_nothing_new_does_not_fill_the_audit(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	int before = events(scene, "connector.tested");
	save(scene, "failed", REPORT_A, true, NULL);
	save(scene, "failed", REPORT_A, true, NULL);
	assert_int_equal(events(scene, "connector.tested"), before + 1);
	save(scene, "failed", REPORT_B, true, NULL);
	assert_int_equal(events(scene, "connector.tested"), before + 2);
	save(scene, "failed", REPORT_B, false, NULL);
	assert_int_equal(events(scene, "connector.tested"), before + 3);
}

static void jobs_of_a_connector_that_fails_its_test_wait_as_one_incident(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	(void)scene_grant(scene, "chat", "account-2", NULL);
	save(scene, "failed", REPORT_A, true, "secret_invalid");
	save(scene, "failed", REPORT_A, true, "secret_invalid");
	assert_int_equal(scene_count_jobs(scene, "provision", "waiting"), 2);
	assert_int_equal(events(scene, "connector.incidentOpened"), 1);
	save(scene, "warning", "{}", true, NULL);
	assert_int_equal(scene_count_jobs(scene, "provision", "queued"), 2);
}

static void a_connector_is_checked_once_its_time_has_come_and_not_twice(void **state)
{
	struct scene *scene = *state;

	scene_catalog(scene);
	scene_connector(scene, "other");
	assert_ok(DO(scene, connector_set_enabled, &admin, "other", false, scene->arena, &(struct connector_settings){0},
	             &scene->error));
	assert_ok(DO(scene, check_enqueue_due, SCENE_START, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "check", NULL), 0);
	scene_pass(scene, 3600000);
	assert_ok(DO(scene, check_enqueue_due, SCENE_START + 3600000, &scene->error));
	assert_ok(DO(scene, check_enqueue_due, SCENE_START + 3600000, &scene->error));
	assert_int_equal(scene_count_jobs(scene, "check", "queued"), 1);
}

static void a_group_that_changed_shows_on_its_tool_and_in_the_audit(void **state)
{
	struct scene *scene = *state;
	const struct entitlement_group group = {.group_id = SCENE_GROUP, .code = "group_deleted", .checked_at = 5};
	const struct connector_test_record record = {
	    .credential_version = 1, .outcome = "failed", .report = "{}", .groups = &group, .group_count = 1};
	struct tool tool;

	scene_catalog(scene);
	assert_ok(DO(scene, connector_save_test, &worker_actor, "entra", &record, &scene->error));
	assert_ok(DO(scene, connector_save_test, &worker_actor, "entra", &record, &scene->error));
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_string_equal(tool.group.code, "group_deleted");
	assert_false(tool.group.manageable);
	assert_string_equal(tool.group.display_name, "A group");
	assert_int_equal(events(scene, "tool.groupChanged"), 1);
}

/* ---- groups that are created ---- */

static enum result order_group(struct scene *scene, const char *job_id, const char *progress, const char **ret_job_id)
{
	const struct group_order order = {.job_id = job_id, .progress = progress};
	struct tool tool;

	return DO(scene, tool_start_group, &admin, "chat", &order, NULL, scene->arena, &tool, ret_job_id, &scene->error);
}

static struct job start_group(struct scene *scene)
{
	const char *job_id = NULL, *again = NULL;

	scene_connector(scene, "entra");
	scene_tool(scene, "chat", "entra");
	assert_ok(order_group(scene, "job-a", "{\"uniqueName\":\"a\"}", &job_id));
	assert_ok(order_group(scene, "job-b", "{\"uniqueName\":\"b\"}", &again));
	assert_string_equal(job_id, "job-a");
	assert_string_equal(job_id, again);
	assert_int_equal(events(scene, "tool.groupCreationStarted"), 1);
	return scene_claim(scene, JOB_CREATE_GROUP);
}

static void asking_twice_for_a_group_starts_one_creation(void **state)
{
	struct scene *scene = *state;
	struct job job = start_group(scene);

	assert_string_equal(job.progress, "{\"uniqueName\":\"a\"}");
	assert_string_equal(job.subject, "chat");
}

static void a_created_group_is_bound_with_the_end_of_its_job(void **state)
{
	struct scene *scene = *state;
	struct job job = start_group(scene);
	const struct entitlement_group group = {
	    .mode = "create", .group_id = SCENE_GROUP, .display_name = "Ours", .manageable = true, .code = "group_ok"};
	struct tool tool;

	assert_ok(DO(scene, tool_finish_group, &job, &group, &scene->error));
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_string_equal(tool.group.group_id, SCENE_GROUP);
	assert_string_equal(tool.group.mode, "create");
	assert_int_equal(scene_count_jobs(scene, "createGroup", "succeeded"), 1);
	assert_int_equal(events(scene, "tool.groupCreated"), 1);
	assert_refused(scene, DO(scene, tool_finish_group, &job, &group, &scene->error), RESULT_CONFLICT, "lease_lost");
	assert_refused(scene, order_group(scene, "job-c", "{}", &job.job_id), RESULT_CONFLICT, "group_already_bound");
}

static void a_tool_that_was_unbound_is_not_given_the_group_that_was_on_its_way(void **state)
{
	struct scene *scene = *state;
	struct job job = start_group(scene);
	const struct entitlement_group group = {.mode = "create", .group_id = SCENE_GROUP, .code = "group_ok"};
	const char *job_id = NULL;
	struct tool tool;

	assert_ok(DO(scene, tool_unbind_group, &admin, "chat", &scene->error));
	assert_ok(DO(scene, tool_unbind_group, &admin, "chat", &scene->error));
	assert_int_equal(events(scene, "tool.groupUnbound"), 1);
	assert_refused(scene, DO(scene, tool_finish_group, &job, &group, &scene->error), RESULT_CONFLICT, "conflict");
	assert_ok(DO(scene, tool_read, "chat", scene->arena, &tool));
	assert_null(tool.group.group_id);
	assert_ok(order_group(scene, "job-b", "{\"uniqueName\":\"b\"}", &job_id));
	assert_ok(DO(scene, tool_unbind_group, &admin, "chat", &scene->error));
	assert_int_equal(scene_count_jobs(scene, "createGroup", "cancelled"), 1);
}

static void a_creation_after_one_that_gave_up_looks_for_what_that_may_have_made(void **state)
{
	struct scene *scene = *state;
	struct job job = start_group(scene);
	struct job_outcome outcome = {.status = JOB_MANUAL_FOLLOW_UP, .error_code = "graph_denied"};
	const char *job_id = NULL;

	assert_ok(DO(scene, job_save_progress, &job, "{\"uniqueName\":\"a\",\"sent\":true}", &scene->error));
	assert_ok(DO(scene, job_finish, &job, &outcome, &scene->error));
	assert_ok(order_group(scene, "job-b", "{\"uniqueName\":\"b\",\"displayName\":\"B\"}", &job_id));
	job = scene_claim(scene, JOB_CREATE_GROUP);
	assert_non_null(strstr(job.progress, "\"uniqueName\":\"a\""));
	assert_non_null(strstr(job.progress, "\"displayName\":\"B\""));
	outcome.progress = "{\"uniqueName\":\"a\",\"sent\":false}";
	assert_ok(DO(scene, job_finish, &job, &outcome, &scene->error));
	assert_ok(order_group(scene, "job-c", "{\"uniqueName\":\"c\"}", &job_id));
	assert_string_equal(scene_claim(scene, JOB_CREATE_GROUP).progress, "{\"uniqueName\":\"c\"}");
}

static void a_worker_whose_lease_ran_out_neither_notes_nor_binds(void **state)
{
	struct scene *scene = *state;
	struct job job = start_group(scene);
	const struct entitlement_group group = {.mode = "create", .group_id = SCENE_GROUP, .code = "group_ok"};
	struct job again;

	assert_ok(DO(scene, job_save_progress, &job, "{\"sent\":true}", &scene->error));
	scene_pass(scene, SCENE_LEASE + 1);
	again = scene_claim(scene, JOB_CREATE_GROUP);
	assert_string_equal(again.progress, "{\"sent\":true}");
	assert_refused(scene, DO(scene, job_save_progress, &job, "{}", &scene->error), RESULT_CONFLICT, "lease_lost");
	assert_refused(scene, DO(scene, tool_finish_group, &job, &group, &scene->error), RESULT_CONFLICT, "lease_lost");
}

/* ---- mappings ---- */

#define ROW(line_, account, connector, external, note_)                                                                \
	{                                                                                                                  \
		.line = (line_), .account_id = (account), .connector_id = (connector), .external_id = (external),              \
		.note = (note_)                                                                                                \
	}

static struct mapping_import import_of(struct scene *scene, const struct mapping_row *rows, size_t count, bool dry_run)
{
	struct mapping_import import = {.rows = rows, .row_count = count, .dry_run = dry_run};

	assert_ok(DO(scene, mapping_import, &admin, &import, scene->arena, &scene->error));
	return import;
}

static size_t mappings(struct scene *scene, const struct mapping_filter *filter)
{
	struct page page = {.limit = 200};
	struct identity_mapping *list = NULL;
	size_t count = 0;
	const char *next = NULL;

	assert_ok(DO(scene, mapping_list, filter, &page, scene->arena, &list, &count, &next));
	return count;
}

static void one_wrong_row_keeps_a_whole_import_out_and_every_wrong_row_is_named(void **state)
{
	struct scene *scene = *state;
	const struct mapping_row rows[] = {ROW(2, "a", "entra", "a@x.y", NULL), ROW(3, "b", "nowhere", "b@x.y", NULL),
	                                   ROW(4, "a", "entra", "c@x.y", NULL)};

	scene_connector(scene, "entra");
	struct mapping_import import = import_of(scene, rows, ARRAY_SIZE(rows), false);
	assert_int_equal(import.error_count, 2);
	assert_int_equal(import.errors[0].line, 3);
	assert_string_equal(import.errors[0].code, "not_one_of");
	assert_int_equal(import.errors[1].line, 4);
	assert_string_equal(import.errors[1].code, "duplicate");
	assert_int_equal(mappings(scene, &(struct mapping_filter){0}), 0);
	assert_int_equal(events(scene, "mapping.imported"), 0);
}

static void an_import_creates_changes_and_leaves_alone_and_a_dry_run_only_counts(void **state)
{
	struct scene *scene = *state;
	const struct mapping_row first[] = {ROW(2, "a", "entra", "a@x.y", "note"), ROW(3, "b", "entra", "b@x.y", NULL)};
	const struct mapping_row second[] = {ROW(2, "a", "entra", "a@x.y", NULL), ROW(3, "b", "entra", "new@x.y", NULL),
	                                     ROW(4, "c", "entra", "c@x.y", NULL)};
	struct mapping_import import;
	struct identity_mapping mapping;

	scene_connector(scene, "entra");
	import = import_of(scene, first, ARRAY_SIZE(first), true);
	assert_int_equal(import.created, 2);
	assert_int_equal(mappings(scene, &(struct mapping_filter){0}), 0);
	(void)import_of(scene, first, ARRAY_SIZE(first), false);
	assert_ok(DO(scene, mapping_find, "b", "entra", scene->arena, &mapping));
	const struct mapping_check found = {
	    .mapping_id = mapping.mapping_id, .external_id = "b@x.y", .code = "mapping", .object_id = SCENE_USER};
	assert_ok(DO(scene, mapping_save_checks, &worker_actor, &found, 1, &scene->error));
	import = import_of(scene, second, ARRAY_SIZE(second), false);
	assert_int_equal(import.created, 1);
	assert_int_equal(import.updated, 1);
	assert_int_equal(import.unchanged, 1);
	assert_ok(DO(scene, mapping_find, "b", "entra", scene->arena, &mapping));
	assert_null(mapping.resolved_object_id);
	assert_ok(DO(scene, mapping_find, "a", "entra", scene->arena, &mapping));
	assert_string_equal(mapping.note, "note");
	assert_int_equal(events(scene, "mapping.imported"), 2);
	assert_int_equal(mappings(scene, &(struct mapping_filter){.account_id = "c"}), 1);
	assert_int_equal(mappings(scene, &(struct mapping_filter){.connector_id = "entra"}), 3);
}

static void a_mapping_whose_user_is_gone_shows_it_and_one_changed_meanwhile_is_left_alone(void **state)
{
	struct scene *scene = *state;
	const struct mapping_row rows[] = {ROW(2, "a", "entra", "a@x.y", NULL), ROW(3, "b", "entra", "b@x.y", NULL)};
	struct identity_mapping *due = NULL, mapping;
	size_t count = 0;

	scene_connector(scene, "entra");
	(void)import_of(scene, rows, ARRAY_SIZE(rows), false);
	assert_ok(DO(scene, mapping_list_unchecked, "entra", SCENE_START, 10, scene->arena, &due, &count));
	assert_int_equal(count, 2);
	const struct mapping_check checks[] = {
	    {.mapping_id = due[0].mapping_id,
	     .external_id = due[0].external_id,
	     .code = "mapping",
	     .object_id = SCENE_USER,
	     .user_principal_name = "a@x.y"},
	    {.mapping_id = due[1].mapping_id, .external_id = "was@x.y", .code = "mapping_target_missing"},
	};
	assert_ok(DO(scene, mapping_save_checks, &worker_actor, checks, 2, &scene->error));
	assert_ok(DO(scene, mapping_read, due[0].mapping_id, scene->arena, &mapping));
	assert_string_equal(mapping.code, "mapping");
	assert_string_equal(mapping.resolved_object_id, SCENE_USER);
	assert_ok(DO(scene, mapping_read, due[1].mapping_id, scene->arena, &mapping));
	assert_null(mapping.code);
	assert_int_equal(events(scene, "mapping.targetChanged"), 0);
	const struct mapping_check gone = {
	    .mapping_id = due[0].mapping_id, .external_id = due[0].external_id, .code = "mapping_target_missing"};
	assert_ok(DO(scene, mapping_save_checks, &worker_actor, &gone, 1, &scene->error));
	assert_int_equal(events(scene, "mapping.targetChanged"), 1);
	assert_int_equal(mappings(scene, &(struct mapping_filter){.code = "mapping_target_missing"}), 1);
	assert_ok(DO(scene, mapping_list_unchecked, "entra", SCENE_START, 10, scene->arena, &due, &count));
	assert_int_equal(count, 1);
}

static void a_mapping_that_was_asked_about_in_vain_lets_the_others_come_first(void **state)
{
	struct scene *scene = *state;
	const struct mapping_row rows[] = {ROW(2, "a", "entra", "odd name@x.y", NULL), ROW(3, "b", "entra", "b@x.y", NULL)};
	struct identity_mapping *due = NULL, mapping;
	size_t count = 0;

	scene_connector(scene, "entra");
	(void)import_of(scene, rows, ARRAY_SIZE(rows), false);
	assert_ok(DO(scene, mapping_list_unchecked, "entra", SCENE_START + 1, 1, scene->arena, &due, &count));
	const char *first = due[0].mapping_id;
	const struct mapping_check vain = {.mapping_id = first, .external_id = due[0].external_id};
	assert_ok(DO(scene, mapping_save_checks, &worker_actor, &vain, 1, &scene->error));
	assert_ok(DO(scene, mapping_read, first, scene->arena, &mapping));
	assert_null(mapping.code);
	assert_ok(DO(scene, mapping_list_unchecked, "entra", SCENE_START + 1, 1, scene->arena, &due, &count));
	assert_int_equal(count, 1);
	assert_string_not_equal(due[0].mapping_id, first);
}

/* ---- the master key ---- */

static const uint8_t new_id[4] = {9, 9, 9, 9};

static void the_change_of_the_master_key_is_whole_or_nothing(void **state)
{
	struct scene *scene = *state;
	struct sealed_item *olds = NULL;
	size_t count = 0;

	scene_connector(scene, "entra");
	scene_connector(scene, "other");
	assert_ok(DO(scene, sealed_list, scene->arena, &olds, &count));
	assert_int_equal(count, 2);
	struct sealed_item news[2] = {olds[0], olds[1]};
	news[0].sealed = news[1].sealed = (const uint8_t *)"\1\11\11\11\11resealed";
	news[0].length = news[1].length = 13;
	struct sealed_item stale[2] = {olds[0], olds[1]};
	stale[1].sealed = (const uint8_t *)"another one!";
	assert_refused(scene, DO(scene, sealed_replace, &admin, stale, news, 2, new_id, &scene->error), RESULT_CONFLICT,
	               "conflict");
	assert_refused(scene, DO(scene, sealed_replace, &admin, olds, news, 1, new_id, &scene->error), RESULT_CONFLICT,
	               "conflict");
	struct connector_settings connector;
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &connector));
	assert_memory_equal(connector.credential.sealed, "sealed bytes", 12);
	assert_ok(DO(scene, sealed_replace, &admin, olds, news, 2, new_id, &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &connector));
	assert_memory_equal(connector.credential.sealed, news[0].sealed, 13);
	assert_int_equal(connector.credential.version, 1);
	assert_int_equal(events(scene, "secrets.rotated"), 1);
}

static void secrets_that_change_while_the_master_key_does_cannot_hold_it_up(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("late"), kept;
	struct sealed_item *olds = NULL;
	size_t count = 0;

	scene_connector(scene, "entra");
	scene_connector(scene, "gone");
	assert_ok(DO(scene, sealed_list, scene->arena, &olds, &count));
	assert_int_equal(count, 2);
	connector.credential.sealed = (const uint8_t *)"\1\11\11\11\11bytes";
	connector.credential.sealed_length = 10;
	assert_ok(DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error));
	connector.connector_id = "entra";
	assert_ok(DO(scene, connector_update, &admin, &connector, true, 0, scene->arena, &kept, &scene->error));
	assert_ok(DO(scene, connector_delete, &admin, "gone", 0, &scene->error));
	struct sealed_item news[2] = {olds[0], olds[1]};
	news[0].sealed = news[1].sealed = (const uint8_t *)"\1\11\11\11\11resealed";
	news[0].length = news[1].length = 13;
	assert_ok(DO(scene, sealed_replace, &admin, olds, news, 2, new_id, &scene->error));
	assert_ok(DO(scene, connector_read, "entra", scene->arena, &kept));
	assert_memory_equal(kept.credential.sealed, connector.credential.sealed, 10);
}

static void nothing_sealed_under_a_retired_master_key_comes_in_any_more(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("late");
	struct sealed_item *olds = NULL;
	size_t count = 0;

	scene_connector(scene, "entra");
	assert_ok(DO(scene, sealed_list, scene->arena, &olds, &count));
	struct sealed_item new = {olds[0].bound_to, (const uint8_t *)"\1\11\11\11\11resealed", 13};
	assert_ok(DO(scene, sealed_replace, &admin, olds, &new, 1, new_id, &scene->error));
	assert_refused(scene, DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error),
	               RESULT_UNAVAILABLE, "unavailable");
	connector.credential.sealed = (const uint8_t *)"\1\11\11\11\11bytes";
	connector.credential.sealed_length = 10;
	assert_ok(DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error));
}

static void a_secret_under_the_key_to_come_is_taken_while_the_change_of_keys_is_broken_off(void **state)
{
	struct scene *scene = *state;
	struct connector_settings connector = scene_connector_value("late");
	struct sealed_item *olds = NULL;
	size_t count = 0;

	scene_connector(scene, "entra");
	assert_ok(DO(scene, sealed_list, scene->arena, &olds, &count));
	struct sealed_item new = {olds[0].bound_to, (const uint8_t *)"\1\11\11\11\11resealed", 13};
	assert_ok(DO(scene, sealed_replace, &admin, olds, &new, 1, new_id, &scene->error));
	connector.credential.sealed = (const uint8_t *)"\1\12\12\12\12bytes";
	connector.credential.sealed_length = 10;
	assert_ok(DO(scene, connector_create, &admin, &connector, NULL, scene->arena, &scene->error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(a_connector_that_passed_and_now_fails_is_an_event_and_so_is_its_recovery),
	    scene_test(a_failure_that_may_pass_is_named_in_its_event_too),
	    scene_test(an_hourly_test_that_says_nothing_new_does_not_fill_the_audit),
	    scene_test(jobs_of_a_connector_that_fails_its_test_wait_as_one_incident),
	    scene_test(a_connector_is_checked_once_its_time_has_come_and_not_twice),
	    scene_test(a_group_that_changed_shows_on_its_tool_and_in_the_audit),
	    scene_test(asking_twice_for_a_group_starts_one_creation),
	    scene_test(a_created_group_is_bound_with_the_end_of_its_job),
	    scene_test(a_tool_that_was_unbound_is_not_given_the_group_that_was_on_its_way),
	    scene_test(a_creation_after_one_that_gave_up_looks_for_what_that_may_have_made),
	    scene_test(a_worker_whose_lease_ran_out_neither_notes_nor_binds),
	    scene_test(one_wrong_row_keeps_a_whole_import_out_and_every_wrong_row_is_named),
	    scene_test(an_import_creates_changes_and_leaves_alone_and_a_dry_run_only_counts),
	    scene_test(a_mapping_whose_user_is_gone_shows_it_and_one_changed_meanwhile_is_left_alone),
	    scene_test(a_mapping_that_was_asked_about_in_vain_lets_the_others_come_first),
	    scene_test(the_change_of_the_master_key_is_whole_or_nothing),
	    scene_test(secrets_that_change_while_the_master_key_does_cannot_hold_it_up),
	    scene_test(nothing_sealed_under_a_retired_master_key_comes_in_any_more),
	    scene_test(a_secret_under_the_key_to_come_is_taken_while_the_change_of_keys_is_broken_off),
	};

	return cmocka_run_group_tests_name("store: the setup guide", tests, NULL, NULL);
}
