/* Who acts: a person or program with a token or session, Jira's word, or the system itself. */
#ifndef AIC_DOMAIN_PRINCIPAL_H
#define AIC_DOMAIN_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/macro.h"
#include "base/result.h"

enum role {
	ROLE_ADMIN = 1 << 0,
	ROLE_APPROVER = 1 << 1,
	ROLE_AUDITOR = 1 << 2,
	ROLE_REQUESTER = 1 << 3,
};
#define ROLE_ANY (ROLE_ADMIN | ROLE_APPROVER | ROLE_AUDITOR | ROLE_REQUESTER)

const char *role_name(enum role role); /* "admin" … */
enum result role_parse(const char *name, enum role *ret_role) MUST_CHECK;

/* kind: "token" or "session"; account_id NULL if no Atlassian account is linked. */
struct principal {
	const char *principal_id;
	const char *kind;
	enum role role;
	const char *account_id;
};

/* As written into an audit event: kind "token", "session", "jira" or "system"; id a principal's id, an Atlassian
 * account id, or the name of the part that acted ("worker", "sweep", "cli"). */
struct actor {
	const char *kind;
	const char *id;
};

/* An API token as kept: the hash only. */
struct api_token {
	const char *principal_id;
	const char *name;
	enum role role;
	const char *account_id; /* NULL */
	uint8_t hash[32];       /* SHA-256 of the token text */
	int64_t created_at;
	int64_t expires_at; /* 0: never */
	int64_t revoked_at; /* 0: not */
};

#endif
