/* The seam to a directory. Given values, gives back values; knows neither store nor Jira.
 *
 * Every call blocks its thread on the outbound client until its deadline at the latest, sends a fresh client-request-id
 * per HTTP request, and reports ids in `struct error` (or in the result). Safe to call from several threads. */
#ifndef AIC_CONNECTOR_CONNECTOR_H
#define AIC_CONNECTOR_CONNECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/catalog.h"
#include "domain/connector_settings.h"
#include "domain/finding.h"
#include "domain/identity_match.h"
#include "http/client.h"
#include "secrets/secret.h"

/* What the operator set for all connectors ([entra], CONTRACT section 2). */
struct connector_environment {
	struct http_client *http;
	const struct clock *clock;
	const char *login_url;       /* NULL: the cloud's own */
	const char *graph_url;       /* NULL: the cloud's own */
	const char *bindable_groups; /* "any" | "prefix:TEXT" | "owned" | "ids:a,b" */
};

/* One connector as a call needs it: the settings, and how to get its secret when, and only when, a token is needed. */
struct connector_target {
	const struct connector_settings *settings;
	const struct secret_source *secret;      /* the client secret, private key, or federated token */
	const struct secret_source *certificate; /* NULL unless the credential is a certificate */
	int64_t deadline_ms;                     /* on the monotonic clock; 0: the call's own default (20 s) */
};

/* What is asked about a person. mapping_external_id NULL: automatic, by address. */
struct identity_question {
	const char *mapping_external_id; /* object id or UPN, as the admin wrote it */
	const char *pinned_object_id;    /* of the mapping, once pinned */
	const char *address;             /* the Jira e-mail; NULL: hidden (-> notFound email_hidden) */
};

#define CONNECTOR_QUESTIONS_MAX 1000

/* Ids that an admin finds in Entra's log. */
struct connector_trace {
	char request_id[64];
	char client_request_id[64];
};

struct connector_group_check {
	struct group_facts facts;
	const char *code; /* group_facts_code, or group_not_allowed by bindable_groups */
	bool manageable;
};

/* Is that user in that group? */
struct connector_look {
	const char *group_id; /* object ids */
	const char *user_id;
	/* out */
	enum result result; /* RESULT_OK: `member` holds. RESULT_NOT_FOUND: group_missing, group_deleted. Else `error`. */
	bool member;
	struct error error;
};

/* A page of a walk through a group's members, or through what changed among them. The same may be said twice, and what
 * stands on a later page is the later word. */
struct connector_member_page {
	bool expired; /* the link is no longer known: nothing else holds; begin anew */
	struct member_change *changes;
	size_t count;
	bool group_seen;    /* the page speaks of the group */
	bool group_gone;    /* and says that it was deleted */
	const char *next;   /* where the walk goes on; NULL: it is over, and */
	const char *resume; /* from here a later walk sees only what changes from now on */
};

/* A membership to be written, and what came of it. */
struct connector_change {
	const char *group_id; /* object ids */
	const char *user_id;
	bool removal;
	bool bulk; /* part of a backlog: it does not use what is kept for single changes */
	/* out */
	/* RESULT_OK: done, or there was nothing to do. Failures speak by error.code: user_not_found (about this user
	 * alone); group_missing, group_not_allowed, the group flag codes, permission_missing, token codes, graph_denied …
	 * (about group or app: an incident); graph_throttled, graph_unavailable (retryable; was not written);
	 * RESULT_TIMEOUT: unknown, it may have been written: settle it by reading. */
	enum result result;
	/* The directory said that it was so before. With RESULT_OK the group itself was read, and exists. */
	bool already;
	bool of_group; /* a failure that names the app concerns this group alone: the app may write elsewhere */
	struct connector_trace trace; /* of the write that settled it */
	struct error error;
};

/* How many memberships may be written now, and if none, for how long. */
struct connector_room {
	size_t changes;
	int64_t wait_ms;
	size_t bulk_changes; /* by a backlog: a part is kept for changes that somebody waits for */
	int64_t bulk_wait_ms;
};

struct connector_test_input {
	const struct tool *bound_tools; /* one groups entry per distinct bound group */
	size_t bound_tool_count;
	bool secret_is_fresh; /* stored under five minutes ago: a refusal as wrong is tried again at 1, 2, 4 s */
	/* By itself, each hour: no attempt is repeated, nothing goes out while the directory asked us to wait. */
	bool light;
};

/* A group to create for a tool. Every attempt says the same: from them come the names by which it is found again. */
struct group_creation {
	const char *unique_name;  /* <= 64 characters of [a-z0-9-]: of this installation and tool alone */
	const char *display_name; /* <= 256 */
	const char *description;  /* NULL or <= 1,024 */
	bool may_exist;      /* a creation was sent before, and its answer lost: it is looked for before it is sent again */
	bool may_not_repeat; /* what was sent is not safe to repeat, in any form: it is looked for, and nothing is sent */
	bool give_up_looking; /* the replication time is over since then: it was never created */
	/* Called right before anything that creates is sent, and once more before what is not safe to repeat; RESULT_OK to
	 * go on. */
	enum result (*about_to_create)(void *context, bool repeatable, struct error *error);
	void *context;
};

struct connector_test {
	const char *outcome;                  /* "passed" "warning" "failed" */
	const char *incident_code;            /* failed for the whole app: the first such check's code; NULL */
	const char *incident_detail;          /* its summary */
	json_t *report;                       /* the contract's test report; owned by the caller */
	int64_t credential_expires_at;        /* 0: unknown */
	struct connector_group_check *groups; /* what was found about each bound group; in the arena */
	size_t group_count;
};

#define CONNECTOR_SEARCH_MAX 200

struct connector_ops {
	const char *type; /* "entra" */

