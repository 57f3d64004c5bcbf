/* Stops: how far one has come, and whom it covers. */
#include "base/json.h"
#include "server/render.h"

static json_t *render_done(json_t *object, bool failed)
{
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

void render_stop(json_t *object, const struct stop *stop, bool *failed)
{
	json_t *actor = json_object();
	json_put_string(actor, "kind", stop->actor_kind, failed);
	json_put_string(actor, "id", stop->actor_id, failed);
	json_t *value = json_object();
	json_put_time(value, "stoppedAt", stop->stopped_at, failed);
	json_put(value, "actor", actor, failed);
	if (stop->reason != NULL)
		json_put_string(value, "reason", stop->reason, failed);
	json_put(value, "total", json_integer(stop->total), failed);
	json_put(value, "done", json_integer(stop->done), failed);
	json_put(value, "kept", json_integer(stop->kept), failed);
	json_put(value, "failed", json_integer(stop->failed), failed);
	json_put(object, "stop", value, failed);
}

json_t *render_stop_item(const struct stop_item *item)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "grantId", item->grant_id, &failed);
	json_put_string(object, "toolId", item->tool_id, &failed);
	json_put_string(object, "accountId", item->account_id, &failed);
	json_put_string(object, "connectorId", item->connector_id, &failed);
	json_put_string(object, "groupId", item->group_id, &failed);
	json_put_string(object, "externalUserId", item->external_user_id, &failed);
	json_put_string(object, "status", grant_status_name(item->status), &failed);
	json_put_string(object, "outcome", item->outcome, &failed);
	json_put_string(object, "keptByGrantId", item->kept_by_grant_id, &failed);
	json_put_string(object, "keptByToolId", item->kept_by_tool_id, &failed);
	return render_done(object, failed);
}

json_t *render_stop_preview(const struct stop_preview *preview, json_t *items, const char *cursor)
{
	bool failed = false;
	json_t *object = json_object();
	json_put(object, "dryRun", json_true(), &failed);
	json_put(object, "total", json_integer(preview->total), &failed);
	json_put(object, "removed", json_integer(preview->removed), &failed);
	json_put(object, "kept", json_integer(preview->kept), &failed);
	json_put(object, "failed", json_integer(preview->failed), &failed);
	json_put(object, "pendingRequests", json_integer(preview->requests), &failed);
	json_put(object, "items", items, &failed);
	json_put_string(object, "nextCursor", cursor, &failed);
	return render_done(object, failed);
}

json_t *render_person(const char *account_id, const struct stop_preview *open, const struct stop *stop)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "accountId", account_id, &failed);
	json_put(object, "openGrants", json_integer(open->total), &failed);
	json_put(object, "pendingRequests", json_integer(open->requests), &failed);
	if (stop != NULL)
		render_stop(object, stop, &failed);
	return render_done(object, failed);
}
