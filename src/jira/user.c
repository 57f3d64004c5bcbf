#include <string.h>

#include "jira/jira_request.h"
#include "jira/jira_value.h"

/* 254 characters are the longest address there can be (RFC 5321). */
static enum result email_keep(const char *email, struct arena *arena, const char **ret_email)
{
	*ret_email = NULL;
	if (text_is_empty(email) || strlen(email) > 254 || !strchr(email, '@'))
		return RESULT_OK;
	*ret_email = arena_strdup(arena, email);
	return *ret_email ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result user_of_value(const json_t *value, const char *asked, struct arena *arena, struct jira_user *user,
                                 struct error *error)
{
	if (!text_equal(json_string_at(value, "accountId"), asked))
		return jira_bad_response(error, "Jira answered about another user than the one asked for.");
	user->account_id = arena_strdup(arena, asked);
	if (!user->account_id || jira_value_id(json_at(value, "accountType"), arena, &user->account_type) != RESULT_OK ||
	    email_keep(json_string_at(value, "emailAddress"), arena, &user->email) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	/* Portal-only accounts of service projects have ids of their own, should the type not be told. */
	if (!user->account_type && text_starts_with(asked, "qm:"))
		user->account_type = "customer";
	user->active = jira_value_bool(json_at(value, "active"), false);
	return RESULT_OK;
}

/* Some people, asked about together. */
struct user_round {
	struct jira *jira;
	const char *const *account_ids;
	size_t count; /* at most JIRA_CALLS_MAX */
	struct arena *arena;
	struct jira_user users[JIRA_CALLS_MAX];
	enum result *results;
	struct error *errors;
	bool held_back; /* Jira asked us to call less often */
	struct error wait;
};

/* One question about each of those people. */
struct user_asking {
	const char *prefix;
	const char *what;
	/* `result` and the person's error are the call's; returns what they are for the person. */
	enum result (*take)(struct user_round *round, size_t person, const json_t *value, enum result result);
	size_t people[JIRA_CALLS_MAX];
	size_t count;
};

static enum result account_take(struct user_round *round, size_t person, const json_t *value, enum result result)
{
	if (result != RESULT_OK)
		return result;
	return user_of_value(value, round->account_ids[person], round->arena, &round->users[person],
	                     &round->errors[person]);
}

/* An address that Jira will not tell (403, 404, or a 401 for want of a scope) is hidden: not a failure. */
static enum result address_take(struct user_round *round, size_t person, const json_t *value, enum result result)
{
	if (result == RESULT_DENIED || result == RESULT_NOT_FOUND || result == RESULT_PROTOCOL)
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	if (email_keep(json_string_at(value, "email"), round->arena, &round->users[person].email) != RESULT_OK)
		return error_set(&round->errors[person], RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

static void round_heed(struct user_round *round, const struct error *error)
{
	if (round->held_back && round->wait.retry_after_ms >= error->retry_after_ms)
		return;
	round->held_back = true;
	error_set(&round->wait, RESULT_THROTTLED, "jira_throttled", "Jira asks to be called less often; nothing was sent.");
	round->wait.retryable = true;
	round->wait.retry_after_ms = error->retry_after_ms;
}

/* False if nothing was sent. */
static bool round_ask(struct user_round *round, struct user_asking *asking)
{
	struct jira_call calls[JIRA_CALLS_MAX];
	json_t *values[JIRA_CALLS_MAX];
	enum result results[JIRA_CALLS_MAX];
	struct error errors[JIRA_CALLS_MAX];
	size_t ready = 0;
	for (size_t i = 0; i < asking->count; i++) {
		size_t person = asking->people[i];
		const char *path = NULL;
		if (jira_path(round->arena, asking->prefix, round->account_ids[person], "", &path) != RESULT_OK) {
			round->results[person] = error_set(&round->errors[person], RESULT_NO_MEMORY, NULL, "Out of memory.");
			continue;
		}
		asking->people[ready] = person;
		calls[ready++] =
		    (struct jira_call){.method = "GET", .path = path, .gone_code = "not_found", .gone_what = asking->what};
	}
	bool sent = ready > 0 && jira_call_all(round->jira, calls, ready, values, results, errors);
	for (size_t i = 0; i < ready; i++) {
		size_t person = asking->people[i];
		round->errors[person] = errors[i];
		round->results[person] = sent ? asking->take(round, person, values[i], results[i]) : results[i];
		if (results[i] == RESULT_THROTTLED)
			round_heed(round, &errors[i]);
		json_decref(values[i]);
	}
	return sent;
}

/* Whose account does not show an address, and is not to be asked about any more, has not been read. */
static void round_hold_back(struct user_round *round, const struct user_asking *asking)
{
	for (size_t i = 0; i < asking->count; i++) {
		round->results[asking->people[i]] = RESULT_THROTTLED;
		round->errors[asking->people[i]] = round->wait;
	}
}

static bool round_read(struct user_round *round)
{
	struct user_asking accounts = {
	    .prefix = "/rest/api/3/user?accountId=", .what = "The account", .take = account_take, .count = round->count};
	struct user_asking addresses = {
	    .prefix = "/rest/api/3/user/email?accountId=", .what = "The address", .take = address_take};
	for (size_t i = 0; i < round->count; i++)
		accounts.people[i] = i;
	bool sent = round_ask(round, &accounts);
	for (size_t i = 0; i < round->count; i++)
		if (round->results[i] == RESULT_OK && !round->users[i].email)
			addresses.people[addresses.count++] = i;
	if (round->held_back)
		round_hold_back(round, &addresses);
	else if (addresses.count > 0)
		round_ask(round, &addresses);
	return sent;
}

/* Nobody of the round was answered about: those after them are not asked about either. */
static bool round_is_lost(const struct user_round *round)
{
	for (size_t i = 0; i < round->count; i++)
		if (round->results[i] != RESULT_UNAVAILABLE)
			return false;
	return true;
}

/* Why those after this round are not asked about; a result of RESULT_OK if they are. */
static struct error round_stop(const struct user_round *round, bool sent)
{
	if (round->held_back)
		return round->wait;
	return !sent || round_is_lost(round) ? round->errors[0] : (struct error){.result = RESULT_OK};
}

static void round_give(const struct user_round *round, struct jira_user *ret_users)
{
	for (size_t i = 0; i < round->count; i++) {
		if (round->results[i] == RESULT_OK) {
			ret_users[i] = round->users[i];
			round->errors[i] = (struct error){.retry_after_ms = -1};
		}
	}
}

void jira_users_read(struct jira *jira, const char *const *account_ids, size_t count, struct arena *arena,
                     struct jira_user *ret_users, enum result *ret_results, struct error *ret_errors)
{
	struct error stop = {.result = RESULT_OK};
	size_t asked = 0;
	while (asked < count && stop.result == RESULT_OK) {
		struct user_round round = {
		    .jira = jira,
		    .account_ids = account_ids + asked,
		    .count = count - asked < JIRA_CALLS_MAX ? count - asked : JIRA_CALLS_MAX,
		    .arena = arena,
		    .results = ret_results + asked,
		    .errors = ret_errors + asked,
		};
		bool sent = round_read(&round);
		stop = round_stop(&round, sent);
		round_give(&round, ret_users + asked);
		asked += round.count;
	}
	for (; asked < count; asked++) {
		ret_results[asked] = stop.result;
		ret_errors[asked] = stop;
	}
}

enum result jira_user_read(struct jira *jira, const char *account_id, struct arena *arena, struct jira_user *ret_user,
                           struct error *error)
{
	enum result result = RESULT_OK;
	struct error own = {.retry_after_ms = -1};
	jira_users_read(jira, &account_id, 1, arena, ret_user, &result, &own);
	if (result != RESULT_OK && error)
		*error = own;
	return result;
}
