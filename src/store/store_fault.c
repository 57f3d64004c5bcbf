/* Failing on purpose (store_fault.h). */
#include <stdatomic.h>

#include "store/store_fault.h"

struct store_fault {
	struct store store;
	struct store *real;
	_Atomic uint64_t count;
	_Atomic uint64_t fail_at; /* 0: never */
	_Atomic uint64_t fail_from;
	_Atomic bool answer_lost; /* of the call fail_at */
	_Atomic int result;
};

static struct store *real_of(struct store *store)
{
	return ((struct store_fault *)store)->real;
}

static enum result fault_tell(const struct store_fault *fault, struct error *error)
{
	enum result result = (enum result)atomic_load(&fault->result);

	(void)error_set(error, result, "unavailable", "The store was told to fail here.");
	if (error != NULL)
		error->retryable = true;
	return result;
}

/* RESULT_OK: go on; *ret_lost: and fail afterwards. */
static enum result fault_due(struct store *store, struct error *error, bool *ret_lost)
{
	struct store_fault *fault = (struct store_fault *)store;
	uint64_t at = atomic_fetch_add(&fault->count, 1) + 1;
	uint64_t from = atomic_load(&fault->fail_from);
	bool due = at == atomic_load(&fault->fail_at);

	*ret_lost = due && atomic_load(&fault->answer_lost);
	if (!*ret_lost && (due || (from > 0 && at >= from)))
		return fault_tell(fault, error);
	return RESULT_OK;
}

