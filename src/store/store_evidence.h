/* What the operations on evidence and on a person's data (store.h) are given and give. */
#ifndef AIC_STORE_STORE_EVIDENCE_H
#define AIC_STORE_STORE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/audit_chain.h"

/* A period, and a tool or none. */
struct evidence_filter {
	int64_t from, to;    /* to: the first instant that is not part of it */
	const char *tool_id; /* NULL: all */
};

/* The stretch of the chain that holds every event of a period, between two checkpoints. */
struct evidence_span {
	struct audit_checkpoint before; /* seq 0: there is none before, the stretch begins with the first event */
	struct audit_checkpoint after;  /* seq 0: there is none yet; add one and ask again */
};

/* What an erasure took away; all 0: there was nothing left to take. */
struct erasure {
	int64_t requests, grants, mappings, tokens, other;
};

#endif
