/* A webhook: is it Jira's, and which issue does it hint at? Pure. */
#ifndef AIC_JIRA_WEBHOOK_H
#define AIC_JIRA_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

struct webhook_secret {
	const char *bytes;
	size_t length;
};

/* X-Hub-Signature: "sha256=<64 hex>", HMAC over the raw body (WebSub; facts/jira.md 3.1), any of the secrets (two while
 * rotating), constant time. Any other method, a second value, or a missing header is false. */
bool webhook_signature_holds(const char *header, const void *body, size_t length, const struct webhook_secret *secrets,
                             size_t secret_count);

/* What a body hints at. code NULL: worth asking Jira about; else why not ("json_malformed", "webhook_not_an_issue"),
 * with a sentence. Wrong types and missing members are never failures. */
struct webhook_hint {
	const char *issue_id;  /* at most 64 characters, digits; NULL */
	const char *issue_key; /* at most 255; NULL */
	const char *event_type;
	const char *code;
	const char *reason;
};
enum result webhook_read(const char *body, size_t length, struct arena *arena, struct webhook_hint *ret_hint)
    MUST_CHECK;

/* {"issueKey":"…"} of Automation: only that member is read; RESULT_INVALID with json_malformed or validation_failed. */
enum result webhook_read_automation(const char *body, size_t length, struct arena *arena, const char **ret_issue_key,
                                    struct error *error) MUST_CHECK;

#endif
