#include "base/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum result error_set(struct error *error, enum result result, const char *code, const char *format, ...)
{
	if (error == NULL)
		return result;
	struct error fresh = {.result = result, .retry_after_ms = -1};
	snprintf(fresh.code, sizeof(fresh.code), "%s", code == NULL ? "" : code);
	/* Written aside first: an argument may point into the error that is replaced. */
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fresh.detail, sizeof(fresh.detail), format, arguments);
	va_end(arguments);
	*error = fresh;
	return result;
}

const char *result_name(enum result result)
{
	static const char *const names[RESULT_MAX] = {
	    [RESULT_OK] = "ok",
	    [RESULT_NO_MEMORY] = "out of memory",
	    [RESULT_INVALID] = "invalid",
	    [RESULT_NOT_FOUND] = "not found",
	    [RESULT_CONFLICT] = "conflict",
	    [RESULT_PRECONDITION] = "precondition failed",
	    [RESULT_DENIED] = "denied",
	    [RESULT_THROTTLED] = "throttled",
	    [RESULT_UNAVAILABLE] = "unavailable",
	    [RESULT_TIMEOUT] = "timed out",
	    [RESULT_TOO_LARGE] = "too large",
	    [RESULT_PROTOCOL] = "protocol error",
	    [RESULT_IO] = "input/output error",
	};
	if ((unsigned)result >= RESULT_MAX)
		return "unknown";
	return names[result];
}
