#include "server/shape.h"

#include <string.h>

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "secrets/reference.h"

/* Deeper than any shape of ours; a guard, since shapes could be made to refer to themselves. */
#define SHAPE_DEPTH_MAX 8

struct shape_walk {
	struct arena *arena;
	struct shape_faults *faults;
	int depth;
};

static void shape_fault_vadd(struct shape_faults *faults, struct arena *arena, const char *path, const char *code,
                             const char *detail)
{
	if (faults->count >= SHAPE_FAULTS_MAX)
		return;
	struct shape_fault fault = {arena_strdup(arena, path), code, detail};
	if (fault.path == NULL || fault.detail == NULL) {
		faults->failed = true;
		return;
	}
	faults->items[faults->count++] = fault;
}

void shape_fault_add(struct shape_faults *faults, struct arena *arena, const char *path, const char *code,
                     const char *format, ...)
{
	char detail[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, format, arguments);
	va_end(arguments);
	shape_fault_vadd(faults, arena, path, code, arena_strdup(arena, detail));
}

/* Code points, not bytes: a limit of 200 means 200 characters in every script. */
static int64_t shape_length(const char *string)
{
	int64_t length = 0;
	for (; *string != '\0'; string++)
		length += ((unsigned char)*string & 0xc0) != 0x80;
	return length;
}

static bool shape_value_listed(const char *const *values, const char *string)
{
	for (; *values != NULL; values++) {
		if (strcmp(*values, string) == 0)
			return true;
	}
	return false;
}

static const char *shape_values_text(const char *const *values, struct arena *arena)
{
	const char *text = *values;
	for (values++; text != NULL && *values != NULL; values++)
		text = arena_printf(arena, "%s, %s", text, *values);
	return text;
}

static const char *shape_pattern_fault(enum shape_pattern pattern, const char *string)
{
	switch (pattern) {
	case SHAPE_LABEL:
		return id_is_label(string) ? NULL : "lower-case letters, digits and hyphens, at most 63, not a hyphen first";
	case SHAPE_UUID:
		return text_is_uuid(string) ? NULL : "a UUID: 8-4-4-4-12 hexadecimal digits";
	case SHAPE_REFERENCE:
		return secret_reference_is_valid(string) ? NULL : "a secret reference: env:NAME, file:/path or systemd:NAME";
	default:
		return NULL;
	}
}

static void shape_check_string(const struct shape_walk *walk, const struct shape_field *field, const char *path,
                               const char *string)
{
	int64_t length = shape_length(string);
	if (field->max > 0 && length > field->max) {
		shape_fault_add(walk->faults, walk->arena, path, "too_long", "at most %lld characters", (long long)field->max);
		return;
	}
	if (length < field->min) {
		shape_fault_add(walk->faults, walk->arena, path, "too_short",
		                field->min == 1 ? "must not be empty" : "at least %lld characters", (long long)field->min);
		return;
	}
	if (field->values != NULL && !shape_value_listed(field->values, string)) {
		const char *listed = shape_values_text(field->values, walk->arena);
		shape_fault_add(walk->faults, walk->arena, path, "not_one_of", "one of: %s", listed != NULL ? listed : "");
		return;
	}
	const char *expected = shape_pattern_fault(field->pattern, string);
	if (expected != NULL)
		shape_fault_add(walk->faults, walk->arena, path, "malformed", "must be %s", expected);
}

static const char *const shape_type_names[] = {
    [SHAPE_STRING] = "a string",
    [SHAPE_INTEGER] = "a whole number",
    [SHAPE_BOOLEAN] = "true or false",
    [SHAPE_OBJECT] = "an object",
    [SHAPE_STRINGS] = "an array of strings",
    [SHAPE_OBJECTS] = "an array of objects",
    [SHAPE_ANY] = "an object",
    [SHAPE_INTEGERS] = "an array of whole numbers",
};

static bool shape_type_fits(enum shape_type type, const json_t *value)
{
	switch (type) {
	case SHAPE_STRING:
		return json_is_string(value);
	case SHAPE_INTEGER:
		return json_is_integer(value);
	case SHAPE_BOOLEAN:
		return json_is_boolean(value);
	case SHAPE_STRINGS:
	case SHAPE_OBJECTS:
	case SHAPE_INTEGERS:
		return json_is_array(value);
	default:
		return json_is_object(value);
	}
}

static void shape_check_object(struct shape_walk walk, const struct shape *shape, const char *path,
                               const json_t *value);

static void shape_check_member(struct shape_walk walk, const struct shape_field *field, const char *path,
                               const json_t *member)
{
	bool strings = field->type == SHAPE_STRINGS;
	if (strings ? !json_is_string(member) : !json_is_object(member)) {
		shape_fault_add(walk.faults, walk.arena, path, "wrong_type", "must be %s",
		                shape_type_names[strings ? SHAPE_STRING : SHAPE_OBJECT]);
		return;
	}
	if (!strings) {
		shape_check_object(walk, field->shape, path, member);
		return;
	}
	/* A member of a list is a name or an id: never empty, and of a length that a person would write. */
	struct shape_field item = {.min = 1, .max = 255, .pattern = field->pattern, .values = field->values};
	shape_check_string(&walk, &item, path, json_string_value(member));
}

