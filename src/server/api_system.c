#include <stdatomic.h>

#include "base/json.h"
#include "base/text.h"
#include "server/api.h"
#include "server/render.h"

#define METRICS_CEILING (256 << 10)

static json_t *system_status(const char *status)
{
	return json_pack("{s:s}", "status", status);
}

enum result api_health(struct api_call *call)
{
	return call_answer(call, 200, system_status("ok"));
}

enum result api_ready(struct api_call *call)
{
	struct store *store = call_store(call);
	if (store->ops->ready(store, &call->error) != RESULT_OK)
		return call_refuse(call, 503, "unavailable", "The store does not answer yet.");
	return call_answer(call, 200, system_status("ready"));
}

enum result api_me(struct api_call *call)
{
	return call_answer(call, 200, render_principal(&call->principal));
}

enum result api_openapi(struct api_call *call)
{
	return call_answer_text(call, "application/json", server_openapi(call->arena));
}

static void metrics_head(struct text *text, const char *name, const char *type, const char *help)
{
	text_printf(text, "# HELP aiclearance_%s %s\n# TYPE aiclearance_%s %s\n", name, help, name, type);
}

static void metrics_value(struct text *text, const char *name, const char *label, const char *label_value,
                          int64_t value)
{
	if (label == NULL)
		text_printf(text, "aiclearance_%s %lld\n", name, (long long)value);
	else
		text_printf(text, "aiclearance_%s{%s=\"%s\"} %lld\n", name, label, label_value, (long long)value);
}

static void metrics_gauge(struct text *text, const char *name, const char *help, int64_t value)
{
	metrics_head(text, name, "gauge", help);
	metrics_value(text, name, NULL, NULL, value);
}

static void metrics_states(struct text *text, const struct store_counts *counts)
{
	metrics_head(text, "requests", "gauge", "Requests by status.");
	for (int i = 0; i < REQUEST_STATUS_MAX; i++)
		metrics_value(text, "requests", "status", request_status_name((enum request_status)i), counts->requests[i]);
	metrics_head(text, "grants", "gauge", "Grants by status.");
	for (int i = 0; i < GRANT_STATUS_MAX; i++)
		metrics_value(text, "grants", "status", grant_status_name((enum grant_status)i), counts->grants[i]);
	metrics_head(text, "jobs", "gauge", "Jobs by status.");
	for (int i = 0; i < JOB_STATUS_MAX; i++)
		metrics_value(text, "jobs", "status", job_status_name((enum job_status)i), counts->jobs[i]);
}

static void metrics_answers(struct text *text, struct api_context *context)
{
	static const char *const classes[] = {NULL, NULL, "2xx", "3xx", "4xx", "5xx"};
	metrics_head(text, "http_answers_total", "counter", "Answers of the API by class of status.");
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i] != NULL)
			metrics_value(text, "http_answers_total", "class", classes[i], (int64_t)atomic_load(&context->answered[i]));
	}
}

enum result api_metrics(struct api_call *call)
{
	struct store *store = call_store(call);
	struct store_counts counts = {0};
	enum result result = store->ops->counts(store, &counts);
	if (result != RESULT_OK)
		return result;
	_cleanup_(text_done) struct text text = TEXT_INIT(METRICS_CEILING);
	metrics_states(&text, &counts);
	metrics_head(&text, "findings", "gauge", "Findings that are not resolved, by class.");
	for (int i = 0; i < FINDING_CLASS_MAX; i++)
		metrics_value(&text, "findings", "class", finding_class_name((enum finding_class)i), counts.findings[i]);
	metrics_gauge(&text, "inbox_received", "Events from Jira that wait to be processed.", counts.inbox_received);
	metrics_gauge(&text, "connectors_failed", "Connectors whose last test failed.", counts.connectors_failed);
	metrics_gauge(&text, "removals_held", "Removals that wait for an admin's release or cancel.", counts.removals_held);
	metrics_gauge(&text, "audit_seq", "Sequence number of the newest audit event.", counts.audit_seq);
	metrics_answers(&text, call->context);
	if (text_failed(&text))
		return RESULT_NO_MEMORY;
	return call_answer_text(call, "text/plain; version=0.0.4; charset=utf-8", arena_strdup(call->arena, text.data));
}
