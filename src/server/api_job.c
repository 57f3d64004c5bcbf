#include "server/api.h"

#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

enum result api_job_list(struct api_call *call)
{
	struct store *store = call_store(call);
	struct page page;
	struct job *jobs;
	size_t count;
	const char *next;
	struct job_filter filter = {
	    .status = call_query(call, "status"),
	    .connector_id = call_query(call, "connectorId"),
	    .kind = call_query(call, "kind"),
	};
	enum result result = call_page(call, &page);
	if (result == RESULT_OK)
		result = store->ops->job_list(store, &filter, &page, call->arena, &jobs, &count, &next);
	if (result != RESULT_OK)
		return result;
	_cleanup_(json_decrefp) json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(items, render_job(&jobs[i])) != 0)
			return RESULT_NO_MEMORY;
	}
	return call_answer_list(call, TAKE_PTR(items), next);
}

enum result api_job_read(struct api_call *call)
{
	struct store *store = call_store(call);
	struct job job;
	enum result result = store->ops->job_read(store, call->parameters[0], call->arena, &job);
	if (result != RESULT_OK)
		return result;
	if (call_should_wait(call, job_status_name(job.status), job_is_final(job.status)))
		return RESULT_OK;
	return call_answer(call, 200, render_job(&job));
}

/* A job that was quick enough to end before we looked is found among the newest. */
static const char *job_of_grant_ended(struct api_call *call, const char *grant_id)
{
	struct store *store = call_store(call);
	struct page page = {.limit = 50};
	struct job_filter filter = {0};
	struct job *jobs;
	size_t count;
	const char *next;
	if (store->ops->job_list(store, &filter, &page, call->arena, &jobs, &count, &next) != RESULT_OK)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		bool acts = jobs[i].kind == JOB_PROVISION || jobs[i].kind == JOB_DEPROVISION;
		if (acts && text_equal(jobs[i].grant_id, grant_id))
			return jobs[i].job_id;
	}
	return NULL;
}

const char *api_job_of_grant(struct api_call *call, const char *grant_id)
{
	struct store *store = call_store(call);
	struct job job;
	if (store->ops->job_find_of_grant(store, grant_id, call->arena, &job) == RESULT_OK)
		return job.job_id;
	return job_of_grant_ended(call, grant_id);
}
