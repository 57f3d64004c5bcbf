/* Faults that a test switches on: latency, replication, throttling, and answers that go wrong. */
#ifndef AIC_SANDBOX_FAULTS_H
#define AIC_SANDBOX_FAULTS_H

#include "web.h"

enum fault_action { FAULT_NONE, FAULT_STATUS, FAULT_RESET, FAULT_HANG, FAULT_TRUNCATE };

struct fault {
	enum fault_action action;
	bool applies;    /* the request is carried out before the fault shows */
	int64_t wait_ms; /* before anything happens */
	int64_t hang_ms; /* after it, instead of an answer */
	int status;
	json_t *headers; /* owned */
	json_t *body;    /* owned */
};

/* The next fault for this request; a rule that has served its `times` is used up. */
struct fault faults_take(struct sandbox *sandbox, const char *site, const char *method, const char *path);
/* The same for one item of a $batch: only faults that are a status can happen to an item. */
struct fault faults_take_item(struct sandbox *sandbox, const char *method, const char *path);
void faults_act(const struct fault *fault, struct reply *reply);
void fault_done(struct fault *fault);

void faults_reset(struct sandbox_faults *faults);
/* Takes over the members that are given; false with a sentence if one is of the wrong type. */
bool faults_configure(struct sandbox *sandbox, const json_t *wanted, const char **ret_reason);
json_t *faults_describe(const struct sandbox *sandbox);

/* Counts a write of `cost`; false, and the reply is made, if the app is over its quota. */
bool throttle_admit(struct sandbox *sandbox, int64_t cost, struct reply *reply);

#endif
