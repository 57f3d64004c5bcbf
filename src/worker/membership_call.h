/* One job of membership on its way through the planner: what provision and deprovision share. Private to worker/.
 *
 * Both kinds are chains of steps. A step returns true to go on; false says that it ended the attempt. Ends are only
 * written down here: the planner brings them to the store, those of many jobs at once (planner.h). */
#ifndef AIC_WORKER_MEMBERSHIP_CALL_H
#define AIC_WORKER_MEMBERSHIP_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "connector/connector.h"
#include "domain/access_request.h"
#include "domain/grant.h"
#include "worker/connector_call.h"
#include "worker/job_run.h"
#include "worker/membership_progress.h"

/* How the attempt ends in the store. */
enum membership_end {
	MEMBERSHIP_END_NONE,    /* it goes on */
	MEMBERSHIP_END_OUTCOME, /* attempt.outcome is the job's */
	MEMBERSHIP_END_GRANT,   /* the grant changes, and the job ends with it */
	MEMBERSHIP_END_HOLD,    /* the group or the connector is held */
	MEMBERSHIP_END_SETTLED, /* it is in the store */
};

struct membership_call {
	struct job_context context;
	struct store *store;
	struct grant grant;
	struct access_request request; /* provision */
	/* A removal that a finding asked for has no grant: `grant` then holds where and who, and no id. NULL: there is one.
	 */
	const char *finding_id;
	const char *user_id;             /* whose membership; NULL until known */
	const char *user_principal_name; /* if the directory was asked in this attempt */
	struct membership_progress progress;
	const struct connector_call *connector; /* of all jobs of this run; NULL until it is open */

	/* provision_user.c */
	struct identity_mapping mapping; /* mapping_id NULL: there is none */
	struct identity_question question;

	/* What the directory said in this attempt. */
	enum membership_origin origin; /* what is on record of this membership */
	bool member;                   /* as last looked */
	bool wants_write;              /* a change is to be sent */
	bool repeated;                 /* one was sent in an earlier attempt */
	bool was_there;                /* the directory took the membership away now */
	bool wants_look;
	bool of_group; /* the error of the last write concerns the group, whatever it names */

	struct error error; /* of the last call */
	enum membership_end end;
	struct job_attempt attempt;
	struct grant_change change;
	struct incident incident;
	enum result written; /* what the store said to the end */
};

/* Reads the grant, or the finding that stands for it; cancelled unless it is in `expected`. */
bool membership_call_begin(struct membership_call *call, const struct job_context *context, enum grant_status expected);
/* The connector of the grant, or why there is none to call (`opened`: what connector_call_open said). */
bool membership_call_open(struct membership_call *call, enum result opened, const struct connector_call *connector);
bool membership_call_goes_on(const struct membership_call *call);

/* Ends of an attempt; all return false, so that a step can end in one line. */
bool membership_call_end(struct membership_call *call, struct job_attempt attempt);
/* After a failed store operation (`result`, call->error). */
bool membership_call_end_store(struct membership_call *call, enum result result);
/* After a failed connector call (call->error): by whom the error concerns (CONTRACT, rule 6). */
bool membership_call_end_error(struct membership_call *call);
/* The group cannot be written to: holds its jobs. */
bool membership_call_end_group(struct membership_call *call, const char *code, const char *detail);
/* Moves the grant, and ends the job with it. */
bool membership_call_end_grant(struct membership_call *call, enum grant_event event, const char *code,
                               const char *reason, const char *candidates);
/* The change was accepted and is not seen yet: looks again later, or asks a person in the end. */
bool membership_call_end_unseen(struct membership_call *call);
/* The answer to a change was lost: the next attempt begins by looking. */
bool membership_call_end_unknown(struct membership_call *call);

/* The progress after the directory accepted a change. */
void membership_call_note_write(struct membership_call *call, const struct connector_trace *trace);

#endif
