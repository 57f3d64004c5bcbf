/* The store's contract: a grant goes on with another user than it began with. Whoever may be in the group for it has to
 * stay somebody's to take out. */
#include "store_scene.h"

#define OTHER_USER "33333333-3333-4333-8333-333333333333"

#define CHANGE(...) ((struct grant_change){__VA_ARGS__})

static enum membership_origin origin_of(struct scene *scene, const char *user)
{
	enum membership_origin origin;

	assert_ok(DO(scene, membership_origin, "entra", SCENE_GROUP, user, &origin));
	return origin;
}

/* A grant whose user was written down as meant, and that then asks for a person. `unsent`: nothing went out. */
static struct grant scene_stopped(struct scene *scene, bool found_member, bool unsent)
{
	struct job job;
	struct grant grant;

	scene_catalog(scene);
	grant = scene_grant(scene, "chat", "account-1", NULL);
	job = scene_claim(scene, JOB_PROVISION);
	assert_ok(scene_intend(scene, &job, SCENE_USER, found_member).result);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NEEDS_PERSON, .code = "graph_error", .reason = "r",
	                             .job_id = job.job_id, .fence = job.fence, .unsent = unsent),
	                      &grant));
	assert_int_equal(grant.status, GRANT_MANUAL_FOLLOW_UP);
	return grant;
}

static enum result name_user(struct scene *scene, struct grant *grant, const char *user)
{
	return scene_apply(scene, grant->grant_id,
	                   CHANGE(.event = GRANT_EVENT_RESOLVE_USER, .external_user_id = user, .save_mapping = true),
	                   grant);
}

static void nobody_stays_behind_when_an_admin_names_another_user_after_a_write_may_have_gone_out(void **state)
{
	struct scene *scene = *state;
	struct grant grant = scene_stopped(scene, false, false);
	struct identity_mapping mapping;

	assert_refused(scene, name_user(scene, &grant, OTHER_USER), RESULT_CONFLICT, "conflict");
	assert_non_null(strstr(scene->error.detail, SCENE_USER));
	assert_non_null(strstr(scene->error.detail, OTHER_USER));
	assert_int_equal(DO(scene, mapping_find, "account-1", "entra", scene->arena, &mapping), RESULT_NOT_FOUND);
	assert_ok(DO(scene, grant_read, grant.grant_id, scene->arena, &grant));
	assert_string_equal(grant.external_user_id, SCENE_USER);
	assert_int_equal(grant.status, GRANT_MANUAL_FOLLOW_UP);
	/* The way out that the refusal names: they are taken out first. */
	assert_ok(scene_apply(scene, grant.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &grant));
	assert_string_equal(grant.external_user_id, SCENE_USER);
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_OURS);
}

static void the_same_user_may_be_named_again(void **state)
{
	struct scene *scene = *state;
	struct grant grant = scene_stopped(scene, false, false);

	assert_ok(name_user(scene, &grant, SCENE_USER));
	assert_int_equal(grant.status, GRANT_PENDING_PROVISION);
}

static void another_user_may_be_named_where_nothing_was_sent(void **state)
{
	struct scene *scene = *state;
	struct grant grant = scene_stopped(scene, false, true);

	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_UNKNOWN);
	assert_ok(name_user(scene, &grant, OTHER_USER));
	assert_string_equal(grant.external_user_id, OTHER_USER);
}

static void another_user_may_be_named_where_the_first_was_there_before_us(void **state)
{
	struct scene *scene = *state;
	struct grant grant = scene_stopped(scene, true, false);

	assert_ok(name_user(scene, &grant, OTHER_USER));
	assert_string_equal(grant.external_user_id, OTHER_USER);
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_PREEXISTING);
}

static void another_user_may_be_named_where_the_first_was_taken_out_by_somebody_else(void **state)
{
	struct scene *scene = *state;
	struct grant grant;

	scene_catalog(scene);
	(void)scene_grant(scene, "chat", "account-1", NULL);
	grant = scene_provision(scene, SCENE_USER);
	assert_ok(scene_apply(scene, grant.grant_id,
	                      CHANGE(.event = GRANT_EVENT_MEMBER_LOST, .code = "membership_removed_outside"), &grant));
	assert_ok(name_user(scene, &grant, OTHER_USER));
	assert_string_equal(grant.external_user_id, OTHER_USER);
}

/* Two grants of one group; the first has put the user in. */
static struct grant scene_first_of_two(struct scene *scene)
{
	scene_catalog(scene);
	scene_tool(scene, "code", "entra");
	assert_ok(scene_bind(scene, "code", SCENE_GROUP, true));
	(void)scene_grant(scene, "chat", "account-1", NULL);
	return scene_provision(scene, SCENE_USER);
}

static void a_user_whom_another_grant_holds_is_that_ones_to_take_out(void **state)
{
	struct scene *scene = *state;
	struct grant first = scene_first_of_two(scene);
	struct grant second = scene_grant(scene, "code", "account-1", NULL);
	struct job job = scene_claim(scene, JOB_PROVISION);

	assert_ok(scene_intend(scene, &job, SCENE_USER, true).result);
	/* What another grant sent is not unsent, whatever this one says. */
	assert_ok(scene_apply(scene, second.grant_id,
	                      CHANGE(.event = GRANT_EVENT_NEEDS_PERSON, .code = "graph_error", .reason = "r",
	                             .job_id = job.job_id, .fence = job.fence, .unsent = true),
	                      &second));
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_OURS);
	assert_ok(name_user(scene, &second, OTHER_USER));
	assert_string_equal(second.external_user_id, OTHER_USER);
	assert_ok(scene_apply(scene, first.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &first));
	assert_int_equal(origin_of(scene, SCENE_USER), MEMBERSHIP_OURS);
}

/* Found by its address meanwhile: the mapping came too late to change that. */
static void who_was_handed_over_to_a_grant_is_not_forgotten_for_one_it_finds_then(void **state)
{
	struct scene *scene = *state;
	struct grant first = scene_first_of_two(scene);
	struct grant second = scene_grant(scene, "code", "account-1", NULL);
	struct job job = scene_claim(scene, JOB_PROVISION);

	assert_ok(scene_apply(scene, first.grant_id, CHANGE(.event = GRANT_EVENT_REVOKE), &first));
	assert_ok(scene_apply(scene, first.grant_id, CHANGE(.event = GRANT_EVENT_KEPT), &first));
	assert_refused(scene, scene_intend(scene, &job, OTHER_USER, false).result, RESULT_UNAVAILABLE, "unavailable");
	assert_true(scene->error.retryable);
	assert_ok(DO(scene, grant_read, second.grant_id, scene->arena, &second));
	assert_string_equal(second.external_user_id, SCENE_USER);
	assert_ok(scene_intend(scene, &job, SCENE_USER, true).result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_test(nobody_stays_behind_when_an_admin_names_another_user_after_a_write_may_have_gone_out),
	    scene_test(the_same_user_may_be_named_again),
	    scene_test(another_user_may_be_named_where_nothing_was_sent),
	    scene_test(another_user_may_be_named_where_the_first_was_there_before_us),
	    scene_test(another_user_may_be_named_where_the_first_was_taken_out_by_somebody_else),
	    scene_test(a_user_whom_another_grant_holds_is_that_ones_to_take_out),
	    scene_test(who_was_handed_over_to_a_grant_is_not_forgotten_for_one_it_finds_then),
	};

	return cmocka_run_group_tests_name("store: the user a grant goes on with", tests, NULL, NULL);
}
