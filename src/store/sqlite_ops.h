/* Every operation of the table, in the order of store.h: from this list come the declarations and the table itself, so
 * that neither can lack one. */
#ifndef AIC_STORE_SQLITE_OPS_H
#define AIC_STORE_SQLITE_OPS_H

#include "store/store.h"

#define SQLITE_OPERATIONS(X)                                                                                           \
	X(close)                                                                                                           \
	X(ready)                                                                                                           \
	X(set_listener)                                                                                                    \
	X(set_audit_signer)                                                                                                \
	X(meta_read)                                                                                                       \
	X(meta_write)                                                                                                      \
	X(meta_write_once)                                                                                                 \
	X(token_create)                                                                                                    \
	X(token_find)                                                                                                      \
	X(token_list)                                                                                                      \
	X(token_revoke)                                                                                                    \
	X(idempotency_find)                                                                                                \
	X(connector_create)                                                                                                \
	X(connector_read)                                                                                                  \
	X(connector_list)                                                                                                  \
	X(connector_update)                                                                                                \
	X(connector_delete)                                                                                                \
	X(connector_set_enabled)                                                                                           \
	X(connector_save_test)                                                                                             \
	X(check_enqueue_due)                                                                                               \
	X(audit_note)                                                                                                      \
	X(tool_create)                                                                                                     \
	X(tool_read)                                                                                                       \
	X(tool_list)                                                                                                       \
	X(tool_update)                                                                                                     \
	X(tool_delete)                                                                                                     \
	X(tool_bind_group)                                                                                                 \
	X(tool_unbind_group)                                                                                               \
	X(tool_save_group_check)                                                                                           \
	X(tool_start_group)                                                                                                \
	X(tool_finish_group)                                                                                               \
	X(tool_list_bound)                                                                                                 \
	X(tool_find_by_text)                                                                                               \
	X(mapping_create)                                                                                                  \
	X(mapping_read)                                                                                                    \
	X(mapping_find)                                                                                                    \
	X(mapping_list)                                                                                                    \
	X(mapping_update)                                                                                                  \
	X(mapping_delete)                                                                                                  \
	X(mapping_import)                                                                                                  \
	X(mapping_list_unchecked)                                                                                          \
	X(mapping_save_checks)                                                                                             \
	X(sealed_list)                                                                                                     \
	X(sealed_replace)                                                                                                  \
	X(intake_read)                                                                                                     \
	X(intake_write)                                                                                                    \
	X(inbox_add)                                                                                                       \
	X(inbox_read)                                                                                                      \
	X(inbox_finish)                                                                                                    \
	X(intake_enqueue)                                                                                                  \
	X(sweep_enqueue)                                                                                                   \
	X(request_create)                                                                                                  \
	X(request_read)                                                                                                    \
	X(request_list)                                                                                                    \
	X(request_list_of_issue)                                                                                           \
	X(request_consumed)                                                                                                \
	X(request_list_stale)                                                                                              \
	X(request_take_down)                                                                                               \
	X(request_apply)                                                                                                   \
	X(grant_read)                                                                                                      \
	X(grant_history)                                                                                                   \
	X(grant_list)                                                                                                      \
	X(grant_list_open_of_issue)                                                                                        \
	X(grant_apply)                                                                                                     \
	X(grant_intend_memberships)                                                                                        \
	X(grant_mark_preexisting)                                                                                          \
	X(membership_origin)                                                                                               \
	X(grant_other_open)                                                                                                \
	X(grant_removal_under_way)                                                                                         \
	X(expiry_advance)                                                                                                  \
	X(removals_held)                                                                                                   \
	X(removals_release)                                                                                                \
	X(removals_cancel)                                                                                                 \
	X(stop_begin)                                                                                                      \
	X(tool_resume)                                                                                                     \
	X(stop_advance)                                                                                                    \
	X(stop_read)                                                                                                       \
	X(stop_preview)                                                                                                    \
	X(stop_list)                                                                                                       \
	X(job_claim)                                                                                                       \
	X(job_claim_more)                                                                                                  \
	X(connector_pause)                                                                                                 \
	X(job_renew)                                                                                                       \
	X(job_settle_all)                                                                                                  \
	X(job_finish)                                                                                                      \
	X(job_hold)                                                                                                        \
	X(job_save_progress)                                                                                               \
	X(job_read)                                                                                                        \
	X(job_list)                                                                                                        \
	X(job_find_of_grant)                                                                                               \
	X(member_check_start)                                                                                              \
	X(member_check_enqueue_due)                                                                                        \
	X(watch_open)                                                                                                      \
	X(watch_list)                                                                                                      \
	X(watch_take)                                                                                                      \
	X(watch_step)                                                                                                      \
	X(watch_suspects)                                                                                                  \
	X(watch_confirm)                                                                                                   \
	X(watch_end)                                                                                                       \
	X(finding_read)                                                                                                    \
	X(finding_list)                                                                                                    \
	X(finding_settle)                                                                                                  \
	X(audit_list)                                                                                                      \
	X(audit_read_from)                                                                                                 \
	X(audit_head)                                                                                                      \
	X(audit_checkpoint_add)                                                                                            \
	X(audit_checkpoint_list)                                                                                           \
	X(evidence_span)                                                                                                   \
	X(evidence_requests)                                                                                               \
	X(evidence_findings)                                                                                               \
	X(audit_list_of_grant)                                                                                             \
	X(subject_erase)                                                                                                   \
	X(counts)                                                                                                          \
	X(purge)

/* Each has the type of its place in the table. */
#define SQLITE_DECLARE(name) __typeof__(*((const struct store_ops *)0)->name) sqlite_op_##name;
SQLITE_OPERATIONS(SQLITE_DECLARE)

enum result sqlite_store_open(const struct store_options *options, const char *path, struct store **ret_store,
                              struct error *error) MUST_CHECK;

#endif
