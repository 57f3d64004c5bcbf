/* An issue as the decision tests begin with it: employee `ann` asked (beneficiary and reporter), `max` may approve. */
#ifndef AIC_TESTS_DECISION_SCENE_H
#define AIC_TESTS_DECISION_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"
#include "domain/decision.h"

#define SCENE_MAX 8
#define AT(seconds) (1700000000000LL + (seconds)*1000LL)

struct scene {
	struct arena *arena;
	struct intake_settings settings;
	struct issue issue;
	struct approval approvals[SCENE_MAX];
	struct approver approvers[SCENE_MAX][4];
	struct issue_change changes[SCENE_MAX];
	const char *consumed[SCENE_MAX + 1];
	const char *list[4]; /* allowed approvers or authors */
	struct decision_input input;
	struct decision decision;
};

static const char *const scene_approved[] = {"Approved", "10001", NULL};
static const char *const scene_denied[] = {"Declined", NULL};

static inline void scene_begin(struct scene *scene, const char *approval)
{
	*scene = (struct scene){.arena = arena_new(1 << 16)};
	assert_non_null(scene->arena);
	intake_settings_default(&scene->settings);
	scene->settings.approval = approval;
	scene->settings.tool_field = "customfield_10050";
	scene->settings.purpose_field = "customfield_10051";
	scene->settings.duration_field = "customfield_10052";
	scene->settings.approved_statuses = scene_approved;
	scene->settings.denied_statuses = scene_denied;
	scene->issue = (struct issue){.issue_id = "10042",
	                              .key = "AIC-7",
	                              .project_key = "AIC",
	                              .status_name = "Approved",
	                              .reporter = "ann",
	                              .beneficiary = "ann",
	                              .tool_text = "chatgpt",
	                              .purpose = "",
	                              .duration_text = "90",
	                              .created_at = AT(0),
	                              .updated_at = AT(100)};
	scene->input = (struct decision_input){.settings = &scene->settings,
	                                       .issue = &scene->issue,
	                                       .approvals = scene->approvals,
	                                       .changes = scene->changes,
	                                       .consumed = scene->consumed};
}

static inline void scene_end(struct scene *scene)
{
	arena_free(scene->arena);
}

/* One approver; completed_at 0 for one that is still open. */
static inline struct approval *scene_approval(struct scene *scene, const char *id, enum approval_state state,
                                              const char *person, int64_t created_at, int64_t completed_at)
{
	size_t at = scene->input.approval_count++;
	assert_true(at < SCENE_MAX);
	scene->approvers[at][0] = (struct approver){.account_id = person, .decision = state};
	scene->approvals[at] = (struct approval){.approval_id = id,
	                                         .final_decision = state,
	                                         .approvers = scene->approvers[at],
	                                         .approver_count = 1,
	                                         .created_at = created_at,
	                                         .completed_at = completed_at};
	return &scene->approvals[at];
}

static inline struct issue_change *scene_change(struct scene *scene, const char *history, const char *author,
                                                int64_t at, const char *field_id)
{
	struct issue_change *change = &scene->changes[scene->input.change_count++];
	assert_true(scene->input.change_count <= SCENE_MAX);
	*change = (struct issue_change){.history_id = history,
	                                .author_account_id = author,
	                                .at = at,
	                                .field_id = field_id,
	                                .field = field_id == NULL ? "Something" : field_id};
	return change;
}

static inline struct issue_change *scene_transition(struct scene *scene, const char *history, const char *author,
                                                    int64_t at, const char *to)
{
	struct issue_change *change = scene_change(scene, history, author, at, "status");
	change->to = "77";
	change->to_text = to;
	return change;
}

static inline void scene_consumed(struct scene *scene, const char *id)
{
	size_t at = 0;
	while (scene->consumed[at] != NULL)
		at++;
	scene->consumed[at] = id;
}

static inline enum decision_outcome scene_outcome(struct scene *scene)
{
	scene->decision = (struct decision){0};
	assert_int_equal(decision_evaluate(&scene->input, scene->arena, &scene->decision), RESULT_OK);
	bool refused = scene->decision.outcome == DECISION_REFUSED;
	assert_int_equal(scene->decision.code != NULL, refused);
	assert_non_null(scene->decision.reason);
	return scene->decision.outcome;
}

static inline void scene_expect_refused(struct scene *scene, const char *code)
{
	assert_int_equal(scene_outcome(scene), DECISION_REFUSED);
	assert_string_equal(scene->decision.code, code);
}

static inline void scene_expect_consumed(const struct scene *scene, const char *const *ids)
{
	size_t count = 0;
	for (; ids[count] != NULL; count++)
		assert_true(intake_list_has(scene->decision.consumed, ids[count]));
	assert_null(scene->decision.consumed[count]);
}
#define EXPECT_CONSUMED(scene, ...) scene_expect_consumed(scene, (const char *const[]){__VA_ARGS__, NULL})

#endif
