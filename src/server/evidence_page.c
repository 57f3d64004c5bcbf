/* The page of an evidence file. What a person reads and what a program reads stand side by side and are made from the
 * same values at the same moment. Everything that somebody wrote passes through evidence_append_text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "domain/evidence_file.h"
#include "server/evidence.h"
#include "server/render.h"

static const char head[] =
    "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>AI Clearance: evidence</title>\n"
    "<style>\n"
    "body{font:15px/1.45 system-ui,sans-serif;color:#172b4d;max-width:62rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:1px solid #c1c7d0}h3{font-size:1rem}\n"
    "article{border:1px solid #c1c7d0;border-radius:4px;padding:.25rem 1rem 1rem;margin:1rem "
    "0;break-inside:avoid-page}\n"
    "dl{display:grid;grid-template-columns:12rem 1fr;gap:.15rem 1rem;margin:.5rem 0}dt{color:#5e6c84}dd{margin:0}\n"
    "dd,td{overflow-wrap:anywhere;white-space:pre-wrap}\n"
    "table{border-collapse:collapse;width:100%;font-size:.85rem}th,td{text-align:left;vertical-align:top;padding:."
    "15rem "
    ".6rem .15rem 0;border-bottom:1px solid #ebecf0}thead{display:table-header-group}tr{break-inside:avoid}\n"
    "code,pre,.id{font-family:ui-monospace,monospace;font-size:.85em}\n"
    "@media print{body{font-size:10pt;max-width:none;margin:0;padding:0}article{border-color:#999}a{color:inherit}}\n"
    "</style></head><body>\n";

static const char how_to_verify[] =
    "<p>This page is a sealed file: everything that it shows also stands in it as data, and the whole is signed. To "
    "prove "
    "that nothing was changed since it was made, on any machine that has the program and without the service or its "
    "database: <code>aiclearance audit verify --export FILE --public-key KEY</code>. Take the key from where you kept "
    "it, not from this page. Whether the page looks right proves nothing; the command does.</p>\n";

static void append_time(struct text *page, int64_t at)
{
	char text[CLOCK_TEXT_SIZE];

	if (at == 0)
		return;
	clock_format(at, text);
	text_append(page, text);
}

static void row(struct text *page, const char *label, const char *value)
{
	if (text_is_empty(value))
		return;
	text_printf(page, "<dt>%s</dt><dd>", label);
	evidence_append_text(page, value);
	text_append(page, "</dd>\n");
}

static void row_time(struct text *page, const char *label, int64_t at)
{
	char text[CLOCK_TEXT_SIZE];

	if (at == 0)
		return;
	clock_format(at, text);
	row(page, label, text);
}

static void cell(struct text *page, const char *value)
{
	text_append(page, "<td>");
	evidence_append_text(page, value);
	text_append(page, "</td>");
}

static void cell_time(struct text *page, int64_t at)
{
	text_append(page, "<td>");
	append_time(page, at);
	text_append(page, "</td>");
}

static void cell_who(struct text *page, const char *kind, const char *id)
{
	text_append(page, "<td>");
	evidence_append_text(page, kind);
	text_append_char(page, ' ');
	evidence_append_text(page, id);
	text_append(page, "</td>");
}

static void cell_number(struct text *page, int64_t number)
{
	text_printf(page, "<td>%" PRId64 "</td>", number);
}

static void put_record(struct text *page, const char *kind, json_t *value, bool failed, struct arena *arena)
{
	if (failed)
		page->failed = true;
	else
		evidence_append_record(page, kind, value, arena);
	json_decref(value);
}

/* ---- the beginning ---- */

static void about_record(struct text *page, const struct evidence_about *about, struct arena *arena)
{
	bool failed = false;
	json_t *value = json_object();

	json_put(value, "form", json_integer(EVIDENCE_FORM), &failed);
	json_put_time(value, "from", about->filter.from, &failed);
	json_put_time(value, "to", about->filter.to, &failed);
	json_put_string(value, "toolId", about->filter.tool_id, &failed);
	json_put_time(value, "madeAt", about->made_at, &failed);
	json_put_string(value, "madeBy", about->made_by, &failed);
	json_put_string(value, "publicKey", about->public_key, &failed);
	put_record(page, EVIDENCE_ABOUT, value, failed, arena);
}

