/* replay RECORD: sends what engine_bulk recorded, wave by wave, by libcurl and nothing else, and throws the answers
 * away: the same bytes out, the same bytes in. Prints one line of JSON: ms, cpuMs, peakKib, calls, received. Sandbox
 * and credential come from the environment, as for sdk_bulk.js; BENCH_CA is its certificate authority. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare_token.h"
#include "base/id.h"
#include "spent.h"

#define AT_ONCE 64
#define BODY_MAX (1 << 20)

/* One handle for each place in a wave, used again and again, as its connection is. */
struct place {
	CURL *curl;
	struct curl_slist *headers[2]; /* of a GET, of a POST */
	char client_request_id[2][80];
	char *body;
};

struct replay {
	FILE *record;
	CURLM *multi;
	struct place places[AT_ONCE];
	const char *bearer;
	long calls;
	long long received;
};

static size_t take(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	*(long long *)context += (long long)(size * count);
	return size * count;
}

static void place_open(struct replay *replay, struct place *place)
{
	place->curl = curl_easy_init();
	place->body = malloc(BODY_MAX);
	if (place->curl == NULL || place->body == NULL)
		exit(1);
	curl_easy_setopt(place->curl, CURLOPT_CAINFO, bare_need("BENCH_CA"));
	curl_easy_setopt(place->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(place->curl, CURLOPT_WRITEDATA, &replay->received);
	curl_easy_setopt(place->curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(place->curl, CURLOPT_USERAGENT, "aiclearance/" AIC_VERSION);
}

/* Each request has an id of its own, as the engine's have. */
static struct curl_slist *headers_make(const struct replay *replay, bool with_body)
{
	char id[ID_SIZE], line[64 + ID_SIZE];
	id_random(id);
	snprintf(line, sizeof(line), "client-request-id: %s", id);
	struct curl_slist *headers = curl_slist_append(NULL, replay->bearer);
	headers = curl_slist_append(headers, "Accept: application/json");
	headers = curl_slist_append(headers, line);
	return with_body ? curl_slist_append(headers, "Content-Type: application/json") : headers;
}

static bool request_read(struct replay *replay, struct place *place)
{
	char method[16], url[4096];
	size_t length;
	if (place->curl == NULL)
		place_open(replay, place);
	if (fscanf(replay->record, "%15s %4095s %zu", method, url, &length) != 3 || fgetc(replay->record) != '\n' ||
	    length >= BODY_MAX || fread(place->body, 1, length, replay->record) != length)
		return false;
	curl_slist_free_all(place->headers[0]);
	place->headers[0] = headers_make(replay, length > 0);
	curl_easy_setopt(place->curl, CURLOPT_HTTPHEADER, place->headers[0]);
	curl_easy_setopt(place->curl, CURLOPT_URL, url);
	if (length > 0) {
		curl_easy_setopt(place->curl, CURLOPT_POSTFIELDS, place->body);
		curl_easy_setopt(place->curl, CURLOPT_POSTFIELDSIZE, (long)length);
	} else {
		curl_easy_setopt(place->curl, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(place->curl, CURLOPT_CUSTOMREQUEST, method);
	replay->calls++;
	return curl_multi_add_handle(replay->multi, place->curl) == CURLM_OK;
}

static void answer_take(struct replay *replay, CURL *curl)
{
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299) {
		fprintf(stderr, "a call was answered %ld\n", status);
		exit(1);
	}
	curl_multi_remove_handle(replay->multi, curl);
}

static void wave_run(struct replay *replay, size_t running)
{
	int handles = 0, left = 0;
	while (running > 0) {
		CURLMsg *message;
		curl_multi_perform(replay->multi, &handles);
		while ((message = curl_multi_info_read(replay->multi, &left)) != NULL)
			if (message->msg == CURLMSG_DONE) {
				answer_take(replay, message->easy_handle);
				running--;
			}
		if (running > 0)
			curl_multi_poll(replay->multi, NULL, 0, 1000, NULL);
	}
}

static bool wave(struct replay *replay)
{
	size_t count;
	if (fscanf(replay->record, "%zu\n", &count) != 1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (count > AT_ONCE || !request_read(replay, &replay->places[i])) {
			fprintf(stderr, "the record cannot be read\n");
			exit(1);
		}
	wave_run(replay, count);
	return true;
}

int main(int argc, char **argv)
{
	struct replay replay = {.calls = 1};
	if (argc != 2 || (replay.record = fopen(argv[1], "re")) == NULL) {
		fprintf(stderr, "usage: replay RECORD\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	replay.multi = curl_multi_init();
	struct spent before = spent_so_far();
	replay.bearer = bare_bearer();
	while (wave(&replay))
		;
	struct spent used = spent_since(&before);
	printf("{\"ms\":%lld,\"cpuMs\":%.1f,\"peakKib\":%ld,\"calls\":%ld,\"received\":%lld}\n", used.ms, used.cpu_ms,
	       used.peak_kib, replay.calls, replay.received);
	return 0;
}
