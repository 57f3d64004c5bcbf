/* The store: everything durable, as operations of the domain. No SQL above this line.
 *
 * A seam: a const table of operations, one contract suite that every implementation passes, and a fault-injecting
 * wrapper. SQLite is behind it today; nothing here speaks of it.
 *
 * Manners of every operation:
 * - Thread-safe. A write returns only once it is durable (group commit): after RESULT_OK it survives kill -9 and power
 *   loss; after anything else nothing of it happened.
 * - A write and the audit event it causes, the jobs it starts and the idempotency record that it leaves are one
 *   transaction. `actor` is who the audit event names.
 * - Strings in a returned structure live in the caller's `arena`. Out-parameters are untouched on failure.
 * - Common results: RESULT_NOT_FOUND; RESULT_CONFLICT with a contract code in `error`; RESULT_PRECONDITION if
 *   `expected_version` (0: any) is not the present one; RESULT_UNAVAILABLE with code `unavailable` if the database
 * cannot serve now (busy, full, I/O error).
 * - Instants come from the clock that the store was opened with, asked once per transaction. Leases use the same. */
#ifndef AIC_STORE_STORE_H
#define AIC_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/access_request.h"
#include "domain/audit_chain.h"
#include "domain/catalog.h"
#include "domain/connector_settings.h"
#include "domain/grant.h"
#include "domain/intake_settings.h"
#include "domain/job.h"
#include "domain/principal.h"
#include "domain/removal_brake.h"
#include "store/store_catalog.h"
#include "store/store_evidence.h"
#include "store/store_request.h"
#include "store/store_stop.h"
#include "store/store_watch.h"
#include "store/store_work.h"

/* A page of a list, by key. `after` is the last key of the page before (NULL: the first page). Keys are the id that the
 * list is ordered by: connectors, tools by id ascending; everything else by its UUIDv7 (audit: seq) descending. */
struct page {
	int limit; /* 1–200 */
	const char *after;
};

/* Left by a POST that creates (CONTRACT, Manners). If a live record with the same principal, route and key exists, the
 * operation changes nothing and returns RESULT_OK with `replayed` set and status, location, response filled from it —
 * or RESULT_INVALID with code idempotency_key_reused if its request hash differs. Kept for 24 h. NULL where there is no
 * key. */
struct idempotency {
	const char *principal_id;
	const char *route; /* "POST /api/v1/connectors" */
	const char *key;
	uint8_t request_hash[32];
	int status; /* in: what the first answer is; out when replayed */
	const char *location;
	const char *response; /* the body, rendered before the write: every id and instant in it is chosen by the caller */
	bool replayed;        /* out */
};

struct inbox_event {
	const char *event_id;
	const char *source;             /* "jira" | "automation" */
	const char *webhook_identifier; /* NULL */
	uint8_t body_hash[32];
	const char *issue_id, *issue_key;       /* NULL if the body named none */
	const char *event_type;                 /* "jira:issue_updated"; NULL */
	const char *status;                     /* "received" "processed" "ignored" "failed" */
	const char *code, *reason, *request_id; /* NULL */
	int64_t received_at;
};

struct mapping_filter {
	const char *code, *connector_id, *account_id; /* NULL: any */
};

struct job_filter {
	const char *status, *connector_id, *kind; /* NULL: any */
};

/* Counts for /metrics. */
struct store_counts {
	int64_t requests[REQUEST_STATUS_MAX];
	int64_t grants[GRANT_STATUS_MAX];
	int64_t jobs[JOB_STATUS_MAX];
	int64_t inbox_received;
	int64_t connectors_failed;
	int64_t removals_held;
	int64_t audit_seq;
	int64_t findings[FINDING_CLASS_MAX]; /* open, or being settled */
};

/* Signs heads and checkpoints with the audit key. */
struct audit_signer {
	const struct audit_key *key;
};

struct store;

struct store_ops {
	const char *name; /* "sqlite" */

	/* ---- life ---- */
	void (*close)(struct store *store); /* waits for queued writes; frees the store */
	/* RESULT_OK once migrations are done and a read succeeds. */
	enum result (*ready)(struct store *store, struct error *error) MUST_CHECK;
	/* Called after each durable commit, from the writer's thread: must only wake somebody up. One listener. */
	void (*set_listener)(struct store *store, void (*changed)(void *context), void *context);
	/* From now on each transaction that adds audit events signs the new head. Before it is set such writes fail. */
	void (*set_audit_signer)(struct store *store, const struct audit_signer *signer);
	/* Small named values: the sealed audit key, the sweep's high-water mark. No audit event. Bytes, <= 64 KiB. */
	enum result (*meta_read)(struct store *store, const char *name, struct arena *arena, uint8_t **ret_value,
	                         size_t *ret_length) MUST_CHECK;
	enum result (*meta_write)(struct store *store, const char *name, const uint8_t *value, size_t length,
	                          struct error *error) MUST_CHECK;
	/* Writes only if the name has no value yet: RESULT_CONFLICT if it has. */
	enum result (*meta_write_once)(struct store *store, const char *name, const uint8_t *value, size_t length,
	                               struct error *error) MUST_CHECK;

