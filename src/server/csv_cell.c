#include "server/csv_cell.h"

#include <string.h>

void csv_append_cell(struct text *text, const char *value, const char *after)
{
	bool formula = value != NULL && value[0] != '\0' && strchr("=+-@\t\r", value[0]) != NULL;
	csv_append_marked_cell(text, value, formula, after);
}

void csv_append_marked_cell(struct text *text, const char *value, bool marked, const char *after)
{
	if (value == NULL)
		value = "";
	bool quoted = strpbrk(value, ",\"\r\n") != NULL;
	if (quoted)
		text_append_char(text, '"');
	if (marked)
		text_append_char(text, '\'');
	for (; *value != '\0'; value++) {
		if (*value == '"')
			text_append_char(text, '"');
		text_append_char(text, *value);
	}
	if (quoted)
		text_append_char(text, '"');
	text_append(text, after);
}
