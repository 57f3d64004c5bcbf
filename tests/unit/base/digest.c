#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/text.h"

static void digests_are_those_of_fips_180_4(void **state)
{
	(void)state;
	char hex[DIGEST_HEX_SIZE];
	assert_int_equal(digest_sha256_hex("abc", 3, hex), RESULT_OK);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(digest_sha256_hex(NULL, 0, hex), RESULT_OK);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void signatures_are_those_of_rfc_4231(void **state)
{
	(void)state;
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	assert_int_equal(digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest), RESULT_OK);
	text_hex_encode(digest, DIGEST_SIZE, hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	char key[131];
	memset(key, 0xaa, sizeof(key));
	static const char data[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	assert_int_equal(digest_hmac_sha256(key, sizeof(key), data, strlen(data), digest), RESULT_OK);
	text_hex_encode(digest, DIGEST_SIZE, hex);
	assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void an_empty_key_is_a_key_not_the_last_one(void **state)
{
	(void)state;
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	assert_int_equal(digest_hmac_sha256("Jefe", 4, "x", 1, digest), RESULT_OK);
	assert_int_equal(digest_hmac_sha256(NULL, 0, NULL, 0, digest), RESULT_OK);
	text_hex_encode(digest, DIGEST_SIZE, hex);
	assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void what_comes_in_pieces_has_the_digest_of_the_whole(void **state)
{
	(void)state;
	static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	for (size_t size = 1; size < sizeof(text); size++) {
		_cleanup_(digest_stream_freep) struct digest_stream *stream = NULL;
		char whole[DIGEST_HEX_SIZE], pieces[DIGEST_HEX_SIZE];
		assert_int_equal(digest_stream_new(&stream), RESULT_OK);
		for (size_t at = 0; at < sizeof(text) - 1; at += size) {
			size_t left = sizeof(text) - 1 - at;
			assert_int_equal(digest_stream_hex(stream, pieces), RESULT_OK); /* asked in between, it goes on */
			assert_int_equal(digest_stream_add(stream, text + at, left < size ? left : size), RESULT_OK);
		}
		assert_int_equal(digest_stream_hex(stream, pieces), RESULT_OK);
		assert_int_equal(digest_sha256_hex(text, sizeof(text) - 1, whole), RESULT_OK);
		assert_string_equal(pieces, whole);
	}
}

static void running_out_of_memory_never_gives_a_partial_digest(void **state)
{
	(void)state;
	uint64_t nth = 1;
	for (;; nth++) {
		uint8_t digest[DIGEST_SIZE] = {0}, untouched[DIGEST_SIZE] = {0};
		memory_fail_nth(nth);
		enum result result = digest_hmac_sha256("Jefe", 4, "x", 1, digest);
		if (result == RESULT_OK)
			break;
		assert_int_equal(result, RESULT_NO_MEMORY);
		assert_memory_equal(digest, untouched, DIGEST_SIZE);
	}
	for (nth = 1;; nth++) {
		uint8_t digest[DIGEST_SIZE];
		memory_fail_nth(nth);
		if (digest_sha256("x", 1, digest) == RESULT_OK)
			break;
	}
	memory_fail_nth(0);
	assert_true(nth > 1);
}

static int install_hooks(void **state)
{
	(void)state;
	memory_install_library_hooks();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digests_are_those_of_fips_180_4),
	    cmocka_unit_test(signatures_are_those_of_rfc_4231),
	    cmocka_unit_test(an_empty_key_is_a_key_not_the_last_one),
	    cmocka_unit_test(what_comes_in_pieces_has_the_digest_of_the_whole),
	    cmocka_unit_test(running_out_of_memory_never_gives_a_partial_digest),
	};
	return cmocka_run_group_tests(tests, install_hooks, NULL);
}