	/* ---- API tokens: audit token.created, token.revoked ---- */
	enum result (*token_create)(struct store *store, const struct actor *actor, const struct api_token *token,
	                            struct error *error) MUST_CHECK;
	enum result (*token_find)(struct store *store, const uint8_t hash[32], struct arena *arena,
	                          struct api_token *ret_token) MUST_CHECK; /* also revoked and expired ones */
	enum result (*token_list)(struct store *store, struct arena *arena, struct api_token **ret_tokens,
	                          size_t *ret_count) MUST_CHECK;
	enum result (*token_revoke)(struct store *store, const struct actor *actor, const char *principal_id,
	                            struct error *error) MUST_CHECK;

	/* ---- idempotency ---- */
	/* Looks only; same results as in an operation. RESULT_NOT_FOUND: none yet. */
	enum result (*idempotency_find)(struct store *store, struct arena *arena, struct idempotency *idempotency,
	                                struct error *error) MUST_CHECK;

	/* ---- connectors: audit connector.created .updated .deleted .enabled .disabled .tested .credentialReplaced ---- */
	/* CONFLICT already_exists, id_retired. The caller sets created_at, updated_at (both the instant in its rendered
	 * answer); version starts at 1. */
	enum result (*connector_create)(struct store *store, const struct actor *actor,
	                                const struct connector_settings *connector, struct idempotency *idempotency,
	                                struct arena *arena, struct error *error) MUST_CHECK;
	enum result (*connector_read)(struct store *store, const char *connector_id, struct arena *arena,
	                              struct connector_settings *ret_connector) MUST_CHECK;
	enum result (*connector_list)(struct store *store, const struct page *page, struct arena *arena,
	                              struct connector_settings **ret_connectors, size_t *ret_count, const char **ret_next)
	    MUST_CHECK; /* *ret_next NULL on the last page; so in all lists */
	/* Replaces name, description, group_mode, config and, where `credential_changed`, the credential (version bumped,
	 * health back to untested). CONFLICT connector_tenant_fixed if tenant or cloud would change while a mapping, a
	 * grant or a bound group exists. */
	enum result (*connector_update)(struct store *store, const struct actor *actor,
	                                const struct connector_settings *connector, bool credential_changed,
	                                int64_t expected_version, struct arena *arena,
	                                struct connector_settings *ret_connector, struct error *error) MUST_CHECK;
	/* CONFLICT connector_in_use while a tool, or a grant that is not final, uses it. Its mappings go with it; its id is
	 * retired. */
	enum result (*connector_delete)(struct store *store, const struct actor *actor, const char *connector_id,
	                                int64_t expected_version, struct error *error) MUST_CHECK;
	/* Disabling makes its queued and waiting jobs wait with code connector_disabled; enabling queues them. The same
	 * state again: RESULT_OK, no event. */
	enum result (*connector_set_enabled)(struct store *store, const struct actor *actor, const char *connector_id,
	                                     bool enabled, struct arena *arena, struct connector_settings *ret_connector,
	                                     struct error *error) MUST_CHECK;
	/* Keeps the report, sets health to its outcome, credential.expires_at, and what was found about bound groups on
	 * their tools (as tool_save_group_check does). A pass or warning clears the connector's incidents and queues their
	 * jobs; a failure does so for the groups that it found manageable. A failure with an incident_code holds the
	 * connector's, as job_hold does. Audit: connector.tested, or for one that runs by itself only where outcome or
	 * failed codes differ from the last; besides, connector.failing when a connector that had passed or warned fails
	 * now, connector.recovered when it is the other way round. RESULT_OK, and nothing happens, if the credential was
	 * replaced meanwhile. */
	enum result (*connector_save_test)(struct store *store, const struct actor *actor, const char *connector_id,
	                                   const struct connector_test_record *record, struct error *error) MUST_CHECK;
	/* Queues a check job for every enabled connector whose last test, by whomever, began before `tested_before` (or
	 * that has none and was created before it), unless one is queued, running or waiting. */
	enum result (*check_enqueue_due)(struct store *store, int64_t tested_before, struct error *error) MUST_CHECK;
	/* An audit event that something was tried and refused (connector.credentialRefused); changes nothing else. */
	enum result (*audit_note)(struct store *store, const struct actor *actor, const char *action,
	                          const char *target_kind, const char *target_id, const char *outcome, const char *detail,
	                          struct error *error) MUST_CHECK;

