/* What the planner asks of Jira and the directory, for all its calls at once.
 *
 * What is the same is asked once: calls are ordered by what they ask about, and neighbours that ask the same share the
 * answer. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "worker/deprovision.h"
#include "worker/lease_keeper.h"
#include "worker/planner_run.h"
#include "worker/provision.h"

/* A group of a million members is a thousand pages. */
#define LOOK_DEADLINE_MS 180000
#define ASK_DEADLINE_MS 60000
#define WRITE_DEADLINE_MS (LEASE_MS - 15000)
#define ACCOUNTS_AT_ONCE 40
#define ACCOUNTS_MS 30000
#define LATER_MS 100

static const struct actor worker = {.kind = "system", .id = "worker"};

/* Some of a run's calls. NULL on `calls`: memory ran out, and each of them has ended for it. */
struct call_list {
	struct membership_call **calls;
	size_t count;
};

static void list_end_all(const struct planner_run *run, bool (*takes)(const struct membership_call *call))
{
	EACH_CALL (run, call, JOB_KIND_MAX)
		if (takes(call))
			(void)membership_call_end_store(call, RESULT_NO_MEMORY);
}

static struct call_list list_of(const struct planner_run *run, bool (*takes)(const struct membership_call *call))
{
	struct call_list list = {.calls = arena_array(run->arena, run->count, sizeof(struct membership_call *))};
	if (list.calls == NULL) {
		list_end_all(run, takes);
		return list;
	}
	EACH_CALL (run, call, JOB_KIND_MAX)
		if (takes(call))
			list.calls[list.count++] = call;
	return list;
}

/* An array for each of the list's calls; on failure they have all ended. */
static void *list_array(const struct planner_run *run, struct call_list *list, size_t size)
{
	void *array = arena_array(run->arena, list->count, size);
	for (size_t i = 0; array == NULL && i < list->count; i++)
		(void)membership_call_end_store(list->calls[i], RESULT_NO_MEMORY);
	if (array == NULL)
		list->count = 0;
	return array;
}

static struct connector_target target_for(struct planner_run *run, int64_t duration_ms)
{
	struct connector_target target = run->connector.target;
	target.deadline_ms = clock_monotonic_ms(run->options->clock) + duration_ms;
	return target;
}

/* ---- who they are ---- */

static bool is_provision(const struct membership_call *call)
{
	return call->context.job->kind == JOB_PROVISION;
}

/* Asks Jira about those whose address is needed. Where there is no Jira, nobody tells one. */
static void ask_accounts(struct planner_run *run, struct call_list *list)
{
	struct jira *jira = run->options->jira;
	const char **ids = list_array(run, list, sizeof(*ids));
	struct jira_user *users = list_array(run, list, sizeof(*users));
	enum result *results = list_array(run, list, sizeof(*results));
	struct error *errors = list_array(run, list, sizeof(*errors));
	for (size_t i = 0; i < list->count; i++) {
		ids[i] = list->calls[i]->grant.account_id;
		users[i] = (struct jira_user){.account_id = ids[i]};
	}
	int64_t until = clock_monotonic_ms(run->options->clock) + ACCOUNTS_MS;
	size_t asked = jira != NULL ? 0 : list->count;
	while (asked < list->count && clock_monotonic_ms(run->options->clock) < until) {
		size_t block = list->count - asked < ACCOUNTS_AT_ONCE ? list->count - asked : ACCOUNTS_AT_ONCE;
		jira_users_read(jira, ids + asked, block, run->arena, users + asked, results + asked, errors + asked);
		asked += block;
	}
	for (size_t i = 0; i < asked; i++) {
		list->calls[i]->error = errors[i];
		(void)provision_take_account(list->calls[i], results[i], &users[i]);
	}
	for (size_t i = asked; i < list->count; i++) /* a slow Jira: the rest comes again */
		(void)membership_call_end(list->calls[i], job_attempt_wait_ms(&list->calls[i]->context, LATER_MS, NULL, NULL));
}

