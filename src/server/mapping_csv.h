/* Identity mappings as a file: RFC 4180, in UTF-8, with a first line that names the columns. */
#ifndef AIC_SERVER_MAPPING_CSV_H
#define AIC_SERVER_MAPPING_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/text.h"
#include "domain/catalog.h"
#include "store/store.h"

#define MAPPING_CSV_ROWS_MAX 250000

/* What a file says. Errors are in the order of the lines; beyond MAPPING_IMPORT_ERRORS_MAX they are only counted as
 * truncated. Rows that have an error are not among the rows. */
struct mapping_csv {
	struct mapping_row *rows; /* their strings lie in the bytes given */
	size_t row_count;
	struct mapping_import_error *errors; /* line, code (of shape.h, or csv_malformed's "malformed"), path, detail */
	size_t error_count;
	bool truncated;
};

/* Reads the columns accountId, connectorId, externalId and (if there) note, in any order, behind a byte order mark or
 * none. One apostrophe before = + - @ is taken away. `bytes` has room for one byte beyond `length`; it is written over.
 * Everything else lies in the arena. RESULT_NO_MEMORY only. */
enum result mapping_csv_read(char *bytes, size_t length, struct arena *arena, struct mapping_csv *ret_csv) MUST_CHECK;

/* Adds an error in the order of lines, after those of the same line. */
void mapping_csv_add_error(struct mapping_csv *csv, const struct mapping_import_error *error);

/* The first line, and one for each mapping. A value that a spreadsheet would take for a formula gets an apostrophe, and
 * so does one that reading would take an apostrophe from: what was written is read back as it was. */
void mapping_csv_write_head(struct text *text);
void mapping_csv_write(struct text *text, const struct identity_mapping *mapping);

#endif