	/* ---- tools: audit tool.created .updated .deleted .groupBound .groupUnbound ---- */
	enum result (*tool_create)(struct store *store, const struct actor *actor, const struct tool *tool,
	                           struct idempotency *idempotency, struct arena *arena, struct error *error) MUST_CHECK;
	enum result (*tool_read)(struct store *store, const char *tool_id, struct arena *arena, struct tool *ret_tool)
	    MUST_CHECK;
	/* `requestable_only` is unused by the contract's list (false): all tools, for all. */
	enum result (*tool_list)(struct store *store, const struct page *page, struct arena *arena, struct tool **ret_tools,
	                         size_t *ret_count, const char **ret_next) MUST_CHECK;
	/* CONFLICT tool_has_grants if the connector would change with open grants. A change of connector unbinds the group.
	 * The group itself is never touched by an update. */
	enum result (*tool_update)(struct store *store, const struct actor *actor, const struct tool *tool,
	                           int64_t expected_version, struct arena *arena, struct tool *ret_tool,
	                           struct error *error) MUST_CHECK;
	enum result (*tool_delete)(struct store *store, const struct actor *actor, const char *tool_id,
	                           int64_t expected_version, struct error *error) MUST_CHECK;
	/* CONFLICT group_already_bound if another tool has the group and neither side allows sharing
	 * (`group->allow_shared`); tool_has_grants if another group is bound and has open grants. Binding the same group
	 * again is RESULT_OK. */
	enum result (*tool_bind_group)(struct store *store, const struct actor *actor, const char *tool_id,
	                               const struct entitlement_group *group, struct arena *arena, struct tool *ret_tool,
	                               struct error *error) MUST_CHECK;
	/* CONFLICT tool_has_grants. A creation under way is unbound too: what it makes is bound to nothing. */
	enum result (*tool_unbind_group)(struct store *store, const struct actor *actor, const char *tool_id,
	                                 struct error *error) MUST_CHECK;
	/* What a check found about a bound group: display name (NULL keeps it), manageable, code, checked_at, on every tool
	 * that has it. Audit tool.groupChanged (detail from, to: codes) where the code is another than before. */
	enum result (*tool_save_group_check)(struct store *store, const char *connector_id,
	                                     const struct entitlement_group *group, struct error *error) MUST_CHECK;
	/* Starts a createGroup job for a tool without a group (its connector's, subject the tool id): audit
	 * tool.groupCreationStarted. While one is queued, running or waiting for the tool: RESULT_OK, that one's id, no
	 * event, nothing kept under the key. If the last one gave up after it sent something, the new one begins with its
	 * progress, so that it looks for what that may have made. CONFLICT group_already_bound if the tool has a group. */
	enum result (*tool_start_group)(struct store *store, const struct actor *actor, const char *tool_id,
	                                const struct group_order *order, struct idempotency *idempotency,
	                                struct arena *arena, struct tool *ret_tool, const char **ret_job_id,
	                                struct error *error) MUST_CHECK;
	/* By that job: binds the group that was created and ends the job, in one transaction: audit tool.groupCreated.
	 * CONFLICT lease_lost if the fence no longer holds; CONFLICT group_already_bound, RESULT_NOT_FOUND (tool gone), or
	 * CONFLICT conflict (another connector by now, or unbound): then the job is untouched, and the caller ends it. */
	enum result (*tool_finish_group)(struct store *store, const struct job *job, const struct entitlement_group *group,
	                                 struct error *error) MUST_CHECK;
	/* The tools whose group this connector controls (all of them: for the connection test). */
	enum result (*tool_list_bound)(struct store *store, const char *connector_id, struct arena *arena,
	                               struct tool **ret_tools, size_t *ret_count) MUST_CHECK;
	/* Equal to a tool id, else to exactly one tool's name: RESULT_NOT_FOUND otherwise. */
	enum result (*tool_find_by_text)(struct store *store, const char *text, struct arena *arena, struct tool *ret_tool)
	    MUST_CHECK;

	/* ---- identity mappings: audit mapping.created .updated .deleted .pinned ---- */
	/* One per (account, connector): CONFLICT already_exists. RESULT_NOT_FOUND if the connector does not exist. */
	enum result (*mapping_create)(struct store *store, const struct actor *actor,
	                              const struct identity_mapping *mapping, struct idempotency *idempotency,
	                              struct arena *arena, struct error *error) MUST_CHECK;
	enum result (*mapping_read)(struct store *store, const char *mapping_id, struct arena *arena,
	                            struct identity_mapping *ret_mapping) MUST_CHECK;
	enum result (*mapping_find)(struct store *store, const char *account_id, const char *connector_id,
	                            struct arena *arena, struct identity_mapping *ret_mapping) MUST_CHECK;
	/* `code` (NULL: any): only those whose last check said so; `connector_id`, `account_id` likewise. */
	enum result (*mapping_list)(struct store *store, const struct mapping_filter *filter, const struct page *page,
	                            struct arena *arena, struct identity_mapping **ret_mappings, size_t *ret_count,
	                            const char **ret_next) MUST_CHECK;
	/* Replaces external_id and note; a new external_id clears the pin. account and connector do not change. */
	enum result (*mapping_update)(struct store *store, const struct actor *actor,
	                              const struct identity_mapping *mapping, int64_t expected_version, struct arena *arena,
	                              struct identity_mapping *ret_mapping, struct error *error) MUST_CHECK;
	enum result (*mapping_delete)(struct store *store, const struct actor *actor, const char *mapping_id,
	                              int64_t expected_version, struct error *error) MUST_CHECK;
	/* Upserts all rows in one transaction, or none if any row is wrong (RESULT_OK with error_count > 0). A changed
	 * external_id clears pin and check. One audit event mapping.imported with the counts and the file's hash. With
	 * dry_run everything is found out, nothing written. Reads the rows in their order; holds no more than the rows and
	 * the errors. */
	enum result (*mapping_import)(struct store *store, const struct actor *actor, struct mapping_import *import,
	                              struct arena *arena, struct error *error) MUST_CHECK;
	/* Mappings of a connector that were checked longest ago (never: first) and before `checked_before`. */
	enum result (*mapping_list_unchecked)(struct store *store, const char *connector_id, int64_t checked_before,
	                                      int limit, struct arena *arena, struct identity_mapping **ret_mappings,
	                                      size_t *ret_count) MUST_CHECK;
	/* Keeps what was found about up to 1,000 mappings. Audit mapping.targetChanged where the code is another than
	 * before (a first "mapping" is none), mapping.pinned where it pins. */
	enum result (*mapping_save_checks)(struct store *store, const struct actor *actor,
	                                   const struct mapping_check *checks, size_t count, struct error *error)
	    MUST_CHECK;

