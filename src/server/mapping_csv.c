#include "server/mapping_csv.h"

#include <string.h>

#include "base/json.h"
#include "server/csv_cell.h"
#include "server/shapes.h"

#define COLUMNS 4
#define FIELDS_MAX 16
#define SCRATCH_CEILING ((size_t)64 << 10)

static const char *const column_names[COLUMNS] = {"accountId", "connectorId", "externalId", "note"};
enum { COLUMN_ACCOUNT, COLUMN_CONNECTOR, COLUMN_EXTERNAL, COLUMN_NOTE };

struct csv_field {
	char *text;
	size_t length;
};

struct csv_reader {
	char *at;
	char *end;
	int64_t line; /* where the next record begins */
	struct csv_field fields[FIELDS_MAX];
	size_t count;
	const char *fault;     /* of the record just read; NULL: none */
	struct arena *scratch; /* what the check of one row needs: rows are many, and it is given back before the next */
};

/* ---- records ---- */

static void skip_line(struct csv_reader *reader)
{
	char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	reader->at = newline != NULL ? newline + 1 : reader->end;
	reader->line++;
}

/* A quoted field is written over itself, without its quotes. */
static char *take_quoted(struct csv_reader *reader, struct csv_field *field)
{
	char *to = reader->at;
	field->text = to;
	for (char *from = reader->at + 1; from < reader->end; from++) {
		if (*from == '"' && from + 1 < reader->end && from[1] == '"')
			from++;
		else if (*from == '"') {
			field->length = (size_t)(to - field->text);
			return from + 1;
		}
		if (*from == '\n')
			reader->line++;
		*to++ = *from;
	}
	reader->fault = "a quotation mark is opened and not closed";
	return reader->end;
}

static char *take_plain(struct csv_reader *reader, struct csv_field *field)
{
	char *from = reader->at;
	while (from < reader->end && *from != ',' && *from != '\n' && *from != '"')
		from++;
	if (from < reader->end && *from == '"')
		reader->fault = "a quotation mark stands within a field that does not begin with one";
	field->text = reader->at;
	field->length = (size_t)(from - reader->at);
	if (field->length > 0 && (from == reader->end || *from == '\n') && from[-1] == '\r')
		field->length--;
	return from;
}

/* Steps over what ends a field: true if another field follows. */
static bool take_end(struct csv_reader *reader, char *after)
{
	if (after < reader->end && *after == '\r' && (after + 1 == reader->end || after[1] == '\n'))
		after++;
	reader->at = after;
	if (after == reader->end)
		return false;
	reader->at++;
	if (*after == ',')
		return true;
	if (*after == '\n')
		reader->line++;
	else
		reader->fault = "something stands between a closing quotation mark and the comma";
	return false;
}

/* False at the end. A record with a fault is left at the next line. */
static bool record_next(struct csv_reader *reader)
{
	reader->count = 0;
	reader->fault = NULL;
	if (reader->at == reader->end)
		return false;
	bool more = true;
	while (more && reader->fault == NULL) {
		struct csv_field field = {0};
		bool quoted = reader->at < reader->end && *reader->at == '"';
		char *after = quoted ? take_quoted(reader, &field) : take_plain(reader, &field);
		if (reader->count < FIELDS_MAX)
			reader->fields[reader->count] = field;
		reader->count++;
		if (reader->fault != NULL) {
			reader->at = after;
			break;
		}
		more = take_end(reader, after);
	}
	if (reader->fault != NULL && reader->at < reader->end)
		skip_line(reader);
	/* Only now: the byte behind a field may be the comma or the newline that ends it. */
	for (size_t i = 0; reader->fault == NULL && i < reader->count && i < FIELDS_MAX; i++)
		reader->fields[i].text[reader->fields[i].length] = '\0';
	return true;
}

/* ---- errors ---- */

