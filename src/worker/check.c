/* The test that runs by itself: what an admin would otherwise learn from the first request that fails.
 *
 * The light connection test of one connector, then the users of the mappings that were looked at longest ago: those
 * that are gone, disabled or somebody else by now show it before anybody relies on them. */
#include "worker/job_run.h"

#include "base/json.h"
#include "worker/connector_call.h"

#define TEST_DEADLINE_MS 25000
#define MAPPINGS_DEADLINE_MS 60000
#define MAPPINGS_AT_ONCE 400

static const struct actor worker = {.kind = "system", .id = "worker"};

struct check {
	const struct job_context *context;
	struct store *store;
	struct connector_call connector;
	struct error error;
	struct job_attempt attempt;
};

static bool check_end(struct check *check, struct job_attempt attempt)
{
	check->attempt = attempt;
	return false;
}

/* After a failure of store or directory that left nothing behind: later. */
static bool check_end_later(struct check *check, enum result result)
{
	if (check->error.code[0] == '\0')
		error_set(&check->error, result, "unavailable", "The check could not be done (%s).", result_name(result));
	return check_end(check, job_attempt_wait(check->context, &check->error));
}

static bool check_open(struct check *check, const struct job_context *context)
{
	*check = (struct check){.context = context, .store = context->options->store, .error.retry_after_ms = -1};
	enum result result = connector_call_open(context, context->job->connector_id, &check->connector);
	if (result == RESULT_NOT_FOUND)
		return check_end(check, job_attempt_cancelled("not_found", "The connector does not exist any more."));
	if (result != RESULT_OK)
		return check_end_later(check, result);
	if (check->connector.ops == NULL || !check->connector.settings.enabled)
		return check_end(check, job_attempt_cancelled("connector_disabled", "The connector is disabled."));
	return true;
}

static bool check_save(struct check *check, const struct connector_test *test)
{
	struct arena *arena = check->context->arena;
	int64_t now = clock_now_ms(check->context->options->clock);
	struct entitlement_group *groups = arena_array(arena, test->group_count + 1, sizeof(*groups));
	struct connector_test_record record = {
	    .credential_version = check->connector.settings.credential.version,
	    .outcome = test->outcome,
	    .report = json_write(arena, test->report),
	    .credential_expires_at = test->credential_expires_at,
	    .by_itself = true,
	    .incident_code = test->incident_code,
	    .incident_detail = test->incident_detail,
	    .groups = groups,
	    .group_count = test->group_count,
	};
	if (groups == NULL || record.report == NULL)
		return check_end_later(check, RESULT_NO_MEMORY);
	for (size_t i = 0; i < test->group_count; i++)
		groups[i] = (struct entitlement_group){.group_id = test->groups[i].facts.group_id,
		                                       .manageable = test->groups[i].manageable,
		                                       .code = test->groups[i].code,
		                                       .checked_at = now};
	enum result result = check->store->ops->connector_save_test(
	    check->store, &worker, check->connector.settings.connector_id, &record, &check->error);
	return result == RESULT_OK || check_end_later(check, result);
}

static bool check_connection(struct check *check)
{
	struct connector_test_input input = {.light = true};
	struct connector_test test = {0};
	struct tool *tools = NULL;
	enum result result = check->store->ops->tool_list_bound(check->store, check->connector.settings.connector_id,
	                                                        check->context->arena, &tools, &input.bound_tool_count);
	if (result != RESULT_OK)
		return check_end_later(check, result);
	input.bound_tools = tools;
	connector_call_allow_ms(check->context, &check->connector, TEST_DEADLINE_MS);
	result = check->connector.ops->test(check->context->options->environment, &check->connector.target, &input,
	                                    check->context->arena, &test, &check->error);
	if (result != RESULT_OK)
		return check_end_later(check, result);
	bool saved = check_save(check, &test);
	json_decref(test.report);
	return saved;
}

/* *ret_answered: the directory answered as a whole. If it did not, its failure shows in the test. */
static enum result mappings_ask(struct check *check, const struct identity_mapping *mappings, size_t count,
                                struct identity_match **ret_matches, struct error **ret_errors, bool *ret_answered)
{
	struct arena *arena = check->context->arena;
	struct identity_question *questions = arena_array(arena, count, sizeof(*questions));
	struct identity_match *matches = arena_array(arena, count, sizeof(*matches));
	struct error *errors = arena_array(arena, count, sizeof(*errors));
	if (questions == NULL || matches == NULL || errors == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		questions[i] = (struct identity_question){.mapping_external_id = mappings[i].external_id,
		                                          .pinned_object_id = mappings[i].resolved_object_id};
	connector_call_allow_ms(check->context, &check->connector, MAPPINGS_DEADLINE_MS);
	*ret_matches = matches;
	*ret_errors = errors;
	enum result result =
	    check->connector.ops->match_users(check->context->options->environment, &check->connector.target, questions,
	                                      count, arena, matches, errors, &check->error);
	*ret_answered = result == RESULT_OK;
	return result == RESULT_NO_MEMORY ? result : RESULT_OK;
}

/* Whom the directory did not tell about is asked about again the next time; but where it told about others, those come
 * first whom it was not asked about: names that it always refuses must not keep all others from being looked at. */
static enum result mappings_save(struct check *check, const struct identity_mapping *mappings,
                                 const struct identity_match *matches, const struct error *errors, size_t count,
                                 bool answered)
{
	struct mapping_check *checks = arena_array(check->context->arena, count, sizeof(*checks));
	size_t learned = 0;
	if (checks == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (matches[i].code == NULL && (!answered || errors[i].result == RESULT_THROTTLED))
			continue;
		checks[learned++] = (struct mapping_check){.mapping_id = mappings[i].mapping_id,
		                                           .external_id = mappings[i].external_id,
		                                           .code = matches[i].code,
		                                           .object_id = matches[i].user.object_id,
		                                           .user_principal_name = matches[i].user.user_principal_name};
	}
	return check->store->ops->mapping_save_checks(check->store, &worker, checks, learned, &check->error);
}

/* Those that are due, a round of a few exchanges at most: more of them wait for the next. */
static bool check_mappings(struct check *check)
{
	struct identity_mapping *mappings = NULL;
	struct identity_match *matches = NULL;
	struct error *errors = NULL;
	bool answered = false;
	size_t count = 0;
	int64_t due = clock_now_ms(check->context->options->clock) - check->context->options->check_seconds * INT64_C(1000);
	enum result result =
	    check->store->ops->mapping_list_unchecked(check->store, check->connector.settings.connector_id, due,
	                                              MAPPINGS_AT_ONCE, check->context->arena, &mappings, &count);
	if (result != RESULT_OK)
		return check_end_later(check, result);
	if (count == 0)
		return true;
	result = mappings_ask(check, mappings, count, &matches, &errors, &answered);
	if (matches != NULL)
		result = mappings_save(check, mappings, matches, errors, count, answered);
	return result == RESULT_OK || check_end_later(check, result);
}

struct job_attempt job_run_check(const struct job_context *context)
{
	struct check check;
	if (check_open(&check, context) && check_connection(&check) && check_mappings(&check))
		check_end(&check, job_attempt_succeeded());
	return check.attempt;
}