	/* ---- sealed things: for `secrets rotate` ---- */
	/* All of them, the audit key too. */
	enum result (*sealed_list)(struct store *store, struct arena *arena, struct sealed_item **ret_items,
	                           size_t *ret_count) MUST_CHECK;
	/* Replaces sealed bytes in one transaction and writes down that the keys of `olds` are gone, unless one is
	 * `key_id`, the present one: from then on a connector sealed under one of them (bytes 1 to 4 of its sealed bytes)
	 * is refused, RESULT_UNAVAILABLE code unavailable. What is no longer `olds[i].sealed` is left alone. CONFLICT
	 * conflict, and nothing happens, if something would stay that is not sealed under `key_id`: list and try again. A
	 * credential's version does not change. Audit secrets.rotated. */
	enum result (*sealed_replace)(struct store *store, const struct actor *actor, const struct sealed_item *olds,
	                              const struct sealed_item *news, size_t count, const uint8_t key_id[4],
	                              struct error *error) MUST_CHECK;

	/* ---- intake settings: audit settings.intakeUpdated ---- */
	enum result (*intake_read)(struct store *store, struct arena *arena, struct intake_settings *ret_settings)
	    MUST_CHECK;
	enum result (*intake_write)(struct store *store, const struct actor *actor, const struct intake_settings *settings,
	                            int64_t expected_version, struct arena *arena, struct intake_settings *ret_settings,
	                            struct error *error) MUST_CHECK;

	/* ---- inbox ---- */
	/* Puts an acknowledged event on disk together with its intake job (none if status is already "ignored"). A
	 * duplicate, by webhook identifier or by body hash within the retention, leaves nothing and gives the first event's
	 * id. An automation event (no body hash that means anything) is deduplicated only while one for the same issue is
	 * still unprocessed. */
	enum result (*inbox_add)(struct store *store, const struct inbox_event *event, char ret_event_id[37],
	                         struct error *error) MUST_CHECK;
	enum result (*inbox_read)(struct store *store, const char *event_id, struct arena *arena,
	                          struct inbox_event *ret_event) MUST_CHECK;
	/* Settles the event of a job: status "processed" "ignored" "failed". */
	enum result (*inbox_finish)(struct store *store, const char *event_id, const char *status, const char *code,
	                            const char *reason, const char *request_id, struct error *error) MUST_CHECK;
	/* Queues an intake job for an issue without an event (the sweep), unless one for it is queued or waiting already.
	 */
	enum result (*intake_enqueue)(struct store *store, const char *issue, struct error *error) MUST_CHECK;
	/* Queues a sweep unless one is queued, running or waiting. */
	enum result (*sweep_enqueue)(struct store *store, struct error *error) MUST_CHECK;

