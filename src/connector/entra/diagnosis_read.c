/* The connection test, second part: what Graph lets the app read, all asked at the same time.
 *
 * Each question is answered by its own exchange, so that the evidence of a check is that of its own call. reach-graph
 * judges the transport of these very calls: it fails if one of them got no answer that Graph gives. A check whose own
 * call was answered is reported all the same. The question for the secret's expiry is a courtesy and never lowers the
 * outcome by not being answered. */
#include "connector/entra/diagnosis.h"

#include <string.h>

#include "base/text.h"
#include "connector/entra/batch.h"
#include "connector/entra/bindable.h"
#include "connector/entra/credential_expiry.h"
#include "connector/entra/groups.h"
#include "connector/entra/odata.h"
#include "connector/entra/permissions.h"
#include "connector/entra/throttle_gate.h"
#include "connector/entra/transport.h"

#define READS_FIXED 3

enum { READ_USERS, READ_GROUPS, READ_APPLICATION };

/* One question and what became of it. */
struct reading {
	struct graph_request request; /* path NULL: not asked */
	struct graph_answer answer;
	enum result result;
	struct error error;
	const char *group_id; /* of a bound group */
	struct group_facts facts;
	bool allowed;
	int assignments; /* of the group to enterprise applications; -1: not known */
	int licences;    /* assigned to it; likewise */
};

struct readings {
	struct reading *items;
	size_t count;
};

static void readings_done(struct readings *readings)
{
	for (size_t i = 0; i < readings->count; i++)
		graph_answer_done(&readings->items[i].answer);
}

