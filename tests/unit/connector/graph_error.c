#include "fake_entra.h"

#include "base/json.h"
#include "connector/entra/graph_error.h"
#include "domain/code.h"

static json_t *parse(const char *json)
{
	json_t *value = NULL;
	assert_int_equal(json_read(json, strlen(json), &value, NULL), RESULT_OK);
	return value;
}

static void every_shape_of_error_body_is_read(void **state)
{
	(void)state;
	static const char *const shapes[] = {
	    "{\"error\":{\"code\":\"C\",\"message\":\"M\",\"innerError\":{\"request-id\":\"R\",\"client-request-id\":\"Q\"}"
	    "}}",
	    "{\"error\":{\"code\":\"C\",\"message\":\"M\",\"innererror\":{\"request-id\":\"R\",\"client-request-id\":\"Q\"}"
	    "}}",
	    "{\"error\":{\"code\":\"C\",\"message\":{\"lang\":\"en\",\"value\":\"M\"},\"innerError\":{\"request-id\":\"R\","
	    "\"client-request-id\":\"Q\"}}}",
	    "{\"odata.error\":{\"code\":\"C\",\"message\":{\"lang\":\"en\",\"value\":\"M\"},\"innerError\":{\"request-id\":"
	    "\"R\",\"client-request-id\":\"Q\"}}}",
	    "{\"error\":{\"details\":[{\"code\":\"C\",\"message\":\"M\"}],\"innerError\":{\"request-id\":\"R\","
	    "\"client-request-id\":\"Q\"}}}",
	    "{\"error\":{\"code\":\"\",\"details\":{\"code\":\"C\",\"message\":\"M\"},\"innerError\":{\"request-id\":\"R\","
	    "\"client-request-id\":\"Q\"}}}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		_cleanup_(json_decrefp) json_t *body = parse(shapes[i]);
		struct graph_fault fault = {0};
		assert_true(graph_fault_read(body, &fault));
		assert_string_equal(fault.code, "C");
		assert_string_equal(fault.message, "M");
		assert_string_equal(fault.request_id, "R");
		assert_string_equal(fault.client_request_id, "Q");
	}
}

static void what_is_no_error_of_graph_is_not_taken_for_one(void **state)
{
	(void)state;
	static const char *const shapes[] = {
	    "{}", "[]", "{\"error\":\"invalid\"}", "{\"error\":{}}", "{\"error\":{\"code\":7}}", "\"x\"", "{\"error\":[]}"};
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		_cleanup_(json_decrefp) json_t *body = parse(shapes[i]);
		struct graph_fault fault = {0};
		assert_false(graph_fault_read(body, &fault));
	}
	struct graph_fault fault = {0};
	assert_false(graph_fault_read(NULL, &fault));
}

static void statuses_become_codes_that_say_what_to_do(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *remote;
		const char *message;
		const char *code;
		bool retryable;
	} rows[] = {
	    {429, "TooManyRequests", "wait", "graph_throttled", true},
	    {503, NULL, NULL, "graph_unavailable", true},
	    {500, "Service_InternalServerError", NULL, "graph_unavailable", true},
	    {504, "GatewayTimeout", NULL, "graph_unavailable", true},
	    {409, "Directory_ConcurrencyViolation", NULL, "graph_unavailable", true},
	    {424, NULL, NULL, "graph_unavailable", true},
	    {401, "Authorization_IdentityNotFound", NULL, "graph_denied", false},
	    {403, "Authorization_RequestDenied", "Insufficient privileges", "graph_denied", false},
	    {403, "Directory_QuotaExceeded", NULL, "graph_error", false},
	    {400, "Request_BadRequest", "Cannot Update a mail-enabled security groups and or distribution list.",
	     "group_mail_enabled", false},
	    {400, "Request_BadRequest",
	     "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
	     "currently "
	     "undergoing migration.",
	     "group_on_premises", false},
	    {400, "Request_UnsupportedQuery", "Invalid page size", "graph_error", false},
	    {404, "Request_ResourceNotFound", NULL, "graph_error", false},
	    {418, NULL, NULL, "graph_error", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct graph_fault fault = {.code = rows[i].remote, .message = rows[i].message};
		struct error error = {0};
		enum result result = graph_fault_fill(rows[i].status, &fault, 3000, &error);
		assert_int_not_equal(result, RESULT_OK);
		assert_int_equal(result, error.result);
		assert_string_equal(error.code, rows[i].code);
		assert_non_null(code_find(error.code));
		assert_int_equal(error.retryable, rows[i].retryable);
		assert_int_equal(error.retry_after_ms, rows[i].retryable ? 3000 : -1);
		assert_int_equal(error.http_status, rows[i].status);
		if (rows[i].remote != NULL)
			assert_string_equal(error.remote_code, rows[i].remote);
	}
}

