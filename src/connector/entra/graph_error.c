/* Graph promises that `error.code` is to be branched on, and then gives Request_BadRequest for a dozen different
 * things. So the code and status decide wherever they can, and the known English messages only where nothing else does;
 * an unknown message never becomes a success. */
#include "connector/entra/graph_error.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/code.h"

static const char *member_string(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* `message` is a string, or an object {lang, value}. */
static const char *message_of(const json_t *fault)
{
	const json_t *message = json_object_get(fault, "message");
	return json_is_object(message) ? member_string(message, "value") : json_string_value(message);
}

static const json_t *inner_of(const json_t *fault)
{
	const json_t *inner = json_object_get(fault, "innerError");
	return inner != NULL ? inner : json_object_get(fault, "innererror");
}

/* `details` is an array of faults, or a single one. Its first code speaks where the fault itself has none. */
static const json_t *first_detail(const json_t *fault)
{
	const json_t *details = json_object_get(fault, "details");
	return json_is_array(details) ? json_array_get(details, 0) : details;
}

bool graph_fault_read(const json_t *body, struct graph_fault *ret_fault)
{
	const json_t *fault = json_object_get(body, "error");
	if (fault == NULL)
		fault = json_object_get(body, "odata.error");
	if (!json_is_object(fault))
		return false;
	const json_t *inner = inner_of(fault);
	struct graph_fault found = {
	    .code = member_string(fault, "code"),
	    .message = message_of(fault),
	    .request_id = member_string(inner, "request-id"),
	    .client_request_id = member_string(inner, "client-request-id"),
	};
	if (text_is_empty(found.code))
		found.code = member_string(first_detail(fault), "code");
	if (text_is_empty(found.message))
		found.message = message_of(first_detail(fault));
	if (found.code == NULL && found.message == NULL)
		return false;
	*ret_fault = found;
	return true;
}

static bool says(const struct graph_fault *fault, const char *words)
{
	return fault->message != NULL && strcasestr(fault->message, words) != NULL;
}

static bool code_is(const struct graph_fault *fault, const char *code)
{
	return fault->code != NULL && text_equal_fold(fault->code, code);
}

bool graph_fault_is_already_member(int status, const struct graph_fault *fault)
{
	return status == 400 && says(fault, "added object references already exist") && says(fault, "members");
}

bool graph_fault_is_not_member(int status, const struct graph_fault *fault)
{
	return status == 400 && says(fault, "removed object references do not exist") && says(fault, "members");
}

bool graph_fault_is_unreplicated(int status, const struct graph_fault *fault)
{
	return status == 400 && says(fault, "source resource object or one of the objects being referenced");
}

/* However it is put: a token that Graph will not have must not be kept for its whole lifetime. Only where the app
 * itself is unknown does another token change nothing. */
bool graph_fault_is_token(int status, const struct graph_fault *fault)
{
	return status == 401 && !code_is(fault, "Authorization_IdentityNotFound");
}

/* Request_ResourceNotFound in the directory; other parts of Graph spell it otherwise. A 404 without such a word may be
 * a proxy's. */
bool graph_fault_is_missing(int status, const struct graph_fault *fault)
{
	return status == 404 && fault->code != NULL && strcasestr(fault->code, "NotFound") != NULL;
}

struct verdict {
	enum result result;
	const char *code;
	bool retryable;
};

static struct verdict verdict_of_bad_request(const struct graph_fault *fault)
{
	if (says(fault, "mail-enabled security group"))
		return (struct verdict){RESULT_CONFLICT, "group_mail_enabled", false};
	if (says(fault, "on-premises mastered"))
		return (struct verdict){RESULT_CONFLICT, "group_on_premises", false};
	if (graph_fault_is_unreplicated(400, fault))
		return (struct verdict){RESULT_UNAVAILABLE, "graph_unavailable", true};
	return (struct verdict){RESULT_INVALID, "graph_error", false};
}

static struct verdict verdict_of(int status, const struct graph_fault *fault)
{
	if (status == 429)
		return (struct verdict){RESULT_THROTTLED, "graph_throttled", true};
	if (status >= 500 || status == 409 || status == 424 || status == 408)
		return (struct verdict){RESULT_UNAVAILABLE, "graph_unavailable", true};
	if (status == 403 && code_is(fault, "Directory_QuotaExceeded"))
		return (struct verdict){RESULT_DENIED, "graph_error", false};
	if (status == 401 || status == 403)
		return (struct verdict){RESULT_DENIED, "graph_denied", false};
	if (status == 404)
		return (struct verdict){RESULT_NOT_FOUND, "graph_error", false};
	if (status == 400)
		return verdict_of_bad_request(fault);
	return (struct verdict){RESULT_INVALID, "graph_error", false};
}

/* Graph's codes are words; anything else is not passed on. */
static void take_word(char *out, size_t size, const char *value)
{
	if (value == NULL || strlen(value) >= size)
		return;
	for (const char *at = value; *at != '\0'; at++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *at) == NULL)
			return;
	memcpy(out, value, strlen(value) + 1);
}

enum result graph_fault_fill(int status, const struct graph_fault *fault, int64_t retry_after_ms, struct error *error)
{
	struct verdict verdict = verdict_of(status, fault);
	if (error == NULL)
		return verdict.result;
	char word[64] = "";
	take_word(word, sizeof(word), fault->code);
	const struct code *known = code_find(verdict.code);
	const char *summary = known != NULL && known->summary != NULL ? known->summary : "Microsoft Graph refused.";
	size_t length = strlen(summary);
	int shown = (int)(length > 0 && summary[length - 1] == '.' ? length - 1 : length);
	error_set(error, verdict.result, verdict.code, "%.*s (HTTP %d%s%s).", shown, summary, status,
	          word[0] != '\0' ? ", " : "", word);
	error->retryable = verdict.retryable;
	error->retry_after_ms = verdict.retryable ? retry_after_ms : -1;
	error->http_status = status;
	memcpy(error->remote_code, word, sizeof(word));
	if (fault->request_id != NULL && text_is_uuid(fault->request_id))
		memcpy(error->request_id, fault->request_id, strlen(fault->request_id) + 1);
	if (fault->client_request_id != NULL && text_is_uuid(fault->client_request_id))
		memcpy(error->client_request_id, fault->client_request_id, strlen(fault->client_request_id) + 1);
	return verdict.result;
}
