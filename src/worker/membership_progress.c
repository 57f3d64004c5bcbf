/* Entra accepts a change of membership before all of its replicas show it. So a change that was accepted is looked for,
 * with growing pauses, and now and then sent again (it is idempotent); a state is never flipped on one read that says
 * otherwise. */
#include "worker/membership_progress.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define FIRST_DELAY_MS 250
#define DELAY_CAP_MS 15000
#define REPEAT_EVERY 4
#define PATIENCE_MS (15 * 60 * 1000)
#define CHECKS_MAX 100000

static void keep_id(char to[64], const char *from)
{
	snprintf(to, 64, "%s", from == NULL ? "" : from);
}

void membership_progress_read(const char *text, struct membership_progress *ret_progress)
{
	*ret_progress = (struct membership_progress){0};
	_cleanup_(json_decrefp) json_t *value = NULL;
	if (text == NULL || json_read(text, strlen(text), &value, NULL) != RESULT_OK)
		return;
	int64_t checks = json_integer_at(value, "checks", 0);
	ret_progress->wrote = json_bool_at(value, "wrote", false);
	ret_progress->sent = json_bool_at(value, "sent", false);
	ret_progress->unsent = json_bool_at(value, "unsent", false);
	ret_progress->since = json_integer_at(value, "since", 0);
	ret_progress->checks = checks < 0 ? 0 : checks > CHECKS_MAX ? CHECKS_MAX : (int)checks;
	keep_id(ret_progress->trace.request_id, json_string_at(value, "requestId"));
	keep_id(ret_progress->trace.client_request_id, json_string_at(value, "clientRequestId"));
}

const char *membership_progress_write(const struct membership_progress *progress, struct arena *arena)
{
	bool failed = false;
	_cleanup_(json_decrefp) json_t *value = json_object();
	json_put(value, "wrote", json_boolean(progress->wrote), &failed);
	json_put(value, "sent", json_boolean(progress->sent), &failed);
	json_put(value, "unsent", json_boolean(progress->unsent), &failed);
	json_put(value, "since", json_integer(progress->since), &failed);
	json_put(value, "checks", json_integer(progress->checks), &failed);
	json_put_string(value, "requestId", progress->trace.request_id, &failed);
	json_put_string(value, "clientRequestId", progress->trace.client_request_id, &failed);
	return failed ? NULL : json_write(arena, value);
}

int64_t membership_progress_delay_ms(const struct membership_progress *progress)
{
	int64_t delay = FIRST_DELAY_MS;
	for (int doubled = 1; doubled < progress->checks && delay < DELAY_CAP_MS; doubled++)
		delay *= 2;
	return delay > DELAY_CAP_MS ? DELAY_CAP_MS : delay;
}

bool membership_progress_repeat_is_due(const struct membership_progress *progress)
{
	return !progress->wrote || (progress->checks > 0 && progress->checks % REPEAT_EVERY == 0);
}

bool membership_progress_is_hopeless(const struct membership_progress *progress, int64_t now)
{
	return progress->wrote && now - progress->since >= PATIENCE_MS;
}
