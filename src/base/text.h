/* Text: a growing buffer with a ceiling, and the small questions that are asked of strings. All ASCII-only where case
 * or class matters; UTF-8 passes through. */
#ifndef AIC_BASE_TEXT_H
#define AIC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

/* A buffer that remembers its failure: append as often as you like, ask text_failed() once at the end.
 * `data` is always NUL-terminated once something was appended; NULL before. */
struct text {
	char *data;
	size_t length;
	size_t capacity;
	size_t ceiling;
	bool failed;
};

#define TEXT_INIT(ceiling_bytes) ((struct text){.ceiling = (ceiling_bytes)})

void text_append(struct text *text, const char *string);
void text_append_bytes(struct text *text, const void *bytes, size_t length);
void text_append_char(struct text *text, char character);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* RFC 3986 percent-encoding of everything but unreserved characters. */
void text_append_percent(struct text *text, const char *string);
/* A JSON string literal with its quotes. */
void text_append_json(struct text *text, const char *string);
bool text_failed(const struct text *text);
char *text_take(struct text *text) MUST_CHECK; /* the buffer ("" if empty), owned by the caller; NULL if failed */
void text_done(struct text *text);             /* wipes and frees */

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
/* Where in a list of names this one stands; -1: nowhere, as NULL does. */
int text_find_name(const char *const *names, int count, const char *name);
bool text_equal_fold(const char *a, const char *b); /* ASCII case-insensitive */
bool text_starts_with(const char *string, const char *prefix);
bool text_ends_with(const char *string, const char *suffix);
bool text_is_empty(const char *string); /* NULL or "" */
bool text_is_uuid(const char *string);  /* 8-4-4-4-12 hex digits, any case */
bool text_is_utf8(const char *bytes, size_t length);
/* Constant time in the length of `a`; different lengths are unequal. */
bool text_equal_secret(const char *a, size_t a_length, const char *b, size_t b_length);
/* A whole decimal integer in [min, max]; anything else RESULT_INVALID. */
enum result text_parse_int(const char *string, int64_t min, int64_t max, int64_t *ret_value) MUST_CHECK;

/* base64 (RFC 4648 section 4, padded) and base64url (section 5, unpadded); decoding tolerates missing padding and
 * nothing else. NULL on failure. */
char *text_base64_encode(struct arena *arena, const uint8_t *bytes, size_t length) MUST_CHECK;
char *text_base64url_encode(struct arena *arena, const uint8_t *bytes, size_t length) MUST_CHECK;
enum result text_base64_decode(struct arena *arena, const char *string, size_t length, uint8_t **ret_bytes,
                               size_t *ret_length) MUST_CHECK;
enum result text_base64url_decode(struct arena *arena, const char *string, size_t length, uint8_t **ret_bytes,
                                  size_t *ret_length) MUST_CHECK;
/* `out` holds 2 * length + 1. Lower case. */
void text_hex_encode(const uint8_t *bytes, size_t length, char *out);
enum result text_hex_decode(const char *string, size_t length, uint8_t *out) MUST_CHECK; /* out holds length / 2 */

#endif
