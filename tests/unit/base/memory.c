#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* How many bytes of a block that was freed still hold `byte`. Read through the kernel: a plain read would be undefined.
 */
static int bytes_left(uintptr_t address, size_t size, char byte)
{
	char copy[8192];
	assert_true(size <= sizeof(copy));
	int memory = open("/proc/self/mem", O_RDONLY);
	assert_true(memory >= 0);
	assert_int_equal(pread(memory, copy, size, (off_t)address), size);
	close(memory);
	int found = 0;
	for (size_t i = 0; i < size; i++)
		found += copy[i] == byte;
	return found;
}

static void a_block_chosen_to_fail_fails_once_and_only_once(void **state)
{
	(void)state;
	memory_fail_nth(2);
	void *first = memory_alloc(8), *second = memory_alloc(8), *third = memory_alloc(8);
	assert_non_null(first);
	assert_null(second);
	assert_non_null(third);
	memory_free(first);
	memory_free(third);

	memory_fail_nth(1);
	memory_fail_nth(0);
	void *spared = memory_calloc(1, 1);
	assert_non_null(spared);
	memory_free(spared);
}

static void failed_and_asked_allocations_are_counted(void **state)
{
	(void)state;
	uint64_t count = memory_count(), failures = memory_failures();
	memory_fail_nth(1);
	assert_null(memory_strdup("x"));
	void *block = memory_realloc(NULL, 4);
	assert_int_equal(memory_count() - count, 2);
	assert_int_equal(memory_failures() - failures, 1);
	memory_free(block);
}

static void an_overflowing_count_gives_nothing_instead_of_a_small_block(void **state)
{
	(void)state;
	volatile size_t huge = SIZE_MAX / 2;
	assert_null(memory_calloc(huge, 4));
}

static void nothing_and_null_are_accepted(void **state)
{
	(void)state;
	void *empty = memory_alloc(0);
	assert_non_null(empty);
	memory_free(empty);
	memory_free(NULL);
	empty = memory_calloc(0, 7);
	assert_non_null(empty);
	memory_freep(&empty);
	assert_null(empty);
	memory_wipe(NULL, 0);
	assert_int_equal(memory_size(NULL), 0);
}

static void a_moved_block_keeps_its_contents_and_a_failed_move_keeps_the_block(void **state)
{
	(void)state;
	char *block = memory_strdup("fourteen bytes");
	char *moved = memory_realloc(block, 100000);
	assert_non_null(moved);
	assert_string_equal(moved, "fourteen bytes");
	memory_fail_nth(1);
	assert_null(memory_realloc(moved, 200000));
	assert_string_equal(moved, "fourteen bytes");
	char *smaller = memory_realloc(moved, 15);
	assert_non_null(smaller);
	assert_string_equal(smaller, "fourteen bytes");
	assert_true(memory_size(smaller) >= 15);
	memory_free(smaller);
}

static void a_block_of_insisted_memory_is_given_and_the_failure_remembered(void **state)
{
	(void)state;
	uint64_t failures = memory_failures();
	memory_insist(true);
	memory_fail_nth(1);
	void *block = memory_alloc(10);
	memory_insist(false);
	assert_non_null(block);
	assert_int_equal(memory_failures() - failures, 1);
	memory_free(block);
}

static void *allocate_in_another_thread(void *unused)
{
	(void)unused;
	void *block = memory_alloc(1);
	bool given = block != NULL;
	memory_free(block);
	return given ? (void *)1 : NULL;
}

static void a_failure_is_not_seen_by_another_thread(void **state)
{
	(void)state;
	pthread_t thread;
	memory_fail_nth(1);
	assert_int_equal(pthread_create(&thread, NULL, allocate_in_another_thread, NULL), 0);
	void *given;
	pthread_join(thread, &given);
	memory_fail_nth(0);
	assert_non_null(given);
}

static void no_secret_stays_behind_in_a_freed_block(void **state)
{
	(void)state;
	char *block = memory_alloc(4096);
	memset(block, 'S', memory_size(block));
	uintptr_t address = (uintptr_t)block;
	assert_int_equal(bytes_left(address, 4096, 'S'), 4096); /* the look itself works */
	memory_free(block);
	assert_int_equal(bytes_left(address, 4096, 'S'), 0);

	block = memory_alloc(4096);
	memset(block, 'T', memory_size(block));
	address = (uintptr_t)block;
	block = memory_realloc(block, 1 << 20); /* moves */
	assert_non_null(block);
	assert_int_equal(bytes_left(address, 4096, 'T'), 0);
	memory_free(block);
}

static void jansson_and_openssl_allocate_through_the_same_door(void **state)
{
	(void)state;
	uint64_t count = memory_count();
	json_t *value = json_object();
	assert_non_null(value);
	json_decref(value);
	assert_true(memory_count() > count);

	count = memory_count();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_non_null(context);
	EVP_MD_CTX_free(context);
	assert_true(memory_count() > count);
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
	    cmocka_unit_test(a_block_chosen_to_fail_fails_once_and_only_once),
	    cmocka_unit_test(failed_and_asked_allocations_are_counted),
	    cmocka_unit_test(an_overflowing_count_gives_nothing_instead_of_a_small_block),
	    cmocka_unit_test(nothing_and_null_are_accepted),
	    cmocka_unit_test(a_moved_block_keeps_its_contents_and_a_failed_move_keeps_the_block),
	    cmocka_unit_test(a_block_of_insisted_memory_is_given_and_the_failure_remembered),
	    cmocka_unit_test(a_failure_is_not_seen_by_another_thread),
	    cmocka_unit_test(no_secret_stays_behind_in_a_freed_block),
	    cmocka_unit_test(jansson_and_openssl_allocate_through_the_same_door),
	};
	return cmocka_run_group_tests(tests, install_hooks, NULL);
}