	/* What settings can be told wrong without asking anyone: "" if fine, else tenant_malformed, client_malformed … */
	const char *(*check_shape)(const struct connector_settings *settings);

	/* The connection test: every check that can run does, past all caches, within target->deadline_ms. RESULT_OK
	 * whenever there is a report, whatever is in it. Idempotent; changes nothing in the directory. */
	enum result (*test)(const struct connector_environment *environment, const struct connector_target *target,
	                    const struct connector_test_input *input, struct arena *arena, struct connector_test *ret_test,
	                    struct error *error);

	/* Groups whose name begins with (or contains, where the directory can) `search`, with manageable and code: the
	 * first `most` of them, up to CONNECTOR_SEARCH_MAX. */
	enum result (*search_groups)(const struct connector_environment *environment, const struct connector_target *target,
	                             const char *search, size_t most, struct arena *arena,
	                             struct connector_group_check **ret_groups, size_t *ret_count, struct error *error);

	/* Reads a group's flags now. RESULT_NOT_FOUND with code group_missing or group_deleted. */
	enum result (*read_group)(const struct connector_environment *environment, const struct connector_target *target,
	                          const char *group_id, struct arena *arena, struct connector_group_check *ret_group,
	                          struct error *error);

	/* The same for many groups at once; ret_errors[i].result is that of the i-th, and where it is RESULT_OK
	 * ret_groups[i] is filled. */
	void (*read_groups)(const struct connector_environment *environment, const struct connector_target *target,
	                    const char *const *group_ids, size_t count, struct arena *arena,
	                    struct connector_group_check *ret_groups, struct error *ret_errors);

	/* Who a person is. RESULT_OK with any outcome; else the directory could not be asked. Changes nothing. */
	enum result (*match_user)(const struct connector_environment *environment, const struct connector_target *target,
	                          const struct identity_question *question, struct arena *arena,
	                          struct identity_match *ret_match, struct error *error);

	/* Looks whether users are in groups. Reads plain /members, page by page, once a group for all who are asked about
	 * in it, stopping where all are found; the first pages of several groups travel together. Each look has its own
	 * result. One read may be behind the truth. */
	void (*look_members)(const struct connector_environment *environment, const struct connector_target *target,
	                     struct connector_look *looks, size_t count);

	/* One page of a group's members: of all of them (`link` NULL), or of what changed since a walk before (`link`: its
	 * `resume`, or the `next` of a page). A link to elsewhere, or back to itself, is RESULT_PROTOCOL; longer circles
	 * are for the caller to see. A group that does not exist is an empty list: ask read_group first. */
	enum result (*read_members)(const struct connector_environment *environment, const struct connector_target *target,
	                            const char *group_id, const char *link, struct arena *arena,
	                            struct connector_member_page *ret_page, struct error *error) MUST_CHECK;

	/* As look_members, asked of the users: what it costs depends on what each of them is in, not on how many are in
	 * the group. Direct memberships alone; plain reads. One read may be behind the truth. */
	void (*look_users)(const struct connector_environment *environment, const struct connector_target *target,
	                   struct connector_look *looks, size_t count);

	/* Puts users into groups, and takes them out: as many as there are, in as few exchanges as the directory allows,
	 * never two writes to one group at a time. A removal is always DELETE …/$ref. Each change has its own result, and
	 * no change waits for another's fault. Idempotent; verifies nothing. A pair (group, user) stands once in `changes`;
	 * a second one is answered RESULT_UNAVAILABLE, retryable, unsent. */
	void (*change_members)(const struct connector_environment *environment, const struct connector_target *target,
	                       struct connector_change *changes, size_t count);

	/* How much could be written now, by the directory's limits, what it said of late and what was sent: of this app in
	 * this tenant, from any thread. Asks nobody. */
	void (*room)(const struct connector_environment *environment, const struct connector_settings *settings,
	             struct connector_room *ret_room);

	/* The same for many people at once, in as few exchanges as can be: mappings and addresses in any mixture.
	 * ret_matches[i].code is NULL where nothing could be learned about that one; ret_errors[i] then says why. RESULT_OK
	 * unless nobody could be asked at all. At most CONNECTOR_QUESTIONS_MAX. */
	enum result (*match_users)(const struct connector_environment *environment, const struct connector_target *target,
	                           const struct identity_question *questions, size_t count, struct arena *arena,
	                           struct identity_match *ret_matches, struct error *ret_errors, struct error *error)
	    MUST_CHECK;

	/* Creates the group, our service principal its owner, or finds the one that an earlier attempt created. Never a
	 * second one: after any failure that came after about_to_create the caller comes again with may_exist. Where it is
	 * not seen yet: RESULT_UNAVAILABLE code group_missing, retryable. group_not_allowed if bindable_groups forbids
	 * it, before anything is sent. permission_missing (Group.Create), graph_denied … as in change_members. */
	enum result (*create_group)(const struct connector_environment *environment, const struct connector_target *target,
	                            const struct group_creation *creation, struct arena *arena,
	                            struct connector_group_check *ret_group, struct error *error);

	/* Forgets cached tokens of a connector: call after its credential or settings changed, or it was deleted. */
	void (*forget)(const char *connector_id);
};

/* By type; NULL for an unknown one. */
const struct connector_ops *connector_registry_find(const char *type);

/* Whether an error code speaks about one user (settles that job), the group, or the app: CONTRACT rule 6. */
enum connector_scope { CONNECTOR_SCOPE_USER, CONNECTOR_SCOPE_GROUP, CONNECTOR_SCOPE_APP, CONNECTOR_SCOPE_PASSING };
enum connector_scope connector_error_scope(const struct error *error);
/* The directory did not answer at all. NULL: it did. */
bool connector_error_is_silence(const char *code);

#endif
