/* GET /groups/delta: what changed in groups and in who is in them.
 *
 * Every change of a group or a membership has a number in one sequence. A round reports the changes after the number in
 * its token, up to the newest that reads see as it begins; what comes meanwhile is the next round's. The tokens hold
 * the whole question, as Graph's do: who follows a link sends nothing but the link. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "directory.h"
#include "entra.h"

#define READ_MEMBERS_HIDDEN "Member.Read.Hidden"
#define IDS_MAX 50

enum stage { STAGE_GROUP, STAGE_PRESENT, STAGE_LEFT };

struct round {
	struct entra_call *call;
	int64_t since, horizon, made_ms;
	const char *filter; /* ids, each ended by a comma; "": all groups */
	const char *select; /* NULL: the defaults, and members */
	json_t *names;      /* of `select`, members apart */
	bool members;
	bool empty; /* $deltatoken=latest */
	/* where the page begins, and then how far it got */
	char group[40], member[40];
	enum stage stage;
	int64_t room;
	json_t *value;
};

static bool refuse(struct round *round, const char *sentence)
{
	entra_fail(round->call, 400, "Request_BadRequest", "%s", sentence);
	return false;
}

/* ---- the question ---- */

static bool filter_read(struct round *round, const char *text)
{
	struct text ids = TEXT_INIT(IDS_MAX * 40);
	for (int count = 0;; count++) {
		char id[40] = "";
		int length = 0;
		if (count == IDS_MAX || sscanf(text, " id eq '%36[0-9A-Fa-f-]'%n", id, &length) != 1 || length == 0) {
			text_done(&ids);
			return refuse(round, "Unsupported or invalid query filter clause specified for resource 'Group'.");
		}
		text_printf(&ids, "%s,", id);
		text += length;
		if (!text_starts_with(text, " or "))
			break;
		text += 4;
	}
	round->filter = text_failed(&ids) ? NULL : arena_strdup(round->call->request->arena, ids.data);
	text_done(&ids);
	return *text == '\0' || refuse(round, "Unsupported or invalid query filter clause specified for resource 'Group'.");
}

static bool select_read(struct round *round)
{
	const char *at = round->select;
	round->members = at == NULL;
	round->names = at ? request_keep(round->call->request, json_array()) : NULL;
	while (at && *at) {
		size_t length = strcspn(at, ",");
		char *name = arena_strndup(round->call->request->arena, at, length);
		at += length + (at[length] == ',');
		if (text_equal(name, "members"))
			round->members = true;
		else if (name && entra_property_known("group", name))
			json_array_append_new(round->names, json_string(name));
		else
			return refuse(round, "Parsing OData Select and Expand failed: Could not find a property on type "
			                     "'microsoft.graph.group'.");
	}
	return true;
}

static bool question_read(struct round *round)
{
	const struct request *request = round->call->request;
	const char *filter = request_query(request, "$filter");
	round->select = request_query(request, "$select");
	round->filter = "";
	round->empty = text_equal(request_query(request, "$deltatoken"), "latest");
	if (request_query(request, "$top") || request_query(request, "$expand") || request_query(request, "$orderby"))
		return refuse(round, "The query specified in the URI is not valid for a delta query.");
	return !filter || filter_read(round, filter);
}

/* ---- tokens ---- */

static const char *token_make(const struct round *round, int64_t since, bool goes_on)
{
	struct arena *arena = round->call->request->arena;
	json_t *token = json_pack(
	    "{s:I,s:I,s:I,s:s,s:s?,s:s,s:s,s:i}", "s", (json_int_t)since, "h", (json_int_t)(goes_on ? round->horizon : 0),
	    "m", (json_int_t)sandbox_now_ms(round->call->sandbox), "f", round->filter, "n", round->select, "g",
	    goes_on ? round->group : "", "p", goes_on ? round->member : "", "r", goes_on ? (int)round->stage : 0);
	const char *plain = json_write(arena, token);
	json_decref(token);
	return plain ? text_base64url_encode(arena, (const uint8_t *)plain, strlen(plain)) : NULL;
}

