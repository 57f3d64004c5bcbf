#include "domain/job.h"

#include "base/text.h"
static const char *const kind_names[JOB_KIND_MAX] = {
    [JOB_CHECK] = "check",          [JOB_CREATE_GROUP] = "createGroup", [JOB_INTAKE] = "intake",
    [JOB_SWEEP] = "sweep",          [JOB_PROVISION] = "provision",      [JOB_DEPROVISION] = "deprovision",
    [JOB_WRITE_BACK] = "writeBack", [JOB_MEMBER_CHECK] = "memberCheck",
};

static const char *const status_names[JOB_STATUS_MAX] = {
    [JOB_QUEUED] = "queued",
    [JOB_RUNNING] = "running",
    [JOB_WAITING] = "waiting",
    [JOB_SUCCEEDED] = "succeeded",
    [JOB_MANUAL_FOLLOW_UP] = "manualFollowUp",
    [JOB_CANCELLED] = "cancelled",
};

const char *job_kind_name(enum job_kind kind)
{
	return kind < JOB_KIND_MAX ? kind_names[kind] : "";
}

enum result job_kind_parse(const char *name, enum job_kind *ret_kind)
{
	int at = text_find_name(kind_names, JOB_KIND_MAX, name);
	if (at < 0)
		return RESULT_INVALID;
	*ret_kind = (enum job_kind)at;
	return RESULT_OK;
}

const char *job_status_name(enum job_status status)
{
	return status < JOB_STATUS_MAX ? status_names[status] : "";
}

enum result job_status_parse(const char *name, enum job_status *ret_status)
{
	int at = text_find_name(status_names, JOB_STATUS_MAX, name);
	if (at < 0)
		return RESULT_INVALID;
	*ret_status = (enum job_status)at;
	return RESULT_OK;
}

bool job_is_final(enum job_status status)
{
	return status == JOB_SUCCEEDED || status == JOB_MANUAL_FOLLOW_UP || status == JOB_CANCELLED;
}

/* min(cap, base * 2^(attempts-1)), without ever overflowing. */
static int64_t backoff_window_ms(int attempts, int64_t base_ms, int64_t cap_ms)
{
	int64_t window = base_ms < 1 ? 1 : base_ms;
	for (int doubled = 1; doubled < attempts && window < cap_ms; doubled++)
		window = window > cap_ms / 2 ? cap_ms : window * 2;
	if (window > cap_ms)
		window = cap_ms;
	return window < 1 ? 1 : window;
}

int64_t job_backoff_ms(int attempts, int64_t base_ms, int64_t cap_ms, int64_t retry_after_ms, uint64_t random)
{
	int64_t window = backoff_window_ms(attempts, base_ms, cap_ms);
	int64_t delay = 1 + (int64_t)(random % (uint64_t)window);
	return delay < retry_after_ms ? retry_after_ms : delay;
}
