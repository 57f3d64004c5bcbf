/* What provision and deprovision share: the grant, its connector made ready to be called, and how failures end an
 * attempt. Private to worker/.
 *
 * Both job kinds are chains of steps. A step returns true to go on; false ends the attempt with `call->attempt`. */
#ifndef AIC_WORKER_MEMBERSHIP_CALL_H
#define AIC_WORKER_MEMBERSHIP_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "connector/connector.h"
#include "domain/grant.h"
#include "secrets/credential_opener.h"
#include "worker/job_run.h"
#include "worker/membership_progress.h"

struct membership_call {
	const struct job_context *context;
	struct store *store;
	struct grant grant;
	const char *user_id; /* whose membership; NULL until known */
	struct membership_progress progress;
	const struct connector_ops *ops; /* NULL until the connector is open */
	struct connector_settings settings;
	struct credential_opener opener;
	struct connector_target target; /* points into this structure: it does not move */
	struct error error;             /* of the last call */
	struct job_attempt attempt;
};

/* Reads the grant; cancelled unless it is in `expected`. */
bool membership_call_begin(struct membership_call *call, const struct job_context *context, enum grant_status expected);
/* Reads the connector of the grant and makes it callable. */
bool membership_call_open(struct membership_call *call);
bool membership_call_is_member(struct membership_call *call, bool *ret_member);

/* Ends of an attempt; all return false, so that a step can end in one line. */
bool membership_call_end(struct membership_call *call, struct job_attempt attempt);
/* After a failed store operation. */
bool membership_call_end_store(struct membership_call *call, enum result result);
/* After a failed connector call: by whom the error concerns (CONTRACT, rule 6). */
bool membership_call_end_error(struct membership_call *call);
/* The group cannot be written to: holds its jobs. */
bool membership_call_end_group(struct membership_call *call, const char *code, const char *detail);
/* Moves the grant, and ends the job with it. */
bool membership_call_end_grant(struct membership_call *call, enum grant_event event, const char *code,
                               const char *reason, const char *candidates);
/* The change was accepted and is not seen yet: looks again later, or asks a person in the end. */
bool membership_call_end_unseen(struct membership_call *call);

/* The progress after the directory accepted a change. */
void membership_call_note_write(struct membership_call *call, const struct connector_trace *trace);

#endif
