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

#include "store/store_fault_forward.inc"

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
    .evidence_findings = fault_evidence_findings,
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
