/* The front of the API: a path and its cursor come first, then a body. None of it may crash, and a body is told at
 * least one fault or none; a cursor that was accepted is the one that we would give out for that key. The first line of
 * the input is the path, the rest the body. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "server/cursor.h"
#include "server/router.h"
#include "server/shapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct shape *const shapes[] = {
    &shape_nothing,        &shape_connector_create, &shape_connector_replace, &shape_tool_create, &shape_tool_replace,
    &shape_group_bind,     &shape_mapping_create,   &shape_mapping_replace,   &shape_resolve,     &shape_intake,
    &shape_request_create, &shape_comment,          &shape_grant_resolve,     &shape_automation,  &shape_stop,
};

static void fuzz_path(const char *path, struct arena *arena)
{
	struct route_match match;
	const char *key = NULL;
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};

	for (size_t at = 0; at < ARRAY_SIZE(methods); at++) {
		if (router_match(methods[at], path, arena, &match) == RESULT_OK && match.route != NULL && !match.path_known) {
			abort();
		}
	}
	if (cursor_decode(arena, "/api/v1/tools", path, &key) == RESULT_OK) {
		const char *again = cursor_encode(arena, "/api/v1/tools", key);
		if (again != NULL && strcmp(again, path) != 0) {
			abort(); /* two cursors for one place */
		}
	}
}

static void fuzz_body(const json_t *body, struct arena *arena)
{
	for (size_t at = 0; at < ARRAY_SIZE(shapes); at++) {
		struct shape_faults *faults = arena_alloc(arena, sizeof(*faults));
		if (faults == NULL) {
			return;
		}
		memset(faults, 0, sizeof(*faults));
		shape_check(shapes[at], body, arena, faults);
		if (faults->count > SHAPE_FAULTS_MAX || (!json_is_object(body) && faults->count == 0 && !faults->failed)) {
			abort();
		}
		for (size_t fault = 0; fault < faults->count; fault++) {
			if (faults->items[fault].path == NULL || faults->items[fault].detail == NULL) {
				abort();
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(16u << 20);
	_cleanup_(json_decrefp) json_t *body = NULL;
	struct error error;
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t length = line == NULL ? size : (size_t)(line - data);
	char *path = arena == NULL ? NULL : arena_strndup(arena, (const char *)data, length);

	if (path == NULL) {
		return 0;
	}
	fuzz_path(path, arena);
	if (line != NULL && json_read((const char *)line + 1, size - length - 1, &body, &error) == RESULT_OK) {
		fuzz_body(body, arena);
	}
	return 0;
}
