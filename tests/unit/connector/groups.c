#include "fake_entra.h"

#include "base/json.h"
#include "connector/entra/bindable.h"
#include "connector/entra/credential_expiry.h"
#include "connector/entra/groups.h"

static struct group_facts facts_of(struct arena *arena, const char *json)
{
	_cleanup_(json_decrefp) json_t *object = NULL;
	struct group_facts facts;
	assert_int_equal(json_read(json, strlen(json), &object, NULL), RESULT_OK);
	assert_int_equal(entra_group_facts_read(object, arena, &facts), RESULT_OK);
	return facts;
}

static void a_plain_security_group_can_be_managed(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct group_facts facts = facts_of(arena, FAKE_GROUP_JSON);
	bool manageable = false;
	assert_string_equal(group_facts_code(&facts, &manageable), "group_ok");
	assert_true(manageable);
	assert_string_equal(facts.group_id, FAKE_GROUP);
	assert_string_equal(facts.display_name, "AI - Users");
}

static void a_flag_that_did_not_come_back_is_not_taken_for_fine(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct group_facts facts = facts_of(arena, "{\"id\":\"" FAKE_GROUP "\"}");
	assert_int_equal(facts.dynamic, KNOWN_NOT);
	assert_int_equal(facts.unified, KNOWN_NOT);
	assert_int_equal(facts.on_premises, KNOWN_NOT);
	assert_int_equal(facts.role_assignable, KNOWN_NOT);
	assert_int_equal(facts.management_restricted, KNOWN_NOT);
	assert_int_equal(facts.mail_enabled, KNOWN_NOT);
	assert_int_equal(facts.security_enabled, KNOWN_NOT);
	facts = facts_of(arena, "{\"id\":\"" FAKE_GROUP
	                        "\",\"securityEnabled\":\"true\",\"mailEnabled\":null,\"groupTypes\":[1]}");
	assert_int_equal(facts.security_enabled, KNOWN_NOT);
	assert_int_equal(facts.mail_enabled, KNOWN_NOT);
	assert_int_equal(facts.dynamic, KNOWN_NOT);
}

static void each_flag_is_read(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct group_facts facts =
	    facts_of(arena, "{\"id\":\"" FAKE_GROUP "\",\"groupTypes\":[\"Unified\",\"DynamicMembership\"],"
	                    "\"onPremisesSyncEnabled\":true,\"isAssignableToRole\":true,\"isManagementRestricted\":true,"
	                    "\"mailEnabled\":true,\"securityEnabled\":false,\"visibility\":\"HiddenMembership\"}");
	assert_int_equal(facts.dynamic, KNOWN_TRUE);
	assert_int_equal(facts.unified, KNOWN_TRUE);
	assert_int_equal(facts.on_premises, KNOWN_TRUE);
	assert_int_equal(facts.role_assignable, KNOWN_TRUE);
	assert_int_equal(facts.management_restricted, KNOWN_TRUE);
	assert_int_equal(facts.mail_enabled, KNOWN_TRUE);
	assert_int_equal(facts.security_enabled, KNOWN_FALSE);
	assert_int_equal(facts.hidden_membership, KNOWN_TRUE);
	facts = facts_of(arena, "{\"id\":\"" FAKE_GROUP "\",\"onPremisesSyncEnabled\":false,\"visibility\":\"Private\"}");
	assert_int_equal(facts.on_premises, KNOWN_FALSE);
	assert_int_equal(facts.hidden_membership, KNOWN_FALSE);
}

static void every_flag_is_asked_for_by_name(void **state)
{
	(void)state;
	static const char *const names[] = {
	    "groupTypes",         "securityEnabled",        "mailEnabled", "onPremisesSyncEnabled",
	    "isAssignableToRole", "isManagementRestricted", "visibility",  "displayName"};
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	const char *path = entra_group_path(arena, FAKE_GROUP);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(strstr(path, names[i]));
}

