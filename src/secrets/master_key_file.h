/* Changing the file behind [secrets] master_key, so that a crash at any point leaves one that is whole. */
#ifndef AIC_SECRETS_MASTER_KEY_FILE_H
#define AIC_SECRETS_MASTER_KEY_FILE_H

#include <stdbool.h>

#include "base/macro.h"
#include "base/result.h"

/* Whether the reference is a file, which can be rewritten here; what systemd or the environment gives cannot. */
bool master_key_file_is(const char *reference);

/* One rotation at a time: RESULT_CONFLICT while another process holds the lock. Give *ret_lock (a descriptor) back with
 * master_key_file_unlock. Fails with RESULT_DENIED or RESULT_IO where the file could not be replaced: nothing was
 * changed then. */
enum result master_key_file_lock(const char *reference, int *ret_lock, struct error *error) MUST_CHECK;
void master_key_file_unlock(int *lock); /* -1: none */

/* Puts a new random key on a line before the present one: from now on both open, and the new one seals. */
enum result master_key_file_add(const char *reference, struct error *error) MUST_CHECK;
/* Keeps the first line alone. */
enum result master_key_file_settle(const char *reference, struct error *error) MUST_CHECK;

#endif
