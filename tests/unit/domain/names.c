/* Names that the API and the database use: each parses back to what it names, and nothing else parses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "domain/access_request.h"
#include "domain/catalog.h"
#include "domain/connector_settings.h"
#include "domain/decision.h"
#include "domain/grant.h"
#include "domain/intake_settings.h"
#include "domain/job.h"
#include "domain/principal.h"

static void every_name_parses_back_to_what_it_names(void **state)
{
	(void)state;
	for (int at = 0; at < GRANT_STATUS_MAX; at++) {
		enum grant_status status;
		assert_int_equal(grant_status_parse(grant_status_name((enum grant_status)at), &status), RESULT_OK);
		assert_int_equal(status, at);
	}
	for (int at = 0; at < REQUEST_STATUS_MAX; at++) {
		enum request_status status;
		assert_int_equal(request_status_parse(request_status_name((enum request_status)at), &status), RESULT_OK);
		assert_int_equal(status, at);
	}
	for (int at = 0; at < JOB_STATUS_MAX; at++) {
		enum job_status status;
		assert_int_equal(job_status_parse(job_status_name((enum job_status)at), &status), RESULT_OK);
		assert_int_equal(status, at);
	}
	for (int at = 0; at < JOB_KIND_MAX; at++) {
		enum job_kind kind;
		assert_int_equal(job_kind_parse(job_kind_name((enum job_kind)at), &kind), RESULT_OK);
		assert_int_equal(kind, at);
	}
	for (int role = ROLE_ADMIN; role <= ROLE_REQUESTER; role <<= 1) {
		enum role parsed;
		assert_int_equal(role_parse(role_name((enum role)role), &parsed), RESULT_OK);
		assert_int_equal(parsed, role);
	}
}

static void an_unknown_name_is_refused_and_gives_no_right(void **state)
{
	(void)state;
	const char *const wrong[] = {"", "Admin", "admin ", "root", "actives", "ACTIVE", NULL};
	for (size_t at = 0; at < ARRAY_SIZE(wrong); at++) {
		enum role role = (enum role)0;
		enum grant_status grant = GRANT_STATUS_MAX;
		enum request_status request = REQUEST_STATUS_MAX;
		enum job_status job = JOB_STATUS_MAX;
		enum job_kind kind = JOB_KIND_MAX;
		assert_int_equal(role_parse(wrong[at], &role), RESULT_INVALID);
		assert_int_equal(grant_status_parse(wrong[at], &grant), RESULT_INVALID);
		assert_int_equal(request_status_parse(wrong[at], &request), RESULT_INVALID);
		assert_int_equal(job_status_parse(wrong[at], &job), RESULT_INVALID);
		assert_int_equal(job_kind_parse(wrong[at], &kind), RESULT_INVALID);
		assert_int_equal(role, 0);
		assert_int_equal(grant, GRANT_STATUS_MAX);
	}
	assert_string_equal(role_name((enum role)(ROLE_ADMIN | ROLE_AUDITOR)), "");
}

static void credential_names_are_the_contracts(void **state)
{
	(void)state;
	assert_string_equal(credential_kind_name(CREDENTIAL_CLIENT_SECRET), "clientSecret");
	assert_string_equal(credential_kind_name(CREDENTIAL_CERTIFICATE), "certificate");
	assert_string_equal(credential_kind_name(CREDENTIAL_FEDERATED), "federated");
	assert_string_equal(credential_source_name(CREDENTIAL_SEALED), "sealed");
	assert_string_equal(credential_source_name(CREDENTIAL_REFERENCE), "reference");
}

static void before_the_first_put_nothing_from_jira_is_taken_in(void **state)
{
	(void)state;
	struct intake_settings settings;
	intake_settings_default(&settings);
	assert_string_equal(settings.approval, "jsm");
	assert_string_equal(settings.beneficiary, "reporter");
	assert_null(settings.project_keys[0]);
	assert_null(settings.request_type_ids[0]);
	assert_null(settings.allowed_authors[0]);
	assert_false(settings.match_portal_customers);
	assert_true(settings.write_back_comment);
	assert_null(settings.transition_on_active);
	assert_int_equal(settings.version, 0);
	assert_false(intake_list_has(settings.project_keys, "AIC"));
	assert_false(intake_list_has(settings.project_keys, NULL));
}

static void a_list_has_what_is_in_it_exactly(void **state)
{
	(void)state;
	const char *const list[] = {"Approved", "10001", NULL};
	assert_true(intake_list_has(list, "10001"));
	assert_true(intake_list_has(list, "Approved"));
	assert_false(intake_list_has(list, "approved"));
	assert_false(intake_list_has(list, "1000"));
	assert_false(intake_list_has(list, ""));
}

static void a_duration_is_its_leading_integer(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int days;
	} cases[] = {
	    {"90", 90},     {"90 days", 90}, {" 7", 7},       {"90.0", 90},
	    {"3650", 3650}, {"3651", 0},     {"0", 0},        {"-90", 0},
	    {"+90", 0},     {"", 0},         {NULL, 0},       {"days 90", 0},
	    {"0x10", 0},    {"1d", 1},       {"0000030", 30}, {"99999999999999999999", 0},
	};
	for (size_t at = 0; at < ARRAY_SIZE(cases); at++)
		assert_int_equal(decision_duration_days(cases[at].text), cases[at].days);
}

static struct group_facts security_group(void)
{
	return (struct group_facts){.group_id = "g", .display_name = "G", .security_enabled = KNOWN_TRUE};
}

static void check_group(struct group_facts facts, const char *code, bool manageable)
{
	bool told = !manageable;
	assert_string_equal(group_facts_code(&facts, &told), code);
	assert_int_equal(told, manageable);
	assert_string_equal(group_facts_code(&facts, NULL), code);
}

static void a_group_that_cannot_be_managed_is_named_by_its_first_fault(void **state)
{
	(void)state;
	struct group_facts facts = security_group();
	check_group(facts, "group_ok", true);
	facts.hidden_membership = KNOWN_TRUE;
	check_group(facts, "group_hidden_membership", true);
	facts.security_enabled = KNOWN_FALSE;
	check_group(facts, "group_not_security", false);
	facts.mail_enabled = KNOWN_TRUE;
	check_group(facts, "group_mail_enabled", false);
	facts.management_restricted = KNOWN_TRUE;
	check_group(facts, "group_restricted", false);
	facts.role_assignable = KNOWN_TRUE;
	check_group(facts, "group_role_assignable", false);
	facts.on_premises = KNOWN_TRUE;
	check_group(facts, "group_on_premises", false);
	facts.dynamic = KNOWN_TRUE;
	check_group(facts, "group_dynamic", false);
}

static void a_flag_that_was_not_returned_is_not_taken_for_fine(void **state)
{
	(void)state;
	static const struct {
		size_t offset;
		const char *code;
	} flags[] = {
	    {offsetof(struct group_facts, dynamic), "group_dynamic"},
	    {offsetof(struct group_facts, on_premises), "group_on_premises"},
	    {offsetof(struct group_facts, role_assignable), "group_role_assignable"},
	    {offsetof(struct group_facts, management_restricted), "group_restricted"},
	    {offsetof(struct group_facts, mail_enabled), "group_mail_enabled"},
	    {offsetof(struct group_facts, security_enabled), "group_not_security"},
	};
	for (size_t at = 0; at < ARRAY_SIZE(flags); at++) {
		struct group_facts facts = security_group();
		*(enum known *)((char *)&facts + flags[at].offset) = KNOWN_NOT;
		check_group(facts, flags[at].code, false);
	}
}

static void a_microsoft_365_group_is_fine_though_it_has_mail(void **state)
{
	(void)state;
	struct group_facts facts = {.unified = KNOWN_TRUE, .mail_enabled = KNOWN_TRUE, .security_enabled = KNOWN_FALSE};
	check_group(facts, "group_ok", true);
	facts.unified = KNOWN_NOT;
	check_group(facts, "group_mail_enabled", false);
	facts.unified = KNOWN_TRUE;
	facts.dynamic = KNOWN_TRUE;
	check_group(facts, "group_dynamic", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_name_parses_back_to_what_it_names),
	    cmocka_unit_test(an_unknown_name_is_refused_and_gives_no_right),
	    cmocka_unit_test(credential_names_are_the_contracts),
	    cmocka_unit_test(before_the_first_put_nothing_from_jira_is_taken_in),
	    cmocka_unit_test(a_list_has_what_is_in_it_exactly),
	    cmocka_unit_test(a_duration_is_its_leading_integer),
	    cmocka_unit_test(a_group_that_cannot_be_managed_is_named_by_its_first_fault),
	    cmocka_unit_test(a_flag_that_was_not_returned_is_not_taken_for_fine),
	    cmocka_unit_test(a_microsoft_365_group_is_fine_though_it_has_mail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
