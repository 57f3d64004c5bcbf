/* API tokens over a store of four functions: what is kept of a token, and who is let in with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/api_token.h"
#include "base/digest.h"

#define NOW INT64_C(1795000000000)

struct few_tokens {
	struct store store; /* first */
	struct api_token token;
	char principal_id[37];
	bool any;
	int finds;
	enum result answer; /* of the store itself */
};

static enum result take(struct store *store, const struct actor *actor, const struct api_token *token,
                        struct error *error)
{
	struct few_tokens *tokens = (struct few_tokens *)store;

	(void)actor;
	if (tokens->answer != RESULT_OK)
		return error_set(error, tokens->answer, "unavailable", "no");
	tokens->token = *token;
	(void)snprintf(tokens->principal_id, sizeof(tokens->principal_id), "%s", token->principal_id);
	tokens->token.principal_id = tokens->principal_id;
	tokens->any = true;
	return RESULT_OK;
}

static enum result find(struct store *store, const uint8_t hash[32], struct arena *arena, struct api_token *ret_token)
{
	struct few_tokens *tokens = (struct few_tokens *)store;

	(void)arena;
	tokens->finds++;
	if (tokens->answer != RESULT_OK)
		return tokens->answer;
	if (!tokens->any || memcmp(hash, tokens->token.hash, 32) != 0)
		return RESULT_NOT_FOUND;
	*ret_token = tokens->token;
	return RESULT_OK;
}

static const struct store_ops ops = {.name = "few", .token_create = take, .token_find = find};

struct fixture {
	struct few_tokens tokens;
	struct arena *arena;
	char token[API_TOKEN_SIZE];
	char header[96];
	char principal_id[37];
};

static struct fixture fixture;

static int set_up(void **state)
{
	static const struct actor actor = {"system", "cli"};

	(void)state;
	fixture = (struct fixture){.tokens = {.store = {.ops = &ops}}, .arena = arena_new(1 << 20)};
	if (api_token_issue(&fixture.tokens.store, &actor, "console", ROLE_APPROVER, "712020:a", NOW, NOW + 60000,
	                    fixture.token, fixture.principal_id, NULL) != RESULT_OK)
		return -1;
	(void)snprintf(fixture.header, sizeof(fixture.header), "Bearer %s", fixture.token);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(fixture.arena);
	return 0;
}

static enum result let_in(const char *header, int64_t now, struct principal *ret_principal, struct error *error)
{
	return api_token_authenticate(&fixture.tokens.store, header, now, fixture.arena, ret_principal, error);
}

static void only_the_hash_of_a_token_is_kept(void **state)
{
	uint8_t hash[DIGEST_SIZE];

	(void)state;
	assert_int_equal(strlen(fixture.token), 47);
	assert_memory_equal(fixture.token, "aic_", 4);
	assert_int_equal(digest_sha256(fixture.token, 47, hash), RESULT_OK);
	assert_memory_equal(fixture.tokens.token.hash, hash, 32);
	assert_int_equal(fixture.tokens.token.created_at, NOW);
	assert_int_equal(fixture.tokens.token.revoked_at, 0);
}

static void two_tokens_are_never_alike(void **state)
{
	static const struct actor actor = {"system", "cli"};
	char other[API_TOKEN_SIZE];
	char id[37];

	(void)state;
	assert_int_equal(api_token_issue(&fixture.tokens.store, &actor, "x", ROLE_ADMIN, NULL, NOW, 0, other, id, NULL),
	                 RESULT_OK);
	assert_string_not_equal(other, fixture.token);
	assert_string_not_equal(id, fixture.principal_id);
}

static void who_has_a_token_is_who_it_was_made_for(void **state)
{
	struct principal principal;

	(void)state;
	assert_int_equal(let_in(fixture.header, NOW, &principal, NULL), RESULT_OK);
	assert_string_equal(principal.principal_id, fixture.principal_id);
	assert_string_equal(principal.kind, "token");
	assert_int_equal(principal.role, ROLE_APPROVER);
	assert_string_equal(principal.account_id, "712020:a");
}

