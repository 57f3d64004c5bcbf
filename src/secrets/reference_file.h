/* Private to secrets/: how the file behind a reference is read, whoever opened it. */
#ifndef AIC_SECRETS_REFERENCE_FILE_H
#define AIC_SECRETS_REFERENCE_FILE_H

#include <stdbool.h>

#include "base/macro.h"
#include "base/result.h"
#include "secrets/secret.h"

#define SECRET_REFERENCE_LONGEST 4096

/* Flags for every opening of a secret file: a FIFO must not hang us, a terminal must not become ours. */
#define SECRET_FILE_FLAGS (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

/* Who else may read the file: systemd shows a credential to the service's user by an ACL, which fstat tells as a group
 * bit. */
enum reference_readers { REFERENCE_OWNER_ONLY, REFERENCE_OWNER_OR_ACL };

/* Takes `file` over and closes it. Checks what was opened, reads it, cuts one trailing newline. */
enum result reference_file_read(int file, const char *reference, enum reference_readers readers,
                                struct secret *ret_secret, struct error *error) MUST_CHECK;

/* The sentence for an errno of an opening; returns its result. */
enum result reference_open_failed(const char *reference, int number, struct error *error) MUST_CHECK;

/* RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS under `directory`; -1 with errno. */
int reference_open_beneath(const char *directory, const char *path);

/* Whether `name` may follow env: or systemd:. */
bool reference_env_name_is_valid(const char *name, size_t length);
bool reference_systemd_name_is_valid(const char *name, size_t length);

#endif