static bool token_take(struct round *round, const char *text)
{
	struct request *request = round->call->request;
	uint8_t *bytes;
	size_t length;
	json_t *token = NULL;
	if (text_base64url_decode(request->arena, text, strlen(text), &bytes, &length) != RESULT_OK ||
	    json_read((const char *)bytes, length, &token, NULL) != RESULT_OK)
		return false;
	token = request_keep(request, token);
	round->since = json_integer_at(token, "s", 0);
	round->horizon = json_integer_at(token, "h", 0);
	round->made_ms = json_integer_at(token, "m", 0);
	round->filter = json_string_at(token, "f");
	round->select = json_string_at(token, "n");
	round->stage = (enum stage)json_integer_at(token, "r", 0);
	const char *group = json_string_at(token, "g"), *member = json_string_at(token, "p");
	snprintf(round->group, sizeof(round->group), "%s", group ? group : "");
	snprintf(round->member, sizeof(round->member), "%s", member ? member : "");
	return round->filter != NULL;
}

static bool token_lives(struct round *round, bool page)
{
	const struct sandbox_faults *faults = &round->call->sandbox->faults;
	int64_t lifetime = page ? faults->page_token_lifetime_ms : faults->delta_token_lifetime_ms;
	bool dead = lifetime > 0 && round->made_ms + lifetime < sandbox_now_ms(round->call->sandbox);
	if (page && dead) {
		entra_fail(round->call, 400, "Directory_ExpiredPageToken",
		           "The specified page token value has expired and can no longer be included in your request.");
		return false;
	}
	if (!dead && round->made_ms >= faults->delta_void_before_ms)
		return true;
	entra_fail_as(round->call, "deltaExpired", 410, "syncStateNotFound",
	              "The sync state generation is not found; continue with a full synchronization.");
	if (round->call->reply->status == 410)
		reply_header(round->call->reply, "Location",
		             arena_printf(round->call->request->arena,
		                          "%s/v1.0/groups/delta?$deltatoken=", round->call->request->origin));
	return false;
}

static bool round_read(struct round *round)
{
	const char *page = request_query(round->call->request, "$skiptoken");
	const char *text = page ? page : request_query(round->call->request, "$deltatoken");
	if (!text || !text[0] || text_equal(text, "latest"))
		return question_read(round) && select_read(round);
	if (!token_take(round, text))
		return refuse(round, "Invalid value specified for the delta token.");
	return token_lives(round, page != NULL) && select_read(round);
}

/* ---- the answer ---- */

static bool wanted(const struct round *round, const char *id)
{
	return !*round->filter || strcasestr(round->filter, id) != NULL;
}

/* What fills a page is members. */
static json_t *entry_append(struct round *round, json_t *object)
{
	json_array_append_new(round->value, object);
	return object;
}

static bool in_round(const struct round *round, int64_t number)
{
	return number > round->since && number <= round->horizon;
}

/* The group's own object on this page; members of one group are gathered in it. */
static json_t *group_entry(struct round *round, const char *id, json_t *group, bool told)
{
	json_t *entry = round->stage == STAGE_GROUP && told
	                    ? entra_project(round->call, "group", group, round->names, false)
	                    : json_object();
	json_object_set_new(entry, "id", json_string(id));
	return entry_append(round, entry);
}

static void member_append(struct round *round, json_t *entry, const json_t *group, const char *id, bool left)
{
	json_t *list = json_object_get(entry, "members@delta");
	if (!list) {
		list = json_array();
		json_object_set_new(entry, "members@delta", list);
	}
	json_t *member = json_pack("{s:s,s:s}", "@odata.type", membership_type(group, id), "id", id);
	if (left)
		json_object_set_new(member, "@removed", json_pack("{s:s}", "reason", "deleted"));
	json_array_append_new(list, member);
	round->room--;
}

/* The members that joined within the round; false if the page is full. */
static bool present_append(struct round *round, json_t *entry, json_t *group, bool all)
{
	json_t *members = json_object_get(group, "members");
	void *at = round->member[0] ? json_object_iter_at(members, round->member) : NULL;
	at = at ? json_object_iter_next(members, at) : json_object_iter(members);
	for (; at; at = json_object_iter_next(members, at)) {
		const char *id = json_object_iter_key(at);
		int64_t number = json_integer_value(json_object_iter_value(at));
		if (number > round->horizon || (!all && number <= round->since))
			continue;
		if (round->room <= 0)
			return false;
		member_append(round, entry, group, id, false);
		snprintf(round->member, sizeof(round->member), "%s", id);
	}
	round->member[0] = '\0';
	return true;
}

