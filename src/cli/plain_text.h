/* Text from elsewhere, made fit for a terminal: what could move the cursor, change the title, hide or turn text around
 * is taken out. */
#ifndef AIC_CLI_PLAIN_TEXT_H
#define AIC_CLI_PLAIN_TEXT_H

#include <stddef.h>

#include "base/macro.h"
#include "base/text.h"

/* Appends without control characters (C0, DEL, C1), bidirectional controls and bytes that are not UTF-8 (one '?' each).
 * Line ends and tabs become one space. */
void plain_text_append(struct text *text, const char *string);
/* The same into an arena; NULL if memory ran out. NULL gives "". */
const char *plain_text(struct arena *arena, const char *string) MUST_CHECK;
/* How many columns a terminal gives it, near enough: characters that are not combining, wide ones counted twice. */
size_t plain_text_width(const char *string);

/* Breaks lines of plain text between words where they would be wider than `width` columns. */
void plain_text_append_wrapped(struct text *into, const char *plain, size_t width);

#endif
