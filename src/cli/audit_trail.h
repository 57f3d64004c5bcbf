/* Walking an audit trail from its first event, with what was signed about it. Pure: the events are brought by the
 * caller, from the store or from an export. */
#ifndef AIC_CLI_AUDIT_TRAIL_H
#define AIC_CLI_AUDIT_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"
#include "domain/audit_chain.h"

struct audit_trail {
	const struct audit_key *key;
	const struct audit_checkpoint *checkpoints; /* ascending; may be NULL */
	size_t checkpoint_count;
	const struct audit_checkpoint *since; /* one that somebody kept elsewhere; NULL */
	/* private */
	struct audit_verifier verifier;
	size_t next_checkpoint;
	bool since_seen;
	int64_t last_seq; /* 0: no event yet */
	int64_t vouched;  /* the last event that a signed checkpoint named */
	char last_hash[DIGEST_HEX_SIZE];
	int64_t bad_seq; /* 0: none */
	char reason[320];
};

void audit_trail_init(struct audit_trail *trail, const struct audit_key *key,
                      const struct audit_checkpoint *checkpoints, size_t checkpoint_count,
                      const struct audit_checkpoint *since);
/* RESULT_OK; RESULT_INVALID with bad_seq and reason set (the first fault stays); RESULT_NO_MEMORY. */
enum result audit_trail_add(struct audit_trail *trail, const struct audit_event *event, struct arena *scratch)
    MUST_CHECK;
/* After the last event: what was signed about events that are no longer there. */
enum result audit_trail_finish(struct audit_trail *trail) MUST_CHECK;
/* The head (NULL: the store has none) must name the last event, under a signature that holds. */
enum result audit_trail_check_head(struct audit_trail *trail, const struct audit_checkpoint *head) MUST_CHECK;
/* A fault that the caller found. */
enum result audit_trail_fail(struct audit_trail *trail, int64_t seq, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
