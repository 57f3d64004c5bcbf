/* The worker: a fixed set of threads that claim due jobs and do them, and a scheduler that makes the ones that time
 * asks for (sweep, checkpoints, retention, light connection tests). Joins store, connectors and Jira; never includes
 * server/. */
#ifndef AIC_WORKER_WORKER_H
#define AIC_WORKER_WORKER_H

#include "base/clock.h"
#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "jira/jira.h"
#include "secrets/reference.h"
#include "secrets/sealed.h"
#include "store/store.h"

struct worker_options {
	struct store *store;
	const struct clock *clock;
	const struct connector_environment *environment;
	struct jira *jira; /* NULL: no [jira] section; intake and writeBack jobs do not arise */
	const struct master_key *master_key;
	struct secret_allow_list allow;
	int threads; /* 0: 4 */
	int sweep_seconds;
	int check_seconds; /* how often a connector is tested by itself */
	int inbox_days;
};

struct worker;
enum result worker_start(const struct worker_options *options, struct worker **ret_worker, struct error *error)
    MUST_CHECK;
/* Something was committed: look for due jobs. From any thread; cheap. */
void worker_wake(struct worker *worker);
/* Lets running attempts finish (each call of theirs has its deadline), stops the threads, frees. Accepts NULL. */
void worker_stop(struct worker *worker);

#endif
