/* audit verify --export of an evidence file. */
#ifndef AIC_CLI_EVIDENCE_VERIFY_H
#define AIC_CLI_EVIDENCE_VERIFY_H

#include <stdbool.h>
#include <stdio.h>

#include "base/macro.h"
#include "cli/command.h"
#include "domain/audit_chain.h"
#include "domain/evidence_check.h"

/* By its first byte: an export of events begins with another. The file is read from its beginning afterwards. */
bool evidence_verify_is_evidence(FILE *file);
/* Verifies, and says what it found. `since` may be NULL. */
enum exit_code evidence_verify(FILE *file, const struct audit_key *key, const struct audit_checkpoint *since)
    MUST_CHECK;
/* The same without a word: RESULT_OK, RESULT_INVALID with check->reason, RESULT_IO, RESULT_NO_MEMORY. `check` was
 * begun; its owner ends it. */
enum result evidence_verify_walk(FILE *file, struct evidence_check *check) MUST_CHECK;

#endif
