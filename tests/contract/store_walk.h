/* Short ways through a check of who is in a group, for tests of what it finds. */
#ifndef AIC_TESTS_STORE_WALK_H
#define AIC_TESTS_STORE_WALK_H

#include "store_scene.h"

static inline struct job check_begin(struct scene *scene)
{
	const char *job_id = NULL;

	assert_ok(DO(scene, member_check_start, "entra", scene->arena, &job_id, &scene->error));
	return scene_claim(scene, JOB_MEMBER_CHECK);
}

static inline struct group_watch watch_of(struct scene *scene, const struct job *job)
{
	struct group_watch *watches = NULL;
	size_t count = 0;

	assert_ok(DO(scene, watch_open, job, scene->arena, &watches, &count, &scene->error));
	assert_int_equal(count, 1);
	assert_string_equal(watches[0].group_id, SCENE_GROUP);
	return watches[0];
}

static inline void take(struct scene *scene, const struct job *job, struct watch_page page)
{
	assert_ok(DO(scene, watch_take, job, &page, &scene->error));
}

/* All steps until there is nothing to do, or a suspect to look at. */
static inline struct watch_step compare(struct scene *scene, const struct job *job, int64_t watch_key)
{
	struct watch_step step = {.more = true};

	while (step.more)
		assert_ok(DO(scene, watch_step, job, watch_key, &step, &scene->error));
	return step;
}

static inline size_t findings(struct scene *scene, const char *status, struct finding **ret_findings)
{
	struct finding_filter filter = {.status = status};
	struct page page = {.limit = 200};
	const char *next = NULL;
	size_t count = 0;

	assert_ok(DO(scene, finding_list, &filter, &page, scene->arena, ret_findings, &count, &next));
	return count;
}

static inline void finish(struct scene *scene, const struct job *job, int64_t watch_key)
{
	const struct watch_end end = {.watch_key = watch_key, .code = "group_ok"};
	const struct job_outcome done = {.status = JOB_SUCCEEDED};

	assert_ok(DO(scene, watch_end, job, &end, &scene->error));
	assert_ok(DO(scene, job_finish, job, &done, &scene->error));
}

/* One whole check in which the directory lists, or tells of, these. */
static inline void check(struct scene *scene, bool full, const struct member_change *changes, size_t count)
{
	struct job job = check_begin(scene);
	struct group_watch watch = watch_of(scene, &job);

	take(scene, &job,
	     (struct watch_page){.watch_key = watch.key,
	                         .begins = true,
	                         .full = full,
	                         .changes = changes,
	                         .count = count,
	                         .resume = "https://graph.example/delta?next"});
	assert_int_equal(compare(scene, &job, watch.key).phase, WATCH_IDLE);
	finish(scene, &job, watch.key);
}

static inline enum result settle(struct scene *scene, const char *finding_id, struct finding_order order,
                                 struct finding *ret_finding, const char **ret_job_id)
{
	order.reason = "why";
	return DO(scene, finding_settle, &admin, finding_id, &order, scene->arena, ret_finding, ret_job_id, &scene->error);
}

#endif
