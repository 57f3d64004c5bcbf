/* What an issue is and how it changes. Every change is a history entry and an event; nothing changes behind their
 * backs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "jira.h"
#include "jira_webhook.h"

const char *issue_string(const json_t *issue, const char *name)
{
	return json_string_at(issue, name);
}

int64_t site_next_id(struct sandbox *sandbox)
{
	return ++sandbox->site.next_id;
}

json_t *issue_find(const struct sandbox *sandbox, const char *id_or_key)
{
	if (!id_or_key)
		return NULL;
	json_t *issue = json_object_get(sandbox->site.issues, id_or_key);
	if (issue)
		return issue;
	const char *id = json_string_value(json_object_get(sandbox->site.keys, id_or_key));
	return id ? json_object_get(sandbox->site.issues, id) : NULL;
}

bool issue_has_approvals(const json_t *issue)
{
	return text_equal(issue_string(issue, "projectKey"), JIRA_PROJECT);
}

/* An option as Jira stores it; NULL if there is no such option. */
static json_t *option_read(const struct sandbox *sandbox, const json_t *value)
{
	const json_t *tools = json_object_get(sandbox->site.settings, "tools");
	const char *by_value = json_string_at(value, "value");
	const char *by_id = json_string_at(value, "id");
	size_t index;
	json_t *tool;
	json_array_foreach(tools, index, tool)
	{
		char id[16];
		char self[160];
		snprintf(id, sizeof(id), "%d", (int)(10200 + index));
		if (!text_equal(by_value, json_string_value(tool)) && !text_equal(by_id, id))
			continue;
		snprintf(self, sizeof(self), "%s/rest/api/3/customFieldOption/%s", sandbox->jira_url, id);
		return json_pack("{s:s,s:O,s:s}", "self", self, "value", tool, "id", id);
	}
	return NULL;
}

/* The stored form of a field's value; NULL if it is not acceptable. */
static json_t *field_read(const struct sandbox *sandbox, const char *name, const json_t *value)
{
	if (text_equal(name, JIRA_FIELD_TOOL) && json_is_object(value))
		return option_read(sandbox, value);
	/* Number fields are floating point in Jira: 30 comes back as 30.0. */
	if (text_equal(name, JIRA_FIELD_DURATION) && json_is_number(value))
		return json_real(json_number_value(value));
	return json_deep_copy(value);
}

static bool field_settable(const char *name)
{
	return text_equal(name, "summary") || text_equal(name, "description") || text_equal(name, "labels") ||
	       text_equal(name, "reporter") || text_starts_with(name, "customfield_");
}

/* What a person reads in the history for a value. */
static const char *value_text(const json_t *value, char out[256])
{
	const char *text = json_string_value(value);
	if (!text)
		text = json_string_at(value, "value");
	if (!text)
		text = json_string_at(value, "accountId");
	if (json_is_real(value) && fabs(json_real_value(value)) < 1e9)
		snprintf(out, 256, "%.15g", json_real_value(value));
	else if (text)
		snprintf(out, 256, "%s", text);
	else
		return NULL;
	return out;
}

json_t *issue_item(const char *field, const char *field_id, const char *from, const char *from_text, const char *to,
                   const char *to_text)
{
	return json_pack("{s:s,s:s,s:s,s:s?,s:s?,s:s?,s:s?}", "field", field, "fieldtype",
	                 text_starts_with(field_id, "customfield_") ? "custom" : "jira", "fieldId", field_id, "from", from,
	                 "fromString", from_text, "to", to, "toString", to_text);
}

static const char *field_label(const char *name)
{
	if (text_equal(name, JIRA_FIELD_TOOL))
		return "Tool";
	if (text_equal(name, JIRA_FIELD_PURPOSE))
		return "Purpose";
	return text_equal(name, JIRA_FIELD_DURATION) ? "Duration" : name;
}

/* The history names people by account id, and shows their names beside it. */
static json_t *person_item(const struct sandbox *sandbox, const char *name, const char *before, const char *after)
{
	json_t *item =
	    issue_item(field_label(name), name, before, json_string_at(account_find(sandbox, before), "displayName"), after,
	               json_string_at(account_find(sandbox, after), "displayName"));
	json_object_set_new(item, "tmpFromAccountId", before ? json_string(before) : json_null());
	json_object_set_new(item, "tmpToAccountId", after ? json_string(after) : json_null());
	return item;
}

static json_t *field_item(const struct sandbox *sandbox, const char *name, const json_t *before, const json_t *after)
{
	char old_text[256];
	char new_text[256];
	const char *old_person = json_string_at(before, "accountId");
	const char *new_person = json_string_at(after, "accountId");
	if (old_person || new_person)
		return person_item(sandbox, name, old_person, new_person);
	return issue_item(field_label(name), name, json_string_at(before, "id"), value_text(before, old_text),
	                  json_string_at(after, "id"), value_text(after, new_text));
}

