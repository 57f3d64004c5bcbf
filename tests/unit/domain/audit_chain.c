/* The audit chain: whatever is changed, removed or forged is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/audit_chain.h"

#define LENGTH 6

struct chain {
	struct arena *arena;
	struct audit_event events[LENGTH];
};

static void chain_done(struct chain *chain)
{
	arena_free(chain->arena);
}

static void event_seal(struct chain *chain, struct audit_event *event)
{
	char *hash = arena_alloc(chain->arena, DIGEST_HEX_SIZE);
	assert_non_null(hash);
	assert_int_equal(audit_event_hash(event, chain->arena, hash), RESULT_OK);
	event->hash = hash;
}

static void chain_make(struct chain *chain)
{
	*chain = (struct chain){.arena = arena_new(1 << 22)};
	assert_non_null(chain->arena);
	for (size_t at = 0; at < LENGTH; at++) {
		chain->events[at] = (struct audit_event){
		    .seq = (int64_t)at + 1,
		    .at = 1795426200000 + (int64_t)at * 1000,
		    .actor_kind = "token",
		    .actor_id = "0198",
		    .action = "connector.created",
		    .target_kind = "connector",
		    .target_id = "entra-prod",
		    .outcome = "ok",
		    .detail = "{\"b\":1,\"a\":[true,null,\"x\"]}",
		    .prev_hash = at == 0 ? AUDIT_GENESIS : chain->events[at - 1].hash,
		};
		event_seal(chain, &chain->events[at]);
	}
}

/* The sequence number of the first fault; 0 if the chain holds. */
static int64_t chain_verify(const struct audit_event *events, size_t count)
{
	_cleanup_(arena_freep) struct arena *scratch = arena_new(1 << 20);
	struct audit_verifier verifier;
	audit_verifier_init(&verifier);
	for (size_t at = 0; at < count; at++) {
		enum result result = audit_verifier_add(&verifier, &events[at], scratch);
		assert_int_equal(result, verifier.bad_seq == 0 ? RESULT_OK : RESULT_INVALID);
		assert_int_equal(verifier.reason[0] != '\0', verifier.bad_seq != 0);
	}
	return verifier.bad_seq;
}

static void an_untouched_chain_holds(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	assert_int_equal(chain_verify(chain.events, LENGTH), 0);
	assert_int_equal(chain_verify(chain.events, 0), 0);
}

static void an_auditor_can_recompute_a_hash_from_the_export_alone(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	static const char text[] =
	    "{\"action\":\"connector.created\",\"actor\":{\"id\":\"0198\",\"kind\":\"token\"},\"at\":\"2026-11-23T09:30:"
	    "00Z\","
	    "\"detail\":{\"a\":[true,null,\"x\"],\"b\":1},\"outcome\":\"ok\","
	    "\"prevHash\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"seq\":1,"
	    "\"target\":{\"id\":\"entra-prod\",\"kind\":\"connector\"}}";
	char hash[DIGEST_HEX_SIZE];
	assert_int_equal(digest_sha256_hex(text, strlen(text), hash), RESULT_OK);
	_cleanup_(json_decrefp) json_t *shown = audit_event_to_json(&chain.events[0], false);
	assert_string_equal(json_write_canonical(chain.arena, shown), text);
	assert_string_equal(chain.events[0].hash, hash);
	_cleanup_(json_decrefp) json_t *whole = audit_event_to_json(&chain.events[0], true);
	assert_string_equal(json_string_at(whole, "hash"), hash);
	assert_int_equal(json_object_size(whole), 9);
}

/* Every bit of one text member of one event, one after the other. */
static void flip_text(const struct chain *chain, size_t event, size_t offset)
{
	struct audit_event events[LENGTH];
	memcpy(events, chain->events, sizeof(events));
	const char **member = (const char **)((char *)&events[event] + offset);
	char copy[128];
	size_t length = strlen(*member);
	assert_true(length < sizeof(copy));
	memcpy(copy, *member, length + 1);
	*member = copy;
	for (size_t bit = 0; bit < length * 8; bit++) {
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << (bit % 8)));
		int64_t bad = chain_verify(events, LENGTH);
		if (bad != (int64_t)event + 1)
			fail_msg("bit %zu of offset %zu of event %zu: %lld", bit, offset, event, (long long)bad);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << (bit % 8)));
	}
	assert_int_equal(chain_verify(events, LENGTH), 0);
}