static bool asks_directory(const struct membership_call *call)
{
	return is_provision(call) && (call->question.mapping_external_id != NULL || call->question.address != NULL);
}

static void take_matches(struct call_list *list, const struct identity_match *matches, const struct error *errors)
{
	for (size_t i = 0; i < list->count; i++) {
		list->calls[i]->error = errors[i];
		if (matches[i].code == NULL)
			(void)membership_call_end_error(list->calls[i]);
		else
			(void)provision_take_user(list->calls[i], &matches[i]);
	}
}

/* A mapping that names somebody for the first time keeps to that one object from here on. */
static void pin_mappings(struct planner_run *run, struct call_list *list)
{
	struct store *store = run->options->store;
	struct mapping_check *pins = list_array(run, list, sizeof(*pins));
	struct error error = {.retry_after_ms = -1};
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (membership_call_goes_on(list->calls[i]) && provision_pins_mapping(list->calls[i], &pins[count]))
			count++;
	if (count == 0)
		return;
	enum result result = store->ops->mapping_save_checks(store, &worker, pins, count, &error);
	for (size_t i = 0; result != RESULT_OK && i < list->count; i++) {
		struct membership_call *call = list->calls[i];
		struct mapping_check pin;
		if (!membership_call_goes_on(call) || !provision_pins_mapping(call, &pin))
			continue;
		call->error = error;
		(void)membership_call_end_store(call, result);
	}
}

static void ask_directory(struct planner_run *run)
{
	struct call_list list = list_of(run, asks_directory);
	struct identity_question *questions = list_array(run, &list, sizeof(*questions));
	struct identity_match *matches = list_array(run, &list, sizeof(*matches));
	struct error *errors = list_array(run, &list, sizeof(*errors));
	struct error error = {.retry_after_ms = -1};
	if (list.count == 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		questions[i] = list.calls[i]->question;
	const struct connector_target target = target_for(run, ASK_DEADLINE_MS);
	enum result result = run->connector.ops->match_users(run->options->environment, &target, questions, list.count,
	                                                     run->arena, matches, errors, &error);
	for (size_t i = 0; result != RESULT_OK && i < list.count; i++)
		if (matches[i].code == NULL && errors[i].result == RESULT_OK)
			errors[i] = error;
	take_matches(&list, matches, errors);
	pin_mappings(run, &list);
}

void planner_find_users(struct planner_run *run)
{
	struct call_list addressed = list_of(run, is_provision);
	size_t count = 0;
	for (size_t i = 0; i < addressed.count; i++) {
		bool wants_address = false;
		if (provision_who(addressed.calls[i], &wants_address) && wants_address)
			addressed.calls[count++] = addressed.calls[i];
	}
	addressed.count = count;
	ask_accounts(run, &addressed);
	ask_directory(run);
}

/* ---- their groups ---- */

static int compare_groups(const void *left, const void *right)
{
	const struct membership_call *one = *(struct membership_call *const *)left;
	const struct membership_call *other = *(struct membership_call *const *)right;
	return strcmp(one->grant.group_id, other->grant.group_id);
}

/* Once something was written the group need not be asked again: the write tells. */
static bool asks_group(const struct membership_call *call)
{
	return is_provision(call) && !call->progress.wrote;
}

/* Each group of the list once, in its order; ret_places[i]: which of them is list->calls[i]'s. */
static size_t groups_of(const struct call_list *list, const char **ret_ids, size_t *ret_places)
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (i == 0 || compare_groups(&list->calls[i - 1], &list->calls[i]) != 0)
			ret_ids[count++] = list->calls[i]->grant.group_id;
		ret_places[i] = count - 1;
	}
	return count;
}