/* Checks all before it changes any. `changed` gets the stored forms. */
static bool fields_read(const struct sandbox *sandbox, const json_t *fields, json_t *changed, const char **ret_field,
                        const char **ret_wrong)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)fields, name, value)
	{
		if (text_equal(name, "project") || text_equal(name, "issuetype"))
			continue;
		*ret_field = name;
		*ret_wrong = "Field cannot be set. It is not on the appropriate screen, or unknown.";
		if (!field_settable(name))
			return false;
		json_t *stored = field_read(sandbox, name, value);
		*ret_wrong = "Specify a valid value for the field.";
		if (!stored)
			return false;
		json_object_set_new(changed, name, stored);
	}
	return true;
}

void issue_record(struct sandbox *sandbox, json_t *issue, const char *author, json_t *items)
{
	char id[24];
	int64_t now = sandbox_now_ms(sandbox);
	snprintf(id, sizeof(id), "%lld", (long long)site_next_id(sandbox));
	json_t *history =
	    json_pack("{s:s,s:s,s:I,s:o}", "id", id, "author", author, "created", (json_int_t)now, "items", items);
	json_array_append_new(json_object_get(issue, "histories"), history);
	json_object_set_new(issue, "updated", json_integer(now));
	webhooks_issue(sandbox, "jira:issue_updated", "issue_generic", issue, author, history);
}

bool issue_set_fields(struct sandbox *sandbox, json_t *issue, const char *author, const json_t *fields,
                      const char **ret_field, const char **ret_wrong)
{
	_cleanup_(json_decrefp) json_t *changed = json_object();
	json_t *stored = json_object_get(issue, "fields");
	json_t *items = json_array();
	const char *name;
	json_t *value;
	if (!fields_read(sandbox, fields, changed, ret_field, ret_wrong)) {
		json_decref(items);
		return false;
	}
	json_object_foreach(changed, name, value)
	{
		if (text_equal(name, "reporter")) {
			json_t *person = json_object_get(value, "accountId");
			if (!json_string_value(person) || json_equal(json_object_get(issue, name), person))
				continue;
			json_array_append_new(items,
			                      person_item(sandbox, name, issue_string(issue, name), json_string_value(person)));
			json_object_set(issue, name, person);
			continue;
		}
		if (json_equal(json_object_get(stored, name), value))
			continue;
		json_array_append_new(items, field_item(sandbox, name, json_object_get(stored, name), value));
		json_object_set(stored, name, value);
	}
	if (json_array_size(items) > 0)
		issue_record(sandbox, issue, author, items);
	else
		json_decref(items);
	return true;
}

static json_t *creation_history(struct sandbox *sandbox, const json_t *issue, const char *reporter)
{
	char id[24];
	json_t *items = json_array();
	const char *name;
	json_t *value;
	snprintf(id, sizeof(id), "%lld", (long long)site_next_id(sandbox));
	json_array_append_new(items,
	                      issue_item("Status", "status", NULL, NULL, STATUS_WAITING, status_name(STATUS_WAITING)));
	json_object_foreach(json_object_get(issue, "fields"), name, value)
	    json_array_append_new(items, field_item(sandbox, name, NULL, value));
	return json_pack("{s:s,s:s,s:I,s:o}", "id", id, "author", reporter, "created",
	                 (json_int_t)json_integer_at(issue, "created", 0), "items", items);
}

json_t *issue_create(struct sandbox *sandbox, const char *project, const char *request_type, const char *reporter,
                     const json_t *fields, const char **ret_field, const char **ret_wrong)
{
	_cleanup_(json_decrefp) json_t *stored = json_object();
	char id[24];
	char key[64];
	int64_t now = sandbox_now_ms(sandbox);
	if (!fields_read(sandbox, fields, stored, ret_field, ret_wrong))
		return NULL;
	json_object_del(stored, "reporter");
	int64_t number = json_integer_value(json_object_get(sandbox->site.numbers, project)) + 1;
	json_object_set_new(sandbox->site.numbers, project, json_integer(number));
	snprintf(id, sizeof(id), "%lld", (long long)++sandbox->site.next_issue);
	snprintf(key, sizeof(key), "%s-%lld", project, (long long)number);
	json_t *issue =
	    json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:O,s:[],s:[],s:{},s:[]}", "id", id, "key", key, "projectKey",
	              project, "status", STATUS_WAITING, "created", (json_int_t)now, "updated", (json_int_t)now, "reporter",
	              reporter, "creator", reporter, "fields", stored, "histories", "comments", "properties", "approvals");
	if (!issue || json_object_set_new(sandbox->site.issues, id, issue) < 0)
		return NULL;
	json_object_set_new(sandbox->site.keys, key, json_string(id));
	if (request_type)
		json_object_set_new(issue, "requestTypeId", json_string(request_type));
	if (issue_has_approvals(issue))
		approvals_begin(sandbox, issue, 1);
	json_t *history = creation_history(sandbox, issue, reporter);
	webhooks_issue(sandbox, "jira:issue_created", "issue_created", issue, reporter, history);
	json_decref(history);
	return issue;
}

void issue_delete(struct sandbox *sandbox, json_t *issue, const char *author)
{
	char id[24];
	char key[64];
	snprintf(id, sizeof(id), "%s", issue_string(issue, "id"));
	snprintf(key, sizeof(key), "%s", issue_string(issue, "key"));
	webhooks_issue(sandbox, "jira:issue_deleted", NULL, issue, author, NULL);
	json_object_del(sandbox->site.keys, key);
	json_object_del(sandbox->site.issues, id);
}
