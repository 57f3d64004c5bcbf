/* A cell of a CSV file for a spreadsheet. */
#ifndef AIC_SERVER_CSV_CELL_H
#define AIC_SERVER_CSV_CELL_H

#include "base/text.h"

/* Appends a value (NULL: empty) and what follows it: "," or the end of the line. One that a spreadsheet would take for
 * a formula (it begins with = + - @, a tab or a carriage return) gets an apostrophe before it. */
void csv_append_cell(struct text *text, const char *value, const char *after);
/* The same, where the caller knows whether it gets one. */
void csv_append_marked_cell(struct text *text, const char *value, bool marked, const char *after);

#endif
