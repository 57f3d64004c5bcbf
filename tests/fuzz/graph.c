/* What Microsoft Graph answers comes from a network: whatever it says, it must not lead our requests to another server,
 * and must not be taken for a user or a group that it does not name. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/groups.h"
#include "connector/entra/odata.h"
#include "connector/entra/token_claims.h"
#include "connector/entra/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GRAPH "http://127.0.0.1:8481"

/* Where libcurl would really go. */
static bool leads_home(const char *url)
{
	CURLU *parsed = curl_url();
	char *host = NULL, *port = NULL, *user = NULL;
	bool home = parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	            curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	            curl_url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK &&
	            curl_url_get(parsed, CURLUPART_USER, &user, 0) != CURLUE_OK && strcmp(host, "127.0.0.1") == 0 &&
	            strcmp(port, "8481") == 0;

	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_url_cleanup(parsed);
	return home;
}

static void fuzz_links(const json_t *page, struct arena *arena)
{
	const struct entra_place place = {.cloud = entra_cloud_find("global"), .login = GRAPH, .graph = GRAPH};
	struct odata_walk walk;
	const char *url = NULL;
	struct error error = {0};

	odata_walk_init(&walk, &place, 3);
	if (odata_walk_next(&walk, page, arena, &url, &error) == RESULT_OK && url != NULL) {
		if (!leads_home(url)) {
			abort();
		}
		if (odata_walk_next(&walk, page, arena, &url, &error) == RESULT_OK) {
			abort(); /* in a circle */
		}
	}
	odata_walk_done(&walk);
}

static void fuzz_objects(const json_t *object, struct arena *arena)
{
	struct directory_user user = {0};
	struct group_facts facts;
	struct graph_fault fault = {0};
	struct error error = {0};

	if (entra_user_read(object, arena, &user) == RESULT_OK && !text_is_uuid(user.object_id)) {
		abort();
	}
	(void)!entra_group_facts_read(object, arena, &facts);
	if (!graph_fault_read(object, &fault)) {
		return;
	}
	static const int statuses[] = {400, 401, 403, 404, 429, 503};
	for (size_t at = 0; at < ARRAY_SIZE(statuses); at++) {
		error = (struct error){0};
		if (graph_fault_fill(statuses[at], &fault, -1, &error) == RESULT_OK || text_is_empty(error.code)) {
			abort(); /* a refusal that counts as success, or has no name */
		}
	}
}

static void fuzz_batch(const json_t *envelope)
{
	struct batch_item items[BATCH_MAX];

	batch_sort(envelope, BATCH_MAX, 1700000000000, items);
	for (size_t at = 0; at < BATCH_MAX; at++) {
		if ((items[at].result == RESULT_OK) != (items[at].status >= 200 && items[at].status < 300)) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(16u << 20);
	_cleanup_(json_decrefp) json_t *value = NULL;
	struct error error;
	struct entra_claims claims;
	char *token = arena == NULL ? NULL : arena_strndup(arena, (const char *)data, size);

	if (token == NULL) {
		return 0;
	}
	(void)!entra_claims_read(token, arena, &claims);
	if (json_read((const char *)data, size, &value, &error) == RESULT_OK) {
		fuzz_links(value, arena);
		fuzz_objects(value, arena);
		fuzz_batch(value);
	}
	return 0;
}