void mapping_csv_add_error(struct mapping_csv *csv, const struct mapping_import_error *error)
{
	size_t at = csv->error_count;
	while (at > 0 && csv->errors[at - 1].line > error->line)
		at--;
	if (csv->error_count == MAPPING_IMPORT_ERRORS_MAX) {
		csv->truncated = true;
		if (at == csv->error_count)
			return;
		csv->error_count--;
	}
	memmove(&csv->errors[at + 1], &csv->errors[at], (csv->error_count - at) * sizeof(*csv->errors));
	csv->errors[at] = *error;
	csv->error_count++;
}

static void fault_add(struct mapping_csv *csv, int64_t line, const char *code, const char *path, const char *detail)
{
	const struct mapping_import_error error = {.line = line, .code = code, .path = path, .detail = detail};
	mapping_csv_add_error(csv, &error);
}

/* ---- the first line ---- */

/* *columns: which field holds it, -1: none. False if a fault was added. */
static bool head_read(const struct csv_reader *reader, struct arena *arena, struct mapping_csv *csv,
                      int columns[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
		columns[i] = -1;
	if (reader->fault != NULL)
		fault_add(csv, 1, "malformed", "", reader->fault);
	for (size_t at = 0; reader->fault == NULL && at < reader->count && at < FIELDS_MAX; at++) {
		int column = 0;
		while (column < COLUMNS && !text_equal(column_names[column], reader->fields[at].text))
			column++;
		if (column == COLUMNS)
			fault_add(csv, 1, "unknown_key", "",
			          arena_printf(arena, "column %zu is none of accountId, connectorId, externalId, note", at + 1));
		else if (columns[column] >= 0)
			fault_add(csv, 1, "duplicate", column_names[column], "the column stands there twice");
		else
			columns[column] = (int)at;
	}
	if (reader->count > FIELDS_MAX)
		fault_add(csv, 1, "too_long", "", "there are more columns than a file of mappings has");
	for (int i = 0; i < COLUMN_NOTE && reader->fault == NULL; i++)
		if (columns[i] < 0)
			fault_add(csv, 1, "required", column_names[i], "the first line does not name this column");
	return csv->error_count == 0;
}

/* ---- rows ---- */

static bool is_formula(const char *text)
{
	return text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
}

static bool is_marked(const char *text)
{
	return text[0] == '\'' && is_formula(text + strspn(text, "'"));
}

/* The same rules as for one mapping that is posted. */
static enum result row_check(const struct csv_reader *reader, const int columns[COLUMNS], int64_t line,
                             struct arena *arena, struct mapping_csv *csv, bool *ret_good)
{
	static struct shape_fault none;
	struct shape_faults faults = {.items = {none}};
	bool failed = false;
	bool utf8 = true;
	_cleanup_(json_decrefp) json_t *value = json_object();
	for (int i = 0; i < COLUMNS; i++) {
		if (columns[i] < 0)
			continue;
		const struct csv_field *field = &reader->fields[columns[i]];
		bool plain = text_is_utf8(field->text, field->length) && strlen(field->text) == field->length;
		if (!plain)
			fault_add(csv, line, "malformed", column_names[i], "must be text in UTF-8");
		else
			json_put_string(value, column_names[i], field->text + is_marked(field->text), &failed);
		utf8 = utf8 && plain;
	}
	*ret_good = utf8;
	if (!utf8)
		return RESULT_OK;
	shape_check(&shape_mapping_create, value, reader->scratch, &faults);
	*ret_good = faults.count == 0;
	for (size_t i = 0; i < faults.count; i++) {
		const char *path = arena_strdup(arena, faults.items[i].path);
		const char *detail = arena_strdup(arena, faults.items[i].detail);
		failed = failed || path == NULL || detail == NULL;
		if (!failed)
			fault_add(csv, line, faults.items[i].code, path, detail);
	}
	arena_reset(reader->scratch);
	return failed || faults.failed ? RESULT_NO_MEMORY : RESULT_OK;
}

static const char *cell(const struct csv_reader *reader, int column)
{
	const char *text = column >= 0 ? reader->fields[column].text : NULL;
	return text != NULL ? text + is_marked(text) : NULL;
}

static enum result row_take(const struct csv_reader *reader, const int columns[COLUMNS], size_t wanted, int64_t line,
                            struct arena *arena, struct mapping_csv *csv)
{
	bool good = false;
	if (reader->fault != NULL || reader->count != wanted) {
		fault_add(csv, line, "malformed", "",
		          reader->fault != NULL
		              ? reader->fault
		              : arena_printf(arena, "has %zu fields where the first line has %zu", reader->count, wanted));
		return RESULT_OK;
	}
	enum result result = row_check(reader, columns, line, arena, csv, &good);
	if (result == RESULT_OK && good)
		csv->rows[csv->row_count++] = (struct mapping_row){.line = line,
		                                                   .account_id = cell(reader, columns[COLUMN_ACCOUNT]),
		                                                   .connector_id = cell(reader, columns[COLUMN_CONNECTOR]),
		                                                   .external_id = cell(reader, columns[COLUMN_EXTERNAL]),
		                                                   .note = cell(reader, columns[COLUMN_NOTE])};
	return result;
}

static bool is_empty_line(const struct csv_reader *reader)
{
	return reader->fault == NULL && reader->count == 1 && reader->fields[0].length == 0;
}

/* As many as there could be: lines, at the most. */
static size_t rows_possible(const char *bytes, size_t length)
{
	size_t count = 1;
	for (size_t i = 0; i < length; i++)
		count += bytes[i] == '\n';
	return count > MAPPING_CSV_ROWS_MAX ? MAPPING_CSV_ROWS_MAX : count;
}

static enum result rows_read(struct csv_reader *reader, const int columns[COLUMNS], struct arena *arena,
                             struct mapping_csv *csv)
{
	size_t wanted = reader->count;
	enum result result = RESULT_OK;
	size_t seen = 0;
	for (int64_t line = reader->line; result == RESULT_OK && record_next(reader); line = reader->line) {
		if (is_empty_line(reader))
			continue;
		if (seen++ == MAPPING_CSV_ROWS_MAX) {
			fault_add(csv, line, "too_long", "", "a file may have at most 250000 rows; divide it");
			break;
		}
		if (csv->error_count < MAPPING_IMPORT_ERRORS_MAX)
			result = row_take(reader, columns, wanted, line, arena, csv);
		else
			csv->truncated = true;
		if (csv->truncated)
			break;
	}
	return result;
}

enum result mapping_csv_read(char *bytes, size_t length, struct arena *arena, struct mapping_csv *ret_csv)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t skipped = length >= 3 && memcmp(bytes, mark, 3) == 0 ? 3 : 0;
	_cleanup_(arena_freep) struct arena *scratch = arena_new(SCRATCH_CEILING);
	struct csv_reader reader = {.at = bytes + skipped, .end = bytes + length, .line = 1, .scratch = scratch};
	struct mapping_csv csv = {.rows = arena_array(arena, rows_possible(bytes, length), sizeof(*csv.rows)),
	                          .errors = arena_array(arena, MAPPING_IMPORT_ERRORS_MAX + 1, sizeof(*csv.errors))};
	int columns[COLUMNS];
	enum result result = RESULT_OK;
	if (csv.rows == NULL || csv.errors == NULL || scratch == NULL)
		return RESULT_NO_MEMORY;
	if (!record_next(&reader))
		fault_add(&csv, 1, "required", "", "the file is empty: its first line names the columns");
	else if (head_read(&reader, arena, &csv, columns))
		result = rows_read(&reader, columns, arena, &csv);
	if (result == RESULT_OK)
		*ret_csv = csv;
	return result;
}

/* ---- writing ---- */

static void cell_write(struct text *text, const char *value, const char *after)
{
	bool marked = value != NULL && (is_formula(value) || is_marked(value));
	csv_append_marked_cell(text, value, marked, after);
}

void mapping_csv_write_head(struct text *text)
{
	text_append(text, "accountId,connectorId,externalId,note\r\n");
}

void mapping_csv_write(struct text *text, const struct identity_mapping *mapping)
{
	cell_write(text, mapping->account_id, ",");
	cell_write(text, mapping->connector_id, ",");
	cell_write(text, mapping->external_id, ",");
	cell_write(text, mapping->note, "\r\n");
}
