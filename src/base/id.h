/* Identifiers and randomness. */
#ifndef AIC_BASE_ID_H
#define AIC_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

#define ID_SIZE 37 /* 36 characters and the NUL */

/* UUIDv7 (RFC 9562 section 5.7): sorts by time; monotonic within this process. Lower case. Aborts the program if the
 * kernel gives no randomness: nothing safe can follow. */
void id_new(int64_t now_ms, char out[ID_SIZE]);
/* The least id that id_new() can make at that instant: whatever is not less was made then or later. */
void id_least(int64_t at_ms, char out[ID_SIZE]);
/* UUIDv4, for client-request-id. */
void id_random(char out[ID_SIZE]);
void id_random_bytes(uint8_t *out, size_t length);
/* Uniform in [0, below). */
uint64_t id_random_below(uint64_t below);
/* `[a-z0-9][a-z0-9-]{0,62}`: an id chosen by a person (CONTRACT, Manners). */
bool id_is_label(const char *string);

#endif
