/* What is read must come back: canonical text of anything that was accepted is accepted, and is its own canonical text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(16u << 20);
	json_t *value = NULL, *again = NULL;
	struct error error;

	if (arena == NULL || json_read((const char *)data, size, &value, &error) != RESULT_OK) {
		return 0;
	}
	char *text = json_write_canonical(arena, value);
	if (text != NULL) {
		if (json_read(text, strlen(text), &again, &error) != RESULT_OK) {
			abort();
		}
		char *second = json_write_canonical(arena, again);
		if (second != NULL && strcmp(text, second) != 0) {
			abort();
		}
	}
	json_decref(value);
	json_decref(again);
	return 0;
}
