/* Prints docs/api.md from the OpenAPI document, which comes from the table that routes. */
#include <jansson.h>
#include <stdio.h>

#include "base/json.h"
#include "base/memory.h"
#include "server/server.h"

static void print_operation(const char *path, const char *method, const json_t *operation)
{
	const char *key = NULL;
	const json_t *response = NULL;
	json_t *responses = json_object_get(operation, "responses");

	printf("| `%s` | `%s` | %s | ", method, path, json_string_at(operation, "summary"));
	const char *separator = "";
	json_object_foreach(responses, key, response)
	{
		printf("%s%s", separator, key);
		separator = " ";
	}
	puts(" |");
}

int main(void)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(16u << 20);
	char *text = arena == NULL ? NULL : server_openapi(arena);
	json_t *document = text == NULL ? NULL : json_loads(text, 0, NULL);
	if (document == NULL) {
		return 1;
	}
	puts("# API\n");
	puts("Made from the table that routes, by `scripts/check-pages --write`; do not edit by hand. The whole, with "
	     "every shape,");
	puts("is at `GET /api/v1/openapi.json`.\n");
	puts("| method | path | what | answers |\n|---|---|---|---|");
	const char *path = NULL;
	json_t *item = NULL;
	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		const char *method = NULL;
		json_t *operation = NULL;
		json_object_foreach(item, method, operation)
		{
			if (json_is_object(operation) && json_string_at(operation, "summary") != NULL) {
				print_operation(path, method, operation);
			}
		}
	}
	json_decref(document);
	return 0;
}