static void shape_check_array(struct shape_walk walk, const struct shape_field *field, const char *path,
                              const json_t *value)
{
	size_t count = json_array_size(value);
	if (field->max > 0 && (int64_t)count > field->max) {
		shape_fault_add(walk.faults, walk.arena, path, "too_long", "at most %lld members", (long long)field->max);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const char *item_path = arena_printf(walk.arena, "%s[%zu]", path, i);
		if (item_path != NULL)
			shape_check_member(walk, field, item_path, json_array_get(value, i));
		else
			walk.faults->failed = true;
	}
}

static void shape_check_number(const struct shape_walk *walk, const struct shape_field *field, const char *path,
                               int64_t number)
{
	if (number < field->min || number > field->max)
		shape_fault_add(walk->faults, walk->arena, path, "out_of_range", "must be from %lld to %lld",
		                (long long)field->min, (long long)field->max);
}

static bool shape_stands_before(const json_t *list, size_t at)
{
	for (size_t before = 0; before < at; before++) {
		if (json_equal(json_array_get(list, before), json_array_get(list, at)))
			return true;
	}
	return false;
}

static void shape_check_integers(const struct shape_walk *walk, const struct shape_field *field, const char *path,
                                 const json_t *value)
{
	size_t count = json_array_size(value);
	if (field->most > 0 && (int64_t)count > field->most) {
		shape_fault_add(walk->faults, walk->arena, path, "too_long", "at most %lld members", (long long)field->most);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *member = json_array_get(value, i);
		const char *item_path = arena_printf(walk->arena, "%s[%zu]", path, i);
		if (item_path == NULL)
			walk->faults->failed = true;
		else if (!json_is_integer(member))
			shape_fault_add(walk->faults, walk->arena, item_path, "wrong_type", "must be a whole number");
		else if (shape_stands_before(value, i))
			shape_fault_add(walk->faults, walk->arena, item_path, "duplicate", "stands there already");
		else
			shape_check_number(walk, field, item_path, json_integer_value(member));
	}
}

static void shape_check_value(struct shape_walk walk, const struct shape_field *field, const char *path,
                              const json_t *value)
{
	if (field->flags & SHAPE_READ_ONLY)
		return;
	if (json_is_null(value) && (field->flags & SHAPE_NULLABLE))
		return;
	if (!shape_type_fits(field->type, value)) {
		shape_fault_add(walk.faults, walk.arena, path, "wrong_type", "must be %s%s", shape_type_names[field->type],
		                field->flags & SHAPE_NULLABLE ? " or null" : "");
		return;
	}
	if (field->type == SHAPE_STRING)
		shape_check_string(&walk, field, path, json_string_value(value));
	else if (field->type == SHAPE_OBJECT)
		shape_check_object(walk, field->shape, path, value);
	else if (field->type == SHAPE_STRINGS || field->type == SHAPE_OBJECTS)
		shape_check_array(walk, field, path, value);
	else if (field->type == SHAPE_INTEGERS)
		shape_check_integers(&walk, field, path, value);
	else if (field->type == SHAPE_INTEGER)
		shape_check_number(&walk, field, path, json_integer_value(value));
}

static const struct shape_field *shape_field_find(const struct shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->count; i++) {
		if (strcmp(shape->fields[i].name, name) == 0)
			return &shape->fields[i];
	}
	return NULL;
}

/* A key of the sender's own making is named in the answer, so it is cut to a length that cannot flood it. */
static const char *shape_join(struct arena *arena, const char *path, const char *name)
{
	return arena_printf(arena, "%s%s%.64s", path, path[0] != '\0' ? "." : "", name);
}

static void shape_check_object(struct shape_walk walk, const struct shape *shape, const char *path, const json_t *value)
{
	if (++walk.depth > SHAPE_DEPTH_MAX)
		return;
	const char *name;
	json_t *member;
	json_object_foreach((json_t *)value, name, member)
	{
		const struct shape_field *field = shape_field_find(shape, name);
		const char *member_path = shape_join(walk.arena, path, name);
		if (member_path == NULL)
			walk.faults->failed = true;
		else if (field == NULL)
			shape_fault_add(walk.faults, walk.arena, member_path, "unknown_key", "there is no such member here");
		else
			shape_check_value(walk, field, member_path, member);
	}
	for (size_t i = 0; i < shape->count; i++) {
		const struct shape_field *field = &shape->fields[i];
		if (!(field->flags & SHAPE_REQUIRED) || json_object_get(value, field->name) != NULL)
			continue;
		const char *member_path = shape_join(walk.arena, path, field->name);
		shape_fault_add(walk.faults, walk.arena, member_path != NULL ? member_path : field->name, "required",
		                "must be given");
	}
}

void shape_check(const struct shape *shape, const json_t *value, struct arena *arena, struct shape_faults *faults)
{
	struct shape_walk walk = {.arena = arena, .faults = faults};
	if (!json_is_object(value)) {
		shape_fault_add(faults, arena, "", "wrong_type", "the body must be an object");
		return;
	}
	shape_check_object(walk, shape, "", value);
}
