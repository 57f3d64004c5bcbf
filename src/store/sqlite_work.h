/* What the operations use of one another inside a transaction. Everything here follows the session's rule: a failure of
 * the database stays in session->fault and is looked at by the writer. */
#ifndef AIC_STORE_SQLITE_WORK_H
#define AIC_STORE_SQLITE_WORK_H

#include "store/sqlite_store.h"

/* ---- audit ---- */

/* Appends an event to the chain. `detail`: JSON text of an object; NULL: an empty one. */
void audit_append(struct session *session, const struct actor *actor, const char *action, const char *target_kind,
                  const char *target_id, const char *outcome, const char *detail);
/* An object of ids and codes from pairs of key and value, ended by NULL; pairs whose value is NULL are left out.
 * `base`: JSON text of an object to begin with, or NULL. The text lives in the session's scratch. */
const char *audit_detail(struct session *session, const char *base, ...) __attribute__((sentinel));
/* What an event holds of a free text, whose salt lies beside it: NULL counts as "". In the session's scratch. */
#define TEXT_SALT_SIZE 16
const char *salted_hash(struct session *session, const uint8_t salt[TEXT_SALT_SIZE], const char *text);
void audit_sign_head(struct session *session);
extern const struct row_type audit_checkpoint_row; /* seq, hash, at, signature */
extern const struct actor actor_worker;            /* the system, where no person is named */

/* ---- idempotency ---- */

/* True if the key was used before: *ret_result is then the operation's result. */
bool idempotency_answered(struct session *session, struct sqlite_write *write, enum result *ret_result);
void idempotency_keep(struct session *session, const struct sqlite_write *write);
#define IDEMPOTENCY_KEPT_MS (INT64_C(24) * 3600 * 1000)

/* ---- labels and versions ---- */

bool label_retired(struct session *session, const char *kind, const char *id);
void label_retire(struct session *session, const char *kind, const char *id);
/* RESULT_OK if `present` is what was expected (0: any); else it sets the write's error. */
enum result version_check(struct sqlite_write *write, int64_t present) MUST_CHECK;
enum result refuse_not_found(struct sqlite_write *write, const char *what);

/* ---- connectors, tools, mappings ---- */

int64_t connector_key_of(struct session *session, const char *connector_id); /* 0: none */
void connector_touch(struct session *session, const char *connector_id);     /* last_used_at */
/* The connector named by the operation; the write's error says what is wrong. */
enum result connector_load(struct session *session, struct sqlite_write *write, struct arena *arena,
                           struct connector_settings *ret_connector) MUST_CHECK;
/* A credential that was sealed under a master key which is no longer the one: RESULT_UNAVAILABLE. */
enum result sealed_check_key(struct session *session, struct sqlite_write *write, const struct credential *credential)
    MUST_CHECK;
extern const struct row_type tool_row;
#define TOOL_COLUMNS                                                                                                   \
	"t.tool_id, t.name, t.vendor, t.url, t.description, t.risk, t.default_duration_days, t.max_duration_days, "        \
	"t.requestable, t.expiry_warning_days, t.review_before_expiry, t.review_days, (SELECT connector_id FROM "          \
	"connector c WHERE c.connector_key = "                                                                             \
	"t.connector_key), t.group_mode, "                                                                                 \
	"t.group_id, t.group_display_name, t.group_manageable, t.group_code, t.group_checked_at, t.group_allow_shared, "   \
	"t.group_job_id, t.drift, t.stop_key IS NOT NULL, t.created_at, t.updated_at, t.version"
/* RESULT_NOT_FOUND without an error text. */
enum result tool_get(struct session *session, struct arena *arena, const char *tool_id, struct tool *ret_tool)
    MUST_CHECK;
/* The tool named by the operation. */
enum result tool_load(struct session *session, struct sqlite_write *write, struct arena *arena, struct tool *ret_tool)
    MUST_CHECK;
/* What forbids binding this group to this tool. */
enum result tool_check_bind(struct session *session, struct sqlite_write *write, const struct tool *tool,
                            const struct entitlement_group *group) MUST_CHECK;
void tool_put_group(struct session *session, const char *tool_id, const struct entitlement_group *group);
/* A creation that nobody wants any more: job_id NULL is none. */
void creation_cancel(struct session *session, const char *job_id);
/* What a check found about a group, on every tool that has it. */
void group_keep_check(struct session *session, int64_t connector_key, const struct entitlement_group *group);
extern const struct row_type mapping_row;
#define MAPPING_COLUMNS                                                                                                \
	"m.mapping_id, m.account_id, c.connector_id, m.external_id, m.note, m.resolved_object_id, "                        \
	"m.resolved_user_principal_name, m.code, m.checked_at, m.created_at, m.updated_at, m.version"
#define MAPPING_SELECT                                                                                                 \
	"SELECT " MAPPING_COLUMNS " FROM identity_mapping m JOIN connector c ON c.connector_key = m.connector_key"
void mapping_pin_target(struct session *session, const struct actor *actor, const struct identity_mapping *mapping,
                        const char *object_id, const char *user_principal_name);
