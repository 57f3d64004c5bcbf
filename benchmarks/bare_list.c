/* bare_list: reads the members of group 0 of a sandbox page by page with libcurl, parses each page with jansson, and
 * counts them: the same list as list_walk, and nothing else. Prints one line of JSON: ms, cpuMs, peakKib, members,
 * calls. Sandbox and credential come from the environment, as for sdk_bulk.js. */
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare_token.h"
#include "base/text.h"
#include "null_store.h"
#include "spent.h"

#define PAGE_CEILING (4u << 20)

static size_t take(char *data, size_t size, size_t count, void *context)
{
	text_append_bytes(context, data, size * count);
	return size * count;
}

static CURL *curl_open(struct text *answer, struct curl_slist **ret_headers)
{
	CURL *curl = curl_easy_init();
	if (curl == NULL)
		abort();
	*ret_headers = curl_slist_append(curl_slist_append(NULL, bare_bearer()), "Accept: application/json");
	curl_easy_setopt(curl, CURLOPT_CAINFO, bare_need("BENCH_CA"));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *ret_headers);
	return curl;
}

/* The members of the page; `url` becomes the next one, or "". */
static size_t page_read(CURL *curl, struct text *answer, char url[4096])
{
	size_t members = 0;
	text_done(answer);
	*answer = (struct text)TEXT_INIT(PAGE_CEILING);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	json_t *page = curl_easy_perform(curl) == CURLE_OK ? json_loadb(answer->data, answer->length, 0, NULL) : NULL;
	json_t *list = json_object_get(page, "value");
	if (!json_is_array(list)) {
		fprintf(stderr, "no page\n");
		exit(1);
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		members += json_is_string(json_object_get(json_array_get(list, i), "id"));
	const char *next = json_string_value(json_object_get(page, "@odata.nextLink"));
	snprintf(url, 4096, "%s", next != NULL ? next : "");
	json_decref(page);
	return members;
}

int main(void)
{
	char url[4096];
	struct text answer = TEXT_INIT(PAGE_CEILING);
	struct curl_slist *headers;
	size_t members = 0, calls = 0;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	struct spent before = spent_so_far();
	CURL *curl = curl_open(&answer, &headers);
	snprintf(url, sizeof url, "%s/v1.0/groups/" NULL_STORE_GROUP "/members?$select=id&$top=999",
	         bare_need("BENCH_ORIGIN"), (size_t)0);
	for (; url[0] != '\0'; calls++)
		members += page_read(curl, &answer, url);
	struct spent used = spent_since(&before);
	printf("{\"ms\":%lld,\"cpuMs\":%.1f,\"peakKib\":%ld,\"members\":%zu,\"calls\":%zu}\n", used.ms, used.cpu_ms,
	       used.peak_kib, members, calls);
	text_done(&answer);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return 0;
}
