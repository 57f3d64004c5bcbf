/* Events from Jira: proven to be Jira's, put on disk, acknowledged; what they mean is found out later, by a job that
 * asks Jira. Nothing of a body is believed here, and nothing in it can make the answer anything but 202. */
#include "server/api.h"

#include <string.h>

#include "base/digest.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "server/render.h"

#define WEBHOOK_IDENTIFIER_MAX 255

static const char *hook_body(const struct api_call *call)
{
	return call->body != NULL ? call->body : "";
}

static enum result hook_accept(struct api_call *call, const struct inbox_event *event)
{
	struct store *store = call_store(call);
	bool failed = false;
	char event_id[ID_SIZE];
	/* Jira sends again what was answered with a 5xx: whatever the store's trouble is, it is ours. */
	if (store->ops->inbox_add(store, event, event_id, &call->error) != RESULT_OK)
		return call_refuse(call, 503, "unavailable", "The event could not be put on disk; send it again.");
	call_wake_worker(call);
	json_t *value = json_object();
	json_put_string(value, "eventId", event_id, &failed);
	if (failed) {
		json_decref(value);
		return RESULT_NO_MEMORY;
	}
	return call_answer(call, 202, value);
}

static enum result hook_jira_event(struct api_call *call)
{
	struct webhook_hint hint = {0};
	char event_id[ID_SIZE];
	int64_t now = call_now_ms(call);
	const char *identifier = call->headers.webhook_identifier;
	if (identifier != NULL && (identifier[0] == '\0' || strlen(identifier) > WEBHOOK_IDENTIFIER_MAX ||
	                           !text_is_utf8(identifier, strlen(identifier))))
		identifier = NULL;
	enum result result = webhook_read(hook_body(call), call->body_length, call->arena, &hint);
	if (result != RESULT_OK)
		return RESULT_UNAVAILABLE;
	id_new(now, event_id);
	struct inbox_event event = {
	    .event_id = event_id,
	    .source = "jira",
	    .webhook_identifier = identifier,
	    .issue_id = hint.issue_id,
	    .issue_key = hint.issue_key,
	    .event_type = hint.event_type,
	    .status = hint.code == NULL ? "received" : "ignored",
	    .code = hint.code,
	    .reason = hint.reason,
	    .received_at = now,
	};
	result = digest_sha256(hook_body(call), call->body_length, event.body_hash);
	if (result != RESULT_OK)
		return result;
	return hook_accept(call, &event);
}

enum result api_hook_jira(struct api_call *call)
{
	const struct server_options *options = &call->context->options;
	if (!webhook_signature_holds(call->headers.hub_signature, hook_body(call), call->body_length,
	                             options->webhook_secrets, options->webhook_secret_count))
		return call_refuse(call, 401, "unauthenticated", "The X-Hub-Signature header is missing or does not hold.");
	return hook_jira_event(call);
}

static bool hook_automation_holds(const struct api_call *call)
{
	const struct webhook_secret *wanted = call->context->options.automation_token;
	const char *given = call->headers.automation_token;
	return wanted != NULL && wanted->length > 0 && given != NULL &&
	       text_equal_secret(given, strlen(given), wanted->bytes, wanted->length);
}

enum result api_hook_automation(struct api_call *call)
{
	const char *issue_key;
	char event_id[ID_SIZE];
	if (!hook_automation_holds(call))
		return call_refuse(call, 401, "unauthenticated", "The X-AIClearance-Token header is missing or not the one.");
	enum result result =
	    webhook_read_automation(hook_body(call), call->body_length, call->arena, &issue_key, &call->error);
	if (result != RESULT_OK)
		return result;
	int64_t now = call_now_ms(call);
	id_new(now, event_id);
	struct inbox_event event = {
	    .event_id = event_id,
	    .source = "automation",
	    .issue_key = issue_key,
	    .status = "received",
	    .received_at = now,
	};
	return hook_accept(call, &event);
}

enum result api_inbox_read(struct api_call *call)
{
	struct store *store = call_store(call);
	struct inbox_event event;
	enum result result = store->ops->inbox_read(store, call->parameters[0], call->arena, &event);
	if (result != RESULT_OK)
		return result;
	return call_answer(call, 200, render_inbox_event(&event));
}