static void any_bit_changed_in_any_text_is_found_at_its_event(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	static const size_t members[] = {
	    offsetof(struct audit_event, actor_kind), offsetof(struct audit_event, actor_id),
	    offsetof(struct audit_event, action),     offsetof(struct audit_event, target_kind),
	    offsetof(struct audit_event, target_id),  offsetof(struct audit_event, outcome),
	    offsetof(struct audit_event, detail),     offsetof(struct audit_event, prev_hash),
	    offsetof(struct audit_event, hash),
	};
	for (size_t at = 0; at < ARRAY_SIZE(members); at++) {
		flip_text(&chain, 0, members[at]);
		flip_text(&chain, LENGTH - 1, members[at]);
	}
}

static void any_bit_changed_in_a_number_is_found_at_its_event(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	for (int bit = 0; bit < 63; bit++) {
		struct audit_event events[LENGTH];
		memcpy(events, chain.events, sizeof(events));
		events[2].at ^= 1LL << bit;
		assert_int_equal(chain_verify(events, LENGTH), 3);
		events[2].at = chain.events[2].at;
		events[2].seq ^= 1LL << bit;
		assert_int_equal(chain_verify(events, LENGTH), 3);
	}
}

static void a_removed_or_swapped_or_doubled_event_is_found(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	for (size_t gone = 0; gone + 1 < LENGTH; gone++) {
		struct audit_event events[LENGTH];
		memcpy(events, chain.events, gone * sizeof(*events));
		memcpy(events + gone, chain.events + gone + 1, (LENGTH - gone - 1) * sizeof(*events));
		assert_int_equal(chain_verify(events, LENGTH - 1), gone + 1);
		memcpy(events, chain.events, sizeof(events));
		events[gone] = chain.events[gone + 1];
		events[gone + 1] = chain.events[gone];
		assert_int_equal(chain_verify(events, LENGTH), gone + 1);
		memcpy(events, chain.events, sizeof(events));
		events[gone + 1] = chain.events[gone];
		assert_int_equal(chain_verify(events, LENGTH), gone + 2);
	}
}

static void the_first_fault_is_the_one_reported(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	chain.events[1].outcome = "failed";
	chain.events[4].outcome = "failed";
	assert_int_equal(chain_verify(chain.events, LENGTH), 2);
}

static void an_instant_whose_fraction_no_hash_would_cover_is_refused(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	char hash[DIGEST_HEX_SIZE];
	chain.events[0].at += 1;
	assert_int_equal(audit_event_hash(&chain.events[0], chain.arena, hash), RESULT_INVALID);
}

static void a_detail_that_is_no_object_is_refused(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	static const char *const wrong[] = {
	    "",  "[]", "1", "{", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "{\"a\":1.5}", "{\"a\":[{\"b\":9007199254740992}]}",
	    NULL};
	for (size_t at = 0; at < ARRAY_SIZE(wrong); at++) {
		char hash[DIGEST_HEX_SIZE];
		chain.events[0].detail = wrong[at];
		assert_int_equal(audit_event_hash(&chain.events[0], chain.arena, hash), RESULT_INVALID);
		assert_int_equal(chain_verify(chain.events, LENGTH), 1);
	}
}

static struct audit_checkpoint checkpoint_of(const struct chain *chain)
{
	struct audit_checkpoint checkpoint = {.seq = LENGTH, .at = 1795426299123};
	memcpy(checkpoint.hash, chain->events[LENGTH - 1].hash, DIGEST_HEX_SIZE);
	return checkpoint;
}

static void a_chain_recomputed_without_the_key_does_not_get_a_valid_checkpoint(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	_cleanup_(audit_key_freep) struct audit_key *key = NULL;
	_cleanup_(audit_key_freep) struct audit_key *other = NULL;
	_cleanup_(audit_key_freep) struct audit_key *public_half = NULL;
	assert_int_equal(audit_key_generate(&key), RESULT_OK);
	assert_int_equal(audit_key_generate(&other), RESULT_OK);
	const char *pem = audit_key_public_pem(key, chain.arena);
	assert_non_null(strstr(pem, "BEGIN PUBLIC KEY"));
	assert_null(strstr(pem, "PRIVATE"));
	assert_int_equal(audit_key_from_public_pem(pem, &public_half), RESULT_OK);

	struct audit_checkpoint good = checkpoint_of(&chain);
	assert_int_equal(audit_checkpoint_sign(key, "checkpoint", &good), RESULT_OK);
	assert_int_equal(good.at, 1795426299000);
	assert_true(audit_checkpoint_verify(key, "checkpoint", &good));
	assert_true(audit_checkpoint_verify(public_half, "checkpoint", &good));
	assert_false(audit_checkpoint_verify(key, "head", &good)); /* neither passes for the other */
	assert_false(audit_checkpoint_verify(other, "checkpoint", &good));

	struct audit_checkpoint forged = checkpoint_of(&chain);
	assert_int_equal(audit_checkpoint_sign(other, "checkpoint", &forged), RESULT_OK);
	assert_false(audit_checkpoint_verify(public_half, "checkpoint", &forged));
	assert_int_equal(audit_checkpoint_sign(public_half, "checkpoint", &forged), RESULT_INVALID);
}

