/* If-Match, and ?wait=. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "server/api_call.h"

/* RFC 9110 section 13.1.1: "*" or a list of strong tags; a weak one never matches. */
static bool call_tag_listed(const char *header, const char *tag)
{
	size_t length = strlen(tag);
	for (const char *at = strstr(header, tag); at != NULL; at = strstr(at + 1, tag)) {
		bool begins = at == header || at[-1] == ' ' || at[-1] == ',' || at[-1] == '\t';
		char after = at[length];
		if (begins && (after == '\0' || after == ' ' || after == ',' || after == '\t'))
			return true;
	}
	return false;
}

enum result call_match(struct api_call *call, const json_t *present, int64_t version, int64_t *ret_expected)
{
	const char *header = call->headers.if_match;
	if (header == NULL || strcmp(header, "*") == 0) {
		*ret_expected = 0;
		return RESULT_OK;
	}
	const char *tag = NULL;
	const char *text = json_write(call->arena, present);
	if (text == NULL)
		return RESULT_NO_MEMORY;
	enum result result = call_entity_tag(call->arena, text, &tag);
	if (result != RESULT_OK)
		return result;
	if (!call_tag_listed(header, tag))
		return error_set(&call->error, RESULT_PRECONDITION, "precondition_failed",
		                 "The object was changed since it was read; read it again, and decide anew.");
	*ret_expected = version;
	return RESULT_OK;
}

bool call_should_wait(struct api_call *call, const char *state, bool final)
{
	int64_t seconds = json_integer_at(call->query, "wait", 0);
	if (seconds <= 0 || final || call->wait_over)
		return false;
	if (call->wait_seen[0] == '\0') {
		snprintf(call->wait_seen, sizeof call->wait_seen, "%s", state);
		call->wait_until_ms = call->arrived_ms + seconds * 1000;
	}
	call->park = strcmp(call->wait_seen, state) == 0;
	return call->park;
}
