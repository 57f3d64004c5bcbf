/* Whom an address names: a wrong match would give a stranger access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"
#include "domain/identity_match.h"

static const struct directory_user ann = {"a-1", "ann@x.org", "ann@x.org", "Member", KNOWN_TRUE};
static const struct directory_user ann_upper = {"A-1", "ANN@x.org", "ann@x.org", "member", KNOWN_TRUE};
static const struct directory_user bob = {"b-2", "bob@x.org", "ann@x.org", "Member", KNOWN_TRUE};
static const struct directory_user guest = {"g-3", "ann_x.org#EXT#@y.onmicrosoft.com", "ann@x.org", "Guest",
                                            KNOWN_TRUE};
static const struct directory_user disabled = {"d-4", "ann@x.org", NULL, "Member", KNOWN_FALSE};
static const struct directory_user guest_disabled = {"e-5", "ann@x.org", NULL, "Guest", KNOWN_FALSE};
static const struct directory_user kind_untold = {"u-6", "ann@x.org", NULL, NULL, KNOWN_TRUE};
static const struct directory_user state_untold = {"u-7", "ann@x.org", NULL, "Member", KNOWN_NOT};

struct answer_case {
	const char *what;
	const struct directory_user *upn[2], *mail[3], *alias[2];
	enum identity_outcome outcome;
	const char *code;
	size_t candidates;
};

static const struct answer_case cases[] = {
    {"nobody", {0}, {0}, {0}, IDENTITY_NOT_FOUND, "user_not_found", 0},
    {"UPN alone", {&ann}, {0}, {0}, IDENTITY_MATCHED, "upn", 1},
    {"mail alone", {0}, {&ann}, {0}, IDENTITY_MATCHED, "mail", 1},
    {"both, same user", {&ann}, {&ann}, {0}, IDENTITY_MATCHED, "upn", 1},
    {"both, same user, ids in another case", {&ann}, {&ann_upper}, {0}, IDENTITY_MATCHED, "upn", 1},
    {"all three, same user", {&ann}, {&ann}, {&ann}, IDENTITY_MATCHED, "upn", 1},
    {"mail and alias, same user", {0}, {&ann}, {&ann}, IDENTITY_MATCHED, "mail", 1},
    {"UPN of one is the mail of another", {&ann}, {&bob}, {0}, IDENTITY_AMBIGUOUS, "user_ambiguous", 2},
    {"a guest with a member's mail", {&ann}, {&ann, &guest}, {0}, IDENTITY_AMBIGUOUS, "user_ambiguous", 2},
    {"two with one mail", {0}, {&ann, &bob}, {0}, IDENTITY_AMBIGUOUS, "user_ambiguous", 2},
    {"three with one mail", {0}, {&ann, &bob, &guest}, {0}, IDENTITY_AMBIGUOUS, "user_ambiguous", 3},
    {"an enabled and a disabled one", {&ann}, {&disabled}, {0}, IDENTITY_AMBIGUOUS, "user_ambiguous", 2},
    {"a guest alone", {0}, {&guest}, {0}, IDENTITY_REFUSED, "user_guest", 1},
    {"a disabled one", {&disabled}, {0}, {0}, IDENTITY_REFUSED, "user_disabled", 1},
    {"a disabled guest", {&guest_disabled}, {0}, {0}, IDENTITY_REFUSED, "user_guest", 1},
    {"user type not returned", {&kind_untold}, {0}, {0}, IDENTITY_REFUSED, "user_guest", 1},
    {"account state not returned", {&state_untold}, {0}, {0}, IDENTITY_REFUSED, "user_disabled", 1},
    {"an alias only", {0}, {0}, {&ann}, IDENTITY_AMBIGUOUS, "user_ambiguous", 1},
    {"two aliases only", {0}, {0}, {&ann, &bob}, IDENTITY_AMBIGUOUS, "user_ambiguous", 2},
    {"an alias names another", {&ann}, {&ann}, {&bob}, IDENTITY_AMBIGUOUS, "user_ambiguous", 2},
    {"an alias names another than a guest", {0}, {&guest}, {&bob}, IDENTITY_AMBIGUOUS, "user_ambiguous", 2},
};

static size_t gather(const struct directory_user *const *from, size_t room, struct directory_user *to)
{
	size_t count = 0;
	for (; count < room && from[count] != NULL; count++)
		to[count] = *from[count];
	return count;
}

static void an_address_matches_only_without_doubt(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_SIZE(cases); at++) {
		const struct answer_case *one = &cases[at];
		_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 16);
		struct directory_user upn[2], mail[3], alias[2];
		struct identity_answers answers = {.by_upn = upn, .by_mail = mail, .by_alias = alias};
		answers.by_upn_count = gather(one->upn, ARRAY_SIZE(upn), upn);
		answers.by_mail_count = gather(one->mail, ARRAY_SIZE(mail), mail);
		answers.by_alias_count = gather(one->alias, ARRAY_SIZE(alias), alias);
		struct identity_match match;
		assert_int_equal(identity_match_address(&answers, arena, &match), RESULT_OK);
		if (match.outcome != one->outcome || !text_equal(match.code, one->code) ||
		    match.candidate_count != one->candidates)
			fail_msg("%s: %s %s, %zu candidates", one->what, identity_outcome_name(match.outcome), match.code,
			         match.candidate_count);
		assert_non_null(match.reason);
		if (match.outcome == IDENTITY_MATCHED)
			assert_string_equal(match.user.object_id, "a-1");
		else
			assert_null(match.user.object_id);
	}
}

static void a_match_outlives_the_answer_that_it_came_from(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 16);
	char id[] = "a-1", upn[] = "ann@x.org";
	struct directory_user user = {id, upn, NULL, "Member", KNOWN_TRUE};
	struct identity_match match;
	assert_int_equal(
	    identity_match_address(&(struct identity_answers){.by_upn = &user, .by_upn_count = 1}, arena, &match),
	    RESULT_OK);
	id[0] = upn[0] = '!';
	assert_string_equal(match.user.object_id, "a-1");
	assert_string_equal(match.candidates[0].user_principal_name, "ann@x.org");
}

static void check_mapping(const struct directory_user *user, const char *pinned, enum identity_outcome outcome,
                          const char *code)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 16);
	struct identity_match match;
	assert_int_equal(identity_match_mapping(user, pinned, arena, &match), RESULT_OK);
	assert_int_equal(match.outcome, outcome);
	assert_string_equal(match.code, code);
	assert_int_equal(match.candidate_count, user != NULL);
	if (outcome == IDENTITY_MATCHED)
		assert_string_equal(match.user.object_id, user->object_id);
	else
		assert_null(match.user.object_id);
}

static void a_mapping_names_its_user_until_that_one_changes(void **state)
{
	(void)state;
	check_mapping(&ann, NULL, IDENTITY_MATCHED, "mapping");
	check_mapping(&ann, "a-1", IDENTITY_MATCHED, "mapping");
	check_mapping(&ann, "A-1", IDENTITY_MATCHED, "mapping");
	check_mapping(&guest, NULL, IDENTITY_MATCHED, "mapping");
	check_mapping(&kind_untold, NULL, IDENTITY_MATCHED, "mapping");
	check_mapping(NULL, NULL, IDENTITY_REFUSED, "mapping_target_missing");
	check_mapping(NULL, "a-1", IDENTITY_REFUSED, "mapping_target_missing");
	check_mapping(&bob, "a-1", IDENTITY_REFUSED, "mapping_target_changed");
	check_mapping(&disabled, NULL, IDENTITY_REFUSED, "mapping_target_disabled");
	check_mapping(&state_untold, NULL, IDENTITY_REFUSED, "mapping_target_disabled");
	check_mapping(&disabled, "a-1", IDENTITY_REFUSED, "mapping_target_changed");
}

static void outcomes_bear_the_contracts_names(void **state)
{
	(void)state;
	assert_string_equal(identity_outcome_name(IDENTITY_MATCHED), "matched");
	assert_string_equal(identity_outcome_name(IDENTITY_NOT_FOUND), "notFound");
	assert_string_equal(identity_outcome_name(IDENTITY_AMBIGUOUS), "ambiguous");
	assert_string_equal(identity_outcome_name(IDENTITY_REFUSED), "refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_matches_only_without_doubt),
	    cmocka_unit_test(a_match_outlives_the_answer_that_it_came_from),
	    cmocka_unit_test(a_mapping_names_its_user_until_that_one_changes),
	    cmocka_unit_test(outcomes_bear_the_contracts_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