void evidence_page_begin(struct text *page, const struct evidence_about *about, struct arena *arena)
{
	text_append(page, EVIDENCE_BEGIN);
	text_append(page, head);
	text_append(page, "<h1>Evidence</h1>\n<dl>\n");
	if (about->filter.from == 0)
		row(page, "From", "the beginning");
	row_time(page, "From", about->filter.from);
	row_time(page, "To (not included)", about->filter.to);
	row(page, "Tool", about->filter.tool_id != NULL ? about->filter.tool_id : "all tools");
	row_time(page, "Made", about->made_at);
	row(page, "Made by", about->made_by);
	row(page, "Public key", about->public_key);
	text_append(page, "</dl>\n");
	about_record(page, about, arena);
	text_append(page, how_to_verify);
	text_append(page,
	            "<h2>Requests and grants</h2>\n<p>Every request that was open in the period, or whose grant was. "
	            "What is shown is how it stood when the file was made. People are named by their Atlassian account "
	            "ids, directory users by their object ids. A text that is not there was never written, or was "
	            "erased.</p>\n");
}

/* ---- a case ---- */

static void request_rows(struct text *page, const struct access_request *request)
{
	char days[24] = "";

	if (request->duration_days > 0)
		snprintf(days, sizeof(days), "%d days", request->duration_days);
	row(page, "Request", request->request_id);
	if (request->kind != REQUEST_ACCESS) {
		row(page, "Kind", request_kind_name(request->kind));
		row(page, "About the end of grant", request->extends_grant_id);
	}
	row(page, "Jira issue", request->issue_key);
	row(page, "Tool", request->tool_id);
	row(page, "Tool, as written", request->tool_text);
	row(page, "For", request->account_id);
	row(page, "Filed by", request->filed_by != NULL ? request->filed_by : request->filed_by_principal);
	row_time(page, "Filed", request->created_at);
	row(page, "Purpose", request->purpose);
	row(page, "Duration", days);
	row(page, "Decided in mode", request->approval);
	row(page, "Decision", request_status_name(request->status));
	row(page, "Decided by", request->decided_by);
	row_time(page, "Decided", request->decided_at);
	row(page, "Code", request->code);
	row(page, "Reason", request->reason);
}

static json_t *snapshot(const char *decision)
{
	json_t *value = NULL;

	if (decision == NULL || json_read(decision, strlen(decision), &value, NULL) != RESULT_OK)
		return json_null();
	return value;
}

static void request_record(struct text *page, const struct access_request *request, struct arena *arena)
{
	bool failed = false;
	json_t *value = render_request(request);

	json_put_string(value, "filedBy", request->filed_by, &failed);
	json_put_string(value, "filedByPrincipal", request->filed_by_principal, &failed);
	json_put(value, "decision", snapshot(request->decision), &failed);
	put_record(page, EVIDENCE_REQUEST, value, failed, arena);
}

static void grant_rows(struct text *page, const struct grant *grant)
{
	row(page, "Grant", grant->grant_id);
	row(page, "State", grant_status_name(grant->status));
	row_time(page, "Active since", grant->active_at);
	row_time(page, "Expires", grant->expires_at);
	row(page, "Connector", grant->connector_id);
	row(page, "Tenant", grant->tenant_id);
	row(page, "Group", grant->group_id);
	row(page, "Directory user", grant->external_user_id);
	row(page, "In the group before us", grant->membership_preexisting ? "yes" : NULL);
	row(page, "Code", grant->code);
	row(page, "Reason", grant->reason);
}

static void history_table(struct text *page, const struct evidence_case *one)
{
	if (one->history_count == 0)
		return;
	text_append(page,
	            "<table><thead><tr><th>At</th><th>From</th><th>To</th><th>By</th><th>Code</th></tr></thead><tbody>\n");
	for (size_t at = 0; at < one->history_count; at++) {
		const struct grant_history *entry = &one->history[at];

		text_append(page, "<tr>");
		cell_time(page, entry->at);
		cell(page, entry->from);
		cell(page, entry->to);
		cell_who(page, entry->actor_kind, entry->actor_id);
		cell(page, entry->code);
		text_append(page, "</tr>\n");
	}
	text_append(page, "</tbody></table>\n");
}

