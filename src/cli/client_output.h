/* Answers of the API as a person reads them. All text from the service goes through plain_text. */
#ifndef AIC_CLI_CLIENT_OUTPUT_H
#define AIC_CLI_CLIENT_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/macro.h"
#include "base/text.h"
#include "cli/client_table.h"

/* Each appends to `into` and gives false if memory ran out. */
bool client_output_object(const json_t *object, struct arena *arena, struct text *into) MUST_CHECK;
bool client_output_list(const json_t *items, const struct client_column *columns, size_t column_count,
                        struct arena *arena, struct text *into) MUST_CHECK;
/* A connection test: a line a check, the remedy below what is not fine. */
bool client_output_report(const json_t *report, struct arena *arena, struct text *into) MUST_CHECK;

#endif
