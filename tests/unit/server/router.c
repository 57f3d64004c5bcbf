#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "server/cursor.h"
#include "server/problem.h"
#include "server/router.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(4 << 20);
	return arena == NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct route_match find(const char *method, const char *path)
{
	struct route_match match;
	assert_int_equal(router_match(method, path, arena, &match), RESULT_OK);
	return match;
}

static void every_row_of_the_table_is_reached_by_its_own_path(void **state)
{
	(void)state;
	size_t count;
	const struct route *routes = route_table(&count);
	assert_true(count >= 45);
	for (size_t i = 0; i < count; i++) {
		char path[128] = "";
		for (const char *at = routes[i].pattern; *at != '\0'; at++) {
			size_t used = strlen(path);
			if (*at == '{') {
				snprintf(path + used, sizeof path - used, "abc");
				at = strchr(at, '}');
			} else {
				snprintf(path + used, sizeof path - used, "%c", *at);
			}
		}
		assert_ptr_equal(find(routes[i].method, path).route, &routes[i]);
	}
}

static void every_row_says_who_what_and_how_it_ends(void **state)
{
	(void)state;
	size_t count;
	const struct route *routes = route_table(&count);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(routes[i].operation);
		assert_non_null(routes[i].summary);
		assert_non_null((void *)(uintptr_t)routes[i].handle);
		assert_true(routes[i].success[0] >= 200 && routes[i].success[0] < 300);
		assert_true(routes[i].body_limit >= (64 << 10));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(routes[i].operation, routes[j].operation);
	}
}

static void an_unknown_path_is_told_from_a_wrong_method(void **state)
{
	(void)state;
	assert_false(find("GET", "/api/v1/nothing").path_known);
	assert_false(find("GET", "/api/v1/connectors/").path_known);
	assert_false(find("GET", "/api/v1/connectors/a/b/c").path_known);
	assert_false(find("GET", "").path_known);
	assert_false(find("GET", "/api/v1/connectors/%zz").path_known);
	assert_false(find("GET", "/api/v1/connectors/a%00").path_known);
	assert_false(find("GET", "/api/v1/connectors/%ff").path_known);
	struct route_match match = find("PATCH", "/api/v1/tools");
	assert_true(match.path_known);
	assert_null(match.route);
	assert_string_equal(match.allow, "GET, HEAD, POST");
}

static void a_name_in_a_path_is_decoded_once(void **state)
{
	(void)state;
	assert_string_equal(find("GET", "/api/v1/tools/a%2Db").parameters[0], "a-b");
	assert_string_equal(find("HEAD", "/api/v1/tools/a%252f").parameters[0], "a%2f");
}

static void a_cursor_leads_back_to_its_key_and_to_no_other(void **state)
{
	(void)state;
	const char *key = NULL;
	char *cursor = cursor_encode(arena, "/api/v1/tools", "tool-9");
	assert_non_null(cursor);
	assert_int_equal(cursor_decode(arena, "/api/v1/tools", cursor, &key), RESULT_OK);
	assert_string_equal(key, "tool-9");
	assert_int_equal(cursor_decode(arena, "/api/v1/jobs", cursor, &key), RESULT_INVALID);
	for (size_t i = 0; cursor[i] != '\0'; i++) {
		char kept = cursor[i];
		cursor[i] = kept == 'A' ? 'Q' : 'A';
		assert_int_equal(cursor_decode(arena, "/api/v1/tools", cursor, &key), RESULT_INVALID);
		cursor[i] = kept;
	}
	assert_int_equal(cursor_decode(arena, "/api/v1/tools", "", &key), RESULT_INVALID);
	assert_int_equal(cursor_decode(arena, "/api/v1/tools", "AAAA", &key), RESULT_INVALID);
	assert_int_equal(cursor_decode(arena, "/api/v1/tools", "not base64!", &key), RESULT_INVALID);
}

static void a_problem_says_type_title_status_detail_and_code(void **state)
{
	(void)state;
	struct shape_faults faults = {.count = 1, .items = {{"name", "required", "must be given"}}};
	_cleanup_(json_decrefp) json_t *problem = problem_new(422, "validation_failed", NULL, &faults);
	assert_string_equal(json_string_at(problem, "code"), "validation_failed");
	assert_string_equal(json_string_at(problem, "type"), "urn:aiclearance:problem:validation_failed");
	assert_int_equal(json_integer_at(problem, "status", 0), 422);
	assert_true(strlen(json_string_at(problem, "title")) > 0);
	assert_true(strlen(json_string_at(problem, "detail")) > 0);
	assert_string_equal(json_string_at(json_array_get(json_object_get(problem, "errors"), 0), "path"), "name");
}

static void a_fault_of_ours_is_a_503_and_never_an_excuse(void **state)
{
	(void)state;
	const char *code;
	struct error error;
	error_set(&error, RESULT_UNAVAILABLE, "unavailable", "disk");
	assert_int_equal(problem_status(RESULT_UNAVAILABLE, &error, &code), 503);
	assert_int_equal(problem_status(RESULT_NO_MEMORY, NULL, &code), 503);
	assert_string_equal(code, "unavailable");
	error_set(&error, RESULT_CONFLICT, "connector_in_use", "used");
	assert_int_equal(problem_status(RESULT_CONFLICT, &error, &code), 409);
	assert_string_equal(code, "connector_in_use");
	assert_int_equal(problem_status(RESULT_PRECONDITION, NULL, &code), 412);
	assert_string_equal(code, "precondition_failed");
}

static void the_document_has_an_operation_for_every_row_and_names_no_missing_schema(void **state)
{
	(void)state;
	size_t count;
	const struct route *routes = route_table(&count);
	const char *text = server_openapi(arena);
	assert_non_null(text);
	_cleanup_(json_decrefp) json_t *document = NULL;
	assert_int_equal(json_read(text, strlen(text), &document, NULL), RESULT_OK);
	assert_string_equal(json_string_at(document, "openapi"), "3.1.0");
	const json_t *paths = json_object_get(document, "paths");
	for (size_t i = 0; i < count; i++) {
		char method[8] = "";
		for (size_t j = 0; routes[i].method[j] != '\0'; j++)
			method[j] = (char)(routes[i].method[j] | 0x20);
		const json_t *operation = json_object_get(json_object_get(paths, routes[i].pattern), method);
		assert_string_equal(json_string_at(operation, "operationId"), routes[i].operation);
	}
	const json_t *schemas = json_at(document, "components.schemas");
	for (const char *at = strstr(text, "#/components/schemas/"); at != NULL;
	     at = strstr(at + 1, "#/components/schemas/")) {
		char name[96];
		const char *begin = at + strlen("#/components/schemas/");
		snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, "\""), begin);
		assert_non_null(json_object_get(schemas, name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_of_the_table_is_reached_by_its_own_path),
	    cmocka_unit_test(every_row_says_who_what_and_how_it_ends),
	    cmocka_unit_test(an_unknown_path_is_told_from_a_wrong_method),
	    cmocka_unit_test(a_name_in_a_path_is_decoded_once),
	    cmocka_unit_test(a_cursor_leads_back_to_its_key_and_to_no_other),
	    cmocka_unit_test(a_problem_says_type_title_status_detail_and_code),
	    cmocka_unit_test(a_fault_of_ours_is_a_503_and_never_an_excuse),
	    cmocka_unit_test(the_document_has_an_operation_for_every_row_and_names_no_missing_schema),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