	/* ---- requests: audit request.created .approved .denied .cancelled .refused ---- */
	/* A new request, pending or (status refused, with code and reason) refused at once. With status pending these are
	 * looked at in the transaction: duplicate_request (another pending request of the account for the tool),
	 * duplicate_grant (an open grant of the account for the tool); of an extension, duplicate_request (another one of
	 * the grant) and grant_not_active (it cannot be extended, or is not this person's for this tool). With
	 * `refuse_duplicates` (from Jira) the request is then stored as refused; without (API) nothing is stored and it is
	 * a CONFLICT with that code. A review is made by expiry_advance alone.
	 * A request of an issue (site, issue_id) that still has a pending one is CONFLICT request_already_decided.
	 * `consumed`: as in request_change, used up only by a request refused at once. A refused one of an issue starts its
	 * writeBack.
	 */
	enum result (*request_create)(struct store *store, const struct actor *actor, const struct access_request *request,
	                              bool refuse_duplicates, const char *const *consumed, struct idempotency *idempotency,
	                              struct arena *arena, struct access_request *ret_request, struct error *error)
	    MUST_CHECK;
	enum result (*request_read)(struct store *store, const char *request_id, struct arena *arena,
	                            struct access_request *ret_request) MUST_CHECK;
	enum result (*request_list)(struct store *store, const struct request_filter *filter, const struct page *page,
	                            struct arena *arena, struct access_request **ret_requests, size_t *ret_count,
	                            const char **ret_next) MUST_CHECK;
	/* Every request of an issue, newest first (at most 200). */
	enum result (*request_list_of_issue)(struct store *store, const char *site, const char *issue_id,
	                                     struct arena *arena, struct access_request **ret_requests, size_t *ret_count)
	    MUST_CHECK;
	/* Ids used up by the final requests of an issue: NULL-terminated. */
	enum result (*request_consumed)(struct store *store, const char *site, const char *issue_id, struct arena *arena,
	                                const char ***ret_ids) MUST_CHECK;
	/* The pending requests from Jira that were asked about longest ago. */
	enum result (*request_list_stale)(struct store *store, int64_t asked_before, int limit, struct arena *arena,
	                                  struct access_request **ret_requests, size_t *ret_count) MUST_CHECK;
	/* New facts taken down for a pending request whose round has not begun, and when Jira was asked (asked_at, always).
	 */
	enum result (*request_take_down)(struct store *store, const struct access_request *request, struct error *error)
	    MUST_CHECK;
	/* The one function that moves a request (request_next). APPROVE: makes the grant — tool's connector, its tenant,
	 * the bound group pinned — and its provision job; if the tool has no connector or group, the grant starts as manual
	 * follow-up, code group_not_bound. APPROVE and DENY re-check what must hold now: duplicate_grant, tool_unknown ->
	 * the request is refused instead (RESULT_OK; look at ret_request). An id in `consumed` that was used by another
	 * request of the same issue: refused, approval_not_verified. Unchanged (already there): RESULT_OK, no event.
	 * Of an extension or a review: APPROVE makes no grant but moves the end of the one it is about (audit
	 * grant.extended; reviews of the end before are cancelled, review_overtaken) and starts a writeBack ("extended");
	 * instead of duplicate_grant grant_not_active is looked for.
	 * Otherwise not allowed: CONFLICT request_already_decided. REFUSE starts the writeBack. */
	enum result (*request_apply)(struct store *store, const struct actor *actor, const char *request_id,
	                             const struct request_change *change, struct arena *arena,
	                             struct access_request *ret_request, struct error *error) MUST_CHECK;

	/* ---- grants: audit grant.<event name> ---- */
	enum result (*grant_read)(struct store *store, const char *grant_id, struct arena *arena, struct grant *ret_grant)
	    MUST_CHECK;
	enum result (*grant_history)(struct store *store, const char *grant_id, struct arena *arena,
	                             struct grant_history **ret_history, size_t *ret_count) MUST_CHECK; /* oldest first */
	enum result (*grant_list)(struct store *store, const struct request_filter *filter, const struct page *page,
	                          struct arena *arena, struct grant **ret_grants, size_t *ret_count, const char **ret_next)
	    MUST_CHECK;
	/* The open grants that an issue made, or whose end it moved. */
	enum result (*grant_list_open_of_issue)(struct store *store, const char *site, const char *issue_id,
	                                        struct arena *arena, struct grant **ret_grants, size_t *ret_count)
	    MUST_CHECK;
	/* The one function that moves a grant (grant_next). Jobs: REVOKE and EXPIRE cancel its queued or waiting provision
	 * job (a running one is left and finds out by its fence) and start a deprovision job; RETRY and RESOLVE_USER start
	 * the job of the follow-up's action (a grant without a pinned group takes the tool's present one; none:
	 * CONFLICT group_not_bound). MEMBER sets active_at, expires_at. A change that ends or settles starts the writeBack
	 * job ("active" "needsPerson" "ended") if the request came from Jira and comments, or for "active" a transition,
	 * are on. With job_id: the fence must hold, else RESULT_CONFLICT code "lease_lost" and nothing happens. KEPT,
	 * NOT_MEMBER, REMOVED_BY_HAND, KEPT_BY_HAND end the membership row as fits; with KEPT the user is pinned in the
	 * grants of the account that are still to find theirs, so that they take out who was kept for them. Where access
	 * ends, what was pending about its end ends too, grant_not_active: extensions refused, reviews cancelled.
	 * Unchanged: RESULT_OK, no event. Not allowed: CONFLICT with code "conflict". */
	enum result (*grant_apply)(struct store *store, const struct actor *actor, const char *grant_id,
	                           const struct grant_change *change, struct arena *arena, struct grant *ret_grant,
	                           struct error *error) MUST_CHECK;
	/* Before the first membership write, for several grants in as few commits as can be, in their order and each with
	 * its own result: pins the user in the grant and writes down what the membership is — PREEXISTING if the user was
	 * found in the group and no row says that we put them there, else OURS, meant to be written now. A row that exists
	 * wins. RESULT_CONFLICT lease_lost if the job's fence, or the grant's state pendingProvision, no longer holds: then
	 * nothing may be written to Graph. */
	void (*grant_intend_memberships)(struct store *store, struct membership_intent *intents, size_t count,
	                                 struct arena *arena);
	/* The directory says that the user was in the group before our first write: what was written down as OURS becomes
	 * PREEXISTING, here and in the grant, whatever the grant's state is by now. RESULT_CONFLICT lease_lost if the job's
	 * fence no longer holds. */
	enum result (*grant_mark_preexisting)(struct store *store, const char *grant_id, const char *job_id, int64_t fence,
	                                      const char *external_user_id, struct error *error) MUST_CHECK;
	enum result (*membership_origin)(struct store *store, const char *connector_id, const char *group_id,
	                                 const char *external_user_id, enum membership_origin *ret_origin) MUST_CHECK;
	/* Another open grant, not itself pending deprovision, holds the same user in the same group; or one of the same
	 * account is about to find its user there, and no mapping leads it to somebody else. */
	enum result (*grant_other_open)(struct store *store, const struct grant *grant, bool *ret_exists) MUST_CHECK;
	/* A grant on the same connector, group and user (or account) is pending deprovision. */
	enum result (*grant_removal_under_way)(struct store *store, const struct grant *grant, const char *external_user_id,
	                                       bool *ret_exists) MUST_CHECK;

