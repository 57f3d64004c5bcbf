/* JSON on jansson: strict reading, careful getters, RFC 8785 canonical writing. */
#ifndef AIC_BASE_JSON_H
#define AIC_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

/* `_cleanup_(json_decrefp) json_t *x` is jansson's own. */

/* Reads exactly one JSON text: duplicate keys, bad UTF-8, NUL in a string, trailing bytes and more than 64 levels of
 * nesting are refused. On failure RESULT_INVALID with code `json_malformed` and line and column in the sentence
 * (RESULT_NO_MEMORY if memory ran out). The caller owns *ret_value. */
enum result json_read(const char *bytes, size_t length, json_t **ret_value, struct error *error) MUST_CHECK;
/* The same, but also gives where it failed (1-based); for problem bodies. */
enum result json_read_at(const char *bytes, size_t length, json_t **ret_value, int *ret_line, int *ret_column,
                         struct error *error) MUST_CHECK;
/* What another server answered: the same, behind a byte order mark, if it begins with one (RFC 8259, section 8.1). */
enum result json_read_answer(const char *bytes, size_t length, json_t **ret_value) MUST_CHECK;

/* Compact text, keys in insertion order; NULL on failure. */
char *json_write(struct arena *arena, const json_t *value) MUST_CHECK;
/* RFC 8785 canonical text. Numbers must be integers within +-2^53 (the audit chain uses no others): else NULL. */
char *json_write_canonical(struct arena *arena, const json_t *value) MUST_CHECK;

/* Getters for values that come from outside: any wrong type or missing member gives NULL / the default. `path` walks
 * objects by dots: "fields.status.id". The strings are borrowed from the value. */
const json_t *json_at(const json_t *value, const char *path);
const char *json_string_at(const json_t *value, const char *path);
int64_t json_integer_at(const json_t *value, const char *path, int64_t otherwise);
bool json_bool_at(const json_t *value, const char *path, bool otherwise);

/* The member's string, copied into the arena; NULL if it is missing or no string. RESULT_NO_MEMORY. */
enum result json_copy_string(const json_t *object, const char *name, struct arena *arena, const char **ret_string)
    MUST_CHECK;

/* Builders that survive failure: setting into NULL, or a NULL value, marks *failed and frees the value. */
void json_put(json_t *object, const char *key, json_t *value, bool *failed);
void json_put_string(json_t *object, const char *key, const char *value, bool *failed); /* NULL becomes null */
void json_put_time(json_t *object, const char *key, int64_t at_ms, bool *failed);       /* 0 becomes null */

#endif
