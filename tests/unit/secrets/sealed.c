/* What sealing promises: only the same key, for the same owner, over the same bytes, gives the secret back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "secrets/credential_opener.h"
#include "secrets/sealed.h"

/* 32 bytes each, in base64. */
#define KEY_ONE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_TWO "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHgA="
#define PLAIN "s3cret~value"

struct fixture {
	struct arena *arena;
	struct master_key *one;
	struct master_key *two;
	uint8_t *sealed;
	size_t length;
};

static struct master_key *key_from(const char *name, const char *text)
{
	struct master_key *key = NULL;
	char reference[64];

	snprintf(reference, sizeof(reference), "env:%s", name);
	assert_int_equal(setenv(name, text, 1), 0);
	assert_int_equal(master_key_read(reference, &key, NULL), RESULT_OK);
	return key;
}

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture.arena = arena_new(1 << 20);
	fixture.one = key_from("AIC_TEST_KEY_ONE", KEY_ONE);
	fixture.two = key_from("AIC_TEST_KEY_TWO", KEY_TWO);
	assert_int_equal(
	    sealed_seal(fixture.one, "connector:a", PLAIN, strlen(PLAIN), fixture.arena, &fixture.sealed, &fixture.length),
	    RESULT_OK);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	master_key_free(fixture->one);
	master_key_free(fixture->two);
	arena_free(fixture->arena);
	return 0;
}

static void a_sealed_secret_comes_back_whole(void **state)
{
	struct fixture *fixture = *state;
	struct secret secret = {0};

	assert_int_equal(sealed_open(fixture->one, "connector:a", fixture->sealed, fixture->length, &secret, NULL),
	                 RESULT_OK);
	assert_int_equal(secret.length, strlen(PLAIN));
	assert_string_equal(secret.bytes, PLAIN);
	secret_done(&secret);
	assert_null(secret.bytes);
}

static void the_plain_text_is_not_to_be_seen_in_the_database(void **state)
{
	struct fixture *fixture = *state;
	uint8_t *again = NULL;
	size_t length = 0;

	assert_int_equal(fixture->length, 1 + 4 + 12 + strlen(PLAIN) + 16);
	assert_null(memmem(fixture->sealed, fixture->length, PLAIN, 4));
	assert_int_equal(sealed_seal(fixture->one, "connector:a", PLAIN, strlen(PLAIN), fixture->arena, &again, &length),
	                 RESULT_OK);
	assert_memory_not_equal(again, fixture->sealed, length);
}

static void any_flipped_bit_is_noticed(void **state)
{
	struct fixture *fixture = *state;

	for (size_t bit = 0; bit < fixture->length * 8; bit++) {
		struct secret secret = {0};
		struct error error;

		fixture->sealed[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		assert_int_equal(sealed_open(fixture->one, "connector:a", fixture->sealed, fixture->length, &secret, &error),
		                 RESULT_DENIED);
		assert_string_equal(error.code, "secret_unsealable");
		assert_null(secret.bytes);
		fixture->sealed[bit / 8] ^= (uint8_t)(1 << (bit % 8));
	}
}

static void a_cut_secret_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct secret secret = {0};

	for (size_t length = 0; length < fixture->length; length++)
		assert_int_equal(sealed_open(fixture->one, "connector:a", fixture->sealed, length, &secret, NULL),
		                 RESULT_DENIED);
}

static void a_secret_copied_to_another_connector_does_not_open(void **state)
{
	struct fixture *fixture = *state;
	struct secret secret = {0};

	assert_int_equal(sealed_open(fixture->one, "connector:b", fixture->sealed, fixture->length, &secret, NULL),
	                 RESULT_DENIED);
}

static void another_master_key_is_told_from_damage(void **state)
{
	struct fixture *fixture = *state;
	struct secret secret = {0};
	struct error error;

	assert_int_equal(sealed_open(fixture->two, "connector:a", fixture->sealed, fixture->length, &secret, &error),
	                 RESULT_DENIED);
	assert_non_null(strstr(error.detail, "another master key"));
}

static void a_master_key_of_another_length_is_refused_without_repeating_it(void **state)
{
	static const char *const wrong[] = {"c2hvcnQ=",
	                                    "not base64 at all!",
	                                    KEY_ONE "\nc2hvcnQ=",
	                                    KEY_ONE "\n\n" KEY_TWO,
	                                    KEY_ONE "\n" KEY_TWO "\n" KEY_ONE,
	                                    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ=="};
	struct master_key *key = NULL;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(setenv("AIC_TEST_KEY", wrong[i], 1), 0);
		assert_int_equal(master_key_read("env:AIC_TEST_KEY", &key, &error), RESULT_INVALID);
		assert_null(strstr(error.detail, wrong[i]));
	}
	assert_null(key);
}

static void while_the_key_is_rotated_what_the_old_one_sealed_still_opens(void **state)
{
	struct fixture *fixture = *state;
	struct master_key *both = key_from("AIC_TEST_KEY_BOTH", KEY_TWO "\r\n" KEY_ONE "\n");
	uint8_t present[MASTER_KEY_ID_LENGTH];
	uint8_t used[MASTER_KEY_ID_LENGTH];
	struct secret secret = {0};
	uint8_t *again = NULL;
	size_t length = 0;

	assert_true(master_key_has_old(both));
	assert_false(master_key_has_old(fixture->one));
	assert_int_equal(sealed_open(both, "connector:a", fixture->sealed, fixture->length, &secret, NULL), RESULT_OK);
	assert_memory_equal(secret.bytes, PLAIN, strlen(PLAIN));
	secret_done(&secret);
	assert_int_equal(sealed_seal(both, "connector:a", PLAIN, strlen(PLAIN), fixture->arena, &again, &length),
	                 RESULT_OK);
	master_key_id(fixture->two, present);
	assert_true(sealed_key_id(again, length, used));
	assert_memory_equal(used, present, sizeof(used));
	assert_false(sealed_key_id(again, 8, used));
	assert_int_equal(sealed_open(fixture->one, "connector:a", again, length, &secret, NULL), RESULT_DENIED);
	master_key_free(both);
}