static enum result question_add(struct readings *readings, const char *path, const char *group_id)
{
	struct reading *reading = &readings->items[readings->count++];
	*reading = (struct reading){
	    .request = {.method = GRAPH_GET, .path = path}, .group_id = group_id, .assignments = -1, .licences = -1};
	return path != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static bool group_is_asked(const struct readings *readings, const char *group_id)
{
	for (size_t i = READS_FIXED; i < readings->count; i++)
		if (text_equal_fold(readings->items[i].group_id, group_id))
			return true;
	return false;
}

static char *application_path(const struct diagnosis *diagnosis)
{
	struct text path = TEXT_INIT(2048);
	text_append(&path, "/applications(appId=");
	odata_append_literal(&path, diagnosis->target->settings->client_id);
	text_append(&path, ")?$select=id,displayName,passwordCredentials,keyCredentials");
	char *copy = text_failed(&path) ? NULL : arena_strdup(diagnosis->arena, path.data);
	text_done(&path);
	return copy;
}

static enum result questions_write(struct diagnosis *diagnosis, struct readings *readings)
{
	const struct connector_test_input *input = diagnosis->input;
	readings->items = arena_array(diagnosis->arena, READS_FIXED + input->bound_tool_count, sizeof(*readings->items));
	if (readings->items == NULL)
		return RESULT_NO_MEMORY;
	enum result result =
	    question_add(readings, "/users?$top=1&$select=id,userPrincipalName,mail,userType,accountEnabled", NULL);
	if (result == RESULT_OK)
		result = question_add(readings, "/groups?$top=1&$select=id,displayName", NULL);
	if (result == RESULT_OK)
		result = question_add(readings, application_path(diagnosis), NULL);
	if (!permissions_allow_reading_application(&diagnosis->claims) ||
	    diagnosis->target->settings->credential.kind != CREDENTIAL_CLIENT_SECRET)
		readings->items[READ_APPLICATION].request.path = NULL;
	for (size_t i = 0; result == RESULT_OK && i < input->bound_tool_count; i++) {
		const char *group_id = input->bound_tools[i].group.group_id;
		if (group_id != NULL && !group_is_asked(readings, group_id))
			result = question_add(readings, entra_group_path(diagnosis->arena, group_id), group_id);
	}
	return result;
}

static enum result block_ask(struct diagnosis *diagnosis, struct reading **block, size_t count)
{
	struct graph_request requests[GRAPH_AT_ONCE_MAX];
	struct graph_answer answers[GRAPH_AT_ONCE_MAX];
	enum result results[GRAPH_AT_ONCE_MAX];
	struct error *errors = arena_array(diagnosis->arena, count, sizeof(*errors));
	if (errors == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		requests[i] = block[i]->request;
	enum result all = graph_perform_all(&diagnosis->session, requests, count, answers, results, errors);
	if (all == RESULT_NO_MEMORY)
		return all;
	for (size_t i = 0; i < count; i++) {
		block[i]->answer = answers[i];
		block[i]->result = results[i];
		block[i]->error = errors[i];
	}
	return RESULT_OK;
}

static enum result questions_ask(struct diagnosis *diagnosis, struct readings *readings)
{
	struct reading *block[GRAPH_AT_ONCE_MAX];
	size_t pending = 0;
	for (size_t i = 0; i < readings->count; i++) {
		if (readings->items[i].request.path != NULL)
			block[pending++] = &readings->items[i];
		if (pending == GRAPH_AT_ONCE_MAX || (i + 1 == readings->count && pending > 0)) {
			enum result result = block_ask(diagnosis, block, pending);
			if (result != RESULT_OK)
				return result;
			pending = 0;
		}
	}
	return RESULT_OK;
}

/* A 2xx that is not what was asked for came from something else than Graph. */
static enum result answers_examine(struct diagnosis *diagnosis, struct readings *readings)
{
	for (size_t i = 0; i < readings->count; i++) {
		struct reading *reading = &readings->items[i];
		if (reading->request.path == NULL || reading->result != RESULT_OK)
			continue;
		bool fits = true;
		if (i == READ_USERS || i == READ_GROUPS)
			fits = json_is_array(json_object_get(reading->answer.body, "value"));
		if (reading->group_id != NULL) {
			enum result result = entra_group_facts_read(reading->answer.body, diagnosis->arena, &reading->facts);
			if (result == RESULT_NO_MEMORY)
				return result;
			fits = result == RESULT_OK && text_equal_fold(reading->facts.group_id, reading->group_id);
		}
		if (!fits)
			reading->result = entra_transport_bad_response(ENTRA_SIDE_GRAPH, reading->answer.status, &reading->error);
	}
	return RESULT_OK;
}

/* Groups that Graph does not know: missing, or deleted? Asked for all of them at the same time. */
static enum result missing_explain(struct diagnosis *diagnosis, struct readings *readings)
{
	const char **ids = arena_array(diagnosis->arena, readings->count, sizeof(*ids));
	struct reading **missing = arena_array(diagnosis->arena, readings->count, sizeof(*missing));
	bool *deleted = arena_array(diagnosis->arena, readings->count, sizeof(*deleted));
	size_t count = 0;
	if (ids == NULL || missing == NULL || deleted == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = READS_FIXED; i < readings->count; i++) {
		struct reading *reading = &readings->items[i];
		if (reading->result == RESULT_OK || !graph_fault_is_missing(reading->answer.status, &reading->answer.fault))
			continue;
		missing[count] = reading;
		ids[count++] = reading->group_id;
	}
	if (count > 0)
		entra_groups_find_deleted(&diagnosis->session, ids, count, deleted);
	for (size_t i = 0; i < count; i++)
		missing[i]->result = entra_group_missing_fill(deleted[i], &missing[i]->error);
	return RESULT_OK;
}

/* The operator's limit. Where ownership decides and could not be asked, that failure becomes the group's. */
static enum result limits_check(struct diagnosis *diagnosis, struct readings *readings)
{
	const char *rule = diagnosis->environment->bindable_groups;
	size_t count = readings->count - READS_FIXED;
	const char **ids = arena_array(diagnosis->arena, count + 1, sizeof(*ids));
	struct reading **found = arena_array(diagnosis->arena, count + 1, sizeof(*found));
	bool *owned = arena_array(diagnosis->arena, count + 1, sizeof(*owned));
	if (ids == NULL || found == NULL || owned == NULL)
		return RESULT_NO_MEMORY;
	size_t asked = 0;
	for (size_t i = READS_FIXED; i < readings->count; i++) {
		struct reading *reading = &readings->items[i];
		if (reading->result != RESULT_OK)
			continue;
		enum bindable judged = bindable_judge(rule, reading->group_id, reading->facts.display_name);
		reading->allowed = judged == BINDABLE_YES;
		if (judged == BINDABLE_IF_OWNED) {
			found[asked] = reading;
			ids[asked++] = reading->group_id;
		}
	}
	struct error error = {0};
	enum result result = asked > 0 ? bindable_find_owned(&diagnosis->session, ids, asked, owned, &error) : RESULT_OK;
	if (result == RESULT_NO_MEMORY)
		return result;
	for (size_t i = 0; i < asked; i++) {
		found[i]->allowed = owned[i];
		found[i]->result = result;
		if (result != RESULT_OK)
			found[i]->error = error;
	}
	return RESULT_OK;
}

/* Two questions for each group; whatever is not answered stays unknown: it is a courtesy. */
#define ASSIGNMENT_QUESTIONS 2
#define ASSIGNMENT_GROUPS_MAX (BATCH_MAX / ASSIGNMENT_QUESTIONS)

static int count_of(const struct batch_item *item, const char *name)
{
	const json_t *list = json_object_get(item->body, name);
	return item->result == RESULT_OK && json_is_array(list) ? (int)json_array_size(list) : -1;
}

static enum result assignments_ask_block(struct diagnosis *diagnosis, struct reading *readings, size_t count)
{
	struct graph_request requests[BATCH_MAX];
	struct batch_item items[BATCH_MAX];
	for (size_t i = 0; i < count; i++) {
		const char *id = readings[i].group_id;
		char *applications = arena_printf(diagnosis->arena, "/groups/%s/appRoleAssignments?$select=id&$top=999", id);
		char *licences = arena_printf(diagnosis->arena, "/groups/%s?$select=id,assignedLicenses", id);
		if (applications == NULL || licences == NULL)
			return RESULT_NO_MEMORY;
		requests[ASSIGNMENT_QUESTIONS * i] = (struct graph_request){.method = GRAPH_GET, .path = applications};
		requests[ASSIGNMENT_QUESTIONS * i + 1] = (struct graph_request){.method = GRAPH_GET, .path = licences};
	}
	_cleanup_(graph_answer_done) struct graph_answer answer = {0};
	enum result result =
	    batch_perform(&diagnosis->session, requests, ASSIGNMENT_QUESTIONS * count, &answer, items, NULL);
	for (size_t i = 0; result == RESULT_OK && i < count; i++) {
		readings[i].assignments = count_of(&items[ASSIGNMENT_QUESTIONS * i], "value");
		readings[i].licences = count_of(&items[ASSIGNMENT_QUESTIONS * i + 1], "assignedLicenses");
	}
	return result == RESULT_NO_MEMORY ? result : RESULT_OK;
}

/* To which enterprise applications the groups are assigned, where the app may read that. */
static enum result assignments_ask(struct diagnosis *diagnosis, struct readings *readings)
{
	enum result result = RESULT_OK;
	if (!permissions_allow_reading_assignments(&diagnosis->claims))
		return RESULT_OK;
	for (size_t at = READS_FIXED; result == RESULT_OK && at < readings->count; at += ASSIGNMENT_GROUPS_MAX) {
		size_t left = readings->count - at;
		size_t block = left < ASSIGNMENT_GROUPS_MAX ? left : ASSIGNMENT_GROUPS_MAX;
		result = assignments_ask_block(diagnosis, &readings->items[at], block);
	}
	return result;
}

static bool got_no_answer(const struct reading *reading)
{
	return reading->request.path != NULL && reading->result != RESULT_OK &&
	       entra_transport_is_code(reading->error.code);
}

static const struct diagnosis_check *reach_line(struct diagnosis *diagnosis, const struct readings *readings)
{
	for (size_t i = 0; i < readings->count; i++)
		if (i != READ_APPLICATION && got_no_answer(&readings->items[i]))
			return diagnosis_add_failure(diagnosis, "reach-graph", &readings->items[i].error);
	diagnosis_add(diagnosis, "reach-graph", "passed", "reached")->http_status =
	    readings->items[READ_USERS].answer.status;
	return NULL;
}

static void take_answer(struct diagnosis *diagnosis, struct diagnosis_check *line, const struct reading *reading)
{
	line->http_status = reading->answer.status;
	if (reading->answer.trace.request_id[0] != '\0')
		line->request_id = arena_strdup(diagnosis->arena, reading->answer.trace.request_id);
}

/* The line that failed, or NULL. */
static const struct diagnosis_check *read_line(struct diagnosis *diagnosis, const char *check,
                                               const struct reading *reading, const struct diagnosis_check *unreached)
{
	if (reading->result == RESULT_OK) {
		take_answer(diagnosis, diagnosis_add(diagnosis, check, "passed", "read_ok"), reading);
		return NULL;
	}
	if (unreached == NULL || !got_no_answer(reading))
		return diagnosis_add_failure(diagnosis, check, &reading->error);
	diagnosis_skip(diagnosis, check, NULL, unreached);
	return unreached;
}

/* The name under which a tool was bound to the group, if it has another by now; else NULL. */
static const char *former_name(const struct diagnosis *diagnosis, const struct reading *reading)
{
	const struct connector_test_input *input = diagnosis->input;
	for (size_t i = 0; i < input->bound_tool_count; i++) {
		const struct entitlement_group *group = &input->bound_tools[i].group;
		if (group->group_id == NULL || !text_equal_fold(group->group_id, reading->group_id))
			continue;
		if (!text_is_empty(group->display_name) && reading->facts.display_name != NULL &&
		    !text_equal(group->display_name, reading->facts.display_name))
			return group->display_name;
	}
	return NULL;
}

static void rename_tell(struct diagnosis *diagnosis, const struct reading *reading, const char *former,
                        struct diagnosis_check *line)
{
	const char *both =
	    arena_printf(diagnosis->arena, "The group is called \"%s\" now; when it was bound it was \"%s\".",
	                 reading->facts.display_name, former);
	if (both != NULL)
		line->summary = both;
}

/* That the tool itself is given to the group is the admin's to do; we only say what can be seen of it. */
static void assignments_tell(struct diagnosis *diagnosis, const struct reading *reading, struct diagnosis_check *line)
{
	const char *more;
	if (reading->assignments > 0 || reading->licences > 0)
		more = arena_printf(diagnosis->arena, "Assigned to it: %d enterprise application%s, %d licence%s.",
		                    reading->assignments > 0 ? reading->assignments : 0, reading->assignments == 1 ? "" : "s",
		                    reading->licences > 0 ? reading->licences : 0, reading->licences == 1 ? "" : "s");
	else if (reading->assignments == 0)
		more = "It is assigned to no enterprise application and has no licence: unless the tool knows the group in "
		       "another way (a claim), assign it under Enterprise applications > the tool > Users and groups.";
	else
		more = "Whether it is assigned to the tool's enterprise application or licence, this app may not read: that "
		       "is the admin's to do and to check.";
	const char *whole = more != NULL ? arena_printf(diagnosis->arena, "%s %s", line->summary, more) : NULL;
	if (whole != NULL)
		line->summary = whole;
}

static void found_group_line(struct diagnosis *diagnosis, const struct reading *reading)
{
	struct connector_group_check *found = &diagnosis->groups[diagnosis->group_count++];
	entra_group_check_fill(&reading->facts, reading->allowed, found);
	const char *former = found->manageable ? former_name(diagnosis, reading) : NULL;
	if (former != NULL)
		found->code = "group_renamed";
	const char *outcome = "failed";
	if (found->manageable)
		outcome = text_equal(found->code, "group_ok") ? "passed" : "warning";
	struct diagnosis_check *line = diagnosis_add(diagnosis, "groups", outcome, found->code);
	line->group_id = reading->group_id;
	take_answer(diagnosis, line, reading);
	if (former != NULL)
		rename_tell(diagnosis, reading, former, line);
	if (found->manageable)
		assignments_tell(diagnosis, reading, line);
}

static void group_line(struct diagnosis *diagnosis, const struct reading *reading,
                       const struct diagnosis_check *because)
{
	if (reading->result == RESULT_OK) {
		found_group_line(diagnosis, reading);
		return;
	}
	bool is_gone = text_starts_with(reading->error.code, "group_");
	if (!is_gone && because != NULL) {
		diagnosis_skip(diagnosis, "groups", reading->group_id, because);
		return;
	}
	struct diagnosis_check *line = diagnosis_add_failure(diagnosis, "groups", &reading->error);
	line->group_id = reading->group_id;
	if (is_gone)
		diagnosis->groups[diagnosis->group_count++] =
		    (struct connector_group_check){.facts = {.group_id = reading->group_id}, .code = line->code};
}

static void group_lines(struct diagnosis *diagnosis, const struct readings *readings,
                        const struct diagnosis_check *unreached, const struct diagnosis_check *unread)
{
	for (size_t i = READS_FIXED; i < readings->count; i++)
		group_line(diagnosis, &readings->items[i], unreached != NULL ? unreached : unread);
	if (readings->count > READS_FIXED)
		return;
	if (unreached != NULL)
		diagnosis_skip(diagnosis, "groups", NULL, unreached);
	else
		diagnosis_add(diagnosis, "groups", "passed", "group_ok")->summary =
		    "No tool is bound to a group of this connector yet.";
}

static const char *credential_word(const struct diagnosis *diagnosis)
{
	return diagnosis->target->settings->credential.kind == CREDENTIAL_CERTIFICATE ? "certificate" : "client secret";
}

static const char *expiry_unknown_summary(const struct reading *reading)
{
	if (reading->request.path == NULL || reading->answer.status == 403)
		return "When the client secret expires is not known: reading it takes the application permission "
		       "Application.Read.All.";
	if (reading->answer.status == 404)
		return "When the client secret expires is not known: the app is registered in another tenant.";
	if (reading->result != RESULT_OK)
		return "When the client secret expires is not known: Microsoft Graph did not tell.";
	return "When the client secret expires is not known: no client secret of the app begins like this one.";
}

static void expiry_dated_summary(struct diagnosis *diagnosis, struct diagnosis_check *line, int64_t now_ms)
{
	char date[CLOCK_TEXT_SIZE];
	clock_format(diagnosis->credential_expires_at, date);
	bool over = diagnosis->credential_expires_at <= now_ms;
	const char *summary = arena_printf(diagnosis->arena, "The %s %s on %.10s.", credential_word(diagnosis),
	                                   over ? "expired" : "expires", date);
	if (summary != NULL)
		line->summary = summary;
}

/* What is known without asking: a certificate says it itself, a federated token is renewed by whoever writes it. */
static bool expiry_line_of_kind(struct diagnosis *diagnosis)
{
	int64_t now = clock_now_ms(diagnosis->environment->clock);
	enum credential_kind kind = diagnosis->target->settings->credential.kind;
	if (kind == CREDENTIAL_CLIENT_SECRET)
		return false;
	if (kind == CREDENTIAL_FEDERATED) {
		diagnosis_add(diagnosis, "credential-expiry", "passed", "credential_valid")->summary =
		    "A federated credential has nothing here that expires: its token is read anew each time.";
		return true;
	}
	const char *code = credential_expiry_code(diagnosis->credential_expires_at, now);
	bool expiring = text_equal(code, "credential_expiring");
	struct diagnosis_check *line = diagnosis_add(diagnosis, "credential-expiry", expiring ? "warning" : "passed", code);
	expiry_dated_summary(diagnosis, line, now);
	if (expiring)
		line->remedy = "Make a new certificate, upload its public half under App registrations > your app > "
		               "Certificates & secrets > Certificates > Upload certificate, and point the connector's keyRef "
		               "and certRef at the new pair before the old one ends.";
	return true;
}

static void expiry_line(struct diagnosis *diagnosis, const struct reading *reading,
                        const struct diagnosis_check *unreached)
{
	if (expiry_line_of_kind(diagnosis))
		return;
	if (unreached != NULL && (reading->request.path == NULL || got_no_answer(reading))) {
		diagnosis_skip(diagnosis, "credential-expiry", NULL, unreached);
		return;
	}
	int64_t now = clock_now_ms(diagnosis->environment->clock);
	if (reading->request.path != NULL && reading->result == RESULT_OK && diagnosis->hint[0] != '\0')
		diagnosis->credential_expires_at = credential_expiry_find(reading->answer.body, diagnosis->hint, now);
	const char *code = credential_expiry_code(diagnosis->credential_expires_at, now);
	const char *outcome = "passed";
	if (text_equal(code, "credential_expiring"))
		outcome = "warning";
	else if (text_equal(code, "credential_expired"))
		outcome = "failed";
	struct diagnosis_check *line = diagnosis_add(diagnosis, "credential-expiry", outcome, code);
	if (reading->result != RESULT_OK)
		diagnosis_take_evidence(diagnosis, line, &reading->error);
	take_answer(diagnosis, line, reading);
	if (diagnosis->credential_expires_at == 0)
		line->summary = expiry_unknown_summary(reading);
	else
		expiry_dated_summary(diagnosis, line, now);
}

static void lines_write(struct diagnosis *diagnosis, const struct readings *readings)
{
	const struct diagnosis_check *unreached = reach_line(diagnosis, readings);
	read_line(diagnosis, "read-users", &readings->items[READ_USERS], unreached);
	const struct diagnosis_check *unread =
	    read_line(diagnosis, "read-groups", &readings->items[READ_GROUPS], unreached);
	group_lines(diagnosis, readings, unreached, unread);
	expiry_line(diagnosis, &readings->items[READ_APPLICATION], unreached);
	if (readings->items[READ_USERS].result == RESULT_OK && readings->items[READ_GROUPS].result == RESULT_OK)
		throttle_gate_open(&diagnosis->session.place, diagnosis->target->settings);
}

enum result diagnosis_read(struct diagnosis *diagnosis, struct error *error)
{
	_cleanup_(readings_done) struct readings readings = {0};
	enum result result = questions_write(diagnosis, &readings);
	if (result == RESULT_OK)
		result = questions_ask(diagnosis, &readings);
	if (result == RESULT_OK)
		result = answers_examine(diagnosis, &readings);
	if (result == RESULT_OK)
		result = missing_explain(diagnosis, &readings);
	if (result == RESULT_OK)
		result = limits_check(diagnosis, &readings);
	if (result == RESULT_OK)
		result = assignments_ask(diagnosis, &readings);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Out of memory.");
	lines_write(diagnosis, &readings);
	return RESULT_OK;
}
