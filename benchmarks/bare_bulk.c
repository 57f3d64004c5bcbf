/* bare_bulk COUNT GROUPS: what the engine sends for COUNT users in GROUPS groups, sent by libcurl and nothing else: the
 * token, each user asked about (twenty to a $batch), and the additions (twenty links to a PATCH, twenty of them to a
 * $batch), eight calls at once. Answers are received and thrown away. Prints one line of JSON: ms, cpuMs, peakKib,
 * calls. Sandbox and credential come from the environment, as for sdk_bulk.js; BENCH_CA is its certificate authority.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare_token.h"
#include "base/text.h"
#include "spent.h"

#define AT_ONCE 8
#define BODY_CEILING (1 << 20)

struct call {
	CURL *curl;
	struct text body;
};

struct load {
	CURLM *multi;
	struct curl_slist *headers;
	struct call calls[AT_ONCE];
	long count, groups, users_asked, blocks_sent, made;
};

static size_t drop(char *data, size_t size, size_t count, void *context)
{
	(void)data, (void)context;
	return size * count;
}

static CURL *curl_make(void)
{
	char url[512];
	CURL *curl = curl_easy_init();
	if (curl == NULL)
		exit(1);
	snprintf(url, sizeof url, "%s/v1.0/$batch", bare_need("BENCH_ORIGIN"));
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CAINFO, bare_need("BENCH_CA"));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	return curl;
}

static void ask_users(struct load *load, struct text *body)
{
	text_append(body, "{\"requests\":[");
	for (int item = 0; item < 20 && load->users_asked < load->count; item++)
		text_printf(body,
		            "%s{\"id\":\"%d\",\"method\":\"GET\",\"url\":\"/users/e0000000-0000-4000-8000-%012ld?$select=id,"
		            "userPrincipalName,mail,userType,accountEnabled\"}",
		            item > 0 ? "," : "", item + 1, load->users_asked++);
	text_append(body, "]}");
}

/* Block number b of a group: its users from 20 * b on; user u is in group u % groups. */
static void add_block(const struct load *load, long group, long block, int item, struct text *body)
{
	text_printf(body, "%s{\"id\":\"%d\",%s", item > 0 ? "," : "", item + 1, "");
	if (item > 0)
		text_printf(body, "\"dependsOn\":[\"%d\"],", item);
	text_printf(body,
	            "\"method\":\"PATCH\",\"url\":\"/groups/b1000000-0000-4000-8000-%012ld\",\"headers\":{\"Content-Type\":"
	            "\"application/json\"},\"body\":{\"members@odata.bind\":[",
	            group);
	for (long at = block * 20; at < block * 20 + 20 && at * load->groups + group < load->count; at++)
		text_printf(body, "%s\"%s/v1.0/directoryObjects/e0000000-0000-4000-8000-%012ld\"", at > block * 20 ? "," : "",
		            bare_need("BENCH_ORIGIN"), at * load->groups + group);
	text_append(body, "]}}");
}

/* A whole group in one call: twenty blocks. */
static void add_users(struct load *load, struct text *body)
{
	long each = (load->count / load->groups + 19) / 20;
	long group = load->blocks_sent / each, block = load->blocks_sent % each;
	text_append(body, "{\"requests\":[");
	for (int item = 0; item < 20 && block < each; item++, block++, load->blocks_sent++)
		add_block(load, group, block, item, body);
	text_append(body, "]}");
}

static bool next_call(struct load *load, struct call *call)
{
	long blocks = load->groups * ((load->count / load->groups + 19) / 20);
	text_done(&call->body);
	if (load->users_asked < load->count)
		ask_users(load, &call->body);
	else if (load->blocks_sent < blocks)
		add_users(load, &call->body);
	else
		return false;
	curl_easy_setopt(call->curl, CURLOPT_POSTFIELDS, call->body.data);
	curl_easy_setopt(call->curl, CURLOPT_POSTFIELDSIZE, (long)call->body.length);
	load->made++;
	return curl_multi_add_handle(load->multi, call->curl) == CURLM_OK;
}

static int begin(struct load *load)
{
	int running = 0;
	for (int at = 0; at < AT_ONCE; at++) {
		struct call *call = &load->calls[at];
		call->body = (struct text)TEXT_INIT(BODY_CEILING);
		call->curl = curl_make();
		curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, load->headers);
		curl_easy_setopt(call->curl, CURLOPT_PRIVATE, (char *)call);
		running += next_call(load, call);
	}
	return running;
}

static int end_one(struct load *load, CURL *curl)
{
	struct call *call = NULL;
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&call);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		fprintf(stderr, "a call was answered %ld\n", status);
		exit(1);
	}
	curl_multi_remove_handle(load->multi, curl);
	return next_call(load, call) ? 0 : -1;
}

static void run(struct load *load)
{
	int running = begin(load), handles = 0, left = 0;
	while (running > 0) {
		CURLMsg *message;
		curl_multi_perform(load->multi, &handles);
		while ((message = curl_multi_info_read(load->multi, &left)) != NULL)
			if (message->msg == CURLMSG_DONE)
				running += end_one(load, message->easy_handle);
		curl_multi_poll(load->multi, NULL, 0, 100, NULL);
	}
}

int main(int argc, char **argv)
{
	struct load load = {.made = 1};
	if (argc != 3 || (load.count = atol(argv[1])) < 1 || (load.groups = atol(argv[2])) < 1) {
		fprintf(stderr, "usage: bare_bulk COUNT GROUPS\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	load.multi = curl_multi_init();
	struct spent before = spent_so_far();
	load.headers = curl_slist_append(curl_slist_append(NULL, bare_bearer()), "Content-Type: application/json");
	run(&load);
	struct spent used = spent_since(&before);
	printf("{\"ms\":%lld,\"cpuMs\":%.1f,\"peakKib\":%ld,\"calls\":%ld}\n", used.ms, used.cpu_ms, used.peak_kib,
	       load.made);
	return 0;
}
