/* Admin webhooks: signed, retried, and able to be late, lost, doubled and out of order. */
#ifndef AIC_SANDBOX_JIRA_WEBHOOK_H
#define AIC_SANDBOX_JIRA_WEBHOOK_H

#include "base/result.h"
#include "sandbox.h"

enum result webhooks_start(struct sandbox *sandbox) MUST_CHECK;
void webhooks_stop(struct sandbox *sandbox); /* after sandbox->stopping was set */
void webhooks_reset(struct sandbox *sandbox);
/* Queues an event about an issue; `history` NULL: without a changelog. */
void webhooks_issue(struct sandbox *sandbox, const char *event, const char *type, const json_t *issue,
                    const char *author, const json_t *history);
void webhooks_comment(struct sandbox *sandbox, const json_t *issue, const char *author, const json_t *comment);
void webhooks_configure(struct sandbox *sandbox, const json_t *wanted);
json_t *webhooks_describe(const struct sandbox *sandbox); /* without the secret */

#endif
