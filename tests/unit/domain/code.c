/* The table of codes: nothing that an operator may meet is without a sentence and a remedy. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "domain/code.h"

/* The contract's list, in its order. `self_approval` is in it twice (request, API) and once in the table. */
static const char *const contract[] = {
    "credential_ok",
    "tenant_malformed",
    "client_malformed",
    "secret_missing",
    "secret_reference_unreadable",
    "secret_reference_not_allowed",
    "certificate_expired",
    "certificate_key_mismatch",
    "federated_token_expired",
    "token_ok",
    "tenant_not_found",
    "wrong_cloud",
    "client_not_in_tenant",
    "client_disabled",
    "service_principal_missing",
    "secret_invalid",
    "secret_looks_like_id",
    "secret_expired",
    "certificate_not_registered",
    "federated_mismatch",
    "clock_skew",
    "conditional_access_blocked",
    "login_throttled",
    "login_unavailable",
    "token_error",
    "reached",
    "login_unreachable",
    "graph_unreachable",
    "tls_failed",
    "login_bad_response",
    "graph_bad_response",
    "permissions_ok",
    "consent_missing",
    "permission_missing",
    "permission_excessive",
    "read_ok",
    "graph_denied",
    "graph_throttled",
    "graph_unavailable",
    "graph_error",
    "group_ok",
    "group_missing",
    "group_deleted",
    "group_renamed",
    "group_not_allowed",
    "group_already_bound",
    "group_dynamic",
    "group_on_premises",
    "group_role_assignable",
    "group_restricted",
    "group_mail_enabled",
    "group_not_security",
    "group_hidden_membership",
    "credential_valid",
    "credential_expiring",
    "credential_expired",
    "credential_expiry_unknown",
    "mapping",
    "upn",
    "mail",
    "user_not_found",
    "user_ambiguous",
    "user_guest",
    "user_disabled",
    "email_hidden",
    "portal_customer",
    "mapping_target_missing",
    "mapping_target_changed",
    "mapping_target_disabled",
    "duplicate_request",
    "duplicate_grant",
    "grant_not_active",
    "grant_extended",
    "review_overtaken",
    "tool_unknown",
    "tool_not_requestable",
    "duration_exceeds_maximum",
    "approval_not_verified",
    "self_approval",
    "request_already_decided",
    "issue_gone",
    "connector_disabled",
    "connector_failing",
    "group_not_bound",
    "membership_not_ours",
    "membership_removed_outside",
    "removals_held",
    "json_malformed",
    "validation_failed",
    "unauthenticated",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "already_exists",
    "id_retired",
    "precondition_failed",
    "idempotency_key_reused",
    "body_too_large",
    "media_type",
    "rate_limited",
    "unavailable",
    "principal_unlinked",
    "decided_in_jira",
    "connector_in_use",
    "connector_not_tested",
    "connector_tenant_fixed",
    "tool_has_grants",
};

static const char *const ours[] = {
    "membership_not_approved",
    "store_foreign",
    "master_key_malformed",
    "webhook_not_an_issue",
    "project_not_configured",
    "request_type_not_configured",
    "nothing_to_do",
    "jira_denied",
    "jira_throttled",
    "jira_unavailable",
    "jira_bad_response",
    "jira_transition_missing",
    "jira_not_configured",
    "secret_unsealable",
    "store_newer",
    "store_in_use",
    "store_migration_changed",
    "store_missing",
    "tool_stopped",
    "person_revoked",
    "person_has_grants",
    "person_has_requests",
    "lease_lost",
    "conflict",
    "internal",
};

/* Where nothing is wrong, there is nothing to do. */
static const char *const fine[] = {
    "credential_ok",    "token_ok", "reached", "permissions_ok", "read_ok",        "group_ok",
    "credential_valid", "mapping",  "upn",     "mail",           "grant_extended",
};

static const char *const areas[] = {
    "credential", "token",   "reach", "permissions", "read", "groups", "credential-expiry",
    "identity",   "request", "work",  "inbox",       "jira", "api",    "store",
};

static bool is_one_of(const char *value, const char *const *list, size_t count)
{
	for (size_t at = 0; at < count; at++) {
		if (text_equal(value, list[at]))
			return true;
	}
	return false;
}

static void every_code_of_the_contract_is_explained(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_SIZE(contract); at++) {
		if (code_find(contract[at]) == NULL)
			fail_msg("no row for %s", contract[at]);
		assert_string_equal(code_find(contract[at])->code, contract[at]);
	}
	for (size_t at = 0; at < ARRAY_SIZE(ours); at++)
		assert_non_null(code_find(ours[at]));
}

static void no_code_is_there_that_nobody_named(void **state)
{
	(void)state;
	size_t count = 0;
	const struct code *all = code_all(&count);
	assert_int_equal(count, ARRAY_SIZE(contract) + ARRAY_SIZE(ours));
	for (size_t at = 0; at < count; at++) {
		assert_ptr_equal(code_find(all[at].code), &all[at]);
		if (!is_one_of(all[at].code, contract, ARRAY_SIZE(contract)) &&
		    !is_one_of(all[at].code, ours, ARRAY_SIZE(ours)))
			fail_msg("%s is in neither list", all[at].code);
	}
	assert_null(code_find("no_such_code"));
	assert_null(code_find(""));
	assert_null(code_find(NULL));
}

static void the_documentation_lists_codes_in_the_contracts_order(void **state)
{
	(void)state;
	const struct code *before = NULL;
	for (size_t at = 0; at < ARRAY_SIZE(contract); at++) {
		const struct code *row = code_find(contract[at]);
		if (before != NULL && strcmp(before->area, row->area) == 0 && row < before)
			fail_msg("%s comes before %s", row->code, before->code);
		before = row;
	}
}

static void everyone_who_meets_a_fault_is_told_what_to_do(void **state)
{
	(void)state;
	size_t count = 0;
	const struct code *all = code_all(&count);
	for (size_t at = 0; at < count; at++) {
		const struct code *row = &all[at];
		assert_true(is_one_of(row->area, areas, ARRAY_SIZE(areas)));
		assert_true(strlen(row->title) > 3 && strlen(row->title) <= 40);
		assert_true(isupper((unsigned char)row->title[0]) && !text_ends_with(row->title, "."));
		assert_true(text_ends_with(row->summary, ".") && strlen(row->summary) <= 160);
		if ((row->remedy == NULL) != is_one_of(row->code, fine, ARRAY_SIZE(fine)))
			fail_msg("remedy of %s", row->code);
		if (row->remedy != NULL && (!text_ends_with(row->remedy, ".") || strlen(row->remedy) > 420))
			fail_msg("remedy of %s is no sentence, or too long", row->code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_code_of_the_contract_is_explained),
	    cmocka_unit_test(no_code_is_there_that_nobody_named),
	    cmocka_unit_test(the_documentation_lists_codes_in_the_contracts_order),
	    cmocka_unit_test(everyone_who_meets_a_fault_is_told_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