static void whatever_is_wrong_the_sentence_is_the_same(void **state)
{
	struct principal principal = {0};
	struct error errors[8];
	char changed[96];
	char longer[97];
	size_t count = 0;

	(void)state;
	(void)snprintf(changed, sizeof(changed), "%s", fixture.header);
	changed[20] = changed[20] == 'A' ? 'B' : 'A';
	(void)snprintf(longer, sizeof(longer), "%s_", fixture.header);
	assert_int_equal(let_in(NULL, NOW, &principal, &errors[count++]), RESULT_DENIED);
	assert_int_equal(let_in("", NOW, &principal, &errors[count++]), RESULT_DENIED);
	assert_int_equal(let_in("Bearer aic_short", NOW, &principal, &errors[count++]), RESULT_DENIED);
	assert_int_equal(let_in(fixture.token, NOW, &principal, &errors[count++]), RESULT_DENIED);
	assert_int_equal(let_in(changed, NOW, &principal, &errors[count++]), RESULT_DENIED);
	assert_int_equal(let_in(longer, NOW, &principal, &errors[count++]), RESULT_DENIED);
	assert_int_equal(let_in(fixture.header, NOW + 60000, &principal, &errors[count++]), RESULT_DENIED);
	fixture.tokens.token.revoked_at = NOW;
	fixture.tokens.token.expires_at = 0;
	assert_int_equal(let_in(fixture.header, NOW + 70000, &principal, &errors[count++]), RESULT_DENIED);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(errors[i].code, "unauthenticated");
		assert_string_equal(errors[i].detail, errors[0].detail);
		assert_null(strstr(errors[i].detail, fixture.token));
	}
}

static void a_revoked_token_is_out_within_five_seconds(void **state)
{
	struct principal principal;

	(void)state;
	assert_int_equal(let_in(fixture.header, NOW, &principal, NULL), RESULT_OK);
	assert_int_equal(let_in(fixture.header, NOW + 4999, &principal, NULL), RESULT_OK);
	assert_int_equal(fixture.tokens.finds, 1);
	fixture.tokens.token.revoked_at = NOW + 1;
	assert_int_equal(let_in(fixture.header, NOW + 5000, &principal, NULL), RESULT_DENIED);
	assert_int_equal(fixture.tokens.finds, 2);
}

static void a_kept_token_expires_on_time(void **state)
{
	struct principal principal;

	(void)state;
	assert_int_equal(let_in(fixture.header, NOW + 59999, &principal, NULL), RESULT_OK);
	assert_int_equal(let_in(fixture.header, NOW + 60000, &principal, NULL), RESULT_DENIED);
	assert_int_equal(fixture.tokens.finds, 1);
}

static void a_clock_set_back_does_not_keep_a_revoked_token_alive(void **state)
{
	struct principal principal;

	(void)state;
	assert_int_equal(let_in(fixture.header, NOW + 50000, &principal, NULL), RESULT_OK);
	fixture.tokens.token.revoked_at = NOW;
	assert_int_equal(let_in(fixture.header, NOW, &principal, NULL), RESULT_DENIED);
}

static void a_store_that_cannot_answer_is_not_a_wrong_token(void **state)
{
	struct principal principal;
	struct error error;

	(void)state;
	fixture.tokens.answer = RESULT_UNAVAILABLE;
	assert_int_equal(let_in(fixture.header, NOW, &principal, &error), RESULT_UNAVAILABLE);
	assert_string_equal(error.code, "unavailable");
}

static void a_hundred_clients_do_not_push_each_other_out_wrongly(void **state)
{
	static const struct actor actor = {"system", "cli"};
	struct principal principal;

	(void)state;
	for (int i = 0; i < 100; i++) {
		char header[96] = "Bearer ";
		char id[37];

		assert_int_equal(
		    api_token_issue(&fixture.tokens.store, &actor, "x", ROLE_ADMIN, NULL, NOW, 0, header + 7, id, NULL),
		    RESULT_OK);
		assert_int_equal(let_in(header, NOW + i, &principal, NULL), RESULT_OK);
		assert_string_equal(principal.principal_id, id);
		assert_null(principal.account_id);
		assert_int_equal(let_in(header, NOW + i, &principal, NULL), RESULT_OK);
		assert_string_equal(principal.principal_id, id);
	}
	assert_int_equal(fixture.tokens.finds, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_the_hash_of_a_token_is_kept),
	    TEST(two_tokens_are_never_alike),
	    TEST(who_has_a_token_is_who_it_was_made_for),
	    TEST(whatever_is_wrong_the_sentence_is_the_same),
	    TEST(a_revoked_token_is_out_within_five_seconds),
	    TEST(a_kept_token_expires_on_time),
	    TEST(a_clock_set_back_does_not_keep_a_revoked_token_alive),
	    TEST(a_store_that_cannot_answer_is_not_a_wrong_token),
	    TEST(a_hundred_clients_do_not_push_each_other_out_wrongly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