/* An admin said who this account is: the mapping is written and pinned at once. */
void mapping_save_chosen(struct session *session, const struct actor *actor, const char *account_id,
                         const char *connector_id, const char *object_id);

/* ---- requests ---- */

/* A row and its surrogate key. */
struct request_row {
	struct access_request request;
	int64_t key;
};
extern const struct row_type request_row_type;
/* The columns of request_row. */
#define REQUEST_COLUMNS                                                                                                \
	"r.request_key, r.request_id, r.kind, r.site, r.issue_id, r.issue_key, r.tool_id, r.tool_text, r.account_id, "     \
	"r.filed_by, "                                                                                                     \
	"r.filed_by_principal, r.purpose, r.duration_days, r.approval, r.status, r.code, r.reason, r.decided_by, "         \
	"r.decided_at, r.decision, r.asked_at, (SELECT grant_id FROM access_grant g WHERE g.request_key = "                \
	"r.request_key), (SELECT grant_id FROM access_grant e WHERE e.grant_key = r.extends_grant_key), "                  \
	"r.created_at, r.updated_at, r.version"
extern const struct row_type request_type; /* the same columns, read into a struct access_request */
enum result request_get(struct session *session, struct arena *arena, const char *request_id,
                        struct request_row *ret_row) MUST_CHECK;
/* The operation request_apply: `in` is the change; the request is given back in the write's arena and staging. */
enum result request_move(struct session *session, struct sqlite_write *write) MUST_CHECK;
/* Marks ids as used by a request; those that another request used already are left to it. */
void request_consume(struct session *session, const struct request_row *row, const char *const *ids);
/* A request that is approved as it is made, and its grant. */
enum result request_grant_at_once(struct session *session, struct sqlite_write *write,
                                  const struct access_request *request, const struct request_change *change,
                                  char ret_grant_id[ID_SIZE]) MUST_CHECK;
/* Puts a new request down with its event, and what follows if it is refused already (then `consumed` is used up). */
enum result request_put(struct session *session, const struct actor *actor, const struct access_request *request,
                        const char *const *consumed, struct arena *arena, struct request_row *ret_row) MUST_CHECK;
/* Moves a request to where its event leads, with all that follows. */
void request_follow(struct session *session, const struct actor *actor, const struct request_row *row,
                    enum request_status to, const struct request_change *change);
/* The sentence that goes with a code. */
const char *code_sentence(const char *code);

/* ---- requests about the end of a grant ---- */

/* Why an extension cannot be asked for; NULL: it can. */
const char *extension_check(struct session *session, const struct access_request *request);
/* Why the end cannot be moved any more, now that it was decided; NULL: it can. */
const char *extension_fault(struct session *session, const struct access_request *request);
/* Moves the end as the approved request says. */
void extension_carry_out(struct session *session, const struct actor *actor, const struct request_row *row,
                         const struct request_change *change);
/* The grant goes: nobody need decide about its end any more. */
void extension_let_go(struct session *session, const struct actor *actor, int64_t grant_key);
/* Starts the reviews that are due, a bounded number; *ret_count: how many. */
enum result review_start_some(struct session *session, size_t *ret_count) MUST_CHECK;
#define REVIEW_STEP 100

/* An open grant of the account for the tool, other than one that is on its way out already. */
bool request_has_grant(struct session *session, const char *tool_id, const char *account_id);

/* ---- grants ---- */

struct grant_row {
	struct grant grant;
	int64_t key;
	int64_t request_key;
	/* Where it acts, and on whom, as it was read: `grant` may say otherwise until it is saved. */
	struct grant_target {
		const char *connector_id, *tenant_id, *group_id, *external_user_id;
	} saved;
};
extern const struct row_type grant_row_type;
extern const struct row_type grant_type;
#define GRANT_COLUMNS                                                                                                  \
	"g.grant_key, g.request_key, g.grant_id, r.request_id, r.issue_key, g.tool_id, g.account_id, g.connector_id, "     \
	"g.tenant_id, g.group_id, g.external_user_id, g.status, g.ends_as, g.membership_preexisting, g.duration_days, "    \
	"g.active_at, g.expires_at, g.code, g.reason, g.follow_up_action, g.follow_up_code, g.follow_up_reason, "          \
	"g.follow_up_candidates, g.follow_up_since, g.created_at, g.updated_at, g.version"
#define GRANT_FROM " FROM access_grant g JOIN access_request r ON r.request_key = g.request_key"
#define GRANT_OPEN "('pendingProvision', 'active', 'pendingDeprovision', 'manualFollowUp')"
/* In the words of the index access_grant_in_group; `of` is the row's name in the statement. */
#define GRANT_IS_INSIDE(of)                                                                                            \
	"(" of ".status = 'active' OR " of ".status = 'pendingDeprovision' OR " of ".status = 'manualFollowUp')"
enum result grant_get(struct session *session, struct arena *arena, const char *grant_id, struct grant_row *ret_row)
    MUST_CHECK;
