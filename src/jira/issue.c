#include <string.h>

#include "jira/jira_request.h"
#include "jira/jira_value.h"

/* The fields that are asked for: ours, and those that the settings name. */
static enum result issue_path(const char *issue, const struct intake_settings *settings, struct arena *arena,
                              const char **ret_path)
{
	const char *path = NULL;
	if (jira_path(arena, "/rest/api/3/issue/", issue, "?fields=status,reporter,project,created,updated", &path) !=
	    RESULT_OK)
		return RESULT_NO_MEMORY;
	struct text text = TEXT_INIT(16 * 1024);
	text_append(&text, path);
	const char *fields[] = {settings->tool_field, settings->purpose_field, settings->duration_field,
	                        settings->extension_field, settings->beneficiary};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (text_is_empty(fields[i]) || text_equal(fields[i], "reporter"))
			continue;
		text_append_char(&text, ',');
		text_append_percent(&text, fields[i]);
	}
	const char *copy = text_failed(&text) ? NULL : arena_strndup(arena, text.data, text.length);
	text_done(&text);
	if (!copy)
		return RESULT_NO_MEMORY;
	*ret_path = copy;
	return RESULT_OK;
}

static const json_t *field_at(const json_t *fields, const char *name)
{
	return text_is_empty(name) ? NULL : json_object_get(fields, name);
}

/* "AIC-7" belongs to AIC, where the project itself was not told. */
static enum result project_key(const json_t *fields, const char *key, struct arena *arena, const char **ret_key)
{
	const char *project = json_string_at(fields, "project.key");
	if (!project) {
		const char *dash = key ? strrchr(key, '-') : NULL;
		project = dash ? arena_strndup(arena, key, (size_t)(dash - key)) : "";
	}
	*ret_key = project ? arena_strdup(arena, project) : NULL;
	return *ret_key ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result issue_people(const json_t *fields, const struct intake_settings *settings, struct arena *arena,
                                struct issue *issue)
{
	if (jira_value_account(json_object_get(fields, "reporter"), arena, &issue->reporter) != RESULT_OK)
		return RESULT_NO_MEMORY;
	issue->beneficiary = issue->reporter;
	if (text_is_empty(settings->beneficiary) || text_equal(settings->beneficiary, "reporter"))
		return RESULT_OK;
	return jira_value_account(field_at(fields, settings->beneficiary), arena, &issue->beneficiary);
}

static enum result issue_texts(const json_t *fields, const struct intake_settings *settings, struct arena *arena,
                               struct issue *issue)
{
	const char *extension = NULL;
	if (jira_value_text(field_at(fields, settings->tool_field), arena, &issue->tool_text) != RESULT_OK ||
	    jira_value_text(field_at(fields, settings->purpose_field), arena, &issue->purpose) != RESULT_OK ||
	    jira_value_text(field_at(fields, settings->duration_field), arena, &issue->duration_text) != RESULT_OK ||
	    jira_value_text(field_at(fields, settings->extension_field), arena, &extension) != RESULT_OK ||
	    jira_value_id(json_at(fields, "status.id"), arena, &issue->status_id) != RESULT_OK ||
	    jira_value_id(json_at(fields, "status.name"), arena, &issue->status_name) != RESULT_OK)
		return RESULT_NO_MEMORY;
	if (!issue->purpose)
		issue->purpose = "";
	issue->is_extension = !text_is_empty(extension);
	return RESULT_OK;
}

static enum result issue_of_value(const json_t *value, const struct intake_settings *settings, struct arena *arena,
                                  struct issue *ret_issue, struct error *error)
{
	struct issue issue = {0};
	const json_t *fields = json_is_object(value) ? json_object_get(value, "fields") : NULL;
	if (!json_is_object(fields))
		return jira_bad_response(error, "Jira's answer about the issue has no fields.");
	if (jira_value_id(json_object_get(value, "id"), arena, &issue.issue_id) != RESULT_OK ||
	    jira_value_id(json_object_get(value, "key"), arena, &issue.key) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	if (!issue.issue_id || !issue.key)
		return jira_bad_response(error, "Jira's answer about the issue names neither its id nor its key.");
	if (project_key(fields, issue.key, arena, &issue.project_key) != RESULT_OK ||
	    issue_people(fields, settings, arena, &issue) != RESULT_OK ||
	    issue_texts(fields, settings, arena, &issue) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	issue.created_at = jira_value_date(json_object_get(fields, "created"));
	issue.updated_at = jira_value_date(json_object_get(fields, "updated"));
	*ret_issue = issue;
	return RESULT_OK;
}

/* An issue that is no service request has no type (404). */
static enum result request_type_read(struct jira *jira, const char *issue, struct arena *arena, const char **ret_type,
                                     struct error *error)
{
	const char *path = NULL;
	if (jira_path(arena, "/rest/servicedeskapi/request/", issue, "", &path) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct jira_call call = {.method = "GET", .path = path};
	_cleanup_(json_decrefp) json_t *value = NULL;
	enum result result = jira_call(jira, &call, &value, error);
	if (result == RESULT_NOT_FOUND) {
		*ret_type = NULL;
		return RESULT_OK;
	}
	if (result != RESULT_OK)
		return result;
	if (jira_value_id(json_at(value, "requestTypeId"), arena, ret_type) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	return RESULT_OK;
}

enum result jira_issue_read(struct jira *jira, const char *issue, const struct intake_settings *settings,
                            struct arena *arena, struct issue *ret_issue, struct error *error)
{
	const char *path = NULL;
	if (issue_path(issue, settings, arena, &path) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	const struct jira_call call = {.method = "GET", .path = path};
	_cleanup_(json_decrefp) json_t *value = NULL;
	enum result result = jira_call(jira, &call, &value, error);
	if (result != RESULT_OK)
		return result;
	struct issue read = {0};
	result = issue_of_value(value, settings, arena, &read, error);
	if (result == RESULT_OK && (settings->request_type_ids[0] || settings->extension_request_type_ids[0]))
		result = request_type_read(jira, read.issue_id, arena, &read.request_type_id, error);
	if (result != RESULT_OK)
		return result;
	read.is_extension =
	    read.is_extension || intake_list_has(settings->extension_request_type_ids, read.request_type_id);
	*ret_issue = read;
	return result;
}