const char *evidence_event_id(const struct audit_event *event, const char *member, struct arena *arena)
{
	_cleanup_(json_decrefp) json_t *detail = NULL;
	const char *id;

	if (event->detail == NULL || json_read(event->detail, strlen(event->detail), &detail, NULL) != RESULT_OK)
		return NULL;
	id = json_string_at(detail, member);
	return text_is_empty(id) ? NULL : arena_strdup(arena, id);
}

static json_t *graph_request(const struct audit_event *event, const char *request_id, const char *client_request_id,
                             bool *failed)
{
	json_t *value = json_object();

	json_put(value, "seq", json_integer(event->seq), failed);
	json_put_time(value, "at", event->at, failed);
	json_put_string(value, "action", event->action, failed);
	json_put_string(value, "requestId", request_id, failed);
	json_put_string(value, "clientRequestId", client_request_id, failed);
	return value;
}

/* What an admin finds in Entra's own log: shown, and added to `list`. */
static void graph_rows(struct text *page, const struct evidence_case *one, json_t *list, bool *failed,
                       struct arena *arena)
{
	for (size_t at = 0; at < one->event_count; at++) {
		const struct audit_event *event = &one->events[at];
		const char *request_id = evidence_event_id(event, "requestId", arena);
		const char *client_request_id = evidence_event_id(event, "clientRequestId", arena);

		if (request_id == NULL && client_request_id == NULL)
			continue;
		if (json_array_append_new(list, graph_request(event, request_id, client_request_id, failed)) != 0)
			*failed = true;
		text_append(page, "<tr>");
		cell_time(page, event->at);
		cell(page, event->action);
		cell(page, request_id);
		cell(page, client_request_id);
		text_append(page, "</tr>\n");
	}
}

static void grant_part(struct text *page, const struct evidence_case *one, struct arena *arena)
{
	_cleanup_(text_done) struct text rows = TEXT_INIT((size_t)4 << 20);
	bool failed = false;
	json_t *list = json_array();
	json_t *value = render_grant(&one->grant, one->history, one->history_count);

	text_append(page, "<dl>\n");
	grant_rows(page, &one->grant);
	text_append(page, "</dl>\n");
	history_table(page, one);
	graph_rows(&rows, one, list, &failed, arena);
	if (rows.length > 0) {
		text_append(page, "<table><thead><tr><th>At</th><th>Microsoft Graph was asked for</th><th>request-id</th>"
		                  "<th>client-request-id</th></tr></thead><tbody>\n");
		text_append(page, rows.data);
		text_append(page, "</tbody></table>\n");
	}
	json_put(value, "graphRequests", list, &failed);
	put_record(page, EVIDENCE_GRANT, value, failed || text_failed(&rows), arena);
}

void evidence_page_case(struct text *page, const struct evidence_case *one, struct arena *arena)
{
	const struct access_request *request = &one->request;

	text_append(page, "<article><h3>");
	evidence_append_text(page, request->tool_id != NULL ? request->tool_id : "no tool");
	text_append(page, ", ");
	evidence_append_text(page, request->account_id != NULL ? request->account_id : "nobody");
	text_append(page, "</h3>\n<dl>\n");
	request_rows(page, request);
	text_append(page, "</dl>\n");
	request_record(page, request, arena);
	if (one->has_grant)
		grant_part(page, one, arena);
	text_append(page, "</article>\n");
}

/* ---- findings ---- */

static void none_if(struct text *page, int64_t count)
{
	if (count == 0)
		text_append(page, "<p>There are none.</p>\n");
}

void evidence_page_findings(struct text *page, const struct evidence_counts *counts)
{
	none_if(page, counts->requests);
	text_append(page,
	            "<h2>Findings</h2>\n<p>Where what was in a group was not what had been approved, at any time of the "
	            "period: who it was about, and what came of it. What is shown is how it stood when the file was "
	            "made. A finding that was settled long before is not kept; its events are.</p>\n");
}

static void finding_settled_rows(struct text *page, const struct finding *finding)
{
	row_time(page, "Found", finding->found_at);
	row_time(page, "Resolved", finding->resolved_at);
	row(page, "Resolution", finding->resolution);
	if (finding->settled_by_id != NULL) {
		text_append(page, "<dt>Settled by</dt><dd>");
		evidence_append_text(page, finding->settled_by_kind);
		text_append_char(page, ' ');
		evidence_append_text(page, finding->settled_by_id);
		text_append(page, "</dd>\n");
	}
	row(page, "Reason", finding->reason);
}

