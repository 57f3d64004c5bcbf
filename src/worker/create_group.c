/* Creating the entitlement group of a tool.
 *
 * What is created stands in the job's progress from the start, so that every attempt asks for the same group. That a
 * creation is about to be sent is on disk before it is sent: whatever became of it, the next attempt looks for it. */
#include "worker/job_run.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/code.h"
#include "worker/connector_call.h"

#define DEADLINE_MS 40000
#define DISABLED_WAIT_MS 5000
/* How long a new group may stay unseen (facts: up to eleven minutes were observed). */
#define REPLICATION_MS (12 * 60 * 1000)

struct create_group {
	const struct job_context *context;
	struct store *store;
	json_t *progress; /* uniqueName, displayName, description, sent, posted, since */
	bool sent_before;
	bool posted_before; /* what was sent may not be repeated */
	struct connector_call connector;
	struct error error;
	struct job_attempt attempt;
};

static bool end(struct create_group *create, struct job_attempt attempt)
{
	create->attempt = attempt;
	return false;
}

static bool end_manually(struct create_group *create, const char *code, const char *detail)
{
	const struct error *error = &create->error;
	struct arena *arena = create->context->arena;
	struct job_attempt attempt = {.outcome = {.status = JOB_MANUAL_FOLLOW_UP}};
	attempt.outcome.error_code = arena_strdup(arena, code);
	attempt.outcome.error_detail = arena_strdup(arena, detail);
	if (!text_is_empty(error->request_id))
		attempt.outcome.error_request_id = arena_strdup(arena, error->request_id);
	if (!text_is_empty(error->client_request_id))
		attempt.outcome.error_client_request_id = arena_strdup(arena, error->client_request_id);
	return end(create, attempt);
}

static bool end_store(struct create_group *create, enum result result)
{
	if (text_is_empty(create->error.code))
		error_set(&create->error, result, "unavailable", "The store could not be used (%s).", result_name(result));
	return end(create, job_attempt_wait(create->context, &create->error));
}

static bool begin(struct create_group *create, const struct job_context *context)
{
	const char *progress = context->job->progress;
	*create = (struct create_group){.context = context, .store = context->options->store, .error.retry_after_ms = -1};
	if (progress == NULL || json_read(progress, strlen(progress), &create->progress, NULL) != RESULT_OK)
		return end_manually(create, "validation_failed", "The job does not say what group to create.");
	create->sent_before = json_bool_at(create->progress, "sent", false);
	create->posted_before = json_bool_at(create->progress, "posted", false);
	enum result result = connector_call_open(context, context->job->connector_id, &create->connector);
	if (result == RESULT_NOT_FOUND)
		return end_manually(create, "not_found", "The connector of the tool does not exist any more.");
	if (result != RESULT_OK)
		return end_store(create, result);
	if (create->connector.ops == NULL)
		return end_manually(create, "validation_failed", "There is no connector of this type.");
	if (!create->connector.settings.enabled)
		return end(create,
		           job_attempt_wait_ms(context, DISABLED_WAIT_MS, "connector_disabled", "The connector is disabled."));
	connector_call_allow_ms(context, &create->connector, DEADLINE_MS);
	return true;
}

/* The group is not wanted any more; one that an earlier attempt may have created must be found by whoever looks after
 * it. */
static bool end_unwanted(struct create_group *create, const char *code, const char *sentence)
{
	if (!create->sent_before)
		return end(create, job_attempt_cancelled(code, sentence));
	return end_manually(create, code,
	                    arena_printf(create->context->arena,
	                                 "%s One with the mail nickname %s may have been created for it and is bound to no "
	                                 "tool.",
	                                 sentence, json_string_at(create->progress, "uniqueName")));
}

/* A tool that has a group by now, or is gone, needs none. */
static bool check_tool(struct create_group *create)
{
	struct tool tool;
	enum result result =
	    create->store->ops->tool_read(create->store, create->context->job->subject, create->context->arena, &tool);
	if (result == RESULT_NOT_FOUND)
		return end_unwanted(create, "not_found", "The tool does not exist any more.");
	if (result != RESULT_OK)
		return end_store(create, result);
	if (tool.group.group_id != NULL)
		return end_unwanted(create, "group_already_bound", "The tool has a group by now.");
	if (!text_equal(tool.group_job_id, create->context->job->job_id))
		return end_unwanted(create, "conflict", "The tool was unbound before it had its group.");
	return true;
}

