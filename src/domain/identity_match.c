/* Whom an address, or a mapping, names.
 *
 * The invariant: a wrong person never gets access. So everything that the directory said about the address counts as a
 * candidate, of whatever kind; only a single candidate without doubt is taken, and what is not known (a user type or an
 * account state that was not returned) is not taken for fine. */
#include "domain/identity_match.h"

#include "base/json.h"
#include "base/text.h"

struct candidate_set {
	struct directory_user *users;
	size_t count;
};

const char *identity_outcome_name(enum identity_outcome outcome)
{
	switch (outcome) {
	case IDENTITY_MATCHED:
		return "matched";
	case IDENTITY_NOT_FOUND:
		return "notFound";
	case IDENTITY_AMBIGUOUS:
		return "ambiguous";
	case IDENTITY_REFUSED:
		return "refused";
	}
	return "";
}

static bool users_name(const struct directory_user *users, size_t count, const char *object_id)
{
	for (size_t at = 0; at < count; at++) {
		if (text_equal_fold(users[at].object_id, object_id))
			return true;
	}
	return false;
}

static enum result user_copy(const struct directory_user *from, struct arena *arena, struct directory_user *ret_user)
{
	struct directory_user copy = *from;
	copy.object_id = arena_strdup(arena, from->object_id);
	copy.user_principal_name = arena_strdup(arena, from->user_principal_name);
	copy.mail = arena_strdup(arena, from->mail);
	copy.user_type = arena_strdup(arena, from->user_type);
	if ((from->object_id && !copy.object_id) || (from->user_principal_name && !copy.user_principal_name) ||
	    (from->mail && !copy.mail) || (from->user_type && !copy.user_type))
		return RESULT_NO_MEMORY;
	*ret_user = copy;
	return RESULT_OK;
}

/* Adds those not yet in the set. It has room for all answers together. */
static enum result candidates_add(struct candidate_set *set, const struct directory_user *users, size_t count,
                                  struct arena *arena)
{
	for (size_t at = 0; at < count; at++) {
		if (users_name(set->users, set->count, users[at].object_id))
			continue;
		if (user_copy(&users[at], arena, &set->users[set->count]) != RESULT_OK)
			return RESULT_NO_MEMORY;
		set->count++;
	}
	return RESULT_OK;
}

static struct identity_match match_fault(enum identity_outcome outcome, const char *code, const char *reason,
                                         const struct candidate_set *candidates)
{
	return (struct identity_match){
	    .outcome = outcome,
	    .code = code,
	    .reason = reason,
	    .candidates = candidates->users,
	    .candidate_count = candidates->count,
	};
}

/* `named`: how many of the candidates UPN and mail name; the rest are aliases. */
static struct identity_match match_unclear(const struct candidate_set *all, size_t named)
{
	if (all->count == 0)
		return match_fault(IDENTITY_NOT_FOUND, "user_not_found", "No user of the directory has this address.", all);
	if (named == 0)
		return match_fault(IDENTITY_AMBIGUOUS, "user_ambiguous",
		                   "The address is only an alias or another mail of the candidate, which proves nothing.", all);
	return match_fault(IDENTITY_AMBIGUOUS, "user_ambiguous", "The address leads to more than one user.", all);
}

static struct identity_match match_single(const struct candidate_set *all, bool by_upn)
{
	const struct directory_user *user = &all->users[0];
	if (!text_equal_fold(user->user_type, "Member"))
		return match_fault(IDENTITY_REFUSED, "user_guest",
		                   user->user_type == NULL ? "The directory does not say that the user is a member."
		                                           : "The address names a guest user.",
		                   all);
	if (user->account_enabled != KNOWN_TRUE)
		return match_fault(IDENTITY_REFUSED, "user_disabled",
		                   user->account_enabled == KNOWN_FALSE
		                       ? "The address names a user whose account is disabled."
		                       : "The directory does not say that the user's account is enabled.",
		                   all);
	return (struct identity_match){
	    .outcome = IDENTITY_MATCHED,
	    .code = by_upn ? "upn" : "mail",
	    .reason = by_upn ? "The address is the user principal name of exactly one user."
	                     : "The address is the mail of exactly one user.",
	    .user = *user,
	    .candidates = all->users,
	    .candidate_count = all->count,
	};
}

enum result identity_match_address(const struct identity_answers *answers, struct arena *arena,
                                   struct identity_match *ret_match)
{
	size_t room = answers->by_upn_count + answers->by_mail_count + answers->by_alias_count;
	struct candidate_set all = {.users = arena_array(arena, room == 0 ? 1 : room, sizeof(*all.users))};
	if (all.users == NULL)
		return RESULT_NO_MEMORY;
	if (candidates_add(&all, answers->by_upn, answers->by_upn_count, arena) != RESULT_OK ||
	    candidates_add(&all, answers->by_mail, answers->by_mail_count, arena) != RESULT_OK)
		return RESULT_NO_MEMORY;
	size_t named = all.count;
	if (candidates_add(&all, answers->by_alias, answers->by_alias_count, arena) != RESULT_OK)
		return RESULT_NO_MEMORY;
	*ret_match =
	    named == 1 && all.count == 1 ? match_single(&all, answers->by_upn_count > 0) : match_unclear(&all, named);
	return RESULT_OK;
}

enum result identity_match_mapping(const struct directory_user *user, const char *pinned_object_id, struct arena *arena,
                                   struct identity_match *ret_match)
{
	struct candidate_set set = {0};
	if (user == NULL) {
		*ret_match = match_fault(IDENTITY_REFUSED, "mapping_target_missing",
		                         "The user that the identity mapping names does not exist.", &set);
		return RESULT_OK;
	}
	set.users = arena_array(arena, 1, sizeof(*set.users));
	if (set.users == NULL || candidates_add(&set, user, 1, arena) != RESULT_OK)
		return RESULT_NO_MEMORY;
	if (pinned_object_id != NULL && !text_equal_fold(pinned_object_id, user->object_id))
		*ret_match = match_fault(IDENTITY_REFUSED, "mapping_target_changed",
		                         "The name in the identity mapping now belongs to another user.", &set);
	else if (user->account_enabled != KNOWN_TRUE)
		*ret_match = match_fault(IDENTITY_REFUSED, "mapping_target_disabled",
		                         "The account of the user that the identity mapping names is not enabled.", &set);
	else
		*ret_match = (struct identity_match){
		    .outcome = IDENTITY_MATCHED,
		    .code = "mapping",
		    .reason = "An admin's identity mapping names the user.",
		    .user = set.users[0],
		    .candidates = set.users,
		    .candidate_count = 1,
		};
	return RESULT_OK;
}

static json_t *candidate_to_json(const struct directory_user *user, bool *failed)
{
	json_t *object = json_object();
	json_put_string(object, "objectId", user->object_id, failed);
	json_put_string(object, "userPrincipalName", user->user_principal_name, failed);
	json_put_string(object, "mail", user->mail, failed);
	json_put_string(object, "userType", user->user_type, failed);
	json_put(object, "accountEnabled",
	         user->account_enabled == KNOWN_NOT ? json_null() : json_boolean(user->account_enabled == KNOWN_TRUE),
	         failed);
	return object;
}

json_t *identity_match_candidates(const struct identity_match *match)
{
	bool failed = false;
	json_t *array = json_array();
	for (size_t at = 0; at < match->candidate_count; at++) {
		json_t *candidate = candidate_to_json(&match->candidates[at], &failed);
		failed = json_array_append_new(array, candidate) != 0 || failed;
	}
	if (!failed && array != NULL)
		return array;
	json_decref(array);
	return NULL;
}