void evidence_page_finding(struct text *page, const struct finding *finding, struct arena *arena)
{
	text_append(page, "<article><h3>");
	evidence_append_text(page, finding_class_name(finding->class));
	text_append(page, ", ");
	evidence_append_text(page, finding->member_id);
	text_append(page, "</h3>\n<dl>\n");
	row(page, "Finding", finding->finding_id);
	row(page, "State", finding_status_name(finding->status));
	row(page, "Code", finding->code);
	row(page, "Detail", finding->detail);
	row(page, "Member is a", member_kind_name(finding->member_kind));
	row(page, "Connector", finding->connector_id);
	row(page, "Group", finding->group_id);
	row(page, "Tool", finding->tool_id);
	row(page, "Grant", finding->grant_id);
	row(page, "For", finding->account_id);
	row(page, "In the group before us", finding->preexisting ? "yes" : NULL);
	finding_settled_rows(page, finding);
	text_append(page, "</dl>\n");
	json_t *value = render_finding(finding);
	put_record(page, EVIDENCE_FINDING, value, value == NULL, arena);
	text_append(page, "</article>\n");
}

/* ---- the chain ---- */

static void checkpoint_row(struct text *page, const char *label, const struct audit_checkpoint *checkpoint)
{
	text_printf(page, "<dt>%s</dt><dd>event %" PRId64 ", signed ", label, checkpoint->seq);
	append_time(page, checkpoint->at);
	text_printf(page, ", hash <span class=\"id\">%s</span></dd>\n", checkpoint->hash);
}

static void checkpoint_record(struct text *page, const char *kind, const struct audit_checkpoint *checkpoint,
                              struct arena *arena)
{
	put_record(page, kind, audit_checkpoint_to_json(checkpoint, arena), false, arena);
}

void evidence_page_chain(struct text *page, const struct evidence_span *span, const struct evidence_counts *counts,
                         struct arena *arena)
{
	none_if(page, counts->findings);
	text_append(page,
	            "<h2>Audit events</h2>\n<p>Everything that happened between two signed checkpoints that enclose the "
	            "period, whichever tool it was about: each event holds the hash of the one before it, so none can "
	            "be missing. Hashes and details stand in the data.</p>\n<dl>\n");
	if (span->before.seq > 0)
		checkpoint_row(page, "Checkpoint before", &span->before);
	else
		text_append(page, "<dt>Checkpoint before</dt><dd>none: the first event of all is the first here</dd>\n");
	checkpoint_row(page, "Checkpoint after", &span->after);
	text_append(page, "</dl>\n");
	if (span->before.seq > 0)
		checkpoint_record(page, EVIDENCE_BEFORE, &span->before, arena);
	text_append(page,
	            "<table><thead><tr><th>No.</th><th>At</th><th>Action</th><th>About</th><th>By</th><th>Outcome</th>"
	            "</tr></thead><tbody>\n");
}

void evidence_page_event(struct text *page, const struct audit_event *event, struct arena *arena)
{
	text_append(page, "<tr>");
	cell_number(page, event->seq);
	cell_time(page, event->at);
	cell(page, event->action);
	cell_who(page, event->target_kind, event->target_id);
	cell_who(page, event->actor_kind, event->actor_id);
	cell(page, event->outcome);
	text_append(page, "</tr>");
	put_record(page, EVIDENCE_EVENT, audit_event_to_json(event, true), false, arena);
}

void evidence_page_end(struct text *page, const struct evidence_span *span, const struct evidence_counts *counts,
                       struct arena *arena)
{
	bool failed = false;
	json_t *value = json_object();

	text_append(page, "</tbody></table>\n");
	checkpoint_record(page, EVIDENCE_AFTER, &span->after, arena);
	text_printf(page,
	            "<h2>What this file holds</h2>\n<p>Requests: %" PRId64 ". Grants: %" PRId64 ". Findings: %" PRId64
	            ". Audit events: %" PRId64 ".</p>\n",
	            counts->requests, counts->grants, counts->findings, counts->events);
	json_put(value, "requests", json_integer(counts->requests), &failed);
	json_put(value, "grants", json_integer(counts->grants), &failed);
	json_put(value, "findings", json_integer(counts->findings), &failed);
	json_put(value, "events", json_integer(counts->events), &failed);
	put_record(page, EVIDENCE_END, value, failed, arena);
}
