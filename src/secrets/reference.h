/* Secret references: `env:NAME`, `file:/path`, `systemd:NAME` (CONTRACT section 2). */
#ifndef AIC_SECRETS_REFERENCE_H
#define AIC_SECRETS_REFERENCE_H

#include <stdbool.h>

#include "base/macro.h"
#include "base/result.h"
#include "secrets/secret.h"

/* The shape alone. */
bool secret_reference_is_valid(const char *reference);

/* Reads it. A file must be a regular file (no link is followed in its last part), at most 64 KiB, not readable by group
 * or world; one trailing newline is cut off. `systemd:NAME` reads $CREDENTIALS_DIRECTORY/NAME. An empty value is a
 * failure. RESULT_NOT_FOUND / RESULT_DENIED / RESULT_TOO_LARGE / RESULT_INVALID, code secret_reference_unreadable, with
 * a sentence that names the reference and what is wrong, never the content. */
enum result secret_reference_read(const char *reference, struct secret *ret_secret, struct error *error) MUST_CHECK;

/* The operator's allow list, as in [secrets] allow: "dir:/etc/x, env:ENTRA_*, systemd:*". NULL or "": nothing. */
struct secret_allow_list {
	const char *text;
};
enum result secret_allow_list_check(const char *text, struct error *error) MUST_CHECK; /* the shape of the list */

/* The same as secret_reference_read, for a reference that came through the API: first code
 * secret_reference_not_allowed unless the list allows it. A file is opened beneath its allowed directory with openat2
 * (RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS), O_NONBLOCK so that a FIFO cannot hang us. */
enum result secret_reference_read_allowed(const char *reference, const struct secret_allow_list *allow,
                                          struct secret *ret_secret, struct error *error) MUST_CHECK;

#endif
