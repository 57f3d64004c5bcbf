#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "entra.h"

static void fail(struct entra_call *call, int status, const char *code, const char *message)
{
	char date[CLOCK_TEXT_SIZE];
	const char *client = request_header(call->request, "client-request-id");
	clock_format(sandbox_now_ms(call->sandbox), date);
	date[19] = '\0'; /* Graph writes no zone here */
	reply_json(call->reply, status,
	           json_pack("{s:{s:s,s:s,s:{s:s,s:s,s:s}}}", "error", "code", code, "message", message, "innerError",
	                     "date", date, "request-id", call->request_id, "client-request-id",
	                     client ? client : call->request_id));
}

void entra_fail(struct entra_call *call, int status, const char *code, const char *format, ...)
{
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	/* A cut in the middle of a character would not be JSON. */
	for (char *at = message; *at && !text_is_utf8(message, strlen(message));)
		message[strlen(message) - 1] = '\0';
	fail(call, status, code, message);
}

void entra_fail_as(struct entra_call *call, const char *name, int status, const char *code, const char *message)
{
	const json_t *other = json_object_get(call->sandbox->faults.responses, name);
	const char *other_code = json_string_at(other, "code");
	const char *other_message = json_string_at(other, "message");
	fail(call, (int)json_integer_at(other, "status", status), other_code ? other_code : code,
	     other_message ? other_message : message);
}

void entra_fail_not_found(struct entra_call *call, const char *id)
{
	entra_fail(call, 404, "Request_ResourceNotFound",
	           "Resource '%s' does not exist or one of its queried reference-property objects are not present.", id);
}

void entra_fail_denied(struct entra_call *call)
{
	entra_fail(call, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
}
