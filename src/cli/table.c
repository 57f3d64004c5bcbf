#include "cli/table.h"

#include <string.h>

#include "cli/plain_text.h"

struct row {
	struct row *next;
	const char **cells;
};

struct table {
	struct arena *arena;
	const char *const *headings;
	size_t columns;
	size_t rows;
	struct row *first;
	struct row **last;
	bool failed;
};

struct table *table_new(struct arena *arena, const char *const *headings, size_t columns)
{
	struct table *table = arena_alloc(arena, sizeof(*table));

	if (!table)
		return NULL;
	*table = (struct table){.arena = arena, .headings = headings, .columns = columns};
	table->last = &table->first;
	return table;
}

/* Where the string has taken `width` columns: a place between two characters. */
static size_t bytes_for_width(const char *string, size_t width)
{
	size_t length = 0;

	while (string[length]) {
		size_t next = length + 1;
		char head[8] = "";

		while (((unsigned char)string[next] & 0xc0) == 0x80)
			next++;
		memcpy(head, string + length, next - length < sizeof(head) ? next - length : sizeof(head) - 1);
		if (plain_text_width(head) > width)
			break;
		width -= plain_text_width(head);
		length = next;
	}
	return length;
}

static const char *make_cell(struct table *table, const char *value, bool last)
{
	const char *plain = plain_text(table->arena, text_is_empty(value) ? "-" : value);

	if (!plain || last || plain_text_width(plain) <= TABLE_CELL_WIDEST)
		return plain;
	return arena_printf(table->arena, "%.*s…", (int)bytes_for_width(plain, TABLE_CELL_WIDEST - 1), plain);
}

void table_add(struct table *table, const char *const *cells)
{
	struct row *row = arena_alloc(table->arena, sizeof(*row));
	const char **copies = arena_array(table->arena, table->columns, sizeof(*copies));

	if (!row || !copies) {
		table->failed = true;
		return;
	}
	for (size_t i = 0; i < table->columns; i++) {
		copies[i] = make_cell(table, cells[i], i + 1 == table->columns);
		if (!copies[i]) {
			table->failed = true;
			return;
		}
	}
	*row = (struct row){.cells = copies};
	*table->last = row;
	table->last = &row->next;
	table->rows++;
}

size_t table_rows(const struct table *table)
{
	return table->rows;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t widest = table->headings ? plain_text_width(table->headings[column]) : 0;

	for (const struct row *row = table->first; row; row = row->next) {
		size_t width = plain_text_width(row->cells[column]);

		if (width > widest)
			widest = width;
	}
	return widest;
}

static void render_row(const struct table *table, const char *const *cells, const size_t *widths, struct text *into)
{
	for (size_t i = 0; i < table->columns; i++) {
		text_append(into, cells[i]);
		if (i + 1 == table->columns)
			break;
		for (size_t width = plain_text_width(cells[i]); width < widths[i] + 2; width++)
			text_append_char(into, ' ');
	}
	text_append_char(into, '\n');
}

bool table_render(const struct table *table, struct text *into)
{
	size_t *widths = arena_array(table->arena, table->columns, sizeof(*widths));

	if (!widths || table->failed)
		return false;
	for (size_t i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	if (table->headings)
		render_row(table, table->headings, widths, into);
	for (const struct row *row = table->first; row; row = row->next)
		render_row(table, row->cells, widths, into);
	return !text_failed(into);
}