static void an_operators_limit_excludes_what_it_does_not_name(void **state)
{
	(void)state;
	static const struct {
		const char *rule;
		const char *name;
		enum bindable judged;
	} rows[] = {
	    {NULL, "x", BINDABLE_YES},
	    {"any", "x", BINDABLE_YES},
	    {"prefix:AI - ", "AI - Users", BINDABLE_YES},
	    {"prefix:AI - ", "ai - Users", BINDABLE_NO},
	    {"prefix:AI - ", NULL, BINDABLE_NO},
	    {"prefix:", "AI", BINDABLE_NO},
	    {"owned", "x", BINDABLE_IF_OWNED},
	    {"ids:" FAKE_USER ", " FAKE_GROUP, "x", BINDABLE_YES},
	    {"ids:" FAKE_USER, "x", BINDABLE_NO},
	    {"ids:", "x", BINDABLE_NO},
	    {"everything", "x", BINDABLE_NO},
	    {"", "x", BINDABLE_NO},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(bindable_judge(rows[i].rule, FAKE_GROUP, rows[i].name), rows[i].judged);
}

static void the_secret_in_use_is_the_one_whose_end_is_told(void **state)
{
	(void)state;
	static const char json[] =
	    "{\"passwordCredentials\":[{\"hint\":\"abc\",\"endDateTime\":\"2020-01-01T00:00:00Z\"},"
	    "{\"hint\":\"abc\",\"endDateTime\":\"2030-01-01T00:00:00Z\"},{\"hint\":\"abc\",\"endDateTime\":"
	    "\"2029-01-01T00:00:00.1234567Z\"},{\"hint\":\"xyz\",\"endDateTime\":\"2021-01-01T00:00:00Z\"},"
	    "{\"hint\":null,\"endDateTime\":\"2027-01-01T00:00:00Z\"},{\"hint\":\"abc\",\"endDateTime\":7}]}";
	_cleanup_(json_decrefp) json_t *object = NULL;
	assert_int_equal(json_read(json, strlen(json), &object, NULL), RESULT_OK);
	int64_t now;
	int64_t end;
	assert_int_equal(clock_parse("2026-11-23T00:00:00Z", &now), RESULT_OK);
	assert_int_equal(clock_parse("2029-01-01T00:00:00Z", &end), RESULT_OK);
	assert_int_equal(credential_expiry_find(object, "abc", now) / 1000, end / 1000);
	assert_int_equal(credential_expiry_find(object, "none", now), 0);
	int64_t past = credential_expiry_find(object, "xyz", now);
	assert_string_equal(credential_expiry_code(past, now), "credential_expired");
	assert_string_equal(credential_expiry_code(0, now), "credential_expiry_unknown");
	int64_t day = 24LL * 3600 * 1000;
	assert_string_equal(credential_expiry_code(now + 30 * day, now), "credential_expiring");
	assert_string_equal(credential_expiry_code(now + 31 * day, now), "credential_valid");
}

static void a_secret_without_a_hint_is_ours_only_if_there_is_no_other(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		bool told;
	} rows[] = {
	    {"{\"passwordCredentials\":[{\"hint\":null,\"endDateTime\":\"2027-01-01T00:00:00Z\"}]}", true},
	    {"{\"passwordCredentials\":[{\"endDateTime\":\"2027-01-01T00:00:00Z\"}]}", true},
	    {"{\"passwordCredentials\":[{\"hint\":\"xyz\",\"endDateTime\":\"2027-01-01T00:00:00Z\"}]}", false},
	    {"{\"passwordCredentials\":[{\"endDateTime\":\"2027-01-01T00:00:00Z\"},"
	     "{\"endDateTime\":\"2028-01-01T00:00:00Z\"}]}",
	     false},
	    {"{\"passwordCredentials\":[]}", false},
	    {"{}", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(json_decrefp) json_t *object = NULL;
		assert_int_equal(json_read(rows[i].json, strlen(rows[i].json), &object, NULL), RESULT_OK);
		assert_int_equal(credential_expiry_find(object, "abc", 1) != 0, rows[i].told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_security_group_can_be_managed),
	    cmocka_unit_test(a_flag_that_did_not_come_back_is_not_taken_for_fine),
	    cmocka_unit_test(each_flag_is_read),
	    cmocka_unit_test(every_flag_is_asked_for_by_name),
	    cmocka_unit_test(an_operators_limit_excludes_what_it_does_not_name),
	    cmocka_unit_test(the_secret_in_use_is_the_one_whose_end_is_told),
	    cmocka_unit_test(a_secret_without_a_hint_is_ours_only_if_there_is_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
