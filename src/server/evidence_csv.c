#include <stdio.h>

#include "base/clock.h"
#include "server/csv_cell.h"
#include "server/evidence.h"

void evidence_csv_begin(struct text *table)
{
	text_append(table,
	            "requestId,issueKey,toolId,accountId,filedBy,purpose,durationDays,approval,requestStatus,"
	            "requestCode,requestReason,createdAt,decidedBy,decidedAt,grantId,grantStatus,connectorId,tenantId,"
	            "groupId,externalUserId,membershipPreexisting,activeAt,expiresAt,endedAt,grantCode,grantReason,"
	            "graphRequestIds,graphClientRequestIds,kind,extendsGrantId\r\n");
}

static void cell(struct text *table, const char *value)
{
	csv_append_cell(table, value, ",");
}

static void cell_time(struct text *table, int64_t at)
{
	char text[CLOCK_TEXT_SIZE] = "";

	if (at != 0)
		clock_format(at, text);
	cell(table, text);
}

static void request_cells(struct text *table, const struct access_request *request)
{
	char days[16] = "";

	if (request->duration_days > 0)
		snprintf(days, sizeof(days), "%d", request->duration_days);
	cell(table, request->request_id);
	cell(table, request->issue_key);
	cell(table, request->tool_id);
	cell(table, request->account_id);
	cell(table, request->filed_by != NULL ? request->filed_by : request->filed_by_principal);
	cell(table, request->purpose);
	cell(table, days);
	cell(table, request->approval);
	cell(table, request_status_name(request->status));
	cell(table, request->code);
	cell(table, request->reason);
	cell_time(table, request->created_at);
	cell(table, request->decided_by);
	cell_time(table, request->decided_at);
}

/* The change to the state that it is in now, which is its last. */
static int64_t ended_at(const struct evidence_case *one)
{
	if (grant_is_open(one->grant.status) || one->history_count == 0)
		return 0;
	return one->history[one->history_count - 1].at;
}

static void grant_cells(struct text *table, const struct evidence_case *one)
{
	const struct grant *grant = &one->grant;

	cell(table, grant->grant_id);
	cell(table, one->has_grant ? grant_status_name(grant->status) : NULL);
	cell(table, grant->connector_id);
	cell(table, grant->tenant_id);
	cell(table, grant->group_id);
	cell(table, grant->external_user_id);
	cell(table, !one->has_grant ? NULL : grant->membership_preexisting ? "yes" : "no");
	cell_time(table, grant->active_at);
	cell_time(table, grant->expires_at);
	cell_time(table, one->has_grant ? ended_at(one) : 0);
	cell(table, grant->code);
	cell(table, grant->reason);
}

/* All of them in one cell, with a space between. */
static void ids_cell(struct text *table, const struct evidence_case *one, const char *member, struct arena *arena)
{
	_cleanup_(text_done) struct text ids = TEXT_INIT((size_t)1 << 20);

	for (size_t at = 0; at < one->event_count; at++) {
		const char *id = evidence_event_id(&one->events[at], member, arena);

		if (id == NULL)
			continue;
		if (ids.length > 0)
			text_append_char(&ids, ' ');
		text_append(&ids, id);
	}
	if (text_failed(&ids))
		table->failed = true;
	cell(table, ids.data);
}

void evidence_csv_case(struct text *table, const struct evidence_case *one, struct arena *arena)
{
	request_cells(table, &one->request);
	grant_cells(table, one);
	ids_cell(table, one, "requestId", arena);
	ids_cell(table, one, "clientRequestId", arena);
	cell(table, request_kind_name(one->request.kind));
	csv_append_cell(table, one->request.extends_grant_id, "\r\n");
}