static void a_hostile_code_is_not_passed_on(void **state)
{
	(void)state;
	struct graph_fault fault = {.code = "<script> Bearer x", .request_id = "not an id"};
	struct error error = {0};
	assert_int_equal(graph_fault_fill(400, &fault, -1, &error), RESULT_INVALID);
	assert_string_equal(error.remote_code, "");
	assert_string_equal(error.request_id, "");
	assert_null(strstr(error.detail, "script"));
}

static void only_the_known_messages_count_as_already(void **state)
{
	(void)state;
	struct graph_fault fault = {
	    .code = "Request_BadRequest",
	    .message =
	        "One or more added object references already exist for the following modified properties: 'members'."};
	assert_true(graph_fault_is_already_member(400, &fault));
	assert_false(graph_fault_is_already_member(403, &fault));
	assert_false(graph_fault_is_not_member(400, &fault));
	fault.message =
	    "One or more added object references already exist for the following modified properties: 'owners'.";
	assert_false(graph_fault_is_already_member(400, &fault));
	fault.message =
	    "One or more removed object references do not exist for the following modified properties: 'members'.";
	assert_true(graph_fault_is_not_member(400, &fault));
	assert_false(graph_fault_is_already_member(400, &fault));
	fault.message = "Another object with the same value for property mailNickname already exists.";
	assert_false(graph_fault_is_already_member(400, &fault));
}

static void only_a_refused_token_is_renewed(void **state)
{
	(void)state;
	struct graph_fault fault = {.code = "InvalidAuthenticationToken", .message = "x"};
	assert_true(graph_fault_is_token(401, &fault));
	assert_false(graph_fault_is_token(403, &fault));
	fault = (struct graph_fault){.code = "other", .message = "Lifetime validation failed, the token is expired."};
	assert_true(graph_fault_is_token(401, &fault));
	fault = (struct graph_fault){0};
	assert_true(graph_fault_is_token(401, &fault));
	fault = (struct graph_fault){.code = "Authorization_IdentityNotFound", .message = "x"};
	assert_false(graph_fault_is_token(401, &fault));
}

static void what_is_gone_is_known_however_graph_spells_it(void **state)
{
	(void)state;
	static const char *const codes[] = {"Request_ResourceNotFound", "ResourceNotFound", "itemNotFound"};
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		assert_true(graph_fault_is_missing(404, &(struct graph_fault){.code = codes[i]}));
	assert_false(graph_fault_is_missing(404, &(struct graph_fault){.code = "UnknownError"}));
	assert_false(graph_fault_is_missing(404, &(struct graph_fault){0}));
	assert_false(graph_fault_is_missing(400, &(struct graph_fault){.code = "itemNotFound"}));
}

static void each_failure_holds_no_more_than_it_concerns(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		int status;
		const char *remote;
		enum connector_scope scope;
	} rows[] = {
	    {"user_not_found", 404, "", CONNECTOR_SCOPE_USER},
	    {"group_missing", 404, "", CONNECTOR_SCOPE_GROUP},
	    {"group_deleted", 404, "", CONNECTOR_SCOPE_GROUP},
	    {"group_not_allowed", 0, "", CONNECTOR_SCOPE_GROUP},
	    {"group_dynamic", 403, "", CONNECTOR_SCOPE_GROUP},
	    {"graph_error", 403, "Directory_QuotaExceeded", CONNECTOR_SCOPE_GROUP},
	    {"graph_error", 400, "Request_BadRequest", CONNECTOR_SCOPE_USER},
	    {"graph_denied", 403, "", CONNECTOR_SCOPE_APP},
	    {"permission_missing", 403, "", CONNECTOR_SCOPE_APP},
	    {"consent_missing", 403, "", CONNECTOR_SCOPE_APP},
	    {"secret_invalid", 401, "", CONNECTOR_SCOPE_APP},
	    {"secret_reference_unreadable", 0, "", CONNECTOR_SCOPE_APP},
	    {"tls_failed", 0, "", CONNECTOR_SCOPE_APP},
	    {"graph_throttled", 429, "", CONNECTOR_SCOPE_PASSING},
	    {"graph_unreachable", 0, "", CONNECTOR_SCOPE_PASSING},
	    {"login_unavailable", 503, "", CONNECTOR_SCOPE_PASSING},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error error = {.result = RESULT_DENIED, .http_status = rows[i].status};
		snprintf(error.code, sizeof(error.code), "%s", rows[i].code);
		snprintf(error.remote_code, sizeof(error.remote_code), "%s", rows[i].remote);
		assert_int_equal(connector_error_scope(&error), rows[i].scope);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_shape_of_error_body_is_read),
	    cmocka_unit_test(what_is_no_error_of_graph_is_not_taken_for_one),
	    cmocka_unit_test(statuses_become_codes_that_say_what_to_do),
	    cmocka_unit_test(a_hostile_code_is_not_passed_on),
	    cmocka_unit_test(only_the_known_messages_count_as_already),
	    cmocka_unit_test(only_a_refused_token_is_renewed),
	    cmocka_unit_test(what_is_gone_is_known_however_graph_spells_it),
	    cmocka_unit_test(each_failure_holds_no_more_than_it_concerns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
