/* A table for people: columns as wide as their widest cell, the last one left ragged, all cells made plain. */
#ifndef AIC_CLI_TABLE_H
#define AIC_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/text.h"

/* A longer cell is cut with an ellipsis, except in the last column. An id that people chose has at most 63. */
#define TABLE_CELL_WIDEST 64

struct table;

/* headings NULL: none are shown. */
struct table *table_new(struct arena *arena, const char *const *headings, size_t columns) MUST_CHECK;
/* As many cells as columns; NULL is shown as "-". Marks the table failed if memory runs out. */
void table_add(struct table *table, const char *const *cells);
size_t table_rows(const struct table *table);
/* Appends the whole table; false if a row was lost for lack of memory. */
bool table_render(const struct table *table, struct text *into) MUST_CHECK;

#endif