	/* ---- what time asks for, and the brake (CONTRACT, rule 9) ---- */
	/* Ends the active grants whose time is over (EXPIRE, by the system) and starts the warnings that have come due
	 * (writeBack jobs, subject "expiring" and the day) and the reviews (a pending request, and a writeBack "review"), a
	 * bounded number of each; *ret_more: there may be others due now. Cheap where nothing is due. Also judges the
	 * clock, against what it said before and the monotonic one. */
	enum result (*expiry_advance)(struct store *store, bool *ret_more, struct error *error) MUST_CHECK;
	/* What is held of a connector; group_count 0: nothing. Unasked removals are held, group by group, where they are
	 * over both limits of the rule or the clock is in doubt: their jobs wait with code removals_held until one of the
	 * two below; whatever is added to a held group joins. Audit connector.removalsHeld once a group. RETRY or REVOKE
	 * by a person lets that grant's removal go on (audit grant.removalAsked). */
	enum result (*removals_held)(struct store *store, const char *connector_id, struct arena *arena,
	                             struct held_removals *ret_held) MUST_CHECK;
	/* They go on, as asked for by the actor: audit connector.removalsReleased. If the clock was in doubt it is trusted
	 * again. Nothing held: RESULT_OK, no event. */
	enum result (*removals_release)(struct store *store, const struct actor *actor, const char *connector_id,
	                                struct error *error) MUST_CHECK;
	/* They are dropped, some at a time: each grant needs a person (deprovision, removals_held). What is left after a
	 * failure is held still. Audit connector.removalsCancelled, with how many there were, and the grants' own events.
	 * Nothing held: RESULT_OK, no event. */
	enum result (*removals_cancel)(struct store *store, const struct actor *actor, const char *connector_id,
	                               struct error *error) MUST_CHECK;
#include "store/store_stop.inc"

	/* ---- jobs ---- */
	/* Takes the most urgent due job (queued, or waiting and due; or running with its lease run out) and the lease of
	 * its (connector, group), if any, for lease_ms: status running, attempts + 1, a new fence. Jobs of a disabled
	 * connector, of a held connector or group (unless its probe is due: then one), of one that is paused, of a group
	 * that is leased, or of a grant whose other job is running, are passed over. A store that was opened exclusively
	 * cuts the leases of whoever had it before to seconds: they are dead. RESULT_NOT_FOUND: nothing is due;
	 * *ret_next_due then says when something may be (0: nothing known). */
	enum result (*job_claim)(struct store *store, const char *holder, int64_t lease_ms, struct arena *arena,
	                         struct job *ret_job, int64_t *ret_next_due) MUST_CHECK;
	/* More work of the same kind of place, for one who just claimed `job`, a provision or deprovision: up to `limit`
	 * further provision and deprovision jobs of its connector that are due and free (leases of its own fence do not
	 * count against them), under the same fence. All leases of the fence then end lease_ms from now. The most
	 * urgent first, then the oldest, and with it up to 20 that its group has of that urgency. Probes are never taken.
	 * RESULT_OK also with none; RESULT_CONFLICT if the job's own lease is lost. */
	enum result (*job_claim_more)(struct store *store, const struct job *job, const char *holder, int64_t lease_ms,
	                              size_t limit, struct arena *arena, struct job **ret_jobs, size_t *ret_count)
	    MUST_CHECK;
	/* Until then no provision or deprovision job of the connector, or (bulk_only) none that is bulk, is claimed, not
	 * even as a probe; 0 ends it. It replaces the one before, but a bulk_only call changes nothing while another kind
	 * holds. A change of the connector, or a test that does not fail, ends it too. No audit event. */
	enum result (*connector_pause)(struct store *store, const char *connector_id, bool bulk_only, int64_t until,
	                               struct error *error) MUST_CHECK;
	/* Renews every running job, and every group's lease, of the job's fence, whether or not this one still runs.
	 * CONFLICT lease_lost if none of them does. */
	enum result (*job_renew)(struct store *store, const struct job *job, int64_t lease_ms, struct error *error)
	    MUST_CHECK;
	/* Ends the attempts of several jobs in their order, each by itself and with its own result, in as few commits as
	 * can be. Each settlement is one of job_finish (outcome), job_hold (incident) or, for a grant's change, grant_apply
	 * (grant_id and change; the grant afterwards is not given back). Results and errors are those of that operation. */
	void (*job_settle_all)(struct store *store, const struct actor *actor, struct job_settlement *settlements,
	                       size_t count, struct arena *arena);
	/* Ends an attempt; the last of its fence in a group frees the group's lease. CONFLICT lease_lost if the fence no
	 * longer holds. Success of a provision, deprovision or createGroup job clears an incident of its group and
	 * connector. */
	enum result (*job_finish)(struct store *store, const struct job *job, const struct job_outcome *outcome,
	                          struct error *error) MUST_CHECK;
	/* Ends the attempt as waiting and holds the group (incident->group_id) or the whole connector: all its provision,
	 * deprovision and createGroup jobs wait with the incident's code until next_probe_at. One audit event for the first
	 * (connector.incidentOpened). Holding or releasing a whole connector queues a check of it, so that its health shows
	 * what its jobs met. */
	enum result (*job_hold)(struct store *store, const struct job *job, const struct incident *incident,
	                        struct error *error) MUST_CHECK;
	/* Keeps a running job's progress now, before it does what must not be done twice. CONFLICT lease_lost. */
	enum result (*job_save_progress)(struct store *store, const struct job *job, const char *progress,
	                                 struct error *error) MUST_CHECK;
	enum result (*job_read)(struct store *store, const char *job_id, struct arena *arena, struct job *ret_job)
	    MUST_CHECK;
	enum result (*job_list)(struct store *store, const struct job_filter *filter, const struct page *page,
	                        struct arena *arena, struct job **ret_jobs, size_t *ret_count, const char **ret_next)
	    MUST_CHECK;
	/* The job of a grant that is not final, newest; for the jobId of a 202. */
	enum result (*job_find_of_grant)(struct store *store, const char *grant_id, struct arena *arena,
	                                 struct job *ret_job) MUST_CHECK;

