/* Verifying an evidence file, line by line and in bounded memory, with nothing but the public key. */
#ifndef AIC_DOMAIN_EVIDENCE_CHECK_H
#define AIC_DOMAIN_EVIDENCE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/macro.h"
#include "base/result.h"
#include "base/text.h"
#include "domain/audit_chain.h"

/* What is proven when all of it went well:
 * - every byte of the file is as the service wrote it (the seal);
 * - the events hang together without a gap from the checkpoint before to the one after, both signed by the same key, so
 *   that none is missing at the beginning, in the middle or at the end;
 * - the checkpoint that somebody kept elsewhere, if one was given, is part of it. */
struct evidence_check {
	const struct audit_key *key;
	const struct audit_checkpoint *since; /* NULL */
	/* out, of a file that holds */
	int64_t requests, grants, findings, events;
	struct audit_checkpoint before, after; /* before.seq 0: the chain's beginning */
	char from[40], to[40], made_at[40], tool_id[80];
	/* out, of one that does not: a sentence; bad_seq: of the event that it is about, 0 if of none */
	int64_t bad_seq;
	char reason[320];
	/* private */
	struct digest_stream *digest;
	struct audit_verifier verifier;
	struct text tail; /* the seal and what follows */
	int stage;
	bool chained;
	bool since_seen;
	bool sealed;
};

/* `key` and `since` are borrowed. */
enum result evidence_check_begin(struct evidence_check *check, const struct audit_key *key,
                                 const struct audit_checkpoint *since) MUST_CHECK;
/* A line with its newline (the last may lack one). RESULT_OK, RESULT_INVALID with the reason, RESULT_NO_MEMORY. */
enum result evidence_check_line(struct evidence_check *check, const char *line, size_t length, struct arena *scratch)
    MUST_CHECK;
/* After the last line. */
enum result evidence_check_end(struct evidence_check *check, struct arena *scratch) MUST_CHECK;
void evidence_check_done(struct evidence_check *check);

#endif
