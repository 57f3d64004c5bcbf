/* Values as Jira writes them: ids that are text or number, dates in four spellings, fields that are a string, an option
 * or a document. Wrong types are never failures: they give NULL or 0. Private to jira/. */
#ifndef AIC_JIRA_JIRA_VALUE_H
#define AIC_JIRA_JIRA_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/text.h"

/* A string or an integer as text in the arena; RESULT_OK with NULL for null, "" and every other type; RESULT_NO_MEMORY.
 */
enum result jira_value_id(const json_t *value, struct arena *arena, const char **ret_text) MUST_CHECK;

/* The text of a field: a string, an integer, an option's "value", the first of a list of these, or a document (ADF),
 * its paragraphs joined by a newline. Surrounding blanks are cut off; nothing left, or another type, is NULL. At most
 * 32 KiB. */
enum result jira_value_text(const json_t *value, struct arena *arena, const char **ret_text) MUST_CHECK;

/* The accountId of a user, or of the first of a list of users. */
enum result jira_value_account(const json_t *value, struct arena *arena, const char **ret_account) MUST_CHECK;

/* A DateDTO {epochMillis, iso8601, jira}, or a plain date text; 0 where it cannot be read. */
int64_t jira_value_date(const json_t *value);

/* A boolean, also as the text "true" or "false" (seen in Atlassian's own examples). */
bool jira_value_bool(const json_t *value, bool otherwise);

#endif
