/* What the operations on grants and jobs (store.h) are given: changes, outcomes, incidents, and those of many at once.
 */
#ifndef AIC_STORE_STORE_WORK_H
#define AIC_STORE_STORE_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "domain/grant.h"
#include "domain/job.h"

/* What a grant's change carries. */
struct grant_change {
	enum grant_event event;
	const char *code, *reason;
	const char *candidates;       /* NEEDS_PERSON, NOT_OURS, MEMBER_LOST: JSON array text or NULL */
	const char *external_user_id; /* RESOLVE_USER */
	bool save_mapping;            /* RESOLVE_USER: write the identity mapping too */
	const char *job_id;           /* by a worker: the job whose lease (fence) must still hold; it ends in the same
	                                 transaction: succeeded, or manualFollowUp for NEEDS_PERSON and NOT_OURS */
	int64_t fence;
	const char *detail; /* JSON object text for the audit event: Graph request ids; NULL */
	bool unasked;       /* REVOKE: by no person's word about this one; EXPIRE always is. The brake counts it */
	bool unsent;        /* NEEDS_PERSON of a provision: for certain nothing was ever sent for the user it intended */
};

/* How a job's attempt ended, where no grant changed state. */
struct job_outcome {
	enum job_status status;  /* SUCCEEDED, WAITING, MANUAL_FOLLOW_UP, CANCELLED */
	int64_t next_attempt_at; /* WAITING */
	const char *progress;    /* kept for the next attempt; NULL keeps the present one */
	bool sent;               /* WAITING: a removal may have been carried out already: nothing holds it any more */
	const char *error_code, *error_detail, *error_request_id, *error_client_request_id; /* NULL clears */
	bool untried; /* nothing was asked of anybody: it does not count as an attempt */
};

/* An answer about the app or a group holds the jobs of that connector or group as one incident (CONTRACT, rule 6). */
struct incident {
	const char *connector_id;
	const char *group_id; /* NULL: the whole connector */
	const char *code, *detail;
	int64_t since, next_probe_at;
	int attempts;
};

/* What the membership of one user in one group is to us. */
enum membership_origin { MEMBERSHIP_UNKNOWN, MEMBERSHIP_OURS, MEMBERSHIP_PREEXISTING };

/* A membership that a worker is about to write. */
struct membership_intent {
	const char *grant_id, *job_id;
	int64_t fence;
	const char *external_user_id;
	bool found_member; /* a look found the user in the group */
	/* An earlier intent of this grant is on record, and nothing was sent under it. The job's progress, which said so,
	 * is cleared: it is true no longer. */
	bool never_sent;
	/* out */
	enum result result;
	enum membership_origin before; /* what was on record: UNKNOWN where nothing was ever written */
	enum membership_origin origin; /* what is now */
	struct error error;
};

/* How one of several jobs ends: exactly one of outcome, incident, change. The change is the grant's, or, of a removal
 * without one, the finding's: NOT_MEMBER, KEPT, NEEDS_PERSON. */
struct job_settlement {
	const struct job *job;
	const struct job_outcome *outcome;
	const struct incident *incident;
	const char *grant_id, *finding_id;
	const struct grant_change *change;
	/* out */
	enum result result;
	struct error error;
};

#endif
