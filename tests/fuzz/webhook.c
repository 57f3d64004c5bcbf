/* A webhook's body is the one text that strangers may send us at length: no byte of it may crash, hang or mislead. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jira/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(8u << 20);
	struct webhook_hint hint = {0};
	const char *key = NULL;
	struct error error;

	if (arena == NULL) {
		return 0;
	}
	if (webhook_read((const char *)data, size, arena, &hint) == RESULT_OK && hint.code == NULL &&
	    hint.issue_id == NULL && hint.issue_key == NULL) {
		abort(); /* worth asking about, yet no issue named */
	}
	if ((hint.issue_id != NULL && strlen(hint.issue_id) > 64) ||
	    (hint.issue_key != NULL && strlen(hint.issue_key) > 255)) {
		abort();
	}
	if (webhook_read_automation((const char *)data, size, arena, &key, &error) == RESULT_OK && key == NULL) {
		abort();
	}
	return 0;
}
