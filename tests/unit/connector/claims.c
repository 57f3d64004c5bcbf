#include "fake_entra.h"

#include "connector/entra/token_claims.h"

static struct entra_claims read_payload(struct arena *arena, const char *payload)
{
	struct entra_claims claims = {0};
	char *middle = text_base64url_encode(arena, (const uint8_t *)payload, strlen(payload));
	assert_int_equal(entra_claims_read(arena_printf(arena, "h.%s.s", middle), arena, &claims), RESULT_OK);
	return claims;
}

static void granted_permissions_are_seen_once_each(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct entra_claims claims =
	    read_payload(arena, "{\"oid\":\"" FAKE_APP_OBJECT "\",\"roles\":[\"A\",\"B\",\"A\",7,\"\"]}");
	assert_true(claims.readable);
	assert_int_equal(claims.role_count, 2);
	assert_true(entra_claims_has_role(&claims, "A"));
	assert_true(entra_claims_has_role(&claims, "B"));
	assert_false(entra_claims_has_role(&claims, "a"));
	assert_string_equal(claims.object_id, FAKE_APP_OBJECT);
}

static void a_single_role_may_stand_without_its_list(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(65536);
	struct entra_claims claims = read_payload(arena, "{\"roles\":\"User.Read.All\"}");
	assert_int_equal(claims.role_count, 1);
	assert_true(entra_claims_has_role(&claims, "User.Read.All"));
}

static void missing_consent_shows_as_no_roles(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct entra_claims claims = read_payload(arena, "{\"aud\":\"x\"}");
	assert_true(claims.readable);
	assert_int_equal(claims.role_count, 0);
	assert_null(claims.object_id);
}

static void a_token_of_any_other_shape_is_no_failure_and_no_crash(void **state)
{
	(void)state;
	static const char *const tokens[] = {"",        ".",       "..", "a.b", "a.!!.c", "a.e30.c", "a.bm90anNvbg.c",
	                                     "a.W10.c", "a.IngI.c"};
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		struct entra_claims claims = {.role_count = 99};
		assert_int_equal(entra_claims_read(tokens[i], arena, &claims), RESULT_OK);
		assert_int_equal(claims.role_count, 0);
		assert_int_equal(claims.readable, strcmp(tokens[i], "a.e30.c") == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(granted_permissions_are_seen_once_each),
	    cmocka_unit_test(a_single_role_may_stand_without_its_list),
	    cmocka_unit_test(missing_consent_shows_as_no_roles),
	    cmocka_unit_test(a_token_of_any_other_shape_is_no_failure_and_no_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