static void a_running_service_follows_a_rotated_key_without_a_restart(void **state)
{
	struct fixture *fixture = *state;
	struct secret secret = {0};
	uint8_t *sealed = NULL;
	uint8_t id[MASTER_KEY_ID_LENGTH];
	uint8_t other[MASTER_KEY_ID_LENGTH];
	size_t length = 0;

	assert_int_equal(sealed_seal(fixture->two, "connector:a", PLAIN, strlen(PLAIN), fixture->arena, &sealed, &length),
	                 RESULT_OK);
	assert_int_equal(setenv("AIC_TEST_KEY_ONE", KEY_TWO "\n" KEY_ONE, 1), 0);
	assert_int_equal(sealed_open(fixture->one, "connector:a", sealed, length, &secret, NULL), RESULT_OK);
	secret_done(&secret);
	assert_int_equal(sealed_open(fixture->one, "connector:a", fixture->sealed, fixture->length, &secret, NULL),
	                 RESULT_OK);
	secret_done(&secret);
	assert_int_equal(setenv("AIC_TEST_KEY_ONE", "half a ke", 1), 0);
	assert_int_equal(master_key_reload(fixture->one, NULL), RESULT_INVALID);
	assert_int_equal(sealed_seal(fixture->one, "connector:b", PLAIN, strlen(PLAIN), fixture->arena, &sealed, &length),
	                 RESULT_OK);
	assert_true(sealed_key_id(sealed, length, id));
	master_key_id(fixture->two, other);
	assert_memory_equal(id, other, sizeof(id));
}

static void a_connector_without_a_secret_says_so(void **state)
{
	struct fixture *fixture = *state;
	struct connector_settings settings = {.connector_id = "a", .credential = {.source = CREDENTIAL_SEALED}};
	struct credential_opener opener;
	struct secret secret = {0};
	struct error error;
	uint8_t *empty = NULL;

	credential_opener_init(&opener, &settings, fixture->one, (struct secret_allow_list){NULL});
	assert_int_equal(opener.source.fetch(&opener.source, &secret, &error), RESULT_INVALID);
	assert_string_equal(error.code, "secret_missing");
	assert_int_equal(
	    sealed_seal(fixture->one, "connector:a", "", 0, fixture->arena, &empty, &settings.credential.sealed_length),
	    RESULT_OK);
	settings.credential.sealed = empty;
	assert_int_equal(opener.source.fetch(&opener.source, &secret, &error), RESULT_INVALID);
	assert_string_equal(error.code, "secret_missing");
}

static void a_connector_opens_its_own_secret_and_obeys_the_allow_list(void **state)
{
	struct fixture *fixture = *state;
	struct connector_settings settings = {
	    .connector_id = "a",
	    .credential = {.source = CREDENTIAL_SEALED, .sealed = fixture->sealed, .sealed_length = fixture->length}};
	struct credential_opener opener;
	struct secret secret = {0};
	struct error error;

	credential_opener_init(&opener, &settings, fixture->one, (struct secret_allow_list){"env:ENTRA_*"});
	assert_int_equal(opener.source.fetch(&opener.source, &secret, &error), RESULT_OK);
	assert_string_equal(secret.bytes, PLAIN);
	secret_done(&secret);
	settings.credential = (struct credential){.source = CREDENTIAL_REFERENCE, .reference = "env:AIC_TEST_KEY"};
	assert_int_equal(opener.source.fetch(&opener.source, &secret, &error), RESULT_DENIED);
	assert_string_equal(error.code, "secret_reference_not_allowed");
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	struct fixture *fixture = *state;

	(void)fixture;
	assert_int_equal(setenv("AIC_TEST_KEY", KEY_ONE, 1), 0);
	for (uint64_t nth = 1; nth < 200; nth++) {
		struct master_key *key = NULL;
		uint64_t before = memory_count();
		enum result result;

		memory_fail_nth(nth);
		result = master_key_read("env:AIC_TEST_KEY", &key, NULL);
		memory_fail_nth(0);
		if (result == RESULT_OK) {
			master_key_free(key);
			assert_true(memory_count() - before < nth);
			return;
		}
		assert_int_equal(result, RESULT_NO_MEMORY);
		assert_null(key);
	}
	fail_msg("reading a key allocates without end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_sealed_secret_comes_back_whole, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_plain_text_is_not_to_be_seen_in_the_database, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(any_flipped_bit_is_noticed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_cut_secret_is_noticed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_secret_copied_to_another_connector_does_not_open, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(another_master_key_is_told_from_damage, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_master_key_of_another_length_is_refused_without_repeating_it, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(while_the_key_is_rotated_what_the_old_one_sealed_still_opens, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(a_running_service_follows_a_rotated_key_without_a_restart, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_connector_without_a_secret_says_so, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_connector_opens_its_own_secret_and_obeys_the_allow_list, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(running_out_of_memory_leaves_nothing_behind, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
