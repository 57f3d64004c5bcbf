/* Inside worker/: the step of a provisioning that finds out who the person is. */
#ifndef AIC_WORKER_PROVISION_H
#define AIC_WORKER_PROVISION_H

#include "domain/access_request.h"
#include "worker/membership_call.h"

/* A step (membership_call.h): sets call->user_id, or ends in a manual follow-up. */
bool provision_find_user(struct membership_call *call);

#endif
