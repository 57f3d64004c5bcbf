#include "sim_memory.h"

#include <jansson.h>
#include <stdatomic.h>

#include "base/memory.h"

void *__real_memory_alloc(size_t size);
void *__real_memory_calloc(size_t count, size_t size);
void *__real_memory_realloc(void *block, size_t size);
char *__real_memory_strdup(const char *text);
void *__wrap_memory_alloc(size_t size);
void *__wrap_memory_calloc(size_t count, size_t size);
void *__wrap_memory_realloc(void *block, size_t size);
char *__wrap_memory_strdup(const char *text);

static _Atomic uint64_t allocations;
static _Atomic uint64_t failing;
static _Thread_local int outside;

void sim_memory_install(void)
{
	json_set_alloc_funcs(memory_alloc, memory_free);
}

void sim_memory_outside(void)
{
	outside++;
}

void sim_memory_inside(void)
{
	outside--;
}

uint64_t sim_memory_count(void)
{
	return allocations;
}

void sim_memory_fail_nth(uint64_t nth)
{
	failing = nth == 0 ? 0 : allocations + nth;
}

/* memory.c does the failing, which knows where it must not. */
static void note(void)
{
	if (outside == 0 && atomic_fetch_add(&allocations, 1) + 1 == failing)
		memory_fail_nth(1);
}

void *__wrap_memory_alloc(size_t size)
{
	note();
	return __real_memory_alloc(size);
}

void *__wrap_memory_calloc(size_t count, size_t size)
{
	note();
	return __real_memory_calloc(count, size);
}

void *__wrap_memory_realloc(void *block, size_t size)
{
	note();
	return __real_memory_realloc(block, size);
}

char *__wrap_memory_strdup(const char *text)
{
	note();
	return __real_memory_strdup(text);
}
