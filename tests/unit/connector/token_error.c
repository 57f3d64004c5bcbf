#include "fake_entra.h"

#include "base/json.h"
#include "connector/entra/token_error.h"
#include "domain/code.h"

static json_t *parse(const char *json)
{
	json_t *value = NULL;
	assert_int_equal(json_read(json, strlen(json), &value, NULL), RESULT_OK);
	return value;
}

static void an_admin_is_told_which_of_entras_refusals_it_was(void **state)
{
	static const struct {
		long aadsts;
		const char *code;
	} rows[] = {
	    {7000215, "secret_invalid"},
	    {7000222, "secret_expired"},
	    {90002, "tenant_not_found"},
	    {900023, "tenant_not_found"},
	    {90038, "wrong_cloud"},
	    {900382, "wrong_cloud"},
	    {900432, "wrong_cloud"},
	    {700016, "client_not_in_tenant"},
	    {7000112, "client_disabled"},
	    {7000229, "service_principal_missing"},
	    {700027, "certificate_not_registered"},
	    {700024, "clock_skew"},
	    {700213, "federated_mismatch"},
	    {53003, "conditional_access_blocked"},
	    {7000216, "token_error"},
	    {65001, "token_error"},
	    {123456, "token_error"},
	    {0, "token_error"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *code = entra_token_error_code(rows[i].aadsts, false);
		assert_string_equal(code, rows[i].code);
		assert_non_null(code_find(code));
	}
}

static void somebody_who_pasted_the_secret_id_is_told_so(void **state)
{
	(void)state;
	assert_string_equal(entra_token_error_code(7000215, true), "secret_looks_like_id");
	assert_string_equal(entra_token_error_code(7000222, true), "secret_expired");
}

static void the_number_is_found_wherever_entra_puts_it(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		long number;
	} rows[] = {
	    {"{\"error_codes\":[7000222]}", 7000222},
	    {"{\"error_codes\":[1, 7000215]}", 7000215},
	    {"{\"error_codes\":[5]}", 5},
	    {"{\"error_codes\":[\"7000222\"]}", 7000222},
	    {"{\"error_codes\":7000222}", 7000222},
	    {"{\"error_codes\":\"7000222\"}", 7000222},
	    {"{\"error_codes\":[\"-3\",\"99999999999999999999\",null]}", 0},
	    {"{\"error_description\":\"AADSTS90002: Tenant 'x' not found.\"}", 90002},
	    {"{\"error_codes\":\"no\",\"error_description\":\"AADSTSx\"}", 0},
	    {"{\"error_codes\":[],\"error_description\":\"AADSTS99999999999999999999\"}", 0},
	    {"{}", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(json_decrefp) json_t *body = parse(rows[i].json);
		assert_int_equal(entra_token_error_number(body), rows[i].number);
	}
}

static void the_ids_for_entras_log_are_kept_and_its_prose_is_not(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *body =
	    parse("{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: PROSE\\r\\nTrace ID: x\","
	          "\"error_codes\":[7000215],\"trace_id\":\"11111111-1111-1111-1111-111111111111\","
	          "\"correlation_id\":\"22222222-2222-2222-2222-222222222222\"}");
	struct error error = {0};
	assert_int_equal(entra_token_error_fill(401, body, false, NULL, 0, &error), RESULT_DENIED);
	assert_string_equal(error.code, "secret_invalid");
	assert_string_equal(error.remote_code, "invalid_client");
	assert_string_equal(error.trace_id, "11111111-1111-1111-1111-111111111111");
	assert_string_equal(error.correlation_id, "22222222-2222-2222-2222-222222222222");
	assert_int_equal(error.aadsts, 7000215);
	assert_int_equal(error.http_status, 401);
	assert_false(error.retryable);
	assert_null(strstr(error.detail, "PROSE"));
	assert_non_null(strstr(error.detail, "7000215"));
}

static void an_unknown_refusal_names_its_number(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *body = parse("{\"error\":\"x\",\"error_codes\":[999123]}");
	struct error error = {0};
	assert_int_equal(entra_token_error_fill(400, body, false, NULL, 0, &error), RESULT_DENIED);
	assert_string_equal(error.code, "token_error");
	assert_non_null(strstr(error.detail, "999123"));
}

static void a_throttled_or_broken_login_is_waited_for_not_blamed_on_the_secret(void **state)
{
	(void)state;
	struct error error = {0};
	assert_int_equal(entra_token_error_fill(429, NULL, false, "7", 0, &error), RESULT_THROTTLED);
	assert_string_equal(error.code, "login_throttled");
	assert_true(error.retryable);
	assert_int_equal(error.retry_after_ms, 7000);
	assert_int_equal(entra_token_error_fill(503, NULL, false, NULL, 0, &error), RESULT_UNAVAILABLE);
	assert_string_equal(error.code, "login_unavailable");
	assert_int_equal(error.retry_after_ms, -1);
	assert_int_equal(entra_token_error_fill(403, NULL, false, NULL, 0, &error), RESULT_PROTOCOL);
	assert_string_equal(error.code, "login_bad_response");
	assert_int_equal(entra_token_error_fill(302, NULL, false, NULL, 0, &error), RESULT_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_admin_is_told_which_of_entras_refusals_it_was),
	    cmocka_unit_test(somebody_who_pasted_the_secret_id_is_told_so),
	    cmocka_unit_test(the_number_is_found_wherever_entra_puts_it),
	    cmocka_unit_test(the_ids_for_entras_log_are_kept_and_its_prose_is_not),
	    cmocka_unit_test(an_unknown_refusal_names_its_number),
	    cmocka_unit_test(a_throttled_or_broken_login_is_waited_for_not_blamed_on_the_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
