/* What a verb sends: a body and a query, from its options and its file. */
#ifndef AIC_CLI_CLIENT_BODY_H
#define AIC_CLI_CLIENT_BODY_H

#include <jansson.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/client_table.h"

/* Lays the verb's fixed members (where `body` does not say otherwise) and the options given over `body`, an object.
 * RESULT_INVALID with a sentence for a value that is none. */
enum result client_body_fill(const struct client_verb *verb, const struct arguments *arguments, struct arena *arena,
                             json_t *body, struct error *error) MUST_CHECK;
/* Any option given that is no query parameter. */
bool client_body_is_given(const struct client_verb *verb, const struct arguments *arguments);
/* A JSON object from a file, "-" for standard input. The caller owns it. */
enum result client_body_read_file(const char *path, struct arena *arena, json_t **ret_body, struct error *error)
    MUST_CHECK;
/* A file as it is, "-" for standard input; it lies in the arena. */
enum result client_body_read_bytes(const char *path, struct arena *arena, const char **ret_bytes, size_t *ret_length,
                                   struct error *error) MUST_CHECK;
/* The path with its {} filled in from the positional arguments, percent-encoded, and with the query options. */
const char *client_path(const struct client_verb *verb, const struct arguments *arguments, const char *more_query,
                        struct arena *arena) MUST_CHECK;

#endif