/* The grant of an approved request, its first history line and its job. */
void grant_start(struct session *session, const struct actor *actor, const struct request_row *request,
                 char ret_grant_id[ID_SIZE]);
void grant_history_add(struct session *session, int64_t grant_key, const struct actor *actor, const char *from,
                       const char *to, const char *code);
bool grant_held_by_other(struct session *session, const struct grant *grant);
/* The operation grant_apply: `in` is the change; the grant is given back where the write has a `ret`. `flag`: the
 * caller has the brake look at the group afterwards, once for many. */
enum result grant_move(struct session *session, struct sqlite_write *write) MUST_CHECK;
/* Ends what we know about the membership, as the change says. */
void membership_settle(struct session *session, const struct grant *grant, const struct grant_change *change);
/* Its user may be in the group by our write, and no other open grant names them. */
bool membership_is_this_ones(struct session *session, const struct grant *grant);

/* ---- jobs ---- */

/* What acts on the directory for somebody: held while its connector is disabled or an incident covers it. */
#define JOB_HELD_KINDS "('provision', 'deprovision', 'createGroup')"
/* In the words of job_live_subject, which leads to what has not begun, too, and of job_finished. */
#define JOB_NOT_BEGUN(of) "(" of ".status = 'queued' OR " of ".status = 'waiting')"
#define JOB_LIVE(of) "(" JOB_NOT_BEGUN(of) " OR " of ".status = 'running')"
#define JOB_FINAL(of) "(" of ".status = 'succeeded' OR " of ".status = 'manualFollowUp' OR " of ".status = 'cancelled')"
/* Smaller is more urgent. A pause holds those from one of these on: what it is not about stands before them, or is in
 * no group. */
enum job_priority { JOB_PRIORITY_FREE = 9, JOB_PRIORITY_SINGLE = 10, JOB_PRIORITY_BULK = 11 };
/* What a connector was left alone for is over. */
void pause_end(struct session *session, const char *connector_id);

struct job_start {
	enum job_kind kind;
	int64_t grant_key;
	int64_t request_key;
	const char *connector_id;
	const char *group_id;
	const char *subject;
	const char *inbox_event_id;
	const char *job_id;   /* chosen by the caller; NULL: a fresh one */
	const char *dedup;    /* NULL: may be started any number of times */
	const char *progress; /* what the first attempt begins with; NULL: nothing */
	bool unasked;         /* a removal that no person asked for: the brake counts it */
};
extern const struct row_type job_row;
#define JOB_COLUMNS                                                                                                    \
	"j.job_id, j.kind, j.status, j.priority, (SELECT grant_id FROM access_grant g WHERE g.grant_key = j.grant_key), "  \
	"(SELECT request_id FROM access_request r WHERE r.request_key = j.request_key), j.connector_id, j.group_id, "      \
	"j.subject, j.inbox_event_id, j.attempts, j.next_attempt_at, j.fence, j.progress, j.error_code, j.error_detail, "  \
	"j.error_request_id, j.error_client_request_id, j.created_at, j.updated_at"
void job_start(struct session *session, const struct job_start *start);
/* The lease under which a worker acts still holds; *ret_key (may be NULL) is the job's. */
bool job_fence_holds(struct session *session, const char *job_id, int64_t fence, int64_t *ret_key);
enum result refuse_lease_lost(struct sqlite_write *write);
/* Every running job of the fence, and every group's lease, holds until then; false if none of them runs any more. */
bool lease_renew(struct session *session, int64_t fence, int64_t until);
/* Ends an attempt: the job's new state, its leases freed, incidents cleared by a success. */
void job_end(struct session *session, int64_t job_key, const struct job_outcome *outcome);
/* For the one service of this file, as it starts: whoever holds a lease is dead, and need not be waited for. */
enum result sqlite_claims_orphan(struct sqlite_store *store, struct error *error) MUST_CHECK;
/* Cancels what is queued or waiting for a grant. */
void job_cancel_of_grant(struct session *session, int64_t grant_key);
/* Holds a connector's jobs, or those of one of its groups, once job_place() was called; false if it was open already:
 * then only its next probe is put off. */
bool incident_open(struct session *session, const struct incident *incident);
/* Queues the light test of a connector, unless one is queued, running or waiting. */
void check_start(struct session *session, const char *connector_id);
/* Puts a connector's unfinished jobs where they belong: held if it is disabled or an incident covers them, else queued.
 */
void job_place(struct session *session, const char *connector_id);
/* Tells Jira how it went, if the request came from there and the settings ask for it. `round`: what tells repetitions
 * of the same subject apart; 0: it is told once. */
void write_back_start(struct session *session, int64_t request_key, int64_t grant_key, const char *subject,
                      int64_t round);

/* ---- pages ---- */

int page_limit(const struct page *page);              /* within 1–200 */
const char *page_after_up(const struct page *page);   /* "" for the first page of an ascending list */
const char *page_after_down(const struct page *page); /* "~" for the first page of a descending one: above every id */

#endif
