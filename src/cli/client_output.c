#include "cli/client_output.h"

#include <string.h>

#include "base/json.h"
#include "cli/plain_text.h"
#include "cli/table.h"

#define CELL_CEILING ((size_t)64 * 1024)

static const char *value_text(const json_t *value, struct arena *arena);

static const char *array_text(const json_t *array, struct arena *arena)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(CELL_CEILING);
	size_t index;
	const json_t *item;

	json_array_foreach(array, index, item)
	{
		const char *part = value_text(item, arena);

		if (!part)
			return NULL;
		if (index > 0)
			text_append(&text, ", ");
		text_append(&text, part);
	}
	return text_failed(&text) ? NULL : arena_strdup(arena, text.data ? text.data : "-");
}

static const char *object_text(const json_t *object, struct arena *arena)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(CELL_CEILING);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		const char *part;

		if (json_is_null(value))
			continue;
		part = value_text(value, arena);
		if (!part)
			return NULL;
		text_printf(&text, json_is_object(value) ? "%s%s (%s)" : "%s%s: %s", text.length > 0 ? ", " : "", key, part);
	}
	return text_failed(&text) ? NULL : arena_strdup(arena, text.data ? text.data : "-");
}

static const char *value_text(const json_t *value, struct arena *arena)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		return json_string_value(value);
	case JSON_INTEGER:
		return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return arena_printf(arena, "%g", json_real_value(value));
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	case JSON_ARRAY:
		return array_text(value, arena);
	case JSON_OBJECT:
		return object_text(value, arena);
	case JSON_NULL:
		break;
	}
	return "-";
}

static bool add_pair(struct table *table, const char *name, const char *value)
{
	if (!name || !value)
		return false;
	table_add(table, (const char *[]){name, value});
	return true;
}

/* One level of nesting becomes dotted names; a list of objects a line each. */
static bool add_members(struct table *table, const char *prefix, const json_t *object, struct arena *arena)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		const char *name = arena_printf(arena, "%s%s", prefix, key);
		size_t index;
		const json_t *item;

		if (!name)
			return false;
		if (json_is_object(value) && !*prefix && !text_equal(key, "lastTest")) {
			const char *inner = arena_printf(arena, "%s.", key);

			if (!inner || !add_members(table, inner, value, arena))
				return false;
		} else if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
			json_array_foreach(value, index, item)
			{
				if (!add_pair(table, arena_printf(arena, "%s %zu", name, index + 1), value_text(item, arena)))
					return false;
			}
		} else if (json_is_object(value) && text_equal(key, "lastTest")) {
			if (!add_pair(table, name,
			              arena_printf(arena, "%s at %s", value_text(json_object_get(value, "outcome"), arena),
			                           value_text(json_object_get(value, "startedAt"), arena))))
				return false;
		} else if (!add_pair(table, name, value_text(value, arena))) {
			return false;
		}
	}
	return true;
}

bool client_output_object(const json_t *object, struct arena *arena, struct text *into)
{
	struct table *table = table_new(arena, NULL, 2);

	return table && add_members(table, "", object, arena) && table_render(table, into);
}

bool client_output_list(const json_t *items, const struct client_column *columns, size_t column_count,
                        struct arena *arena, struct text *into)
{
	const char **headings = arena_array(arena, column_count, sizeof(*headings));
	const char **cells = arena_array(arena, column_count, sizeof(*cells));
	struct table *table = headings && cells ? table_new(arena, headings, column_count) : NULL;
	size_t index;
	const json_t *item;

	if (!table)
		return false;
	for (size_t i = 0; i < column_count; i++)
		headings[i] = columns[i].heading;
	json_array_foreach(items, index, item)
	{
		for (size_t i = 0; i < column_count; i++) {
			cells[i] = value_text(json_at(item, columns[i].path), arena);
			if (!cells[i])
				return false;
		}
		table_add(table, cells);
	}
	return table_render(table, into);
}

static const char *mark_of(const char *outcome)
{
	if (text_equal(outcome, "passed"))
		return "✔";
	if (text_equal(outcome, "failed"))
		return "✖";
	return text_equal(outcome, "warning") ? "!" : "·";
}

static void append_plain(struct text *into, const char *before, const char *string)
{
	if (text_is_empty(string))
		return;
	text_append(into, before);
	plain_text_append(into, string);
}

/* What an admin looks up in Entra's log. */
static void append_evidence(struct text *into, const json_t *evidence, struct arena *arena)
{
	static const struct client_column rows[] = {
	    {"HTTP", "httpStatus"},      {"AADSTS", "aadsts"},
	    {"Graph code", "graphCode"}, {"correlation id", "correlationId"},
	    {"trace id", "traceId"},     {"request id", "requestId"},
	    {"missing", "missing"},      {"excess", "excess"},
	};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *value = json_at(evidence, rows[i].path);
		const char *text = value_text(value, arena);

		if (!value || json_is_null(value) || text_is_empty(text) ||
		    (json_is_array(value) && json_array_size(value) == 0))
			continue;
		text_append(into, any ? ", " : "    ");
		text_append(into, rows[i].heading);
		append_plain(into, " ", text);
		any = true;
	}
	if (any)
		text_append_char(into, '\n');
}

static void append_check(struct text *into, const json_t *check, struct arena *arena)
{
	const char *outcome = json_string_at(check, "outcome");
	bool fine = text_equal(outcome, "passed") || text_equal(outcome, "skipped");

	text_append(into, mark_of(outcome));
	append_plain(into, " ", json_string_at(check, "check"));
	append_plain(into, " ", json_string_at(json_object_get(check, "evidence"), "groupId"));
	append_plain(into, " (", json_string_at(check, "code"));
	text_append(into, json_string_at(check, "code") ? "): " : ": ");
	append_plain(into, "", json_string_at(check, "summary"));
	text_append_char(into, '\n');
	if (fine)
		return;
	append_plain(into, "    → ", json_string_at(check, "remedy"));
	text_append_char(into, '\n');
	append_evidence(into, json_object_get(check, "evidence"), arena);
}

bool client_output_report(const json_t *report, struct arena *arena, struct text *into)
{
	const json_t *checks = json_object_get(report, "checks");
	size_t index;
	const json_t *check;

	json_array_foreach(checks, index, check) append_check(into, check, arena);
	append_plain(into, "Connection test of ", json_string_at(report, "connectorId"));
	append_plain(into, ": ", json_string_at(report, "outcome"));
	text_printf(into, " (%lld ms)\n", (long long)json_integer_at(report, "durationMs", 0));
	return !text_failed(into);
}
