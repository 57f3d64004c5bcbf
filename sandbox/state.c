#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "entra_jwt.h"
#include "faults.h"
#include "jira_webhook.h"
#include "request_log.h"
#include "sandbox.h"

int64_t sandbox_now_ms(const struct sandbox *sandbox)
{
	return clock_now_ms(clock_system()) + sandbox->faults.clock_offset_ms;
}

void sandbox_wait(struct sandbox *sandbox, int64_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&sandbox->lock);
	while (!sandbox->stopping && pthread_cond_timedwait(&sandbox->wake, &sandbox->lock, &until) == 0)
		;
	pthread_mutex_unlock(&sandbox->lock);
}

static void directory_clear(struct sandbox_directory *directory)
{
	json_decref(directory->users);
	json_decref(directory->upns);
	json_decref(directory->groups);
	json_decref(directory->deleted);
	json_decref(directory->purged);
	json_decref(directory->application);
	*directory = (struct sandbox_directory){0};
}

static void site_clear(struct sandbox_site *site)
{
	json_decref(site->accounts);
	json_decref(site->issues);
	json_decref(site->keys);
	json_decref(site->oauth_tokens);
	json_decref(site->settings);
	json_decref(site->numbers);
	*site = (struct sandbox_site){0};
}

void sandbox_reset(struct sandbox *sandbox)
{
	directory_clear(&sandbox->directory);
	site_clear(&sandbox->site);
	faults_reset(&sandbox->faults);
	request_log_reset(sandbox);
	webhooks_reset(sandbox);
	json_decref(sandbox->token_cache);
	sandbox->token_cache = json_object();
	directory_seed(sandbox);
	site_seed(sandbox);
}

enum result sandbox_start(struct sandbox *sandbox)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&sandbox->lock, NULL);
	pthread_cond_init(&sandbox->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	enum result result = jwt_key_make(sandbox);
	if (result != RESULT_OK)
		return result;
	pthread_mutex_lock(&sandbox->lock);
	sandbox_reset(sandbox);
	pthread_mutex_unlock(&sandbox->lock);
	return webhooks_start(sandbox);
}

void sandbox_stop(struct sandbox *sandbox)
{
	directory_clear(&sandbox->directory);
	site_clear(&sandbox->site);
	json_decref(sandbox->faults.rules);
	json_decref(sandbox->faults.responses);
	json_decref(sandbox->requests);
	json_decref(sandbox->tally);
	json_decref(sandbox->written_groups);
	json_decref(sandbox->token_cache);
	json_decref(sandbox->webhooks.queue);
	json_decref(sandbox->webhooks.log);
	EVP_PKEY_free(sandbox->token_key);
	pthread_cond_destroy(&sandbox->wake);
	pthread_mutex_destroy(&sandbox->lock);
}
