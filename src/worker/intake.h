/* The parts of the intake job: what Jira and the store say about one issue, and what is done about it. Private to
 * worker/.
 *
 * Every step returns RESULT_OK once its effect is durable and the case's verdict is set; anything else means that Jira
 * or the store could not be asked now, and the job waits. */
#ifndef AIC_WORKER_INTAKE_H
#define AIC_WORKER_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/access_request.h"
#include "domain/catalog.h"
#include "domain/decision.h"
#include "domain/intake_settings.h"
#include "store/store.h"
#include "worker/job_run.h"

struct intake_case {
	const struct job_context *context;
	struct store *store;
	struct arena *arena;
	const char *site;
	struct intake_settings settings; /* `approval` is the pending request's, where there is one */
	struct issue issue;
	struct issue_change *changes;
	size_t change_count;
	struct approval *approvals;
	size_t approval_count;
	struct access_request *requests; /* newest first */
	size_t request_count;
	struct access_request *pending; /* one of them, or NULL */
	const char *const *consumed;
	int64_t asked_at;
	struct decision decision;
	/* The verdict on the inbox event. */
	const char *status; /* "processed" | "ignored" */
	const char *code;
	const char *reason;
	const char *request_id;
};

/* What the issue asks for, looked up in the catalog. code NULL: it can be asked for. */
struct intake_facts {
	struct tool tool; /* tool_id NULL: none answers to the text */
	int days;
	const char *extends_grant_id; /* of an issue that asks for an extension */
	const char *code;
	const char *reason;
};

enum result intake_no_memory(struct error *error);
enum result intake_verdict(struct intake_case *c, const char *code, const char *reason, const char *request_id);

/* intake_read.c: asks Jira and the store, and the decision. */
enum result intake_read_issue(struct intake_case *c, const char *issue, struct error *error) MUST_CHECK;
enum result intake_read_requests(struct intake_case *c, struct error *error) MUST_CHECK;
enum result intake_read_decision(struct intake_case *c, struct error *error) MUST_CHECK;
bool intake_list_names(const char *const *list, const struct issue *issue); /* by status id or exact name */

/* intake_facts.c */
enum result intake_facts_check(struct intake_case *c, struct intake_facts *ret_facts, struct error *error) MUST_CHECK;
/* The issue asks that access which is there goes on. */
bool intake_is_extension(const struct intake_case *c);
/* The duration's text as it was taken down with the pending request, as far as it is known. */
enum result intake_taken_duration(const struct intake_case *c, const char **ret_text) MUST_CHECK;
enum result intake_facts_differ(const struct intake_case *c, bool *ret_differ) MUST_CHECK;
/* Tool, duration or beneficiary were changed in Jira at or after that instant. */
bool intake_changed_since(const struct intake_case *c, int64_t at);

/* intake_snapshot.c: the decision as it is kept with the request. */
const char *intake_snapshot_write(const struct intake_case *c) MUST_CHECK;

/* intake_open.c: no request is pending. */
enum result intake_open(struct intake_case *c, struct error *error) MUST_CHECK;
enum result intake_open_pending(struct intake_case *c, const struct intake_facts *facts,
                                struct access_request *ret_request, struct error *error) MUST_CHECK;

/* intake_settle.c: one is. */
enum result intake_settle(struct intake_case *c, struct error *error) MUST_CHECK;
enum result intake_apply_decision(struct intake_case *c, const char *request_id, struct error *error) MUST_CHECK;
enum result intake_cancel(struct intake_case *c, const char *request_id, const char *code, const char *reason,
                          struct error *error) MUST_CHECK;

/* intake_end.c: the issue is gone, or stands in a status that takes access away. */
enum result intake_gone(struct intake_case *c, struct error *error) MUST_CHECK;
/* *ret_settled: there is nothing else to do about the issue. */
enum result intake_revoke(struct intake_case *c, bool *ret_settled, struct error *error) MUST_CHECK;
/* After that instant the issue went into a status that takes access away, wherever it stands by now. */
bool intake_revoked_after(const struct intake_case *c, int64_t at);

/* intake_lock.c: one attempt at a time per issue, in this process. */
bool intake_lock_try(const char *issue_id);
void intake_unlock(const char *issue_id);

/* intake_seen.c: issues that an attempt has finished with as Jira last changed them, so that the sweep can pass them
 * over. A memory of this process; forgetting costs a question to Jira, nothing else. */
void intake_seen_note(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version);
bool intake_seen_has(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version);

#endif