static void any_bit_changed_in_a_signed_checkpoint_is_found(void **state)
{
	(void)state;
	_cleanup_(chain_done) struct chain chain;
	chain_make(&chain);
	_cleanup_(audit_key_freep) struct audit_key *key = NULL;
	assert_int_equal(audit_key_generate(&key), RESULT_OK);
	struct audit_checkpoint good = checkpoint_of(&chain);
	assert_int_equal(audit_checkpoint_sign(key, "head", &good), RESULT_OK);
	for (int bit = 0; bit < 63; bit++) {
		struct audit_checkpoint bad = good;
		bad.seq ^= 1LL << bit;
		assert_false(audit_checkpoint_verify(key, "head", &bad));
		bad = good;
		bad.at ^= 1LL << bit;
		assert_false(audit_checkpoint_verify(key, "head", &bad));
	}
	for (size_t bit = 0; bit < AUDIT_SIGNATURE_SIZE * 8; bit++) {
		struct audit_checkpoint bad = good;
		bad.signature[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		assert_false(audit_checkpoint_verify(key, "head", &bad));
	}
	for (size_t bit = 0; bit < (DIGEST_HEX_SIZE - 1) * 8; bit++) {
		struct audit_checkpoint bad = good;
		bad.hash[bit / 8] = (char)(bad.hash[bit / 8] ^ (1 << (bit % 8)));
		assert_false(audit_checkpoint_verify(key, "head", &bad));
	}
	assert_true(audit_checkpoint_verify(key, "head", &good));
}

static void the_key_comes_back_from_its_seed(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 16);
	_cleanup_(audit_key_freep) struct audit_key *key = NULL;
	_cleanup_(audit_key_freep) struct audit_key *again = NULL;
	_cleanup_(audit_key_freep) struct audit_key *public_half = NULL;
	uint8_t seed[32];
	assert_int_equal(audit_key_generate(&key), RESULT_OK);
	assert_int_equal(audit_key_seed(key, seed), RESULT_OK);
	assert_int_equal(audit_key_from_seed(seed, &again), RESULT_OK);
	const char *pem = audit_key_public_pem(key, arena);
	assert_string_equal(pem, audit_key_public_pem(again, arena));
	assert_int_equal(audit_key_from_public_pem(pem, &public_half), RESULT_OK);
	assert_int_equal(audit_key_seed(public_half, seed), RESULT_INVALID);
}

static void a_public_key_of_another_kind_is_refused(void **state)
{
	(void)state;
	struct audit_key *key = NULL;
	static const char ec[] = "-----BEGIN PUBLIC KEY-----\n"
	                         "MCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n"
	                         "-----END PUBLIC KEY-----\n"; /* X25519 (RFC 8410) */
	assert_int_equal(audit_key_from_public_pem(ec, &key), RESULT_INVALID);
	assert_int_equal(audit_key_from_public_pem("", &key), RESULT_INVALID);
	assert_int_equal(audit_key_from_public_pem("-----BEGIN PUBLIC KEY-----\n", &key), RESULT_INVALID);
	assert_null(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_untouched_chain_holds),
	    cmocka_unit_test(an_auditor_can_recompute_a_hash_from_the_export_alone),
	    cmocka_unit_test(any_bit_changed_in_any_text_is_found_at_its_event),
	    cmocka_unit_test(any_bit_changed_in_a_number_is_found_at_its_event),
	    cmocka_unit_test(a_removed_or_swapped_or_doubled_event_is_found),
	    cmocka_unit_test(the_first_fault_is_the_one_reported),
	    cmocka_unit_test(an_instant_whose_fraction_no_hash_would_cover_is_refused),
	    cmocka_unit_test(a_detail_that_is_no_object_is_refused),
	    cmocka_unit_test(a_chain_recomputed_without_the_key_does_not_get_a_valid_checkpoint),
	    cmocka_unit_test(any_bit_changed_in_a_signed_checkpoint_is_found),
	    cmocka_unit_test(the_key_comes_back_from_its_seed),
	    cmocka_unit_test(a_public_key_of_another_kind_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
