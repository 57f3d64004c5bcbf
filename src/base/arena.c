/* Arena: a chain of zeroed blocks that grow in size, under one ceiling.
 *
 * Invariant: every byte of a block beyond `used` is zero, so that handing one out needs no clearing: blocks come from
 * calloc, and arena_reset wipes what had been used. The ceiling counts what the blocks hold, handed out or not, so it
 * bounds the memory that is really taken. */
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

#define ALIGNMENT 16
#define FIRST_BLOCK 4096
#define LARGEST_GROWTH (256 * 1024)

struct block {
	struct block *next;
	size_t size;
	size_t used;
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
	struct block *current; /* the one that is filled; fuller ones and those made for one large piece are behind it */
	size_t held;           /* sum of the blocks' sizes */
	size_t ceiling;
	size_t next_size;
};

struct arena *arena_new(size_t ceiling_bytes)
{
	struct arena *arena = memory_calloc(1, sizeof(*arena));
	if (arena == NULL)
		return NULL;
	arena->ceiling = ceiling_bytes < PTRDIFF_MAX / 2 ? ceiling_bytes : PTRDIFF_MAX / 2; /* sums cannot overflow */
	arena->next_size = FIRST_BLOCK;
	return arena;
}

static void free_blocks(struct block *block)
{
	while (block != NULL) {
		struct block *next = block->next;
		memory_free(block);
		block = next;
	}
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	free_blocks(arena->current);
	memory_free(arena);
}

void arena_freep(struct arena **arena)
{
	arena_free(*arena);
	*arena = NULL;
}

void arena_reset(struct arena *arena)
{
	if (arena->current == NULL)
		return;
	/* The first block is the last of the chain. */
	struct block *block = arena->current;
	while (block->next != NULL) {
		struct block *next = block->next;
		memory_free(block);
		block = next;
	}
	memory_wipe(block->bytes, block->used);
	block->used = 0;
	arena->current = block;
	arena->held = block->size;
	arena->next_size = FIRST_BLOCK;
}

/* A block that holds at least `size`, linked in; NULL at the ceiling. */
static struct block *add_block(struct arena *arena, size_t size)
{
	size_t left = arena->ceiling - arena->held;
	if (size > left)
		return NULL;
	size_t wanted = size > arena->next_size ? size : arena->next_size;
	if (wanted > left)
		wanted = left;
	struct block *block = memory_calloc(1, sizeof(*block) + wanted);
	if (block == NULL)
		return NULL;
	block->size = wanted;
	arena->held += wanted;
	if (arena->next_size < LARGEST_GROWTH)
		arena->next_size *= 2;

	struct block *current = arena->current;
	if (current != NULL && current->size - current->used > wanted - size) {
		block->next = current->next; /* the present one still has more room: this one goes behind it */
		current->next = block;
	} else {
		block->next = current;
		arena->current = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > arena->ceiling)
		return NULL;
	size_t rounded = (size == 0 ? ALIGNMENT : size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct block *block = arena->current;
	if (block == NULL || block->size - block->used < rounded) {
		block = add_block(arena, rounded);
		if (block == NULL)
			return NULL;
	}
	void *piece = block->bytes + block->used;
	block->used += rounded;
	return piece;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	if (text == NULL || length == SIZE_MAX)
		return NULL;
	char *copy = arena_alloc(arena, length + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;
	char *text = arena_alloc(arena, (size_t)length + 1);
	if (text == NULL)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}
