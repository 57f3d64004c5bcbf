/* Allocation: every byte of this program comes through here, is zeroed when it is freed, and can be made to fail.
 *
 * memory_install_library_hooks() routes jansson, OpenSSL, libcurl and SQLite here as well, so that a secret that passed
 * through one of their buffers does not stay behind in a freed block (DESIGN section 9). */
#ifndef AIC_BASE_MEMORY_H
#define AIC_BASE_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

void *memory_alloc(size_t size) MUST_CHECK;                /* NULL on failure; not zeroed; size 0 gives a valid block */
void *memory_calloc(size_t count, size_t size) MUST_CHECK; /* NULL on failure or overflow */
void *memory_realloc(void *block, size_t size) MUST_CHECK; /* the old block is wiped if it moves */
void memory_free(void *block);                             /* wipes, frees; accepts NULL */
char *memory_strdup(const char *text) MUST_CHECK;
void memory_wipe(void *block, size_t size); /* cannot be optimised away */

/* `_cleanup_(memory_freep) char *x` */
void memory_freep(void *pointer_to_pointer);

/* The bytes that a block holds; 0 for NULL. */
size_t memory_size(const void *block);

/* Hands jansson and OpenSSL these functions, once, before either has allocated anything: the first line of main().
 * libcurl gets them from http/, SQLite from store/, since base knows neither. */
void memory_install_library_hooks(void);

/* Left to itself, glibc takes the freeing of a large block for a sign that the next will come, keeps both, and does so
 * for each thread: after a few files of 32 MiB, or a few thousand memberships, the service would hold many times what
 * it needs for good. From now on a block of a megabyte or more goes back to the system when it is freed, and threads
 * share two heaps. Once, before the first thread. */
void memory_keep_little(void);

/* After much was freed: gives what lies free back to the system. Costs about a millisecond. */
void memory_give_back(void);

/* Tests: the Nth allocation from now (1 = the next) returns NULL, once; 0 switches it off. Thread-local. */
void memory_fail_nth(uint64_t nth);
uint64_t memory_count(void);    /* allocations asked for by this thread since it started */
uint64_t memory_failures(void); /* how many of them got nothing, or should have */

/* For a stretch of library code that is not safe when an allocation fails (jansson's lexer): while `on`, an allocation
 * of this thread that memory_fail_nth chose is counted as a failure but succeeds, and one that really fails ends the
 * program. The caller looks at memory_failures() afterwards. */
void memory_insist(bool on);

/* An arena: many small allocations, one free. Bounded from birth. Not thread-safe: one owner at a time. */
struct arena;
struct arena *arena_new(size_t ceiling_bytes) MUST_CHECK; /* NULL on failure */
void arena_free(struct arena *arena);                     /* wipes and frees all; accepts NULL */
void arena_freep(struct arena **arena);
void arena_reset(struct arena *arena);                          /* wipes; keeps the first block */
void *arena_alloc(struct arena *arena, size_t size) MUST_CHECK; /* zeroed, aligned to 16; NULL at the ceiling */
void *arena_array(struct arena *arena, size_t count, size_t size) MUST_CHECK; /* the same, overflow-checked */
char *arena_strdup(struct arena *arena, const char *text) MUST_CHECK;         /* NULL in gives NULL out */
char *arena_strndup(struct arena *arena, const char *text, size_t length) MUST_CHECK;
char *arena_printf(struct arena *arena, const char *format, ...) MUST_CHECK PRINTF_LIKE(2, 3);

#endif
