/* Which directory user an Atlassian account is: the pure part of DESIGN section 6, "Matching a Jira user". The
 * connector asks the questions and hands the answers here. */
#ifndef AIC_DOMAIN_IDENTITY_MATCH_H
#define AIC_DOMAIN_IDENTITY_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/catalog.h"

struct directory_user {
	const char *object_id;
	const char *user_principal_name;
	const char *mail;      /* NULL */
	const char *user_type; /* "Member", "Guest"; NULL: not returned */
	enum known account_enabled;
};

enum identity_outcome { IDENTITY_MATCHED, IDENTITY_NOT_FOUND, IDENTITY_AMBIGUOUS, IDENTITY_REFUSED };
const char *identity_outcome_name(enum identity_outcome outcome); /* "matched" "notFound" "ambiguous" "refused" */

struct identity_match {
	enum identity_outcome outcome;
	const char *code;           /* "mapping" "upn" "mail", or the fault */
	const char *reason;         /* one sentence */
	struct directory_user user; /* set if matched */
	struct directory_user *candidates;
	size_t candidate_count;
};

/* Answers to the questions about one address. Lists may name the same user twice. */
struct identity_answers {
	const struct directory_user *by_upn; /* userPrincipalName equals the address, case-insensitive */
	size_t by_upn_count;
	const struct directory_user *by_mail; /* mail equals it */
	size_t by_mail_count;
	const struct directory_user *by_alias; /* proxyAddresses, otherMails, the #EXT# form of the address */
	size_t by_alias_count;
};

/* Automatic matching by address. Exactly one user of any kind named by UPN and mail together, and that one an enabled
 * member -> matched ("upn" if the UPN question named it, else "mail"). Guest -> refused user_guest. Disabled (or
 * unknown)
 * -> refused user_disabled. Several -> ambiguous user_ambiguous. None but an alias names one -> ambiguous, with it as
 * the candidate. None at all -> notFound user_not_found. An alias that names another user than UPN and mail do:
 * ambiguous. */
enum result identity_match_address(const struct identity_answers *answers, struct arena *arena,
                                   struct identity_match *ret_match) MUST_CHECK;

/* By an admin's mapping. `user` NULL: the target is gone (mapping_target_missing). `pinned_object_id` (NULL: not yet):
 * another object id now answers to the name -> mapping_target_changed. Disabled or unknown -> mapping_target_disabled.
 * A guest is allowed. */
enum result identity_match_mapping(const struct directory_user *user, const char *pinned_object_id, struct arena *arena,
                                   struct identity_match *ret_match) MUST_CHECK;

/* The candidates as the contract shows them (resolve, followUp); the caller owns the array. NULL without memory. */
json_t *identity_match_candidates(const struct identity_match *match) MUST_CHECK;

#endif