static bool left_append(struct round *round, json_t *entry, json_t *group)
{
	json_t *left = json_object_get(group, "left");
	void *at = round->member[0] ? json_object_iter_at(left, round->member) : NULL;
	at = at ? json_object_iter_next(left, at) : json_object_iter(left);
	for (; at; at = json_object_iter_next(left, at)) {
		const char *id = json_object_iter_key(at);
		if (!in_round(round, json_integer_at(json_object_iter_value(at), "number", 0)))
			continue;
		if (round->room <= 0)
			return false;
		member_append(round, entry, group, id, true);
		snprintf(round->member, sizeof(round->member), "%s", id);
	}
	round->member[0] = '\0';
	return true;
}

static bool has_news(const struct round *round, const json_t *group)
{
	const char *id;
	json_t *value;
	if (in_round(round, json_integer_at(group, "changed", 0)))
		return true;
	json_object_foreach(json_object_get(group, "left"), id,
	                    value) if (in_round(round, json_integer_at(value, "number", 0))) return true;
	json_object_foreach(json_object_get(group, "members"), id,
	                    value) if (in_round(round, json_integer_value(value))) return true;
	return false;
}

/* False if the page is full; where to go on stands in the round. */
static bool group_append(struct round *round, const char *id, json_t *group)
{
	bool all = round->since == 0 || in_round(round, json_integer_at(group, "appeared", 0));
	bool told = all || in_round(round, json_integer_at(group, "changed", 0));
	bool hidden = text_equal(json_string_at(group, "properties.visibility"), "HiddenMembership") &&
	              !entra_role(round->call->claims, READ_MEMBERS_HIDDEN);
	if (!all && !has_news(round, group))
		return true;
	snprintf(round->group, sizeof(round->group), "%s", id);
	if (round->room <= 0)
		return false;
	json_t *entry = group_entry(round, id, group, told);
	if (round->members && !hidden) {
		if (round->stage == STAGE_GROUP)
			round->stage = STAGE_PRESENT;
		if (round->stage == STAGE_PRESENT && !present_append(round, entry, group, all))
			return false;
		round->stage = STAGE_LEFT;
		if (!all && !left_append(round, entry, group))
			return false;
	}
	round->stage = STAGE_GROUP;
	return true;
}

static void gone_append(struct round *round)
{
	const char *id;
	json_t *record;
	json_object_foreach(round->call->sandbox->directory.deleted, id, record)
	{
		if (json_string_at(record, "properties.userPrincipalName") || !wanted(round, id) ||
		    !in_round(round, json_integer_at(record, "vanished", 0)))
			continue;
		entry_append(round, json_pack("{s:s,s:{s:s}}", "id", id, "@removed", "reason", "changed"));
	}
	json_object_foreach(round->call->sandbox->directory.purged, id, record)
	{
		if (wanted(round, id) && in_round(round, json_integer_value(record)))
			entry_append(round, json_pack("{s:s,s:{s:s}}", "id", id, "@removed", "reason", "deleted"));
	}
}

/* True at the end of the round. */
static bool page_fill(struct round *round)
{
	json_t *groups = round->call->sandbox->directory.groups;
	void *at = round->group[0] ? json_object_iter_at(groups, round->group) : NULL;
	if (round->group[0] && !at) { /* deleted since: from the next on nothing is lost but its place */
		round->stage = STAGE_GROUP;
		round->member[0] = '\0';
	}
	if (!at)
		at = json_object_iter(groups);
	for (; at; at = json_object_iter_next(groups, at)) {
		const char *id = json_object_iter_key(at);
		if (wanted(round, id) && !group_append(round, id, json_object_iter_value(at)))
			return false;
	}
	gone_append(round);
	return true;
}

void entra_groups_delta(struct entra_call *call)
{
	struct round round = {.call = call};
	if (!round_read(&round))
		return;
	if (round.horizon == 0)
		round.horizon = membership_horizon(call->sandbox);
	bool first_is_empty = call->sandbox->faults.empty_pages && !request_query(call->request, "$skiptoken");
	round.room = first_is_empty ? 0 : call->sandbox->faults.delta_page_size;
	round.value = json_array();
	bool done = round.empty || (!first_is_empty && page_fill(&round));
	const char *token = token_make(&round, done ? round.horizon : round.since, !done);
	json_t *body = json_pack("{s:s,s:s,s:o}", "@odata.context", SANDBOX_GRAPH "/v1.0/$metadata#groups",
	                         done ? "@odata.deltaLink" : "@odata.nextLink",
	                         arena_printf(call->request->arena, "%s/v1.0/groups/delta?%s=%s", call->request->origin,
	                                      done ? "$deltatoken" : "$skiptoken", token ? token : ""),
	                         "value", round.value);
	reply_json(call->reply, 200, body);
}
