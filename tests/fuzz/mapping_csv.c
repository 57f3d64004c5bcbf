/* Whatever a file of mappings holds: each of its lines is a row, an error, or empty; and a row that was read comes back
 * as it was when it is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/mapping_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct mapping_row *row, const struct mapping_row *again)
{
	const char *note = row->note != NULL ? row->note : "";

	if (!text_equal(row->account_id, again->account_id) || !text_equal(row->connector_id, again->connector_id) ||
	    !text_equal(row->external_id, again->external_id) || !text_equal(note, again->note))
		abort();
}

static void check_written(const struct mapping_csv *csv, struct arena *arena)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(64u << 20);
	struct mapping_csv again = {0};

	mapping_csv_write_head(&text);
	for (size_t i = 0; i < csv->row_count; i++) {
		struct identity_mapping mapping = {.account_id = csv->rows[i].account_id,
		                                   .connector_id = csv->rows[i].connector_id,
		                                   .external_id = csv->rows[i].external_id,
		                                   .note = csv->rows[i].note};
		mapping_csv_write(&text, &mapping);
	}
	text_append_char(&text, '\0');
	if (text_failed(&text) || mapping_csv_read(text.data, text.length - 1, arena, &again) != RESULT_OK)
		return;
	if (again.error_count != 0 || again.row_count != csv->row_count)
		abort();
	for (size_t i = 0; i < csv->row_count; i++)
		check_same(&csv->rows[i], &again.rows[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(128u << 20);
	char *bytes = arena != NULL ? arena_alloc(arena, size + 1) : NULL;
	struct mapping_csv csv = {0};
	int64_t lines = 1;

	if (bytes == NULL)
		return 0;
	memcpy(bytes, data, size);
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (mapping_csv_read(bytes, size, arena, &csv) != RESULT_OK)
		return 0;
	for (size_t i = 0; i < csv.error_count; i++)
		if (csv.errors[i].line < 1 || csv.errors[i].line > lines ||
		    (i > 0 && csv.errors[i].line < csv.errors[i - 1].line))
			abort();
	check_written(&csv, arena);
	return 0;
}