	/* ---- what is in the groups, and what was approved: audit group.checked, finding.<what was done> ---- */
	/* Queues a check of who is in the connector's groups. One that is queued already does; one that runs does not,
	 * since it may have looked already. RESULT_NOT_FOUND if the connector does not exist. */
	enum result (*member_check_start)(struct store *store, const char *connector_id, struct arena *arena,
	                                  const char **ret_job_id, struct error *error) MUST_CHECK;
	/* Queues one for every enabled connector that has bound groups, or had some, and whose last began before
	 * `checked_before`, or that has a group which was never looked at; unless one is queued, running or waiting. */
	enum result (*member_check_enqueue_due)(struct store *store, int64_t checked_before, struct error *error)
	    MUST_CHECK;
	/* By a memberCheck job: the bound groups of its connector, each watched from now on at the latest. What is watched
	 * and bound no more is forgotten, and its findings are closed. CONFLICT lease_lost; UNAVAILABLE check_running while
	 * another such job of the connector runs. */
	enum result (*watch_open)(struct store *store, const struct job *job, struct arena *arena,
	                          struct group_watch **ret_watches, size_t *ret_count, struct error *error) MUST_CHECK;
	/* The same to look at, by group id: nothing changes. */
	enum result (*watch_list)(struct store *store, const char *connector_id, struct arena *arena,
	                          struct group_watch **ret_watches, size_t *ret_count) MUST_CHECK;
	/* Keeps a page of a walk, beside what holds; the last page ends the walk. CONFLICT lease_lost. */
	enum result (*watch_take)(struct store *store, const struct job *job, const struct watch_page *page,
	                          struct error *error) MUST_CHECK;
	/* Works in a part of what a walk that is over has found, or of what changed in our grants. CONFLICT lease_lost. */
	enum result (*watch_step)(struct store *store, const struct job *job, int64_t watch_key,
	                          struct watch_step *ret_step, struct error *error) MUST_CHECK;
	/* Suspects of a group that may be looked at now. */
	enum result (*watch_suspects)(struct store *store, int64_t watch_key, int limit, struct arena *arena,
	                              struct watch_suspect **ret_suspects, size_t *ret_count) MUST_CHECK;
	/* What the look at suspects said. One that was wrong is dropped; one that holds is a finding, or, where a change of
	 * ours is young, waits for one look more. A grant whose member is missing moves by MEMBER_LOST in the same
	 * transaction, and where its tool settles by itself, on by RETRY. CONFLICT lease_lost. */
	enum result (*watch_confirm)(struct store *store, const struct job *job, int64_t watch_key,
	                             const struct watch_suspect *suspects, size_t count, struct error *error) MUST_CHECK;
	/* The check of a group came to its end, or failed; findings stay as they are. Audit: group.checked where something
	 * was found or closed, or the code is another than before. CONFLICT lease_lost. */
	enum result (*watch_end)(struct store *store, const struct job *job, const struct watch_end *end,
	                         struct error *error) MUST_CHECK;
	enum result (*finding_read)(struct store *store, const char *finding_id, struct arena *arena,
	                            struct finding *ret_finding) MUST_CHECK;
	/* Suspected ones are not among them. */
	enum result (*finding_list)(struct store *store, const struct finding_filter *filter, const struct page *page,
	                            struct arena *arena, struct finding **ret_findings, size_t *ret_count,
	                            const char **ret_next) MUST_CHECK;
	/* PUT_BACK: the grant that lacks its member is retried. TAKE_OUT: a deprovision job with the finding instead of a
	 * grant; never while an open grant is about the member. ADOPT: a request that the admin approved, its grant with
	 * the member pinned, and a provision job; the membership counts as ours from then on. *ret_job_id: NULL where the
	 * finding is already where the order leads. CONFLICT conflict: another class, another decision, or no longer open;
	 * duplicate_grant, group_not_bound; RESULT_INVALID duration_exceeds_maximum, validation_failed. */
	enum result (*finding_settle)(struct store *store, const struct actor *actor, const char *finding_id,
	                              const struct finding_order *order, struct arena *arena, struct finding *ret_finding,
	                              const char **ret_job_id, struct error *error) MUST_CHECK;

