/* Fault rules. A rule is an object
 *
 *	{"site": "entra|jira", "method": "POST", "path": "/v1.0/groups/<star>/members/<star>", "skip": 0, "times": 1,
 *"forever": false, "action": "status|reset|hang|truncate", "when": "before|after", "status": 503, "headers": {},
 *"body": …, "ms": 60000}
 *
 * (<star> is the shell's star: the path is a pattern.) The first rule that fits is taken; "after" means that the
 *request was carried out, and only the answer goes wrong: the case in which a client must not do things twice. */
#include "faults.h"

#include <fnmatch.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define DELTA_TOKEN_DAYS INT64_C(7) /* of directory objects, by Microsoft's documentation */
#define DELTA_PAGE_SIZE 1000

static bool rule_fits(const json_t *rule, const char *site, const char *method, const char *path)
{
	const char *want_site = json_string_at(rule, "site");
	const char *want_method = json_string_at(rule, "method");
	const char *pattern = json_string_at(rule, "path");
	return (!want_site || text_equal(want_site, site)) && (!want_method || text_equal(want_method, method)) &&
	       (!pattern || fnmatch(pattern, path, 0) == 0);
}

static enum fault_action action_parse(const char *name)
{
	if (text_equal(name, "reset"))
		return FAULT_RESET;
	if (text_equal(name, "hang"))
		return FAULT_HANG;
	if (text_equal(name, "truncate"))
		return FAULT_TRUNCATE;
	return text_equal(name, "none") ? FAULT_NONE : FAULT_STATUS;
}

/* True while the rule lets requests pass first; counts them. */
static bool rule_skips(json_t *rule)
{
	int64_t skip = json_integer_at(rule, "skip", 0);
	if (skip > 0)
		json_object_set_new(rule, "skip", json_integer(skip - 1));
	return skip > 0;
}

static void rule_count_down(json_t *rules, size_t index)
{
	json_t *rule = json_array_get(rules, index);
	int64_t times = json_integer_at(rule, "times", 1);
	if (json_is_true(json_object_get(rule, "forever")))
		return;
	if (times > 1)
		json_object_set_new(rule, "times", json_integer(times - 1));
	else
		json_array_remove(rules, index);
}

static struct fault fault_of(const json_t *rule)
{
	struct fault fault = {.action = action_parse(json_string_at(rule, "action")),
	                      .status = (int)json_integer_at(rule, "status", 503),
	                      .headers = json_incref(json_object_get(rule, "headers")),
	                      .body = json_incref(json_object_get(rule, "body"))};
	fault.applies = text_equal(json_string_at(rule, "when"), "after") || fault.action == FAULT_TRUNCATE;
	if (fault.action == FAULT_HANG)
		fault.hang_ms = json_integer_at(rule, "ms", 60000);
	else
		fault.wait_ms = json_integer_at(rule, "ms", 0);
	return fault;
}

static struct fault rules_take(struct sandbox *sandbox, const char *site, const char *method, const char *path,
                               bool item)
{
	json_t *rules = sandbox->faults.rules;
	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i);
		if (!rule_fits(rule, site, method, path) ||
		    (item && action_parse(json_string_at(rule, "action")) != FAULT_STATUS))
			continue;
		if (rule_skips(rule))
			continue;
		struct fault fault = fault_of(rule);
		rule_count_down(rules, i);
		return fault;
	}
	return (struct fault){0};
}

struct fault faults_take(struct sandbox *sandbox, const char *site, const char *method, const char *path)
{
	struct fault fault = rules_take(sandbox, site, method, path, false);
	fault.wait_ms += text_equal(site, "entra") ? sandbox->faults.entra_latency_ms : sandbox->faults.jira_latency_ms;
	return fault;
}

struct fault faults_take_item(struct sandbox *sandbox, const char *method, const char *path)
{
	return rules_take(sandbox, "entra", method, path, true);
}

void faults_act(const struct fault *fault, struct reply *reply)
{
	const char *name;
	json_t *value;
	switch (fault->action) {
	case FAULT_NONE:
		return;
	case FAULT_TRUNCATE:
		reply->transport = REPLY_TRUNCATED;
		return;
	case FAULT_RESET:
	case FAULT_HANG:
		reply->transport = REPLY_RESET;
		return;
	case FAULT_STATUS:
		break;
	}
	json_t *body = fault->body ? json_incref(fault->body)
	                           : json_pack("{s:{s:s,s:s}}", "error", "code", "ServiceUnavailable", "message",
	                                       "The service is temporarily unavailable.");
	reply_json(reply, fault->status, body);
	json_object_foreach(fault->headers, name, value) reply_header(reply, name, json_string_value(value));
}

