/* What is sent, and how: the body as Jira Cloud writes it, and one thread that delivers. A retry carries the same
 * identifier; what comes back as 408, 409, 425, 429 or 5xx, or does not come back, is tried five more times. */
#include "jira_webhook.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/text.h"
#include "jira.h"

#define RETRIES 5
#define QUEUE_MAX 20000
#define LOG_MAX 5000

static int64_t monotonic_ms(void)
{
	return clock_monotonic_ms(clock_system());
}

static void delivery_queue(struct sandbox *sandbox, const char *event, const char *key, const char *body)
{
	struct sandbox_webhooks *hooks = &sandbox->webhooks;
	char id[ID_SIZE];
	if (!hooks->enabled || !hooks->url[0] || json_array_size(hooks->queue) >= QUEUE_MAX)
		return;
	if (hooks->lose > 0) {
		hooks->lose--;
		return;
	}
	id_random(id);
	for (int64_t copy = 0; copy <= hooks->duplicate; copy++) {
		int64_t due = monotonic_ms() + hooks->delay_ms;
		if (hooks->shuffle_ms > 0)
			due += (int64_t)id_random_below((uint64_t)hooks->shuffle_ms);
		json_array_append_new(hooks->queue, json_pack("{s:s,s:s,s:s,s:s,s:I,s:i}", "id", id, "event", event, "key", key,
		                                              "body", body, "due", (json_int_t)due, "attempt", 0));
	}
	pthread_cond_broadcast(&sandbox->wake);
}

static void body_send(struct sandbox *sandbox, const char *event, const json_t *issue, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (text)
		delivery_queue(sandbox, event, issue_string(issue, "key"), text);
	free(text);
}

static json_t *issue_part(const struct sandbox *sandbox, const json_t *issue)
{
	char self[160];
	const char *id = issue_string(issue, "id");
	snprintf(self, sizeof(self), "%s/rest/api/2/%s", sandbox->jira_url, id);
	return json_pack("{s:s?,s:s,s:s?,s:o}", "id", id, "self", self, "key", issue_string(issue, "key"), "fields",
	                 issue_fields_view(sandbox, issue, true));
}

static const char *event_type(const char *given, const json_t *history)
{
	const json_t *item = json_array_get(json_object_get(history, "items"), 0);
	/* A change made over REST without a screen is "issue_updated"; a transition is "issue_generic". */
	if (given && text_equal(given, "issue_generic") && !text_equal(json_string_at(item, "fieldId"), "status"))
		return "issue_updated";
	return given;
}

void webhooks_issue(struct sandbox *sandbox, const char *event, const char *type, const json_t *issue,
                    const char *author, const json_t *history)
{
	json_t *body = json_pack("{s:I,s:s,s:o,s:o}", "timestamp", (json_int_t)sandbox_now_ms(sandbox), "webhookEvent",
	                         event, "user", account_view(sandbox, author, false), "issue", issue_part(sandbox, issue));
	if (type)
		json_object_set_new(body, "issue_event_type_name", json_string(event_type(type, history)));
	if (history)
		json_object_set_new(
		    body, "changelog",
		    json_pack("{s:O,s:O}", "id", json_object_get(history, "id"), "items", json_object_get(history, "items")));
	body_send(sandbox, event, issue, body);
}

void webhooks_comment(struct sandbox *sandbox, const json_t *issue, const char *author, const json_t *comment)
{
	char created[JIRA_DATE_SIZE];
	jira_date(json_integer_at(comment, "created", 0), created);
	json_t *shown = json_pack("{s:O,s:o,s:O,s:o,s:s,s:s,s:b}", "id", json_object_get(comment, "id"), "author",
	                          account_view(sandbox, author, false), "body", json_object_get(comment, "body"),
	                          "updateAuthor", account_view(sandbox, author, false), "created", created, "updated",
	                          created, "jsdPublic", json_bool_at(comment, "public", true));
	body_send(sandbox, "comment_created", issue,
	          json_pack("{s:I,s:s,s:o,s:o}", "timestamp", (json_int_t)sandbox_now_ms(sandbox), "webhookEvent",
	                    "comment_created", "comment", shown, "issue", issue_part(sandbox, issue)));
}

static size_t answer_discard(char *bytes, size_t size, size_t count, void *closure)
{
	(void)bytes;
	(void)closure;
	return size * count;
}

