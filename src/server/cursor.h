/* Cursors of lists: the last key of a page, in base64url, with a short checksum that ties it to its list. It keeps a
 * mistyped or borrowed cursor from quietly skipping rows; it is no secret and no permission. */
#ifndef AIC_SERVER_CURSOR_H
#define AIC_SERVER_CURSOR_H

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

#define CURSOR_TEXT_MAX 512

/* NULL on failure. `list` is the pattern of the route. */
char *cursor_encode(struct arena *arena, const char *list, const char *key) MUST_CHECK;
/* RESULT_INVALID if it is not one of this list's. */
enum result cursor_decode(struct arena *arena, const char *list, const char *cursor, const char **ret_key) MUST_CHECK;

#endif