void fault_done(struct fault *fault)
{
	json_decref(fault->headers);
	json_decref(fault->body);
	fault->headers = fault->body = NULL;
}

void faults_reset(struct sandbox_faults *faults)
{
	json_decref(faults->rules);
	json_decref(faults->responses);
	*faults = (struct sandbox_faults){.rules = json_array(), .responses = json_object(), .token_lifetime_s = 3599};
	faults->delta_token_lifetime_ms = DELTA_TOKEN_DAYS * 24 * 3600 * 1000;
	faults->delta_page_size = DELTA_PAGE_SIZE;
	faults->throttle.link_cost = 7;
	faults->throttle.window_ms = 150000;
	memcpy(faults->throttle.retry_after, "integer", 8);
}

static void throttle_configure(struct sandbox_throttle *throttle, const json_t *wanted)
{
	const char *form = json_string_at(wanted, "retryAfter");
	throttle->writes = json_integer_at(wanted, "writes", 0);
	throttle->window_ms = json_integer_at(wanted, "windowMs", 150000);
	throttle->link_cost = json_integer_at(wanted, "linkCost", 7);
	throttle->envelope_424 = json_bool_at(wanted, "envelope424", false);
	snprintf(throttle->retry_after, sizeof(throttle->retry_after), "%s", form ? form : "integer");
	throttle->window_start_ms = throttle->used = throttle->allowed_writes = throttle->refused = throttle->early = 0;
}

static const char *const upserts[] = {
    [UPSERT_CREATE] = "create", [UPSERT_READ_WRITE] = "readWrite", [UPSERT_OFF] = "off"};

/* False if `name` is given and none of them. */
static bool upsert_take(const json_t *name, enum sandbox_upsert *ret_upsert)
{
	for (size_t i = 0; i < ARRAY_SIZE(upserts); i++) {
		if (!text_equal(json_string_value(name), upserts[i]))
			continue;
		*ret_upsert = (enum sandbox_upsert)i;
		return true;
	}
	return name == NULL;
}

static void number_take(const json_t *wanted, const char *key, int64_t *ret_value)
{
	*ret_value = json_integer_at(wanted, key, *ret_value);
}

bool faults_configure(struct sandbox *sandbox, const json_t *wanted, const char **ret_reason)
{
	struct sandbox_faults *faults = &sandbox->faults;
	json_t *rules = json_object_get(wanted, "rules");
	json_t *responses = json_object_get(wanted, "responses");
	json_t *throttle = json_object_get(wanted, "throttle");
	json_t *latency = json_object_get(wanted, "latencyMs");
	if (!json_is_object(wanted) || (rules && !json_is_array(rules)) || (responses && !json_is_object(responses))) {
		*ret_reason = "an object is expected, with rules as an array and responses as an object";
		return false;
	}
	if (!upsert_take(json_object_get(wanted, "groupUpsert"), &faults->upsert)) {
		*ret_reason = "groupUpsert is create, readWrite or off";
		return false;
	}
	if (json_is_integer(latency))
		faults->entra_latency_ms = faults->jira_latency_ms = json_integer_value(latency);
	number_take(latency, "entra", &faults->entra_latency_ms);
	number_take(latency, "jira", &faults->jira_latency_ms);
	number_take(wanted, "replicationDelayMs", &faults->replication_ms);
	number_take(wanted, "newGroupDelayMs", &faults->new_group_ms);
	number_take(wanted, "searchLagMs", &faults->search_lag_ms);
	number_take(wanted, "tokenLifetimeSeconds", &faults->token_lifetime_s);
	number_take(wanted, "clockOffsetMs", &faults->clock_offset_ms);
	number_take(wanted, "pageTokenLifetimeMs", &faults->page_token_lifetime_ms);
	number_take(wanted, "deltaTokenLifetimeMs", &faults->delta_token_lifetime_ms);
	number_take(wanted, "deltaPageSize", &faults->delta_page_size);
	if (json_bool_at(wanted, "expireDeltaTokens", false))
		faults->delta_void_before_ms = sandbox_now_ms(sandbox) + 1;
	faults->empty_pages = json_bool_at(wanted, "emptyPages", faults->empty_pages);
	if (throttle)
		throttle_configure(&faults->throttle, throttle);
	if (rules) {
		json_decref(faults->rules);
		faults->rules = json_deep_copy(rules);
	}
	if (responses) {
		json_decref(faults->responses);
		faults->responses = json_deep_copy(responses);
	}
	return true;
}

