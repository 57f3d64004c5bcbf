/* The steps of a deprovisioning, in the order in which planner.c takes them. Each is a step of membership_call.h.
 * Private to worker/. */
#ifndef AIC_WORKER_DEPROVISION_H
#define AIC_WORKER_DEPROVISION_H

#include "worker/membership_call.h"

/* The grant waits for it, nothing else keeps the user in the group, and what is on record is known. */
bool deprovision_begin(struct membership_call *call, const struct job_context *context);
/* The connector is open: sets wants_look or wants_write. */
bool deprovision_plan(struct membership_call *call);
/* After that look, if it was wanted: ends, or sets wants_write. */
bool deprovision_decide(struct membership_call *call);
bool deprovision_take_write(struct membership_call *call, const struct connector_change *change);
/* After the look behind the write. */
bool deprovision_verify(struct membership_call *call);

#endif
