/* Files that an auditor holds: an exported checkpoint, a public key, an export of all events. */
#ifndef AIC_CLI_AUDIT_FILE_H
#define AIC_CLI_AUDIT_FILE_H

#include <stdio.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/audit_chain.h"

/* {seq,hash,at,signature}, as an item of GET /audit/checkpoints (or the whole answer: then its newest). */
enum result audit_file_read_checkpoint(const char *path, struct audit_checkpoint *ret_checkpoint, struct error *error)
    MUST_CHECK;
/* A PEM file, or the answer of GET /audit/public-key. */
enum result audit_file_read_public_key(const char *path, struct audit_key **ret_key, struct error *error) MUST_CHECK;

/* The next line of a jsonl export. RESULT_NOT_FOUND at the end; RESULT_INVALID if the line is no event, or holds
 * anything beyond one in exactly the form in which it was hashed. */
enum result audit_file_next_event(FILE *file, struct arena *arena, struct audit_event *ret_event, struct error *error)
    MUST_CHECK;

#endif
