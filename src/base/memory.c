/* The one door to the heap.
 *
 * Invariant: a block is wiped over its whole usable size before the C library gets it back, whoever allocated it. That
 * is why memory_realloc never calls realloc(3), which would leave the old copy behind when it moves. Block sizes come
 * from malloc_usable_size, so no header is put in front of a block: a pointer of ours is a pointer of malloc's, and
 * libraries may be handed these functions (jansson, OpenSSL, libcurl, SQLite) without a second bookkeeping.
 *
 * The fault counters are thread-local: a test that makes the Nth allocation fail disturbs only its own thread, and the
 * price on the ordinary path is one increment and one comparison. */
#include "base/memory.h"

#include <jansson.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HEAPS 2
#define LARGE_BLOCK (1024 * 1024)

static _Thread_local uint64_t allocation_count;
static _Thread_local uint64_t failing_count; /* the allocation with this number fails; 0: none */
static _Thread_local uint64_t failure_count;
static _Thread_local bool insisting;

/* Counts one allocation; false if it is the one that must fail. */
static inline bool may_allocate(void)
{
	allocation_count++;
	if (__builtin_expect(allocation_count != failing_count, 1))
		return true;
	failing_count = 0;
	failure_count++;
	return insisting;
}

static inline void *counted(void *block)
{
	if (block == NULL) {
		if (insisting)
			abort();
		failure_count++;
	}
	return block;
}

void *memory_alloc(size_t size)
{
	if (!may_allocate())
		return NULL;
	return counted(malloc(size == 0 ? 1 : size));
}

void *memory_calloc(size_t count, size_t size)
{
	size_t total;
	if (!may_allocate() || __builtin_mul_overflow(count, size, &total))
		return NULL;
	if (total == 0)
		count = size = 1;
	return counted(calloc(count, size));
}

void *memory_realloc(void *block, size_t size)
{
	if (block == NULL)
		return memory_alloc(size);
	if (!may_allocate())
		return NULL;
	size_t present = malloc_usable_size(block);
	if (size <= present && size >= present / 2)
		return block;
	void *moved = counted(malloc(size == 0 ? 1 : size));
	if (moved == NULL)
		return NULL;
	memcpy(moved, block, size < present ? size : present);
	memory_free(block);
	return moved;
}

void memory_free(void *block)
{
	if (block == NULL)
		return;
	explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

void memory_freep(void *pointer_to_pointer)
{
	void **pointer = pointer_to_pointer;
	memory_free(*pointer);
	*pointer = NULL;
}

size_t memory_size(const void *block)
{
	return malloc_usable_size((void *)block);
}

char *memory_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memory_alloc(size);
	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

void memory_wipe(void *block, size_t size)
{
	if (size > 0)
		explicit_bzero(block, size);
}

void memory_fail_nth(uint64_t nth)
{
	failing_count = nth == 0 ? 0 : allocation_count + nth;
}

uint64_t memory_count(void)
{
	return allocation_count;
}

uint64_t memory_failures(void)
{
	return failure_count;
}

void memory_insist(bool on)
{
	insisting = on;
}

/* OpenSSL passes the place of the call, and asks for nothing with size 0. */
static void *openssl_alloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 ? NULL : memory_alloc(size);
}

static void openssl_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	memory_free(block);
}

static void *openssl_realloc(void *block, size_t size, const char *file, int line)
{
	if (size == 0) {
		openssl_free(block, file, line);
		return NULL;
	}
	return memory_realloc(block, size);
}

void memory_keep_little(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	(void)mallopt(M_TRIM_THRESHOLD, LARGE_BLOCK);
	(void)mallopt(M_ARENA_MAX, HEAPS);
}

void memory_give_back(void)
{
	(void)malloc_trim(0);
}

void memory_install_library_hooks(void)
{
	json_set_alloc_funcs(memory_alloc, memory_free);
	/* OpenSSL refuses once it has allocated: the second call, and one that comes too late, change nothing. */
	(void)CRYPTO_set_mem_functions(openssl_alloc, openssl_realloc, openssl_free);
}