struct target {
	char url[512];
	char secret[256];
};

static struct curl_slist *headers_make(const struct target *target, const json_t *delivery, const char *body)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	char line[256];
	int attempt = (int)json_integer_at(delivery, "attempt", 0);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json; charset=UTF-8");
	headers = curl_slist_append(headers, "User-Agent: Atlassian Webhook HTTP Client");
	headers = curl_slist_append(headers, "X-Atlassian-Webhook-Flow: Primary");
	snprintf(line, sizeof(line), "X-Atlassian-Webhook-Identifier: %s", json_string_at(delivery, "id"));
	headers = curl_slist_append(headers, line);
	if (attempt > 0) {
		snprintf(line, sizeof(line), "X-Atlassian-Webhook-Retry: %d", attempt);
		headers = curl_slist_append(headers, line);
	}
	if (target->secret[0] &&
	    digest_hmac_sha256(target->secret, strlen(target->secret), body, strlen(body), digest) == RESULT_OK) {
		text_hex_encode(digest, sizeof(digest), hex);
		snprintf(line, sizeof(line), "X-Hub-Signature: sha256=%s", hex);
		headers = curl_slist_append(headers, line);
	}
	return headers;
}

/* The HTTP status, 0 if none came. */
static long delivery_post(CURL *curl, const struct target *target, const json_t *delivery)
{
	const char *body = json_string_at(delivery, "body");
	struct curl_slist *headers = headers_make(target, delivery, body);
	long status = 0;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, target->url);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_discard);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 10000L);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return status;
}

static bool status_retried(long status)
{
	return status == 0 || status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
}

static void delivery_settle(struct sandbox *sandbox, json_t *delivery, long status)
{
	struct sandbox_webhooks *hooks = &sandbox->webhooks;
	int64_t attempt = json_integer_at(delivery, "attempt", 0);
	bool again = status_retried(status) && attempt < RETRIES;
	if (json_array_size(hooks->log) >= LOG_MAX)
		json_array_remove(hooks->log, 0);
	json_array_append_new(hooks->log,
	                      json_pack("{s:O,s:O,s:O,s:O,s:I,s:I,s:b}", "id", json_object_get(delivery, "id"), "event",
	                                json_object_get(delivery, "event"), "key", json_object_get(delivery, "key"),
	                                "sentMs", json_object_get(delivery, "sentMs"), "attempt", (json_int_t)attempt,
	                                "status", (json_int_t)status, "retried", again));
	if (!again)
		return;
	json_object_set_new(delivery, "attempt", json_integer(attempt + 1));
	json_object_set_new(delivery, "due", json_integer(monotonic_ms() + (hooks->backoff_ms << attempt)));
	json_array_append(hooks->queue, delivery);
}

/* The delivery that is due first; NULL if none is due yet, with *ret_wait_ms until the next. Owned by the caller. */
static json_t *delivery_take(struct sandbox *sandbox, int64_t *ret_wait_ms)
{
	json_t *queue = sandbox->webhooks.queue;
	int64_t now = monotonic_ms();
	int64_t first = INT64_MAX;
	size_t at = 0;
	*ret_wait_ms = 1000;
	if (sandbox->webhooks.hold)
		return NULL;
	for (size_t i = 0; i < json_array_size(queue); i++) {
		int64_t due = json_integer_at(json_array_get(queue, i), "due", 0);
		if (due >= first)
			continue;
		first = due;
		at = i;
	}
	if (first > now) {
		if (first != INT64_MAX && first - now < *ret_wait_ms)
			*ret_wait_ms = first - now;
		return NULL;
	}
	json_t *delivery = json_incref(json_array_get(queue, at));
	json_array_remove(queue, at);
	return delivery;
}

static void wake_wait(struct sandbox *sandbox, int64_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&sandbox->wake, &sandbox->lock, &until);
}

