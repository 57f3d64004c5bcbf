/* The sweep: what events should have told us and did not, Jira is asked for. From a stored instant, with overlap,
 * however long we were down; and pending requests that nobody has asked about for a while are looked at again. It only
 * ever makes intake jobs: there is one path on which things are decided. */
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "worker/intake.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define OVERLAP_MINUTES 10
#define FIRST_MINUTES ((int64_t)24 * 60)
#define MINUTES_MAX ((int64_t)366 * 24 * 60)
#define STALE_MS (10 * MINUTE_MS)
#define STALE_MAX 50
#define FOUND_MAX 10000
#define WATERMARK "sweep.watermark"

struct sweep {
	const struct job_context *context;
	struct store *store;
	struct intake_settings settings;
	int64_t started_at;
	int64_t watermark; /* 0: none yet */
	int64_t minutes;
	int64_t reached; /* the watermark to be: where a search that was cut short has got to */
	size_t found;
	int64_t last_updated_at; /* of the issues found, which come oldest first */
	enum result result;      /* of the store, while found issues are queued */
	struct error *error;     /* in the arena: the attempt's outcome points into it */
};

static enum result watermark_read(struct sweep *sweep)
{
	uint8_t *value = NULL;
	size_t length = 0;
	sweep->minutes = FIRST_MINUTES;
	enum result result = sweep->store->ops->meta_read(sweep->store, WATERMARK, sweep->context->arena, &value, &length);
	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	if (result != RESULT_OK)
		return error_set(sweep->error, result, "unavailable", "The sweep's high-water mark could not be read.");
	int64_t watermark = 0;
	const char *text = arena_strndup(sweep->context->arena, (const char *)value, length);
	if (!text)
		return intake_no_memory(sweep->error);
	if (text_parse_int(text, 1, INT64_MAX, &watermark) != RESULT_OK)
		return RESULT_OK;
	sweep->watermark = watermark;
	int64_t since = sweep->started_at - watermark;
	sweep->minutes = (since > 0 ? since / MINUTE_MS : 0) + OVERLAP_MINUTES;
	if (sweep->minutes > MINUTES_MAX)
		sweep->minutes = MINUTES_MAX;
	return RESULT_OK;
}

static enum result watermark_write(struct sweep *sweep)
{
	const char *text = arena_printf(sweep->context->arena, "%lld", (long long)sweep->reached);
	if (!text)
		return intake_no_memory(sweep->error);
	return sweep->store->ops->meta_write(sweep->store, WATERMARK, (const uint8_t *)text, strlen(text), sweep->error);
}

static bool issue_found(void *context, const char *issue_id, int64_t updated_at)
{
	struct sweep *sweep = context;
	sweep->found++;
	if (updated_at > 0)
		sweep->last_updated_at = updated_at;
	if (intake_seen_has(jira_site(sweep->context->options->jira), issue_id, updated_at, sweep->settings.version))
		return true;
	sweep->result = sweep->store->ops->intake_enqueue(sweep->store, issue_id, sweep->error);
	return sweep->result == RESULT_OK;
}

/* The rest is for the next sweep, which begins where this one ended. One that did not get on at all gives up on the
 * rest: it would find the same for ever. */
static void note_truncated(struct sweep *sweep)
{
	log_warning("sweep.truncated", "detail", "more issues changed than one sweep looks at");
	int64_t got_to = sweep->last_updated_at;
	if (got_to > sweep->watermark + OVERLAP_MINUTES * MINUTE_MS && got_to < sweep->reached)
		sweep->reached = got_to;
}

static enum result search(struct sweep *sweep, const char *const *keys)
{
	sweep->found = 0;
	sweep->last_updated_at = 0;
	sweep->result = RESULT_OK;
	enum result result = jira_search_updated(sweep->context->options->jira, keys, sweep->minutes, sweep->context->arena,
	                                         issue_found, sweep, sweep->error);
	if (result == RESULT_OK && sweep->found >= FOUND_MAX)
		note_truncated(sweep);
	return result == RESULT_OK ? sweep->result : result;
}

/* Jira refuses a search that names one project it does not know (or does not show us), and with it all the others. */
static enum result search_each(struct sweep *sweep)
{
	enum result failed = RESULT_OK;
	struct error first = {0};
	for (size_t i = 0; sweep->settings.project_keys[i]; i++) {
		const char *const one[] = {sweep->settings.project_keys[i], NULL};
		enum result result = search(sweep, one);
		if (result == RESULT_OK)
			continue;
		if (failed == RESULT_OK) {
			first = *sweep->error;
			failed = result;
		}
		if (result != RESULT_PROTOCOL)
			break;
	}
	if (failed != RESULT_OK)
		*sweep->error = first;
	return failed;
}

static enum result search_projects(struct sweep *sweep)
{
	const char *const *keys = sweep->settings.project_keys;
	if (!keys[0])
		return RESULT_OK;
	enum result result = watermark_read(sweep);
	if (result != RESULT_OK)
		return result;
	result = search(sweep, keys);
	if (result == RESULT_PROTOCOL && sweep->error->http_status == 400 && keys[1])
		result = search_each(sweep);
	return result == RESULT_OK ? watermark_write(sweep) : result;
}

static enum result queue_stale(struct sweep *sweep)
{
	struct access_request *requests = NULL;
	size_t count = 0;
	const char *site = jira_site(sweep->context->options->jira);
	enum result result = sweep->store->ops->request_list_stale(sweep->store, sweep->started_at - STALE_MS, STALE_MAX,
	                                                           sweep->context->arena, &requests, &count);
	if (result != RESULT_OK)
		return error_set(sweep->error, result, "unavailable", "The pending requests could not be read.");
	for (size_t i = 0; i < count; i++) {
		if (!requests[i].issue_id || !text_equal(requests[i].site, site))
			continue;
		result = sweep->store->ops->intake_enqueue(sweep->store, requests[i].issue_id, sweep->error);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

/* Never longer than until the next sweep would have come anyway, unless Jira asked for it. */
static struct job_attempt wait(const struct job_context *context, const struct error *error)
{
	struct job_attempt attempt = job_attempt_wait(context, error);
	int64_t every_ms = (context->options->sweep_seconds < 1 ? 1 : context->options->sweep_seconds) * (int64_t)1000;
	if (every_ms < error->retry_after_ms)
		every_ms = error->retry_after_ms;
	int64_t latest = clock_now_ms(context->options->clock) + every_ms;
	if (attempt.outcome.next_attempt_at > latest)
		attempt.outcome.next_attempt_at = latest;
	return attempt;
}

struct job_attempt job_run_sweep(const struct job_context *context)
{
	struct sweep sweep = {.context = context,
	                      .store = context->options->store,
	                      .started_at = clock_now_ms(context->options->clock),
	                      .error = arena_alloc(context->arena, sizeof(*sweep.error))};
	sweep.reached = sweep.started_at;
	if (!sweep.error)
		return job_attempt_wait_ms(context, 1000, NULL, "Out of memory.");
	sweep.error->retry_after_ms = -1;
	if (!context->options->jira)
		return job_attempt_succeeded();
	enum result result = sweep.store->ops->intake_read(sweep.store, context->arena, &sweep.settings);
	if (result != RESULT_OK)
		error_set(sweep.error, result, "unavailable", "The intake settings could not be read.");
	/* First what we know of, so that a search that fails does not hold it up. */
	if (result == RESULT_OK)
		result = queue_stale(&sweep);
	if (result == RESULT_OK)
		result = search_projects(&sweep);
	return result == RESULT_OK ? job_attempt_succeeded() : wait(context, sweep.error);
}