/* One forwarding operation: its parameters in parentheses, the error to fill (or NULL), then the arguments. */
#define FORWARD(name, parameters, error_to_fill, ...)                                                                  \
	static enum result fault_##name parameters                                                                         \
	{                                                                                                                  \
		bool lost = false;                                                                                             \
		enum result result = fault_due(store, error_to_fill, &lost);                                                   \
		if (result == RESULT_OK)                                                                                       \
			result = real_of(store)->ops->name(real_of(store), ##__VA_ARGS__);                                         \
		return lost ? fault_tell((struct store_fault *)store, error_to_fill) : result;                                 \
	}                                                                                                                  \
	_Static_assert(1, "") /* takes the semicolon */

FORWARD(ready, (struct store * store, struct error *error), error, error);
FORWARD(meta_read,
        (struct store * store, const char *name, struct arena *arena, uint8_t **ret_value, size_t *ret_length), NULL,
        name, arena, ret_value, ret_length);
FORWARD(meta_write, (struct store * store, const char *name, const uint8_t *value, size_t length, struct error *error),
        error, name, value, length, error);
FORWARD(meta_write_once,
        (struct store * store, const char *name, const uint8_t *value, size_t length, struct error *error), error, name,
        value, length, error);
FORWARD(token_create,
        (struct store * store, const struct actor *actor, const struct api_token *token, struct error *error), error,
        actor, token, error);
FORWARD(token_find, (struct store * store, const uint8_t hash[32], struct arena *arena, struct api_token *ret_token),
        NULL, hash, arena, ret_token);
FORWARD(token_list, (struct store * store, struct arena *arena, struct api_token **ret_tokens, size_t *ret_count), NULL,
        arena, ret_tokens, ret_count);
FORWARD(token_revoke, (struct store * store, const struct actor *actor, const char *principal_id, struct error *error),
        error, actor, principal_id, error);
FORWARD(idempotency_find,
        (struct store * store, struct arena *arena, struct idempotency *idempotency, struct error *error), error, arena,
        idempotency, error);
FORWARD(connector_create,
        (struct store * store, const struct actor *actor, const struct connector_settings *connector,
         struct idempotency *idempotency, struct arena *arena, struct error *error),
        error, actor, connector, idempotency, arena, error);
FORWARD(connector_read,
        (struct store * store, const char *connector_id, struct arena *arena, struct connector_settings *ret_connector),
        NULL, connector_id, arena, ret_connector);
FORWARD(connector_list,
        (struct store * store, const struct page *page, struct arena *arena, struct connector_settings **ret_connectors,
         size_t *ret_count, const char **ret_next),
        NULL, page, arena, ret_connectors, ret_count, ret_next);
FORWARD(connector_update,
        (struct store * store, const struct actor *actor, const struct connector_settings *connector,
         bool credential_changed, int64_t expected_version, struct arena *arena,
         struct connector_settings *ret_connector, struct error *error),
        error, actor, connector, credential_changed, expected_version, arena, ret_connector, error);
FORWARD(connector_delete,
        (struct store * store, const struct actor *actor, const char *connector_id, int64_t expected_version,
         struct error *error),
        error, actor, connector_id, expected_version, error);
FORWARD(connector_set_enabled,
        (struct store * store, const struct actor *actor, const char *connector_id, bool enabled, struct arena *arena,
         struct connector_settings *ret_connector, struct error *error),
        error, actor, connector_id, enabled, arena, ret_connector, error);
FORWARD(connector_save_test,
        (struct store * store, const struct actor *actor, const char *connector_id,
         const struct connector_test_record *record, struct error *error),
        error, actor, connector_id, record, error);
FORWARD(check_enqueue_due, (struct store * store, int64_t tested_before, struct error *error), error, tested_before,
        error);
FORWARD(audit_note,
        (struct store * store, const struct actor *actor, const char *action, const char *target_kind,
         const char *target_id, const char *outcome, const char *detail, struct error *error),
        error, actor, action, target_kind, target_id, outcome, detail, error);
FORWARD(tool_create,
        (struct store * store, const struct actor *actor, const struct tool *tool, struct idempotency *idempotency,
         struct arena *arena, struct error *error),
        error, actor, tool, idempotency, arena, error);
FORWARD(tool_read, (struct store * store, const char *tool_id, struct arena *arena, struct tool *ret_tool), NULL,
        tool_id, arena, ret_tool);
FORWARD(tool_list,
        (struct store * store, const struct page *page, struct arena *arena, struct tool **ret_tools, size_t *ret_count,
         const char **ret_next),
        NULL, page, arena, ret_tools, ret_count, ret_next);
FORWARD(tool_update,
        (struct store * store, const struct actor *actor, const struct tool *tool, int64_t expected_version,
         struct arena *arena, struct tool *ret_tool, struct error *error),
        error, actor, tool, expected_version, arena, ret_tool, error);
FORWARD(tool_delete,
        (struct store * store, const struct actor *actor, const char *tool_id, int64_t expected_version,
         struct error *error),
        error, actor, tool_id, expected_version, error);
FORWARD(tool_bind_group,
        (struct store * store, const struct actor *actor, const char *tool_id, const struct entitlement_group *group,
         struct arena *arena, struct tool *ret_tool, struct error *error),
        error, actor, tool_id, group, arena, ret_tool, error);
FORWARD(tool_unbind_group, (struct store * store, const struct actor *actor, const char *tool_id, struct error *error),
        error, actor, tool_id, error);
FORWARD(tool_save_group_check,
        (struct store * store, const char *connector_id, const struct entitlement_group *group, struct error *error),
        error, connector_id, group, error);
FORWARD(tool_start_group,
        (struct store * store, const struct actor *actor, const char *tool_id, const struct group_order *order,
         struct idempotency *idempotency, struct arena *arena, struct tool *ret_tool, const char **ret_job_id,
         struct error *error),
        error, actor, tool_id, order, idempotency, arena, ret_tool, ret_job_id, error);
FORWARD(tool_finish_group,
        (struct store * store, const struct job *job, const struct entitlement_group *group, struct error *error),
        error, job, group, error);
FORWARD(tool_list_bound,
        (struct store * store, const char *connector_id, struct arena *arena, struct tool **ret_tools,
         size_t *ret_count),
        NULL, connector_id, arena, ret_tools, ret_count);
FORWARD(tool_find_by_text, (struct store * store, const char *text, struct arena *arena, struct tool *ret_tool), NULL,
        text, arena, ret_tool);
FORWARD(mapping_create,
        (struct store * store, const struct actor *actor, const struct identity_mapping *mapping,
         struct idempotency *idempotency, struct arena *arena, struct error *error),
        error, actor, mapping, idempotency, arena, error);
FORWARD(mapping_read,
        (struct store * store, const char *mapping_id, struct arena *arena, struct identity_mapping *ret_mapping), NULL,
        mapping_id, arena, ret_mapping);
FORWARD(mapping_find,
        (struct store * store, const char *account_id, const char *connector_id, struct arena *arena,
         struct identity_mapping *ret_mapping),
        NULL, account_id, connector_id, arena, ret_mapping);
FORWARD(mapping_list,
        (struct store * store, const struct mapping_filter *filter, const struct page *page, struct arena *arena,
         struct identity_mapping **ret_mappings, size_t *ret_count, const char **ret_next),
        NULL, filter, page, arena, ret_mappings, ret_count, ret_next);
FORWARD(mapping_update,
        (struct store * store, const struct actor *actor, const struct identity_mapping *mapping,
         int64_t expected_version, struct arena *arena, struct identity_mapping *ret_mapping, struct error *error),
        error, actor, mapping, expected_version, arena, ret_mapping, error);
FORWARD(mapping_delete,
        (struct store * store, const struct actor *actor, const char *mapping_id, int64_t expected_version,
         struct error *error),
        error, actor, mapping_id, expected_version, error);
FORWARD(mapping_import,
        (struct store * store, const struct actor *actor, struct mapping_import *import, struct arena *arena,
         struct error *error),
        error, actor, import, arena, error);
FORWARD(mapping_list_unchecked,
        (struct store * store, const char *connector_id, int64_t checked_before, int limit, struct arena *arena,
         struct identity_mapping **ret_mappings, size_t *ret_count),
        NULL, connector_id, checked_before, limit, arena, ret_mappings, ret_count);
FORWARD(mapping_save_checks,
        (struct store * store, const struct actor *actor, const struct mapping_check *checks, size_t count,
         struct error *error),
        error, actor, checks, count, error);
FORWARD(sealed_list, (struct store * store, struct arena *arena, struct sealed_item **ret_items, size_t *ret_count),
        NULL, arena, ret_items, ret_count);
FORWARD(sealed_replace,
        (struct store * store, const struct actor *actor, const struct sealed_item *olds,
         const struct sealed_item *news, size_t count, const uint8_t key_id[4], struct error *error),
        error, actor, olds, news, count, key_id, error);
FORWARD(intake_read, (struct store * store, struct arena *arena, struct intake_settings *ret_settings), NULL, arena,
        ret_settings);
FORWARD(intake_write,
        (struct store * store, const struct actor *actor, const struct intake_settings *settings,
         int64_t expected_version, struct arena *arena, struct intake_settings *ret_settings, struct error *error),
        error, actor, settings, expected_version, arena, ret_settings, error);
FORWARD(inbox_add, (struct store * store, const struct inbox_event *event, char ret_event_id[37], struct error *error),
        error, event, ret_event_id, error);
FORWARD(inbox_read, (struct store * store, const char *event_id, struct arena *arena, struct inbox_event *ret_event),
        NULL, event_id, arena, ret_event);
FORWARD(inbox_finish,
        (struct store * store, const char *event_id, const char *status, const char *code, const char *reason,
         const char *request_id, struct error *error),
        error, event_id, status, code, reason, request_id, error);
FORWARD(intake_enqueue, (struct store * store, const char *issue, struct error *error), error, issue, error);
FORWARD(sweep_enqueue, (struct store * store, struct error *error), error, error);
FORWARD(request_create,
        (struct store * store, const struct actor *actor, const struct access_request *request, bool refuse_duplicates,
         const char *const *consumed, struct idempotency *idempotency, struct arena *arena,
         struct access_request *ret_request, struct error *error),
        error, actor, request, refuse_duplicates, consumed, idempotency, arena, ret_request, error);
FORWARD(request_read,
        (struct store * store, const char *request_id, struct arena *arena, struct access_request *ret_request), NULL,
        request_id, arena, ret_request);
FORWARD(request_list,
        (struct store * store, const struct request_filter *filter, const struct page *page, struct arena *arena,
         struct access_request **ret_requests, size_t *ret_count, const char **ret_next),
        NULL, filter, page, arena, ret_requests, ret_count, ret_next);
FORWARD(request_list_of_issue,
        (struct store * store, const char *site, const char *issue_id, struct arena *arena,
         struct access_request **ret_requests, size_t *ret_count),
        NULL, site, issue_id, arena, ret_requests, ret_count);
FORWARD(request_consumed,
        (struct store * store, const char *site, const char *issue_id, struct arena *arena, const char ***ret_ids),
        NULL, site, issue_id, arena, ret_ids);
FORWARD(request_list_stale,
        (struct store * store, int64_t asked_before, int limit, struct arena *arena,
         struct access_request **ret_requests, size_t *ret_count),
        NULL, asked_before, limit, arena, ret_requests, ret_count);
FORWARD(request_take_down, (struct store * store, const struct access_request *request, struct error *error), error,
        request, error);
FORWARD(request_apply,
        (struct store * store, const struct actor *actor, const char *request_id, const struct request_change *change,
         struct arena *arena, struct access_request *ret_request, struct error *error),
        error, actor, request_id, change, arena, ret_request, error);
FORWARD(grant_read, (struct store * store, const char *grant_id, struct arena *arena, struct grant *ret_grant), NULL,
        grant_id, arena, ret_grant);
FORWARD(grant_history,
        (struct store * store, const char *grant_id, struct arena *arena, struct grant_history **ret_history,
         size_t *ret_count),
        NULL, grant_id, arena, ret_history, ret_count);
FORWARD(grant_list,
        (struct store * store, const struct request_filter *filter, const struct page *page, struct arena *arena,
         struct grant **ret_grants, size_t *ret_count, const char **ret_next),
        NULL, filter, page, arena, ret_grants, ret_count, ret_next);
FORWARD(grant_list_open_of_issue,
        (struct store * store, const char *site, const char *issue_id, struct arena *arena, struct grant **ret_grants,
         size_t *ret_count),
        NULL, site, issue_id, arena, ret_grants, ret_count);
FORWARD(grant_apply,
        (struct store * store, const struct actor *actor, const char *grant_id, const struct grant_change *change,
         struct arena *arena, struct grant *ret_grant, struct error *error),
        error, actor, grant_id, change, arena, ret_grant, error);
FORWARD(grant_mark_preexisting,
        (struct store * store, const char *grant_id, const char *job_id, int64_t fence, const char *external_user_id,
         struct error *error),
        error, grant_id, job_id, fence, external_user_id, error);
FORWARD(membership_origin,
        (struct store * store, const char *connector_id, const char *group_id, const char *external_user_id,
         enum membership_origin *ret_origin),
        NULL, connector_id, group_id, external_user_id, ret_origin);
FORWARD(grant_other_open, (struct store * store, const struct grant *grant, bool *ret_exists), NULL, grant, ret_exists);
FORWARD(grant_removal_under_way,
        (struct store * store, const struct grant *grant, const char *external_user_id, bool *ret_exists), NULL, grant,
        external_user_id, ret_exists);
FORWARD(expiry_advance, (struct store * store, bool *ret_more, struct error *error), error, ret_more, error);
FORWARD(removals_held,
        (struct store * store, const char *connector_id, struct arena *arena, struct held_removals *ret_held), NULL,
        connector_id, arena, ret_held);
FORWARD(removals_release,
        (struct store * store, const struct actor *actor, const char *connector_id, struct error *error), error, actor,
        connector_id, error);
FORWARD(removals_cancel,
        (struct store * store, const struct actor *actor, const char *connector_id, struct error *error), error, actor,
        connector_id, error);
FORWARD(stop_begin,
        (struct store * store, const struct actor *actor, const struct stop_order *order, int64_t expected_version,
         struct error *error),
        error, actor, order, expected_version, error);
FORWARD(tool_resume,
        (struct store * store, const struct actor *actor, const char *tool_id, int64_t expected_version,
         struct error *error),
        error, actor, tool_id, expected_version, error);
FORWARD(stop_advance, (struct store * store, bool *ret_more, struct error *error), error, ret_more, error);
FORWARD(stop_read,
        (struct store * store, enum stop_kind kind, const char *subject, struct arena *arena, struct stop *ret_stop),
        NULL, kind, subject, arena, ret_stop);
FORWARD(stop_preview,
        (struct store * store, enum stop_kind kind, const char *subject, struct stop_preview *ret_preview), NULL, kind,
        subject, ret_preview);
FORWARD(stop_list,
        (struct store * store, const struct stop_filter *filter, const struct page *page, struct arena *arena,
         struct stop_item **ret_items, size_t *ret_count, const char **ret_next),
        NULL, filter, page, arena, ret_items, ret_count, ret_next);
FORWARD(job_claim,
        (struct store * store, const char *holder, int64_t lease_ms, struct arena *arena, struct job *ret_job,
         int64_t *ret_next_due),
        NULL, holder, lease_ms, arena, ret_job, ret_next_due);
FORWARD(job_claim_more,
        (struct store * store, const struct job *job, const char *holder, int64_t lease_ms, size_t limit,
         struct arena *arena, struct job **ret_jobs, size_t *ret_count),
        NULL, job, holder, lease_ms, limit, arena, ret_jobs, ret_count);
FORWARD(connector_pause,
        (struct store * store, const char *connector_id, bool bulk_only, int64_t until, struct error *error), error,
        connector_id, bulk_only, until, error);
FORWARD(job_renew, (struct store * store, const struct job *job, int64_t lease_ms, struct error *error), error, job,
        lease_ms, error);
FORWARD(job_finish,
        (struct store * store, const struct job *job, const struct job_outcome *outcome, struct error *error), error,
        job, outcome, error);
FORWARD(job_hold, (struct store * store, const struct job *job, const struct incident *incident, struct error *error),
        error, job, incident, error);
FORWARD(job_save_progress, (struct store * store, const struct job *job, const char *progress, struct error *error),
        error, job, progress, error);
FORWARD(job_read, (struct store * store, const char *job_id, struct arena *arena, struct job *ret_job), NULL, job_id,
        arena, ret_job);
FORWARD(job_list,
        (struct store * store, const struct job_filter *filter, const struct page *page, struct arena *arena,
         struct job **ret_jobs, size_t *ret_count, const char **ret_next),
        NULL, filter, page, arena, ret_jobs, ret_count, ret_next);
FORWARD(job_find_of_grant, (struct store * store, const char *grant_id, struct arena *arena, struct job *ret_job), NULL,
        grant_id, arena, ret_job);
FORWARD(member_check_start,
        (struct store * store, const char *connector_id, struct arena *arena, const char **ret_job_id,
         struct error *error),
        error, connector_id, arena, ret_job_id, error);
FORWARD(member_check_enqueue_due, (struct store * store, int64_t checked_before, struct error *error), error,
        checked_before, error);
FORWARD(watch_open,
        (struct store * store, const struct job *job, struct arena *arena, struct group_watch **ret_watches,
         size_t *ret_count, struct error *error),
        error, job, arena, ret_watches, ret_count, error);
FORWARD(watch_list,
        (struct store * store, const char *connector_id, struct arena *arena, struct group_watch **ret_watches,
         size_t *ret_count),
        NULL, connector_id, arena, ret_watches, ret_count);
FORWARD(watch_take, (struct store * store, const struct job *job, const struct watch_page *page, struct error *error),
        error, job, page, error);
FORWARD(watch_step,
        (struct store * store, const struct job *job, int64_t watch_key, struct watch_step *ret_step,
         struct error *error),
        error, job, watch_key, ret_step, error);
FORWARD(watch_suspects,
        (struct store * store, int64_t watch_key, int limit, struct arena *arena, struct watch_suspect **ret_suspects,
         size_t *ret_count),
        NULL, watch_key, limit, arena, ret_suspects, ret_count);
FORWARD(watch_confirm,
        (struct store * store, const struct job *job, int64_t watch_key, const struct watch_suspect *suspects,
         size_t count, struct error *error),
        error, job, watch_key, suspects, count, error);
FORWARD(watch_end, (struct store * store, const struct job *job, const struct watch_end *end, struct error *error),
        error, job, end, error);
FORWARD(finding_read, (struct store * store, const char *finding_id, struct arena *arena, struct finding *ret_finding),
        NULL, finding_id, arena, ret_finding);
FORWARD(finding_list,
        (struct store * store, const struct finding_filter *filter, const struct page *page, struct arena *arena,
         struct finding **ret_findings, size_t *ret_count, const char **ret_next),
        NULL, filter, page, arena, ret_findings, ret_count, ret_next);
FORWARD(finding_settle,
        (struct store * store, const struct actor *actor, const char *finding_id, const struct finding_order *order,
         struct arena *arena, struct finding *ret_finding, const char **ret_job_id, struct error *error),
        error, actor, finding_id, order, arena, ret_finding, ret_job_id, error);
FORWARD(audit_list,
        (struct store * store, const struct page *page, struct arena *arena, struct audit_event **ret_events,
         size_t *ret_count, const char **ret_next),
        NULL, page, arena, ret_events, ret_count, ret_next);
FORWARD(audit_read_from,
        (struct store * store, int64_t after_seq, int limit, struct arena *arena, struct audit_event **ret_events,
         size_t *ret_count),
        NULL, after_seq, limit, arena, ret_events, ret_count);
FORWARD(audit_head, (struct store * store, struct audit_checkpoint *ret_head), NULL, ret_head);
FORWARD(audit_checkpoint_add, (struct store * store, bool *ret_added, struct error *error), error, ret_added, error);
FORWARD(audit_checkpoint_list,
        (struct store * store, const struct page *page, struct arena *arena, struct audit_checkpoint **ret_checkpoints,
         size_t *ret_count, const char **ret_next),
        NULL, page, arena, ret_checkpoints, ret_count, ret_next);
FORWARD(evidence_span, (struct store * store, const struct evidence_filter *filter, struct evidence_span *ret_span),
        NULL, filter, ret_span);
FORWARD(evidence_requests,
        (struct store * store, const struct evidence_filter *filter, const char *after_id, int limit,
         struct arena *arena, struct access_request **ret_requests, size_t *ret_count),
        NULL, filter, after_id, limit, arena, ret_requests, ret_count);
FORWARD(audit_list_of_grant,
        (struct store * store, const char *grant_id, struct arena *arena, struct audit_event **ret_events,
         size_t *ret_count),
        NULL, grant_id, arena, ret_events, ret_count);
FORWARD(subject_erase,
        (struct store * store, const struct actor *actor, const char *account_id, const char *reason,
         struct erasure *ret_erasure, struct error *error),
        error, actor, account_id, reason, ret_erasure, error);
FORWARD(counts, (struct store * store, struct store_counts *ret_counts), NULL, ret_counts);
FORWARD(purge, (struct store * store, int64_t inbox_before, struct error *error), error, inbox_before, error);

/* Of many items, which are one call: told to fail, each of them does. */
static void fault_grant_intend_memberships(struct store *store, struct membership_intent *intents, size_t count,
                                           struct arena *arena)
{
	struct error error = {0};
	bool lost = false;
	enum result result = fault_due(store, &error, &lost);

	if (result == RESULT_OK)
		real_of(store)->ops->grant_intend_memberships(real_of(store), intents, count, arena);
	if (lost)
		result = fault_tell((struct store_fault *)store, &error);
	for (size_t at = 0; result != RESULT_OK && at < count; at++) {
		intents[at].result = result;
		intents[at].error = error;
	}
}

static void fault_job_settle_all(struct store *store, const struct actor *actor, struct job_settlement *settlements,
                                 size_t count, struct arena *arena)
{
	struct error error = {0};
	bool lost = false;
	enum result result = fault_due(store, &error, &lost);

	if (result == RESULT_OK)
		real_of(store)->ops->job_settle_all(real_of(store), actor, settlements, count, arena);
	if (lost)
		result = fault_tell((struct store_fault *)store, &error);
	for (size_t at = 0; result != RESULT_OK && at < count; at++) {
		settlements[at].result = result;
		settlements[at].error = error;
	}
}

static void fault_close(struct store *store)
{
	real_of(store)->ops->close(real_of(store));
	memory_free(store);
}

static void fault_set_listener(struct store *store, void (*changed)(void *context), void *context)
{
	real_of(store)->ops->set_listener(real_of(store), changed, context);
}

static void fault_set_audit_signer(struct store *store, const struct audit_signer *signer)
{
	real_of(store)->ops->set_audit_signer(real_of(store), signer);
}

static const struct store_ops fault_ops = {
    .name = "fault",
    .close = fault_close,
    .set_listener = fault_set_listener,
    .set_audit_signer = fault_set_audit_signer,
    .ready = fault_ready,
    .meta_read = fault_meta_read,
    .meta_write = fault_meta_write,
    .meta_write_once = fault_meta_write_once,
    .token_create = fault_token_create,
    .token_find = fault_token_find,
    .token_list = fault_token_list,
    .token_revoke = fault_token_revoke,
    .idempotency_find = fault_idempotency_find,
    .connector_create = fault_connector_create,
    .connector_read = fault_connector_read,
    .connector_list = fault_connector_list,
    .connector_update = fault_connector_update,
    .connector_delete = fault_connector_delete,
    .connector_set_enabled = fault_connector_set_enabled,
    .connector_save_test = fault_connector_save_test,
    .check_enqueue_due = fault_check_enqueue_due,
    .audit_note = fault_audit_note,
    .tool_create = fault_tool_create,
    .tool_read = fault_tool_read,
    .tool_list = fault_tool_list,
    .tool_update = fault_tool_update,
    .tool_delete = fault_tool_delete,
    .tool_bind_group = fault_tool_bind_group,
    .tool_unbind_group = fault_tool_unbind_group,
    .tool_save_group_check = fault_tool_save_group_check,
    .tool_start_group = fault_tool_start_group,
    .tool_finish_group = fault_tool_finish_group,
    .tool_list_bound = fault_tool_list_bound,
    .tool_find_by_text = fault_tool_find_by_text,
    .mapping_create = fault_mapping_create,
    .mapping_read = fault_mapping_read,
    .mapping_find = fault_mapping_find,
    .mapping_list = fault_mapping_list,
    .mapping_update = fault_mapping_update,
    .mapping_delete = fault_mapping_delete,
    .mapping_import = fault_mapping_import,
    .mapping_list_unchecked = fault_mapping_list_unchecked,
    .mapping_save_checks = fault_mapping_save_checks,
    .sealed_list = fault_sealed_list,
    .sealed_replace = fault_sealed_replace,
    .intake_read = fault_intake_read,
    .intake_write = fault_intake_write,
    .inbox_add = fault_inbox_add,
    .inbox_read = fault_inbox_read,
    .inbox_finish = fault_inbox_finish,
    .intake_enqueue = fault_intake_enqueue,
    .sweep_enqueue = fault_sweep_enqueue,
    .request_create = fault_request_create,
    .request_read = fault_request_read,
    .request_list = fault_request_list,
    .request_list_of_issue = fault_request_list_of_issue,
    .request_consumed = fault_request_consumed,
    .request_list_stale = fault_request_list_stale,
    .request_take_down = fault_request_take_down,
    .request_apply = fault_request_apply,
    .grant_read = fault_grant_read,
    .grant_history = fault_grant_history,
    .grant_list = fault_grant_list,
    .grant_list_open_of_issue = fault_grant_list_open_of_issue,
    .grant_apply = fault_grant_apply,
    .grant_intend_memberships = fault_grant_intend_memberships,
    .grant_mark_preexisting = fault_grant_mark_preexisting,
    .membership_origin = fault_membership_origin,
    .grant_other_open = fault_grant_other_open,
    .grant_removal_under_way = fault_grant_removal_under_way,
    .expiry_advance = fault_expiry_advance,
    .removals_held = fault_removals_held,
    .removals_release = fault_removals_release,
    .removals_cancel = fault_removals_cancel,
    .stop_begin = fault_stop_begin,
    .tool_resume = fault_tool_resume,
    .stop_advance = fault_stop_advance,
    .stop_read = fault_stop_read,
    .stop_preview = fault_stop_preview,
    .stop_list = fault_stop_list,
    .job_claim = fault_job_claim,
    .job_claim_more = fault_job_claim_more,
    .connector_pause = fault_connector_pause,
    .job_renew = fault_job_renew,
    .job_settle_all = fault_job_settle_all,
    .job_finish = fault_job_finish,
    .job_hold = fault_job_hold,
    .job_save_progress = fault_job_save_progress,
    .job_read = fault_job_read,
    .job_list = fault_job_list,
    .job_find_of_grant = fault_job_find_of_grant,
    .member_check_start = fault_member_check_start,
    .member_check_enqueue_due = fault_member_check_enqueue_due,
    .watch_open = fault_watch_open,
    .watch_list = fault_watch_list,
    .watch_take = fault_watch_take,
    .watch_step = fault_watch_step,
    .watch_suspects = fault_watch_suspects,
    .watch_confirm = fault_watch_confirm,
    .watch_end = fault_watch_end,
    .finding_read = fault_finding_read,
    .finding_list = fault_finding_list,
    .finding_settle = fault_finding_settle,
    .audit_list = fault_audit_list,
    .audit_read_from = fault_audit_read_from,
    .audit_head = fault_audit_head,
    .audit_checkpoint_add = fault_audit_checkpoint_add,
    .audit_checkpoint_list = fault_audit_checkpoint_list,
    .evidence_span = fault_evidence_span,
    .evidence_requests = fault_evidence_requests,
    .audit_list_of_grant = fault_audit_list_of_grant,
    .subject_erase = fault_subject_erase,
    .counts = fault_counts,
    .purge = fault_purge,
};

enum result store_fault_wrap(struct store *real, struct store **ret_store)
{
	struct store_fault *fault = memory_calloc(1, sizeof(*fault));

	if (fault == NULL)
		return RESULT_NO_MEMORY;
	fault->store.ops = &fault_ops;
	fault->real = real;
	*ret_store = &fault->store;
	return RESULT_OK;
}

void store_fault_fail_nth(struct store *store, uint64_t nth, enum result result)
{
	struct store_fault *fault = (struct store_fault *)store;

	atomic_store(&fault->result, (int)result);
	atomic_store(&fault->answer_lost, false);
	atomic_store(&fault->fail_at, nth > 0 ? atomic_load(&fault->count) + nth : 0);
}

void store_fault_lose_nth(struct store *store, uint64_t nth, enum result result)
{
	struct store_fault *fault = (struct store_fault *)store;

	store_fault_fail_nth(store, nth, result);
	atomic_store(&fault->answer_lost, true);
}

void store_fault_fail_from(struct store *store, uint64_t nth, enum result result)
{
	struct store_fault *fault = (struct store_fault *)store;

	atomic_store(&fault->result, (int)result);
	atomic_store(&fault->fail_from, nth > 0 ? atomic_load(&fault->count) + nth : 0);
}

uint64_t store_fault_count(const struct store *store)
{
	return atomic_load(&((const struct store_fault *)store)->count);
}
