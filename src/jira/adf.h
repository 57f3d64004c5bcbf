/* Atlassian Document Format: reading the words of a document, and writing a plain one. Private to jira/. */
#ifndef AIC_JIRA_ADF_H
#define AIC_JIRA_ADF_H

#include <stdbool.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"

/* Appends every text of the document in order, a newline after each block. Stops, without failing the text, at its
 * ceiling and at a depth of 64. Tolerates anything. */
void adf_text_append(struct text *text, const json_t *node);

/* A document with one paragraph per line of `lines`; an empty line is an empty paragraph. The caller owns it; NULL on
 * failure. */
json_t *adf_document_new(const char *lines) MUST_CHECK;

#endif