static void *deliver(void *closure)
{
	struct sandbox *sandbox = closure;
	CURL *curl = curl_easy_init();
	pthread_mutex_lock(&sandbox->lock);
	while (curl && !sandbox->stopping) {
		int64_t wait_ms;
		json_t *delivery = delivery_take(sandbox, &wait_ms);
		if (!delivery) {
			wake_wait(sandbox, wait_ms);
			continue;
		}
		struct target target;
		memcpy(target.url, sandbox->webhooks.url, sizeof(target.url));
		memcpy(target.secret, sandbox->webhooks.secret, sizeof(target.secret));
		json_object_set_new(delivery, "sentMs", json_integer(sandbox_now_ms(sandbox)));
		pthread_mutex_unlock(&sandbox->lock);
		long status = delivery_post(curl, &target, delivery);
		pthread_mutex_lock(&sandbox->lock);
		delivery_settle(sandbox, delivery, status);
		json_decref(delivery);
	}
	pthread_mutex_unlock(&sandbox->lock);
	curl_easy_cleanup(curl);
	return NULL;
}

enum result webhooks_start(struct sandbox *sandbox)
{
	if (pthread_create(&sandbox->webhooks.thread, NULL, deliver, sandbox) != 0)
		return RESULT_NO_MEMORY;
	sandbox->webhooks.running = true;
	return RESULT_OK;
}

void webhooks_stop(struct sandbox *sandbox)
{
	if (sandbox->webhooks.running)
		pthread_join(sandbox->webhooks.thread, NULL);
	sandbox->webhooks.running = false;
}

void webhooks_reset(struct sandbox *sandbox)
{
	struct sandbox_webhooks *hooks = &sandbox->webhooks;
	json_decref(hooks->queue);
	json_decref(hooks->log);
	hooks->queue = json_array();
	hooks->log = json_array();
	hooks->enabled = true;
	hooks->hold = false;
	hooks->duplicate = hooks->delay_ms = hooks->shuffle_ms = hooks->lose = 0;
	hooks->backoff_ms = 250;
}

static void queue_reverse(struct sandbox_webhooks *hooks)
{
	json_t *reversed = json_array();
	int64_t now = monotonic_ms();
	for (size_t i = json_array_size(hooks->queue); i > 0; i--) {
		json_t *delivery = json_array_get(hooks->queue, i - 1);
		json_object_set_new(delivery, "due", json_integer(now + (int64_t)json_array_size(reversed)));
		json_array_append(reversed, delivery);
	}
	json_decref(hooks->queue);
	hooks->queue = reversed;
}

void webhooks_configure(struct sandbox *sandbox, const json_t *wanted)
{
	struct sandbox_webhooks *hooks = &sandbox->webhooks;
	const char *url = json_string_at(wanted, "url");
	const char *secret = json_string_at(wanted, "secret");
	if (url)
		snprintf(hooks->url, sizeof(hooks->url), "%s", url);
	if (secret)
		snprintf(hooks->secret, sizeof(hooks->secret), "%s", secret);
	hooks->enabled = json_bool_at(wanted, "enabled", hooks->enabled);
	hooks->duplicate = json_integer_at(wanted, "duplicate", hooks->duplicate);
	hooks->delay_ms = json_integer_at(wanted, "delayMs", hooks->delay_ms);
	hooks->shuffle_ms = json_integer_at(wanted, "shuffleMs", hooks->shuffle_ms);
	hooks->lose = json_integer_at(wanted, "lose", hooks->lose);
	hooks->backoff_ms = json_integer_at(wanted, "backoffMs", hooks->backoff_ms);
	hooks->hold = json_bool_at(wanted, "hold", hooks->hold);
	if (json_bool_at(wanted, "reverse", false))
		queue_reverse(hooks);
	if (json_bool_at(wanted, "drop", false))
		json_array_clear(hooks->queue);
	pthread_cond_broadcast(&sandbox->wake);
}

json_t *webhooks_describe(const struct sandbox *sandbox)
{
	const struct sandbox_webhooks *hooks = &sandbox->webhooks;
	return json_pack("{s:s,s:b,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:O}", "url", hooks->url, "signed",
	                 hooks->secret[0] != '\0', "enabled", hooks->enabled, "hold", hooks->hold, "duplicate",
	                 (json_int_t)hooks->duplicate, "delayMs", (json_int_t)hooks->delay_ms, "shuffleMs",
	                 (json_int_t)hooks->shuffle_ms, "lose", (json_int_t)hooks->lose, "backoffMs",
	                 (json_int_t)hooks->backoff_ms, "queued", (json_int_t)json_array_size(hooks->queue), "deliveries",
	                 hooks->log);
}
