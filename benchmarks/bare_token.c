#include "bare_token.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define ANSWER_CEILING (1 << 20)

const char *bare_need(const char *name)
{
	const char *value = getenv(name);
	if (value == NULL) {
		fprintf(stderr, "%s is not set\n", name);
		exit(2);
	}
	return value;
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
	text_append_bytes(context, data, size * count);
	return size * count;
}

static json_t *token_ask(CURL *curl)
{
	char url[512], body[512];
	struct text answer = TEXT_INIT(ANSWER_CEILING);
	snprintf(url, sizeof url, "%s/%s/oauth2/v2.0/token", bare_need("BENCH_ORIGIN"), bare_need("BENCH_TENANT"));
	snprintf(
	    body, sizeof body,
	    "client_id=%s&client_secret=%s&grant_type=client_credentials&scope=https%%3A%%2F%%2Fgraph.microsoft.com%%2F."
	    "default",
	    bare_need("BENCH_CLIENT"), curl_easy_escape(curl, bare_need("BENCH_SECRET"), 0));
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CAINFO, bare_need("BENCH_CA"));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	json_t *token = curl_easy_perform(curl) == CURLE_OK ? json_loadb(answer.data, answer.length, 0, NULL) : NULL;
	text_done(&answer);
	return token;
}

const char *bare_bearer(void)
{
	static char header[8192];
	CURL *curl = curl_easy_init();
	json_t *token = curl != NULL ? token_ask(curl) : NULL;
	const char *bearer = json_string_value(json_object_get(token, "access_token"));
	if (bearer == NULL) {
		fprintf(stderr, "no token\n");
		exit(1);
	}
	snprintf(header, sizeof header, "Authorization: Bearer %s", bearer);
	curl_easy_cleanup(curl);
	json_decref(token);
	return header;
}