static enum result progress_put(struct create_group *create, bool sent, bool posted, const char **ret_text)
{
	bool failed = false;
	int64_t now = clock_now_ms(create->context->options->clock);
	json_put(create->progress, "sent", json_boolean(sent), &failed);
	json_put(create->progress, "posted", json_boolean(posted), &failed);
	if (sent)
		json_put(create->progress, "since", json_integer(now), &failed);
	*ret_text = failed ? NULL : json_write(create->context->arena, create->progress);
	return *ret_text != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result note_sending(void *context, bool repeatable, struct error *error)
{
	struct create_group *create = context;
	const char *text = NULL;
	if (repeatable && create->sent_before)
		return RESULT_OK;
	enum result result = progress_put(create, true, !repeatable, &text);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Out of memory.");
	return create->store->ops->job_save_progress(create->store, create->context->job, text, error);
}

/* The app as a whole is refused: no job of the connector would fare better. That it may not create groups, or that this
 * group cannot be created, says nothing about the others. */
static bool is_about_app(const struct error *error)
{
	const struct code *code = code_find(error->code);
	return code != NULL && (text_equal(code->area, "credential") || text_equal(code->area, "token") ||
	                        text_equal(code->code, "consent_missing"));
}

static bool end_held(struct create_group *create)
{
	struct arena *arena = create->context->arena;
	const struct incident incident = {
	    .connector_id = create->context->job->connector_id,
	    .code = arena_strdup(arena, create->error.code),
	    .detail = arena_strdup(arena, create->error.detail),
	};
	struct error failure = {.retry_after_ms = -1};
	struct job_attempt held;
	if (incident.code == NULL || incident.detail == NULL)
		return end(create, job_attempt_wait(create->context, &create->error));
	enum result result = job_attempt_hold(create->context, &incident, create->error.retry_after_ms, &held, &failure);
	if (result == RESULT_OK)
		return end(create, held);
	create->error = failure;
	return end_store(create, result);
}

/* Graph answered that it did nothing: what this attempt sent left nothing to look for. A 408 does not say that. */
static bool is_definite_refusal(const struct error *error)
{
	return error->http_status >= 400 && error->http_status < 500 && error->http_status != 408;
}

/* Waits for what may pass and for what the whole app waits for; the rest is an admin's to mend. */
static bool end_error(struct create_group *create, enum result result)
{
	const struct error *error = &create->error;
	bool later =
	    error->retryable || connector_error_scope(error) == CONNECTOR_SCOPE_PASSING || result == RESULT_CONFLICT;
	bool refused = is_definite_refusal(error);
	if (!later && is_about_app(error))
		return end_held(create);
	if (later)
		end(create, job_attempt_wait(create->context, error));
	else
		end_manually(create, error->code, error->detail);
	if (!create->sent_before && refused &&
	    progress_put(create, false, false, &create->attempt.outcome.progress) != RESULT_OK)
		create->attempt.outcome.progress = NULL;
	return false;
}

static bool create_it(struct create_group *create, struct connector_group_check *ret_group)
{
	int64_t since = json_integer_at(create->progress, "since", 0);
	int64_t now = clock_now_ms(create->context->options->clock);
	struct group_creation creation = {
	    .unique_name = json_string_at(create->progress, "uniqueName"),
	    .display_name = json_string_at(create->progress, "displayName"),
	    .description = json_string_at(create->progress, "description"),
	    .may_exist = create->sent_before,
	    .may_not_repeat = create->posted_before,
	    .give_up_looking = create->sent_before && now - since >= REPLICATION_MS,
	    .about_to_create = note_sending,
	    .context = create,
	};
	if (creation.unique_name == NULL || creation.display_name == NULL)
		return end_manually(create, "validation_failed", "The job does not say what group to create.");
	enum result result =
	    create->connector.ops->create_group(create->context->options->environment, &create->connector.target, &creation,
	                                        create->context->arena, ret_group, &create->error);
	return result == RESULT_OK || end_error(create, result);
}

/* The group is there and nothing is bound to it: whoever looks after it must be able to find it. */
static bool end_unbound(struct create_group *create, const struct connector_group_check *check)
{
	char detail[sizeof(create->error.detail)];
	(void)snprintf(detail, sizeof(detail), "%.200s The group %s was created and is bound to no tool.",
	               create->error.detail, check->facts.group_id);
	return end_manually(create, create->error.code, detail);
}

static bool bind_it(struct create_group *create, const struct connector_group_check *check)
{
	const struct entitlement_group group = {
	    .mode = "create",
	    .group_id = check->facts.group_id,
	    .display_name = check->facts.display_name,
	    .manageable = check->manageable,
	    .code = check->code,
	    .checked_at = clock_now_ms(create->context->options->clock),
	};
	create->error = (struct error){.retry_after_ms = -1};
	enum result result =
	    create->store->ops->tool_finish_group(create->store, create->context->job, &group, &create->error);
	if (result == RESULT_OK)
		return end(create, (struct job_attempt){.settled = true, .outcome = {.status = JOB_SUCCEEDED}});
	if (result == RESULT_NOT_FOUND)
		error_set(&create->error, result, "not_found", "The tool does not exist any more.");
	if (result == RESULT_NOT_FOUND || result == RESULT_CONFLICT)
		return end_unbound(create, check);
	return end_store(create, result);
}

struct job_attempt job_run_create_group(const struct job_context *context)
{
	struct create_group create;
	struct connector_group_check check = {0};
	if (begin(&create, context) && check_tool(&create) && create_it(&create, &check))
		bind_it(&create, &check);
	json_decref(create.progress);
	return create.attempt;
}