void planner_check_groups(struct planner_run *run)
{
	struct call_list list = list_of(run, asks_group);
	const char **ids = list_array(run, &list, sizeof(*ids));
	size_t *places = list_array(run, &list, sizeof(*places));
	struct connector_group_check *checks = list_array(run, &list, sizeof(*checks));
	struct error *errors = list_array(run, &list, sizeof(*errors));
	if (list.count == 0)
		return;
	qsort(list.calls, list.count, sizeof(*list.calls), compare_groups);
	size_t count = groups_of(&list, ids, places);
	const struct connector_target target = target_for(run, ASK_DEADLINE_MS);
	run->connector.ops->read_groups(run->options->environment, &target, ids, count, run->arena, checks, errors);
	for (size_t i = 0; i < list.count; i++) {
		struct membership_call *call = list.calls[i];
		call->error = errors[places[i]];
		if (call->error.result == RESULT_OK)
			(void)provision_take_group(call, &checks[places[i]]);
		else
			(void)membership_call_end_error(call);
	}
}

/* ---- what is ---- */

static bool wants_look(const struct membership_call *call)
{
	return call->wants_look;
}

void planner_look(struct planner_run *run)
{
	struct call_list list = list_of(run, wants_look);
	struct connector_look *looks = list_array(run, &list, sizeof(*looks));
	if (list.count == 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		looks[i] =
		    (struct connector_look){.group_id = list.calls[i]->grant.group_id, .user_id = list.calls[i]->user_id};
	const struct connector_target target = target_for(run, LOOK_DEADLINE_MS);
	run->connector.ops->look_members(run->options->environment, &target, looks, list.count);
	for (size_t i = 0; i < list.count; i++) {
		struct membership_call *call = list.calls[i];
		call->wants_look = false;
		call->member = looks[i].member;
		call->error = looks[i].error;
		if (looks[i].result != RESULT_OK)
			(void)membership_call_end_error(call);
	}
}

/* ---- what shall be ---- */

static bool wants_write(const struct membership_call *call)
{
	return call->wants_write;
}

static int compare_memberships(const void *left, const void *right)
{
	const struct membership_call *one = *(struct membership_call *const *)left;
	const struct membership_call *other = *(struct membership_call *const *)right;
	int order = strcmp(one->grant.group_id, other->grant.group_id);
	if (order == 0)
		order = strcmp(one->user_id, other->user_id);
	return order != 0 ? order : (int)is_provision(one) - (int)is_provision(other);
}

static void take_change(struct membership_call *call, const struct connector_change *change)
{
	call->wants_write = false;
	if (is_provision(call))
		(void)provision_take_write(call, change);
	else
		(void)deprovision_take_write(call, change);
}

/* Two grants may hold one membership: it is written once. shares[i]: which of the changes is list.calls[i]'s. */
static size_t changes_of(const struct call_list *list, struct connector_change *changes, size_t *shares)
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct membership_call *call = list->calls[i];
		if (i == 0 || compare_memberships(&list->calls[i - 1], &list->calls[i]) != 0)
			changes[count++] = (struct connector_change){
			    .group_id = call->grant.group_id,
			    .user_id = call->user_id,
			    .removal = !is_provision(call),
			    .bulk = call->context.job->bulk,
			};
		shares[i] = count - 1;
	}
	return count;
}

void planner_write(struct planner_run *run)
{
	struct call_list list = list_of(run, wants_write);
	struct connector_change *changes = list_array(run, &list, sizeof(*changes));
	size_t *shares = list_array(run, &list, sizeof(*shares));
	if (list.count == 0)
		return;
	qsort(list.calls, list.count, sizeof(*list.calls), compare_memberships);
	size_t count = changes_of(&list, changes, shares);
	const struct connector_target target = target_for(run, WRITE_DEADLINE_MS);
	run->connector.ops->change_members(run->options->environment, &target, changes, count);
	for (size_t i = 0; i < list.count; i++)
		take_change(list.calls[i], &changes[shares[i]]);
}