json_t *faults_describe(const struct sandbox *sandbox)
{
	const struct sandbox_faults *faults = &sandbox->faults;
	const struct sandbox_throttle *throttle = &faults->throttle;
	return json_pack(
	    "{s:{s:I,s:I},s:I,s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:O,s:O,s:{s:I,s:I,s:I,s:s,s:b,s:I,s:I,s:I}}",
	    "latencyMs", "entra", (json_int_t)faults->entra_latency_ms, "jira", (json_int_t)faults->jira_latency_ms,
	    "replicationDelayMs", (json_int_t)faults->replication_ms, "newGroupDelayMs", (json_int_t)faults->new_group_ms,
	    "groupUpsert", upserts[faults->upsert], "searchLagMs", (json_int_t)faults->search_lag_ms,
	    "tokenLifetimeSeconds", (json_int_t)faults->token_lifetime_s, "clockOffsetMs",
	    (json_int_t)faults->clock_offset_ms, "pageTokenLifetimeMs", (json_int_t)faults->page_token_lifetime_ms,
	    "deltaTokenLifetimeMs", (json_int_t)faults->delta_token_lifetime_ms, "deltaPageSize",
	    (json_int_t)faults->delta_page_size, "emptyPages", faults->empty_pages, "rules", faults->rules, "responses",
	    faults->responses, "throttle", "writes", (json_int_t)throttle->writes, "windowMs",
	    (json_int_t)throttle->window_ms, "linkCost", (json_int_t)throttle->link_cost, "retryAfter",
	    throttle->retry_after, "envelope424", throttle->envelope_424, "allowedWrites",
	    (json_int_t)throttle->allowed_writes, "refusedWrites", (json_int_t)throttle->refused, "beforeRetryAfter",
	    (json_int_t)throttle->early);
}

static void retry_after_write(const struct sandbox_throttle *throttle, int64_t left_ms, struct reply *reply)
{
	char value[64] = "";
	int64_t seconds = (left_ms + 999) / 1000;
	if (text_equal(throttle->retry_after, "none"))
		return;
	if (text_equal(throttle->retry_after, "decimal")) {
		snprintf(value, sizeof(value), "%.3f", (double)left_ms / 1000.0);
	} else if (text_equal(throttle->retry_after, "date")) {
		time_t until = time(NULL) + seconds + 1;
		struct tm parts;
		gmtime_r(&until, &parts);
		strftime(value, sizeof(value), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	} else {
		snprintf(value, sizeof(value), "%lld", (long long)seconds);
	}
	reply_header(reply, "Retry-After", value);
}

bool throttle_admit(struct sandbox *sandbox, int64_t cost, struct reply *reply)
{
	struct sandbox_throttle *throttle = &sandbox->faults.throttle;
	int64_t now = sandbox_now_ms(sandbox);
	if (throttle->writes <= 0)
		return true;
	if (now - throttle->window_start_ms >= throttle->window_ms) {
		throttle->window_start_ms = now;
		throttle->used = 0;
	}
	bool was_over = throttle->used > throttle->writes;
	if (throttle->used + cost <= throttle->writes) {
		throttle->used += cost;
		throttle->allowed_writes += cost;
		if (throttle->used * 10 > throttle->writes * 8) {
			char percentage[32];
			snprintf(percentage, sizeof(percentage), "%.2f", (double)throttle->used / (double)throttle->writes);
			reply_header(reply, "x-ms-throttle-limit-percentage", percentage);
		}
		return true;
	}
	throttle->used = throttle->writes + 1;
	throttle->refused++;
	throttle->early += was_over ? 1 : 0;
	reply_json(reply, 429,
	           json_pack("{s:{s:s,s:s,s:{s:s,s:s}}}", "error", "code", "TooManyRequests", "message",
	                     "Please retry again later.", "innerError", "code", "429", "status", "429"));
	reply_header(reply, "x-ms-throttle-scope", "Tenant_Application/ReadWrite/" SANDBOX_CLIENT_ID "/" SANDBOX_TENANT_ID);
	reply_header(reply, "x-ms-throttle-information", "WriteLimitExceeded");
	retry_after_write(throttle, throttle->window_start_ms + throttle->window_ms - now, reply);
	return false;
}