	/* ---- audit ---- */
	/* Newest first; page.after is a seq as decimal text. */
	enum result (*audit_list)(struct store *store, const struct page *page, struct arena *arena,
	                          struct audit_event **ret_events, size_t *ret_count, const char **ret_next) MUST_CHECK;
	/* Up to `limit` events with seq > after_seq, oldest first: for export and verification. */
	enum result (*audit_read_from)(struct store *store, int64_t after_seq, int limit, struct arena *arena,
	                               struct audit_event **ret_events, size_t *ret_count) MUST_CHECK;
	/* The signed head: RESULT_NOT_FOUND while there is no event. */
	enum result (*audit_head)(struct store *store, struct audit_checkpoint *ret_head) MUST_CHECK;
	/* Signs a checkpoint at the head if there are events after the last one; *ret_added tells. */
	enum result (*audit_checkpoint_add)(struct store *store, bool *ret_added, struct error *error) MUST_CHECK;
	enum result (*audit_checkpoint_list)(struct store *store, const struct page *page, struct arena *arena,
	                                     struct audit_checkpoint **ret_checkpoints, size_t *ret_count,
	                                     const char **ret_next) MUST_CHECK; /* newest first, by seq */

	/* ---- evidence and erasure ---- */
	/* RESULT_NOT_FOUND if the filter's tool is none and never was. */
	enum result (*evidence_span)(struct store *store, const struct evidence_filter *filter,
	                             struct evidence_span *ret_span) MUST_CHECK;
	/* Requests that were open, or whose grant was, at some moment of the period: by id, oldest first, those after
	 * `after_id` ("": from the first). Fewer than `limit`: there are no more. */
	enum result (*evidence_requests)(struct store *store, const struct evidence_filter *filter, const char *after_id,
	                                 int limit, struct arena *arena, struct access_request **ret_requests,
	                                 size_t *ret_count) MUST_CHECK;
	/* Findings that stood at some moment of the period; with a tool, those of its group too. Likewise. */
	enum result (*evidence_findings)(struct store *store, const struct evidence_filter *filter, const char *after_id,
	                                 int limit, struct arena *arena, struct finding **ret_findings, size_t *ret_count)
	    MUST_CHECK;
	/* What happened to one grant, oldest first. */
	enum result (*audit_list_of_grant)(struct store *store, const char *grant_id, struct arena *arena,
	                                   struct audit_event **ret_events, size_t *ret_count) MUST_CHECK;
	/* Takes away the texts and names of a person, and then what is left of them in the file's free space. Audit
	 * subject.erased, unless there was nothing left to take. CONFLICT person_has_grants, person_has_requests while
	 * something of theirs is open; NOT_FOUND for an account that nothing here knows. UNAVAILABLE: the texts are gone,
	 * but the free space is not cleaned yet; ask again. */
	enum result (*subject_erase)(struct store *store, const struct actor *actor, const char *account_id,
	                             const char *reason, struct erasure *ret_erasure, struct error *error) MUST_CHECK;

	/* ---- the rest ---- */
	enum result (*counts)(struct store *store, struct store_counts *ret_counts) MUST_CHECK;
	/* Drops, a few thousand rows to a transaction: settled inbox events older than that, idempotency records over 24 h,
	 * test reports and finished jobs over 90 days, but no job of a grant or request that is open. Finishes an erasure
	 * that was cut short. */
	enum result (*purge)(struct store *store, int64_t inbox_before, struct error *error) MUST_CHECK;
};

/* Every implementation begins with this. */
struct store {
	const struct store_ops *ops;
};

struct store_options {
	const char *url; /* "sqlite:/path/to/file.db" */
	const struct clock *clock;
	bool exclusive; /* the service: a second one on the same file is refused */
	bool create;    /* make and migrate the database if there is none */
};

/* Opens by the URL's scheme. Fails with a sentence for a person: a database of a newer version (code store_newer), a
 * second service (store_in_use), a migration that was changed after it ran (store_migration_changed), no such file
 * (store_missing). */
enum result store_open(const struct store_options *options, struct store **ret_store, struct error *error) MUST_CHECK;

#endif
