/* What a check found. */
#include "base/json.h"
#include "server/render.h"

static json_t *render_done(json_t *object, bool failed)
{
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *render_member(const struct finding *finding, bool *failed)
{
	json_t *object = json_object();
	json_put_string(object, "objectId", finding->member_id, failed);
	json_put_string(object, "kind", member_kind_name(finding->member_kind), failed);
	return object;
}

static json_t *render_settled_by(const struct finding *finding, bool *failed)
{
	if (finding->settled_by_id == NULL)
		return json_null();
	json_t *object = json_object();
	json_put_string(object, "kind", finding->settled_by_kind, failed);
	json_put_string(object, "id", finding->settled_by_id, failed);
	return object;
}

json_t *render_finding(const struct finding *finding)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "findingId", finding->finding_id, &failed);
	json_put_string(object, "class", finding_class_name(finding->class), &failed);
	json_put_string(object, "status", finding_status_name(finding->status), &failed);
	json_put_string(object, "code", finding->code, &failed);
	json_put_string(object, "detail", finding->detail, &failed);
	json_put_string(object, "connectorId", finding->connector_id, &failed);
	json_put_string(object, "groupId", finding->group_id, &failed);
	json_put_string(object, "toolId", finding->tool_id, &failed);
	json_put(object, "member", render_member(finding, &failed), &failed);
	json_put(object, "preexisting", json_boolean(finding->preexisting), &failed);
	json_put_string(object, "grantId", finding->grant_id, &failed);
	json_put_string(object, "accountId", finding->account_id, &failed);
	json_put_time(object, "foundAt", finding->found_at, &failed);
	json_put_time(object, "resolvedAt", finding->resolved_at, &failed);
	json_put_string(object, "resolution", finding->resolution, &failed);
	json_put(object, "settledBy", render_settled_by(finding, &failed), &failed);
	json_put_string(object, "reason", finding->reason, &failed);
	return render_done(object, failed);
}

json_t *render_group_watch(const struct group_watch *watch)
{
	bool failed = false;
	json_t *object = json_object();
	json_put_string(object, "groupId", watch->group_id, &failed);
	json_put_string(object, "displayName", watch->display_name, &failed);
	json_put_string(object, "code", watch->code, &failed);
	json_put_string(object, "detail", watch->detail, &failed);
	json_put_time(object, "checkedAt", watch->checked_at, &failed);
	json_put_time(object, "triedAt", watch->tried_at, &failed);
	json_put_time(object, "fullReadAt", watch->full_at, &failed);
	return render_done(object, failed);
}
