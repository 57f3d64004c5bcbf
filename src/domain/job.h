/* A job: one durable, leased, idempotent piece of work. */
#ifndef AIC_DOMAIN_JOB_H
#define AIC_DOMAIN_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

enum job_kind {
	JOB_INTAKE,       /* ask Jira about one issue and act on its word */
	JOB_SWEEP,        /* look for issues whose events were lost */
	JOB_PROVISION,    /* put a grant's user into the group */
	JOB_DEPROVISION,  /* take them out */
	JOB_WRITE_BACK,   /* tell Jira how it ended */
	JOB_CHECK,        /* the light connection test of a connector, and its mappings' users */
	JOB_CREATE_GROUP, /* create the entitlement group of a tool */
	JOB_MEMBER_CHECK, /* who is in a connector's groups, against what was approved */
	JOB_KIND_MAX
};

enum job_status {
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_WAITING,
	JOB_SUCCEEDED,
	JOB_MANUAL_FOLLOW_UP,
	JOB_CANCELLED,
	JOB_STATUS_MAX
};

/* "intake" "sweep" "provision" "deprovision" "writeBack" "check" "createGroup" "memberCheck" */
const char *job_kind_name(enum job_kind kind);
enum result job_kind_parse(const char *name, enum job_kind *ret_kind) MUST_CHECK;
const char *job_status_name(enum job_status status);
enum result job_status_parse(const char *name, enum job_status *ret_status) MUST_CHECK;
bool job_is_final(enum job_status status);

/* Exponential backoff with full jitter: a uniform delay in [1, min(cap, base * 2^(attempts-1))] ms, never below
 * `retry_after_ms` (negative: none) when the other side named one. `random` is uniform in [0, 2^64). */
int64_t job_backoff_ms(int attempts, int64_t base_ms, int64_t cap_ms, int64_t retry_after_ms, uint64_t random);

struct job {
	const char *job_id;
	enum job_kind kind;
	enum job_status status;
	bool bulk;                /* provision, deprovision: part of a burst; waits behind single ones */
	const char *grant_id;     /* provision, writeBack of a grant, and deprovision unless a finding asked for it */
	const char *request_id;   /* writeBack */
	const char *connector_id; /* provision, deprovision */
	const char *group_id;     /* pinned group; the lease is per (connector, group) */
	/* intake: issue id or key; writeBack: what it tells ("refused" "active" "needsPerson" "ended", "expiring" and
	 * the days before the end: "expiring7"); createGroup: tool; deprovision without a grant: the finding that it
	 * settles; memberCheck: connector. */
	const char *subject;
	const char *inbox_event_id; /* intake */
	int attempts;
	int64_t next_attempt_at; /* 0 when final or running */
	int64_t fence;           /* of the lease under which it runs; every change by the worker names it */
	const char *progress;    /* JSON text that the job keeps for itself between attempts; NULL */
	const char *error_code;
	const char *error_detail;
	const char *error_request_id;
	const char *error_client_request_id;
	int64_t created_at;
	int64_t updated_at;
};

#endif
